//! Jobs without memory: pieces of power, most profitable first, until the work is done.

use std::ops::Range;

use super::{Curves, Placed};
use crate::inputs::Gangs;
use crate::market::{CostStep, EPSILON_MW};
use crate::schedule::{Problem, Run, Schedule, area};

/// Pieces a divisible job's power is placed in.
const PIECES: usize = 4;

/// A piece of a job in one step.
#[derive(Debug, Clone, Copy)]
struct Piece {
    /// Net worth of a GPU-hour in it.
    worth: f64,
    step: u32,
    /// GPUs it adds.
    gpus: f64,
}

/// Chooses steps and sizes for job `j`. Marginal cost rises with size, so taking
/// the best pieces first never takes a second piece of a step before its first.
pub(super) fn place(
    problem: &Problem<'_>,
    schedule: &Schedule,
    curves: &Curves,
    j: usize,
    window: Range<usize>,
    surcharge: f64,
    beyond_worth: f64,
) -> Placed {
    let job = &problem.inputs.jobs[j];
    let number = problem.job_nodes.number[job.node];
    let mut pieces = Vec::new();
    let mut sizes = [0.0; PIECES];
    let sizes: &[f64] = match &job.gangs {
        Gangs::Divisible(max) => {
            sizes
                .iter_mut()
                .enumerate()
                .for_each(|(i, s)| *s = max * (i + 1) as f64 / PIECES as f64);
            &sizes
        }
        Gangs::Sizes(list) => &list.iter().map(|s| f64::from(*s)).collect::<Vec<_>>(),
    };
    for t in window {
        let gpu_mw = problem.gpu_mw(j, t);
        let worth = job.value_in(&problem.inputs.grid, t) + job.unmet;
        let others = schedule.job_mw[number][t];
        let curve = curves.of(number, t);
        if let (Gangs::Divisible(max), 0.0) = (&job.gangs, surcharge) {
            exact(curve, others, max * gpu_mw, |cost, mw| {
                let net = worth - cost * gpu_mw;
                if net > 0.0 {
                    pieces.push(Piece {
                        worth: net,
                        step: t as u32,
                        gpus: mw / gpu_mw,
                    });
                }
            });
            continue;
        }
        let mut before = 0.0;
        for &size in sizes {
            let (from, to) = (others + before * gpu_mw, others + size * gpu_mw);
            let Some(cost) = price(curve, from, to, surcharge) else {
                break;
            };
            let net = worth - cost * gpu_mw;
            if net <= 0.0 {
                break;
            }
            pieces.push(Piece {
                worth: net,
                step: t as u32,
                gpus: size - before,
            });
            before = size;
        }
    }
    pieces.sort_unstable_by(|a, b| b.worth.total_cmp(&a.worth).then(a.step.cmp(&b.step)));
    let mut placed = Placed::default();
    let mut left = job.work;
    for piece in pieces {
        if left <= job.work * 1e-12 || piece.worth <= beyond_worth.max(0.0) {
            break;
        }
        let hours = problem.hours[piece.step as usize];
        let gpus = piece.gpus.min(left / hours);
        left -= gpus * hours;
        match placed
            .runs
            .iter_mut()
            .rev()
            .take(8)
            .find(|run| run.step == piece.step)
        {
            Some(run) => run.gpus += gpus,
            None => placed.runs.push(Run {
                step: piece.step,
                gpus,
            }),
        }
    }
    merge(&mut placed.runs);
    if beyond_worth > 0.0 {
        placed.beyond = left.min(job.beyond);
    }
    placed
}

/// Calls `each` with the cost and width of every step of a residual within `most` MW from `from` on.
pub(super) fn exact(curve: &[CostStep], from: f64, most: f64, mut each: impl FnMut(f64, f64)) {
    let mut at = 0.0;
    for step in curve {
        let end = at + step.width;
        let part = end.min(from + most) - from.max(at);
        if part > EPSILON_MW {
            each(step.cost, part);
        }
        at = end;
        if at >= from + most {
            break;
        }
    }
}

/// Joins runs of the same step.
fn merge(runs: &mut Vec<Run>) {
    runs.sort_unstable_by_key(|run| run.step);
    let mut kept: Vec<Run> = Vec::with_capacity(runs.len());
    for run in runs.drain(..) {
        match kept.last_mut() {
            Some(last) if last.step == run.step => last.gpus += run.gpus,
            _ => kept.push(run),
        }
    }
    *runs = kept;
}

/// Price per MWh of `from..to` MW on a residual; with a surcharge the price rises inside each step
/// towards the next one's, by the square of the share of the step already filled.
fn price(curve: &[CostStep], from: f64, to: f64, surcharge: f64) -> Option<f64> {
    if to - from <= EPSILON_MW {
        return None;
    }
    let mean = area(curve, from, to)? / (to - from);
    if surcharge == 0.0 {
        return Some(mean);
    }
    let middle = 0.5 * (from + to);
    let mut at = 0.0;
    for (i, step) in curve.iter().enumerate() {
        if middle <= at + step.width || i + 1 == curve.len() {
            let share = ((middle - at) / step.width).clamp(0.0, 1.0);
            // Above the last step lies nothing; its own height stands for the rise.
            let next = curve
                .get(i + 1)
                .map_or(2.0 * step.cost.max(1.0), |n| n.cost);
            return Some(mean + surcharge * (next - step.cost) * share * share);
        }
        at += step.width;
    }
    Some(mean)
}

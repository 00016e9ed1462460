//! Jobs without memory: pieces of power, most profitable first, until the work is done.

use std::ops::Range;

use swingload_model::TimeGrid;

use super::offers::Offers;
use super::{Curves, Placed};
use crate::inputs::{Gangs, JobInput};
use crate::market::{CostStep, EPSILON_MW};
use crate::schedule::{Problem, Run, Schedule, area};

/// A piece of a job in one step.
#[derive(Debug, Clone, Copy)]
struct Piece {
    /// Net worth of a GPU-hour in it.
    worth: f64,
    step: u32,
    /// GPUs it adds.
    gpus: f64,
}

/// Chooses steps and powers for the divisible job `j`: what is worth most until the work is done.
pub(super) fn divisible(
    problem: &Problem<'_>,
    schedule: &Schedule,
    curves: &Curves,
    j: usize,
    window: Range<usize>,
    surcharge: f64,
    beyond_worth: f64,
    offers: &mut Offers,
) -> Placed {
    let job = &problem.inputs.jobs[j];
    let number = problem.job_nodes.number[job.node];
    let floor = beyond_worth.max(0.0);
    let most = job.gangs.max();
    let factor = &problem.inputs.nodes[job.node].factor;
    let (others, hours) = (&schedule.job_mw[number], &problem.hours);
    let worth = Worth::new(problem, j);
    offers.clear();
    let half = 0.5 * surcharge;
    for t in window {
        let gpu_mw = job.gpu_mw * factor[t];
        let (worth, work) = (worth.at(t), hours[t] / gpu_mw);
        let (from, to) = (others[t], others[t] + most * gpu_mw);
        let curve = curves.of(problem, number, t);
        let mut at = 0.0;
        let mut offer = |a: f64, b: f64, high: f64, low: f64| {
            let (x0, x1) = (from.max(a), to.min(b));
            if x1 - x0 > EPSILON_MW {
                let rise = (high - low) / (b - a);
                let (high, low) = (high - rise * (x0 - a), high - rise * (x1 - a));
                if high > floor {
                    offers.push(t, high, low, (x1 - x0) * work);
                }
            }
        };
        let mut begin = 0.0;
        for (i, step) in curve.iter().enumerate() {
            // Flat, then rising to the next step's cost across the edge between the two.
            let end = at + step.width;
            let next = curve.get(i + 1);
            let knee = end - half * step.width;
            let reach = end + next.map_or(0.0, |n| half * n.width);
            if reach > from {
                let own = worth - step.cost * gpu_mw;
                offer(begin, knee, own, own);
                if reach > knee {
                    offer(knee, reach, own, worth - next_cost(curve, i) * gpu_mw);
                }
            }
            if reach >= to {
                break;
            }
            at = end;
            begin = reach;
        }
    }
    let rounding = if surcharge > 0.0 { 1e-4 } else { 1e-10 };
    let price = offers.price(job.work, floor, schedule.work_price[j], rounding);
    let mut placed = Placed::default();
    let mut left = job.work;
    offers.buy(price, |step, work| {
        left -= work;
        let gpus = work / hours[step as usize];
        match placed.runs.last_mut() {
            Some(last) if last.step == step => last.gpus += gpus,
            _ => placed.runs.push(Run { step, gpus }),
        }
    });
    if floor > 0.0 {
        placed.beyond = left.max(0.0).min(job.beyond);
    }
    placed.price = price.of_work();
    placed
}

/// Cost of the step of a residual after step `i`. Above the last lies nothing; its own height
/// stands for the rise.
fn next_cost(curve: &[CostStep], i: usize) -> f64 {
    curve
        .get(i + 1)
        .map_or(2.0 * curve[i].cost.max(1.0), |next| next.cost)
}

/// Worth of a GPU-hour of a job's work, penalty of leaving it undone included, per step.
struct Worth<'a> {
    job: &'a JobInput,
    grid: &'a TimeGrid,
    /// The same in all steps: none of its window starts late.
    constant: Option<f64>,
}

impl<'a> Worth<'a> {
    fn new(problem: &'a Problem<'_>, j: usize) -> Self {
        let (job, grid) = (&problem.inputs.jobs[j], &problem.inputs.grid);
        let late = job.end > 0 && grid.start_s(job.end - 1) > job.deadline;
        Self {
            job,
            grid,
            constant: (!late).then_some(job.value + job.unmet),
        }
    }

    fn at(&self, t: usize) -> f64 {
        self.constant
            .unwrap_or_else(|| self.job.value_in(self.grid, t) + self.job.unmet)
    }
}

/// Chooses steps and sizes for job `j`. Marginal cost rises with size, so taking
/// the best pieces first never takes a second piece of a step before its first.
pub(super) fn sizes(
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
    let Gangs::Sizes(sizes) = &job.gangs else {
        return Placed::default();
    };
    let worth = Worth::new(problem, j);
    for t in window {
        let gpu_mw = problem.gpu_mw(j, t);
        let worth = worth.at(t);
        let others = schedule.job_mw[number][t];
        let curve = curves.of(problem, number, t);
        let mut before = 0.0;
        for size in sizes.iter().map(|s| f64::from(*s)) {
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

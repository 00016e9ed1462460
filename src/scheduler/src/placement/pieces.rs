//! Jobs without starts or gangs: parts of power, most profitable first, until the work is done.

use std::ops::Range;

use swingload_model::TimeGrid;

use super::offers::Offers;
use super::{Curves, Placed};
use crate::inputs::JobInput;
use crate::market::{CostStep, EPSILON_MW};
use crate::schedule::{Problem, Run, Schedule};

/// Chooses steps and powers for job `j`, its power divisible: what is worth most until the work is done.
#[expect(
    clippy::too_many_arguments,
    reason = "one job against everything that is fixed"
)]
pub(super) fn divisible(
    problem: &Problem<'_>,
    schedule: &Schedule,
    curves: &Curves,
    j: usize,
    window: Range<usize>,
    smoothing: f64,
    beyond_worth: f64,
    offers: &mut Offers,
) -> Placed {
    let job = &problem.inputs.jobs[j];
    let number = problem.job_nodes.number[job.node];
    let most = job.gangs.max();
    let factor = &problem.inputs.nodes[job.node].factor;
    let (others, hours) = (&schedule.job_mw[number], &problem.hours);
    let worth = Worth::new(problem, j, schedule.successors.of(j));
    offers.clear();
    let half = 0.5 * smoothing;
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
                if high > 0.0 {
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
    let rounding = if smoothing > 0.0 { 1e-4 } else { 1e-10 };
    // Work that can wait for after the horizon is an offer like any other.
    let later = u32::MAX as usize;
    if beyond_worth > 0.0 {
        offers.push(later, beyond_worth, beyond_worth, job.beyond);
    }
    let price = offers.price(job.work, 0.0, schedule.work_price[j], rounding);
    let mut placed = Placed::default();
    offers.buy(price, |step, work| {
        if step as usize == later {
            placed.beyond = work;
            return;
        }
        let gpus = work / hours[step as usize];
        match placed.runs.last_mut() {
            Some(last) if last.step == step => last.gpus += gpus,
            _ => placed.runs.push(Run { step, gpus }),
        }
    });
    placed.price = price.of_work();
    placed
}

/// Cost of the step of a residual after step `i`; behind the last step the cost is taken to
/// double.
fn next_cost(curve: &[CostStep], i: usize) -> f64 {
    curve
        .get(i + 1)
        .map_or(2.0 * curve[i].cost.max(1.0), |next| next.cost)
}

/// Worth of a GPU-hour of a job's work, penalty of leaving it undone included, per step.
struct Worth<'a> {
    job: &'a JobInput,
    grid: &'a TimeGrid,
    /// Penalty of leaving it undone, and its worth to successors, currency.
    more: f64,
    /// The worth where it is the same in all steps: none of the window starts late.
    constant: Option<f64>,
}

impl<'a> Worth<'a> {
    fn new(problem: &'a Problem<'_>, j: usize, to_successors: f64) -> Self {
        let (job, grid) = (&problem.inputs.jobs[j], &problem.inputs.grid);
        let more = job.unmet + to_successors;
        let late = job.end > 0 && grid.start_s(job.end - 1) > job.deadline;
        Self {
            job,
            grid,
            more,
            constant: (!late).then_some(job.value + more),
        }
    }

    fn at(&self, t: usize) -> f64 {
        self.constant
            .unwrap_or_else(|| self.job.value_in(self.grid, t) + self.more)
    }
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

//! Gang jobs: starts cost time, runs last a minimum, and a change of the gang's size
//! is a stop and a start. Dynamic programming over (step, gang that runs) at a price of
//! work, bisected until the work is done.

mod near;
mod path;
mod tables;
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::held::is_held;
use super::{Curves, Placed};
use crate::inputs::Gangs;
use crate::schedule::{Problem, Run, Schedule, area};

pub use tables::Tables;

/// Prices of the steps of a window at every gang size.
struct Steps<'a> {
    first: usize,
    /// Hours of each step.
    hours: &'a [f64],
    /// Worth of a GPU-hour of work in each step.
    worth: &'a [f64],
    gangs: &'a [Gang],
}

/// What steps are worth to a gang of one size.
#[derive(Debug, Default)]
struct Gang {
    gpus: f64,
    /// Worth of work less power, currency, of running the whole step; negative infinity where the gang does not fit.
    net: Vec<f64>,
    /// Whether the job runs at this size when the horizon begins, and the window with it.
    running: bool,
}

/// Work that can be left for after the horizon.
#[derive(Clone, Copy)]
struct Later {
    /// Net worth of a GPU-hour, currency: 0 or more.
    worth: f64,
    /// GPU-hours at most.
    most: f64,
}

/// What is known of a job from its last placement: the warm start of its search.
struct Known<'a> {
    /// Its runs.
    runs: &'a [Run],
    /// Price of its work, currency per GPU-hour.
    price: f64,
    /// Duality gap of `runs`: by how much they may have been worth less than the best, currency;
    /// `None` where they were not chosen at that price.
    slack: Option<f64>,
}

/// Chooses runs for job `j`, whose runs were `before`: the steps and gang sizes that are worth
/// most together.
pub(super) fn place(
    problem: &Problem<'_>,
    schedule: &Schedule,
    curves: &Curves,
    (j, window): (usize, Range<usize>),
    beyond_worth: f64,
    before: &[Run],
    tables: &mut Tables,
) -> Placed {
    let job = &problem.inputs.jobs[j];
    let Gangs::Sizes(sizes) = &job.gangs else {
        return Placed::default();
    };
    let (mut worth, mut gangs) = std::mem::take(&mut tables.laid);
    worth.clear();
    let more = job.unmet + schedule.successors.of(j);
    worth.extend((window.clone()).map(|t| job.value_in(&problem.inputs.grid, t) + more));
    gangs.resize_with(sizes.len(), Gang::default);
    for (gang, size) in gangs.iter_mut().zip(sizes.iter().rev()) {
        gang.gpus = f64::from(*size);
        gang.running = *size == job.running && window.start == 0;
        let row = net(problem, schedule, curves, j, &window, gang.gpus, &worth);
        gang.net.clear();
        gang.net.extend(row);
    }
    let steps = Steps {
        first: window.start,
        hours: &problem.hours[window.clone()],
        worth: &worth,
        gangs: &gangs,
    };
    let later = Later {
        worth: beyond_worth.max(0.0),
        most: if beyond_worth > 0.0 {
            job.beyond.min(job.work)
        } else {
            0.0
        },
    };
    let known = schedule.slack.get(j).map(|slack| Known {
        runs: before,
        price: schedule.work_price[j],
        slack: slack.is_finite().then_some(*slack),
    });
    let known = known.filter(|known| known.price.is_finite());
    let chosen = tables.best(job, &steps, later, known);
    let mut placed = Placed {
        beyond: later.most,
        ..Placed::default()
    };
    if chosen > later.worth * later.most + 1e-9 || is_held(job, window.start) {
        placed = tables.placed(job, &steps, later);
    }
    if !schedule.slack.is_empty() {
        placed.price = tables.bound.1;
        placed.slack = (tables.bound.0 - chosen).max(0.0);
    }
    tables.laid = (worth, gangs);
    placed
}

/// Worth of work less power of each step of the window at `gpus` GPUs.
fn net<'a>(
    problem: &'a Problem<'_>,
    schedule: &'a Schedule,
    curves: &'a Curves,
    j: usize,
    window: &Range<usize>,
    gpus: f64,
    worth: &'a [f64],
) -> impl Iterator<Item = f64> + 'a {
    let number = problem.job_nodes.number[problem.inputs.jobs[j].node];
    let of = move |(t, worth): (usize, &f64)| {
        let others = schedule.job_mw[number][t];
        let power = gpus * problem.gpu_mw(j, t);
        let cost = area(curves.of(problem, number, t), others, others + power);
        cost.map_or(f64::NEG_INFINITY, |c| (worth * gpus - c) * problem.hours[t])
    };
    window.clone().zip(worth).map(of)
}

//! Jobs that stay where the last plan put them, because the next hour says nothing new.
//!
//! In a plan that follows another, what a job does now can only turn where a step near now
//! has become worth more or less than the price of its work. Whatever lies further ahead is
//! looked at again before it is due.

use std::ops::Range;

use super::{Curves, work_of};
use crate::inputs::Gangs;
use crate::schedule::{Problem, Room, Run, Schedule, area};

/// Seconds ahead in which prices are looked at: plans are made afresh as often.
const NEAR_S: i64 = 3600;

/// Share of its work that a job may lose to steps of other lengths.
const ROUNDING: f64 = 1e-6;

/// Whether job `j`, taken out of the schedule, had better stand at `before` again: no gang
/// size pays more at the price of its work than the planned one in any step of the next hour,
/// and its work is done.
pub(super) fn stays(
    problem: &Problem<'_>,
    schedule: &Schedule,
    curves: &mut Curves,
    window: &Range<usize>,
    j: usize,
    before: &[Run],
    room: &mut Room,
) -> bool {
    let job = &problem.inputs.jobs[j];
    let known = schedule.slack.get(j).is_some_and(|slack| slack.is_finite());
    let (Gangs::Sizes(sizes), true, true) = (&job.gangs, known, job.after.is_empty()) else {
        return false;
    };
    let inside = |run: &Run| window.contains(&(run.step as usize));
    if !before.iter().all(inside) || (before.is_empty() && job.running > 0) {
        return false;
    }
    let done: f64 = work_of(problem, before, j).map(|(_, work)| work).sum();
    if done + job.beyond < job.work * (1.0 - ROUNDING) {
        return false;
    }
    let price = schedule.work_price[j];
    let number = problem.job_nodes.number[job.node];
    let mut next = 0;
    for t in window.clone() {
        if t > 0 && problem.inputs.grid.start_s(t) - problem.inputs.grid.start_s(0) >= NEAR_S {
            break;
        }
        curves.ensure(problem, schedule, number, t, room);
        let curve = curves.of(problem, number, t);
        let others = schedule.job_mw[number][t];
        let worth = job.value_in(&problem.inputs.grid, t) + job.unmet - price;
        let gain = |gpus: f64| {
            let mw = gpus * problem.gpu_mw(j, t);
            area(curve, others, others + mw).map_or(f64::NEG_INFINITY, |cost| worth * gpus - cost)
        };
        while before.get(next).is_some_and(|run| (run.step as usize) < t) {
            next += 1;
        }
        let own = before.get(next).filter(|run| run.step as usize == t);
        let own = own.map_or(0.0, |run| gain(run.gpus));
        if own < 0.0 || sizes.iter().any(|size| gain(f64::from(*size)) > own) {
            return false;
        }
    }
    true
}

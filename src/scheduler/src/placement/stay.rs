//! Jobs kept where the last plan put them, without a search, because no step of the next hour
//! asks for a change.
//!
//! In a plan that follows another, only the next steps are acted on. A job changes what it
//! does in them only where one has become worth more or less than the price of its work;
//! later steps are looked at again before they are due.

use std::ops::Range;

use super::{Curves, work_of};
use crate::inputs::Gangs;
use crate::schedule::{Problem, Room, Run, Schedule, area};

/// Seconds ahead in which prices are looked at.
const NEAR_S: i64 = 3600;

/// Share of its work that a job may lose to steps of other lengths.
const ROUNDING: f64 = 1e-6;

/// Whether job `j`, taken out of the schedule, keeps its runs `before`: in every step of the
/// next hour the planned gang size pays most at the price of its work, and its work is done.
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
        let more = job.unmet + schedule.successors.of(j);
        let worth = job.value_in(&problem.inputs.grid, t) + more - price;
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

#[cfg(test)]
mod tests {
    use crate::inputs::small::{job, site};
    use crate::plan::{WarmStart, plan_in_loop};
    use crate::schedule::Room;

    /// Steps of half an hour in which a GPU-hour costs so much; two of work in eight.
    fn inputs(costs: &[f64]) -> crate::inputs::PlanInputs {
        let mut inputs = site(0.5, costs);
        let mut work = job(2.0, &[2], costs.len());
        work.restart = 0.01;
        inputs.jobs = vec![work];
        inputs
    }

    /// Steps run after `before`, when prices have become `after`, and whether the search was spared.
    fn steps(before: &[f64], after: &[f64]) -> (Vec<u32>, bool) {
        let mut room = Room::default();
        let first = plan_in_loop(&inputs(before), WarmStart::default(), true, &mut room);
        let start = WarmStart {
            runs: Some(first.schedule.jobs.clone()),
            work_price: first.schedule.work_price.clone(),
            slack: first.schedule.slack.clone(),
            ..WarmStart::default()
        };
        let followed = plan_in_loop(&inputs(after), start.clone(), false, &mut room);
        let again = plan_in_loop(&inputs(after), start, false, &mut Room::default());
        assert_eq!(followed.schedule, again.schedule, "room changes nothing");
        assert_eq!(followed.bound.to_bits(), again.bound.to_bits());
        let runs = followed.schedule.jobs[0].iter().map(|r| r.step).collect();
        let spared = followed.schedule.work_price == first.schedule.work_price;
        (runs, spared)
    }

    #[test]
    fn a_job_stays_until_a_step_near_now_says_otherwise() {
        let costs = [50.0, 50.0, 50.0, 50.0, 9.0, 9.0, 9.0, 50.0];
        let (stays, spared) = steps(&costs, &costs);
        assert!(spared && stays.contains(&4), "{stays:?}");
        // Somewhat cheaper far ahead: looked at when it is nearer.
        let mut far = costs;
        far[7] = 8.0;
        assert_eq!(steps(&costs, &far), (stays, true));
        // Far cheaper now.
        let mut now = costs;
        (now[0], now[1], now[2]) = (-50.0, -50.0, -50.0);
        let (moved, spared) = steps(&costs, &now);
        assert!(!spared && moved.first() == Some(&0), "{moved:?}");
        // The steps it runs in have become dear, and are near.
        let near = [9.0, 9.0, 9.0, 50.0, 50.0, 50.0, 20.0, 20.0];
        let mut dear = near;
        (dear[0], dear[1], dear[2]) = (90.0, 90.0, 90.0);
        let (moved, spared) = steps(&near, &dear);
        assert!(!spared && moved.iter().all(|t| *t > 2), "{moved:?}");
    }
}

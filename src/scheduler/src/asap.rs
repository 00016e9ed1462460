//! Run as soon as possible: the zero of the gain scale.
//!
//! At each step the released, unfinished jobs take power in the order of their
//! deadlines, gangs whole, as much as the step allows at a marginal cost below their
//! own value plus penalty; mining and inference take the rest. Blocks of miners with
//! memory are then committed around the jobs.

#[cfg(test)]
mod tests;

use crate::commitment;
use crate::evaluate::{RAMP_VIOLATION, evaluate};
use crate::inputs::{Gangs, MUST_TAKE_VALUE};
use crate::market::{CostStep, EPSILON_MW};
use crate::placement::{Windows, work_done};
use crate::schedule::{Ask, Problem, Room, Run, Schedule};

/// Value of running every job as soon as possible, currency, and whether that keeps all
/// limits: it heeds no ramp, and puts jobs where blocks may be that cannot stop.
pub fn value(problem: &Problem<'_>, windows: &Windows, room: &mut Room) -> (f64, bool) {
    let mut schedule = schedule(problem, room);
    if !problem.inputs.pools.is_empty() {
        schedule.relaxed = false;
        commitment::sweep(problem, &mut schedule, room);
    }
    for (j, job) in problem.inputs.jobs.iter().enumerate() {
        if windows.beyond_worth[j] > 0.0 {
            schedule.beyond[j] = job.beyond.min(job.work - work_done(problem, &schedule, j));
        }
    }
    let evaluated = evaluate(problem, &schedule, windows, room);
    // A rule loses nothing by what it does not heed.
    let lost = RAMP_VIOLATION * evaluated.ramp_excess + MUST_TAKE_VALUE * evaluated.overload;
    (evaluated.value + lost, lost <= 0.0)
}

/// Jobs as soon as possible, pools divisible.
pub fn schedule(problem: &Problem<'_>, room: &mut Room) -> Schedule {
    let inputs = problem.inputs;
    let mut schedule = problem.empty_schedule();
    let mut left: Vec<f64> = inputs.jobs.iter().map(|j| j.work).collect();
    // Hours of each job's start that are still to come.
    let mut starting = vec![0.0; inputs.jobs.len()];
    // Jobs by deadline; `waiting` holds ranks of released, unfinished ones in that order.
    let mut by_end: Vec<usize> = (0..inputs.jobs.len()).collect();
    by_end.sort_by_key(|j| (inputs.jobs[*j].end, *j));
    let mut by_release: Vec<usize> = (0..by_end.len()).collect();
    by_release.sort_by_key(|rank| (inputs.jobs[by_end[*rank]].first, *rank));
    let mut next = 0;
    let mut waiting: Vec<usize> = Vec::new();
    let mut curves: Vec<Vec<CostStep>> = vec![Vec::new(); problem.job_nodes.nodes.len()];
    for t in 0..inputs.steps() {
        while next < by_release.len() && inputs.jobs[by_end[by_release[next]]].first <= t {
            let rank = by_release[next];
            let at = waiting.partition_point(|r| *r < rank);
            waiting.insert(at, rank);
            next += 1;
        }
        waiting.retain(|rank| inputs.jobs[by_end[*rank]].end > t && left[by_end[*rank]] > 1e-9);
        if waiting.is_empty() {
            continue;
        }
        let mut known = vec![false; curves.len()];
        // Power of jobs added in this step, in all and at each node; and at other nodes when
        // its curve was built.
        let (mut added, mut own) = (0.0, vec![0.0; curves.len()]);
        let mut built = vec![0.0; curves.len()];
        for &rank in &waiting {
            let j = by_end[rank];
            let job = &inputs.jobs[j];
            // Nothing runs in the step in which what it waits for ends.
            let ends_now = |before: usize| {
                let last = schedule.jobs[before].last();
                last.is_some_and(|run| run.step as usize == t)
            };
            if (job.after.iter()).any(|before| left[*before] > 1e-9 || ends_now(*before)) {
                continue;
            }
            let number = problem.job_nodes.number[job.node];
            let gpu_mw = problem.gpu_mw(j, t);
            let top = (job.value_in(&inputs.grid, t) + job.unmet) / gpu_mw;
            let gang = |affordable: f64| match &job.gangs {
                Gangs::Divisible(most) => most.min(affordable.max(0.0)),
                Gangs::Sizes(sizes) => sizes
                    .iter()
                    .rev()
                    .map(|s| f64::from(*s))
                    .find(|s| *s <= affordable + 1e-9)
                    .unwrap_or(0.0),
            };
            let chosen = |schedule: &Schedule, curve: &[CostStep], stale: f64| {
                let affordable = below(curve, schedule.job_mw[number][t], top);
                // What was added elsewhere since can have taken no more than its own power.
                let least = gang((affordable - stale) / gpu_mw);
                (least == gang(affordable / gpu_mw)).then_some(least)
            };
            let stale = added - own[number] - built[number];
            let known_gang = match known[number] {
                true => chosen(&schedule, &curves[number], stale),
                false => None,
            };
            let gang = known_gang.unwrap_or_else(|| {
                let most = problem.most_at(job.node, t);
                problem.residual(
                    &schedule,
                    t,
                    Ask::at(job.node, most).without_jobs(number),
                    room,
                    &mut curves[number],
                );
                curves[number]
                    .iter_mut()
                    .for_each(|s| s.cost += inputs.job_adder[t]);
                known[number] = true;
                built[number] = added - own[number];
                gang(below(&curves[number], schedule.job_mw[number][t], top) / gpu_mw)
            });
            // Another size is a stop and a start.
            let before = match (t, schedule.jobs[j].last()) {
                (0, _) => f64::from(job.running),
                (_, Some(run)) if run.step as usize + 1 == t => run.gpus,
                _ => 0.0,
            };
            let divisible = matches!(job.gangs, Gangs::Divisible(_));
            if before <= 0.0 || !(divisible || before == gang) {
                starting[j] = job.restart;
            }
            let lost = f64::min(starting[j], problem.hours[t]);
            // The last step of a gang runs as long as the work lasts.
            let gpus = match divisible {
                true => gang.min(left[j] / problem.hours[t]),
                false if gang > 0.0 => gang * ((left[j] / gang + lost) / problem.hours[t]).min(1.0),
                false => 0.0,
            };
            if gpus <= EPSILON_MW {
                continue;
            }
            left[j] -= gpus * (problem.hours[t] - lost);
            starting[j] -= lost;
            schedule.jobs[j].push(Run {
                step: t as u32,
                gpus,
            });
            let before = schedule.job_mw[number][t];
            schedule.job_mw[number][t] = before + gpus * gpu_mw;
            added += gpus * gpu_mw;
            own[number] += gpus * gpu_mw;
        }
    }
    schedule
}

/// Power above `from` whose marginal cost lies below `top`, MW.
fn below(curve: &[CostStep], from: f64, top: f64) -> f64 {
    let (mut at, mut sum) = (0.0, 0.0);
    for step in curve {
        let end = at + step.width;
        if step.cost >= top {
            break;
        }
        sum += (end - from.max(at)).max(0.0);
        at = end;
    }
    sum
}

//! Plans of a closed loop: each begins at the last one, and those that are also made afresh
//! carry a certificate.

use std::borrow::Cow;

use super::bounding::{Begin, find_bound};
use super::{
    Budget, Incumbent, Planned, WarmStart, better_of, find_incumbent, spread_jobs, to_planned,
    under_caps, windows, with_runs,
};
use crate::bound::{Bounded, Prices};
use crate::evaluate::evaluate;
use crate::inputs::PlanInputs;
use crate::placement::Windows;
use crate::schedule::{Problem, Room, Schedule};

/// A plan of a closed loop: one that follows from where the last plan put the jobs
/// ([`Budget::FOLLOW`]), or, where it is to be made `afresh` or nothing is carried on, the
/// better of that and one made from nothing ([`Budget::LOOP`]). Only a plan made afresh has a
/// bound; those that follow it have none until the next one. `room` holds buffers that are
/// kept from plan to plan; it does not change the result.
///
/// Jobs are placed without regard to ramps: the dispatch holds the first step to them, and
/// the next plan begins at the load that was reached. A plan made afresh is proven, and valued
/// with its ramps.
pub fn plan_in_loop(
    inputs: &PlanInputs,
    start: WarmStart,
    afresh: bool,
    room: &mut Room,
) -> Planned {
    room.work.forget();
    let free = free_of_ramps(inputs);
    let problem = Problem::new(&free);
    let windows = windows(&problem, room);
    let WarmStart {
        runs,
        prices,
        unpriced,
        mut work_price,
        mut slack,
    } = start;
    let jobs = inputs.jobs.len();
    work_price.resize(jobs, f64::NAN);
    slack.resize(jobs, f64::NAN);
    let carried = runs.map(|runs| {
        let spread = Schedule {
            work_price: work_price.clone(),
            slack,
            ..with_runs(&problem, runs)
        };
        find_incumbent(&problem, &windows, spread, Budget::FOLLOW, room)
    });
    let best = match carried {
        Some(carried) if !afresh => {
            return to_planned(&problem, carried, f64::INFINITY, f64::NEG_INFINITY, room);
        }
        carried => {
            let spread = Schedule {
                work_price,
                slack: vec![f64::NAN; jobs],
                ..spread_jobs(&problem, &windows, Budget::LOOP, room)
            };
            let fresh = find_incumbent(&problem, &windows, spread, Budget::LOOP, room);
            match carried {
                Some(carried) => better_of(&problem, carried, fresh),
                None => fresh,
            }
        }
    };
    let bounded = certify(&problem, &windows, &best, (prices, unpriced), room);
    let ramped = (!inputs.ramps.is_empty()).then(|| {
        let held = under_caps(inputs, best.caps.as_deref());
        evaluate(&Problem::new(&held), &best.schedule, &windows, room)
    });
    let planned = to_planned(&problem, best, bounded.bound, f64::NEG_INFINITY, room);
    Planned {
        prices: Some(bounded.prices),
        evaluated: ramped.unwrap_or(planned.evaluated),
        ..planned
    }
}

/// The inputs without ramps.
fn free_of_ramps(inputs: &PlanInputs) -> Cow<'_, PlanInputs> {
    if inputs.ramps.is_empty() {
        return Cow::Borrowed(inputs);
    }
    let mut free = inputs.clone();
    free.ramps.clear();
    Cow::Owned(free)
}

/// Evaluations of the bound of a plan made afresh, beyond one for each of the prices it begins at.
///
/// # Source
/// The 8,760 plans of `simulations/texas-100mw`, from the last prices alone: mean gap 0.56 % of
/// value with 4, 0.33 % with 8, each 1 ms. Thirteen months of `simulations/south-australia`:
/// 1.07 % of value from the last prices alone, 0.24 % with the prices the plan pays beside them.
const AFRESH: usize = 4;

/// The bound of a plan made afresh, from the last one's prices and those the plan pays; with
/// a study's effort where there are none.
fn certify(
    problem: &Problem<'_>,
    windows: &Windows,
    best: &Incumbent,
    (prices, unpriced): (Option<Prices>, Vec<usize>),
    room: &mut Room,
) -> Bounded {
    let (begin, budget) = match prices {
        Some(prices) => (
            Begin::Carried(prices, unpriced, None),
            Budget {
                bound: AFRESH,
                ..Budget::LOOP
            },
        ),
        None => (Begin::At(Vec::new()), Budget::STUDY),
    };
    let value = best.evaluated.value;
    find_bound(problem, windows, best, begin, budget, value, room)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carry::Carried;
    use crate::inputs::small::{job, site};
    use crate::plan::plan;
    use crate::schedule::Run;

    fn jobs(names: &[&str], steps: usize) -> Vec<crate::inputs::JobInput> {
        let named = |id: &&str| crate::inputs::JobInput {
            id: (*id).to_owned(),
            ..job(4.0, &[1, 2], steps)
        };
        names.iter().map(named).collect()
    }

    /// The next plan of the loop after `last`.
    fn next(inputs: &PlanInputs, last: (&PlanInputs, &Planned), afresh: bool) -> Planned {
        let start = Carried::new(last.0, last.1).start(inputs);
        plan_in_loop(inputs, start, afresh, &mut Room::default())
    }

    fn first(inputs: &PlanInputs) -> Planned {
        plan_in_loop(inputs, WarmStart::default(), true, &mut Room::default())
    }

    /// Jobs of two halls bought their power; those that are left, in one hall, bid for it.
    #[test]
    fn prices_at_which_jobs_bought_serve_jobs_that_bid() {
        let mut before = site(1.0, &[90.0, 20.0, 30.0, 80.0, 40.0, 10.0]);
        for id in ["east", "west"] {
            let mut hall = before.nodes[0].clone();
            (hall.id, hall.parent, hall.limit) = (id.to_owned(), Some(0), vec![3.0; 6]);
            before.nodes.push(hall);
        }
        before.jobs = jobs(&["a", "b", "c", "d"], 6);
        (before.jobs[0].node, before.jobs[1].node) = (1, 1);
        (before.jobs[2].node, before.jobs[3].node) = (2, 2);
        let mut planned = first(&before);
        let prices = planned.prices.as_mut().expect("it has a bound");
        prices.jobs = vec![vec![500.0; 6]; 2];
        prices.work.fill(0.0);
        let mut inputs = before.clone();
        inputs.jobs.truncate(2);
        assert!(Problem::new(&inputs).residuals.is_some());
        let next = next(&inputs, (&before, &planned), true);
        // At no price of work three GPUs work in every hour: 970.
        assert!(next.bound < 1.05 * next.value(), "{}", next.bound);
        assert!(next.prices.is_some_and(|prices| prices.jobs.is_empty()));
    }

    /// A new job is placed among those of the last plan, which a plan from nothing would move.
    #[test]
    fn a_new_job_joins_the_last_plan() {
        let mut inputs = site(1.0, &[9.0; 6]);
        inputs.nodes[0].limit = vec![2.0; 6];
        inputs.jobs = vec![job(4.0, &[2], 6)];
        let before = inputs.clone();
        let mut planned = first(&inputs);
        let steps = |runs: &[Run]| runs.iter().map(|r| r.step).collect::<Vec<u32>>();
        planned.schedule.jobs[0] = [4, 5].map(|step| Run { step, gpus: 2.0 }).to_vec();
        let mut new = job(2.0, &[2], 6);
        new.id = "new".to_owned();
        inputs.jobs.push(new);
        let next = next(&inputs, (&before, &planned), false);
        assert_eq!(steps(&next.schedule.jobs[0]), [4, 5], "it stays");
        assert_eq!(next.schedule.jobs[1].len(), 1, "and the new one runs");
        let fresh = first(&inputs);
        assert_ne!(steps(&fresh.schedule.jobs[0]), [4, 5]);
    }

    /// The plan worth more is chosen, unless it stops a job that may not stop.
    #[test]
    fn the_better_plan_lets_jobs_go_on() {
        let mut inputs = site(1.0, &[50.0, 9.0, 9.0, 50.0, 50.0]);
        inputs.jobs = vec![job(4.0, &[2], 5)];
        let planned = plan(&inputs, Budget::LOOP);
        let incumbent = |steps: [u32; 2], less: f64| {
            let mut evaluated = planned.evaluated.clone();
            evaluated.value -= less;
            let mut schedule = planned.schedule.clone();
            schedule.jobs = vec![steps.map(|step| Run { step, gpus: 2.0 }).to_vec()];
            Incumbent {
                schedule,
                evaluated,
                caps: None,
            }
        };
        let first_step = |inputs: &PlanInputs, one, other| {
            let better = better_of(&Problem::new(inputs), one, other);
            better.schedule.jobs[0][0].step
        };
        let (best, dear) = (|| incumbent([1, 2], 0.0), || incumbent([3, 4], 1.0));
        assert_eq!(first_step(&inputs, best(), dear()), 1);
        assert_eq!(first_step(&inputs, dear(), best()), 1);
        // It runs and must go on for two hours: the plan that keeps it on is worth less.
        (inputs.jobs[0].running, inputs.jobs[0].min_run) = (2, 2.0);
        assert_eq!(first_step(&inputs, best(), incumbent([0, 1], 1.0)), 0);
    }
}

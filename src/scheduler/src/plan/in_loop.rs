//! Plans of a closed loop: each follows the last one, and each carries its certificate.

use std::cmp::Ordering;

use super::bounding::{Begin, bounded, followed};
use super::{Budget, Incumbent, Planned, Start, dropped, finished, placed, solved, windows};
use crate::bound::{Bounded, Prices};
use crate::inputs::PlanInputs;
use crate::placement::Windows;
use crate::polish::out_of_order;
use crate::schedule::{Problem, Room, Schedule};

/// What the last plan left to the next one.
#[derive(Debug, Clone, Default)]
pub struct Stood {
    /// Where its jobs stood and what proved its bound.
    pub start: Start,
    /// Price of each job's work that was paid there, currency per GPU-hour; NaN where unknown.
    pub price: Vec<f64>,
    /// By how much each job may have fallen short of its best, currency; NaN where unknown.
    pub slack: Vec<f64>,
}

/// A plan of a closed loop: one that follows from where jobs stood ([`Budget::FOLLOW`]; those
/// that stand as near to their best as before stay), or, where it is to be made `afresh` or
/// none stood anywhere, the better of that and one made from nothing ([`Budget::LOOP`]).
/// `room` is kept from plan to plan, and changes nothing.
pub fn plan_in_loop(inputs: &PlanInputs, stood: Stood, afresh: bool, room: &mut Room) -> Planned {
    room.work.forget();
    let problem = Problem::new(inputs);
    let windows = windows(&problem, room);
    let carried = stood.start.runs.map(|runs| {
        let spread = Schedule {
            work_price: stood.price.clone(),
            slack: stood.slack,
            ..dropped(&problem, runs)
        };
        solved(&problem, &windows, spread, Budget::FOLLOW, room)
    });
    let best = match carried {
        Some(carried) if !afresh => carried,
        carried => {
            let spread = Schedule {
                work_price: stood.price,
                slack: vec![f64::NAN; inputs.jobs.len()],
                ..placed(&problem, &windows, Budget::LOOP, room)
            };
            let fresh = solved(&problem, &windows, spread, Budget::LOOP, room);
            match carried {
                Some(carried) => better_of(&problem, carried, fresh),
                None => fresh,
            }
        }
    };
    let carried = (stood.start.prices, stood.start.unpriced);
    let bounded = proven(&problem, &windows, &best, carried, afresh, room);
    Planned {
        prices: Some(bounded.prices),
        ..finished(&problem, best, bounded.bound, f64::NEG_INFINITY, room)
    }
}

/// The better of two plans of the same inputs: the one in which fewer jobs stop that may not
/// stop yet or run before what they wait for is done; else the one worth more, `one` where
/// they are alike.
fn better_of(problem: &Problem<'_>, one: Incumbent, other: Incumbent) -> Incumbent {
    let broken = |plan: &Incumbent| out_of_order(problem, &plan.schedule);
    let first = match broken(&one).cmp(&broken(&other)) {
        Ordering::Less => true,
        Ordering::Equal => one.evaluated.value >= other.evaluated.value,
        Ordering::Greater => false,
    };
    if first { one } else { other }
}

/// Evaluations of the bound where a plan was also made afresh, beyond those of the prices it
/// begins at.
///
/// # Source
/// The 8,760 plans of `simulations/texas-100mw`, from the last prices alone: mean gap 0.56 % of
/// value with 4, 0.33 % with 8, each 1 ms. Thirteen months of `simulations/south-australia`:
/// 1.07 % of value from the last prices alone, 0.24 % with the prices the plan pays beside them.
const AFRESH: usize = 4;

/// The bound of a plan: where one was also made `afresh` from the last one's prices or those
/// the plan pays, with a study's effort where there were none; else from the last one's alone.
fn proven(
    problem: &Problem<'_>,
    windows: &Windows,
    best: &Incumbent,
    (prices, unpriced): (Option<Prices>, Vec<usize>),
    afresh: bool,
    room: &mut Room,
) -> Bounded {
    let (begin, budget) = match prices {
        Some(prices) if !afresh => {
            return followed(problem, windows, best, (prices, &unpriced), room);
        }
        Some(prices) => (
            Begin::Carried(prices, unpriced, None, Vec::new()),
            Budget {
                bound: AFRESH,
                ..Budget::LOOP
            },
        ),
        None => (Begin::At(Vec::new()), Budget::STUDY),
    };
    let value = best.evaluated.value;
    bounded(problem, windows, best, begin, budget, value, room)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carry::Carried;
    use crate::inputs::small::{job, miners, site};
    use crate::plan::plan;
    use crate::schedule::Run;

    fn jobs(names: &[&str], steps: usize) -> Vec<crate::inputs::JobInput> {
        let named = |id: &&str| crate::inputs::JobInput {
            id: (*id).to_owned(),
            ..job(4.0, &[1, 2], steps)
        };
        names.iter().map(named).collect()
    }

    /// A plan that follows `last`, all work priced as it was there.
    fn follow(inputs: &PlanInputs, last: (&PlanInputs, &Planned), afresh: bool) -> Planned {
        let known = last.0.jobs.len();
        let fill = |row: &[f64]| {
            let mut row = row[..known.min(row.len())].to_vec();
            row.resize(inputs.jobs.len(), f64::NAN);
            row
        };
        let stood = Stood {
            start: Carried::new(last.0, last.1).start(inputs),
            price: fill(&last.1.schedule.work_price),
            slack: fill(&last.1.schedule.slack),
        };
        plan_in_loop(inputs, stood, afresh, &mut Room::default())
    }

    fn first(inputs: &PlanInputs) -> Planned {
        let stood = Stood {
            price: vec![f64::NAN; inputs.jobs.len()],
            ..Stood::default()
        };
        plan_in_loop(inputs, stood, true, &mut Room::default())
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
        let next = follow(&inputs, (&before, &planned), false);
        // At no price of work three GPUs work in every hour: 970.
        assert!(next.bound < 1.05 * next.value(), "{}", next.bound);
        assert!(next.prices.is_some_and(|prices| prices.jobs.is_empty()));
    }

    /// Two dual steps a plan: a chain of plans closes what the first of them left.
    #[test]
    fn plans_that_follow_one_another_close_the_gap() {
        let costs = [90.0, 20.0, 30.0, 80.0, 40.0, 10.0, 95.0, 60.0];
        let mut inputs = site(1.0, &costs);
        inputs.pools = vec![miners(costs.len())];
        inputs.jobs = jobs(&["a", "b", "c"], costs.len());
        let mut last = first(&inputs);
        let prices = last.prices.as_mut().expect("it has a bound");
        prices
            .power
            .iter_mut()
            .flatten()
            .for_each(|price| *price = 0.0);
        let stale = follow(&inputs, (&inputs, &last), false);
        let mut bounds = vec![stale.bound];
        last = stale;
        for _ in 0..40 {
            last = follow(&inputs, (&inputs, &last), false);
            bounds.push(last.bound);
        }
        assert!(
            bounds.windows(2).all(|w| w[1] <= w[0] + 1e-9 * w[0].abs()),
            "{bounds:?}"
        );
        let left = |bound: f64| bound - last.value();
        assert!(left(bounds[40]) < 0.5 * left(bounds[0]), "{bounds:?}");
    }

    /// A new job is placed among those that stand, where a plan from nothing would move them.
    #[test]
    fn a_new_job_joins_the_plan_that_stands() {
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
        let next = follow(&inputs, (&before, &planned), false);
        assert_eq!(steps(&next.schedule.jobs[0]), [4, 5], "it stands");
        assert_eq!(next.schedule.jobs[1].len(), 1, "and the new one runs");
        let fresh = first(&inputs);
        assert_ne!(steps(&fresh.schedule.jobs[0]), [4, 5]);
    }

    /// Of two plans the dearer one is left, but no job is stopped that may not stop.
    #[test]
    fn the_better_plan_lets_jobs_go_on() {
        let mut inputs = site(1.0, &[50.0, 9.0, 9.0, 50.0, 50.0]);
        inputs.jobs = vec![job(4.0, &[2], 5)];
        let planned = plan(&inputs, Budget::LOOP);
        let standing = |steps: [u32; 2], less: f64| {
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
        let (best, dear) = (|| standing([1, 2], 0.0), || standing([3, 4], 1.0));
        assert_eq!(first_step(&inputs, best(), dear()), 1);
        assert_eq!(first_step(&inputs, dear(), best()), 1);
        // It runs and must go on for two hours: the plan that keeps it on is worth less.
        (inputs.jobs[0].running, inputs.jobs[0].min_run) = (2, 2.0);
        assert_eq!(first_step(&inputs, best(), standing([0, 1], 1.0)), 0);
    }
}

//! Re-planning from the last plan: against planning afresh, after each kind of event.

#[allow(
    dead_code,
    reason = "prices and bounds of the shared problems are not needed here"
)]
mod common;

use swingload_scheduler::carry::{Carried, REPLAN};
use swingload_scheduler::inputs::{JobInput, PlanInputs};
use swingload_scheduler::plan::{Budget, Planned, Stood, plan, plan_in_loop};
use swingload_scheduler::schedule::Room;

/// Random problems per event.
const INSTANCES: u64 = 60;

/// A study's plan with a short local search, so that many can be made.
const STUDY: Budget = Budget {
    polish: 30_000,
    ..Budget::STUDY
};

/// The same budget as [`REPLAN`], with that search.
const AGAIN: Budget = Budget {
    polish: 30_000,
    ..REPLAN
};

/// What happens to a problem; `false` where it has nothing of the kind.
type Event = fn(&mut PlanInputs) -> bool;

fn new_job(inputs: &mut PlanInputs) -> bool {
    let Some(pattern) = inputs.jobs.first().cloned() else {
        return false;
    };
    inputs.jobs.push(JobInput {
        id: "new".into(),
        first: 0,
        end: inputs.steps(),
        running: 0,
        running_hours: 0.0,
        after: Vec::new(),
        ..pattern
    });
    true
}

fn changed_price(inputs: &mut PlanInputs) -> bool {
    let middle = inputs.steps() / 2;
    let supply = inputs
        .supplies
        .last_mut()
        .expect("power comes from somewhere");
    supply.cost[middle] += 40.0;
    true
}

/// A node with loads imports nothing from the second third of the horizon on.
fn lost_feeder(inputs: &mut PlanInputs) -> bool {
    let Some(job) = inputs.jobs.iter().find(|job| job.node != 0) else {
        return false;
    };
    let node = job.node;
    let from = inputs.steps() / 3;
    inputs.nodes[node].limit[from..].fill(0.0);
    true
}

/// The whole site may draw half of what it could, for a third of the horizon.
fn shed_order(inputs: &mut PlanInputs) -> bool {
    let (from, to) = (inputs.steps() / 3, 2 * inputs.steps() / 3);
    let limits = &mut inputs.nodes[0].limit[from..to];
    limits.iter_mut().for_each(|limit| *limit *= 0.5);
    true
}

/// The first job is done, and those that waited for it wait no longer.
fn job_gone(inputs: &mut PlanInputs) -> bool {
    if inputs.jobs.len() < 2 {
        return false;
    }
    inputs.jobs.remove(0);
    for job in &mut inputs.jobs {
        job.after.retain(|before| *before != 0);
        job.after.iter_mut().for_each(|before| *before -= 1);
    }
    true
}

/// What re-planning loses.
struct Case {
    /// Value of a fresh plan less the re-plan's, as a share of the fresh value.
    lost: f64,
    /// The re-plan's bound less the fresh one, as a share of the fresh value.
    looser: f64,
}

fn cases(event: Event) -> Vec<Case> {
    let mut cases = Vec::new();
    for seed in 0..INSTANCES {
        let mut inputs = common::instance(seed);
        let before = plan(&inputs, STUDY);
        if !event(&mut inputs) {
            continue;
        }
        let carried = Carried::standing(&common::instance(seed), &before);
        let (again, fresh) = (carried.replan(&inputs, AGAIN), plan(&inputs, STUDY));
        assert_valid(seed, &inputs, &again, &fresh);
        let scale = fresh.value().abs().max(fresh.bound.abs()).max(1.0);
        cases.push(Case {
            lost: (fresh.value() - again.value()) / scale,
            looser: (again.bound - fresh.bound) / scale,
        });
    }
    assert!(
        cases.len() > 30,
        "too few problems have what the event needs"
    );
    cases
}

/// No plan is worth more than the re-plan's bound, and it breaks nothing but what cannot be kept.
fn assert_valid(seed: u64, inputs: &PlanInputs, again: &Planned, fresh: &Planned) {
    let best = again.value().max(fresh.value());
    assert!(
        again.bound >= best - 1e-9 * best.abs(),
        "seed {seed}: bound {} below a plan worth {best}",
        again.bound
    );
    assert_eq!(common::faults(inputs, again), [], "seed {seed}");
    assert_eq!(common::faults(inputs, fresh), [], "seed {seed}, afresh");
}

/// The problem as a closed loop meets it next, from a plan of another one.
fn follow(inputs: &PlanInputs, before: (&PlanInputs, &Planned), afresh: bool) -> Planned {
    let unknown = || vec![f64::NAN; inputs.jobs.len()];
    let stood = Stood {
        start: Carried::new(before.0, before.1).start(inputs),
        price: unknown(),
        slack: unknown(),
    };
    plan_in_loop(inputs, stood, afresh, &mut Room::default())
}

#[test]
fn plans_of_a_closed_loop_are_valid_after_every_event() {
    let events: [Event; 5] = [new_job, changed_price, lost_feeder, shed_order, job_gone];
    for seed in 0..INSTANCES {
        let before = common::instance(seed);
        let planned = follow(&before, (&before, &plan(&before, Budget::LOOP)), true);
        for event in events {
            let mut inputs = before.clone();
            if !event(&mut inputs) {
                continue;
            }
            let fresh = plan(&inputs, STUDY);
            for afresh in [false, true] {
                let next = follow(&inputs, (&before, &planned), afresh);
                assert!(next.bound.is_finite() && next.prices.is_some());
                assert_valid(seed, &inputs, &next, &fresh);
            }
        }
    }
}

fn percentile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share) as usize]
}

/// Mean loss of value, its 95th percentile, and the same of how much looser the bound is,
/// as shares of the fresh value.
struct Least {
    lost: (f64, f64),
    looser: (f64, f64),
}

fn judge(event: Event, least: &Least) {
    let cases = cases(event);
    let of = |pick: fn(&Case) -> f64| {
        let values: Vec<f64> = cases.iter().map(pick).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (mean, percentile(values, 0.95))
    };
    let (lost, looser) = (of(|c| c.lost), of(|c| c.looser));
    assert!(lost.0 <= least.lost.0 && lost.1 <= least.lost.1, "{lost:?}");
    assert!(
        looser.0 <= least.looser.0 && looser.1 <= least.looser.1,
        "{looser:?}"
    );
}

#[test]
fn a_new_job_is_placed_among_the_others() {
    let least = Least {
        lost: (0.0, 0.015),
        looser: (0.007, 0.04),
    };
    judge(new_job, &least);
}

#[test]
fn a_changed_price_is_followed() {
    let least = Least {
        lost: (0.001, 0.02),
        looser: (0.004, 0.04),
    };
    judge(changed_price, &least);
}

#[test]
fn a_lost_feeder_is_planned_around() {
    let least = Least {
        lost: (0.002, 0.005),
        looser: (0.025, 0.1),
    };
    judge(lost_feeder, &least);
}

#[test]
fn a_shed_order_is_kept() {
    let least = Least {
        lost: (0.0, 0.02),
        looser: (0.012, 0.07),
    };
    judge(shed_order, &least);
}

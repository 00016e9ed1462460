//! Re-planning from the last plan: against planning afresh, after each kind of event.

mod common;

use swingload_scheduler::carry::{Carried, REPLAN};
use swingload_scheduler::check::check;
use swingload_scheduler::inputs::{JobInput, PlanInputs};
use swingload_scheduler::plan::{Budget, Planned, plan};

/// Random problems per event.
const INSTANCES: u64 = 80;

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

/// What re-planning loses.
struct Case {
    seed: u64,
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
        let carried = Carried::new(&common::instance(seed), &before);
        let (again, fresh) = (carried.replan(&inputs, AGAIN), plan(&inputs, STUDY));
        let cold = plan(&inputs, AGAIN);
        eprintln!(
            "{} {}",
            (again.bound - fresh.bound) / fresh.bound.abs(),
            (cold.bound - fresh.bound) / fresh.bound.abs()
        );
        assert_valid(seed, &inputs, &again, &fresh);
        let scale = fresh.value().abs().max(fresh.bound.abs()).max(1.0);
        cases.push(Case {
            seed,
            lost: (fresh.value() - again.value()) / scale,
            looser: (again.bound - fresh.bound) / scale,
        });
    }
    assert!(
        cases.len() > 40,
        "too few problems have what the event needs"
    );
    cases
}

/// No plan is worth more than the re-plan's bound, and the checker has no complaint that
/// the plan does not report itself.
fn assert_valid(seed: u64, inputs: &PlanInputs, again: &Planned, fresh: &Planned) {
    let best = again.value().max(fresh.value());
    assert!(
        again.bound >= best - 1e-9 * best.abs(),
        "seed {seed}: bound {} below a plan worth {best}",
        again.bound
    );
    let told = again.evaluated.overload > 1e-9 || again.evaluated.ramp_excess > 1e-9;
    let found = check(inputs, again);
    assert!(
        told || found.is_empty(),
        "seed {seed}: {found:?} fresh {:?}",
        check(inputs, fresh)
    );
}

fn percentile(values: impl Iterator<Item = f64>, share: f64) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share) as usize]
}

fn judge(name: &str, event: Event) {
    let cases = cases(event);
    let lost = percentile(cases.iter().map(|c| c.lost), 0.95);
    let looser = percentile(cases.iter().map(|c| c.looser), 0.95);
    let worst = cases
        .iter()
        .max_by(|a, b| a.lost.total_cmp(&b.lost))
        .expect("cases");
    let mean = cases.iter().map(|c| c.lost).sum::<f64>() / cases.len() as f64;
    let loosest = cases
        .iter()
        .max_by(|a, b| a.looser.total_cmp(&b.looser))
        .expect("cases");
    let mean_looser = cases.iter().map(|c| c.looser).sum::<f64>() / cases.len() as f64;
    eprintln!(
        "{name}: {} cases; lost mean {mean:.6} p95 {lost:.6} worst {:.6} seed {}; looser mean {mean_looser:.6} p95 {looser:.6} worst {:.6} seed {}",
        cases.len(),
        worst.lost,
        worst.seed,
        loosest.looser,
        loosest.seed
    );
}

#[test]
fn a_new_job() {
    judge("new job", new_job);
}

#[test]
fn a_changed_price() {
    judge("changed price", changed_price);
}

#[test]
fn a_lost_feeder() {
    judge("lost feeder", lost_feeder);
}

#[test]
fn a_shed_order() {
    judge("shed order", shed_order);
}

#[test]
fn dbg75() {
    let mut inputs = common::instance(75);
    let before = plan(&inputs, STUDY);
    new_job(&mut inputs);
    let carried = Carried::new(&common::instance(75), &before);
    eprintln!("{:?}", inputs.jobs);
    let start = carried.start(&inputs);
    eprintln!("{:?}", start.runs);
    let again = carried.replan(&inputs, AGAIN);
    eprintln!("{:?} beyond {:?}", again.schedule.jobs, again.schedule.beyond);
}

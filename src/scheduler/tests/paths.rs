//! First steps decided on paths, on random problems.

#[allow(
    dead_code,
    reason = "prices and bounds of the shared problems are not needed here"
)]
mod common;

use swingload_scheduler::check::{Rule, check};
use swingload_scheduler::inputs::PlanInputs;
use swingload_scheduler::paths::on_paths;
use swingload_scheduler::plan::{Budget, Planned, plan};

const INSTANCES: u64 = 40;

/// A path on which power costs less in some steps and more in others.
fn path(inputs: &PlanInputs, number: usize) -> PlanInputs {
    let mut path = inputs.clone();
    let cost = path.supplies.iter_mut().map(|s| &mut s.cost);
    for (t, cost) in cost.flat_map(|c| c.iter_mut().enumerate()) {
        *cost += [-60.0, 60.0, 0.0][(t / 3 + number) % 3];
    }
    path
}

/// Whether the checker finds more than the plan reports of itself.
fn is_sound(inputs: &PlanInputs, planned: &Planned) -> bool {
    let told = planned.evaluated.overload > 1e-9 || planned.evaluated.ramp_excess > 1e-9;
    let found = check(inputs, planned);
    told || found.iter().all(|v| v.rule == Rule::Ramp)
}

#[test]
fn identical_paths_give_the_plan_on_the_means_or_a_better_one() {
    let mut same = 0;
    for seed in 0..INSTANCES {
        let inputs = common::instance(seed);
        let planned = plan(&inputs, Budget::LOOP);
        let decided = on_paths(&inputs, planned.clone(), &vec![inputs.clone(); 3]);
        assert!(
            decided.spread() <= 1e-9 * decided.expected().abs(),
            "seed {seed}"
        );
        if decided.planned.schedule == planned.schedule {
            same += 1;
            assert_eq!(decided.gained(), 0.0, "seed {seed}");
        } else {
            assert!(decided.gained() > 0.0, "seed {seed}");
        }
    }
    assert!(same * 10 >= INSTANCES * 8, "{same} of {INSTANCES}");
}

#[test]
fn a_first_step_decided_on_paths_is_a_plan_of_the_means() {
    let mut moved = 0;
    for seed in 0..INSTANCES {
        let inputs = common::instance(seed);
        let planned = plan(&inputs, Budget::STUDY);
        let paths: Vec<PlanInputs> = (0..6).map(|number| path(&inputs, number)).collect();
        let decided = on_paths(&inputs, planned.clone(), &paths);
        let again = on_paths(&inputs, planned.clone(), &paths);
        assert_eq!(decided.values, again.values, "seed {seed}");
        assert!(decided.gained() >= 0.0, "seed {seed}");
        assert!(is_sound(&inputs, &decided.planned), "seed {seed}");
        let most = decided.planned.bound + 1e-9 * decided.planned.bound.abs();
        assert!(decided.planned.value() <= most, "seed {seed}");
        moved += u64::from(decided.gained() > 0.0);
    }
    assert!(moved > 3, "paths matter in {moved} of {INSTANCES}");
}

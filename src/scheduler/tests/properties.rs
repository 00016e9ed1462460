//! Properties of every plan, on random small problems and at the edges.

mod common;

use proptest::prelude::*;
use swingload_model::TimeGrid;
use swingload_scheduler::check::check;
use swingload_scheduler::inputs::{PlanInputs, SupplyInput};
use swingload_scheduler::plan::{Budget, plan};

use common::{faults, small};

/// A study's plan with a short local search, so that many can be made.
const SHORT: Budget = Budget {
    polish: 30_000,
    ..Budget::STUDY
};

/// The work ends in a step in which a smaller gang would have to start for it.
#[test]
fn a_larger_gang_goes_on_for_part_of_its_last_step() {
    let inputs = common::instance(223_224);
    assert_eq!(faults(&inputs, &plan(&inputs, Budget::LOOP)), vec![]);
    assert_eq!(faults(&inputs, &plan(&inputs, SHORT)), vec![]);
}

/// What random search once found, each against both budgets: a job that may not stop and met
/// jobs or blocks in its way, and a last step that another size would have had to start for.
#[test]
fn problems_found_before_stay_solved() {
    let stopped = [
        100_059, 200_481, 201_039, 203_433, 204_233, 208_865, 636_248,
    ];
    let ends = [200_612, 205_208, 206_899];
    for seed in stopped.into_iter().chain(ends) {
        let inputs = common::instance(seed);
        for budget in [SHORT, Budget::LOOP] {
            assert_eq!(faults(&inputs, &plan(&inputs, budget)), vec![], "{seed}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_keeps_every_limit_and_its_own_value(seed in 1000u64..1_000_000) {
        let inputs = common::instance(seed);
        for budget in [SHORT, Budget::LOOP] {
            prop_assert_eq!(faults(&inputs, &plan(&inputs, budget)), vec![]);
        }
    }

    #[test]
    fn nothing_is_worth_more_than_the_bound(seed in 1000u64..1_000_000) {
        let planned = plan(&common::instance(seed), SHORT);
        let room = 1e-9 * planned.bound.abs();
        prop_assert!(planned.value() <= planned.bound + room, "{} above {}", planned.value(), planned.bound);
        prop_assert!(planned.asap <= planned.bound + room, "{} above {}", planned.asap, planned.bound);
    }

    #[test]
    fn the_same_inputs_give_the_same_plan(seed in 1000u64..1_000_000) {
        let inputs = common::instance(seed);
        let (one, other) = (plan(&inputs, SHORT), plan(&inputs.clone(), SHORT));
        prop_assert_eq!(&one.schedule, &other.schedule);
        prop_assert_eq!(one.value().to_bits(), other.value().to_bits());
        prop_assert_eq!(one.bound.to_bits(), other.bound.to_bits());
    }

    /// Surplus that need not be used never lowers the bound at given prices of the relaxed
    /// couplings, and at any prices that is a bound.
    ///
    /// The bound a plan reports is the lowest found in a fixed number of steps along such
    /// prices. Two problems take different steps, so their reported bounds are not ordered;
    /// what every step evaluates is.
    #[test]
    fn more_surplus_never_lowers_the_bound(
        seed in 1000u64..1_000_000,
        more in 0.1f64..5.0,
        from in 0.0f64..1.0,
    ) {
        let mut inputs = common::instance(seed);
        // What power costs after the horizon is no part of this: it follows what is scarce in its last quarter.
        inputs.jobs.iter_mut().for_each(|j| j.beyond_cost = Some(0.05));
        let mut rich = inputs.clone();
        let cut = (from * inputs.steps() as f64) as usize;
        rich.supplies.push(SupplyInput {
            id: "more surplus".into(),
            node: seed as usize % inputs.nodes.len(),
            available: (0..inputs.steps()).map(|t| if t < cut { 0.0 } else { more }).collect(),
            cost: vec![0.0; inputs.steps()],
        });
        let prices = common::prices(seed, &inputs);
        let (before, after) = (common::bound_at(&inputs, &prices), common::bound_at(&rich, &prices));
        let room = 1e-9 * before.abs().max(1.0);
        prop_assert!(after >= before - room, "{after} below {before}");
        let planned = plan(&inputs, SHORT);
        prop_assert!(planned.value() <= before + room, "{} above {before}", planned.value());
    }
}

/// One node, a grid of power at 50, one stack.
fn plain(boundaries: Vec<i64>, available: f64, tiers: &[(f64, f64)]) -> PlanInputs {
    let grid = TimeGrid::from_boundaries(boundaries).expect("boundaries rise");
    let steps = grid.len();
    let mut inputs = small::site(1.0, &vec![50.0; steps]);
    inputs.grid = grid;
    inputs.nodes[0].limit.fill(10.0);
    inputs.supplies[0].available.fill(available);
    inputs.stacks = vec![small::service(steps, tiers, 0)];
    inputs
}

#[test]
fn without_jobs_each_step_serves_what_pays() {
    let inputs = plain(
        (0..=24).map(|h| h * 3600).collect(),
        100.0,
        &[(3.0, 90.0), (4.0, 40.0)],
    );
    let planned = plan(&inputs, Budget::STUDY);
    assert!((planned.value() - 24.0 * 3.0 * 40.0).abs() < 1e-9);
    assert!(planned.bound >= planned.value() && planned.bound - planned.value() < 1e-6);
    assert_eq!(faults(&inputs, &planned), vec![]);
}

#[test]
fn one_step_is_enough() {
    let inputs = plain(vec![0, 900], 100.0, &[(20.0, 90.0)]);
    let planned = plan(&inputs, Budget::STUDY);
    // A quarter of an hour at the site's 10 MW.
    assert!((planned.value() - 0.25 * 10.0 * 40.0).abs() < 1e-9);
    assert_eq!(check(&inputs, &planned), vec![]);
}

#[test]
fn without_supply_nothing_runs() {
    let inputs = plain(vec![0, 3600, 7200], 0.0, &[(3.0, 90.0)]);
    let planned = plan(&inputs, Budget::STUDY);
    assert_eq!(planned.value(), 0.0);
    assert_eq!(check(&inputs, &planned), vec![]);
}

#[test]
fn must_take_load_above_supply_is_served_as_far_as_it_goes() {
    let mut inputs = plain(vec![0, 3600], 2.0, &[(5.0, 100_000.0)]);
    inputs.stacks[0].tiers[0].must_serve = true;
    let planned = plan(&inputs, Budget::STUDY);
    assert!((planned.outcome(&inputs, 0).tiers[0][0] - 2.0).abs() < 1e-9);
    assert_eq!(check(&inputs, &planned), vec![]);
}

#[test]
fn steps_of_uneven_length_are_valued_by_their_hours() {
    let inputs = plain(vec![0, 900, 4500, 4800], 100.0, &[(6.0, 70.0)]);
    let planned = plan(&inputs, Budget::STUDY);
    assert!((planned.value() - 4800.0 / 3600.0 * 6.0 * 20.0).abs() < 1e-9);
    assert_eq!(check(&inputs, &planned), vec![]);
}

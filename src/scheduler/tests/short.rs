//! What cannot be kept is planned around, and said at once.

#[allow(dead_code, reason = "not all that test binaries share is needed here")]
#[path = "common/small.rs"]
mod small;

use swingload_scheduler::check::check;
use swingload_scheduler::inputs::{BlockState, PlanInputs, PoolInput, RampInput};
use swingload_scheduler::plan::{Budget, Planned, plan};

/// Four hours behind 10 MW, power at 50, a floor of 6 MW and 2 MW that may be left out.
fn site() -> PlanInputs {
    let mut inputs = small::site(1.0, &[50.0; 4]);
    inputs.nodes[0].limit.fill(10.0);
    inputs.stacks = vec![small::service(4, &[(6.0, 10_000.0), (2.0, 90.0)], 1)];
    inputs
}

/// What the floor gets and what else is served, MW per step.
fn served(inputs: &PlanInputs, planned: &Planned) -> Vec<(f64, f64)> {
    let outcomes = planned.outcomes(inputs);
    let both = outcomes.iter().map(|o| (o.tiers[0][0], o.tiers[0][1]));
    let round = |mw: f64| (mw * 1e6).round() / 1e6;
    both.map(|(floor, more)| (round(floor), round(more)))
        .collect()
}

/// Both ways to plan, each no worse than a bound that holds.
fn plans(inputs: &PlanInputs) -> [Planned; 2] {
    let plans = [plan(inputs, Budget::LOOP), plan(inputs, Budget::STUDY)];
    let bound = plans[1].bound;
    for planned in &plans {
        assert!(planned.value() <= bound + 1e-6 * bound.abs());
    }
    plans
}

#[test]
fn missing_supply_leaves_the_floor_as_little_short_as_it_can() {
    let mut inputs = site();
    inputs.supplies[0].available[2] = 4.0;
    for planned in plans(&inputs) {
        let all = (6.0, 2.0);
        assert_eq!(served(&inputs, &planned), [all, all, (4.0, 0.0), all]);
        assert_eq!(check(&inputs, &planned), vec![]);
    }
}

#[test]
fn a_floor_above_the_limit_is_served_up_to_it() {
    let mut inputs = site();
    inputs.nodes[0].limit[1] = 5.0;
    for planned in plans(&inputs) {
        let all = (6.0, 2.0);
        assert_eq!(served(&inputs, &planned), [all, (5.0, 0.0), all, all]);
        assert_eq!(check(&inputs, &planned), vec![]);
    }
}

#[test]
fn a_ramp_that_cannot_be_kept_is_exceeded_least_and_reported() {
    let mut inputs = site();
    // From 20 MW the site must be at its 10 in the first hour, and may fall by 3 MW.
    inputs.ramps = vec![RampInput {
        node: 0,
        up: 3.0,
        down: 3.0,
        initial: Some(20.0),
    }];
    for planned in plans(&inputs) {
        let excess = planned.evaluated.ramp_excess;
        // 8 MW are all there is to draw: 12 MW less than before, 9 of them too many.
        assert!((excess - 9.0).abs() < 1e-6, "{excess}");
        assert_eq!(served(&inputs, &planned), [(6.0, 2.0); 4]);
    }
}

#[test]
fn blocks_held_on_without_room_are_reported_as_overload() {
    let mut inputs = site();
    inputs.pools = vec![PoolInput {
        revenue: vec![60.0; 4],
        min_on: 2.0,
        min_off: 1.0,
        blocks: vec![BlockState {
            devices: 12.0,
            on: true,
            hours_in_state: 1.0,
            starts_today: 0,
        }],
        ..small::miners(4)
    }];
    for planned in plans(&inputs) {
        // 12 MW that may not stop for another hour, behind 10.
        let overload = planned.evaluated.overload;
        assert!((overload - 2.0).abs() < 1e-6, "{overload}");
        assert!(planned.schedule.on[0][0][0], "held");
        assert!(
            !planned.schedule.on[0][0][1],
            "and let go as soon as it may"
        );
        assert_eq!(served(&inputs, &planned)[1..], [(6.0, 2.0); 3]);
    }
}

use swingload_model::site::Use;

use super::*;
use crate::inputs::{NodeInput, PlanInputs, StackInput, small};

/// A one-step world: `nodes` as (parent, limit, export), `supplies` as (node, MW, cost), `loads` as (node, MW, value).
fn world(
    nodes: &[(Option<usize>, f64, f64)],
    supplies: &[(usize, f64, f64)],
    loads: &[(usize, f64, f64)],
) -> PlanInputs {
    let node = |(i, (parent, limit, export)): (usize, &(Option<usize>, f64, f64))| NodeInput {
        export: *export,
        ..small::node(&format!("n{i}"), *parent, vec![*limit])
    };
    let load = |(node, mw, value): &(usize, f64, f64)| StackInput {
        node: *node,
        used_for: Use::Hashing,
        ..small::service(1, &[(*mw, *value)], 0)
    };
    PlanInputs {
        nodes: nodes.iter().enumerate().map(node).collect(),
        supplies: (supplies.iter())
            .map(|(node, mw, cost)| small::supply("", *node, vec![*mw], vec![*cost]))
            .collect(),
        stacks: loads.iter().map(load).collect(),
        ..small::site(1.0, &[0.0])
    }
}

fn clear(inputs: &PlanInputs, fixed: &[f64]) -> (Cleared, Market, Workspace) {
    let market = Market::new(inputs);
    let mut work = Workspace::default();
    let cleared = market.clear(0, fixed, &[], &mut work);
    (cleared, market, work)
}

#[test]
fn cheap_power_serves_the_most_valuable_load_first() {
    let inputs = world(
        &[(None, 100.0, 0.0)],
        &[(0, 10.0, 5.0), (0, 20.0, 50.0)],
        &[(0, 8.0, 40.0), (0, 7.0, 90.0)],
    );
    let (cleared, ..) = clear(&inputs, &[0.0]);
    // 7 MW at 90 take surplus; 3 MW of the rest at 40; grid at 50 is too dear for 40.
    assert_eq!(
        cleared,
        Cleared {
            value: 7.0 * 90.0 + 3.0 * 40.0 - 10.0 * 5.0,
            overload: 0.0
        }
    );
}

#[test]
fn limits_nest() {
    // Feeder of 5 MW over a hall of 3 MW, both full of loads.
    let inputs = world(
        &[(None, 100.0, 0.0), (Some(0), 5.0, 0.0), (Some(1), 3.0, 0.0)],
        &[(0, 50.0, 10.0)],
        &[(2, 4.0, 100.0), (1, 4.0, 60.0), (0, 4.0, 20.0)],
    );
    let (cleared, market, mut work) = clear(&inputs, &[0.0; 3]);
    assert_eq!(cleared.value, 3.0 * 90.0 + 2.0 * 50.0 + 4.0 * 10.0);
    let mut steps = Vec::new();
    market.residual(0, 2, 4.0, &mut work, &mut steps);
    // The hall is full: one more watt there displaces its own load, at any price below.
    assert_eq!(
        steps,
        [CostStep {
            cost: 100.0,
            width: 3.0
        }]
    );
    let (_, market, mut work) = clear(&inputs, &[0.0; 3]);
    market.residual(0, 0, 4.0, &mut work, &mut steps);
    assert_eq!(
        steps[0],
        CostStep {
            cost: 10.0,
            width: 4.0
        }
    );
}

#[test]
fn negative_prices_are_taken_and_nothing_is_bought_to_be_wasted() {
    let inputs = world(
        &[(None, 100.0, 0.0)],
        &[(0, 50.0, -30.0), (0, 10.0, 0.0)],
        &[(0, 20.0, -10.0)],
    );
    let (cleared, ..) = clear(&inputs, &[0.0]);
    assert_eq!(cleared.value, 20.0 * (-10.0 + 30.0));
}

#[test]
fn surplus_behind_an_export_limit_is_cheap_only_at_home() {
    // Region 1 has 40 MW of free surplus, exports 10; region 2 buys from the hub at 50.
    let inputs = world(
        &[
            (None, 1000.0, 0.0),
            (Some(0), 100.0, 10.0),
            (Some(0), 100.0, 0.0),
        ],
        &[(1, 40.0, 0.0), (0, 30.0, 50.0)],
        &[(1, 5.0, 80.0), (2, 25.0, 70.0)],
    );
    let (cleared, market, mut work) = clear(&inputs, &[0.0; 3]);
    assert_eq!(cleared.value, 5.0 * 80.0 + 25.0 * 70.0 - 15.0 * 50.0);
    let mut steps = Vec::new();
    market.residual(0, 1, 100.0, &mut work, &mut steps);
    assert_eq!(
        steps[0],
        CostStep {
            cost: 0.0,
            width: 25.0
        }
    );
    let (_, market, mut work) = clear(&inputs, &[0.0; 3]);
    market.residual(0, 2, 100.0, &mut work, &mut steps);
    assert_eq!(
        steps[0],
        CostStep {
            cost: 50.0,
            width: 15.0
        }
    );
}

#[test]
fn fixed_draws_beyond_the_supply_are_reported() {
    let inputs = world(&[(None, 100.0, 0.0)], &[(0, 10.0, 5.0)], &[(0, 8.0, 40.0)]);
    let (cleared, ..) = clear(&inputs, &[12.0]);
    assert_eq!(cleared.overload, 2.0);
}

#[test]
fn the_residual_prices_what_a_fixed_draw_costs() {
    let inputs = world(
        &[
            (None, 1000.0, 0.0),
            (Some(0), 9.0, 0.0),
            (Some(0), 6.0, 0.0),
        ],
        &[(0, 8.0, 12.0), (0, 5.0, 33.0)],
        &[
            (1, 4.0, 100.0),
            (1, 3.0, 30.0),
            (2, 5.0, 61.0),
            (2, 4.0, 20.0),
        ],
    );
    let (before, market, mut work) = clear(&inputs, &[0.0; 3]);
    for node in 0..3 {
        let mut steps = Vec::new();
        market.clear(0, &[0.0; 3], &[], &mut work);
        market.residual(0, node, 20.0, &mut work, &mut steps);
        let (mut drawn, mut cost) = (0.0, 0.0);
        for step in steps.clone() {
            drawn += step.width;
            cost += step.width * step.cost;
            let mut fixed = [0.0; 3];
            fixed[node] = drawn;
            let after = market.clear(0, &fixed, &[], &mut work);
            assert!(
                (before.value - after.value - cost).abs() < 1e-9,
                "node {node}, {drawn} MW: {cost} against {}",
                before.value - after.value
            );
        }
    }
}

#[test]
fn the_roots_limit_holds_all_loads() {
    let inputs = world(
        &[(None, 6.0, 0.0)],
        &[(0, 10.0, 5.0)],
        &[(0, 4.0, 40.0), (0, 4.0, 20.0)],
    );
    let (cleared, market, mut work) = clear(&inputs, &[1.0]);
    assert_eq!(cleared.value, 4.0 * 40.0 + 20.0 - 6.0 * 5.0);
    let mut steps = Vec::new();
    market.residual(0, 0, 10.0, &mut work, &mut steps);
    assert_eq!(
        steps[0],
        CostStep {
            cost: 20.0,
            width: 1.0
        }
    );
}

/// A generator of shares of 1, the same for the same seed.
struct Shares(u64);

impl Shares {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) as f64 / (1u64 << 31) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.next()
    }
}

/// Sites with feeders below them, supplies at the sites and the root, loads everywhere.
fn sites(draw: &mut Shares) -> PlanInputs {
    let mut nodes = vec![(None, draw.between(15.0, 60.0), 0.0)];
    let mut supplies = vec![(0, draw.between(5.0, 60.0), draw.between(10.0, 60.0))];
    let mut loads = vec![(0, draw.between(1.0, 10.0), draw.between(0.0, 90.0))];
    for _ in 0..1 + (draw.between(0.0, 3.0) as usize) {
        let site = nodes.len();
        nodes.push((Some(0), draw.between(4.0, 30.0), draw.between(0.0, 8.0)));
        for _ in 0..2 {
            supplies.push((site, draw.between(1.0, 25.0), draw.between(-20.0, 80.0)));
        }
        loads.push((site, draw.between(1.0, 6.0), draw.between(0.0, 90.0)));
        for _ in 0..2 {
            let feeder = nodes.len();
            nodes.push((Some(site), draw.between(2.0, 12.0), 0.0));
            for _ in 0..3 {
                loads.push((feeder, draw.between(0.5, 6.0), draw.between(-10.0, 90.0)));
            }
        }
    }
    world(&nodes, &supplies, &loads)
}

#[test]
fn a_pass_over_sites_is_worth_what_all_walks_are() {
    let (mut draw, mut compared, mut held) = (Shares(7), 0, 0);
    for _ in 0..2000 {
        let inputs = sites(&mut draw);
        let mut market = Market::new(&inputs);
        let mut work = Workspace::default();
        for factor in [0.2, 0.0, 0.21, 0.205] {
            let fixed: Vec<f64> = inputs
                .nodes
                .iter()
                .map(|n| factor * n.limit[0].min(3.0))
                .collect();
            market.tree.flat = true;
            market.lay_out(0, &[], &mut work);
            let Some(by_sites) = market.take_by_sites(0, &fixed, &mut work) else {
                continue;
            };
            let load = work.load;
            market.tree.flat = false;
            let walked = market.clear(0, &fixed, &[], &mut Workspace::default());
            assert!(
                (by_sites.value - walked.value).abs() <= 1e-6 * (1.0 + walked.value.abs()),
                "{by_sites:?} {walked:?}"
            );
            assert!(load <= inputs.nodes[0].limit[0] + 1e-6);
            compared += 1;
            held += usize::from(load >= inputs.nodes[0].limit[0] - 1e-6);
        }
    }
    assert!(compared > 4000 && held > 400, "{compared} {held}");
}

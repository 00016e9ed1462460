//! Steps, power tree and supply.

use swingload_model::TimeGrid;
use swingload_scheduler::inputs::{NodeInput, SupplyInput};

use super::draw::Draw;
use super::small::{node, supply};

/// Start of every grid, Unix seconds: 2022-07-01.
const START: i64 = 1_656_633_600;

/// Charge on all power in the hours that may make the system's peak, currency per MWh; all
/// other prices of the grid are whole.
pub(crate) const COINCIDENT: f64 = 150.25;

/// Name of the grid's power beyond what a called commitment leaves, dearer by its penalty.
pub(crate) const BEYOND_CALL: &str = "grid beyond the call";

/// 10 to 14 steps of a quarter to one hour, sometimes of uneven lengths.
pub(super) fn grid(draw: &mut Draw) -> TimeGrid {
    let steps = draw.whole(10, 14);
    let length = draw.pick(&[900, 1800, 3600, 3600]);
    let uneven = draw.chance(0.2);
    let mut boundaries = vec![START + 3600 * draw.whole(0, 23) as i64];
    for _ in 0..steps {
        let factor = if uneven { draw.pick(&[1, 2]) } else { 1 };
        boundaries.push(boundaries[boundaries.len() - 1] + length * factor);
    }
    TimeGrid::from_boundaries(boundaries).expect("boundaries rise")
}

/// A root and one to three nodes below it, in a row or in a chain.
pub(super) fn nodes(draw: &mut Draw, steps: usize) -> Vec<NodeInput> {
    let site = draw.between(12.0, 24.0);
    let mut nodes = vec![node("site", None, vec![site; steps])];
    for n in 0..draw.whole(1, 3) {
        let parent = if n > 0 && draw.chance(0.3) { n } else { 0 };
        let mut limit = vec![site * draw.between(0.3, 0.7); steps];
        if draw.chance(0.3) {
            // Maintenance: half the limit for a third of the steps.
            limit[steps / 3..2 * steps / 3]
                .iter_mut()
                .for_each(|l| *l *= 0.5);
        }
        let export = if draw.chance(0.5) {
            site * draw.between(0.05, 0.25)
        } else {
            0.0
        };
        // Marginal overhead grows with the warmth of the day.
        let (overhead, heat) = (draw.pick(&[0.0, 0.05, 0.2]), draw.pick(&[0.0, 0.0, 0.08]));
        let factor = (0..steps)
            .map(|t| 1.0 + overhead + heat * (1.0 - libm::cos(t as f64 * 0.5)))
            .collect();
        nodes.push(NodeInput {
            export,
            factor,
            ..node(&format!("node {n}"), Some(parent), limit)
        });
    }
    nodes
}

/// The grid at the root, dearer beyond a called limit and in peak hours, sometimes a contract
/// there, often surplus at a node; prices below zero in some steps.
pub(super) fn supplies(draw: &mut Draw, nodes: &[NodeInput], steps: usize) -> Vec<SupplyInput> {
    let base = draw.between(20.0, 60.0);
    let spread = draw.between(30.0, 80.0);
    let pace = draw.between(0.6, 2.0);
    let mut price: Vec<f64> = (0..steps)
        .map(|t| (base + spread * (libm::sin(t as f64 * pace) + draw.between(-0.7, 0.7))).round())
        .collect();
    let mut coincident = vec![0.0; steps];
    if draw.chance(0.45) {
        let first = draw.whole(0, steps - 2);
        coincident[first..first + draw.whole(1, 2)].fill(COINCIDENT);
    }
    let charged =
        |cost: Vec<f64>| -> Vec<f64> { cost.iter().zip(&coincident).map(|(c, p)| c + p).collect() };
    price = charged(price);
    let mut available = vec![1000.0; steps];
    let mut supplies = Vec::new();
    if draw.chance(0.45) {
        let first = draw.whole(0, steps - 4);
        let called = first..first + draw.whole(2, 4);
        let left = nodes[0].limit[0] * draw.between(0.1, 0.35);
        available[called.clone()].fill(left);
        let mut beyond = vec![0.0; steps];
        beyond[called].fill(1000.0);
        let penalty = draw.between(60.0, 250.0);
        let cost = price.iter().map(|p| p + penalty).collect();
        supplies.push(supply(BEYOND_CALL, 0, beyond, cost));
    }
    supplies.insert(0, supply("grid", 0, available, price));
    if draw.chance(0.8) {
        let available = (0..steps)
            .map(|_| draw.between(0.0, 12.0).round())
            .collect();
        let node = if draw.chance(0.9) {
            draw.whole(1, nodes.len() - 1)
        } else {
            0
        };
        let cost = vec![draw.pick(&[-5.0, 0.0, 6.0, 15.0]); steps];
        supplies.push(supply("surplus", node, available, charged(cost)));
    }
    if draw.chance(0.3) {
        let cost = vec![draw.between(15.0, 50.0).round(); steps];
        let available = vec![draw.between(2.0, 8.0); steps];
        supplies.push(supply("contract", 0, available, charged(cost)));
    }
    supplies
}

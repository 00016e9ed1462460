//! What sample paths say of a first step, as a plan holds it.

use swingload_model::plan::{Expectation, ExpectedPrice};
use swingload_model::units::Money;

use super::price;
use crate::build::Built;
use crate::paths::OnPaths;

/// The expectation of a first step decided on paths of what `built` was made from.
pub fn expectation(built: &Built, decided: &OnPaths) -> Expectation {
    let micro = |units: f64| Money::new((units * 1e6).round() as i64);
    let total = |value: f64| micro(value + built.constant);
    let values = || decided.values.iter().copied();
    let nodes = built.inputs.nodes.iter().zip(&decided.marginal);
    Expectation {
        paths: decided.values.len() as u32,
        first_steps: decided.candidates as u32,
        expected: total(decided.expected()),
        spread: micro(decided.spread()),
        least: total(values().fold(f64::INFINITY, f64::min)),
        most: total(values().fold(f64::NEG_INFINITY, f64::max)),
        gained: micro(decided.gained()),
        marginal_values: nodes
            .map(|(node, mwh)| ExpectedPrice {
                node: node.id.clone(),
                per_mwh: price(*mwh),
            })
            .collect(),
    }
}

//! Emissions of the energy drawn, in whole grams per step.

use swingload_model::units::divide_half_even;

use crate::flow::Flow;
use crate::truth::Truth;

/// Grams of CO2e of step `t`: each block at its own intensity.
pub(crate) fn grams(truth: &Truth, flow: &Flow, t: usize) -> i64 {
    // J x mg/kWh / 3.6e6 J per kWh / 1000 mg per g.
    let milligrams: i128 = flow
        .used
        .iter()
        .zip(&truth.supply)
        .map(|(j, s)| i128::from(*j) * i128::from(s.carbon.at(t)))
        .sum();
    divide_half_even(milligrams, 3_600_000_000)
}

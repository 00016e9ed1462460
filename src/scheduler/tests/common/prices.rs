//! Prices near those of a problem, and the bound they give.

use swingload_scheduler::bound::{Goal, Prices, tighten};
use swingload_scheduler::inputs::PlanInputs;
use swingload_scheduler::placement::Windows;
use swingload_scheduler::plan::beyond_worth;
use swingload_scheduler::schedule::{Problem, Room};

use super::draw::Draw;

/// Prices of what couples the steps of `inputs`, each drawn near what it may be worth.
pub(crate) fn prices(seed: u64, inputs: &PlanInputs) -> Prices {
    let mut draw = Draw::new(seed ^ 0x7072_6963_6573);
    let steps = inputs.steps();
    let work = (inputs.jobs.iter())
        .map(|job| (job.value + job.unmet) * draw.between(0.0, 1.0))
        .collect();
    let power = (inputs.pools.iter())
        .map(|_| {
            let cost = &inputs.supplies[0].cost;
            cost.iter().map(|c| c * draw.between(0.7, 1.3)).collect()
        })
        .collect();
    let ramp = (inputs.ramps.iter())
        .map(|ramp| {
            let mut rho: Vec<f64> = (0..=steps).map(|_| draw.between(-20.0, 20.0)).collect();
            // Nothing ties the first step where it is free, and nothing follows the last.
            rho[0] = if ramp.initial.is_some() { rho[0] } else { 0.0 };
            rho[steps] = 0.0;
            rho
        })
        .collect();
    let peak = (inputs.demand.iter())
        .map(|demand| {
            let drawn: Vec<f64> = (demand.first..demand.end)
                .map(|_| draw.between(0.0, 1.0))
                .collect();
            let sum: f64 = drawn.iter().sum();
            (drawn.iter()).map(|d| d / sum * demand.per_mw).collect()
        })
        .collect();
    Prices {
        work,
        power,
        jobs: Vec::new(),
        ramp,
        peak,
    }
}

/// The relaxed optimum at given prices.
pub(crate) fn bound_at(inputs: &PlanInputs, prices: &Prices) -> f64 {
    let problem = Problem::new(inputs);
    let mut windows = Windows::new(&problem);
    windows.beyond_worth = beyond_worth(inputs);
    // One evaluation: no step is taken from the prices.
    tighten(
        &problem,
        &windows,
        vec![prices.clone()],
        Goal {
            target: f64::NEG_INFINITY,
            enough: f64::NEG_INFINITY,
            iterations: 1,
        },
        &mut Room::default(),
    )
    .bound
}

//! The steps after the run, behind those of the oracle's plan and the bound.
//!
//! Only jobs draw there, within the limits and at the price of [`After`]; so work left for
//! later competes for the same GPUs and hours as in settlement, and is worth no more than
//! what can be done.

use swingload_model::TimeGrid;
use swingload_scheduler::build::Built;
use swingload_scheduler::inputs::{PlanInputs, SupplyInput};

use crate::after::{After, outlasts_ramps};
use crate::run::Context;

/// The inputs of `built` without the steps after the run: what is left of each job is worth what
/// it would be if the job had its pool to itself then. No schedule after the run is worth more,
/// so a bound of this problem is one of the other, too; where jobs crowd the end of a long run it
/// is the lower one, since it has no prices of later GPUs to find.
pub(super) fn each_alone(context: &Context<'_>, after: &After, built: &Built) -> PlanInputs {
    let mut inputs = built.inputs.clone();
    for (input, position) in inputs.jobs.iter_mut().zip(&built.job) {
        let job = &context.jobs[*position];
        let pool = job.gpu_pool;
        input.beyond_cost = Some(after.price * after.gpu_mw(&context.scenario.site, pool));
        if job.latest > after.boundaries[0] {
            input.unmet = 0.0;
        }
    }
    inputs
}

/// Adds the steps after the run to `inputs`; `gpu_node` is the node of each GPU pool, and
/// `job` the position of each of the inputs' jobs.
pub(super) fn extend(
    context: &Context<'_>,
    after: &After,
    gpu_node: &[usize],
    job: &[usize],
    inputs: &mut PlanInputs,
) {
    let end = after.boundaries[0];
    for (input, position) in inputs.jobs.iter_mut().zip(job) {
        // What is left for later has its steps; what is never done of it costs nothing.
        input.beyond = 0.0;
        if context.jobs[*position].latest > end {
            input.unmet = 0.0;
        }
    }
    let (steps, more) = (inputs.grid.len(), after.len());
    if more == 0 {
        return;
    }
    let site = &context.scenario.site;
    let mut boundaries = inputs.grid.boundaries().to_vec();
    boundaries.extend(&after.boundaries[1..]);
    inputs.grid = TimeGrid::from_boundaries(boundaries)
        .expect("invariant: steps after the run rise from its end");
    let longer = |row: &mut Vec<f64>, value: f64| row.resize(steps + more, value);
    for (n, node) in inputs.nodes.iter_mut().enumerate() {
        let pool = gpu_node.iter().position(|at| *at == n);
        let (limit, factor) = match pool {
            Some(p) => {
                let factor = after.factor[site.gpu_pools[p].node];
                (after.gpus[p] * after.gpu_mw(site, p), factor)
            }
            None => (after.node_mw[n], after.factor[n]),
        };
        longer(&mut node.limit, limit);
        longer(&mut node.factor, factor);
    }
    for supply in &mut inputs.supplies {
        longer(&mut supply.available, 0.0);
        longer(&mut supply.cost, after.price);
    }
    let mut available = vec![0.0; steps];
    longer(&mut available, after.node_mw[0]);
    inputs.supplies.push(SupplyInput {
        id: "after the run".to_owned(),
        node: 0,
        available,
        cost: vec![after.price; steps + more],
    });
    for tier in inputs.stacks.iter_mut().flat_map(|stack| &mut stack.tiers) {
        longer(&mut tier.mw, 0.0);
        longer(&mut tier.value, 0.0);
        longer(&mut tier.penalty, 0.0);
    }
    for pool in &mut inputs.pools {
        longer(&mut pool.revenue, 0.0);
        longer(&mut pool.adder, 0.0);
        longer(&mut pool.scale, 0.0);
        if let Some(day) = pool.day.last().copied() {
            pool.day.resize(steps + more, day.saturating_add(1));
        }
    }
    // The price has training's adders in it.
    longer(&mut inputs.job_adder, 0.0);
    if !outlasts_ramps(site) {
        inputs.ramps.clear();
    }
    for (input, position) in inputs.jobs.iter_mut().zip(job) {
        let latest = context.jobs[*position].latest;
        if latest > end {
            input.end = inputs.grid.boundary_at_or_after(latest);
        }
    }
}

/// Leaves the plan a share of what jobs find after the run, whose steps begin at `first`.
pub(super) fn shrink(first: usize, share: f64, inputs: &mut PlanInputs) {
    for node in &mut inputs.nodes {
        node.limit[first..].iter_mut().for_each(|mw| *mw *= share);
    }
}

//! Inputs looser than the site, for a bound that holds for what the meters showed, and
//! tighter, for a plan that keeps its ramps when realised.
//!
//! Limits, availabilities and ramps are widened to the largest value any run reached
//! beyond them; minimum times go where a run broke them. A plan made on these inputs
//! is no plan for the site: only its bound is used.

use swingload_model::units::{JOULES_PER_MWH, Power};
use swingload_scheduler::inputs::PlanInputs;
use swingload_scheduler::plan::Planned;
use swingload_scheduler::state::BLOCKS_PER_POOL;

use crate::record::PolicyRun;
use crate::run::Context;
use crate::truth::PARTS;

/// Drops limits on starts per day; returns whether there were any. Rule policies count
/// starts by the block and the bound by the device, so no limit holds for both.
pub(super) fn unlimited_starts(inputs: &mut PlanInputs) -> bool {
    let limits = inputs.pools.iter_mut().map(|p| p.starts_per_day.take());
    limits.flatten().count() > 0
}

/// Widens `inputs` to what `run` did.
pub(super) fn widen(context: &Context<'_>, run: &PolicyRun, inputs: &mut PlanInputs) {
    if run.incidents.early_switches > 0 {
        for pool in &mut inputs.pools {
            pool.min_on = 0.0;
            pool.min_off = 0.0;
        }
    }
    let (site, grid) = (&context.scenario.site, &context.truth.grid);
    let above: Vec<Vec<usize>> = (0..site.tree.len())
        .map(|n| site.tree.path_to_root(n))
        .collect();
    let mut before: Option<Vec<f64>> = None;
    for t in 0..grid.len() {
        let mw = |joules: i64| joules as f64 / JOULES_PER_MWH as f64 / grid.hours(t);
        for (k, block) in site.supply.iter().enumerate() {
            let there: f64 = inputs
                .supplies
                .iter()
                .filter(|s| s.is_part_of(&block.id))
                .map(|s| s.available[t])
                .sum();
            let over = mw(run.supply_energy[k][t]) - there;
            if over > 1e-9 {
                let first = inputs.supplies.iter_mut().find(|s| s.id == block.id);
                first
                    .expect("invariant: every block is a supply of the plan")
                    .available[t] += over;
            }
        }
        let mut load = vec![0i64; site.tree.len()];
        for (of_load, energy) in context.loads.all.iter().zip(&run.load_energy) {
            above[of_load.node]
                .iter()
                .for_each(|n| load[*n] += energy[t]);
        }
        let mut import = load.clone();
        for (block, energy) in site.supply.iter().zip(&run.supply_energy) {
            above[block.node]
                .iter()
                .for_each(|n| import[*n] -= energy[t]);
        }
        // The root's rating carries all load, whatever feeds it.
        import[0] = load[0];
        for (node, import) in import.into_iter().enumerate() {
            let limit = &mut inputs.nodes[node].limit[t];
            *limit = limit.max(mw(import));
        }
        let load: Vec<f64> = load.into_iter().map(mw).collect();
        if let Some(before) = before {
            for ramp in &mut inputs.ramps {
                let change = load[ramp.node] - before[ramp.node];
                for (limit, change) in [(&mut ramp.up, change), (&mut ramp.down, -change)] {
                    *limit = limit.max(change / grid.hours(t));
                }
            }
        }
        before = Some(load);
    }
}

/// Narrows ramps that bind in `planned` by what whole devices and replicas may draw
/// beside their set points; returns whether there are any.
///
/// A plan that goes to a ramp's edge in fractions of devices breaks it when realised.
pub(super) fn leave_room(
    context: &Context<'_>,
    planned: &Planned,
    inputs: &mut PlanInputs,
) -> bool {
    let (site, truth) = (&context.scenario.site, &context.truth);
    let mut found = false;
    let binding = planned.evaluated.ramped_loads.iter().filter(|l| l.binding);
    for ramped in binding {
        let below = |node: usize| site.tree.path_to_root(node).contains(&ramped.node);
        let largest = |node: usize| {
            let factor = |t| truth.factor[node].at(t) as f64 / PARTS as f64;
            (0..truth.grid.len()).map(factor).fold(1.0, f64::max)
        };
        let mut mw = 0.0;
        for pool in site.pools.iter().filter(|p| below(p.node)) {
            let top = pool.points.last().map_or(Power::ZERO, |p| p.power);
            mw += f64::from(BLOCKS_PER_POOL) * top.as_megawatts() * largest(pool.node);
        }
        for service in &site.services {
            let pool = &site.gpu_pools[service.gpu_pool];
            if below(pool.node) {
                let gpu = (pool.running - pool.idle).as_megawatts() * largest(pool.node);
                mw += f64::from(service.gpus_per_replica) * gpu;
            }
        }
        let shortest = (0..truth.grid.len())
            .map(|t| truth.grid.hours(t))
            .fold(f64::INFINITY, f64::min);
        for ramp in inputs.ramps.iter_mut().filter(|r| r.node == ramped.node) {
            // At most half of a ramp goes to rounding, or nothing could move at all.
            let narrowed = |limit: f64| (limit - mw / shortest).max(0.5 * limit);
            (ramp.up, ramp.down) = (narrowed(ramp.up), narrowed(ramp.down));
            found = true;
        }
    }
    found
}

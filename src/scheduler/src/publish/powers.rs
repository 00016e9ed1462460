//! Whole watts of loads and supply.

use swingload_model::plan::{LoadPlan, SupplyPlan};
use swingload_model::site::commitment::CommitmentKind;
use swingload_model::site::{Site, Use};
use swingload_model::units::{EnergyPrice, Power, split_by_largest_remainder};

use super::Occasion;
use crate::build::{Built, PoolPlace};
use crate::evaluate::StepOutcome;
use crate::inputs::PlanInputs;
use crate::plan::Planned;

/// Facility MW as whole watts, rounded down but for what is noise of the arithmetic.
pub(super) fn watts(mw: f64) -> Power {
    Power::new((mw * 1e6 + 1e-3).floor().max(0.0) as i64)
}

/// Loads of the site: pools, services, hosting, jobs by GPU pool, overheads by node.
pub(super) fn loads(
    occasion: &Occasion<'_>,
    built: &Built,
    planned: &Planned,
    outcomes: &[StepOutcome],
) -> Vec<LoadPlan> {
    let (site, inputs) = (occasion.site, &built.inputs);
    let load = |id: &str, used_for, node: usize, mw: &dyn Fn(usize) -> f64, units| LoadPlan {
        load: id.to_owned(),
        used_for,
        node: site.tree.node(node).id.clone(),
        watts: (0..inputs.steps()).map(|t| watts(mw(t))).collect(),
        units,
    };
    let stack = |s: usize| move |t: usize| outcomes[t].power.stacks[s];
    let steps = || 0..inputs.steps();
    let mut all = Vec::new();
    for (p, (pool, place)) in site.pools.iter().zip(&built.pool).enumerate() {
        all.push(match *place {
            PoolPlace::Pool(m) => {
                let drawn = |t: usize| outcomes[t].power.blocks[m].iter().sum();
                let units = awake(inputs, planned, m);
                load(&pool.id, Use::Hashing, pool.node, &drawn, units)
            }
            PoolPlace::Stack(s) => {
                let units = woken(occasion, built, outcomes, p, s);
                load(&pool.id, Use::Hashing, pool.node, &stack(s), units)
            }
        });
    }
    // Facility MW that one GPU at work adds to an idle one.
    let gpu_mw = |g: usize, t: usize| {
        let pool = &site.gpu_pools[g];
        (pool.running - pool.idle).as_megawatts() * inputs.nodes[built.gpu_node[g]].factor[t]
    };
    for (service, s) in site.services.iter().zip(&built.service) {
        let g = service.gpu_pool;
        let gpus = |t: usize| whole(outcomes[t].power.stacks[*s] / gpu_mw(g, t));
        let (node, units) = (site.gpu_pools[g].node, steps().map(gpus).collect());
        all.push(load(&service.id, Use::Inference, node, &stack(*s), units));
    }
    for (commitment, s) in site.commitments.iter().zip(&built.hosting) {
        if let (CommitmentKind::Hosting { node, used_for, .. }, Some(s)) = (&commitment.kind, s) {
            all.push(load(
                &commitment.id,
                *used_for,
                *node,
                &stack(*s),
                Vec::new(),
            ));
        }
    }
    for (g, pool) in site.gpu_pools.iter().enumerate() {
        let here: Vec<usize> = (0..inputs.jobs.len())
            .filter(|j| inputs.jobs[*j].node == built.gpu_node[g])
            .collect();
        let gpus = |t: usize| -> f64 { here.iter().map(|j| outcomes[t].power.jobs[*j]).sum() };
        let drawn = |t: usize| gpus(t) * gpu_mw(g, t);
        let units = steps().map(|t| whole(gpus(t))).collect();
        let id = format!("training on {}", pool.id);
        all.push(load(&id, Use::Training, pool.node, &drawn, units));
    }
    for (s, overhead) in inputs.stacks.iter().enumerate() {
        if overhead.used_for == Use::Overhead && !built.hosting.contains(&Some(s)) {
            let node = overhead.node;
            all.push(load(
                &overhead.id,
                Use::Overhead,
                node,
                &stack(s),
                Vec::new(),
            ));
        }
    }
    all
}

/// Devices or GPUs, rounded up but for noise.
fn whole(count: f64) -> u32 {
    (count - 1e-6).ceil().max(0.0) as u32
}

/// Devices awake of a pool with memory.
fn awake(inputs: &PlanInputs, planned: &Planned, m: usize) -> Vec<u32> {
    let scale = &inputs.pools[m].scale;
    let awake = &planned.schedule.awake[m];
    awake.iter().zip(scale).map(|(n, s)| whole(n * s)).collect()
}

/// Devices awake of a pool without memory: as few at the lowest setting as draw its power.
fn woken(
    occasion: &Occasion<'_>,
    built: &Built,
    outcomes: &[StepOutcome],
    p: usize,
    s: usize,
) -> Vec<u32> {
    let (pool, grid) = (&occasion.site.pools[p], &built.inputs.grid);
    let lowest = (pool.points[0].power - pool.sleep).as_megawatts();
    let of = |(t, o): (usize, &StepOutcome)| {
        let device = lowest * built.inputs.nodes[pool.node].factor[t];
        whole(o.power.stacks[s] / device).min(pool.count.at(grid.start_s(t)))
    };
    outcomes.iter().enumerate().map(of).collect()
}

/// Supply blocks of the site; parts that a contract or a penalised limit cut off a block
/// are put together again. `None` where a price cannot be counted.
pub(super) fn supply(
    site: &Site,
    inputs: &PlanInputs,
    outcomes: &[StepOutcome],
    loads: &[LoadPlan],
) -> Option<Vec<SupplyPlan>> {
    let parts: Vec<Vec<usize>> = site
        .supply
        .iter()
        .map(|block| {
            let of = |s: &usize| inputs.supplies[*s].is_part_of(&block.id);
            (0..inputs.supplies.len()).filter(of).collect()
        })
        .collect();
    let steps = inputs.steps();
    let sum =
        |parts: &[usize], mw: &dyn Fn(usize) -> f64| parts.iter().map(|s| mw(*s)).sum::<f64>();
    let mut all: Vec<SupplyPlan> = site
        .supply
        .iter()
        .zip(&parts)
        .map(|(block, parts)| {
            let own = parts.iter().find(|s| inputs.supplies[**s].id == block.id);
            Some(SupplyPlan {
                supply: block.id.clone(),
                watts: Vec::with_capacity(steps),
                available: (0..steps)
                    .map(|t| watts(sum(parts, &|s| inputs.supplies[s].available[t])))
                    .collect(),
                per_mwh: own.map_or_else(
                    || Some(Vec::new()),
                    |s| {
                        let cost = &inputs.supplies[*s].cost;
                        cost.iter().map(|c| EnergyPrice::checked(*c)).collect()
                    },
                )?,
            })
        })
        .collect::<Option<_>>()?;
    for (t, outcome) in outcomes.iter().enumerate() {
        // Loads were rounded down, so their sum is at most what supply gives.
        let drawn: i64 = loads.iter().map(|load| load.watts[t].get()).sum();
        let weights: Vec<i64> = parts
            .iter()
            .map(|parts| (sum(parts, &|s| outcome.supply[s]) * 1e9).round().max(0.0) as i64)
            .collect();
        let split = split_by_largest_remainder(drawn, &weights);
        for (plan, watts) in all.iter_mut().zip(split) {
            plan.watts.push(Power::new(watts));
        }
    }
    Some(all)
}

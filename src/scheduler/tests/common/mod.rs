//! Random small planning problems, each from a seed.

mod draw;
#[allow(
    dead_code,
    reason = "every test binary compiles this module, and not all use all of it"
)]
mod faults;
mod loads;
mod prices;
mod site;
#[allow(
    dead_code,
    reason = "every test binary compiles this module, and not all use all of it"
)]
pub(crate) mod small;

use swingload_scheduler::inputs::{DemandInput, PlanInputs, PoolInput, RampInput};

use draw::Draw;
#[allow(
    unused_imports,
    reason = "every test binary compiles this module, and not all use all of it"
)]
pub(crate) use faults::faults;
#[allow(
    unused_imports,
    reason = "every test binary compiles this module, and not all use all of it"
)]
pub(crate) use prices::{bound_at, prices};
#[allow(
    unused_imports,
    reason = "every test binary compiles this module, and not all use all of it"
)]
pub(crate) use site::{BEYOND_CALL, COINCIDENT};

/// A site with everything on it that a plan knows, each part in more than a third of the problems.
pub(crate) fn instance(seed: u64) -> PlanInputs {
    let mut draw = Draw::new(seed);
    let grid = site::grid(&mut draw);
    let steps = grid.len();
    let nodes = site::nodes(&mut draw, steps);
    let mut inputs = PlanInputs {
        supplies: site::supplies(&mut draw, &nodes, steps),
        stacks: (0..draw.whole(1, 2))
            .map(|i| loads::service(&mut draw, &nodes, i, steps))
            .collect(),
        pools: (0..draw.pick(&[1, 2, 2]))
            .map(|m| loads::pool(&mut draw, &nodes, m, &grid))
            .collect(),
        jobs: Vec::new(),
        job_adder: vec![draw.pick(&[0.0, 4.0, 8.0]); steps],
        ramps: Vec::new(),
        demand: Vec::new(),
        grid,
        nodes,
    };
    if draw.chance(0.4) {
        let hosting = loads::hosting(&mut draw, &inputs.nodes, steps);
        inputs.stacks.push(hosting);
    }
    for j in 0..draw.whole(2, 3) {
        let job = loads::job(&mut draw, &inputs, j);
        inputs.jobs.push(job);
    }
    settle(&mut inputs);
    if draw.chance(0.7) {
        ramp(&mut draw, &mut inputs);
    }
    if draw.chance(0.5) {
        // The horizon may hold the end of one month and the beginning of the next.
        let turn = draw.pick(&[0, 0, 0, steps / 3]);
        let months = [0..turn, turn..steps];
        for month in months.into_iter().filter(|m| !m.is_empty()) {
            let limit = inputs.nodes[0].limit[0];
            inputs.demand.push(DemandInput {
                id: "peak".into(),
                first: month.start,
                end: month.end,
                per_mw: draw.between(5.0, 150.0),
                peak_so_far: limit * draw.between(0.0, 0.5),
            });
        }
    }
    inputs
}

/// A ramp on the load of the whole site.
fn ramp(draw: &mut Draw, inputs: &mut PlanInputs) {
    let limit = inputs.nodes[0].limit[0];
    let initial = draw.chance(0.7).then(|| load_before(inputs));
    // A fleet that heat shuts at once cannot keep a ramp.
    inputs.pools.iter_mut().for_each(|p| p.scale.fill(1.0));
    inputs.ramps.push(RampInput {
        node: 0,
        up: limit * draw.between(0.06, 0.3) / inputs.grid.hours(0),
        down: limit * draw.between(0.06, 0.3) / inputs.grid.hours(0),
        initial,
    });
}

/// Turns blocks off that limits could not carry beside the floors, so that every problem has a plan.
fn settle(inputs: &mut PlanInputs) {
    let least = |n: usize| {
        inputs.nodes[n]
            .limit
            .iter()
            .copied()
            .fold(f64::INFINITY, f64::min)
    };
    let mut room: Vec<f64> = (0..inputs.nodes.len()).map(|n| 0.6 * least(n)).collect();
    for pool in &mut inputs.pools {
        for block in pool.blocks.iter_mut().filter(|b| b.on) {
            let mw = block.devices * pool.points[0].0 * inputs.nodes[pool.node].factor[0];
            let mut above = Some(pool.node);
            let mut path = Vec::new();
            while let Some(node) = above {
                path.push(node);
                above = inputs.nodes[node].parent;
            }
            block.on = path.iter().all(|n| room[*n] >= mw);
            if block.on {
                path.iter().for_each(|n| room[*n] -= mw);
            }
        }
    }
}

/// What must-serve steps, blocks that are on at their middle setting and running jobs draw, MW.
fn load_before(inputs: &PlanInputs) -> f64 {
    let floors: f64 = inputs
        .stacks
        .iter()
        .flat_map(|s| &s.tiers)
        .filter(|t| t.must_serve)
        .map(|t| t.mw[0])
        .sum();
    let factor = |node: usize| inputs.nodes[node].factor[0];
    let own = |p: &PoolInput| {
        p.points[p.points.len() / 2].0
            * factor(p.node)
            * p.blocks
                .iter()
                .filter(|b| b.on)
                .map(|b| b.devices)
                .sum::<f64>()
    };
    let jobs: f64 = inputs
        .jobs
        .iter()
        .map(|j| f64::from(j.running) * j.gpu_mw * factor(j.node))
        .sum();
    (floors + inputs.pools.iter().map(own).sum::<f64>() + jobs).min(inputs.nodes[0].limit[0])
}

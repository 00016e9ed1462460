//! Random small planning problems, each from a seed.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use swingload_model::TimeGrid;
use swingload_model::site::Use;
use swingload_scheduler::bound::{Goal, Prices, tighten};
use swingload_scheduler::inputs::{
    BlockState, DemandInput, Gangs, JobInput, NodeInput, PlanInputs, PoolInput, RampInput,
    StackInput, SupplyInput, TierInput,
};
use swingload_scheduler::placement::Windows;
use swingload_scheduler::plan::beyond_worth;
use swingload_scheduler::schedule::{Problem, Room};

/// Start of every grid, Unix seconds: 2022-07-01.
const START: i64 = 1_656_633_600;

/// A site with everything on it: nodes, floors, blocks, jobs, often ramps, sometimes a demand charge.
pub(crate) fn instance(seed: u64) -> PlanInputs {
    let mut draw = Draw(ChaCha8Rng::seed_from_u64(seed));
    let grid = grid(&mut draw);
    let steps = grid.len();
    let nodes = nodes(&mut draw, steps);
    let mut inputs = PlanInputs {
        supplies: supplies(&mut draw, &nodes, steps),
        stacks: (0..draw.whole(1, 2))
            .map(|i| stack(&mut draw, &nodes, i, steps))
            .collect(),
        pools: (0..draw.whole(1, 2))
            .map(|m| pool(&mut draw, &nodes, m, &grid))
            .collect(),
        jobs: Vec::new(),
        job_adder: vec![draw.pick(&[0.0, 4.0]); steps],
        ramps: Vec::new(),
        demand: Vec::new(),
        grid,
        nodes,
    };
    for j in 0..draw.whole(0, 3) {
        let job = job(&mut draw, &inputs, j);
        inputs.jobs.push(job);
    }
    settle(&mut inputs);
    if draw.chance(0.6) {
        let limit = inputs.nodes[0].limit[0];
        let initial = draw.chance(0.7).then(|| load_before(&inputs));
        // A fleet that heat shuts at once cannot keep a ramp.
        inputs.pools.iter_mut().for_each(|p| p.scale.fill(1.0));
        inputs.ramps.push(RampInput {
            node: 0,
            up: limit * draw.between(0.1, 0.5),
            down: limit * draw.between(0.1, 0.5),
            initial,
        });
    }
    if draw.chance(0.2) {
        let limit = inputs.nodes[0].limit[0];
        inputs.demand.push(DemandInput {
            id: "peak".into(),
            first: 0,
            end: steps,
            per_mw: draw.between(5.0, 150.0),
            peak_so_far: limit * draw.between(0.0, 0.5),
        });
    }
    inputs
}

/// Prices of what couples the steps of `inputs`, each drawn near what it may be worth.
pub(crate) fn prices(seed: u64, inputs: &PlanInputs) -> Prices {
    let mut draw = Draw(ChaCha8Rng::seed_from_u64(seed ^ 0x7072_6963_6573));
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

/// The relaxed optimum at given prices, or without those of ramps where that is lower.
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

/// Draws by purpose.
struct Draw(ChaCha8Rng);

impl Draw {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.random::<f64>()
    }

    fn whole(&mut self, low: usize, high: usize) -> usize {
        low + (self.0.next_u32() as usize) % (high - low + 1)
    }

    fn chance(&mut self, share: f64) -> bool {
        self.0.random::<f64>() < share
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.whole(0, of.len() - 1)]
    }
}

/// 12 to 24 steps of a quarter to one hour, sometimes of uneven lengths.
fn grid(draw: &mut Draw) -> TimeGrid {
    let steps = draw.whole(12, 24);
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
fn nodes(draw: &mut Draw, steps: usize) -> Vec<NodeInput> {
    let site = draw.between(12.0, 24.0);
    let mut nodes = vec![node("site", None, vec![site; steps], 0.0, 1.0)];
    for n in 0..draw.whole(1, 3) {
        let parent = if n > 0 && draw.chance(0.3) { n } else { 0 };
        let mut limit = vec![site * draw.between(0.35, 0.8); steps];
        if draw.chance(0.3) {
            // Maintenance: half the limit for a third of the steps.
            limit[steps / 3..2 * steps / 3]
                .iter_mut()
                .for_each(|l| *l *= 0.5);
        }
        let export = if draw.chance(0.5) {
            site * draw.between(0.1, 0.5)
        } else {
            0.0
        };
        let factor = draw.pick(&[1.0, 1.05, 1.25]);
        nodes.push(node(
            &format!("node {n}"),
            Some(parent),
            limit,
            export,
            factor,
        ));
    }
    nodes
}

fn node(id: &str, parent: Option<usize>, limit: Vec<f64>, export: f64, factor: f64) -> NodeInput {
    let factor = vec![factor; limit.len()];
    NodeInput {
        id: id.into(),
        parent,
        limit,
        export,
        factor,
    }
}

/// The grid at the root, sometimes a contract there and surplus at a node; prices below zero in some steps.
fn supplies(draw: &mut Draw, nodes: &[NodeInput], steps: usize) -> Vec<SupplyInput> {
    let base = draw.between(20.0, 60.0);
    let spread = draw.between(10.0, 70.0);
    let price: Vec<f64> = (0..steps)
        .map(|t| (base + spread * (libm::sin(t as f64 * 0.6) + draw.between(-0.7, 0.7))).round())
        .collect();
    let mut supplies = vec![supply("grid", 0, vec![1000.0; steps], price)];
    if draw.chance(0.5) {
        let available = (0..steps)
            .map(|_| draw.between(0.0, 10.0).round())
            .collect();
        supplies.push(supply(
            "surplus",
            draw.whole(0, nodes.len() - 1),
            available,
            vec![draw.pick(&[-5.0, 0.0, 6.0, 15.0]); steps],
        ));
    }
    if draw.chance(0.3) {
        supplies.push(supply(
            "contract",
            0,
            vec![draw.between(2.0, 8.0); steps],
            vec![draw.between(15.0, 50.0).round(); steps],
        ));
    }
    supplies
}

fn supply(id: &str, node: usize, available: Vec<f64>, cost: Vec<f64>) -> SupplyInput {
    SupplyInput {
        id: id.into(),
        node,
        available,
        cost,
    }
}

/// Inference: a floor that power can cost more than it earns, and steps of falling value.
fn stack(draw: &mut Draw, nodes: &[NodeInput], i: usize, steps: usize) -> StackInput {
    let busy: Vec<f64> = (0..steps).map(|_| draw.between(0.6, 1.0)).collect();
    let tier = |mw: f64, value: f64, penalty: f64| TierInput {
        mw: busy.iter().map(|b| b * mw).collect(),
        value: vec![value + penalty; steps],
        penalty: vec![penalty; steps],
        must_serve: penalty > 0.0,
    };
    let floor = tier(draw.between(0.5, 2.0), draw.between(10.0, 60.0), 400.0);
    let mut tiers = vec![floor];
    tiers.extend(
        [draw.between(90.0, 200.0), draw.between(30.0, 80.0)]
            .map(|value| tier(draw.between(0.5, 1.5), value, 0.0)),
    );
    StackInput {
        id: format!("service {i}"),
        node: draw.whole(0, nodes.len() - 1),
        used_for: Use::Inference,
        tiers,
    }
}

/// One to three blocks of miners with two or three settings, break-even near the price of power.
fn pool(draw: &mut Draw, nodes: &[NodeInput], m: usize, grid: &TimeGrid) -> PoolInput {
    let steps = grid.len();
    let highest = draw.between(0.003, 0.0035);
    let (low, middle) = (0.6 * highest, 0.8 * highest);
    // Every next MW hashes less: PH/s per MW falls from 50 to 38.
    let mut points = vec![
        (low, low * 50.0),
        (middle, low * 50.0 + (middle - low) * 44.0),
        (
            highest,
            low * 50.0 + (middle - low) * 44.0 + (highest - middle) * 38.0,
        ),
    ];
    if draw.chance(0.3) {
        points.remove(0);
    }
    let revenue = draw.between(0.9, 1.6);
    let day = (0..steps)
        .map(|t| (grid.start_s(t).div_euclid(86_400)) as u32)
        .collect();
    let blocks = draw.whole(1, 3);
    let total = draw.between(3.0, 9.0);
    let first_off = (total / highest / blocks as f64).round();
    PoolInput {
        id: format!("miners {m}"),
        node: draw.whole(0, nodes.len() - 1),
        points,
        revenue: (0..steps)
            .map(|_| revenue * draw.between(0.97, 1.03))
            .collect(),
        adder: vec![draw.pick(&[0.0, 0.0, 3.0]); steps],
        scale: (0..steps)
            .map(|_| if draw.chance(0.02) { 0.0 } else { 1.0 })
            .collect(),
        min_on: draw.pick(&[0.0, 1.0, 2.0, 3.0]),
        min_off: draw.pick(&[0.0, 1.0, 2.0]),
        start_cost: draw.pick(&[0.0, 0.01, 0.03, 0.06]),
        wake: draw.pick(&[0.0, 0.1, 0.5]),
        starts_per_day: draw.pick(&[None, None, Some(1), Some(2)]),
        day,
        blocks: (0..blocks)
            .map(|_| BlockState {
                devices: first_off,
                on: draw.chance(0.5),
                hours_in_state: draw.pick(&[f64::INFINITY, 0.5, 2.0]),
                starts_today: draw.pick(&[0, 0, 1]),
            })
            .collect(),
    }
}

/// A divisible job, or a gang, with a window somewhat longer than its work.
fn job(draw: &mut Draw, inputs: &PlanInputs, j: usize) -> JobInput {
    let steps = inputs.steps();
    let gpu_mw = 0.001;
    let most = draw.whole(500, 2500) as u32;
    let gangs = match draw.whole(0, 2) {
        0 => Gangs::Divisible(f64::from(most)),
        1 => Gangs::Sizes(vec![most]),
        _ => Gangs::Sizes(vec![most / 2, most]),
    };
    let divisible = matches!(gangs, Gangs::Divisible(_));
    let first = draw.whole(0, steps / 2);
    let end = (first + draw.whole(steps / 4, steps)).min(steps);
    let hours: f64 = (first..end).map(|t| inputs.grid.hours(t)).sum();
    let step = inputs.grid.hours(0);
    let after = if j > 0 && draw.chance(0.2) {
        vec![j - 1]
    } else {
        Vec::new()
    };
    let running = !divisible && after.is_empty() && first == 0 && draw.chance(0.4);
    let deadline = if draw.chance(0.3) {
        inputs.grid.start_s(first + (end - first) / 2)
    } else {
        inputs.grid.end_s(steps - 1)
    };
    let value = draw.between(0.05, 0.4);
    JobInput {
        id: format!("job {j}"),
        node: draw.whole(0, inputs.nodes.len() - 1),
        gpu_mw,
        first,
        end,
        work: f64::from(most) * hours * draw.between(0.3, 0.8),
        gangs,
        value,
        deadline,
        late_per_hour: value * draw.pick(&[0.05, 0.2]),
        unmet: draw.pick(&[0.0, 0.05, 0.2]),
        restart: if divisible {
            0.0
        } else {
            draw.pick(&[0.0, 0.0, 0.25 * step, 0.5 * step])
        },
        min_run: if divisible {
            0.0
        } else {
            draw.pick(&[0.0, 0.0, 2.0 * step, 3.0 * step])
        },
        running: if running { most } else { 0 },
        running_hours: if running { step } else { 0.0 },
        after,
        beyond_cost: None,
        beyond: if end == steps && draw.chance(0.2) {
            f64::from(most) * 4.0
        } else {
            0.0
        },
    }
}

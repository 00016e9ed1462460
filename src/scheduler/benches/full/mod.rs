//! A full instance: every constraint the planner knows, in one seeded site.
//!
//! At size 1 it draws 2,000 MW: three sites behind one connection, 40 feeders with mixed
//! loads, 60 miner pools of 10,000 devices in eight blocks, 20 GPU pools with inference
//! and 10,000 jobs. Every purpose draws from its own stream of the seed, so that another
//! number of jobs leaves the site as it is.

mod fleet;
pub(crate) mod jobs;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use swingload_model::TimeGrid;
use swingload_scheduler::inputs::{DemandInput, NodeInput, PlanInputs, RampInput, SupplyInput};

/// Start of the grid, Unix seconds: 2026-07-01 00:00 UTC.
const START: i64 = 1_782_864_000;

/// How large an instance is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shape {
    /// Seed of everything drawn.
    pub seed: u64,
    /// Share of 2,000 MW, 40 feeders, 60 pools and 20 GPU pools.
    pub size: f64,
    /// Jobs.
    pub jobs: usize,
    /// Steps.
    pub steps: usize,
    /// Minutes of a step.
    pub minutes: i64,
}

impl Shape {
    /// A day at five minutes with 10,000 jobs per unit of size.
    pub(crate) fn day(seed: u64, size: f64) -> Self {
        Self {
            seed,
            size,
            jobs: (10_000.0 * size).round() as usize,
            steps: 288,
            minutes: 5,
        }
    }

    fn count(&self, whole: f64) -> usize {
        ((whole * self.size).round() as usize).max(1)
    }

    fn hours(&self) -> f64 {
        self.minutes as f64 / 60.0
    }
}

/// The inputs of a plan.
pub(crate) fn instance(shape: Shape) -> PlanInputs {
    let steps = shape.steps;
    let seconds = shape.minutes * 60;
    let grid = TimeGrid::from_boundaries((0..=steps as i64).map(|i| START + i * seconds).collect())
        .expect("steps rise");
    let mut inputs = PlanInputs {
        grid,
        nodes: vec![node("interconnect", None, steps)],
        supplies: Vec::new(),
        stacks: Vec::new(),
        pools: Vec::new(),
        jobs: Vec::new(),
        job_adder: vec![1.5; steps],
        ramps: Vec::new(),
        demand: Vec::new(),
    };
    let sites = if shape.size < 0.5 { 2 } else { 3 };
    for site in 0..sites {
        inputs
            .nodes
            .push(node(&format!("site {site}"), Some(0), steps));
    }
    let mut gpu_nodes = Vec::new();
    for feeder in 0..shape.count(40.0) {
        let site = 1 + feeder % sites;
        gpu_nodes.extend(fleet::feeder(&mut inputs, shape, feeder, site));
    }
    jobs::add(&mut inputs, shape, &gpu_nodes);
    rate(&mut inputs, sites);
    supplies(&mut inputs, shape, sites);
    inputs
}

/// Limits of sites and of the interconnect below what is connected to them; ramps and the
/// demand charge of that size.
fn rate(inputs: &mut PlanInputs, sites: usize) {
    let steps = inputs.steps();
    let connected: Vec<f64> = (0..=sites)
        .map(|n| {
            let feeders = inputs
                .nodes
                .iter()
                .filter(|f| f.parent == Some(n) && f.id.starts_with("feeder"));
            feeders.map(|f| f.limit[0]).sum()
        })
        .collect();
    let total: f64 = connected.iter().sum();
    for (site, mw) in connected.iter().enumerate().skip(1) {
        inputs.nodes[site].limit = vec![0.9 * mw; steps];
        inputs.nodes[site].export = 0.08 * mw;
        let before = load_before(inputs, site);
        inputs.ramps.push(RampInput {
            node: site,
            up: 2.0 * mw,
            down: 1.5 * mw,
            initial: Some(before),
        });
    }
    inputs.nodes[0].limit = vec![0.785 * total; steps];
    // Maintenance of a transformer: the second site at half its rating for two hours.
    let hours = |t: usize| inputs.grid.start_s(t).rem_euclid(86_400) / 3600;
    let held: Vec<usize> = (0..steps)
        .filter(|t| (14..16).contains(&hours(*t)))
        .collect();
    for t in held {
        inputs.nodes[2].limit[t] *= 0.55;
    }
    inputs.demand.push(DemandInput {
        id: "July".into(),
        first: 0,
        end: steps,
        per_mw: 60.0,
        peak_so_far: 0.7 * total,
    });
}

/// What draws below `site` as the horizon begins, MW: floors, blocks that are on at their
/// middle setting, running jobs.
fn load_before(inputs: &PlanInputs, site: usize) -> f64 {
    let factor = |node: usize| inputs.nodes[node].factor[0];
    let below = |node: usize| inputs.is_below(node, site);
    let floors = inputs
        .stacks
        .iter()
        .filter(|s| below(s.node))
        .flat_map(|s| &s.tiers);
    let floors: f64 = floors.filter(|t| t.must_serve).map(|t| t.mw[0]).sum();
    let pools = inputs.pools.iter().filter(|p| below(p.node));
    let pools: f64 = pools
        .map(|p| {
            let on = p
                .blocks
                .iter()
                .filter(|b| b.on)
                .map(|b| b.devices)
                .sum::<f64>();
            on * p.points[p.points.len() / 2].0 * factor(p.node)
        })
        .sum();
    let jobs = inputs.jobs.iter().filter(|j| below(j.node));
    let jobs: f64 = jobs
        .map(|j| f64::from(j.running) * j.gpu_mw * factor(j.node))
        .sum();
    floors + pools + jobs
}

/// Surplus behind each site's meter, generators there, a contract and the priced grid.
fn supplies(inputs: &mut PlanInputs, shape: Shape, sites: usize) {
    let mut draw = Draw::new(shape.seed, Purpose::Supply);
    let steps = inputs.steps();
    let limit = inputs.nodes[0].limit[0];
    let hour = |t: usize| t as f64 * shape.hours();
    let sun = |t: usize| libm::sin((hour(t) - 8.0) / 24.0 * std::f64::consts::TAU);
    let mut wind = draw.between(0.2, 0.6);
    let mut price = Vec::with_capacity(steps);
    let (mut noise, mut windfall) = (0.0, 0.0);
    for t in 0..steps {
        noise += draw.between(-4.0, 4.0) - 0.05 * noise;
        let mut cost = 60.0 - 26.0 * sun(t) + noise + draw.between(-6.0, 6.0);
        if draw.between(0.0, 1.0) < 0.03 {
            cost += 350.0;
        }
        // Wind that nobody foresaw: half an hour of cheap power, too short for slow miners.
        windfall -= shape.hours();
        if draw.between(0.0, 1.0) < 0.12 * shape.hours() {
            windfall = 0.5;
        }
        if windfall > 0.0 {
            cost -= 70.0;
        }
        // Sun and wind together drive the price below zero at noon.
        if (11.0..12.5).contains(&(hour(t) % 24.0)) {
            cost -= 60.0;
        }
        price.push(cost);
    }
    for site in 1..=sites {
        let size = inputs.nodes[site].limit[0];
        // The first site has more wind than it can use itself.
        let wind_farm = if site == 1 { 1.3 } else { 0.5 };
        let solar = draw.between(0.3, 0.6);
        let available = (0..steps).map(|t| {
            wind = (wind + draw.between(-0.03, 0.03)).clamp(0.02, 0.8);
            size * (solar * sun(t).max(0.0) + wind_farm * wind)
        });
        let available = available.collect();
        // What exporting it would earn, less the fee.
        let forgone = price
            .iter()
            .map(|p| (0.6 * p - 4.0).clamp(-30.0, 40.0))
            .collect();
        inputs
            .supplies
            .push(supply(&format!("surplus {site}"), site, available, forgone));
        let gas = vec![0.05 * size; steps];
        inputs
            .supplies
            .push(supply(&format!("gas {site}"), site, gas, vec![88.0; steps]));
    }
    // The chance of the system's peak, times its tariff, on the steps that may be it.
    let candidate = |t: usize| (17.0..18.0).contains(&(hour(t) % 24.0));
    let contract = (0..steps).map(|t| if candidate(t) { 31.0 + 120.0 } else { 31.0 });
    inputs.supplies.push(supply(
        "contract",
        0,
        vec![0.1 * limit; steps],
        contract.collect(),
    ));
    let costs = (0..steps).map(|t| price[t] + 3.0 + if candidate(t) { 120.0 } else { 0.0 });
    inputs.supplies.push(supply(
        "grid",
        0,
        vec![0.95 * limit; steps],
        costs.collect(),
    ));
}

fn supply(id: &str, node: usize, available: Vec<f64>, cost: Vec<f64>) -> SupplyInput {
    SupplyInput {
        id: id.into(),
        node,
        available,
        cost,
    }
}

/// A node without a limit so far, importing only.
fn node(id: &str, parent: Option<usize>, steps: usize) -> NodeInput {
    NodeInput {
        id: id.into(),
        parent,
        limit: vec![f64::INFINITY; steps],
        export: 0.0,
        factor: vec![1.0; steps],
    }
}

/// What random numbers are drawn for.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    Supply,
    Feeder(usize),
    Jobs,
}

/// Draws for one purpose.
struct Draw(ChaCha8Rng);

impl Draw {
    fn new(seed: u64, purpose: Purpose) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(match purpose {
            Purpose::Supply => 1,
            Purpose::Jobs => 2,
            Purpose::Feeder(at) => 3 + at as u64,
        });
        Self(generator)
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (f64::from(self.0.next_u32()) / f64::from(u32::MAX))
    }

    fn chance(&mut self, share: f64) -> bool {
        self.between(0.0, 1.0) < share
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.0.next_u32() as usize % of.len()]
    }
}

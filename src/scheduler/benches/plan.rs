//! One plan of a site with two miner pools and one GPU pool, seeded.
//!
//! `cargo bench -p swingload-scheduler --bench plan`. Besides the time, each instance
//! prints its gain over running as soon as possible and its gap, in percent of G.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use swingload_model::TimeGrid;
use swingload_model::site::Use;
use swingload_scheduler::inputs::{
    BlockState, Gangs, JobInput, NodeInput, PlanInputs, PoolInput, StackInput, SupplyInput,
    TierInput,
};
use swingload_scheduler::plan::{Budget, plan};

fn main() {
    for (name, (steps, minutes, jobs)) in INSTANCES {
        let planned = plan(&instance(*steps, *minutes, *jobs), Budget::STUDY);
        let gainable = planned.bound - planned.asap;
        println!(
            "{name}: gain {:.2} %, gap {:.2} % of G",
            100.0 * (planned.value() - planned.asap) / gainable,
            100.0 * (planned.bound - planned.value()) / gainable
        );
    }
    divan::main();
}

/// Name, steps, minutes of a step, jobs.
const INSTANCES: &[(&str, (usize, i64, usize))] = &[
    ("day5", (288, 5, 60)),
    ("week60", (168, 60, 300)),
    ("week5", (2016, 5, 300)),
];

#[divan::bench(args = ["day5", "week60", "week5"])]
fn study(bencher: divan::Bencher<'_, '_>, name: &str) {
    run(bencher, name, Budget::STUDY);
}

#[divan::bench(args = ["day5", "week60", "week5"])]
fn closed_loop(bencher: divan::Bencher<'_, '_>, name: &str) {
    run(bencher, name, Budget::LOOP);
}

fn run(bencher: divan::Bencher<'_, '_>, name: &str, budget: Budget) {
    let (steps, minutes, jobs) = INSTANCES
        .iter()
        .find(|i| i.0 == name)
        .expect("a listed instance")
        .1;
    let inputs = instance(steps, minutes, jobs);
    bencher.bench_local(|| plan(&inputs, budget));
}

/// Uniform draws from a seeded generator.
struct Draws(ChaCha8Rng);

impl Draws {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.0.next_u32() as f64 / f64::from(u32::MAX))
    }
}

/// 60 MW of two miner generations in sixteen blocks, 20 MW of GPUs, surplus and a grid with spikes.
fn instance(steps: usize, minutes: i64, jobs: usize) -> PlanInputs {
    let mut draw = Draws(ChaCha8Rng::seed_from_u64(7));
    let hours = minutes as f64 / 60.0;
    let grid = TimeGrid::from_boundaries((0..=steps as i64).map(|i| i * minutes * 60).collect())
        .expect("steps rise");
    let flat = |x: f64| vec![x; steps];
    let node = |id: &str, parent, limit| NodeInput {
        id: id.into(),
        parent,
        limit: flat(limit),
        export: 0.0,
        factor: flat(1.0),
    };
    let daily = |t: usize| libm::sin((t as f64 * hours - 8.0) / 24.0 * std::f64::consts::TAU);
    let tier = |mw: f64, value: f64, must_serve| TierInput {
        mw: flat(mw),
        value: flat(value),
        penalty: flat(0.0),
        must_serve,
    };
    let block = BlockState {
        devices: 1000.0,
        on: false,
        hours_in_state: f64::INFINITY,
        starts_today: 0,
    };
    let pool = |id: &str, watts: f64, joules: f64| PoolInput {
        id: id.into(),
        node: 1,
        points: (0..5)
            .map(|i| 0.6 + 0.1 * f64::from(i))
            .map(|s| {
                (
                    watts * s * 1e-6,
                    watts / joules / 1000.0 * libm::pow(s, 1.0 / 1.6),
                )
            })
            .collect(),
        revenue: flat(50.0 / 24.0),
        adder: flat(0.0),
        scale: flat(1.0),
        min_on: 0.5,
        min_off: 0.25,
        start_cost: 0.01,
        wake: 0.02,
        starts_per_day: None,
        day: Vec::new(),
        blocks: vec![block; 8],
    };
    let surplus = (0..steps)
        .map(|t| (35.0 * daily(t) + draw.between(0.0, 20.0)).max(0.0))
        .collect();
    let price = (0..steps)
        .map(|t| {
            55.0 - 20.0 * daily(t)
                + draw.between(-30.0, 30.0)
                + if draw.between(0.0, 1.0) < 0.01 {
                    400.0
                } else {
                    0.0
                }
        })
        .collect();
    let all = (0..jobs).map(|j| {
        let run = draw.between(1.0, 12.0).min(steps as f64 * hours / 3.0);
        let window = run * draw.between(1.3, 5.0);
        let release = draw.between(0.0, (steps as f64 * hours - window).max(0.01));
        let gang = [8, 16, 32, 64][j % 4];
        JobInput {
            id: format!("job {j}"),
            node: 2,
            gpu_mw: 0.001_275,
            first: (release / hours) as usize,
            end: (((release + window) / hours) as usize)
                .clamp((release / hours) as usize + 1, steps),
            work: run * f64::from(gang),
            gangs: Gangs::Sizes(vec![gang]),
            value: draw.between(0.2, 2.5),
            deadline: i64::MAX,
            late_per_hour: 0.0,
            unmet: 0.1,
            restart: if j % 2 == 0 { 0.1 } else { 0.0 },
            min_run: 0.0,
            running: 0,
            running_hours: 0.0,
            after: Vec::new(),
            beyond: 0.0,
            beyond_cost: None,
        }
    });
    PlanInputs {
        grid,
        jobs: all.collect(),
        nodes: vec![
            node("site", None, 75.0),
            node("mining hall", Some(0), 60.0),
            node("gpus", Some(0), 20.0),
        ],
        supplies: vec![
            SupplyInput {
                id: "surplus".into(),
                node: 0,
                available: surplus,
                cost: flat(10.0),
            },
            SupplyInput {
                id: "grid".into(),
                node: 0,
                available: flat(75.0),
                cost: price,
            },
        ],
        stacks: vec![StackInput {
            id: "inference".into(),
            node: 2,
            used_for: Use::Inference,
            tiers: vec![tier(4.0, 3000.0, true), tier(4.0, 900.0, false)],
        }],
        pools: vec![pool("new", 3500.0, 17.5), pool("old", 3068.0, 29.5)],
        job_adder: flat(0.0),
        ramps: Vec::new(),
        demand: Vec::new(),
    }
}

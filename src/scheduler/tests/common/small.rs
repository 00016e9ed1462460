//! Problems small enough to follow by hand, for unit tests and test binaries alike.

use swingload_model::TimeGrid;
use swingload_model::site::Use;
use swingload_scheduler::build::{Built, Hashing, PoolPlace};
use swingload_scheduler::inputs::{
    BlockState, Gangs, JobInput, NodeInput, PlanInputs, PoolInput, StackInput, SupplyInput,
    TierInput,
};

/// Steps of so many hours each, behind a connection of 1,000 MW, with as much power as
/// that carries at these prices.
pub(crate) fn site(hours: f64, price: &[f64]) -> PlanInputs {
    let steps = price.len();
    let second = |t: usize| (hours * 3600.0) as i64 * t as i64;
    PlanInputs {
        grid: TimeGrid::from_boundaries((0..=steps).map(second).collect()).expect("rising"),
        nodes: vec![node("site", None, vec![1000.0; steps])],
        supplies: vec![supply("grid", 0, vec![1000.0; steps], price.to_vec())],
        stacks: Vec::new(),
        pools: Vec::new(),
        jobs: Vec::new(),
        job_adder: vec![0.0; steps],
        ramps: Vec::new(),
        demand: Vec::new(),
    }
}

/// A node that exports nothing and needs no cooling.
pub(crate) fn node(id: &str, parent: Option<usize>, limit: Vec<f64>) -> NodeInput {
    NodeInput {
        id: id.into(),
        parent,
        export: 0.0,
        factor: vec![1.0; limit.len()],
        limit,
    }
}

/// Power in MW at a cost per MWh, per step.
pub(crate) fn supply(id: &str, node: usize, available: Vec<f64>, cost: Vec<f64>) -> SupplyInput {
    SupplyInput {
        id: id.into(),
        node,
        available,
        cost,
    }
}

/// A service at the root, of tiers of so many MW worth so much per MWh; the first so many of
/// them must be served.
pub(crate) fn service(steps: usize, tiers: &[(f64, f64)], must_serve: usize) -> StackInput {
    let tier = |(k, (mw, value)): (usize, &(f64, f64))| TierInput {
        mw: vec![*mw; steps],
        value: vec![*value; steps],
        penalty: vec![0.0; steps],
        must_serve: k < must_serve,
    };
    StackInput {
        id: "service".into(),
        node: 0,
        used_for: Use::Inference,
        tiers: tiers.iter().enumerate().map(tier).collect(),
    }
}

/// So many GPU-hours of work at these sizes within the first `end` steps, worth 100 each;
/// a GPU draws 1 MW.
pub(crate) fn job(work: f64, sizes: &[u32], end: usize) -> JobInput {
    JobInput {
        id: "job".into(),
        node: 0,
        gpu_mw: 1.0,
        first: 0,
        end,
        work,
        gangs: Gangs::Sizes(sizes.to_vec()),
        value: 100.0,
        deadline: i64::MAX,
        late_per_hour: 0.0,
        unmet: 0.0,
        restart: 0.0,
        min_run: 0.0,
        running: 0,
        running_hours: 0.0,
        after: Vec::new(),
        beyond: 0.0,
        beyond_cost: None,
    }
}

/// One block of ten sleeping miners of 1 MW that earn 100 per MWh.
pub(crate) fn miners(steps: usize) -> PoolInput {
    PoolInput {
        id: "miners".into(),
        node: 0,
        points: vec![(1.0, 1.0)],
        revenue: vec![100.0; steps],
        adder: vec![0.0; steps],
        scale: vec![1.0; steps],
        min_on: 0.0,
        min_off: 0.0,
        start_cost: 0.0,
        wake: 0.0,
        starts_per_day: None,
        day: vec![0; steps],
        blocks: vec![BlockState {
            devices: 10.0,
            on: false,
            hours_in_state: f64::INFINITY,
            starts_today: 0,
        }],
    }
}

/// The inputs as a site whose loads are all of them: every stack is a service.
pub(crate) fn built(inputs: PlanInputs) -> Built {
    Built {
        gpu_node: Vec::new(),
        pool: (0..inputs.pools.len()).map(PoolPlace::Pool).collect(),
        service: (0..inputs.stacks.len()).collect(),
        hosting: Vec::new(),
        hashing: Hashing {
            heat: vec![vec![1.0; inputs.steps()]; inputs.pools.len()],
            ..Hashing::default()
        },
        job: (0..inputs.jobs.len()).collect(),
        limits: Vec::new(),
        supply: Vec::new(),
        charges: Vec::new(),
        constant: 0.0,
        inputs,
    }
}

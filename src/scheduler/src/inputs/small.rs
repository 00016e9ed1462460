//! Problems small enough to follow by hand, for tests.

use super::*;

/// Steps of so many hours each, behind a connection of 1,000 MW, with as much power as
/// that carries at these prices.
pub(crate) fn site(hours: f64, price: &[f64]) -> PlanInputs {
    let steps = price.len();
    let second = |t: usize| (hours * 3600.0) as i64 * t as i64;
    PlanInputs {
        grid: TimeGrid::from_boundaries((0..=steps).map(second).collect()).expect("rising"),
        nodes: vec![NodeInput {
            id: "site".into(),
            parent: None,
            limit: vec![1000.0; steps],
            export: 0.0,
            factor: vec![1.0; steps],
        }],
        supplies: vec![SupplyInput {
            id: "grid".into(),
            node: 0,
            available: vec![1000.0; steps],
            cost: price.to_vec(),
        }],
        stacks: Vec::new(),
        pools: Vec::new(),
        jobs: Vec::new(),
        job_adder: vec![0.0; steps],
        ramps: Vec::new(),
        demand: Vec::new(),
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

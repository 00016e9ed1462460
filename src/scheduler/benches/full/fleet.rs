//! Feeders with what hangs below them: miner pools in an air-cooled hall, GPU pools with
//! inference in a chilled one, hosting, overheads.

use swingload_model::site::Use;
use swingload_scheduler::inputs::{
    BlockState, MUST_TAKE_VALUE, PlanInputs, PoolInput, StackInput, TierInput,
};

use super::{Draw, Purpose, Shape, node};

/// GPUs of a pool.
const GPUS: f64 = 30_000.0;

/// Adds a feeder; returns the node of its GPU pool, if it has one.
pub(super) fn feeder(
    inputs: &mut PlanInputs,
    shape: Shape,
    number: usize,
    site: usize,
) -> Option<usize> {
    let mut draw = Draw::new(shape.seed, Purpose::Feeder(number));
    let steps = inputs.steps();
    let add = |inputs: &mut PlanInputs, id: String, parent: usize| {
        inputs.nodes.push(node(&id, Some(parent), steps));
        inputs.nodes.len() - 1
    };
    let feeder = add(inputs, format!("feeder {number}"), site);
    let mut connected = 0.0;

    // Sixty pools on forty feeders: every second feeder carries two.
    let hall = add(inputs, format!("air hall {number}"), feeder);
    inputs.nodes[hall].factor = pue(shape, 1.03, 0.002);
    for _ in 0..1 + number % 2 {
        let pool = pool(&mut draw, shape, inputs.pools.len(), hall);
        let top = pool.points[pool.points.len() - 1].0;
        connected += top * pool.blocks.iter().map(|b| b.devices).sum::<f64>() * 1.05;
        inputs.pools.push(pool);
    }
    // Fans and control of the hall.
    stack(
        inputs,
        "overhead",
        number,
        hall,
        Use::Overhead,
        vec![flat(steps, 0.4, MUST_TAKE_VALUE, 0.0, true)],
    );
    // The hall's own transformer carries a little less than all its miners.
    inputs.nodes[hall].limit = vec![0.97 * connected; steps];

    if number.is_multiple_of(5) {
        // Customers' own miners, paid for while they run, and a firm load with a penalty.
        let hosted = flat(steps, 5.0, 76.0, 0.0, false);
        stack(
            inputs,
            "hosting",
            number,
            feeder,
            Use::Hashing,
            vec![hosted],
        );
        let firm = flat(steps, 1.5, 55.0 + 900.0, 900.0, true);
        stack(
            inputs,
            "commitment",
            number,
            feeder,
            Use::Hashing,
            vec![firm],
        );
        connected += 6.5;
    }

    let mut gpus = None;
    if number.is_multiple_of(2) {
        let hall = add(inputs, format!("chilled hall {number}"), feeder);
        inputs.nodes[hall].factor = pue(shape, 1.15, 0.006);
        let node = add(inputs, format!("gpus {number}"), hall);
        inputs.nodes[node].factor = inputs.nodes[hall].factor.clone();
        // Above idle, a GPU at work draws 1.1 kW.
        let running = GPUS * 0.0011;
        inputs.nodes[node].limit = inputs.nodes[node]
            .factor
            .iter()
            .map(|f| f * running)
            .collect();
        inputs.nodes[hall].limit = inputs.nodes[node].limit.iter().map(|l| l + 2.6).collect();
        stack(
            inputs,
            "idle",
            number,
            hall,
            Use::Overhead,
            vec![flat(steps, 2.5, MUST_TAKE_VALUE, 0.0, true)],
        );
        let tiers = inference(&mut draw, shape, running);
        stack(inputs, "inference", number, node, Use::Inference, tiers);
        connected += 1.2 * running + 2.5;
        gpus = Some(node);
    }
    inputs.nodes[feeder].limit = vec![0.9 * connected; steps];
    gpus
}

/// Marginal PUE that rises with the day's heat: `base` at 20 °C, `per_degree` above.
fn pue(shape: Shape, base: f64, per_degree: f64) -> Vec<f64> {
    let warm = |t: usize| {
        let hour = t as f64 * shape.hours();
        27.0 + 9.0 * libm::sin((hour - 9.0) / 24.0 * std::f64::consts::TAU)
    };
    (0..shape.steps)
        .map(|t| base + per_degree * (warm(t) - 20.0).max(0.0))
        .collect()
}

/// Ten thousand devices in eight blocks, of one of five generations.
fn pool(draw: &mut Draw, shape: Shape, number: usize, node: usize) -> PoolInput {
    let (steps, hours) = (shape.steps, shape.hours());
    let (watts, joules): (f64, f64) = draw.pick(&[
        (3500.0, 17.5),
        (3250.0, 19.5),
        (3100.0, 21.5),
        (2900.0, 25.0),
        (2600.0, 29.5),
    ]);
    let joules = joules * draw.between(0.97, 1.03);
    // Hashrate falls slower than power: PH/s by W^(1/1.6).
    let point = |share: f64| {
        (
            watts * share * 1e-6,
            watts / joules / 1000.0 * libm::pow(share, 1.0 / 1.6),
        )
    };
    let all_on = draw.chance(0.6);
    let state = |b: usize, draw: &mut Draw| BlockState {
        devices: 1250.0,
        on: all_on || b.is_multiple_of(3),
        hours_in_state: draw.pick(&[f64::INFINITY, 0.25, 1.0]),
        starts_today: draw.pick(&[0, 0, 0, 1]),
    };
    PoolInput {
        id: format!("miners {number}"),
        node,
        points: [0.6, 0.7, 0.8, 0.9, 1.0].map(point).to_vec(),
        revenue: (0..steps)
            .map(|t| 50.0 / 24.0 * (1.0 + 0.02 * libm::sin(t as f64 * hours / 5.0)))
            .collect(),
        adder: vec![2.0; steps],
        scale: vec![1.0; steps],
        min_on: draw.pick(&[1.0, 2.0, 4.0]),
        min_off: draw.pick(&[0.25, 0.5, 1.0]),
        start_cost: draw.between(0.003, 0.015),
        wake: draw.between(0.05, 0.12),
        starts_per_day: draw.pick(&[Some(1), Some(2), None, None]),
        day: (0..steps)
            .map(|t| (t as f64 * hours / 24.0) as u32)
            .collect(),
        blocks: (0..8).map(|b| state(b, draw)).collect(),
    }
}

/// A floor that is owed, two steps of replicas, and sleeping ones that wake for a high price.
fn inference(draw: &mut Draw, shape: Shape, running: f64) -> Vec<TierInput> {
    let demand: Vec<f64> = (0..shape.steps)
        .map(|t| {
            let hour = t as f64 * shape.hours();
            let day = 1.0 + 0.35 * libm::sin((hour - 10.0) / 24.0 * std::f64::consts::TAU);
            running * 0.12 * day * draw.between(0.9, 1.1)
        })
        .collect();
    let tier = |share: f64, value: f64, penalty: f64, must_serve| TierInput {
        mw: demand.iter().map(|d| d * share).collect(),
        value: vec![value + penalty; shape.steps],
        penalty: vec![penalty; shape.steps],
        must_serve,
    };
    vec![
        tier(0.5, 600.0, 2500.0, true),
        tier(0.6, 420.0, 0.0, false),
        tier(0.5, 190.0, 0.0, false),
        tier(0.6, 85.0, 0.0, false),
    ]
}

fn stack(
    inputs: &mut PlanInputs,
    id: &str,
    number: usize,
    node: usize,
    used_for: Use,
    tiers: Vec<TierInput>,
) {
    inputs.stacks.push(StackInput {
        id: format!("{id} {number}"),
        node,
        used_for,
        tiers,
    });
}

fn flat(steps: usize, mw: f64, value: f64, penalty: f64, must_serve: bool) -> TierInput {
    TierInput {
        mw: vec![mw; steps],
        value: vec![value; steps],
        penalty: vec![penalty; steps],
        must_serve,
    }
}

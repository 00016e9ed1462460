//! Inference, hosting, miners and jobs.

use swingload_model::TimeGrid;
use swingload_model::site::Use;
use swingload_scheduler::inputs::{
    BlockState, Gangs, JobInput, NodeInput, PlanInputs, PoolInput, StackInput, TierInput,
};

use super::draw::Draw;

/// Inference: a floor that power can cost more than it earns, and steps of falling value.
pub(super) fn service(draw: &mut Draw, nodes: &[NodeInput], i: usize, steps: usize) -> StackInput {
    let busy: Vec<f64> = (0..steps).map(|_| draw.between(0.6, 1.0)).collect();
    let floor = tier(
        &busy,
        draw.between(0.5, 2.0),
        draw.between(10.0, 60.0),
        400.0,
    );
    let mut tiers = vec![floor];
    tiers.extend(
        [draw.between(200.0, 500.0), draw.between(30.0, 80.0)]
            .map(|value| tier(&busy, draw.between(0.5, 1.5), value, 0.0)),
    );
    StackInput {
        id: format!("service {i}"),
        node: draw.whole(0, nodes.len() - 1),
        used_for: Use::Inference,
        tiers,
    }
}

/// A customer whose power may be cut at a penalty.
pub(super) fn hosting(draw: &mut Draw, nodes: &[NodeInput], steps: usize) -> StackInput {
    let flat = vec![1.0; steps];
    let sold = tier(
        &flat,
        draw.between(1.0, 3.0),
        draw.between(20.0, 60.0),
        draw.between(30.0, 120.0),
    );
    StackInput {
        id: "hosting".into(),
        node: draw.whole(0, nodes.len() - 1),
        used_for: Use::Inference,
        tiers: vec![sold],
    }
}

fn tier(busy: &[f64], mw: f64, value: f64, penalty: f64) -> TierInput {
    TierInput {
        mw: busy.iter().map(|b| b * mw).collect(),
        value: vec![value + penalty; busy.len()],
        penalty: vec![penalty; busy.len()],
        must_serve: penalty > 0.0,
    }
}

/// One to three blocks of miners with two or three settings, break-even near the price of power.
pub(super) fn pool(draw: &mut Draw, nodes: &[NodeInput], m: usize, grid: &TimeGrid) -> PoolInput {
    let (steps, step) = (grid.len(), grid.hours(0));
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
    let blocks = draw.pick(&[1, 1, 2, 2, 3]);
    let total = draw.between(3.0, 9.0);
    let devices = (total / highest / blocks as f64).round();
    PoolInput {
        id: format!("miners {m}"),
        node: draw.whole(0, nodes.len() - 1),
        points,
        revenue: (0..steps)
            .map(|_| revenue * draw.between(0.97, 1.03))
            .collect(),
        adder: vec![draw.pick(&[0.0, 3.0]); steps],
        scale: (0..steps)
            .map(|_| if draw.chance(0.02) { 0.0 } else { 1.0 })
            .collect(),
        min_on: step * draw.pick(&[0.0, 3.0, 4.0, 5.0]),
        min_off: step * draw.pick(&[0.0, 2.0, 3.0]),
        start_cost: step * draw.pick(&[0.0, 0.001, 0.005, 0.02]),
        wake: step * draw.pick(&[0.0, 0.05, 0.2]),
        starts_per_day: draw.pick(&[None, Some(1), Some(1)]),
        day,
        blocks: (0..blocks)
            .map(|_| BlockState {
                devices,
                on: draw.chance(0.5),
                hours_in_state: draw.pick(&[f64::INFINITY, step, 2.0 * step]),
                starts_today: draw.pick(&[0, 1]),
            })
            .collect(),
    }
}

/// A divisible job, or a gang, with a window somewhat longer than its work.
pub(super) fn job(draw: &mut Draw, inputs: &PlanInputs, j: usize) -> JobInput {
    let steps = inputs.steps();
    let gpu_mw = 0.001;
    let most = 8 * draw.whole(125, 500) as u32;
    let gangs = match draw.whole(0, 4) {
        0 => Gangs::Divisible(f64::from(most)),
        1 => Gangs::Sizes(vec![most]),
        _ => Gangs::Sizes(vec![most / 2, most]),
    };
    let divisible = matches!(gangs, Gangs::Divisible(_));
    let first = draw.whole(0, steps / 2);
    let end = (first + draw.whole(steps / 2, steps)).min(steps);
    let hours: f64 = (first..end).map(|t| inputs.grid.hours(t)).sum();
    let step = inputs.grid.hours(0);
    let after = if j > 0 && draw.chance(0.7) {
        vec![j - 1]
    } else {
        Vec::new()
    };
    let running = !divisible && after.is_empty() && first == 0 && draw.chance(0.4);
    let running = match &gangs {
        Gangs::Sizes(sizes) if running => sizes[usize::from(most.is_multiple_of(16)) % sizes.len()],
        _ => 0,
    };
    let deadline = if draw.chance(0.5) {
        inputs.grid.start_s(first + (end - first) / 2)
    } else {
        inputs.grid.end_s(steps - 1)
    };
    let value = draw.between(0.05, 0.2);
    let remembers = |draw: &mut Draw, choices: &[f64]| match divisible {
        true => 0.0,
        false => step * draw.pick(choices),
    };
    JobInput {
        id: format!("job {j}"),
        node: draw.whole(0, inputs.nodes.len() - 1),
        gpu_mw,
        first,
        end,
        work: f64::from(most) * hours * draw.between(0.3, 0.7),
        gangs,
        value,
        deadline,
        late_per_hour: value * draw.pick(&[0.05, 0.2]),
        unmet: draw.pick(&[0.0, 0.05, 0.1]),
        restart: remembers(draw, &[0.0, 0.0, 0.25, 0.5]),
        min_run: remembers(draw, &[0.0, 3.0, 4.0, 5.0]),
        running,
        running_hours: if running > 0 { step } else { 0.0 },
        after,
        beyond_cost: None,
        beyond: if end == steps && draw.chance(0.95) {
            f64::from(most) * step * 6.0
        } else {
            0.0
        },
    }
}

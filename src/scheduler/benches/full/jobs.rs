//! Jobs: gangs of one or several sizes, elastic ones, chains, some running already.

use swingload_scheduler::inputs::{Gangs, JobInput, PlanInputs};

use super::{Draw, Purpose, Shape};

/// GPU-hours a pool does per hour at most, of which the jobs ask for a little more than all.
const GPU_HOURS_WANTED: f64 = 14_000.0;

/// Adds the jobs, spread over the GPU pools at `nodes`.
pub(super) fn add(inputs: &mut PlanInputs, shape: Shape, nodes: &[usize]) {
    let mut draw = Draw::new(shape.seed, Purpose::Jobs);
    for j in 0..shape.jobs {
        let job = job(&mut draw, shape, nodes, &inputs.jobs, j);
        inputs.jobs.push(job);
    }
    // Together the jobs want what the pools can give, however many there are.
    let wanted: f64 = inputs.jobs.iter().map(|j| j.work).sum();
    let horizon = shape.steps as f64 * shape.hours();
    let scale = GPU_HOURS_WANTED * nodes.len() as f64 * horizon / wanted.max(1.0);
    let mut running = vec![0u32; inputs.nodes.len()];
    for job in &mut inputs.jobs {
        size(job, scale);
        // Half a pool may run already.
        running[job.node] += job.running;
        if running[job.node] > 12_000 {
            running[job.node] -= job.running;
            (job.running, job.running_hours) = (0, 0.0);
        }
    }
}

/// A job like those of the instance that nobody has planned yet.
pub(crate) fn new_job(inputs: &PlanInputs) -> JobInput {
    let like = inputs
        .jobs
        .iter()
        .find(|j| j.after.is_empty() && j.running == 0 && j.first > 0);
    let like = like.expect("an instance has such a job");
    JobInput {
        id: "new".into(),
        first: 0,
        value: 1.2 * like.value,
        ..like.clone()
    }
}

/// A job of 8 to 64 GPUs, before all are scaled together.
fn job(draw: &mut Draw, shape: Shape, nodes: &[usize], others: &[JobInput], j: usize) -> JobInput {
    let (steps, hours) = (shape.steps, shape.hours());
    let horizon = steps as f64 * hours;
    // Many short jobs and a few long ones: half an hour to eight hours.
    let run = 0.5 * libm::pow(16.0, draw.between(0.0, 1.0) * draw.between(0.4, 1.0));
    let run = run.min(0.4 * horizon);
    let window = run * draw.between(1.5, 8.0);
    let release = draw.between(-0.3 * window, horizon - 0.6 * window).max(0.0);
    let first = ((release / hours) as usize).min(steps - 1);
    let end = (((release + window) / hours) as usize).clamp(first + 1, steps);
    let gang = draw.pick(&[8u32, 16, 32, 64]);
    let kind = draw.between(0.0, 1.0);
    let gangs = if kind < 0.2 {
        Gangs::Divisible(f64::from(gang))
    } else if kind < 0.5 {
        Gangs::Sizes(vec![gang / 2, gang])
    } else {
        Gangs::Sizes(vec![gang])
    };
    let whole = matches!(gangs, Gangs::Sizes(_));
    // A pipeline's next stage waits for an earlier job, mostly in the same pool.
    let node = nodes[(draw.between(0.0, 1.0) * nodes.len() as f64) as usize % nodes.len()];
    let same_pool = draw.chance(0.9);
    let after = if draw.chance(0.15) {
        let earlier = others.iter().rev().take(400).position(|o| {
            (o.node == node || !same_pool) && o.first < first && o.end < end && o.end > first
        });
        earlier
            .map(|back| others.len() - 1 - back)
            .into_iter()
            .collect()
    } else {
        Vec::new()
    };
    let running = whole && first == 0 && after.is_empty() && draw.chance(0.5);
    let late = draw.chance(0.3);
    let grid_end = super::START + shape.minutes * 60 * steps as i64;
    let deadline = if late {
        super::START + ((release + 0.6 * window) * 3600.0) as i64
    } else {
        grid_end
    };
    let value = draw.between(0.03, 0.6);
    JobInput {
        id: format!("job {j}"),
        node,
        gpu_mw: 0.0011,
        first,
        end,
        work: run * f64::from(gang),
        gangs,
        value,
        deadline,
        late_per_hour: value * draw.pick(&[0.05, 0.15]),
        unmet: draw.pick(&[0.0, 0.02, 0.1]),
        restart: if whole {
            draw.pick(&[0.0, 0.05, 0.1, 0.2])
        } else {
            0.0
        },
        min_run: if whole {
            draw.pick(&[0.0, 0.25, 0.5])
        } else {
            0.0
        },
        running: if running { gang } else { 0 },
        running_hours: if running { draw.pick(&[0.1, 2.0]) } else { 0.0 },
        after,
        beyond: if end == steps {
            run * f64::from(gang) * 0.3
        } else {
            0.0
        },
        beyond_cost: None,
    }
}

/// Multiplies a job's gang and work.
fn size(job: &mut JobInput, scale: f64) {
    let old = job.gangs.max();
    match &mut job.gangs {
        Gangs::Divisible(most) => *most *= scale,
        Gangs::Sizes(sizes) => {
            for size in sizes.iter_mut() {
                *size = ((f64::from(*size) * scale).round() as u32).max(1);
            }
            sizes.dedup();
        }
    }
    let grown = job.gangs.max() / old;
    job.work *= grown;
    job.beyond *= grown;
    if job.running > 0 {
        job.running = job.gangs.max() as u32;
    }
}

//! Rungs of jobs: a power cap, smaller gangs, suspension.

use swingload_model::plan::{Response, ShedBy};
use swingload_model::site::{Site, Use};
use swingload_model::units::Power;

use super::{CAPS_S, Step};
use crate::explain::alone::Alone;
use crate::inputs::{Gangs, PlanInputs};
use crate::plan::{Planned, beyond_worth};
use crate::state::JobState;

/// Slowdown that jobs of each tier tolerate, as a share of their speed.
///
/// # Source
/// Tiers of the 256-GPU trial (arXiv 2507.00909).
const TOLERATED: [f64; 4] = [0.0, 0.1, 0.25, 0.5];

/// Longest time in which a smaller gang still counts as quick, s.
const MINUTE_S: i64 = 60;

/// How a job's gang gives up power.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gang {
    /// Time until it is suspended, its checkpoint written where there is notice for it, s.
    pub stop_s: i64,
    /// Work lost by that besides its restart: the checkpoint's writing or what was done
    /// since the last one, in hours of the gang.
    pub lost: f64,
    /// Share of its power that a cap frees, and its speed under it; `None` where it
    /// tolerates none.
    pub cap: Option<(f64, f64)>,
}

impl Gang {
    /// Of a job as the controller knows it at Unix second `now`.
    pub fn new(site: &Site, state: &JobState, now: i64) -> Self {
        let job = &state.job;
        let pool = &site.gpu_pools[job.gpu_pool];
        let tolerated = TOLERATED[usize::from(job.tier).min(TOLERATED.len() - 1)];
        let cap = pool.capped.and_then(|(power, speed)| {
            let range = (pool.running - pool.idle).as_megawatts();
            let share = (pool.running - power).as_megawatts() / range;
            let bears = 1.0 - speed <= tolerated + 1e-9;
            (range > 0.0 && share > 0.0 && bears).then_some((share.min(1.0), speed))
        });
        let cost = job.checkpoint_cost.get();
        let writes = job.notice.get() >= cost;
        let run = if state.gpus > 0 { now - state.since } else { 0 };
        let lost = match job.checkpoint_interval.get() {
            // A first start has not paid for its checkpoint yet (see `build`).
            _ if writes && state.starts > 0 => 0,
            _ if writes => cost,
            interval if interval > 0 => run.max(0) % interval,
            _ => run.max(0),
        };
        Self {
            stop_s: job.notice.get().max(if writes { cost } else { 0 }),
            lost: lost as f64 / 3600.0,
            cap,
        }
    }
}

/// Chains of all jobs that run in the first step.
pub(super) fn steps(
    inputs: &PlanInputs,
    planned: &Planned,
    gangs: &[Gang],
    hours: f64,
) -> Vec<Vec<Step>> {
    let runs = |j: &usize| planned.first.power.jobs[*j] > 1e-6;
    let running: Vec<usize> = (0..inputs.jobs.len()).filter(runs).collect();
    if running.is_empty() {
        return Vec::new();
    }
    let mut alone = Alone::new(inputs, planned);
    let beyond = if inputs.jobs.iter().any(|job| job.beyond > 0.0) {
        beyond_worth(inputs)
    } else {
        vec![0.0; inputs.jobs.len()]
    };
    let until = inputs.grid.start_s(0) + (hours * 3600.0).ceil() as i64;
    let until = inputs.grid.boundary_at_or_after(until).max(1);
    running
        .into_iter()
        .map(|j| {
            let later = alone.put_off(j, until, beyond[j]);
            let job = &inputs.jobs[j];
            let gpu_mw = job.gpu_mw * inputs.nodes[job.node].factor[0];
            let marginal = [job.node, 0].map(|node| planned.first.marginal[node]);
            let price = marginal.into_iter().find(|p| p.is_finite());
            let worth = job.value_in(&inputs.grid, 0) + job.unmet;
            let terms = Terms {
                gpu_mw,
                // Adders are saved with the power.
                worth: worth - later.net - inputs.job_adder[0] * gpu_mw,
                put_off: worth * later.share,
                // Idle hours of the gang, paid for and without work.
                idle: later.net + price.unwrap_or(0.0).max(0.0) * gpu_mw,
                hours,
            };
            of_job(inputs, j, planned.first.power.jobs[j], gangs[j], terms)
        })
        .collect()
}

/// What stopping a GPU of a job costs.
#[derive(Clone, Copy)]
struct Terms {
    gpu_mw: f64,
    /// Of a GPU-hour of work not done now, what it earns later taken off; currency.
    worth: f64,
    /// Worth of the part of it that is put off.
    put_off: f64,
    /// Of a GPU-hour without work, currency.
    idle: f64,
    hours: f64,
}

fn of_job(inputs: &PlanInputs, j: usize, gpus: f64, gang: Gang, terms: Terms) -> Vec<Step> {
    let job = &inputs.jobs[j];
    let (share, speed) = gang.cap.unwrap_or((0.0, 1.0));
    let mut steps = Vec::new();
    // `work`: GPUs' worth of work given up; `once`: GPU-hours lost by stopping.
    let mut push = |response, response_s, by, mw: f64, work: f64, once: f64| {
        if mw > 0.0 {
            steps.push(Step {
                response,
                response_s,
                load: job.id.clone(),
                used_for: Use::Training,
                by,
                mw,
                frees: Power::ZERO,
                worth: (work * terms.worth + once * terms.idle / terms.hours) / mw,
                put_off: work * terms.put_off / mw,
            });
        }
    };
    if share > 0.0 {
        let mw = gpus * terms.gpu_mw * share;
        push(
            Response::Cap,
            CAPS_S,
            ShedBy::Cap,
            mw,
            gpus * (1.0 - speed),
            0.0,
        );
    }
    let left = terms.gpu_mw * (1.0 - share);
    let mut now = gpus;
    if let Gangs::Sizes(sizes) = &job.gangs {
        for size in sizes.iter().rev().map(|s| f64::from(*s)) {
            if size < now {
                let fewer = now - size;
                // The smaller gang starts anew.
                let once = size * (job.restart + gang.lost);
                let response_s = gang.stop_s.max(CAPS_S);
                let response = if response_s <= MINUTE_S {
                    Response::Cap
                } else {
                    Response::Checkpoint
                };
                let mw = fewer * left;
                push(
                    response,
                    response_s,
                    ShedBy::Shrink,
                    mw,
                    fewer * speed,
                    once,
                );
                now = size;
            }
        }
    }
    let once = now * (job.restart + gang.lost);
    push(
        Response::Checkpoint,
        gang.stop_s,
        ShedBy::Suspend,
        now * left,
        now * speed,
        once,
    );
    steps
}

//! The last plan carried over to the next one.
//!
//! Plans that follow one another differ little. Started from where the last one put the
//! jobs, the next follows what has changed with few sweeps, and does not move gangs
//! between places that are worth the same. Started from the prices that proved the last
//! bound, the next bound needs few steps. A carried place or price that no longer fits costs
//! time only: the plan keeps the limits of its own inputs, and any prices prove a bound.

mod prices;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::inputs::{JobInput, PlanInputs};
use crate::plan::{Planned, WarmStart};
use crate::schedule::Run;

use prices::CarriedPrices;

/// What a plan leaves to the next one: its jobs by name, and the prices that proved its bound.
#[derive(Debug, Default)]
pub struct Carried {
    jobs: BTreeMap<String, CarriedJob>,
    prices: Option<CarriedPrices>,
}

/// A job of the last plan.
#[derive(Debug)]
struct CarriedJob {
    stretches: Vec<Stretch>,
    /// Price of its work, currency per GPU-hour.
    work_price: f64,
    /// Duality gap of its place: by how much it may be worse than its best, currency; NaN where
    /// unknown.
    slack: f64,
}

/// Mean GPUs over a stretch of time.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    /// Unix seconds, half-open.
    start: i64,
    end: i64,
    gpus: f64,
}

impl Carried {
    /// What a plan of `inputs` leaves.
    pub fn new(inputs: &PlanInputs, planned: &Planned) -> Self {
        let stretch = |run: &Run| Stretch {
            start: inputs.grid.start_s(run.step as usize),
            end: inputs.grid.end_s(run.step as usize),
            gpus: run.gpus,
        };
        let schedule = &planned.schedule;
        let carried = |(j, job): (usize, &JobInput)| {
            let carried = CarriedJob {
                stretches: schedule.jobs[j].iter().map(stretch).collect(),
                work_price: schedule.work_price[j],
                slack: schedule.slack.get(j).copied().unwrap_or(f64::NAN),
            };
            (job.id.clone(), carried)
        };
        Self {
            jobs: inputs.jobs.iter().enumerate().map(carried).collect(),
            prices: planned
                .prices
                .as_ref()
                .map(|prices| CarriedPrices::new(inputs, prices)),
        }
    }

    /// With the prices of an earlier plan where this one has none of its own.
    pub fn or_prices_of(mut self, before: Option<Self>) -> Self {
        self.prices = self.prices.or(before.and_then(|before| before.prices));
        self
    }

    /// Warm start of a plan of `inputs`: every job where it was planned, except new jobs, jobs
    /// that wait for others and jobs that power no longer reaches, which are placed anew; prices
    /// matched by name and time.
    pub fn start(&self, inputs: &PlanInputs) -> WarmStart {
        let of = |job: &JobInput| match self.jobs.get(&job.id) {
            Some(known) if job.after.is_empty() => on_grid(inputs, job, &known.stretches),
            _ => Vec::new(),
        };
        let mut rows: Vec<Vec<Run>> = inputs.jobs.iter().map(of).collect();
        remove_overfull(inputs, &mut rows);
        let known = |job: &JobInput| {
            let known = self.jobs.get(&job.id);
            known.map_or((f64::NAN, f64::NAN), |job| (job.work_price, job.slack))
        };
        let (work_price, slack) = inputs.jobs.iter().map(known).unzip();
        let prices = self.prices.as_ref();
        WarmStart {
            runs: Some(rows),
            prices: prices.and_then(|prices| prices.on(inputs)),
            unpriced: prices.map_or(Vec::new(), |prices| prices.unpriced(inputs)),
            work_price,
            slack,
        }
    }
}

/// Takes out the jobs that run below a node in a step in which the jobs there draw more
/// together than the node may import and is supplied with below.
fn remove_overfull(inputs: &PlanInputs, rows: &mut [Vec<Run>]) {
    let steps = inputs.steps();
    let mut below = vec![0.0; inputs.nodes.len() * steps];
    for (job, runs) in inputs.jobs.iter().zip(rows.iter()) {
        for run in runs {
            let t = run.step as usize;
            below[job.node * steps + t] += run.gpus * job.gpu_mw * inputs.nodes[job.node].factor[t];
        }
    }
    let mut own = vec![0.0; inputs.nodes.len() * steps];
    for supply in &inputs.supplies {
        let mut at = Some(supply.node);
        while let Some(n) = at {
            for (t, mw) in supply.available.iter().enumerate() {
                own[n * steps + t] += mw;
            }
            at = inputs.nodes[n].parent;
        }
    }
    let mut over = vec![false; inputs.nodes.len() * steps];
    // Parents stand before children.
    for n in (0..inputs.nodes.len()).rev() {
        for t in 0..steps {
            let mw = below[n * steps + t];
            // The root's rating carries all load below it, whatever feeds it.
            let own = if n == 0 { 0.0 } else { own[n * steps + t] };
            over[n * steps + t] = mw > inputs.nodes[n].limit[t] + own + 1e-9;
            if let Some(parent) = inputs.nodes[n].parent {
                below[parent * steps + t] += mw;
            }
        }
    }
    for n in 0..inputs.nodes.len() {
        if let Some(parent) = inputs.nodes[n].parent {
            for t in 0..steps {
                over[n * steps + t] |= over[parent * steps + t];
            }
        }
    }
    for (job, runs) in inputs.jobs.iter().zip(rows) {
        if runs
            .iter()
            .any(|run| over[job.node * steps + run.step as usize])
        {
            runs.clear();
        }
    }
}

/// A job's planned runs on the grid of `inputs`. A start costs its time again, unless the job
/// runs already.
fn on_grid(inputs: &PlanInputs, job: &JobInput, stretches: &[Stretch]) -> Vec<Run> {
    let (mut runs, mut next): (Vec<Run>, usize) = (Vec::new(), 0);
    let (mut left, mut starting) = (job.work, 0.0);
    for t in job.first..job.end {
        let middle = inputs.grid.start_s(t).midpoint(inputs.grid.end_s(t));
        while stretches.get(next).is_some_and(|s| s.end <= middle) {
            next += 1;
        }
        let Some(stretch) = stretches.get(next) else {
            break;
        };
        if stretch.start > middle || left <= 0.0 {
            continue;
        }
        let goes_on = match runs.last() {
            Some(run) => run.step as usize + 1 == t,
            None => t == 0 && job.running > 0,
        };
        if !goes_on {
            starting = job.restart;
        }
        let hours = inputs.grid.hours(t);
        let lost = f64::min(starting, hours);
        starting -= lost;
        let gpus = stretch.gpus.min((left + lost * stretch.gpus) / hours);
        left -= (gpus * hours - lost * stretch.gpus).max(0.0);
        runs.push(Run {
            step: t as u32,
            gpus,
        });
    }
    runs
}

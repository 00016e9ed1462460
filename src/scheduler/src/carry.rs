//! The last plan carried over to the next one.
//!
//! Plans that follow one another differ little. Started from where the last one put the
//! jobs, the next follows what has changed with few sweeps, and does not move gangs
//! between places that are worth the same. Started from the prices that proved the last
//! bound, the next bound needs few steps. Whatever is carried, the plan keeps what its own
//! inputs say, and every price proves a bound: what no longer fits costs time, not truth.

mod prices;
mod standing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::inputs::{JobInput, PlanInputs};
use crate::plan::{Budget, Planned, Start, plan_at};
use crate::schedule::Run;

use prices::CarriedPrices;
use standing::Standing;

/// A re-plan on an event: jobs are not spread anew, and the bound begins where the last
/// plan's ended.
pub const REPLAN: Budget = Budget {
    surcharges: &[],
    ..Budget::STUDY
};

/// When the jobs of a plan ran, by their names, and the prices that proved its bound.
#[derive(Debug, Default)]
pub struct Carried {
    jobs: BTreeMap<String, Vec<Stretch>>,
    prices: Option<CarriedPrices>,
    standing: Option<Standing>,
}

/// A mean of GPUs over a stretch of time.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    /// Unix seconds, half-open.
    start: i64,
    end: i64,
    gpus: f64,
}

impl Carried {
    /// Of a plan.
    pub fn new(inputs: &PlanInputs, planned: &Planned) -> Self {
        let stretch = |run: &Run| Stretch {
            start: inputs.grid.start_s(run.step as usize),
            end: inputs.grid.end_s(run.step as usize),
            gpus: run.gpus,
        };
        let jobs = inputs.jobs.iter().zip(&planned.schedule.jobs);
        Self {
            jobs: jobs
                .map(|(job, runs)| (job.id.clone(), runs.iter().map(stretch).collect()))
                .collect(),
            prices: planned
                .prices
                .as_ref()
                .map(|prices| CarriedPrices::new(inputs, prices)),
            standing: None,
        }
    }

    /// Of a plan that events within its first step are answered from: it then also stands as
    /// it is.
    pub fn standing(inputs: &PlanInputs, planned: &Planned) -> Self {
        Self {
            standing: Some(Standing::new(inputs, planned)),
            ..Self::new(inputs, planned)
        }
    }

    /// Plans `inputs` from here: a new job, a changed price, a lost feeder, a shed order.
    /// Within the same step, what is carried also stands as it is where nothing better is found.
    pub fn replan(&self, inputs: &PlanInputs, budget: Budget) -> Planned {
        let prices = self.prices.as_ref();
        let start = Start {
            limited: prices.is_some_and(|prices| prices.is_limited(inputs)),
            ..self.start(inputs)
        };
        let mut planned = plan_at(inputs, budget, start);
        if let Some(standing) = &self.standing {
            standing.improve(inputs, &mut planned);
        }
        planned
    }

    /// Where a plan of `inputs` begins: every job where it was planned, but for those that
    /// are new, those that run where power no longer reaches and those that wait for others,
    /// which are placed anew; every price at its name and time.
    pub fn start(&self, inputs: &PlanInputs) -> Start {
        let none = Vec::new();
        let of = |job: &JobInput| match job.after.is_empty() {
            true => on_grid(inputs, job, self.jobs.get(&job.id).unwrap_or(&none)),
            false => Vec::new(),
        };
        let mut rows: Vec<Vec<Run>> = inputs.jobs.iter().map(of).collect();
        lift_overfull(inputs, &mut rows);
        let mut start = Start {
            runs: Some(rows),
            ..Start::default()
        };
        if let Some(prices) = &self.prices {
            start.prices = prices.on(inputs);
            start.unpriced = prices.unpriced(inputs);
        }
        start
    }
}

/// Takes out the jobs that run in a step in which all jobs below some node together draw
/// more than it may import and has of its own.
fn lift_overfull(inputs: &PlanInputs, rows: &mut [Vec<Run>]) {
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

/// What a job was planned to run, on another grid. A start takes its time again unless the
/// job runs already.
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

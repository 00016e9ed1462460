//! Work open at the end: how much, what could still be done of it, and the job it mostly is.

use serde::Serialize;

use crate::record::{OpenJob, PolicyRun};
use crate::run::Context;

/// Work open at the run's end. Work is in GPU-hours, money in currency.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct OpenWorkSummary {
    /// Work left of all open jobs.
    pub gpu_h: f64,
    /// Part of it that the site could still do before the jobs' latest times, its earliest
    /// deadlines first, were no more jobs to come.
    pub doable_gpu_h: f64,
    /// What that is worth in `value`: lateness and energy taken off.
    pub worth: f64,
    /// The job that is more than half of the work left; `None` where none is.
    pub mostly: Option<OpenJobSummary>,
}

/// One job that is most of the work open at the end.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct OpenJobSummary {
    /// Its id.
    pub id: String,
    /// Work left of it.
    pub gpu_h: f64,
    /// Time that takes at its largest size, h.
    pub hours: f64,
    /// Its largest size, GPUs.
    pub gpus: u32,
    /// Its share of all work left, %.
    pub share_pct: f64,
    /// What can still be done of it is worth so much in `value`.
    pub worth: f64,
}

pub(super) fn open_work(context: &Context<'_>, run: &PolicyRun) -> Option<OpenWorkSummary> {
    let all = &run.open_work;
    let sum = |part: &dyn Fn(&OpenJob) -> i64| all.iter().map(part).sum::<i64>() as f64 / 3600.0;
    let gpu_h = sum(&|one| one.left);
    let largest = all.iter().max_by_key(|one| one.left)?;
    let own = largest.left as f64 / 3600.0;
    let job = &context.jobs[largest.job as usize];
    let mostly = OpenJobSummary {
        id: job.id.clone(),
        gpu_h: own,
        hours: own / f64::from(job.gang_max().max(1)),
        gpus: job.gang_max(),
        share_pct: 100.0 * own / gpu_h.max(f64::MIN_POSITIVE),
        worth: largest.worth.as_units(),
    };
    Some(OpenWorkSummary {
        gpu_h,
        doable_gpu_h: sum(&|one| one.done),
        worth: all.iter().map(|one| one.worth.as_units()).sum(),
        mostly: Some(mostly).filter(|one| one.share_pct > 50.0),
    })
}

//! Jobs: on time, late, unmet, open.

use serde::Serialize;

use crate::record::PolicyRun;
use crate::run::Context;

/// Jobs of a run. Work is in GPU-hours, money in currency.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, schemars::JsonSchema)]
pub struct JobSummary {
    /// Jobs whose release lay within the run.
    pub submitted: u64,
    /// Finished by their deadline.
    pub on_time: u64,
    /// Finished after it.
    pub late: u64,
    /// Out of time with work left.
    pub unmet: u64,
    /// Still with time and work at the run's end.
    pub open: u64,
    /// Work done by the deadline.
    pub on_time_gpu_h: f64,
    /// Work done after it.
    pub late_gpu_h: f64,
    /// Work done twice because a stop lost it.
    pub lost_gpu_h: f64,
    /// Work never done in time.
    pub unmet_gpu_h: f64,
    /// Work still open at the run's end; what the site can yet do of it in time is credited at
    /// its value less lateness and energy (`open_work`).
    pub open_gpu_h: f64,
    /// What work earned, lateness taken off.
    pub earned: f64,
    /// Value lost by lateness.
    pub lateness_cost: f64,
    /// Penalties for work never done.
    pub unmet_penalty: f64,
    /// Mean time from deadline to finish of late jobs, h.
    pub lateness_mean_h: f64,
    /// Longest such time, h.
    pub lateness_max_h: f64,
    /// Mean time from release to finish of finished jobs, h.
    pub turnaround_mean_h: f64,
    /// Starts per finished job.
    pub starts_per_job: f64,
}

pub(super) fn jobs(context: &Context<'_>, run: &PolicyRun) -> JobSummary {
    let hours = |seconds: i64| seconds as f64 / 3600.0;
    let mut s = JobSummary::default();
    let (mut finished, mut starts) = (0u64, 0u64);
    for (job, outcome) in context
        .jobs
        .iter()
        .zip(&run.jobs)
        .filter(|(_, o)| o.submitted)
    {
        s.submitted += 1;
        s.on_time_gpu_h += hours(outcome.on_time);
        s.late_gpu_h += hours(outcome.late);
        s.lost_gpu_h += hours(outcome.lost);
        s.earned += outcome.earned as f64 / 1e6;
        s.lateness_cost += outcome.lateness as f64 / 1e6;
        s.unmet_penalty += outcome.unmet as f64 / 1e6;
        match outcome.finished {
            Some(at) => {
                finished += 1;
                starts += u64::from(outcome.starts);
                s.turnaround_mean_h += hours(at - job.release);
                if at <= job.deadline {
                    s.on_time += 1;
                } else {
                    s.late += 1;
                    s.lateness_mean_h += hours(at - job.deadline);
                    s.lateness_max_h = s.lateness_max_h.max(hours(at - job.deadline));
                }
            }
            None if outcome.closed => {
                s.unmet += 1;
                s.unmet_gpu_h += hours(outcome.left);
            }
            None => {
                s.open += 1;
                s.open_gpu_h += hours(outcome.left);
            }
        }
    }
    let per = |sum: f64, count: u64| if count > 0 { sum / count as f64 } else { 0.0 };
    s.turnaround_mean_h = per(s.turnaround_mean_h, finished);
    s.lateness_mean_h = per(s.lateness_mean_h, s.late);
    s.starts_per_job = per(starts as f64, finished);
    s
}

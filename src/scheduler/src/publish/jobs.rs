//! When jobs run, in whole gangs.

use swingload_model::job::{ImpossibleWork, Job};
use swingload_model::plan::{JobPlan, JobRun};

use super::Occasion;
use crate::build::Built;
use crate::impossible::find;
use crate::inputs::{Gangs, JobInput, PlanInputs};
use crate::placement::work_done;
use crate::plan::Planned;
use crate::schedule::{Problem, Run};

/// Jobs known so far of which work can never be done, and whose time is not over.
pub(super) fn impossible(occasion: &Occasion<'_>, built: &Built) -> Vec<(usize, ImpossibleWork)> {
    let now = built.inputs.grid.start_s(0);
    let known: Vec<Job> = occasion.jobs.iter().map(|j| j.job.clone()).collect();
    let mut all = find(occasion.site, &known);
    all.retain(|(k, _)| occasion.jobs[*k].finished.is_none() && known[*k].latest > now);
    all
}

/// All jobs of the inputs, in their order, then those that can never run.
pub(super) fn jobs(
    occasion: &Occasion<'_>,
    built: &Built,
    planned: &Planned,
    impossible: &[(usize, ImpossibleWork)],
) -> Vec<JobPlan> {
    let inputs = &built.inputs;
    let problem = Problem::new(inputs);
    let seconds = |gpu_hours: f64| (gpu_hours.max(0.0) * 3600.0).round() as i64;
    let plan = |j: usize| {
        let input = &inputs.jobs[j];
        let job = &occasion.jobs[built.job[j]].job;
        let left = input.work - work_done(&problem, &planned.schedule, j);
        let later = (planned.schedule.beyond[j] + behind(inputs, input, job)).min(left);
        JobPlan {
            job: input.id.clone(),
            gpu_pool: occasion.site.gpu_pools[job.gpu_pool].id.clone(),
            release: job.release,
            deadline: job.deadline,
            value_per_gpu_h: job.value,
            runs: runs(inputs, &input.gangs, &planned.schedule.jobs[j]),
            later: seconds(later),
            missed: seconds(left - later),
        }
    };
    let never = impossible.iter().filter(|(_, work)| work.never_runs());
    let never = never.map(|(k, _)| {
        let state = &occasion.jobs[*k];
        let job = &state.job;
        JobPlan {
            job: job.id.clone(),
            gpu_pool: occasion.site.gpu_pools[job.gpu_pool].id.clone(),
            release: job.release,
            deadline: job.deadline,
            value_per_gpu_h: job.value,
            runs: Vec::new(),
            later: 0,
            missed: state.work_left,
        }
    });
    (0..inputs.jobs.len()).map(plan).chain(never).collect()
}

/// GPU-hours that a job could still do, at most, within the horizon behind the steps it is
/// planned in, which end where it should be done: with all power of its node for itself.
fn behind(inputs: &PlanInputs, input: &JobInput, job: &Job) -> f64 {
    let grid = &inputs.grid;
    let most = input.gangs.max();
    let of_step = |t: usize| {
        let end = grid.end_s(t).min(job.latest);
        let hours = (end - grid.start_s(t)).max(0) as f64 / 3600.0;
        let node = &inputs.nodes[input.node];
        let held = node.limit[t] / (input.gpu_mw * node.factor[t]);
        hours * most.min(held)
    };
    let all: f64 = (input.end..grid.len()).map(of_step).sum();
    (all - input.restart * most).max(0.0)
}

/// Neighbouring steps of one gang as one stretch.
fn runs(inputs: &PlanInputs, gangs: &Gangs, runs: &[Run]) -> Vec<JobRun> {
    let mut all: Vec<JobRun> = Vec::new();
    for run in runs.iter().filter(|run| run.gpus > 1e-6) {
        let gpus = gang(gangs, run.gpus);
        let seconds = inputs.grid.duration(run.step as usize).get() as f64;
        let gpu_seconds = (run.gpus * seconds).round() as i64;
        match all.last_mut() {
            Some(last) if last.to == run.step && last.gpus == gpus => {
                last.to += 1;
                last.gpu_seconds += gpu_seconds;
            }
            _ => all.push(JobRun {
                from: run.step,
                to: run.step + 1,
                gpus,
                gpu_seconds,
            }),
        }
    }
    all
}

/// The gang that runs at a mean of so many GPUs: a larger one stops before the step ends.
fn gang(gangs: &Gangs, mean: f64) -> u32 {
    let least = (mean - 1e-6).ceil() as u32;
    match gangs {
        Gangs::Divisible(_) => least,
        Gangs::Sizes(sizes) => sizes.iter().copied().find(|s| *s >= least).unwrap_or(least),
    }
}

//! Jobs that run now and may not stop yet.

use super::{Curves, remove_job, work_done};
use crate::commitment;
use crate::inputs::JobInput;
use crate::schedule::{Problem, Schedule, minimum_ends};

/// Whether the job runs now and may not stop or change its size yet; `first` is the first step
/// of its window.
pub(crate) fn is_held(job: &JobInput, first: usize) -> bool {
    job.running > 0 && first == 0 && job.running_hours < job.min_run - 1e-9
}

/// Whether a job that runs goes on at its size for its shortest run, or to its end.
pub(crate) fn goes_on(problem: &Problem<'_>, schedule: &Schedule, j: usize) -> bool {
    let job = &problem.inputs.jobs[j];
    let missing = job.min_run - job.running_hours;
    if job.running == 0 || job.first > 0 || missing <= 1e-9 {
        return true;
    }
    let held = held_until(problem, job);
    let runs = &schedule.jobs[j];
    let whole = (runs.iter().zip(0u32..).take(held))
        .take_while(|(run, t)| run.step == *t && run.gpus == f64::from(job.running))
        .count();
    // The last step of the work may be run in part.
    whole == held
        || runs.len() == whole + 1
            && runs[whole].step as usize == whole
            && runs[whole].gpus < f64::from(job.running)
            && work_done(problem, schedule, j) >= job.work * (1.0 - 1e-9)
        || runs.len() == whole
            && whole > 0
            && work_done(problem, schedule, j) >= job.work * (1.0 - 1e-9)
}

/// Makes room for job `j`, which may not stop yet but does not fit, and places it `again`:
/// first the jobs that may move are taken out, with those that wait for them, then blocks of
/// miners are stopped as soon as they may. Where that does not help, nothing changes.
///
/// Jobs are spread before blocks are committed, so that jobs and blocks that may not stop can
/// together exceed what a step carries.
pub(super) fn make_room(
    problem: &Problem<'_>,
    schedule: &mut Schedule,
    curves: &mut Curves,
    j: usize,
    mut again: impl FnMut(&mut Schedule, &mut Curves),
) {
    let before = schedule.clone();
    let until = held_until(problem, &problem.inputs.jobs[j]);
    if remove_others(problem, schedule, j, until) {
        again(schedule, curves);
    }
    if goes_on(problem, schedule, j) {
        return;
    }
    if stop_blocks(problem, schedule, until) {
        curves.forget();
        again(schedule, curves);
    }
    if goes_on(problem, schedule, j) {
        return;
    }
    *schedule = before;
    curves.forget();
}

/// First step in which a job that runs may stop.
pub(crate) fn held_until(problem: &Problem<'_>, job: &JobInput) -> usize {
    minimum_ends(&problem.hours, job.min_run - job.running_hours)[0].min(job.end)
}

/// Takes out the jobs that may move and share a step before `until`, and those that wait for
/// them; returns whether there were any.
fn remove_others(problem: &Problem<'_>, schedule: &mut Schedule, j: usize, until: usize) -> bool {
    let jobs = &problem.inputs.jobs;
    let shares = |k: usize| {
        let first = schedule.jobs[k].first();
        first.is_some_and(|run| (run.step as usize) < until)
    };
    let mut out: Vec<usize> = (0..jobs.len())
        .filter(|k| *k != j && !is_held(&jobs[*k], jobs[*k].first) && shares(*k))
        .collect();
    let found = !out.is_empty();
    while let Some(k) = out.pop() {
        if !schedule.jobs[k].is_empty() {
            remove_job(problem, schedule, k);
            out.extend((0..jobs.len()).filter(|f| jobs[*f].after.contains(&k)));
        }
    }
    found
}

/// Stops blocks that run before `until`, as soon as they may; returns whether any could.
fn stop_blocks(problem: &Problem<'_>, schedule: &mut Schedule, until: usize) -> bool {
    let mut found = false;
    for (m, pool) in problem.inputs.pools.iter().enumerate() {
        for (b, block) in pool.blocks.iter().enumerate() {
            let missing = match block.on {
                true => pool.min_on - block.hours_in_state,
                false => 0.0,
            };
            let ends = match missing > 1e-9 {
                true => minimum_ends(&problem.hours, missing)[0],
                false => 0,
            };
            let path: Vec<bool> = (0..problem.inputs.steps()).map(|t| t < ends).collect();
            let now = &schedule.on[m][b][..until];
            if now != &path[..until] && commitment::is_feasible(problem, m, b, &path) {
                problem.set_path(schedule, m, b, path);
                found = true;
            }
        }
    }
    found
}

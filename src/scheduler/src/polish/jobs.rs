//! Moves of jobs: places, sizes, and work from step to step.

use std::ops::Range;

use super::{Search, keeps_dependencies};
use crate::inputs::Gangs;
use crate::placement::{self, Windows, work_done};
use crate::schedule::{Problem, Run, Schedule};

impl Search<'_, '_, '_> {
    /// Tries every job at its best courses and in every place of its window.
    pub(super) fn jobs(&mut self) {
        for j in 0..self.problem.inputs.jobs.len() {
            self.replace(j, 8);
            let mut without = self.schedule.clone();
            placement::remove_job(self.problem, &mut without, j);
            let waiting = self.waiting(j);
            let first = self.windows.of(self.problem, &without, j).start;
            for (runs, beyond) in placements(
                self.problem,
                self.windows,
                j,
                first..self.problem.inputs.jobs[j].end,
            ) {
                if self.is_over() {
                    return;
                }
                let mut schedule = without.clone();
                placement::insert_job(self.problem, &mut schedule, j, runs);
                schedule.beyond[j] = beyond;
                if !waiting.is_empty() {
                    self.offer_replaced(schedule.clone(), &waiting);
                }
                if keeps_dependencies(self.problem, &schedule, j) {
                    self.offer_committed(schedule);
                }
            }
            if !waiting.is_empty() {
                let all = [&[j], &waiting[..]].concat();
                self.offer_replaced(self.schedule.clone(), &all);
            }
        }
        let jobs = self.problem.inputs.jobs.len();
        for (a, b) in (0..jobs)
            .flat_map(|a| (0..jobs).map(move |b| (a, b)))
            .filter(|(a, b)| a != b)
        {
            self.offer_replaced(self.schedule.clone(), &[a, b]);
        }
    }

    /// Tries gang `j` at its `count` best courses, with all else fixed and with the blocks
    /// committed anew.
    pub(super) fn replace(&mut self, j: usize, count: usize) {
        if self.is_over() || !matches!(self.problem.inputs.jobs[j].gangs, Gangs::Sizes(_)) {
            return;
        }
        let mut without = self.schedule.clone();
        placement::remove_job(self.problem, &mut without, j);
        without.beyond[j] = 0.0;
        for (runs, beyond) in self.courses(&without, j, count) {
            let mut schedule = without.clone();
            placement::insert_job(self.problem, &mut schedule, j, runs);
            schedule.beyond[j] = beyond;
            self.offer_committed(schedule);
        }
        self.offer_with_jobs_bidding(|search, schedule| search.replace_and_commit(schedule, j));
        let waiting = self.waiting(j);
        if waiting.is_empty() {
            return;
        }
        // Jobs that wait for it are taken out and placed after it.
        for k in &waiting {
            placement::remove_job(self.problem, &mut without, *k);
            without.beyond[*k] = self.later(*k);
        }
        for (runs, beyond) in self.courses(&without, j, 2 * count) {
            let mut schedule = without.clone();
            placement::insert_job(self.problem, &mut schedule, j, runs);
            schedule.beyond[j] = beyond;
            self.offer_replaced(schedule, &waiting);
        }
    }

    /// Puts gang `j` on its best course and commits the blocks around it; whether anything changed.
    fn replace_and_commit(&mut self, schedule: &mut Schedule, j: usize) -> bool {
        let before = placement::remove_job(self.problem, schedule, j);
        schedule.beyond[j] = self.later(j);
        let best = self.courses(schedule, j, 1).pop();
        let (runs, beyond) = best.unwrap_or((Vec::new(), self.later(j)));
        let moved = runs != before;
        placement::insert_job(self.problem, schedule, j, runs);
        schedule.beyond[j] = beyond;
        self.commit(schedule) || moved
    }

    /// Work of job `j` that is left for after the horizon where the job is left out, GPU-hours.
    pub(super) fn later(&self, j: usize) -> f64 {
        later(
            self.problem,
            self.windows,
            j,
            self.problem.inputs.jobs[j].work,
        )
    }

    /// Steps that job `j` may use: after those it waits for, before those that wait for it.
    pub(super) fn window(&self, schedule: &Schedule, j: usize) -> Range<usize> {
        let jobs = &self.problem.inputs.jobs;
        let first = self.windows.of(self.problem, schedule, j).start;
        let done = |before: &usize| {
            work_done(self.problem, schedule, *before) >= jobs[*before].work * (1.0 - 1e-9)
        };
        if !jobs[j].after.iter().all(done) {
            return first..first;
        }
        let waiting = jobs.iter().zip(&schedule.jobs);
        let starts = waiting
            .filter(|(job, _)| job.after.contains(&j))
            .filter_map(|(_, runs)| runs.first());
        let end = starts
            .map(|r| r.step as usize)
            .fold(jobs[j].end, usize::min);
        first..end.max(first)
    }

    /// Offers `schedule` with the jobs taken out and placed anew in this order.
    fn offer_replaced(&mut self, mut schedule: Schedule, jobs: &[usize]) {
        if self.is_over() {
            return;
        }
        for j in jobs {
            placement::remove_job(self.problem, &mut schedule, *j);
            schedule.beyond[*j] = self.later(*j);
        }
        for j in jobs {
            if matches!(self.problem.inputs.jobs[*j].gangs, Gangs::Divisible(_)) {
                if let Some(with) = self.placed_at_price(&schedule, *j) {
                    schedule = with;
                }
            } else if let Some((runs, beyond)) = self.courses(&schedule, *j, 1).pop() {
                placement::insert_job(self.problem, &mut schedule, *j, runs);
                schedule.beyond[*j] = beyond;
            }
        }
        self.offer_committed(schedule);
    }

    /// Jobs that wait for `j`, directly or through others, in the order of a sweep.
    fn waiting(&self, j: usize) -> Vec<usize> {
        let mut all = vec![j];
        for &k in &self.windows.order {
            if self.problem.inputs.jobs[k]
                .after
                .iter()
                .any(|before| all.contains(before))
            {
                all.push(k);
            }
        }
        all.split_off(1)
    }

    /// Tries every gang at every size, or off, over every range of its window.
    pub(super) fn sizes(&mut self) {
        for (j, job) in self.problem.inputs.jobs.iter().enumerate() {
            let Gangs::Sizes(sizes) = &job.gangs else {
                continue;
            };
            let first = self.windows.of(self.problem, &self.schedule, j).start;
            let choices: Vec<f64> = [0.0]
                .into_iter()
                .chain(sizes.iter().map(|s| f64::from(*s)))
                .collect();
            for (from, until) in (first..job.end)
                .flat_map(|from| (from + 1..=job.end).map(move |until| (from, until)))
            {
                for size in &choices {
                    if self.is_over() {
                        return;
                    }
                    if let Some(schedule) = self.resized(j, sizes, from..until, *size) {
                        self.offer_committed(schedule);
                    }
                }
            }
        }
    }

    /// The schedule with job `j` at `size` over a range of steps, ended where its work is done;
    /// `None` where that changes nothing or breaks a rule.
    fn resized(
        &self,
        j: usize,
        sizes: &[u32],
        stretch: Range<usize>,
        size: f64,
    ) -> Option<Schedule> {
        let job = &self.problem.inputs.jobs[j];
        let mut course = vec![0.0; self.problem.inputs.steps()];
        for run in &self.schedule.jobs[j] {
            // Part of a gang counts as the smallest that holds it.
            let whole = sizes
                .iter()
                .map(|s| f64::from(*s))
                .find(|s| *s >= run.gpus - 1e-6);
            course[run.step as usize] = whole.unwrap_or(job.gangs.max());
        }
        if course[stretch.clone()].iter().all(|s| *s == size) {
            return None;
        }
        course[stretch].fill(size);
        let (runs, left) = self.cut(j, &course)?;
        let mut schedule = self.schedule.clone();
        placement::remove_job(self.problem, &mut schedule, j);
        placement::insert_job(self.problem, &mut schedule, j, runs);
        schedule.beyond[j] = later(self.problem, self.windows, j, left);
        keeps_dependencies(self.problem, &schedule, j).then_some(schedule)
    }

    /// Runs at these sizes per step up to where the work is done, and the work left, GPU-hours;
    /// `None` where a run is too short.
    fn cut(&self, j: usize, course: &[f64]) -> Option<(Vec<Run>, f64)> {
        let job = &self.problem.inputs.jobs[j];
        let (mut runs, mut left, mut lost) = (Vec::new(), job.work, 0.0f64);
        // Size and hours of the run so far.
        let (mut before, mut hours) = if job.first == 0 {
            (f64::from(job.running), job.running_hours)
        } else {
            (0.0, 0.0)
        };
        for (t, size) in course.iter().enumerate() {
            if left <= job.work * 1e-12 {
                return Some((runs, 0.0));
            }
            let both = size.min(before) * self.problem.hours[t];
            if *size != before && both > 0.0 && left <= both {
                // The gang that runs goes on for the part of the step that ends the work.
                runs.push(Run {
                    step: t as u32,
                    gpus: left / self.problem.hours[t],
                });
                return Some((runs, 0.0));
            }
            if *size != before {
                if before > 0.0 && hours < job.min_run - 1e-9 && t < job.end {
                    return None;
                }
                (before, hours, lost) = (*size, 0.0, job.restart);
            }
            if *size == 0.0 {
                continue;
            }
            let gpus = run_step(*size, self.problem.hours[t], &mut left, &mut lost);
            hours += self.problem.hours[t];
            runs.push(Run {
                step: t as u32,
                gpus,
            });
        }
        Some((runs, left.max(0.0)))
    }

    /// Tries to move work from one step to another, of jobs without restart costs or shortest runs.
    pub(super) fn moves(&mut self) {
        for (j, job) in self.problem.inputs.jobs.iter().enumerate() {
            if job.restart > 0.0 || job.min_run > 0.0 {
                continue;
            }
            let window = self.window(&self.schedule, j);
            for (from, to) in window
                .clone()
                .flat_map(|from| window.clone().map(move |to| (from, to)))
                .filter(|(a, b)| a != b)
            {
                let shares: &[f64] = if matches!(job.gangs, Gangs::Divisible(_)) {
                    &[1.0, 0.3]
                } else {
                    &[1.0]
                };
                for share in shares {
                    if self.is_over() {
                        return;
                    }
                    if let Some(schedule) = self.moved(j, from, to, *share)
                        && keeps_dependencies(self.problem, &schedule, j)
                    {
                        self.offer(&schedule);
                    }
                }
            }
        }
    }

    /// The schedule with `share` of what job `j` does in step `from` moved to step `to`, as far as
    /// its size there allows.
    fn moved(&self, j: usize, from: usize, to: usize, share: f64) -> Option<Schedule> {
        let job = &self.problem.inputs.jobs[j];
        let mut runs = self.schedule.jobs[j].clone();
        let at = runs.binary_search_by_key(&(from as u32), |r| r.step).ok()?;
        let there = runs
            .iter()
            .find(|r| r.step as usize == to)
            .map_or(0.0, |r| r.gpus);
        let (own, other) = (self.problem.hours[from], self.problem.hours[to]);
        let work = match job.gangs {
            Gangs::Divisible(most) => (runs[at].gpus * own * share).min((most - there) * other),
            // The two steps trade their sizes, so that gangs stay whole.
            Gangs::Sizes(_) if own == other => (runs[at].gpus - there) * own,
            Gangs::Sizes(_) => return None,
        };
        if work <= 1e-9 {
            return None;
        }
        runs[at].gpus -= work / own;
        match runs.iter_mut().find(|r| r.step as usize == to) {
            Some(run) => run.gpus += work / other,
            None => runs.push(Run {
                step: to as u32,
                gpus: work / other,
            }),
        }
        runs.retain(|r| r.gpus > 1e-9);
        runs.sort_by_key(|r| r.step);
        let mut schedule = self.schedule.clone();
        placement::remove_job(self.problem, &mut schedule, j);
        placement::insert_job(self.problem, &mut schedule, j, runs);
        Some(schedule)
    }
}

/// Runs a gang of `size` GPUs through a step of `hours`: takes the work done off `left`
/// (GPU-hours) and the part of a start that falls into the step off `lost` (hours). Returns the
/// mean GPUs of the step, which are fewer where the work ends in it.
fn run_step(size: f64, hours: f64, left: &mut f64, lost: &mut f64) -> f64 {
    let waits = lost.min(hours);
    let share = ((*left / size + waits) / hours).min(1.0);
    *left -= size * (share * hours - waits).max(0.0);
    *lost -= waits;
    size * share
}

/// How much of the work `left` is left for after the horizon, GPU-hours: none where that is
/// worth nothing.
pub(super) fn later(problem: &Problem<'_>, windows: &Windows, j: usize, left: f64) -> f64 {
    if windows.beyond_worth[j] > 0.0 {
        left.max(0.0).min(problem.inputs.jobs[j].beyond)
    } else {
        0.0
    }
}

/// Single runs of job `j` from every step of its window at every size, and none, each
/// with the work left for after the horizon.
pub(super) fn placements(
    problem: &Problem<'_>,
    windows: &Windows,
    j: usize,
    window: Range<usize>,
) -> Vec<(Vec<Run>, f64)> {
    let job = &problem.inputs.jobs[j];
    let sizes = match &job.gangs {
        Gangs::Divisible(most) => vec![*most, 0.5 * most],
        Gangs::Sizes(sizes) => sizes.iter().map(|s| f64::from(*s)).collect(),
    };
    let later = |left: f64| later(problem, windows, j, left);
    let held = job.running > 0 && job.first == 0 && job.running_hours < job.min_run - 1e-9;
    let mut all = Vec::new();
    if !held {
        all.push((Vec::new(), later(job.work)));
    }
    let firsts = if held {
        window.start..window.end.min(1)
    } else {
        window.clone()
    };
    for (size, first) in sizes
        .iter()
        .flat_map(|size| firsts.clone().map(move |first| (*size, first)))
    {
        let goes_on = first == 0 && size == f64::from(job.running);
        if held && !goes_on {
            continue;
        }
        let mut lost = if goes_on { 0.0 } else { job.restart };
        let mut hours = if goes_on { job.running_hours } else { 0.0 };
        let (mut runs, mut left) = (Vec::new(), job.work);
        for t in first..window.end {
            if left <= job.work * 1e-12 {
                break;
            }
            let gpus = run_step(size, problem.hours[t], &mut left, &mut lost);
            hours += problem.hours[t];
            runs.push(Run {
                step: t as u32,
                gpus,
            });
        }
        let done = left <= job.work * 1e-9;
        if done || hours >= job.min_run - 1e-9 || window.end == job.end {
            all.push((runs, later(left)));
        }
    }
    all
}

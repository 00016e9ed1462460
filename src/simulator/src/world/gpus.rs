//! GPUs: gangs that start, run, checkpoint, finish and lose work; services that serve demand.
//!
//! ```text
//! start                                   stop
//!   |- restart -|- work -|- work -|- work -|- checkpoint -|     notice fits the checkpoint
//!   |- restart -|- work -|- work -|xxxxxxxx|                    it does not: x is lost
//!                        ^ periodic checkpoints cost nothing
//! ```
//! All of it draws running power, counted by the second, over as many steps as it
//! takes. A stop's notice fits a checkpoint when the job's notice is at least the time
//! a checkpoint takes. Its GPUs are free when it is written, and not before does the
//! job itself go on at another size, nor another gang or a service get them.

use std::collections::BTreeMap;

use swingload_model::job::Job;
use swingload_model::site::Site;
use swingload_model::time::TimeGrid;
use swingload_model::units::{Money, divide_half_even};
use swingload_scheduler::event::JobReport;

use super::{JobMoney, WorldCounts};
use crate::settlement::open_work::Open;
use crate::truth::{PARTS, Truth};

/// Jobs and services of all GPU pools.
#[derive(Debug)]
pub(crate) struct Gpus<'a> {
    jobs: &'a [Job],
    /// Per job, whether it can never run.
    never_runs: &'a [bool],
    /// GPU pool and penalty of jobs that were over when they were submitted, to be booked.
    refused: Vec<(usize, i64)>,
    state: Vec<JobState>,
    /// Jobs that must be finished first, by position; only for jobs that have any.
    after: BTreeMap<usize, Vec<usize>>,
    /// Jobs submitted so far; later ones are unknown to everyone.
    submitted: usize,
    /// Running jobs, by position.
    running: Vec<usize>,
    /// Jobs whose target changed since the last step, in the order of commands.
    changed: Vec<usize>,
    /// Positions by rising `latest`, and how many have passed.
    by_latest: Vec<usize>,
    passed: usize,
    /// Checkpoints being written.
    writing: Vec<Writing>,
    service_target: Vec<u32>,
    /// GPUs each service has; fewer than its target while checkpoints hold them.
    service_gpus: Vec<i64>,
    service_of: Vec<usize>,
    served_s: Vec<i64>,
    training_s: Vec<i64>,
    stretches: Vec<Stretch>,
    reports: Vec<JobReport>,
    /// Value of work lost by stops in this step, by GPU pool.
    losses: Vec<(usize, i64)>,
    /// Stretches of running, for reports.
    pub(crate) spans: Vec<Span>,
}

/// A job in the world.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JobState {
    pub(crate) work_left: i64,
    gpus: u32,
    target: u32,
    /// Second at which the GPUs of the current start are free for it.
    ready_at: i64,
    /// Second at which it last began to run after standing still.
    since: i64,
    /// Seconds of the current start still without progress.
    restart_left: i64,
    /// Seconds of work since the last checkpoint, the work, and its value in micro-units.
    since_checkpoint: i64,
    at_risk: i64,
    at_risk_money: (i64, i64),
    /// Part of `at_risk` done by the deadline.
    at_risk_on_time: i64,
    pub(crate) starts: u32,
    pub(crate) finished: Option<i64>,
    pub(crate) closed: bool,
    pub(crate) on_time: i64,
    pub(crate) late: i64,
    pub(crate) lost: i64,
    pub(crate) earned: i64,
    pub(crate) lateness_money: i64,
    pub(crate) unmet_money: i64,
    /// Where its open span lies in the list of spans.
    span: usize,
}

/// A stretch of running of one job, with as many GPUs throughout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Span {
    /// Position of the job.
    pub job: u32,
    /// GPUs.
    pub gpus: u32,
    /// Unix second at which it began.
    pub start: i64,
    /// Unix second at which it ended.
    pub end: i64,
}

/// What a job does in the current step.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    job: usize,
    gpus: u32,
    /// Seconds after the step's start at which work begins, and seconds of work.
    work_from: i64,
    work_s: i64,
    /// Work, GPU-seconds.
    work: i64,
    restart_used: i64,
    /// Second at which it leaves its GPUs; the step's end when it goes on.
    until: i64,
}

/// A stopped gang that writes its checkpoint.
#[derive(Debug, Clone, Copy)]
struct Writing {
    job: usize,
    gpus: u32,
    until: i64,
}

impl<'a> Gpus<'a> {
    pub(crate) fn new(site: &Site, (jobs, never_runs): (&'a [Job], &'a [bool])) -> Self {
        let by_id: BTreeMap<&str, usize> = if jobs.iter().any(|j| !j.depends_on.is_empty()) {
            jobs.iter()
                .enumerate()
                .map(|(i, j)| (j.id.as_str(), i))
                .collect()
        } else {
            BTreeMap::new()
        };
        let depends = jobs
            .iter()
            .enumerate()
            .filter(|(_, job)| !job.depends_on.is_empty());
        // A job that waits for one nobody knows never starts: it waits for itself.
        let after = depends.map(|(i, job)| {
            (
                i,
                job.depends_on
                    .iter()
                    .map(|id| by_id.get(id.as_str()).copied().unwrap_or(i))
                    .collect(),
            )
        });
        let after = after.collect();
        let mut by_latest: Vec<usize> = (0..jobs.len()).collect();
        by_latest.sort_by_key(|i| (jobs[*i].latest, *i));
        Self {
            state: jobs.iter().map(JobState::new).collect(),
            jobs,
            never_runs,
            refused: Vec::new(),
            after,
            submitted: 0,
            running: Vec::new(),
            changed: Vec::new(),
            by_latest,
            passed: 0,
            writing: Vec::new(),
            service_target: vec![0; site.services.len()],
            service_gpus: vec![0; site.services.len()],
            service_of: site.services.iter().map(|s| s.gpu_pool).collect(),
            served_s: vec![0; site.services.len()],
            training_s: vec![0; site.gpu_pools.len()],
            stretches: Vec::new(),
            reports: Vec::new(),
            losses: Vec::new(),
            spans: Vec::new(),
        }
    }

    /// Makes the next job known. One that can never run is over at once, all of it unmet.
    pub(crate) fn submit(&mut self) {
        let job = self.submitted;
        self.submitted += 1;
        if self.never_runs.get(job).copied().unwrap_or(false) {
            let penalty = self.close_unmet(job);
            self.refused.push((self.jobs[job].gpu_pool, penalty));
        }
    }

    /// Closes a job with what it did not do unmet; returns the penalty, micro-units.
    fn close_unmet(&mut self, job: usize) -> i64 {
        let state = &mut self.state[job];
        let terms = &self.jobs[job];
        state.closed = true;
        state.unmet_money = terms.unmet_penalty.prorated(state.work_left, 3600).get();
        state.unmet_money
    }

    pub(crate) fn command_service(&mut self, service: usize, gpus: u32) -> bool {
        self.service_target
            .get_mut(service)
            .map(|target| *target = gpus)
            .is_some()
    }

    /// Takes a gang for a job; refuses jobs unknown, closed or waiting for others, and sizes that are no gang.
    pub(crate) fn command_job(&mut self, job: usize, gpus: u32) -> bool {
        if job >= self.submitted {
            return false;
        }
        let waits = |this: &Self| {
            this.after
                .get(&job)
                .is_some_and(|before| before.iter().any(|b| this.state[*b].finished.is_none()))
        };
        if gpus > 0
            && (self.state[job].closed || !self.jobs[job].gangs.contains(&gpus) || waits(self))
        {
            return false;
        }
        if !self.state[job].closed {
            self.state[job].target = gpus;
            self.changed.push(job);
        }
        true
    }

    /// GPU-seconds at work on jobs of a pool in this step.
    pub(crate) fn training_s(&self, pool: usize) -> i64 {
        self.training_s[pool]
    }

    /// GPU-seconds a service serves in this step.
    pub(crate) fn served_s(&self, service: usize) -> i64 {
        self.served_s[service]
    }

    pub(crate) fn states(&self) -> &[JobState] {
        &self.state
    }

    pub(crate) fn submitted(&self) -> usize {
        self.submitted
    }

    /// Reports since the last call.
    pub(crate) fn take_reports(&mut self) -> Vec<JobReport> {
        std::mem::take(&mut self.reports)
    }

    /// Starts, stops and runs jobs through step `t`, and serves services.
    pub(crate) fn draw(&mut self, site: &Site, truth: &Truth, t: usize, counts: &mut WorldCounts) {
        let (start, end) = (truth.grid.start_s(t), truth.grid.end_s(t));
        self.training_s.fill(0);
        self.stretches.clear();
        let installed: Vec<i64> = site
            .gpu_pools
            .iter()
            .map(|pool| i64::from(pool.count.at(start)))
            .collect();
        let mut free = installed.clone();
        for (v, target) in self.service_target.iter().enumerate() {
            let pool = &mut free[self.service_of[v]];
            *pool -= i64::from(*target).min(*pool);
        }
        self.switch(start, counts);
        self.fit(start, &mut free, counts);
        self.hold(&free);
        self.serve(truth, t, &installed);
        for gang in &self.writing {
            let seconds = gang.until.min(end) - start;
            self.training_s[self.jobs[gang.job].gpu_pool] += i64::from(gang.gpus) * seconds;
        }
        self.writing.retain(|gang| gang.until > end);
        for index in 0..self.running.len() {
            self.plan_stretch(self.running[index], start, end);
        }
        for stretch in &self.stretches {
            let pool = self.jobs[stretch.job].gpu_pool;
            self.training_s[pool] +=
                i64::from(stretch.gpus) * (stretch.work_s + stretch.restart_used);
        }
    }

    /// Performs stops and lists starts.
    fn switch(&mut self, start: i64, counts: &mut WorldCounts) {
        let mut changed = std::mem::take(&mut self.changed);
        for job in changed.drain(..) {
            let state = self.state[job];
            if state.target == state.gpus || state.closed {
                continue;
            }
            let terms = &self.jobs[job];
            if state.gpus > 0 {
                let cost = terms.checkpoint_cost.get();
                if terms.notice.get() >= cost {
                    if cost > 0 {
                        self.writing.push(Writing {
                            job,
                            gpus: state.gpus,
                            until: start + cost,
                        });
                    }
                    self.secure(job);
                    self.end_span(job, start + cost);
                } else {
                    self.lose(job);
                    self.end_span(job, start);
                }
                self.running.retain(|r| *r != job);
                self.state[job].gpus = 0;
                self.report(job);
                let young = start - state.since < terms.min_runtime.get();
                counts.short_runs += u64::from(state.target == 0 && young);
            }
            if state.target > 0 {
                let resized = state.gpus > 0;
                let state = &mut self.state[job];
                if !resized {
                    state.since = start;
                }
                state.gpus = state.target;
                state.starts += 1;
                // Negative marks a start in this step; the sign goes when it runs.
                state.restart_left = -terms.restart.get() - 1;
                state.ready_at = start;
                self.running.push(job);
            }
        }
        self.changed = changed;
    }

    /// Makes gangs that start in this step wait for GPUs that still write a checkpoint:
    /// for their own always, for others' where the pool has no other GPUs free.
    fn hold(&mut self, free: &[i64]) {
        if self.writing.is_empty() {
            return;
        }
        let mut held = vec![(0, i64::MIN); free.len()];
        for gang in &self.writing {
            let (gpus, until) = &mut held[self.jobs[gang.job].gpu_pool];
            *gpus += i64::from(gang.gpus);
            *until = gang.until.max(*until);
            let state = &mut self.state[gang.job];
            state.ready_at = state.ready_at.max(gang.until);
        }
        for job in &self.running {
            let pool = self.jobs[*job].gpu_pool;
            let state = &mut self.state[*job];
            let (gpus, until) = held[pool];
            if state.restart_left < 0 && free[pool] < gpus {
                state.ready_at = state.ready_at.max(until);
            }
        }
    }

    /// Serves services through step `t` on the GPUs that neither gangs at work nor
    /// checkpoints hold, second by second; each keeps what it has before another grows.
    fn serve(&mut self, truth: &Truth, t: usize, installed: &[i64]) {
        let (start, end) = (truth.grid.start_s(t), truth.grid.end_s(t));
        let mut cuts: Vec<i64> = self.writing.iter().map(|g| g.until.min(end)).collect();
        cuts.extend([start, end]);
        cuts.sort_unstable();
        cuts.dedup();
        self.served_s.fill(0);
        for span in cuts.windows(2) {
            let (from, seconds) = (span[0], span[1] - span[0]);
            let mut free = installed.to_vec();
            for gang in self.writing.iter().filter(|g| g.until > from) {
                free[self.jobs[gang.job].gpu_pool] -= i64::from(gang.gpus);
            }
            for job in &self.running {
                let state = &self.state[*job];
                // A gang that waits for its GPUs holds none yet.
                if state.ready_at <= from {
                    free[self.jobs[*job].gpu_pool] -= i64::from(state.gpus);
                }
            }
            let services = self.service_target.iter().zip(&mut self.service_gpus);
            for (v, (target, gpus)) in services.enumerate() {
                let pool = &mut free[self.service_of[v]];
                *gpus = (*gpus).min(i64::from(*target)).min((*pool).max(0));
                *pool -= *gpus;
            }
            for (v, gpus) in self.service_gpus.iter_mut().enumerate() {
                let pool = &mut free[self.service_of[v]];
                let more = (i64::from(self.service_target[v]) - *gpus).min((*pool).max(0));
                *pool -= more;
                *gpus += more;
                let asked = truth.demand[v].0.at(t).max(0.0) * seconds as f64;
                self.served_s[v] += (*gpus * seconds).min(asked.round() as i64);
            }
        }
    }

    /// Drops the latest starts until every pool's gangs fit its GPUs.
    fn fit(&mut self, start: i64, free: &mut [i64], counts: &mut WorldCounts) {
        for job in &self.running {
            free[self.jobs[*job].gpu_pool] -= i64::from(self.state[*job].gpus);
        }
        for pool in 0..free.len() {
            while free[pool] < 0 {
                let victim = self
                    .running
                    .iter()
                    .rposition(|job| self.jobs[*job].gpu_pool == pool);
                let Some(index) = victim else { break };
                let job = self.running.remove(index);
                free[pool] += i64::from(self.state[job].gpus);
                let fresh = self.state[job].restart_left < 0;
                if fresh {
                    self.state[job].starts -= 1;
                } else {
                    self.lose(job);
                    self.end_span(job, start);
                }
                self.state[job].gpus = 0;
                self.state[job].target = 0;
                self.report(job);
                counts.gpu_overcommitments += 1;
            }
        }
    }

    fn plan_stretch(&mut self, job: usize, start: i64, end: i64) {
        let terms = &self.jobs[job];
        let state = &mut self.state[job];
        let last = end.min(terms.latest);
        // Its GPUs may still write a checkpoint.
        let from = start.max(state.ready_at).min(last);
        if state.restart_left < 0 {
            state.restart_left = -state.restart_left - 1;
            state.span = self.spans.len();
            let start = start.max(state.ready_at).min(terms.latest);
            self.spans.push(Span {
                job: job as u32,
                gpus: state.gpus,
                start,
                end: start,
            });
        }
        let restart_used = state.restart_left.min(last - from);
        let gang = i64::from(state.gpus);
        let room = last - from - restart_used;
        let needed = (state.work_left + gang - 1) / gang;
        let work_s = room.min(needed);
        self.stretches.push(Stretch {
            job,
            gpus: state.gpus,
            work_from: from + restart_used,
            work_s,
            work: (gang * work_s).min(state.work_left),
            restart_used,
            until: if work_s == needed {
                from + restart_used + work_s
            } else {
                last
            },
        });
    }

    /// Books the work of step `t`; `share` of it, in parts per billion, had power.
    pub(crate) fn deliver(
        &mut self,
        grid: &TimeGrid,
        t: usize,
        share: i64,
        money: &mut [JobMoney],
    ) {
        money.fill(JobMoney::default());
        let end = grid.end_s(t);
        for (pool, penalty) in self.refused.drain(..) {
            money[pool].unmet += penalty;
        }
        let mut losses = std::mem::take(&mut self.losses);
        for (pool, lost) in losses.drain(..) {
            money[pool].lost += lost;
        }
        self.losses = losses;
        let stretches = std::mem::take(&mut self.stretches);
        for stretch in &stretches {
            self.progress(stretch, share, &mut money[self.jobs[stretch.job].gpu_pool]);
            let state = &mut self.state[stretch.job];
            self.spans[state.span].end = stretch.until.min(end);
            if state.work_left == 0 {
                state.finished = Some(stretch.until);
                state.closed = true;
            }
            // Without power a gang waits where it stands; it leaves when done or out of time.
            if state.closed
                || (stretch.until < end && self.jobs[stretch.job].latest <= stretch.until)
            {
                state.gpus = 0;
            }
        }
        self.stretches = stretches;
        let state = &self.state;
        self.running.retain(|job| state[*job].gpus > 0);
        self.pass_latest(end, money);
        for index in 0..self.stretches.len() {
            self.report(self.stretches[index].job);
        }
    }

    fn progress(&mut self, stretch: &Stretch, share: i64, money: &mut JobMoney) {
        let terms = &self.jobs[stretch.job];
        let state = &mut self.state[stretch.job];
        state.restart_left -= stretch.restart_used;
        let work = if share == PARTS {
            stretch.work
        } else {
            divide_half_even(
                i128::from(stretch.work) * i128::from(share),
                i128::from(PARTS),
            )
            .min(stretch.work)
        };
        if work == 0 {
            return;
        }
        let gang = i64::from(stretch.gpus);
        let on_time_s = (terms.deadline - stretch.work_from).clamp(0, stretch.work_s);
        let on_time = work.min(gang * on_time_s);
        let late = work - on_time;
        let value = terms.value.prorated(work, 3600).get();
        // Value falls by the hour: the middle of a late stretch stands for it.
        let lateness_of = |from: i64, until: i64, work: i64| {
            let loss = terms.value.as_units() - terms.value_at(from + (until - from) / 2);
            Money::from_units(loss * work as f64 / 3600.0).get()
        };
        let (late_from, until) = (
            stretch.work_from + on_time_s,
            stretch.work_from + stretch.work_s,
        );
        let lateness = match late {
            0 => 0,
            _ => lateness_of(late_from, until, late),
        };
        money.value += value;
        money.lateness += lateness;
        state.work_left -= work;
        state.on_time += on_time;
        state.late += late;
        state.earned += value - lateness;
        state.lateness_money += lateness;
        // What lies behind the last periodic checkpoint is safe.
        let interval = terms.checkpoint_interval.get();
        state.since_checkpoint += stretch.work_s;
        if state.since_checkpoint < interval {
            state.at_risk += work;
            state.at_risk_on_time += on_time;
            state.at_risk_money.0 += value;
            state.at_risk_money.1 += lateness;
        } else {
            let rest = if interval > 0 {
                state.since_checkpoint % interval
            } else {
                0
            };
            let part = |whole: i64| {
                divide_half_even(
                    i128::from(whole) * i128::from(rest),
                    i128::from(stretch.work_s),
                )
            };
            state.since_checkpoint = rest;
            state.at_risk = part(work);
            state.at_risk_on_time = (state.at_risk - late).max(0);
            // What is late lies at the stretch's end, and so does what is at risk.
            let late_at_risk = state.at_risk - state.at_risk_on_time;
            let tail = match late_at_risk {
                0 => 0,
                _ => lateness_of(late_from.max(until - rest), until, late_at_risk).min(lateness),
            };
            state.at_risk_money = (part(value), tail);
        }
    }

    /// Closes jobs whose latest time has come; what they did not do is unmet.
    fn pass_latest(&mut self, now: i64, money: &mut [JobMoney]) {
        while let Some(&job) = self
            .by_latest
            .get(self.passed)
            .filter(|job| self.jobs[**job].latest <= now)
        {
            self.passed += 1;
            if self.state[job].closed {
                continue;
            }
            money[self.jobs[job].gpu_pool].unmet += self.close_unmet(job);
            if self.state[job].gpus > 0 {
                self.state[job].gpus = 0;
                self.running.retain(|r| *r != job);
            }
        }
    }

    /// A checkpoint was written: nothing is at risk.
    fn secure(&mut self, job: usize) {
        let state = &mut self.state[job];
        (
            state.since_checkpoint,
            state.at_risk,
            state.at_risk_on_time,
            state.at_risk_money,
        ) = (0, 0, 0, (0, 0));
    }

    /// Stopped without a checkpoint: work since the last one is to be done again.
    fn lose(&mut self, job: usize) {
        let pool = self.jobs[job].gpu_pool;
        let state = &mut self.state[job];
        state.work_left += state.at_risk;
        state.lost += state.at_risk;
        state.on_time -= state.at_risk_on_time;
        state.late -= state.at_risk - state.at_risk_on_time;
        let (value, lateness) = state.at_risk_money;
        state.earned -= value - lateness;
        state.lateness_money -= lateness;
        if value != lateness {
            self.losses.push((pool, value - lateness));
        }
        self.secure(job);
    }

    fn end_span(&mut self, job: usize, at: i64) {
        let span = &mut self.spans[self.state[job].span];
        span.end = at.max(span.start);
    }

    fn report(&mut self, job: usize) {
        let state = &self.state[job];
        self.reports.push(JobReport {
            job,
            work_left: state.work_left,
            gpus: state.gpus,
            finished: state.finished.is_some(),
        });
    }
}

impl JobState {
    /// What is left of the job at `job` when the run ends.
    pub(crate) fn open(&self, job: usize) -> Open {
        Open {
            job,
            left: self.work_left,
            gpus: self.gpus,
            restart_left: self.restart_left,
        }
    }

    fn new(job: &Job) -> Self {
        Self {
            work_left: job.work,
            gpus: 0,
            target: 0,
            ready_at: i64::MIN,
            since: i64::MIN / 2,
            restart_left: 0,
            since_checkpoint: 0,
            at_risk: 0,
            at_risk_money: (0, 0),
            at_risk_on_time: 0,
            starts: 0,
            finished: None,
            closed: false,
            on_time: 0,
            late: 0,
            lost: 0,
            earned: 0,
            lateness_money: 0,
            unmet_money: 0,
            span: 0,
        }
    }
}

//! Which reason stands behind each load at each step.
//!
//! A run keeps the reasons of pools, services, commitments and overheads at every step,
//! and those of jobs when they change. The training load of a GPU pool is many jobs; the
//! one at the margin speaks for it: of those that run the one with the smallest margin,
//! and when none runs the most valuable one that waits.

use swingload_model::plan::ReasonCode;
use swingload_scheduler::dispatch::LoadRef;
use swingload_simulator::load::LoadKind;
use swingload_simulator::record::StepReason;
use swingload_simulator::{PolicyRun, Study};

/// Reason of a load that follows no reasons: a policy by rule, or power that is always drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Why {
    /// The policy gave a reason.
    Given(StepReason),
    /// The policy's fixed rule.
    Rule,
    /// Fixed overhead and idle watts: drawn whatever is decided.
    Overhead,
    /// No job is there that could run.
    NoJob,
}

impl Why {
    /// The code as written in outputs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Given(reason) => reason.code.name(),
            Self::Rule => "rule",
            Self::Overhead => "overhead",
            Self::NoJob => "no_job",
        }
    }

    /// Reason of the policy, if it gave one.
    pub(crate) fn given(&self) -> Option<&StepReason> {
        match self {
            Self::Given(reason) => Some(reason),
            _ => None,
        }
    }
}

/// Walks the steps of a run and knows each load's reason.
pub(crate) struct Reasons<'a> {
    study: &'a Study,
    run: &'a PolicyRun,
    /// Next reason to read.
    next: usize,
    /// Last reason of each job, from the step it was told.
    jobs: Vec<Option<StepReason>>,
    /// Jobs with a reason that are not over.
    open: Vec<usize>,
    /// Spans that have begun, and the next one.
    running: Vec<usize>,
    next_span: usize,
    /// Reason per load of the study, at the current step.
    loads: Vec<Why>,
}

impl<'a> Reasons<'a> {
    pub(crate) fn new(study: &'a Study, run: &'a PolicyRun) -> Self {
        Self {
            study,
            run,
            next: 0,
            jobs: vec![None; study.jobs.len()],
            open: Vec::new(),
            running: Vec::new(),
            next_span: 0,
            loads: vec![Why::Rule; study.loads.len()],
        }
    }

    /// Reasons of all loads at step `t`; steps are asked for in order.
    pub(crate) fn at(&mut self, t: usize) -> &[Why] {
        let silent = self.run.reasons.is_empty();
        for (load, why) in self.study.loads.iter().zip(&mut self.loads) {
            *why = match load.kind {
                LoadKind::Overhead(_) => Why::Overhead,
                LoadKind::Training(_) if !silent => Why::NoJob,
                _ => Why::Rule,
            };
        }
        if silent {
            return &self.loads;
        }
        while let Some(reason) = self.run.reasons.get(self.next) {
            if reason.step as usize > t {
                break;
            }
            self.next += 1;
            self.note(reason);
        }
        self.training(t);
        &self.loads
    }

    /// Last reason of a job, from the steps walked so far.
    pub(crate) fn of_job(&self, job: usize) -> Option<&StepReason> {
        self.jobs.get(job)?.as_ref()
    }

    fn note(&mut self, reason: &StepReason) {
        let kind = match reason.load {
            LoadRef::Pool(p) => LoadKind::Pool(p),
            LoadRef::Service(v) => LoadKind::Service(v),
            LoadRef::Hosting(c) => LoadKind::Hosting(c),
            LoadRef::Overhead => return,
            LoadRef::Job(job) => {
                if let Some(known) = self.jobs.get_mut(job) {
                    if known.is_none() {
                        self.open.push(job);
                    }
                    *known = Some(*reason);
                }
                return;
            }
        };
        let position = self.study.loads.iter().position(|load| load.kind == kind);
        if let Some(position) = position {
            self.loads[position] = Why::Given(*reason);
        }
    }

    fn training(&mut self, t: usize) {
        let grid = &self.study.truth.grid;
        let (start, end) = (grid.start_s(t), grid.end_s(t));
        let spans = &self.run.spans;
        while spans.get(self.next_span).is_some_and(|s| s.start < end) {
            self.running.push(self.next_span);
            self.next_span += 1;
        }
        self.running.retain(|span| spans[*span].end > start);
        let outcomes = &self.run.jobs;
        let jobs = &self.study.jobs;
        self.open.retain(|job| {
            let over = outcomes[*job].finished.unwrap_or(jobs[*job].latest);
            over > start
        });
        for (load, why) in self.study.loads.iter().zip(&mut self.loads) {
            let LoadKind::Training(pool) = load.kind else {
                continue;
            };
            let running = self.running.iter().map(|span| spans[*span].job as usize);
            let known = |job: usize| {
                self.jobs[job]
                    .as_ref()
                    .filter(|_| jobs[job].gpu_pool == pool)
            };
            let marginal = running
                .filter_map(known)
                .filter(|reason| runs(reason.code))
                .min_by(|a, b| a.margin.total_cmp(&b.margin));
            let waiting = || {
                let waiting = self.open.iter().filter_map(|job| known(*job));
                waiting
                    .filter(|reason| reason.code != ReasonCode::Done)
                    .max_by(|a, b| a.value.total_cmp(&b.value))
            };
            if let Some(reason) = marginal.or_else(waiting) {
                *why = Why::Given(*reason);
            }
        }
    }
}

fn runs(code: ReasonCode) -> bool {
    matches!(
        code,
        ReasonCode::Profitable
            | ReasonCode::Marginal
            | ReasonCode::MustServe
            | ReasonCode::Committed
            | ReasonCode::RampLimited
    )
}

/// The load a reason is about, by the name people know.
pub(crate) fn load_name(study: &Study, load: LoadRef) -> &str {
    let site = &study.scenario.site;
    match load {
        LoadRef::Pool(p) => &site.pools[p].id,
        LoadRef::Service(v) => &site.services[v].id,
        LoadRef::Hosting(c) => &site.commitments[c].id,
        LoadRef::Job(k) => study.jobs.get(k).map_or("a job", |job| job.id.as_str()),
        LoadRef::Overhead => "overhead",
    }
}

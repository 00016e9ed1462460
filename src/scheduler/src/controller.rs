//! The controller: a pure state machine from events to commands.
//!
//! ```text
//! Published, JobSubmitted, Acknowledged, Telemetry  ->  belief
//! StepBegins  ->  view -> policy -> dispatch -> checked -> guarded -> checked -> commands
//! ```
//!
//! It knows no clock, no network and no randomness. Acknowledgements are claims:
//! telemetry overrules them, and what is in doubt counts at its worst. Commands
//! that free power come before those that take it.

mod belief;
mod calendar;
pub mod forecasts;
pub mod graph;
pub(crate) mod guard;
pub mod limits;
pub mod tally;
pub(crate) mod trim;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use swingload_forecast::{History, PushError};
use swingload_model::TimeGrid;
use swingload_model::job::Job;
use swingload_model::series::{Observation, Unit};
use swingload_model::site::Site;

use crate::check::dispatch::{DispatchChecker, Finding};
use crate::dispatch::Dispatch;
use crate::event::{Action, Command, Event, JobReport, Telemetry};
use crate::impossible;
use crate::policy::{Policy, Setup, View};
use crate::queue::JobQueue;
use crate::state::{JobState, SiteState, block_sizes};

use belief::{Confirmed, Ledger, Target};
use calendar::Calendar;
use graph::JobGraph;
use guard::Guard;
use tally::Tally;

pub use forecasts::{FallbackCount, FallbackLog, ForecastBook};
pub use graph::JobRefusal;

/// Incidents kept; later ones are only counted.
const INCIDENTS_KEPT: usize = 1_000;

/// Something that should not have happened, and what was done about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Incident {
    /// Unix second.
    pub at: i64,
    /// What happened.
    pub kind: IncidentKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum IncidentKind {
    /// The dispatch checker found a broken rule. The guard takes off what exceeds a limit
    /// and corrects what cannot be; what it leaves is found once more, as sent.
    Found {
        /// The rule, where and by how much.
        finding: Finding,
        /// Whether the set points that are sent break it, rather than those of the policy.
        sent: bool,
    },
    /// A dispatch would have exceeded a node's limit, or the room that devices in
    /// doubt leave of it; load was taken off.
    LimitExceeded {
        /// The node.
        node: usize,
        /// Facility watts too many.
        excess_w: f64,
        /// Whether the policy's set points alone exceeded it, rather than devices in doubt.
        by_policy: bool,
    },
    /// A limit is exceeded with nothing left to take off.
    LimitUnmet {
        /// The node.
        node: usize,
        /// Facility watts too many.
        excess_w: f64,
    },
    /// More GPUs were assigned than are installed; load was taken off.
    GpusExceeded {
        /// The GPU pool.
        gpu_pool: usize,
        /// GPUs too many.
        excess: u32,
    },
    /// A set point that no device or job can have; it was corrected.
    Impossible(String),
    /// A job was refused.
    JobRefused {
        /// Its position.
        job: usize,
        /// Why.
        reason: JobRefusal,
    },
    /// A job was reported with less work left than none, or more than it was submitted with;
    /// it counts as the nearest it can have.
    BadReport {
        /// Its position.
        job: usize,
        /// GPU-seconds, as reported.
        work_left: i64,
    },
    /// The world refused a command; the next step tries again.
    CommandRefused {
        /// The command.
        command: u64,
    },
    /// A published value could not be used.
    BadObservation(PushError),
}

/// The controller of one site.
pub struct Controller {
    setup: Arc<Setup>,
    policy: Box<dyn Policy>,
    forecasts: Arc<ForecastBook>,
    fallbacks: FallbackLog,
    history: History,
    calendar: Calendar,
    /// Whether a first event fixed the time of `state`.
    started: bool,
    state: SiteState,
    ledger: Ledger,
    guard: Guard,
    checker: DispatchChecker,
    tally: Tally,
    jobs: Vec<JobState>,
    /// Positions of open jobs, rising.
    open: Vec<usize>,
    /// Positions of jobs that run or were told to, for stopping them.
    active: BTreeSet<usize>,
    waiting: JobQueue,
    graph: JobGraph,
    dispatch: Dispatch,
    epoch: u64,
    plan: u64,
    next_id: u64,
    incidents: Vec<Incident>,
    incident_count: u64,
}

impl std::fmt::Debug for Controller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Controller")
            .field("policy", &self.policy.name())
            .field("epoch", &self.epoch)
            .field("plan", &self.plan)
            .field("jobs", &self.jobs.len())
            .field("open", &self.open.len())
            .finish_non_exhaustive()
    }
}

impl Controller {
    /// A controller that knows nothing yet: all asleep, no jobs, no history. `forecasts` may be
    /// shared with controllers that are told the same.
    pub fn new(
        setup: Arc<Setup>,
        policy: Box<dyn Policy>,
        forecasts: impl Into<Arc<ForecastBook>>,
    ) -> Self {
        let mut history = History::new();
        for (series, unit) in declared(&setup) {
            history.declare(series, unit);
        }
        let state = SiteState::asleep(&setup.site, i64::MIN / 2);
        Self {
            calendar: Calendar::new(&setup.site),
            started: false,
            ledger: Ledger::new(&state),
            state,
            guard: Guard::new(&setup.site),
            checker: DispatchChecker::new(&setup.site),
            tally: Tally::default(),
            policy,
            forecasts: forecasts.into(),
            fallbacks: FallbackLog::default(),
            history,
            jobs: Vec::new(),
            open: Vec::new(),
            active: BTreeSet::new(),
            waiting: JobQueue::new(),
            graph: JobGraph::default(),
            dispatch: Dispatch::default(),
            epoch: 1,
            plan: 0,
            next_id: 1,
            incidents: Vec::new(),
            incident_count: 0,
            setup,
        }
    }

    /// The same controller with the unit of a series that no part of the site names, such as
    /// a published forecast: models read prices and power each in their own way. What the site
    /// names keeps its unit.
    #[must_use]
    pub fn declaring(mut self, series: &str, unit: Unit) -> Self {
        if self.history.unit(series).is_none() {
            self.history.declare(series, unit);
        }
        self
    }

    /// The same controller with the plausible range of a series whose unit is known: no
    /// published value inside it is refused, see [`History::never_refuse`].
    #[must_use]
    pub fn never_refusing(mut self, series: &str, range: (f64, f64)) -> Self {
        self.history.never_refuse(series, range);
        self
    }

    /// Advances the controller; the caller performs the commands.
    ///
    /// `now` is a Unix second and does not fall from call to call.
    pub fn step(&mut self, now: i64, event: Event) -> Vec<Command> {
        self.start(now);
        match event {
            Event::Published {
                series,
                observation,
            } => self.publish(now, &series, observation),
            Event::JobSubmitted(job) => self.submit(now, job),
            Event::Acknowledged { command, accepted } => self.acknowledge(now, command, accepted),
            Event::Telemetry(telemetry) => self.observe(now, &telemetry),
            Event::StepBegins { end } => return self.decide(now, end),
        }
        Vec::new()
    }

    /// Set points of the last step begun.
    pub fn last_dispatch(&self) -> &Dispatch {
        &self.dispatch
    }

    /// All jobs submitted so far, refused ones too (as failed); the position is the order of submission.
    pub fn jobs(&self) -> &[JobState] {
        &self.jobs
    }

    /// Positions of jobs with work and time left, rising.
    pub fn open_jobs(&self) -> &[usize] {
        &self.open
    }

    /// Jobs that wait, most urgent first.
    pub fn queue(&self) -> &JobQueue {
        &self.waiting
    }

    /// The site as believed.
    pub fn state(&self) -> &SiteState {
        &self.state
    }

    /// The first incidents, as many as are kept.
    pub fn incidents(&self) -> &[Incident] {
        &self.incidents
    }

    /// How many incidents there were.
    pub fn incident_count(&self) -> u64 {
        self.incident_count
    }

    /// What was repaired in the policy's dispatches, and what the checker found in them.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// How often decisions rested on fallbacks of the forecasts.
    pub fn fallbacks(&self) -> &FallbackLog {
        &self.fallbacks
    }

    /// The first event dates the site: devices installed by then.
    fn start(&mut self, now: i64) {
        if !self.started {
            self.started = true;
            self.state = SiteState::asleep(&self.setup.site, now);
            self.ledger = Ledger::new(&self.state);
            self.calendar.start(now);
        }
    }

    fn incident(&mut self, at: i64, kind: IncidentKind) {
        self.incident_count += 1;
        if self.incidents.len() < INCIDENTS_KEPT {
            self.incidents.push(Incident { at, kind });
        }
    }

    fn publish(&mut self, now: i64, series: &str, observation: Observation) {
        let mut result = self.history.push(series, observation);
        if matches!(result, Err(PushError::Undeclared(_))) {
            // Series no part of the site names, such as published forecasts.
            self.history.declare(series, Unit::One);
            result = self.history.push(series, observation);
        }
        if let Err(error) = result {
            self.incident(now, IncidentKind::BadObservation(error));
        }
    }

    fn submit(&mut self, now: i64, job: Job) {
        let position = self.jobs.len();
        let checked = self.graph.add(&job).and_then(|before| {
            runnable(&self.setup.site, &job)?;
            match before.iter().find(|p| self.jobs[**p].failed) {
                Some(failed) => {
                    let id = self.jobs[*failed].job.id.clone();
                    Err(JobRefusal::FailedDependency(id))
                }
                None => Ok(before),
            }
        });
        let mut state = JobState::new(job);
        match checked {
            Ok(before) => {
                let unfinished = before
                    .iter()
                    .filter(|p| self.jobs[**p].finished.is_none())
                    .count();
                state.waits_for = u32::try_from(unfinished).unwrap_or(u32::MAX);
                self.waiting.push(position, &state.job);
                self.open.push(position);
            }
            Err(reason) => {
                state.failed = true;
                self.incident(
                    now,
                    IncidentKind::JobRefused {
                        job: position,
                        reason,
                    },
                );
            }
        }
        self.jobs.push(state);
    }

    fn acknowledge(&mut self, now: i64, command: u64, accepted: bool) {
        let Some(confirmed) = self.ledger.acknowledge(command) else {
            return; // Of a command that a newer one or telemetry has overtaken.
        };
        if accepted {
            self.apply(confirmed);
        } else {
            self.incident(now, IncidentKind::CommandRefused { command });
        }
    }

    fn observe(&mut self, now: i64, telemetry: &Telemetry) {
        for confirmed in self.ledger.take_confirmed(telemetry) {
            self.apply(confirmed);
        }
        for (p, blocks) in telemetry
            .pools
            .iter()
            .enumerate()
            .take(self.state.pools.len())
        {
            let known = self.state.pools[p].blocks.len();
            for (b, report) in blocks.iter().enumerate().take(known) {
                self.state.pools[p].blocks[b].available = report.available;
                if report.at_point.len() == self.setup.site.pools[p].points.len() {
                    self.set_block(p, b, &report.at_point, now);
                }
            }
        }
        if telemetry.node_power.len() == self.setup.site.tree.len() {
            self.state.month_peak = self.state.month_peak.max(telemetry.node_power[0]);
            self.guard
                .compare_meters(&self.setup.site, &telemetry.node_power);
            match &mut self.state.load {
                Some(load) => load.copy_from_slice(&telemetry.node_power),
                none => *none = Some(telemetry.node_power.clone()),
            }
        }
        for report in &telemetry.jobs {
            self.job_report(now, report);
        }
    }

    fn job_report(&mut self, now: i64, report: &JobReport) {
        let Some(job) = self.jobs.get_mut(report.job).filter(|j| j.is_open()) else {
            return;
        };
        job.work_left = report.work_left.clamp(0, job.job.work);
        if job.work_left != report.work_left {
            let kind = IncidentKind::BadReport {
                job: report.job,
                work_left: report.work_left,
            };
            self.incident(now, kind);
        }
        let job = &mut self.jobs[report.job];
        if report.finished {
            job.finished = Some(now);
            job.work_left = 0;
            self.close(report.job);
            let waiting: Vec<usize> = self.graph.waiting_for(report.job).collect();
            for position in waiting {
                self.jobs[position].waits_for = self.jobs[position].waits_for.saturating_sub(1);
            }
        } else {
            self.set_job(report.job, report.gpus, now);
        }
    }

    /// Moves the belief to what a command asked for.
    fn apply(&mut self, confirmed: Confirmed) {
        let Confirmed { action, issued } = confirmed;
        match action {
            Action::SetBlock {
                pool,
                block,
                at_point,
            } => {
                self.ledger.note_commanded(pool, block, &at_point);
                self.set_block(pool, block, &at_point, issued);
            }
            Action::SetService { service, gpus } => self.state.services[service] = gpus,
            Action::SetHosting { commitment, power } => self.state.hosting[commitment] = power,
            Action::SetJob { job, gpus } => {
                if self.jobs[job].is_open() {
                    let writing = guard::checkpoint(&self.jobs[job], issued);
                    if gpus != self.jobs[job].gpus {
                        self.state.writing.extend(writing);
                    }
                    self.set_job(job, gpus, issued);
                } else {
                    self.jobs[job].gpus = gpus;
                    if gpus == 0 {
                        self.active.remove(&job);
                    }
                }
            }
        }
    }

    fn set_block(&mut self, pool: usize, block: usize, at_point: &[u32], at: i64) {
        let block = &mut self.state.pools[pool].blocks[block];
        let was_on = block.is_on();
        block.at_point.copy_from_slice(at_point);
        if block.is_on() != was_on {
            block.since = at;
            block.starts_today += u32::from(!was_on);
        }
    }

    fn set_job(&mut self, position: usize, gpus: u32, at: i64) {
        let job = &mut self.jobs[position];
        if job.gpus == 0 && gpus > 0 {
            job.since = at;
            job.starts += 1;
            self.waiting.remove(position);
            self.active.insert(position);
        } else if job.gpus > 0 && gpus == 0 {
            self.waiting.push(position, &job.job);
            self.active.remove(&position);
        }
        job.gpus = gpus;
    }

    /// Takes a finished or failed job out of every list.
    fn close(&mut self, position: usize) {
        self.waiting.remove(position);
        if let Ok(index) = self.open.binary_search(&position) {
            self.open.remove(index);
        }
        if self.jobs[position].finished.is_some() {
            // The world freed its GPUs; nothing is left to command.
            self.jobs[position].gpus = 0;
            self.active.remove(&position);
            self.ledger.forget_job(position);
        }
    }

    /// Gives up jobs whose latest time has passed, and those that wait for them.
    fn expire(&mut self, now: i64) {
        let late = |p: &usize| self.jobs[*p].job.latest <= now;
        let mut failed: Vec<usize> = self.open.iter().copied().filter(late).collect();
        while let Some(position) = failed.pop() {
            if self.jobs[position].is_open() {
                self.jobs[position].failed = true;
                self.close(position);
                failed.extend(self.graph.waiting_for(position));
            }
        }
    }

    fn decide(&mut self, now: i64, end: i64) -> Vec<Command> {
        self.begin_day(now);
        self.expire(now);
        self.state.writing.retain(|gang| gang.until > now);
        let grid = TimeGrid::from_boundaries(vec![now, end.max(now + 1)])
            .expect("invariant: the end lies after now");
        let outlook = self.forecasts.outlook(&self.history, now);
        let view = View {
            setup: &self.setup,
            now,
            step: &grid,
            history: &self.history,
            outlook: &outlook,
            state: &self.state,
            jobs: &self.jobs,
            open: &self.open,
        };
        let mut dispatch = self.policy.decide(&view);
        let handed_out = self.checker.check(&view, &dispatch);
        let found = self
            .guard
            .check(&view, &self.ledger, &self.active, &mut dispatch);
        let sent = self.checker.check(&view, &dispatch);
        self.fallbacks.note(now, &outlook);
        self.tally
            .note(grid.duration(0), &dispatch.repairs, &handed_out, &sent);
        for kind in found {
            self.incident(now, kind);
        }
        for (findings, sent) in [(handed_out, false), (sent, true)] {
            for finding in findings {
                self.incident(now, IncidentKind::Found { finding, sent });
            }
        }
        self.plan += 1;
        self.dispatch = dispatch;
        self.commands(now)
    }

    /// Counters of the day and month begin anew; newly installed devices are counted.
    fn begin_day(&mut self, now: i64) {
        let begun = self.calendar.advance(now);
        if begun.day {
            for block in self.state.pools.iter_mut().flat_map(|p| &mut p.blocks) {
                block.starts_today = 0;
            }
        }
        if begun.month {
            self.state.month_peak = swingload_model::Power::ZERO;
        }
        for (p, pool) in self.setup.site.pools.iter().enumerate() {
            let count = pool.count.at(now);
            if self.calendar.count_changed(p, count) {
                let blocks = &mut self.state.pools[p].blocks;
                let sizes = block_sizes(count, u32::try_from(blocks.len()).unwrap_or(u32::MAX));
                for (block, size) in blocks.iter_mut().zip(sizes) {
                    block.available = size;
                }
            }
        }
    }

    /// Commands for what differs from the belief, those that free power first.
    fn commands(&mut self, now: i64) -> Vec<Command> {
        let mut actions = self.differences(now);
        // Stable: within each class the order of the site.
        actions.sort_by_key(|(takes_power, _)| *takes_power);
        let mut commands = Vec::with_capacity(actions.len());
        for (_, action) in actions {
            let command = Command {
                id: self.next_id,
                epoch: self.epoch,
                plan: self.plan,
                action,
            };
            self.next_id += 1;
            self.ledger.note_sent(&command, now);
            commands.push(command);
        }
        commands
    }

    /// Actions whose target is not in, or not known to be on its way to, the state
    /// dispatched; `true` for those that take power.
    fn differences(&self, now: i64) -> Vec<(bool, Action)> {
        let mut out = Vec::new();
        let dispatch = &self.dispatch;
        let needed = |target: Target, wanted: &Action, settled: bool| match self
            .ledger
            .under_way(target, now)
        {
            Some((sent, overdue)) => sent != wanted || overdue,
            None => !settled,
        };
        for (p, blocks) in self.state.pools.iter().enumerate() {
            let points = &self.setup.site.pools[p].points;
            let watts = |at: &[u32]| -> i64 {
                points
                    .iter()
                    .zip(at)
                    .map(|(o, n)| o.power.get() * i64::from(*n))
                    .sum()
            };
            for (b, block) in blocks.blocks.iter().enumerate() {
                let at_point = &dispatch.pools[p][b];
                let settled =
                    block.at_point == *at_point && self.ledger.was_commanded(p, b, at_point);
                if settled && !self.ledger.is_under_way(Target::Block(p, b)) {
                    continue;
                }
                let action = Action::SetBlock {
                    pool: p,
                    block: b,
                    at_point: at_point.clone(),
                };
                if needed(Target::Block(p, b), &action, settled) {
                    out.push((watts(at_point) > watts(&block.at_point), action));
                }
            }
        }
        for (service, gpus) in dispatch.services.iter().copied().enumerate() {
            let action = Action::SetService { service, gpus };
            let now_at = self.state.services[service];
            if needed(Target::Service(service), &action, now_at == gpus) {
                out.push((gpus > now_at, action));
            }
        }
        for (commitment, power) in dispatch.hosting.iter().copied().enumerate() {
            let action = Action::SetHosting { commitment, power };
            let now_at = self.state.hosting[commitment];
            if needed(Target::Hosting(commitment), &action, now_at == power) {
                out.push((power > now_at, action));
            }
        }
        // Jobs that run, are told to, or shall.
        let mut touched: BTreeSet<usize> = self.ledger.jobs_under_way().collect();
        touched.extend(self.active.iter().copied());
        touched.extend(dispatch.jobs.iter().map(|(position, _)| *position));
        for job in touched {
            let found = dispatch
                .jobs
                .binary_search_by_key(&job, |(position, _)| *position);
            let gpus = found.map_or(0, |k| dispatch.jobs[k].1);
            let now_at = self.jobs[job].gpus;
            let action = Action::SetJob { job, gpus };
            if needed(Target::Job(job), &action, now_at == gpus) {
                out.push((gpus > now_at, action));
            }
        }
        out
    }
}

/// Series the site and its mining market name, with their units.
fn declared(setup: &Setup) -> Vec<(String, Unit)> {
    let mut all: Vec<(String, Unit)> = setup.site.required_series().into_iter().collect();
    if let Some(market) = &setup.mining {
        let currency = setup.site.currency.clone();
        all.push((market.btc_price.clone(), Unit::PricePerBitcoin(currency)));
        all.push((market.difficulty.clone(), Unit::Difficulty));
        all.extend(
            market
                .fees
                .iter()
                .map(|f| (f.clone(), Unit::BitcoinPerBlock)),
        );
    }
    all
}

/// Whether a job could ever run on the site.
fn runnable(site: &Site, job: &Job) -> Result<(), JobRefusal> {
    if job.gpu_pool >= site.gpu_pools.len() {
        return Err(JobRefusal::Impossible("its GPU pool does not exist"));
    }
    if job.gangs.is_empty() || job.gangs.windows(2).any(|w| w[1] <= w[0]) || job.gangs[0] == 0 {
        return Err(JobRefusal::Impossible(
            "its gang sizes must be positive and rising",
        ));
    }
    if let Some(work) = impossible::never_runs(site, job) {
        return Err(JobRefusal::NeverRuns(Box::new(work)));
    }
    if job.work <= 0 {
        return Err(JobRefusal::Impossible("it has no work to do"));
    }
    if job.latest < job.deadline || job.deadline <= job.release {
        return Err(JobRefusal::Impossible(
            "its window must rise: release, deadline, latest",
        ));
    }
    Ok(())
}

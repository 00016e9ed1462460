//! The controller in the loop: it learns what was published, and the world performs what it commands.

use std::sync::Arc;

use jiff::tz::TimeZone;
use swingload_forecast::models::{Options, model};
use swingload_model::scenario::Scenario;
use swingload_scheduler::controller::tally::Tally;
use swingload_scheduler::controller::{Controller, FallbackLog, ForecastBook};
use swingload_scheduler::dispatch::{LoadRef, Proof};
use swingload_scheduler::event::Event;
use swingload_scheduler::policy::{Policy, Setup, registry};

use super::knowledge::{Knowledge, Part, as_probability, with_known_peaks};
use super::recorder::Driver;
use super::{Context, Error};
use crate::feed::{Publications, Reader};
use crate::record::StepReason;
use crate::results::forecaster;
use crate::world::World;

/// A controller with what it has yet to learn.
pub(crate) struct ClosedLoop<'a> {
    controller: Controller,
    reader: Reader<'a>,
    jobs: &'a [swingload_model::job::Job],
    next_job: usize,
    /// Jobs released so far: what the world takes commands for.
    released: usize,
    /// How long before its release the controller learns of a job, s.
    notice: i64,
    first: i64,
    /// Last reason noted per job, so that only changes are kept.
    job_codes: Vec<Option<swingload_model::plan::ReasonCode>>,
}

/// What never changes in a run of a scenario.
pub(crate) fn setup(scenario: &Scenario) -> Setup {
    Setup {
        site: scenario.site.clone(),
        mining: scenario.mining.clone(),
        horizon: scenario.horizon.clone(),
        policies: scenario.policies.clone(),
        seed: scenario.seed,
    }
}

impl<'a> ClosedLoop<'a> {
    /// The policy of that name on the scenario's forecasts, and on the truth of what it knows.
    pub(crate) fn new(
        context: &'a Context<'a>,
        publications: &'a Publications<'a>,
        policy: &str,
        knowledge: Knowledge,
    ) -> Result<Self, Error> {
        let rule = named(policy)?;
        let mut driver = Self::informed(context, publications, rule, knowledge)?;
        if knowledge.includes(Part::Arrivals) {
            // A plan sees no further than its horizon, so neither need the notice be longer.
            let stretches = &context.scenario.horizon.stretches;
            driver.notice = stretches.last().map_or(0, |(until, _)| until.get());
        }
        Ok(driver)
    }

    /// The policy of that name on forecasts that others on the same thread read, too.
    pub(crate) fn sharing(
        context: &'a Context<'a>,
        publications: &'a Publications<'a>,
        policy: &str,
        forecasts: Arc<ForecastBook>,
    ) -> Result<Self, Error> {
        let setup = Arc::new(setup(context.scenario));
        let rule = named(policy)?;
        let controller = Controller::new(setup, rule, forecasts);
        Ok(Self::of(context, publications, controller))
    }

    /// A policy that is already made, on the scenario's forecasts.
    pub(crate) fn with_policy(
        context: &'a Context<'a>,
        publications: &'a Publications<'a>,
        rule: Box<dyn Policy>,
    ) -> Result<Self, Error> {
        Self::informed(context, publications, rule, Knowledge::default())
    }

    fn informed(
        context: &'a Context<'a>,
        publications: &'a Publications<'a>,
        rule: Box<dyn Policy>,
        knowledge: Knowledge,
    ) -> Result<Self, Error> {
        let scenario = context.scenario;
        let mut setup = setup(scenario);
        if knowledge.includes(Part::CoincidentPeaks) {
            setup = with_known_peaks(setup);
        }
        let setup = Arc::new(setup);
        let forecasts = book(context, |name| {
            Part::of_series(scenario, name).is_some_and(|part| knowledge.includes(part))
        })?;
        Ok(Self::of(
            context,
            publications,
            Controller::new(setup, rule, forecasts),
        ))
    }

    /// The oracle's loop: a policy made with hindsight, and forecasts that are the truth.
    pub(crate) fn with_foresight(
        context: &'a Context<'a>,
        publications: &'a Publications<'a>,
        rule: Box<dyn Policy>,
    ) -> Self {
        let setup = Arc::new(setup(context.scenario));
        let forecasts = book(context, |_| true);
        let forecasts = forecasts.expect("invariant: every bound series is its own truth");
        Self::of(
            context,
            publications,
            Controller::new(setup, rule, forecasts),
        )
    }

    fn of(
        context: &'a Context<'a>,
        publications: &'a Publications<'a>,
        controller: Controller,
    ) -> Self {
        let units = context.series.iter();
        let controller = units.fold(controller, |controller, (name, series)| {
            let controller = controller.declaring(name, series.unit.clone());
            match context.scenario.data.get(name) {
                Some(binding) => controller.never_refusing(name, binding.vouched()),
                None => controller,
            }
        });
        Self {
            controller,
            reader: publications.reader(),
            jobs: &context.jobs,
            next_job: 0,
            released: 0,
            notice: 0,
            first: context.scenario.grid.start_s(0) - context.scenario.history.get(),
            job_codes: Vec::new(),
        }
    }

    /// Feeds what became known by `now`, publications and jobs by time.
    fn learn(&mut self, t: usize, now: i64, world: &mut World<'_>) {
        let released = |job: &&swingload_model::job::Job| job.release <= now;
        while self.jobs.get(self.released).filter(released).is_some() {
            self.released += 1;
            world.gpus.submit();
        }
        loop {
            let noticed = self
                .jobs
                .get(self.next_job)
                .map(|job| job.release.saturating_sub(self.notice))
                .filter(|at| *at <= now);
            let until = noticed.unwrap_or(now);
            while let Some((series, observation)) = self.reader.next_until(until) {
                let at = observation.known_at.max(self.first);
                let event = Event::Published {
                    series: series.to_owned(),
                    observation,
                };
                self.tell(t, at, event, world);
            }
            let Some(noticed) = noticed else { return };
            let job = self.jobs[self.next_job].clone();
            self.next_job += 1;
            self.tell(t, noticed.max(self.first), Event::JobSubmitted(job), world);
        }
    }

    fn tell(&mut self, t: usize, now: i64, event: Event, world: &mut World<'_>) {
        for command in self.controller.step(now, event) {
            world.perform(t, &command);
        }
    }
}

impl Driver for ClosedLoop<'_> {
    fn step(
        &mut self,
        t: usize,
        now: i64,
        end: i64,
        node_power: Option<&[i64]>,
        world: &mut World<'_>,
    ) {
        self.learn(t, now, world);
        for (command, accepted) in world.acknowledgements(t) {
            self.tell(t, now, Event::Acknowledged { command, accepted }, world);
        }
        if let Some(node_power) = node_power {
            let telemetry = world.telemetry(node_power);
            self.tell(t, now, Event::Telemetry(telemetry), world);
        }
        self.tell(t, now, Event::StepBegins { end }, world);
    }

    fn reasons(&mut self, t: usize, reasons: &mut Vec<StepReason>) -> Option<f64> {
        let dispatch = self.controller.last_dispatch();
        for reason in &dispatch.reasons {
            if let LoadRef::Job(job) = reason.load {
                if job >= self.job_codes.len() {
                    self.job_codes.resize(job + 1, None);
                }
                if self.job_codes[job] == Some(reason.code) {
                    continue;
                }
                self.job_codes[job] = Some(reason.code);
            }
            reasons.push(StepReason {
                step: t as u32,
                load: reason.load,
                code: reason.code,
                value: reason.value as f32,
                price: reason.price as f32,
                runner_up: reason.runner_up,
                margin: reason.margin as f32,
            });
        }
        dispatch.marginal_value
    }

    fn peak_charge(&self) -> f64 {
        let reasons = self.controller.last_dispatch().reasons.iter();
        reasons.map(|reason| reason.peaks).fold(0.0, f64::max)
    }

    fn proof(&self) -> Option<Proof> {
        self.controller.last_dispatch().proof
    }

    fn incidents(&self) -> u64 {
        self.controller.incident_count()
    }

    fn tally(&self) -> Tally {
        self.controller.tally().clone()
    }

    fn fallbacks(&self) -> FallbackLog {
        self.controller.fallbacks().clone()
    }
}

/// The policy of that name.
fn named(policy: &str) -> Result<Box<dyn Policy>, Error> {
    registry::policy(policy).ok_or_else(|| Error::UnknownPolicy(policy.to_owned()))
}

/// What a run of the scenario expects: its own forecasters, and no truth.
pub(crate) fn expectations(context: &Context<'_>) -> Result<ForecastBook, Error> {
    book(context, |_| false)
}

/// The scenario's forecasters, one per series; the truth for those that are `known`.
fn book(context: &Context<'_>, known: impl Fn(&str) -> bool) -> Result<ForecastBook, Error> {
    let scenario = context.scenario;
    let zone = TimeZone::get(&scenario.site.time_zone)
        .expect("invariant: a site's time zone was checked when it was read");
    let utc_offset_s = i64::from(zone.to_offset(scenario.grid.start(0)).seconds());
    let make = |name: &str, options: &Options<'_>| {
        model(name, options).ok_or_else(|| Error::UnknownModel(name.to_owned()))
    };
    let plain = Options {
        utc_offset_s,
        ..Options::default()
    };
    let mut book = ForecastBook::new(make("persistence", &plain)?, scenario.seed);
    let step_s = scenario.grid.duration(0).get();
    for (name, series) in context.series {
        let own = scenario.forecast.series.get(name);
        let flags = Part::of_series(scenario, name) == Some(Part::CoincidentPeaks);
        let flags = if flags {
            as_probability(series, step_s)
        } else {
            None
        };
        let series = flags.as_ref().unwrap_or(series);
        let options = Options {
            published: own.and_then(|o| o.published.as_deref()),
            inputs: own.map_or(&[], |o| &o.inputs),
            truth: Some(series),
            utc_offset_s,
        };
        let chosen = if known(name) {
            "perfect"
        } else {
            forecaster(scenario, name)
        };
        book = book.with(name.clone(), make(chosen, &options)?);
    }
    Ok(book)
}

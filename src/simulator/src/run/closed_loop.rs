//! The controller in the loop: it learns what was published, and the world performs what it commands.

use std::sync::Arc;

use jiff::tz::TimeZone;
use swingload_forecast::models::{Options, model};
use swingload_model::scenario::Scenario;
use swingload_scheduler::controller::{Controller, ForecastBook};
use swingload_scheduler::event::Event;
use swingload_scheduler::policy::{Policy, Setup, registry};

use super::recorder::Driver;
use super::{Context, Error};
use crate::feed::{Publications, Reader};
use crate::record::StepReason;
use crate::world::World;

/// A controller with what it has yet to learn.
pub(crate) struct ClosedLoop<'a> {
    controller: Controller,
    reader: Reader<'a>,
    jobs: &'a [swingload_model::job::Job],
    next_job: usize,
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
    pub(crate) fn new(
        context: &'a Context<'a>,
        publications: &'a Publications<'a>,
        policy: &str,
    ) -> Result<Self, Error> {
        let rule = registry::policy(policy, &setup(context.scenario))
            .ok_or_else(|| Error::UnknownPolicy(policy.to_owned()))?;
        Self::with_policy(context, publications, rule)
    }

    /// A policy that is already made, on the scenario's forecasts.
    pub(crate) fn with_policy(
        context: &'a Context<'a>,
        publications: &'a Publications<'a>,
        rule: Box<dyn Policy>,
    ) -> Result<Self, Error> {
        let setup = Arc::new(setup(context.scenario));
        let forecasts = book(context, None)?;
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
        let forecasts = book(context, Some("perfect"));
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
        Self {
            controller,
            reader: publications.reader(),
            jobs: &context.jobs,
            next_job: 0,
            first: context.scenario.grid.start_s(0) - context.scenario.history.get(),
            job_codes: Vec::new(),
        }
    }

    /// Feeds what became known by `now`, publications and jobs by time.
    fn learn(&mut self, t: usize, now: i64, world: &mut World<'_>) {
        loop {
            let release = self
                .jobs
                .get(self.next_job)
                .map(|job| job.release)
                .filter(|at| *at <= now);
            let until = release.unwrap_or(now);
            while let Some((series, observation)) = self.reader.next_until(until) {
                let at = observation.known_at.max(self.first);
                let event = Event::Published {
                    series: series.to_owned(),
                    observation,
                };
                self.tell(t, at, event, world);
            }
            let Some(release) = release else { return };
            let job = self.jobs[self.next_job].clone();
            self.next_job += 1;
            world.gpus.submit();
            self.tell(t, release.max(self.first), Event::JobSubmitted(job), world);
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
            if let swingload_scheduler::dispatch::LoadRef::Job(job) = reason.load {
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

    fn incidents(&self) -> u64 {
        self.controller.incident_count()
    }
}

/// The scenario's forecasters, one per series; `every` replaces them all.
fn book(context: &Context<'_>, every: Option<&str>) -> Result<ForecastBook, Error> {
    const DEFAULT: &str = "seasonal_naive_day";
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
    let general = scenario.forecast.model.as_deref().unwrap_or(DEFAULT);
    let mut book = ForecastBook::new(make(DEFAULT, &plain)?, scenario.seed);
    for (name, series) in context.series {
        let own = scenario.forecast.series.get(name);
        let options = Options {
            published: own.and_then(|o| o.published.as_deref()),
            inputs: own.map_or(&[], |o| &o.inputs),
            truth: Some(series),
            utc_offset_s,
        };
        book = book.with(
            name.clone(),
            make(every.unwrap_or(own.map_or(general, |o| &o.model)), &options)?,
        );
    }
    Ok(book)
}

//! Real-time and five-minute prices: quantile regressions on what is known at each step.
//!
//! ```text
//! z = asinh of the price          spikes of either sign are not far away there
//! columns                          last hours, same time on past days, what is usual, unrest,
//!                                  season of day; per input its value at the step, or the latest
//! quantiles of z                   one linear regression per level, lead, length of step and
//!                                  state of the inputs, learned on the past year, once a fortnight
//! bands                            spread from the median by factors that follow past coverage
//! ```
//!
//! With a published day-ahead price as input the columns hold it and the recent spread
//! to it. An input that is late, absent or in another unit costs its information: the
//! regression without it stands in, with the wider band that it learned.

mod bands;
mod columns;
mod course;
mod input;
mod issue;
mod paths;
mod regression;
mod trained;
mod usual;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use swingload_model::forecast::Fallback;

use crate::baseline::Baseline;
use crate::calendar::{Clock, DAY};
use crate::{Forecast, Forecaster, Request};

use bands::{Bands, Hindcast, Place};
use columns::{Moment, REACH};
use course::Course;
use trained::{KNOTS, Subject, Trained, learned_at};
use usual::Tables;

/// Trained models kept: those of the past weeks and the present one.
const TRAINED_KEPT: usize = 8;

/// The model; `plain` stands in while there is less than a fortnight of history.
pub(super) struct Realtime {
    plain: Baseline,
    inputs: Vec<String>,
    clock: Clock,
    caches: Mutex<BTreeMap<String, SeriesCache>>,
}

/// What is kept of a series between issues. Every part is used again only for the very
/// same past, so that what was asked before changes no forecast.
#[derive(Default)]
struct SeriesCache {
    tables: Tables,
    trained: BTreeMap<i64, (u64, Option<Trained>)>,
    bands: Bands,
}

impl Realtime {
    pub(super) fn new(plain: Baseline, inputs: Vec<String>, clock: Clock) -> Self {
        Self {
            plain,
            inputs,
            clock,
            caches: Mutex::default(),
        }
    }

    /// The plain rule's forecast under this model's name.
    fn fall_back(&self, request: &Request<'_>) -> Forecast {
        let mut forecast = self.plain.forecast(request);
        forecast.model = self.name().to_owned();
        if forecast.fallbacks.is_empty() {
            forecast.fallbacks.push(Fallback {
                what: self.plain.name().to_owned(),
                steps: forecast.grid.len(),
                extent: None,
            });
        }
        forecast
    }
}

impl Forecaster for Realtime {
    fn name(&self) -> &str {
        "realtime"
    }

    fn reads(&self) -> Vec<&str> {
        self.inputs.iter().map(String::as_str).collect()
    }

    fn forecast(&self, request: &Request<'_>) -> Forecast {
        let subject = Subject {
            history: request.history,
            series: request.series,
            inputs: &self.inputs,
            clock: self.clock,
        };
        let sight = self
            .plain
            .deciding(request.history, request.series, request.issued_at);
        let estimates = self.plain.estimates(&sight, request.grid, 0);
        if estimates.iter().all(|e| e.open == 0.0) {
            let mut known = self.plain.forecast(request);
            known.model = self.name().to_owned();
            return known;
        }
        if sight.starts_from_doubtful() {
            // Regressions do not hold for prices so far from all they were trained on.
            return self.fall_back(request);
        }
        let mut caches = self.caches.lock().unwrap_or_else(PoisonError::into_inner);
        let cache = caches.entry(request.series.to_owned()).or_default();
        issue::issue(cache, &subject, request, &estimates)
            .unwrap_or_else(|| self.fall_back(request))
    }
}

impl SeriesCache {
    /// Calls `work` with the model trained at `at`, training it if it is not cached; `None` when
    /// nothing was known.
    fn with_trained<T>(
        &mut self,
        subject: &Subject<'_>,
        at: i64,
        work: impl FnOnce(&mut Trained, &mut Tables) -> T,
    ) -> Option<T> {
        let fingerprint = subject.fingerprint(at);
        let mut trained = match self.trained.remove(&at) {
            Some((known, trained)) if known == fingerprint => trained,
            _ => Trained::new(subject, at),
        };
        let answer = trained
            .as_mut()
            .map(|trained| work(trained, &mut self.tables));
        self.trained.insert(at, (fingerprint, trained));
        if self.trained.len() > TRAINED_KEPT {
            self.trained.pop_first();
        }
        answer
    }

    /// Hindcasts as of `at` of one step per place; `None` where there was too little to learn from.
    fn past(&mut self, subject: &Subject<'_>, at: i64, places: &[Place]) -> Vec<Option<Hindcast>> {
        self.try_past(subject, at, places)
            .unwrap_or_else(|| vec![None; places.len()])
    }

    fn try_past(
        &mut self,
        subject: &Subject<'_>,
        at: i64,
        places: &[Place],
    ) -> Option<Vec<Option<Hindcast>>> {
        let view = subject.view(at);
        let learned = learned_at(view.first_known()?, at)?;
        self.with_trained(subject, learned, |trained, tables| {
            let (scale, readings) = (trained.scale, trained.readings.clone());
            let course = Course::new(&view, &scale, at - REACH, at + 8 * DAY);
            let known = course.known_until(i64::MAX)?;
            let table = tables.at(subject.history, subject.series, subject.clock, at);
            let moment = Moment {
                course: &course,
                usual: &trained.usual(&table),
                inputs: &subject.inputs(at),
                readings: &readings,
                clock: subject.clock,
            };
            let mut row = Vec::new();
            let past = places.iter().map(|(knot, width)| {
                let start = known + KNOTS[*knot];
                let step = (start, start + width);
                let curve =
                    trained.curve(subject, tables, &moment, *knot, step, known, &mut row)?;
                Some(Hindcast::new(step, scale, &curve))
            });
            Some(past.collect())
        })?
    }
}

//! Hindcasts of one kind, what came true, and how far bands are to be spread.

use libm::exp2;

use crate::History;
use crate::baseline::{Baseline, Sight};
use crate::calendar::{DAY, HOUR};
use crate::conformal::{Days, Journal, Margin, Tracker, spread};

use super::MEDIAN;
use super::issue_hours::{IssueHours, LeadChoice};
use super::leads;
use super::quantiles::{levels, quantiles};

/// How far back errors count.
pub(super) const WINDOW: i64 = 56 * DAY;
/// Age at which an error counts half, h.
const HALF_LIFE: f64 = 14.0 * 24.0;
/// How far back forecasts move the trackers.
pub(super) const TRACKED: i64 = 112 * DAY;
/// Weight of an error for steps whose hour of day is 0, 1 or 2 hours away.
const NEAR: [f64; 3] = [1.0, 0.6, 0.36];
/// Fewest errors that carry quantiles of their own.
pub(super) const ERRORS_MIN: usize = 40;

/// What errors are kept apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    /// Position of the rule in its model.
    pub(super) rule: usize,
    /// What the rule knew of its inputs over the step.
    pub(super) informed: u64,
    pub(super) bucket: usize,
    /// Length of the step, s.
    pub(super) width: i64,
}

/// The hindcast of one step.
#[derive(Debug, Clone, Copy)]
struct Hindcast {
    /// Hour of the issue, counted from 1970.
    hour: i64,
    start: i64,
    /// Local hour of the middle of the step.
    hour_of_day: usize,
    mean: f64,
    outcome: Outcome,
    band: BandState,
    /// Where the true value lies in the band, once it is known.
    margin: Option<Margin>,
}

/// Whether the true value is known.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    Open,
    /// The hour by which the truth was known, and truth less forecast.
    Known(i64, f64),
    Never,
}

/// P10, P50 and P90 of the errors known at its issue, where there were enough.
#[derive(Debug, Clone, Copy)]
enum BandState {
    NotYet,
    TooFew,
    Band([f64; 3]),
}

/// All hindcasts of one kind, in order of issue. Each is a function of what was known at its
/// hour; of the true values, the one that was known first counts.
#[derive(Debug, Default)]
pub(super) struct Hindcasts {
    hindcasts: Vec<Hindcast>,
    /// The next hour as of which to forecast; `None` before the first.
    next: Option<i64>,
}

impl Hindcasts {
    /// The next hour as of which to forecast, `from` at the earliest.
    pub(super) fn next(&self, from: i64) -> i64 {
        self.next.map_or(from, |next| next.max(from))
    }

    pub(super) fn forget_before(&mut self, hour: i64) {
        let old = self
            .hindcasts
            .partition_point(|hindcast| hindcast.hour < hour);
        self.hindcasts.drain(..old);
    }

    /// Forecasts by the rule as of one hour.
    pub(super) fn issue(
        &mut self,
        baseline: &Baseline,
        sight: &Sight<'_>,
        choice: LeadChoice,
        kind: &Kind,
    ) {
        let hour = sight.view.as_of() / HOUR;
        self.next = Some(hour + 1);
        let Some(frontier) = sight.view.frontier() else {
            return;
        };
        let mut last = None;
        let mut ask = |lead: i64| {
            // Whole steps from the frontier on, as the steps of a forecast mostly lie.
            let start = frontier.saturating_add(lead / kind.width * kind.width);
            if start > i64::MAX - kind.width || last.replace(start) == Some(start) {
                return;
            }
            let end = start + kind.width;
            if baseline.informed(kind.rule, sight, start, end) != kind.informed {
                return;
            }
            let Some(mean) = baseline.answer(kind.rule, sight, start, end) else {
                return;
            };
            self.hindcasts.push(Hindcast {
                hour,
                start,
                hour_of_day: baseline.clock().hour(start + kind.width / 2),
                mean,
                outcome: Outcome::Open,
                band: BandState::NotYet,
                margin: None,
            });
        };
        match choice {
            LeadChoice::None => {}
            LeadChoice::One => ask(leads::turn(kind.bucket, hour)),
            LeadChoice::All => leads::all(kind.bucket).for_each(ask),
        }
    }

    /// Fills in the true values that have become known.
    pub(super) fn fill_outcomes(
        &mut self,
        history: &History,
        series: &str,
        issue_hours: &IssueHours,
        width: i64,
    ) {
        for hindcast in &mut self.hindcasts {
            if !matches!(hindcast.outcome, Outcome::Open) {
                continue;
            }
            let end = hindcast.start + width;
            let Some(known) = issue_hours.known_from(hindcast.hour, end) else {
                continue;
            };
            let truth = history.view(series, known * HOUR).mean(hindcast.start, end);
            hindcast.outcome =
                truth.map_or(Outcome::Never, |t| Outcome::Known(known, t - hindcast.mean));
        }
    }

    /// Fills in the bands that move the trackers, each from the errors known at its hour, and
    /// by how much they missed the true values.
    pub(super) fn fill_bands(&mut self, hour: i64, floor: f64) {
        let from = hour - TRACKED / HOUR;
        let is_due = |h: &Hindcast| h.hour >= from && matches!(h.band, BandState::NotYet);
        if self.hindcasts.iter().any(is_due) {
            let (errors, mut pool) = (Errors::of(&self.hindcasts), Vec::new());
            for hindcast in self.hindcasts.iter_mut().filter(|h| is_due(h)) {
                pool.clear();
                hindcast.band = match errors.gather(hindcast.hour_of_day, hindcast.hour, &mut pool)
                {
                    true => BandState::Band(quantiles(&mut pool, [0.1, 0.5, 0.9])),
                    false => BandState::TooFew,
                };
            }
        }
        for hindcast in self.hindcasts.iter_mut().filter(|h| h.margin.is_none()) {
            if let (Outcome::Known(_, error), BandState::Band(band)) =
                (hindcast.outcome, hindcast.band)
            {
                let levels = band.map(|offset| hindcast.mean + offset);
                hindcast.margin = Some(Margin::new(levels, floor, hindcast.mean + error));
            }
        }
    }

    /// Errors of the past weeks and the tracker, as known at an hour.
    pub(super) fn sample(&self, hour: i64) -> ErrorSample {
        let errors = Errors::of(&self.hindcasts);
        let mut own = Vec::new();
        errors.all(hour, &mut own);
        ErrorSample {
            hour,
            errors,
            count: own.len(),
            tracker: self.tracker(hour),
        }
    }

    fn tracker(&self, hour: i64) -> Tracker {
        let from = hour - TRACKED / HOUR;
        let tracked = self.hindcasts.partition_point(|h| h.hour < from);
        let until = self.hindcasts.partition_point(|h| h.hour <= hour);
        let (mut journal, mut last) = (Journal::default(), None);
        for issue in self.hindcasts[tracked..until].chunk_by(|a, b| a.hour == b.hour) {
            let (at, alike) = (issue[0].hour, issue.len() as f64);
            journal.advance(at);
            // A day at most: after a longer silence one issue does not stand for it.
            let hours = last.replace(at).map_or(24, |last| (at - last).min(24));
            let days = hours as f64 / 24.0;
            let days = Days {
                common: days / alike,
                // A lead that takes turns meets an hour of day once a day.
                hourly: if issue.len() > 1 { days } else { 1.0 },
            };
            for hindcast in issue {
                if let (Outcome::Known(known, _), Some(margin)) =
                    (hindcast.outcome, hindcast.margin)
                {
                    journal.issue(days, hindcast.hour_of_day, margin, known);
                }
            }
        }
        journal.advance(hour);
        *journal.tracker()
    }
}

/// Errors of one kind, and its tracker, as known at one hour.
#[derive(Debug)]
pub(super) struct ErrorSample {
    hour: i64,
    errors: Errors,
    /// Errors of the past weeks that are known.
    count: usize,
    tracker: Tracker,
}

impl ErrorSample {
    /// How far it is from enough errors: 0 with enough, 1 without any.
    pub(super) fn lack(&self) -> f64 {
        ERRORS_MIN.saturating_sub(self.count) as f64 / ERRORS_MIN as f64
    }

    /// Offsets at the quantile levels for a step in local hour `hour_of_day`, as errors were
    /// and spread by the factors; from this page where it has enough errors, else from those
    /// before it too.
    pub(super) fn offsets(&self, hour_of_day: usize, before: &[&Self]) -> [[f64; 19]; 2] {
        let mut pool = Vec::new();
        if !self.errors.gather(hour_of_day, self.hour, &mut pool) {
            pool.clear();
            for sample in before.iter().chain([&self]) {
                sample.errors.all(self.hour, &mut pool);
            }
        }
        let plain = quantiles(&mut pool, levels());
        let factors = self.tracker.at(hour_of_day);
        [plain, spread(&plain, &levels(), MEDIAN, factors)]
    }
}

/// Errors of one kind by hour of day, in order of issue.
#[derive(Debug)]
struct Errors {
    by_hour: [Vec<Error>; 24],
    /// Weights by age, h.
    weights: Vec<f64>,
}

#[derive(Debug, Clone, Copy)]
struct Error {
    issued: i64,
    known: i64,
    error: f64,
}

impl Errors {
    fn of(hindcasts: &[Hindcast]) -> Self {
        let mut by_hour: [Vec<Error>; 24] = Default::default();
        for hindcast in hindcasts {
            if let Outcome::Known(known, error) = hindcast.outcome {
                by_hour[hindcast.hour_of_day].push(Error {
                    issued: hindcast.hour,
                    known,
                    error,
                });
            }
        }
        let weights = (0..=WINDOW / HOUR).map(|age| exp2(-(age as f64) / HALF_LIFE));
        Self {
            by_hour,
            weights: weights.collect(),
        }
    }

    /// Errors as known at an hour, with weights: of steps about the hour of day, or
    /// of all when those are too few. False when these are too few as well.
    fn gather(&self, hour_of_day: usize, at: i64, pool: &mut Vec<(f64, f64)>) -> bool {
        let by_hour = &self.by_hour;
        for (away, near) in NEAR.iter().enumerate() {
            self.add(&by_hour[(hour_of_day + away) % 24], *near, at, pool);
            if away > 0 {
                self.add(&by_hour[(hour_of_day + 24 - away) % 24], *near, at, pool);
            }
        }
        if pool.len() < ERRORS_MIN {
            pool.clear();
            self.all(at, pool);
        }
        pool.len() >= ERRORS_MIN
    }

    /// Errors of all hours of day alike.
    fn all(&self, at: i64, pool: &mut Vec<(f64, f64)>) {
        for errors in &self.by_hour {
            self.add(errors, 1.0, at, pool);
        }
    }

    fn add(&self, errors: &[Error], weight: f64, at: i64, pool: &mut Vec<(f64, f64)>) {
        let old = errors.partition_point(|e| at - e.issued > WINDOW / HOUR);
        let known = errors[old..].iter().take_while(|e| e.issued <= at);
        let known = known.filter(|e| e.known <= at);
        pool.extend(known.map(|e| (e.error, weight * self.weights[(at - e.issued) as usize])));
    }
}

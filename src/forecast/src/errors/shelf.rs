//! Past forecasts of one kind, what came, and how far bands are to be spread.

use libm::exp2;

use crate::History;
use crate::baseline::{Baseline, Sight};
use crate::calendar::{DAY, HOUR};
use crate::conformal::{Days, Journal, Margin, Tracker, spread};

use super::MEDIAN;
use super::asked::{Asked, Turn};
use super::leads;
use super::quantiles::{levels, quantiles};

/// How far back errors count.
pub(super) const WINDOW: i64 = 56 * DAY;
/// Age at which an error counts half, h.
const HALF_LIFE: f64 = 14.0 * 24.0;
/// How far back forecasts move the trackers.
pub(super) const TRACKED: i64 = 112 * DAY;
/// What an error counts for steps whose hour of day is so many away.
const NEAR: [f64; 3] = [1.0, 0.6, 0.36];
/// Fewest errors that carry quantiles of their own.
pub(super) const ERRORS_MIN: usize = 40;

/// What errors are told apart by.
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

/// What was said of one step.
#[derive(Debug, Clone, Copy)]
struct Word {
    /// Hour of the issue, counted from 1970.
    hour: i64,
    start: i64,
    /// Local hour of the middle of the step.
    hour_of_day: usize,
    mean: f64,
    came: Came,
    band: Measured,
    /// How the band fared, once the truth is known.
    margin: Option<Margin>,
}

/// What became of it.
#[derive(Debug, Clone, Copy)]
enum Came {
    Open,
    /// The hour by which the truth was known, and truth less forecast.
    Known(i64, f64),
    Never,
}

/// Its P10, P50 and P90 from the errors known at its issue.
#[derive(Debug, Clone, Copy)]
enum Measured {
    NotYet,
    TooFew,
    Band([f64; 3]),
}

/// All that one rule said of one kind, in order of issue. Every word is a function of what was
/// known at its hour; of what came, the value counts that was known first.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    words: Vec<Word>,
    /// The next hour to be asked; `None` before the first.
    next: Option<i64>,
}

impl Shelf {
    /// The next hour to be asked, `from` at the earliest.
    pub(super) fn next(&self, from: i64) -> i64 {
        self.next.map_or(from, |next| next.max(from))
    }

    pub(super) fn forget_before(&mut self, hour: i64) {
        let old = self.words.partition_point(|word| word.hour < hour);
        self.words.drain(..old);
    }

    /// Asks the rule as of one hour.
    pub(super) fn ask(&mut self, baseline: &Baseline, sight: &Sight<'_>, turn: Turn, kind: &Kind) {
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
            self.words.push(Word {
                hour,
                start,
                hour_of_day: baseline.clock().hour(start + kind.width / 2),
                mean,
                came: Came::Open,
                band: Measured::NotYet,
                margin: None,
            });
        };
        match turn {
            Turn::Idle => {}
            Turn::One => ask(leads::turn(kind.bucket, hour)),
            Turn::All => leads::all(kind.bucket).for_each(ask),
        }
    }

    /// Fills in what came since.
    pub(super) fn settle(&mut self, history: &History, series: &str, asked: &Asked, width: i64) {
        for word in &mut self.words {
            if !matches!(word.came, Came::Open) {
                continue;
            }
            let end = word.start + width;
            let Some(known) = asked.reached(word.hour, end) else {
                continue;
            };
            let truth = history.view(series, known * HOUR).mean(word.start, end);
            word.came = truth.map_or(Came::Never, |t| Came::Known(known, t - word.mean));
        }
    }

    /// Fills in the bands that move the trackers, each from the errors known at its hour,
    /// and how they fared.
    pub(super) fn measure(&mut self, hour: i64, floor: f64) {
        let from = hour - TRACKED / HOUR;
        let is_due = |w: &Word| w.hour >= from && matches!(w.band, Measured::NotYet);
        if self.words.iter().any(is_due) {
            let (errors, mut pool) = (Errors::of(&self.words), Vec::new());
            for word in self.words.iter_mut().filter(|w| is_due(w)) {
                pool.clear();
                word.band = match errors.gather(word.hour_of_day, word.hour, &mut pool) {
                    true => Measured::Band(quantiles(&mut pool, [0.1, 0.5, 0.9])),
                    false => Measured::TooFew,
                };
            }
        }
        for word in self.words.iter_mut().filter(|w| w.margin.is_none()) {
            if let (Came::Known(_, error), Measured::Band(band)) = (word.came, word.band) {
                let levels = band.map(|offset| word.mean + offset);
                word.margin = Some(Margin::new(levels, floor, word.mean + error));
            }
        }
    }

    /// Errors of the past weeks and the tracker, as known at an hour.
    pub(super) fn read(&self, hour: i64) -> Page {
        let errors = Errors::of(&self.words);
        let mut own = Vec::new();
        errors.all(hour, &mut own);
        Page {
            hour,
            errors,
            count: own.len(),
            tracker: self.tracker(hour),
        }
    }

    fn tracker(&self, hour: i64) -> Tracker {
        let from = hour - TRACKED / HOUR;
        let tracked = self.words.partition_point(|w| w.hour < from);
        let until = self.words.partition_point(|w| w.hour <= hour);
        let (mut journal, mut last) = (Journal::default(), None);
        for issue in self.words[tracked..until].chunk_by(|a, b| a.hour == b.hour) {
            let (at, alike) = (issue[0].hour, issue.len() as f64);
            journal.advance(at);
            // A day at most: after a longer silence one issue does not stand for it.
            let hours = last.replace(at).map_or(24, |last| (at - last).min(24));
            let days = hours as f64 / 24.0;
            let days = Days {
                common: days / alike,
                // A lead that is asked in turn meets an hour of day once a day.
                hourly: if issue.len() > 1 { days } else { 1.0 },
            };
            for word in issue {
                if let (Came::Known(known, _), Some(margin)) = (word.came, word.margin) {
                    journal.issue(days, word.hour_of_day, margin, known);
                }
            }
        }
        journal.advance(hour);
        *journal.tracker()
    }
}

/// What one kind's past says at one hour.
#[derive(Debug)]
pub(super) struct Page {
    hour: i64,
    errors: Errors,
    /// Errors of the past weeks that are known.
    count: usize,
    tracker: Tracker,
}

impl Page {
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
            for page in before.iter().chain([&self]) {
                page.errors.all(self.hour, &mut pool);
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
    fn of(words: &[Word]) -> Self {
        let mut by_hour: [Vec<Error>; 24] = Default::default();
        for word in words {
            if let Came::Known(known, error) = word.came {
                by_hour[word.hour_of_day].push(Error {
                    issued: word.hour,
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

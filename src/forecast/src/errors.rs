//! A rule's own past errors, by lead time and hour of day.
//!
//! As of every full hour of the past at which something new was published, the rule forecasts
//! again (a hindcast) for steps in each bucket of lead times, and the hindcasts are compared
//! with what came true. So every error is out of sample, and late data count. For a series
//! that changes by the hour, hindcasts are of one lead of each bucket in turn; for one that
//! changes by the day, of all of them. The rules that stand in for a model have errors of
//! their own: a step has the band of the rule that answered for it. Errors are also kept apart
//! by what was known of the rule's inputs, so that a forecast made before its inputs are
//! published widens no band of one made after. Where too few are left, the band is widened by the
//! spread of the values themselves (`prior.rs`). Lead counts from the latest interval known
//! at issue rather than from the issue itself: when a feed falls silent, leads and bands
//! grow by themselves.
//!
//! Quantiles are of the errors of eight weeks, those of a fortnight ago counting half. They
//! lag behind a change of regime; so hindcasts are compared with the quantiles of errors
//! known before them, and a tracker (`conformal.rs`) spreads bands as far as that asks for.

mod hindcasts;
mod issue_hours;
mod leads;
mod prior;
pub(crate) mod quantiles;
mod stretch;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use swingload_model::time::TimeGrid;

use crate::baseline::{Baseline, Estimate, floor};
use crate::calendar::{HOUR, refreshed_at};
use crate::{History, View};

use hindcasts::{ErrorSample, Hindcasts, Kind, TRACKED, WINDOW};
use issue_hours::IssueHours;
use leads::bucket;
use prior::{prior, widened};
pub(crate) use stretch::Stretch;

/// How often errors are updated, s.
const REFRESH: i64 = 6 * HOUR;
/// Position of the median in the levels.
pub(crate) const MEDIAN: usize = 9;

/// Where a step of a forecast stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// From the latest known value to the start, s.
    pub(crate) lead: i64,
    /// Local hour of its middle.
    pub(crate) hour: usize,
    /// Position of the rule that answered.
    pub(crate) rule: usize,
    /// What the rule knows of its inputs there.
    pub(crate) informed: u64,
}

impl Step {
    /// The same step as seen from `seconds` later.
    pub(crate) fn sooner(self, seconds: i64) -> Self {
        let lead = self.lead.saturating_sub(seconds);
        Self { lead, ..self }
    }
}

/// Errors of one model on one series as known at one time, and their quantiles once asked for.
#[derive(Debug)]
pub(crate) struct PastErrors {
    samples: BTreeMap<(usize, u64, usize), Arc<ErrorSample>>,
    /// Quantiles of errors to assume before any are known.
    prior: [f64; 19],
    /// By rule, what is known of its inputs, bucket of lead, and hour of day.
    offsets: Mutex<BTreeMap<(usize, u64, usize, usize), Offsets>>,
}

/// How far true values lie from the forecast of a step.
#[derive(Debug, Clone, Copy)]
struct Offsets {
    /// At the quantile levels.
    band: [f64; 19],
    stretch: Stretch,
}

impl PastErrors {
    /// Values at the quantile levels of a step; rising.
    pub(crate) fn spread(&self, estimate: &Estimate, step: &Step, floor: f64) -> [f64; 19] {
        let band = self.offsets(step).band;
        band.map(|offset| (estimate.mean + estimate.open * offset).max(floor))
    }

    /// How a sample path spreads a past error.
    pub(crate) fn stretch(&self, step: &Step) -> Stretch {
        self.offsets(step).stretch
    }

    /// Whether so few errors of that kind are known that the band does not rest on them alone.
    pub(crate) fn is_scant(&self, step: &Step) -> bool {
        self.sample(step).lack() > 0.0
    }

    fn sample(&self, step: &Step) -> &ErrorSample {
        &self.samples[&(step.rule, step.informed, bucket(step.lead))]
    }

    fn offsets(&self, step: &Step) -> Offsets {
        let (rule, informed, bucket) = (step.rule, step.informed, bucket(step.lead));
        let key = (rule, informed, bucket, step.hour);
        let mut known = self.offsets.lock().unwrap_or_else(PoisonError::into_inner);
        *known.entry(key).or_insert_with(|| {
            let shorter = (rule, informed, 0)..(rule, informed, bucket);
            let before: Vec<&ErrorSample> = self
                .samples
                .range(shorter)
                .map(|(_, sample)| &**sample)
                .collect();
            let sample = self.sample(step);
            let [plain, spread] = sample.offsets(step.hour, &before);
            Offsets {
                band: widened(&spread, &self.prior, sample.lack()),
                stretch: Stretch::new([plain, spread]),
            }
        })
    }
}

/// The latest error samples per series. What it returns does not depend on what it holds: a
/// sample is used again only for the very same past.
#[derive(Default)]
pub(crate) struct PastErrorsCache {
    by_series: Mutex<BTreeMap<String, SeriesHindcasts>>,
}

/// Hindcasts of one series, and the error samples last taken from them.
#[derive(Default)]
struct SeriesHindcasts {
    issue_hours: IssueHours,
    by_kind: BTreeMap<Kind, Hindcasts>,
    /// Time and hashes of the data that the samples were taken from.
    read: Option<(i64, [u64; 2])>,
    samples: BTreeMap<Kind, Arc<ErrorSample>>,
    prior: [f64; 19],
}

impl PastErrorsCache {
    /// The errors that `steps` need.
    pub(crate) fn get(
        &self,
        baseline: &Baseline,
        history: &History,
        series: &str,
        view: &View<'_>,
        (grid, steps): (&TimeGrid, &[Step]),
    ) -> PastErrors {
        let first = view.first_known().unwrap_or(view.as_of());
        let at = refreshed_at(first, view.as_of(), REFRESH);
        let kinds = kinds(grid, view.frontier().unwrap_or(view.as_of()), steps);
        let mut all = self
            .by_series
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let hindcasts = all.entry(series.to_owned()).or_default();
        let then = history.view(series, at);
        let read = (at, [then.fingerprint(), baseline.others(history, at)]);
        if hindcasts.read != Some(read) {
            hindcasts.read = Some(read);
            hindcasts.samples.clear();
            hindcasts.prior = prior(&then);
        }
        let missing: Vec<Kind> = (kinds.iter().copied())
            .filter(|kind| !hindcasts.samples.contains_key(kind))
            .collect();
        if !missing.is_empty() {
            hindcasts.update(baseline, history, series, (first, at), &missing);
        }
        let sample = |kind: &Kind| {
            let sample = Arc::clone(&hindcasts.samples[kind]);
            ((kind.rule, kind.informed, kind.bucket), sample)
        };
        PastErrors {
            samples: kinds.iter().map(sample).collect(),
            prior: hindcasts.prior,
            offsets: Mutex::default(),
        }
    }
}

/// The kinds of the steps, and those of shorter leads, which stand in where errors are few.
fn kinds(grid: &TimeGrid, frontier: i64, steps: &[Step]) -> BTreeSet<Kind> {
    let of = |step: &Step| {
        let (rule, informed) = (step.rule, step.informed);
        (0..=bucket(step.lead)).map(move |bucket| (rule, informed, bucket))
    };
    let all: BTreeSet<(usize, u64, usize)> = steps.iter().flat_map(of).collect();
    let kind = |(rule, informed, bucket)| Kind {
        rule,
        informed,
        bucket,
        width: leads::width(grid, frontier, bucket),
    };
    all.into_iter().map(kind).collect()
}

impl SeriesHindcasts {
    /// Makes the hindcasts that are missing, fills in outcomes and bands, and takes the samples.
    fn update(
        &mut self,
        baseline: &Baseline,
        history: &History,
        series: &str,
        (first, at): (i64, i64),
        kinds: &[Kind],
    ) {
        let until = at.div_euclid(HOUR);
        let from = (at - TRACKED - WINDOW)
            .max(first)
            .div_euclid(HOUR)
            .min(until);
        if !self
            .issue_hours
            .cover(baseline, history, series, (from, until))
        {
            self.by_kind.clear();
        }
        for hindcasts in self.by_kind.values_mut() {
            hindcasts.forget_before(from);
        }
        for kind in kinds {
            self.by_kind.entry(*kind).or_default();
        }
        let next = kinds.iter().map(|kind| self.by_kind[kind].next(from)).min();
        for hour in next.unwrap_or(from)..=until {
            let sight = baseline.learning(history, series, hour * HOUR);
            let choice = self.issue_hours.choice(hour);
            for kind in kinds {
                if let Some(hindcasts) = self.by_kind.get_mut(kind)
                    && hindcasts.next(from) <= hour
                {
                    hindcasts.issue(baseline, &sight, choice, kind);
                }
            }
        }
        let floor = floor(history.unit(series));
        for kind in kinds {
            if let Some(hindcasts) = self.by_kind.get_mut(kind) {
                hindcasts.fill_outcomes(history, series, &self.issue_hours, kind.width);
                hindcasts.fill_bands(until, floor);
                let sample = Arc::new(hindcasts.sample(until));
                self.samples.insert(*kind, sample);
            }
        }
    }
}

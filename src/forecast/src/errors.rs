//! A rule's own past errors, by lead time and hour of day.
//!
//! Every hour of the past 28 days the rule is asked again, as of that hour, for one
//! interval in each bucket of lead times, and the answer is held against what came.
//! So every error is out of sample, and late data are in it. The rules that stand in for a
//! model each have errors of their own: a step has the band of the rule that answered for
//! it. Lead counts from the latest interval known at issue rather than from the issue
//! itself: when a feed falls silent, leads and bands grow by themselves.
//!
//! Quantiles of these errors lag behind a change of regime. Errors of the past
//! half year are therefore held against the quantiles of those known before them, and a
//! [`Tracker`] per bucket spreads the bands as far as that asks for.

mod prior;
mod samples;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use swingload_model::forecast::QUANTILE_LEVELS;
use swingload_model::time::TimeGrid;

use crate::baseline::{Baseline, Estimate};
use crate::calendar::{DAY, HOUR, anchor};
use crate::conformal::{Tracker, spread};
use crate::{History, View};

use prior::{prior, widened};
use samples::{Looked, Sample, Samples};

/// How far back errors are looked at.
pub(crate) const WINDOW: i64 = 28 * DAY;
/// How often they are looked at anew.
const REFRESH: i64 = 6 * HOUR;
/// Ends of the buckets of lead times, s: fine at first, where errors grow fastest and
/// the next decision is taken. The last bucket has no end.
const BUCKET_ENDS: [i64; 8] = [
    HOUR / 4,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    12 * HOUR,
    24 * HOUR,
    48 * HOUR,
    96 * HOUR,
];
const BUCKETS: usize = BUCKET_ENDS.len() + 1;
/// Where the open bucket is sampled up to.
const LAST_SAMPLE: i64 = 168 * HOUR;
/// Errors of targets up to so many hours of day away count for an hour.
const HOUR_REACH: usize = 2;
/// Fewest errors that carry quantiles of their own.
const ERRORS_MIN: usize = 40;

/// Position of the median in the levels.
pub(crate) const MEDIAN: usize = 9;

/// Errors of one rule on one series, and their quantiles once asked for.
#[derive(Debug)]
pub(crate) struct Book {
    /// Per bucket the errors of the past 28 days, in order of issue.
    errors: [Vec<Sample>; BUCKETS],
    trackers: [Tracker; BUCKETS],
    /// What errors may be before there were any.
    prior: [f64; 19],
    cells: Vec<OnceLock<[f64; 19]>>,
}

impl Book {
    /// Whether so few errors of that lead are known that the band does not rest on them alone.
    pub(crate) fn is_scant(&self, lead: i64) -> bool {
        self.errors[bucket(lead)].len() < ERRORS_MIN
    }

    /// Values at the quantile levels of a step whose middle lies in `hour`; rising.
    pub(crate) fn spread(
        &self,
        estimate: &Estimate,
        lead: i64,
        hour: usize,
        floor: f64,
    ) -> [f64; 19] {
        if estimate.open == 0.0 {
            return [estimate.mean; 19];
        }
        let offsets = self.cells[bucket(lead) * 24 + hour].get_or_init(|| {
            let bucket = bucket(lead);
            let own = quantiles(self.pool(bucket, hour));
            let own = spread(&own, MEDIAN, self.trackers[bucket].factors(hour));
            let lacking = ERRORS_MIN.saturating_sub(self.errors[bucket].len());
            widened(&own, &self.prior, lacking as f64 / ERRORS_MIN as f64)
        });
        offsets.map(|offset| (estimate.mean + estimate.open * offset).max(floor))
    }

    /// How errors of that lead and hour are spread where a path takes one as it was.
    pub(crate) fn stretch(&self, lead: i64, hour: usize) -> Stretch {
        let bucket = bucket(lead);
        let mut pool = self.pool(bucket, hour);
        let middle = pool.len() / 2;
        let median = match pool.is_empty() {
            true => 0.0,
            false => *pool.select_nth_unstable_by(middle, f64::total_cmp).1,
        };
        Stretch {
            median,
            factors: self.trackers[bucket].factors(hour),
        }
    }

    /// Errors of the bucket around the hour; of all hours, then of all buckets, when too few.
    fn pool(&self, bucket: usize, hour: usize) -> Vec<f64> {
        let own = &self.errors[bucket];
        let near = own.iter().filter(|s| is_near(s.hour, hour));
        let near: Vec<f64> = near.map(|s| s.error).collect();
        if near.len() >= ERRORS_MIN {
            near
        } else if own.len() >= ERRORS_MIN {
            own.iter().map(|s| s.error).collect()
        } else {
            self.errors.iter().flatten().map(|s| s.error).collect()
        }
    }

    fn new((errors, trackers): Looked, prior: [f64; 19]) -> Self {
        Self {
            errors,
            trackers,
            prior,
            cells: (0..BUCKETS * 24).map(|_| OnceLock::new()).collect(),
        }
    }
}

/// The factors by which a band is spread, and the error they leave as it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch {
    median: f64,
    factors: (f64, f64),
}

impl Stretch {
    pub(crate) fn of(&self, error: f64) -> f64 {
        let away = error - self.median;
        let factor = if away < 0.0 {
            self.factors.0
        } else {
            self.factors.1
        };
        self.median + factor * away
    }
}

/// P10, P50 and P90, by the rule of [`quantiles`].
fn band(pool: &mut [f64]) -> [f64; 3] {
    let last = pool.len() - 1;
    [0.1, 0.5, 0.9].map(|level| {
        let position = (level * (pool.len() + 1) as f64 - 1.0).clamp(0.0, last as f64);
        let (low, part) = (position as usize, position.fract());
        let (_, value, above) = pool.select_nth_unstable_by(low, f64::total_cmp);
        let value = *value;
        let next = above.iter().copied().fold(f64::INFINITY, f64::min);
        if part == 0.0 || next == f64::INFINITY {
            value
        } else {
            value + part * (next - value)
        }
    })
}

fn is_near(hour: usize, other: usize) -> bool {
    let apart = hour.abs_diff(other);
    apart.min(24 - apart) <= HOUR_REACH
}

/// Bucket of a lead in seconds.
fn bucket(lead: i64) -> usize {
    BUCKET_ENDS.partition_point(|end| *end <= lead)
}

/// Lead sampled in the issue at that hour, counted from any. Seven leads per bucket in turn:
/// seven shares no factor with the 24 hours of a day, so each meets every hour.
fn sample_lead(bucket: usize, hour: i64) -> i64 {
    let low = bucket.checked_sub(1).map_or(0, |i| BUCKET_ENDS[i]);
    let high = *BUCKET_ENDS.get(bucket).unwrap_or(&LAST_SAMPLE);
    low + (high - low) * (2 * hour.rem_euclid(7) + 1) / 14
}

/// Length of the grid's step in the middle of each bucket: errors of five minutes
/// and of hours differ.
fn widths(grid: &TimeGrid, frontier: i64) -> [i64; BUCKETS] {
    std::array::from_fn(|bucket| {
        let middle = frontier.saturating_add(sample_lead(bucket, 3));
        let step = grid.boundary_at_or_before(middle).min(grid.len() - 1);
        grid.duration(step).get()
    })
}

/// Quantiles of the errors at [`QUANTILE_LEVELS`], by the rule whose expected
/// coverage is right for the next error: position `p (n + 1)`, straight in between.
///
/// # Source
/// Hyndman and Fan 1996, "Sample quantiles in statistical packages", definition 6.
pub(crate) fn quantiles(mut errors: Vec<f64>) -> [f64; 19] {
    if errors.is_empty() {
        return [0.0; 19];
    }
    errors.sort_unstable_by(f64::total_cmp);
    let last = errors.len() - 1;
    let mut rising = f64::NEG_INFINITY;
    QUANTILE_LEVELS.map(|level| {
        let position = f64::from(level) / 100.0 * (errors.len() + 1) as f64 - 1.0;
        let position = position.clamp(0.0, last as f64);
        let (low, part) = (position as usize, position.fract());
        let high = (low + 1).min(last);
        let value = errors[low] + part * (errors[high] - errors[low]);
        // Rounding must not make neighbours cross.
        rising = rising.max(value);
        rising
    })
}

/// The latest book per rule and series. What it returns does not depend on what it holds:
/// a book is used again only for the very same past.
#[derive(Default)]
pub(crate) struct Books {
    latest: Mutex<BTreeMap<Whose, (Key, Arc<Book>)>>,
    samples: Mutex<BTreeMap<Whose, Samples>>,
}

/// Position of the rule in its model, and the series.
type Whose = (usize, String);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    at: i64,
    widths: [i64; BUCKETS],
    fingerprints: [u64; 2],
}

impl Books {
    pub(crate) fn get(
        &self,
        (baseline, rule): (&Baseline, usize),
        history: &History,
        series: &str,
        view: &View<'_>,
        grid: &TimeGrid,
    ) -> Arc<Book> {
        let whose = (rule, series.to_owned());
        let first = view.first_known().unwrap_or(view.as_of());
        let at = anchor(first, view.as_of(), REFRESH);
        let then = baseline.sight(history, series, at);
        let key = Key {
            at,
            widths: widths(grid, view.frontier().unwrap_or(view.as_of())),
            fingerprints: [then.view.fingerprint(), baseline.others(history, at)],
        };
        let lock = || self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, book)) = lock().get(&whose)
            && *known == key
        {
            return Arc::clone(book);
        }
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let samples = samples.entry(whose.clone()).or_default();
        let looked = samples.look((baseline, rule), history, series, at, &key.widths);
        let book = Arc::new(Book::new(looked, prior(&then.view)));
        lock().insert(whose, (key, Arc::clone(&book)));
        book
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_a_ladder_are_its_rungs() {
        let ladder = (1..=19).rev().map(f64::from).collect();
        let expected = std::array::from_fn(|i| (i + 1) as f64);
        for (got, want) in quantiles(ladder).iter().zip(expected as [f64; 19]) {
            assert!((got - want).abs() < 1e-9, "{got} for {want}");
        }
        assert_eq!(quantiles(vec![]), [0.0; 19]);
        assert_eq!(quantiles(vec![2.5]), [2.5; 19]);
    }

    #[test]
    fn leads_fall_into_their_buckets() {
        assert_eq!(bucket(-5), 0);
        assert_eq!(bucket(HOUR - 1), 1);
        assert_eq!(bucket(HOUR), 2);
        assert_eq!(bucket(i64::MAX), BUCKETS - 1);
        for bucket_index in 0..BUCKETS {
            for back in 0..50 {
                assert_eq!(bucket(sample_lead(bucket_index, back)), bucket_index);
            }
        }
    }
}

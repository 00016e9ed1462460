//! How far the bands are stretched so that they cover what they promise, from past forecasts.
//!
//! Every 65 minutes of the past four weeks the model is asked again, as of then and with
//! what was learned by then. Each answer moves the factor by which quantiles are spread
//! from the median on its side:
//!
//! ```text
//! log k <- log k + step x (1 if beyond P90 (below P10), else 0  -  0.1)
//! ```
//!
//! so that in the long run a tenth lies beyond, whatever the price does.
//!
//! # Source
//! Gibbs and Candes 2021, "Adaptive conformal inference under distribution shift";
//! Angelopoulos, Candes, Tibshirani 2023, "Conformal PID control for time series prediction"
//! (quantile tracking).

use std::collections::BTreeMap;

use crate::calendar::{DAY, HOUR};

use super::Recall;
use super::anchor::{KNOTS, Subject};
use super::course::Scale;
use super::regression::{Curve, MEDIAN};

/// How far back.
const WINDOW: i64 = 28 * DAY;
/// Distance of the issues asked again, s: not a part of an hour, so that each minute has its turn.
const APART: i64 = 3_900;
/// How far one answer moves the logarithm, for leads up to four hours and beyond: the
/// further ahead, the more neighbouring errors are one and the same.
const STEPS: [f64; 2] = [0.015, 0.006];
/// Positions of P10 and P90 in the fitted levels.
const EDGES: (usize, usize) = (2, 10);

/// Factors below and above the median.
pub(super) type Stretch = (f64, f64);
/// Knot of lead and length of the step.
pub(super) type Place = (usize, i64);

/// A past forecast of one step: P10, median and P90 in its scale.
#[derive(Debug, Clone, Copy)]
pub(super) struct Past {
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) scale: Scale,
    pub(super) band: [f64; 3],
}

impl Past {
    pub(super) fn new((start, end): (i64, i64), scale: Scale, curve: &Curve) -> Self {
        let band = [curve[EDGES.0], curve[MEDIAN], curve[EDGES.1]];
        Self { start, end, scale, band }
    }
}

/// Past forecasts of one issue, by what was known then.
#[derive(Debug, Default)]
struct Issue {
    fingerprint: u64,
    made: BTreeMap<Place, Option<Past>>,
}

/// Past forecasts and the factors they led to.
#[derive(Debug, Default)]
pub(super) struct Bands {
    issues: BTreeMap<i64, Issue>,
    /// Time and fingerprint of the truth they hold for.
    at: (i64, u64),
    stretches: BTreeMap<Place, Stretch>,
}

/// The factors of every place, from what was known at the last full hour.
pub(super) fn stretches(
    recall: &mut Recall,
    subject: &Subject<'_>,
    issued_at: i64,
    places: &[Place],
) -> BTreeMap<Place, Stretch> {
    let now = issued_at - issued_at.rem_euclid(HOUR);
    let key = (now, subject.fingerprint(now));
    if recall.bands.at != key {
        recall.bands.at = key;
        recall.bands.stretches.clear();
    }
    let missing: Vec<Place> = (places.iter().copied())
        .filter(|place| !recall.bands.stretches.contains_key(place))
        .collect();
    if !missing.is_empty() {
        let mut at = now - WINDOW;
        at += APART - at.rem_euclid(APART);
        recall.bands.issues = recall.bands.issues.split_off(&at);
        let truth = subject.view(now);
        let mut logs = vec![(0.0_f64, 0.0_f64); missing.len()];
        while at < now {
            ask_again(recall, subject, at, &missing);
            let issue = &recall.bands.issues[&at];
            for (log, place) in logs.iter_mut().zip(&missing) {
                let Some(past) = issue.made[place] else {
                    continue;
                };
                let Some(value) = truth.mean(past.start, past.end) else {
                    continue;
                };
                let step = STEPS[usize::from(KNOTS[place.0] > 4 * HOUR)];
                let (z, [low, median, high]) = (past.scale.z(value), past.band);
                let below = z < median + libm::exp(log.0) * (low - median);
                let above = z > median + libm::exp(log.1) * (high - median);
                log.0 += step * (f64::from(u8::from(below)) - 0.1);
                log.1 += step * (f64::from(u8::from(above)) - 0.1);
            }
            at += APART;
        }
        for (log, place) in logs.iter().zip(missing) {
            let stretch = (libm::exp(log.0), libm::exp(log.1));
            recall.bands.stretches.insert(place, stretch);
        }
    }
    let of = |place: &Place| (*place, recall.bands.stretches[place]);
    places.iter().map(of).collect()
}

/// Fills the places that are missing from the issue at `at`.
fn ask_again(recall: &mut Recall, subject: &Subject<'_>, at: i64, places: &[Place]) {
    let fingerprint = subject.fingerprint(at);
    let issue = recall.bands.issues.entry(at).or_default();
    if issue.fingerprint != fingerprint {
        issue.fingerprint = fingerprint;
        issue.made.clear();
    }
    let missing: Vec<Place> = (places.iter().copied())
        .filter(|place| !issue.made.contains_key(place))
        .collect();
    if missing.is_empty() {
        return;
    }
    let made = recall.past(subject, at, &missing);
    if let Some(issue) = recall.bands.issues.get_mut(&at) {
        issue.made.extend(missing.into_iter().zip(made));
    }
}

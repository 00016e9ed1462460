//! Hindcasts, and how far bands have to be spread by them.
//!
//! As of every 125 minutes of the past eight weeks the model forecasts again, with what was
//! learned by then; each hindcast moves the factors of its lead and length of step
//! ([`Tracker`]).

use std::collections::BTreeMap;

use crate::calendar::{DAY, HOUR};
use crate::conformal::{Days, Journal, Margin, Tracker};
use crate::scale::Scale;

use super::SeriesCache;
use super::regression::{Curve, MEDIAN};
use super::trained::Subject;

/// How far back.
const WINDOW: i64 = 56 * DAY;
/// Distance of the hindcasts' issues, s: not a divisor of an hour, so that all minutes occur.
const APART: i64 = 7_500;
/// What an issue stands for: each hour of day has one every second day.
const DAYS: Days = Days {
    common: APART as f64 / DAY as f64,
    hourly: APART as f64 / HOUR as f64,
};
/// Positions of P10 and P90 in the fitted levels.
const EDGES: (usize, usize) = (2, 10);

/// Knot of lead and length of the step.
pub(super) type Place = (usize, i64);

/// A hindcast of one step: P10, median and P90 in its scale.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hindcast {
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) scale: Scale,
    pub(super) band: [f64; 3],
}

impl Hindcast {
    pub(super) fn new((start, end): (i64, i64), scale: Scale, curve: &Curve) -> Self {
        let band = [curve[EDGES.0], curve[MEDIAN], curve[EDGES.1]];
        Self {
            start,
            end,
            scale,
            band,
        }
    }
}

/// Hindcasts of one issue, and the hash of what was known then.
#[derive(Debug, Default)]
struct Issue {
    fingerprint: u64,
    made: BTreeMap<Place, Option<Hindcast>>,
}

/// Hindcasts, and the factors they led to.
#[derive(Debug, Default)]
pub(super) struct Bands {
    issues: BTreeMap<i64, Issue>,
    /// Time and fingerprint of the data that the trackers are of.
    at: (i64, u64),
    trackers: BTreeMap<Place, Tracker>,
}

/// The trackers of every place, from what was known at the last full hour.
pub(super) fn trackers(
    cache: &mut SeriesCache,
    subject: &Subject<'_>,
    issued_at: i64,
    places: &[Place],
) -> BTreeMap<Place, Tracker> {
    let now = issued_at - issued_at.rem_euclid(HOUR);
    let key = (now, subject.fingerprint(now));
    if cache.bands.at != key {
        cache.bands.at = key;
        cache.bands.trackers.clear();
    }
    let missing: Vec<Place> = (places.iter().copied())
        .filter(|place| !cache.bands.trackers.contains_key(place))
        .collect();
    if !missing.is_empty() {
        let mut at = now - WINDOW;
        at += APART - at.rem_euclid(APART);
        cache.bands.issues = cache.bands.issues.split_off(&at);
        let truth = subject.view(now);
        let mut journals: Vec<Journal> = missing.iter().map(|_| Journal::default()).collect();
        while at < now {
            hindcast(cache, subject, at, &missing);
            let issue = &cache.bands.issues[&at];
            for (journal, place) in journals.iter_mut().zip(&missing) {
                journal.advance(at);
                let Some(past) = issue.made[place] else {
                    continue;
                };
                if let Some(value) = truth.mean(past.start, past.end) {
                    let hour = subject.clock.hour(past.start + (past.end - past.start) / 2);
                    let z = past.scale.bend(value);
                    let margin = Margin::new(past.band, f64::NEG_INFINITY, z);
                    journal.issue(DAYS, hour, margin, past.end);
                }
            }
            at += APART;
        }
        let trackers = journals.into_iter().map(|mut journal| {
            journal.advance(now);
            *journal.tracker()
        });
        let trackers = missing.into_iter().zip(trackers);
        cache.bands.trackers.extend(trackers);
    }
    let of = |place: &Place| (*place, cache.bands.trackers[place]);
    places.iter().map(of).collect()
}

/// Makes the hindcasts as of `at` for the places that have none.
fn hindcast(cache: &mut SeriesCache, subject: &Subject<'_>, at: i64, places: &[Place]) {
    let fingerprint = subject.fingerprint(at);
    let issue = cache.bands.issues.entry(at).or_default();
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
    let made = cache.past(subject, at, &missing);
    if let Some(issue) = cache.bands.issues.get_mut(&at) {
        issue.made.extend(missing.into_iter().zip(made));
    }
}

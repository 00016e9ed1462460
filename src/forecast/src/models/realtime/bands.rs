//! Past forecasts, asked for again, and how far they say that bands must be spread.
//!
//! Every 125 minutes of the past eight weeks the model is asked again, as of then and with
//! what was learned by then; each answer moves the factors of its lead and length of
//! step ([`Tracker`]).

use std::collections::BTreeMap;

use crate::calendar::{DAY, HOUR};
use crate::conformal::{Days, Journal, Margin, Tracker};
use crate::scale::Scale;

use super::Recall;
use super::anchor::Subject;
use super::regression::{Curve, MEDIAN};

/// How far back.
const WINDOW: i64 = 56 * DAY;
/// Distance of the issues asked again, s: not a part of an hour, so that each minute has its turn.
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
        Self {
            start,
            end,
            scale,
            band,
        }
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
    trackers: BTreeMap<Place, Tracker>,
}

/// The trackers of every place, from what was known at the last full hour.
pub(super) fn trackers(
    recall: &mut Recall,
    subject: &Subject<'_>,
    issued_at: i64,
    places: &[Place],
) -> BTreeMap<Place, Tracker> {
    let now = issued_at - issued_at.rem_euclid(HOUR);
    let key = (now, subject.fingerprint(now));
    if recall.bands.at != key {
        recall.bands.at = key;
        recall.bands.trackers.clear();
    }
    let missing: Vec<Place> = (places.iter().copied())
        .filter(|place| !recall.bands.trackers.contains_key(place))
        .collect();
    if !missing.is_empty() {
        let mut at = now - WINDOW;
        at += APART - at.rem_euclid(APART);
        recall.bands.issues = recall.bands.issues.split_off(&at);
        let truth = subject.view(now);
        let mut journals: Vec<Journal> = missing.iter().map(|_| Journal::default()).collect();
        while at < now {
            ask_again(recall, subject, at, &missing);
            let issue = &recall.bands.issues[&at];
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
        recall.bands.trackers.extend(trackers);
    }
    let of = |place: &Place| (*place, recall.bands.trackers[place]);
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

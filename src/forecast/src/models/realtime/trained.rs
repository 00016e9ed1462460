//! What was learned at one time: scales and one regression per lead, width and state of inputs.

use std::collections::BTreeMap;
use std::sync::Arc;

use libm::exp2;
use swingload_model::series::Unit;

use crate::calendar::{Clock, DAY, HOUR, WEEK};
use crate::{History, View};

use super::columns::Moment;
use super::course::{Course, is_plausible};
use super::input::{Reading, State};
use super::regression::{Curve, Fit};
use super::usual::{Tables, Usual};
use crate::scale::Scale;

/// How far back is learned from, s: a year has every season in it.
const WINDOW: i64 = 365 * DAY;
/// Fewest seconds of history to learn from.
const LEAST: i64 = 14 * DAY;
/// Issues learned from, at most, and their least distance, s.
const ROWS: i64 = 6_000;
const APART: i64 = 900;
/// Age at which an issue weighs half as much as the newest, s.
const HALF_LIFE: f64 = 80.0 * 86_400.0;

/// Ridge of the regressions: columns are correlated, and so are the hours of a day, of which a
/// year has a few hundred. Chosen among 0.001 to 0.6 on ERCOT of August and September 2024 and South Australia
/// of August to December 2022; at the next step as at a day's lead.
const RIDGE: f64 = 0.2;

/// Leads at which regressions are made, s; others lie straight between two of them.
pub(super) const KNOTS: [i64; 12] = [
    0,
    HOUR / 6,
    HOUR / 2,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
    14 * HOUR,
    24 * HOUR,
    36 * HOUR,
    48 * HOUR,
    96 * HOUR,
];

/// The two knots about a lead, and the weight of the second.
pub(super) fn about(lead: i64) -> (usize, usize, f64) {
    let above = KNOTS.partition_point(|knot| *knot <= lead);
    if above == KNOTS.len() {
        return (above - 1, above - 1, 0.0);
    }
    let (low, high) = (KNOTS[above - 1], KNOTS[above]);
    let weight = (lead - low) as f64 / (high - low) as f64;
    match lead == low {
        true => (above - 1, above - 1, 0.0),
        false => (above - 1, above, weight),
    }
}

/// Time of training that an issue at `issued_at` uses: once a fortnight, and once a week in the
/// first month of data. `None` while there is too little of it.
pub(super) fn learned_at(first: i64, issued_at: i64) -> Option<i64> {
    let last = |period: i64| issued_at - issued_at.rem_euclid(period);
    [(2 * WEEK, 2 * LEAST), (WEEK, LEAST), (DAY, LEAST)]
        .into_iter()
        .map(|(period, least)| (last(period), least))
        .find(|(at, least)| at.saturating_sub(first) >= *least)
        .map(|(at, _)| at)
}

/// What is forecast and from what.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) history: &'a History,
    pub(super) series: &'a str,
    pub(super) inputs: &'a [String],
    pub(super) clock: Clock,
}

impl<'a> Subject<'a> {
    pub(super) fn view(&self, as_of: i64) -> View<'a> {
        self.history.view(self.series, as_of)
    }

    /// The inputs as published: a forecast that somebody else made is taken at its word.
    pub(super) fn inputs_believed(&self, as_of: i64) -> Vec<View<'a>> {
        let believed = |name: &String| self.history.believed(name, as_of);
        self.inputs.iter().map(believed).collect()
    }

    pub(super) fn inputs(&self, as_of: i64) -> Vec<View<'a>> {
        let view = |name: &String| self.history.view(name, as_of);
        self.inputs.iter().map(view).collect()
    }

    /// Hash of all that was known of price and inputs.
    pub(super) fn fingerprint(&self, as_of: i64) -> u64 {
        let own = self.view(as_of).fingerprint();
        self.inputs(as_of).iter().fold(own, |hash, view| {
            crate::seed::mix(hash) ^ view.fingerprint()
        })
    }
}

/// Kind of regression: knot of lead, length of the step, state of every input.
type Kind = (usize, i64, Vec<State>);

/// Made from what was known at `at`, and from nothing else.
pub(super) struct Trained {
    pub(super) at: i64,
    pub(super) scale: Scale,
    pub(super) readings: Vec<Reading>,
    course: Course,
    fits: BTreeMap<Kind, Option<Arc<Fit>>>,
}

impl Trained {
    /// `None` when nothing was known.
    pub(super) fn new(subject: &Subject<'_>, at: i64) -> Option<Self> {
        let view = subject.view(at);
        let scale = scale(&view, at)?;
        let unit = subject.history.unit(subject.series);
        let readings = subject.inputs.iter().map(|name| {
            let is_price =
                matches!(unit, Some(Unit::PricePerMwh(_))) && subject.history.unit(name) == unit;
            let own = || self::scale(&subject.history.view(name, at), at);
            Reading {
                scale: if is_price {
                    scale
                } else {
                    own().unwrap_or(scale)
                },
                is_price,
            }
        });
        Some(Self {
            at,
            scale,
            readings: readings.collect(),
            course: Course::new(&view, &scale, at - WINDOW, at + 3 * DAY),
            fits: BTreeMap::new(),
        })
    }

    /// What is usual by hour, in the price's scale.
    pub(super) fn usual(&self, raw: &Usual) -> Usual {
        raw.map(|levels| levels.map(|value| self.scale.bend(value)))
    }

    /// The curve for a step at one knot; an input that was never there while learning is left out.
    ///
    /// `None` when there was too little to learn from.
    #[expect(
        clippy::too_many_arguments,
        reason = "a step, its moment, and where fits are kept"
    )]
    pub(super) fn curve(
        &mut self,
        subject: &Subject<'_>,
        tables: &mut Tables,
        moment: &Moment<'_>,
        knot: usize,
        (start, end): (i64, i64),
        known: i64,
        row: &mut Vec<f64>,
    ) -> Option<Curve> {
        let mut states = moment.states(start, end, known);
        let mut fit = self.fit(subject, tables, knot, end - start, &states);
        if fit.is_none() && states.iter().any(|s| *s != State::Missing) {
            states.fill(State::Missing);
            fit = self.fit(subject, tables, knot, end - start, &states);
        }
        moment.row(start, end, known, &states, row);
        Some(fit?.curve(row))
    }

    fn fit(
        &mut self,
        subject: &Subject<'_>,
        tables: &mut Tables,
        knot: usize,
        width: i64,
        states: &[State],
    ) -> Option<Arc<Fit>> {
        let kind = (knot, width, states.to_vec());
        if let Some(fit) = self.fits.get(&kind) {
            return fit.clone();
        }
        let fit = self.learn(subject, tables, &kind).map(Arc::new);
        self.fits.insert(kind, fit.clone());
        fit
    }

    /// Issues of the past year, each as it would have been, and what came.
    fn learn(
        &self,
        subject: &Subject<'_>,
        tables: &mut Tables,
        (knot, width, states): &Kind,
    ) -> Option<Fit> {
        let truth = subject.view(self.at);
        let from = truth.first_known()?.max(self.at - WINDOW) + 2 * DAY;
        let (mut rows, mut targets, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        let mut row = Vec::new();
        let mut usual = (i64::MIN, [[0.0; 3]; 24]);
        let apart = apart(self.at - from);
        let mut issue = self.at - apart;
        while issue >= from {
            let at = issue;
            issue -= apart;
            let Some(frontier) = subject.view(at).frontier() else {
                break;
            };
            let Some(known) = self.course.known_until(frontier) else {
                continue;
            };
            let start = known + KNOTS[*knot];
            let Some(value) = truth.mean(start, start + width) else {
                continue;
            };
            let z = self.scale.bend(value);
            if !is_plausible(&self.scale, z) {
                continue;
            }
            let day = at.div_euclid(DAY);
            if usual.0 != day {
                usual = (
                    day,
                    self.usual(&tables.at(subject.history, subject.series, subject.clock, at)),
                );
            }
            let moment = Moment {
                course: &self.course,
                usual: &usual.1,
                inputs: &subject.inputs(at),
                readings: &self.readings,
                clock: subject.clock,
            };
            if moment.row(start, start + width, known, states, &mut row) {
                rows.extend_from_slice(&row);
                targets.push(z);
                weights.push(exp2(-((self.at - at) as f64 / HALF_LIFE)));
            }
        }
        Fit::make(&rows, &targets, &weights, RIDGE)
    }
}

/// Distance of the issues learned from, s: not a divisor of a day, so that all hours occur.
fn apart(span: i64) -> i64 {
    let mut apart = APART.max(span / ROWS / 300 * 300);
    while DAY % apart == 0 {
        apart += 300;
    }
    apart
}

/// Scale of the quarter-hourly values of the past year; `None` without any.
fn scale(view: &View<'_>, at: i64) -> Option<Scale> {
    let quarter = HOUR / 4;
    let start = (at - WINDOW).max(view.first_known().unwrap_or(at).saturating_sub(2 * DAY));
    let start = start - start.rem_euclid(quarter);
    let values: Vec<f64> = (0..(at - start) / quarter)
        .filter_map(|i| view.mean(start + i * quarter, start + (i + 1) * quarter))
        .collect();
    (!values.is_empty()).then(|| Scale::of(&values, &mut Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_lie_between_their_knots() {
        assert_eq!(about(0), (0, 0, 0.0));
        assert_eq!(about(HOUR), (3, 3, 0.0));
        assert_eq!(about(90 * 60), (3, 4, 0.5));
        assert_eq!(about(400 * HOUR), (11, 11, 0.0));
    }

    #[test]
    fn learning_begins_after_a_fortnight() {
        assert_eq!(learned_at(0, 13 * DAY), None);
        assert_eq!(learned_at(0, 20 * DAY + 5), Some(14 * DAY));
        assert_eq!(learned_at(DAY, 15 * DAY + 5), Some(15 * DAY));
        assert_eq!(learned_at(0, 41 * DAY), Some(28 * DAY));
        assert_eq!(learned_at(0, 61 * DAY), Some(56 * DAY));
        assert_eq!(
            86_400 % apart(365 * DAY),
            86_400 - 86_400 / apart(365 * DAY) * apart(365 * DAY)
        );
        assert!(DAY % apart(120 * DAY) != 0);
    }
}

//! What other series say: a day-ahead price, forecasts of load, wind and solar, temperatures.

use crate::View;
use crate::calendar::{DAY, HOUR};

use super::course::{Course, within_plausible};
use crate::scale::Scale;

/// How old the latest value may be and still say something, s.
const FRESH: i64 = 6 * HOUR;

/// What is known of an input at an issue. Fits are made for each combination met, so a
/// missing input costs its information and nothing else, and bands widen by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// Known over the step forecast.
    Ahead,
    /// Known until lately.
    Recent,
    /// Late, absent, or in another unit.
    Missing,
}

/// How one input is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// Scale of the input; the price's own where the input is a price in its currency.
    pub(super) scale: Scale,
    /// Whether it is such a price.
    pub(super) is_price: bool,
}

/// Values of one input about a step, in its scale; `None` where unknown.
pub(super) struct Seen {
    ahead: Option<f64>,
    now: Option<f64>,
    before: Option<f64>,
}

impl Seen {
    /// As `view` shows it for `[start, end)` when the price is known until `known`.
    pub(super) fn new(view: &View<'_>, read: &Reading, start: i64, end: i64, known: i64) -> Self {
        let z = |value: Option<f64>| {
            let z = read.scale.bend(value?);
            // What decisions start from is taken at its word, as far as lines can be drawn to.
            let within = within_plausible(&read.scale, z);
            (view.is_believed() || z == within).then_some(within)
        };
        let now = (view.latest_before(known)).filter(|(until, _)| known - until <= FRESH);
        // The same time on the last day that was over.
        let back = ((end - known + DAY - 1).div_euclid(DAY)).max(1) * DAY;
        Self {
            ahead: z(view.mean(start, end)),
            now: z(now.map(|n| n.1)),
            before: z(view.mean(start - back, end - back)),
        }
    }

    pub(super) fn state(&self) -> State {
        match (self.ahead, self.now) {
            (Some(_), _) => State::Ahead,
            (None, Some(_)) => State::Recent,
            (None, None) => State::Missing,
        }
    }

    /// Adds the columns of `state`, which the seen state must allow.
    pub(super) fn columns(
        &self,
        state: State,
        view: &View<'_>,
        read: &Reading,
        course: &Course,
        known: i64,
        row: &mut Vec<f64>,
    ) {
        let now = self.now.or(self.ahead).unwrap_or(0.0);
        let ahead = self.ahead.unwrap_or(now);
        let before = self.before.unwrap_or(now);
        match (state, read.is_price) {
            (State::Missing, _) => {}
            (State::Ahead, false) => row.extend([ahead, ahead * ahead, ahead - now]),
            (State::Recent, false) => row.extend([now, now - before]),
            (_, true) => {
                let spread = |length| {
                    let theirs = view.mean(known - length, known).map(|v| read.scale.bend(v));
                    theirs.map_or(0.0, |z| course.mean(known - length, known) - z)
                };
                let level = if state == State::Ahead { ahead } else { before };
                row.extend([
                    level,
                    (level - 1.5).max(0.0),
                    now,
                    spread(HOUR),
                    spread(DAY),
                ]);
            }
        }
    }
}

//! The columns of the regression: what is known about one step at one issue.

use libm::{cos, sin};

use crate::View;
use crate::calendar::{Clock, DAY, HOUR};

use super::course::Course;
use super::input::{Reading, Seen, State};
use super::usual::Usual;

/// How far back of the last known value the columns reach, s.
pub(super) const REACH: i64 = 15 * DAY;

/// Everything as known at one issue.
pub(super) struct Moment<'a> {
    pub(super) course: &'a Course,
    /// What is usual by hour, in the price's scale.
    pub(super) usual: &'a Usual,
    pub(super) inputs: &'a [View<'a>],
    pub(super) readings: &'a [Reading],
    pub(super) clock: Clock,
}

impl Moment<'_> {
    /// State of each input for `[start, end)` with the price known until `known`.
    pub(super) fn states(&self, start: i64, end: i64, known: i64) -> Vec<State> {
        let read = self.inputs.iter().zip(self.readings);
        read.map(|(view, read)| Seen::new(view, read, start, end, known).state())
            .collect()
    }

    /// The columns into `row`; false where an input is not known as `states` says.
    pub(super) fn row(
        &self,
        start: i64,
        end: i64,
        known: i64,
        states: &[State],
        row: &mut Vec<f64>,
    ) -> bool {
        row.clear();
        self.own(start, end, known, row);
        for ((view, read), state) in self.inputs.iter().zip(self.readings).zip(states) {
            let seen = Seen::new(view, read, start, end, known);
            // A fit for an input that is absent also learns from times when it was there.
            if seen.state() > *state {
                return false;
            }
            seen.columns(*state, view, read, self.course, known, row);
        }
        true
    }

    /// Level, mean and extremes of the last hours, the same time on past days, what is
    /// usual then and now, unrest, and the season of day.
    fn own(&self, start: i64, end: i64, known: i64, row: &mut Vec<f64>) {
        let course = self.course;
        let mean = |from, until| course.mean(from, until);
        let last = mean(known - 1, known);
        let back = ((end - known + DAY - 1).div_euclid(DAY)).max(1) * DAY;
        let about = |day: i64| {
            let (from, until) = (start - back - day * DAY, end - back - day * DAY);
            mean(from - HOUR / 2, (until + HOUR / 2).min(known))
        };
        let middle = start + (end - start) / 2;
        let [low, usual, high] = self.usual[self.clock.hour(middle)];
        let usual_now = self.usual[self.clock.hour(known - 1)][1];
        let (least, greatest) = course.extremes(known);
        let angle = 2.0
            * std::f64::consts::PI
            * ((middle + self.clock.offset_s).rem_euclid(DAY) as f64 / DAY as f64);
        row.extend([
            last,
            mean(known - HOUR / 2, known),
            mean(known - 2 * HOUR, known),
            mean(known - DAY, known),
            about(0),
            (1..7).map(about).sum::<f64>() / 6.0,
            low,
            usual,
            high,
            last - usual_now,
            greatest - last,
            least - last,
            course.swing(known - DAY, known),
            course.swing(known - 7 * DAY, known),
            f64::from(u8::from(self.clock.is_weekend(middle))),
            cos(angle),
            sin(angle),
            cos(2.0 * angle),
            sin(2.0 * angle),
        ]);
    }
}

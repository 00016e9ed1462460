//! Values that hold until the next row: their end is not known before it comes.
//!
//! ```text
//! row          |==============================|= next row
//! start, end   |<-- shortest before -->| | | |         at its publication, then step by step
//! D-n          |<-------- day -------->|<- as that day is published ->|
//! always, and where the next row is published by then: all of it at its publication
//! ```
//!
//! As long as the shortest of the rows just before it a value is known at its publication.
//! That it still holds beyond is known only when the step is over, as for any value that is
//! measured; so nobody sees the end of the row, and the next value, before it is published.
//! What is published together is known together: a day-ahead row is known to the end of its
//! day, and beyond it when the next day is published. Where the rows before are as long as the
//! row itself this changes nothing.

use swingload_model::series::{Observation, Unit};

use super::{Reading, Sure};
use crate::publication::{DayAhead, Rule};

/// The shortest civil day, s.
const SHORTEST_DAY: i64 = 23 * 3_600;

/// What is known of a value as time goes on; the whole of it at once where it is published
/// when it is over, or always was known. Exchange rates stay whole: the rate in force turns
/// values over and is not planned with.
pub(super) fn split(
    reading: &Reading<'_>,
    rule: &mut Rule,
    whole: Observation,
    sure: Option<Sure>,
    out: &mut Vec<Observation>,
) {
    let Some(sure) = sure.filter(|sure| {
        let is_next_known = sure.next_known.is_some_and(|next| next <= whole.known_at);
        !sure.is_even
            && !is_next_known
            && whole.known_at < whole.end
            && !matches!(rule, Rule::Always(_))
            && !matches!(reading.binding.unit, Unit::ExchangeRate(..))
    }) else {
        out.push(whole);
        return;
    };
    match rule {
        Rule::DayAhead(day) => by_day(day, whole, sure, out),
        Rule::FromStart(lag) => step_by_step(reading, *lag, whole, sure, out),
        _ => step_by_step(reading, 0, whole, sure, out),
    }
}

/// To the end of the day it is published with, and then as each day is published.
fn by_day(rule: &mut DayAhead, whole: Observation, sure: Sure, out: &mut Vec<Observation>) {
    let mut rest = whole;
    while let Some(midnight) = rule.day_ends(rest.start).filter(|end| *end < whole.end) {
        // A row of a day or more is known for as long as those before it lasted.
        let until = match sure.until - whole.start >= SHORTEST_DAY {
            true => midnight.max(sure.until).min(whole.end),
            false => midnight,
        };
        out.push(Observation { end: until, ..rest });
        rest.start = until;
        rest.known_at = whole.known_at.max(rule.known_at(until));
        if rest.start >= whole.end {
            return;
        }
    }
    out.push(rest);
}

fn step_by_step(
    reading: &Reading<'_>,
    lag: i64,
    whole: Observation,
    sure: Sure,
    out: &mut Vec<Observation>,
) {
    if sure.until >= whole.end {
        out.push(whole);
        return;
    }
    // Pieces lie on the run's steps, so that each step has one value, to the last bit.
    let (origin, step) = (reading.window.period.0, reading.step);
    let step_at = |at: i64| origin + (at - origin).div_euclid(step) * step;
    let mut start = whole.start;
    let mut end = step_at(sure.until.max(reading.window.from).min(whole.end));
    if end <= start {
        end = (step_at(start) + step).min(whole.end);
    } else {
        out.push(Observation { end, ..whole });
        (start, end) = (end, (end + step).min(whole.end));
    }
    while start < whole.end {
        let known_at = whole.known_at.max(end + lag);
        out.push(Observation {
            start,
            end,
            known_at,
            ..whole
        });
        (start, end) = (end, (end + step).min(whole.end));
    }
}

//! Values that hold until the next row: their end is not known before it comes.
//!
//! ```text
//! row          |==============================|= next row
//! known        |<-- shortest row -->|  |  |  |        at its publication, then step by step
//! ```
//!
//! As long as the shortest row of the file a value is known at its publication. That it still
//! holds beyond is known only when the step is over, as for any value that is measured; so
//! nobody sees the end of the row, and the next value, before it is published. Where rows are
//! equally far apart this changes nothing.

use swingload_model::series::{Observation, Unit};

use super::Reading;
use crate::publication::Rule;

/// What is known of a value as time goes on; the whole of it at once where it is published
/// when it is over, or always was known. Exchange rates stay whole: the rate in force turns
/// values over and is not planned with.
pub(super) fn split(
    reading: &Reading<'_>,
    rule: &Rule,
    whole: Observation,
    sure: Option<i64>,
    out: &mut Vec<Observation>,
) {
    let Some(sure) = sure.filter(|sure| {
        *sure < whole.end
            && whole.known_at < whole.end
            && !matches!(rule, Rule::Always(_))
            && !matches!(reading.binding.unit, Unit::ExchangeRate(..))
    }) else {
        out.push(whole);
        return;
    };
    let lag = match rule {
        Rule::FromStart(lag) => *lag,
        _ => 0,
    };
    // Pieces lie on the run's steps, so that each step has one value, to the last bit.
    let (origin, step) = (reading.window.period.0, reading.step);
    let step_at = |at: i64| origin + (at - origin).div_euclid(step) * step;
    let mut start = whole.start;
    let mut end = step_at(sure.max(reading.window.from).min(whole.end));
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

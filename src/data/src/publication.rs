//! When each value became known.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use swingload_model::scenario::binding::Publication;

/// A publication rule ready to be applied in order of time.
pub(crate) enum Rule {
    Always(i64),
    FromStart(i64),
    FromEnd(i64),
    DayAhead(DayAhead),
    /// The column's own times; a zero put where the file has nothing is known at its end.
    Column,
}

/// A clock time some civil days before the day an interval starts in.
pub(crate) struct DayAhead {
    back: Span,
    at: Time,
    zone: TimeZone,
    /// The day decided last: consecutive intervals share it.
    last: Option<(Date, i64)>,
}

impl Rule {
    /// `earliest` stands for "before everything".
    pub(crate) fn new(publication: &Publication, earliest: i64) -> Self {
        match publication {
            Publication::Always => Self::Always(earliest),
            Publication::FromStart(lag) => Self::FromStart(*lag),
            Publication::FromEnd(lag) => Self::FromEnd(*lag),
            Publication::Column(_) => Self::Column,
            Publication::DayAhead { days, at, zone } => Self::DayAhead(DayAhead {
                back: days.days(),
                at: *at,
                zone: TimeZone::get(zone)
                    .expect("invariant: the scenario refuses zones that do not exist"),
                last: None,
            }),
        }
    }

    /// When the value over `[start, end)` became known; `column` is its publication column.
    pub(crate) fn known_at(&mut self, start: i64, end: i64, column: Option<i64>) -> i64 {
        match self {
            Self::Always(earliest) => *earliest,
            Self::FromStart(lag) => start + *lag,
            Self::FromEnd(lag) => end + *lag,
            Self::Column => column.unwrap_or(end),
            Self::DayAhead(rule) => rule.known_at(start),
        }
    }
}

impl DayAhead {
    /// Second at which the local day of `start` ends; `None` outside the calendar.
    pub(crate) fn day_ends(&self, start: i64) -> Option<i64> {
        let instant = Timestamp::from_second(start).ok()?;
        let next = self.zone.to_datetime(instant).date().tomorrow().ok()?;
        let midnight = next.to_zoned(self.zone.clone()).ok()?;
        Some(midnight.timestamp().as_second())
    }

    /// When the value of an interval that starts then became known.
    pub(crate) fn known_at(&mut self, start: i64) -> i64 {
        // Times outside jiff's range cannot come from a file; their own start is then the answer.
        let Ok(instant) = Timestamp::from_second(start) else {
            return start;
        };
        let date = self.zone.to_datetime(instant).date();
        if let Some((day, known)) = self.last
            && day == date
        {
            return known;
        }
        let gate = date.checked_sub(self.back).ok().and_then(|day| {
            let clock = self.zone.to_ambiguous_timestamp(day.to_datetime(self.at));
            clock.compatible().ok()
        });
        let known = gate.map_or(start, Timestamp::as_second);
        self.last = Some((date, known));
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().expect("RFC 3339").as_second()
    }

    #[test]
    fn a_day_ahead_gate_follows_the_local_clock_through_its_changes() {
        let publication = Publication::parse("D-1 13:30 America/Chicago").expect("rule");
        let mut rule = Rule::new(&publication, 0);
        let mut known = |start: &str| rule.known_at(at(start), at(start) + 3600, None);
        // The last hour of 12 March and the first of the 13th, when clocks go forward.
        assert_eq!(known("2022-03-13T05:00:00Z"), at("2022-03-11T19:30:00Z"));
        assert_eq!(known("2022-03-13T06:00:00Z"), at("2022-03-12T19:30:00Z"));
        // The 13th has 23 hours: the 14th starts at 05:00 UTC, its gate is in summer time.
        assert_eq!(known("2022-03-14T04:00:00Z"), at("2022-03-12T19:30:00Z"));
        assert_eq!(known("2022-03-14T05:00:00Z"), at("2022-03-13T18:30:00Z"));
        // The 25th hour of 6 November still belongs to that day.
        assert_eq!(known("2022-11-07T05:00:00Z"), at("2022-11-05T18:30:00Z"));
        assert_eq!(known("2022-11-07T06:00:00Z"), at("2022-11-06T19:30:00Z"));
    }

    #[test]
    fn lags_count_from_the_edges() {
        let known = |text: &str| {
            Rule::new(&Publication::parse(text).expect("rule"), 7).known_at(3600, 7200, Some(5))
        };
        assert_eq!(
            [
                known("start - 1 h"),
                known("end + 15 min"),
                known("always"),
                known("column issued")
            ],
            [0, 8100, 7, 5]
        );
    }
}

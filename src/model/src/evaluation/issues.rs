//! Local days and hours, and the issues of a period.

use jiff::ToSpan;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::Issue;
use crate::time::{Seconds, TimeGrid, timestamp};

/// Clock and calendar of a zone.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
}

/// When a step starts on the local clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// Days since 1970-01-01 on the local calendar.
    pub day: i32,
    /// Hour of the local day, 0 to 23.
    pub hour: u8,
    /// Year of the local calendar.
    pub year: i16,
    /// Quarter of the year, 1 to 4.
    pub quarter: u8,
}

/// Why there is no grid of a local day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotWhole;

impl Calendar {
    pub(super) fn new(zone: TimeZone) -> Self {
        Self { zone }
    }

    /// The zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// IANA name of the zone.
    pub fn name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// Distance of the local clock from UTC at a Unix second, s, east positive.
    pub fn offset_s(&self, at: i64) -> i64 {
        i64::from(self.zone.to_offset(timestamp(at)).seconds())
    }

    /// Local day, hour and quarter of a Unix second.
    pub fn label(&self, at: i64) -> Label {
        let local = self.zone.to_datetime(timestamp(at));
        let day = (at + self.offset_s(at)).div_euclid(86_400);
        Label {
            day: i32::try_from(day).expect("invariant: periods lie between 1970 and 2200"),
            hour: u8::try_from(local.hour()).expect("invariant: an hour of the day"),
            year: local.year(),
            quarter: u8::try_from((local.month() + 2) / 3).expect("invariant: one to four"),
        }
    }

    fn instant(&self, date: Date, time: Time) -> i64 {
        let local = self.zone.to_ambiguous_zoned(date.to_datetime(time));
        let zoned = local.compatible();
        zoned
            .expect("invariant: periods lie between 1970 and 2200")
            .timestamp()
            .as_second()
    }

    /// Dates from the day before the period to its last one.
    fn dates(&self, period: (i64, i64), before: i64) -> impl Iterator<Item = Date> + use<> {
        let first = self.zone.to_datetime(timestamp(period.0)).date();
        let last = self.zone.to_datetime(timestamp(period.1)).date();
        let first = first.checked_sub(before.days()).unwrap_or(first);
        first.series(1.day()).take_while(move |date| *date <= last)
    }

    /// Steps of the local day so many days after the one that holds `at`; `None` where it
    /// is no whole number of them.
    pub(super) fn day(&self, at: i64, ahead: i64, step: Seconds) -> Option<TimeGrid> {
        let date = self.zone.to_datetime(timestamp(at)).date();
        let edge = |plus: i64| {
            let date = date.checked_add(plus.days()).unwrap_or(date);
            timestamp(self.instant(date, Time::midnight()))
        };
        TimeGrid::regular(edge(ahead), edge(ahead + 1), step).ok()
    }

    /// One issue per clock time and day whose target day lies in the period.
    pub(super) fn of_days(
        &self,
        period: (i64, i64),
        step: Seconds,
        clocks: &[Time],
        ahead: i64,
    ) -> Result<Vec<Issue>, NotWhole> {
        let mut issues = Vec::new();
        for date in self.dates(period, ahead + 1) {
            for clock in clocks {
                let issued_at = self.instant(date, *clock);
                let grid = self.day(issued_at, ahead, step).ok_or(NotWhole)?;
                if grid.start_s(0) >= period.0 && grid.end_s(grid.len() - 1) <= period.1 {
                    issues.push(Issue { issued_at, grid });
                }
            }
        }
        issues.sort_by_key(|issue| (issue.issued_at, issue.grid.start_s(0)));
        Ok(issues)
    }

    /// Instants of the clock times inside the period, in order.
    pub(super) fn at(&self, period: (i64, i64), clocks: &[Time]) -> Vec<i64> {
        let dates = self.dates(period, 1);
        let mut all: Vec<i64> = dates
            .flat_map(|date| clocks.iter().map(move |clock| (date, *clock)))
            .map(|(date, clock)| self.instant(date, clock))
            .filter(|at| (period.0..period.1).contains(at))
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// One issue per instant, for the steps of the period's grid from then on, where all of
/// them lie in the period.
pub(super) fn rolling(
    instants: impl Iterator<Item = i64>,
    period: (i64, i64),
    step: Seconds,
    horizon: Seconds,
) -> Vec<Issue> {
    let issue = |issued_at: i64| {
        let grid = from(issued_at, period.0, step, horizon)?;
        (grid.end_s(grid.len() - 1) <= period.1).then_some(Issue { issued_at, grid })
    };
    instants.filter_map(issue).collect()
}

/// Whole steps of a horizon from `issued_at` on, aligned to `origin`; `None` without one.
pub(super) fn from(
    issued_at: i64,
    origin: i64,
    step: Seconds,
    horizon: Seconds,
) -> Option<TimeGrid> {
    let step = step.get();
    let first = issued_at + (origin - issued_at).rem_euclid(step);
    let count = horizon.get() / step;
    TimeGrid::from_boundaries((0..=count).map(|k| first + k * step).collect()).ok()
}

/// Instants so many seconds apart, from the start of the period.
pub(super) fn every(period: (i64, i64), seconds: i64) -> impl Iterator<Item = i64> {
    (0..)
        .map(move |k| period.0 + k * seconds)
        .take_while(move |at| *at < period.1)
}

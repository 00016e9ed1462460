//! The course of the day, and how far the present lies from it: temperature and load.

use super::learned::{Base, Past};
use crate::calendar::{Clock, DAY};

/// Stretch whose deviation is "the latest", s.
const RECENT: i64 = 900;
/// Days whose mean is the usual course.
const DAYS: usize = 7;
/// How far back they are looked for.
const REACH: i64 = 28;

/// The mean of the same time on the past seven days, plus the latest deviation from it and
/// that of the past day, each weighted by what it was worth at that lead.
#[derive(Debug, Clone, Copy)]
pub(super) struct Course {
    name: &'static str,
    /// Whether working days and weekends have each a course of their own.
    by_kind: bool,
    clock: Clock,
}

impl Course {
    /// Air temperature: every day is like the others.
    pub(super) fn temperature(clock: Clock) -> Self {
        Self {
            name: "temperature",
            by_kind: false,
            clock,
        }
    }

    /// Load of people and machines: weekends differ.
    pub(super) fn load(clock: Clock) -> Self {
        Self {
            name: "load",
            by_kind: true,
            clock,
        }
    }

    /// The usual mean over `[start, end)`, from days before `until`.
    fn usual(&self, past: &Past<'_>, until: i64, start: i64, end: i64) -> Option<f64> {
        let first = ((end - until).max(1) + DAY - 1).div_euclid(DAY);
        let (mut count, mut sum) = (0_usize, 0.0);
        for days in first..first + REACH {
            let back = days * DAY;
            if self.by_kind && self.clock.is_weekend(start - back) != self.clock.is_weekend(start) {
                continue;
            }
            if let Some(value) = past.view.mean(start - back, end - back) {
                count += 1;
                sum += value;
            }
            if count == DAYS {
                break;
            }
        }
        (count > 0).then(|| sum / count as f64)
    }
}

impl Base for Course {
    fn name(&self) -> &'static str {
        self.name
    }

    fn base(&self, past: &Past<'_>, until: i64, start: i64, end: i64) -> Option<f64> {
        self.usual(past, until, start, end)
    }

    fn signs(&self, past: &Past<'_>, until: i64) -> Option<[f64; 2]> {
        let deviation = |length: i64| {
            let from = until - length;
            Some(past.view.mean(from, until)? - self.usual(past, from, from, until)?)
        };
        let latest = deviation(RECENT)?;
        Some([latest, deviation(DAY).unwrap_or(0.0)])
    }
}

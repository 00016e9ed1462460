//! The full hours of the past as of which hindcasts are made, and what was new in each.

use crate::History;
use crate::baseline::Baseline;
use crate::calendar::HOUR;

/// For which leads hindcasts are made as of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeadChoice {
    /// None: nothing was published since the hour before, so they would be the same.
    None,
    /// The series changes by the hour: one lead of each bucket in turn.
    One,
    /// It changes seldom: all leads.
    All,
}

#[derive(Debug, Clone, Copy)]
struct Hour {
    fingerprints: [u64; 2],
    frontier: i64,
    choice: LeadChoice,
}

/// What was known at each hour of a stretch without gaps.
#[derive(Debug, Default)]
pub(super) struct IssueHours {
    first: i64,
    hours: Vec<Hour>,
}

impl IssueHours {
    /// Holds the hours of `from..=until`. False when the hours held before were of another past,
    /// so that hindcasts from them are void.
    pub(super) fn cover(
        &mut self,
        baseline: &Baseline,
        history: &History,
        series: &str,
        (from, until): (i64, i64),
    ) -> bool {
        let know = |hour: i64| {
            let view = history.view(series, hour * HOUR);
            let fingerprints = [view.fingerprint(), baseline.others(history, hour * HOUR)];
            (fingerprints, view.frontier().unwrap_or(i64::MIN))
        };
        // A hash is of all that was known by its hour, so comparing the last one is enough.
        let known = self.first + self.hours.len() as i64;
        let last = self.hours.last().map(|h| h.fingerprints);
        let is_same = last == Some(know(known - 1).0) && (self.first..known).contains(&from);
        if !is_same {
            self.hours.clear();
            self.first = from;
        }
        self.hours.drain(..(from - self.first) as usize);
        self.first = from;
        let next = from + self.hours.len() as i64;
        let (mut before, mut earlier) = (know(next - 1), know(next - 2));
        for hour in next..=until {
            let now = know(hour);
            let choice = if now.0 == before.0 {
                LeadChoice::None
            } else if now.0[0] != before.0[0] && before.0[0] != earlier.0[0] {
                LeadChoice::One
            } else {
                LeadChoice::All
            };
            self.hours.push(Hour {
                fingerprints: now.0,
                frontier: now.1,
                choice,
            });
            (before, earlier) = (now, before);
        }
        is_same
    }

    pub(super) fn choice(&self, hour: i64) -> LeadChoice {
        self.hours[(hour - self.first) as usize].choice
    }

    /// The first hour from `hour` on at which values up to `end` were known.
    pub(super) fn known_from(&self, hour: i64, end: i64) -> Option<i64> {
        let from = (hour - self.first) as usize;
        let wait = self.hours[from..].partition_point(|h| h.frontier < end);
        (from + wait < self.hours.len()).then(|| hour + wait as i64)
    }
}

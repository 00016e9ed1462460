//! The full hours of the past, and what each of them brought.

use crate::History;
use crate::baseline::Baseline;
use crate::calendar::HOUR;

/// Which leads an hour is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing was published since the hour before: the answers would be the same.
    Idle,
    /// The series changes by the hour: one lead of each bucket in turn.
    One,
    /// It changes seldom: all leads.
    All,
}

#[derive(Debug, Clone, Copy)]
struct Hour {
    fingerprints: [u64; 2],
    frontier: i64,
    turn: Turn,
}

/// What was known at each hour of a stretch without gaps.
#[derive(Debug, Default)]
pub(super) struct Asked {
    first: i64,
    hours: Vec<Hour>,
}

impl Asked {
    /// Holds the hours of `from..=until`. False when what it held was of another past.
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
        // Hashes tell apart all that was known before, too, so the last one stands for all.
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
            let turn = if now.0 == before.0 {
                Turn::Idle
            } else if now.0[0] != before.0[0] && before.0[0] != earlier.0[0] {
                Turn::One
            } else {
                Turn::All
            };
            self.hours.push(Hour {
                fingerprints: now.0,
                frontier: now.1,
                turn,
            });
            (before, earlier) = (now, before);
        }
        is_same
    }

    pub(super) fn turn(&self, hour: i64) -> Turn {
        self.hours[(hour - self.first) as usize].turn
    }

    /// The first hour from `hour` on at which values up to `end` were known.
    pub(super) fn reached(&self, hour: i64, end: i64) -> Option<i64> {
        let from = (hour - self.first) as usize;
        let wait = self.hours[from..].partition_point(|h| h.frontier < end);
        (from + wait < self.hours.len()).then(|| hour + wait as i64)
    }
}

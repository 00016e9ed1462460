//! The usual value of the hour, on working days and at weekends.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::History;
use crate::baseline::{Rule, Sight};
use crate::calendar::{Clock, DAY, refreshed_at};

/// How far back the means reach.
const WINDOW: i64 = 28 * DAY;
/// Tables kept: the past errors of half a year ask for one a day.
const KEPT: usize = 260;

/// Mean by hour of day, for weekdays and weekends apart, over the past 28 days; made
/// anew once a day (every hour in the first two days of data).
#[derive(Debug, Clone, Copy)]
pub(super) struct Climatology;

impl Rule for Climatology {
    fn name(&self) -> &'static str {
        "climatology"
    }

    fn point(&self, sight: &Sight<'_>, start: i64, end: i64) -> Option<f64> {
        sight.table()?.mean(start, end)
    }
}

/// Means by hour of day, as known at one time.
#[derive(Debug)]
pub(crate) struct Table {
    clock: Clock,
    /// Weekdays, weekends; `None` where no such hour was seen on any day.
    means: [[Option<f64>; 24]; 2],
}

impl Table {
    fn make(history: &History, series: &str, at: i64, clock: Clock) -> Self {
        let view = history.view(series, at);
        let mut sums = [[(0_i64, 0.0); 24]; 2];
        let mut start = at - WINDOW;
        while start < at {
            let end = clock.hour_end(start).min(at);
            let cover = view.cover(start, end);
            let cell = &mut sums[usize::from(clock.is_weekend(start))][clock.hour(start)];
            cell.0 += cover.seconds;
            cell.1 += cover.mean * cover.seconds as f64;
            start = end;
        }
        let mean = |kind: usize, hour: usize| {
            let (seconds, sum): (i64, f64) = sums[kind][hour];
            (seconds > 0).then(|| sum / seconds as f64)
        };
        // An hour never seen on such a day takes the other kind of day.
        let means = std::array::from_fn(|kind| {
            std::array::from_fn(|hour| mean(kind, hour).or_else(|| mean(1 - kind, hour)))
        });
        Self { clock, means }
    }

    /// Usual value of `start..end`.
    pub(super) fn mean(&self, start: i64, end: i64) -> Option<f64> {
        let cell = |at| self.means[usize::from(self.clock.is_weekend(at))][self.clock.hour(at)];
        if self.clock.hour_end(start) >= end {
            return cell(start);
        }
        let (mut at, mut sum) = (start, 0.0);
        while at < end {
            let until = self.clock.hour_end(at).min(end);
            sum += cell(at)? * (until - at) as f64;
            at = until;
        }
        Some(sum / (end - start) as f64)
    }
}

/// Tables made so far, by series and time. A table is used again only for the very
/// same past, so what they hold changes no forecast.
pub(crate) struct Tables {
    clock: Clock,
    made: Mutex<BTreeMap<String, ByTime>>,
}

/// By time: fingerprint of the past it was made from, and the table.
type ByTime = BTreeMap<i64, (u64, Arc<Table>)>;

impl Tables {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            made: Mutex::default(),
        }
    }

    /// The table for forecasts issued at `as_of`; `None` when nothing was known.
    pub(crate) fn get(&self, history: &History, series: &str, as_of: i64) -> Option<Arc<Table>> {
        let first = history.view(series, as_of).first_known()?;
        let at = refreshed_at(first, as_of, DAY);
        let fingerprint = history.view(series, at).fingerprint();
        let lock = || self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, table)) = lock().get(series).and_then(|by_time| by_time.get(&at))
            && *known == fingerprint
        {
            return Some(Arc::clone(table));
        }
        let table = Arc::new(Table::make(history, series, at, self.clock));
        let mut made = lock();
        let by_time = made.entry(series.to_owned()).or_default();
        by_time.insert(at, (fingerprint, Arc::clone(&table)));
        if by_time.len() > KEPT {
            by_time.pop_first();
        }
        Some(table)
    }
}

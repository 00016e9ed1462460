//! Market days, and what was known of them.
//!
//! A market day is what one auction publishes at once, so its end is where the known
//! prices end in the meantime; a market with summer time shows its short and long days
//! by that. Where publications say nothing (a price known only afterwards), a day is
//! one of the clock at a fixed offset.
//!
//! ```text
//! nominal midnights   |        M(d)           M(d+1)          M(d+2)
//! known at M(d)       ------------------------------>|              the end of day d
//! market days         |<---- d-1 ---->|<----- d ---->|
//! ```

use crate::calendar::{Clock, DAY, HOUR};
use crate::lear::Panel;
use crate::{History, View};

/// Where summer time takes or gives an hour of the local day, s.
const CHANGE_AT: i64 = 2 * HOUR;
/// Whole days that show how finely prices are made.
const DAYS_SEEN: i64 = 2;

/// Starts of market days, from the first that a window can reach to the last forecast.
pub(super) struct Calendar {
    /// One more than there are days.
    starts: Vec<i64>,
    first_weekday: usize,
    target: usize,
    slot_s: i64,
}

impl Calendar {
    /// `None` when no whole day is known.
    pub(super) fn of(
        history: &History,
        series: &str,
        as_of: i64,
        clock: Clock,
        window: usize,
        ahead: usize,
    ) -> Option<Self> {
        let view = history.view(series, as_of);
        let frontier = view.frontier()?;
        let day_of = |at: i64| (at + clock.offset_s).div_euclid(DAY);
        let midnight = |day: i64| day * DAY - clock.offset_s;
        let last_day = day_of(frontier.saturating_add(HOUR));
        let (mut shift, mut starts) = (0, Vec::new());
        let first_day = last_day - window as i64;
        for day in first_day..=last_day {
            let known = history
                .view(series, midnight(day - 1).min(as_of))
                .frontier();
            if let Some(off) = known
                .map(|k| k - midnight(day))
                .filter(|off| off.abs() <= HOUR)
            {
                shift = off;
            }
            starts.push(midnight(day) + shift);
        }
        if starts.last().is_some_and(|start| *start > frontier) {
            starts.pop();
        }
        // Days that begin before anything is known tell nothing.
        let empty = starts
            .windows(2)
            .take_while(|day| view.cover(day[0], day[1]).seconds == 0);
        let empty = empty.count();
        starts.drain(..empty);
        let target = starts.len().checked_sub(1)?;
        let last = starts[target];
        if target == 0 {
            return None;
        }
        starts.extend((1..=ahead as i64).map(|day| last + day * DAY));
        // 1970-01-01 was a Thursday, day 3 of a week that starts on Monday.
        let weekday = (first_day + empty as i64 + 3).rem_euclid(7);
        Some(Self {
            first_weekday: weekday as usize,
            target,
            slot_s: slot_s(&view, last),
            starts,
        })
    }

    /// Position of the first day that is not wholly known.
    pub(super) fn target(&self) -> usize {
        self.target
    }

    /// Forecasts of whole days from `day` on.
    pub(super) fn curve(&self, day: usize, values: Vec<f64>) -> Curve {
        Curve {
            start: self.starts[day],
            slot_s: self.slot_s,
            values,
        }
    }

    /// What was known at `as_of` on all days, gaps of past days filled.
    pub(super) fn panel(
        &self,
        history: &History,
        series: &str,
        inputs: &[String],
        as_of: i64,
    ) -> Panel {
        let read = |name: &str| {
            let view = history.view(name, as_of);
            let days = self.starts.windows(2);
            days.flat_map(|day| self.slots_of(&view, day[0], day[1]))
                .collect::<Vec<f64>>()
        };
        let mut panel = Panel {
            slots: (DAY / self.slot_s) as usize,
            first_weekday: self.first_weekday,
            prices: read(series),
            inputs: inputs.iter().map(|name| read(name)).collect(),
            patched: vec![false; self.starts.len() - 1],
        };
        panel.patch(self.target);
        panel.bridge(self.target);
        panel
    }

    /// The slots of a day of 24 hours, or of one shorter or longer at the clock change:
    /// the hour that is missing takes the one before, the one that comes twice the mean.
    fn slots_of<'a>(
        &self,
        view: &'a View<'_>,
        start: i64,
        end: i64,
    ) -> impl Iterator<Item = f64> + use<'a> {
        let longer = end - start - DAY;
        let slot_s = self.slot_s;
        (0..DAY / slot_s).map(move |slot| {
            let at = slot * slot_s;
            let value = |at: i64| {
                view.mean(start + at, start + at + slot_s)
                    .unwrap_or(f64::NAN)
            };
            if longer == 0 || at < CHANGE_AT {
                value(at)
            } else if longer < 0 || at >= CHANGE_AT + longer {
                value(at + longer)
            } else {
                0.5 * (value(at) + value(at + longer))
            }
        })
    }
}

/// Forecast prices by slot.
#[derive(Debug)]
pub(super) struct Curve {
    start: i64,
    slot_s: i64,
    values: Vec<f64>,
}

impl Curve {
    /// Mean over an interval; `None` unless the curve has all of it.
    pub(super) fn mean(&self, start: i64, end: i64) -> Option<f64> {
        let first = usize::try_from((start - self.start).div_euclid(self.slot_s)).ok()?;
        let last = usize::try_from((end - 1 - self.start).div_euclid(self.slot_s)).ok()?;
        let values = self.values.get(first..=last)?;
        if let [value] = values {
            return Some(*value);
        }
        let mut sum = 0.0;
        for (slot, value) in (first..).zip(values) {
            let from = self.start + slot as i64 * self.slot_s;
            let part = end.min(from + self.slot_s) - start.max(from);
            sum += value * part as f64;
        }
        Some(sum / (end - start) as f64)
    }
}

/// Length of the slots in which prices differ, s: an hour, half of one or a quarter.
fn slot_s(view: &View<'_>, until: i64) -> i64 {
    let mut slot = HOUR;
    for hour in 1..=DAYS_SEEN * DAY / HOUR {
        let start = until - hour * HOUR;
        let quarter = |i: i64| view.mean(start + i * HOUR / 4, start + (i + 1) * HOUR / 4);
        let [a, b, c, d] = [quarter(0), quarter(1), quarter(2), quarter(3)];
        if a != b || c != d {
            return HOUR / 4;
        }
        if a != c {
            slot = HOUR / 2;
        }
    }
    slot
}

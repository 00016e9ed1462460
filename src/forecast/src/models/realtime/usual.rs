//! What is usual at an hour of day: quantiles of the past 28 days, by local hour.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::calendar::{Clock, DAY};
use crate::{History, View};

/// How far back.
const WINDOW: i64 = 28 * DAY;
/// Distance of the samples, s.
const STEP: i64 = 900;
/// Levels: P10, P50, P90.
const LEVELS: [f64; 3] = [0.1, 0.5, 0.9];
/// Days kept: a year of training and the weeks before it.
const KEPT: usize = 460;

/// Per local hour the values at P10, P50 and P90, of that hour and its neighbours.
pub(super) type Usual = [[f64; 3]; 24];

/// Tables by day, each used again only for the same past.
#[derive(Debug, Default)]
pub(super) struct Tables {
    made: BTreeMap<i64, (u64, Arc<Usual>)>,
}

impl Tables {
    /// The table made at the last UTC midnight by `at`, from what was known then.
    pub(super) fn at(
        &mut self,
        history: &History,
        series: &str,
        clock: Clock,
        at: i64,
    ) -> Arc<Usual> {
        let day = at - at.rem_euclid(DAY);
        let view = history.view(series, day);
        if let Some((known, table)) = self.made.get(&day)
            && *known == view.fingerprint()
        {
            return Arc::clone(table);
        }
        let table = Arc::new(make(&view, clock, day));
        self.made
            .insert(day, (view.fingerprint(), Arc::clone(&table)));
        if self.made.len() > KEPT {
            self.made.pop_first();
        }
        table
    }
}

fn make(view: &View<'_>, clock: Clock, at: i64) -> Usual {
    let mut hours: [Vec<f64>; 24] = Default::default();
    let mut start = at - WINDOW;
    while start < at {
        if let Some(value) = view.mean(start, start + STEP) {
            hours[clock.hour(start)].push(value);
        }
        start += STEP;
    }
    let of = |hours: &[&[f64]]| {
        let mut pool = hours.concat();
        LEVELS.map(|level| {
            let index = (level * pool.len() as f64) as usize;
            match pool.is_empty() {
                true => 0.0,
                false => *pool.select_nth_unstable_by(index, f64::total_cmp).1,
            }
        })
    };
    std::array::from_fn(|h| {
        let near = [&hours[(h + 23) % 24][..], &hours[h], &hours[(h + 1) % 24]];
        if near.iter().any(|n| !n.is_empty()) {
            of(&near)
        } else {
            // An hour never seen: the whole day.
            of(&hours.iter().map(Vec::as_slice).collect::<Vec<_>>())
        }
    })
}

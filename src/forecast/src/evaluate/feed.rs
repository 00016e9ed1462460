//! What was published by each issue, handed on in order.

use std::collections::BTreeMap;

use swingload_model::series::{Observation, Series, SeriesRef};

use crate::History;

/// Publications in the order in which they became known. The history it gives holds
/// nothing later than the issue, so that no model can look ahead.
pub struct Feed<'a> {
    series: &'a BTreeMap<SeriesRef, Series>,
    /// Series and observation, by time of publication.
    publications: Vec<(&'a str, &'a Observation)>,
    next: usize,
    /// Length of the sliding training window, s.
    window: Option<i64>,
    history: History,
}

impl<'a> Feed<'a> {
    /// Over all series; with `window_s` only intervals that end within so many seconds
    /// before the issue, or after it, are handed on.
    pub fn new(series: &'a BTreeMap<SeriesRef, Series>, window_s: Option<i64>) -> Self {
        let mut publications: Vec<(&str, &Observation)> = series
            .iter()
            .flat_map(|(name, series)| {
                series
                    .observations()
                    .iter()
                    .map(move |o| (name.as_str(), o))
            })
            .collect();
        // Stable: series in order of their names where they are published at once.
        publications.sort_by_key(|(_, o)| o.known_at);
        Self {
            series,
            publications,
            next: 0,
            window: window_s,
            history: empty(series),
        }
    }

    /// What was published by `at`. Times that go forward are cheap.
    pub fn until(&mut self, at: i64) -> &History {
        let before = self
            .next
            .checked_sub(1)
            .map(|i| self.publications[i].1.known_at);
        if self.window.is_some() || before.is_some_and(|last| last > at) {
            self.history = empty(self.series);
            self.next = 0;
        }
        let from = self.window.map_or(i64::MIN, |window| at - window);
        while let Some((name, observation)) = self.publications.get(self.next)
            && observation.known_at <= at
        {
            if observation.end > from {
                let pushed = self.history.push(name, **observation);
                pushed.expect("invariant: bound series are declared and finite");
            }
            self.next += 1;
        }
        &self.history
    }
}

fn empty(series: &BTreeMap<SeriesRef, Series>) -> History {
    let mut history = History::new();
    for (name, series) in series {
        history.declare(name.clone(), series.unit.clone());
    }
    history
}

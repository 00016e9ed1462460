//! Publications and submissions in the order in which they become known.

use std::collections::BTreeMap;

use swingload_model::series::{Observation, Series};

use crate::run::Context;

/// All observations by publication time: an order per series, made once per study.
#[derive(Debug)]
pub(crate) struct Publications<'a> {
    tracks: Vec<Track<'a>>,
}

#[derive(Debug)]
struct Track<'a> {
    name: &'a str,
    observations: &'a [Observation],
    /// Order by `known_at`; `None` when the observations already have it.
    order: Option<Vec<u32>>,
}

impl<'a> Publications<'a> {
    /// What a run of the scenario learns.
    pub(crate) fn of(context: &'a Context<'a>) -> Self {
        let scenario = context.scenario;
        Self::new(
            context.series,
            scenario.grid.start_s(0) - scenario.history.get(),
        )
    }

    /// All series; what ended before `from` is left out.
    pub(crate) fn new(series: &'a BTreeMap<String, Series>, from: i64) -> Self {
        let tracks = series.iter().map(|(name, series)| {
            let all = series.observations();
            let observations = &all[all.partition_point(|o| o.end <= from)..];
            let sorted = observations
                .windows(2)
                .all(|pair| pair[0].known_at <= pair[1].known_at);
            let order = (!sorted).then(|| {
                let mut order: Vec<u32> = (0..observations.len() as u32).collect();
                order.sort_by_key(|i| (observations[*i as usize].known_at, *i));
                order
            });
            Track {
                name,
                observations,
                order,
            }
        });
        Self {
            tracks: tracks.collect(),
        }
    }

    /// A reader that has read nothing yet.
    pub(crate) fn reader(&self) -> Reader<'_> {
        Reader {
            publications: self,
            next: vec![0; self.tracks.len()],
        }
    }
}

impl Track<'_> {
    fn get(&self, index: usize) -> Option<&Observation> {
        let index = match &self.order {
            Some(order) => *order.get(index)? as usize,
            None => index,
        };
        self.observations.get(index)
    }
}

/// Reads publications once, in order.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    publications: &'a Publications<'a>,
    next: Vec<usize>,
}

impl<'a> Reader<'a> {
    /// The next publication known by `now`: earliest first, then by name.
    pub(crate) fn next_until(&mut self, now: i64) -> Option<(&'a str, Observation)> {
        let mut best: Option<(i64, usize)> = None;
        for (k, track) in self.publications.tracks.iter().enumerate() {
            if let Some(observation) = track.get(self.next[k])
                && observation.known_at <= now
                && best.is_none_or(|(at, _)| observation.known_at < at)
            {
                best = Some((observation.known_at, k));
            }
        }
        let (_, k) = best?;
        let track = &self.publications.tracks[k];
        let observation = *track.get(self.next[k])?;
        self.next[k] += 1;
        Some((track.name, observation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use swingload_model::series::Unit;

    #[test]
    fn nothing_is_read_before_it_is_known() {
        let o = |start, known_at| Observation {
            start,
            end: start + 10,
            value: start as f64,
            known_at,
        };
        let a = Series::new("a", Unit::One, vec![o(0, 40), o(10, 5), o(20, 30)]).expect("valid");
        let b = Series::new("b", Unit::One, vec![o(0, 5), o(10, 50)]).expect("valid");
        let series = BTreeMap::from([("a".to_owned(), a), ("b".to_owned(), b)]);
        let publications = Publications::new(&series, i64::MIN);
        let mut reader = publications.reader();
        let mut read = |now| {
            std::iter::from_fn(|| reader.next_until(now))
                .map(|(n, o)| (n, o.start))
                .collect::<Vec<_>>()
        };
        assert_eq!(read(4), []);
        assert_eq!(read(30), [("a", 10), ("b", 0), ("a", 20)]);
        assert_eq!(read(45), [("a", 0)]);
        assert_eq!(read(99), [("b", 10)]);
    }
}

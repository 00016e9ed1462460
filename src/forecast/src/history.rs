//! What has been published so far, queried as it was known at a time.

mod screen;
mod track;
mod view;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use swingload_model::series::{Observation, Unit};

use screen::Verdict;
pub(crate) use track::Track;
pub use view::{Cover, View};

/// Values of a series that are not learned from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Odd {
    /// How many are refused as being in another unit.
    pub(crate) refused: usize,
    /// `[start, end)` of those that are taken at their word for decisions.
    pub(crate) doubtful: Vec<(i64, i64)>,
}

/// Published observations of named series, in two dimensions of time: the interval
/// a value is for, and the second from which it was known.
///
/// Observations may come late, twice and in any order; the result depends on what
/// was pushed, not on the order. Where two cover the same time, the one known later
/// holds from its `known_at` on (at the same `known_at` the greater value, so that
/// order does not matter). What can only be in another unit is refused: it is as good as
/// never published. A value far beyond what is usual is doubtful: `History::believed` shows
/// it, for decisions, and [`History::view`], from which models learn, does not.
/// `History::odd` tells of both. Pushing what became known last takes constant time; what
/// became known before others have all of them judged anew.
#[derive(Debug, Clone, Default)]
pub struct History {
    tracks: BTreeMap<String, (Unit, Track)>,
    /// Observations taken so far.
    pushed: u64,
}

/// Why an observation was not taken. The history is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// The series was not declared, so its unit is unknown.
    #[error("series `{0}` was not declared")]
    Undeclared(String),
    /// NaN or infinite value.
    #[error("the value of the interval starting {start} is not a finite number")]
    NotFinite {
        /// Unix second at which the interval starts.
        start: i64,
    },
    /// An interval that ends at or before its start.
    #[error("the interval starting {start} has no length")]
    NoLength {
        /// Unix second at which the interval starts.
        start: i64,
    },
}

impl History {
    /// Without any series.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a series; declaring it again only changes its unit.
    pub fn declare(&mut self, series: impl Into<String>, unit: Unit) {
        let rule = screen::Rule::of(&unit);
        let entry = self.tracks.entry(series.into());
        let (known, track) = entry.or_insert_with(|| (unit.clone(), Track::judged_by(rule)));
        *known = unit;
        track.set_rule(rule.within(track.rule().range()));
    }

    /// Says which values of a declared series are plausible, least and greatest: none of them
    /// is refused. A side without end promises nothing. Without effect where it is undeclared.
    pub fn never_refuse(&mut self, series: &str, range: (f64, f64)) {
        if let Some((_, track)) = self.tracks.get_mut(series) {
            track.set_rule(track.rule().within(range));
        }
    }

    /// Adds one observation.
    ///
    /// # Errors
    /// [`PushError`] when the series is undeclared, the value not finite or the
    /// interval empty; the history is then unchanged.
    pub fn push(&mut self, series: &str, observation: Observation) -> Result<(), PushError> {
        let start = observation.start;
        if !observation.value.is_finite() {
            return Err(PushError::NotFinite { start });
        }
        if observation.end <= start {
            return Err(PushError::NoLength { start });
        }
        let Some((_, track)) = self.tracks.get_mut(series) else {
            return Err(PushError::Undeclared(series.to_owned()));
        };
        track.push(observation);
        self.pushed += 1;
        Ok(())
    }

    /// How many observations were taken so far: two histories that were pushed the same in the
    /// same order are alike when these numbers are.
    pub fn pushed(&self) -> u64 {
        self.pushed
    }

    /// Unit of a series; `None` when it is undeclared.
    pub fn unit(&self, series: &str) -> Option<&Unit> {
        self.tracks.get(series).map(|(unit, _)| unit)
    }

    /// What may be learned from the series, as known at `as_of`; empty when it is undeclared.
    pub fn view(&self, series: &str, as_of: i64) -> View<'_> {
        match self.tracks.get(series) {
            Some((_, track)) => track.view(as_of),
            None => View::empty(as_of),
        }
    }

    /// What decisions may rest on, as known at `as_of`: doubtful values show at their word.
    /// Use [`History::view`] for everything that learns from the past.
    pub(crate) fn believed(&self, series: &str, as_of: i64) -> View<'_> {
        match self.tracks.get(series) {
            Some((_, track)) => track.believed(as_of),
            None => View::empty(as_of),
        }
    }

    /// Where a forecast starts from, see [`View::is_ahead_of`].
    pub(crate) fn newest(&self, series: &str, as_of: i64) -> View<'_> {
        let (view, believed) = (self.view(series, as_of), self.believed(series, as_of));
        match believed.is_ahead_of(&view) {
            true => believed,
            false => view,
        }
    }

    /// Values of the series that are not learned from, for times from `from` on, as known at
    /// `as_of`; those that were published again since do not count.
    pub(crate) fn odd(&self, series: &str, from: i64, as_of: i64) -> Odd {
        let mut odd = Odd::default();
        let Some((_, track)) = self.tracks.get(series) else {
            return odd;
        };
        let (view, believed) = (track.view(as_of), track.believed(as_of));
        for (o, verdict) in track.odd(as_of).filter(|(o, _)| o.end > from) {
            let is_missed = |view: &View<'_>| view.cover(o.start, o.end).seconds < o.end - o.start;
            match verdict {
                Verdict::Refused => odd.refused += usize::from(is_missed(&believed)),
                _ => {
                    if is_missed(&view) && believed.mean(o.start, o.end) == Some(o.value) {
                        odd.doubtful.push((o.start, o.end));
                    }
                }
            }
        }
        odd
    }

    /// Seconds for which the series has been silent at `as_of`, where that is longer than its
    /// own publications so far make usual; `None` where it is not.
    pub(crate) fn silence(&self, series: &str, as_of: i64) -> Option<i64> {
        self.tracks.get(series)?.1.silence(as_of)
    }
}

//! What has been published so far, queried as it was known at a time.

mod screen;
mod track;
mod view;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use swingload_model::series::{Observation, Series, Unit};

pub(crate) use track::Track;
pub use view::{Cover, View};

/// Published observations of named series, in two dimensions of time: the interval
/// a value is for, and the second from which it was known.
///
/// Observations may come late, twice and in any order; the result depends on what
/// was pushed, not on the order. Where two cover the same time, the one known later
/// holds from its `known_at` on (at the same `known_at` the greater value, so that
/// order does not matter). A value that can only be in another unit is refused: it is as
/// good as never published, and [`History::refused`] tells of it. Pushing what became known
/// last takes constant time; what became known before others have all of them judged anew.
#[derive(Debug, Clone, Default)]
pub struct History {
    tracks: BTreeMap<String, (Unit, Track)>,
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
        let room = screen::room(&unit);
        let entry = self.tracks.entry(series.into());
        let (known, track) = entry.or_insert_with(|| (unit.clone(), Track::with_room(room)));
        *known = unit;
        track.set_room(room);
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
        Ok(())
    }

    /// Declares a bound series and adds all of its observations, future ones too:
    /// each is used only from its own `known_at` on.
    pub fn push_series(&mut self, series: &Series) {
        self.declare(series.name.clone(), series.unit.clone());
        if let Some((_, track)) = self.tracks.get_mut(&series.name) {
            track.extend(series.observations());
        }
    }

    /// Unit of a series; `None` when it is undeclared.
    pub fn unit(&self, series: &str) -> Option<&Unit> {
        self.tracks.get(series).map(|(unit, _)| unit)
    }

    /// The series as known at `as_of`; empty when it is undeclared.
    pub fn view(&self, series: &str, as_of: i64) -> View<'_> {
        match self.tracks.get(series) {
            Some((_, track)) => track.view(as_of),
            None => View::empty(as_of),
        }
    }

    /// Values of the series that were refused as being in another unit, for times from `from`
    /// on, as known at `as_of`; those that were published again since do not count.
    pub fn refused(&self, series: &str, from: i64, as_of: i64) -> usize {
        let Some((_, track)) = self.tracks.get(series) else {
            return 0;
        };
        let view = track.view(as_of);
        let is_missed =
            |o: &&Observation| o.end > from && view.cover(o.start, o.end).seconds < o.end - o.start;
        track.refused(as_of).iter().filter(is_missed).count()
    }

    /// Seconds for which the series has been silent at `as_of`, where that is longer than its
    /// own publications so far make usual; `None` where it is not.
    pub fn silence(&self, series: &str, as_of: i64) -> Option<i64> {
        self.tracks.get(series)?.1.silence(as_of)
    }

    /// Names of the declared series, in order.
    pub fn series(&self) -> impl Iterator<Item = &str> {
        self.tracks.keys().map(String::as_str)
    }
}

//! What has been published so far, queried as it was known at a time.

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
/// order does not matter). Pushing the newest interval takes constant time; one
/// that lies far back moves what follows it.
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
        self.tracks
            .entry(series.into())
            .and_modify(|(known, _)| *known = unit.clone())
            .or_insert_with(|| (unit, Track::default()));
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

    /// Names of the declared series, in order.
    pub fn series(&self) -> impl Iterator<Item = &str> {
        self.tracks.keys().map(String::as_str)
    }
}

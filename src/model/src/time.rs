//! Time grid: half-open steps between UTC boundaries.

use std::fmt;
use std::ops::{Add, Mul, Sub};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A duration in whole seconds. Not a weight: shares and probabilities are `f64`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Seconds(i64);

impl Seconds {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// From whole seconds.
    pub const fn new(seconds: i64) -> Self {
        Self(seconds)
    }

    /// From hours, rounded to the nearest second.
    pub fn from_hours(hours: f64) -> Self {
        Self((hours * 3600.0).round() as i64)
    }

    /// From minutes, rounded to the nearest second.
    pub fn from_minutes(minutes: f64) -> Self {
        Self((minutes * 60.0).round() as i64)
    }

    /// In whole seconds.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// In hours.
    pub fn as_hours(self) -> f64 {
        self.0 as f64 / 3600.0
    }

    /// The larger of the two.
    pub fn max(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }
}

impl Add for Seconds {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}
impl Sub for Seconds {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}
impl Mul<i64> for Seconds {
    type Output = Self;
    fn mul(self, count: i64) -> Self {
        Self(self.0 * count)
    }
}

/// Steps `[boundary[i], boundary[i + 1])` in UTC, of any lengths.
///
/// ```text
/// boundary  0     1     2           3
///           |--0--|--1--|-----2-----|      len() == 3
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct TimeGrid {
    boundaries: Vec<i64>,
}

/// Why boundaries are no time grid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GridError {
    /// Fewer than two boundaries, so not one step.
    #[error("a time grid needs at least one step; got {0} boundaries")]
    Empty(usize),
    /// A boundary at or before the one preceding it.
    #[error("boundary {index} is at or before the one preceding it")]
    NotIncreasing {
        /// Index of the offending boundary.
        index: usize,
    },
    /// The period is no whole number of steps.
    #[error("the period of {period_s} s is not a whole number of steps of {step_s} s")]
    NotWhole {
        /// Length of the period, s.
        period_s: i64,
        /// Length of a step, s.
        step_s: i64,
    },
}

impl TimeGrid {
    /// From strictly increasing boundaries, in Unix seconds.
    ///
    /// # Errors
    /// Fewer than two boundaries, or boundaries that do not increase.
    pub fn from_boundaries(boundaries: Vec<i64>) -> Result<Self, GridError> {
        if boundaries.len() < 2 {
            return Err(GridError::Empty(boundaries.len()));
        }
        match boundaries.windows(2).position(|pair| pair[1] <= pair[0]) {
            Some(index) => Err(GridError::NotIncreasing { index: index + 1 }),
            None => Ok(Self { boundaries }),
        }
    }

    /// Equal steps covering `[start, end)`.
    ///
    /// # Errors
    /// An empty period, or one that is no whole number of steps.
    pub(crate) fn regular(
        start: Timestamp,
        end: Timestamp,
        step: Seconds,
    ) -> Result<Self, GridError> {
        let (from, to) = (start.as_second(), end.as_second());
        if to <= from || step.get() <= 0 {
            return Err(GridError::Empty(0));
        }
        if (to - from) % step.get() != 0 {
            return Err(GridError::NotWhole {
                period_s: to - from,
                step_s: step.get(),
            });
        }
        let count = (to - from) / step.get();
        Self::from_boundaries((0..=count).map(|i| from + i * step.get()).collect())
    }

    /// Number of steps.
    pub fn len(&self) -> usize {
        self.boundaries.len() - 1
    }

    /// Never true; here because `len` is.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The boundaries in Unix seconds, `len() + 1` of them.
    pub fn boundaries(&self) -> &[i64] {
        &self.boundaries
    }

    /// Unix second at which step `index` starts.
    pub fn start_s(&self, index: usize) -> i64 {
        self.boundaries[index]
    }

    /// Unix second at which step `index` ends (not part of it).
    pub fn end_s(&self, index: usize) -> i64 {
        self.boundaries[index + 1]
    }

    /// Length of step `index`.
    pub fn duration(&self, index: usize) -> Seconds {
        Seconds(self.boundaries[index + 1] - self.boundaries[index])
    }

    /// Length of step `index` in hours.
    pub fn hours(&self, index: usize) -> f64 {
        self.duration(index).as_hours()
    }

    /// Length of all steps together.
    pub fn span(&self) -> Seconds {
        Seconds(self.boundaries[self.len()] - self.boundaries[0])
    }

    /// Start of step `index`.
    pub fn start(&self, index: usize) -> Timestamp {
        timestamp(self.boundaries[index])
    }

    /// The step that contains Unix second `at`, if any does.
    pub fn step_at(&self, at: i64) -> Option<usize> {
        let index = self.boundaries.partition_point(|b| *b <= at);
        (index > 0 && index <= self.len()).then(|| index - 1)
    }

    /// The first boundary index at or after Unix second `at`; `len()` at most.
    pub fn boundary_at_or_after(&self, at: i64) -> usize {
        self.boundaries.partition_point(|b| *b < at).min(self.len())
    }

    /// The last boundary index at or before Unix second `at`; 0 when `at` precedes the grid.
    pub fn boundary_at_or_before(&self, at: i64) -> usize {
        self.boundaries
            .partition_point(|b| *b <= at)
            .saturating_sub(1)
    }
}

impl fmt::Display for TimeGrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} steps from {} to {}",
            self.len(),
            self.start(0),
            timestamp(self.boundaries[self.len()])
        )
    }
}

/// The instant of a Unix second.
///
/// # Panics
/// Outside jiff's range of years -9999 to 9999; grids are built from timestamps inside it.
pub fn timestamp(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("invariant: boundaries come from valid timestamps")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("RFC 3339")
    }

    #[test]
    fn steps_are_half_open() {
        let grid = TimeGrid::regular(
            at("2022-01-01T00:00:00Z"),
            at("2022-01-01T01:00:00Z"),
            Seconds::new(300),
        )
        .expect("grid");
        assert_eq!(grid.len(), 12);
        assert_eq!(grid.step_at(grid.start_s(3)), Some(3));
        assert_eq!(grid.step_at(grid.start_s(3) - 1), Some(2));
        assert_eq!(grid.step_at(grid.boundaries()[12]), None);
        assert_eq!(grid.step_at(grid.start_s(0) - 1), None);
    }

    #[test]
    fn boundaries_must_increase() {
        assert_eq!(
            TimeGrid::from_boundaries(vec![0, 60, 60]),
            Err(GridError::NotIncreasing { index: 2 })
        );
        assert_eq!(TimeGrid::from_boundaries(vec![0]), Err(GridError::Empty(1)));
    }

    #[test]
    fn a_partial_last_step_is_refused() {
        let grid = TimeGrid::regular(
            at("2022-01-01T00:00:00Z"),
            at("2022-01-01T01:10:00Z"),
            Seconds::new(3600),
        );
        assert_eq!(
            grid,
            Err(GridError::NotWhole {
                period_s: 4200,
                step_s: 3600
            })
        );
    }
}

//! What is expected: a point, quantiles and sample paths over a horizon.

use crate::time::TimeGrid;

/// Quantile levels of a forecast, percent: P5 to P95 by 5.
pub const QUANTILE_LEVELS: [u8; 19] = [
    5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 95,
];

/// What a [`Fallback`] says of values that were refused because they are in another unit, behind
/// the name of their series.
pub const ANOTHER_UNIT: &str = "in another unit";

/// A forecast of one series, issued at a time, over a horizon.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// Unix second of issue; nothing published later was used.
    pub issued_at: i64,
    /// Steps forecast.
    pub grid: TimeGrid,
    /// Expected value per step, in the series' unit.
    pub mean: Vec<f64>,
    /// Per step the values at [`QUANTILE_LEVELS`], rising; empty when not asked for.
    pub quantiles: Vec<[f64; 19]>,
    /// Equally likely courses of the series, each of `grid.len()` values; empty when not asked for.
    pub paths: Vec<Vec<f64>>,
    /// Name of the model that made it.
    pub model: String,
    /// What stood in for the model's own rule, and which of its data could not be used;
    /// empty when all was as it should be.
    pub fallbacks: Vec<Fallback>,
}

/// Something a forecast had to do with instead of its own rule or all of its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fallback {
    /// What it was, in the same words whenever it happens: `seasonal_naive_day`,
    /// `without price_day_ahead`, `price silent`.
    pub what: String,
    /// Steps of the forecast that rest on it.
    pub steps: usize,
    /// How much of it there was this time, such as `for 30 h`, where steps do not say it.
    pub extent: Option<String>,
}

impl Forecast {
    /// The values at one quantile level, percent; `None` when the level or the quantiles are absent.
    pub fn quantile(&self, level_pct: u8) -> Option<Vec<f64>> {
        let index = QUANTILE_LEVELS
            .iter()
            .position(|level| *level == level_pct)?;
        (!self.quantiles.is_empty()).then(|| self.quantiles.iter().map(|q| q[index]).collect())
    }

    /// The fallbacks in words: `seasonal_naive_day in 2 of 24 steps, price silent for 3 h`;
    /// `None` when there are none.
    pub fn fallback_text(&self) -> Option<String> {
        let text = |fallback: &Fallback| fallback.text(self.grid.len());
        let all: Vec<String> = self.fallbacks.iter().map(text).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }
}

impl Fallback {
    /// Whether values were refused.
    pub fn refuses(&self) -> bool {
        self.what.ends_with(ANOTHER_UNIT)
    }

    /// In words, for a forecast of so many steps.
    pub fn text(&self, of: usize) -> String {
        match &self.extent {
            Some(extent) => format!("{} {extent}", self.what),
            None => format!("{} in {} of {of} steps", self.what, self.steps),
        }
    }
}

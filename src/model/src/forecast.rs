//! What is expected: a point, quantiles and sample paths over a horizon.

use crate::time::TimeGrid;

/// Quantile levels of a forecast, percent: P5 to P95 by 5.
pub const QUANTILE_LEVELS: [u8; 19] = [
    5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 95,
];

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
    /// Why a fallback stood in for the model; `None` when it did not.
    pub fallback: Option<String>,
}

impl Forecast {
    /// The values at one quantile level, percent; `None` when the level or the quantiles are absent.
    pub fn quantile(&self, level_pct: u8) -> Option<Vec<f64>> {
        let index = QUANTILE_LEVELS
            .iter()
            .position(|level| *level == level_pct)?;
        (!self.quantiles.is_empty()).then(|| self.quantiles.iter().map(|q| q[index]).collect())
    }
}

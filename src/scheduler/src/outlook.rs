//! What a planner knows of the future: forecasts in a live run, the truth for an oracle.

use swingload_model::TimeGrid;
use swingload_model::forecast::Fallback;

/// Expected values and quantiles of bound series over any grid.
pub trait Outlook {
    /// Expected value per step of `grid`; `len == grid.len()`.
    fn mean(&self, series: &str, grid: &TimeGrid) -> Vec<f64>;

    /// Whether values are the truth and not forecasts: then what is only estimated
    /// ahead (the probability of a coincident peak) is replaced by what happened.
    fn is_truth(&self) -> bool {
        false
    }

    /// The quantile `pct` (5, 10, ... 95) per step of `grid`; `len == grid.len()`.
    fn quantile(&self, series: &str, grid: &TimeGrid, pct: u8) -> Vec<f64>;

    /// Fallbacks used so far for missing models or data: series, and each fallback once.
    fn fallbacks(&self) -> Vec<(String, Fallback)> {
        Vec::new()
    }
}

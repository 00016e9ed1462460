//! What a planner is told of the future: forecasts in a live run, the truth for an oracle.

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

    /// Sample path `path` of `paths` per step of `grid`; `len == grid.len()`. Where nothing
    /// is drawn, every path is the mean.
    fn path(&self, series: &str, grid: &TimeGrid, path: usize, paths: usize) -> Vec<f64> {
        let _ = (path, paths);
        self.mean(series, grid)
    }

    /// What stood in for models or data in what was asked so far: series, and each fallback
    /// once.
    fn fallbacks(&self) -> Vec<(String, Fallback)> {
        Vec::new()
    }
}

/// An outlook in which one sample path of every series is expected. Paths of different
/// series are drawn apart: what ties them beyond the hour of day is lost.
pub struct OnPath<'a> {
    /// What is sampled.
    pub outlook: &'a dyn Outlook,
    /// Number of the path, from 0.
    pub path: usize,
    /// How many paths there are.
    pub paths: usize,
}

impl Outlook for OnPath<'_> {
    fn mean(&self, series: &str, grid: &TimeGrid) -> Vec<f64> {
        self.outlook.path(series, grid, self.path, self.paths)
    }

    fn is_truth(&self) -> bool {
        self.outlook.is_truth()
    }

    fn quantile(&self, series: &str, grid: &TimeGrid, pct: u8) -> Vec<f64> {
        self.outlook.quantile(series, grid, pct)
    }

    fn fallbacks(&self) -> Vec<(String, Fallback)> {
        self.outlook.fallbacks()
    }
}

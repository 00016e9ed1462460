//! Forecasts of price, surplus and load from what was published.
//!
//! A [`Forecaster`] turns a [`Request`] into a [`Forecast`]: a mean per step and,
//! when asked, quantiles and sample paths. It is a pure function of what the
//! [`History`] says was known at the time of issue and of the seed. It never
//! fails: where data is missing it falls back to a plainer rule and says so.
//!
//! ```
//! use swingload_forecast::{History, Request, model, models::Options};
//! use swingload_model::series::{Observation, Unit};
//! use swingload_model::time::TimeGrid;
//!
//! let mut history = History::new();
//! history.declare("price", Unit::PricePerMwh("USD".into()));
//! for hour in 0..48 {
//!     let (start, end) = (hour * 3600, (hour + 1) * 3600);
//!     let observation = Observation { start, end, value: (hour % 24) as f64, known_at: end };
//!     history.push("price", observation)?;
//! }
//! let grid = TimeGrid::from_boundaries((48..=60).map(|h| h * 3600).collect()).expect("rising");
//! let forecaster = model("seasonal_naive_day", &Options::default()).expect("registered");
//! let forecast = forecaster.forecast(&Request {
//!     history: &history, series: "price", issued_at: 48 * 3600, grid: &grid,
//!     quantiles: true, paths: 0, seed: 1,
//! });
//! assert_eq!(forecast.mean[3], 3.0);
//! # Ok::<(), swingload_forecast::PushError>(())
//! ```
//!
//! This crate knows no clock, no files and no solver.

mod algebra;
mod baseline;
mod calendar;
mod conformal;
mod errors;
pub mod evaluate;
mod history;
pub mod lasso;
pub mod lear;
pub mod models;
mod paths;
mod scale;
pub mod scores;
pub mod seed;

#[cfg(test)]
mod tests;

pub use history::{Cover, History, PushError, View};
pub use models::model;
pub use swingload_model::forecast::{Forecast, QUANTILE_LEVELS};

use swingload_model::time::TimeGrid;

/// What is asked of a forecaster.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// What was published; only what was known at `issued_at` is used.
    pub history: &'a History,
    /// Name of the series to forecast.
    pub series: &'a str,
    /// Unix second of issue.
    pub issued_at: i64,
    /// Steps to forecast, of any lengths.
    pub grid: &'a TimeGrid,
    /// Whether quantiles are wanted; without them the forecast costs microseconds.
    pub quantiles: bool,
    /// How many sample paths are wanted.
    pub paths: usize,
    /// The run's seed; paths depend on it, nothing else does.
    pub seed: u64,
}

/// A forecast model.
///
/// The same history as known at the issue time and the same seed give the same
/// bits, whatever was asked before. A value already published for a step of the
/// horizon is passed on as it is, without spread.
pub trait Forecaster {
    /// Name under which the model is registered and reported.
    fn name(&self) -> &str;

    /// Names of the series it reads beside the one it is asked for.
    fn reads(&self) -> Vec<&str> {
        Vec::new()
    }

    /// The forecast; [`Forecast::fallbacks`] says where plainer rules stood in, and which
    /// data could not be used.
    fn forecast(&self, request: &Request<'_>) -> Forecast;
}

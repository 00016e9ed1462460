//! What Swingload talks about: units, time, sites, fleets, jobs, forecasts and plans.
//!
//! Data only. This crate knows no clock, no randomness, no files, no solver; its
//! types are valid once built. Text becomes types in [`site::Site::from_toml`] and
//! [`scenario::ScenarioFile::from_toml`], and every refusal is a
//! [`diagnostic::Diagnostic`] that names file, line, field, value and remedy.

pub mod breakeven;
pub mod catalogue;
pub mod diagnostic;
pub mod document;
pub mod evaluation;
pub mod forecast;
pub mod job;
pub mod mining;
pub mod plan;
pub mod plausible;
pub mod scenario;
pub mod schema;
pub mod series;
pub mod site;
pub mod time;
pub mod units;

pub use diagnostic::{Diagnostic, Diagnostics};
pub use series::{Series, SeriesRef};
pub use time::{Seconds, TimeGrid};
pub use units::{Energy, EnergyPrice, Money, Power};

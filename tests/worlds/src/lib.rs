//! Worlds in a line: sites from text, jobs by their terms, series from slices and functions,
//! scenarios of a few hours.
//!
//! Only tests depend on it, and it depends on `swingload-model` alone. What drives a world,
//! such as a controller with its machines or a scripted run, is of the crate that is tested.

mod job;
mod scenario;
mod series;
mod site;

pub use job::{JobWords, gang, job};
pub use scenario::scenario;
pub use series::{series, series_of, study_series};
pub use site::{GPUS, MINERS, START, TWO_HALLS, TWO_HALLS_AND_SUN, site_of};

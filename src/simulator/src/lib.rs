//! Virtual site, settlement and scenario runner on virtual time.
//!
//! [`simulate`] runs every policy of a scenario on the same world, jobs and seed:
//!
//! ```text
//! series, jobs -> feed -> controller -> commands -> world -> meter -> settlement -> ledger
//!                            ^---- acknowledgements, telemetry ----'
//! ```
//!
//! The controller is the product's own; the world replaces machines and markets.
//! This crate knows no clock, no files and no report: series and jobs are arguments,
//! a [`Study`] is the result. The same input gives the same bytes.

mod after;
mod bounds;
pub mod column;
mod feed;
mod flow;
pub mod ledger;
pub mod load;
mod moment;
pub mod oracle;
pub mod record;
pub mod results;
mod run;
mod seed;
mod settlement;
pub mod truth;
mod world;

#[cfg(test)]
mod tests;

pub use bounds::Beyond;
pub use moment::{Moment, moment};
pub use record::PolicyRun;
pub use results::StudySummary;
pub use run::knowledge::Part;
pub use run::split::InformedRun;
pub use run::{Error, Progress, Study, StudyInput, impossible, simulate};
pub use settlement::inputs::{Cause, TooMuch};

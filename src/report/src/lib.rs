//! What people and programs read after a run.
//!
//! [`Results`] is a run with its notes and variants; everything else is a view of it:
//!
//! ```text
//! Results -> terminal   tables of 80 columns or more
//!         -> json       one object, with its schema
//!         -> frame      slots and steps as rows -> CSV, Parquet
//!         -> page       -> html::Payload -> one HTML file
//!         -> folder     all files at once, or none
//!
//! plan::Planned -> text, JSON, page, folder
//! EvaluationResult -> text, JSON, page, folder; forecasts -> CSV, Parquet
//! ```
//!
//! This crate decides nothing and computes no result of its own: figures come from the
//! simulator's summary. It reads no clock and no network; only [`folder`] writes files.

pub mod evaluation;
pub mod folder;
pub mod frame;
pub mod html;
pub mod json;
pub mod page;
pub mod plan;
mod reasons;
mod results;
mod tables;
pub mod terminal;
mod words;

#[cfg(test)]
mod testing;

pub use html::{Cell, Column, Table};
pub use results::{Results, main_policy};
pub use words::thousands;

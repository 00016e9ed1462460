//! The whole product, through its command line.

mod bad_input;
#[path = "../../src/report/tests/browser/mod.rs"]
mod browser;
mod cases;
mod earns;
mod forecast;
mod lists;
mod plan;
mod quiet;
mod readme;
mod results;
mod sanity;
mod scenarios;
mod slips;

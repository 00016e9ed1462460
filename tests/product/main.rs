//! The whole product, through its command line.

mod bad_input;
mod lists;
mod readme;
mod results;
mod sanity;
mod scenarios;

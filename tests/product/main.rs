//! The whole product, through its command line.

mod bad_input;
mod lists;
mod results;
mod sanity;
mod scenarios;

//! The whole product, through its command line.

mod bad_input;
mod lists;
mod real_data;
mod results;
mod sanity;

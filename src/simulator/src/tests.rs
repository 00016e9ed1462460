//! Small worlds run end to end.

mod annual;
mod balance;
mod bound;
mod cap_prices;
mod closed_loop;
mod counting;
mod export;
mod gangs;
mod impossible;
mod machines;
mod moment;
mod open_work;
mod properties;
mod scales;
mod settling;
mod split;
pub(crate) mod support;

//! Small worlds run end to end.

mod balance;
mod bound;
mod closed_loop;
mod gangs;
mod machines;
mod moment;
mod properties;
mod settling;
mod split;
pub(crate) mod support;

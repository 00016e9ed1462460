//! Planner, policies, plan checker and controller state machine.

// What unit tests share with test binaries names this crate as these do.
#[cfg(test)]
extern crate self as swingload_scheduler;

pub mod anytime;
pub mod asap;
pub mod bound;
pub mod build;
pub mod carry;
pub mod check;
mod commitment;
pub mod controller;
mod demand;
pub mod dispatch;
mod divisible;
pub mod evaluate;
pub mod event;
mod exchange;
pub mod explain;
mod flows;
pub mod impossible;
pub mod inputs;
mod market;
pub mod outlook;
pub mod placement;
pub mod plan;
pub mod policy;
mod polish;
pub mod publish;
pub mod queue;
mod ramp;
#[cfg(feature = "highs")]
pub mod referee;
mod residuals;
pub mod schedule;
pub mod shed;
pub mod state;

//! Planner, policies, plan checker and controller state machine.

pub mod inputs;
pub mod market;

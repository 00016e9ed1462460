//! Planner, policies, plan checker and controller state machine.

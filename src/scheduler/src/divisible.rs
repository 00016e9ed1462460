//! The same problem with blocks as freely divisible power: no starts, no shortest times, no
//! lowest setting. Its optimum is no less than the problem's, and its prices are where the
//! bound of the problem begins.

use swingload_model::site::Use;

use crate::inputs::{PlanInputs, StackInput, TierInput};
use crate::schedule::{Problem, Schedule};

/// The inputs of `problem` with every pool as a stack of its settings' hull; a pool's stack
/// comes behind those that are there, in the order of the pools.
pub(crate) fn inputs(problem: &Problem<'_>) -> PlanInputs {
    let mut inputs = problem.inputs.clone();
    for (m, pool) in std::mem::take(&mut inputs.pools).into_iter().enumerate() {
        let devices: f64 = pool.blocks.iter().map(|b| b.devices).sum();
        let steps = 0..problem.inputs.steps();
        let mut before = (0.0, 0.0);
        let mut tiers = Vec::with_capacity(problem.hull[m].len());
        for &point in &problem.hull[m] {
            let piece = |t: usize| {
                let (from, to) = (problem.setting(m, t, before), problem.setting(m, t, point));
                (to.0 - from.0, to.1 - from.1)
            };
            tiers.push(TierInput {
                mw: steps
                    .clone()
                    .map(|t| piece(t).0 * devices * pool.scale[t])
                    .collect(),
                value: steps.clone().map(|t| piece(t).1 / piece(t).0).collect(),
                penalty: vec![0.0; problem.inputs.steps()],
                must_serve: false,
            });
            before = point;
        }
        inputs.stacks.push(StackInput {
            id: pool.id,
            node: pool.node,
            used_for: Use::Hashing,
            tiers,
        });
    }
    inputs
}

/// A schedule of the divisible problem as one of `problem`, its pools still to be committed.
pub(crate) fn committable(problem: &Problem<'_>, schedule: Schedule) -> Schedule {
    Schedule {
        on: problem.empty_schedule().on,
        awake: problem.empty_schedule().awake,
        ..schedule
    }
}

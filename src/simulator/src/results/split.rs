//! What was left of G, by what the policy did not know.

use serde::Serialize;

use super::GainSummary;
use crate::record::PolicyRun;
use crate::run::Context;
use crate::run::knowledge::Part;
use crate::run::split::{InformedRun, POLICY};

/// What a policy left of G, split by giving it one more part of the future at a time.
///
/// The amounts add up to `left`. Each depends on the order, which is that of `parts`; one
/// below zero says that the policy did worse although it knew more.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct SplitSummary {
    /// The policy.
    pub policy: String,
    /// bound - value: what its own forecasts left.
    pub left: f64,
    /// The same in % of G; `None` where there is nothing to gain.
    pub left_pct: Option<f64>,
    /// What each part's knowledge added, in the order in which it was given.
    pub parts: Vec<SplitPart>,
    /// What is left with all of it known, up to the proven bound: the planner and its horizon,
    /// faults and delays of machines, and the slack of the bound.
    pub planning: f64,
    /// The same in % of G.
    pub planning_pct: Option<f64>,
}

/// What the knowledge of one part of the future added.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct SplitPart {
    /// The part.
    pub part: Part,
    /// Value of the run that knew it and the parts before it; that of the run before where it
    /// had nothing more to learn.
    pub value: f64,
    /// What that added to the run before.
    pub amount: f64,
    /// The same in % of G; `None` where there is nothing to gain.
    pub amount_pct: Option<f64>,
}

/// The split, from the runs that knew more each time; `None` without a bound, where the policy
/// stands outside the scale, or when it was not asked for.
pub(super) fn split(
    context: &Context<'_>,
    runs: &[PolicyRun],
    informed: &[InformedRun],
    gain: Option<&GainSummary>,
) -> Option<SplitSummary> {
    let is_inside = |gain: &&GainSummary| !gain.outside.iter().any(|name| name == POLICY);
    let gain = gain.filter(|_| context.scenario.policies.split);
    let gain = gain.filter(is_inside)?;
    let run = runs.iter().find(|run| run.name == POLICY)?;
    let pct = |amount: f64| gain.is_scale().then(|| 100.0 * amount / gain.gainable);
    let own = run.ledger.value().as_units();
    let mut value = own;
    let part = |part: Part| {
        let before = value;
        if let Some(run) = informed.iter().find(|run| run.part == part) {
            value = run.value;
        }
        SplitPart {
            part,
            value,
            amount: value - before,
            amount_pct: pct(value - before),
        }
    };
    let parts = Part::ALL.map(part).into();
    Some(SplitSummary {
        policy: POLICY.to_owned(),
        left: gain.bound - own,
        left_pct: pct(gain.bound - own),
        parts,
        planning: gain.bound - value,
        planning_pct: pct(gain.bound - value),
    })
}

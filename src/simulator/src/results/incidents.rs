//! What went wrong, as counted by meters and machines, and what was put right before it could.

use serde::Serialize;
use swingload_model::units::JOULES_PER_MWH;
use swingload_scheduler::check::dispatch::DispatchRule;
use swingload_scheduler::controller::tally::{Repaired, Tally};

/// Counts and energies of a run; see the fields of [`crate::record::Incidents`].
pub type IncidentSummary = crate::record::Incidents;

/// What was changed of the policy's own choices, by the rule it was changed for, before the
/// controller saw them: whole devices, replicas and gangs are a little more, or move a little
/// faster, than what was chosen in watts.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, schemars::JsonSchema)]
pub struct RepairSummary {
    /// Taken off for limits of nodes and for supply.
    pub limit: RepairCount,
    /// Taken off for called events and promised limits.
    pub called_event: RepairCount,
    /// Taken off or added for ramps.
    pub ramp: RepairCount,
    /// Kept awake or asleep for shortest times.
    pub shortest_time: RepairCount,
}

/// How much was changed for one rule.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, schemars::JsonSchema)]
pub struct RepairCount {
    /// Steps.
    pub steps: u64,
    /// Energy, MWh.
    pub mwh: f64,
    /// Most power in one step, MW.
    pub mw_max: f64,
}

/// What the dispatch checker found, which shares no code with what makes, repairs and trims
/// dispatches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, schemars::JsonSchema)]
pub struct CheckSummary {
    /// In what the policy handed out, before the controller took anything off.
    pub handed_out: BrokenRules,
    /// In what was sent.
    pub sent: BrokenRules,
}

/// Steps in which set points broke a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, schemars::JsonSchema)]
pub struct BrokenRules {
    /// Power of a node above its limit.
    pub limit: u64,
    /// Load of a node faster than its ramp.
    pub ramp: u64,
    /// More GPUs than installed.
    pub gpus: u64,
    /// Blocks switched or jobs stopped before their shortest time, blocks woken too often.
    pub shortest_time: u64,
    /// Gangs of a size, or of a job, that may not run.
    pub gang: u64,
    /// Set points that no device can have.
    pub set_point: u64,
}

pub(super) fn repairs(tally: &Tally) -> RepairSummary {
    let count = |repaired: Repaired| RepairCount {
        steps: repaired.steps,
        mwh: repaired.joules / JOULES_PER_MWH as f64,
        mw_max: repaired.watts_max / 1e6,
    };
    RepairSummary {
        limit: count(tally.limit),
        called_event: count(tally.called_event),
        ramp: count(tally.ramp),
        shortest_time: count(tally.shortest_time),
    }
}

pub(super) fn checks(tally: &Tally) -> CheckSummary {
    let broken = |counts: &std::collections::BTreeMap<DispatchRule, u64>| {
        let of = |rule| counts.get(&rule).copied().unwrap_or(0);
        BrokenRules {
            limit: of(DispatchRule::Limit),
            ramp: of(DispatchRule::Ramp),
            gpus: of(DispatchRule::Gpus),
            shortest_time: of(DispatchRule::ShortestTime),
            gang: of(DispatchRule::Gang),
            set_point: of(DispatchRule::SetPoint),
        }
    };
    CheckSummary {
        handed_out: broken(&tally.handed_out),
        sent: broken(&tally.sent),
    }
}

impl BrokenRules {
    /// Sum over the rules.
    pub fn total(&self) -> u64 {
        let Self {
            limit,
            ramp,
            gpus,
            shortest_time,
            gang,
            set_point,
        } = *self;
        limit + ramp + gpus + shortest_time + gang + set_point
    }
}

//! What a plan would drop, and how fast.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::site::Use;
use crate::units::{Money, Power};

/// One rung of the shed ladder: a step of one load that can be dropped on its own once
/// the load's earlier rungs are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShedRung {
    /// How fast; rungs stand in this order, within it by rising cost as far as a load's
    /// own steps allow.
    pub response: Response,
    /// Seconds from the call until the watts are free.
    pub response_s: i64,
    /// What to drop: pool, service, commitment or job.
    pub load: String,
    /// Its use of power.
    #[serde(rename = "use")]
    pub used_for: Use,
    /// How it is freed.
    pub by: ShedBy,
    /// Facility watts it frees.
    pub frees: Power,
    /// What dropping it costs per facility kWh freed, currency, energy saved taken off; negative
    /// where the load runs at a loss.
    pub cost_per_kwh: Money,
    /// Worth of the work put off, not lost, per facility kWh freed, currency: it is done later, and
    /// only what that costs is part of `cost_per_kwh`.
    pub deferred_per_kwh: Money,
}

/// How fast watts are freed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    /// In seconds: hashing.
    Seconds,
    /// Within a minute: power caps, smaller gangs, replicas put to sleep above the floor.
    Cap,
    /// After notice: gangs that write a checkpoint and are suspended.
    Checkpoint,
    /// Last: firm load, against a penalty.
    Firm,
}

/// How watts are freed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ShedBy {
    /// Miners to a lower setting.
    Underclock,
    /// Miners, or replicas of a service, to sleep.
    Sleep,
    /// A power cap on GPUs that go on working.
    Cap,
    /// A gang to a smaller size it allows.
    Shrink,
    /// A gang suspended, its checkpoint written.
    Suspend,
    /// Load cut off.
    Stop,
}

impl Response {
    /// The class as written in outputs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Cap => "cap",
            Self::Checkpoint => "checkpoint",
            Self::Firm => "firm",
        }
    }
}

impl ShedBy {
    /// The way as written in outputs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Underclock => "underclock",
            Self::Sleep => "sleep",
            Self::Cap => "cap",
            Self::Shrink => "shrink",
            Self::Suspend => "suspend",
            Self::Stop => "stop",
        }
    }
}

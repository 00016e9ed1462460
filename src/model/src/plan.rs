//! A plan: what every load does at every step, what it is worth, and why.
//!
//! Archived as versioned canonical JSON: integer watts, stable ids, keys in a
//! fixed order, the hash of the inputs it was made from.

use serde::{Deserialize, Serialize};

use crate::site::Use;
use crate::time::TimeGrid;
use crate::units::{Money, Power};

/// Version of the plan format.
pub const PLAN_VERSION: u32 = 1;

/// An immutable, numbered plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Version of this format.
    pub version: u32,
    /// Rising number; executors refuse a lower one than the last applied.
    pub number: u64,
    /// Currency of all money in it.
    pub currency: String,
    /// SHA-256 of the inputs, hexadecimal.
    pub inputs_sha256: String,
    /// Steps.
    pub grid: TimeGrid,
    /// Value, bound and gap.
    pub certificate: Certificate,
    /// What each load draws.
    pub loads: Vec<LoadPlan>,
    /// Power from each supply block per step.
    pub supply: Vec<SupplyPlan>,
    /// What no plan could satisfy; empty when feasible.
    pub shortfalls: Vec<Shortfall>,
    /// What to drop first, in order of cost per kW within each response time.
    pub shed_ladder: Vec<ShedRung>,
    /// Marginal value of power per node and step, micro-currency per MWh.
    pub marginal_values: Vec<MarginalValues>,
    /// Why decisions are as they are.
    pub reasons: Vec<Reason>,
}

/// How good a plan is, provably.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// Value of the plan.
    pub value: Money,
    /// No plan of these inputs is worth more.
    pub bound: Money,
    /// Value of running every job as soon as possible.
    pub asap: Money,
}

impl Certificate {
    /// (bound - value) / (bound - asap); zero when nothing can be gained.
    pub fn gap(&self) -> f64 {
        let gainable = (self.bound - self.asap).as_units();
        if gainable <= 0.0 {
            0.0
        } else {
            (self.bound - self.value).as_units() / gainable
        }
    }

    /// (value - asap) / (bound - asap); one when nothing can be gained.
    pub fn gain(&self) -> f64 {
        let gainable = (self.bound - self.asap).as_units();
        if gainable <= 0.0 {
            1.0
        } else {
            (self.value - self.asap).as_units() / gainable
        }
    }
}

/// What one load draws per step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadPlan {
    /// Pool, service, commitment or job.
    pub load: String,
    /// Its use of power.
    #[serde(rename = "use")]
    pub used_for: Use,
    /// Node it hangs below.
    pub node: String,
    /// IT watts per step, `grid.len()` of them.
    pub watts: Vec<Power>,
    /// Devices awake or GPUs at work per step.
    pub units: Vec<u32>,
}

/// What one supply block delivers per step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SupplyPlan {
    /// Supply block.
    pub supply: String,
    /// Watts per step.
    pub watts: Vec<Power>,
}

/// A promise or physical need that the plan cannot meet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shortfall {
    /// What is short: a load, a commitment, a node.
    pub of: String,
    /// Step, index into the plan's grid.
    pub step: u32,
    /// Missing power.
    pub missing: Power,
}

/// One rung of the shed ladder: a step of one load that can be dropped on its own once
/// the load's earlier rungs are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// What dropping it costs per facility kWh freed, energy saved taken off; negative
    /// where the load runs at a loss.
    pub cost_per_kwh: Money,
    /// Worth of the work put off, not lost, per facility kWh freed: it is done later, and
    /// only what that costs is part of `cost_per_kwh`.
    pub deferred_per_kwh: Money,
}

/// How fast watts are freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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

/// Marginal value of one more watt at a node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MarginalValues {
    /// The node.
    pub node: String,
    /// Per step, micro-currency per MWh.
    pub per_mwh: Vec<i64>,
}

/// Why a load does what it does at a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// Step, index into the plan's grid.
    pub step: u32,
    /// The load decided about.
    pub load: String,
    /// Why, in one word.
    pub code: ReasonCode,
    /// Value of the decision, currency per MWh at the load.
    pub value_per_mwh: f64,
    /// The price of power it was held against, currency per MWh; null where there is no
    /// more power at any price.
    pub price_per_mwh: Option<f64>,
    /// Best alternative use of the same power; empty when there is none.
    pub runner_up: String,
    /// By how much the price must move to turn the decision, currency per MWh; negative
    /// where it is held against its price, 0 where the price did not decide.
    pub margin_per_mwh: f64,
    /// The smallest changes that turn the decision, each made alone; empty where none was
    /// asked for, or none within reason turns it.
    pub flips: Vec<Flip>,
}

/// The smallest change of one quantity that turns a decision, all else as it is: the plan
/// made again with it decides otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Flip {
    /// What would change.
    pub quantity: Quantity,
    /// The node, load or job it is a quantity of.
    pub of: String,
    /// As it stands, in the quantity's unit.
    pub now: f64,
    /// The decision turns beyond this: above it where it lies above `now`, else below.
    pub at: f64,
    /// What the load does then.
    pub turn: Turn,
}

/// A quantity that a decision can turn on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Price of power at the load's node in this step, currency per facility MWh; it moves
    /// as all supplies of the step become dearer or cheaper by one amount.
    PowerPrice,
    /// What a load earns by a facility MWh in this step, currency, adders taken off; all
    /// its steps of value move by one amount.
    LoadValue,
    /// What a job earns by a GPU-hour whenever it runs, currency.
    JobValue,
    /// The time up to which the plan may run a job at its full value, Unix seconds; a
    /// reserve before what its tenant was promised.
    Deadline,
    /// The time from which a job may run, Unix seconds.
    Release,
    /// What a node may carry in this step, facility MW.
    NodeLimit,
}

/// What a load does once its decision is turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// It runs and would stop, or give up part of its power.
    GivesUp,
    /// It is idle and would run.
    Starts,
}

impl Quantity {
    /// The quantity as written in outputs.
    pub fn name(self) -> &'static str {
        match self {
            Self::PowerPrice => "power_price",
            Self::LoadValue => "load_value",
            Self::JobValue => "job_value",
            Self::Deadline => "deadline",
            Self::Release => "release",
            Self::NodeLimit => "node_limit",
        }
    }
}

/// Why, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    /// Worth more than the power costs.
    Profitable,
    /// Costs more than it is worth.
    Unprofitable,
    /// Partly served: the marginal user of the power there is.
    Marginal,
    /// Must be served.
    MustServe,
    /// Held on or off by a minimum time, a start cost or a start limit.
    Committed,
    /// Waits for cheaper steps before its deadline.
    Deferred,
    /// Its window, dependency or gang size allows nothing.
    NotEligible,
    /// Work finished.
    Done,
    /// A limit of the power tree leaves no room.
    LimitBinding,
    /// A ramp limit holds it.
    RampLimited,
    /// Throttled or shut down by heat.
    Heat,
}

impl ReasonCode {
    /// The code as written in outputs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Profitable => "profitable",
            Self::Unprofitable => "unprofitable",
            Self::Marginal => "marginal",
            Self::MustServe => "must_serve",
            Self::Committed => "committed",
            Self::Deferred => "deferred",
            Self::NotEligible => "not_eligible",
            Self::Done => "done",
            Self::LimitBinding => "limit_binding",
            Self::RampLimited => "ramp_limited",
            Self::Heat => "heat",
        }
    }
}

impl Plan {
    /// Canonical JSON: the same plan gives the same bytes.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("invariant: plans contain no maps with non-string keys")
    }
}

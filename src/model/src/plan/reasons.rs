//! Why a plan does what it does, and what would turn it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a load does what it does at a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
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
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
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
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
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
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
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

//! Why a plan does what it does, and what would turn it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::price::{PricePart, Wait};

/// Why a load does what it does at a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// Step, index into the plan's grid.
    pub step: u32,
    /// The load decided about.
    pub load: String,
    /// Why, in one word.
    pub code: ReasonCode,
    /// Margin of its last watt before power, currency per MWh at the load: what the last
    /// running, or first idle, MWh earns, fees, cooling and charges on its use taken off. Of
    /// underclocked miners it is of the step to their setting, not of all they draw; what a
    /// whole setting earns is its break-even price.
    pub value_per_mwh: f64,
    /// The price of power it was held against, currency per MWh; null where there is no
    /// more power at any price.
    pub price_per_mwh: Option<f64>,
    /// What that price is made of; the parts add up to it. Empty where there is none.
    #[serde(default)]
    pub price_parts: Vec<PricePart>,
    /// What a job that does not run waits for; null for what does not wait.
    #[serde(default)]
    pub wait: Option<Wait>,
    /// Best alternative use of the same power; empty when there is none.
    pub runner_up: String,
    /// By how much the price must move to turn the decision, currency per MWh; negative
    /// where it is held against its price (reason `committed`): what an MWh of it loses while it
    /// is kept running, or would earn while it is kept still; 0 where the price did not decide.
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
    /// Held on or off by a minimum time, a start cost or a start limit, against its price or for
    /// more of it than it has: switching now would cost more than waiting. Its margin is
    /// negative where it runs although an MWh of it loses that much, or stands still although
    /// one would earn that much.
    Committed,
    /// Waits for cheaper steps before its deadline.
    Deferred,
    /// Nothing of it may run: not installed, left out by the policy, or no gang fits.
    NotEligible,
    /// Its window has not begun.
    NotReleased,
    /// Another job must be done first.
    WaitsForJob,
    /// Too few GPUs are free for its smallest gang.
    NoGpus,
    /// Too little power is free for its smallest gang, at a node above it or of all supply.
    NoPower,
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
            Self::NotReleased => "not_released",
            Self::WaitsForJob => "waits_for_job",
            Self::NoGpus => "no_gpus",
            Self::NoPower => "no_power",
            Self::Done => "done",
            Self::LimitBinding => "limit_binding",
            Self::RampLimited => "ramp_limited",
            Self::Heat => "heat",
        }
    }
}

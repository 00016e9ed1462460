//! A plan: what every load does at every step, what it is worth, and why.
//!
//! Archived as versioned canonical JSON: integer watts, money in currency units with six
//! decimals, stable ids, keys in a fixed order, the hash of the inputs it was made from.

mod certificate;
mod price;
mod reasons;
mod shed;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::breakeven::PoolBreakeven;
use crate::job::ImpossibleWork;
use crate::site::Use;
use crate::time::TimeGrid;
use crate::units::{EnergyPrice, Money, Power};

pub use certificate::Certificate;
pub use price::{PriceKind, PricePart, Wait};
pub use reasons::{Flip, Quantity, Reason, ReasonCode, Turn};
pub use shed::{Response, ShedBy, ShedRung};

/// Version of the plan format.
pub const PLAN_VERSION: u32 = 2;

/// An immutable, numbered plan.
///
/// All powers are facility watts: what the site's meter sees, a load's share of its
/// hall's cooling included. In every step the loads add up to the supply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// Version of this format.
    pub version: u32,
    /// Rising number; executors refuse a lower one than the last applied.
    pub number: u64,
    /// Who made it.
    pub engine: Engine,
    /// Name of the site.
    pub site: String,
    /// ISO 4217 code of all money in it.
    pub currency: String,
    /// IANA name of the site's time zone.
    pub time_zone: String,
    /// SHA-256 of what it was made from, hexadecimal.
    pub inputs_sha256: String,
    /// When it was made: the start of its first step. It knows what was published by then.
    pub at: Timestamp,
    /// Boundaries of its steps, Unix seconds, one more than there are steps.
    pub grid: TimeGrid,
    /// Value, bound and gap.
    pub certificate: Certificate,
    /// What each load draws: pools, services, hosting, jobs by GPU pool, overheads by node.
    pub loads: Vec<LoadPlan>,
    /// When each job runs; all that are open, those that wait and those that never can too.
    pub jobs: Vec<JobPlan>,
    /// Jobs of which work can never be done, and what forbids it.
    #[serde(default)]
    pub impossible: Vec<ImpossibleWork>,
    /// Power from each supply block per step.
    pub supply: Vec<SupplyPlan>,
    /// Promises and needs it does not meet; empty when all are met.
    pub shortfalls: Vec<Shortfall>,
    /// Limits that hold the plan back, the dearest first.
    pub limits: Vec<BindingLimit>,
    /// What to drop in the first step, in order of cost per kW within each response time,
    /// for a shed of an hour.
    pub shed_ladder: Vec<ShedRung>,
    /// Price of one more MWh per node and step.
    pub marginal_values: Vec<MarginalValues>,
    /// Price of power above which each miner pool loses money, as forecast.
    #[serde(default)]
    pub breakeven: Vec<PoolBreakeven>,
    /// Why the first step is as it is, one per load that draws, could draw or is kept from it.
    pub reasons: Vec<Reason>,
    /// What must be known to read it, one sentence each: of the data, of how it was made.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Who made a plan.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// Swingload's own planner.
    Fast,
    /// The HiGHS referee, for small instances.
    Referee,
}

impl Engine {
    /// The engine as written in outputs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Referee => "referee",
        }
    }
}

/// What one load draws per step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LoadPlan {
    /// Pool, service or commitment; `training on POOL`; `overhead at NODE`.
    pub load: String,
    /// Its use of power.
    #[serde(rename = "use")]
    pub used_for: Use,
    /// Node of the power tree it hangs below.
    pub node: String,
    /// Watts per step above sleep and idle, which are overhead; `grid.len()` of them,
    /// rounded down.
    pub watts: Vec<Power>,
    /// Devices awake or GPUs at work per step, rounded up; empty for hosting and overhead.
    pub units: Vec<u32>,
}

/// When a job runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JobPlan {
    /// The job.
    pub job: String,
    /// Its GPU pool.
    pub gpu_pool: String,
    /// When it may start, Unix seconds.
    pub release: i64,
    /// Until when its work earns its full value, Unix seconds.
    pub deadline: i64,
    /// That value per GPU-hour, currency.
    pub value_per_gpu_h: Money,
    /// Its runs by rising step; it waits in between.
    pub runs: Vec<JobRun>,
    /// Work left for after the plan's last step, or for after the time by which the plan wants
    /// the job done, as far as it alone could do it by its latest, GPU-seconds. The plan's
    /// value counts the latter as not done.
    pub later: i64,
    /// Work beyond all that could be done before the job's latest time, GPU-seconds.
    pub missed: i64,
}

/// A stretch of steps in which a job runs at one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JobRun {
    /// First step, index into the plan's grid.
    pub from: u32,
    /// Step after the last.
    pub to: u32,
    /// GPUs of its gang.
    pub gpus: u32,
    /// GPU-seconds it has them for: less than the whole stretch where its work ends inside
    /// a step.
    pub gpu_seconds: i64,
}

/// What one supply block delivers per step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SupplyPlan {
    /// Supply block.
    pub supply: String,
    /// Watts per step.
    pub watts: Vec<Power>,
    /// Watts it is expected to have per step.
    pub available: Vec<Power>,
    /// Expected marginal cost per step with charges and taxes on all uses, currency
    /// per MWh: for surplus what exporting it would earn, where that is more.
    pub per_mwh: Vec<EnergyPrice>,
}

/// A promise or physical need that the plan does not meet: it cannot, or breaking it costs
/// less than keeping it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Shortfall {
    /// What is short: a load, `ramp of NODE`, or a limit of contract or programme.
    pub of: String,
    /// Step, index into the plan's grid.
    pub step: u32,
    /// Missing power; for a ramp or limit the power beyond it.
    pub missing: Power,
}

/// A limit that holds the plan back, and what more of it would be worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BindingLimit {
    /// What kind of limit.
    pub kind: LimitKind,
    /// Node, GPU pool, commitment, programme or supply block.
    pub of: String,
    /// Steps in which it binds, rising, indices into the plan's grid.
    pub steps: Vec<u32>,
    /// Worth of one more MW in each of `steps`, for as long as the step lasts,
    /// currency, jobs as planned: what it earns, or saves, less what the power costs
    /// there. It holds for as much as the best load that is kept out would take.
    pub worth_per_mw: Vec<Money>,
}

/// What kind of limit binds.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
    /// Rating of a node.
    Node,
    /// GPUs installed in a pool.
    Gpus,
    /// The month's peak that the plan holds, so that the demand charge does not rise.
    Peak,
    /// How fast the load of a node may rise; one more MW per step.
    RampUp,
    /// How fast it may fall; one more MW per step.
    RampDown,
    /// A power limit that was accepted for a penalty on what is drawn beyond it.
    PowerLimit,
    /// What a programme leaves the site while it calls, or may call: its firm power, with a
    /// penalty on what is drawn beyond. Calls that are not known yet are forecast as a
    /// likelihood, and a step with one binds with that share of the penalty, so a programme
    /// may bind in far more steps than it will call in.
    Programme,
    /// Power that a supply block has.
    Supply,
}

impl LimitKind {
    /// The kind in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Node => "rating",
            Self::Gpus => "GPUs",
            Self::Peak => "monthly peak",
            Self::RampUp => "ramp up",
            Self::RampDown => "ramp down",
            Self::PowerLimit => "power limit",
            Self::Programme => "programme",
            Self::Supply => "supply",
        }
    }
}

impl BindingLimit {
    /// Worth of one more MW over all its steps.
    pub fn worth(&self) -> Money {
        self.worth_per_mw.iter().copied().sum()
    }
}

/// Price of one more MWh at a node: of the next supply, or of the load that would give it up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MarginalValues {
    /// The node; GPU pools are nodes of their own.
    pub node: String,
    /// Per step, currency per MWh; null where no more power can reach the node.
    pub per_mwh: Vec<Option<EnergyPrice>>,
}

impl Plan {
    /// Canonical JSON: the same plan gives the same bytes.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("invariant: plans contain no maps with non-string keys")
    }
}

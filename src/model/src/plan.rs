//! A plan: what every load does at every step, what it is worth, and why.
//!
//! Archived as versioned canonical JSON: integer watts, stable ids, keys in a
//! fixed order, the hash of the inputs it was made from.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::site::Use;
use crate::time::TimeGrid;
use crate::units::{EnergyPrice, Money, Power};

/// Version of the plan format.
pub const PLAN_VERSION: u32 = 1;

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
    /// When each job runs; all that are open, those that wait too.
    pub jobs: Vec<JobPlan>,
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
    /// Why the first step is as it is, one per load that draws, could draw or is kept from it.
    pub reasons: Vec<Reason>,
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

/// How good a plan is, provably. Money over the plan's steps, micro-units of its currency.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Certificate {
    /// Value of the plan, rounded down.
    pub value: Money,
    /// No plan of these inputs is worth more; rounded up.
    pub bound: Money,
    /// Value of running every job as soon as possible.
    pub asap: Money,
    /// Part of all three that no decision changes: availability payments, contracts.
    pub constant: Money,
    /// (value - asap) / G with G = bound - asap, %; null where nothing can be gained.
    pub gain_pct: Option<f64>,
    /// (bound - value) / G, %; null where nothing can be gained.
    pub gap_pct: Option<f64>,
    /// (bound - value) / |value|, %; null where the value is zero.
    pub gap_of_value_pct: Option<f64>,
}

impl Certificate {
    /// From amounts in currency units, `constant` not yet part of the first three. `None`
    /// when one of them is no number: then nothing is proven.
    pub fn new(value: f64, bound: f64, asap: f64, constant: f64) -> Option<Self> {
        if ![value, bound, asap, constant].iter().all(|x| x.is_finite()) {
            return None;
        }
        let micro = |units: f64, round: fn(f64) -> f64| Money::new(round(units * 1e6) as i64);
        let gainable = bound - asap;
        let gains = gainable > NOTHING * bound.abs();
        // To a billionth of a percent, so that it reads back as it was written.
        let percent = |part: f64, of: f64| (100.0 * part / of * 1e9).round() / 1e9;
        let share = |part: f64| gains.then(|| percent(part, gainable));
        let total = value + constant;
        Some(Self {
            value: micro(total, f64::floor),
            bound: micro(bound + constant, f64::ceil),
            asap: micro(asap + constant, f64::round),
            constant: micro(constant, f64::round),
            gain_pct: share(value - asap),
            gap_pct: share(bound - value),
            gap_of_value_pct: (total != 0.0).then(|| percent(bound - value, total.abs())),
        })
    }

    /// G, what could be gained: bound less asap.
    pub fn gainable(&self) -> Money {
        self.bound - self.asap
    }
}

/// Share of the bound that is rounding and no gain.
const NOTHING: f64 = 1e-6;

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
    /// That value per GPU-hour, micro-currency.
    pub value_per_gpu_h: Money,
    /// Its runs by rising step; it waits in between.
    pub runs: Vec<JobRun>,
    /// Work left for after the plan's last step, GPU-seconds.
    pub later: i64,
    /// Work that cannot be done in its time, GPU-seconds.
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
    /// Expected marginal cost per step with charges and taxes on all uses, micro-currency
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
    /// Node or GPU pool.
    pub of: String,
    /// Steps in which it binds, rising, indices into the plan's grid.
    pub steps: Vec<u32>,
    /// Worth of one more MW in each of `steps`, for as long as the step lasts,
    /// micro-currency; jobs and on/off paths as planned.
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
        }
    }
}

impl BindingLimit {
    /// Worth of one more MW over all its steps.
    pub fn worth(&self) -> Money {
        self.worth_per_mw.iter().copied().sum()
    }
}

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
    /// What dropping it costs per facility kWh freed, energy saved taken off; negative
    /// where the load runs at a loss.
    pub cost_per_kwh: Money,
    /// Worth of the work put off, not lost, per facility kWh freed: it is done later, and
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

/// Price of one more MWh at a node: of the next supply, or of the load that would give it up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MarginalValues {
    /// The node; GPU pools are nodes of their own.
    pub node: String,
    /// Per step, micro-currency per MWh; null where no more power can reach the node.
    pub per_mwh: Vec<Option<EnergyPrice>>,
}

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

impl Plan {
    /// Canonical JSON: the same plan gives the same bytes.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("invariant: plans contain no maps with non-string keys")
    }
}

//! What a run leaves behind, per step and per job, in compact columns.

use swingload_model::plan::ReasonCode;
use swingload_model::units::Money;
use swingload_scheduler::controller::FallbackLog;
use swingload_scheduler::controller::tally::Tally;
use swingload_scheduler::dispatch::{LoadRef, Proof};

use crate::ledger::Ledger;
pub use crate::world::gpus::Span;

/// One policy's run. All columns have one entry per step of the study's grid.
#[derive(Debug, Clone)]
pub struct PolicyRun {
    /// Name of the policy.
    pub name: String,
    /// Facility joules per load of [`Study::loads`](crate::Study::loads).
    pub load_energy: Vec<Vec<i64>>,
    /// Facility joules drawn from each supply block of the site.
    pub supply_energy: Vec<Vec<i64>>,
    /// Joules exported from each supply block over the run.
    pub exported: Vec<i128>,
    /// Money per line, micro-units.
    pub ledger: Ledger,
    /// Emissions, gCO2e.
    pub carbon: Vec<i64>,
    /// Miner pools of the site.
    pub pools: Vec<PoolColumns>,
    /// Per inference service, GPUs that served (mean over the step).
    pub services: Vec<Vec<f32>>,
    /// Per GPU pool, GPUs at work (mean over the step).
    pub gpus_busy: Vec<Vec<f32>>,
    /// Marginal value of power the policy saw, currency per MWh; `None` where it names none.
    pub marginal_value: Vec<Option<f32>>,
    /// Expected charge of coincident peaks within that value, currency per MWh: the chance
    /// that the step is one times the charge.
    pub peak_charge: Vec<f32>,
    /// How good each step's plan is; `None` for rules that plan nothing.
    pub proof: Vec<Option<Proof>>,
    /// Outcome of each job of [`Study::jobs`](crate::Study::jobs).
    pub jobs: Vec<JobOutcome>,
    /// Jobs open at the end, and what could still be done of them.
    pub open_work: Vec<OpenJob>,
    /// Stretches of running, by start.
    pub spans: Vec<Span>,
    /// Reasons of decisions: of pools, services, commitments and overheads at every
    /// step, of jobs whenever they change. Empty for policies that give none.
    pub reasons: Vec<StepReason>,
    /// What went wrong.
    pub incidents: Incidents,
    /// What was repaired in dispatches, and what the dispatch checker found in them.
    pub tally: Tally,
    /// How often decisions rested on fallbacks of the forecasts.
    pub fallbacks: FallbackLog,
    /// Energy of supply block (row) and use (column, in the order of `Use::ALL`), J.
    pub energy_by_supply_and_use: Vec<[i64; 4]>,
    /// Cost of energy per use at the blocks' actual prices, export forgone and adders included, currency.
    pub energy_cost_by_use: [f64; 4],
    /// Sum over steps of grid price x energy per use, currency: what the same energy
    /// would have cost at the grid's price.
    pub reference_cost_by_use: [f64; 4],
    /// Sum over steps of own and export price x energy (no adders) over all uses, currency.
    pub supply_cost: f64,
    /// Part of the reference cost that falls on the site's own miner pools, currency.
    pub pool_reference_cost: f64,
    /// Revenue and reference cost the awake devices would have had at their top point, currency.
    pub pools_at_top: (f64, f64),
    /// Share of mining revenue left after the difficulty answered; one without feedback.
    pub difficulty_share: f64,
    /// Peak mean power per node, W.
    pub node_peak: Vec<i64>,
}

/// What a miner pool did per step.
#[derive(Debug, Clone, Default)]
pub struct PoolColumns {
    /// Devices awake, mean over the step.
    pub awake: Vec<f32>,
    /// Devices that answered.
    pub available: Vec<f32>,
    /// Hashrate, PH/s, mean over the step.
    pub hashrate: Vec<f32>,
    /// Starts of devices.
    pub starts: u64,
    /// Hashes of the run, TH.
    pub terahashes: f64,
    /// Device-seconds awake.
    pub awake_s: i64,
    /// Device-seconds that answered.
    pub available_s: i64,
    /// IT joules the devices that answered would have drawn at their top point.
    pub full_energy: i64,
    /// Bitcoin mined, pool fee and rejects off, difficulty feedback not applied.
    pub bitcoin: f64,
}

/// How a job ended. Times are Unix seconds, work is in GPU-seconds, money in micro-units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobOutcome {
    /// When all its work was done.
    pub finished: Option<i64>,
    /// Whether nothing more can happen to it in the run's future: finished, or out of time.
    pub closed: bool,
    /// Whether its release lay within the run.
    pub submitted: bool,
    /// Work done by the deadline that counted.
    pub on_time: i64,
    /// Work done after it.
    pub late: i64,
    /// Work lost by stops.
    pub lost: i64,
    /// Work left at the end.
    pub left: i64,
    /// Times it was started.
    pub starts: u32,
    /// What its work earned, lateness taken off.
    pub earned: i64,
    /// Part of the value that lateness cost.
    pub lateness: i64,
    /// Penalty for work never done.
    pub unmet: i64,
}

/// A job open at the run's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenJob {
    /// Position of the job.
    pub job: u32,
    /// Work left at the end, GPU-seconds.
    pub left: i64,
    /// Part of it that the site could still do before the job's latest time, GPU-seconds.
    pub done: i64,
    /// What that is worth: its value, lateness and energy taken off.
    pub worth: Money,
}

/// Why a load did what it did at a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepReason {
    /// Step of the run.
    pub step: u32,
    /// The load.
    pub load: LoadRef,
    /// Why, in one word.
    pub code: ReasonCode,
    /// Value of the use, currency per facility MWh.
    pub value: f32,
    /// Price it was held against, currency per facility MWh.
    pub price: f32,
    /// Best other use of the same power.
    pub runner_up: Option<LoadRef>,
    /// Value of the chosen use above the runner-up, currency per facility MWh.
    pub margin: f32,
}

/// What went wrong in a run.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize, schemars::JsonSchema)]
pub struct Incidents {
    /// Node-steps whose meter stood above the node's limit.
    pub limit_exceeded_steps: u64,
    /// Energy above nodes' limits, MWh.
    pub limit_exceeded_mwh: f64,
    /// Steps in which a load changed faster than a node's ramp limit.
    pub ramp_exceeded_steps: u64,
    /// Energy drawn from the grid beyond what was available there, MWh.
    pub beyond_supply_mwh: f64,
    /// Steps in which supply fell short and load was shed.
    pub shed_steps: u64,
    /// Energy shed, MWh.
    pub shed_mwh: f64,
    /// Energy of miners and jobs from other sources than surplus although the rule forbids it, MWh.
    pub beyond_surplus_mwh: f64,
    /// Devices that failed.
    pub device_failures: u64,
    /// Device-hours in which devices hashed although told to sleep.
    pub lying_device_h: f64,
    /// Commands given.
    pub commands: u64,
    /// Commands the site refused.
    pub commands_refused: u64,
    /// Acknowledgements lost.
    pub acknowledgements_lost: u64,
    /// Blocks switched before their minimum time on or off was over.
    pub early_switches: u64,
    /// Times a block was told to wake beyond its pool's starts per day.
    pub starts_beyond_limit: u64,
    /// Jobs stopped before their shortest run was over.
    pub short_runs: u64,
    /// Gangs dropped because a pool had too few GPUs.
    pub gpu_overcommitments: u64,
    /// Incidents the controller itself noted.
    pub noted_by_controller: u64,
}

impl Incidents {
    /// Whether every limit, ramp, minimum time and count of starts was kept: a run that did
    /// not is no dispatch the site could have had.
    pub(crate) fn kept_the_rules(&self) -> bool {
        self.limit_exceeded_steps == 0
            && self.ramp_exceeded_steps == 0
            && self.early_switches == 0
            && self.starts_beyond_limit == 0
            && self.short_runs == 0
            && self.beyond_supply_mwh == 0.0
            && self.beyond_surplus_mwh == 0.0
    }
}

//! What is to happen in one step, for every load; what a policy decides.

use swingload_model::plan::ReasonCode;
use swingload_model::units::Power;

/// Set points of all loads for one step.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Dispatch {
    /// Per pool, per block: devices at each operating point; the rest sleeps.
    pub pools: Vec<Vec<Vec<u32>>>,
    /// Per service: GPUs at work.
    pub services: Vec<u32>,
    /// Per commitment: IT power served (zero for commitments that are limits).
    pub hosting: Vec<Power>,
    /// Running jobs by their position in the controller's list, and the GPUs of each; all others wait.
    pub jobs: Vec<(usize, u32)>,
    /// Why, per load; empty for policies that give no reasons.
    pub reasons: Vec<DispatchReason>,
    /// Marginal value of power at the root in this step, currency per MWh; `None` for
    /// policies that name none.
    pub marginal_value: Option<f64>,
    /// How good the plan is whose first step this is; `None` for rules that plan nothing.
    pub proof: Option<Proof>,
    /// What of the policy's own choice was changed so that the site's rules hold.
    pub repairs: Repairs,
}

/// What was changed of a policy's choice before it was handed out, facility watts by rule:
/// whole devices, replicas and gangs are a little more, or move a little faster, than what
/// was chosen in watts; a rule that looks at one step ignores ramps. Power taken off and
/// put on both count as positive.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Repairs {
    /// Taken off for limits of nodes and for supply.
    pub limit: f64,
    /// Taken off for a called event or a promised limit.
    pub called_event: f64,
    /// Taken off or added for a ramp.
    pub ramp: f64,
    /// Kept awake or asleep for a shortest time.
    pub shortest_time: f64,
}

/// How good a plan of a closed loop is, provably: currency over its horizon, with what no
/// decision changes. What it cannot keep (a ramp, power that must be taken) is fined in its
/// value far above any price, so its gap is then no money.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proof {
    /// What it is worth as planned.
    pub value: f64,
    /// No plan of the same inputs is worth more.
    pub bound: f64,
}

impl Proof {
    /// At most this much more was possible, currency.
    pub fn gap(&self) -> f64 {
        self.bound - self.value
    }
}

/// Why a load does what it does in this step.
#[derive(Debug, Clone, PartialEq)]
pub struct DispatchReason {
    /// Load the reason is about.
    pub load: LoadRef,
    /// Why, in one word.
    pub code: ReasonCode,
    /// Value of its last running, or first idle, MWh, currency per facility MWh.
    pub value: f64,
    /// Price of one more MWh at its node in this step alone, without what a ramp adds,
    /// currency; where none can reach the node, the price above the limit; infinite where
    /// there is none at all.
    pub price: f64,
    /// Who would take its power next, or, for an idle load, who holds it; `None` when nobody.
    pub runner_up: Option<LoadRef>,
    /// By how much the price must move to turn the decision, currency per facility MWh:
    /// value above price for a running load, price above value for an idle one. Negative
    /// where it is held against its price; 0 where the price did not decide.
    pub margin: f64,
    /// Part of the price that is the expected charge of coincident peaks, currency per
    /// facility MWh: the chance that the step is one times the charge.
    pub peaks: f64,
}

/// A load, by position in its list of the site or controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LoadRef {
    /// Miner pool.
    Pool(usize),
    /// Inference service.
    Service(usize),
    /// Hosting commitment.
    Hosting(usize),
    /// Job.
    Job(usize),
    /// Overheads, idle GPUs and sleeping miners.
    Overhead,
}

//! The planning problem in the planner's own units: facility MW, hours, currency.
//!
//! # Sets
//! steps t of a [`TimeGrid`] with lengths h(t) · nodes n of a tree, parents first,
//! node 0 the root · supplies s · stacks k (loads without memory) · pools m of
//! device blocks b (on/off) · jobs j.
//!
//! # Variables
//! g(s,t) power from a supply · y(k,i,t) power of step i of a stack · on(b,t), p(b,t)
//! state and power of a block · x(j,t) GPUs of a job · u(j) work never done.
//!
//! # Maximise
//! sum over t of h(t) x [ stack values + pool revenue - supply cost ]
//! + value of job work - unmet work - starts - late work - demand charges.
//!
//! # Subject to
//! balance: all supply equals all load, in every step · for every node, net import
//! within [-export, limit] · blocks: power within the operating points while on,
//! minimum on and off times, starts per day · jobs: gangs whole, window, work,
//! minimum runtime, restart time, dependencies · ramps of a node's load ·
//! demand charges on the root's highest step.
//!
//! All powers are at the facility side: what lies below a hall is already
//! multiplied by the hall's marginal PUE of the step, so limits nest and one
//! greedy per step is exact.

#[cfg(test)]
#[path = "../tests/common/small.rs"]
pub(crate) mod small;

use swingload_model::TimeGrid;
use swingload_model::site::Use;

/// Value of a must-take MWh (overheads, idle watts) in currency: far above any price, so that it is shed last.
pub const MUST_TAKE_VALUE: f64 = 100_000.0;

/// Everything a plan depends on.
#[derive(Debug, Clone)]
pub struct PlanInputs {
    /// Steps.
    pub grid: TimeGrid,
    /// Limits, parents before children; the root first.
    pub nodes: Vec<NodeInput>,
    /// Sources of power.
    pub supplies: Vec<SupplyInput>,
    /// Loads without memory.
    pub stacks: Vec<StackInput>,
    /// Device pools with memory.
    pub pools: Vec<PoolInput>,
    /// Jobs.
    pub jobs: Vec<JobInput>,
    /// Adders on training, currency per facility MWh, per step.
    pub job_adder: Vec<f64>,
    /// Ramp limits, of nodes none of which lies below another.
    pub ramps: Vec<RampInput>,
    /// Demand charges.
    pub demand: Vec<DemandInput>,
}

/// A node of the tree.
#[derive(Debug, Clone)]
pub struct NodeInput {
    /// Name, for reasons.
    pub id: String,
    /// Node above; `None` for the root.
    pub parent: Option<usize>,
    /// Most it may import per step, MW.
    pub limit: Vec<f64>,
    /// Most it may export, MW.
    pub export: f64,
    /// Facility MW per MW of a device at this node, per step: the marginal PUE of its hall, 1 above halls.
    pub factor: Vec<f64>,
}

/// A source of power at a node.
#[derive(Debug, Clone)]
pub struct SupplyInput {
    /// Name, for reasons.
    pub id: String,
    /// Its node.
    pub node: usize,
    /// Available power per step, MW.
    pub available: Vec<f64>,
    /// Marginal cost per step, currency per MWh: energy, export forgone and adders on all uses.
    pub cost: Vec<f64>,
}

/// A load whose value falls in steps and that remembers nothing: inference,
/// hosting, overheads, miners without start costs.
#[derive(Debug, Clone)]
pub struct StackInput {
    /// Name, for reasons.
    pub id: String,
    /// Its node.
    pub node: usize,
    /// Its use of power.
    pub used_for: Use,
    /// Value steps, falling in every step of the grid.
    pub tiers: Vec<TierInput>,
}

/// One value step of a stack.
#[derive(Debug, Clone)]
pub struct TierInput {
    /// Power per step, MW.
    pub mw: Vec<f64>,
    /// Value per step, currency per MWh, adders on its use taken off.
    pub value: Vec<f64>,
    /// Loss per MWh not served, per step; part of `value` already, and taken off the
    /// plan's value for all of `mw`, so that only what is short costs.
    pub penalty: Vec<f64>,
    /// Whether it must be served (its shortfall is reported).
    pub must_serve: bool,
}

/// Identical devices with on/off memory, moved in blocks.
#[derive(Debug, Clone)]
pub struct PoolInput {
    /// Name, for reasons.
    pub id: String,
    /// Its node.
    pub node: usize,
    /// Settings of one device by rising power: `(MW above sleep, PH/s)`.
    pub points: Vec<(f64, f64)>,
    /// Revenue per PH/s and hour, per step, net of fees.
    pub revenue: Vec<f64>,
    /// Adders on hashing, currency per facility MWh, per step.
    pub adder: Vec<f64>,
    /// Devices that may run per device of `blocks`, per step: 0 in shutdown heat or before
    /// installation, 1 now, more where devices are added later; a pool that has none now has
    /// blocks of the most it will have.
    pub scale: Vec<f64>,
    /// Shortest time on, h.
    pub min_on: f64,
    /// Shortest time off, h.
    pub min_off: f64,
    /// Cost of a start of one device, currency.
    pub start_cost: f64,
    /// Time of a start without revenue, h.
    pub wake: f64,
    /// Most starts per day of a block.
    pub starts_per_day: Option<u32>,
    /// Calendar day of each step, any rising numbering.
    pub day: Vec<u32>,
    /// Blocks of devices that move together.
    pub blocks: Vec<BlockState>,
}

/// Devices that move together, and where they are now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlockState {
    /// Devices in the block.
    pub devices: f64,
    /// Whether they are on before the first step.
    pub on: bool,
    /// Hours in that state; infinite when nothing holds them.
    pub hours_in_state: f64,
    /// Starts already made on the first step's day.
    pub starts_today: u32,
}

/// Sizes a job can run at.
#[derive(Debug, Clone, PartialEq)]
pub enum Gangs {
    /// Any number of GPUs up to this.
    Divisible(f64),
    /// One of these sizes, rising.
    Sizes(Vec<u32>),
}

impl Gangs {
    /// The largest size.
    pub fn max(&self) -> f64 {
        match self {
            Self::Divisible(max) => *max,
            Self::Sizes(sizes) => sizes.last().copied().map_or(0.0, f64::from),
        }
    }
}

/// A job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobInput {
    /// Name, for reasons.
    pub id: String,
    /// Node of its GPU pool.
    pub node: usize,
    /// IT MW of one GPU at work, above idle.
    pub gpu_mw: f64,
    /// First step it may run in.
    pub first: usize,
    /// First step it may no longer run in.
    pub end: usize,
    /// Work left, GPU-hours.
    pub work: f64,
    /// Sizes.
    pub gangs: Gangs,
    /// Value of a GPU-hour by the deadline.
    pub value: f64,
    /// Deadline, Unix seconds: value falls in steps that start later.
    pub deadline: i64,
    /// Loss of value per GPU-hour and hour of lateness.
    pub late_per_hour: f64,
    /// Penalty per GPU-hour never done.
    pub unmet: f64,
    /// Time of each start without progress, h.
    pub restart: f64,
    /// Shortest run, h.
    pub min_run: f64,
    /// GPUs it runs on right now: going on costs no restart.
    pub running: u32,
    /// Hours it has run without a stop.
    pub running_hours: f64,
    /// Jobs (positions) that must be done before.
    pub after: Vec<usize>,
    /// Work that could be done between the horizon's end and its latest time, GPU-hours.
    pub beyond: f64,
    /// What a GPU-hour costs there, currency; `None` takes what power costs in the horizon's last quarter.
    pub beyond_cost: Option<f64>,
}

impl JobInput {
    /// Value of a GPU-hour of work in step `t` of `grid`.
    pub(crate) fn value_in(&self, grid: &TimeGrid, t: usize) -> f64 {
        let late = (grid.start_s(t) - self.deadline).max(0) as f64 / 3600.0;
        (self.value - self.late_per_hour * late).max(0.0)
    }
}

/// A ramp limit on the load below a node.
#[derive(Debug, Clone, PartialEq)]
pub struct RampInput {
    /// The node.
    pub node: usize,
    /// Largest rise, MW per hour.
    pub up: f64,
    /// Largest fall, MW per hour; positive.
    pub down: f64,
    /// Load before the first step, MW; `None` leaves the first step free.
    pub initial: Option<f64>,
}

/// A charge on the root's highest step in a set of steps.
#[derive(Debug, Clone, PartialEq)]
pub struct DemandInput {
    /// Name, for reasons.
    pub id: String,
    /// Steps that count: `[first, end)`.
    pub first: usize,
    /// First step that no longer counts.
    pub end: usize,
    /// Charge per MW.
    pub per_mw: f64,
    /// Peak already reached, MW: below it nothing more is charged.
    pub peak_so_far: f64,
}

impl PlanInputs {
    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.grid.len()
    }

    /// Whether `node` lies in the subtree of `above` (a node lies in its own).
    pub fn is_below(&self, node: usize, above: usize) -> bool {
        let mut at = Some(node);
        while let Some(current) = at {
            if current == above {
                return true;
            }
            at = self.nodes[current].parent;
        }
        false
    }
}

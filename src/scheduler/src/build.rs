//! From site, forecasts and state to the planner's inputs.
//!
//! Scales everything to facility MW in one place: what lies below a hall is
//! multiplied by the hall's marginal PUE, prices of loads are divided by it.
//! Overheads, sleeping miners and idle GPUs are a must-take stack; loads count
//! what they draw above that.

mod charges;
mod loads;
mod rounding;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use swingload_model::TimeGrid;
use swingload_model::plan::PricePart;
use swingload_model::site::tree::RatedAt;
use swingload_model::site::{Amount, Site};

use crate::inputs::{NodeInput, PlanInputs, PoolInput, RampInput, StackInput};
use crate::outlook::Outlook;
use crate::policy::Setup;
use crate::state::{JobState, SiteState};

pub(crate) use loads::hull_from_zero;
pub use loads::own_hashrate;
pub use rounding::StepPower;

/// Inputs, and where each part of the site went.
#[derive(Debug, Clone)]
pub struct Built {
    /// The planner's inputs.
    pub inputs: PlanInputs,
    /// Node of each GPU pool: below its site node, limited by its GPUs.
    pub gpu_node: Vec<usize>,
    /// Where each miner pool went.
    pub pool: Vec<PoolPlace>,
    /// Stack of each service.
    pub service: Vec<usize>,
    /// Stack of each commitment; `None` for power limits.
    pub hosting: Vec<Option<usize>>,
    /// What hashing meets in every step: prices, charges, heat.
    pub hashing: Hashing,
    /// Position in the controller's list of each job of the inputs.
    pub job: Vec<usize>,
    /// Penalised limits on the site's load, by name; the inputs' supplies are cut at them.
    pub limits: Vec<LoadLimit>,
    /// Per supply of the inputs, what it is a part of; empty for inputs made by hand, whose
    /// supplies are blocks of their own below every limit.
    pub supply: Vec<SupplyPart>,
    /// Charges on all uses that the supplies' cost holds in the first step.
    pub charges: Vec<PricePart>,
    /// Value not in the inputs because no decision changes it: availability
    /// payments, take-or-pay, contracts; currency over the whole grid.
    pub constant: f64,
}

/// A limit on the site's load that costs a penalty to exceed.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadLimit {
    /// The commitment or programme.
    pub id: String,
    /// Most load per step, MW; infinite where it does not bind.
    pub most: Vec<f64>,
    /// Share of the penalty that a step bears: 1 where the limit surely binds in all of it.
    pub share: Vec<f64>,
    /// Penalty, currency per MWh above it.
    pub penalty: f64,
}

/// What hashing meets in every step, whatever is decided.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hashing {
    /// Revenue of 1 PH/s for a day, before fees, currency.
    pub hashprice: Vec<f64>,
    /// Charges and taxes per facility MWh on hashing, those on all uses included.
    pub charges: Vec<f64>,
    /// Per miner pool and step, the share of its hashrate that heat leaves; zero in shutdown.
    pub heat: Vec<Vec<f64>>,
}

/// The part of a supply block that a supply of the inputs stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupplyPart {
    /// Position of the block in the site's list.
    pub block: usize,
    /// Whether it lies beyond what may be exported, so that drawing it forgoes no earnings.
    pub is_beyond_export: bool,
    /// Limits (positions in [`Built::limits`]) beyond which its power lies, so that its cost
    /// holds their penalties.
    pub beyond: Vec<usize>,
}

/// Where a miner pool went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolPlace {
    /// A pool with memory.
    Pool(usize),
    /// A stack: nothing couples its steps.
    Stack(usize),
}

/// How windows of jobs meet the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Windows {
    /// A step counts when all of it lies before the job's latest time.
    Whole,
    /// A step counts when any of it does: what a bound must assume.
    Touched,
}

/// Builds the planner's inputs for `grid`, which begins now.
pub fn build(
    setup: &Setup,
    outlook: &dyn Outlook,
    state: &SiteState,
    jobs: &[JobState],
    open: &[usize],
    grid: &TimeGrid,
) -> Built {
    build_with(setup, outlook, state, jobs, open, grid, Windows::Whole)
}

/// [`build`] with a choice of how job windows meet the grid.
pub fn build_with(
    setup: &Setup,
    outlook: &dyn Outlook,
    state: &SiteState,
    jobs: &[JobState],
    open: &[usize],
    grid: &TimeGrid,
    windows: Windows,
) -> Built {
    let site = &setup.site;
    let look = Look::new(outlook, grid);
    let factor = factors(site, &look);
    let mut nodes = tree(site, grid, &factor);
    let gpu_node = loads::gpu_nodes(site, grid, &factor, &mut nodes);
    let mut stacks = vec![];
    loads::overheads(site, grid, &factor, &mut stacks);
    let service = loads::services(site, &look, &factor, &gpu_node, &mut stacks);
    let hosting = loads::hosting(site, &look, &factor, &mut stacks);
    let hashing = loads::hashing(setup, &look);
    let (pool, pools) = loads::pools(setup, &look, state, &factor, &hashing, &mut stacks);
    let must_serve = must_serve(&stacks, grid);
    let limits = charges::load_limits(site, &look);
    let most_load = most_load(&nodes, &gpu_node, &stacks, &pools, grid);
    let (supplies, supply) = charges::supplies(setup, &look, &must_serve, &most_load, &limits);
    let (job, jobs) = loads::jobs(site, jobs, open, grid, &gpu_node, windows);
    let inputs = PlanInputs {
        grid: grid.clone(),
        nodes,
        supplies,
        stacks,
        pools,
        jobs,
        job_adder: charges::adder(site, &look, swingload_model::site::Use::Training),
        ramps: ramps(site, state),
        demand: charges::demand(site, state, &look),
    };
    Built {
        inputs,
        gpu_node,
        pool,
        service,
        hosting,
        hashing,
        job,
        limits,
        supply,
        charges: charges::first(site, &look),
        constant: charges::constant(site, &look),
    }
}

/// Series on the plan's grid, looked up once each.
pub(crate) struct Look<'a> {
    outlook: &'a dyn Outlook,
    grid: &'a TimeGrid,
    means: RefCell<BTreeMap<String, Rc<Vec<f64>>>>,
}

impl<'a> Look<'a> {
    fn new(outlook: &'a dyn Outlook, grid: &'a TimeGrid) -> Self {
        Self {
            outlook,
            grid,
            means: RefCell::default(),
        }
    }

    /// Expected value of a series per step.
    fn series(&self, name: &str) -> Rc<Vec<f64>> {
        if let Some(found) = self.means.borrow().get(name) {
            return Rc::clone(found);
        }
        let values = Rc::new(self.outlook.mean(name, self.grid));
        self.means
            .borrow_mut()
            .insert(name.to_owned(), Rc::clone(&values));
        values
    }

    /// An amount per step.
    fn amount(&self, amount: &Amount) -> Vec<f64> {
        match amount {
            Amount::Constant(value) => vec![*value; self.grid.len()],
            Amount::Series { series, scale } => {
                self.series(series).iter().map(|v| v * scale).collect()
            }
        }
    }

    /// The quantile of an amount in the first step.
    fn first_quantile(&self, amount: &Amount, pct: u8) -> f64 {
        match amount {
            Amount::Constant(value) => *value,
            Amount::Series { series, scale } => {
                let first = TimeGrid::from_boundaries(self.grid.boundaries()[..2].to_vec())
                    .expect("invariant: a grid's first step is a grid");
                self.outlook
                    .quantile(series, &first, pct)
                    .first()
                    .map_or(0.0, |v| v * scale)
            }
        }
    }

    /// The quantile of an amount per step; a constant is its own quantile.
    fn amount_quantile(&self, amount: &Amount, pct: u8) -> Vec<f64> {
        match amount {
            Amount::Constant(value) => vec![*value; self.grid.len()],
            Amount::Series { series, scale } => self
                .outlook
                .quantile(series, self.grid, pct)
                .iter()
                .map(|v| v * scale)
                .collect(),
        }
    }
}

/// Facility MW per IT MW at each node of the site, per step.
fn factors(site: &Site, look: &Look<'_>) -> Vec<Vec<f64>> {
    (0..site.tree.len())
        .map(|node| {
            let hall = site
                .tree
                .path_to_root(node)
                .into_iter()
                .find_map(|n| site.tree.node(n).hall.as_ref());
            match hall {
                None => vec![1.0; look.grid.len()],
                Some(hall) => match &hall.temperature {
                    None => vec![hall.marginal_pue(None); look.grid.len()],
                    Some(series) => look
                        .series(series)
                        .iter()
                        .map(|t| hall.marginal_pue(Some(*t)))
                        .collect(),
                },
            }
        })
        .collect()
}

/// The site's limits in facility MW.
fn tree(site: &Site, grid: &TimeGrid, factor: &[Vec<f64>]) -> Vec<NodeInput> {
    site.tree
        .nodes()
        .enumerate()
        .map(|(position, node)| {
            let usable = node.usable().as_megawatts();
            let limit = (0..grid.len()).map(|t| match (&node.hall, node.rated_at) {
                // Rated at IT: the hall's own overhead hangs at its parent, or, at the root, on top of the rating.
                (Some(hall), RatedAt::It) if position == 0 => {
                    usable * factor[position][t] + hall.fixed.as_megawatts()
                }
                (Some(_), RatedAt::It) => usable * factor[position][t],
                // Rated at the facility side of a node inside a hall: its watts are IT watts.
                (None, _) => usable * factor[position][t],
                (Some(_), RatedAt::Interconnect) => usable,
            });
            NodeInput {
                id: node.id.clone(),
                parent: site.tree.parent(position),
                limit: limit.collect(),
                export: node.export.as_megawatts(),
                factor: factor[position].clone(),
            }
        })
        .collect()
}

/// The most all loads together can draw per step, MW at the facility side.
fn most_load(
    nodes: &[NodeInput],
    gpu_node: &[usize],
    stacks: &[StackInput],
    pools: &[PoolInput],
    grid: &TimeGrid,
) -> Vec<f64> {
    let of_step = |t: usize| {
        // Services draw within their GPUs, which may all be at work.
        let stacks = stacks
            .iter()
            .filter(|stack| !gpu_node.contains(&stack.node));
        let stacks: f64 = stacks.flat_map(|s| &s.tiers).map(|tier| tier.mw[t]).sum();
        let gpus: f64 = gpu_node.iter().map(|node| nodes[*node].limit[t]).sum();
        let pools = pools.iter().map(|pool| {
            let devices: f64 = pool.blocks.iter().map(|block| block.devices).sum();
            let mw = pool.points.last().map_or(0.0, |point| point.0);
            devices * mw * pool.scale[t] * nodes[pool.node].factor[t]
        });
        (stacks + gpus + pools.sum::<f64>()).min(nodes[0].limit[t])
    };
    (0..grid.len()).map(of_step).collect()
}

/// Power per step that must be served, MW at the facility side.
fn must_serve(stacks: &[StackInput], grid: &TimeGrid) -> Vec<f64> {
    let mut total = vec![0.0; grid.len()];
    for tier in stacks
        .iter()
        .flat_map(|stack| &stack.tiers)
        .filter(|tier| tier.must_serve)
    {
        for (sum, mw) in total.iter_mut().zip(&tier.mw) {
            *sum += mw;
        }
    }
    total
}

fn ramps(site: &Site, state: &SiteState) -> Vec<RampInput> {
    let per_hour =
        |watts_per_minute: swingload_model::Power| watts_per_minute.as_megawatts() * 60.0;
    let limits = site
        .tree
        .nodes()
        .enumerate()
        .filter(|(_, n)| n.ramp_up_per_minute.is_some() || n.ramp_down_per_minute.is_some());
    limits
        .map(|(position, node)| RampInput {
            node: position,
            up: node.ramp_up_per_minute.map_or(f64::INFINITY, per_hour),
            down: node.ramp_down_per_minute.map_or(f64::INFINITY, per_hour),
            initial: state
                .load
                .as_ref()
                .map(|load| load[position].as_megawatts()),
        })
        .collect()
}

//! The time after a run's end, in which jobs still open may be done.
//!
//! ```text
//! run's end                                       latest time of any open job
//!    |--1 h--|--1 h--|-- ... --|---- longer with distance ----|
//! ```
//! Nothing new arrives there and only jobs run: on the GPUs, and within the power, that
//! overheads, tenants and promised inference leave on average of the run, at the run's mean
//! price. Settlement does the backlog of a policy there (`settlement/open_work.rs`); the
//! oracle's plan and the bound have the same steps behind the run's own (`oracle/after.rs`),
//! so what settlement credits is one of the schedules that the bound bounds.

use swingload_model::job::Job;
use swingload_model::site::commitment::CommitmentKind;
use swingload_model::site::{Site, SupplyKind, Use};

use crate::load::use_index;
use crate::run::recorder::Prices;
use crate::truth::{PARTS, Truth};

/// Shortest step, s.
const STEP_S: i64 = 3600;

/// Share of the time since the run's end that a step grows to: hours for three weeks, since a
/// gang that ends within a step leaves its GPUs idle for the rest of it, and longer ones for
/// work that is years away.
const GROWTH: f64 = 0.002;

/// Longest first step, s: ramps slower than that are left out of what comes after the run.
const STEP_MAX_S: i64 = 86_400;

/// The steps after a run, and what jobs find there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct After {
    /// Boundaries of the steps, Unix s; the first is the run's end. One alone where no job
    /// may be done later.
    pub(crate) boundaries: Vec<i64>,
    /// Power for jobs below each node of the site, MW at the facility side.
    pub(crate) node_mw: Vec<f64>,
    /// GPUs for jobs per pool.
    pub(crate) gpus: Vec<f64>,
    /// Facility MW per IT MW at each node: the run's mean.
    pub(crate) factor: Vec<f64>,
    /// Price of a facility MWh with training's adders, currency: the run's mean.
    pub(crate) price: f64,
}

impl After {
    /// What comes after the run of `truth` for the jobs among `jobs` released in it.
    pub(crate) fn new(site: &Site, truth: &Truth, jobs: &[Job]) -> Self {
        let grid = &truth.grid;
        let end = grid.end_s(grid.len() - 1);
        let released = jobs.iter().filter(|job| job.release < end);
        let latest = released.map(|job| job.latest).max().unwrap_or(end);
        let mean = Mean::new(truth);
        let factor: Vec<f64> = (truth.factor.iter())
            .map(|column| mean.of(|t| column.at(t) as f64 / PARTS as f64))
            .collect();
        let prices = Prices::new(site, truth);
        let training = use_index(Use::Training);
        let price = mean.of(|t| prices.expected(truth, t) + prices.adder(training, t));
        let floors = floors(site, truth, &mean);
        Self {
            boundaries: boundaries(end, latest, first_step(site)),
            node_mw: node_mw(site, truth, &mean, &factor, &floors),
            gpus: (site.gpu_pools.iter().zip(&floors))
                .map(|(pool, floor)| (f64::from(pool.count.at(end)) - floor).max(0.0))
                .collect(),
            factor,
            price,
        }
    }

    /// Number of steps.
    pub(crate) fn len(&self) -> usize {
        self.boundaries.len() - 1
    }

    /// Facility MW of one GPU of a pool at work, above idle.
    pub(crate) fn gpu_mw(&self, site: &Site, pool: usize) -> f64 {
        let pool = &site.gpu_pools[pool];
        (pool.running - pool.idle).as_megawatts() * self.factor[pool.node]
    }
}

/// Means over the run, weighed by time.
struct Mean<'a> {
    truth: &'a Truth,
    hours: f64,
}

impl<'a> Mean<'a> {
    fn new(truth: &'a Truth) -> Self {
        let hours = truth.grid.span().as_hours();
        Self { truth, hours }
    }

    fn of(&self, value: impl Fn(usize) -> f64) -> f64 {
        let grid = &self.truth.grid;
        let sum: f64 = (0..grid.len()).map(|t| value(t) * grid.hours(t)).sum();
        sum / self.hours
    }
}

/// GPUs of each pool that promised inference takes.
fn floors(site: &Site, truth: &Truth, mean: &Mean<'_>) -> Vec<f64> {
    let mut gpus = vec![0.0; site.gpu_pools.len()];
    for (service, (demand, floor)) in site.services.iter().zip(&truth.demand) {
        gpus[service.gpu_pool] += mean.of(|t| floor.at(t).min(demand.at(t)).max(0.0));
    }
    gpus
}

/// Power for jobs below each node: its mean limit and the supply below it, less what is
/// drawn there whatever is decided.
fn node_mw(
    site: &Site,
    truth: &Truth,
    mean: &Mean<'_>,
    factor: &[f64],
    floors: &[f64],
) -> Vec<f64> {
    let end = truth.grid.end_s(truth.grid.len() - 1);
    let nodes = site.tree.len();
    // What each node's own loads draw, and the supply at it.
    let (mut drawn, mut supply) = (vec![0.0; nodes], vec![0.0; nodes]);
    for (n, node) in site.tree.nodes().enumerate() {
        drawn[n] += node
            .hall
            .as_ref()
            .map_or(0.0, |hall| hall.fixed.as_megawatts());
    }
    for pool in &site.pools {
        let count = f64::from(pool.count.at(end));
        drawn[pool.node] += count * pool.sleep.as_megawatts() * factor[pool.node];
    }
    for (pool, floor) in site.gpu_pools.iter().zip(floors) {
        let idle = f64::from(pool.count.at(end)) * pool.idle.as_megawatts();
        let served = floor * (pool.running - pool.idle).as_megawatts();
        drawn[pool.node] += (idle + served) * factor[pool.node];
    }
    for (commitment, watts) in site.commitments.iter().zip(&truth.committed) {
        if let CommitmentKind::Hosting { node, .. } = &commitment.kind {
            let asked = |t: usize| match commitment.binds(truth.grid.start_s(t)) {
                true => watts.at(t) as f64 / 1e6,
                false => 0.0,
            };
            drawn[*node] += mean.of(asked) * factor[*node];
        }
    }
    for (block, truth) in site.supply.iter().zip(&truth.supply) {
        supply[block.node] += mean.of(|t| truth.available.at(t) as f64 / 1e6);
    }
    let below = |rows: &[f64], node: usize| -> f64 {
        let inside = |n: &usize| site.tree.path_to_root(*n).contains(&node);
        (0..nodes).filter(inside).map(|n| rows[n]).sum()
    };
    let limit = |n: usize| mean.of(|t| truth.limit[n].at(t) as f64 / 1e6);
    let mut all: Vec<f64> = (0..nodes)
        .map(|n| (limit(n) + below(&supply, n) - below(&drawn, n)).max(0.0))
        .collect();
    // The root's rating carries all load, whatever feeds it; and no more can be drawn than
    // there is.
    let (total, always) = (below(&supply, 0), below(&drawn, 0));
    let there = match &site.surplus_only {
        None => total - always,
        Some(_) => {
            let surplus = (site.supply.iter().zip(&truth.supply))
                .filter(|(block, _)| block.kind == SupplyKind::Surplus);
            let mw = surplus.map(|(_, s)| mean.of(|t| s.available.at(t) as f64 / 1e6));
            mw.sum()
        }
    };
    all[0] = (limit(0) - always).min(there).max(0.0);
    all
}

/// Length of the first step, s; so long that no ramp holds anything back across it.
fn first_step(site: &Site) -> i64 {
    let ramps = site.tree.nodes().flat_map(|node| {
        let limits = [node.ramp_up_per_minute, node.ramp_down_per_minute];
        limits.into_iter().flatten().map(|limit| {
            let minutes = node.usable().as_megawatts() / limit.as_megawatts();
            match minutes.is_finite() {
                true => (60.0 * minutes).ceil() as i64,
                false => STEP_MAX_S,
            }
        })
    });
    ramps.fold(STEP_S, i64::max).min(STEP_MAX_S)
}

/// Boundaries from `end` on until `latest` is passed.
fn boundaries(end: i64, latest: i64, first: i64) -> Vec<i64> {
    let mut all = vec![end];
    let mut at = end;
    while at < latest {
        let grown = (GROWTH * (at - end) as f64) as i64;
        at = at.saturating_add(first.max(grown));
        all.push(at);
    }
    all
}

/// Whether a step after the run outlasts every ramp of the site.
pub(crate) fn outlasts_ramps(site: &Site) -> bool {
    first_step(site) < STEP_MAX_S
}

//! Facility power of a dispatch at every node, from the site alone.
//!
//! Shares no code with the planner's inputs or market, so that it can check them.
//! Per node, in facility watts:
//!
//! ```text
//! load(n)   = all that draws below n: IT watts x marginal PUE of its hall + fixed overhead of halls
//! import(n) = own load + sum over children c of max(import(c), -export(c)) - own supply
//! limit     : import(n) <= usable(n); the root's bus carries load(root), whatever feeds it
//! ```
//! Ratings of halls at the IT side, and of nodes inside halls, are IT watts; they
//! are multiplied by the marginal PUE like the loads below them.

#[cfg(test)]
mod tests;

use swingload_model::TimeGrid;
use swingload_model::site::commitment::CommitmentKind;
use swingload_model::site::tree::RatedAt;
use swingload_model::site::{Amount, Site};
use swingload_model::units::Power;

use crate::dispatch::Dispatch;
use crate::outlook::Outlook;
use crate::state::JobState;

/// The site's tree, looked up once.
#[derive(Debug, Clone)]
pub struct Limits {
    parent: Vec<Option<usize>>,
    /// The hall at or above each node.
    hall: Vec<Option<usize>>,
}

/// Limits and prices of watts in one step; buffers are kept between steps.
#[derive(Debug, Clone, Default)]
pub struct StepLimits {
    /// Facility watts per IT watt at each node.
    pub pue: Vec<f64>,
    /// Most each node may import, facility W.
    pub limit: Vec<f64>,
    /// Supply expected at each node, W; zero at the root.
    supply: Vec<f64>,
    /// Load below each node, facility W.
    pub load: Vec<f64>,
    /// Net import of each node, facility W.
    pub import: Vec<f64>,
    /// Most the site may draw at its root beside its rating: what supply there, or a called
    /// event, leaves it, W; `None` for no more than the rating.
    pub(crate) root_import: Option<f64>,
}

impl Limits {
    /// Of a site.
    pub fn new(site: &Site) -> Self {
        let parent = (0..site.tree.len()).map(|n| site.tree.parent(n)).collect();
        let hall = (0..site.tree.len()).map(|n| {
            site.tree
                .path_to_root(n)
                .into_iter()
                .find(|a| site.tree.node(*a).hall.is_some())
        });
        Self {
            hall: hall.collect(),
            parent,
        }
    }

    /// Whether `node` lies at or below `above`.
    pub fn is_below(&self, node: usize, above: usize) -> bool {
        std::iter::successors(Some(node), |n| self.parent[*n]).any(|n| n == above)
    }

    /// Limits of the step `grid`, which begins now.
    pub(crate) fn prepare(
        &self,
        site: &Site,
        outlook: &dyn Outlook,
        grid: &TimeGrid,
        step: &mut StepLimits,
    ) {
        let n = self.parent.len();
        step.pue.clear();
        step.limit.clear();
        for node in 0..n {
            let pue = self.hall[node].map_or(1.0, |hall| {
                let hall = site
                    .tree
                    .node(hall)
                    .hall
                    .as_ref()
                    .expect("invariant: found as a hall");
                let temperature = hall
                    .temperature
                    .as_ref()
                    .map(|series| hottest(outlook, series, grid));
                hall.marginal_pue(temperature)
            });
            let own = site.tree.node(node);
            let usable = own.usable().get() as f64;
            step.limit.push(match (&own.hall, own.rated_at) {
                (Some(hall), RatedAt::It) => usable * pue + hall.fixed.get() as f64,
                (None, _) => usable * pue,
                (Some(_), RatedAt::Interconnect) => usable,
            });
            step.pue.push(pue);
        }
        step.root_import = None;
        step.supply.clear();
        step.supply.resize(n, 0.0);
        for block in site.supply.iter().filter(|s| s.node != 0) {
            step.supply[block.node] += amount(&block.available_mw, outlook, grid).max(0.0) * 1e6;
        }
    }

    /// Load and net import of every node under `dispatch`, with `more` IT watts on
    /// top at each node.
    pub(crate) fn measure(
        &self,
        site: &Site,
        now: i64,
        dispatch: &Dispatch,
        jobs: &[JobState],
        more: &[f64],
        step: &mut StepLimits,
    ) {
        step.load.clear();
        step.load.extend_from_slice(more);
        let mut draw = |node: usize, power: Power| step.load[node] += power.get() as f64;
        for (pool, blocks) in site.pools.iter().zip(&dispatch.pools) {
            let mut awake = 0;
            for at_point in blocks {
                for (point, devices) in pool.points.iter().zip(at_point) {
                    draw(pool.node, point.power * i64::from(*devices));
                    awake += devices;
                }
            }
            let asleep = pool.count.at(now).saturating_sub(awake);
            draw(pool.node, pool.sleep * i64::from(asleep));
        }
        for pool in &site.gpu_pools {
            draw(pool.node, pool.idle * i64::from(pool.count.at(now)));
        }
        let mut work = |pool: usize, gpus: u32| {
            let pool = &site.gpu_pools[pool];
            draw(pool.node, (pool.running - pool.idle) * i64::from(gpus));
        };
        for (service, gpus) in site.services.iter().zip(&dispatch.services) {
            work(service.gpu_pool, *gpus);
        }
        for (position, gpus) in &dispatch.jobs {
            work(jobs[*position].job.gpu_pool, *gpus);
        }
        for (commitment, power) in site.commitments.iter().zip(&dispatch.hosting) {
            if let CommitmentKind::Hosting { node, .. } = &commitment.kind {
                draw(*node, *power);
            }
        }
        self.sum_up(site, step);
    }

    /// From IT watts at each node to facility watts below it and its import.
    fn sum_up(&self, site: &Site, step: &mut StepLimits) {
        for node in 0..self.parent.len() {
            step.load[node] *= step.pue[node];
            if let Some(hall) = &site.tree.node(node).hall {
                step.load[node] += hall.fixed.get() as f64;
            }
        }
        step.import.clear();
        step.import
            .extend(step.load.iter().zip(&step.supply).map(|(l, s)| l - s));
        for node in (1..self.parent.len()).rev() {
            let above = self.parent[node].expect("invariant: only the first node has no parent");
            let export = site.tree.node(node).export.get() as f64;
            step.load[above] += step.load[node];
            step.import[above] += step.import[node].max(-export);
        }
    }
}

impl StepLimits {
    /// Counts on other supply than expected, W per node; at the root it is the most that may be
    /// drawn.
    pub(crate) fn set_supply(&mut self, watts: &[f64]) {
        self.supply.copy_from_slice(watts);
        self.supply[0] = 0.0;
        self.root_import = Some(watts[0]);
    }

    /// By how much the root is over its rating or what may be drawn there; negative below.
    pub(crate) fn over_at_root(&self) -> f64 {
        let drawn = self.root_import.map(|most| self.import[0] - most);
        (self.load[0] - self.limit[0]).max(drawn.unwrap_or(f64::NEG_INFINITY))
    }

    /// Gives a node up: nothing more can be taken off below it.
    pub(crate) fn give_up(&mut self, node: usize) {
        self.limit[node] = f64::INFINITY;
        if node == 0 {
            self.root_import = None;
        }
    }

    /// The node furthest over its limit less `reserve`, and by how many facility
    /// watts; watts below one are rounding.
    pub fn worst(&self, reserve: &[f64]) -> Option<(usize, f64)> {
        let over = |n: usize| {
            let over = match n {
                0 => self.over_at_root(),
                _ => self.import[n] - self.limit[n],
            };
            over + reserve.get(n).unwrap_or(&0.0)
        };
        (0..self.limit.len())
            .map(|n| (n, over(n)))
            .filter(|(_, excess)| *excess >= 1.0)
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
    }
}

/// Share of the distance from mean to P95 that lies beyond the P95 of [`hottest`].
const BEYOND_P95: f64 = 1.0;

/// Temperature that the first step of `grid` hardly exceeds: watts that keep a limit on
/// average break it every other step. For normal errors about one step in 2,000 is hotter.
fn hottest(outlook: &dyn Outlook, series: &str, grid: &TimeGrid) -> f64 {
    let mean = outlook.mean(series, grid)[0];
    let margin = outlook.quantile(series, grid, 95)[0] - mean;
    mean + (1.0 + BEYOND_P95) * margin.max(0.0)
}

/// An amount in the first step of `grid`.
pub(crate) fn amount(amount: &Amount, outlook: &dyn Outlook, grid: &TimeGrid) -> f64 {
    match amount {
        Amount::Constant(value) => *value,
        Amount::Series { series, scale } => outlook.mean(series, grid)[0] * scale,
    }
}

//! Jobs take power as soon as the step has room at a price they are worth.
//!
//! The rule of the gain scale's zero: in the order of their deadlines, each takes
//! what it can use at a marginal cost below its own value plus the penalty of
//! never being done, gangs whole. Jobs that run come before jobs that wait, so
//! that an earlier deadline does not throw away work in progress.

use super::{FIRM, JOB, Rules, gpu_mw};
use crate::build::Built;
use crate::market::{CostStep, EPSILON_MW, Market, Segment, Workspace};
use crate::policy::View;
use crate::queue::JobQueue;
use crate::state::JobState;

/// A step's market as jobs see it.
pub(super) struct JobMarket<'a> {
    pub(super) view: &'a View<'a>,
    pub(super) built: &'a Built,
    pub(super) market: &'a Market,
    /// Bids of hashing.
    pub(super) bids: &'a [Segment],
    pub(super) rules: &'a Rules<'a>,
    /// Facility MW left for jobs.
    pub(super) ai_left: f64,
}

/// What is left of a GPU pool's price curve.
#[derive(Default)]
struct Curve {
    steps: Vec<CostStep>,
    /// False when another pool took power since it was made.
    valid: bool,
}

impl Curve {
    /// Whether `mw` more are to be had below `top` per MWh.
    fn has(&self, mw: f64, top: f64) -> bool {
        let mut left = mw;
        for step in self.steps.iter().take_while(|s| s.cost < top) {
            left -= step.width;
            if left <= EPSILON_MW {
                return true;
            }
        }
        left <= EPSILON_MW
    }

    /// Takes the cheapest `mw` out.
    fn take(&mut self, mw: f64) {
        let mut left = mw;
        while left > 0.0 {
            let Some(first) = self.steps.first_mut() else {
                return;
            };
            let part = first.width.min(left);
            first.width -= part;
            left -= part;
            if first.width <= EPSILON_MW {
                self.steps.remove(0);
            }
        }
    }
}

impl JobMarket<'_> {
    /// Jobs that run in this step with their gangs, by position; their power is added to `fixed`.
    pub(super) fn place(
        mut self,
        fixed: &mut [f64],
        queue: &mut JobQueue,
        work: &mut Workspace,
        costs: &mut Vec<CostStep>,
    ) -> Vec<(usize, u32)> {
        let view = self.view;
        let mut curves: Vec<Curve> = view
            .setup
            .site
            .gpu_pools
            .iter()
            .map(|_| Curve::default())
            .collect();
        let mut placed = Vec::new();
        let may_start = |job: &JobState| job.job.release <= view.now && job.waits_for == 0;
        for rank in [Rank::Held, Rank::Running, Rank::Waiting] {
            queue.clear();
            for position in view.open.iter().copied() {
                let job = &view.jobs[position];
                if may_start(job) && Rank::of(view, job) == rank {
                    queue.push(position, &job.job);
                }
            }
            while let Some(position) = queue.pop() {
                if rank != Rank::Held && !(self.rules.may_run)(position) {
                    continue;
                }
                let job = &view.jobs[position];
                let pool = job.job.gpu_pool;
                if !curves[pool].valid {
                    self.price(pool, fixed, work, costs);
                    curves[pool].steps.clone_from(costs);
                    curves[pool].valid = true;
                }
                let each = gpu_mw(view, self.built, pool);
                let top = self.top(job, each, rank);
                let sizes = sizes(view, job);
                let fits = |gang: &&u32| {
                    let mw = f64::from(**gang) * each;
                    (rank == Rank::Held || mw <= self.ai_left + EPSILON_MW)
                        && curves[pool].has(mw, top)
                };
                if let Some(gang) = sizes.iter().find(fits).copied() {
                    let mw = f64::from(gang) * each;
                    curves[pool].take(mw);
                    fixed[self.built.gpu_node[pool]] += mw;
                    self.ai_left -= mw;
                    for (other, curve) in curves.iter_mut().enumerate() {
                        curve.valid &= other == pool;
                    }
                    placed.push((position, gang));
                }
            }
        }
        placed.sort_unstable();
        placed
    }

    /// The price of power at a GPU pool, given what jobs took so far.
    fn price(&self, pool: usize, fixed: &[f64], work: &mut Workspace, costs: &mut Vec<CostStep>) {
        self.market.clear(0, fixed, self.bids, work);
        let node = self.built.gpu_node[pool];
        let most = self.built.inputs.nodes[node].limit[0];
        self.market.residual(0, node, most, work, costs);
    }

    /// Most a job pays, currency per facility MWh.
    fn top(&self, job: &JobState, gpu_mw: f64, rank: Rank) -> f64 {
        if rank == Rank::Held {
            return 0.99 * FIRM;
        }
        if self.rules.ai_at_any_price {
            return JOB;
        }
        let per_gpu_hour = job.job.value_at(self.view.now) + job.job.unmet_penalty.as_units();
        per_gpu_hour / gpu_mw - self.built.inputs.job_adder[0]
    }
}

/// Who takes power first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rank {
    /// Runs, and not yet for its shortest stretch.
    Held,
    Running,
    Waiting,
}

impl Rank {
    fn of(view: &View<'_>, job: &JobState) -> Self {
        if job.gpus == 0 {
            Self::Waiting
        } else if view.now - job.since < job.job.min_runtime.get() {
            Self::Held
        } else {
            Self::Running
        }
    }
}

/// Gangs to try, best first: the smallest that does the work left within the step,
/// then larger to smaller; a running job keeps its gang unless a larger one soon
/// makes up for the restart.
fn sizes(view: &View<'_>, job: &JobState) -> Vec<u32> {
    let gangs = &job.job.gangs;
    let step = view.step.duration(0).get();
    let start = if job.gpus == 0 {
        job.job.restart.get()
    } else {
        0
    };
    let enough = |g: &u32| (step - start) * i64::from(*g) >= job.work_left;
    let largest = gangs.iter().position(enough).map_or(gangs.len(), |i| i + 1);
    let mut order: Vec<u32> = gangs[..largest].iter().rev().copied().collect();
    if job.gpus > 0 {
        let left = |gang: u32| job.work_left as f64 / f64::from(gang.max(1));
        let restart = (job.job.restart + job.job.checkpoint_cost).get() as f64;
        let worth_moving = |g: &u32| *g > job.gpus && left(job.gpus) > 2.0 * (restart + left(*g));
        order.retain(|g| *g < job.gpus || worth_moving(g));
        let at = order
            .iter()
            .position(|g| *g < job.gpus)
            .unwrap_or(order.len());
        order.insert(at, job.gpus);
    }
    order
}

//! One step decided by itself: what the rule-based policies share.
//!
//! A step is cleared twice on the market. First without jobs: what is left is the
//! price of power for jobs, and they take it one by one, gangs whole. Then with
//! the jobs fixed: inference and mining take the rest. Ranks are prices: a load
//! that runs whatever power costs bids more than power can cost. Devices, GPUs and
//! watts are counted last, and hashing gives way where ramps, called events or
//! rounding leave no room.

mod jobs;
pub(super) mod mining;
pub(super) mod price;

use swingload_model::Power;
use swingload_model::site::commitment::CommitmentKind;

use super::View;
use super::fit::{Fit, GiveWay, supply};
use crate::build::{Built, build};
use crate::controller::guard;
use crate::dispatch::{Dispatch, Repairs};
use crate::inputs::MUST_TAKE_VALUE;
use crate::market::{CostStep, Market, Owner, Workspace};
use crate::queue::JobQueue;

use jobs::JobMarket;
use mining::{Fleet, PoolRule, Settings};

/// Bid of what must be served, currency per MWh: below overheads, above all else.
const FIRM: f64 = 0.9 * MUST_TAKE_VALUE;
/// Bid of inference at any price.
const INFERENCE: f64 = 0.5 * MUST_TAKE_VALUE;
/// Bid of jobs at any price: they displace hashing, not inference.
const JOB: f64 = 0.45 * MUST_TAKE_VALUE;
/// Bid of devices that must stay awake: they displace other hashing at any price.
const HELD: f64 = 0.42 * MUST_TAKE_VALUE;
/// Bid of hashing at any price.
pub(super) const HASHING: f64 = 0.4 * MUST_TAKE_VALUE;

/// What a policy lays down for one step.
pub(super) struct Rules<'a> {
    /// Inference above its floor, and jobs, run whatever power costs.
    pub(super) ai_at_any_price: bool,
    /// Whether the job at a position may run in this step.
    pub(super) may_run: &'a dyn Fn(usize) -> bool,
    /// Per pool, how its devices run.
    pub(super) mining: &'a [PoolRule],
    /// Most facility power of all hashing above sleep, MW.
    pub(super) mining_mw: f64,
    /// Most facility power of all GPU work and hosting above idle, MW; what must be served comes first and in full.
    pub(super) ai_mw: f64,
}

/// Decides one step at a time; remembers only buffers, and when devices were woken.
#[derive(Debug, Default)]
pub(super) struct Myopic {
    work: Workspace,
    costs: Vec<CostStep>,
    queue: JobQueue,
    fit: Fit,
    fleet: Fleet,
}

impl Myopic {
    /// Set points for the step of `view` by `rules`.
    pub(super) fn decide(&mut self, view: &View<'_>, rules: &Rules<'_>) -> Dispatch {
        let mut built = build(
            view.setup,
            view.outlook,
            view.state,
            view.jobs,
            &[],
            view.step,
        );
        let offers = mining::offers(view, &mut built, rules.mining);
        let ai_left = rank_loads(view, &mut built, rules);
        let market = Market::new(&built.inputs);
        let mut fixed = vec![0.0; built.inputs.nodes.len()];

        // What hashing bids against jobs is its worth: devices that must stay on give way to a gang.
        let bids = mining::segments(&offers, rules.mining_mw, None);
        let jobs = JobMarket {
            view,
            built: &built,
            market: &market,
            bids: &bids,
            rules,
            ai_left,
        }
        .place(&mut fixed, &mut self.queue, &mut self.work, &mut self.costs);

        let mut leaving = vec![0.0; view.setup.site.tree.len()];
        guard::add_checkpoint_power(view, &jobs, &mut leaving);
        for (node, watts) in leaving.iter().enumerate() {
            fixed[node] += watts / 1e6 * built.inputs.nodes[node].factor[0];
        }
        let bids = mining::segments(&offers, rules.mining_mw, Some(HELD));
        market.clear(0, &fixed, &bids, &mut self.work);
        let mut stacks = vec![0.0; built.inputs.stacks.len()];
        let mut pools = vec![0.0; offers.len()];
        for (segment, taken) in Market::outcome(&self.work) {
            match segment.owner {
                Owner::Stack(s, _) => stacks[s as usize] += taken,
                Owner::Pool(p) => pools[p as usize] += taken,
                _ => {}
            }
        }
        market.residual(0, 0, 1.0, &mut self.work, &mut self.costs);
        let marginal_value = self.costs.first().map(|c| c.cost);

        let mut dispatch = Dispatch {
            pools: self.fleet.devices(view, &offers, &pools),
            services: services(view, &built, &stacks),
            hosting: hosting(view, &built, &stacks),
            jobs,
            reasons: Vec::new(),
            marginal_value,
            proof: None,
            repairs: Repairs::default(),
        };
        let way = GiveWay {
            underclock: rules.mining.iter().any(|r| r.settings == Settings::All),
            called: true,
            ai: rules.ai_at_any_price,
        };
        let supply = supply(&view.setup.site, &built, 0);
        self.fit.fit(view, &supply, way, &mut dispatch);
        dispatch
    }
}

/// Puts what must be served above everything, in whole replicas, and, where the
/// rules say so, inference above any price; returns the GPU power left for jobs, MW.
fn rank_loads(view: &View<'_>, built: &mut Built, rules: &Rules<'_>) -> f64 {
    let site = &view.setup.site;
    for (v, service) in site.services.iter().enumerate() {
        let gpu = gpu_mw(view, built, service.gpu_pool);
        let replica = gpu * f64::from(service.gpus_per_replica);
        let tiers = &mut built.inputs.stacks[built.service[v]].tiers;
        let mut rounded = 0.0;
        for tier in tiers.iter_mut() {
            if tier.must_serve {
                let whole = (tier.mw[0] / replica - 1e-9).ceil() * replica;
                rounded += whole - tier.mw[0];
                tier.mw[0] = whole;
            } else {
                // What the last replica of the floor serves beyond it.
                let part = rounded.min(tier.mw[0]);
                tier.mw[0] -= part;
                rounded -= part;
            }
        }
    }
    let stacks = built
        .service
        .iter()
        .copied()
        .chain(built.hosting.iter().flatten().copied());
    let mut left = rules.ai_mw;
    let stacks: Vec<usize> = stacks.collect();
    for firm in [true, false] {
        for s in &stacks {
            for tier in &mut built.inputs.stacks[*s].tiers {
                if tier.must_serve != firm {
                    continue;
                }
                if firm {
                    tier.value[0] = tier.value[0].max(FIRM);
                } else {
                    tier.mw[0] = tier.mw[0].min(left.max(0.0));
                    if rules.ai_at_any_price {
                        tier.value[0] = INFERENCE;
                    }
                }
                left -= tier.mw[0];
            }
        }
    }
    left
}

/// Facility MW of a GPU at work above idle.
fn gpu_mw(view: &View<'_>, built: &Built, gpu_pool: usize) -> f64 {
    let pool = &view.setup.site.gpu_pools[gpu_pool];
    let factor = built.inputs.nodes[built.gpu_node[gpu_pool]].factor[0];
    (pool.running - pool.idle).as_megawatts() * factor
}

/// GPUs of each service, whole replicas, rounded down.
fn services(view: &View<'_>, built: &Built, stacks: &[f64]) -> Vec<u32> {
    let all = view.setup.site.services.iter().enumerate();
    all.map(|(v, service)| {
        let gpus = stacks[built.service[v]] / gpu_mw(view, built, service.gpu_pool);
        let replicas = (gpus / f64::from(service.gpus_per_replica) + 1e-6).floor();
        replicas.max(0.0) as u32 * service.gpus_per_replica
    })
    .collect()
}

/// IT power of each hosting commitment, rounded down to the watt.
fn hosting(view: &View<'_>, built: &Built, stacks: &[f64]) -> Vec<Power> {
    let all = view.setup.site.commitments.iter().enumerate();
    all.map(
        |(c, commitment)| match (&commitment.kind, built.hosting[c]) {
            (CommitmentKind::Hosting { node, .. }, Some(stack)) => {
                let factor = built.inputs.nodes[*node].factor[0];
                Power::new((stacks[stack] / factor * 1e6 + 1e-3).floor() as i64)
            }
            _ => Power::ZERO,
        },
    )
    .collect()
}

/// Rules without caps on power, with pools that run as `mining` says.
pub(super) fn uncapped<'a>(
    mining: &'a [PoolRule],
    ai_at_any_price: bool,
    may_run: &'a dyn Fn(usize) -> bool,
) -> Rules<'a> {
    Rules {
        ai_at_any_price,
        may_run,
        mining,
        mining_mw: f64::INFINITY,
        ai_mw: f64::INFINITY,
    }
}

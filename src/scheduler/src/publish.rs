//! From the planner's result to the plan that is shown, stored and dispatched.
//!
//! The planner counts facility MW in `f64`; a [`Plan`] holds whole watts and stable
//! names. Watts are rounded down in this one place, so that limits hold, and supply is
//! split so that it adds up to the loads exactly.

mod digest;
mod jobs;
mod limits;
mod powers;
mod shortfalls;
#[cfg(test)]
mod tests;

use swingload_model::breakeven::{HashingStep, PoolBreakeven, breakeven};
use swingload_model::plan::{
    Certificate, Engine, Flip, MarginalValues, PLAN_VERSION, Plan, Reason, ShedRung, Wait,
};
use swingload_model::site::{MinerPool, Site};
use swingload_model::units::{EnergyPrice, Hashprice};

use crate::build::{Built, PoolPlace};
use crate::dispatch::{DispatchReason, LoadRef};
use crate::evaluate::StepOutcome;
use crate::explain::{flips, millionths, parts, reasons, wait};
use crate::inputs::MUST_TAKE_VALUE;
use crate::plan::Planned;
use crate::shed::ladder;
use crate::state::JobState;

pub use digest::sha256;

/// Plans made to find where one change turns a decision, at most.
const REPLANS: usize = 24;

/// Hours a shed is expected to last: what a stop costs once is spread over them.
pub(crate) const SHED_HOURS: f64 = 1.0;

/// What a plan was made for.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// The site.
    pub site: &'a Site,
    /// The controller's list of jobs, which the inputs' jobs are of.
    pub jobs: &'a [JobState],
    /// Number of the plan.
    pub number: u64,
    /// Who planned.
    pub engine: Engine,
    /// Decisions of the first step whose flips are published: pools,
    /// services and hosting first, then jobs by the smallest margin. Each takes some
    /// dozens of plans like this one, which must be of a known [`Planned::budget`].
    pub flips: usize,
}

/// Why a result is no plan to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Value, bound or the value of running as soon as possible is missing.
    #[error("the plan carries no certificate: it was made without a bound, or without asap")]
    NotCertified,
    /// Money or a price that cannot be counted.
    #[error(
        "the plan's money passes what is counted, 9.2e12 of its currency: one of its inputs is out of all proportion"
    )]
    Overflow,
    /// What would turn a decision is found by making the plan again.
    #[error("what would turn a decision cannot be told: no budget makes this plan again")]
    NotRepeatable,
}

/// The plan with everything that can be said of it. Same result, same plan.
///
/// # Errors
/// [`Error::NotCertified`] for a result of a budget without bound or asap;
/// [`Error::NotRepeatable`] where flips are asked of a plan that no budget makes again.
pub fn publish(occasion: &Occasion<'_>, built: &Built, planned: &Planned) -> Result<Plan, Error> {
    let (site, inputs) = (occasion.site, &built.inputs);
    let certificate =
        Certificate::new(planned.value(), planned.bound, planned.asap, built.constant);
    let certified = planned.bound.is_finite() && planned.asap.is_finite();
    let certificate = certificate.ok_or(match certified {
        true => Error::Overflow,
        false => Error::NotCertified,
    })?;
    let outcomes = planned.outcomes(inputs);
    let loads = powers::loads(occasion, built, planned, &outcomes);
    let supply = powers::supply(site, inputs, &outcomes, &loads).ok_or(Error::Overflow)?;
    let impossible = jobs::impossible(occasion, built);
    Ok(Plan {
        version: PLAN_VERSION,
        number: occasion.number,
        engine: occasion.engine,
        site: site.name.clone(),
        currency: site.currency.clone(),
        time_zone: site.time_zone.clone(),
        inputs_sha256: sha256(built),
        at: inputs.grid.start(0),
        grid: inputs.grid.clone(),
        certificate,
        loads,
        jobs: jobs::jobs(occasion, built, planned, &impossible),
        impossible: impossible.into_iter().map(|(_, work)| work).collect(),
        supply,
        shortfalls: shortfalls::shortfalls(built, planned, &outcomes),
        limits: limits::limits(site, built, planned, &outcomes),
        shed_ladder: shed(occasion, built, planned).ok_or(Error::Overflow)?,
        marginal_values: marginal_values(built, &outcomes),
        breakeven: breakevens(site, built),
        reasons: why(occasion, built, planned, &outcomes)?,
        notes: Vec::new(),
    })
}

fn shed(occasion: &Occasion<'_>, built: &Built, planned: &Planned) -> Option<Vec<ShedRung>> {
    ladder(occasion.site, occasion.jobs, built, planned, SHED_HOURS)
}

/// Break-even of each miner pool, in the first step and over the plan.
fn breakevens(site: &Site, built: &Built) -> Vec<PoolBreakeven> {
    let (grid, hashing) = (&built.inputs.grid, &built.hashing);
    let of_pool = |(p, pool): (usize, &MinerPool)| {
        let step = |t: usize| {
            Some(HashingStep {
                hours: grid.hours(t),
                hashprice: Hashprice::new(hashing.hashprice[t])?,
                heat: hashing.heat[p][t],
                pue: built.inputs.nodes[pool.node].factor[t],
                charges: hashing.charges[t],
            })
        };
        let steps: Vec<HashingStep> = (0..grid.len()).filter_map(step).collect();
        breakeven(pool, &steps)
    };
    site.pools.iter().enumerate().map(of_pool).collect()
}

/// Price of one more MWh at each node.
fn marginal_values(built: &Built, outcomes: &[StepOutcome]) -> Vec<MarginalValues> {
    let node = |n: usize| MarginalValues {
        node: built.inputs.nodes[n].id.clone(),
        per_mwh: outcomes.iter().map(|o| price(o.marginal[n])).collect(),
    };
    (0..built.inputs.nodes.len()).map(node).collect()
}

/// A price of power; none where only must-take load could give it up.
fn price(per_mwh: f64) -> Option<EnergyPrice> {
    Some(per_mwh)
        .filter(|price| *price < MUST_TAKE_VALUE / 2.0)
        .and_then(EnergyPrice::checked)
}

/// Reasons of the first step, with what would turn those that are asked about.
fn why(
    occasion: &Occasion<'_>,
    built: &Built,
    planned: &Planned,
    outcomes: &[StepOutcome],
) -> Result<Vec<Reason>, Error> {
    let reasons = reasons(built, planned);
    let mut order: Vec<usize> = (0..reasons.len()).collect();
    order.sort_by(|a, b| {
        let rank = |k: &usize| {
            let reason = &reasons[*k];
            (matches!(reason.load, LoadRef::Job(_)), reason.margin.abs())
        };
        let (a, b) = (rank(a), rank(b));
        a.0.cmp(&b.0).then(if a.0 {
            a.1.total_cmp(&b.1)
        } else {
            std::cmp::Ordering::Equal
        })
    });
    order.truncate(occasion.flips);
    let asked: Vec<DispatchReason> = order.iter().map(|k| reasons[*k].clone()).collect();
    let mut of = vec![Vec::new(); reasons.len()];
    let found = match asked.is_empty() {
        true => Vec::new(),
        false => flips(built, planned, &reasons, &asked, REPLANS).ok_or(Error::NotRepeatable)?,
    };
    for (k, flips) in order.into_iter().zip(found) {
        of[k] = flips;
    }
    let reasons = reasons.iter().zip(of);
    Ok(reasons
        .map(|(reason, flips)| Reason {
            price_parts: node_of(built, reason.load)
                .map(|node| parts(built, planned, node, reason.price))
                .unwrap_or_default(),
            wait: waits(occasion, built, planned, outcomes, reason),
            ..published_reason(occasion, reason, flips)
        })
        .collect())
}

/// Node of the inputs that a load hangs at.
fn node_of(built: &Built, load: LoadRef) -> Option<usize> {
    let inputs = &built.inputs;
    Some(match load {
        LoadRef::Pool(p) => match built.pool[p] {
            PoolPlace::Pool(m) => inputs.pools[m].node,
            PoolPlace::Stack(s) => inputs.stacks[s].node,
        },
        LoadRef::Service(v) => inputs.stacks[built.service[v]].node,
        LoadRef::Hosting(c) => inputs.stacks[built.hosting[c]?].node,
        LoadRef::Job(position) => {
            let k = built.job.iter().position(|p| *p == position)?;
            inputs.jobs[k].node
        }
        LoadRef::Overhead => return None,
    })
}

/// What a job waits for.
fn waits(
    occasion: &Occasion<'_>,
    built: &Built,
    planned: &Planned,
    outcomes: &[StepOutcome],
    reason: &DispatchReason,
) -> Option<Wait> {
    let LoadRef::Job(position) = reason.load else {
        return None;
    };
    let k = built.job.iter().position(|p| *p == position)?;
    let release = occasion.jobs[position].job.release;
    wait(built, planned, outcomes, k, reason.code, release)
}

/// A decision's reason under the names people know, without the parts of its price.
fn published_reason(occasion: &Occasion<'_>, reason: &DispatchReason, flips: Vec<Flip>) -> Reason {
    let name = |load| name(occasion, load);
    Reason {
        step: 0,
        load: name(reason.load),
        code: reason.code,
        value_per_mwh: millionths(reason.value),
        price_per_mwh: reason.price.is_finite().then(|| millionths(reason.price)),
        price_parts: Vec::new(),
        wait: None,
        runner_up: reason.runner_up.map_or_else(String::new, name),
        margin_per_mwh: millionths(reason.margin),
        flips,
    }
}

/// The name people know a load by.
fn name(occasion: &Occasion<'_>, load: LoadRef) -> String {
    let site = occasion.site;
    match load {
        LoadRef::Pool(p) => site.pools[p].id.clone(),
        LoadRef::Service(v) => site.services[v].id.clone(),
        LoadRef::Hosting(c) => site.commitments[c].id.clone(),
        LoadRef::Job(j) => occasion.jobs[j].job.id.clone(),
        LoadRef::Overhead => "overhead".to_owned(),
    }
}

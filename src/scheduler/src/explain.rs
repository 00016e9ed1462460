//! Reasons: why each load does what it does in the first step, and what came second.
//!
//! Everything is compared in currency per facility MWh at the load: what the use
//! earns against the price of one more MWh at its node.

use swingload_model::plan::ReasonCode;

use crate::build::{Built, PoolPlace};
use crate::dispatch::{DispatchReason, LoadRef};
use crate::plan::Planned;

/// Power below which a load counts as off, MW.
const OFF: f64 = 1e-6;

/// A load's standing in the step.
struct Standing {
    load: LoadRef,
    node: usize,
    /// What its last running, or first idle, MWh earns.
    value: f64,
    drawn: f64,
    wanted: f64,
    must_serve: bool,
    /// Set where the code does not follow from value and price.
    code: Option<ReasonCode>,
}

/// Reasons of the plan's first step, one per load that draws or could draw.
pub fn reasons(built: &Built, planned: &Planned) -> Vec<DispatchReason> {
    let standings = standings(built, planned);
    let price_at = |node: usize| planned.first.marginal[node];
    let root = price_at(0);
    // Who would take freed power first, and who would give power up first. Jobs that
    // wait by choice, and loads that may not run, want none of it.
    let next = best(
        standings
            .iter()
            .filter(|s| s.drawn < s.wanted - OFF && s.code.is_none()),
        |s| s.value,
    );
    let last = best(
        standings.iter().filter(|s| s.drawn > OFF && !s.must_serve),
        |s| -s.value,
    );
    standings
        .iter()
        .map(|s| {
            let price = price_at(s.node);
            let runs = s.drawn > OFF;
            let rival = if runs { next } else { last }
                .filter(|r| r.load != s.load && (runs || s.code.is_none()));
            let against = rival.map_or(price, |r| r.value);
            DispatchReason {
                load: s.load,
                code: s.code.unwrap_or_else(|| code(s, price, root)),
                value: s.value,
                price,
                runner_up: rival.map(|r| r.load),
                margin: match (runs, s.code) {
                    (true, _) => s.value - against.max(price.min(s.value)),
                    (false, None) => against.max(price) - s.value,
                    // It was held against other steps, not against other loads of this one.
                    (false, Some(_)) => 0.0,
                },
            }
        })
        .collect()
}

fn best<'s>(
    standings: impl Iterator<Item = &'s Standing>,
    key: impl Fn(&Standing) -> f64,
) -> Option<&'s Standing> {
    standings.max_by(|a, b| key(a).total_cmp(&key(b)))
}

/// The code that follows from what a load draws, earns and pays.
fn code(s: &Standing, price: f64, root: f64) -> ReasonCode {
    let pays = s.value >= price - 1e-6;
    let full = s.drawn >= s.wanted - OFF;
    match (s.drawn > OFF, full) {
        (true, _) if s.must_serve => ReasonCode::MustServe,
        (true, true) if pays => ReasonCode::Profitable,
        (true, false) => ReasonCode::Marginal,
        (true, true) => ReasonCode::Committed,
        // It would pay at the root's price: a limit below it stands in the way.
        (false, _) if s.value > root + 1e-6 && price > root + 1e-6 => ReasonCode::LimitBinding,
        (false, _) if pays => ReasonCode::Committed,
        (false, _) => ReasonCode::Unprofitable,
    }
}

fn standings(built: &Built, planned: &Planned) -> Vec<Standing> {
    let inputs = &built.inputs;
    let first = &planned.first;
    let mut all = Vec::new();
    let stack = |load: LoadRef, s: usize, all: &mut Vec<Standing>| {
        let tiers = &inputs.stacks[s].tiers;
        let drawn: f64 = first.power.stacks[s];
        let wanted: f64 = tiers.iter().map(|t| t.mw[0]).sum();
        // The tier at the margin: the last one served, or the first when nothing is.
        let at = (0..tiers.len())
            .rev()
            .find(|i| first.tiers[s][*i] > OFF)
            .unwrap_or(0);
        if wanted > OFF {
            let firm = drawn
                <= tiers
                    .iter()
                    .filter(|t| t.must_serve)
                    .map(|t| t.mw[0])
                    .sum::<f64>()
                    + OFF;
            let value = tiers.get(at).map_or(0.0, |t| t.value[0]);
            all.push(Standing {
                load,
                node: inputs.stacks[s].node,
                value,
                drawn,
                wanted,
                must_serve: firm && tiers[at].must_serve,
                code: None,
            });
        }
    };
    for (p, place) in built.pool.iter().enumerate() {
        match place {
            PoolPlace::Stack(s) => stack(LoadRef::Pool(p), *s, &mut all),
            PoolPlace::Pool(m) => all.push(pool(built, planned, p, *m)),
        }
    }
    built
        .service
        .iter()
        .enumerate()
        .for_each(|(v, s)| stack(LoadRef::Service(v), *s, &mut all));
    for (c, s) in built.hosting.iter().enumerate() {
        if let Some(s) = s {
            stack(LoadRef::Hosting(c), *s, &mut all);
        }
    }
    for (k, job) in inputs.jobs.iter().enumerate() {
        let gpu_mw = job.gpu_mw * inputs.nodes[job.node].factor[0];
        let drawn = first.power.jobs[k] * gpu_mw;
        let later = planned.schedule.jobs[k].iter().any(|run| run.step > 0)
            || planned.schedule.beyond[k] > 0.0;
        let code = match (drawn > OFF, later) {
            (true, _) => None,
            (false, true) => Some(ReasonCode::Deferred),
            (false, false) if !job.after.is_empty() => Some(ReasonCode::NotEligible),
            (false, false) => Some(ReasonCode::Unprofitable),
        };
        all.push(Standing {
            load: LoadRef::Job(built.job[k]),
            node: job.node,
            value: (job.value_in(&inputs.grid, 0) + job.unmet) / gpu_mw - inputs.job_adder[0],
            drawn,
            wanted: if drawn > OFF {
                drawn
            } else {
                job.gangs.max() * gpu_mw
            },
            must_serve: false,
            code,
        });
    }
    all
}

fn pool(built: &Built, planned: &Planned, p: usize, m: usize) -> Standing {
    let pool = &built.inputs.pools[m];
    let factor = built.inputs.nodes[pool.node].factor[0];
    let devices: f64 = pool.blocks.iter().map(|b| b.devices).sum();
    let (top, bottom) = (pool.points[pool.points.len() - 1], pool.points[0]);
    let drawn: f64 = planned.first.power.blocks[m].iter().sum();
    let wanted = top.0 * factor * devices * pool.scale[0];
    // Idle devices would begin at their lowest, most efficient setting.
    let point = if drawn > OFF { top } else { bottom };
    Standing {
        load: LoadRef::Pool(p),
        node: pool.node,
        value: point.1 * pool.revenue[0] / (point.0 * factor) - pool.adder[0],
        drawn,
        wanted,
        must_serve: false,
        code: (pool.scale[0] <= 0.0 || pool.revenue[0] <= 0.0).then_some(ReasonCode::Heat),
    }
}

//! Are the figures of the reasons those of the step? Everything is worked out anew from the
//! step's powers and the inputs.
//!
//! Taken from the plan are what ramps hold and their multipliers.

use swingload_model::plan::ReasonCode;

use super::{Found, Rule, Violation};
use crate::build::{Built, PoolPlace};
use crate::dispatch::{DispatchReason, LoadRef};
use crate::inputs::{Gangs, PlanInputs};
use crate::plan::Planned;
use crate::ramp::RampedLoad;

/// Power that counts as none, MW.
const NONE: f64 = 1e-6;

/// Error of a worth that is rounding, as a share of it.
const ROUNDING: f64 = 1e-6;

/// What reasons of the plan's first step say that is not so; amounts in currency per MWh, 1
/// for a code or runner-up that does not fit.
pub fn check_reasons(
    built: &Built,
    planned: &Planned,
    reasons: &[DispatchReason],
) -> Vec<Violation> {
    let step = Step::new(built, planned);
    let sides: Vec<Option<Side>> = reasons.iter().map(|r| step.side(r.load)).collect();
    let mut found = Found::default();
    for (reason, side) in reasons.iter().zip(&sides) {
        let mut is = |figure: &str, told: f64, true_one: f64| {
            if !same(told, true_one) {
                let what = format!("{figure} of {:?}", reason.load);
                let amount = (told - true_one).abs();
                found.add(Rule::Reason, what, Some(0), amount);
            }
        };
        let Some(side) = side else {
            is("load", 1.0, 0.0);
            continue;
        };
        is("value", reason.value, side.value());
        is("price", reason.price, step.price(side.node));
        is("margin", reason.margin, margin(reason, side));
        is("code", f64::from(u8::from(fits(reason, side))), 1.0);
        let bid = |(r, s): (&DispatchReason, &Option<Side>)| {
            let other = r.load != reason.load && has_rivals(reason, side);
            bid(reason, side, r, s.as_ref()?).filter(|_| other)
        };
        let others = || reasons.iter().zip(&sides);
        let told = others().find(|(r, _)| Some(r.load) == reason.runner_up);
        let none = f64::NEG_INFINITY;
        let told = match reason.runner_up {
            None => none,
            Some(_) => told.and_then(bid).unwrap_or(f64::INFINITY),
        };
        let best = others().filter_map(bid).fold(none, f64::max);
        is("runner-up", told, best);
    }
    found.0
}

fn same(a: f64, b: f64) -> bool {
    let near = (a - b).abs() <= ROUNDING * (1.0 + a.abs().max(b.abs()));
    a == b || (a.is_finite() && b.is_finite() && near)
}

/// Whether something else than the step's price decided, so that nobody was outbid.
fn is_kept(code: ReasonCode) -> bool {
    matches!(
        code,
        ReasonCode::Deferred
            | ReasonCode::NotEligible
            | ReasonCode::NotReleased
            | ReasonCode::WaitsForJob
            | ReasonCode::NoGpus
            | ReasonCode::NoPower
            | ReasonCode::Done
            | ReasonCode::RampLimited
            | ReasonCode::Heat
    )
}

fn has_rivals(reason: &DispatchReason, side: &Side) -> bool {
    !is_kept(reason.code) && (side.runs() || reason.code != ReasonCode::Committed)
}

/// How far the price would have to move.
fn margin(reason: &DispatchReason, side: &Side) -> f64 {
    let above = if side.runs() {
        side.value() - reason.price
    } else {
        reason.price - side.value()
    };
    if reason.code == ReasonCode::Marginal || is_kept(reason.code) || !above.is_finite() {
        0.0
    } else {
        above
    }
}

/// Whether the code can be so of a load that stands like this.
fn fits(reason: &DispatchReason, side: &Side) -> bool {
    let even = ROUNDING * (1.0 + reason.price.abs().min(1e9) + side.value().abs());
    let above = side.value() >= reason.price - even;
    match reason.code {
        ReasonCode::MustServe => side.runs(),
        ReasonCode::Profitable => side.runs() && (above || reason.price.is_infinite()),
        ReasonCode::Marginal => side.runs() && !side.is_full(),
        ReasonCode::Unprofitable => !side.runs() && side.value() <= reason.price + even,
        ReasonCode::Deferred
        | ReasonCode::NotEligible
        | ReasonCode::NotReleased
        | ReasonCode::WaitsForJob
        | ReasonCode::NoGpus
        | ReasonCode::NoPower
        | ReasonCode::LimitBinding
        | ReasonCode::Heat => !side.runs(),
        ReasonCode::Committed => side.runs() || above,
        ReasonCode::RampLimited => !side.is_full() || side.runs(),
        ReasonCode::Done => false,
    }
}

/// How good a runner-up another load is, the better the higher: for a load that runs one
/// that would take its power next, for an idle one who holds power and would give it up
/// first; `None` where it would do neither.
fn bid(reason: &DispatchReason, side: &Side, other: &DispatchReason, its: &Side) -> Option<f64> {
    let even = ROUNDING * (1.0 + reason.price.abs().min(1e9));
    if side.runs() {
        let takes = matches!(other.code, ReasonCode::Unprofitable | ReasonCode::Marginal);
        let worth = its.next.or(its.last)?;
        (takes && !its.is_full() && worth <= reason.price + even).then_some(worth)
    } else {
        let holds = matches!(other.code, ReasonCode::Profitable | ReasonCode::Marginal);
        (holds && its.runs() && its.value() >= reason.price - even).then(|| -its.value())
    }
}

/// Where a load stands in the step: MW, and currency per facility MWh.
struct Side {
    node: usize,
    drawn: f64,
    wanted: f64,
    /// What its last running MWh earns.
    last: Option<f64>,
    /// What its next idle one would earn.
    next: Option<f64>,
    /// Whether all it draws must be served, runs in whole gangs, or at the lowest setting.
    fixed: bool,
}

impl Side {
    fn runs(&self) -> bool {
        self.drawn > NONE
    }

    fn is_full(&self) -> bool {
        self.drawn >= self.wanted - NONE
    }

    fn value(&self) -> f64 {
        self.last.or(self.next).unwrap_or(0.0)
    }
}

/// The first step as the plan says it runs.
struct Step<'a> {
    built: &'a Built,
    inputs: &'a PlanInputs,
    planned: &'a Planned,
    /// Per node, all load below it, and its net import; MW.
    load: Vec<f64>,
    import: Vec<f64>,
}

impl<'a> Step<'a> {
    fn new(built: &'a Built, planned: &'a Planned) -> Self {
        let inputs = &built.inputs;
        let first = &planned.first;
        let stacks = inputs.stacks.iter().zip(&first.tiers);
        let stacks = stacks.map(|(stack, served)| (stack.node, served.iter().sum()));
        let pools = inputs.pools.iter().zip(&first.power.blocks);
        let pools = pools.map(|(pool, drawn)| (pool.node, drawn.iter().sum()));
        let jobs = inputs.jobs.iter().zip(&first.power.jobs);
        let jobs = jobs.map(|(j, gpus)| (j.node, gpus * j.gpu_mw * inputs.nodes[j.node].factor[0]));
        let load = below(inputs, stacks.chain(pools).chain(jobs));
        let supplies = inputs.supplies.iter().zip(&first.supply);
        let supply = below(inputs, supplies.map(|(s, mw)| (s.node, *mw)));
        let import = load.iter().zip(&supply).map(|(l, s)| l - s).collect();
        Self {
            built,
            inputs,
            planned,
            load,
            import,
        }
    }

    fn side(&self, load: LoadRef) -> Option<Side> {
        match load {
            LoadRef::Pool(p) => match *self.built.pool.get(p)? {
                PoolPlace::Pool(m) => Some(self.pool(m)),
                PoolPlace::Stack(s) => Some(self.stack(s)),
            },
            LoadRef::Service(v) => self.built.service.get(v).map(|s| self.stack(*s)),
            LoadRef::Hosting(c) => Some(self.stack((*self.built.hosting.get(c)?)?)),
            LoadRef::Job(position) => {
                let k = self.built.job.iter().position(|p| *p == position);
                k.map(|k| self.job(k))
            }
            LoadRef::Overhead => None,
        }
    }

    fn stack(&self, s: usize) -> Side {
        let stack = &self.inputs.stacks[s];
        let (mut last, mut next, mut firm) = (None::<f64>, None::<f64>, true);
        for (tier, served) in stack.tiers.iter().zip(&self.planned.first.tiers[s]) {
            let value = tier.value[0];
            // Given up from below, taken up from above, whatever stands on what.
            if *served > NONE {
                last = Some(last.map_or(value, |least| least.min(value)));
            }
            if *served < tier.mw[0] - NONE {
                next = Some(next.map_or(value, |most| most.max(value)));
            }
            firm &= if tier.must_serve {
                *served >= tier.mw[0] - NONE
            } else {
                *served <= NONE
            };
        }
        Side {
            node: stack.node,
            drawn: self.planned.first.tiers[s].iter().sum(),
            wanted: stack.tiers.iter().map(|t| t.mw[0]).sum(),
            last,
            next,
            fixed: firm,
        }
    }

    fn job(&self, k: usize) -> Side {
        let job = &self.inputs.jobs[k];
        let gpu_mw = job.gpu_mw * self.inputs.nodes[job.node].factor[0];
        let late = (self.inputs.grid.start_s(0) - job.deadline).max(0) as f64 / 3600.0;
        let per_hour = (job.value - job.late_per_hour * late).max(0.0) + job.unmet;
        let worth = per_hour / gpu_mw - self.inputs.job_adder[0];
        let drawn = self.planned.first.power.jobs[k] * gpu_mw;
        let most = match &job.gangs {
            Gangs::Divisible(most) => *most,
            Gangs::Sizes(sizes) => sizes.iter().copied().max().map_or(0.0, f64::from),
        };
        Side {
            node: job.node,
            drawn,
            wanted: if drawn > NONE { drawn } else { most * gpu_mw },
            last: (drawn > NONE).then_some(worth),
            next: Some(worth),
            fixed: true,
        }
    }

    /// Miners share what their pool draws; one more or less moves them along the best mix
    /// of their settings.
    fn pool(&self, m: usize) -> Side {
        let pool = &self.inputs.pools[m];
        let factor = self.inputs.nodes[pool.node].factor[0];
        let all: f64 = pool.blocks.iter().map(|b| b.devices).sum();
        let on = pool.blocks.iter().zip(&self.planned.schedule.on[m]);
        let awake: f64 = on.filter(|(_, p)| p[0]).map(|(b, _)| b.devices).sum();
        let drawn: f64 = self.planned.first.power.blocks[m].iter().sum();
        let running = pool.scale[0] * factor;
        let (lowest, top) = (pool.points[0], pool.points[pool.points.len() - 1]);
        let worth = |mw: f64, ph: f64| ph * pool.revenue[0] / (mw * factor) - pool.adder[0];
        let woken = pool.points.iter().map(|(mw, ph)| worth(*mw, *ph));
        let woken = woken.fold(f64::NEG_INFINITY, f64::max);
        let (mut last, mut next) = (None, Some(woken));
        if drawn > NONE {
            let mw = drawn / (awake * running);
            // Rounding must not carry a device over a setting.
            let near = |p: &&(f64, f64)| (p.0 - mw).abs() <= 1e-6 * lowest.0;
            let mw = pool.points.iter().find(near).map_or(mw, |p| p.0);
            let little = 1e-5 * lowest.0;
            let at = mix(&pool.points, mw);
            let slope = |other: f64| {
                let more = mix(&pool.points, other);
                worth(mw - other, at - more)
            };
            last = Some(if mw > lowest.0 {
                slope((mw - little).max(lowest.0))
            } else {
                worth(lowest.0, lowest.1)
            });
            let more = (mw < top.0).then(|| slope((mw + little).min(top.0)));
            let sleeping = (awake < all - 1e-9).then_some(woken);
            next = more.into_iter().chain(sleeping).reduce(f64::max);
        }
        Side {
            node: pool.node,
            drawn,
            wanted: top.0 * running * all,
            last,
            next,
            fixed: drawn <= lowest.0 * running * awake + 1e-9,
        }
    }

    /// Price of one more MWh at a node, or at the nearest one above that it can reach, or
    /// of what earns least of all that runs.
    fn price(&self, node: usize) -> f64 {
        let mut at = Some(node);
        let mut shown = f64::INFINITY;
        while let (Some(here), true) = (at, shown.is_infinite()) {
            let price = self.sources().map(|s| self.delivered(s, here));
            shown = price.fold(f64::INFINITY, f64::min);
            at = self.inputs.nodes[here].parent;
        }
        if shown.is_infinite() {
            let flexible = self.stacks().filter(|s| !s.fixed).chain(self.pools());
            let worths = flexible.filter(Side::runs).map(|s| s.value());
            shown = worths.fold(f64::INFINITY, f64::min);
        }
        // Load that a ramp holds up runs on the dearest supply.
        if self.ramp_charge(node) < -NONE {
            let supplies = self.inputs.supplies.iter().zip(&self.planned.first.supply);
            let running = supplies.filter(|(_, mw)| **mw > NONE);
            shown = running.map(|(s, _)| s.cost[0]).fold(shown, f64::max);
        }
        shown
    }

    /// What ramps that bind put on load at a node, by their multipliers, currency per MWh.
    fn ramp_charge(&self, node: usize) -> f64 {
        let held = self.held().filter(|l| self.inputs.is_below(node, l.node));
        let charge = |l: &RampedLoad| l.multiplier[0] - l.multiplier[1];
        held.map(charge).sum::<f64>() / self.inputs.grid.hours(0)
    }

    fn held(&self) -> impl Iterator<Item = &RampedLoad> {
        self.planned
            .evaluated
            .ramped_loads
            .iter()
            .filter(|l| l.binding)
    }

    /// Whether a ramp fixes the load at a node, so that it gives way to nobody. One ramp on
    /// a tree with supply below its root only charges it.
    fn is_held(&self, node: usize) -> bool {
        let local = self.inputs.supplies.iter().any(|s| s.node != 0);
        let charged = local && self.inputs.ramps.len() == 1;
        // Where no ramp moves the load from what is best in the step, none holds it.
        let moved = |l: &RampedLoad| (l.load[0] - l.free[0]).abs() > NONE;
        !charged
            && self.held().any(moved)
            && self.held().any(|l| self.inputs.is_below(node, l.node))
    }

    fn stacks(&self) -> impl Iterator<Item = Side> {
        (0..self.inputs.stacks.len()).map(|s| self.stack(s))
    }

    fn pools(&self) -> impl Iterator<Item = Side> {
        (0..self.inputs.pools.len()).map(|m| self.pool(m))
    }

    /// Where one more MWh could come from: node, price, whether it is new supply.
    fn sources(&self) -> impl Iterator<Item = (usize, f64, bool)> {
        let inputs = self.inputs;
        let spare = (inputs.supplies.iter().zip(&self.planned.first.supply))
            .filter(|(s, mw)| s.available[0] - **mw > 1e-8)
            .map(|(s, _)| (s.node, s.cost[0], true));
        // Awake miners keep their lowest setting whatever power costs in the step.
        let given = self.stacks().chain(self.pools().filter(|s| !s.fixed));
        let given = given.filter(|s| s.runs() && !self.is_held(s.node));
        let given = given.filter_map(|s| Some((s.node, s.last?, false)));
        spare.chain(given)
    }

    /// Its price at `node`; infinite where limits between keep it from there.
    fn delivered(&self, (from, price, new): (usize, f64, bool), node: usize) -> f64 {
        let inputs = self.inputs;
        let root = match &self.planned.caps {
            Some(caps) => caps[0],
            None => inputs.nodes[0].limit[0],
        };
        let some = 1e-8;
        let room = |n: usize| match n {
            _ if inputs.is_below(node, n) && !inputs.is_below(from, n) => {
                inputs.nodes[n].limit[0] - self.import[n] > some
            }
            _ if inputs.is_below(from, n) && !inputs.is_below(node, n) => {
                let supplied = inputs.supplies.iter().any(|s| inputs.is_below(s.node, n));
                !supplied || self.import[n] + inputs.nodes[n].export > some
            }
            _ => true,
        };
        let reaches = (1..inputs.nodes.len()).all(room);
        if reaches && (!new || root - self.load[0] > some) {
            price
        } else {
            f64::INFINITY
        }
    }
}

/// Sums of powers at nodes over everything below each node.
fn below(inputs: &PlanInputs, own: impl Iterator<Item = (usize, f64)>) -> Vec<f64> {
    let mut sums = vec![0.0; inputs.nodes.len()];
    for (node, mw) in own {
        let mut at = Some(node);
        while let Some(here) = at {
            sums[here] += mw;
            at = inputs.nodes[here].parent;
        }
    }
    sums
}

/// Most hashrate of devices that draw `mw` on average, each at one of the settings.
fn mix(points: &[(f64, f64)], mw: f64) -> f64 {
    let mut most = f64::NEG_INFINITY;
    for low in points.iter().filter(|p| p.0 <= mw) {
        for high in points.iter().filter(|p| p.0 >= mw) {
            let share = if high.0 > low.0 {
                (mw - low.0) / (high.0 - low.0)
            } else {
                0.0
            };
            most = most.max(low.1 + share * (high.1 - low.1));
        }
    }
    most
}

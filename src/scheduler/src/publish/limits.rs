//! Limits that bind, and what one more MW of each would be worth.
//!
//! A limit is worth what the best load that it keeps out would pay for one more MWh, less
//! what that MWh costs outside the limit. The load pays no more than the price at which
//! another would give the power up. Jobs stay as planned; miners that sleep only for want
//! of room for a whole block of them count as kept out.
//!
//! | limit | full when | one more MWh costs |
//! | --- | --- | --- |
//! | node, monthly peak | its import stands at the rating | the price at the node above, or of supply |
//! | power limit, called programme | the site's load stands at it, or beyond | supply, without the limit's own penalty |
//! | supply | all it has is drawn | its own price; it may also displace dearer supply |

#[cfg(test)]
mod tests;
mod waiting;

use swingload_model::plan::{BindingLimit, LimitKind};
use swingload_model::site::Site;
use swingload_model::units::Money;

use crate::build::{Built, SupplyPart};
use crate::check::TOLERANCE_MW;
use crate::evaluate::StepOutcome;
use crate::flows::Flows;
use crate::inputs::MUST_TAKE_VALUE;
use crate::plan::Planned;

use waiting::Waiting;

/// Worth of an MWh that is rounding, currency.
const NOTHING: f64 = 5e-3;

/// Limits worth something in any step, the dearest first.
pub(super) fn limits(
    site: &Site,
    built: &Built,
    planned: &Planned,
    outcomes: &[StepOutcome],
) -> Vec<BindingLimit> {
    let waiting = Waiting::new(built, planned, outcomes);
    let mut all = Vec::new();
    let step = |t| Step {
        built,
        waiting: &waiting,
        outcome: &outcomes[t],
        flows: Flows::new(built, planned, &outcomes[t], t),
        t,
    };
    let steps: Vec<Step<'_>> = (0..outcomes.len()).map(step).collect();
    all.extend(nodes(built, planned, &steps));
    for (l, limit) in built.limits.iter().enumerate() {
        let programme = site.programmes.iter().any(|p| p.id == limit.id);
        let kind = match programme {
            true => LimitKind::Programme,
            false => LimitKind::PowerLimit,
        };
        all.push(over_steps(kind, &limit.id, &steps, |s| s.worth_of_limit(l)));
    }
    let counts = |block: &&(usize, &str)| {
        // Other power than surplus is kept from flexible load by a rule, not by its amount.
        let kind = site.supply[block.0].kind;
        site.surplus_only.is_none() || kind == swingload_model::site::SupplyKind::Surplus
    };
    let blocks: Vec<(usize, &str)> = (site.supply.iter().map(|s| s.id.as_str()).enumerate())
        .filter(|_| !built.supply.is_empty())
        .collect();
    for (block, id) in blocks.iter().filter(counts) {
        let worth = |s: &Step<'_>| s.worth_of_supply(*block);
        all.push(over_steps(LimitKind::Supply, id, &steps, worth));
    }
    all.extend(ramps(built, planned));
    all.retain(|limit| !limit.steps.is_empty());
    all.sort_by_key(|limit| std::cmp::Reverse(limit.worth()));
    all
}

/// Ratings of nodes, GPUs of pools, and the peak that the plan holds at the root.
fn nodes(built: &Built, planned: &Planned, steps: &[Step<'_>]) -> Vec<BindingLimit> {
    let inputs = &built.inputs;
    let mut all = Vec::new();
    for (n, node) in inputs.nodes.iter().enumerate() {
        let kind = if built.gpu_node.contains(&n) {
            LimitKind::Gpus
        } else {
            LimitKind::Node
        };
        let caps = planned.caps.as_ref().filter(|_| n == 0);
        let by_peak = |t: usize| caps.is_some_and(|caps| caps[t] < node.limit[t] - TOLERANCE_MW);
        let of = |peak: bool| {
            move |s: &Step<'_>| (by_peak(s.t) == peak).then(|| s.worth_of_node(n)).flatten()
        };
        all.push(over_steps(kind, &node.id, steps, of(false)));
        all.push(over_steps(LimitKind::Peak, &node.id, steps, of(true)));
    }
    all
}

fn ramps(built: &Built, planned: &Planned) -> Vec<BindingLimit> {
    let inputs = &built.inputs;
    let mut all = Vec::new();
    for ramped in planned.evaluated.ramped_loads.iter().filter(|l| l.binding) {
        let id = &inputs.nodes[ramped.node].id;
        let mut up = binding(LimitKind::RampUp, id);
        let mut down = binding(LimitKind::RampDown, id);
        for (t, worth) in ramped.multiplier.iter().enumerate().take(inputs.steps()) {
            // Already per MW, whatever the length of the step.
            let of = if *worth > 0.0 { &mut up } else { &mut down };
            note(of, t, worth.abs(), 1.0);
        }
        all.extend([up, down]);
    }
    all
}

fn binding(kind: LimitKind, of: &str) -> BindingLimit {
    BindingLimit {
        kind,
        of: of.to_owned(),
        steps: Vec::new(),
        worth_per_mw: Vec::new(),
    }
}

/// A limit with its worth, currency per MWh, in every step in which it binds.
fn over_steps(
    kind: LimitKind,
    of: &str,
    steps: &[Step<'_>],
    worth: impl Fn(&Step<'_>) -> Option<f64>,
) -> BindingLimit {
    let mut limit = binding(kind, of);
    for step in steps {
        let hours = step.built.inputs.grid.hours(step.t);
        if let Some(worth) = worth(step) {
            note(&mut limit, step.t, worth, hours);
        }
    }
    limit
}

fn note(limit: &mut BindingLimit, t: usize, worth: f64, hours: f64) {
    if worth > NOTHING {
        limit.steps.push(t as u32);
        // What cannot be kept at all is worth no more than must-take load.
        let worth = worth.min(MUST_TAKE_VALUE);
        // So much per MWh over the longest step fits by far.
        limit.worth_per_mw.push(Money::from_units(worth * hours));
    }
}

/// A price somebody would pay or take; none where only must-take load could give power up.
fn price(mwh: f64) -> Option<f64> {
    (mwh < MUST_TAKE_VALUE / 2.0).then_some(mwh)
}

/// One step of the plan; worths in currency per MWh, `None` where the limit does not bind.
struct Step<'a> {
    built: &'a Built,
    waiting: &'a Waiting<'a>,
    outcome: &'a StepOutcome,
    flows: Flows<'a>,
    t: usize,
}

impl Step<'_> {
    /// Of what a node may import.
    fn worth_of_node(&self, n: usize) -> Option<f64> {
        let limit = self.flows.limit[n];
        let spare = limit - self.flows.import[n];
        if limit <= TOLERANCE_MW {
            return None;
        }
        let reaches = |from: usize, least: f64| {
            self.built.inputs.is_below(from, n) && self.flows.has_room_between(from, n, least)
        };
        let best = self.waiting.best(self.t, spare, reaches)?;
        let inside = match price(self.outcome.marginal[n]) {
            Some(given_up) if spare <= TOLERANCE_MW => given_up.min(best),
            _ => best,
        };
        Some(inside - self.outside(n)?)
    }

    /// Price of one more MWh just outside a node's limit: at the node above, or for the root
    /// of the cheapest supply that is left; none where there is no more.
    fn outside(&self, n: usize) -> Option<f64> {
        if let Some(above) = self.built.inputs.nodes[n].parent {
            return price(self.outcome.marginal[above]);
        }
        self.cheapest_left(|_| true)
    }

    /// Cost of the cheapest supply that is left, of those that count.
    fn cheapest_left(&self, counts: impl Fn(usize) -> bool) -> Option<f64> {
        let left = self.built.inputs.supplies.iter().zip(&self.outcome.supply);
        left.enumerate()
            .filter(|(s, (supply, drawn))| {
                counts(*s) && supply.available[self.t] > **drawn + TOLERANCE_MW
            })
            .map(|(_, (supply, _))| supply.cost[self.t])
            .min_by(f64::total_cmp)
    }

    /// Of a penalised limit on the site's load.
    fn worth_of_limit(&self, l: usize) -> Option<f64> {
        let limit = &self.built.limits[l];
        let most = limit.most[self.t];
        let penalty = limit.share[self.t] * limit.penalty;
        if most.is_infinite() || penalty <= 0.0 {
            return None;
        }
        let spare = most - self.flows.total;
        if spare < -TOLERANCE_MW {
            return Some(penalty);
        }
        // Power that lies beyond it now, and would lie below it.
        let lies_beyond = |s: usize| self.part(s).is_some_and(|p| p.beyond.contains(&l));
        let next = self.cheapest_left(lies_beyond)?;
        let reaches = |from: usize, least: f64| self.flows.has_room_above(from, least);
        let inside = self.waiting.best(self.t, spare, reaches)?;
        Some((inside.min(next) - (next - penalty)).min(penalty))
    }

    /// Of what a supply block has.
    fn worth_of_supply(&self, block: usize) -> Option<f64> {
        let inputs = &self.built.inputs;
        let of_block = |s: &usize| self.part(*s).is_some_and(|p| p.block == block);
        let own: Vec<usize> = (0..inputs.supplies.len()).filter(of_block).collect();
        let available: f64 = own
            .iter()
            .map(|s| inputs.supplies[*s].available[self.t])
            .sum();
        let drawn: f64 = own.iter().map(|s| self.outcome.supply[*s]).sum();
        let spare = available - drawn;
        // A source that is not there now, such as the sun at night, is no limit.
        if available <= TOLERANCE_MW {
            return None;
        }
        let node = inputs.supplies[*own.first()?].node;
        let plain = |s: usize| inputs.supplies[s].cost[self.t] - self.penalties(s);
        // More of it could not be exported where some cannot be now, and else is bought at the
        // dearest of its parts.
        let is_spilled = |s: &&usize| {
            inputs.supplies[**s].available[self.t] > TOLERANCE_MW
                && self.part(**s).is_some_and(|p| p.is_beyond_export)
        };
        let cost = own.iter().find(is_spilled).map_or_else(
            || {
                own.iter()
                    .map(|s| plain(*s))
                    .fold(f64::NEG_INFINITY, f64::max)
            },
            |s| plain(*s),
        );
        // It displaces the dearest supply in use that it can stand in for ...
        let displaced = (0..inputs.supplies.len())
            .filter(|s| spare <= TOLERANCE_MW && !own.contains(s))
            .filter(|s| self.outcome.supply[*s] > TOLERANCE_MW)
            .filter(|s| {
                self.flows
                    .can_carry(node, inputs.supplies[*s].node, TOLERANCE_MW)
            })
            .map(|s| plain(s) - cost);
        // ... or serves a load that waits, beyond the limits that are full already.
        let reaches = |from: usize, least: f64| {
            self.flows.can_carry(node, from, least) && self.flows.has_root_room(least)
        };
        let served = self.waiting.best(self.t, spare, reaches);
        let served = served.map(|inside| inside - cost - self.full_limits());
        displaced.chain(served).reduce(f64::max)
    }

    fn part(&self, s: usize) -> Option<&SupplyPart> {
        self.built.supply.get(s)
    }

    /// Penalties in the cost of a supply.
    fn penalties(&self, s: usize) -> f64 {
        let beyond = self.part(s).map_or(&[][..], |p| &p.beyond[..]);
        beyond.iter().map(|l| self.penalty(*l)).sum()
    }

    fn penalty(&self, l: usize) -> f64 {
        let limit = &self.built.limits[l];
        limit.share[self.t] * limit.penalty
    }

    /// Penalties that one more MW of load would pay.
    fn full_limits(&self) -> f64 {
        (0..self.built.limits.len())
            .filter(|l| self.built.limits[*l].most[self.t] <= self.flows.total + TOLERANCE_MW)
            .map(|l| self.penalty(l))
            .sum()
    }
}

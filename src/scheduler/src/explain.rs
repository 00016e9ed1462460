//! Reasons: why each load does what it does in the first step, and what came second.
//!
//! Everything is compared in currency per facility MWh at the load: what its last
//! running or first idle MWh earns against the price of one more MWh at its node. That
//! price is of this step alone: where a ramp ties it to its neighbours, the ramp's own
//! price shows in the code ([`ReasonCode::RampLimited`]) and never added to a figure.
//!
//! [`flips`] adds, on request, the smallest changes that turn a decision; [`sentence`] says
//! both in words.
//!
//! [`ReasonCode::Done`] is never given: finished jobs are no longer planned.

pub(crate) mod alone;
mod change;
mod flips;
mod load_state;
mod price;
mod search;
#[cfg(test)]
mod tests;
mod wait;
mod words;

use swingload_model::plan::ReasonCode;

use crate::build::Built;
use crate::dispatch::{DispatchReason, LoadRef};
use crate::inputs::PlanInputs;
use crate::plan::Planned;

use load_state::{LoadState, load_states};

pub use flips::flips;
pub(crate) use load_state::slopes;
pub(crate) use price::parts;
pub(crate) use wait::wait;
pub use words::{price_words, sentence, wait_words};

/// Power below which a load counts as off, MW.
const OFF: f64 = 1e-6;

/// Difference of two prices that is rounding, currency per MWh.
const EVEN: f64 = 1e-6;

/// Rounded to the digits that figures are printed with, so that they read back unchanged.
pub(crate) fn millionths(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

/// Reasons of the plan's first step, one per load that draws, could draw or is kept from it.
pub fn reasons(built: &Built, planned: &Planned) -> Vec<DispatchReason> {
    let load_states = load_states(built, planned);
    let root = root_price(planned, &load_states);
    let prices: Vec<Price> = (0..built.inputs.nodes.len())
        .map(|node| Price::at(&built.inputs, planned, node, root))
        .collect();
    let codes: Vec<ReasonCode> = load_states
        .iter()
        .map(|s| s.code.unwrap_or_else(|| code(s, &prices[s.node])))
        .collect();
    let coded = || load_states.iter().zip(codes.iter().copied());
    // Loads that would take power were it cheaper, and loads that would give it up were it
    // dearer; one that something else holds would do neither.
    let takers: Vec<&LoadState> = coded()
        .filter(|(s, c)| {
            !s.is_full() && matches!(c, ReasonCode::Unprofitable | ReasonCode::Marginal)
        })
        .map(|(s, _)| s)
        .collect();
    let holders: Vec<&LoadState> = coded()
        .filter(|(s, c)| s.runs() && matches!(c, ReasonCode::Profitable | ReasonCode::Marginal))
        .map(|(s, _)| s)
        .collect();
    coded()
        .map(|(s, code)| {
            let price = &prices[s.node];
            // A load beyond the price is no rival: limits keep its power from this one.
            let rival = match () {
                () if has_no_margin(code) => None,
                () if s.runs() => best(&takers, |r| {
                    (r.load != s.load && r.idle <= price.shown + EVEN).then_some(r.idle)
                }),
                // It is off for another cause than the price: no load outbid it.
                () if code == ReasonCode::Committed => None,
                () => best(&holders, |r| {
                    (r.load != s.load && r.value >= price.shown - EVEN).then_some(-r.value)
                }),
            };
            let above = if s.runs() {
                s.value - price.shown
            } else {
                price.shown - s.value
            };
            DispatchReason {
                load: s.load,
                code,
                value: s.value,
                price: price.shown,
                runner_up: rival.map(|r| r.load),
                margin: match code {
                    // It sets the price itself.
                    ReasonCode::Marginal => 0.0,
                    _ if has_no_margin(code) || !above.is_finite() => 0.0,
                    _ => above,
                },
                peaks: price::peaks(built, planned, price.shown),
            }
        })
        .collect()
}

/// Whether something else than this step's price decided, so that there is no margin.
fn has_no_margin(code: ReasonCode) -> bool {
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

/// The load with the largest `key`, of those that have one.
fn best<'s>(
    load_states: &[&'s LoadState],
    key: impl Fn(&LoadState) -> Option<f64>,
) -> Option<&'s LoadState> {
    load_states
        .iter()
        .filter_map(|s| Some((*s, key(s)?)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(s, _)| s)
}

/// Price of one more MWh at the root. Where limits leave no more of it, and a ramp holds the
/// loads it would come from, it is what the cheapest of those earns.
fn root_price(planned: &Planned, load_states: &[LoadState]) -> f64 {
    let marginal = planned.first.marginal[0];
    if marginal.is_finite() {
        return marginal;
    }
    let flexible = |s: &&LoadState| {
        s.runs() && !s.must_serve && !matches!(s.load, LoadRef::Job(_) | LoadRef::Overhead)
    };
    let worths = load_states.iter().filter(flexible).map(|s| s.value);
    worths.fold(f64::INFINITY, f64::min)
}

/// What power costs at a node in the first step.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Price {
    /// Of one more MWh; where none can reach the node, of one at the nearest node above
    /// that can be reached.
    shown: f64,
    /// Of one more MWh; infinite where none can reach the node.
    local: f64,
    /// The same at the root.
    root: f64,
    /// What ramps add for load at the node: positive where they hold it down, negative
    /// where they hold it up.
    ramp: f64,
}

impl Price {
    fn at(inputs: &PlanInputs, planned: &Planned, node: usize, root: f64) -> Self {
        let marginal = &planned.first.marginal;
        let above = |at: &usize| inputs.nodes[*at].parent;
        let shown = std::iter::successors(Some(node), above)
            .map(|at| marginal[at])
            .find(|p| p.is_finite())
            .unwrap_or(root);
        let ramp = ramp_charge(inputs, planned, node);
        // Load held up by a ramp runs at a loss and would be given back first; that is no
        // price of power. The dearest supply it keeps running is.
        let dearest = inputs
            .supplies
            .iter()
            .zip(&planned.first.supply)
            .filter(|(_, drawn)| **drawn > OFF)
            .map(|(supply, _)| supply.cost[0]);
        let shown = if ramp < -EVEN {
            dearest.fold(shown, f64::max)
        } else {
            shown
        };
        Self {
            shown,
            // Where the root has no more power, no limit below it is to blame.
            local: if marginal[0].is_finite() {
                marginal[node]
            } else {
                shown
            },
            root,
            ramp,
        }
    }

    /// Whether a limit between the root and the node makes power dearer, or keeps it out.
    fn is_limited(&self) -> bool {
        self.local > self.root + EVEN
    }
}

/// Sum of the charges that ramps above `node` put on its load in the first step, currency per MWh.
fn ramp_charge(inputs: &PlanInputs, planned: &Planned, node: usize) -> f64 {
    let hours = inputs.grid.hours(0);
    planned
        .evaluated
        .ramped_loads
        .iter()
        .filter(|ramped| ramped.binding && inputs.is_below(node, ramped.node))
        .map(|ramped| match ramped.multiplier[..] {
            [into, out, ..] => (into - out) / hours,
            _ => 0.0,
        })
        .sum()
}

/// The code that follows from what a load draws, earns and pays.
fn code(s: &LoadState, price: &Price) -> ReasonCode {
    let pays = |value: f64| value > price.shown + EVEN;
    // Where no power is left at any price, loads that have some lose nothing at that price.
    let loses = |value: f64| price.shown.is_finite() && value < price.shown - EVEN;
    // Where its value lies between the price of power and that price plus the ramp's charge,
    // the ramp decides.
    let with_ramp = price.shown + price.ramp;
    let rounding = EVEN * (1.0 + price.ramp.abs());
    if !s.is_full() && pays(s.idle) && price.ramp > EVEN && s.idle <= with_ramp + rounding {
        return ReasonCode::RampLimited;
    }
    if s.runs() && loses(s.value) && price.ramp < -EVEN && s.value >= with_ramp - rounding {
        return ReasonCode::RampLimited;
    }
    if s.runs() {
        return match () {
            () if s.must_serve => ReasonCode::MustServe,
            () if loses(s.value) => ReasonCode::Committed,
            // More of it would pay, and no limit stands in the way of that.
            () if !s.is_full()
                && pays(s.idle)
                && s.held_by == ReasonCode::Committed
                && !price.is_limited() =>
            {
                ReasonCode::Committed
            }
            () if !s.is_full() && !loses(s.idle) => ReasonCode::Marginal,
            () => ReasonCode::Profitable,
        };
    }
    match () {
        () if !price.shown.is_finite() => ReasonCode::LimitBinding,
        // It would pay at the root's price: a limit below it stands in the way.
        () if price.is_limited()
            && s.value > price.root + EVEN
            && s.value <= price.local + EVEN =>
        {
            ReasonCode::LimitBinding
        }
        () if pays(s.value) => s.held_by,
        () => ReasonCode::Unprofitable,
    }
}

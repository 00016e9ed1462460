//! How good a plan is, provably.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{Money, whole};

/// How good a plan is, provably. Money over the plan's steps, in its currency.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Certificate {
    /// Value of the plan, rounded down.
    pub value: Money,
    /// No plan of these inputs is worth more; rounded up.
    pub bound: Money,
    /// Value of running every job as soon as possible.
    pub asap: Money,
    /// Part of all three that no decision changes: availability payments, contracts.
    pub constant: Money,
    /// bound - value: what is left to earn, at most. Part of it may be the bound's own slack.
    pub gap: Money,
    /// (value - asap) / G with G = bound - asap, %; null where nothing can be gained.
    pub gain_pct: Option<f64>,
    /// (bound - value) / G, %; null where nothing can be gained. G holds the bound's own
    /// slack, so that of a small G it says little: see `gainable_of_value_pct`.
    pub gap_pct: Option<f64>,
    /// (bound - value) / |value|, %; null where the value is zero.
    pub gap_of_value_pct: Option<f64>,
    /// G / |value|, %; null where the value is zero.
    pub gainable_of_value_pct: Option<f64>,
}

impl Certificate {
    /// From amounts in currency units, `constant` not yet part of the first three. `None`
    /// when one of them is no number, or too large to be counted: then nothing is proven.
    pub fn new(value: f64, bound: f64, asap: f64, constant: f64) -> Option<Self> {
        if ![value, bound, asap, constant].iter().all(|x| x.is_finite()) {
            return None;
        }
        let micro = |units: f64, round: fn(f64) -> f64| whole(round(units * 1e6)).map(Money::new);
        let gainable = bound - asap;
        let gains = gainable > NOTHING * bound.abs();
        // To a billionth of a percent, so that it reads back as it was written.
        let percent = |part: f64, of: f64| (100.0 * part / of * 1e9).round() / 1e9;
        let share = |part: f64| gains.then(|| percent(part, gainable));
        let total = value + constant;
        let of_value = |part: f64| (total != 0.0).then(|| percent(part, total.abs()));
        let earned = micro(total, f64::floor)?;
        let proven = micro(bound + constant, f64::ceil)?;
        Some(Self {
            value: earned,
            bound: proven,
            asap: micro(asap + constant, f64::round)?,
            constant: micro(constant, f64::round)?,
            gap: Money::new(proven.get().checked_sub(earned.get())?),
            gain_pct: share(value - asap),
            gap_pct: share(bound - value),
            gap_of_value_pct: of_value(bound - value),
            gainable_of_value_pct: of_value(gainable),
        })
    }

    /// G, what could be gained: bound less asap.
    pub fn gainable(&self) -> Money {
        self.bound - self.asap
    }
}

/// Share of the bound that is rounding and no gain.
const NOTHING: f64 = 1e-6;

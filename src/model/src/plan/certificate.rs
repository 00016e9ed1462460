//! How good a plan is: proven on the means, and expected on sample paths.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{EnergyPrice, Money};

/// How good a plan is, provably. Money over the plan's steps, micro-units of its currency.
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
    /// when one of them is no number: then nothing is proven.
    pub fn new(value: f64, bound: f64, asap: f64, constant: f64) -> Option<Self> {
        if ![value, bound, asap, constant].iter().all(|x| x.is_finite()) {
            return None;
        }
        let micro = |units: f64, round: fn(f64) -> f64| Money::new(round(units * 1e6) as i64);
        let gainable = bound - asap;
        let gains = gainable > NOTHING * bound.abs();
        // To a billionth of a percent, so that it reads back as it was written.
        let percent = |part: f64, of: f64| (100.0 * part / of * 1e9).round() / 1e9;
        let share = |part: f64| gains.then(|| percent(part, gainable));
        let total = value + constant;
        let of_value = |part: f64| (total != 0.0).then(|| percent(part, total.abs()));
        let earned = micro(total, f64::floor);
        let proven = micro(bound + constant, f64::ceil);
        Some(Self {
            value: earned,
            bound: proven,
            asap: micro(asap + constant, f64::round),
            constant: micro(constant, f64::round),
            gap: proven - earned,
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

/// What sample paths of the forecasts say of a plan's first step. Behind that step every
/// path is known, so this ranks first steps and is no forecast of earnings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Expectation {
    /// How many paths, equally likely.
    pub paths: u32,
    /// First steps that were compared on every path.
    pub first_steps: u32,
    /// Mean value over the paths.
    pub expected: Money,
    /// Standard deviation of the value over the paths.
    pub spread: Money,
    /// Least value on a path.
    pub least: Money,
    /// Greatest value on a path.
    pub most: Money,
    /// What the first step gains in the mean over the one decided on the means.
    pub gained: Money,
    /// Expected price of one more MWh in the first step.
    pub marginal_values: Vec<ExpectedPrice>,
}

/// Expected price of one more MWh at a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExpectedPrice {
    /// The node; GPU pools are nodes of their own.
    pub node: String,
    /// Micro-currency per MWh; null where on some path no more power can reach the node.
    pub per_mwh: Option<EnergyPrice>,
}

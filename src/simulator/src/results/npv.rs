//! Variants of a site compared by net present value.

use serde::Serialize;
use swingload_model::scenario::file::{CapexFile, VariantFile};

use super::HOURS_PER_YEAR;
use crate::run::Study;

/// A variant's money.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct VariantSummary {
    /// Its short name.
    pub id: String,
    /// What it is.
    pub title: String,
    /// The policy it was run with.
    pub policy: String,
    /// Value of a year like the run's period, currency.
    pub value_per_year: f64,
    /// Money spent, not discounted, currency.
    pub capex: f64,
    /// Net present value at the run's start, currency.
    pub npv: f64,
}

/// Present value at Unix second `now` of `per_year` earned evenly over `years` from
/// then on, less money spent at its dates.
///
/// `rate` is per year: a sum after y years is worth 1 / (1 + rate)^y of itself; each
/// year's earnings count at its middle. What was spent before `now` counts in full.
pub fn net_present_value(
    rate: f64,
    per_year: f64,
    years: f64,
    capex: &[CapexFile],
    now: i64,
) -> f64 {
    let discount = |after: f64| libm::pow(1.0 + rate, -after.max(0.0));
    let whole = years.floor();
    let mut value = 0.0;
    let mut year = 0.0;
    while year < whole {
        value += per_year * discount(year + 0.5);
        year += 1.0;
    }
    let rest = years - whole;
    value += per_year * rest * discount(whole + rest / 2.0);
    let spent = capex
        .iter()
        .map(|c| c.amount * discount((c.at.as_second() - now) as f64 / 3600.0 / HOURS_PER_YEAR));
    value - spent.sum::<f64>()
}

/// Sums up a study that was run with a variant's overrides; `None` when the policy was not run.
pub fn variant(
    variant: &VariantFile,
    study: &Study,
    policy: &str,
    rate: f64,
) -> Option<VariantSummary> {
    let summary = study.summary.policies.get(policy)?;
    let per_year = summary.value * HOURS_PER_YEAR / study.summary.hours;
    let start = study.truth.grid.start_s(0);
    Some(VariantSummary {
        id: variant.id.clone(),
        title: variant.title.clone(),
        policy: policy.to_owned(),
        value_per_year: per_year,
        capex: variant.capex.iter().map(|c| c.amount).sum(),
        npv: net_present_value(rate, per_year, variant.years, &variant.capex, start),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_later_is_worth_less() {
        let spent = [CapexFile {
            at: "2026-01-01T00:00:00Z".parse().expect("instant"),
            amount: 100.0,
        }];
        let now = 1_767_225_600; // the same instant
        assert!((net_present_value(0.0, 60.0, 2.0, &spent, now) - 20.0).abs() < 1e-9);
        let at_ten = net_present_value(0.1, 60.0, 2.0, &spent, now);
        let by_hand = 60.0 / 1.1f64.sqrt() + 60.0 / (1.1 * 1.1f64.sqrt()) - 100.0;
        assert!((at_ten - by_hand).abs() < 1e-9, "{at_ten}");
        assert!((net_present_value(0.0, 60.0, 0.5, &[], now) - 30.0).abs() < 1e-9);
    }
}

//! Variants of a site compared by net present value.
//!
//! A run stands for every year of a variant, but the block subsidy of those years is known:
//! it halves about every four. So each [`Era`] of one subsidy has a run of its own, on the
//! same year with the hash revenue of that subsidy, and its miners stop where they no longer
//! pay. Price and difficulty of bitcoin stay as they are in the run.

use serde::Serialize;
use swingload_model::mining::{next_halving, subsidy};
use swingload_model::scenario::file::{CapexFile, VariantFile};
use swingload_model::series::{Observation, Series};

use super::HOURS_PER_YEAR;
use crate::run::{Study, StudyInput};

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
    /// The years it is counted for, by the block subsidy of their time; the first are the run's.
    pub eras: Vec<EraSummary>,
    /// Money spent, not discounted, currency.
    pub capex: f64,
    /// Net present value at the run's start, currency.
    pub npv: f64,
}

/// Years of one block subsidy.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, schemars::JsonSchema)]
pub struct EraSummary {
    /// How long, years.
    pub years: f64,
    /// Block subsidy, BTC; `None` for a site without mining.
    pub subsidy_btc: Option<f64>,
    /// Value of a year, currency.
    pub value_per_year: f64,
}

/// Years of one block subsidy, before they are run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Era {
    /// How long, years.
    pub years: f64,
    /// Block subsidy, BTC; `None` for a site without mining.
    pub subsidy_btc: Option<f64>,
}

/// The `years` from the input's start on, cut where the subsidy halves.
pub fn eras(input: &StudyInput, years: f64) -> Vec<Era> {
    let start = input.scenario.grid.start_s(0);
    if input.scenario.mining.is_none() {
        let subsidy_btc = None;
        return vec![Era { years, subsidy_btc }];
    }
    let after = |at: i64| (at - start) as f64 / 3600.0 / HOURS_PER_YEAR;
    let mut all = Vec::new();
    let mut at = start;
    loop {
        let next = next_halving(at);
        all.push(Era {
            years: after(next).min(years) - after(at),
            subsidy_btc: Some(subsidy(at)),
        });
        if after(next) >= years {
            return all;
        }
        at = next;
    }
}

/// The same input with the hash revenue of an era; `None` where it has that already.
///
/// Hash revenue goes with (subsidy + fees) x price, so the price of bitcoin is scaled in
/// its stead: what one hash earns is the same, only figures per bitcoin are not.
pub fn in_era(input: &StudyInput, era: &Era) -> Option<StudyInput> {
    let (market, wanted) = (input.scenario.mining.as_ref()?, era.subsidy_btc?);
    let grid = &input.scenario.grid;
    let bounds = [grid.start_s(0), grid.end_s(grid.len() - 1) - 1];
    if bounds.iter().all(|at| subsidy(*at) == wanted) {
        return None;
    }
    let fees = market.fees.as_ref().and_then(|name| input.series.get(name));
    let factor = |at: i64| {
        let fees = fees.and_then(|series| series.at(at)).unwrap_or(0.0);
        (wanted + fees) / (subsidy(at) + fees)
    };
    let mut changed = input.clone();
    let own = input.scenario.forecast.series.get(&market.btc_price);
    let published = own.and_then(|setting| setting.published.as_ref());
    for name in std::iter::once(&market.btc_price).chain(published) {
        let Some(series) = input.series.get(name) else {
            continue;
        };
        let scaled = series.observations().iter().map(|o| Observation {
            value: o.value * factor(o.start),
            ..*o
        });
        let scaled = Series::new(name.clone(), series.unit.clone(), scaled.collect())
            .expect("invariant: positive factors leave a series valid");
        changed.series.insert(name.clone(), scaled);
    }
    Some(changed)
}

/// Value of a year like the run's period, each line by its own period; `None` when the
/// policy was not run.
pub fn value_per_year(study: &Study, policy: &str) -> Option<f64> {
    let summary = study.summary.policies.get(policy)?;
    Some(summary.value_per_year)
}

/// Sums up a variant's eras; `now` is the Unix second of the run's start.
pub fn variant(
    variant: &VariantFile,
    policy: &str,
    eras: Vec<EraSummary>,
    rate: f64,
    now: i64,
) -> VariantSummary {
    VariantSummary {
        id: variant.id.clone(),
        title: variant.title.clone(),
        policy: policy.to_owned(),
        value_per_year: eras.first().map_or(0.0, |era| era.value_per_year),
        capex: variant.capex.iter().map(|c| c.amount).sum::<f64>() + 0.0,
        npv: net_present_value(rate, &eras, &variant.capex, now),
        eras,
    }
}

/// Present value at Unix second `now` of what is earned evenly over the eras from then
/// on, less money spent at its dates.
///
/// `rate` is per year: a sum after y years is worth 1 / (1 + rate)^y of itself; each
/// year's earnings count at its middle. What was spent before `now` counts in full.
pub fn net_present_value(rate: f64, eras: &[EraSummary], capex: &[CapexFile], now: i64) -> f64 {
    let discount = |after: f64| libm::pow(1.0 + rate, -after.max(0.0));
    let mut value = 0.0;
    let mut at = 0.0_f64;
    for era in eras {
        let end = at + era.years;
        while at < end {
            let next = (at.floor() + 1.0).min(end);
            value += era.value_per_year * (next - at) * discount((at + next) / 2.0);
            at = next;
        }
    }
    let spent = capex
        .iter()
        .map(|c| c.amount * discount((c.at.as_second() - now) as f64 / 3600.0 / HOURS_PER_YEAR));
    value - spent.sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::simulate;
    use crate::tests::support::{SITE, input, scenario};

    fn earned(years: f64, value_per_year: f64) -> EraSummary {
        EraSummary {
            years,
            subsidy_btc: None,
            value_per_year,
        }
    }

    #[test]
    fn money_later_is_worth_less() {
        let spent = [CapexFile {
            at: "2026-01-01T00:00:00Z".parse().expect("instant"),
            amount: 100.0,
        }];
        let now = 1_767_225_600; // the same instant
        let npv = |rate, years| net_present_value(rate, &[earned(years, 60.0)], &spent, now);
        assert!((npv(0.0, 2.0) - 20.0).abs() < 1e-9);
        let by_hand = 60.0 / 1.1f64.sqrt() + 60.0 / (1.1 * 1.1f64.sqrt()) - 100.0;
        assert!((npv(0.1, 2.0) - by_hand).abs() < 1e-9, "{}", npv(0.1, 2.0));
        assert!((npv(0.0, 0.5) + 70.0).abs() < 1e-9);
        // Two halves of a year are no more than the year, but the second counts later.
        let halves = net_present_value(0.1, &[earned(0.5, 60.0), earned(0.5, 60.0)], &[], now);
        let by_hand = 30.0 * (libm::pow(1.1, -0.25) + libm::pow(1.1, -0.75));
        assert!((halves - by_hand).abs() < 1e-9, "{halves}");
    }

    #[test]
    fn twelve_years_from_2026_see_three_halvings() {
        let start = "2026-01-01T06:00:00Z";
        let study = input(
            scenario(SITE, start, 2, 60, &["breakeven"]),
            &[40.0],
            &[0.0],
            &[0.0],
            vec![],
        );
        let eras = eras(&study, 12.0);
        let subsidies: Vec<_> = eras.iter().filter_map(|e| e.subsidy_btc).collect();
        assert_eq!(subsidies, [3.125, 1.5625, 0.78125, 0.390625]);
        let years: f64 = eras.iter().map(|e| e.years).sum();
        assert!((years - 12.0).abs() < 1e-9, "{years}");

        assert!(in_era(&study, &eras[0]).is_none(), "the run itself");
        let later = in_era(&study, &eras[1]).expect("another year");
        let run = |input: &StudyInput| {
            let study = simulate(input, &|_| {}).expect("a study");
            let hashprice = study.truth.mining.as_ref().expect("mining").hashprice[0];
            (hashprice, value_per_year(&study, "breakeven"))
        };
        let ((now, value), (then, less)) = (run(&study), run(&later));
        let fees = study.scenario.mining.as_ref().and_then(|m| m.fees.clone());
        let fees = fees.map_or(0.0, |name| {
            study.series[&name]
                .at(study.scenario.grid.start_s(0))
                .expect("fees")
        });
        let expected = now * (1.5625 + fees) / (3.125 + fees);
        assert!((then - expected).abs() < 1e-9 * now, "{then} of {now}");
        assert!(less < value, "{less:?} against {value:?}");
    }
}

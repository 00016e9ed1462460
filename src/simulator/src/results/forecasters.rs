//! Who forecast what.

use std::collections::BTreeMap;

use serde::Serialize;
use swingload_model::scenario::Scenario;
use swingload_model::scenario::binding::{Binding, Publication, Source};
use swingload_model::series::Unit;
use swingload_model::time::timestamp;
use swingload_scheduler::controller::FallbackCount;

use crate::record::PolicyRun;
use crate::run::Context;
use crate::run::knowledge::Part;

/// Model of series for which the scenario names none, by what they are and when they are
/// published. What is published is taken at its word by all of them; they say what comes behind.
///
/// Measured, see BENCHMARKS.md ("Forecasts by default").
fn default_model(binding: Option<&Binding>) -> &'static str {
    let Some(binding) = binding else {
        return "persistence";
    };
    match (&binding.unit, &binding.source, &binding.publication) {
        // What never changes stays.
        (_, Source::Constant(_), _) => "persistence",
        (Unit::PricePerMwh(_), _, Publication::DayAhead { .. }) => "lear",
        // With the price of the step itself known, what comes behind it needs no regressions.
        (Unit::PricePerMwh(_), _, Publication::FromStart(lag)) if *lag <= 0 => "reverting",
        (Unit::PricePerMwh(_), _, Publication::FromStart(_) | Publication::FromEnd(_)) => {
            "realtime"
        }
        // Calls, flags and probabilities; prices of bitcoin, which know no hour of day.
        (
            Unit::One
            | Unit::PricePerBitcoin(_)
            | Unit::Difficulty
            | Unit::BitcoinPerBlock
            | Unit::Hashprice(_)
            | Unit::ExchangeRate(..),
            ..,
        ) => "persistence",
        _ => "seasonal_naive_day",
    }
}

/// How one series was forecast.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ForecasterSummary {
    /// Name of the model.
    pub model: String,
    /// Series with the published forecast it starts from, where it has one.
    pub published: Option<String>,
    /// Other series it reads.
    pub inputs: Vec<String>,
    /// Part of the future the series belongs to.
    pub part: Part,
}

/// What stood in for a forecast, and how often decisions rested on it.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct FallbackSummary {
    /// The series that was forecast.
    pub series: String,
    /// What stood in, or what of its data could not be used.
    pub fallback: String,
    /// Steps decided on it.
    pub steps: u64,
    /// The first of them, RFC 3339.
    pub first: String,
    /// The last of them, RFC 3339.
    pub last: String,
}

/// What stood in during a run, by series.
pub(super) fn fallbacks(run: &PolicyRun) -> Vec<FallbackSummary> {
    let all = run.fallbacks.iter();
    let of = |(series, fallback, count): (&str, &str, FallbackCount)| FallbackSummary {
        series: series.to_owned(),
        fallback: fallback.to_owned(),
        steps: count.decisions,
        first: timestamp(count.first).to_string(),
        last: timestamp(count.last).to_string(),
    };
    all.map(of).collect()
}

/// Name of the model that forecasts a series of the scenario.
pub fn forecaster<'a>(scenario: &'a Scenario, series: &str) -> &'a str {
    let own = scenario.forecast.series.get(series);
    let general = scenario.forecast.model.as_deref();
    let model = own.map(|own| own.model.as_str()).or(general);
    model.unwrap_or_else(|| default_model(scenario.data.get(series)))
}

/// By series that site or mining names; published forecasts are nobody's to forecast.
pub(super) fn forecasters(context: &Context<'_>) -> BTreeMap<String, ForecasterSummary> {
    let scenario = context.scenario;
    let of = |name: &String| {
        let own = scenario.forecast.series.get(name);
        let summary = ForecasterSummary {
            model: forecaster(scenario, name).to_owned(),
            published: own.and_then(|own| own.published.clone()),
            inputs: own.map_or_else(Vec::new, |own| own.inputs.clone()),
            part: Part::of_series(scenario, name)?,
        };
        Some((name.clone(), summary))
    };
    context.series.keys().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::support::{SITE, scenario};

    #[test]
    fn models_follow_unit_and_publication_where_none_is_named() {
        let mut scenario = scenario(SITE, "2026-03-01T06:00:00Z", 24, 60, &[]);
        scenario.forecast.model = None;
        let unit = |text: &str| Unit::parse(text).expect("unit");
        let rule = |text: &str| Publication::parse(text).expect("rule");
        let shape = serde_json::from_str(r#"{ "base": 1.0 }"#).expect("a shape");
        let moving = Source::Synthetic(shape);
        let cases = [
            ("EUR/MWh", "D-1 13:00 Europe/Berlin", "lear"),
            ("AUD/MWh", "start", "reverting"),
            ("USD/MWh", "end", "realtime"),
            ("USD/MWh", "start + 5 min", "realtime"),
            ("USD/MWh", "always", "seasonal_naive_day"),
            ("1", "D-1 18:00 America/Chicago", "persistence"),
            ("1", "start", "persistence"),
            ("USD/BTC", "start", "persistence"),
            ("difficulty", "start", "persistence"),
            ("MW", "end", "seasonal_naive_day"),
            ("GPU", "start", "seasonal_naive_day"),
        ];
        for (text, publication, model) in cases {
            let mut chosen = |source: Source| {
                let binding = scenario.data.get_mut("price").expect("bound");
                binding.unit = unit(text);
                binding.publication = rule(publication);
                binding.source = source;
                forecaster(&scenario, "price").to_owned()
            };
            assert_eq!(chosen(moving.clone()), model, "{text} {publication}");
            assert_eq!(chosen(Source::Constant(1.0)), "persistence", "{text}");
        }
        // What the scenario names holds.
        scenario.forecast.model = Some("climatology".into());
        assert_eq!(forecaster(&scenario, "price"), "climatology");
    }
}

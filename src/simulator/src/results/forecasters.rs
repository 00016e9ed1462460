//! Who forecast what.

use std::collections::BTreeMap;

use serde::Serialize;
use swingload_model::scenario::Scenario;
use swingload_model::time::timestamp;
use swingload_scheduler::controller::FallbackCount;

use crate::record::PolicyRun;
use crate::run::Context;
use crate::run::knowledge::Part;

/// Model of series for which the scenario names none.
pub const DEFAULT_MODEL: &str = "seasonal_naive_day";

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
    own.map_or(general.unwrap_or(DEFAULT_MODEL), |own| &own.model)
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

//! Who forecast what.

use std::collections::BTreeMap;

use serde::Serialize;
use swingload_model::scenario::Scenario;

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

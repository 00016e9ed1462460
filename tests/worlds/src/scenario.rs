//! Scenarios.

use jiff::ToSpan;
use swingload_model::catalogue::Catalogue;
use swingload_model::scenario::Scenario;
use swingload_model::time::Seconds;

/// A scenario of the site over `hours` at `step_min`, with perfect forecasts, running
/// `policies`; `always_on` where none are given.
///
/// # Panics
/// For a text that is no site: with every fault in it.
pub fn scenario(site: &str, start: &str, hours: i64, step_min: i64, policies: &[&str]) -> Scenario {
    let policies = if policies.is_empty() {
        &["always_on"]
    } else {
        policies
    };
    let from: jiff::Timestamp = start.parse().expect("instant");
    let end = from
        .checked_add(Seconds::from_hours(hours as f64).get().seconds())
        .expect("instant");
    let text = format!(
        r#"
title = "test"
description = "A small world."
site = "site.toml"
seed = 5
[period]
start = "{start}"
end = "{end}"
step_min = {step_min}
history_days = 1
[data.price]
unit = "USD/MWh"
constant = 40
publication = "start"
[data.surplus]
unit = "MW"
constant = 2
publication = "start"
[data.demand]
unit = "GPU"
constant = 200
publication = "start"
[data.temperature]
unit = "degC"
constant = 20
publication = "start"
[data.btc]
unit = "USD/BTC"
constant = 60000
publication = "start"
[data.difficulty]
unit = "difficulty"
constant = 9.0e13
publication = "start"
[mining]
btc_price = "btc"
difficulty = "difficulty"
[forecast]
model = "perfect"
[planning]
horizon = [{{ until_h = 24, step_min = {step_min} }}]
[policies]
run = {policies:?}
"#
    );
    let built = Scenario::from_toml(
        "scenario.toml",
        &text,
        "site.toml",
        site,
        &[],
        &Catalogue::embedded(),
    );
    built.unwrap_or_else(|error| panic!("{error}"))
}

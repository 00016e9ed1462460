//! A small run for tests: one pool of miners on one connection.

use std::collections::BTreeMap;

use jiff::ToSpan;
use swingload_model::catalogue::Catalogue;
use swingload_model::scenario::Scenario;
use swingload_model::series::{Series, Unit};
use swingload_model::time::TimeGrid;
use swingload_simulator::{StudyInput, simulate};

use crate::Results;

/// A hall of 1,000 S21 on a grid block whose price is bound.
pub(crate) const SITE: &str = r#"
name = "test"
currency = "USD"
time_zone = "UTC"

[[nodes]]
id = "poi"
kind = "interconnect"
rating_mw = 5

[[supply]]
id = "grid"
kind = "grid"
available_mw = 5
price_per_mwh = { series = "price" }

[[pools]]
id = "s21"
node = "poi"
model = "Antminer S21"
count = 1000
"#;

/// The site run by `policies` with these prices, one per hour from the start.
pub(crate) fn results(site: &str, price: &[f64], policies: &[&str]) -> Results {
    let input = input(site, price, policies);
    let study = simulate(&input, &|_| {}).expect("a study");
    Results {
        input,
        study,
        variants: Vec::new(),
        notes: Vec::new(),
        version: "0".to_owned(),
    }
}

/// What [`results`] runs: plans look a day ahead.
pub(crate) fn input(site: &str, price: &[f64], policies: &[&str]) -> StudyInput {
    input_ahead(site, price, policies, 24)
}

/// The same with plans that look so many hours ahead.
pub(crate) fn input_ahead(
    site: &str,
    price: &[f64],
    policies: &[&str],
    ahead_h: u32,
) -> StudyInput {
    let from: jiff::Timestamp = "2026-03-02T00:00:00Z".parse().expect("an instant");
    let end = from
        .checked_add((price.len() as i64).hours())
        .expect("an instant");
    let bound = [
        ("price", "USD/MWh", 40.0),
        ("btc", "USD/BTC", 60_000.0),
        ("difficulty", "difficulty", 9.0e13),
    ];
    let data: String = bound
        .iter()
        .map(|(name, unit, value)| {
            format!(
                "[data.{name}]\nunit = {unit:?}\nconstant = {value:?}\npublication = \"start\"\n"
            )
        })
        .collect();
    let text = format!(
        r#"
title = "test"
description = "A small world."
site = "site.toml"
seed = 5
[period]
start = "{from}"
end = "{end}"
step_min = 60
history_days = 1
{data}
[mining]
btc_price = "btc"
difficulty = "difficulty"
[forecast]
model = "perfect"
[planning]
horizon = [{{ until_h = {ahead_h}, step_min = 60 }}]
[policies]
run = {policies:?}
"#
    );
    let files = ("scenario.toml", "site.toml");
    let catalogue = Catalogue::embedded();
    let scenario = Scenario::from_toml(files.0, &text, files.1, site, &[], &catalogue)
        .unwrap_or_else(|error| panic!("{error}"));
    let hours: Vec<i64> = (-24..=price.len() as i64 + 48)
        .map(|h| from.as_second() + h * 3600)
        .collect();
    let grid = TimeGrid::from_boundaries(hours).expect("a grid");
    let series = bound.iter().map(|(name, unit, value)| {
        let value = |h: usize| match (*name, h.checked_sub(24)) {
            ("price", Some(h)) => price.get(h).copied().unwrap_or(*value),
            _ => *value,
        };
        let values: Vec<f64> = (0..grid.len()).map(value).collect();
        let unit = Unit::parse(unit).expect("a unit");
        let series = Series::from_steps(*name, unit, &grid, &values).expect("a series");
        ((*name).to_owned(), series)
    });
    let series: BTreeMap<_, _> = series.collect();
    StudyInput {
        scenario,
        series,
        jobs: Vec::new(),
    }
}

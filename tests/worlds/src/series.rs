//! Series.

use std::collections::BTreeMap;

use swingload_model::scenario::Scenario;
use swingload_model::series::{Series, Unit};
use swingload_model::time::TimeGrid;

/// Hourly values from a day before the scenario to two days behind it, by the hour counted
/// from its start.
///
/// # Panics
/// For a unit that is none.
pub fn series_of(
    scenario: &Scenario,
    name: &str,
    unit: &str,
    value: impl Fn(i64) -> f64,
) -> Series {
    let start = scenario.grid.start_s(0);
    let end = scenario.grid.end_s(scenario.grid.len() - 1);
    let hours = -24..(end - start) / 3600 + 48;
    let boundaries = (hours.start..=hours.end)
        .map(|h| start + h * 3600)
        .collect();
    let grid = TimeGrid::from_boundaries(boundaries).expect("invariant: hours rise");
    let values: Vec<f64> = hours.map(value).collect();
    let unit = Unit::parse(unit).unwrap_or_else(|error| panic!("{unit}: {error}"));
    Series::from_steps(name, unit, &grid, &values).unwrap_or_else(|error| panic!("{error}"))
}

/// [`series_of`] with values repeated, the first a day before the start.
pub fn series(scenario: &Scenario, name: &str, unit: &str, values: &[f64]) -> Series {
    series_of(scenario, name, unit, |hour| {
        values[(hour + 24) as usize % values.len()]
    })
}

/// All series that a scenario of this crate names, with these hourly prices, surplus in MW and
/// GPUs asked for, repeated.
pub fn study_series(
    scenario: &Scenario,
    price: &[f64],
    surplus: &[f64],
    demand: &[f64],
) -> BTreeMap<String, Series> {
    let rows = [
        ("price", "USD/MWh", price),
        ("surplus", "MW", surplus),
        ("demand", "GPU", demand),
        ("temperature", "degC", &[20.0]),
        ("btc", "USD/BTC", &[60_000.0]),
        ("difficulty", "difficulty", &[9.0e13]),
    ];
    rows.iter()
        .map(|(name, unit, values)| ((*name).to_owned(), series(scenario, name, unit, values)))
        .collect()
}

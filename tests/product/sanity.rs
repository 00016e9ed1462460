//! Figures known from arithmetic outside this project, on real Texas prices of 2022:
//! one pool of S19j Pro behind one connection, no ramps, no wear.

use swingload_tests::{data_root, json, world};

const SITE: &str = r#"
name = "One pool"
currency = "USD"
time_zone = "UTC"
[[nodes]]
id = "connection"
kind = "interconnect"
rating_mw = 32.214
[[nodes]]
id = "hall"
parent = "connection"
kind = "hall"
rating_mw = 32.214
[nodes.hall]
marginal_pue = 1.05
[[supply]]
id = "grid"
kind = "grid"
available_mw = 100
price_per_mwh = { series = "price" }
[[supply_adder_placeholder]]
[[pools]]
id = "s19j"
node = "hall"
model = "Antminer S19j Pro"
count = 10000
underclock = false
sleep_w = 0
pool_fee = 0.02
"#;

const SCENARIO: &str = r#"
title = "Sanity"
description = "Texas 2022, S19j Pro alone."
site = "site.toml"
[period]
start = "2022-01-01T00:00:00Z"
end = "2023-01-01T00:00:00Z"
step_min = 60
history_days = 0
[data.price]
unit = "USD/MWh"
file = "power-ercot/ercot_dam_hub_avg_2020_2022.csv.gz"
column = "price_usd_per_mwh"
time = { column = "time_utc" }
step_min = 60
publication = "start"
[data.btc]
unit = "USD/BTC"
file = "bitcoin/btc_daily_2018_2024.csv.gz"
column = "open_usd"
time = { column = "date", format = "date" }
step_min = 1440
publication = "start"
[data.difficulty]
unit = "difficulty"
file = "bitcoin/btc_difficulty_periods_2009_2024.csv.gz"
column = "difficulty"
time = { column = "first_block_time_utc" }
publication = "start"
[mining]
btc_price = "btc"
difficulty = "difficulty"
[policies]
run = ["always_on", "breakeven"]
"#;

/// What a year earns with so many USD/MWh of adders.
fn texas(adder: f64) -> Option<serde_json::Value> {
    let data = data_root()?;
    let tariff = format!("[[tariff]]\nkind = \"adder\"\nid = \"wires\"\nper_mwh = {adder}\n");
    let world = world()
        .file(
            "site.toml",
            SITE.replace("[[supply_adder_placeholder]]\n", &tariff),
        )
        .file("scenario.toml", SCENARIO);
    let run = format!(
        "simulate scenario.toml --data {} --json --quiet",
        data.display()
    );
    let shown = world.swingload(&run).assert().success();
    Some(json(&shown.get_output().stdout))
}

fn close(summary: &serde_json::Value, pointer: &str, expected: f64, within: f64) {
    let found = summary.pointer(pointer).and_then(serde_json::Value::as_f64);
    let found = found.unwrap_or_else(|| panic!("{pointer} is a number"));
    assert!(
        (found - expected).abs() <= within,
        "{pointer}: {found}, expected {expected}"
    );
}

#[test]
fn a_year_of_mining_at_the_texan_day_ahead_price() {
    let Some(summary) = texas(0.0) else { return };
    close(
        &summary,
        "/policies/breakeven/pools/s19j/uptime_pct",
        93.4,
        0.05,
    );
    close(&summary, "/policies/breakeven/prices/effective", 50.6, 0.05);
    close(
        &summary,
        "/policies/breakeven/prices/time_weighted",
        64.3,
        0.05,
    );
    close(
        &summary,
        "/policies/breakeven/value_per_mw_year",
        929_000.0,
        1_000.0,
    );
    close(
        &summary,
        "/policies/always_on/value_per_mw_year",
        848_000.0,
        1_000.0,
    );
}

#[test]
fn adders_of_fifteen_dollars_cost_hours_and_money() {
    let Some(summary) = texas(15.0) else { return };
    close(
        &summary,
        "/policies/breakeven/pools/s19j/uptime_pct",
        90.3,
        0.05,
    );
    close(
        &summary,
        "/policies/breakeven/value_per_mw_year",
        808_000.0,
        1_000.0,
    );
    close(
        &summary,
        "/policies/always_on/value_per_mw_year",
        717_000.0,
        1_000.0,
    );
}

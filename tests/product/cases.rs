//! Situations from public reports of other planners, with inputs of our own and the right
//! figures worked out by hand.
//!
//! A megawatt of miners at 25 J/TH hashes for an hour: 3.6e9 J / 25 J/TH = 1.44e8 TH, which at a
//! difficulty of 1e14 is 1.44e20 / (1e14 x 2^32) = 3.3528e-4 blocks; at 3.125 BTC of subsidy and
//! 60,000 a bitcoin that is [`HASH`], what an MWh of hashing earns.

mod thirty;

use serde_json::Value;
use swingload_tests::{World, json, world};

/// What an MWh of hashing earns.
const HASH: f64 = 1.44e20 / (1e14 * 4_294_967_296.0) * 3.125 * 60_000.0;

/// Figures are rounded to millionths per line.
const CENT: f64 = 0.01;

/// One MW of miners in a hundred devices of 10 kW, with `more` at the end of the site.
fn site(more: &str) -> String {
    format!(
        r#"
name = "One MW"
currency = "EUR"
time_zone = "UTC"
nodes = [{{ id = "root", kind = "interconnect", rating_mw = 1, export_mw = 5 }}]
[[supply]]
id = "grid"
kind = "grid"
available_mw = 10
price_per_mwh = {{ series = "price" }}
[[pools]]
id = "miners"
node = "root"
model = "Antminer S21"
count = 100
sleep_w = 0
underclock = false
points = [{{ power_w = 10000, hashrate_th_per_s = 400 }}]
{more}
"#
    )
}

/// From midnight of the 2nd of March 2026, of which `hours` are run; `more` binds further series.
fn scenario(hours: u32, more: &str) -> String {
    format!(
        r#"
title = "By hand"
description = "Small enough for pencil and paper."
site = "site.toml"
period = {{ start = "2026-03-02T00:00:00Z", end = "2026-03-02T{hours:02}:00:00Z", step_min = 60, history_days = 1 }}
planning = {{ horizon = [{{ until_h = {hours}, step_min = 60 }}] }}
mining = {{ btc_price = "btc", difficulty = "difficulty" }}
policies = {{ run = ["always_on", "asap", "swingload", "oracle"] }}
[data]
btc = {{ unit = "EUR/BTC", constant = 60000, publication = "start" }}
difficulty = {{ unit = "difficulty", constant = 1e14, publication = "start" }}
{more}
"#
    )
}

/// A series known from the start, of one column of `p.csv`.
fn bound(name: &str, unit: &str) -> String {
    format!(
        "[data.{name}]\nunit = \"{unit}\"\npublication = \"always\"\nfile = \"./p.csv\"\n\
         column = \"{name}\"\ntime = {{ column = \"time\" }}\nstep_min = 60\n"
    )
}

/// Hourly rows from the 2nd of March on.
fn rows(columns: &[(&str, &[f64])]) -> String {
    let names = columns.iter().map(|(name, _)| format!(",{name}"));
    let mut text = format!("time{}\n", names.collect::<String>());
    for hour in 0..columns[0].1.len() {
        let values = columns
            .iter()
            .map(|(_, values)| format!(",{}", values[hour]));
        text += &format!(
            "2026-03-{:02}T{:02}:00:00Z{}\n",
            2 + hour / 24,
            hour % 24,
            values.collect::<String>()
        );
    }
    text
}

fn summary(world: &World, more: &str) -> Value {
    let shown = world.swingload(&format!("simulate . --json --quiet {more}"));
    json(&{ shown }.assert().success().get_output().stdout)
}

fn value(summary: &Value, policy: &str) -> f64 {
    let value = &summary["policies"][policy]["value"];
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{policy}: {value}"))
}

fn near(found: f64, right: f64) {
    assert!((found - right).abs() < CENT, "{found}, by hand {right}");
}

/// Two MW of sun behind one connection, sold at `export` where they are not used.
fn sun(price: [f64; 4], export: [f64; 4]) -> Value {
    let solar = "[[supply]]\nid = \"solar\"\nkind = \"surplus\"\navailable_mw = 2\n\
                 price_per_mwh = 0\nexport_price_per_mwh = { series = \"export\" }\n";
    let series = bound("price", "EUR/MWh") + &bound("export", "EUR/MWh");
    let world = world()
        .file("site.toml", site(solar))
        .file("scenario.toml", scenario(4, &series))
        .file("p.csv", rows(&[("price", &price), ("export", &export)]));
    summary(&world, "")
}

/// What is exported earns its price, and nothing is exported at a loss.
#[test]
fn negative_prices_of_export() {
    let price = [30.0, -10.0, 90.0, 400.0];
    let summary = sun(price, price);
    // At 30 hashing pays, and of the two MW one is left to sell; at -10 the sun is spilled and
    // the grid pays for the MW; at 90 and 400 both MW earn more outside.
    let right = (HASH + 30.0) + (HASH + 10.0) + 2.0 * 90.0 + 2.0 * 400.0;
    for policy in ["asap", "swingload", "oracle"] {
        near(value(&summary, policy), right);
    }
    // Hashing all the time: one MW is sold at 30, 90 and 400, and none at -10.
    near(
        value(&summary, "always_on"),
        4.0 * HASH + 30.0 + 10.0 + 90.0 + 400.0,
    );
}

/// Export above import: the grid feeds the miners, and all of the sun is sold; without bound it
/// would be no plan.
#[test]
fn export_dearer_than_import() {
    let summary = sun([20.0, -30.0, 62.0, 300.0], [50.0, 40.0, 150.0, 10.0]);
    // At 300 the sun feeds the miners, worth more than the 10 it sells for.
    let right =
        (HASH - 20.0 + 100.0) + (HASH + 30.0 + 80.0) + (HASH - 62.0 + 300.0) + (HASH + 10.0);
    for policy in ["swingload", "oracle"] {
        near(value(&summary, policy), right);
    }
}

/// A tenant of 0.6 MW under a power limit of so many MW an hour.
fn limited(limit: &[f64]) -> World {
    let promised = "[[commitments]]\nid = \"tenant\"\nkind = \"hosting\"\nnode = \"root\"\n\
                    use = \"inference\"\npower_mw = 0.6\ncontracted_mw = 0.6\n\
                    price_per_mwh = 120\npenalty_per_mwh = 300\n\
                    [[commitments]]\nid = \"dso-cap\"\nkind = \"power_limit\"\n\
                    limit_mw = { series = \"cap\" }\npenalty_per_mwh = 1500\n";
    let price = vec![40.0; limit.len()];
    let series = bound("price", "EUR/MWh") + &bound("cap", "MW");
    world()
        .file("site.toml", site(promised))
        .file("scenario.toml", scenario(6, &series))
        .file("p.csv", rows(&[("price", &price), ("cap", limit)]))
}

/// What is promised does not fit below the limit for two of six hours: 0.2 MW of the tenant are
/// short, because 300 an MWh is less than the limit's 1,500.
#[test]
fn a_tenant_above_a_power_limit() {
    let summary = summary(&limited(&[1.0, 1.0, 0.4, 0.4, 1.0, 1.0]), "");
    let whole = 0.6 * (120.0 - 40.0) + 0.4 * (HASH - 40.0);
    let held = 0.4 * (120.0 - 40.0) - 0.2 * 300.0;
    for policy in ["swingload", "oracle"] {
        near(value(&summary, policy), 4.0 * whole + 2.0 * held);
    }
    // Other numbers: where breaking the limit costs less than the tenant's penalty, it is broken.
    let world = limited(&[1.0, 1.0, 0.4, 0.4, 1.0, 1.0]);
    let cheap = self::summary(&world, "--set site.commitments.1.penalty_per_mwh=50");
    // 0.2 MWh beyond the limit cost 50 each; hashing earns 62.86 - 40 of them, too little.
    let broken = 0.6 * (120.0 - 40.0) - 0.2 * 50.0;
    for policy in ["swingload", "oracle"] {
        near(value(&cheap, policy), 4.0 * whole + 2.0 * broken);
    }
}

/// Limits that hold miners back are told with what one more MW would earn.
#[test]
fn a_power_limit_and_a_supply_bind() {
    let plan = |world: &World, more: &str| {
        let line = format!("plan . --json --quiet {more}");
        let shown = world.swingload(&line).assert().success();
        json(&shown.get_output().stdout)["limits"].clone()
    };
    let worth = |limits: &Value, of: &str| -> f64 {
        let all = limits.as_array().expect("limits");
        let limit = all.iter().find(|limit| limit["of"] == of);
        let limit = limit.unwrap_or_else(|| panic!("{of}: {limits}"));
        let steps = limit["worth_per_mw"].as_array().expect("a worth per step");
        steps.iter().map(|step| step.as_f64().expect("money")).sum()
    };
    // 0.7 MW leave the miners 0.1 of the 0.4 there are: a MWh more earns HASH - 40, six hours.
    let capped = plan(&limited(&[0.7; 6]), "");
    near(worth(&capped, "dso-cap"), 6.0 * (HASH - 40.0));
    // As much of the supply is left where it has 0.7 MW and the limit is out of reach.
    let scarce = plan(&limited(&[1.0; 6]), "--set site.supply.0.available_mw=0.7");
    near(worth(&scarce, "grid"), 6.0 * (HASH - 40.0));
    // Nothing binds where there is room for all: 1 MW of load below 1 MW.
    let free = plan(&limited(&[1.0; 6]), "--set site.pools.0.count=30");
    assert_eq!(free.as_array().map(Vec::len), Some(0), "{free}");
}

/// Half a MW bought ahead at 50, with and without the right to sell it on.
#[test]
fn a_baseload_contract() {
    let prices = [20.0, 300.0, -40.0, 80.0];
    let contract = |resale: bool| {
        format!(
            "[[contracts]]\nid = \"baseload\"\nsupply = \"grid\"\nquantity_mw = 0.5\n\
             price_per_mwh = 50\nresale = {resale}\n"
        )
    };
    let run = |resale: bool| {
        let world = world()
            .file("site.toml", site(&contract(resale)))
            .file("scenario.toml", scenario(4, &bound("price", "EUR/MWh")))
            .file("p.csv", rows(&[("price", &prices)]));
        summary(&world, "")
    };
    // Sold on: load at the market's price, and 0.5 x (20 + 300 - 40 + 80 - 4 x 50) = 80 beside.
    let sold = run(true);
    // Kept: 25 an hour are paid whatever is drawn, and what is drawn is the contract's first, at
    // -40 too. At 300 and 80 the half that is paid hashes, and no more is bought.
    let kept = run(false);
    let right = (HASH - 10.0) + 0.5 * HASH + (HASH + 20.0) + 0.5 * HASH - 4.0 * 25.0;
    for policy in ["swingload", "oracle"] {
        near(value(&sold, policy), (HASH - 20.0) + (HASH + 40.0) + 80.0);
        near(value(&kept, policy), right);
    }
    // All on: half of every MWh at the market's price.
    near(value(&kept, "always_on"), 4.0 * HASH - 0.5 * 360.0 - 100.0);
}

/// Three weeks of prices, and a day of the same value in every hour at the end.
fn placeholders(last: f64) -> Vec<f64> {
    let moving = |hour: usize| 70.0 + (hour * 7 % 30) as f64;
    (0..22 * 24)
        .map(|hour| if hour < 21 * 24 { moving(hour) } else { last })
        .collect()
}

/// Zeros that hold the place of prices not yet known are told with a remedy, in every output.
#[test]
fn zeros_for_prices_not_yet_known() {
    let ending = |last: f64| {
        let series = bound("price", "EUR/MWh").replace("always", "D-1 13:00 UTC");
        let period = scenario(4, &series)
            .replace("start = \"2026-03-02", "start = \"2026-03-22")
            .replace("end = \"2026-03-02T04", "end = \"2026-03-24T00")
            .replace("history_days = 1", "history_days = 20");
        world()
            .file("site.toml", site(""))
            .file("scenario.toml", period)
            .file("p.csv", rows(&[("price", &placeholders(last))]))
    };
    let remedy = "data.price.until = \"2026-03-23T00:00:00Z\"";
    for last in [0.0, 99.5] {
        let world = ending(last);
        let notes = summary(&world, "--policies breakeven")["notes"].clone();
        let notes: Vec<String> = serde_json::from_value(notes).expect("texts");
        let told = notes.iter().any(|note| {
            note.contains(&format!("24 h of exactly {last} EUR/MWh")) && note.contains(remedy)
        });
        assert!(told, "{notes:?}");
        // The remedy leaves them out, and then the period has no prices: it is refused.
        let mut cut = world.swingload("simulate . --quiet --policies breakeven");
        let refused = cut
            .args(["--set", "data.price.until=\"2026-03-23T00:00:00Z\""])
            .assert()
            .code(2);
        let said = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
        assert!(said.contains("no value inside the period"), "{said}");
    }
    // Prices that move to the end are not doubted.
    let mut moving = placeholders(0.0);
    (21 * 24..22 * 24).for_each(|hour| moving[hour] = 60.0 + (hour * 11 % 17) as f64);
    let world = ending(0.0).file("p.csv", rows(&[("price", &moving)]));
    let notes = summary(&world, "--policies breakeven")["notes"].to_string();
    assert!(!notes.contains("of exactly"), "{notes}");
}

/// The gain scale has one zero, whichever policies are listed.
#[test]
fn the_scale_does_not_depend_on_the_list() {
    // The price of each hour is known when it is over: the dear third hour is not foreseen.
    let late = bound("price", "EUR/MWh").replace("always", "end");
    let world = world()
        .file("site.toml", site(""))
        .file("scenario.toml", scenario(4, &late))
        .file("p.csv", rows(&[("price", &[30.0, 30.0, 500.0, 30.0])]));
    let listed = |policies: &str| summary(&world, &format!("--policies {policies}"));
    let all = listed("asap,breakeven,swingload,oracle");
    // With the truth: three hours of HASH - 30.
    near(value(&all, "oracle"), 3.0 * (HASH - 30.0));
    assert!(value(&all, "asap") < value(&all, "oracle") - 100.0);
    let scale = |summary: &Value| {
        let gain = &summary["gain"];
        let of = |key: &str| gain[key].as_f64().expect("a number");
        (of("asap"), of("bound"), of("gainable"))
    };
    for policies in ["swingload,oracle", "breakeven,swingload,oracle", "oracle"] {
        let few = listed(policies);
        assert_eq!(scale(&few), scale(&all), "{policies}");
        let own = &few["policies"]["oracle"]["gain_pct"];
        assert_eq!(own, &all["policies"]["oracle"]["gain_pct"], "{policies}");
        assert!(!few["notes"].to_string().contains("nothing can be gained"));
    }
}

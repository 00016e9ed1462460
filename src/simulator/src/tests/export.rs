//! What is exported earns, what is used of it does not, and a contract without resale is
//! delivered first.

use super::support::{input, scenario};
use crate::after::After;
use crate::ledger::LineKind;
use crate::run::{Study, simulate};
use crate::truth::Truth;

const START: &str = "2026-01-05T00:00:00Z";

/// One MW of miners below a connection that may export 5 MW, with the grid and the sun at one
/// price. A MWh hashed earns [`earned`].
const SITE: &str = r#"
name = "export"
currency = "USD"
time_zone = "UTC"
nodes = [{ id = "root", kind = "interconnect", rating_mw = 1, export_mw = 5 }]

[[supply]]
id = "grid"
kind = "grid"
available_mw = 10
price_per_mwh = { series = "price" }

[[supply]]
id = "solar"
kind = "surplus"
available_mw = { series = "surplus" }
price_per_mwh = 0
export_price_per_mwh = { series = "price" }

[[pools]]
id = "miners"
node = "root"
model = "Antminer S21"
count = 100
sleep_w = 0
underclock = false
points = [{ power_w = 10000, hashrate_th_per_s = 500 }]
"#;

const POLICIES: [&str; 5] = ["always_on", "asap", "breakeven", "swingload", "oracle"];

fn run(site: &str, price: &[f64], solar: f64) -> Study {
    let shape = scenario(site, START, price.len() as i64, 60, &POLICIES);
    let study = simulate(&input(shape, price, &[solar], &[0.0], vec![]), &|_| {}).expect("runs");
    let bound = study.summary.gain.as_ref().expect("a scale").bound;
    for (name, policy) in &study.summary.policies {
        assert!(
            policy.value <= bound + 1e-6,
            "{name}: {} above {bound}",
            policy.value
        );
    }
    study
}

/// What a MWh hashed earns.
fn earned(study: &Study) -> f64 {
    let mining = study
        .run("always_on")
        .expect("ran")
        .ledger
        .total(LineKind::Mining);
    mining.as_units() / study.truth.grid.len() as f64
}

/// Values of the policies that choose their hours, and the bound, are all `expected`.
fn all_are(study: &Study, expected: f64) {
    for name in &POLICIES[1..] {
        let value = study.summary.policies[*name].value;
        assert!(
            (value - expected).abs() < 1e-2,
            "{name}: {value}, not {expected}"
        );
    }
    let bound = study.summary.gain.as_ref().expect("a scale").bound;
    assert!(
        (bound - expected).abs() < 0.1,
        "bound {bound}, not {expected}"
    );
}

#[test]
fn what_is_not_used_is_exported_or_spilled() {
    let price = [45.0, -15.0, -180.0, 400.0];
    let study = run(SITE, &price, 2.0);
    let hash = earned(&study);
    // On but for the last hour; the sun is exported at 45 and 400 and spilled below zero,
    // and what is drawn at 45 costs 45 whoever delivers it.
    let mining = (hash - 45.0) + (hash + 15.0) + (hash + 180.0);
    all_are(&study, mining + 2.0 * (45.0 + 400.0));
    let always_on = &study.summary.policies["always_on"];
    let supply = &always_on.energy.supply["solar"];
    // An hour of one MW of the sun is used in each of the two hours it is not spilled in, or
    // the grid's: they cost the same.
    let solar = supply.drawn_mwh + supply.exported_mwh;
    assert!((solar - 4.0).abs() < 1e-9, "{supply:?}");
    let lines = &always_on.by_kind;
    let export = lines[&LineKind::Export];
    let by_hand = if supply.drawn_mwh > 0.0 { 445.0 } else { 890.0 };
    assert!((export - by_hand).abs() < 1e-6, "{export} of {supply:?}");
}

#[test]
fn more_sun_is_worth_more_until_nothing_more_can_be_exported() {
    let price = [400.0; 3];
    let values = [0.0, 2.0, 20.0].map(|solar| run(SITE, &price, solar));
    let hash = earned(&values[0]);
    all_are(&values[0], 0.0);
    all_are(&values[1], 3.0 * 2.0 * 400.0);
    // Beyond the 5 MW that may be exported power is free, so miners run on it.
    all_are(&values[2], 3.0 * (5.0 * 400.0 + hash));
    let swingload = &values[2].summary.policies["swingload"].energy.supply["solar"];
    assert!(
        (swingload.exported_mwh - 15.0).abs() < 1e-9 && (swingload.drawn_mwh - 3.0).abs() < 1e-9
    );
    // Without `export_mw` the connection's rating is the limit.
    let rated = SITE.replace(", export_mw = 5", "");
    all_are(&run(&rated, &price, 20.0), 3.0 * (400.0 + hash));
    // With `export_mw = 0` nothing is exported, and power is free at once.
    let none = SITE.replace("export_mw = 5", "export_mw = 0");
    all_are(&run(&none, &price, 20.0), 3.0 * hash);
}

/// Of 20 MW of the sun 5 may be exported at 400, the rest forgoes nothing: a MWh is worth 100.
#[test]
fn what_cannot_be_exported_costs_no_earnings() {
    let without_grid = SITE.replace("available_mw = 10", "available_mw = 0");
    let alone = {
        let (before, rest) = without_grid.split_once("[[supply]]").expect("the grid");
        let (_, sun) = rest.split_once("[[supply]]").expect("the sun");
        format!("{before}[[supply]]{sun}")
    };
    // Work done after the run costs as much.
    let after = |solar: f64| {
        let shape = scenario(&alone, START, 3, 60, &POLICIES);
        let input = input(shape, &[400.0; 3], &[solar], &[0.0], vec![]);
        let truth = Truth::new(&input.scenario, &input.series).expect("a world");
        After::new(&input.scenario.site, &truth, &[]).price
    };
    assert_eq!((after(20.0), after(4.0)), (100.0, 400.0));
    let study = run(&alone, &[400.0; 3], 20.0);
    assert_eq!(study.truth.supply[0].price_at(0), 100.0);
    let miners = study.run("always_on").expect("ran");
    assert!((miners.pool_reference_cost - 3.0 * 100.0).abs() < 1e-6);
    // Of 4 MW all could be.
    let study = run(&alone, &[400.0; 3], 4.0);
    assert_eq!(study.truth.supply[0].price_at(0), 400.0);
}

#[test]
fn exported_energy_pays_its_own_price_too() {
    let own = SITE.replace("price_per_mwh = 0", "price_per_mwh = 10");
    let study = run(&own, &[300.0, 5.0], 2.0);
    let hash = earned(&study);
    // At 300 all is exported, net of 10; at 5 nothing is, and the grid is cheaper.
    all_are(&study, 2.0 * 290.0 + hash - 5.0);
    let oracle = &study.summary.policies["oracle"].by_kind;
    assert!((oracle[&LineKind::Export] - 600.0).abs() < 1e-6);
    assert!((oracle[&LineKind::Energy] + 20.0 + 5.0).abs() < 1e-6);
}

#[test]
fn a_feeder_exports_only_what_it_may_send_on() {
    let nodes = "nodes = [{ id = \"root\", kind = \"interconnect\", rating_mw = 9, export_mw = 5 }, \
                 { id = \"field\", parent = \"root\", kind = \"feeder\", rating_mw = 9, export_mw = 3 }]";
    let site = SITE
        .replace(
            "nodes = [{ id = \"root\", kind = \"interconnect\", rating_mw = 1, export_mw = 5 }]",
            nodes,
        )
        .replace("id = \"solar\"\n", "id = \"solar\"\nnode = \"field\"\n");
    let study = run(&site, &[400.0; 2], 2.0);
    all_are(&study, 2.0 * 2.0 * 400.0);
    // 8 MW of sun, 3 leave the field: nothing is left for the miners beside them.
    let study = run(&site, &[400.0; 2], 8.0);
    for name in &POLICIES[1..] {
        let value = study.summary.policies[*name].value;
        assert!(
            (value - 2.0 * 3.0 * 400.0).abs() <= 2.0 * 400.0,
            "{name}: {value}"
        );
        let solar = &study.summary.policies[*name].energy.supply["solar"];
        assert!(
            solar.drawn_mwh + solar.exported_mwh <= 6.0 + 1e-9,
            "{solar:?}"
        );
    }
}

#[test]
fn a_contract_without_resale_is_delivered_first_at_any_price() {
    let contract = |resale: bool| {
        let block = format!(
            "\n[[contracts]]\nid = \"hedge\"\nsupply = \"grid\"\nquantity_mw = 0.7\nprice_per_mwh = 38\nresale = {resale}\n"
        );
        run(&(SITE.to_owned() + &block), &[30.0, -40.0, 70.0], 0.0)
    };
    let study = contract(false);
    let hash = earned(&study);
    // 0.7 MWh at 38 are paid in every hour, 0.3 bought at the hour's price.
    all_are(
        &study,
        3.0 * (hash - 0.7 * 38.0) - 0.3 * (30.0 - 40.0 + 70.0),
    );
    let resold = 0.7 * (30.0 - 40.0 + 70.0 - 3.0 * 38.0);
    all_are(&contract(true), 3.0 * hash - (30.0 - 40.0 + 70.0) + resold);
}

#[test]
fn a_contract_that_is_more_than_can_be_drawn_leaves_nothing_to_buy() {
    let block = "\n[[contracts]]\nid = \"hedge\"\nsupply = \"grid\"\nquantity_mw = 3\nprice_per_mwh = 20\nresale = false\n";
    let study = run(&(SITE.to_owned() + block), &[-90.0, 500.0], 0.0);
    all_are(&study, 2.0 * (earned(&study) - 3.0 * 20.0));
}

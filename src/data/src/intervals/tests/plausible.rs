//! Ranges that hold where a binding names none: slips are refused, extremes are not.

use super::{load, noted, refusal, values};
use crate::tests::{PRICE, hourly, world};

fn file(value: impl Fn(u32) -> f64) -> String {
    hourly("2022-01-01T00:00:00Z", (0..48).map(value))
}

/// A daily course around a level.
fn course(level: f64) -> String {
    file(|hour| level * (1.0 + f64::from(hour % 24) / 48.0))
}

fn of_unit(unit: &str, content: &str, more: &str) -> String {
    let binding = PRICE.replace("USD/MWh", unit) + more;
    world().file("p.csv", content).refusal(&binding)
}

fn passes(unit: &str, content: &str, more: &str) {
    let binding = PRICE.replace("USD/MWh", unit) + more;
    let loaded = world().file("p.csv", content).load(&binding);
    if let Err(faults) = loaded {
        panic!("{unit}: {faults}");
    }
}

#[test]
fn a_file_per_kilowatt_hour_is_refused() {
    let file = file(|h| 0.03 + f64::from(h % 5) / 100.0);
    let refused = refusal(&file, "");
    assert!(
        refused.starts_with("p.csv:2: v = 0.05 USD/MWh in the middle"),
        "{refused}"
    );
    assert!(
        refused.contains("did you mean 50 (the price is per kWh)?"),
        "{refused}"
    );
    assert!(refused.contains("allow = [\"data.price\"]"), "{refused}");
    let scaled = values(&load(&file, "scale = 1000"));
    assert!((scaled[0] - 30.0).abs() < 1e-9);
    // Whoever names the range is believed.
    assert_eq!(values(&load(&file, "min = 0")).len(), 48);
    // Rupees per kWh look like a low price in dollars.
    assert!(of_unit("PKR/MWh", &course(24.0), "").contains("(the price is per kWh)"));
    passes("PKR/MWh", &course(24_000.0), "");
    // Oman's tariff in rials is low in size, and right.
    passes("OMR/MWh", &course(12.0), "");
}

#[test]
fn a_price_that_is_scaled_twice_is_refused() {
    let refused = refusal(&course(42.0), "scale = 1000");
    assert!(
        refused.contains("did you mean 51.625 (a factor of 1000"),
        "{refused}"
    );
    assert!(
        refused.contains("data.price.scale is 1000 now"),
        "{refused}"
    );
    // Where no level tells, a single value beyond every market's cap does.
    let spiked = file(|hour| if hour == 30 { 42_000.0 } else { 42.0 });
    let refused = refusal(&spiked, "");
    assert!(
        refused.starts_with("p.csv:32: v = 42000 USD/MWh: lies above"),
        "{refused}"
    );
}

#[test]
fn caps_floors_and_days_at_the_cap_pass() {
    for cap in [5_000.0, 9_000.0, 17_500.0, -1_000.0] {
        let loaded = load(&file(|hour| if hour > 40 { cap } else { 40.0 }), "");
        assert_eq!(values(&loaded)[45], cap);
    }
    // February 2021 in Texas: days on end at the cap. It is noted, not refused.
    let loaded = load(&file(|hour| if hour < 6 { 40.0 } else { 9_000.0 }), "");
    assert!(noted(&loaded, "half of the prices are above 1000 USD/MWh"));
    // Prices of zero are no prices per kWh, nor are low ones among them.
    load(&file(|hour| if hour % 2 == 0 { 0.0 } else { 0.4 }), "");
    load(&file(|hour| -f64::from(hour % 24)), "");
}

#[test]
fn difficulties_are_held_against_their_own_year() {
    let rows = "t,v\n2021-12-30T00:00:00Z,24.27\n2022-01-08T00:00:00Z,24.37\n";
    let lasting = PRICE
        .replace("step_min = 60\n", "")
        .replace("USD/MWh", "difficulty");
    let run = |content: &str, more: &str| {
        world()
            .file("p.csv", content)
            .load(&(lasting.clone() + more))
    };
    let refused = run(rows, "").expect_err("no T").to_string();
    assert!(refused.contains("did you mean 24.27e12"), "{refused}");
    assert!(run(rows, "scale = 1e12").is_ok());
    // 2013's difficulty under 2022: days are moved, and so is what is plausible.
    let old = "t,v\n2012-12-31T00:00:00Z,2968775\n2013-01-09T00:00:00Z,3249549\n";
    assert!(run(old, "shift_days = 3286").is_ok());
    let today = rows.replace("24.27", "3249549");
    assert!(run(&today, "scale = 1").is_err());
}

#[test]
fn degrees_fahrenheit_and_percentages_are_refused() {
    let refused = of_unit("degC", &course(68.0), "");
    assert!(refused.contains("(in degrees Fahrenheit)?"), "{refused}");
    passes("degC", &course(30.0), "");
    let refused = of_unit("g/kWh", &course(400_000.0), "");
    assert!(refused.contains("it is in g/MWh"), "{refused}");
    let refused = of_unit("BTC/block", &course(8_000_000.0), "");
    assert!(refused.contains("in satoshi"), "{refused}");
    let refused = of_unit("USD/GPUh", &course(240.0), "");
    assert!(refused.contains("in cents"), "{refused}");
}

#[test]
fn a_generator_is_held_against_the_range_of_its_unit() {
    let refused = world().refusal(
        "[data.price]\nunit = \"USD/BTC\"\npublication = \"start\"\nsynthetic = { base = 91 }",
    );
    assert!(refused.contains("data.price.synthetic"), "{refused}");
    assert!(
        refused.contains("did you mean 91000 (in thousands)?"),
        "{refused}"
    );
}

/// What is allowed by name is taken, and impossible values are not.
#[test]
fn allowed_values_pass() {
    let mut scenario = world().file("p.csv", course(42.0)).scenario(PRICE);
    scenario.data.get_mut("price").expect("bound").allowed = true;
    let world = world().file("p.csv", course(42_000.0));
    assert!(crate::load(&scenario, Some(&world.root())).is_ok());
}

#[test]
fn the_scale_of_a_site_is_held_against_the_range_too() {
    use swingload_model::site::Amount;
    let world = world().file("p.csv", course(42.0));
    let mut scenario = world.scenario(PRICE);
    let mut run = |scale: f64, allowed: &[&str]| {
        scenario.site.supply[0].price = Amount::Series {
            series: "price".into(),
            scale,
        };
        scenario.site.allowed = allowed.iter().map(|a| (*a).to_owned()).collect();
        crate::load(&scenario, Some(&world.root()))
    };
    let refused = run(1000.0, &[]).expect_err("a thousand times").to_string();
    assert!(
        refused.contains("grid.price_per_mwh.scale = 1000"),
        "{refused}"
    );
    assert!(
        refused.contains("of data.price at 2022-01-01T00:00:00Z"),
        "{refused}"
    );
    assert!(run(1.22, &[]).is_ok());
    assert!(run(1000.0, &["grid.price_per_mwh"]).is_ok());
}

/// 512 H100 draw 0.7 MW in a hall of 20 MW; ten times as many in one of 5 MW are noted.
#[test]
fn more_machines_than_their_hall_carries_are_noted() {
    let world = world().file("p.csv", course(42.0));
    let mut scenario = world.scenario(PRICE);
    let run = |scenario: &_| crate::load(scenario, Some(&world.root())).expect("loads");
    assert!(!noted(&run(&scenario), "full power"));
    scenario.site.gpu_pools[0].count.entries[0].1 = 51_200;
    let loaded = run(&scenario);
    assert!(noted(
        &loaded,
        "node `hall`: its machines (51200 of `h100`) would draw"
    ));
}

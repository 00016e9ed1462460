//! What `--quiet` does not leave out: a reader must know it to trust the figures.

use swingload_model::time::timestamp;
use swingload_tests::{World, world};

/// 2026-01-01T00:00:00Z.
const FIRST: i64 = 1_767_225_600;

/// Miners, and GPUs whose connection cannot carry the gangs of the scenario.
const SITE: &str = r#"
name = "Narrow"
currency = "USD"
time_zone = "UTC"
[[nodes]]
id = "poi"
kind = "interconnect"
rating_mw = 1
[[nodes]]
id = "narrow"
parent = "poi"
kind = "feeder"
rating_mw = 0.2
[[supply]]
id = "grid"
kind = "grid"
available_mw = 1
price_per_mwh = { series = "price" }
[[pools]]
id = "s21"
node = "poi"
model = "Antminer S21"
count = 100
[[gpu_pools]]
id = "h100"
node = "narrow"
model = "H100"
count = 256
"#;

const SCENARIO: &str = r#"
title = "Quiet"
description = "Gangs that cannot run, and a day of prices in cents."
site = "site.toml"
[period]
start = "2026-02-11T00:00:00Z"
end = "2026-02-13T00:00:00Z"
step_min = 60
history_days = 28
[planning]
horizon = [{ until_h = 24, step_min = 60 }]
[data]
btc = { unit = "USD/BTC", constant = 90000, publication = "always" }
difficulty = { unit = "difficulty", constant = 1.5e14, publication = "always" }
[data.price]
unit = "USD/MWh"
file = "./price.csv"
column = "price"
time = { column = "time" }
step_min = 60
publication = "D-1 12:00 UTC"
[mining]
btc_price = "btc"
difficulty = "difficulty"
[policies]
run = ["swingload"]
"#;

/// Gangs of 256 H100s need more than the 0.2 MW of their feeder.
const JOBS: &str = r#"
[[jobs]]
id = "train"
gpu_pool = "h100"
[jobs.synthetic]
per_day = 48
duration_median_h = 2
duration_p90_h = 4
duration_max_h = 6
gpus = [256]
[jobs.terms]
value_per_gpu_h = { low = 0.5, high = 2 }
slack = { low = 1.5, high = 4 }
"#;

/// Hourly prices from the first of January on: 16 to 28 by time of day; the day `in_cents` in cents.
fn prices(in_cents: Option<i64>) -> String {
    let row = |hour: i64| {
        let time = timestamp(FIRST + hour * 3_600);
        let of_day = (hour % 24) as f64;
        let price = 22.0 - 6.0 * (of_day - 4.0).abs() / 12.0 + (hour * 7 % 11) as f64 / 5.0;
        let cents = if in_cents == Some(hour / 24) {
            100.0
        } else {
            1.0
        };
        format!("{time},{:.2}\n", price * cents)
    };
    "time,price\n".to_owned() + &(0..24 * 45).map(row).collect::<String>()
}

/// What a quiet run says: on standard output nothing but JSON where it is asked for.
fn said(world: &World, command: &str) -> String {
    let shown = world.swingload(command).assert().success();
    let output = shown.get_output();
    assert!(
        output.stdout.is_empty() || command.contains("--json"),
        "{output:?}"
    );
    let text = String::from_utf8(output.stderr.clone()).expect("text");
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn work_that_cannot_be_done_is_told_whatever_quiet_says() {
    let world = world()
        .file("site.toml", SITE)
        .file("scenario.toml", format!("{SCENARIO}{JOBS}"))
        .file("price.csv", prices(None));
    for command in [
        "simulate . --quiet",
        "simulate . --quiet --json",
        "simulate . --json",
        "plan . --quiet --at 2026-02-11T12:00:00Z",
        "plan . --quiet --json --at 2026-02-11T12:00:00Z",
    ] {
        let said = said(&world, command);
        assert!(said.contains("note: job train-"), "{command}: {said}");
        assert!(said.contains("can never run"), "{command}: {said}");
    }
    // Not quiet, it is told before the run where everything else is, and once.
    let shown = world.swingload("simulate .").assert().success();
    let output = shown.get_output();
    assert!(!String::from_utf8_lossy(&output.stderr).contains("can never run"));
    assert!(String::from_utf8_lossy(&output.stdout).contains("can never run"));
}

#[test]
fn values_that_are_refused_are_told_whatever_quiet_says() {
    let world = |in_cents| {
        world()
            .file("site.toml", SITE)
            .file("scenario.toml", SCENARIO)
            .file("price.csv", prices(in_cents))
    };
    let refused = "note: forecast of price: price in another unit";
    let in_cents = world(Some(42));
    for command in [
        "simulate . --quiet",
        "plan . --quiet --at 2026-02-11T13:00:00Z",
    ] {
        let said = said(&in_cents, command);
        assert!(said.contains(refused), "{command}: {said}");
    }
    assert_eq!(said(&world(None), "simulate . --quiet"), "");
}

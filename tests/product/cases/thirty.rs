//! A site of 30 MW in Texas made from README and schemas: two generations of miners, a demand
//! charge, coincident peaks, a hedge, an emergency programme, GPUs with a list of jobs.
//!
//! What such a user met, line by line, and what is right. All inputs are made up.

use serde_json::Value;
use swingload_tests::{World, json, world};

const SITE: &str = r#"
name = "Thirty"
currency = "USD"
time_zone = "America/Chicago"
[[nodes]]
id = "poi"
kind = "interconnect"
rating_mw = 30
[[nodes]]
id = "mine"
parent = "poi"
kind = "hall"
rating_mw = 29
hall = { fixed_overhead_kw = 100, marginal_pue = 1.05 }
[[nodes]]
id = "ai"
parent = "poi"
kind = "hall"
rating_mw = 0.6
hall = { marginal_pue = 1.25 }
[[supply]]
id = "grid"
kind = "grid"
available_mw = 30
price_per_mwh = { series = "da" }
[[tariff]]
kind = "adder"
id = "retail"
per_mwh = 4
[[tariff]]
kind = "demand"
id = "wires"
per_kw_month = 3
[[tariff]]
kind = "coincident_peak"
id = "4cp"
per_kw_year = 60
intervals_per_year = 4
peaks = "peaks"
probability = "likely"
[[contracts]]
id = "ppa"
supply = "grid"
quantity_mw = 10
price_per_mwh = 34
[[programmes]]
id = "ers"
capacity_mw = 15
availability_per_mw_h = 7
firm_mw = 10
penalty_per_mwh = 1000
calls = "calls"
[[pools]]
id = "s19j"
node = "mine"
model = "Antminer S19j Pro"
count = 4000
pool_fee = 0.02
[[pools]]
id = "s21"
node = "mine"
model = "Antminer S21"
count = 3500
pool_fee = 0.02
[[gpu_pools]]
id = "h100"
node = "ai"
model = "H100"
count = 256
"#;

/// July 2026; prices of a generator, peaks and calls of small files.
const SCENARIO: &str = r#"
title = "Thirty MW"
description = "Made up."
site = "site.toml"
seed = 3
[period]
start = "2026-07-01T00:00:00-05:00"
end = "2026-08-01T00:00:00-05:00"
step_min = 60
history_days = 28
[planning]
horizon = [{ until_h = 24, step_min = 60 }]
[mining]
btc_price = "btc"
difficulty = "difficulty"
[policies]
run = ["always_on"]
[data]
btc = { unit = "USD/BTC", constant = 65000, publication = "start" }
difficulty = { unit = "difficulty", constant = 8.2e13, publication = "start" }
[data.da]
unit = "USD/MWh"
publication = "D-1 13:30 America/Chicago"
[data.da.synthetic]
base = 40
daily = [-8, -10, -11, -11, -9, -4, 2, 4, 0, -4, -7, -9, -9, -6, 2, 12, 26, 38, 44, 30, 14, 4, -2, -6]
noise = { sigma = 6, memory_h = 3 }
min = 1
zone = "America/Chicago"
[data.peaks]
unit = "1"
file = "./peaks.csv"
column = "peak"
time = { column = "time" }
step_min = 60
gaps = "zero"
publication = "end + 31 d"
[data.likely]
unit = "1"
file = "./peaks.csv"
column = "likely"
time = { column = "time" }
step_min = 60
gaps = "zero"
publication = "D-1 18:00 America/Chicago"
[data.calls]
unit = "1"
file = "./calls.csv"
column = "called"
time = { column = "time" }
step_min = 60
gaps = "zero"
publication = "start"
"#;

/// A list of jobs whose second one runs for so many seconds.
const JOBS: &str = r#"
[[jobs]]
id = "train"
gpu_pool = "h100"
[jobs.trace]
file = "./jobs.csv"
time = { column = "submit" }
duration_column = "seconds"
gpus_column = "gpus"
[jobs.terms]
value_per_gpu_h = { low = 1.6, high = 1.6 }
slack = { low = 2, high = 3 }
"#;

/// Three hours of every afternoon may hold a peak, 2 or 3 %; the one of the 14th at four o'clock
/// local time is one.
fn peaks() -> String {
    let mut text = "time,peak,likely\n".to_owned();
    for (day, hour) in (1..=31).flat_map(|day| [20, 21, 22].map(|hour| (day, hour))) {
        let peak = u8::from((day, hour) == (14, 21));
        let likely = if hour == 21 { 0.03 } else { 0.02 };
        text += &format!("2026-07-{day:02}T{hour}:00:00Z,{peak},{likely}\n");
    }
    text
}

fn thirty(jobs: &str) -> World {
    world()
        .file("site.toml", SITE)
        .file("scenario.toml", format!("{SCENARIO}{jobs}"))
        .file("peaks.csv", peaks())
        .file(
            "calls.csv",
            "time,called\n2026-07-10T22:00:00Z,1\n2026-07-10T23:00:00Z,1\n",
        )
}

fn summary(world: &World, more: &[&str]) -> Value {
    let mut command = world.swingload("simulate . --json --quiet");
    json(&command.args(more).assert().success().get_output().stdout)
}

fn number(value: &Value, pointer: &str) -> f64 {
    let found = value.pointer(pointer).and_then(Value::as_f64);
    found.unwrap_or_else(|| panic!("{pointer}: {value}"))
}

/// | a slip | it is refused, and with what was meant |
#[test]
fn slips_are_refused_with_what_was_meant() {
    let world = thirty("");
    for (set, meant) in [
        (
            "data.difficulty={unit=\"difficulty\",constant=82.05,publication=\"start\"}",
            "did you mean 82.05e12 (the T",
        ),
        (
            "data.btc={unit=\"USD/BTC\",constant=95,publication=\"start\"}",
            "95000 (in thousands)",
        ),
        ("site.nodes.1.hall.marginal_pue=104", "1.04 (in percent)"),
        ("site.tariff.1.per_kw_month=3200", "3.2 (it is per MW)"),
        (
            "site.programmes.0.availability_per_mw_h=7000",
            "7 (a factor of 1000 too much)",
        ),
        (
            "site.programmes.0.capacity_mw=300",
            "30 (a factor of 10 too much)",
        ),
        (
            "site.programmes.0.penalty_per_mwh=1",
            "1000 (it is per kWh)",
        ),
        (
            "site.nodes.0.ramp_up_kw_per_min=1.5",
            "1500 (in MW per minute)",
        ),
        ("site.contracts.0.quantity_mw=10000", "10 (in kW)"),
        (
            "data.da.synthetic.base=40000",
            "(a factor of 1000 too much)",
        ),
    ] {
        let mut command = world.swingload("simulate . --quiet");
        let refused = command.args(["--set", set]).assert().code(2);
        let said = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(meant), "{set}: {said}");
    }
    // 45,000 miners of 3.5 kW are 158 MW in a hall of 29: told, for it may be meant.
    let notes = summary(&world, &["--set", "site.pools.1.count=45000"])["notes"].to_string();
    assert!(
        notes.contains("at full power, and it carries 29.0 MW"),
        "{notes}"
    );
}

/// | per MW and year of this month | one of four peaks lies in it: times 4, not 12 |
#[test]
fn a_year_has_four_peaks() {
    let world = thirty("");
    let with = summary(&world, &[]);
    let without = summary(&world, &["--set", "site.tariff.2.per_kw_year=0"]);
    let charge = number(&with, "/policies/always_on/by_kind/coincident_peak");
    // The load at the peak, at 60 / 4 per kW: 4,000 S19j Pro, 3,500 S21, overhead, idle GPUs.
    let kilowatts = -charge / 15.0;
    assert!((24_000.0..30_000.0).contains(&kilowatts), "{kilowatts} kW");
    let per_year = |summary: &Value| number(summary, "/policies/always_on/value_per_mw_year");
    let right = 4.0 * charge / 30.0;
    let found = per_year(&with) - per_year(&without);
    assert!((found - right).abs() < 1.0, "{found}, by hand {right}");
    // Of a year with two such peaks it is half of the year's: times 2, of half the price each.
    let two = ["--set", "site.tariff.2.intervals_per_year=2"];
    let charge = number(
        &summary(&world, &two),
        "/policies/always_on/by_kind/coincident_peak",
    );
    assert!((charge + 30.0 * kilowatts).abs() < 1.0, "{charge}");
}

/// | `--split` | not knowing which likely hour is the peak is a part of its own |
#[test]
fn peaks_are_a_part_of_the_split() {
    let days = [
        "--split",
        "--policies",
        "asap,swingload,oracle",
        "--set",
        "period.start=2026-07-13T00:00:00-05:00",
        "--set",
        "period.end=2026-07-16T00:00:00-05:00",
    ];
    let split = summary(&thirty(""), &days)["split"].clone();
    let parts = split["parts"].as_array().expect("parts");
    let amount = |part: &str| {
        let found = parts.iter().find(|p| p["part"] == part);
        number(found.expect(part), "/amount")
    };
    let left = number(&split, "/left");
    assert!(left > 1_000.0, "{split}");
    // All else is known: prices a day ahead, no jobs, no calls.
    assert!(amount("coincident_peaks") > 0.99 * left, "{split}");
    assert!(number(&split, "/planning").abs() < 0.01 * left, "{split}");
    let sum: f64 = parts.iter().map(|p| number(p, "/amount")).sum();
    assert!((sum + number(&split, "/planning") - left).abs() < 0.01);
}

/// | break-even | the price at the meter at which each generation stops |
///
/// An MWh at 29.5 J/TH is 3.6e9 / 29.5 = 1.2203e8 TH; at a difficulty of 8.2e13 that is 3.4650e-4
/// blocks of 3.125 BTC at 65,000: 70.38; less 2 % of fee, by a PUE of 1.05: 65.69. At 17.5 J/TH
/// 110.74.
#[test]
fn stop_prices_are_at_the_meter() {
    let summary = summary(&thirty(""), &[]);
    let at_meter = |pool: usize| {
        let points = summary["breakeven"][pool]["points"].as_array();
        let last = points.expect("points").last().expect("a rated point");
        number(last, "/mean/at_meter_per_mwh")
    };
    let by_hand = |j_per_th: f64| {
        let blocks = 3.6e9 / j_per_th * 1e12 / (8.2e13 * 4_294_967_296.0);
        blocks * 3.125 * 65_000.0 * 0.98 / 1.05
    };
    for (pool, efficiency) in [(0, 29.5), (1, 17.5)] {
        let right = by_hand(efficiency);
        let found = at_meter(pool);
        assert!((found - right).abs() < 0.001, "{found}, by hand {right}");
    }
    assert!((by_hand(29.5) - 65.69).abs() < 0.01 && (by_hand(17.5) - 110.74).abs() < 0.01);
    // Half a bitcoin's price, half the stop price; charges do not move what the meter may cost.
    let half = [
        "--set",
        "data.btc.constant=32500",
        "--set",
        "site.tariff.0.per_mwh=9",
    ];
    let halved = self::summary(&thirty(""), &half);
    let points = halved["breakeven"][1]["points"].as_array().expect("points");
    let found = number(points.last().expect("rated"), "/mean/at_meter_per_mwh");
    assert!((found - by_hand(17.5) / 2.0).abs() < 0.001, "{found}");
}

/// | a job of 10,000 h | worth what its rest can still earn; a note names it |
#[test]
fn a_job_in_milliseconds_is_named() {
    let run = |seconds: u64| {
        let jobs = format!(
            "submit,seconds,gpus\n2026-07-01T08:00:00Z,36000,64\n2026-07-01T08:00:00Z,{seconds},64\n"
        );
        summary(&thirty(JOBS).file("jobs.csv", jobs), &[])
    };
    let slip = run(36_000_000);
    let open = &slip["policies"]["always_on"]["open_work"];
    // 64 GPUs from eight o'clock on the 1st to five on the 1st of August, 741 h, did 47,424 of
    // 640,000 GPU-hours.
    assert_eq!(number(open, "/gpu_h"), 640_000.0 - 64.0 * 741.0);
    assert!(number(open, "/doable_gpu_h") <= number(open, "/gpu_h"));
    // An hour earns 1.6 less its energy, so the rest is worth less than that.
    let worth = number(open, "/worth");
    assert!(worth < 1.6 * number(open, "/doable_gpu_h"), "{open}");
    let notes = slip["notes"].to_string();
    assert!(
        notes.contains("of the work left open at the end")
            && notes.contains("9,259 h on its 64 GPUs"),
        "{notes}"
    );
    // Ten hours are done in ten hours, and there is nothing to say.
    let right = run(36_000);
    assert!(!right["notes"].to_string().contains("left open"));
    assert!(right["policies"]["always_on"]["open_work"].is_null());
}

/// | a slot at a likely peak | how much of its price is the chance of the peak |
#[test]
fn the_price_at_a_likely_peak_is_told_by_parts() {
    let world = thirty("");
    let peak_at = |at: &str| {
        let line = format!("plan . --json --quiet --at {at}");
        let plan = json(
            &world
                .swingload(&line)
                .assert()
                .success()
                .get_output()
                .stdout,
        );
        let parts = plan["reasons"][0]["price_parts"]
            .as_array()
            .expect("parts")
            .clone();
        parts
            .into_iter()
            .find(|part| part["kind"] == "coincident_peak")
    };
    // 60 per kW and year in four intervals are 15,000 per MWh in one of them; 2 % of that is 300.
    let part = peak_at("2026-07-14T15:00").expect("a part of the price");
    assert_eq!(
        (
            number(&part, "/chance"),
            number(&part, "/if_peak_per_mwh"),
            number(&part, "/per_mwh")
        ),
        (0.02, 15_000.0, 300.0)
    );
    let next = peak_at("2026-07-14T16:00").expect("a part of the price");
    assert_eq!(number(&next, "/per_mwh"), 450.0);
    assert_eq!(
        peak_at("2026-07-14T12:00"),
        None,
        "no peak is likely at noon"
    );
    let shown = world
        .swingload("plan . --at 2026-07-14T15:00")
        .assert()
        .success();
    let text = String::from_utf8_lossy(&shown.get_output().stdout).into_owned();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = "4cp 300.00 (2.0 % chance of a coincident peak that costs 15000.00)";
    assert!(text.contains(words), "{text}");
}

/// | no `[forecast]` | a model by unit and publication of each series |
#[test]
fn series_are_forecast_by_what_they_are() {
    let model = |summary: &Value, series: &str| {
        let model = &summary["forecasters"][series]["model"];
        model
            .as_str()
            .unwrap_or_else(|| panic!("{series}"))
            .to_owned()
    };
    let world = thirty("");
    let found = summary(&world, &[]);
    for (series, right) in [
        ("da", "lear"),
        ("calls", "persistence"),
        ("peaks", "persistence"),
        ("likely", "persistence"),
        ("btc", "persistence"),
    ] {
        assert_eq!(model(&found, series), right, "{series}");
    }
    // The same prices known with their hour are those of the moment.
    let at_once = summary(&world, &["--set", "data.da.publication=start"]);
    assert_eq!(model(&at_once, "da"), "reverting");
}

//! A published price is believed: caps after calm months stop the miners, prices below zero
//! run them, and neither is learned from.

use std::collections::BTreeMap;

use swingload_model::catalogue::Catalogue;
use swingload_model::scenario::Scenario;
use swingload_model::series::{Observation, Series, Unit};

use crate::run::{Study, StudyInput, simulate};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// Days of calm prices before the period.
const CALM: i64 = 60;
/// Steps of the period, hours: two days, the event on the first.
const HOURS: usize = 48;
/// The event, hours of the first day.
const EVENT: std::ops::Range<i64> = 15..20;

const SITE: &str = r#"
name = "test"
currency = "USD"
time_zone = "UTC"
nodes = [{ id = "root", kind = "interconnect", rating_mw = 1 }]
supply = [{ id = "grid", kind = "grid", available_mw = 10, price_per_mwh = { series = "price" } }]
[[pools]]
id = "miners"
node = "root"
model = "Antminer S21"
count = 100
sleep_w = 0
underclock = false
points = [{ power_w = 10000, hashrate_th_per_s = 500 }]
"#;

/// When the price is published, and who forecasts it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Market {
    /// At noon of the day before.
    DayAhead,
    /// At the start of its hour.
    Start,
    /// When its hour is over.
    End,
}

fn scenario(market: Market, model: &str, range: &str) -> Scenario {
    let publication = match market {
        Market::DayAhead => "D-1 12:00 UTC",
        Market::Start => "start",
        Market::End => "end",
    };
    let text = format!(
        r#"
title = "test"
site = "site.toml"
period = {{ start = "2026-03-02T00:00:00Z", end = "2026-03-04T00:00:00Z", step_min = 60, history_days = {CALM} }}
mining = {{ btc_price = "btc", difficulty = "difficulty" }}
policies = {{ run = ["breakeven", "swingload"] }}
planning = {{ horizon = [{{ until_h = 24, step_min = 60 }}] }}
[forecast]
model = "persistence"
series.price = {{ model = "{model}" }}
[data]
btc = {{ unit = "USD/BTC", constant = 80000, publication = "start" }}
difficulty = {{ unit = "difficulty", constant = 1e14, publication = "start" }}
[data.price]
unit = "USD/MWh"
file = "price.csv"
column = "price"
time = {{ column = "time" }}
publication = "{publication}"
{range}
"#
    );
    let built = Scenario::from_toml(
        "scenario.toml",
        &text,
        "site.toml",
        SITE,
        &[],
        &Catalogue::embedded(),
    );
    built.unwrap_or_else(|error| panic!("{error}"))
}

/// Prices between 14 and 32 by time of day and day, as calm as a market is.
fn calm(hour: i64) -> f64 {
    let of_day = (hour.rem_euclid(24)) as f64;
    let daily = 22.0 - 6.0 * libm::cos((of_day - 4.0) * std::f64::consts::PI / 12.0);
    daily + 2.0 * libm::sin(1.7 * hour as f64) + 1.5 * libm::sin(0.13 * hour as f64)
}

/// A study whose price is `price(hour)`, hours counted from the start of the period.
fn study(scenario: Scenario, market: Market, price: impl Fn(i64) -> f64) -> Study {
    let start = scenario.grid.start_s(0);
    let observations = (-CALM * 24..HOURS as i64 + 48).map(|hour| {
        let (from, until) = (start + hour * HOUR, start + (hour + 1) * HOUR);
        let known_at = match market {
            Market::DayAhead => from - from.rem_euclid(DAY) - 12 * HOUR,
            Market::Start => from,
            Market::End => until,
        };
        Observation {
            start: from,
            end: until,
            value: price(hour),
            known_at,
        }
    });
    let unit = Unit::parse("USD/MWh").expect("unit");
    let price = Series::new("price", unit, observations.collect()).expect("valid");
    let always = |name: &str, unit: &str, value: f64| {
        let whole = Observation {
            start: start - (CALM + 1) * DAY,
            end: start + 10 * DAY,
            value,
            known_at: start - (CALM + 1) * DAY,
        };
        let unit = Unit::parse(unit).expect("unit");
        (
            name.to_owned(),
            Series::new(name, unit, vec![whole]).expect("valid"),
        )
    };
    let series: BTreeMap<String, Series> = [
        ("price".to_owned(), price),
        always("btc", "USD/BTC", 80_000.0),
        always("difficulty", "difficulty", 1e14),
    ]
    .into();
    let input = StudyInput {
        series,
        scenario,
        jobs: Vec::new(),
    };
    simulate(&input, &|_| {}).expect("runs")
}

/// Calm prices times `scale`, and the cap in the hours of the event.
fn with_event(scale: f64, cap: f64) -> impl Fn(i64) -> f64 {
    move |hour| match EVENT.contains(&hour) {
        true => cap,
        false => scale * calm(hour),
    }
}

/// Prices as they usually are, and of months of plenty: between 0.5 and 1.5.
const SCALES: [f64; 2] = [1.0, 1.0 / 22.0];

/// Hours in which a policy's miners were awake.
fn awake(study: &Study, policy: &str) -> Vec<bool> {
    let run = study.run(policy).expect("ran");
    run.pools[0].awake.iter().map(|n| *n > 0.0).collect()
}

fn named(study: &Study, policy: &str, what: &str) -> bool {
    let run = study.run(policy).expect("ran");
    let mut all = run.fallbacks.iter();
    all.any(|(series, fallback, _)| series == "price" && fallback.contains(what))
}

const RANGES: [&str; 2] = ["", "min = -5000\nmax = 20000"];

#[test]
fn miners_stop_at_the_cap_and_run_below_zero_after_calm_months() {
    let markets = [
        (Market::DayAhead, "lear"),
        (Market::DayAhead, "seasonal_naive_day"),
        (Market::Start, "realtime"),
        (Market::Start, "persistence"),
    ];
    let caps = [5_000.0, 9_000.0, 17_500.0, -1_000.0];
    let cases = || SCALES.iter().flat_map(|s| caps.iter().map(|c| (*s, *c)));
    for (market, model) in markets {
        for range in RANGES {
            for (scale, cap) in cases() {
                let case = format!("{market:?} {model} {range:?} {scale} {cap}");
                let price = with_event(scale, cap);
                let study = study(scenario(market, model, range), market, price);
                for policy in ["breakeven", "swingload"] {
                    let awake = awake(&study, policy);
                    for (hour, awake) in awake.iter().enumerate() {
                        let is_on = cap < 0.0 || !EVENT.contains(&(hour as i64));
                        assert_eq!(*awake, is_on, "{case}, {policy}, hour {hour}");
                    }
                    // 150 times the usual top is about 4,500 (205): beyond it a price is named.
                    let is_odd = cap > 0.0 || scale < 1.0;
                    let is_named = named(&study, policy, "price far from usual");
                    assert_eq!(is_named, is_odd, "{case}, {policy}");
                    assert!(!named(&study, policy, "another unit"), "{case}, {policy}");
                }
            }
        }
    }
}

#[test]
fn a_price_known_when_its_hour_is_over_stops_the_miners_from_the_next_hour_on() {
    for model in ["realtime", "reverting", "persistence"] {
        for range in RANGES {
            let caps = [5_000.0, 9_000.0, 17_500.0];
            let cases = SCALES.iter().flat_map(|s| caps.iter().map(|c| (*s, *c)));
            for (scale, cap) in cases {
                let market = Market::End;
                let price = with_event(scale, cap);
                let study = study(scenario(market, model, range), market, price);
                for policy in ["breakeven", "swingload"] {
                    let awake = awake(&study, policy);
                    let case = format!("{model} {range:?} {scale} {cap} {policy}: {awake:?}");
                    // Nobody can know the first hour of it.
                    for hour in EVENT.skip(1) {
                        assert!(!awake[hour as usize], "{case}, hour {hour}");
                    }
                    // Over, it is forgotten with the first usual price.
                    for hour in EVENT.end + 1..HOURS as i64 {
                        assert!(awake[hour as usize], "{case}, hour {hour}");
                    }
                    assert!(named(&study, policy, "price far from usual"), "{case}");
                }
            }
        }
    }
}

#[test]
fn prices_in_another_unit_are_refused_and_named_whatever_they_say() {
    // Of days published together: the forecast stands in, which is right about both days.
    for factor in [1_000.0, 0.001] {
        let market = Market::DayAhead;
        let price = |hour: i64| match (0..24).contains(&hour) {
            true => factor * calm(hour),
            false => calm(hour),
        };
        let study = study(scenario(market, "lear", ""), market, price);
        for policy in ["breakeven", "swingload"] {
            assert!(named(&study, policy, "price in another unit"), "{factor}");
            assert!(awake(&study, policy).iter().all(|on| *on), "{factor}");
        }
    }
}

#[test]
fn nothing_is_learned_from_a_cap_price() {
    use swingload_forecast::models::{Options, model};
    use swingload_forecast::{History, Request};
    use swingload_model::TimeGrid;

    let end = CALM * 24;
    let is_event = |hour: i64| (EVENT.start..EVENT.end).contains(&(hour - (end - 48)));
    let history = |cap: Option<f64>, market: Market| {
        let mut history = History::new();
        history.declare("price", Unit::PricePerMwh("USD".into()));
        for hour in 0..end {
            let value = match cap.filter(|_| is_event(hour)) {
                Some(cap) => cap,
                None if is_event(hour) => continue,
                None => calm(hour),
            };
            let known_at = match market {
                Market::DayAhead => (hour - hour % 24 - 12) * HOUR,
                Market::Start => hour * HOUR,
                Market::End => (hour + 1) * HOUR,
            };
            let observation = Observation {
                start: hour * HOUR,
                end: (hour + 1) * HOUR,
                value,
                known_at,
            };
            history.push("price", observation).expect("valid");
        }
        history
    };
    let from = end * HOUR;
    let grid =
        TimeGrid::from_boundaries((0..=36).map(|i| from + i * HOUR).collect()).expect("grid");
    for (market, names) in [
        (
            Market::DayAhead,
            &["lear", "seasonal_naive_day", "climatology"][..],
        ),
        (Market::Start, &["realtime", "reverting", "persistence"]),
        (Market::End, &["realtime", "reverting", "persistence"]),
    ] {
        let plain = history(None, market);
        for cap in [9_000.0, 17_500.0] {
            let spiked = history(Some(cap), market);
            for name in names {
                let of = |history: &History| {
                    let model = model(name, &Options::default()).expect("registered");
                    model.forecast(&Request {
                        history,
                        series: "price",
                        issued_at: from,
                        grid: &grid,
                        quantiles: true,
                        paths: 3,
                        seed: 1,
                    })
                };
                let (with, without) = (of(&spiked), of(&plain));
                let case = format!("{name}, {market:?}, {cap}");
                assert_eq!(with.mean, without.mean, "{case}");
                assert_eq!(with.quantiles, without.quantiles, "{case}");
                assert_eq!(with.paths, without.paths, "{case}");
            }
        }
    }
}

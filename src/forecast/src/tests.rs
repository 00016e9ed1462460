//! Every model on made-up series: what must hold for all of them.

mod calibration;
mod degradation;
mod fallbacks;
mod learned;
mod realtime;
mod world;

use proptest::prelude::*;
use swingload_model::series::{Observation, Unit};

use crate::models::Options;
use crate::{Forecast, History, Request, model};
use world::{DAY, HOUR, grid, options, shape, truth, uneven};

/// All models; of LEAR's windows only their mean, which takes the same way, and not the one
/// that is made of other series, which has tests of its own.
fn names() -> impl Iterator<Item = &'static str> {
    let single = |name: &&str| name.starts_with("lear_") && *name != "lear_kernel";
    crate::models::names().filter(move |name| !single(name) && *name != "hashprice")
}

fn ask(name: &str, history: &History, issued_at: i64, paths: usize) -> Forecast {
    ask_on(name, history, issued_at, paths, &uneven(issued_at))
}

fn ask_on(
    name: &str,
    history: &History,
    issued_at: i64,
    paths: usize,
    grid: &swingload_model::TimeGrid,
) -> Forecast {
    let truth = truth(60);
    let model = model(name, &options(&truth)).expect("registered");
    assert_eq!(model.name(), name);
    model.forecast(&Request {
        history,
        series: "price",
        issued_at,
        grid,
        quantiles: true,
        paths,
        seed: 7,
    })
}

/// Bits of everything forecast, so that NaN and signed zero count too.
fn bits(forecast: &Forecast) -> Vec<u64> {
    let all = forecast.mean.iter();
    let all = all.chain(forecast.quantiles.iter().flatten());
    let all = all.chain(forecast.paths.iter().flatten());
    all.map(|value| value.to_bits()).collect()
}

#[test]
fn the_registry_gives_what_its_options_allow() {
    assert!(model("arima", &Options::default()).is_none());
    assert!(model("published", &Options::default()).is_none());
    assert!(model("perfect", &Options::default()).is_none());
    assert!(model("climatology", &Options::default()).is_some());
    let listed = swingload_model::scenario::names::FORECAST_MODELS;
    assert_eq!(crate::models::names().count(), listed.len());
    assert!(crate::models::names().all(|name| listed.iter().any(|row| row.name == name)));
}

#[test]
fn quantiles_rise_and_all_is_finite() {
    let history = world::history(40, 1.0);
    for name in names() {
        let forecast = ask(name, &history, 36 * DAY + 4_200, 20);
        assert_eq!(forecast.mean.len(), forecast.grid.len());
        assert_eq!(forecast.quantiles.len(), forecast.grid.len());
        assert_eq!(forecast.paths.len(), 20);
        for quantiles in &forecast.quantiles {
            assert!(quantiles.is_sorted(), "{name}: {quantiles:?}");
        }
        let finite = bits(&forecast)
            .iter()
            .all(|b| f64::from_bits(*b).is_finite());
        assert!(finite, "{name}");
        assert_eq!(forecast.fallback_text(), None, "{name}");
    }
}

#[test]
fn the_future_changes_no_bit() {
    let issued_at = 33 * DAY + 900;
    let plain = world::history(33 + 1, 1.0);
    let mut scrambled = plain.clone();
    let late = |i: i64| {
        // Values of past and future alike, all published after the issue.
        let start = issued_at - 10 * DAY + i * 2_800;
        Observation {
            start,
            end: start + 4_400 + i % 13,
            value: (i * 37 % 1_000) as f64 - 500.0,
            known_at: issued_at + 1 + i % 50,
        }
    };
    let mut late: Vec<Observation> = (0..1_250).map(late).collect();
    late.sort_by_key(|o| o.known_at);
    for late in late {
        for series in ["price", "outlook"] {
            scrambled.push(series, late).expect("valid");
        }
    }
    for name in names() {
        let (a, b) = (
            ask(name, &plain, issued_at, 9),
            ask(name, &scrambled, issued_at, 9),
        );
        assert_eq!(bits(&a), bits(&b), "{name}");
        assert_eq!(a.fallback_text(), b.fallback_text(), "{name}");
    }
}

#[test]
fn what_was_asked_before_changes_no_bit() {
    let history = world::history(40, 1.0);
    let truth = truth(60);
    for name in names() {
        let used = model(name, &options(&truth)).expect("registered");
        for hour in (0..60).rev() {
            let issued_at = 35 * DAY + hour * 4_100;
            let grid = uneven(issued_at);
            let request = Request {
                history: &history,
                series: "price",
                issued_at,
                grid: &grid,
                quantiles: true,
                paths: usize::from(hour % 20 == 0),
                seed: 7,
            };
            let again = used.forecast(&request);
            if hour % 20 == 0 {
                let fresh = ask(name, &history, issued_at, 1);
                assert_eq!(bits(&again), bits(&fresh), "{name} at hour {hour}");
            }
        }
    }
}

#[test]
fn a_published_value_is_used_as_it_is() {
    let issued_at = 35 * DAY + 14 * HOUR;
    let mut history = world::history(36, 1.0);
    let tomorrow = issued_at + 10 * HOUR;
    for hour in 0..24 {
        let start = tomorrow + hour * HOUR;
        let gate = Observation {
            start,
            end: start + HOUR,
            value: 1_000.0 + hour as f64,
            known_at: issued_at - 1_800,
        };
        history.push("price", gate).expect("valid");
    }
    let grid = grid(issued_at, HOUR, 48);
    for name in names() {
        let forecast = ask_on(name, &history, issued_at, 5, &grid);
        for hour in 0..24 {
            let (step, value) = (hour + 10, 1_000.0 + hour as f64);
            assert_eq!(forecast.mean[step], value, "{name}");
            assert_eq!(forecast.quantiles[step], [value; 19], "{name}");
            assert!(forecast.paths.iter().all(|path| path[step] == value));
        }
        assert!(forecast.mean[..10].iter().all(|v| *v < 900.0), "{name}");
    }
    // A step half published is half forecast, with half the spread.
    let wide = world::grid(issued_at, 20 * HOUR, 1);
    let half = ask_on("seasonal_naive_day", &history, issued_at, 0, &wide);
    let published = (1_000..1_010).sum::<i64>() as f64 / 10.0;
    let rest = half.mean[0] * 2.0 - published;
    assert!((0.0..200.0).contains(&rest), "{rest}");
}

#[test]
fn power_is_never_forecast_below_zero() {
    let mut history = world::history(36, 1.0);
    history.declare("price", Unit::Megawatt);
    for name in names().filter(|n| *n != "perfect") {
        let forecast = ask(name, &history, 35 * DAY, 30);
        let all = bits(&forecast);
        assert!(all.iter().all(|b| f64::from_bits(*b) >= 0.0), "{name}");
        assert!(forecast.quantiles.iter().all(|q| q.is_sorted()), "{name}");
    }
}

#[test]
fn paths_are_seeded_and_differ() {
    let history = world::history(40, 1.0);
    let grid = grid(38 * DAY, HOUR, 72);
    let model = model("seasonal_naive_day", &Options::default()).expect("registered");
    let paths = |seed| {
        let request = Request {
            history: &history,
            series: "price",
            issued_at: 38 * DAY,
            grid: &grid,
            quantiles: false,
            paths: 50,
            seed,
        };
        let forecast = model.forecast(&request);
        assert!(forecast.quantiles.is_empty());
        forecast.paths
    };
    let first = paths(1);
    assert_eq!(first, paths(1));
    assert_ne!(first, paths(2));
    let mut distinct: Vec<_> = first
        .iter()
        .map(|p| p.iter().map(|v| v.to_bits()).collect::<Vec<_>>())
        .collect();
    distinct.sort();
    distinct.dedup();
    assert!(distinct.len() > 40, "{} of 50", distinct.len());
}

#[test]
fn each_model_says_what_it_promises() {
    let history = world::history(40, 1.0);
    let issued_at = 38 * DAY;
    let at = |name, step: usize| {
        ask_on(name, &history, issued_at, 0, &grid(issued_at, HOUR, 72)).mean[step]
    };
    let hour_mean = |start: i64| (0..12).map(|i| shape(start + i * 300, 1.0)).sum::<f64>() / 12.0;
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} for {b}");
    near(at("persistence", 50), shape(issued_at - 300, 1.0));
    near(
        at("seasonal_naive_day", 5),
        hour_mean(issued_at - DAY + 5 * HOUR),
    );
    near(
        at("seasonal_naive_day", 30),
        hour_mean(issued_at - DAY + 6 * HOUR),
    );
    near(
        at("seasonal_naive_week", 30),
        hour_mean(issued_at - 7 * DAY + 30 * HOUR),
    );
    near(at("perfect", 30), hour_mean(issued_at + 30 * HOUR));
    near(at("published", 30), world::outlook(issued_at + 30 * HOUR));
    // 1970-02-08 is a Sunday: climatology averages the weekend's hours of four weeks.
    let sundays =
        [1, 7, 8, 14, 15, 21, 22, 28].map(|back| hour_mean(issued_at - back * DAY + 5 * HOUR));
    near(at("climatology", 5), sundays.iter().sum::<f64>() / 8.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn forecasts_scale_with_the_series(scale in 0.01..100.0_f64, hour in 0..200_i64) {
        let issued_at = 30 * DAY + hour * HOUR;
        let (plain, scaled) = (world::history(40, 1.0), world::history(40, scale));
        for name in ["persistence", "seasonal_naive_day", "seasonal_naive_week", "climatology", "reverting", "published"] {
            let a = ask(name, &plain, issued_at, 3);
            let b = ask(name, &scaled, issued_at, 3);
            for (a, b) in bits(&a).iter().zip(bits(&b)) {
                let (a, b) = (f64::from_bits(*a) * scale, f64::from_bits(b));
                prop_assert!((a - b).abs() <= 1e-9 * (1.0 + a.abs()) * scale.max(1.0), "{name}: {a} and {b}");
            }
        }
    }
}

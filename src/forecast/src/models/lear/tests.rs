//! Market days, gaps, horizons and what is kept.

use swingload_model::TimeGrid;
use swingload_model::series::{Observation, Unit};

use crate::models::Options;
use crate::seed::mix;
use crate::{Forecast, History, Request, model};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// A Monday, 2026-01-05, 00:00 UTC.
const START: i64 = 1_767_571_200;
const DAYS: i64 = 70;

fn noise(at: i64) -> f64 {
    (mix(at as u64) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

/// Wind of an hour; `change` is the day from which local midnight comes an hour earlier.
fn wind(at: i64) -> f64 {
    20.0 + 15.0 * noise(at.div_euclid(6 * HOUR))
}

fn price(at: i64) -> f64 {
    60.0 - wind(at) + (at.rem_euclid(DAY) / HOUR) as f64 + noise(at + 1)
}

/// Starts of the market days; from `change` on an hour earlier, as in summer.
fn midnight(day: i64, change: i64) -> i64 {
    START + day * DAY - if day >= change { HOUR } else { 0 }
}

/// Prices published at noon of the day before, wind two hours before that.
fn history(change: i64) -> History {
    history_without(change, None)
}

/// The same without the wind of the hour that starts at `hole`.
fn history_without(change: i64, hole: Option<i64>) -> History {
    let mut history = History::new();
    history.declare("price", Unit::PricePerMwh("EUR".into()));
    history.declare("wind", Unit::Megawatt);
    for day in 0..=DAYS {
        let (from, to) = (midnight(day, change), midnight(day + 1, change));
        for start in (from..to).step_by(HOUR as usize) {
            let (end, known_at) = (start + HOUR, from - DAY / 2);
            let mut push = |series: &str, value, known_at| {
                let observation = Observation {
                    start,
                    end,
                    value,
                    known_at,
                };
                history.push(series, observation).expect("valid");
            };
            if hole != Some(start) {
                push("wind", wind(start), known_at - 2 * HOUR);
            }
            if day < DAYS {
                push("price", price(start), known_at);
            }
        }
    }
    history
}

fn ask(name: &str, history: &History, issued_at: i64, from: i64, hours: i64) -> Forecast {
    let inputs = ["wind".to_owned()];
    let options = Options {
        inputs: &inputs,
        ..Options::default()
    };
    let boundaries = (0..=hours).map(|hour| from + hour * HOUR).collect();
    model(name, &options)
        .expect("registered")
        .forecast(&Request {
            history,
            series: "price",
            issued_at,
            grid: &TimeGrid::from_boundaries(boundaries).expect("rising"),
            quantiles: false,
            paths: 0,
            seed: 1,
        })
}

fn error(forecast: &Forecast) -> f64 {
    let steps = 0..forecast.grid.len();
    let off = steps.map(|i| (forecast.mean[i] - price(forecast.grid.start_s(i))).abs());
    off.sum::<f64>() / forecast.grid.len() as f64
}

#[test]
fn the_day_ahead_follows_its_inputs_in_winter_and_summer_time() {
    for change in [DAYS + 9, DAYS - 3] {
        let (history, from) = (history(change), midnight(DAYS, change));
        for name in ["lear", "lear_kernel"] {
            let forecast = ask(name, &history, from - 13 * HOUR, from, 24);
            assert_eq!(forecast.fallback_text(), None);
            let error = error(&forecast);
            assert!(error < 3.0, "{name}, change on day {change}: {error}");
        }
    }
}

#[test]
fn known_hours_stay_and_the_days_after_have_a_forecast() {
    let history = history(DAYS + 9);
    let from = midnight(DAYS - 1, DAYS + 9);
    let forecast = ask("lear", &history, from + 7 * HOUR, from, 24 * 8);
    assert_eq!(forecast.fallback_text(), None);
    for (hour, mean) in forecast.mean[..24].iter().enumerate() {
        assert_eq!(*mean, price(from + hour as i64 * HOUR), "hour {hour}");
    }
    assert!(
        forecast
            .mean
            .iter()
            .all(|value| (-20.0..120.0).contains(value))
    );
}

#[test]
fn a_day_without_its_inputs_is_forecast_from_prices() {
    let history = history(DAYS + 9);
    let from = midnight(DAYS, DAYS + 9);
    let early = ask("lear", &history, from - 15 * HOUR, from, 24);
    let later = ask("lear", &history, from - 13 * HOUR, from, 24);
    assert_eq!(early.fallback_text(), None);
    assert!(
        error(&later) < 0.5 * error(&early),
        "{} {}",
        error(&later),
        error(&early)
    );
}

#[test]
fn a_short_history_falls_back_and_says_so() {
    let mut history = History::new();
    history.declare("price", Unit::PricePerMwh("EUR".into()));
    for hour in 0..20 * 24 {
        let start = START + hour * HOUR;
        let observation = Observation {
            start,
            end: start + HOUR,
            value: price(start),
            known_at: start,
        };
        history.push("price", observation).expect("valid");
    }
    let from = START + 20 * DAY;
    let forecast = ask("lear", &history, from, from, 24);
    let fallback = forecast.fallback_text().expect("says so");
    assert!(
        fallback.starts_with("seasonal_naive_week in 24 of 24 steps"),
        "{fallback}"
    );
}

#[test]
fn what_is_published_later_changes_no_bit() {
    let clean = history(DAYS + 9);
    let from = midnight(DAYS, DAYS + 9);
    let issued_at = from - 13 * HOUR;
    let mut scrambled = clean.clone();
    for i in 0..2_000 {
        let start = issued_at - 20 * DAY + i * HOUR / 2;
        for series in ["price", "wind"] {
            let late = Observation {
                start,
                end: start + 2 * HOUR,
                value: 1e4 * noise(i),
                known_at: issued_at + 1 + i,
            };
            scrambled.push(series, late).expect("valid");
        }
    }
    for name in ["lear", "lear_kernel"] {
        let (a, b) = (
            ask(name, &clean, issued_at, from, 24 * 7),
            ask(name, &scrambled, issued_at, from, 24 * 7),
        );
        assert_eq!(a, b, "{name}");
    }
}

#[test]
fn one_missing_slot_of_an_input_costs_one_slot() {
    let change = DAYS + 9;
    let from = midnight(DAYS, change);
    let ask = |hole| {
        let history = history_without(change, hole);
        ask("lear", &history, from - 13 * HOUR, from, 24)
    };
    let whole = error(&ask(None));
    let gappy = ask(Some(from + 11 * HOUR));
    assert_eq!(
        gappy.fallback_text().as_deref(),
        Some("wind missing for 60 min around now")
    );
    assert!(error(&gappy) < whole + 1.0, "{} and {whole}", error(&gappy));
}

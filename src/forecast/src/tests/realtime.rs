//! Inputs that are late, missing, in another unit or stale: the real-time model goes on and says so.

use swingload_model::series::{Observation, Unit};

use super::world::{self, DAY, HOUR, grid};
use crate::models::Options;
use crate::{Forecast, History, Request, model};

const ISSUED_AT: i64 = 36 * DAY + 9 * HOUR;

fn ask(history: &History, published: Option<&str>) -> Forecast {
    let options = Options {
        published,
        ..Options::default()
    };
    let model = model("realtime", &options).expect("registered");
    model.forecast(&Request {
        history,
        series: "price",
        issued_at: ISSUED_AT,
        grid: &grid(ISSUED_AT, HOUR, 24),
        quantiles: true,
        paths: 3,
        seed: 1,
    })
}

fn width(forecast: &Forecast) -> f64 {
    let widths = forecast.quantiles.iter().map(|q| q[17] - q[1]);
    widths.sum::<f64>() / forecast.quantiles.len() as f64
}

/// Prices that follow a daily outlook closely; the outlook is known until `outlook_until`.
fn history(price_until: i64, outlook_until: i64, factor_at_end: f64) -> History {
    let mut history = History::new();
    let unit = Unit::PricePerMwh("USD".into());
    history.declare("price", unit.clone());
    history.declare("outlook", unit);
    for hour in 0..48 * 24 {
        let (start, end) = (hour * HOUR, (hour + 1) * HOUR);
        let level = 60.0 + 40.0 * world::noise(start.div_euclid(6 * HOUR));
        let value = level + 3.0 * world::noise(start + 1);
        if start < price_until {
            let price = Observation {
                start,
                end,
                value,
                known_at: end,
            };
            history.push("price", price).expect("valid");
        }
        if start < outlook_until {
            let factor = if start >= ISSUED_AT {
                factor_at_end
            } else {
                1.0
            };
            let value = level * factor;
            let outlook = Observation {
                start,
                end,
                value,
                known_at: start - 2 * DAY,
            };
            history.push("outlook", outlook).expect("valid");
        }
    }
    history
}

#[test]
fn a_published_price_narrows_the_band_and_its_absence_widens_it_again() {
    let whole = ask(&history(ISSUED_AT, 40 * DAY, 1.0), Some("outlook"));
    assert_eq!(whole.fallback_text(), None);
    let plain = ask(&history(ISSUED_AT, 40 * DAY, 1.0), None);
    assert!(
        width(&whole) < 0.5 * width(&plain),
        "{} of {}",
        width(&whole),
        width(&plain)
    );

    let late = ask(&history(ISSUED_AT, ISSUED_AT, 1.0), Some("outlook"));
    assert_eq!(
        late.fallback_text().as_deref(),
        Some("latest outlook in 24 of 24 steps, outlook silent for 49 h")
    );
    assert!(width(&late) > 2.0 * width(&whole));

    let stale = ask(&history(ISSUED_AT, ISSUED_AT - DAY, 1.0), Some("outlook"));
    assert_eq!(
        stale.fallback_text().as_deref(),
        Some("without outlook in 24 of 24 steps, outlook silent for 3 days")
    );
    assert!(width(&stale) > 2.0 * width(&whole));

    let absent = ask(&history(ISSUED_AT, ISSUED_AT, 1.0), Some("nowhere"));
    assert_eq!(
        absent.fallback_text().as_deref(),
        Some("without nowhere in 24 of 24 steps")
    );
    assert_eq!(absent.mean, plain.mean);
}

#[test]
fn an_input_off_by_a_thousand_is_left_out() {
    let off = ask(&history(ISSUED_AT, 40 * DAY, 1e6), Some("outlook"));
    let fallback = off.fallback_text().expect("named");
    assert!(
        fallback.starts_with("latest outlook in 24 of 24"),
        "{fallback}"
    );
    assert!(off.quantiles.iter().all(|q| q[18] < 500.0));
}

#[test]
fn a_silent_price_feed_is_named_and_too_long_a_silence_takes_the_plain_rule() {
    let silent = ask(&history(ISSUED_AT - 30 * HOUR, 40 * DAY, 1.0), None);
    assert_eq!(
        silent.fallback_text().as_deref(),
        Some("price silent for 30 h")
    );
    let gone = ask(&history(ISSUED_AT - 8 * DAY, 40 * DAY, 1.0), None);
    let fallback = gone.fallback_text().expect("named");
    assert!(fallback.contains("24 of 24 steps"), "{fallback}");
    assert_eq!(gone.model, "realtime");
}

#[test]
fn paths_of_two_series_follow_the_same_past_days() {
    // Surplus is what the price is not: where one path is dear, its surplus is small.
    let mut both = history(ISSUED_AT, 40 * DAY, 1.0);
    both.declare("surplus", Unit::Megawatt);
    for hour in 0..ISSUED_AT / HOUR {
        let (start, end) = (hour * HOUR, (hour + 1) * HOUR);
        let price = both
            .view("price", i64::MAX)
            .mean(start, end)
            .expect("known");
        let value = 200.0 - price;
        let surplus = Observation {
            start,
            end,
            value,
            known_at: end,
        };
        both.push("surplus", surplus).expect("valid");
    }
    let paths = |name: &str, series: &str| {
        let model = model(name, &Options::default()).expect("registered");
        let request = Request {
            history: &both,
            series,
            issued_at: ISSUED_AT,
            grid: &grid(ISSUED_AT, HOUR, 24),
            quantiles: false,
            paths: 100,
            seed: 1,
        };
        let forecast = model.forecast(&request);
        let of = |path: &Vec<f64>| {
            path.iter()
                .zip(&forecast.mean)
                .map(|(v, m)| v - m)
                .collect()
        };
        forecast.paths.iter().map(of).collect::<Vec<Vec<f64>>>()
    };
    let (price, surplus) = (paths("realtime", "price"), paths("climatology", "surplus"));
    let (mut cross, mut squares) = (0.0, [0.0, 0.0]);
    for (p, s) in price.iter().flatten().zip(surplus.iter().flatten()) {
        cross += p * s;
        squares[0] += p * p;
        squares[1] += s * s;
    }
    let correlation = cross / (squares[0] * squares[1]).sqrt();
    assert!(correlation < -0.5, "{correlation}");
}

//! Models that learn what the present says about what comes.

use swingload_model::TimeGrid;
use swingload_model::series::{Observation, Unit};

use super::world::{DAY, HOUR, noise};
use crate::models::Options;
use crate::{Forecast, History, Request, model};

const DAYS: i64 = 40;

/// Name, unit, value of the hour that starts at a second, and how long ahead it is known, s.
type Row<'a> = (&'a str, Unit, &'a dyn Fn(i64) -> f64, i64);

fn history(series: &[Row<'_>]) -> History {
    let mut history = History::new();
    for (name, unit, value, ahead) in series {
        history.declare(*name, unit.clone());
        for start in (0..(DAYS + 9) * DAY).step_by(HOUR as usize) {
            let observation = Observation {
                start,
                end: start + HOUR,
                value: value(start),
                known_at: start + HOUR - ahead,
            };
            history.push(name, observation).expect("valid");
        }
    }
    history
}

fn ask(name: &str, history: &History, series: &str) -> Forecast {
    let options = Options {
        published: Some("published"),
        ..Options::default()
    };
    let now = DAYS * DAY;
    let grid = TimeGrid::from_boundaries((0..=48).map(|h| now + h * HOUR).collect());
    let model = model(name, &options).expect("registered");
    model.forecast(&Request {
        history,
        series,
        issued_at: now,
        grid: &grid.expect("rising"),
        quantiles: true,
        paths: 0,
        seed: 1,
    })
}

/// Errors that last most of a day.
fn slow(at: i64) -> f64 {
    (0..24).map(|h| noise(at - h * HOUR)).sum::<f64>() * 20.0
}

#[test]
fn a_lasting_error_of_a_published_forecast_is_carried_on() {
    let published = |at: i64| 500.0 + 100.0 * noise(at + 7);
    let truth = |at: i64| published(at) + slow(at);
    let history = history(&[
        ("surplus", Unit::Megawatt, &truth, 0),
        ("published", Unit::Megawatt, &published, 8 * DAY),
    ]);
    let now = DAYS * DAY;
    let error = slow(now - HOUR);
    assert!(error.abs() > 20.0, "a present error to carry on: {error}");
    let forecast = ask("corrected", &history, "surplus");
    let carried = |h: usize| (forecast.mean[h] - published(now + h as i64 * HOUR)) / error;
    assert!((0.7..1.2).contains(&carried(0)), "{}", carried(0));
    // What is learned of leads beyond its memory is noise.
    assert!(carried(40).abs() < 0.4, "{}", carried(40));
    assert_eq!(forecast.fallback_text(), None);
}

#[test]
fn a_ramp_goes_on_and_stays_above_zero() {
    // Up and down in turns of eight hours, at zero for a third of the time.
    let truth = |at: i64| {
        let phase = ((at + 5 * HOUR).rem_euclid(20 * HOUR)) as f64 / (20 * HOUR) as f64;
        (900.0 * ((phase - 0.5).abs() * 2.0 - 0.3)).max(0.0)
    };
    let history = history(&[("surplus", Unit::Megawatt, &truth, 0)]);
    let now = DAYS * DAY;
    let forecast = ask("ramping", &history, "surplus");
    let persistence = ask("persistence", &history, "surplus");
    let error = |f: &Forecast| -> f64 {
        let hours = 0..3;
        let off = |h: usize| (f.mean[h] - truth(now + h as i64 * HOUR)).abs();
        hours.map(off).sum()
    };
    assert!(error(&forecast) < 0.8 * error(&persistence));
    let low = forecast.quantiles.iter().flatten();
    assert!(low.chain(&forecast.mean).all(|v| *v >= 0.0));
}

#[test]
fn a_warm_spell_lasts_and_fades() {
    let usual = |at: i64| 20.0 - ((at.rem_euclid(DAY) / HOUR - 15) as f64).abs();
    let truth = |at: i64| usual(at) + slow(at) / 20.0;
    let history = history(&[("air", Unit::Celsius, &truth, 0)]);
    let now = DAYS * DAY;
    for name in ["temperature", "load"] {
        let forecast = ask(name, &history, "air");
        let mean_error = |f: &Forecast| -> f64 {
            let off = |h: usize| (f.mean[h] - truth(now + h as i64 * HOUR)).abs();
            (0..6).map(off).sum::<f64>() / 6.0
        };
        let naive = ask("seasonal_naive_day", &history, "air");
        assert!(mean_error(&forecast) < mean_error(&naive), "{name}");
        assert_eq!(forecast.model, name);
    }
}

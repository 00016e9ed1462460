//! Missing, late, stale and duplicated data.

use swingload_model::series::{Observation, Unit};

use super::names;
use super::world::{self, DAY, HOUR, grid};
use super::{ask_on, bits};
use crate::History;

fn hourly(from: i64, until: i64) -> History {
    let mut history = History::new();
    history.declare("price", Unit::PricePerMwh("USD".into()));
    for start in (from..until).step_by(HOUR as usize) {
        let observation = Observation {
            start,
            end: start + HOUR,
            value: (start / HOUR) as f64,
            known_at: start + HOUR,
        };
        history.push("price", observation).expect("valid");
    }
    history
}

#[test]
fn with_nothing_known_the_forecast_is_zero_and_says_so() {
    let mut history = History::new();
    history.declare("price", Unit::PricePerMwh("USD".into()));
    let grid = grid(100 * DAY, HOUR, 3);
    for name in names() {
        for history in [&history, &History::new()] {
            let forecast = ask_on(name, history, 100 * DAY, 2, &grid);
            assert_eq!(forecast.mean, [0.0; 3]);
            assert_eq!(forecast.paths, [[0.0; 3]; 2]);
            let fallback = forecast.fallback_text().expect("named");
            assert!(fallback.starts_with("zero in 3 of 3 steps"), "{fallback}");
        }
    }
}

#[test]
fn the_chain_goes_from_week_to_day_to_climatology_to_the_last_value() {
    let grid = |at| grid(at, HOUR, 2);
    let fallback = |name, history: &History, at| {
        let forecast = ask_on(name, history, at, 0, &grid(at));
        let first = forecast.fallbacks.first().map(|f| f.text(2));
        (forecast.mean[0], first)
    };
    // Two days known: no value a week before.
    let two_days = hourly(0, 2 * DAY);
    assert_eq!(
        fallback("seasonal_naive_week", &two_days, 2 * DAY),
        (24.0, Some("seasonal_naive_day in 2 of 2 steps".into()))
    );
    // Six hours known, then six hours later: climatology has no such hour.
    let six_hours = hourly(0, 6 * HOUR);
    let (mean, named) = fallback("seasonal_naive_week", &six_hours, 6 * HOUR);
    assert_eq!(mean, 5.0);
    assert!(
        named
            .expect("named")
            .starts_with("persistence in 2 of 2 steps")
    );
    // A gap over the past eight days at these hours, known before: climatology.
    let mut gappy = History::new();
    gappy.declare("price", Unit::PricePerMwh("USD".into()));
    for start in (0..20 * DAY).step_by(HOUR as usize) {
        if start > 12 * DAY && (start / HOUR) % 24 < 3 {
            continue;
        }
        let value = (start / HOUR % 24) as f64;
        let observation = Observation {
            start,
            end: start + HOUR,
            value,
            known_at: start + HOUR,
        };
        gappy.push("price", observation).expect("valid");
    }
    let (mean, named) = fallback("seasonal_naive_day", &gappy, 20 * DAY + HOUR);
    assert_eq!(
        (mean, named),
        (1.0, Some("climatology in 2 of 2 steps".into()))
    );
    // No published forecast at all: the day before.
    let (mean, named) = fallback("published", &two_days, 2 * DAY);
    assert_eq!(
        (mean, named),
        (24.0, Some("seasonal_naive_day in 2 of 2 steps".into()))
    );
}

#[test]
fn a_short_gap_takes_an_earlier_season() {
    let mut history = History::new();
    history.declare("price", Unit::PricePerMwh("USD".into()));
    for start in (0..10 * DAY).step_by(HOUR as usize) {
        if start == 9 * DAY + 5 * HOUR {
            continue;
        }
        let observation = Observation {
            start,
            end: start + HOUR,
            value: start as f64,
            known_at: start + HOUR,
        };
        history.push("price", observation).expect("valid");
    }
    let forecast = ask_on(
        "seasonal_naive_day",
        &history,
        10 * DAY,
        0,
        &grid(10 * DAY, HOUR, 6),
    );
    assert_eq!(forecast.mean[5], (8 * DAY + 5 * HOUR) as f64);
    assert_eq!(forecast.mean[4], (9 * DAY + 4 * HOUR) as f64);
    let said = forecast.fallback_text().expect("says so");
    assert!(
        said.ends_with("price missing for 60 min around now"),
        "{said}"
    );
}

#[test]
fn late_and_duplicate_observations_count_once_and_from_when_they_came() {
    let plain = hourly(0, 10 * DAY);
    let mut doubled = plain.clone();
    for start in (0..10 * DAY).step_by(HOUR as usize) {
        let again = Observation {
            start,
            end: start + HOUR,
            value: (start / HOUR) as f64,
            known_at: start + HOUR,
        };
        doubled.push("price", again).expect("valid");
    }
    let grid = grid(10 * DAY, HOUR, 30);
    for name in names() {
        let (a, b) = (
            ask_on(name, &plain, 10 * DAY, 3, &grid),
            ask_on(name, &doubled, 10 * DAY, 3, &grid),
        );
        assert_eq!(bits(&a), bits(&b), "{name}");
    }
    let mut late = plain;
    let value = Observation {
        start: 9 * DAY,
        end: 9 * DAY + HOUR,
        value: -77.0,
        known_at: 10 * DAY + HOUR,
    };
    late.push("price", value).expect("valid");
    let day = |at| ask_on("seasonal_naive_day", &late, at, 0, &grid).mean[0];
    assert_eq!(day(10 * DAY), 216.0);
    assert_eq!(day(10 * DAY + HOUR), -77.0);
}

#[test]
fn a_silent_feed_widens_the_band() {
    // A random walk: the further ahead, the wider.
    let mut history = History::new();
    history.declare("price", Unit::PricePerMwh("USD".into()));
    let mut value = 50.0;
    for start in (0..40 * DAY).step_by(HOUR as usize) {
        value += world::noise(start);
        let observation = Observation {
            start,
            end: start + HOUR,
            value,
            known_at: start + HOUR,
        };
        history.push("price", observation).expect("valid");
    }
    let width = |issued_at| {
        let forecast = ask_on(
            "persistence",
            &history,
            issued_at,
            0,
            &grid(issued_at, HOUR, 1),
        );
        forecast.quantiles[0][17] - forecast.quantiles[0][1]
    };
    let (fresh, silent) = (width(40 * DAY), width(40 * DAY + 30 * HOUR));
    assert!(silent > 2.0 * fresh, "{silent} against {fresh}");
}

#[test]
fn a_rule_hardly_ever_tried_has_a_band_all_the_same() {
    let ask = |hours: i64| {
        let now = hours * HOUR;
        ask_on("persistence", &hourly(0, now), now, 0, &grid(now, HOUR, 2))
    };
    for hours in 1..40 {
        let forecast = ask(hours);
        let band = forecast.quantiles[0];
        assert!(
            band[17] > band[1] || hours == 1,
            "no width after {hours} h: {band:?}"
        );
        let said = forecast.fallback_text().expect("says so");
        assert!(said.starts_with("band of few past errors"), "{said}");
    }
    assert_eq!(ask(30 * 24).fallback_text(), None);
}

#[test]
fn a_constant_known_for_ever_is_passed_on() {
    let mut history = History::new();
    history.declare("price", Unit::PricePerMwh("USD".into()));
    let always = Observation {
        start: i64::MIN,
        end: i64::MAX,
        value: 3.5,
        known_at: i64::MIN,
    };
    history.push("price", always).expect("valid");
    for name in names() {
        let forecast = ask_on(name, &history, 100 * DAY, 2, &grid(100 * DAY, HOUR, 3));
        assert_eq!(forecast.mean, [3.5; 3]);
        assert_eq!(forecast.quantiles, [[3.5; 19]; 3]);
        assert_eq!(forecast.fallback_text(), None);
    }
}

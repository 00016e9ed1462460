//! A made-up price with daily and weekly seasons and noise, and a published outlook.

use swingload_model::TimeGrid;
use swingload_model::series::{Observation, Series, Unit};

use crate::History;
use crate::models::Options;
use crate::seed::mix;

pub(super) const HOUR: i64 = 3_600;
pub(super) const DAY: i64 = 24 * HOUR;

/// Noise in [-1, 1), the same for the same second.
pub(super) fn noise(at: i64) -> f64 {
    (mix(at as u64) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

/// The true price of the five minutes starting then.
pub(super) fn shape(start: i64, scale: f64) -> f64 {
    let hour = start.rem_euclid(DAY) as f64 / HOUR as f64;
    let daily = 30.0 - (hour - 17.0).abs() * 2.5;
    let weekend = if start.div_euclid(DAY) % 7 > 4 {
        -15.0
    } else {
        0.0
    };
    scale * (40.0 + daily + weekend + 20.0 * noise(start))
}

/// What was published a day ahead for an hour.
pub(super) fn outlook(start: i64) -> f64 {
    shape(start, 1.0) - 8.0 * noise(start + 1)
}

/// `days` of five-minute prices, known at their end, and hourly outlooks for two more days.
pub(super) fn history(days: i64, scale: f64) -> History {
    let mut history = History::new();
    history.declare("price", Unit::PricePerMwh("USD".into()));
    history.declare("outlook", Unit::PricePerMwh("USD".into()));
    for i in 0..days * 288 {
        let (start, end) = (i * 300, (i + 1) * 300);
        let observation = Observation {
            start,
            end,
            value: shape(start, scale),
            known_at: end,
        };
        history.push("price", observation).expect("valid");
    }
    for hour in 0..(days + 9) * 24 {
        let start = hour * HOUR;
        let observation = Observation {
            start,
            end: start + HOUR,
            value: scale * outlook(start),
            known_at: start - 8 * DAY,
        };
        history.push("outlook", observation).expect("valid");
    }
    history
}

/// The true series over so many days.
pub(super) fn truth(days: i64) -> Series {
    let observations = (0..days * 288)
        .map(|i| Observation {
            start: i * 300,
            end: (i + 1) * 300,
            value: shape(i * 300, 1.0),
            known_at: (i + 1) * 300,
        })
        .collect();
    Series::new("price", Unit::PricePerMwh("USD".into()), observations).expect("valid")
}

pub(super) fn options(truth: &Series) -> Options<'_> {
    Options {
        published: Some("outlook"),
        inputs: &[],
        truth: Some(truth),
        utc_offset_s: 0,
    }
}

pub(super) fn grid(start: i64, step: i64, count: i64) -> TimeGrid {
    TimeGrid::from_boundaries((0..=count).map(|i| start + i * step).collect()).expect("rising")
}

/// Steps as the planner uses them: a week, coarser with distance.
pub(super) fn uneven(start: i64) -> TimeGrid {
    let stretches = [(4, 300), (24, 900), (48, 1_800), (168, 7_200)];
    let mut boundaries = vec![start];
    let mut at = start;
    for (until_h, step) in stretches {
        while at < start + until_h * HOUR {
            at += step;
            boundaries.push(at);
        }
    }
    TimeGrid::from_boundaries(boundaries).expect("rising")
}

//! Cost of the real-time model after a year of five-minute prices: a warm update every
//! five minutes over 48 h, and the first forecast, which learns.

use std::hint::black_box;
use std::sync::LazyLock;

use divan::Bencher;
use swingload_forecast::models::{Model, Options};
use swingload_forecast::seed::mix;
use swingload_forecast::{History, Request, model};
use swingload_model::TimeGrid;
use swingload_model::series::{Observation, Unit};

const STEP_S: i64 = 300;
const YEAR_S: i64 = 365 * 86_400;
/// Issues move on over the last week of the year.
const FIRST_ISSUE: i64 = YEAR_S - 7 * 86_400;

static HISTORY: LazyLock<History> = LazyLock::new(|| {
    let mut history = History::new();
    let unit = Unit::PricePerMwh("USD".into());
    history.declare("price", unit.clone());
    history.declare("day_ahead", unit);
    for step in 0..YEAR_S / STEP_S {
        let (start, end) = (step * STEP_S, (step + 1) * STEP_S);
        let noise = (mix(step as u64) % 10_000) as f64 / 100.0;
        let spike = if mix(step as u64 / 6).is_multiple_of(200) {
            900.0
        } else {
            0.0
        };
        let value = noise - 20.0 + spike;
        let observation = Observation {
            start,
            end,
            value,
            known_at: end,
        };
        history.push("price", observation).expect("valid");
        let midnight = start.div_euclid(86_400) * 86_400;
        let value = (step % 288) as f64 / 4.0;
        let published = Observation {
            start,
            end,
            value,
            known_at: midnight - 36_000,
        };
        history.push("day_ahead", published).expect("valid");
    }
    history
});

fn forecast(model: &Model, issued_at: i64, quantiles: bool, paths: usize) {
    let boundaries = (0..=48 * 12).map(|i| issued_at + i * STEP_S).collect();
    let grid = TimeGrid::from_boundaries(boundaries).expect("rising");
    black_box(model.forecast(&Request {
        history: &HISTORY,
        series: "price",
        issued_at,
        grid: &grid,
        quantiles,
        paths,
        seed: 1,
    }));
}

fn fresh(day_ahead: bool) -> Model {
    let options = Options {
        published: day_ahead.then_some("day_ahead"),
        ..Options::default()
    };
    model("realtime", &options).expect("registered")
}

fn update(bencher: Bencher, day_ahead: bool, quantiles: bool, paths: usize) {
    let model = fresh(day_ahead);
    forecast(&model, FIRST_ISSUE, quantiles, paths);
    let mut issued_at = FIRST_ISSUE;
    bencher.bench_local(|| {
        issued_at += STEP_S;
        forecast(&model, issued_at, quantiles, paths);
    });
}

/// Every five minutes in turn, each full hour among them.
#[divan::bench(args = [false, true], sample_count = 12, sample_size = 24)]
fn update_mean(bencher: Bencher, day_ahead: bool) {
    update(bencher, day_ahead, false, 0);
}

#[divan::bench(args = [false, true], sample_count = 12, sample_size = 24)]
fn update_quantiles_200_paths(bencher: Bencher, day_ahead: bool) {
    update(bencher, day_ahead, true, 200);
}

#[divan::bench(args = [false, true], sample_count = 1, sample_size = 1)]
fn first_forecast(bencher: Bencher, day_ahead: bool) {
    bencher.bench_local(|| forecast(&fresh(day_ahead), FIRST_ISSUE, true, 0));
}

fn main() {
    LazyLock::force(&HISTORY);
    divan::main();
}

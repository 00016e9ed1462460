//! Cost of one forecast of 220 uneven steps after a year of five-minute history.

use std::hint::black_box;
use std::sync::LazyLock;

use divan::Bencher;
use swingload_forecast::models::Options;
use swingload_forecast::seed::mix;
use swingload_forecast::{History, Request, model};
use swingload_model::TimeGrid;
use swingload_model::series::{Observation, Unit};

const MODELS: [&str; 4] = [
    "persistence",
    "seasonal_naive_day",
    "seasonal_naive_week",
    "climatology",
];
const YEAR_S: i64 = 365 * 86_400;

static HISTORY: LazyLock<History> = LazyLock::new(|| {
    let mut history = History::new();
    history.declare("price", Unit::PricePerMwh("USD".into()));
    for step in 0..YEAR_S / 300 {
        let (start, end) = (step * 300, (step + 1) * 300);
        let value = (mix(step as u64) % 10_000) as f64 / 100.0;
        let observation = Observation {
            start,
            end,
            value,
            known_at: end,
        };
        history.push("price", observation).expect("valid");
    }
    history
});

/// 48 steps of 5 minutes, 80 of 15, 40 of an hour, 52 of two: 168 hours.
fn grid(start: i64) -> TimeGrid {
    let mut boundaries = vec![start];
    let mut at = start;
    for (count, step) in [(48, 300), (80, 900), (40, 3_600), (52, 7_200)] {
        for _ in 0..count {
            at += step;
            boundaries.push(at);
        }
    }
    TimeGrid::from_boundaries(boundaries).expect("rising")
}

fn run(bencher: Bencher, name: &str, step: i64, quantiles: bool, paths: usize) {
    let model = model(name, &Options::default()).expect("registered");
    // Issues move on as in the closed loop, over the last fifty days of the year.
    let grids: Vec<TimeGrid> = (0..50 * 86_400 / step)
        .map(|i| grid(YEAR_S - 50 * 86_400 + i * step))
        .collect();
    let history = &*HISTORY;
    let mut issue = 0;
    bencher.bench_local(|| {
        let grid = &grids[issue % grids.len()];
        issue += 1;
        let request = Request {
            history,
            series: "price",
            issued_at: grid.start_s(0),
            grid,
            quantiles,
            paths,
            seed: 1,
        };
        black_box(model.forecast(&request))
    });
}

#[divan::bench(args = MODELS, sample_count = 100, sample_size = 50)]
fn mean(bencher: Bencher, name: &str) {
    run(bencher, name, 300, false, 0);
}

/// Every five minutes in turn: most issues find their errors at hand.
#[divan::bench(args = MODELS, sample_count = 20, sample_size = 72)]
fn quantiles(bencher: Bencher, name: &str) {
    run(bencher, name, 300, true, 0);
}

/// Every six hours: each issue looks at the past errors anew.
#[divan::bench(args = MODELS, sample_count = 50, sample_size = 1)]
fn quantiles_made_anew(bencher: Bencher, name: &str) {
    run(bencher, name, 6 * 3_600, true, 0);
}

#[divan::bench(args = MODELS, sample_count = 50, sample_size = 1)]
fn paths_200(bencher: Bencher, name: &str) {
    run(bencher, name, 300, false, 200);
}

#[divan::bench(sample_count = 20)]
fn push_a_year(bencher: Bencher) {
    bencher.bench_local(|| {
        let mut history = History::new();
        history.declare("price", Unit::One);
        for step in 0..YEAR_S / 300 {
            let (start, end) = (step * 300, (step + 1) * 300);
            let observation = Observation {
                start,
                end,
                value: 1.0,
                known_at: end,
            };
            history.push("price", observation).expect("valid");
        }
        black_box(history)
    });
}

fn main() {
    divan::main();
}

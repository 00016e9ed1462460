//! Cost of one day's LEAR ensemble of four windows, of each window alone, and of the
//! kernel regressions: 24 hours, two inputs, made-up prices.

use std::hint::black_box;
use std::sync::LazyLock;

use divan::Bencher;
use swingload_forecast::lear::{Fit, Method, Panel, Recipe};
use swingload_forecast::seed::mix;

const SLOTS: usize = 24;
const DAYS: usize = 1_464;
const WINDOWS: [usize; 4] = [56, 84, 1_092, 1_456];

fn noise(at: usize) -> f64 {
    (mix(at as u64) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

/// Prices that follow load less wind of the same hour and of the day, with noise.
static PANEL: LazyLock<Panel> = LazyLock::new(|| {
    let count = DAYS * SLOTS;
    let slow = |seed: usize, i: usize| noise(seed + i / 31) + 0.5 * noise(seed + 7 + i / 5);
    let load: Vec<f64> = (0..count)
        .map(|i| 40.0 + (i % SLOTS) as f64 / 2.0 + 5.0 * slow(0, i))
        .collect();
    let wind: Vec<f64> = (0..count).map(|i| 15.0 + 9.0 * slow(1 << 40, i)).collect();
    let price = |i: usize| load[i] - wind[i] + 4.0 * noise((1 << 41) + i);
    Panel {
        slots: SLOTS,
        first_weekday: 0,
        prices: (0..count).map(price).collect(),
        inputs: vec![load.clone(), wind.clone()],
        patched: vec![],
    }
});

fn main() {
    divan::main();
}

fn day(method: Method, window: usize) -> Vec<f64> {
    let recipe = Recipe {
        method,
        window,
        inputs: u64::MAX,
    };
    let target = DAYS - 1;
    let fit = Fit::new(&PANEL, target, recipe).expect("enough days");
    fit.predict(&PANEL, target).expect("a complete row")
}

#[divan::bench(sample_count = 5)]
fn ensemble(bencher: Bencher<'_, '_>) {
    LazyLock::force(&PANEL);
    bencher.bench_local(|| WINDOWS.map(|window| day(Method::Lasso, black_box(window))));
}

#[divan::bench(args = WINDOWS, sample_count = 5)]
fn lasso(bencher: Bencher<'_, '_>, window: usize) {
    LazyLock::force(&PANEL);
    bencher.bench_local(|| day(Method::Lasso, black_box(window)));
}

#[divan::bench(args = [364, 1_092], sample_count = 5)]
fn kernel(bencher: Bencher<'_, '_>, window: usize) {
    LazyLock::force(&PANEL);
    bencher.bench_local(|| day(Method::Kernel, black_box(window)));
}

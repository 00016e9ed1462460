//! Sample paths: the forecast plus stretches of errors the model made on past days.
//!
//! The model is asked again as of the same time on each of the past 28 days, for the
//! same steps moved by whole days. A path takes its errors day by day, each day's
//! stretch whole from one past day at the same lead and the same hours, so that the
//! dependence across steps is that of the past. Where no past day is complete, a
//! path keeps to one quantile.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use swingload_model::time::TimeGrid;

use crate::Request;
use crate::baseline::{Baseline, Estimate};
use crate::calendar::DAY;
use crate::errors::WINDOW;
use crate::seed::generator;

pub(crate) fn draw(
    baseline: &Baseline,
    request: &Request<'_>,
    estimates: &[Estimate],
    spread: &[[f64; 19]],
    floor: f64,
) -> Vec<Vec<f64>> {
    let days = past_days(baseline, request);
    let mut generator = generator(request.seed, request.series, request.issued_at);
    (0..request.paths)
        .map(|_| {
            let mut path: Vec<f64> = estimates.iter().map(|e| e.mean).collect();
            let level = uniform(&mut generator);
            // Stretches begin at another hour in each path, so that their seams do not coincide.
            let mut from = 0;
            let mut until = request.grid.start_s(0) + (uniform(&mut generator) * DAY as f64) as i64;
            while from < path.len() {
                let to = request.grid.boundary_at_or_after(until).max(from + 1);
                let pick = generator.next_u64();
                let errors = whole_day(&days, from, to, pick);
                for step in from..to {
                    let estimate = &estimates[step];
                    if estimate.open == 0.0 {
                        continue;
                    }
                    path[step] = match errors {
                        Some(errors) => estimate.mean + estimate.open * errors[step],
                        None => at_level(&spread[step], level),
                    }
                    .max(floor);
                }
                (from, until) = (to, until + DAY);
            }
            path
        })
        .collect()
}

/// Errors per past day and step; NaN where the truth is not known yet.
fn past_days(baseline: &Baseline, request: &Request<'_>) -> Vec<Vec<f64>> {
    let Request {
        history,
        series,
        issued_at,
        grid,
        ..
    } = *request;
    let truth = history.view(series, issued_at);
    (1..=WINDOW / DAY)
        .map_while(|day| {
            let sight = baseline.sight(history, series, issued_at - day * DAY);
            sight.view.frontier()?;
            let past = baseline.estimates(&sight, grid, day * DAY);
            Some(errors(grid, day * DAY, &past, |start, end| {
                truth.mean(start, end)
            }))
        })
        .collect()
}

fn errors(
    grid: &TimeGrid,
    shift: i64,
    past: &[Estimate],
    truth: impl Fn(i64, i64) -> Option<f64>,
) -> Vec<f64> {
    past.iter()
        .enumerate()
        .map(|(i, e)| {
            let value = truth(grid.start_s(i) - shift, grid.end_s(i) - shift);
            value.map_or(f64::NAN, |v| v - e.mean)
        })
        .collect()
}

/// One of the past days whose errors are complete over the stretch, by `pick`.
fn whole_day(days: &[Vec<f64>], from: usize, to: usize, pick: u64) -> Option<&[f64]> {
    let is_whole = |day: &&Vec<f64>| day[from..to].iter().all(|e| !e.is_nan());
    let count = days.iter().filter(is_whole).count();
    let index = (pick % count.max(1) as u64) as usize;
    days.iter().filter(is_whole).nth(index).map(Vec::as_slice)
}

/// The value at a level between 0 and 1, straight between quantiles.
fn at_level(quantiles: &[f64; 19], level: f64) -> f64 {
    let position = (level * 20.0 - 1.0).clamp(0.0, 18.0);
    let low = (position as usize).min(17);
    let part = position - low as f64;
    quantiles[low] + part * (quantiles[low + 1] - quantiles[low])
}

/// A number in [0, 1) with 53 random bits.
fn uniform(generator: &mut ChaCha8Rng) -> f64 {
    (generator.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

//! Sample paths: the forecast plus stretches of errors the model made on past days.
//!
//! Hindcasts are made as of the same time on each of the past 28 days, for the same steps
//! moved by whole days. A path takes its errors day by day, each day's
//! stretch whole from one past day at the same lead and the same hours, so that the
//! dependence across steps is that of the past. All series of an issue take the same days,
//! so that the dependence between them is that of the past too. Errors are
//! spread by the same factors as the bands. Where no past day is complete, a path keeps to
//! one quantile.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use crate::Request;
use crate::baseline::{Bands, Baseline, Estimate};
use crate::calendar::DAY;
use crate::seed::generator;
use crate::seed::mix;

pub(crate) fn draw(
    baseline: &Baseline,
    request: &Request<'_>,
    estimates: &[Estimate],
    bands: &Bands,
    floor: f64,
) -> Vec<Vec<f64>> {
    let past = past_days(baseline, request, estimates);
    days_of_paths(request)
        .map(|path| {
            let mut values: Vec<f64> = estimates.iter().map(|e| e.mean).collect();
            for stretch in &path.stretches {
                let steps = stretch.from..stretch.to;
                let is_whole = |day: usize| {
                    (past.get(day)).is_some_and(|p| p[steps.clone()].iter().all(|e| !e.is_nan()))
                };
                let day = stretch.days().find(|day| is_whole(*day));
                for step in steps.clone() {
                    let estimate = &estimates[step];
                    if estimate.open == 0.0 {
                        continue;
                    }
                    values[step] = match day {
                        Some(day) => {
                            let error = past[day][step];
                            let error = bands.stretches[step].map_or(error, |s| s.of(error));
                            estimate.mean + estimate.open * error
                        }
                        None => at_level(&bands.spread[step], path.level),
                    }
                    .max(floor);
                }
            }
            values
        })
        .collect()
}

/// How many past days paths are made of.
pub(crate) const DAYS: usize = 28;

/// Where one path comes from.
pub(crate) struct PathDays {
    /// The quantile it keeps to where no past day serves, 0 to 1.
    pub(crate) level: f64,
    /// Stretches of steps, each from one past day.
    pub(crate) stretches: Vec<Stretch>,
}

/// Steps that take their course from one past day.
pub(crate) struct Stretch {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pick: u64,
}

impl Stretch {
    /// Past days in the order they are to be tried: 0 is the day before the issue.
    pub(crate) fn days(&self) -> impl Iterator<Item = usize> {
        let pick = self.pick;
        // Coprime strides visit every day once.
        let stride = [1, 3, 5, 9, 11, 13, 15, 17][(mix(pick) % 8) as usize];
        (0..DAYS).map(move |i| ((pick % DAYS as u64) as usize + i * stride) % DAYS)
    }
}

/// The past days of each path, from seed and issue time alone: paths of all series issued
/// together follow the same days, so that price and surplus move together.
pub(crate) fn days_of_paths(request: &Request<'_>) -> impl Iterator<Item = PathDays> {
    let grid = request.grid;
    let mut generator = generator(request.seed, "paths", request.issued_at);
    (0..request.paths).map(move |_| {
        let level = uniform(&mut generator);
        // Stretches begin at another hour in each path, so that their seams do not coincide.
        let mut until = grid.start_s(0) + (uniform(&mut generator) * DAY as f64) as i64;
        let mut stretches = Vec::new();
        let mut from = 0;
        while from < grid.len() {
            let to = grid.boundary_at_or_after(until).clamp(from + 1, grid.len());
            let pick = generator.next_u64();
            stretches.push(Stretch { from, to, pick });
            (from, until) = (to, until + DAY);
        }
        PathDays { level, stretches }
    })
}

/// Errors per past day and step of the rules that answered now; NaN where one had no
/// answer then, or the truth is not known yet.
fn past_days(baseline: &Baseline, request: &Request<'_>, estimates: &[Estimate]) -> Vec<Vec<f64>> {
    let Request {
        history,
        series,
        issued_at,
        grid,
        ..
    } = *request;
    let truth = history.view(series, issued_at);
    (1..=DAYS as i64)
        .map_while(|day| {
            let shift = day * DAY;
            let sight = baseline.learning(history, series, issued_at - shift);
            sight.view.frontier()?;
            let error = |(step, estimate): (usize, &Estimate)| {
                let (start, end) = (grid.start_s(step) - shift, grid.end_s(step) - shift);
                // What is known already takes no error.
                if estimate.open == 0.0 {
                    return Some(0.0);
                }
                let said = baseline.answer(estimate.rule, &sight, start, end)?;
                Some(truth.mean(start, end)? - said)
            };
            let errors = estimates.iter().enumerate();
            Some(errors.map(|step| error(step).unwrap_or(f64::NAN)).collect())
        })
        .collect()
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

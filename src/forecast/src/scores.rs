//! How good forecasts were: proper scores, coverage, tests of their differences, and what
//! they are worth.

mod cheapest;
mod diebold_mariano;
#[cfg(test)]
mod reference;

pub use cheapest::{Saving, saving};
pub use diebold_mariano::{Test, diebold_mariano};

use swingload_model::forecast::QUANTILE_LEVELS;

/// Pinball loss of one quantile forecast, in the series' unit; the level is a share, 0 to 1.
///
/// Least in expectation when `forecast` is the true quantile.
///
/// # Source
/// Koenker and Bassett 1978; Gneiting 2011, "Quantiles as optimal point forecasts".
pub(crate) fn pinball(level: f64, forecast: f64, truth: f64) -> f64 {
    let above = truth - forecast;
    if above >= 0.0 {
        level * above
    } else {
        (level - 1.0) * above
    }
}

/// Mean pinball loss over [`QUANTILE_LEVELS`].
pub fn pinball_mean(quantiles: &[f64; 19], truth: f64) -> f64 {
    let losses = QUANTILE_LEVELS
        .iter()
        .zip(quantiles)
        .map(|(level, q)| pinball(f64::from(*level) / 100.0, *q, truth));
    losses.sum::<f64>() / QUANTILE_LEVELS.len() as f64
}

/// Continuous ranked probability score from quantiles, in the series' unit: twice the
/// mean pinball loss, which is the score's integral by midpoints over P2.5 to P97.5.
///
/// # Source
/// Laio and Tamea 2007, "Verification tools for probabilistic forecasts", eq. 8.
pub(crate) fn crps(quantiles: &[f64; 19], truth: f64) -> f64 {
    2.0 * pinball_mean(quantiles, truth)
}

/// Share of truths inside `[low, high]`; `None` without any. Slices of equal length.
pub fn coverage(low: &[f64], high: &[f64], truth: &[f64]) -> Option<f64> {
    let inside = truth
        .iter()
        .zip(low.iter().zip(high))
        .filter(|(y, (l, h))| *l <= *y && *y <= *h)
        .count();
    (!truth.is_empty()).then(|| inside as f64 / truth.len() as f64)
}

/// Mean absolute error; `None` without any. Slices of equal length.
pub fn mean_absolute_error(forecast: &[f64], truth: &[f64]) -> Option<f64> {
    let sum: f64 = forecast.iter().zip(truth).map(|(f, y)| (f - y).abs()).sum();
    (!truth.is_empty()).then(|| sum / truth.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pinball_weighs_both_sides() {
        assert_eq!(pinball(0.9, 10.0, 12.0), 1.8);
        assert!((pinball(0.9, 12.0, 10.0) - 0.2).abs() < 1e-12);
        assert_eq!(pinball(0.5, 3.0, 3.0), 0.0);
    }

    #[test]
    fn scores_equal_the_recorded_reference() {
        let (truth, quantiles) = (reference::column("truth"), reference::quantiles());
        let count = truth.len() as f64;
        let mean = |score: fn(&[f64; 19], f64) -> f64| {
            let all = quantiles.iter().zip(&truth).map(|(q, y)| score(q, *y));
            all.sum::<f64>() / count
        };
        assert!((mean(pinball_mean) - reference::number("pinball")).abs() < 1e-12);
        // Closed form of the true law; nineteen levels leave out what little the tails add,
        // and weigh the middle more.
        let exact = reference::number("crps_normal");
        assert!(
            (mean(crps) / exact - 1.0).abs() < 0.06,
            "{} {exact}",
            mean(crps)
        );
        let medians: Vec<f64> = quantiles.iter().map(|q| q[9]).collect();
        let mae = mean_absolute_error(&medians, &truth).expect("some");
        assert!((mae - reference::number("mae")).abs() < 1e-12);
    }

    #[test]
    fn crps_of_a_point_is_its_absolute_error() {
        // A degenerate forecast: the levels average to one half.
        assert!((crps(&[10.0; 19], 14.0) - 4.0).abs() < 1e-12);
        assert!((crps(&[10.0; 19], 6.0) - 4.0).abs() < 1e-12);
    }

    #[test]
    fn crps_of_a_uniform_forecast_is_near_the_integral() {
        // Uniform on [0, 1] and truth 1/2: the integral of (F - 1{x >= y})^2 is 1/12.
        let quantiles = QUANTILE_LEVELS.map(|level| f64::from(level) / 100.0);
        assert!((crps(&quantiles, 0.5) - 1.0 / 12.0).abs() < 0.006);
    }

    #[test]
    fn coverage_counts_the_edges_in() {
        let (low, high) = ([0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]);
        assert_eq!(coverage(&low, &high, &[0.0, 1.0, 0.5, 2.0]), Some(0.75));
        assert_eq!(coverage(&[], &[], &[]), None);
        assert_eq!(mean_absolute_error(&[1.0, 2.0], &[2.0, 4.0]), Some(1.5));
    }
}

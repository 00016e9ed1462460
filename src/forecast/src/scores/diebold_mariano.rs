//! Diebold-Mariano tests: is the difference in loss of two forecasts more than chance?

use std::f64::consts::SQRT_2;

/// Outcome of a one-sided test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Test {
    /// Positive where the first forecast lost less than the second.
    pub statistic: f64,
    /// Chance of at least this statistic if the first were not better.
    pub p_value: f64,
}

/// Tests whether losses `ours` are smaller than `theirs`, value by value, in order of time.
///
/// The statistic is the mean difference over its standard error. With `lags` of 0
/// differences count as independent, as for day-ahead forecasts issued once a day;
/// forecasts whose horizons overlap have related differences, and autocovariances up to
/// `lags` are added with falling weights (Bartlett), which keeps the variance positive.
/// `None` with fewer than two values, or where all differences are alike.
///
/// For the test of one hour of the day, losses are those of that hour (univariate); for
/// the joint test of a day, each loss is the mean over the day (multivariate).
///
/// # Source
/// Diebold and Mariano 1995, "Comparing predictive accuracy"; Newey and West 1987; the
/// multivariate version as in Lago, Marcjasz, De Schutter and Weron 2021, section 4.4.
pub fn diebold_mariano(ours: &[f64], theirs: &[f64], lags: usize) -> Option<Test> {
    let differences: Vec<f64> = theirs.iter().zip(ours).map(|(t, o)| t - o).collect();
    let count = differences.len();
    if count < 2 {
        return None;
    }
    let mean = differences.iter().sum::<f64>() / count as f64;
    let covariance = |lag: usize| {
        let pairs = differences.iter().zip(&differences[lag..]);
        pairs.map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>() / count as f64
    };
    let lags = lags.min(count - 1);
    let mut variance = covariance(0);
    for lag in 1..=lags {
        let weight = 1.0 - lag as f64 / (lags + 1) as f64;
        variance += 2.0 * weight * covariance(lag);
    }
    // Differences that are alike but for rounding say nothing of chance.
    if variance <= 1e-24 * (1.0 + mean * mean) {
        return None;
    }
    let statistic = mean / libm::sqrt(variance / count as f64);
    Some(Test {
        statistic,
        p_value: 0.5 * libm::erfc(statistic / SQRT_2),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scores::reference::{column, number};

    #[test]
    fn statistics_equal_the_recorded_reference() {
        let (ours, theirs) = (column("dm_ours"), column("dm_theirs"));
        for lags in [0, 2] {
            let test = diebold_mariano(&ours, &theirs, lags).expect("differences");
            let (statistic, p) = (
                number(&format!("dm_statistic_{lags}")),
                number(&format!("dm_p_{lags}")),
            );
            assert!(
                (test.statistic - statistic).abs() < 1e-10,
                "{test:?} {statistic}"
            );
            assert!((test.p_value - p).abs() < 1e-12, "{test:?} {p}");
        }
    }

    #[test]
    fn the_two_directions_are_mirrored() {
        let (ours, theirs) = (column("dm_ours"), column("dm_theirs"));
        let there = diebold_mariano(&ours, &theirs, 1).expect("differences");
        let back = diebold_mariano(&theirs, &ours, 1).expect("differences");
        assert!((there.statistic + back.statistic).abs() < 1e-12);
        assert!((there.p_value + back.p_value - 1.0).abs() < 1e-12);
    }

    #[test]
    fn equal_forecasts_have_no_test() {
        assert_eq!(diebold_mariano(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0], 0), None);
        assert_eq!(diebold_mariano(&[1.0, 2.0], &[1.1, 2.1], 0), None);
        assert_eq!(diebold_mariano(&[1.0], &[2.0], 0), None);
        assert_eq!(diebold_mariano(&[], &[], 3), None);
    }
}

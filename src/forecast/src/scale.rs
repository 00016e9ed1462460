//! Scaling by median and median absolute deviation, bent by the area hyperbolic sine:
//! linear in the middle, logarithmic in both tails, and defined for negative prices.
//!
//! # Source
//! Uniejewski, Weron, Ziel 2018, "Variance stabilizing transformations for electricity
//! spot price forecasting".

use libm::{asinh, sinh};

/// 75 % quantile of the standard normal: the median absolute deviation over it
/// estimates a standard deviation.
const NORMAL_QUARTILE: f64 = 0.674_489_750_196_081_7;

/// Median and spread of values, and what they reach.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    median: f64,
    spread: f64,
    /// Least and greatest scaled value.
    range: (f64, f64),
}

impl Scale {
    /// Reads the scale off the values; `sorted` is overwritten. Without any, a scale that
    /// changes nothing near zero.
    pub(crate) fn of(values: &[f64], sorted: &mut Vec<f64>) -> Self {
        sorted.clear();
        sorted.extend_from_slice(values);
        let centre = median(sorted);
        for value in sorted.iter_mut() {
            *value = (*value - centre).abs();
        }
        let mut spread = median(sorted) / NORMAL_QUARTILE;
        if spread.is_nan() || spread <= 0.0 {
            // More than half of the values are equal, as with solar power at night.
            let square = |v: &f64| (v - centre) * (v - centre);
            spread = (values.iter().map(square).sum::<f64>() / values.len().max(1) as f64).sqrt();
        }
        if spread.is_nan() || spread <= 0.0 {
            spread = 1.0;
        }
        let mut scale = Self {
            median: centre,
            spread,
            range: (0.0, 0.0),
        };
        let ends = values.iter().fold((centre, centre), |(low, high), v| {
            (low.min(*v), high.max(*v))
        });
        scale.range = (scale.bend(ends.0), scale.bend(ends.1));
        scale
    }

    /// The value scaled and bent.
    pub(crate) fn bend(&self, value: f64) -> f64 {
        asinh((value - self.median) / self.spread)
    }

    /// The value behind a bent one.
    pub(crate) fn unbend(&self, z: f64) -> f64 {
        self.median + self.spread * sinh(z)
    }

    /// A bent value kept within `beyond` of those the scale was read off.
    pub(crate) fn limit(&self, z: f64, beyond: f64) -> f64 {
        z.clamp(self.range.0 - beyond, self.range.1 + beyond)
    }
}

/// Mean of the middle one or two values; reorders them. 0 without values.
fn median(values: &mut [f64]) -> f64 {
    let count = values.len();
    if count == 0 {
        return 0.0;
    }
    let (below, &mut upper, _) = values.select_nth_unstable_by(count / 2, f64::total_cmp);
    if count % 2 == 1 {
        return upper;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    0.5 * (lower + upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_go_there_and_back() {
        let values: Vec<f64> = (0..100).map(|i| f64::from(i * i) / 50.0 - 20.0).collect();
        let scale = Scale::of(&values, &mut Vec::new());
        for value in [-1_000.0, -3.0, 0.0, 42.5, 16_600.0] {
            let back = scale.unbend(scale.bend(value));
            assert!((back - value).abs() < 1e-9 * value.abs().max(1.0));
        }
        assert_eq!(scale.limit(scale.bend(-20.0), 1.0), scale.bend(-20.0));
        assert!(scale.limit(1e9, 1.0) < scale.bend(1_500.0));
    }

    #[test]
    fn values_alike_have_a_scale() {
        assert_eq!(Scale::of(&[5.0; 9], &mut Vec::new()).bend(5.0), 0.0);
        let mostly = [0.0, 0.0, 0.0, 0.0, 0.0, 8.0];
        assert!(Scale::of(&mostly, &mut Vec::new()).bend(8.0) > 1.0);
        assert_eq!(Scale::of(&[], &mut Vec::new()).bend(0.0), 0.0);
    }
}

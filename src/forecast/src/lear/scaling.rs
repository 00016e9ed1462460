//! Scaling by median and median absolute deviation, bent by the area hyperbolic sine:
//! linear in the middle, logarithmic in both tails, and defined for negative prices.

use libm::{asinh, sinh};

use crate::lasso::Columns;

/// 75 % quantile of the standard normal: the median absolute deviation over it
/// estimates a standard deviation.
const NORMAL_QUARTILE: f64 = 0.674_489_750_196_081_7;
/// How far beyond what the window held a scaled value may lie: an input that is off by
/// a thousand must not carry the forecast away, nor sinh make a wild price of a small slip.
const BEYOND: f64 = 1.0;

/// Median and spread of one column over the window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    median: f64,
    spread: f64,
    /// Least and greatest scaled value of the window.
    range: (f64, f64),
}

impl Scale {
    /// Scales the first columns in place, and says how.
    pub(super) fn columns(columns: &mut Columns, count: usize) -> Vec<Self> {
        let mut sorted = Vec::with_capacity(columns.rows());
        (0..count)
            .map(|index| {
                let column = columns.column_mut(index);
                let scale = Self::of(column, &mut sorted);
                for value in column {
                    *value = scale.bend(*value);
                }
                scale
            })
            .collect()
    }

    /// Reads the scale off the values; `sorted` is overwritten.
    pub(super) fn of(values: &[f64], sorted: &mut Vec<f64>) -> Self {
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

    /// Scaled and bent, and kept near what the window held.
    pub(super) fn apply(&self, value: f64) -> f64 {
        self.limit(self.bend(value))
    }

    /// The value behind a scaled one, kept near what the window held.
    pub(super) fn undo(&self, value: f64) -> f64 {
        self.median + self.spread * sinh(self.limit(value))
    }

    fn bend(&self, value: f64) -> f64 {
        asinh((value - self.median) / self.spread)
    }

    fn limit(&self, value: f64) -> f64 {
        value.clamp(self.range.0 - BEYOND, self.range.1 + BEYOND)
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

//! Scaling by median and median absolute deviation, and what bends the tails.

use libm::{asinh, sinh};

/// 75 % quantile of the standard normal: the median absolute deviation over it
/// estimates a standard deviation.
const NORMAL_QUARTILE: f64 = 0.674_489_750_196_081_7;
/// How far beyond what the window held a scaled value may lie: an input that is off by
/// a thousand must not carry the forecast away, nor sinh make a wild price of a small slip.
const BEYOND: f64 = 1.0;

/// What is done to scaled values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transform {
    /// Nothing.
    Identity,
    /// Area hyperbolic sine: linear in the middle, logarithmic in both tails.
    Asinh,
}

/// Median and spread of one column over the window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    transform: Transform,
    median: f64,
    spread: f64,
    /// Least and greatest transformed value of the window.
    range: (f64, f64),
}

impl Scale {
    /// Reads the scale off the values; `sorted` is overwritten.
    pub(super) fn of(values: &[f64], transform: Transform, sorted: &mut Vec<f64>) -> Self {
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
            transform,
            median: centre,
            spread,
            range: (0.0, 0.0),
        };
        let (low, high) = values
            .iter()
            .fold((centre, centre), |(l, h), v| (l.min(*v), h.max(*v)));
        scale.range = (scale.apply(low), scale.apply(high));
        scale
    }

    /// Scaled and bent, and kept near what the window held.
    pub(super) fn apply_within(&self, value: f64) -> f64 {
        self.limit(self.apply(value))
    }

    fn limit(&self, value: f64) -> f64 {
        value.clamp(self.range.0 - BEYOND, self.range.1 + BEYOND)
    }

    pub(super) fn apply(&self, value: f64) -> f64 {
        let scaled = (value - self.median) / self.spread;
        match self.transform {
            Transform::Identity => scaled,
            Transform::Asinh => asinh(scaled),
        }
    }

    /// The value behind a transformed one, kept near what the window held.
    pub(super) fn undo(&self, value: f64) -> f64 {
        let value = self.limit(value);
        let scaled = match self.transform {
            Transform::Identity => value,
            Transform::Asinh => sinh(value),
        };
        self.median + self.spread * scaled
    }
}

/// Mean of the middle one or two values; reorders them. 0 without values.
pub(super) fn median(values: &mut [f64]) -> f64 {
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

//! Spreads past errors as the bands are spread, for sample paths.

/// From the quantiles of past errors to where the band puts them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch {
    from: [f64; 19],
    to: [f64; 19],
}

impl Stretch {
    pub(super) fn new([from, to]: [[f64; 19]; 2]) -> Self {
        Self { from, to }
    }

    /// Straight between the levels; what lies beyond the outer ones moves along with them.
    pub(crate) fn of(&self, error: f64) -> f64 {
        let high = self.from.partition_point(|from| *from < error);
        if high == 0 || high == self.from.len() {
            let end = high.saturating_sub(1);
            return error + (self.to[end] - self.from[end]);
        }
        // The one below is smaller than the error, and this one is not.
        let low = high - 1;
        let part = (error - self.from[low]) / (self.from[high] - self.from[low]);
        self.to[low] + part * (self.to[high] - self.to[low])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_go_where_the_band_has_them_and_others_between() {
        let from: [f64; 19] = std::array::from_fn(|i| i as f64 - 9.0);
        let stretch = Stretch::new([from, from.map(|e| 3.0 * e)]);
        for (error, want) in [(2.0, 6.0), (-0.5, -1.5), (0.0, 0.0), (9.0, 27.0)] {
            assert!((stretch.of(error) - want).abs() < 1e-12, "{error}");
        }
        assert!((stretch.of(10.0) - 28.0).abs() < 1e-12);
        assert!((stretch.of(-10.0) + 28.0).abs() < 1e-12);
        assert_eq!(Stretch::new([from; 2]).of(1.25), 1.25);
    }

    #[test]
    fn errors_all_alike_stay_as_they_are() {
        let stretch = Stretch::new([[0.0; 19]; 2]);
        for error in [-1.0, 0.0, 1.0] {
            assert_eq!(stretch.of(error), error);
        }
    }
}

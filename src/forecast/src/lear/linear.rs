//! LASSO regressions of all slots on the same columns.

use crate::lasso::{Choice, Columns, Gram, Noise, Workspace};

/// Per slot, intercept and the coefficients that are not zero, by column.
#[derive(Debug, Clone)]
pub(super) struct Linear {
    slots: Vec<(f64, Vec<(usize, f64)>)>,
}

impl Linear {
    pub(super) fn solve(mut rows: Columns, mut prices: Columns) -> Self {
        let means = rows.centre();
        let price_means = prices.centre();
        let gram = Gram::new(&rows);
        let norms = gram.norms();
        let unit = gram.scaled(&norms);
        let mut workspace = Workspace::default();
        let slots = (0..prices.len())
            .map(|slot| {
                let target = prices.column(slot);
                let correlation = rows.products(target);
                let square = target.iter().map(|v| v * v).sum();
                let on_unit: Vec<f64> =
                    correlation.iter().zip(&norms).map(|(c, n)| c / n).collect();
                let choice =
                    Choice::by_aic(&mut workspace, &unit, &on_unit, square, Noise::OfTarget);
                let solution = workspace.at_alpha(&gram, &correlation, choice.alpha);
                let coefficients: Vec<(usize, f64)> = (solution.iter().copied().enumerate())
                    .filter(|(_, c)| *c != 0.0)
                    .collect();
                let shift: f64 = coefficients.iter().map(|(j, c)| c * means[*j]).sum();
                (price_means[slot] - shift, coefficients)
            })
            .collect();
        Self { slots }
    }

    /// Scaled prices of the day with that row.
    pub(super) fn at(&self, row: &[f64]) -> Vec<f64> {
        let value = |(intercept, coefficients): &(f64, Vec<(usize, f64)>)| {
            intercept + coefficients.iter().map(|(j, c)| c * row[*j]).sum::<f64>()
        };
        self.slots.iter().map(value).collect()
    }
}

//! Kernel ridge regressions of all slots on the same rows.
//!
//! Days are compared by the weighed distance of their rows: the kernel is a Gaussian of
//! the distance plus a share of the inner product, so that far from all known days the
//! forecast still follows the linear part. One factor serves all slots.

use libm::exp;

use crate::algebra::{Cholesky, dot};
use crate::lasso::Columns;

/// Length of the Gaussian; the distance of two days is about 1 per kind of data.
const LENGTH: f64 = 3.0;
/// Weight of the linear kernel.
const LINEAR: f64 = 0.3;
/// Variance of the noise, against 1 for the Gaussian kernel.
const RIDGE: f64 = 0.1;

#[derive(Debug, Clone)]
pub(super) struct Kernel {
    weights: Vec<f64>,
    /// Weighed rows, one after another.
    rows: Vec<f64>,
    /// Per slot, mean and one factor per row.
    slots: Vec<(f64, Vec<f64>)>,
}

impl Kernel {
    pub(super) fn solve(columns: &Columns, mut prices: Columns, weights: Vec<f64>) -> Self {
        let (count, width) = (columns.rows(), columns.len());
        let mut rows = vec![0.0; count * width];
        for (j, weight) in weights.iter().enumerate() {
            for (i, value) in columns.column(j).iter().enumerate() {
                rows[i * width + j] = weight * value;
            }
        }
        let means = prices.centre();
        let factor = factor(&rows, count, width);
        let slots = means.into_iter().enumerate();
        let slots = slots
            .map(|(slot, mean)| (mean, factor.solve(prices.column(slot))))
            .collect();
        Self {
            weights,
            rows,
            slots,
        }
    }

    /// Scaled prices of the day with that row.
    pub(super) fn at(&self, row: &[f64]) -> Vec<f64> {
        let row: Vec<f64> = row.iter().zip(&self.weights).map(|(v, w)| v * w).collect();
        let square = dot(&row, &row);
        let known = self.rows.chunks_exact(row.len());
        let near: Vec<f64> = known
            .map(|other| kernel(square, dot(other, other), dot(&row, other)))
            .collect();
        let value = |(mean, factors): &(f64, Vec<f64>)| mean + dot(factors, &near);
        self.slots.iter().map(value).collect()
    }
}

fn kernel(square: f64, other: f64, product: f64) -> f64 {
    let distance = (square + other - 2.0 * product).max(0.0);
    exp(-distance / (2.0 * LENGTH * LENGTH)) + LINEAR * product
}

/// Factor of the kernel matrix with the noise on its diagonal.
fn factor(rows: &[f64], count: usize, width: usize) -> Cholesky {
    let row = |i: usize| &rows[i * width..(i + 1) * width];
    let squares: Vec<f64> = (0..count).map(|i| dot(row(i), row(i))).collect();
    let mut factor = Cholesky::default();
    factor.reset(count);
    for i in 0..count {
        let products = (0..i).map(|j| kernel(squares[i], squares[j], dot(row(i), row(j))));
        let own = kernel(squares[i], squares[i], squares[i]) + RIDGE;
        let is_independent = factor.append(products, own);
        debug_assert!(
            is_independent,
            "invariant: the noise keeps what is left above zero"
        );
    }
    factor
}

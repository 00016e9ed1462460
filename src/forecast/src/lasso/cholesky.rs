//! A Cholesky factor that grows by a column at a time and loses any one of them.

use super::gram::{add_scaled, dot};

/// A column whose part outside the span of the others is below this share of its
/// square is taken to lie in it.
const DEPENDENT: f64 = 1e-11;

/// Lower triangular `L` with `L L'` the products of the active columns, rows stored
/// one after another at a fixed stride.
#[derive(Debug, Default)]
pub(super) struct Cholesky {
    stride: usize,
    size: usize,
    rows: Vec<f64>,
}

impl Cholesky {
    pub(super) fn reset(&mut self, stride: usize) {
        self.stride = stride;
        self.size = 0;
        self.rows.resize(stride * stride, 0.0);
    }

    fn row(&self, index: usize) -> &[f64] {
        &self.rows[index * self.stride..index * self.stride + index + 1]
    }

    /// Adds a column: its products with the present ones, and with itself. False, and
    /// no change, when it depends on them.
    pub(super) fn append(&mut self, products: impl Iterator<Item = f64>, square: f64) -> bool {
        let (size, stride) = (self.size, self.stride);
        let (done, fresh) = self.rows.split_at_mut(size * stride);
        let mut rest = square;
        for (i, product) in products.enumerate() {
            let row = &done[i * stride..=i * stride + i];
            let value = (product - dot(&row[..i], &fresh[..i])) / row[i];
            fresh[i] = value;
            rest -= value * value;
        }
        if rest <= DEPENDENT * square || rest.is_nan() {
            return false;
        }
        fresh[size] = rest.sqrt();
        self.size += 1;
        true
    }

    /// Removes a column, and turns what follows back into a triangle.
    pub(super) fn remove(&mut self, index: usize) {
        let stride = self.stride;
        for row in index + 1..self.size {
            let from = row * stride;
            self.rows.copy_within(from..=from + row, from - stride);
        }
        self.size -= 1;
        // Row r now reaches one too far, to column r + 1; rotations of neighbouring columns undo it.
        for column in index..self.size {
            let at = column * stride + column;
            let (a, b) = (self.rows[at], self.rows[at + 1]);
            let length = libm::hypot(a, b);
            let (cos, sin) = (a / length, b / length);
            self.rows[at] = length;
            for row in column + 1..self.size {
                let at = row * stride + column;
                let (a, b) = (self.rows[at], self.rows[at + 1]);
                self.rows[at] = cos * a + sin * b;
                self.rows[at + 1] = cos * b - sin * a;
            }
        }
    }

    /// Continues `L u = right` from row `from` on.
    pub(super) fn forward(&self, from: usize, right: &[f64], solution: &mut Vec<f64>) {
        solution.truncate(from);
        for (i, value) in right.iter().enumerate().take(self.size).skip(from) {
            let row = self.row(i);
            solution.push((value - dot(&row[..i], solution)) / row[i]);
        }
    }

    /// Solves `L' d = right` in place.
    pub(super) fn backward(&self, values: &mut [f64]) {
        for i in (0..self.size).rev() {
            let row = self.row(i);
            let value = values[i] / row[i];
            values[i] = value;
            add_scaled(&mut values[..i], -value, &row[..i]);
        }
    }
}

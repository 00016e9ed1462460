//! A Cholesky factor that grows by a column at a time and may lose any one of them.

use super::{add_scaled, dot};

/// A column whose part outside the span of the others is below this share of its
/// square is taken to lie in it.
const DEPENDENT: f64 = 1e-11;

/// Lower triangular `L` with `L L'` the products of the active columns, rows stored
/// one after another at a fixed stride.
#[derive(Debug, Default)]
pub(crate) struct Cholesky {
    stride: usize,
    size: usize,
    rows: Vec<f64>,
}

impl Cholesky {
    pub(crate) fn reset(&mut self, stride: usize) {
        self.stride = stride;
        self.size = 0;
        self.rows.resize(stride * stride, 0.0);
    }

    fn row(&self, index: usize) -> &[f64] {
        &self.rows[index * self.stride..index * self.stride + index + 1]
    }

    /// Adds a column: its products with the present ones, and with itself. False, and
    /// no change, when it depends on them.
    pub(crate) fn append(&mut self, products: impl Iterator<Item = f64>, square: f64) -> bool {
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
    pub(crate) fn remove(&mut self, index: usize) {
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
    pub(crate) fn forward(&self, from: usize, right: &[f64], solution: &mut Vec<f64>) {
        solution.truncate(from);
        for (i, value) in right.iter().enumerate().take(self.size).skip(from) {
            let row = self.row(i);
            solution.push((value - dot(&row[..i], solution)) / row[i]);
        }
    }

    /// Solves `L L' x = right`.
    pub(crate) fn solve(&self, right: &[f64]) -> Vec<f64> {
        let mut solution = Vec::with_capacity(self.size);
        self.forward(0, right, &mut solution);
        self.backward(&mut solution);
        solution
    }

    /// Solves `L' d = right` in place.
    pub(crate) fn backward(&self, values: &mut [f64]) {
        for i in (0..self.size).rev() {
            let row = self.row(i);
            let value = values[i] / row[i];
            values[i] = value;
            add_scaled(&mut values[..i], -value, &row[..i]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `a_ij = 1 / (i + j + 1)`, and one more on the diagonal.
    fn entry(i: usize, j: usize) -> f64 {
        1.0 / (i + j + 1) as f64 + f64::from(u8::from(i == j))
    }

    fn factor(order: &[usize]) -> Cholesky {
        let mut factor = Cholesky::default();
        factor.reset(order.len());
        for (at, i) in order.iter().enumerate() {
            let products = order[..at].iter().map(|j| entry(*i, *j));
            assert!(factor.append(products, entry(*i, *i)));
        }
        factor
    }

    #[test]
    fn the_solution_solves_the_system() {
        let solution = factor(&[0, 1, 2, 3, 4]).solve(&[1.0, -2.0, 0.5, 3.0, 0.0]);
        for (i, right) in [1.0, -2.0, 0.5, 3.0, 0.0].into_iter().enumerate() {
            let left: f64 = (0..5).map(|j| entry(i, j) * solution[j]).sum();
            assert!((left - right).abs() < 1e-12, "{left} for {right}");
        }
    }

    #[test]
    fn a_column_removed_was_never_there() {
        let mut with = factor(&[0, 1, 2, 3]);
        with.remove(1);
        let (got, want) = (
            with.solve(&[1.0, 2.0, 3.0]),
            factor(&[0, 2, 3]).solve(&[1.0, 2.0, 3.0]),
        );
        for (a, b) in got.iter().zip(&want) {
            assert!((a - b).abs() < 1e-12, "{a} for {b}");
        }
    }

    #[test]
    fn a_column_that_depends_on_others_is_refused() {
        let mut factor = Cholesky::default();
        factor.reset(2);
        assert!(factor.append([].into_iter(), 4.0));
        assert!(!factor.append([2.0].into_iter(), 1.0));
    }
}

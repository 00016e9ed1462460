//! Columns of a regression and their inner products.

use crate::algebra::dot;

/// Columns of equal length, one after another.
#[derive(Debug, Clone)]
pub struct Columns {
    rows: usize,
    values: Vec<f64>,
}

impl Columns {
    /// Takes whole columns of `rows` values each; a last column cut short is dropped.
    pub fn new(rows: usize, mut values: Vec<f64>) -> Self {
        values.truncate(values.len() / rows.max(1) * rows.max(1));
        Self { rows, values }
    }

    /// Values per column.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn len(&self) -> usize {
        self.values.len() / self.rows.max(1)
    }

    /// Whether there is no column.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// One column.
    pub fn column(&self, index: usize) -> &[f64] {
        &self.values[index * self.rows..(index + 1) * self.rows]
    }

    /// One column, to change.
    pub(crate) fn column_mut(&mut self, index: usize) -> &mut [f64] {
        &mut self.values[index * self.rows..(index + 1) * self.rows]
    }

    /// Subtracts its mean from every column, and gives the means.
    pub fn centre(&mut self) -> Vec<f64> {
        (0..self.len())
            .map(|index| centre(self.column_mut(index)))
            .collect()
    }

    /// Inner product of every column with `target`.
    pub fn products(&self, target: &[f64]) -> Vec<f64> {
        (0..self.len())
            .map(|index| dot(self.column(index), target))
            .collect()
    }
}

/// Subtracts the mean, and gives it.
pub(crate) fn centre(values: &mut [f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    for value in values {
        *value -= mean;
    }
    mean
}

/// `X'X` of centred columns, with the number of rows.
#[derive(Debug, Clone)]
pub struct Gram {
    size: usize,
    rows: usize,
    values: Vec<f64>,
}

/// Columns multiplied together at a time, so that they stay in the nearest cache.
const TILE: usize = 4;

impl Gram {
    /// Inner products of all pairs of columns.
    pub fn new(columns: &Columns) -> Self {
        let size = columns.len();
        let mut values = vec![0.0; size * size];
        for first in (0..size).step_by(TILE) {
            let last = (first + TILE).min(size);
            for other in 0..last {
                let right = columns.column(other);
                for this in first.max(other)..last {
                    let product = dot(columns.column(this), right);
                    values[this * size + other] = product;
                    values[other * size + this] = product;
                }
            }
        }
        Self {
            size,
            rows: columns.rows(),
            values,
        }
    }

    /// The same with every column divided by its `norms` entry.
    pub(crate) fn scaled(&self, norms: &[f64]) -> Self {
        let mut scaled = self.clone();
        for (row, norm) in scaled.values.chunks_exact_mut(self.size).zip(norms) {
            for (value, other) in row.iter_mut().zip(norms) {
                *value /= norm * other;
            }
        }
        scaled
    }

    /// Euclidean norm of every column; 1 for a column of zeros, so that dividing is safe.
    pub(crate) fn norms(&self) -> Vec<f64> {
        (0..self.size)
            .map(|i| {
                let square = self.values[i * self.size + i];
                if square > 0.0 { square.sqrt() } else { 1.0 }
            })
            .collect()
    }

    /// Number of columns.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Rows behind the products.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Products of one column with all.
    pub(crate) fn row(&self, index: usize) -> &[f64] {
        &self.values[index * self.size..(index + 1) * self.size]
    }
}

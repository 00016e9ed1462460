//! Linear quantile regression by majorisation and minimisation.
//!
//! ```text
//! minimise over b   sum_i rho_tau(y_i - x_i b) + ridge
//! rho_tau(r)        tau r where r >= 0, (tau - 1) r elsewhere
//! ```
//!
//! Each round solves the weighted least squares problem that lies above the loss and
//! touches it at the last round's residuals. Rounds are counted, not timed.
//!
//! # Source
//! Koenker and Bassett 1978; Hunter and Lange 2000, "Quantile regression via an MM algorithm".

/// Levels that are fitted; others lie straight between them.
pub(super) const LEVELS: [f64; 13] = [
    0.02, 0.05, 0.10, 0.15, 0.25, 0.35, 0.50, 0.65, 0.75, 0.85, 0.90, 0.95, 0.98,
];
/// Position of the median in [`LEVELS`].
pub(super) const MEDIAN: usize = 6;
/// Values at [`LEVELS`], rising.
pub(super) type Curve = [f64; LEVELS.len()];

/// Rounds for the median, from the least squares solution.
const ROUNDS_FIRST: usize = 24;
/// Rounds for each further level, from its neighbour moved to the level.
const ROUNDS: usize = 10;
/// Part of the mean squared length of a column that is added to the diagonal.
const RIDGE: f64 = 1e-3;

/// Coefficients per level over columns scaled to mean 0 and deviation 1.
#[derive(Debug)]
pub(super) struct Fit {
    /// Per column: least and greatest value seen, mean, deviation.
    columns: Vec<[f64; 4]>,
    /// Per column, the coefficient of each level.
    slopes: Vec<Curve>,
    intercepts: Curve,
}

impl Fit {
    /// `rows` holds the columns of one observation after the other, `targets` and
    /// `weights` one value each.
    ///
    /// `None` with fewer observations than three per column, or fewer than 100.
    pub(super) fn make(rows: &[f64], targets: &[f64], weights: &[f64]) -> Option<Self> {
        let count = targets.len();
        if count < 100 || rows.len() / count * 3 > count {
            return None;
        }
        let width = rows.len() / count;
        let columns: Vec<[f64; 4]> = (0..width).map(|c| column(rows, width, c)).collect();
        let scaled: Vec<f64> = rows
            .chunks_exact(width)
            .flat_map(|row| {
                let one = std::iter::once(1.0);
                one.chain(row.iter().zip(&columns).map(|(x, c)| (x - c[2]) / c[3]))
            })
            .collect();
        let mut solver = Solver::new(&scaled, targets, weights, width + 1);
        let mut all = vec![vec![0.0; width + 1]; LEVELS.len()];
        let start = solver.least_squares();
        all[MEDIAN] = solver.quantile(&start, LEVELS[MEDIAN], ROUNDS_FIRST);
        for level in MEDIAN + 1..LEVELS.len() {
            all[level] = solver.quantile(&all[level - 1], LEVELS[level], ROUNDS);
        }
        for level in (0..MEDIAN).rev() {
            all[level] = solver.quantile(&all[level + 1], LEVELS[level], ROUNDS);
        }
        let at = |c: usize| std::array::from_fn(|level| all[level][c]);
        Some(Self {
            columns,
            slopes: (1..=width).map(at).collect(),
            intercepts: at(0),
        })
    }

    /// The curve at one row of columns. A column beyond what was seen counts as its nearest seen value.
    pub(super) fn curve(&self, row: &[f64]) -> Curve {
        let mut curve = self.intercepts;
        for ((x, column), slopes) in row.iter().zip(&self.columns).zip(&self.slopes) {
            let x = (x.clamp(column[0], column[1]) - column[2]) / column[3];
            for (value, slope) in curve.iter_mut().zip(slopes) {
                *value += x * slope;
            }
        }
        // Lines may cross far from the data; the sorted curve is no worse at any level.
        // Chernozhukov, Fernandez-Val, Galichon 2010, "Quantile and probability curves without crossing".
        curve.sort_unstable_by(f64::total_cmp);
        curve
    }
}

/// Least, greatest, mean and deviation of one column.
fn column(rows: &[f64], width: usize, c: usize) -> [f64; 4] {
    let values = || rows.iter().skip(c).step_by(width);
    let count = (rows.len() / width) as f64;
    let mean = values().sum::<f64>() / count;
    let square = values().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
    let least = values().copied().fold(f64::INFINITY, f64::min);
    let greatest = values().copied().fold(f64::NEG_INFINITY, f64::max);
    // A constant column says nothing; its deviation must only not be zero.
    let deviation = if square > 1e-18 { square.sqrt() } else { 1.0 };
    [least, greatest, mean, deviation]
}

/// The normal equations of one set of rows.
struct Solver<'a> {
    rows: &'a [f64],
    targets: &'a [f64],
    weights: &'a [f64],
    width: usize,
    /// Weighted sum of every column.
    sums: Vec<f64>,
    /// Weights keep below one over this.
    least: f64,
    ridge: f64,
    /// Upper triangle, row by row, each of full width.
    matrix: Vec<f64>,
}

impl<'a> Solver<'a> {
    fn new(rows: &'a [f64], targets: &'a [f64], weights: &'a [f64], width: usize) -> Self {
        let count = targets.len() as f64;
        let mean = targets.iter().sum::<f64>() / count;
        let square = targets.iter().map(|y| (y - mean) * (y - mean)).sum::<f64>() / count;
        let deviation = square.sqrt().max(1e-9);
        let mut sums = vec![0.0; width];
        for (row, weight) in rows.chunks_exact(width).zip(weights) {
            for (sum, x) in sums.iter_mut().zip(row) {
                *sum += weight * x;
            }
        }
        Self {
            rows,
            targets,
            weights,
            width,
            sums,
            least: 1e-3 * deviation,
            ridge: RIDGE * weights.iter().sum::<f64>() / deviation,
            matrix: vec![0.0; width * width],
        }
    }

    fn least_squares(&mut self) -> Vec<f64> {
        self.round(None, 0.5)
    }

    /// From `start`, its intercept moved so that the right share lies below, in so many rounds.
    fn quantile(&mut self, start: &[f64], level: f64, rounds: usize) -> Vec<f64> {
        let mut solution = start.to_vec();
        let rows = self.rows.chunks_exact(self.width).zip(self.targets);
        let mut residuals: Vec<f64> = rows.map(|(row, y)| y - product(row, &solution)).collect();
        let index = (level * residuals.len() as f64) as usize;
        solution[0] += *residuals.select_nth_unstable_by(index, f64::total_cmp).1;
        for _ in 0..rounds {
            solution = self.round(Some(&solution), level);
        }
        solution
    }

    /// One weighted least squares problem; without a last solution all weigh the same.
    fn round(&mut self, last: Option<&[f64]>, level: f64) -> Vec<f64> {
        let width = self.width;
        self.matrix.fill(0.0);
        let mut right: Vec<f64> = match last {
            Some(_) => self.sums.iter().map(|s| (2.0 * level - 1.0) * s).collect(),
            None => vec![0.0; width],
        };
        let observed = self.rows.chunks_exact(width).zip(self.targets);
        for ((row, y), own) in observed.zip(self.weights) {
            let near = |b| 1.0 / (self.least + (y - product(row, b)).abs());
            let weight = own * last.map_or(1.0, near);
            for (i, x) in row.iter().enumerate() {
                let scaled = weight * x;
                right[i] += scaled * y;
                let line = &mut self.matrix[i * width + i..(i + 1) * width];
                for (cell, other) in line.iter_mut().zip(&row[i..]) {
                    *cell += scaled * other;
                }
            }
        }
        for i in 0..width {
            let ridge = if i == 0 { 1e-9 } else { self.ridge };
            self.matrix[i * width + i] += ridge;
        }
        solve(&mut self.matrix, right)
    }
}

fn product(row: &[f64], coefficients: &[f64]) -> f64 {
    row.iter().zip(coefficients).map(|(x, b)| x * b).sum()
}

/// Solves the symmetric positive system held in the upper triangle, by Cholesky.
fn solve(matrix: &mut [f64], mut right: Vec<f64>) -> Vec<f64> {
    let n = right.len();
    // matrix = U' U
    for i in 0..n {
        let mut pivot = matrix[i * n + i];
        for k in 0..i {
            pivot -= matrix[k * n + i] * matrix[k * n + i];
        }
        let pivot = pivot.max(1e-12).sqrt();
        matrix[i * n + i] = pivot;
        for j in i + 1..n {
            let mut cell = matrix[i * n + j];
            for k in 0..i {
                cell -= matrix[k * n + i] * matrix[k * n + j];
            }
            matrix[i * n + j] = cell / pivot;
        }
    }
    for i in 0..n {
        for k in 0..i {
            right[i] -= matrix[k * n + i] * right[k];
        }
        right[i] /= matrix[i * n + i];
    }
    for i in (0..n).rev() {
        for k in i + 1..n {
            right[i] -= matrix[i * n + k] * right[k];
        }
        right[i] /= matrix[i * n + i];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::mix;

    fn uniform(i: u64) -> f64 {
        (mix(i) >> 11) as f64 / (1_u64 << 53) as f64
    }

    #[test]
    fn quantiles_of_a_known_law_are_found() {
        // y = 3 x + (1 + x) u with u uniform on [0, 1): the level p lies at 3 x + (1 + x) p.
        let (mut rows, mut targets) = (Vec::new(), Vec::new());
        for i in 0..8_000 {
            let x = uniform(2 * i);
            rows.push(x);
            targets.push(3.0 * x + (1.0 + x) * uniform(2 * i + 1));
        }
        let fit = Fit::make(&rows, &targets, &[1.0; 8_000]).expect("enough");
        for x in [0.1, 0.5, 0.9] {
            for (level, value) in LEVELS.iter().zip(fit.curve(&[x])) {
                let truth = 3.0 * x + (1.0 + x) * level;
                assert!((value - truth).abs() < 0.04, "{value} for {truth}");
            }
        }
        // Beyond the data nothing is made up.
        assert_eq!(fit.curve(&[50.0]), fit.curve(&[1.0]));
    }

    #[test]
    fn too_few_rows_and_constant_columns_are_no_accident() {
        assert!(Fit::make(&[1.0; 50], &[1.0; 50], &[1.0; 50]).is_none());
        let fit = Fit::make(&[7.0; 200], &[2.0; 200], &[1.0; 200]).expect("enough");
        for value in fit.curve(&[7.0]) {
            assert!((value - 2.0).abs() < 1e-3, "{value}");
        }
    }
}

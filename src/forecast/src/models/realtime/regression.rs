//! Linear quantile regression on a smoothed loss, by Newton's method.
//!
//! ```text
//! minimise over b   sum_i w_i rho(y_i - x_i b) + ridge |b|^2
//! rho(r)            tau r above h, (tau - 1) r below -h, a parabola that meets both between
//! ```
//!
//! The smoothed loss has a second derivative where residuals are small, so a few steps
//! find its least value; each level starts from its neighbour's solution. The half width
//! `h` shrinks with the number of observations, and what it costs in bias with its square.
//! Steps are counted, not timed.
//!
//! # Source
//! Koenker and Bassett 1978; He, Pan, Tan, Zhou 2023, "Smoothed quantile regression with
//! large-scale inference", Journal of Econometrics 232.

use crate::algebra::{Cholesky, add_scaled, dot};

/// Levels that are fitted; others are interpolated.
pub(super) const LEVELS: [f64; 13] = [
    0.02, 0.05, 0.10, 0.15, 0.25, 0.35, 0.50, 0.65, 0.75, 0.85, 0.90, 0.95, 0.98,
];
/// Position of the median in [`LEVELS`].
pub(super) const MEDIAN: usize = 6;
/// Values at [`LEVELS`], rising.
pub(super) type Curve = [f64; LEVELS.len()];

/// Newton steps for one level, at most.
const STEPS: usize = 16;
/// Halvings of a step that does not lower the loss.
const HALVINGS: usize = 6;
/// Fall of the loss, as a share of it, below which a level is done.
const SETTLED: f64 = 1e-6;
/// Least half width of the smoothed part, in deviations of the residuals.
const HALF_WIDTH: f64 = 0.05;
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
    /// `weights` one value each; `ridge` is the part of the mean squared length of a column
    /// that is added to the diagonal.
    ///
    /// `None` with fewer observations than three per column, or fewer than 100.
    pub(super) fn make(rows: &[f64], targets: &[f64], weights: &[f64], ridge: f64) -> Option<Self> {
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
        let mut solver = Solver::new(&scaled, targets, weights, width + 1, ridge);
        let mut all = vec![vec![0.0; width + 1]; LEVELS.len()];
        let start = solver.least_squares();
        all[MEDIAN] = solver.quantile(&start, LEVELS[MEDIAN]);
        for level in MEDIAN + 1..LEVELS.len() {
            all[level] = solver.quantile(&all[level - 1], LEVELS[level]);
        }
        for level in (0..MEDIAN).rev() {
            all[level] = solver.quantile(&all[level + 1], LEVELS[level]);
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

/// One set of rows, and what its regressions share.
struct Solver<'a> {
    rows: &'a [f64],
    targets: &'a [f64],
    weights: &'a [f64],
    width: usize,
    ridge: f64,
    /// Half width of the smoothed part.
    half: f64,
    /// Lower triangle of the second derivative, rows of full width.
    matrix: Vec<f64>,
    factor: Cholesky,
}

impl<'a> Solver<'a> {
    fn new(
        rows: &'a [f64],
        targets: &'a [f64],
        weights: &'a [f64],
        width: usize,
        ridge: f64,
    ) -> Self {
        let deviation = deviation(targets);
        Self {
            rows,
            targets,
            weights,
            width,
            ridge: 0.5 * ridge * weights.iter().sum::<f64>() / deviation,
            half: HALF_WIDTH * deviation,
            matrix: vec![0.0; width * width],
            factor: Cholesky::default(),
        }
    }

    /// The start of all levels; sets the half width by its residuals.
    fn least_squares(&mut self) -> Vec<f64> {
        let mut right = vec![0.0; self.width];
        for ((row, y), weight) in self.observed() {
            add_scaled(&mut right, weight * y, row);
        }
        self.sum_squares(|_| 1.0);
        let start = self.solve(&right);
        let residuals = self.residuals(&start);
        let (count, width) = (residuals.len() as f64, self.width as f64);
        let share = libm::pow((width + libm::log(count)) / count, 0.4);
        self.half = share.max(HALF_WIDTH) * deviation(&residuals);
        start
    }

    /// From `start`, its intercept moved so that the right share lies below.
    fn quantile(&mut self, start: &[f64], level: f64) -> Vec<f64> {
        let mut solution = start.to_vec();
        let mut residuals = self.residuals(&solution);
        let index = (level * residuals.len() as f64) as usize;
        let shift = *residuals
            .clone()
            .select_nth_unstable_by(index, f64::total_cmp)
            .1;
        solution[0] += shift;
        residuals.iter_mut().for_each(|r| *r -= shift);
        let mut loss = self.loss(&residuals, &solution, level);
        for _ in 0..STEPS {
            let step = self.step(&residuals, &solution, level);
            let change: Vec<f64> = self.rows_of().map(|row| dot(row, &step)).collect();
            let tried = (0..HALVINGS).find_map(|halvings| {
                let part = libm::ldexp(1.0, -(halvings as i32));
                let moved = residuals.iter().zip(&change).map(|(r, c)| r - part * c);
                let moved: Vec<f64> = moved.collect();
                let mut there = solution.clone();
                add_scaled(&mut there, part, &step);
                let less = self.loss(&moved, &there, level);
                (less < loss).then_some((moved, there, less))
            });
            let Some((moved, there, less)) = tried else {
                break;
            };
            let fall = loss - less;
            (residuals, solution, loss) = (moved, there, less);
            if fall <= SETTLED * loss {
                break;
            }
        }
        solution
    }

    /// Newton's step from where the residuals are.
    fn step(&mut self, residuals: &[f64], solution: &[f64], level: f64) -> Vec<f64> {
        let mut downhill: Vec<f64> = solution.iter().map(|b| -self.ridge * b).collect();
        downhill[0] = 0.0;
        for ((row, residual), weight) in self.rows_of().zip(residuals).zip(self.weights) {
            let slope = level - 0.5 + (residual / (2.0 * self.half)).clamp(-0.5, 0.5);
            add_scaled(&mut downhill, weight * slope, row);
        }
        let (half, curvature) = (self.half, 0.5 / self.half);
        self.sum_squares(|i| match residuals[i].abs() < half {
            true => curvature,
            false => 0.0,
        });
        self.solve(&downhill)
    }

    /// Fills the matrix with the weighed squares of the rows, each counted by `share`.
    fn sum_squares(&mut self, share: impl Fn(usize) -> f64) {
        let width = self.width;
        self.matrix.fill(0.0);
        for (i, (row, weight)) in self.rows.chunks_exact(width).zip(self.weights).enumerate() {
            let weight = weight * share(i);
            if weight == 0.0 {
                continue;
            }
            for (k, (x, line)) in row
                .iter()
                .zip(self.matrix.chunks_exact_mut(width))
                .enumerate()
            {
                add_scaled(&mut line[..=k], weight * x, &row[..=k]);
            }
        }
        for k in 0..width {
            // Every level has an intercept; the tiny share only keeps its pivot above zero.
            let more = if k == 0 {
                1e-6 * self.ridge
            } else {
                self.ridge
            };
            self.matrix[k * width + k] += more;
        }
    }

    /// Solves with the matrix.
    fn solve(&mut self, right: &[f64]) -> Vec<f64> {
        let width = self.width;
        self.factor.reset(width);
        for (k, line) in self.matrix.chunks_exact(width).enumerate() {
            let is_independent = self.factor.append(line[..k].iter().copied(), line[k]);
            debug_assert!(is_independent, "invariant: the ridge keeps columns apart");
        }
        self.factor.solve(right)
    }

    fn loss(&self, residuals: &[f64], solution: &[f64], level: f64) -> f64 {
        let half = self.half;
        let of = |r: f64| {
            let bend = if r.abs() < half {
                0.25 * (r * r / half + half)
            } else {
                0.5 * r.abs()
            };
            bend + (level - 0.5) * r
        };
        let losses = residuals.iter().zip(self.weights).map(|(r, w)| w * of(*r));
        losses.sum::<f64>() + 0.5 * self.ridge * dot(&solution[1..], &solution[1..])
    }

    fn residuals(&self, solution: &[f64]) -> Vec<f64> {
        let rows = self.rows_of().zip(self.targets);
        rows.map(|(row, y)| y - dot(row, solution)).collect()
    }

    fn rows_of(&self) -> impl Iterator<Item = &'a [f64]> {
        self.rows.chunks_exact(self.width)
    }

    fn observed(&self) -> impl Iterator<Item = ((&'a [f64], &'a f64), &'a f64)> {
        self.rows_of().zip(self.targets).zip(self.weights)
    }
}

/// Standard deviation; tiny rather than zero.
fn deviation(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let square = values.iter().map(|y| (y - mean) * (y - mean)).sum::<f64>() / count;
    square.sqrt().max(1e-9)
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
        let fit = Fit::make(&rows, &targets, &[1.0; 8_000], 1e-3).expect("enough");
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
        assert!(Fit::make(&[1.0; 50], &[1.0; 50], &[1.0; 50], 0.2).is_none());
        let fit = Fit::make(&[7.0; 200], &[2.0; 200], &[1.0; 200], 0.2).expect("enough");
        for value in fit.curve(&[7.0]) {
            assert!((value - 2.0).abs() < 1e-3, "{value}");
        }
    }
}

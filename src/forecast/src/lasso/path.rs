//! The path from the largest penalty down, corner by corner.

use super::gram::Gram;
use crate::algebra::{Cholesky, add_scaled};

/// Corners after which a path ends, per column: each column enters and leaves a few times at most.
const KNOTS_PER_COLUMN: usize = 12;
/// Share of the first correlation at which nothing is left to explain but rounding.
const EXHAUSTED: f64 = 1e-13;
/// Relative difference below which two correlations are equal but for rounding.
const TIED: f64 = 1e-9;

/// A corner of the path: where a column enters or leaves, or the path ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Knot {
    /// Penalty, in the units of the target times those of the columns.
    pub alpha: f64,
    /// Columns with a coefficient other than zero.
    pub active: usize,
    /// What the solution takes off the sum of squares of the target.
    pub explained: f64,
}

/// Buffers of a path, to be used again for the next target.
#[derive(Debug, Default)]
pub struct Workspace {
    factor: Cholesky,
    /// Active columns, in the order of the factor, with signs, and coefficients of all.
    active: Vec<usize>,
    signs: Vec<f64>,
    coefficients: Vec<f64>,
    /// Products of all columns with what is not explained yet.
    correlation: Vec<f64>,
    state: Vec<State>,
    forward: Vec<f64>,
    direction: Vec<f64>,
    slope: Vec<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Active,
    /// Depends on the active columns: out for good.
    Dependent,
}

/// What ends a step.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Event {
    Enter,
    Leave(usize),
    End,
}

impl Workspace {
    /// Coefficients at penalty `alpha`, one per column; `correlation` is `X'y`, centred.
    pub fn at_alpha(&mut self, gram: &Gram, correlation: &[f64], alpha: f64) -> &[f64] {
        self.follow(gram, correlation, alpha, |_| true);
        &self.coefficients
    }

    /// Follows the path down to `alpha_min`, or until `visit`, called at every corner
    /// from the empty solution on, says no.
    pub fn follow(
        &mut self,
        gram: &Gram,
        correlation: &[f64],
        alpha_min: f64,
        mut visit: impl FnMut(&Knot) -> bool,
    ) {
        self.reset(gram, correlation);
        let rows = gram.rows() as f64;
        let least = alpha_min * rows;
        let Some(mut level) = self.strongest().map(|(_, level)| level) else {
            return;
        };
        let exhausted = level * EXHAUSTED;
        let mut event = Event::Enter;
        let mut left = None;
        for _ in 0..KNOTS_PER_COLUMN * gram.size() {
            if !visit(&self.knot(level / rows, correlation)) || level <= least.max(exhausted) {
                return;
            }
            if event == Event::Enter {
                // A column that depends on the active ones is passed over for one as strong.
                while let Some((column, strength)) = self.strongest() {
                    if strength < level * (1.0 - TIED) || self.enter(gram, column) {
                        break;
                    }
                }
            }
            if self.active.is_empty() {
                return;
            }
            self.turn(gram);
            let step;
            (step, event) = self.step(level, least, left.take());
            for (column, change) in self.active.iter().zip(&self.direction) {
                self.coefficients[*column] += step * change;
            }
            add_scaled(&mut self.correlation, -step, &self.slope);
            level -= step;
            if let Event::Leave(position) = event {
                let column = self.leave(position);
                left = Some((column, level));
            }
            if event == Event::End {
                visit(&self.knot(level / rows, correlation));
                return;
            }
        }
    }

    fn reset(&mut self, gram: &Gram, correlation: &[f64]) {
        let size = gram.size();
        self.factor.reset(size);
        self.active.clear();
        self.signs.clear();
        self.forward.clear();
        self.coefficients.clear();
        self.coefficients.resize(size, 0.0);
        self.correlation.clear();
        self.correlation.extend_from_slice(correlation);
        self.state.clear();
        // A constant column is zero once centred, and depends on anything.
        let state = |i| {
            if gram.row(i)[i] > 0.0 {
                State::Idle
            } else {
                State::Dependent
            }
        };
        self.state.extend((0..size).map(state));
        self.slope.clear();
        self.slope.resize(size, 0.0);
    }

    /// The idle column with the largest correlation; the first of equals.
    fn strongest(&self) -> Option<(usize, f64)> {
        let mut best = None;
        for (column, value) in self.correlation.iter().enumerate() {
            let strength = value.abs();
            if self.state[column] == State::Idle && best.is_none_or(|(_, most)| strength > most) {
                best = Some((column, strength));
            }
        }
        best
    }

    fn enter(&mut self, gram: &Gram, column: usize) -> bool {
        let row = gram.row(column);
        let products = self.active.iter().map(|other| row[*other]);
        if !self.factor.append(products, row[column]) {
            self.state[column] = State::Dependent;
            return false;
        }
        self.state[column] = State::Active;
        self.active.push(column);
        self.signs.push(self.correlation[column].signum());
        true
    }

    fn leave(&mut self, position: usize) -> usize {
        let column = self.active.remove(position);
        self.signs.remove(position);
        self.factor.remove(position);
        self.forward.truncate(position);
        self.coefficients[column] = 0.0;
        self.state[column] = State::Idle;
        column
    }

    /// Direction in which all active correlations fall alike, and how fast the others do.
    fn turn(&mut self, gram: &Gram) {
        let known = self.forward.len();
        self.factor.forward(known, &self.signs, &mut self.forward);
        self.direction.clear();
        self.direction.extend_from_slice(&self.forward);
        self.factor.backward(&mut self.direction);
        self.slope.fill(0.0);
        // Four rows at a time: the sums then pass through the registers a quarter as often.
        let columns = self.active.as_chunks::<4>();
        let changes = self.direction.as_chunks::<4>();
        for (columns, changes) in columns.0.iter().zip(changes.0) {
            let rows = columns.map(|column| gram.row(column));
            let [a, b, c, d] = *changes;
            let sums = self.slope.iter_mut().zip(rows[0]).zip(rows[1]);
            for (((sum, w), x), (y, z)) in sums.zip(rows[2].iter().zip(rows[3])) {
                *sum += (a * w + b * x) + (c * y + d * z);
            }
        }
        for (column, change) in columns.1.iter().zip(changes.1) {
            add_scaled(&mut self.slope, *change, gram.row(*column));
        }
    }

    /// How far to go: until an idle column catches up, an active coefficient reaches
    /// zero, or the correlation is down to `least`.
    fn step(&self, level: f64, least: f64, left: Option<(usize, f64)>) -> (f64, Event) {
        let mut best = (level - least, Event::End);
        for (column, (&value, &slope)) in self.correlation.iter().zip(&self.slope).enumerate() {
            if self.state[column] != State::Idle {
                continue;
            }
            // The column that has just left stands at the level on one side; it cannot
            // catch up from there.
            let just_left = left.is_some_and(|(l, _)| l == column);
            if !(just_left && value > 0.0) && slope < 1.0 {
                let step = (level - value).max(0.0) / (1.0 - slope);
                if step < best.0 {
                    best = (step, Event::Enter);
                }
            }
            if !(just_left && value < 0.0) && slope > -1.0 {
                let step = (level + value).max(0.0) / (1.0 + slope);
                if step < best.0 {
                    best = (step, Event::Enter);
                }
            }
        }
        for (position, (column, change)) in self.active.iter().zip(&self.direction).enumerate() {
            let step = -self.coefficients[*column] / change;
            if step > 0.0 && step < best.0 {
                best = (step, Event::Leave(position));
            }
        }
        best
    }

    fn knot(&self, alpha: f64, correlation: &[f64]) -> Knot {
        let (mut active, mut explained) = (0, 0.0);
        for column in &self.active {
            let value = self.coefficients[*column];
            active += usize::from(value != 0.0);
            // |y|^2 - |y - Xb|^2 = b'X'y + b'X'(y - Xb)
            explained += value * (correlation[*column] + self.correlation[*column]);
        }
        Knot {
            alpha,
            active,
            explained,
        }
    }
}

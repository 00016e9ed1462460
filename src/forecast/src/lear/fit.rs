//! One calibration window: scale, choose the penalties, fit, predict.

use super::design::Design;
use super::panel::Panel;
use super::scaling::{Scale, Transform};
use crate::lasso::{Choice, Columns, Gram, Noise, Workspace};

/// How one window is fitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recipe {
    /// Days of the calibration window; its first week serves lags only.
    pub window: usize,
    /// What is done to scaled prices and inputs.
    pub transform: Transform,
    /// Which inputs are read: bit `i` for the panel's input `i`.
    pub inputs: u64,
    /// Experiment.
    pub mode: u8,
    /// Days
    pub half_life: f64,
    /// Of penalty
    pub factor: f64,
}

/// Regressions of one window, one per slot of the day.
#[derive(Debug, Clone)]
pub struct Fit {
    recipe: Recipe,
    columns: Vec<Scale>,
    targets: Vec<Scale>,
    slots: Vec<Slot>,
}

/// Intercept and the coefficients that are not zero, by column.
#[derive(Debug, Clone)]
struct Slot {
    intercept: f64,
    coefficients: Vec<(usize, f64)>,
}

/// Fewest rows that carry a fit.
const ROWS_MIN: usize = 21;

impl Fit {
    /// Fits the window that ends before day `target` of the panel; `None` with fewer than
    /// 21 days of complete rows.
    pub fn new(panel: &Panel, target: usize, recipe: Recipe) -> Option<Self> {
        let design = Design::new(panel, target, recipe.window, recipe.inputs);
        if design.days.len() < ROWS_MIN {
            return None;
        }
        let mut sorted = Vec::new();
        let mut rows = design.fill();
        let columns = scale(
            &mut rows,
            design.scaled_columns(),
            recipe.transform,
            &mut sorted,
        );
        let mut values = Vec::with_capacity(panel.slots * rows.rows());
        for slot in 0..panel.slots {
            values.extend(design.days.iter().map(|day| panel.price(*day)[slot]));
        }
        let mut prices = Columns::new(rows.rows(), values);
        let targets = scale(&mut prices, panel.slots, recipe.transform, &mut sorted);
        let slots = solve(
            &mut rows,
            &mut prices,
            recipe,
            &design
                .days
                .iter()
                .map(|d| (target - d) as f64)
                .collect::<Vec<_>>(),
        );
        Some(Self {
            recipe,
            columns,
            targets,
            slots,
        })
    }

    /// Prices of day `target`; `None` when something its row reads is unknown.
    pub fn predict(&self, panel: &Panel, target: usize) -> Option<Vec<f64>> {
        let design = Design::new(panel, target, 0, self.recipe.inputs);
        if !design.is_complete(target) {
            return None;
        }
        let mut row = design.row(target);
        for (value, scale) in row.iter_mut().zip(&self.columns) {
            *value = scale.apply_within(*value);
        }
        let slots = self.slots.iter().zip(&self.targets);
        Some(
            slots
                .map(|(slot, scale)| scale.undo(slot.at(&row)))
                .collect(),
        )
    }
}

impl Slot {
    fn at(&self, row: &[f64]) -> f64 {
        let terms = self.coefficients.iter().map(|(column, c)| c * row[*column]);
        self.intercept + terms.sum::<f64>()
    }
}

/// Scales the first columns in place.
fn scale(
    columns: &mut Columns,
    count: usize,
    transform: Transform,
    sorted: &mut Vec<f64>,
) -> Vec<Scale> {
    (0..count)
        .map(|index| {
            let column = columns.column_mut(index);
            let scale = Scale::of(column, transform, sorted);
            for value in column {
                *value = scale.apply(*value);
            }
            scale
        })
        .collect()
}

/// The regressions of all slots on the same columns.
fn solve(rows: &mut Columns, prices: &mut Columns, recipe: Recipe, ages: &[f64]) -> Vec<Slot> {
    let (means, price_means);
    if recipe.half_life > 0.0 {
        let mut w: Vec<f64> = ages
            .iter()
            .map(|a| libm::exp2(-a / recipe.half_life))
            .collect();
        let total: f64 = w.iter().sum();
        let n = w.len() as f64;
        for v in &mut w {
            *v *= n / total;
        }
        let go = |c: &mut Columns| {
            (0..c.len())
                .map(|i| {
                    let col = c.column_mut(i);
                    let m = col.iter().zip(&w).map(|(a, b)| a * b).sum::<f64>() / n;
                    for (a, b) in col.iter_mut().zip(&w) {
                        *a = (*a - m) * b.sqrt();
                    }
                    m
                })
                .collect::<Vec<f64>>()
        };
        means = go(rows);
        price_means = go(prices);
    } else {
        means = rows.centre();
        price_means = prices.centre();
    }
    let gram = Gram::new(rows);
    let norms = gram.norms();
    let unit = gram.scaled(&norms);
    let mut workspace = Workspace::default();
    (0..prices.len())
        .map(|slot| {
            let target = prices.column(slot);
            let correlation = rows.products(target);
            let square = target.iter().map(|v| v * v).sum();
            let unit_correlation: Vec<f64> =
                correlation.iter().zip(&norms).map(|(c, n)| c / n).collect();
            let alpha = recipe.factor
                * match recipe.mode {
                    0 => {
                        Choice::by_aic(
                            &mut workspace,
                            &unit,
                            &unit_correlation,
                            square,
                            Noise::OfTarget,
                        )
                        .alpha
                    }
                    _ => {
                        Choice::by_aic(&mut workspace, &gram, &correlation, square, Noise::OfTarget)
                            .alpha
                    }
                };
            let solution = workspace.at_alpha(&gram, &correlation, alpha);
            let coefficients: Vec<(usize, f64)> = solution
                .iter()
                .copied()
                .enumerate()
                .filter(|(_, c)| *c != 0.0)
                .collect();
            let shift: f64 = coefficients
                .iter()
                .map(|(column, c)| c * means[*column])
                .sum();
            Slot {
                intercept: price_means[slot] - shift,
                coefficients,
            }
        })
        .collect()
}

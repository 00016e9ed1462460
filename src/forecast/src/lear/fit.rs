//! One calibration window: gather, scale, solve, predict.

use super::design::Design;
use super::kernel::Kernel;
use super::linear::Linear;
use super::panel::Panel;
use crate::lasso::Columns;
use crate::scale::Scale;

/// Fewest rows that carry a fit.
const ROWS_MIN: usize = 21;
/// How far beyond what the window held a scaled value may lie: an input that is off by
/// a thousand must not carry the forecast away, nor sinh make a wild price of a small slip.
const BEYOND: f64 = 1.0;

/// How the regressions are solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// LASSO with a penalty by Akaike's criterion: LEAR.
    Lasso,
    /// Ridge regression with a linear and a Gaussian kernel.
    Kernel,
}

/// How one window is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipe {
    /// How the regressions are solved.
    pub method: Method,
    /// Days of the calibration window; its first week serves lags only.
    pub window: usize,
    /// Which inputs are read: bit `i` for the panel's input `i`, all from the 65th on.
    pub inputs: u64,
}

/// The regressions of one window, one per slot of the day.
#[derive(Debug, Clone)]
pub struct Fit {
    recipe: Recipe,
    columns: Vec<Scale>,
    targets: Vec<Scale>,
    solved: Solved,
}

#[derive(Debug, Clone)]
enum Solved {
    Linear(Linear),
    Kernel(Kernel),
}

impl Fit {
    /// Fits the window that ends before day `target` of the panel; `None` with fewer than
    /// 21 days whose prices and inputs are genuine and all known.
    pub fn new(panel: &Panel, target: usize, recipe: Recipe) -> Option<Self> {
        let design = Design::new(panel, target, recipe.window, recipe.inputs);
        if design.days.len() < ROWS_MIN {
            return None;
        }
        let mut rows = design.fill();
        let columns = bend(&mut rows, design.scaled_columns());
        let mut values = Vec::with_capacity(panel.slots * rows.rows());
        for slot in 0..panel.slots {
            values.extend(design.days.iter().map(|day| panel.price(*day)[slot]));
        }
        let mut prices = Columns::new(rows.rows(), values);
        let targets = bend(&mut prices, panel.slots);
        let solved = match recipe.method {
            Method::Lasso => Solved::Linear(Linear::solve(rows, prices)),
            Method::Kernel => Solved::Kernel(Kernel::solve(&rows, prices, design.weights())),
        };
        Some(Self {
            recipe,
            columns,
            targets,
            solved,
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
            *value = scale.limit(scale.bend(*value), BEYOND);
        }
        let mut day = match &self.solved {
            Solved::Linear(linear) => linear.at(&row),
            Solved::Kernel(kernel) => kernel.at(&row),
        };
        for (value, scale) in day.iter_mut().zip(&self.targets) {
            *value = scale.unbend(scale.limit(*value, BEYOND));
        }
        Some(day)
    }
}

/// Scales the first columns in place, each by its own values, and says how.
fn bend(columns: &mut Columns, count: usize) -> Vec<Scale> {
    let mut sorted = Vec::with_capacity(columns.rows());
    let mut bend = |index| {
        let column = columns.column_mut(index);
        let scale = Scale::of(column, &mut sorted);
        for value in column {
            *value = scale.bend(*value);
        }
        scale
    };
    (0..count).map(&mut bend).collect()
}

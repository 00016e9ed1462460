//! The program's frame: supplies, stacks, nodes, ramps and demand charges.

use highs::{Col, RowProblem};

use crate::evaluate::RAMP_VIOLATION;
use crate::inputs::{MUST_TAKE_VALUE, PlanInputs};

/// A linear expression.
pub(super) type Terms = Vec<(Col, f64)>;

/// The program while it is being written.
pub(super) struct Model<'a> {
    pub(super) inputs: &'a PlanInputs,
    pub(super) problem: RowProblem,
    /// Hours per step.
    pub(super) hours: Vec<f64>,
    /// Whether limits may be exceeded at the planner's penalties.
    slack: bool,
    /// Loads at each node itself, per node and step, MW.
    loads: Vec<Vec<Terms>>,
    /// Supplies at each node itself, per node and step, MW.
    supplies: Vec<Vec<Terms>>,
    /// Value no decision changes.
    constant: f64,
    /// Highest step of each demand charge.
    pub(super) peaks: Vec<Col>,
}

impl<'a> Model<'a> {
    /// Supplies and stacks.
    pub(super) fn new(inputs: &'a PlanInputs, slack: bool) -> Self {
        let steps = inputs.steps();
        let empty = vec![vec![Terms::new(); steps]; inputs.nodes.len()];
        let hours = (0..steps).map(|t| inputs.grid.hours(t)).collect();
        let mut model = Self {
            inputs,
            problem: RowProblem::new(),
            hours,
            slack,
            loads: empty.clone(),
            supplies: empty,
            constant: 0.0,
            peaks: Vec::new(),
        };
        for t in 0..steps {
            for supply in &inputs.supplies {
                let g = model.problem.add_column(
                    -supply.cost[t] * model.hours[t],
                    0.0..=supply.available[t].max(0.0),
                );
                model.supplies[supply.node][t].push((g, 1.0));
            }
            for stack in &inputs.stacks {
                for tier in &stack.tiers {
                    let y = model
                        .problem
                        .add_column(tier.value[t] * model.hours[t], 0.0..=tier.mw[t].max(0.0));
                    model.loads[stack.node][t].push((y, 1.0));
                    model.constant -= tier.penalty[t] * tier.mw[t] * model.hours[t];
                }
            }
        }
        model
    }

    /// Load at `node` in step `t`: `mw` per unit of `column`.
    pub(super) fn load(&mut self, node: usize, t: usize, column: Col, mw: f64) {
        self.loads[node][t].push((column, mw));
    }

    /// Value that comes whatever is decided.
    pub(super) fn add_constant(&mut self, value: f64) {
        self.constant += value;
    }

    pub(super) fn at_most(&mut self, limit: f64, terms: &[(Col, f64)]) {
        self.problem.add_row(..=limit, terms);
    }

    pub(super) fn at_least(&mut self, limit: f64, terms: &[(Col, f64)]) {
        self.problem.add_row(limit.., terms);
    }

    pub(super) fn equal(&mut self, value: f64, terms: &[(Col, f64)]) {
        self.problem.add_row(value..=value, terms);
    }

    /// What lies below `node` in step `t`, with one sign.
    fn below(&self, of: &[Vec<Terms>], node: usize, t: usize, sign: f64) -> Terms {
        let inside = (0..self.inputs.nodes.len()).filter(|n| self.inputs.is_below(*n, node));
        inside
            .flat_map(|n| of[n][t].iter().map(|(c, f)| (*c, sign * f)))
            .collect()
    }

    /// A slack of at least zero at `price`, if slacks are allowed.
    fn slack(&mut self, price: f64) -> Option<(Col, f64)> {
        self.slack
            .then(|| (self.problem.add_column(-price, 0.0..), -1.0))
    }

    /// Ties everything together: balance, nodes, ramps, peaks, the constant.
    pub(super) fn couple(&mut self) {
        for t in 0..self.inputs.steps() {
            let price = MUST_TAKE_VALUE * self.hours[t];
            for (n, node) in self.inputs.nodes.iter().enumerate() {
                let load = self.below(&self.loads, n, t, 1.0);
                let mut net = load.clone();
                net.extend(self.below(&self.supplies, n, t, -1.0));
                let slack = self.slack(price);
                if n == 0 {
                    let balance_slack = self.slack(price);
                    net.extend(balance_slack);
                    self.equal(0.0, &net);
                    let mut limited = load;
                    limited.extend(slack);
                    self.at_most(node.limit[t], &limited);
                } else {
                    if node.export.is_finite() {
                        self.at_least(-node.export, &net);
                    }
                    net.extend(slack);
                    self.at_most(node.limit[t], &net);
                }
            }
        }
        self.ramps();
        self.peaks();
        self.problem.add_column(self.constant, 1.0..=1.0);
    }

    fn ramps(&mut self) {
        for ramp in &self.inputs.ramps {
            let mut before: Option<(Option<Col>, f64)> = ramp.initial.map(|p| (None, p));
            for t in 0..self.inputs.steps() {
                let load = self.problem.add_column(0.0, f64::NEG_INFINITY..);
                let mut terms = self.below(&self.loads, ramp.node, t, 1.0);
                terms.push((load, -1.0));
                self.equal(0.0, &terms);
                if let Some((column, fixed)) = before {
                    let mut rise = vec![(load, 1.0)];
                    rise.extend(column.map(|c| (c, -1.0)));
                    let mut fall: Terms = rise.iter().map(|(c, f)| (*c, -f)).collect();
                    rise.extend(self.slack(RAMP_VIOLATION));
                    fall.extend(self.slack(RAMP_VIOLATION));
                    self.at_most(ramp.up * self.hours[t] + fixed, &rise);
                    self.at_most(ramp.down * self.hours[t] - fixed, &fall);
                }
                before = Some((Some(load), 0.0));
            }
        }
    }

    fn peaks(&mut self) {
        for demand in &self.inputs.demand {
            let peak = self
                .problem
                .add_column(-demand.per_mw, demand.peak_so_far..);
            self.peaks.push(peak);
            self.constant += demand.per_mw * demand.peak_so_far;
            for t in demand.first..demand.end {
                let mut terms = self.below(&self.supplies, 0, t, 1.0);
                terms.push((peak, -1.0));
                self.at_most(0.0, &terms);
            }
        }
    }
}

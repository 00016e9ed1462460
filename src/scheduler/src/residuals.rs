//! Residual supply curves of all steps, where jobs alone couple steps.
//!
//! With all jobs at one node, no blocks, ramps or demand charges, and all supply at the
//! root, a step is worth its optimum without jobs less what their power costs on the
//! residual of that node. The residual is exact there (limits nest, see
//! [`crate::market`]) and never changes, so it is built once.

use crate::inputs::PlanInputs;
use crate::market::{CostStep, Market, Workspace};

/// Optimum without jobs, and the residual of the jobs' node, of every step.
#[derive(Debug, Clone, Default)]
pub struct Residuals {
    /// Optimum without jobs, currency per hour.
    base: Vec<f64>,
    /// `steps[start[t]..start[t + 1]]` is the residual of step t, adders on training included.
    start: Vec<u32>,
    steps: Vec<CostStep>,
}

impl Residuals {
    /// Of the inputs whose steps are this `market`; `None` where more than jobs at one node
    /// couples steps, or where a step cannot carry what it must.
    pub fn new(inputs: &PlanInputs, market: &Market) -> Option<Self> {
        let node = inputs.jobs.first()?.node;
        let coupled = !inputs.pools.is_empty()
            || !inputs.ramps.is_empty()
            || !inputs.demand.is_empty()
            || market.has_local_supply()
            || inputs.jobs.iter().any(|job| job.node != node);
        if coupled {
            return None;
        }
        let (mut work, mut curve) = (Workspace::default(), Vec::new());
        let fixed = vec![0.0; inputs.nodes.len()];
        let mut residuals = Self {
            base: Vec::with_capacity(inputs.steps()),
            start: vec![0],
            steps: Vec::with_capacity(4 * inputs.steps()),
        };
        for t in 0..inputs.steps() {
            let cleared = market.clear(t, &fixed, &[], &mut work);
            if cleared.overload > 0.0 {
                return None;
            }
            market.residual(t, node, inputs.nodes[node].limit[t], &mut work, &mut curve);
            let adder = inputs.job_adder[t];
            let steps = curve.iter().map(|step| CostStep {
                cost: step.cost + adder,
                ..*step
            });
            residuals.push(cleared.value, steps);
        }
        Some(residuals)
    }

    /// Adds the next step.
    pub(crate) fn push(&mut self, base: f64, steps: impl Iterator<Item = CostStep>) {
        if self.start.is_empty() {
            self.start.push(0);
        }
        self.base.push(base);
        self.steps.extend(steps);
        self.start.push(self.steps.len() as u32);
    }

    /// Optimum of step `t` without jobs, currency per hour.
    pub(crate) fn base(&self, t: usize) -> f64 {
        self.base[t]
    }

    /// The residual of the jobs' node in step `t`, adders on training included.
    pub fn of(&self, t: usize) -> &[CostStep] {
        &self.steps[self.start[t] as usize..self.start[t + 1] as usize]
    }
}

//! Limits that bind, and what one more MW of each would be worth.
//!
//! A node's limit is worth the price of one more MWh inside it less that price outside.
//! Jobs and on/off paths stay as planned. Where they alone fill a node, nobody inside
//! would give power up at any price; then the best load that is kept out stands for it: a
//! job that runs at dearer steps saves their price, one that cannot finish earns its work.

use swingload_model::plan::{BindingLimit, LimitKind};
use swingload_model::units::Money;

use crate::build::Built;
use crate::check::TOLERANCE_MW;
use crate::evaluate::StepOutcome;
use crate::inputs::{MUST_TAKE_VALUE, PlanInputs};
use crate::placement::work_done;
use crate::plan::Planned;
use crate::schedule::Problem;

/// Worth of an MWh that is rounding, currency.
const NOTHING: f64 = 5e-3;

/// Limits worth something in any step, the dearest first.
pub(super) fn limits(
    built: &Built,
    planned: &Planned,
    outcomes: &[StepOutcome],
) -> Vec<BindingLimit> {
    let inputs = &built.inputs;
    let kept_out = KeptOut::new(inputs, planned, outcomes);
    let mut all = Vec::new();
    for (n, node) in inputs.nodes.iter().enumerate() {
        let kind = if built.gpu_node.contains(&n) {
            LimitKind::Gpus
        } else {
            LimitKind::Node
        };
        let mut rating = binding(kind, &node.id);
        let mut peak = binding(LimitKind::Peak, &node.id);
        for (t, outcome) in outcomes.iter().enumerate() {
            let cap = planned.caps.as_ref().filter(|_| n == 0).map(|c| c[t]);
            let limit = cap.map_or(node.limit[t], |cap| cap.min(node.limit[t]));
            let full =
                limit > TOLERANCE_MW && import(inputs, outcome, n, t) >= limit - TOLERANCE_MW;
            if !full {
                continue;
            }
            let (Some(inside), Some(outside)) = (
                price(outcome.marginal[n]).or_else(|| kept_out.best(n, t)),
                outside(inputs, outcome, n, t),
            ) else {
                continue;
            };
            let by_peak = cap.is_some_and(|cap| cap < node.limit[t] - TOLERANCE_MW);
            let of = if by_peak { &mut peak } else { &mut rating };
            note(of, t, inside - outside, inputs.grid.hours(t));
        }
        all.extend([rating, peak]);
    }
    for level in planned.evaluated.levels.iter().filter(|l| l.binding) {
        let id = &inputs.nodes[level.node].id;
        let mut up = binding(LimitKind::RampUp, id);
        let mut down = binding(LimitKind::RampDown, id);
        for (t, worth) in level.multiplier.iter().enumerate().take(inputs.steps()) {
            // Already per MW, whatever the length of the step.
            let of = if *worth > 0.0 { &mut up } else { &mut down };
            note(of, t, worth.abs(), 1.0);
        }
        all.extend([up, down]);
    }
    all.retain(|limit| !limit.steps.is_empty());
    all.sort_by_key(|limit| std::cmp::Reverse(limit.worth()));
    all
}

fn binding(kind: LimitKind, of: &str) -> BindingLimit {
    BindingLimit {
        kind,
        of: of.to_owned(),
        steps: Vec::new(),
        worth_per_mw: Vec::new(),
    }
}

fn note(limit: &mut BindingLimit, t: usize, worth: f64, hours: f64) {
    if worth > NOTHING {
        limit.steps.push(t as u32);
        // What cannot be kept at all is worth no more than must-take load.
        let worth = worth.min(MUST_TAKE_VALUE);
        limit.worth_per_mw.push(Money::from_units(worth * hours));
    }
}

/// A price somebody would pay or take; none where only must-take load could give power up.
fn price(mwh: f64) -> Option<f64> {
    (mwh < MUST_TAKE_VALUE / 2.0).then_some(mwh)
}

/// What a node imports in a step, MW; the root carries all load.
fn import(inputs: &PlanInputs, outcome: &StepOutcome, n: usize, t: usize) -> f64 {
    let below = |node: usize| inputs.is_below(node, n);
    let supplies = inputs.supplies.iter().zip(&outcome.supply);
    if n == 0 {
        return supplies.map(|(_, mw)| mw).sum();
    }
    let own: f64 = supplies
        .filter(|(s, _)| below(s.node))
        .map(|(_, mw)| mw)
        .sum();
    let stacks = inputs.stacks.iter().zip(&outcome.power.stacks);
    let stacks: f64 = stacks
        .filter(|(s, _)| below(s.node))
        .map(|(_, mw)| mw)
        .sum();
    let pools = inputs.pools.iter().zip(&outcome.power.blocks);
    let pools: f64 = pools
        .filter(|(p, _)| below(p.node))
        .map(|(_, blocks)| blocks.iter().sum::<f64>())
        .sum();
    let jobs = inputs.jobs.iter().zip(&outcome.power.jobs);
    let jobs: f64 = jobs
        .filter(|(j, gpus)| **gpus > 0.0 && below(j.node))
        .map(|(j, gpus)| gpus * j.gpu_mw * inputs.nodes[j.node].factor[t])
        .sum();
    stacks + pools + jobs - own
}

/// Price of one more MWh just outside a node's limit: at the node above, or for the root
/// of the cheapest supply that is left; none where there is no more.
fn outside(inputs: &PlanInputs, outcome: &StepOutcome, n: usize, t: usize) -> Option<f64> {
    if let Some(above) = inputs.nodes[n].parent {
        return price(outcome.marginal[above]);
    }
    let left = inputs.supplies.iter().zip(&outcome.supply);
    left.filter(|(s, drawn)| s.available[t] > **drawn + TOLERANCE_MW)
        .map(|(s, _)| s.cost[t])
        .min_by(f64::total_cmp)
}

/// Loads that would take more power where jobs and awake devices fill a node.
struct KeptOut<'a> {
    inputs: &'a PlanInputs,
    outcomes: &'a [StepOutcome],
    /// Per job what another MWh in one of its other steps would save or earn: the dearest
    /// price it pays, and whether work stays undone.
    jobs: Vec<(f64, bool)>,
}

impl<'a> KeptOut<'a> {
    fn new(inputs: &'a PlanInputs, planned: &Planned, outcomes: &'a [StepOutcome]) -> Self {
        let problem = Problem::new(inputs);
        let jobs = inputs.jobs.iter().enumerate().map(|(j, job)| {
            let schedule = &planned.schedule;
            let undone = job.work - work_done(&problem, schedule, j) - schedule.beyond[j];
            let above = inputs.nodes[job.node].parent.unwrap_or(job.node);
            let paid = schedule.jobs[j]
                .iter()
                .filter_map(|run| price(outcomes[run.step as usize].marginal[above]));
            (paid.fold(f64::NEG_INFINITY, f64::max), undone > 1e-6)
        });
        Self {
            inputs,
            outcomes,
            jobs: jobs.collect(),
        }
    }

    /// What the best of them below node `n` would pay for an MWh in step `t`.
    fn best(&self, n: usize, t: usize) -> Option<f64> {
        let (inputs, outcome) = (self.inputs, &self.outcomes[t]);
        let stacks = inputs.stacks.iter().zip(&outcome.tiers);
        let stacks = stacks
            .filter(|(s, _)| inputs.is_below(s.node, n))
            .filter_map(|(stack, served)| {
                let mut tiers = stack.tiers.iter().zip(served);
                let idle = tiers.find(|(tier, mw)| **mw < tier.mw[t] - TOLERANCE_MW);
                idle.map(|(tier, _)| tier.value[t])
            });
        let jobs = (0..inputs.jobs.len()).filter_map(|j| {
            let job = &inputs.jobs[j];
            let open = (job.first..job.end).contains(&t) && inputs.is_below(job.node, n);
            if !open || outcome.power.jobs[j] >= job.gangs.max() - 1e-6 {
                return None;
            }
            let (paid, undone) = self.jobs[j];
            let gpu_mw = job.gpu_mw * inputs.nodes[job.node].factor[t];
            let earns = (job.value_in(&inputs.grid, t) + job.unmet) / gpu_mw - inputs.job_adder[t];
            let worth = if undone { earns } else { paid.min(earns) };
            worth.is_finite().then_some(worth)
        });
        stacks
            .chain(jobs)
            .filter(|v| *v < MUST_TAKE_VALUE / 2.0)
            .reduce(f64::max)
    }
}

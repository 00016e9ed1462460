//! Loads that would take more power than the plan gives them.

use super::price;
use crate::build::{Built, hull_from_zero};
use crate::check::TOLERANCE_MW;
use crate::evaluate::StepOutcome;
use crate::explain::slopes;
use crate::inputs::{MUST_TAKE_VALUE, PlanInputs};
use crate::placement::work_done;
use crate::plan::Planned;
use crate::schedule::Problem;

/// All of them, in every step.
pub(super) struct Waiting<'a> {
    inputs: &'a PlanInputs,
    planned: &'a Planned,
    outcomes: &'a [StepOutcome],
    /// Per job what another MWh in one of its other steps would save or earn: the dearest
    /// price it pays, and whether work stays undone.
    jobs: Vec<(f64, bool)>,
}

/// A load that would take more.
struct Load {
    node: usize,
    /// What it would pay for another MWh, currency.
    pays: f64,
    /// The least it can take, MW; 0 where it takes any amount.
    least: f64,
}

impl<'a> Waiting<'a> {
    pub(super) fn new(built: &'a Built, planned: &'a Planned, outcomes: &'a [StepOutcome]) -> Self {
        let inputs = &built.inputs;
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
            planned,
            outcomes,
            jobs: jobs.collect(),
        }
    }

    /// The most that any load would pay for another MWh in step `t`, of those for which
    /// `spare` MW are too little and that more power `reaches` (node, least MW). None pays
    /// more than the price at its own node: there another would give power up.
    pub(super) fn best(
        &self,
        t: usize,
        spare: f64,
        reaches: impl Fn(usize, f64) -> bool,
    ) -> Option<f64> {
        let waits =
            |load: &Load| spare < load.least.max(TOLERANCE_MW) && reaches(load.node, load.least);
        let stacks = self.stacks(t).chain(self.miners(t)).chain(self.jobs(t));
        stacks
            .filter(waits)
            .map(|load| match price(self.outcomes[t].marginal[load.node]) {
                Some(given_up) if load.least == 0.0 => load.pays.min(given_up),
                _ => load.pays,
            })
            .filter(|pays| *pays < MUST_TAKE_VALUE / 2.0)
            .reduce(f64::max)
    }

    /// Steps of value that are not served whole.
    fn stacks(&self, t: usize) -> impl Iterator<Item = Load> {
        let stacks = self.inputs.stacks.iter().zip(&self.outcomes[t].tiers);
        stacks.filter_map(move |(stack, served)| {
            let mut tiers = stack.tiers.iter().zip(served);
            let idle = tiers.find(|(tier, mw)| **mw < tier.mw[t] - TOLERANCE_MW);
            idle.map(|(tier, _)| Load {
                node: stack.node,
                pays: tier.value[t],
                least: 0.0,
            })
        })
    }

    /// Miners awake below their highest setting, and blocks asleep.
    fn miners(&self, t: usize) -> impl Iterator<Item = Load> {
        let pools = self.inputs.pools.iter().enumerate();
        pools.flat_map(move |(m, pool)| {
            let running = pool.scale[t] * self.inputs.nodes[pool.node].factor[t];
            let worth = |mw: f64, ph: f64| {
                let per_mw = mw * self.inputs.nodes[pool.node].factor[t];
                ph * pool.revenue[t] / per_mw - pool.adder[t]
            };
            let drawn: f64 = self.outcomes[t].power.blocks[m].iter().sum();
            let awake = self.planned.schedule.awake[m][t];
            let load = |pays, least| Load {
                node: pool.node,
                pays,
                least,
            };
            let is_awake = awake > 0.0 && running > 0.0;
            let more = is_awake.then(|| slopes(&pool.points, drawn / (awake * running)).1);
            let more = more.flatten();
            let more = more.map(|(mw, ph)| load(worth(mw, ph), 0.0));
            let on = &self.planned.schedule.on[m];
            let asleep = pool.blocks.iter().zip(on);
            let asleep = asleep.filter(|(block, path)| !path[t] && block.devices > 0.0);
            let smallest = asleep.map(|(block, _)| block.devices).reduce(f64::min);
            let lowest = pool.points.first().map_or(0.0, |p| p.0) * running;
            let first = hull_from_zero(&pool.points).first().copied();
            let woken = smallest.zip(first).filter(|_| running > 0.0);
            let woken = woken.map(|(devices, (mw, ph))| load(worth(mw, ph), devices * lowest));
            more.into_iter().chain(woken)
        })
    }

    /// Jobs that run on fewer GPUs than they could, or wait.
    fn jobs(&self, t: usize) -> impl Iterator<Item = Load> {
        let inputs = self.inputs;
        (0..inputs.jobs.len()).filter_map(move |j| {
            let job = &inputs.jobs[j];
            let open = (job.first..job.end).contains(&t);
            if !open || self.outcomes[t].power.jobs[j] >= job.gangs.max() - 1e-6 {
                return None;
            }
            let (paid, undone) = self.jobs[j];
            let gpu_mw = job.gpu_mw * inputs.nodes[job.node].factor[t];
            let earns = (job.value_in(&inputs.grid, t) + job.unmet) / gpu_mw - inputs.job_adder[t];
            let pays = if undone { earns } else { paid.min(earns) };
            pays.is_finite().then_some(Load {
                node: job.node,
                pays,
                least: 0.0,
            })
        })
    }
}

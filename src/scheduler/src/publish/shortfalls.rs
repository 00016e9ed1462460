//! What the plan cannot keep: promises, needs, ramps, shortest runs, called limits.

use std::collections::BTreeMap;

use swingload_model::plan::Shortfall;

use super::powers::watts;
use crate::build::Built;
use crate::check::TOLERANCE_MW;
use crate::evaluate::StepOutcome;
use crate::inputs::PlanInputs;
use crate::placement::{goes_on, held_until, is_held};
use crate::plan::Planned;
use crate::schedule::{Problem, Schedule};

/// Everything that is short, by step.
pub(super) fn shortfalls(
    built: &Built,
    planned: &Planned,
    outcomes: &[StepOutcome],
) -> Vec<Shortfall> {
    let inputs = &built.inputs;
    let stopped = stopped(inputs, &planned.schedule);
    let mut all = Vec::new();
    for (t, outcome) in outcomes.iter().enumerate() {
        let mut missing: BTreeMap<String, f64> = BTreeMap::new();
        let mut note = |of: String, mw: f64| {
            if mw > TOLERANCE_MW {
                *missing.entry(of).or_insert(0.0) += mw;
            }
        };
        for (stack, served) in inputs.stacks.iter().zip(&outcome.tiers) {
            let firm = stack.tiers.iter().zip(served).filter(|(t, _)| t.must_serve);
            note(
                stack.id.clone(),
                firm.map(|(tier, mw)| tier.mw[t] - mw).sum(),
            );
        }
        // What may not stop, and no supply or limit can carry.
        if planned.evaluated.overload > 0.0 {
            let carried: f64 = outcome.supply.iter().sum();
            let of = format!("power of {}", inputs.nodes[0].id);
            note(of, drawn(inputs, outcome, t) - carried);
        }
        for (ramp, ramped) in inputs.ramps.iter().zip(&planned.evaluated.ramped_loads) {
            let before = match t {
                0 => ramp.initial,
                _ => Some(ramped.load[t - 1]),
            };
            let rise = before.map_or(0.0, |before| ramped.load[t] - before);
            let hours = inputs.grid.hours(t);
            let beyond = (rise - ramp.up * hours).max(-rise - ramp.down * hours);
            note(format!("ramp of {}", inputs.nodes[ramp.node].id), beyond);
        }
        for (j, until) in &stopped {
            let job = &inputs.jobs[*j];
            if t < *until {
                let gpus = f64::from(job.running) - outcome.power.jobs[*j];
                let mw = gpus * job.gpu_mw * inputs.nodes[job.node].factor[t];
                note(format!("shortest run of {}", job.id), mw);
            }
        }
        // A call that only may come, or fills part of the step, is no promise broken yet.
        for limit in built.limits.iter().filter(|limit| limit.share[t] >= 1.0) {
            note(limit.id.clone(), drawn(inputs, outcome, t) - limit.most[t]);
        }
        all.extend(missing.into_iter().map(|(of, mw)| Shortfall {
            of,
            step: t as u32,
            missing: watts(mw),
        }));
    }
    all
}

/// Jobs that stop, or shrink, before they may, because no power is left for them, each with
/// the first step in which it might have.
fn stopped(inputs: &PlanInputs, schedule: &Schedule) -> Vec<(usize, usize)> {
    let held: Vec<usize> = (0..inputs.jobs.len())
        .filter(|j| is_held(&inputs.jobs[*j], inputs.jobs[*j].first))
        .collect();
    if held.is_empty() {
        return Vec::new();
    }
    let problem = Problem::new(inputs);
    held.into_iter()
        .filter(|j| !goes_on(&problem, schedule, *j))
        .map(|j| (j, held_until(&problem, &inputs.jobs[j])))
        .collect()
}

/// What all loads draw in step `t`, MW.
fn drawn(inputs: &PlanInputs, outcome: &StepOutcome, t: usize) -> f64 {
    let power = &outcome.power;
    let jobs = inputs.jobs.iter().zip(&power.jobs);
    let jobs = jobs.map(|(job, gpus)| gpus * job.gpu_mw * inputs.nodes[job.node].factor[t]);
    let others = power.stacks.iter().chain(power.blocks.iter().flatten());
    others.sum::<f64>() + jobs.sum::<f64>()
}

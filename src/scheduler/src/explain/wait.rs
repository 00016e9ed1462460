//! What a job that does not run in the first step waits for, with figures.

use swingload_model::plan::{ReasonCode, Wait};

use super::millionths;
use crate::build::Built;
use crate::evaluate::StepOutcome;
use crate::flows::Flows;
use crate::inputs::{Gangs, JobInput};
use crate::plan::Planned;

/// What keeps the smallest gang of a job out of the first step, all else fixed: the
/// first node from its GPUs up that has too little room, or all supply.
pub(super) struct Shortage {
    pub(super) code: ReasonCode,
    node: Option<usize>,
    asked: f64,
    free: f64,
}

/// `None` where there is room.
pub(super) fn shortage(
    built: &Built,
    flows: &Flows<'_>,
    planned: &Planned,
    k: usize,
) -> Option<Shortage> {
    let inputs = &built.inputs;
    let job = &inputs.jobs[k];
    let asked = smallest(job) * job.gpu_mw * inputs.nodes[job.node].factor[0];
    let short = |code, node, free: f64| Shortage {
        code,
        node,
        asked,
        free: free.max(0.0),
    };
    let mut at = Some(job.node);
    while let Some(n) = at {
        let free = flows.limit[n] - flows.import[n];
        if free < asked - crate::check::TOLERANCE_MW {
            let code = match built.gpu_node.contains(&n) {
                true => ReasonCode::NoGpus,
                false => ReasonCode::NoPower,
            };
            return Some(short(code, Some(n), free));
        }
        at = inputs.nodes[n].parent;
    }
    let supplies = inputs.supplies.iter().zip(&planned.first.supply);
    let free: f64 = supplies.map(|(s, drawn)| s.available[0] - drawn).sum();
    (free < asked - crate::check::TOLERANCE_MW).then(|| short(ReasonCode::NoPower, None, free))
}

fn smallest(job: &JobInput) -> f64 {
    match &job.gangs {
        Gangs::Divisible(most) => most.min(1.0),
        Gangs::Sizes(sizes) => sizes.first().copied().map_or(0.0, f64::from),
    }
}

/// What job `k` of the inputs waits for by its reason's code; `None` where it waits for nothing.
pub(crate) fn wait(
    built: &Built,
    planned: &Planned,
    outcomes: &[StepOutcome],
    k: usize,
    code: ReasonCode,
    release: i64,
) -> Option<Wait> {
    let inputs = &built.inputs;
    let job = &inputs.jobs[k];
    let price = |t: usize| {
        let above = inputs.nodes[job.node].parent.unwrap_or(job.node);
        let price = outcomes[t].marginal[above];
        price.is_finite().then(|| millionths(price))
    };
    match code {
        ReasonCode::NotReleased => Some(Wait::Release { at: release }),
        ReasonCode::WaitsForJob => {
            let open = |b: &&usize| inputs.jobs[**b].work > 0.0;
            let before = job.after.iter().find(open)?;
            Some(Wait::Job {
                job: inputs.jobs[*before].id.clone(),
            })
        }
        ReasonCode::NoGpus | ReasonCode::NoPower => {
            let flows = Flows::new(built, planned, &planned.first, 0);
            let short = shortage(built, &flows, planned, k)?;
            let name = |n: usize| inputs.nodes[n].id.clone();
            let per_gpu = job.gpu_mw * inputs.nodes[job.node].factor[0];
            Some(match (code, short.node) {
                (ReasonCode::NoGpus, Some(n)) => Wait::Gpus {
                    pool: name(n),
                    asked: smallest(job) as u32,
                    free: (short.free / per_gpu + 1e-6) as u32,
                },
                (_, node) => Wait::Power {
                    node: node.map_or_else(String::new, name),
                    asked_mw: millionths(short.asked),
                    free_mw: millionths(short.free),
                    price_per_mwh: node
                        .and_then(|n| inputs.nodes[n].parent)
                        .map(|above| planned.first.marginal[above])
                        .filter(|price| price.is_finite())
                        .map(millionths),
                },
            })
        }
        ReasonCode::Deferred => {
            let next = planned.schedule.jobs[k].iter().find(|run| run.step > 0);
            let step = next.map(|run| run.step as usize);
            Some(Wait::CheaperPower {
                from: step.map(|t| inputs.grid.start_s(t)),
                now_per_mwh: price(0),
                then_per_mwh: step.and_then(price),
            })
        }
        _ => None,
    }
}

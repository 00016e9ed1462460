//! Changes of single quantities of the inputs, as [`Flip`](swingload_model::plan::Flip)s
//! name them.

use std::borrow::Cow;

use swingload_model::plan::Quantity;

use crate::build::{Built, PoolPlace};
use crate::dispatch::LoadRef;
use crate::inputs::{JobInput, PlanInputs};

/// A quantity of the inputs that a decision about the first step can turn on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Subject {
    pub(super) quantity: Quantity,
    pub(super) part: Part,
}

/// The part of the inputs that the quantity belongs to, by position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Node(usize),
    Stack(usize),
    Pool(usize),
    Job(usize),
}

/// Where a load of the site or controller stands in the inputs.
pub(super) fn part(built: &Built, load: LoadRef) -> Option<Part> {
    match load {
        LoadRef::Pool(p) => built.pool.get(p).map(|place| match place {
            PoolPlace::Pool(m) => Part::Pool(*m),
            PoolPlace::Stack(s) => Part::Stack(*s),
        }),
        LoadRef::Service(v) => built.service.get(v).map(|s| Part::Stack(*s)),
        LoadRef::Hosting(c) => built.hosting.get(c).copied().flatten().map(Part::Stack),
        LoadRef::Job(position) => {
            let k = built.job.iter().position(|p| *p == position);
            k.map(Part::Job)
        }
        LoadRef::Overhead => None,
    }
}

impl Part {
    /// Its stable name.
    pub(super) fn name(self, inputs: &PlanInputs) -> &str {
        match self {
            Self::Node(n) => &inputs.nodes[n].id,
            Self::Stack(s) => &inputs.stacks[s].id,
            Self::Pool(m) => &inputs.pools[m].id,
            Self::Job(j) => &inputs.jobs[j].id,
        }
    }

    /// The node it is or hangs at.
    pub(super) fn node(self, inputs: &PlanInputs) -> usize {
        match self {
            Self::Node(n) => n,
            Self::Stack(s) => inputs.stacks[s].node,
            Self::Pool(m) => inputs.pools[m].node,
            Self::Job(j) => inputs.jobs[j].node,
        }
    }
}

/// Inputs in which `subject` has moved by `by`, in its unit; times by seconds.
pub(super) fn moved(inputs: &PlanInputs, subject: Subject, by: f64) -> Cow<'_, PlanInputs> {
    if by == 0.0 {
        return Cow::Borrowed(inputs);
    }
    let mut changed = inputs.clone();
    match (subject.quantity, subject.part) {
        (Quantity::PowerPrice, _) => {
            for supply in &mut changed.supplies {
                supply.cost[0] += by;
            }
        }
        (_, Part::Stack(s)) => {
            for tier in &mut changed.stacks[s].tiers {
                tier.value[0] += by;
            }
        }
        (_, Part::Pool(m)) => changed.pools[m].adder[0] -= by,
        (_, Part::Node(n)) => changed.nodes[n].limit[0] = (inputs.nodes[n].limit[0] + by).max(0.0),
        (Quantity::Release, Part::Job(j)) => {
            let at = inputs.grid.start_s(inputs.jobs[j].first) + by as i64;
            let first = inputs.grid.boundary_at_or_after(at);
            changed.jobs[j].first = first.min(inputs.jobs[j].end - 1);
        }
        (Quantity::Deadline, Part::Job(j)) => {
            let at = due(inputs, &inputs.jobs[j]) + by as i64;
            let end = inputs.grid.boundary_at_or_before(at);
            let job = &mut changed.jobs[j];
            if by < 0.0 {
                job.end = job.end.min(end).max(job.first + 1);
                job.deadline = job.deadline.min(at);
                job.beyond = 0.0;
            } else {
                job.end = job.end.max(end);
                job.deadline = job.deadline.max(at);
            }
        }
        (_, Part::Job(j)) => changed.jobs[j].value += by,
    }
    Cow::Owned(changed)
}

/// Unix second up to which the plan may run a job at its full value.
pub(super) fn due(inputs: &PlanInputs, job: &JobInput) -> i64 {
    job.deadline.min(inputs.grid.end_s(job.end - 1))
}

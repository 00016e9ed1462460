//! Every constraint and charge that the planner's inputs know, and how each is taken out.

use swingload_scheduler::inputs::{Gangs, PlanInputs};
use swingload_scheduler::schedule::Schedule;

use crate::common::{BEYOND_CALL, COINCIDENT};

/// Takes a family of constraints or charges out of a problem.
type Without = fn(&mut PlanInputs);

/// What happens to the optimum where the family matters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Then {
    /// It rises: the family holds it down.
    Rises,
    /// It falls: the family offers what else there is not.
    Falls,
}

/// A family of constraints or charges.
pub(crate) struct Family {
    pub(crate) name: &'static str,
    pub(crate) without: Without,
    pub(crate) then: Then,
}

impl Family {
    /// Whether a plan uses what the family offers.
    pub(crate) fn is_used(&self, schedule: &Schedule) -> bool {
        self.name != BEYOND_HORIZON || schedule.beyond.iter().any(|b| *b > 1.0)
    }
}

/// Work left for after the horizon.
const BEYOND_HORIZON: &str = "work beyond the horizon";

const fn rises(name: &'static str, without: Without) -> Family {
    Family {
        name,
        without,
        then: Then::Rises,
    }
}

const fn falls(name: &'static str, without: Without) -> Family {
    Family {
        name,
        without,
        then: Then::Falls,
    }
}

pub(crate) const FAMILIES: [Family; 25] = [
    rises("power tree: import limits", |p| {
        p.nodes.iter_mut().for_each(|n| n.limit.fill(1000.0));
    }),
    rises("power tree: export limits", |p| {
        p.nodes.iter_mut().for_each(|n| n.export = 1000.0);
    }),
    falls("surplus at nodes", |p| {
        p.supplies.retain(|s| s.node == 0);
    }),
    rises("marginal PUE", |p| {
        p.nodes.iter_mut().for_each(|n| n.factor.fill(1.0));
    }),
    rises("ramps up", |p| {
        p.ramps.iter_mut().for_each(|r| r.up = 1e4);
    }),
    rises("ramps down", |p| {
        p.ramps.iter_mut().for_each(|r| r.down = 1e4);
    }),
    rises("shortest times on and off", |p| {
        for pool in &mut p.pools {
            (pool.min_on, pool.min_off) = (0.0, 0.0);
        }
    }),
    rises("costs of starts", |p| {
        for pool in &mut p.pools {
            (pool.start_cost, pool.wake) = (0.0, 0.0);
        }
    }),
    rises("starts per day", |p| {
        p.pools.iter_mut().for_each(|m| m.starts_per_day = None);
    }),
    rises("operating points: marginal efficiency", |p| {
        for pool in &mut p.pools {
            let (mw, ph) = pool.points[0];
            pool.points.iter_mut().for_each(|x| x.1 = x.0 * ph / mw);
        }
    }),
    rises("operating points: the lowest", |p| {
        for pool in &mut p.pools {
            let (mw, ph) = pool.points[0];
            pool.points.insert(0, (0.01 * mw, 0.01 * ph));
        }
    }),
    rises("gang sizes", |p| {
        for job in &mut p.jobs {
            if let Gangs::Sizes(sizes) = &mut job.gangs {
                let most = sizes[sizes.len() - 1];
                *sizes = (1..=8).map(|eighth| most * eighth / 8).collect();
            }
        }
    }),
    rises("shortest runs", |p| {
        p.jobs.iter_mut().for_each(|j| j.min_run = 0.0);
    }),
    rises("restarts", |p| {
        p.jobs.iter_mut().for_each(|j| j.restart = 0.0);
    }),
    rises("dependencies", |p| {
        p.jobs.iter_mut().for_each(|j| j.after.clear());
    }),
    rises("windows", |p| {
        let steps = p.steps();
        for job in &mut p.jobs {
            (job.first, job.end) = (0, steps);
        }
    }),
    rises("lateness", |p| {
        p.jobs.iter_mut().for_each(|j| j.late_per_hour = 0.0);
    }),
    rises("inference: floors", |p| {
        promise_nothing(p, |penalty| penalty >= FLOOR);
    }),
    rises("inference: falling value", |p| {
        for stack in &mut p.stacks {
            let (promised, rest) = stack.tiers.split_at_mut(1);
            let most = rest.iter().chain(&*promised);
            let most = most.map(|t| t.value[0] - t.penalty[0]).fold(0.0, f64::max);
            for tier in rest {
                tier.value.fill(most);
            }
        }
    }),
    rises("commitments", |p| {
        promise_nothing(p, |penalty| penalty < FLOOR);
        let own = p.supplies[0].cost.clone();
        let beyond = p.supplies.iter_mut().filter(|s| s.id == BEYOND_CALL);
        beyond.for_each(|s| s.cost.clone_from(&own));
    }),
    rises("demand charges", |p| p.demand.clear()),
    rises("coincident peaks", |p| {
        let charged: Vec<bool> = p.supplies[0]
            .cost
            .iter()
            .map(|c| c.fract() != 0.0)
            .collect();
        for supply in &mut p.supplies {
            for (cost, _) in supply.cost.iter_mut().zip(&charged).filter(|(_, c)| **c) {
                *cost -= COINCIDENT;
            }
        }
    }),
    rises("adders on jobs", |p| p.job_adder.fill(0.0)),
    rises("adders on hashing", |p| {
        p.pools.iter_mut().for_each(|m| m.adder.fill(0.0));
    }),
    falls(BEYOND_HORIZON, |p| {
        p.jobs.iter_mut().for_each(|j| j.beyond = 0.0);
    }),
];

/// Least penalty of an inference floor, currency per MWh.
const FLOOR: f64 = 300.0;

/// Takes the penalties that `of` picks off what is promised.
fn promise_nothing(inputs: &mut PlanInputs, of: fn(f64) -> bool) {
    for tier in inputs.stacks.iter_mut().flat_map(|s| &mut s.tiers) {
        for (value, penalty) in tier.value.iter_mut().zip(&mut tier.penalty) {
            if of(*penalty) {
                *value -= *penalty;
                *penalty = 0.0;
            }
        }
    }
    // Tiers fall in value, whatever is promised.
    for stack in &mut inputs.stacks {
        stack
            .tiers
            .sort_by(|a, b| b.value[0].total_cmp(&a.value[0]));
    }
}

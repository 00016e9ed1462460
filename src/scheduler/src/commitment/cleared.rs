//! Cleared steps from which every pool's price of power is read.
//!
//! A step is cleared anew only once blocks of some weight have moved in it: on a large
//! site one clearing serves many pools.

use crate::market::{Cleared, CostStep, EPSILON_MW, Load, Owner, Snapshot};
use crate::schedule::{Ask, Problem, Room, Schedule};

/// Power that blocks may move below a node before a step is cleared anew, as a share of what
/// the pools there can draw.
const STALE_SHARE: f64 = 0.005;

/// The steps of a sweep.
pub(super) struct ClearedSteps {
    steps: Vec<ClearedStep>,
    /// Power that may move below each node, MW.
    stale_mw: Vec<f64>,
}

/// A cleared step.
#[derive(Debug, Default)]
pub(crate) struct ClearedStep {
    snapshot: Snapshot,
    /// Whether all load was carried, so that prices can be read from it.
    carried: bool,
    /// Devices of each pool that were awake.
    awake: Vec<f64>,
    /// Power moved below each node since then, MW; empty where the step is to be cleared anew.
    moved: Vec<f64>,
}

impl ClearedSteps {
    /// None cleared yet; `buffers` are those of an earlier sweep, or empty.
    pub(super) fn new(problem: &Problem<'_>, buffers: Vec<ClearedStep>) -> Self {
        let inputs = problem.inputs;
        let mut stale_mw = vec![0.0; inputs.nodes.len()];
        for pool in &inputs.pools {
            let devices: f64 = pool.blocks.iter().map(|b| b.devices).sum();
            let mw = devices * pool.points.last().map_or(0.0, |p| p.0);
            above(problem, pool.node).for_each(|node| stale_mw[node] += STALE_SHARE * mw);
        }
        let mut cleared_steps = Self {
            steps: buffers,
            stale_mw,
        };
        cleared_steps
            .steps
            .resize_with(inputs.steps(), ClearedStep::default);
        cleared_steps.forget_all();
        cleared_steps
    }

    /// The buffers of the steps, for the next sweep.
    pub(super) fn into_buffers(self) -> Vec<ClearedStep> {
        self.steps
    }

    /// All steps are to be cleared anew.
    pub(super) fn forget_all(&mut self) {
        self.steps.iter_mut().for_each(|s| s.moved.clear());
    }

    /// Keeps step `t` as it was just cleared.
    pub(super) fn keep(
        &mut self,
        problem: &Problem<'_>,
        schedule: &Schedule,
        t: usize,
        cleared: Cleared,
        room: &Room,
    ) {
        let step = &mut self.steps[t];
        step.carried = cleared.overload <= EPSILON_MW;
        if step.carried {
            step.snapshot.keep(&room.work);
        }
        step.awake.clear();
        step.awake.extend(schedule.awake.iter().map(|a| a[t]));
        step.moved.clear();
        step.moved.resize(problem.inputs.nodes.len(), 0.0);
    }

    /// Notes that `mw` were switched on or off at `node` in step `t`.
    pub(super) fn touch(&mut self, problem: &Problem<'_>, node: usize, t: usize, mw: f64) {
        let moved = &mut self.steps[t].moved;
        if !moved.is_empty() {
            above(problem, node).for_each(|n| moved[n] += mw);
        }
    }

    /// Step `t` is to be cleared anew.
    pub(super) fn forget(&mut self, t: usize) {
        self.steps[t].moved.clear();
    }

    /// Price of up to `most` MW at the node of pool `m` in step `t` without the pool, adders
    /// included.
    pub(super) fn curve(
        &mut self,
        problem: &Problem<'_>,
        schedule: &Schedule,
        (m, t): (usize, usize),
        most: f64,
        room: &mut Room,
        curve: &mut Vec<CostStep>,
    ) {
        let pool = &problem.inputs.pools[m];
        let step = &self.steps[t];
        let moved = |node: usize| step.moved[node] > self.stale_mw[node];
        if step.moved.is_empty() || above(problem, pool.node).any(moved) {
            let cleared = problem.clear(schedule, t, room);
            self.keep(problem, schedule, t, cleared, room);
        }
        let step = &self.steps[t];
        if step.carried {
            let lowest = problem.setting(m, t, problem.awake_hull[m][0]).0;
            let load = Load {
                node: pool.node,
                fixed: lowest * step.awake[m] * pool.scale[t],
                most,
                owner: Some(Owner::Pool(m as u32)),
            };
            let market = &problem.market;
            if market.price_without(t, &step.snapshot, load, &mut room.work, curve) {
                let charge = problem.adder(schedule, pool.node, t);
                curve.iter_mut().for_each(|s| s.cost += charge);
                return;
            }
        }
        let ask = Ask::at(pool.node, most).without_pool(m);
        problem.residual(schedule, t, ask, room, curve);
    }
}

/// `node` and all above it.
fn above<'a>(problem: &'a Problem<'_>, node: usize) -> impl Iterator<Item = usize> + 'a {
    std::iter::successors(Some(node), |at| problem.inputs.nodes[*at].parent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::small::{miners, site};
    use crate::inputs::{NodeInput, PlanInputs, StackInput, TierInput};
    use crate::schedule::area;
    use swingload_model::site::Use;

    /// Two pools at a feeder of 14 MW beside a service at the root, on power for 12 MW at 50
    /// and 20 MW at 90.
    fn inputs() -> PlanInputs {
        let mut inputs = site(1.0, &[50.0, 120.0]);
        inputs.supplies[0].available = vec![12.0; 2];
        let mut dear = inputs.supplies[0].clone();
        (dear.id, dear.available, dear.cost) = ("dear".into(), vec![20.0; 2], vec![90.0; 2]);
        inputs.supplies.push(dear);
        inputs.nodes.push(NodeInput {
            id: "feeder".into(),
            parent: Some(0),
            limit: vec![14.0; 2],
            export: 0.0,
            factor: vec![1.05; 2],
        });
        for revenue in [95.0, 110.0] {
            let mut pool = miners(2);
            pool.node = 1;
            pool.points = vec![(0.6, 0.7), (1.0, 1.0)];
            pool.revenue = vec![revenue; 2];
            inputs.pools.push(pool);
        }
        let tier = |mw: f64, value: f64| TierInput {
            mw: vec![mw; 2],
            value: vec![value; 2],
            penalty: vec![0.0; 2],
            must_serve: false,
        };
        inputs.stacks.push(StackInput {
            id: "service".into(),
            node: 0,
            used_for: Use::Inference,
            tiers: vec![tier(9.0, 300.0), tier(12.0, 100.0)],
        });
        inputs
    }

    #[test]
    fn the_price_without_a_pool_is_that_of_clearing_without_it() {
        let inputs = inputs();
        let problem = Problem::new(&inputs);
        let mut room = Room::default();
        for on in [[false, false], [true, false], [false, true], [true, true]] {
            let mut schedule = problem.empty_schedule();
            schedule.relaxed = false;
            for (m, on) in on.iter().enumerate() {
                problem.set_path(&mut schedule, m, 0, vec![*on; 2]);
            }
            for (m, t) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let mut cleared_steps = ClearedSteps::new(&problem, Vec::new());
                let mut curve = Vec::new();
                cleared_steps.curve(&problem, &schedule, (m, t), 12.0, &mut room, &mut curve);
                let mut exact = Vec::new();
                let ask = Ask::at(1, 12.0).without_pool(m);
                problem.residual(&schedule, t, ask, &mut room, &mut exact);
                for mw in 1..=12 {
                    let (a, b) = (area(&curve, 0.0, mw.into()), area(&exact, 0.0, mw.into()));
                    let same = match (a, b) {
                        (Some(a), Some(b)) => (a - b).abs() < 1e-6,
                        (a, b) => a == b,
                    };
                    assert!(same, "{on:?}, pool {m}, step {t}: {curve:?}, not {exact:?}");
                }
            }
        }
    }
}

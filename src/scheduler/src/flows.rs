//! Power through the nodes of the tree in one step.

use crate::build::Built;
use crate::evaluate::StepOutcome;
use crate::inputs::PlanInputs;
use crate::plan::Planned;

/// Loads and imports of all nodes, MW.
pub(crate) struct Flows<'a> {
    inputs: &'a PlanInputs,
    /// What each node may import; the root's is held at the month's peak where the plan does.
    pub(crate) limit: Vec<f64>,
    /// What each node imports; the root carries all load, whatever feeds it.
    pub(crate) import: Vec<f64>,
    /// Whether any supply lies below each node.
    has_supply: Vec<bool>,
    /// What all loads draw.
    pub(crate) total: f64,
}

impl<'a> Flows<'a> {
    pub(crate) fn new(
        built: &'a Built,
        planned: &Planned,
        outcome: &StepOutcome,
        t: usize,
    ) -> Self {
        let inputs = &built.inputs;
        let mut limit: Vec<f64> = inputs.nodes.iter().map(|n| n.limit[t]).collect();
        if let Some(caps) = &planned.caps {
            limit[0] = limit[0].min(caps[t]);
        }
        let mut flows = Self {
            inputs,
            limit,
            import: vec![0.0; inputs.nodes.len()],
            has_supply: vec![false; inputs.nodes.len()],
            total: outcome.supply.iter().sum(),
        };
        let stacks = inputs.stacks.iter().zip(&outcome.power.stacks);
        stacks.for_each(|(stack, mw)| flows.add(stack.node, *mw));
        let pools = inputs.pools.iter().zip(&outcome.power.blocks);
        pools.for_each(|(pool, blocks)| flows.add(pool.node, blocks.iter().sum()));
        let jobs = inputs.jobs.iter().zip(&outcome.power.jobs);
        for (job, gpus) in jobs.filter(|(_, gpus)| **gpus > 0.0) {
            flows.add(
                job.node,
                gpus * job.gpu_mw * inputs.nodes[job.node].factor[t],
            );
        }
        for (supply, mw) in inputs.supplies.iter().zip(&outcome.supply) {
            flows.add(supply.node, -mw);
            for n in flows.path(supply.node).collect::<Vec<_>>() {
                flows.has_supply[n] = true;
            }
        }
        flows.import[0] = flows.total;
        flows
    }

    fn add(&mut self, node: usize, mw: f64) {
        let inputs = self.inputs;
        let above = |n: &usize| inputs.nodes[*n].parent;
        for n in std::iter::successors(Some(node), above) {
            self.import[n] += mw;
        }
    }

    /// A node and all above it, the root last.
    fn path(&self, node: usize) -> impl Iterator<Item = usize> + use<'a> {
        let inputs = self.inputs;
        std::iter::successors(Some(node), |n| inputs.nodes[*n].parent)
    }

    /// Whether `n` could import so much more.
    fn may_import(&self, n: usize, mw: f64) -> bool {
        self.limit[n] - self.import[n] >= mw.max(LITTLE)
    }

    /// Whether the root could carry so much more load.
    pub(crate) fn has_root_room(&self, mw: f64) -> bool {
        self.may_import(0, mw)
    }

    /// Whether `node` and all above it could import so much more.
    pub(crate) fn has_room_above(&self, node: usize, mw: f64) -> bool {
        self.path(node).all(|n| self.may_import(n, mw))
    }

    /// The same for the nodes from `node` up to, and without, `above`.
    pub(crate) fn has_room_between(&self, node: usize, above: usize, mw: f64) -> bool {
        self.path(node)
            .take_while(|n| *n != above)
            .all(|n| self.may_import(n, mw))
    }

    /// Whether the nodes between them let so much more power pass from one node to another.
    pub(crate) fn can_carry(&self, from: usize, to: usize, mw: f64) -> bool {
        let below = |node: usize, n: usize| self.inputs.is_below(node, n);
        let comes_in = self.path(to).filter(|n| !below(from, *n));
        let goes_out = self.path(from).filter(|n| !below(to, *n));
        let may_export = |n: usize| {
            let room = self.import[n] + self.inputs.nodes[n].export;
            !self.has_supply[n] || room >= mw.max(LITTLE)
        };
        comes_in.into_iter().all(|n| self.may_import(n, mw)) && goes_out.into_iter().all(may_export)
    }
}

/// Room that is none, MW.
const LITTLE: f64 = 2.0 * crate::check::TOLERANCE_MW;

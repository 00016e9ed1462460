//! A cleared step kept for later, and the price of power on both sides of what a load draws.
//!
//! What would power cost a load if it drew nothing yet? Up to what it draws now, what others
//! would pay for that power; beyond it, the residual. Both follow from the step cleared with
//! the load in it, so that one clearing serves all loads.

use super::{CostStep, EPSILON_MW, Market, Owner, Segment, Workspace};

/// Result of clearing one step, kept while the workspace clears others.
#[derive(Debug, Clone, Default)]
pub(crate) struct Snapshot {
    segments: Vec<Segment>,
    taken: Vec<f64>,
    import: Vec<f64>,
    root_slack: f64,
}

/// What a load draws at a node, and what it may.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Its node.
    pub node: usize,
    /// Fixed power it draws, MW; what its segments draw comes on top.
    pub fixed: f64,
    /// Most it may draw, MW.
    pub most: f64,
    /// Owner of its segments.
    pub owner: Option<Owner>,
}

impl Snapshot {
    /// Keeps what [`Market::clear`] left in `work`.
    pub(crate) fn keep(&mut self, work: &Workspace) {
        self.segments.clone_from(&work.segments);
        self.taken.clone_from(&work.taken);
        self.import.clone_from(&work.import);
        self.root_slack = work.root_slack;
    }
}

impl Market {
    /// Price of power at a load's node without the load, from its first watt on, written to
    /// `steps`: what [`Market::residual`] gives after clearing without it. False where the
    /// load was not carried, so that the step has to be cleared without it.
    pub(crate) fn price_without(
        &self,
        t: usize,
        snapshot: &Snapshot,
        load: Load,
        work: &mut Workspace,
        steps: &mut Vec<CostStep>,
    ) -> bool {
        let own = |s: &Segment| load.owner == Some(s.owner);
        let flexible = snapshot
            .segments
            .iter()
            .zip(&snapshot.taken)
            .filter(|(s, _)| own(s));
        let drawn = load.fixed + flexible.map(|(_, taken)| taken).sum::<f64>();
        steps.clear();
        if !self.released(t, snapshot, load, drawn, work, steps) {
            return false;
        }
        steps.reverse();
        self.added(t, snapshot, load, load.most - drawn, work, steps);
        true
    }

    /// What others would pay for `amount` MW given back at the load's node, the highest first;
    /// false where nobody would take some of it.
    fn released(
        &self,
        t: usize,
        snapshot: &Snapshot,
        load: Load,
        amount: f64,
        work: &mut Workspace,
        steps: &mut Vec<CostStep>,
    ) -> bool {
        let tree = &self.tree;
        work.import.clear();
        work.import.extend_from_slice(&snapshot.import);
        let mut left = amount;
        for (segment, taken) in snapshot.segments.iter().zip(&snapshot.taken) {
            if left <= EPSILON_MW {
                break;
            }
            let mut free = (segment.width - taken).min(left);
            if free <= EPSILON_MW || load.owner == Some(segment.owner) {
                continue;
            }
            let to = segment.node as usize;
            let mut up = load.node;
            while up != 0 && !tree.inside(to, up) {
                if tree.supplied[up] {
                    free = free.min(work.import[up] + tree.export[up]);
                }
                up = tree.parent[up];
            }
            let mut down = to;
            while down != up {
                free = free.min(tree.limit[down][t] - work.import[down]);
                down = tree.parent[down];
            }
            if free <= EPSILON_MW {
                continue;
            }
            self.shift(load.node, up, -free, work);
            self.shift(to, up, free, work);
            left -= free;
            push(steps, segment.slope, free);
        }
        left <= EPSILON_MW
    }

    /// Price of `amount` MW more at the load's node.
    fn added(
        &self,
        t: usize,
        snapshot: &Snapshot,
        load: Load,
        amount: f64,
        work: &mut Workspace,
        steps: &mut Vec<CostStep>,
    ) {
        let tree = &self.tree;
        work.import.clear();
        work.import.extend_from_slice(&snapshot.import);
        let (mut left, mut root_slack) = (amount, snapshot.root_slack);
        for (segment, taken) in snapshot.segments.iter().zip(&snapshot.taken).rev() {
            if left <= EPSILON_MW {
                break;
            }
            let mut free = taken.min(left);
            if free <= EPSILON_MW || load.owner == Some(segment.owner) {
                continue;
            }
            let supply = matches!(segment.owner, Owner::Supply(_));
            if supply {
                free = free.min(root_slack);
            }
            let from = segment.node as usize;
            let mut up = load.node;
            while up != 0 && !tree.inside(from, up) {
                free = free.min(tree.limit[up][t] - work.import[up]);
                up = tree.parent[up];
            }
            let mut down = from;
            while down != up {
                if tree.supplied[down] {
                    free = free.min(work.import[down] + tree.export[down]);
                }
                down = tree.parent[down];
            }
            if free <= EPSILON_MW {
                continue;
            }
            self.shift(load.node, up, free, work);
            self.shift(from, up, -free, work);
            if supply {
                root_slack -= free;
            }
            left -= free;
            push(steps, segment.slope, free);
        }
    }

    /// Adds to the import of the nodes from `node` up to below `above`.
    fn shift(&self, node: usize, above: usize, mw: f64, work: &mut Workspace) {
        let mut at = node;
        while at != above {
            work.import[at] += mw;
            at = self.tree.parent[at];
        }
    }
}

fn push(steps: &mut Vec<CostStep>, cost: f64, width: f64) {
    match steps.last_mut() {
        Some(last) if last.cost == cost => last.width += width,
        _ => steps.push(CostStep { cost, width }),
    }
}

//! The walk along falling slopes: every segment takes what the limits above it leave.
//!
//! Limits nest, so taking each segment in turn as far as the tightest node above it has
//! room is the optimum of all nested cuts at once. What a node may not export is taken
//! below it first, whatever the price above it. A limit that all segments below it
//! cannot reach is not looked at.

use super::{Cleared, Limits, Market, Owner, Workspace};

impl Market {
    /// Walks the segments laid out in `work` within `limits`.
    pub(super) fn walk(
        &self,
        t: usize,
        fixed: &[f64],
        limits: Limits,
        work: &mut Workspace,
    ) -> Cleared {
        let tree = &self.tree;
        let n = tree.parent.len();
        self.reset(t, fixed, limits, work);
        // Bottom-up: what a node cannot export is used, or shut, inside it.
        let drawn: f64 = fixed.iter().sum();
        let root_limit = tree.limit[0][t];
        let mut load_room = match limits {
            Limits::Imports => f64::INFINITY,
            Limits::All | Limits::Loads => root_limit - drawn,
        };
        let exports = self.local_supply && limits != Limits::Loads;
        for node in (1..n).rev().filter(|_| exports) {
            if tree.supplied[node] && work.import[node] < -tree.export[node] {
                let amount = -tree.export[node] - work.import[node];
                self.impose(t, node, amount, &mut load_room, work);
            }
        }
        let mut overload = (drawn - root_limit).max(0.0) + work.import[0].max(0.0);
        work.slack.clear();
        work.slack.resize(n, 0.0);
        for node in 1..n {
            work.slack[node] = tree.limit[node][t] - work.import[node];
            overload += (-work.slack[node]).max(0.0);
        }
        let mut room = -work.import[0];
        for (segment, taken) in work.segments.iter().zip(&mut work.taken) {
            if room <= 0.0 {
                break;
            }
            let is_load = !matches!(segment.owner, Owner::Supply(_));
            let mut free = (segment.width - *taken).min(room);
            if is_load {
                free = free.min(load_room);
            }
            let mut up = work.tight[segment.node as usize] as usize;
            while up != 0 {
                free = free.min(work.slack[up]);
                up = work.tight[tree.parent[up]] as usize;
            }
            if free <= 0.0 {
                continue;
            }
            let mut up = work.tight[segment.node as usize] as usize;
            while up != 0 {
                work.slack[up] -= free;
                up = work.tight[tree.parent[up]] as usize;
            }
            *taken += free;
            room -= free;
            if is_load {
                load_room -= free;
            }
        }
        self.sum_up(fixed, work, overload, root_limit)
    }

    /// [`Market::walk`] of loads alone, laid out in `work`, within the limits at and below `node`.
    pub(super) fn walk_loads(&self, t: usize, fixed: &[f64], node: usize, work: &mut Workspace) {
        let tree = &self.tree;
        self.reset(t, fixed, Limits::All, work);
        let n = tree.parent.len();
        work.slack.clear();
        // Limits above `node` are not looked at. What lies below a node may feed the loads
        // there beside what it imports; the root's limit holds loads whatever feeds them.
        work.slack
            .extend((0..n).map(|at| match tree.inside(at, node) {
                true => tree.limit[at][t] - work.import[at],
                false => f64::INFINITY,
            }));
        for segment in self.of_step(t).iter().filter(|_| self.local_supply) {
            let mut at = segment.node as usize;
            while at != 0 && matches!(segment.owner, Owner::Supply(_)) {
                work.slack[at] += segment.width;
                at = tree.parent[at];
            }
        }
        for (segment, taken) in work.segments.iter().zip(&mut work.taken) {
            let start = segment.node as usize;
            let mut free = segment.width.min(work.slack[start]);
            let mut up = start;
            while up != 0 {
                up = tree.parent[up];
                free = free.min(work.slack[up]);
            }
            if free <= 0.0 {
                continue;
            }
            *taken = free;
            let mut up = start;
            work.slack[up] -= free;
            while up != 0 {
                up = tree.parent[up];
                work.slack[up] -= free;
            }
        }
    }

    /// Takes everything back: all supply runs, nothing flexible is served. Finds the nodes
    /// whose limits could be reached.
    pub(super) fn reset(&self, t: usize, fixed: &[f64], limits: Limits, work: &mut Workspace) {
        let tree = &self.tree;
        let n = tree.parent.len();
        work.import.clear();
        work.import.extend_from_slice(fixed);
        work.width.clear();
        work.width.resize(n, 0.0);
        work.taken.clear();
        work.taken.resize(work.segments.len(), 0.0);
        for segment in &work.segments {
            let node = segment.node as usize;
            work.width[node] += segment.width;
            if matches!(segment.owner, Owner::Supply(_)) {
                work.import[node] -= segment.width;
            }
        }
        for node in (1..n).rev() {
            let parent = tree.parent[node];
            work.import[parent] += work.import[node];
            work.width[parent] += work.width[node];
        }
        work.tight.clear();
        work.tight.push(0);
        for node in 1..n {
            let counts = limits != Limits::Loads || !tree.supplied[node];
            let reaches = counts && work.import[node] + work.width[node] > tree.limit[node][t];
            work.tight.push(if reaches {
                node as u32
            } else {
                work.tight[tree.parent[node]]
            });
        }
    }

    /// Takes the first `amount` MW below `node` whatever the price above it: what it may
    /// not export is shut, or used, inside it, loads as far as `load_room` goes.
    fn impose(
        &self,
        t: usize,
        node: usize,
        amount: f64,
        load_room: &mut f64,
        work: &mut Workspace,
    ) {
        let tree = &self.tree;
        let mut left = amount;
        for (segment, taken) in work.segments.iter().zip(&mut work.taken) {
            if left <= 0.0 {
                break;
            }
            let start = segment.node as usize;
            if !tree.inside(start, node) {
                continue;
            }
            let is_load = !matches!(segment.owner, Owner::Supply(_));
            let mut part = (segment.width - *taken).min(left);
            if is_load {
                part = part.min(*load_room);
            }
            let mut up = start;
            while up != node {
                part = part.min(tree.limit[up][t] - work.import[up]);
                up = tree.parent[up];
            }
            if part <= 0.0 {
                continue;
            }
            *taken += part;
            left -= part;
            if is_load {
                *load_room -= part;
            }
            let mut up = start;
            loop {
                work.import[up] += part;
                if up == 0 {
                    break;
                }
                up = tree.parent[up];
            }
        }
    }

    /// Value of what was taken, and the final net imports.
    pub(super) fn sum_up(
        &self,
        fixed: &[f64],
        work: &mut Workspace,
        overload: f64,
        root_limit: f64,
    ) -> Cleared {
        let mut value = 0.0;
        let mut load: f64 = fixed.iter().sum();
        work.import.clear();
        work.import.extend_from_slice(fixed);
        for (segment, taken) in work.segments.iter().zip(&work.taken) {
            match segment.owner {
                Owner::Supply(_) => {
                    value -= segment.slope * (segment.width - taken);
                    work.import[segment.node as usize] -= segment.width - taken;
                }
                _ => {
                    value += segment.slope * taken;
                    load += taken;
                    work.import[segment.node as usize] += taken;
                }
            }
        }
        for node in (1..self.tree.parent.len()).rev() {
            let import = work.import[node];
            work.import[self.tree.parent[node]] += import;
        }
        work.load = load;
        work.root_slack = (root_limit - load).max(0.0);
        Cleared { value, overload }
    }
}

//! Valuation: one step's merit order on the power tree.
//!
//! Loads are segments of watts at a value, supplies segments at a cost. Sorted by
//! falling slope, walking them from the left means, at first, all supply running
//! and nothing served; then the next segment is either a load served or a supply
//! shut. Net import rises by each segment's width; the walk ends where it meets
//! what the root may import, which is nothing. The root's own limit holds all loads
//! together. Limits of nodes nest, so cutting
//! every node's own segments at its limit, bottom-up, keeps the greedy exact
//! (laminar constraints).
//!
//! The *residual* of a node is the price of one more watt there: the segments
//! taken last are given back first, as far as limits between them and the node
//! leave room. It is a step function of a few steps, and everything that couples
//! steps (jobs, blocks) works on it.

use crate::inputs::PlanInputs;

mod level;
mod sites;
mod snapshot;
#[cfg(test)]
mod tests;
mod walk;

pub(crate) use snapshot::{Load, Snapshot};

/// Powers below this, MW, are rounding noise (a thousandth of a watt).
pub(crate) const EPSILON_MW: f64 = 1e-9;

/// A charge on load beyond every value and penalty, currency per MWh: drives load to its ends.
pub(crate) const CHARGE_MAX: f64 = 1e7;

/// Whether one optimum, `(load in MW, value in currency per hour)`, is worth more than another
/// under a charge on load, currency per MWh, by more than rounding.
pub(crate) fn is_better_under(charge: f64, this: (f64, f64), other: (f64, f64)) -> bool {
    let margin = (this.1 - charge * this.0) - (other.1 - charge * other.0);
    margin > 1e-9 * (1.0 + this.1.abs() + other.1.abs() + charge.abs() * this.0.abs())
}

/// What a segment belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Supply of this position.
    Supply(u32),
    /// Stack and tier.
    Stack(u32, u32),
    /// Settings of a pool's devices: all of them before commitment; after it, those above the
    /// lowest of the devices that are awake.
    Pool(u32),
    /// Bid of a job.
    Job(u32),
    /// Power that the bound sells at a price: to the blocks of the pool of this position, or,
    /// from the number of pools on, to the jobs of a node.
    Sale(u32),
}

/// Power of one value or cost: a load that may be served or a supply that may be shut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// Value of a load or cost of a supply, currency per MWh.
    pub slope: f64,
    /// Width, MW.
    pub width: f64,
    /// Position of the node it hangs at.
    pub node: u32,
    /// What it is.
    pub owner: Owner,
}

/// One step of a residual: up to `width` MW more at `cost` per MWh.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CostStep {
    /// Marginal cost, currency per MWh.
    pub cost: f64,
    /// Width, MW.
    pub width: f64,
}

/// The static part of every step's market, sorted once.
#[derive(Debug, Clone)]
pub struct Market {
    /// Static segments of all steps by falling slope within a step.
    segments: Vec<Segment>,
    /// `segments[start[t]..start[t + 1]]` are those of step t.
    start: Vec<usize>,
    tree: Tree,
    /// Whether any supply hangs below the root.
    local_supply: bool,
}

/// The tree by positions, with each node's subtree as an interval.
#[derive(Debug, Clone)]
struct Tree {
    parent: Vec<usize>,
    enter: Vec<u32>,
    leave: Vec<u32>,
    /// Whether any supply lies in the subtree.
    supplied: Vec<bool>,
    /// Most import per node and step, and most export per node, MW.
    limit: Vec<Vec<f64>>,
    export: Vec<f64>,
    /// Sites: nodes below the root with supply at or below them. `site` is per node the number,
    /// from 1, of the lowest site at or above it; 0 where none is.
    sites: Vec<usize>,
    site: Vec<u32>,
    /// Whether no site lies below another.
    flat: bool,
}

impl Tree {
    fn new(inputs: &PlanInputs) -> Self {
        let n = inputs.nodes.len();
        let parent: Vec<usize> = inputs
            .nodes
            .iter()
            .map(|node| node.parent.unwrap_or(usize::MAX))
            .collect();
        let mut size = vec![1u32; n];
        for node in (1..n).rev() {
            size[parent[node]] += size[node];
        }
        // Parents come first, so each child starts where its elder siblings end.
        let (mut enter, mut next) = (vec![0u32; n], vec![0u32; n]);
        for node in 0..n {
            if node > 0 {
                enter[node] = next[parent[node]];
                next[parent[node]] += size[node];
            }
            next[node] = enter[node] + 1;
        }
        let leave: Vec<u32> = (0..n).map(|node| enter[node] + size[node]).collect();
        let mut supplied = vec![false; n];
        for supply in &inputs.supplies {
            let mut at = supply.node;
            while at != usize::MAX {
                supplied[at] = true;
                at = parent[at];
            }
        }
        let (mut sites, mut site, mut flat) = (Vec::new(), vec![0u32; n], true);
        for node in 1..n {
            site[node] = site[parent[node]];
            if supplied[node] {
                flat &= site[node] == 0;
                sites.push(node);
                site[node] = sites.len() as u32;
            }
        }
        Self {
            parent,
            enter,
            leave,
            supplied,
            sites,
            site,
            flat,
            limit: inputs.nodes.iter().map(|node| node.limit.clone()).collect(),
            export: inputs.nodes.iter().map(|node| node.export).collect(),
        }
    }

    fn inside(&self, node: usize, above: usize) -> bool {
        (self.enter[above]..self.leave[above]).contains(&self.enter[node])
    }
}

/// Buffers of a clearing, one per thread; after [`Market::clear`] they hold its result.
#[derive(Debug, Clone, Default)]
pub struct Workspace {
    segments: Vec<Segment>,
    /// Served part of a load, or shut part of a supply, MW.
    taken: Vec<f64>,
    /// Net import of each node, MW.
    import: Vec<f64>,
    slack: Vec<f64>,
    /// Width of all segments below each node, MW.
    width: Vec<f64>,
    /// Lowest node at or above each one whose limit its segments could exceed; 0 where none is.
    tight: Vec<u32>,
    /// All load, MW.
    load: f64,
    /// What the root may still draw, MW.
    root_slack: f64,
    /// Per step, the charge that last held all load at the root's limit.
    charge: Vec<f64>,
    /// Extra segments in order, where they came in none.
    sorted: Vec<Segment>,
    /// Loads and supplies of sites.
    sites: sites::Scratch,
}

impl Workspace {
    /// Forgets what earlier inputs left behind, so that the same inputs give the same result.
    pub(crate) fn forget(&mut self) {
        self.charge.clear();
    }
}

/// Which limits hold in a walk; those of each kind nest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limits {
    /// All.
    All,
    /// All but the root's.
    Imports,
    /// The root's and those of nodes without supply below them: they hold loads alone.
    Loads,
}

/// Result of clearing one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cleared {
    /// Value of served loads less cost of supply, currency per hour.
    pub value: f64,
    /// Must-take and fixed power that no supply or limit could carry, MW.
    pub overload: f64,
}

impl Market {
    /// Sorts the static segments of all steps.
    pub fn new(inputs: &PlanInputs) -> Self {
        let mut segments = Vec::new();
        let mut start = vec![0];
        for t in 0..inputs.steps() {
            let from = segments.len();
            for (i, supply) in inputs.supplies.iter().enumerate() {
                push(
                    &mut segments,
                    supply.cost[t],
                    supply.available[t],
                    supply.node,
                    Owner::Supply(i as u32),
                );
            }
            for (i, stack) in inputs.stacks.iter().enumerate() {
                for (j, tier) in stack.tiers.iter().enumerate() {
                    push(
                        &mut segments,
                        tier.value[t],
                        tier.mw[t],
                        stack.node,
                        Owner::Stack(i as u32, j as u32),
                    );
                }
            }
            segments[from..].sort_by(by_falling_slope);
            start.push(segments.len());
        }
        let tree = Tree::new(inputs);
        Self {
            segments,
            start,
            local_supply: tree.supplied[1..].contains(&true),
            tree,
        }
    }

    /// The static segments of a step, by falling slope.
    pub(crate) fn of_step(&self, t: usize) -> &[Segment] {
        &self.segments[self.start[t]..self.start[t + 1]]
    }

    /// [`Market::clear`] with `charge` (currency per MWh, by node) on static loads, as duals of
    /// ramps and demand charges ask; `extra` is charged already.
    pub(crate) fn clear_charged(
        &self,
        t: usize,
        fixed: &[f64],
        extra: &[Segment],
        charge: impl Fn(usize) -> f64,
        work: &mut Workspace,
    ) -> Cleared {
        self.lay_out(t, extra, work);
        for segment in &mut work.segments {
            if matches!(segment.owner, Owner::Stack(..)) {
                segment.slope -= charge(segment.node as usize);
            }
        }
        work.segments.sort_by(by_falling_slope);
        self.take(t, fixed, work)
    }

    /// Clears step `t` with `fixed` MW drawn at each node on top and `extra` segments
    /// beside the static ones. What was taken stays in `work`.
    pub fn clear(
        &self,
        t: usize,
        fixed: &[f64],
        extra: &[Segment],
        work: &mut Workspace,
    ) -> Cleared {
        self.lay_out(t, extra, work);
        self.take(t, fixed, work)
    }

    /// [`Market::clear`] leaving out the loads that `without` picks.
    pub(crate) fn clear_without(
        &self,
        t: usize,
        fixed: &[f64],
        extra: &[Segment],
        without: impl Fn(&Segment) -> bool,
        work: &mut Workspace,
    ) -> Cleared {
        self.lay_out(t, extra, work);
        work.segments
            .retain(|s| matches!(s.owner, Owner::Supply(_)) || !without(s));
        self.take(t, fixed, work)
    }

    /// Flexible loads below `node` in step `t` by falling slope, as far as limits at and below it let them draw.
    pub(crate) fn loads_below(
        &self,
        t: usize,
        node: usize,
        fixed: &[f64],
        extra: &[Segment],
        work: &mut Workspace,
    ) -> Vec<Segment> {
        self.lay_out(t, extra, work);
        let tree = &self.tree;
        work.segments
            .retain(|s| !matches!(s.owner, Owner::Supply(_)) && tree.inside(s.node as usize, node));
        self.walk_loads(t, fixed, node, work);
        let drawn = work.segments.iter().zip(&work.taken);
        drawn
            .filter(|(_, taken)| **taken > EPSILON_MW)
            .map(|(s, taken)| Segment {
                width: *taken,
                ..*s
            })
            .collect()
    }

    /// Merges static and extra segments by falling slope.
    fn lay_out(&self, t: usize, extra: &[Segment], work: &mut Workspace) {
        work.segments.clear();
        let own = self.of_step(t);
        if extra.is_empty() {
            work.segments.extend_from_slice(own);
            return;
        }
        let mut extra = extra;
        if !extra.is_sorted_by(|a, b| by_falling_slope(a, b).is_le()) {
            work.sorted.clear();
            work.sorted.extend_from_slice(extra);
            work.sorted.sort_by(by_falling_slope);
            extra = &work.sorted;
        }
        work.segments.reserve(own.len() + extra.len());
        let (mut i, mut j) = (0, 0);
        while i < own.len() && j < extra.len() {
            if by_falling_slope(&own[i], &extra[j]).is_le() {
                work.segments.push(own[i]);
                i += 1;
            } else {
                work.segments.push(extra[j]);
                j += 1;
            }
        }
        work.segments.extend_from_slice(&own[i..]);
        work.segments.extend_from_slice(&extra[j..]);
    }

    /// Takes of the segments laid out in `work` what is worth most.
    fn take(&self, t: usize, fixed: &[f64], work: &mut Workspace) -> Cleared {
        if !self.local_supply {
            return self.walk(t, fixed, Limits::All, work);
        }
        if let Some(cleared) = self.take_by_sites(t, fixed, work) {
            return cleared;
        }
        // The root's limit holds loads, not net import: where supplies hang below, it does
        // not nest with the limits between. Mostly none of those would bind.
        let cleared = self.walk(t, fixed, Limits::Loads, work);
        if self.keeps_imports(t, work) {
            return cleared;
        }
        let cleared = self.walk(t, fixed, Limits::Imports, work);
        let limit = self.tree.limit[0][t];
        if work.load <= limit + EPSILON_MW {
            cleared
        } else {
            self.hold_level(t, fixed, 0, limit, work)
        }
    }

    /// Whether every node with supply below it imports and exports no more than it may.
    fn keeps_imports(&self, t: usize, work: &Workspace) -> bool {
        let tree = &self.tree;
        (1..tree.parent.len())
            .filter(|n| tree.supplied[*n])
            .all(|n| {
                (-tree.export[n] - EPSILON_MW..=tree.limit[n][t] + EPSILON_MW)
                    .contains(&work.import[n])
            })
    }

    /// Whether any supply hangs below the root.
    pub(crate) fn has_local_supply(&self) -> bool {
        self.local_supply
    }

    /// Whether `node` lies in the subtree of `above` (a node lies in its own).
    pub fn is_below(&self, node: usize, above: usize) -> bool {
        self.tree.inside(node, above)
    }

    /// The price of up to `most` MW more at `node`, after [`Market::clear`] left its result in `work`.
    ///
    /// Steps rise in cost. They end early where no more power can reach the node.
    pub(crate) fn residual(
        &self,
        t: usize,
        node: usize,
        most: f64,
        work: &mut Workspace,
        steps: &mut Vec<CostStep>,
    ) {
        steps.clear();
        let tree = &self.tree;
        let n = tree.parent.len();
        // Room for more import, per node: infinite where the node does not lie above.
        work.slack.clear();
        work.slack.resize(n, f64::INFINITY);
        let mut at = node;
        while at != 0 {
            work.slack[at] = (tree.limit[at][t] - work.import[at]).max(0.0);
            at = tree.parent[at];
        }
        let mut wanted = most;
        for i in (0..work.segments.len()).rev() {
            if wanted <= EPSILON_MW {
                break;
            }
            let segment = work.segments[i];
            let mut free = work.taken[i].min(wanted);
            if free <= EPSILON_MW {
                continue;
            }
            let supply = matches!(segment.owner, Owner::Supply(_));
            if supply {
                // More supply means more load below the root; giving back a load does not.
                free = free.min(work.root_slack);
            }
            let from = segment.node as usize;
            let mut up = node;
            while up != 0 && !tree.inside(from, up) {
                free = free.min(work.slack[up]);
                up = tree.parent[up];
            }
            // `up` is the lowest node above both; power from `from` climbs to it.
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
            let mut climb = node;
            while climb != up {
                work.slack[climb] -= free;
                climb = tree.parent[climb];
            }
            let mut fall = from;
            while fall != up {
                work.import[fall] -= free;
                fall = tree.parent[fall];
            }
            if supply {
                work.root_slack -= free;
            }
            wanted -= free;
            match steps.last_mut() {
                Some(last) if last.cost == segment.slope => last.width += free,
                _ => steps.push(CostStep {
                    cost: segment.slope,
                    width: free,
                }),
            }
        }
    }

    /// Flexible load after [`Market::clear`] in the order it would be given up, each with
    /// what it loses per hour and MW, its supply given back: `(currency per MWh, MW)`.
    pub(crate) fn cuts(&self, work: &Workspace) -> Vec<(f64, f64)> {
        let is_supply = |s: &Segment| matches!(s.owner, Owner::Supply(_));
        let outcome = || work.segments.iter().zip(work.taken.iter().copied());
        let mut loads = outcome()
            .rev()
            .filter(|(s, taken)| !is_supply(s) && *taken > EPSILON_MW)
            .map(|(s, taken)| (s.slope, taken));
        let mut supplies = outcome()
            .filter(|(s, taken)| is_supply(s) && s.width - taken > EPSILON_MW)
            .map(|(s, taken)| (s.slope, s.width - taken));
        let (mut load, mut supply) = (loads.next(), supplies.next());
        let mut cuts = Vec::new();
        while let (Some(l), Some(s)) = (&mut load, &mut supply) {
            let part = l.1.min(s.1);
            cuts.push((l.0 - s.0, part));
            l.1 -= part;
            s.1 -= part;
            if l.1 <= EPSILON_MW {
                load = loads.next();
            }
            if s.1 <= EPSILON_MW {
                supply = supplies.next();
            }
        }
        cuts
    }

    /// Segments and the taken part of each (served load, shut supply) after [`Market::clear`].
    pub fn outcome(work: &Workspace) -> impl Iterator<Item = (&Segment, f64)> {
        work.segments.iter().zip(work.taken.iter().copied())
    }
}

fn push(segments: &mut Vec<Segment>, slope: f64, width: f64, node: usize, owner: Owner) {
    if width > EPSILON_MW {
        segments.push(Segment {
            slope,
            width,
            node: node as u32,
            owner,
        });
    }
}

/// Falling slope; at equal slopes loads before supplies, so that a load worth exactly its power is served.
fn by_falling_slope(a: &Segment, b: &Segment) -> std::cmp::Ordering {
    let supply = |s: &Segment| matches!(s.owner, Owner::Supply(_));
    b.slope.total_cmp(&a.slope).then(supply(a).cmp(&supply(b)))
}

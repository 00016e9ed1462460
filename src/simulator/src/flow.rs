//! Which supply block delivers which joule, within the limits of the tree.
//!
//! Loads are given; supplies are taken by rising cost. Limits nest, so a greedy is
//! exact: bottom-up, a node whose limit cannot bring in what it needs takes the
//! cheapest supply of its own; the rest follows the merit order of the whole tree,
//! as far as nodes may send it up. At equal cost the supply nearest the load goes first,
//! so that no power is hauled through the tree for nothing. Physics does not stop at a contract: where
//! limits leave a need open the grid delivers it all the same, and it is counted.
//! Where there is no grid, load is shed: hashing first, overheads last.

use std::ops::Range;

use swingload_model::site::supply::SupplyKind;
use swingload_model::site::{Site, Use};

use crate::load::{Loads, use_index};
use crate::truth::{PARTS, Truth};
use crate::world::Delivered;

/// Supply of one step; buffers are reused.
#[derive(Debug, Clone)]
pub(crate) struct Flow {
    /// Facility joules drawn from each supply block.
    pub(crate) used: Vec<i64>,
    /// Part of `used` that lies in take-or-pay energy without resale.
    pub(crate) prepaid: Vec<i64>,
    /// Part of `used` that could have been exported.
    pub(crate) forgone: Vec<i64>,
    /// Joules of each block that are exported: what is not used, while that pays and as far as
    /// the tree lets it; the rest is spilled.
    pub(crate) exported: Vec<i64>,
    /// Facility joules drawn below each node.
    pub(crate) node_load: Vec<i64>,
    /// What the loads below each node import through it, J; negative when supply below it
    /// serves loads elsewhere. Exports are not in it.
    pub(crate) import: Vec<i64>,
    /// Joules drawn beyond a block's availability.
    pub(crate) beyond: Vec<i64>,
    /// Joules shed.
    pub(crate) shed: i64,
    segments: Vec<Segment>,
    order: Vec<usize>,
    supplied: Vec<i64>,
    tree: Tree,
}

/// A stretch of a supply block at one cost.
#[derive(Debug, Clone, Copy)]
struct Segment {
    supply: usize,
    cost: i64,
    available: i64,
    prepaid: bool,
}

#[derive(Debug, Clone)]
struct Tree {
    parent: Vec<Option<usize>>,
    export: Vec<i64>,
    supply_node: Vec<usize>,
    grid: Vec<bool>,
}

impl Tree {
    fn inside(&self, node: usize, above: usize) -> bool {
        let mut at = Some(node);
        while let Some(current) = at {
            if current == above {
                return true;
            }
            at = self.parent[current];
        }
        false
    }
}

impl Flow {
    pub(crate) fn new(site: &Site) -> Self {
        let (supplies, nodes) = (site.supply.len(), site.tree.len());
        Self {
            used: vec![0; supplies],
            prepaid: vec![0; supplies],
            forgone: vec![0; supplies],
            exported: vec![0; supplies],
            node_load: vec![0; nodes],
            import: vec![0; nodes],
            beyond: vec![0; supplies],
            shed: 0,
            segments: Vec::with_capacity(2 * supplies),
            order: Vec::with_capacity(2 * supplies),
            supplied: vec![0; nodes],
            tree: Tree {
                parent: (0..nodes).map(|n| site.tree.parent(n)).collect(),
                export: (0..nodes).map(|n| site.tree.node(n).export.get()).collect(),
                supply_node: site.supply.iter().map(|s| s.node).collect(),
                grid: site
                    .supply
                    .iter()
                    .map(|s| s.kind == SupplyKind::Grid)
                    .collect(),
            },
        }
    }

    /// Serves the loads of step `t` (facility joules, cut where they are shed); `prepaid`
    /// is the take-or-pay energy without resale per block, J.
    ///
    /// Returns the share of its wish that each use got.
    pub(crate) fn serve(
        &mut self,
        truth: &Truth,
        loads: &Loads,
        t: usize,
        load: &mut [i64],
        prepaid: &[i64],
    ) -> Delivered {
        let seconds = truth.grid.duration(t).get();
        self.lay_out(truth, t, seconds, prepaid);
        self.shed = 0;
        let mut delivered = [PARTS; 4];
        if !self.tree.grid.contains(&true) {
            let available = self.segments.iter().map(|s| s.available);
            let short = load.iter().sum::<i64>() - available.sum::<i64>();
            if short > 0 {
                self.shed = short;
                delivered = shed(loads, load, short);
            }
        }
        self.sum_loads(loads, load);
        self.supplied.fill(0);
        self.used.fill(0);
        self.prepaid.fill(0);
        self.beyond.fill(0);
        let nodes = self.node_load.len();
        for node in (1..nodes).rev() {
            let limit = truth.limit[node].at(t) * seconds;
            let need = self.node_load[node] - limit - self.supplied[node];
            if need > 0 {
                self.take(node, need, seconds);
            }
        }
        let rest = self.node_load[0] - self.supplied[0];
        let open = self.take(0, rest, seconds);
        if open > 0 {
            self.take_beyond(open, t, truth, seconds);
        }
        for node in 0..nodes {
            self.import[node] = self.node_load[node] - self.supplied[node];
        }
        self.export(truth, t, seconds);
        delivered
    }

    /// Exports what is left of blocks where that pays, the dearest first.
    fn export(&mut self, truth: &Truth, t: usize, seconds: i64) {
        self.exported.fill(0);
        self.forgone.fill(0);
        let gain = |k: usize| truth.supply[k].forgone.at(t);
        let mut order: Vec<usize> = (0..truth.supply.len())
            .filter(|k| gain(*k).get() > 0)
            .collect();
        order.sort_by_key(|k| std::cmp::Reverse(gain(*k)));
        let mut root = self.tree.export[0].saturating_mul(seconds);
        for k in order {
            let block = &truth.supply[k];
            let there = block.available.at(t).saturating_mul(seconds);
            let most = block.export_limit.saturating_mul(seconds);
            let left = (there - self.used[k]).max(0);
            let from = self.tree.supply_node[k];
            let part = left.min(most).min(root).min(self.room(from, seconds));
            self.exported[k] = part;
            self.forgone[k] = (self.used[k] - (there - most).max(0)).max(0);
            root -= part;
            let mut at = Some(from);
            while let Some(node) = at {
                self.supplied[node] = self.supplied[node].saturating_add(part);
                at = self.tree.parent[node];
            }
        }
    }

    fn lay_out(&mut self, truth: &Truth, t: usize, seconds: i64, prepaid: &[i64]) {
        self.segments.clear();
        for (supply, block) in truth.supply.iter().enumerate() {
            // `bounds` refuses what would pass a joule counter.
            let mut available = block.available.at(t) * seconds;
            let free = prepaid[supply].min(available);
            if free > 0 {
                // It is delivered before anything is bought at the block's price.
                self.segments.push(Segment {
                    supply,
                    cost: block.price.at(t).get().min(0),
                    available: free,
                    prepaid: true,
                });
                available -= free;
            }
            let own = block.price.at(t).get();
            let cost = own + block.forgone.at(t).get();
            // What could not be exported anyway costs its own price alone.
            let most = block.export_limit.saturating_mul(seconds);
            if cost > own && available > most {
                self.segments.push(Segment {
                    supply,
                    cost: own,
                    available: available - most,
                    prepaid: false,
                });
                available = most;
            }
            self.segments.push(Segment {
                supply,
                cost,
                available,
                prepaid: false,
            });
        }
        self.order.clear();
        self.order.extend(0..self.segments.len());
        let segments = &self.segments;
        self.order.sort_by_key(|i| segments[*i].cost);
    }

    fn sum_loads(&mut self, loads: &Loads, load: &[i64]) {
        self.node_load.fill(0);
        for (info, energy) in loads.all.iter().zip(load) {
            self.node_load[info.node] += energy;
        }
        for node in (1..self.node_load.len()).rev() {
            let parent = self.tree.parent[node].expect("invariant: only the root has no parent");
            self.node_load[parent] += self.node_load[node];
        }
    }

    /// Takes up to `need` joules by merit from below `node`; returns what stays open.
    fn take(&mut self, node: usize, mut need: i64, seconds: i64) -> i64 {
        let mut from = 0;
        while need > 0 && from < self.order.len() {
            let cost = self.segments[self.order[from]].cost;
            let equal = self.order[from..]
                .iter()
                .take_while(|i| self.segments[**i].cost == cost)
                .count();
            let range = from..from + equal;
            if equal > 1 {
                // What each node below still lacks, from the leaves on.
                for near in (node + 1..self.node_load.len()).rev() {
                    if self.tree.inside(near, node) {
                        let lacks = (self.node_load[near] - self.supplied[near]).max(0);
                        let part = lacks.min(need);
                        need -= part - self.take_of(range.clone(), near, part, seconds);
                    }
                }
            }
            need = self.take_of(range, node, need, seconds);
            from += equal;
        }
        need
    }

    /// Takes up to `need` joules below `node` from the segments at `range` of the order;
    /// returns what stays open.
    fn take_of(&mut self, range: Range<usize>, node: usize, mut need: i64, seconds: i64) -> i64 {
        for k in range {
            let index = self.order[k];
            if need == 0 {
                break;
            }
            let segment = self.segments[index];
            let from = self.tree.supply_node[segment.supply];
            if segment.available == 0 || !self.tree.inside(from, node) {
                continue;
            }
            let part = segment.available.min(need).min(self.room(from, seconds));
            if part > 0 {
                self.segments[index].available -= part;
                self.draw(segment.supply, part);
                if segment.prepaid {
                    self.prepaid[segment.supply] += part;
                }
                need -= part;
            }
        }
        need
    }

    /// Joules that supply at `from` may still send towards the root.
    fn room(&self, from: usize, seconds: i64) -> i64 {
        let mut room = i64::MAX;
        let mut at = from;
        while let Some(parent) = self.tree.parent[at] {
            room =
                room.min(self.node_load[at] + self.tree.export[at] * seconds - self.supplied[at]);
            at = parent;
        }
        room.max(0)
    }

    fn draw(&mut self, supply: usize, energy: i64) {
        self.used[supply] += energy;
        let mut at = Some(self.tree.supply_node[supply]);
        while let Some(node) = at {
            self.supplied[node] += energy;
            at = self.tree.parent[node];
        }
    }

    /// What limits and availability left open: first supply that only a limit held back, then the grid.
    fn take_beyond(&mut self, mut open: i64, t: usize, truth: &Truth, seconds: i64) {
        let grid = self
            .order
            .iter()
            .copied()
            .find(|i| self.tree.grid[self.segments[*i].supply]);
        if let Some(index) = grid {
            let supply = self.segments[index].supply;
            self.draw(supply, open);
            let there = truth.supply[supply].available.at(t);
            let over = self.used[supply] - there * seconds;
            self.beyond[supply] = over.max(0);
            return;
        }
        for k in 0..self.order.len() {
            let index = self.order[k];
            let part = self.segments[index].available.min(open);
            self.segments[index].available -= part;
            let supply = self.segments[index].supply;
            self.draw(supply, part);
            open -= part;
        }
        debug_assert_eq!(open, 0, "load was shed to what there is");
    }
}

/// Cuts `short` joules from the loads, use by use.
fn shed(loads: &Loads, load: &mut [i64], mut short: i64) -> Delivered {
    let mut delivered = [PARTS; 4];
    for used_for in [Use::Hashing, Use::Training, Use::Inference, Use::Overhead] {
        let of_use = |k: usize| loads.all[k].used_for == used_for;
        let total: i64 = (0..load.len())
            .filter(|k| of_use(*k))
            .map(|k| load[k])
            .sum();
        let cut = short.min(total);
        if cut == 0 {
            continue;
        }
        let weights: Vec<i64> = (0..load.len())
            .map(|k| if of_use(k) { load[k] } else { 0 })
            .collect();
        let parts = swingload_model::units::split_by_largest_remainder(cut, &weights);
        load.iter_mut()
            .zip(parts)
            .for_each(|(energy, part)| *energy -= part);
        delivered[use_index(used_for)] =
            i64::try_from((i128::from(total - cut) * i128::from(PARTS)) / i128::from(total))
                .expect("invariant: a part of a billion");
        short -= cut;
    }
    delivered
}

/// Splits each supply block over the uses so that rows and columns add up exactly.
///
/// `supply` and `uses` have the same sum. Each block is split by largest remainder
/// over what the uses still lack, so no use gets more than it drew.
pub(crate) fn split_over_uses(
    supply: &[i64],
    uses: [i64; 4],
    mut give: impl FnMut(usize, [i64; 4]),
) {
    let mut left = uses;
    for (block, energy) in supply.iter().enumerate() {
        let part = split(*energy, left);
        for u in 0..4 {
            left[u] -= part[u];
        }
        give(block, part);
    }
}

fn split(total: i64, weights: [i64; 4]) -> [i64; 4] {
    let sum: i128 = weights.iter().map(|w| i128::from(*w)).sum();
    if total == 0 || sum == 0 {
        return [total, 0, 0, 0];
    }
    let mut parts = [0; 4];
    let mut rests = [(0i128, 0usize); 4];
    for u in 0..4 {
        let product = i128::from(total) * i128::from(weights[u]);
        parts[u] = i64::try_from(product / sum).expect("invariant: a part is at most the total");
        rests[u] = (-(product % sum), u);
    }
    rests.sort_unstable();
    let mut left = total - parts.iter().sum::<i64>();
    for (_, u) in rests {
        if left == 0 {
            break;
        }
        parts[u] += 1;
        left -= 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_add_up_both_ways() {
        let uses = [7, 5, 3, 2];
        let supply = [4, 0, 9, 4];
        let mut sums = [0; 4];
        split_over_uses(&supply, uses, |block, part| {
            assert_eq!(part.iter().sum::<i64>(), supply[block]);
            for u in 0..4 {
                sums[u] += part[u];
            }
        });
        assert_eq!(sums, uses, "every use gets what it drew");
    }
}

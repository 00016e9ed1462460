//! One step's worth over the site's load, fast.
//!
//! The same greedy on nested limits as [`crate::market`], for trees small enough that a
//! subtree is a word of bits: the whole curve of worth over load costs a few microseconds,
//! which is what a search that values thousands of schedules needs.

use crate::inputs::PlanInputs;
use crate::market::{CHARGE_MAX, EPSILON_MW, Owner, Segment, is_better_under};
use crate::ramp::Worth;

/// Most nodes of a tree whose subtrees are words of bits.
pub(super) const NODES_MAX: usize = 64;

/// Most corners of one curve.
const CORNERS_MAX: usize = 200;

/// The tree as the steps see it.
pub(super) struct Tree {
    parent: Vec<usize>,
    /// Nodes of each subtree, a bit each.
    below: Vec<u64>,
    export: Vec<f64>,
}

impl Tree {
    pub(super) fn new(inputs: &PlanInputs) -> Self {
        let nodes = inputs.nodes.len();
        let below = |above: usize| {
            (0..nodes)
                .filter(|n| inputs.is_below(*n, above))
                .fold(0u64, |bits, n| bits | 1 << n)
        };
        Self {
            parent: inputs.nodes.iter().map(|n| n.parent.unwrap_or(0)).collect(),
            below: (0..nodes).map(below).collect(),
            export: inputs.nodes.iter().map(|n| n.export).collect(),
        }
    }
}

/// What a step is made of.
#[derive(Default)]
pub(super) struct Parts {
    /// Fixed power per node, MW.
    pub(super) fixed: Vec<f64>,
    /// Flexible loads by falling value.
    pub(super) loads: Vec<Segment>,
    /// Supplies by falling cost.
    pub(super) supplies: Vec<Segment>,
    /// Import limit per node, MW.
    pub(super) limit: Vec<f64>,
}

/// An optimum at some charge on all load.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Corner {
    pub(super) load: f64,
    /// Worth per hour without the charge.
    pub(super) value: f64,
    /// Fixed power that nothing can carry, MW.
    pub(super) overload: f64,
    /// Power of the job that bids, MW.
    pub(super) bid: f64,
}

impl Corner {
    /// Whether a charge of `slope` prefers this to `other` by more than rounding.
    fn beats(&self, other: &Self, slope: f64) -> bool {
        is_better_under(slope, (self.load, self.value), (other.load, other.value))
    }
}

/// Buffers of a walk.
#[derive(Default)]
pub(super) struct Walk {
    /// Position in the loads, or in the supplies after them, by falling slope.
    order: Vec<Item>,
    taken: Vec<f64>,
    imposed: Vec<f64>,
    import: Vec<f64>,
}

#[derive(Clone, Copy)]
struct Item {
    width: f64,
    /// Value of a load without its charge, or cost of a supply.
    slope: f64,
    node: u64,
    supply: bool,
    bid: bool,
}

impl Walk {
    /// The optimum with every load charged.
    pub(super) fn corner(&mut self, tree: &Tree, parts: &Parts, charge: f64) -> Corner {
        self.lay_out(parts, charge);
        let count = self.order.len();
        self.taken.clear();
        self.taken.extend(self.order.iter().map(|i| i.width));
        self.imposed.clear();
        self.imposed.resize(count, 0.0);
        self.import.clear();
        self.import.extend_from_slice(&parts.fixed);
        for supply in &parts.supplies {
            self.import[supply.node as usize] -= supply.width;
        }
        for node in (1..tree.parent.len()).rev() {
            self.import[tree.parent[node]] += self.import[node];
        }
        let mut overload = 0.0;
        for node in (1..tree.parent.len()).rev() {
            let untaken = self.import[node];
            overload += self.cut(tree.below[node], untaken, parts.limit[node]);
            if untaken < -tree.export[node] {
                self.impose(tree, node, -tree.export[node] - untaken);
            }
        }
        let fixed: f64 = parts.fixed.iter().sum();
        overload += (fixed - parts.limit[0]).max(0.0);
        overload += self.cut(u64::MAX, self.import[0], 0.0);
        let mut corner = Corner {
            load: fixed,
            overload,
            ..Corner::default()
        };
        for (item, taken) in self.order.iter().zip(&self.taken) {
            if item.supply {
                corner.value -= item.slope * (item.width - taken);
            } else {
                corner.value += item.slope * taken;
                corner.load += taken;
                if item.bid {
                    corner.bid += taken;
                }
            }
        }
        corner
    }

    /// Loads, charged, and supplies by falling slope; at equal slopes loads first.
    fn lay_out(&mut self, parts: &Parts, charge: f64) {
        self.order.clear();
        let item = |s: &Segment| Item {
            width: s.width,
            slope: s.slope,
            node: 1 << s.node,
            supply: matches!(s.owner, Owner::Supply(_)),
            bid: matches!(s.owner, Owner::Job(0)),
        };
        let (mut loads, mut supplies) = (parts.loads.iter().peekable(), parts.supplies.iter());
        let mut supply = supplies.next();
        while let Some(load) = loads.peek() {
            match supply {
                Some(s) if s.slope > load.slope - charge => {
                    self.order.push(item(s));
                    supply = supplies.next();
                }
                _ => {
                    self.order.push(item(load));
                    loads.next();
                }
            }
        }
        while let Some(s) = supply {
            self.order.push(item(s));
            supply = supplies.next();
        }
    }

    /// Takes what lies below in order until its net import reaches `high`.
    fn cut(&mut self, below: u64, untaken: f64, high: f64) -> f64 {
        let mut room = (high - untaken).max(0.0);
        let items = self.order.iter().zip(&mut self.taken).zip(&self.imposed);
        for ((_, taken), imposed) in items.filter(|((item, _), _)| item.node & below != 0) {
            let free = (*taken - imposed).min(room);
            *taken = imposed + free;
            room -= free;
        }
        (untaken - high).max(0.0)
    }

    /// Takes the first `amount` MW below `node`, whatever they are worth above it.
    fn impose(&mut self, tree: &Tree, node: usize, amount: f64) {
        let mut left = amount;
        let below = tree.below[node];
        let items = self.order.iter().zip(&self.taken).zip(&mut self.imposed);
        for ((_, taken), imposed) in items.filter(|((item, _), _)| item.node & below != 0) {
            let part = (taken - *imposed).min(left);
            *imposed += part;
            left -= part;
        }
        let mut at = node;
        loop {
            self.import[at] += amount - left;
            if at == 0 {
                break;
            }
            at = tree.parent[at];
        }
    }

    /// All corners of the worth over load, by rising load, up to the site's limit.
    pub(super) fn corners(&mut self, tree: &Tree, parts: &Parts) -> Vec<Corner> {
        let mut found = vec![self.corner(tree, parts, CHARGE_MAX)];
        let mut ahead = vec![self.corner(tree, parts, -CHARGE_MAX)];
        while let Some(next) = ahead.pop() {
            let at = found[found.len() - 1];
            if next.load - at.load <= EPSILON_MW {
                continue;
            }
            let slope = (next.value - at.value) / (next.load - at.load);
            let middle = self.corner(tree, parts, slope);
            let between =
                middle.load > at.load + EPSILON_MW && middle.load < next.load - EPSILON_MW;
            if between && middle.beats(&at, slope) && ahead.len() < CORNERS_MAX {
                ahead.push(next);
                ahead.push(middle);
            } else {
                found.push(next);
            }
        }
        cut_at(&mut found, parts.limit[0]);
        found
    }
}

/// Cuts a curve at a load; a curve that begins above it keeps its first corner.
pub(super) fn cut_at(corners: &mut Vec<Corner>, limit: f64) {
    let keep = corners.partition_point(|c| c.load <= limit).max(1);
    if keep < corners.len() && corners[keep - 1].load < limit {
        let (a, b) = (corners[keep - 1], corners[keep]);
        corners[keep] = between(&a, &b, limit);
        corners.truncate(keep + 1);
    } else {
        corners.truncate(keep);
    }
}

/// The mix of two neighbouring corners at a load.
pub(super) fn between(a: &Corner, b: &Corner, load: f64) -> Corner {
    let width = b.load - a.load;
    let share = if width > EPSILON_MW {
        ((load - a.load) / width).clamp(0.0, 1.0)
    } else {
        0.0
    };
    Corner {
        load: a.load + share * width,
        value: a.value + share * (b.value - a.value),
        overload: a.overload,
        bid: a.bid + share * (b.bid - a.bid),
    }
}

/// A curve at a load.
pub(super) fn at_load(corners: &[Corner], load: f64) -> Corner {
    let next = corners.partition_point(|c| c.load <= load);
    match next {
        0 => corners[0],
        n if n == corners.len() => corners[n - 1],
        n => between(&corners[n - 1], &corners[n], load),
    }
}

/// A curve as slopes.
pub(super) fn worth(corners: &[Corner]) -> Worth {
    let piece = |w: &[Corner]| {
        let width = w[1].load - w[0].load;
        ((w[1].value - w[0].value) / width, width)
    };
    Worth {
        low: corners[0].load,
        pieces: corners.windows(2).map(piece).collect(),
    }
}

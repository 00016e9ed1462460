//! Clearing a step with the load below one node held at a given level, in MW.
//!
//! A limit on loads alone does not nest with limits of net import where supplies hang
//! below a node, so cutting is not exact there. A charge on the loads is: the greedy
//! stays exact under any charge, load falls as the charge rises, and between the two
//! optima at the charge where it passes the level, every mix is an optimum too.
//! The charge is found along chords of the concave worth of load, which ends after as
//! many steps as there are pieces between.

use super::{
    CHARGE_MAX, Cleared, EPSILON_MW, Limits, Market, Owner, Segment, Workspace, by_falling_slope,
    is_better_under,
};

/// Most steps along chords; each meets one more piece of the worth of load.
const CHORDS: usize = 200;

/// An optimum at some charge, valued without it: MW, currency per hour.
#[derive(Debug, Clone, Default)]
struct Corner {
    load: f64,
    value: f64,
    overload: f64,
    taken: Vec<f64>,
}

impl Corner {
    /// The charge at which `self` and `other` are worth the same, currency per MWh.
    fn slope_to(&self, other: &Self) -> f64 {
        (other.value - self.value) / (other.load - self.load)
    }

    /// Whether a charge of `slope` prefers this to `other` by more than rounding.
    fn beats(&self, other: &Self, slope: f64) -> bool {
        is_better_under(slope, (self.load, self.value), (other.load, other.value))
    }
}

impl Market {
    /// Clears the segments laid out in `work` with all load below `node`, fixed power
    /// included, at `target` MW, or as near as it can be.
    pub(super) fn hold_level(
        &self,
        t: usize,
        fixed: &[f64],
        node: usize,
        target: f64,
        work: &mut Workspace,
    ) -> Cleared {
        let mut corners = Corners::new(self, t, fixed, node, work);
        let known = work.charge.get(t).copied().filter(|_| node == 0);
        let (low, high) = corners.around(target, known);
        let width = high.load - low.load;
        let share = if width > EPSILON_MW {
            ((target - low.load) / width).clamp(0.0, 1.0)
        } else {
            0.0
        };
        if node == 0 {
            // The next market of this step is much like this one.
            if work.charge.len() <= t {
                work.charge.resize(t + 1, 0.0);
            }
            work.charge[t] = if width > EPSILON_MW {
                low.slope_to(&high)
            } else {
                0.0
            };
        }
        let between = low.taken.iter().zip(&high.taken);
        work.taken.clear();
        work.taken.extend(between.map(|(a, b)| a + share * (b - a)));
        self.sum_up(fixed, work, low.overload, self.tree.limit[0][t])
    }

    /// [`Market::clear`] with the load below `node` held at `target` MW.
    pub(crate) fn clear_at_level(
        &self,
        t: usize,
        fixed: &[f64],
        extra: &[Segment],
        node: usize,
        target: f64,
        work: &mut Workspace,
    ) -> Cleared {
        self.lay_out(t, extra, work);
        self.hold_level(t, fixed, node, target, work)
    }

    /// Worth of load below `node`: its least MW, and `(currency per MWh, MW)` by falling worth.
    pub(crate) fn worth_of_load(
        &self,
        t: usize,
        fixed: &[f64],
        extra: &[Segment],
        node: usize,
        work: &mut Workspace,
    ) -> (f64, Vec<(f64, f64)>) {
        self.lay_out(t, extra, work);
        let mut corners = Corners::new(self, t, fixed, node, work);
        let low = corners.at(CHARGE_MAX);
        let start = low.load;
        let mut pieces = Vec::new();
        let mut at = low;
        // Corners still to reach, the nearest last.
        let mut ahead = vec![corners.at(-CHARGE_MAX)];
        while let Some(next) = ahead.pop() {
            if next.load - at.load <= EPSILON_MW {
                continue;
            }
            let slope = at.slope_to(&next);
            let middle = corners.at(slope);
            let between =
                middle.load > at.load + EPSILON_MW && middle.load < next.load - EPSILON_MW;
            if between && middle.beats(&at, slope) && ahead.len() < CHORDS {
                ahead.push(next);
                ahead.push(middle);
            } else {
                pieces.push((slope, next.load - at.load));
                at = next;
            }
        }
        (start, pieces)
    }
}

/// Optima of one step with loads below a node charged.
struct Corners<'a> {
    market: &'a Market,
    t: usize,
    fixed: &'a [f64],
    node: usize,
    segments: Vec<Segment>,
    /// Positions of the charged loads and of all else, each by falling slope.
    charged: Vec<u32>,
    others: Vec<u32>,
    /// Fixed power below the node, MW.
    fixed_below: f64,
    order: Vec<u32>,
    scratch: Workspace,
}

impl<'a> Corners<'a> {
    /// Of the segments laid out in `work`.
    fn new(market: &'a Market, t: usize, fixed: &'a [f64], node: usize, work: &Workspace) -> Self {
        let inside = |at: usize| market.tree.inside(at, node);
        let is_charged = |i: &u32| {
            let segment = &work.segments[*i as usize];
            !matches!(segment.owner, Owner::Supply(_)) && inside(segment.node as usize)
        };
        let (charged, others) = (0..work.segments.len() as u32).partition(is_charged);
        let below = fixed.iter().enumerate().filter(|(n, _)| inside(*n));
        Self {
            market,
            t,
            fixed,
            node,
            segments: work.segments.clone(),
            charged,
            others,
            fixed_below: below.map(|(_, mw)| mw).sum(),
            order: Vec::new(),
            scratch: Workspace::default(),
        }
    }

    /// The two neighbouring optima between which the load passes `target`; the nearest optimum
    /// twice where it never does. A `known` charge, which lay near before, shortens the search.
    fn around(&mut self, target: f64, known: Option<f64>) -> (Corner, Corner) {
        let (mut low, mut high): (Option<Corner>, Option<Corner>) = (None, None);
        // From a charge known to lie near, outwards until the target lies between.
        for reach in known.iter().flat_map(|_| [0.0, 0.5, 5.0, 50.0]) {
            let towards = if low.is_some() { -reach } else { reach };
            let corner = self.at(known.unwrap_or(0.0) + towards);
            let side = if corner.load <= target {
                &mut low
            } else {
                &mut high
            };
            *side = Some(corner);
            if low.is_some() && high.is_some() {
                break;
            }
        }
        let mut low = low.unwrap_or_else(|| self.at(CHARGE_MAX));
        let mut high = high.unwrap_or_else(|| self.at(-CHARGE_MAX));
        if low.load >= target - EPSILON_MW {
            high = low.clone();
        } else if high.load <= target + EPSILON_MW {
            low = high.clone();
        }
        for _ in 0..CHORDS {
            if high.load - low.load <= EPSILON_MW {
                break;
            }
            let slope = low.slope_to(&high);
            let middle = self.at(slope);
            if !middle.beats(&low, slope) {
                break;
            }
            if middle.load <= target {
                low = middle
            } else {
                high = middle
            }
        }
        (low, high)
    }

    /// The optimum at a charge, valued without it; the root's limit left out where the node
    /// is the root, since its level stands for it.
    fn at(&mut self, charge: f64) -> Corner {
        let charged = |i: u32| Segment {
            slope: self.segments[i as usize].slope - charge,
            ..self.segments[i as usize]
        };
        let (order, laid) = (&mut self.order, &mut self.scratch.segments);
        order.clear();
        laid.clear();
        let (mut i, mut j) = (0, 0);
        while i < self.charged.len() || j < self.others.len() {
            let a = self.charged.get(i).map(|i| charged(*i));
            let b = self.others.get(j).map(|j| self.segments[*j as usize]);
            let first = match (&a, &b) {
                (Some(a), Some(b)) => by_falling_slope(a, b)
                    .then(self.charged[i].cmp(&self.others[j]))
                    .is_le(),
                (a, _) => a.is_some(),
            };
            if first {
                order.push(self.charged[i]);
                laid.extend(a);
                i += 1;
            } else {
                order.push(self.others[j]);
                laid.extend(b);
                j += 1;
            }
        }
        let limits = if self.node == 0 {
            Limits::Imports
        } else {
            Limits::All
        };
        let cleared = self
            .market
            .walk(self.t, self.fixed, limits, &mut self.scratch);
        let mut corner = Corner {
            load: self.fixed_below,
            value: 0.0,
            overload: cleared.overload,
            taken: vec![0.0; self.segments.len()],
        };
        for (i, taken) in self.order.iter().zip(&self.scratch.taken) {
            let segment = &self.segments[*i as usize];
            corner.taken[*i as usize] = *taken;
            if matches!(segment.owner, Owner::Supply(_)) {
                corner.value -= segment.slope * (segment.width - taken);
            } else {
                corner.value += segment.slope * taken;
                if self.market.tree.inside(segment.node as usize, self.node) {
                    corner.load += taken;
                }
            }
        }
        corner
    }
}

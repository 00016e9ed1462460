//! Clearing a step with the load below one node held at a level.
//!
//! A limit on loads alone does not nest with limits of net import where supplies hang
//! below a node, so cutting is not exact there. A charge on the loads is: the greedy
//! stays exact under any charge, load falls as the charge rises, and between the two
//! optima at the charge where it passes the level, every mix is an optimum too.
//! The charge is found along chords of the concave worth of load, which ends after as
//! many steps as there are pieces between.

use super::{Cleared, EPSILON_MW, Market, Owner, Workspace, by_falling_slope};

/// A charge beyond every value and penalty, currency per MWh: drives load to its ends.
const BEYOND: f64 = 1e7;
/// Most steps along chords; each meets one more piece of the worth of load.
const CHORDS: usize = 200;

/// An optimum at some charge.
#[derive(Debug, Clone, Default)]
struct Corner {
    load: f64,
    value: f64,
    overload: f64,
    taken: Vec<f64>,
    imposed: Vec<f64>,
}

impl Corner {
    /// Worth at the charge that makes both `self` and `other` equal, per MW.
    fn slope_to(&self, other: &Self) -> f64 {
        (other.value - self.value) / (other.load - self.load)
    }

    /// Whether a charge of `slope` prefers this to `other` by more than rounding.
    fn beats(&self, other: &Self, slope: f64) -> bool {
        let margin = (self.value - slope * self.load) - (other.value - slope * other.load);
        margin > 1e-9 * (1.0 + self.value.abs() + other.value.abs() + slope.abs() * self.load.abs())
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
        let mut scratch = Workspace::default();
        let mut low = self.corner(t, fixed, node, BEYOND, work, &mut scratch);
        let mut high = self.corner(t, fixed, node, -BEYOND, work, &mut scratch);
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
            let middle = self.corner(t, fixed, node, slope, work, &mut scratch);
            if !middle.beats(&low, slope) {
                break;
            }
            if middle.load <= target {
                low = middle
            } else {
                high = middle
            }
        }
        let width = high.load - low.load;
        let share = if width > EPSILON_MW {
            ((target - low.load) / width).clamp(0.0, 1.0)
        } else {
            0.0
        };
        let mix = |a: &[f64], b: &[f64], out: &mut Vec<f64>| {
            out.clear();
            out.extend(a.iter().zip(b).map(|(a, b)| a + share * (b - a)));
        };
        mix(&low.taken, &high.taken, &mut work.taken);
        mix(&low.imposed, &high.imposed, &mut work.imposed);
        self.settle(fixed, work, low.overload, self.tree.limit[0][t])
    }

    /// [`Market::clear`] with the load below `node` held at `target` MW.
    pub fn clear_at_level(
        &self,
        t: usize,
        fixed: &[f64],
        extra: &[super::Segment],
        node: usize,
        target: f64,
        work: &mut Workspace,
    ) -> Cleared {
        self.lay_out(t, extra, work);
        self.hold_level(t, fixed, node, target, work)
    }

    /// Worth of load below `node`: its least MW, and `(currency per MWh, MW)` by falling worth.
    pub fn worth_of_load(
        &self,
        t: usize,
        fixed: &[f64],
        extra: &[super::Segment],
        node: usize,
        work: &mut Workspace,
    ) -> (f64, Vec<(f64, f64)>) {
        self.lay_out(t, extra, work);
        let mut scratch = Workspace::default();
        let low = self.corner(t, fixed, node, BEYOND, work, &mut scratch);
        let start = low.load;
        let mut pieces = Vec::new();
        let mut at = low;
        // Corners still to reach, the nearest last.
        let mut ahead = vec![self.corner(t, fixed, node, -BEYOND, work, &mut scratch)];
        while let Some(next) = ahead.pop() {
            if next.load - at.load <= EPSILON_MW {
                continue;
            }
            let slope = at.slope_to(&next);
            let middle = self.corner(t, fixed, node, slope, work, &mut scratch);
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

    /// The optimum with loads below `node` charged, valued without the charge; the root's limit left out
    /// where the node is the root, since its level stands for it.
    fn corner(
        &self,
        t: usize,
        fixed: &[f64],
        node: usize,
        charge: f64,
        work: &Workspace,
        scratch: &mut Workspace,
    ) -> Corner {
        let inside = |at: u32| self.tree.inside(at as usize, node);
        let loads = |owner: Owner| !matches!(owner, Owner::Supply(_));
        let mut order: Vec<(super::Segment, u32)> = work
            .segments
            .iter()
            .zip(0u32..)
            .map(|(s, i)| {
                let charged = if loads(s.owner) && inside(s.node) {
                    s.slope - charge
                } else {
                    s.slope
                };
                (
                    super::Segment {
                        slope: charged,
                        ..*s
                    },
                    i,
                )
            })
            .collect();
        order.sort_by(|a, b| by_falling_slope(&a.0, &b.0));
        scratch.segments.clear();
        scratch.segments.extend(order.iter().map(|o| o.0));
        let cleared = self.walk(t, fixed, node != 0, scratch);
        let count = work.segments.len();
        let mut corner = Corner {
            load: 0.0,
            value: 0.0,
            overload: cleared.overload,
            taken: vec![0.0; count],
            imposed: vec![0.0; count],
        };
        corner.load = fixed
            .iter()
            .enumerate()
            .filter(|(n, _)| inside(*n as u32))
            .map(|(_, mw)| mw)
            .sum();
        for (k, (_, i)) in order.iter().enumerate() {
            let (segment, taken) = (work.segments[*i as usize], scratch.taken[k]);
            corner.taken[*i as usize] = taken;
            corner.imposed[*i as usize] = scratch.imposed[k];
            if loads(segment.owner) {
                corner.value += segment.slope * taken;
                corner.load += if inside(segment.node) { taken } else { 0.0 };
            } else {
                corner.value -= segment.slope * (segment.width - taken);
            }
        }
        corner
    }
}

//! Ramps: the load of a node over time (its course) that is worth most within its ramp
//! limits, exactly.
//!
//! With jobs and on/off paths fixed, a step's worth V(t, p) of drawing p MW below
//! the ramped node is concave and piecewise linear: load values by falling slope
//! less the residual cost of supply. The best course follows from
//!
//! F(t, p) = V(t, p) + max over q in [p - up, p + down] of F(t - 1, q):
//!
//! the inner maximum moves the rising part of F left by `down`, its falling part
//! right by `up`, and joins them by a flat piece. Walking back needs only where
//! each F was largest.

mod running;

use crate::inputs::RampInput;
use crate::market::{Cleared, CostStep, EPSILON_MW, Owner, Segment};
use crate::schedule::{Problem, Room, Schedule};

pub(crate) use running::Courses;

/// A ramp moves a step's load where that lies further from the step's own optimum, MW: one watt.
const MOVED_MW: f64 = 1e-6;

/// Load of one ramped node over time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RampedLoad {
    /// The node.
    pub node: usize,
    /// Load per step, MW.
    pub load: Vec<f64>,
    /// Load per step that is best without the ramp, MW, the earlier ramped nodes held at theirs.
    pub free: Vec<f64>,
    /// Whether the ramp binds anywhere: otherwise the steps' own optima keep it.
    pub binding: bool,
    /// Multiplier of each step's ramp towards it, currency per MW: positive where the
    /// rise binds, negative where the fall does.
    pub multiplier: Vec<f64>,
    /// Sum of unavoidable excesses, MW.
    pub excess: f64,
}

/// Courses of all ramped nodes under a schedule, one node after the other.
pub(crate) fn ramped_loads(
    problem: &Problem<'_>,
    schedule: &Schedule,
    room: &mut Room,
) -> Vec<RampedLoad> {
    let mut ramped_loads: Vec<RampedLoad> = Vec::new();
    for ramp in &problem.inputs.ramps {
        let ramped = ramped_load(problem, schedule, &ramped_loads, ramp, room);
        ramped_loads.push(ramped);
    }
    ramped_loads
}

fn ramped_load(
    problem: &Problem<'_>,
    schedule: &Schedule,
    before: &[RampedLoad],
    ramp: &RampInput,
    room: &mut Room,
) -> RampedLoad {
    let steps = problem.inputs.steps();
    // First the steps' own optima: most plans keep their ramps by themselves.
    let mut load = Vec::with_capacity(steps);
    room.cleared.clear();
    for t in 0..steps {
        let cleared = clear_at(problem, schedule, before, t, room);
        room.cleared.push(cleared);
        load.push(load_below(problem, ramp.node, room));
    }
    let multiplier = vec![0.0; steps + 1];
    if is_kept(ramp, &load, &problem.hours) {
        return RampedLoad {
            node: ramp.node,
            free: load.clone(),
            load,
            binding: false,
            multiplier,
            excess: 0.0,
        };
    }
    let worths: Vec<Worth> = (0..steps)
        .map(|t| worth(problem, schedule, before, ramp.node, t, room))
        .collect();
    let course = Course::solve(&worths, &problem.hours, ramp);
    RampedLoad {
        node: ramp.node,
        binding: true,
        multiplier: course.multipliers(&worths, &problem.hours, ramp),
        load: course.load,
        free: load,
        excess: course.excess,
    }
}

/// Whether a course of load keeps a ramp.
fn is_kept(ramp: &RampInput, load: &[f64], hours: &[f64]) -> bool {
    let keeps = |t: usize, from: f64| {
        load[t] - from <= ramp.up * hours[t] + EPSILON_MW
            && from - load[t] <= ramp.down * hours[t] + EPSILON_MW
    };
    (1..load.len()).all(|t| keeps(t, load[t - 1])) && ramp.initial.is_none_or(|p| keeps(0, p))
}

/// Load below a node after clearing, MW: fixed power and what segments took.
pub(crate) fn load_below(problem: &Problem<'_>, node: usize, room: &Room) -> f64 {
    let inside = |n: usize| problem.market.is_below(n, node);
    let fixed: f64 = room
        .fixed
        .iter()
        .enumerate()
        .filter(|(n, _)| inside(*n))
        .map(|(_, mw)| mw)
        .sum();
    let flexible = crate::market::Market::outcome(&room.work)
        .filter(|(s, _)| !matches!(s.owner, Owner::Supply(_)) && inside(s.node as usize));
    fixed + flexible.map(|(_, taken)| taken).sum::<f64>()
}

/// A concave worth by its falling slopes from `low` MW on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Worth {
    /// Least load, MW.
    pub(crate) low: f64,
    /// `(slope, width)`: currency per MWh and MW.
    pub(crate) pieces: Vec<(f64, f64)>,
}

impl Worth {
    fn high(&self) -> f64 {
        self.low + self.pieces.iter().map(|p| p.1).sum::<f64>()
    }

    /// Where the worth is largest: the end of its rising part.
    fn peak(&self) -> f64 {
        self.low
            + self
                .pieces
                .iter()
                .take_while(|p| p.0 > 0.0)
                .map(|p| p.1)
                .sum::<f64>()
    }

    /// Slopes just below and just above `at`.
    fn slopes(&self, at: f64) -> (f64, f64) {
        let (mut x, mut left) = (self.low, f64::INFINITY);
        for (slope, width) in &self.pieces {
            if at < x + EPSILON_MW {
                return (left, *slope);
            }
            if at < x + width - EPSILON_MW {
                return (*slope, *slope);
            }
            left = *slope;
            x += width;
        }
        (left, f64::NEG_INFINITY)
    }

    /// The part within `[low, high]`; a single point where they do not meet, and by how far.
    pub(crate) fn within(&self, low: f64, high: f64) -> (Self, f64) {
        let (from, to) = (self.low.max(low), self.high().min(high));
        if to < from {
            // Nearest point of the window wanted; the excess is the gap.
            let point = if self.low > high { high } else { low };
            return (
                Self {
                    low: point,
                    pieces: Vec::new(),
                },
                from - to,
            );
        }
        let mut pieces = Vec::new();
        let mut x = self.low;
        for (slope, width) in &self.pieces {
            let part = (x + width).min(to) - x.max(from);
            if part > 0.0 {
                pieces.push((*slope, part));
            }
            x += width;
        }
        (Self { low: from, pieces }, 0.0)
    }

    /// After a step in which the load may have fallen by `down` or risen by `up`.
    fn spread(&self, up: f64, down: f64) -> Self {
        let rising = self.pieces.iter().take_while(|p| p.0 > 0.0).copied();
        let falling = self.pieces.iter().skip_while(|p| p.0 > 0.0).copied();
        // Infinite limits are wide, not infinite, so that sums stay numbers.
        let (up, down) = (up.min(1e6), down.min(1e6));
        let pieces = rising.chain([(0.0, up + down)]).chain(falling).collect();
        Self {
            low: self.low - down,
            pieces,
        }
    }

    /// Sum with `other`, which covers the same range.
    fn plus(&self, other: &Self, hours: f64) -> Self {
        let (mut a, mut b) = (self.pieces.iter().copied(), other.pieces.iter().copied());
        let (mut x, mut y) = (a.next(), b.next());
        let mut pieces: Vec<(f64, f64)> = Vec::new();
        while let (Some(p), Some(q)) = (x, y) {
            let width = p.1.min(q.1);
            let slope = p.0 + q.0 * hours;
            match pieces.last_mut() {
                Some(last) if last.0 == slope => last.1 += width,
                _ if width > 0.0 => pieces.push((slope, width)),
                _ => {}
            }
            x = if p.1 - width > 1e-12 {
                Some((p.0, p.1 - width))
            } else {
                a.next()
            };
            y = if q.1 - width > 1e-12 {
                Some((q.0, q.1 - width))
            } else {
                b.next()
            };
        }
        Self {
            low: self.low,
            pieces,
        }
    }
}

/// Whether load below the ramped node is held by a charge on it: where supply hangs below
/// the root, taking loads in order of worth alone is not exact. With several ramps that order
/// is used all the same, as an approximation.
fn is_held_by_charge(problem: &Problem<'_>) -> bool {
    problem.inputs.ramps.len() == 1 && problem.market.has_local_supply()
}

/// Worth per hour of drawing p MW below `node` in step `t`.
fn worth(
    problem: &Problem<'_>,
    schedule: &Schedule,
    before: &[RampedLoad],
    node: usize,
    t: usize,
    room: &mut Room,
) -> Worth {
    if is_held_by_charge(problem) {
        problem.lay_out(schedule, t, None, None, &mut room.fixed, &mut room.extra);
        let (low, pieces) =
            problem
                .market
                .worth_of_load(t, &room.fixed, &room.extra, node, &mut room.work);
        let (worth, limit) = (Worth { low, pieces }, problem.inputs.nodes[0].limit[t]);
        return if node == 0 && worth.high() > limit {
            worth.within(f64::NEG_INFINITY, limit.max(low)).0
        } else {
            worth
        };
    }
    let (low, loads) = loads_below(problem, schedule, node, t, room);
    let total: f64 = low + loads.iter().map(|r| r.width).sum::<f64>();
    let supply = supply_for(problem, schedule, before, node, t, total, room);
    let mut pieces = Vec::new();
    let mut costs = supply.into_iter();
    let mut cost = costs.next();
    // Fixed load takes the cheapest supply first.
    let mut skip = low;
    while let Some(step) = &mut cost {
        let part = step.width.min(skip);
        skip -= part;
        step.width -= part;
        if step.width > EPSILON_MW {
            break;
        }
        cost = costs.next();
    }
    for load in loads {
        let mut left = load.width;
        while left > EPSILON_MW {
            let Some(step) = &mut cost else { break };
            let part = left.min(step.width);
            pieces.push((load.slope - step.cost, part));
            left -= part;
            step.width -= part;
            if step.width <= EPSILON_MW {
                cost = costs.next();
            }
        }
    }
    Worth { low, pieces }
}

/// Fixed power below `node`, and its flexible loads by falling slope within the limits below it.
fn loads_below(
    problem: &Problem<'_>,
    schedule: &Schedule,
    node: usize,
    t: usize,
    room: &mut Room,
) -> (f64, Vec<Segment>) {
    problem.lay_out(schedule, t, None, None, &mut room.fixed, &mut room.extra);
    let inside = |n: usize| problem.market.is_below(n, node);
    let low = room
        .fixed
        .iter()
        .enumerate()
        .filter(|(n, _)| inside(*n))
        .map(|(_, mw)| mw)
        .sum();
    let loads = problem
        .market
        .loads_below(t, node, &room.fixed, &room.extra, &mut room.work);
    (low, loads)
}

/// Supply of up to `most` MW that can reach `node` when nothing below it draws, by rising cost.
fn supply_for(
    problem: &Problem<'_>,
    schedule: &Schedule,
    before: &[RampedLoad],
    node: usize,
    t: usize,
    most: f64,
    room: &mut Room,
) -> Vec<CostStep> {
    problem.lay_out(schedule, t, None, None, &mut room.fixed, &mut room.extra);
    fix_held_loads(problem, before, t, room);
    let inside = |n: usize| problem.market.is_below(n, node);
    for (n, mw) in room.fixed.iter_mut().enumerate() {
        if inside(n) {
            *mw = 0.0;
        }
    }
    problem.market.clear_without(
        t,
        &room.fixed,
        &room.extra,
        |s| {
            let node = s.node as usize;
            // Loads held for a ramp are fixed already.
            inside(node) || is_held(problem, before, node)
        },
        &mut room.work,
    );
    let mut steps = Vec::new();
    problem
        .market
        .residual(t, node, most + 1.0, &mut room.work, &mut steps);
    steps
}

/// Clears step `t` with every node whose ramp binds held at its ramped load.
pub(crate) fn clear_at(
    problem: &Problem<'_>,
    schedule: &Schedule,
    ramped_loads: &[RampedLoad],
    t: usize,
    room: &mut Room,
) -> Cleared {
    room.held.clear();
    let unmoved = |r: &RampedLoad| !r.binding || (r.load[t] - r.free[t]).abs() <= MOVED_MW;
    if ramped_loads.iter().all(unmoved) {
        return problem.clear(schedule, t, room);
    }
    problem.lay_out(schedule, t, None, None, &mut room.fixed, &mut room.extra);
    if is_held_by_charge(problem) {
        return problem.market.clear_at_level(
            t,
            &room.fixed,
            &room.extra,
            ramped_loads[0].node,
            ramped_loads[0].load[t],
            &mut room.work,
        );
    }
    let worth = fix_held_loads(problem, ramped_loads, t, room);
    let cleared = problem.market.clear_without(
        t,
        &room.fixed,
        &room.extra,
        |s| is_held(problem, ramped_loads, s.node as usize),
        &mut room.work,
    );
    Cleared {
        value: cleared.value + worth,
        overload: cleared.overload,
    }
}

/// Whether `node` lies below one that is held at its ramped load.
fn is_held(problem: &Problem<'_>, ramped_loads: &[RampedLoad], node: usize) -> bool {
    let mut binding = ramped_loads.iter().filter(|r| r.binding);
    binding.any(|r| problem.market.is_below(node, r.node))
}

/// Segments taken below held nodes by the last [`clear_at`].
pub(crate) fn held(room: &Room) -> &[(Segment, f64)] {
    &room.held
}

/// Fixes the loads below every node whose ramp binds; returns their value, currency per hour.
fn fix_held_loads(
    problem: &Problem<'_>,
    ramped_loads: &[RampedLoad],
    t: usize,
    room: &mut Room,
) -> f64 {
    room.held.clear();
    let mut value = 0.0;
    let (fixed, extra) = (room.fixed.clone(), room.extra.clone());
    for ramped in ramped_loads.iter().filter(|r| r.binding) {
        let inside = |n: usize| problem.market.is_below(n, ramped.node);
        let low: f64 = fixed
            .iter()
            .enumerate()
            .filter(|(n, _)| inside(*n))
            .map(|(_, mw)| mw)
            .sum();
        let mut left = ramped.load[t] - low;
        for load in problem
            .market
            .loads_below(t, ramped.node, &fixed, &extra, &mut room.work)
        {
            let part = load.width.min(left.max(0.0));
            left -= part;
            if part > 0.0 {
                value += part * load.slope;
                room.fixed[load.node as usize] += part;
                room.held.push((load, part));
            }
        }
    }
    value
}

/// The best load over time.
pub(crate) struct Course {
    /// Load per step, MW.
    pub(crate) load: Vec<f64>,
    /// Sum of unavoidable excesses, MW.
    pub(crate) excess: f64,
}

impl Course {
    pub(crate) fn solve(worths: &[Worth], hours: &[f64], ramp: &RampInput) -> Self {
        let mut peaks = Vec::with_capacity(worths.len());
        let mut excess = 0.0;
        let mut reach: Option<Worth> = ramp.initial.map(|p| Worth {
            low: p,
            pieces: Vec::new(),
        });
        for (t, own) in worths.iter().enumerate() {
            let whole = match &reach {
                None => own.clone().scaled(hours[t]),
                Some(previous) => {
                    let spread = previous.spread(ramp.up * hours[t], ramp.down * hours[t]);
                    let (spread, short) = spread.within(own.low, own.high());
                    excess += short;
                    let (own, _) = own.within(spread.low, spread.high());
                    spread.plus(&own, hours[t])
                }
            };
            peaks.push(whole.peak());
            reach = Some(whole);
        }
        let mut load = peaks.clone();
        for t in (0..load.len().saturating_sub(1)).rev() {
            let (up, down) = (ramp.up * hours[t + 1], ramp.down * hours[t + 1]);
            let (low, high) = (load[t + 1] - up, load[t + 1] + down);
            load[t] = peaks[t]
                .clamp(low.min(high), high)
                .clamp(worths[t].low, worths[t].high().max(worths[t].low));
        }
        Self { load, excess }
    }

    /// Multipliers of the ramps, currency per MW, `len == steps + 1`: the marginal worth of
    /// load in a step is the difference of the multipliers before and after it, and the
    /// multiplier of a ramp that does not bind is zero.
    pub(crate) fn multipliers(
        &self,
        worths: &[Worth],
        hours: &[f64],
        ramp: &RampInput,
    ) -> Vec<f64> {
        let n = worths.len();
        let marginal = |t: usize| {
            let (left, right) = worths[t].slopes(self.load[t]);
            (right.max(-1e9) * hours[t], left.min(1e9) * hours[t])
        };
        // Signs that each multiplier may have: only towards the side on which its ramp binds.
        let allowed = |t: usize| {
            let from = if t == 0 {
                ramp.initial
            } else {
                Some(self.load[t - 1])
            };
            let rise = from.map(|f| self.load[t] - f);
            let up = rise.is_some_and(|r| r >= ramp.up * hours[t] - 1e-7);
            let down = rise.is_some_and(|r| -r >= ramp.down * hours[t] - 1e-7);
            (
                if down { f64::NEG_INFINITY } else { 0.0 },
                if up { f64::INFINITY } else { 0.0 },
            )
        };
        let meet = |a: (f64, f64), b: (f64, f64)| {
            let (low, high) = (a.0.max(b.0), a.1.min(b.1));
            // Rounding can part two ranges that touch; the nearest point of `b` serves.
            if low <= high {
                (low, high)
            } else if a.1 < b.0 {
                (b.0, b.0)
            } else {
                (b.1, b.1)
            }
        };
        let mut ranges = vec![(0.0, 0.0); n + 1];
        for t in (0..n).rev() {
            let (low, high) = marginal(t);
            ranges[t] = meet((ranges[t + 1].0 + low, ranges[t + 1].1 + high), allowed(t));
        }
        let nearest = |range: (f64, f64)| 0f64.clamp(range.0, range.1);
        let mut rho = vec![nearest(ranges[0]); n + 1];
        for t in 0..n {
            let (low, high) = marginal(t);
            rho[t + 1] = nearest(meet((rho[t] - high, rho[t] - low), ranges[t + 1]));
        }
        rho[n] = 0.0;
        rho
    }
}

impl Worth {
    /// The same worth times the hours of its step.
    fn scaled(mut self, hours: f64) -> Self {
        self.pieces.iter_mut().for_each(|p| p.0 *= hours);
        self
    }
}

/// Charges on load that make each step's own optimum keep the ramps, from the ramps'
/// multipliers: `(node, currency per MWh per step)`.
pub(crate) fn adders<'a>(
    problem: &Problem<'_>,
    ramped_loads: impl IntoIterator<Item = &'a RampedLoad>,
) -> Vec<(usize, Vec<f64>)> {
    let of = |ramped: &RampedLoad| {
        (0..problem.inputs.steps())
            .map(|t| (ramped.multiplier[t] - ramped.multiplier[t + 1]) / problem.hours[t])
            .collect()
    };
    ramped_loads
        .into_iter()
        .filter(|r| r.binding)
        .map(|r| (r.node, of(r)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worth(low: f64, pieces: &[(f64, f64)]) -> Worth {
        Worth {
            low,
            pieces: pieces.to_vec(),
        }
    }

    #[test]
    fn the_course_climbs_early_for_a_valuable_step() {
        // Worth 10 a MW in step 2 only; losses of 1 a MW before. Ramp 2 MW a step.
        let worths = [
            worth(0.0, &[(-1.0, 10.0)]),
            worth(0.0, &[(-1.0, 10.0)]),
            worth(0.0, &[(10.0, 6.0), (-5.0, 4.0)]),
        ];
        let ramp = RampInput {
            node: 0,
            up: 2.0,
            down: 2.0,
            initial: Some(0.0),
        };
        let course = Course::solve(&worths, &[1.0; 3], &ramp);
        assert_eq!(course.load, [2.0, 4.0, 6.0]);
        let rho = course.multipliers(&worths, &[1.0; 3], &ramp);
        assert!(rho.iter().all(|r| *r >= 0.0) && rho[2] > 0.0, "{rho:?}");
    }

    #[test]
    fn the_course_equals_brute_force() {
        let mut state = 7u64;
        let mut draw = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / f64::from(1u32 << 31)
        };
        for _ in 0..200 {
            let worths: Vec<Worth> = (0..5)
                .map(|_| {
                    let mut slopes: Vec<f64> =
                        (0..3).map(|_| (draw() * 20.0 - 10.0).round()).collect();
                    slopes.sort_by(|a, b| b.total_cmp(a));
                    worth(0.0, &slopes.iter().map(|s| (*s, 2.0)).collect::<Vec<_>>())
                })
                .collect();
            let ramp = RampInput {
                node: 0,
                up: 1.0,
                down: 2.0,
                initial: Some(3.0),
            };
            let value = |load: &[f64]| -> f64 {
                load.iter()
                    .zip(&worths)
                    .map(|(p, w)| {
                        let (mut x, mut sum) = (0.0, 0.0);
                        for (slope, width) in &w.pieces {
                            sum += slope * (p - x).clamp(0.0, *width);
                            x += width;
                        }
                        sum
                    })
                    .sum()
            };
            // Breakpoints and limits are whole numbers, so an optimum is, too.
            let mut best = f64::NEG_INFINITY;
            for code in 0..7u32.pow(5) {
                let load: Vec<f64> = (0..5).map(|i| f64::from(code / 7u32.pow(i) % 7)).collect();
                let from = |t: usize| if t == 0 { 3.0 } else { load[t - 1] };
                if (0..5).all(|t| load[t] - from(t) <= 1.0 && from(t) - load[t] <= 2.0) {
                    best = best.max(value(&load));
                }
            }
            let course = Course::solve(&worths, &[1.0; 5], &ramp);
            assert!(
                (value(&course.load) - best).abs() < 1e-9,
                "{} against {best}",
                value(&course.load)
            );
        }
    }
}

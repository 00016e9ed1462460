//! What a schedule is worth, fast: worths of steps are remembered, and ramps and peaks, which
//! couple steps, are solved only for schedules that could be better than the best so far.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::step::{Corner, NODES_MAX, Parts, Tree, Walk, at_load, cut_at, worth};
use crate::commitment;
use crate::demand::{golden_section, scale_to_charge};
use crate::evaluate::{RAMP_VIOLATION, unserved_constant};
use crate::inputs::{MUST_TAKE_VALUE, PlanInputs};
use crate::market::{EPSILON_MW, Owner, Segment};
use crate::placement::{self, Windows};
use crate::ramp::{Course, Worth};
use crate::schedule::{Problem, Schedule};

/// Whether [`Appraiser`] can value these inputs: at most one ramp, on the whole site, and
/// demand charges on different steps.
pub(super) fn can_value(inputs: &PlanInputs) -> bool {
    let apart = |d: usize, e: usize| {
        inputs.demand[d].end <= inputs.demand[e].first
            || inputs.demand[e].end <= inputs.demand[d].first
    };
    let charges = inputs.demand.len();
    inputs.nodes.len() <= NODES_MAX
        && inputs.ramps.len() <= 1
        && inputs.ramps.iter().all(|r| r.node == 0)
        && (0..charges).all(|d| (0..d).all(|e| apart(d, e)))
}

/// Looked up only, never walked, and hashed alike in every run.
type Memo = HashMap<Box<[u64]>, Step, BuildHasherDefault<WordHasher>>;

/// Hasher of 64-bit words, one multiplication each.
#[derive(Default)]
struct WordHasher(u64);

impl Hasher for WordHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for word in bytes.chunks(8) {
            let mut padded = [0; 8];
            padded[..word.len()].copy_from_slice(word);
            self.write_u64(u64::from_le_bytes(padded));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 32;
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }
}

/// A step with its jobs and blocks decided.
struct Step {
    /// Load and worth per hour of its own optimum.
    load: f64,
    value: f64,
    /// Worth over load, once it was asked for.
    curve: Vec<Corner>,
    /// Worth that comes at any load: lowest settings, less what cannot be carried.
    base: f64,
}

/// Duals of what couples steps, at the best schedule, and its peaks.
#[derive(Debug, Clone, Default)]
pub(super) struct Duals {
    /// Dual of the ramp at each boundary between steps, currency per MW, `len == steps + 1`.
    ramp: Vec<f64>,
    /// Dual of the peak per step, currency per MW.
    peak: Vec<f64>,
    /// Charge on load that both amount to, per step, currency per MWh.
    pub(super) charge: Vec<f64>,
    /// Highest load of each demand charge, MW.
    pub(super) peaks: Vec<f64>,
}

pub(super) struct Appraiser<'p, 'i> {
    pub(super) problem: &'p Problem<'i>,
    windows: &'p Windows,
    tree: Tree,
    /// Loss of a start per pool, block and step.
    losses: Vec<Vec<Vec<f64>>>,
    constant: f64,
    memo: Vec<Memo>,
    walk: Walk,
    parts: Parts,
    key: Vec<u64>,
    /// Per step the key last looked up, with the load and worth found: most schedules
    /// differ from the one before in few steps.
    last: Vec<(Vec<u64>, f64, f64)>,
    extra: Vec<Segment>,
    /// Bids of divisible jobs that the schedule does not hold, per step; empty where none bid.
    pub(super) bids: Vec<Vec<Segment>>,
    /// Steps looked at so far: what the budget counts.
    pub(super) spent: usize,
}

/// Golden-section narrowings of a peak: to test whether a schedule is worth more, and to value
/// one that is.
const ROUGH: usize = 6;
const FINE: usize = 15;

/// Evaluations of single steps that computing a curve counts as.
const CURVE: usize = 20;

impl<'p, 'i> Appraiser<'p, 'i> {
    pub(super) fn new(problem: &'p Problem<'i>, windows: &'p Windows) -> Self {
        let inputs = problem.inputs;
        let losses = (inputs.pools.iter().enumerate())
            .map(|(m, pool)| {
                (0..pool.blocks.len())
                    .map(|b| commitment::start_losses(problem, m, b))
                    .collect()
            })
            .collect();
        Self {
            problem,
            windows,
            tree: Tree::new(inputs),
            losses,
            constant: unserved_constant(inputs),
            memo: (0..inputs.steps()).map(|_| Memo::default()).collect(),
            walk: Walk::default(),
            parts: Parts::default(),
            key: Vec::new(),
            last: vec![(Vec::new(), 0.0, 0.0); inputs.steps()],
            extra: Vec::new(),
            bids: Vec::new(),
            spent: 0,
        }
    }

    /// Loss of block `b` of pool `m` for starting in each step.
    pub(super) fn start_losses(&self, m: usize, b: usize) -> &[f64] {
        &self.losses[m][b]
    }

    /// Lays out step `t`; returns the worth that comes at any load but for overloads.
    fn lay_out(&mut self, schedule: &Schedule, t: usize, bid: Option<Segment>) -> f64 {
        let inputs = self.problem.inputs;
        let Parts {
            fixed,
            loads,
            supplies,
            limit,
        } = &mut self.parts;
        self.problem
            .lay_out(schedule, t, None, None, fixed, &mut self.extra);
        limit.clear();
        limit.extend(inputs.nodes.iter().map(|n| n.limit[t]));
        loads.clear();
        supplies.clear();
        for segment in self.problem.market.of_step(t) {
            match segment.owner {
                Owner::Supply(_) => supplies.push(*segment),
                _ => loads.push(*segment),
            }
        }
        loads.extend_from_slice(&self.extra);
        loads.extend(bid);
        loads.extend(self.bids.get(t).into_iter().flatten());
        loads.sort_by(|a, b| b.slope.total_cmp(&a.slope));
        let lowest = |m: usize| {
            let own = self.problem.setting(m, t, self.problem.awake_hull[m][0]).1;
            own * schedule.awake[m][t] * inputs.pools[m].scale[t]
        };
        (0..inputs.pools.len()).map(lowest).sum()
    }

    /// Sets `key` to what step `t` depends on in the schedule.
    fn note(&mut self, schedule: &Schedule, t: usize) {
        self.key.clear();
        // To a thousandth of a watt.
        let bits = |mw: f64| (mw * 1e9 + 0.5) as u64;
        self.key.extend(schedule.awake.iter().map(|a| bits(a[t])));
        self.key.extend(schedule.job_mw.iter().map(|j| bits(j[t])));
    }

    /// Load and worth per hour of the step's own optimum.
    fn optimum(&mut self, schedule: &Schedule, t: usize) -> (f64, f64) {
        self.note(schedule, t);
        if self.last[t].0 == self.key {
            return (self.last[t].1, self.last[t].2);
        }
        let step = self.step(schedule, t, false);
        let (load, value) = (step.load, step.value);
        let last = &mut self.last[t];
        last.0.clone_from(&self.key);
        (last.1, last.2) = (load, value);
        (load, value)
    }

    /// The step as the schedule leaves it; with its curve where that is asked for.
    fn step(&mut self, schedule: &Schedule, t: usize, curve: bool) -> &Step {
        self.spent += 1;
        self.note(schedule, t);
        let known = self.memo[t].get(&self.key[..]);
        if known.is_none_or(|step| curve && step.curve.is_empty()) {
            let base = self.lay_out(schedule, t, None);
            let limit = self.parts.limit[0];
            let best = self.walk.corner(&self.tree, &self.parts, 0.0);
            let base = base - MUST_TAKE_VALUE * best.overload;
            let mut step = Step {
                load: best.load,
                value: best.value + base,
                curve: Vec::new(),
                base,
            };
            self.spent += 2;
            if curve || best.load > limit + EPSILON_MW {
                self.spent += CURVE;
                step.curve = self.walk.corners(&self.tree, &self.parts);
                if best.load > limit + EPSILON_MW {
                    let held = step.curve[step.curve.len() - 1];
                    (step.load, step.value) = (held.load, held.value + base);
                }
            }
            self.memo[t].insert(self.key.clone().into_boxed_slice(), step);
        }
        &self.memo[t][&self.key[..]]
    }

    /// Worth of step `t` with its load charged, currency.
    pub(super) fn charged(&mut self, schedule: &Schedule, t: usize, charge: f64) -> f64 {
        let hours = self.problem.hours[t];
        if !self.bids.is_empty() {
            self.spent += 2;
            let base = self.lay_out(schedule, t, None);
            let best = self.walk.corner(&self.tree, &self.parts, charge);
            let base = base - MUST_TAKE_VALUE * best.overload;
            if best.load <= self.parts.limit[0] + EPSILON_MW {
                return hours * (best.value - charge * best.load + base);
            }
            self.spent += CURVE;
            let curve = self.walk.corners(&self.tree, &self.parts);
            return hours * (base + best_charged(&curve, charge));
        }
        if charge == 0.0 {
            return hours * self.optimum(schedule, t).1;
        }
        let step = self.step(schedule, t, true);
        hours * (step.base + best_charged(&step.curve, charge))
    }

    /// Worth that does not depend on the steps' markets: work of jobs, starts of blocks.
    fn rest(&self, schedule: &Schedule) -> f64 {
        let mut rest = placement::value(self.problem, schedule, self.windows) - self.constant;
        for (m, pool) in self.problem.inputs.pools.iter().enumerate() {
            for (b, block) in pool.blocks.iter().enumerate() {
                let mut before = block.on;
                for (on, loss) in schedule.on[m][b].iter().zip(&self.losses[m][b]) {
                    if *on && !before {
                        rest -= loss;
                    }
                    before = *on;
                }
            }
        }
        rest
    }

    /// Worth of the schedule if it is above `than`, the worth of a schedule with these `duals`;
    /// else `None`.
    pub(super) fn better(&mut self, schedule: &Schedule, than: f64, duals: &Duals) -> Option<f64> {
        let inputs = self.problem.inputs;
        self.spent += inputs.steps() / 4;
        let rest = self.rest(schedule);
        let mut free = rest;
        let mut kept = true;
        let mut before = inputs.ramps.first().and_then(|r| r.initial);
        for t in 0..inputs.steps() {
            let hours = self.problem.hours[t];
            let (load, value) = self.optimum(schedule, t);
            free += hours * value;
            if let Some(ramp) = inputs.ramps.first() {
                kept &= before.is_none_or(|from| {
                    load - from <= ramp.up * hours + EPSILON_MW
                        && from - load <= ramp.down * hours + EPSILON_MW
                });
                before = Some(load);
            }
            let charged = inputs
                .demand
                .iter()
                .any(|d| (d.first..d.end).contains(&t) && load > d.peak_so_far);
            kept &= !charged;
        }
        if free <= than {
            return None;
        }
        if kept {
            return Some(free);
        }
        if !duals.charge.is_empty() && self.bound_at(schedule, rest, duals) <= than {
            return None;
        }
        let value = rest + self.course(schedule, &duals.peaks, ROUGH).0;
        (value > than).then_some(value)
    }

    /// Lagrangian bound on the schedule's worth at the duals of another one.
    fn bound_at(&mut self, schedule: &Schedule, rest: f64, duals: &Duals) -> f64 {
        let inputs = self.problem.inputs;
        let mut sum = rest;
        for (t, charge) in duals.charge.iter().enumerate() {
            sum += self.charged(schedule, t, *charge);
        }
        if let Some(ramp) = inputs.ramps.first() {
            for (rho, hours) in duals.ramp.iter().zip(&self.problem.hours) {
                let room = if *rho > 0.0 { ramp.up } else { ramp.down };
                sum += rho.abs() * room * hours;
            }
            sum += duals.ramp[0] * ramp.initial.unwrap_or(0.0);
        }
        for demand in &inputs.demand {
            let price: f64 = duals.peak[demand.first..demand.end].iter().sum();
            sum += price * demand.peak_so_far;
        }
        sum
    }

    /// Worth of the steps with ramps kept and the best peaks, and the load that reaches it;
    /// `near` are peaks to begin from, empty for none.
    fn course(&mut self, schedule: &Schedule, near: &[f64], sections: usize) -> (f64, Solved) {
        let steps = self.problem.inputs.steps();
        let mut base = 0.0;
        let curves: Vec<Vec<Corner>> = (0..steps)
            .map(|t| {
                let hours = self.problem.hours[t];
                let step = self.step(schedule, t, true);
                base += hours * step.base;
                step.curve.clone()
            })
            .collect();
        self.spent += steps;
        let (value, solved) = solve(self.problem, &curves, near, sections, &mut self.spent);
        (base + value, solved)
    }

    /// Worth of the schedule, and its duals.
    pub(super) fn duals(&mut self, schedule: &Schedule, near: &[f64]) -> (f64, Duals) {
        let inputs = self.problem.inputs;
        let steps = inputs.steps();
        let rest = self.rest(schedule);
        if inputs.ramps.is_empty() && inputs.demand.is_empty() {
            let free: f64 = (0..steps).map(|t| self.charged(schedule, t, 0.0)).sum();
            return (rest + free, Duals::default());
        }
        let (value, solved) = self.course(schedule, near, FINE);
        let mut duals = Duals {
            ramp: vec![0.0; steps + 1],
            peak: vec![0.0; steps],
            charge: vec![0.0; steps],
            peaks: solved.peaks,
        };
        if let (Some(ramp), Some(course)) = (inputs.ramps.first(), &solved.course) {
            duals.ramp = course.multipliers(&solved.worths, &self.problem.hours, ramp);
        }
        let hours = &self.problem.hours;
        let ramp_charge = |t: usize, duals: &Duals| (duals.ramp[t] - duals.ramp[t + 1]) / hours[t];
        for (demand, peak) in inputs.demand.iter().zip(&duals.peaks.clone()) {
            let range = demand.first..demand.end;
            if *peak <= demand.peak_so_far + EPSILON_MW {
                // The peak so far is not exceeded, so nothing is charged.
                continue;
            }
            for t in range.clone() {
                if solved.load[t] >= peak - 1e-7 {
                    let step = self.step(schedule, t, true);
                    let slope = slope_above(&step.curve, solved.load[t]);
                    duals.peak[t] = ((slope - ramp_charge(t, &duals)) * hours[t]).max(0.0);
                }
            }
            scale_to_charge(&mut duals.peak[range], demand.per_mw);
        }
        for t in 0..steps {
            duals.charge[t] = ramp_charge(t, &duals) + duals.peak[t] / hours[t];
        }
        (rest + value, duals)
    }

    /// Mean power per step, MW, of a load that bids `bids` (currency per MWh, and MW, per step) at
    /// `node`, with everything else of the schedule fixed and peaks at most `peaks`.
    pub(super) fn bid(
        &mut self,
        schedule: &Schedule,
        node: usize,
        bids: &[(f64, f64)],
        peaks: &[f64],
    ) -> Vec<f64> {
        let inputs = self.problem.inputs;
        let mut curves = Vec::with_capacity(bids.len());
        for (t, (slope, width)) in bids.iter().enumerate() {
            let bid = (*width > EPSILON_MW).then_some(Segment {
                slope: *slope,
                width: *width,
                node: node as u32,
                owner: Owner::Job(0),
            });
            self.lay_out(schedule, t, bid);
            self.spent += CURVE;
            let mut curve = self.walk.corners(&self.tree, &self.parts);
            for (demand, peak) in inputs.demand.iter().zip(peaks) {
                if (demand.first..demand.end).contains(&t) {
                    cut_at(&mut curve, *peak);
                }
            }
            curves.push(curve);
        }
        let load = match inputs.ramps.first() {
            Some(ramp) => {
                let worths: Vec<Worth> = curves.iter().map(|c| worth(c)).collect();
                Course::solve(&worths, &self.problem.hours, ramp).load
            }
            None => curves.iter().map(|c| best_corner(c).load).collect(),
        };
        curves
            .iter()
            .zip(load)
            .map(|(curve, load)| at_load(curve, load).bid)
            .collect()
    }
}

/// The best load over time for the steps' worth curves.
struct Solved {
    load: Vec<f64>,
    peaks: Vec<f64>,
    worths: Vec<Worth>,
    course: Option<Course>,
}

/// The best load over time for the steps' worth curves, with the best peaks.
fn solve(
    problem: &Problem<'_>,
    curves: &[Vec<Corner>],
    near: &[f64],
    sections: usize,
    spent: &mut usize,
) -> (f64, Solved) {
    let inputs = problem.inputs;
    let mut peaks: Vec<f64> = vec![f64::INFINITY; inputs.demand.len()];
    if inputs.ramps.is_empty() {
        for (peak, demand) in peaks.iter_mut().zip(&inputs.demand) {
            let range = demand.first..demand.end;
            *peak = best_peak(&curves[range.clone()], &problem.hours[range], demand.per_mw);
            *peak = peak.max(demand.peak_so_far);
        }
        return solve_under(problem, curves, peaks);
    }
    if inputs.demand.is_empty() {
        return solve_under(problem, curves, peaks);
    }
    for (d, demand) in inputs.demand.iter().enumerate() {
        peaks[d] = near
            .get(d)
            .map_or(f64::INFINITY, |p| p.max(demand.peak_so_far));
    }
    let mut best = solve_under(problem, curves, peaks.clone());
    for d in 0..inputs.demand.len() {
        let demand = &inputs.demand[d];
        let range = demand.first..demand.end;
        let highest = curves[range.clone()].iter().map(|c| best_corner(c).load);
        let high = highest.fold(demand.peak_so_far, f64::max);
        let mut trial = best.1.peaks.clone();
        let peak = golden_section(demand.peak_so_far, high, sections, |cap| {
            *spent += curves.len() / 2;
            trial[d] = cap;
            solve_under(problem, curves, trial.clone()).0
        });
        trial[d] = peak;
        let found = solve_under(problem, curves, trial);
        if found.0 > best.0 {
            best = found;
        }
    }
    best
}

/// The best load over time with loads at most `peaks`; the charge on the peaks that it reaches
/// is taken off its worth.
fn solve_under(
    problem: &Problem<'_>,
    curves: &[Vec<Corner>],
    mut peaks: Vec<f64>,
) -> (f64, Solved) {
    let inputs = problem.inputs;
    let cap = |t: usize| {
        inputs
            .demand
            .iter()
            .zip(&peaks)
            .filter(|(d, _)| (d.first..d.end).contains(&t))
            .map(|(_, p)| *p)
            .fold(f64::INFINITY, f64::min)
    };
    let (mut value, mut worths, mut course) = (0.0, Vec::new(), None);
    let load: Vec<f64> = if let Some(ramp) = inputs.ramps.first() {
        worths.extend(curves.iter().enumerate().map(|(t, c)| {
            let (own, cap) = (worth(c), cap(t));
            if cap.is_finite() {
                let low = own.low;
                own.within(f64::NEG_INFINITY, cap.max(low)).0
            } else {
                own
            }
        }));
        let solved = Course::solve(&worths, &problem.hours, ramp);
        value -= RAMP_VIOLATION * solved.excess;
        let load = solved.load.clone();
        course = Some(solved);
        load
    } else {
        let own = |(t, c): (usize, &Vec<Corner>)| best_corner(c).load.min(cap(t).max(c[0].load));
        curves.iter().enumerate().map(own).collect()
    };
    for (t, load) in load.iter().enumerate() {
        value += problem.hours[t] * at_load(&curves[t], *load).value;
    }
    for (peak, demand) in peaks.iter_mut().zip(&inputs.demand) {
        let own = load[demand.first..demand.end].iter().copied();
        *peak = own.fold(demand.peak_so_far, f64::max);
        value -= demand.per_mw * (*peak - demand.peak_so_far);
    }
    let solved = Solved {
        load,
        peaks,
        worths,
        course,
    };
    (value, solved)
}

/// The corner worth most.
fn best_corner(curve: &[Corner]) -> Corner {
    let best = curve.iter().rev();
    let best = best.max_by(|a, b| a.value.total_cmp(&b.value));
    *best.expect("invariant: a curve has a corner")
}

/// Worth of a curve with load charged, currency per hour.
fn best_charged(curve: &[Corner], charge: f64) -> f64 {
    let worths = curve.iter().map(|c| c.value - charge * c.load);
    worths.fold(f64::NEG_INFINITY, f64::max)
}

/// What one MW more than `load` is worth, currency per MWh; 0 at the end of the curve.
fn slope_above(curve: &[Corner], load: f64) -> f64 {
    let next = curve.iter().position(|c| c.load > load + 1e-7);
    next.filter(|n| *n > 0).map_or(0.0, |n| {
        let (a, b) = (curve[n - 1], curve[n]);
        (b.value - a.value) / (b.load - a.load)
    })
}

/// The peak above which one MW more is worth less than `per_mw`, the charge on it.
fn best_peak(curves: &[Vec<Corner>], hours: &[f64], per_mw: f64) -> f64 {
    let mut ends: Vec<f64> = curves.iter().flatten().map(|c| c.load).collect();
    ends.sort_by(|a, b| b.total_cmp(a));
    ends.dedup();
    let least = curves.iter().map(|c| c[0].load).fold(0.0, f64::max);
    let gain = |peak: f64| -> f64 {
        let of = |(curve, hours): (&Vec<Corner>, &f64)| hours * slope_above(curve, peak).max(0.0);
        curves.iter().zip(hours).map(of).sum()
    };
    // Worth of the next MW falls as the peak rises: the lowest end at which it is too small.
    let (mut low, mut high) = (0, ends.len());
    while low + 1 < high {
        let middle = low.midpoint(high);
        if gain(ends[middle]) <= per_mw {
            low = middle;
        } else {
            high = middle;
        }
    }
    ends[low].max(least)
}

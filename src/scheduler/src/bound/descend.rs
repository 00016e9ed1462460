//! Subgradient descent from the best prices met.

use super::{Goal, Prices, Relaxed, Slopes, Steps};
use crate::demand::hold;
use crate::placement::Windows;
use crate::schedule::{Problem, Room};

/// Subgradient steps from the best prices on. Each goes along the mean of the slopes met so
/// far, the latest counting most, and as far as Polyak's rule says for the goal.
pub(super) fn descend(
    problem: &Problem<'_>,
    windows: &Windows,
    steps: &mut Steps<'_>,
    best: &mut (Relaxed, Prices),
    goal: Goal,
    room: &mut Room,
) {
    let mut prices = best.1.clone();
    let mut slopes = best.0.slopes.clone();
    let (mut damping, mut returned, mut bound) = (SHARE, false, best.0.bound);
    let (crowded, mut looked) = (steps.is_crowded(), best.0.bound);
    for evaluation in 1..goal.iterations.max(1) {
        if best.0.bound <= goal.enough + 1e-9 * goal.enough.abs() {
            break;
        }
        if crowded && evaluation % LOOKS == 0 {
            if looked - best.0.bound < MOVES * (looked - goal.target) {
                break;
            }
            looked = best.0.bound;
        }
        step(
            problem,
            &mut prices,
            &slopes,
            damping * (bound - goal.target).max(0.0),
        );
        let relaxed = steps.relax(problem, windows, &prices, room);
        bound = relaxed.bound;
        slopes.blend(&relaxed.slopes);
        if bound < best.0.bound {
            *best = (relaxed, prices.clone());
            damping = (damping * LONGER).min(1.5);
            continue;
        }
        // Overshot: shorter steps from here on, and once from the best prices.
        damping *= SHORTER;
        if damping < SHARE_MIN && returned {
            break;
        }
        if damping < SHARE_MIN {
            (slopes, prices, bound) = (best.0.slopes.clone(), best.1.clone(), best.0.bound);
            (damping, returned) = (5.0 * SHARE_MIN, true);
        }
    }
}

/// Share of Polyak's length of the first step, and of the last: many prices at which loads
/// turn as a whole overshoot with more.
pub(super) const SHARE: f64 = 0.03;
const SHARE_MIN: f64 = 0.001;

/// Evaluations after which a descent among very many jobs, where each is dear, must have
/// closed a share of the gap to go on.
const LOOKS: usize = 6;
const MOVES: f64 = 0.01;

/// By what a step that gained lengthens the next, and one that overshot shortens it.
const LONGER: f64 = 1.5;
const SHORTER: f64 = 0.6;

/// Share of the latest slopes in the direction of a step.
const LATEST: f64 = 0.3;

impl Slopes {
    /// Takes newer slopes into the mean.
    fn blend(&mut self, latest: &Self) {
        let mean = |old: &mut f64, new: &f64| *old += LATEST * (new - *old);
        self.work
            .iter_mut()
            .zip(&latest.work)
            .for_each(|(o, n)| mean(o, n));
        let rows = [
            (&mut self.power, &latest.power),
            (&mut self.jobs, &latest.jobs),
            (&mut self.peak, &latest.peak),
            (&mut self.ramp, &latest.ramp),
        ];
        for (old, new) in rows {
            let pairs = old.iter_mut().flatten().zip(new.iter().flatten());
            pairs.for_each(|(o, n)| mean(o, n));
        }
    }
}

/// A step of Polyak's length for an `excess` of the bound, each kind of price in its own measure.
fn step(problem: &Problem<'_>, prices: &mut Prices, slopes: &Slopes, excess: f64) {
    // Measured per unit of a job's work, so that large and small jobs move alike.
    let scale: Vec<f64> = problem
        .inputs
        .jobs
        .iter()
        .map(|j| 1.0 / j.work.max(1e-9))
        .collect();
    let jobs: f64 = slopes.work.iter().zip(&scale).map(|(g, s)| g * g * s).sum();
    let square = |rows: &[Vec<f64>]| rows.iter().flatten().map(|g| g * g).sum::<f64>();
    let blocks = square(&slopes.power) + square(&slopes.jobs);
    // Peaks and ramps move as much as all else together, whatever their unit.
    let all = if jobs + blocks > 0.0 {
        jobs + blocks
    } else {
        1.0
    };
    let measure = |own: f64| if own > 0.0 { all / own } else { 0.0 };
    let peak = measure(square(&slopes.peak));
    let ramp = measure(square(&slopes.ramp));
    let kinds = 1.0 + if peak > 0.0 { 1.0 } else { 0.0 } + if ramp > 0.0 { 1.0 } else { 0.0 };
    let length = excess / (kinds * all);
    for ((demand, prices), slopes) in
        (problem.inputs.demand.iter().zip(&mut prices.peak)).zip(&slopes.peak)
    {
        for (price, slope) in prices.iter_mut().zip(slopes) {
            *price += length * peak * slope;
        }
        hold(prices, demand.per_mw);
    }
    for (price, slope) in (prices.ramp.iter_mut().flatten()).zip(slopes.ramp.iter().flatten()) {
        let moved = *price + length * ramp * slope;
        // From pricing the rise to pricing the fall only over nothing.
        *price = if *price * moved < 0.0 { 0.0 } else { moved };
    }
    for (j, price) in prices.work.iter_mut().enumerate() {
        *price = (*price + length * slopes.work[j] * scale[j]).max(0.0);
    }
    for (price, slope) in (prices.power.iter_mut().flatten()).zip(slopes.power.iter().flatten()) {
        *price += length * slope;
    }
    for (price, slope) in (prices.jobs.iter_mut().flatten()).zip(slopes.jobs.iter().flatten()) {
        *price += length * slope;
    }
}

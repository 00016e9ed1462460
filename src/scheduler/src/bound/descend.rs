//! Subgradient descent from the best prices met.

use super::{Goal, Prices, Relaxed, Steps, Subgradient};
use crate::demand::scale_to_charge;
use crate::placement::Windows;
use crate::schedule::{Problem, Room};

/// Subgradient steps from the best prices on. Each goes along a mean of the subgradients so
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
    let mut direction = best.0.subgradient.clone();
    let (mut damping, mut returned, mut bound) = (FIRST_STEP, false, best.0.bound);
    let (crowded, mut last_checked) = (steps.is_crowded(), best.0.bound);
    for evaluation in 1..goal.iterations.max(1) {
        if best.0.bound <= goal.enough + 1e-9 * goal.enough.abs() {
            break;
        }
        if crowded && evaluation % PROGRESS_EVERY == 0 {
            if last_checked - best.0.bound < PROGRESS_MIN * (last_checked - goal.target) {
                break;
            }
            last_checked = best.0.bound;
        }
        step(
            problem,
            &mut prices,
            &direction,
            damping * (bound - goal.target).max(0.0),
        );
        let relaxed = steps.relax(problem, windows, &prices, room);
        bound = relaxed.bound;
        direction.blend(&relaxed.subgradient);
        if bound < best.0.bound {
            *best = (relaxed, prices.clone());
            damping = (damping * LONGER).min(1.5);
            continue;
        }
        // Overshot: shorter steps from here on, and once from the best prices.
        damping *= SHORTER;
        if damping < STEP_MIN && returned {
            break;
        }
        if damping < STEP_MIN {
            (direction, prices, bound) = (best.0.subgradient.clone(), best.1.clone(), best.0.bound);
            (damping, returned) = (5.0 * STEP_MIN, true);
        }
    }
}

/// Share of Polyak's length that the first step takes, and the last. Longer ones overshoot:
/// at many prices a large load switches as a whole.
pub(super) const FIRST_STEP: f64 = 0.03;
const STEP_MIN: f64 = 0.001;

/// Among very many jobs an evaluation is slow: a descent goes on only where so many of them
/// closed at least this share of the gap.
const PROGRESS_EVERY: usize = 6;
const PROGRESS_MIN: f64 = 0.01;

/// Factors on the next step's length after one that gained, and after one that overshot.
const LONGER: f64 = 1.5;
const SHORTER: f64 = 0.6;

/// Share of the latest subgradient in the direction of a step.
const LATEST: f64 = 0.3;

impl Subgradient {
    /// Takes the latest subgradient into the mean.
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

/// A step of Polyak's length for an `excess` of the bound over its target; each kind of price
/// has a weight of its own.
fn step(problem: &Problem<'_>, prices: &mut Prices, direction: &Subgradient, excess: f64) {
    // Per unit of a job's work, so that prices of large and small jobs move alike.
    let scale: Vec<f64> = problem
        .inputs
        .jobs
        .iter()
        .map(|j| 1.0 / j.work.max(1e-9))
        .collect();
    let jobs: f64 = direction
        .work
        .iter()
        .zip(&scale)
        .map(|(g, s)| g * g * s)
        .sum();
    let square = |rows: &[Vec<f64>]| rows.iter().flatten().map(|g| g * g).sum::<f64>();
    let blocks = square(&direction.power) + square(&direction.jobs);
    // Peaks and ramps move as much as all else together, whatever their unit.
    let all = if jobs + blocks > 0.0 {
        jobs + blocks
    } else {
        1.0
    };
    let weight = |own: f64| if own > 0.0 { all / own } else { 0.0 };
    let peak = weight(square(&direction.peak));
    let ramp = weight(square(&direction.ramp));
    let kinds = 1.0 + if peak > 0.0 { 1.0 } else { 0.0 } + if ramp > 0.0 { 1.0 } else { 0.0 };
    let length = excess / (kinds * all);
    for ((demand, prices), direction) in
        (problem.inputs.demand.iter().zip(&mut prices.peak)).zip(&direction.peak)
    {
        for (price, slope) in prices.iter_mut().zip(direction) {
            *price += length * peak * slope;
        }
        scale_to_charge(prices, demand.per_mw);
    }
    for (price, slope) in (prices.ramp.iter_mut().flatten()).zip(direction.ramp.iter().flatten()) {
        let moved = *price + length * ramp * slope;
        // Stops at zero between pricing the rise and pricing the fall.
        *price = if *price * moved < 0.0 { 0.0 } else { moved };
    }
    for (j, price) in prices.work.iter_mut().enumerate() {
        *price = (*price + length * direction.work[j] * scale[j]).max(0.0);
    }
    for (price, slope) in (prices.power.iter_mut().flatten()).zip(direction.power.iter().flatten())
    {
        *price += length * slope;
    }
    for (price, slope) in (prices.jobs.iter_mut().flatten()).zip(direction.jobs.iter().flatten()) {
        *price += length * slope;
    }
}

//! Proximal bundle method for the prices of power and ramps.
//!
//! The bound is convex in its prices. Every evaluation gives a cutting plane (a cut), which
//! lies nowhere above it; the highest of the cuts kept is a model of the bound, and the next
//! prices are where the model and a penalty on their distance are least together:
//!
//! ```text
//! min over x of  max_i [ f_i + g_i (x - x_i) ]  +  |x - c|^2 / (2 t)      c: best prices
//! ```
//!
//! Its dual asks for the weights w that minimise `t/2 |sum w_i g_i|^2 + sum w_i e_i`, where the
//! linearisation error `e_i` is by how much cut i lies below the bound at c. Where they predict
//! no gain, no prices near are better. A step that fails adds a cut to the model, while a
//! subgradient step that fails teaches nothing. Prices of peaks are not moved: most are at
//! their lower limit of zero, and cuts there predict gains at negative prices.
//!
//! # Source
//! K. C. Kiwiel, "Proximity control in bundle methods for convex nondifferentiable
//! minimization", Mathematical Programming 46 (1990).

use super::{Goal, Prices, Relaxed, Steps, Subgradient};
use crate::placement::Windows;
use crate::schedule::{Problem, Room};

/// Most cuts kept.
const CUTS_MAX: usize = 24;

/// Share of the predicted gain from which a step is a serious step.
const SERIOUS: f64 = 0.1;

/// Share of the predicted gain from which the next step is longer.
const GOOD: f64 = 0.5;

/// Failed steps in a row after which steps become shorter.
const PATIENCE: usize = 4;

/// Predicted gain that is not worth a step, as a share of the bound's distance to its target.
const PREDICTED_MIN: f64 = 1e-4;

/// Moves of weight between two cuts in one search for the best mix.
const MOVES: usize = 2_000;

/// A cutting plane of the bound.
struct Cut {
    /// Rise of the bound per price, scaled as [`scale`] says.
    slope: Vec<f64>,
    /// Its height where all prices are zero.
    height: f64,
    weight: f64,
}

/// Lowers the bound from the best prices on, jobs buying power.
pub(super) fn descend(
    problem: &Problem<'_>,
    windows: &Windows,
    steps: &mut Steps<'_>,
    best: &mut (Relaxed, Prices),
    goal: Goal,
    room: &mut Room,
) {
    let scale = scale(problem, &best.1);
    let mut centre = flatten(&best.1, &scale);
    let mut cuts = vec![Cut::new(&best.0, &centre, &scale)];
    let mut gram = Gram::default();
    gram.add(&cuts);
    let square = gram.of(0, 0);
    let above = |bound: f64| (bound - goal.target).max(0.0);
    let mut length = super::descend::FIRST_STEP * above(best.0.bound) / square.max(1e-300);
    let mut failed = 0;
    for _ in 1..goal.iterations.max(1) {
        if best.0.bound <= goal.enough + 1e-9 * goal.enough.abs() {
            break;
        }
        let errors: Vec<f64> = cuts
            .iter()
            .map(|cut| (best.0.bound - cut.at(&centre)).max(0.0))
            .collect();
        weigh(&mut cuts, &gram, &errors, length);
        let mut slope = vec![0.0; centre.len()];
        for cut in &cuts {
            add(&mut slope, &cut.slope, cut.weight);
        }
        let error: f64 = cuts.iter().zip(&errors).map(|(p, e)| p.weight * e).sum();
        let predicted = length * dot(&slope, &slope) + error;
        if predicted <= PREDICTED_MIN * above(best.0.bound) {
            break;
        }
        let mut prices = best.1.clone();
        let mut next = centre.clone();
        add(&mut next, &slope, -length);
        unflatten(&next, &scale, &mut prices);
        for (ramp, row) in problem.inputs.ramps.iter().zip(&mut prices.ramp) {
            // An infinite limit has no price.
            let low = if ramp.down.is_finite() { f64::MIN } else { 0.0 };
            let high = if ramp.up.is_finite() { f64::MAX } else { 0.0 };
            row.iter_mut()
                .for_each(|price| *price = price.clamp(low, high));
        }
        let next = flatten(&prices, &scale);
        let relaxed = steps.relax(problem, windows, &prices, room);
        drop_least(&mut cuts, &mut gram);
        cuts.push(Cut::new(&relaxed, &next, &scale));
        gram.add(&cuts);
        let gained = best.0.bound - relaxed.bound;
        if gained >= SERIOUS * predicted {
            if gained >= GOOD * predicted {
                length *= 2.0;
            }
            (*best, centre, failed) = ((relaxed, prices), next, 0);
            continue;
        }
        if gained > 0.0 {
            (*best, centre) = ((relaxed, prices), next);
        }
        failed += 1;
        if failed >= PATIENCE {
            (length, failed) = (0.5 * length, 0);
        }
    }
}

impl Cut {
    fn new(relaxed: &Relaxed, at: &[f64], scale: &[f64]) -> Self {
        let mut slope = flatten_subgradient(&relaxed.subgradient);
        // A subgradient here is a row of constraint violations: the bound falls along it.
        slope
            .iter_mut()
            .zip(scale)
            .for_each(|(s, unit)| *s *= -unit);
        Self {
            height: relaxed.bound - dot(&slope, at),
            slope,
            weight: 0.0,
        }
    }

    fn at(&self, prices: &[f64]) -> f64 {
        self.height + dot(&self.slope, prices)
    }
}

/// Gram matrix: scalar products of the cuts' slopes.
#[derive(Default)]
struct Gram(Vec<Vec<f64>>);

impl Gram {
    fn of(&self, i: usize, j: usize) -> f64 {
        self.0[i.max(j)][i.min(j)]
    }

    /// Adds the products of the last cut.
    fn add(&mut self, cuts: &[Cut]) {
        let last = cuts.last().map_or(&[][..], |cut| &cut.slope);
        self.0
            .push(cuts.iter().map(|p| dot(&p.slope, last)).collect());
    }

    fn remove(&mut self, k: usize) {
        self.0.remove(k);
        self.0[k..].iter_mut().for_each(|row| {
            row.remove(k);
        });
    }
}

/// Makes room for one cut: drops the one of the least weight, of equals the oldest.
fn drop_least(cuts: &mut Vec<Cut>, gram: &mut Gram) {
    if cuts.len() < CUTS_MAX {
        return;
    }
    let least = (0..cuts.len()).min_by(|a, b| cuts[*a].weight.total_cmp(&cuts[*b].weight));
    if let Some(k) = least {
        cuts.remove(k);
        gram.remove(k);
    }
}

/// Finds the weights, non-negative and adding up to one, that minimise
/// `length/2 |sum w g|^2 + sum w e`: weight moves between the two cuts that gain most by it.
fn weigh(cuts: &mut [Cut], gram: &Gram, errors: &[f64], length: f64) {
    let count = cuts.len();
    let sum: f64 = cuts.iter().map(|p| p.weight).sum();
    match sum > 0.0 {
        true => cuts.iter_mut().for_each(|p| p.weight /= sum),
        false => cuts[count - 1].weight = 1.0,
    }
    let mut cost: Vec<f64> = (0..count)
        .map(|i| {
            let mixed: f64 = (0..count).map(|j| gram.of(i, j) * cuts[j].weight).sum();
            length * mixed + errors[i]
        })
        .collect();
    for _ in 0..MOVES {
        let to = (0..count).min_by(|a, b| cost[*a].total_cmp(&cost[*b]));
        let used = (0..count).filter(|i| cuts[*i].weight > 0.0);
        let from = used.max_by(|a, b| cost[*a].total_cmp(&cost[*b]));
        let (Some(to), Some(from)) = (to, from) else {
            return;
        };
        let excess = cost[from] - cost[to];
        if excess <= 1e-9 * cost[from].abs() {
            return;
        }
        let bend = length * (gram.of(to, to) + gram.of(from, from) - 2.0 * gram.of(to, from));
        let moved = (excess / bend.max(1e-300)).min(cuts[from].weight);
        cuts[from].weight -= moved;
        cuts[to].weight += moved;
        for (i, cost) in cost.iter_mut().enumerate() {
            *cost += length * moved * (gram.of(i, to) - gram.of(i, from));
        }
    }
}

/// Unit of each price: one per MWh for power, and as much per MW for ramps.
fn scale(problem: &Problem<'_>, prices: &Prices) -> Vec<f64> {
    let hours = &problem.hours;
    let mut all = Vec::new();
    for row in prices.power.iter().chain(&prices.jobs) {
        all.extend(row.iter().map(|_| 1.0));
    }
    for row in &prices.ramp {
        all.extend((0..row.len()).map(|t| hours[t.min(hours.len() - 1)]));
    }
    all
}

/// Prices in one row, in the order of [`scale`].
fn flatten(prices: &Prices, scale: &[f64]) -> Vec<f64> {
    let rows = [&prices.power, &prices.jobs, &prices.ramp];
    let all = rows.into_iter().flatten().flatten();
    all.zip(scale).map(|(price, unit)| price / unit).collect()
}

fn unflatten(row: &[f64], scale: &[f64], prices: &mut Prices) {
    let rows = [&mut prices.power, &mut prices.jobs, &mut prices.ramp];
    let all = rows.into_iter().flatten().flatten();
    for (price, (value, unit)) in all.zip(row.iter().zip(scale)) {
        *price = value * unit;
    }
}

/// Subgradient in one row, in the order of [`scale`].
fn flatten_subgradient(subgradient: &Subgradient) -> Vec<f64> {
    let rows = [&subgradient.power, &subgradient.jobs, &subgradient.ramp];
    rows.into_iter().flatten().flatten().copied().collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(sum: &mut [f64], row: &[f64], times: f64) {
    sum.iter_mut().zip(row).for_each(|(s, r)| *s += times * r);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cuts(slopes: &[[f64; 2]]) -> (Vec<Cut>, Gram) {
        let (mut cuts, mut gram) = (Vec::new(), Gram::default());
        for slope in slopes {
            cuts.push(Cut {
                slope: slope.to_vec(),
                height: 0.0,
                weight: 0.0,
            });
            gram.add(&cuts);
        }
        (cuts, gram)
    }

    fn assert_weights(cuts: &[Cut], expected: &[f64]) {
        let found: Vec<f64> = cuts.iter().map(|p| p.weight).collect();
        let near = |(f, e): (&f64, &f64)| (f - e).abs() < 1e-6;
        assert!(
            found.iter().zip(expected).all(near),
            "{found:?}, not {expected:?}"
        );
    }

    #[test]
    fn planes_that_meet_in_a_valley_cancel_each_other() {
        let (mut all, gram) = cuts(&[[1.0, 0.0], [-3.0, 0.0], [0.0, 9.0]]);
        weigh(&mut all, &gram, &[0.0; 3], 1.0);
        assert_weights(&all, &[0.75, 0.25, 0.0]);
    }

    #[test]
    fn a_plane_far_below_the_bound_counts_only_for_long_steps() {
        let (mut all, gram) = cuts(&[[1.0, 0.0], [-1.0, 0.0]]);
        weigh(&mut all, &gram, &[0.0, 1.0], 0.1);
        assert_weights(&all, &[1.0, 0.0]);
        weigh(&mut all, &gram, &[0.0, 1.0], 100.0);
        assert_weights(&all, &[0.5025, 0.4975]);
    }

    #[test]
    fn a_plane_that_goes_takes_its_products_along() {
        let (mut all, mut gram) = cuts(&[[1.0, 0.0], [2.0, 1.0], [0.0, 3.0]]);
        all.remove(1);
        gram.remove(1);
        assert_eq!(gram.of(0, 0), 1.0);
        assert_eq!(gram.of(1, 0), 0.0);
        assert_eq!(gram.of(1, 1), 9.0);
    }
}

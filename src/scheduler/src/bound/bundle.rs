//! Proximal bundle method for the prices of power and ramps.
//!
//! The bound is convex in its prices. Every evaluation gives a plane that lies nowhere above
//! it; the highest of the planes kept is a model of it, and the next prices are where model
//! and a penalty on the way there are least together:
//!
//! ```text
//! min over x of  max_i [ f_i + g_i (x - x_i) ]  +  |x - c|^2 / (2 t)      c: best prices
//! ```
//!
//! Its dual asks for the mix of planes that is least in `t/2 |sum w_i g_i|^2 + sum w_i e_i`,
//! `e_i` by how much plane i lies below the bound at c. Where the mix promises nothing, no
//! prices near are better. A step that fails adds a plane to the model, where single
//! subgradient steps learn nothing from it. Prices of peaks stay where the incumbent puts them: most
//! stand at zero, where a plane promises what no price below it can keep.
//!
//! # Source
//! K. C. Kiwiel, "Proximity control in bundle methods for convex nondifferentiable
//! minimization", Mathematical Programming 46 (1990).

use super::{Goal, Prices, Relaxed, Slopes, Steps};
use crate::placement::Windows;
use crate::schedule::{Problem, Room};

/// Planes kept.
const PLANES: usize = 24;

/// Share of the promised gain that moves the centre.
const SERIOUS: f64 = 0.1;

/// Share of the promised gain from which the next step may be longer.
const GOOD: f64 = 0.5;

/// Failed steps in a row after which steps become shorter.
const PATIENCE: usize = 4;

/// Promise, as a share of what the bound lies above its target, that is not worth a step.
const SETTLED: f64 = 1e-4;

/// Moves of weight between two planes in one search for the best mix.
const MOVES: usize = 2_000;

/// A plane below the bound.
struct Plane {
    /// Rise of the bound per price, each in its measure.
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
    let measure = measure(problem, &best.1);
    let mut centre = flat(&best.1, &measure);
    let mut planes = vec![Plane::new(&best.0, &centre, &measure)];
    let mut gram = Gram::default();
    gram.add(&planes);
    let square = gram.of(0, 0);
    let above = |bound: f64| (bound - goal.target).max(0.0);
    let mut length = super::descend::SHARE * above(best.0.bound) / square.max(1e-300);
    let mut failed = 0;
    for _ in 1..goal.iterations.max(1) {
        if best.0.bound <= goal.enough + 1e-9 * goal.enough.abs() {
            break;
        }
        let below: Vec<f64> = planes
            .iter()
            .map(|plane| (best.0.bound - plane.at(&centre)).max(0.0))
            .collect();
        mix(&mut planes, &gram, &below, length);
        let mut slope = vec![0.0; centre.len()];
        for plane in &planes {
            add(&mut slope, &plane.slope, plane.weight);
        }
        let under: f64 = planes.iter().zip(&below).map(|(p, e)| p.weight * e).sum();
        let promised = length * dot(&slope, &slope) + under;
        if promised <= SETTLED * above(best.0.bound) {
            break;
        }
        let mut prices = best.1.clone();
        let mut next = centre.clone();
        add(&mut next, &slope, -length);
        unflatten(&next, &measure, &mut prices);
        for (ramp, row) in problem.inputs.ramps.iter().zip(&mut prices.ramp) {
            // A limit that is none has no price.
            let low = if ramp.down.is_finite() { f64::MIN } else { 0.0 };
            let high = if ramp.up.is_finite() { f64::MAX } else { 0.0 };
            row.iter_mut()
                .for_each(|price| *price = price.clamp(low, high));
        }
        let next = flat(&prices, &measure);
        let relaxed = steps.relax(problem, windows, &prices, room);
        drop_least(&mut planes, &mut gram);
        planes.push(Plane::new(&relaxed, &next, &measure));
        gram.add(&planes);
        let gained = best.0.bound - relaxed.bound;
        if gained >= SERIOUS * promised {
            if gained >= GOOD * promised {
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

impl Plane {
    fn new(relaxed: &Relaxed, at: &[f64], measure: &[f64]) -> Self {
        let mut slope = slopes(&relaxed.slopes);
        // Slopes are constraint violations: the bound falls along them.
        slope.iter_mut().zip(measure).for_each(|(s, m)| *s *= -m);
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

/// Products of the planes' slopes.
#[derive(Default)]
struct Gram(Vec<Vec<f64>>);

impl Gram {
    fn of(&self, i: usize, j: usize) -> f64 {
        self.0[i.max(j)][i.min(j)]
    }

    /// Takes the last of the planes in.
    fn add(&mut self, planes: &[Plane]) {
        let last = planes.last().map_or(&[][..], |plane| &plane.slope);
        self.0
            .push(planes.iter().map(|p| dot(&p.slope, last)).collect());
    }

    fn remove(&mut self, k: usize) {
        self.0.remove(k);
        self.0[k..].iter_mut().for_each(|row| {
            row.remove(k);
        });
    }
}

/// Makes room for one plane: the one that the last mix used least goes, an older one first.
fn drop_least(planes: &mut Vec<Plane>, gram: &mut Gram) {
    if planes.len() < PLANES {
        return;
    }
    let least = (0..planes.len()).min_by(|a, b| planes[*a].weight.total_cmp(&planes[*b].weight));
    if let Some(k) = least {
        planes.remove(k);
        gram.remove(k);
    }
}

/// The weights, none below zero and one in all, that are least in
/// `length/2 |sum w g|^2 + sum w e`: weight moves between the two planes that gain most by it.
fn mix(planes: &mut [Plane], gram: &Gram, below: &[f64], length: f64) {
    let count = planes.len();
    let sum: f64 = planes.iter().map(|p| p.weight).sum();
    match sum > 0.0 {
        true => planes.iter_mut().for_each(|p| p.weight /= sum),
        false => planes[count - 1].weight = 1.0,
    }
    let mut cost: Vec<f64> = (0..count)
        .map(|i| {
            let mixed: f64 = (0..count).map(|j| gram.of(i, j) * planes[j].weight).sum();
            length * mixed + below[i]
        })
        .collect();
    for _ in 0..MOVES {
        let to = (0..count).min_by(|a, b| cost[*a].total_cmp(&cost[*b]));
        let used = (0..count).filter(|i| planes[*i].weight > 0.0);
        let from = used.max_by(|a, b| cost[*a].total_cmp(&cost[*b]));
        let (Some(to), Some(from)) = (to, from) else {
            return;
        };
        let excess = cost[from] - cost[to];
        if excess <= 1e-9 * cost[from].abs() {
            return;
        }
        let bend = length * (gram.of(to, to) + gram.of(from, from) - 2.0 * gram.of(to, from));
        let moved = (excess / bend.max(1e-300)).min(planes[from].weight);
        planes[from].weight -= moved;
        planes[to].weight += moved;
        for (i, cost) in cost.iter_mut().enumerate() {
            *cost += length * moved * (gram.of(i, to) - gram.of(i, from));
        }
    }
}

/// Unit of each price: one per MWh for power, and as much per MW for ramps.
fn measure(problem: &Problem<'_>, prices: &Prices) -> Vec<f64> {
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

/// Prices in one row, in the order of [`measure`].
fn flat(prices: &Prices, measure: &[f64]) -> Vec<f64> {
    let rows = [&prices.power, &prices.jobs, &prices.ramp];
    let all = rows.into_iter().flatten().flatten();
    all.zip(measure).map(|(price, unit)| price / unit).collect()
}

fn unflatten(row: &[f64], measure: &[f64], prices: &mut Prices) {
    let rows = [&mut prices.power, &mut prices.jobs, &mut prices.ramp];
    let all = rows.into_iter().flatten().flatten();
    for (price, (value, unit)) in all.zip(row.iter().zip(measure)) {
        *price = value * unit;
    }
}

/// Slopes in one row, in the order of [`measure`].
fn slopes(slopes: &Slopes) -> Vec<f64> {
    let rows = [&slopes.power, &slopes.jobs, &slopes.ramp];
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

    fn planes(slopes: &[[f64; 2]]) -> (Vec<Plane>, Gram) {
        let (mut planes, mut gram) = (Vec::new(), Gram::default());
        for slope in slopes {
            planes.push(Plane {
                slope: slope.to_vec(),
                height: 0.0,
                weight: 0.0,
            });
            gram.add(&planes);
        }
        (planes, gram)
    }

    fn assert_weights(planes: &[Plane], expected: &[f64]) {
        let found: Vec<f64> = planes.iter().map(|p| p.weight).collect();
        let near = |(f, e): (&f64, &f64)| (f - e).abs() < 1e-6;
        assert!(
            found.iter().zip(expected).all(near),
            "{found:?}, not {expected:?}"
        );
    }

    #[test]
    fn planes_that_meet_in_a_valley_cancel_each_other() {
        let (mut all, gram) = planes(&[[1.0, 0.0], [-3.0, 0.0], [0.0, 9.0]]);
        mix(&mut all, &gram, &[0.0; 3], 1.0);
        assert_weights(&all, &[0.75, 0.25, 0.0]);
    }

    #[test]
    fn a_plane_far_below_the_bound_counts_only_for_long_steps() {
        let (mut all, gram) = planes(&[[1.0, 0.0], [-1.0, 0.0]]);
        mix(&mut all, &gram, &[0.0, 1.0], 0.1);
        assert_weights(&all, &[1.0, 0.0]);
        mix(&mut all, &gram, &[0.0, 1.0], 100.0);
        assert_weights(&all, &[0.5025, 0.4975]);
    }

    #[test]
    fn a_plane_that_goes_takes_its_products_along() {
        let (mut all, mut gram) = planes(&[[1.0, 0.0], [2.0, 1.0], [0.0, 3.0]]);
        all.remove(1);
        gram.remove(1);
        assert_eq!(gram.of(0, 0), 1.0);
        assert_eq!(gram.of(1, 0), 0.0);
        assert_eq!(gram.of(1, 1), 9.0);
    }
}

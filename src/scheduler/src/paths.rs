//! The first step decided on sample paths of what is not known.
//!
//! What can be changed in seconds is recourse: settings of devices, inference above its
//! floor, blocks without shortest times. What cannot is decided in common for all paths:
//! which gangs run in the first step at which size, and which blocks with shortest times
//! are on. The candidates are what the plan on the means does, and what plans of the paths
//! would do; each is fixed on every path, everything after it is planned freely there, and
//! the largest mean wins.
//!
//! Behind the first step every path knows its own future, so the expected value is what
//! perfect foresight from the second step on would earn: it ranks first steps, and is no
//! forecast of earnings.

mod first;
#[cfg(test)]
mod tests;

use crate::evaluate::evaluate;
use crate::inputs::PlanInputs;
use crate::placement::Windows;
use crate::plan::{Budget, Planned, beyond_worth, plan_from};
use crate::schedule::{Problem, Room};

use first::First;

/// First steps that are tried on every path, at most: those of most paths.
const CANDIDATES: usize = 6;

/// Gain over the plan on the means, as a share of its expected value, below which that stands.
const GAIN: f64 = 1e-9;

/// A plan whose first step was decided on paths.
#[derive(Debug, Clone)]
pub struct OnPaths {
    /// The plan on the means with that first step; its bound and asap are those on the means.
    pub planned: Planned,
    /// Value on every path, currency, in the order of the paths.
    pub values: Vec<f64>,
    /// The same with the first step of the plan on the means.
    pub on_means: Vec<f64>,
    /// First steps that were compared.
    pub candidates: usize,
    /// Expected price of one more MWh in the first step at every node, currency.
    pub marginal: Vec<f64>,
}

impl OnPaths {
    /// Mean over the paths, currency.
    pub fn expected(&self) -> f64 {
        mean(&self.values)
    }

    /// Standard deviation over the paths, currency.
    pub fn spread(&self) -> f64 {
        let expected = self.expected();
        let square = self
            .values
            .iter()
            .map(|v| (v - expected).powi(2))
            .sum::<f64>();
        (square / self.values.len() as f64).sqrt()
    }

    /// What the first step gains over that of the plan on the means, currency.
    pub fn gained(&self) -> f64 {
        self.expected() - mean(&self.on_means)
    }
}

/// Decides the first step of `planned`, a plan of `means`, on `paths`: the same site and
/// state, with other forecasts. Same arguments, same answer.
///
/// # Panics
/// Without paths.
pub fn on_paths(means: &PlanInputs, planned: Planned, paths: &[PlanInputs]) -> OnPaths {
    assert!(!paths.is_empty(), "there is a path to plan on");
    let follow = |inputs: &PlanInputs, from: &Planned| {
        plan_from(inputs, Budget::FOLLOW, Some(from.schedule.jobs.clone()))
    };
    let free: Vec<Planned> = paths.iter().map(|path| follow(path, &planned)).collect();
    let candidates = candidates(means, &planned, &free);
    let value = |first: &First, k: usize| {
        let (inputs, constant) = first.fixed(&paths[k]);
        let runs = first.fitting(&inputs, &free[k].schedule.jobs);
        plan_from(&inputs, Budget::FOLLOW, Some(runs)).value() + constant
    };
    let rows: Vec<Vec<f64>> = candidates
        .iter()
        .map(|first| (0..paths.len()).map(|k| value(first, k)).collect())
        .collect();
    let least = GAIN * mean(&rows[0]).abs();
    let best = (1..rows.len())
        .filter(|c| mean(&rows[*c]) > mean(&rows[0]) + least)
        .max_by(|a, b| mean(&rows[*a]).total_cmp(&mean(&rows[*b])).then(b.cmp(a)));
    let nodes = means.nodes.len();
    let marginal = (0..nodes).map(|n| free.iter().map(|p| p.first.marginal[n]).sum::<f64>());
    OnPaths {
        planned: match best {
            Some(c) => kept(means, &planned, &candidates[c]),
            None => planned,
        },
        values: rows[best.unwrap_or(0)].clone(),
        candidates: rows.len(),
        marginal: marginal.map(|sum| sum / free.len() as f64).collect(),
        on_means: rows.into_iter().next().unwrap_or_default(),
    }
}

/// Distinct first steps: that of the plan on the means, then those of most paths.
fn candidates(means: &PlanInputs, planned: &Planned, free: &[Planned]) -> Vec<First> {
    let own = First::of(means, planned);
    let mut counted: Vec<(First, usize)> = Vec::new();
    for first in free.iter().map(|planned| First::of(means, planned)) {
        match counted.iter_mut().find(|(known, _)| *known == first) {
            Some((_, count)) => *count += 1,
            None => counted.push((first, 1)),
        }
    }
    counted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let others = counted.into_iter().map(|(first, _)| first);
    let others = others.filter(|first| *first != own);
    std::iter::once(own.clone())
        .chain(others)
        .take(CANDIDATES)
        .collect()
}

/// The plan on the means with another first step, valued as it is.
fn kept(means: &PlanInputs, planned: &Planned, first: &First) -> Planned {
    let (inputs, _) = first.fixed(means);
    let runs = first.fitting(&inputs, &planned.schedule.jobs);
    let fixed = plan_from(&inputs, Budget::FOLLOW, Some(runs));
    let mut held = means.clone();
    if let Some(caps) = &fixed.caps {
        held.nodes[0].limit.copy_from_slice(caps);
    }
    let (problem, mut room) = (Problem::new(&held), Room::default());
    let mut windows = Windows::new(&problem);
    windows.beyond_worth = beyond_worth(means);
    let evaluated = evaluate(&problem, &fixed.schedule, &windows, &mut room);
    let mut kept = Planned {
        schedule: fixed.schedule,
        evaluated,
        caps: fixed.caps,
        budget: None,
        ..planned.clone()
    };
    kept.first = kept.outcome(means, 0);
    kept
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

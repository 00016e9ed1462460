//! The smallest change that turns a decision, found by planning again.
//!
//! A change is returned only where a plan made with it, by the budget of the plan that is
//! explained, decides otherwise. Where that budget asks for a bound, the change is first looked
//! for without the bound and the stages that need its duals: such a plan decides almost alike
//! for a fraction of the work.

use std::collections::VecDeque;
use std::collections::btree_map::{BTreeMap, Entry};

use super::change::{Subject, moved};
use crate::build::StepPower;
use crate::inputs::PlanInputs;
use crate::plan::{Budget, plan};

/// Width, as a share of the change, to which the smallest change is known.
const TOLERANCE: f64 = 0.03;

/// Most plans by the whole budget that verify a change found by the quick one; two where both
/// agree.
const PROOFS: usize = 8;

/// Plans of changed inputs: what every load draws in the first step.
pub(super) struct Again<'a> {
    /// By the budget of the plan that is explained.
    whole: Plans<'a>,
    /// Without bound, where that budget bounds.
    quick: Option<Plans<'a>>,
}

/// Plans by one budget.
struct Plans<'a> {
    inputs: &'a PlanInputs,
    budget: Budget,
    /// Per subject the changes planned so far, by the bits of their (positive) size, which
    /// rise with it; first down, then up.
    known: BTreeMap<(Subject, bool), BTreeMap<u64, StepPower>>,
    unchanged: Option<StepPower>,
}

/// The changes asked about: `by(x)` for x from nothing to `most`.
#[derive(Clone, Copy)]
pub(super) struct Ray<'b> {
    pub(super) subject: Subject,
    /// Whether the quantity rises.
    pub(super) up: bool,
    /// Change of size x, in the subject's unit and with its sign.
    pub(super) by: &'b dyn Fn(f64) -> f64,
    /// Where the decision is expected to turn.
    pub(super) guess: f64,
    /// Largest change asked about.
    pub(super) most: f64,
    /// Accuracy, in the change's unit; 1 where changes are counted.
    pub(super) grain: f64,
    /// Whether changes are counted in whole numbers.
    pub(super) whole: bool,
    /// Whether it may well not turn at all, so that the largest change is tried first.
    pub(super) doubtful: bool,
}

impl<'a> Again<'a> {
    /// Plans of these inputs by the budget of their plan.
    pub(super) fn new(inputs: &'a PlanInputs, budget: Budget) -> Self {
        let quick = Budget {
            bound: 0,
            asap: false,
            exchanges: 0,
            ..budget
        };
        Self {
            whole: Plans::new(inputs, budget),
            quick: (budget.bound > 0).then(|| Plans::new(inputs, quick)),
        }
    }

    /// Size of the smallest change on the ray for which `turned` holds in the plan by the
    /// whole budget, within [`TOLERANCE`] above it; `None` where none up to its end is found
    /// in `replans` plans.
    ///
    /// Plans jump, so smaller changes that also turn it can hide between two that were tried.
    pub(super) fn smallest(
        &mut self,
        ray: &Ray<'_>,
        replans: usize,
        turned: impl Fn(&StepPower) -> bool,
    ) -> Option<f64> {
        let Some(quick) = &mut self.quick else {
            return self.whole.smallest(ray, replans, &turned);
        };
        let mut ray = *ray;
        // Where the quick plan of the unchanged inputs already decides otherwise, it tells nothing.
        if !turned(quick.unchanged()) {
            ray.guess = quick.smallest(&ray, replans, &turned)?;
            ray.doubtful = false;
        }
        self.whole.smallest(&ray, PROOFS.min(replans), &turned)
    }
}

impl<'a> Plans<'a> {
    fn new(inputs: &'a PlanInputs, budget: Budget) -> Self {
        Self {
            inputs,
            budget,
            known: BTreeMap::new(),
            unchanged: None,
        }
    }

    /// What is drawn when nothing has changed.
    fn unchanged(&mut self) -> &StepPower {
        let made = || plan(self.inputs, self.budget).first.power;
        self.unchanged.get_or_insert_with(made)
    }

    /// [`Again::smallest`] by this budget alone.
    fn smallest(
        &mut self,
        ray: &Ray<'_>,
        replans: usize,
        turned: &impl Fn(&StepPower) -> bool,
    ) -> Option<f64> {
        let mut left = replans;
        let exact = |x: f64| if ray.whole { x.round() } else { x };
        let (mut low, mut high) = (0.0, f64::INFINITY);
        if !ray.whole {
            // Plans made for other loads with changes of the same quantity.
            let known = self.known.get(&(ray.subject, ray.up));
            for (bits, power) in known.into_iter().flatten() {
                let x = f64::from_bits(*bits);
                if turned(power) {
                    high = x;
                    break;
                }
                low = x;
            }
        }
        let most = ray.most.max(ray.grain);
        if ray.doubtful && high.is_infinite() {
            if !turned(self.planned(ray, most, &mut left)?) {
                return None;
            }
            high = most;
        }
        let start = exact(ray.guess.clamp(ray.grain, most));
        // A good guess lies just beside the change that turns the decision.
        let beside = f64::max(ray.grain, 0.9 * TOLERANCE * start);
        let mut near = [start, start - beside, start + beside]
            .map(exact)
            .into_iter()
            .collect::<VecDeque<f64>>();
        while high - low > f64::max(ray.grain, TOLERANCE * high.min(most)) {
            let inside = |x: &f64| *x > low && *x < high && *x <= most;
            near.retain(inside);
            let x = match near.pop_front() {
                Some(x) => x,
                None if high.is_finite() => exact(0.5 * (low + high)),
                None if low >= most => return None,
                None => exact((2.0 * low).min(most)),
            };
            match self.planned(ray, x, &mut left) {
                Some(power) if turned(power) => high = x,
                Some(_) => low = x,
                None => break,
            }
        }
        high.is_finite().then_some(high)
    }

    /// What is drawn once the quantity has moved by `x`; `None` when no plan is left for it.
    fn planned(&mut self, ray: &Ray<'_>, x: f64, left: &mut usize) -> Option<&StepPower> {
        let by = (ray.by)(x);
        let known = self.known.entry((ray.subject, ray.up)).or_default();
        let key = by.abs().to_bits();
        Some(match known.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                *left = left.checked_sub(1)?;
                let changed = moved(self.inputs, ray.subject, by);
                new.insert(plan(&changed, self.budget).first.power)
            }
        })
    }
}

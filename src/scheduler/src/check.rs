//! The plan checker: does a plan keep every constraint of its inputs, and is it worth what it says?
//!
//! Reads the documentation of [`crate::inputs`] anew and adds everything up from each
//! step's powers, so that a mistake of the stages is not made twice. What it shares with
//! them, and would not see a mistake in:
//! - the worth of work left for after the horizon ([`crate::plan::beyond_worth`]), an
//!   estimate and not a constraint;
//! - the penalties of what cannot be kept, and how much of it the plan says there is
//!   ([`crate::evaluate::Evaluated::overload`] and `ramp_excess`): by how much limits are
//!   broken is judged, what the plan takes off its value for that is not.
//!
//! The powers [`check`] judges are the plan's own word for what its decisions draw
//! ([`Planned::outcomes`], by the same clearing of steps as in planning): a mistake there
//! breaks a rule or the value. [`check_steps`] takes powers from anywhere.
//!
//! # Where the inputs leave room
//! - A step of a gang job is its mean over the step. It is the size of a gang, except in
//!   one step, in which the job runs only as long as its work lasts. Where the job
//!   remembers (restart or shortest run), that step is its last.
//! - A run may be shorter than the shortest run where it ends the job's work or its
//!   window; a stretch on or off shorter than the least, where the grid ends.
//! - A start loses its restart time in its first steps; changing size loses nothing.

mod blocks;
pub mod dispatch;
mod jobs;
mod power;
mod reasons;
mod worth;

use std::fmt;

use crate::evaluate::StepOutcome;
use crate::inputs::PlanInputs;
use crate::plan::Planned;

pub use reasons::check_reasons;

/// Power in excess of a limit that is rounding and no violation, MW: one watt.
pub(crate) const TOLERANCE_MW: f64 = 1e-6;

/// Relative error of a value that is rounding.
const TOLERANCE_VALUE: f64 = 1e-9;

/// What a plan breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A power, size or position is no number, or the plan has the wrong shape.
    Shape,
    /// Supply within what is available.
    Supply,
    /// All supply equals all load; MW.
    Balance,
    /// Net import of a node within its limit and what it may export; MW.
    NodeLimit,
    /// Load of the site within the root's limit; MW.
    RootLimit,
    /// A stack's step within its power; MW.
    Tier,
    /// A block draws between its lowest and highest setting while on, nothing while off; MW.
    Setting,
    /// Shortest time on or off; hours.
    MinimumTime,
    /// Starts per day; starts.
    Starts,
    /// A job runs within its window; GPUs.
    Window,
    /// Gangs whole; GPUs.
    Gang,
    /// No more work than there is; GPU-hours.
    Work,
    /// Shortest run; hours.
    MinimumRun,
    /// What a job waits for is done; GPUs.
    Dependency,
    /// Ramps; MW.
    Ramp,
    /// The value is what the plan says; currency.
    Value,
    /// A reason's figures are those of the step ([`check_reasons`]).
    Reason,
}

/// One broken rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// Node, supply, stack, pool or job, and block or tier.
    pub what: String,
    /// Step, where one can be named.
    pub step: Option<usize>,
    /// By how much, in the rule's unit; positive.
    pub amount: f64,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {}", self.rule, self.what)?;
        if let Some(step) = self.step {
            write!(f, " in step {step}")?;
        }
        write!(f, " by {:.9}", self.amount)
    }
}

/// Everything the plan breaks, in the order of [`Rule`]; empty when it can be dispatched.
///
/// A plan of inputs that no plan can keep (see [`crate::evaluate::Evaluated::overload`]
/// and `ramp_excess`) is reported too: it says by how much it violates, and so does this.
pub fn check(inputs: &PlanInputs, planned: &Planned) -> Vec<Violation> {
    check_steps(inputs, planned, &planned.outcomes(inputs))
}

/// [`check`] of given powers: `steps` is what every load and supply of the plan is to draw
/// and deliver in each step, wherever it was computed.
pub fn check_steps(
    inputs: &PlanInputs,
    planned: &Planned,
    steps: &[StepOutcome],
) -> Vec<Violation> {
    let claim = Claim {
        inputs,
        steps,
        on: &planned.schedule.on,
        beyond: &planned.schedule.beyond,
        overload: planned.evaluated.overload,
        ramp_excess: planned.evaluated.ramp_excess,
        value: planned.value(),
    };
    claim.check()
}

/// A plan as the checker sees it: what every load draws, and what it claims to be worth.
struct Claim<'a> {
    inputs: &'a PlanInputs,
    steps: &'a [StepOutcome],
    on: &'a [Vec<Vec<bool>>],
    beyond: &'a [f64],
    overload: f64,
    ramp_excess: f64,
    value: f64,
}

impl Claim<'_> {
    fn check(&self) -> Vec<Violation> {
        let mut found = Found::default();
        if self.has_shape(&mut found) {
            power::check(self, &mut found);
            blocks::check(self, &mut found);
            jobs::check(self, &mut found);
            worth::check(self, &mut found);
        }
        found.0.sort_by(|a, b| {
            a.rule
                .cmp(&b.rule)
                .then(a.step.cmp(&b.step))
                .then_with(|| a.what.cmp(&b.what))
        });
        found.0
    }

    /// Whether every vector has the length the inputs ask for, and every power is a number.
    fn has_shape(&self, found: &mut Found) -> bool {
        let inputs = self.inputs;
        let per_step = |s: &StepOutcome| {
            s.supply.len() == inputs.supplies.len()
                && s.tiers.len() == inputs.stacks.len()
                && s.tiers
                    .iter()
                    .zip(&inputs.stacks)
                    .all(|(served, stack)| served.len() == stack.tiers.len())
                && s.power.blocks.len() == inputs.pools.len()
                && s.power
                    .blocks
                    .iter()
                    .zip(&inputs.pools)
                    .all(|(drawn, pool)| drawn.len() == pool.blocks.len())
                && s.power.jobs.len() == inputs.jobs.len()
                && s.supply
                    .iter()
                    .chain(s.tiers.iter().flatten())
                    .chain(s.power.blocks.iter().flatten())
                    .chain(&s.power.jobs)
                    .all(|p| p.is_finite())
        };
        let on = self.on.len() == inputs.pools.len()
            && self.on.iter().zip(&inputs.pools).all(|(on, pool)| {
                on.len() == pool.blocks.len() && on.iter().all(|path| path.len() == inputs.steps())
            });
        let whole =
            self.steps.len() == inputs.steps() && on && self.beyond.len() == inputs.jobs.len();
        match self.steps.iter().position(|s| !per_step(s)) {
            None if whole && self.value.is_finite() => true,
            step => {
                found.add(Rule::Shape, "plan", step, f64::INFINITY);
                false
            }
        }
    }

    fn hours(&self, t: usize) -> f64 {
        (self.inputs.grid.end_s(t) - self.inputs.grid.start_s(t)) as f64 / 3600.0
    }

    /// Facility MW of `gpus` of job `j` in step `t`.
    fn job_mw(&self, j: usize, t: usize) -> f64 {
        let job = &self.inputs.jobs[j];
        self.steps[t].power.jobs[j] * job.gpu_mw * self.inputs.nodes[job.node].factor[t]
    }
}

/// Violations found so far.
#[derive(Default)]
struct Found(Vec<Violation>);

impl Found {
    fn add(&mut self, rule: Rule, what: impl Into<String>, step: Option<usize>, amount: f64) {
        self.0.push(Violation {
            rule,
            what: what.into(),
            step,
            amount,
        });
    }

    /// Notes what `amount` exceeds `limit` by.
    fn at_most(&mut self, rule: Rule, what: &str, t: usize, amount: f64, limit: f64) {
        if amount > limit + TOLERANCE_MW {
            self.add(rule, what, Some(t), amount - limit);
        }
    }
}

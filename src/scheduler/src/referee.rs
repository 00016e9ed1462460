//! Referee: the planning problem as one mixed-integer program, solved by HiGHS.
//!
//! For tests and small instances; the planner is held against it. The program is that of
//! [`crate::inputs`], written out:
//!
//! # Sets
//! steps t of h(t) hours · nodes n, D(n) what lies below n · supplies s · tiers (i, k) ·
//! blocks b of pools, with the steps of their awake hull · jobs j, gang sizes G(k).
//!
//! # Variables
//! - g(s,t) in [0, available]; y(i,k,t) in [0, MW]: supply and served tiers, MW.
//! - on(b,t) binary; up(b,t), down(b,t): switched on or off at the start of t;
//!   q(b,k,t) in [0, width]: power above the lowest setting, MW.
//! - x(j,t): mean GPUs; z(j,k,t) binary: gang k runs; a(j,k,t): it started at t;
//!   cut(j,t): GPUs by which the mean falls short of the gang in the step that ends the work;
//!   c(j,t) binary: the work ends in t; later(j): work left for after the horizon, GPU-hours.
//! - peak(d): highest step of a demand charge, MW; load(n,t) of ramped nodes, MW.
//!
//! # Maximise
//! sum of h(t) [ value y - penalty MW - cost g - training adder x + revenue of blocks ]
//! \- start losses up - demand charges (peak - peak so far)
//! \+ value of work (h x - restart a) - unmet penalties + worth of later.
//!
//! # Subject to
//! - balance: sum g = all load; root's load within its limit; for n below the root
//!   -export <= load of D(n) - supply of D(n) <= limit.
//! - q <= width on; on(t) - on(t-1) = up - down; sum of up over the least time on <= on;
//!   sum of down over the least time off <= 1 - on; sum of up in a day <= starts left;
//!   on fixed while the state before the first step holds it.
//! - x = sum G z - cut, sum z <= 1; cut <= G c; work of all steps >= work c; nothing runs
//!   after c where the job remembers or others wait for it; a <= z, a <= 1 - sum z(t-1),
//!   a >= z - sum z(t-1); within the shortest run after a start: sum z >= start - c before;
//!   work + later <= work there is; those that wait: x <= max c before.
//! - load(t) - load(t-1) within [-down h(t), up h(t)]; peak >= sum g in its steps.
//!
//! Where no plan keeps these, the same program is solved with slacks at the planner's
//! penalties: infeasible is an answer.
//!
//! Shared with the planner, so that the comparison cannot see a mistake in it: the inputs
//! with `crate::inputs::JobInput::value_in`, the penalties of the slacks, and the worth of
//! work left for after the horizon ([`crate::plan::beyond_worth`]), which is a coefficient
//! here as there. Windows, gangs, restarts, runs, dependencies, blocks and limits are
//! written anew. The planner's schedule and arithmetic come in only after the solution, to
//! hand it on as a plan and to value it a second time ([`Refereed::evaluated`]).
//!
//! A divisible job remembers nothing: its restart and shortest run are ignored, which
//! only raises the optimum.

mod blocks;
mod jobs;
mod model;
mod solver;

use crate::evaluate::{Evaluated, evaluate, outcome};
use crate::inputs::PlanInputs;
use crate::placement::{Windows, insert_job};
use crate::plan::{Planned, beyond_worth, under_caps};
use crate::schedule::{Problem, Room, Run, Schedule};

use blocks::Blocks;
use jobs::Jobs;
use model::Model;

/// How long and how closely to solve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Seconds after which the best solution so far is taken.
    pub time_limit: f64,
    /// Relative gap between solution and bound at which to stop.
    pub gap: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            time_limit: 60.0,
            gap: 1e-6,
        }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// No plan keeps all limits.
    #[error("no plan keeps all limits of these inputs")]
    Infeasible,
    /// The time limit passed before the first solution.
    #[error(
        "the referee found no solution within its time limit of {0} s; give it more time or a smaller problem"
    )]
    OutOfTime(f64),
    /// HiGHS ended without a solution for another reason, in its own words.
    #[error("the referee found no solution: {0}")]
    NoSolution(String),
}

/// The optimum, as far as it was found.
#[derive(Debug, Clone)]
pub struct Refereed {
    /// Value of the best solution, currency.
    pub value: f64,
    /// No solution is worth more, within the solver's tolerances.
    pub bound: f64,
    /// Whether limits had to be exceeded.
    pub relaxed: bool,
    /// The jobs and blocks of the best solution.
    pub schedule: Schedule,
    /// The root's load per step at its peaks' most, MW; `None` without demand charges.
    pub caps: Option<Vec<f64>>,
}

/// The root's limit, and no more than the peak where one is charged.
fn caps(inputs: &PlanInputs, peaks: &[f64]) -> Option<Vec<f64>> {
    let mut caps = (!peaks.is_empty()).then(|| inputs.nodes[0].limit.clone())?;
    for (demand, peak) in inputs.demand.iter().zip(peaks) {
        for cap in &mut caps[demand.first..demand.end] {
            *cap = cap.min(peak + CAP_ROOM);
        }
    }
    Some(caps)
}

/// Room above a peak for what the solver's own tolerance lets pass, MW.
const CAP_ROOM: f64 = 1e-6;

/// Solves the program of `inputs`; with slacks only where no plan keeps all limits.
///
/// # Errors
/// [`Error::OutOfTime`] when the time limit passes before the first solution,
/// [`Error::NoSolution`] when the solver fails.
pub fn solve(inputs: &PlanInputs, settings: Settings) -> Result<Refereed, Error> {
    match solve_with(inputs, settings, false) {
        Err(Error::Infeasible) => solve_with(inputs, settings, true),
        solved => solved,
    }
}

fn solve_with(inputs: &PlanInputs, settings: Settings, slack: bool) -> Result<Refereed, Error> {
    let worth = beyond_worth(inputs);
    let mut model = Model::new(inputs, slack);
    let blocks = Blocks::add(&mut model);
    let jobs = Jobs::add(&mut model, &worth);
    model.couple();
    let peaks = std::mem::take(&mut model.peaks);
    let solution = solver::solve(model.problem, settings)?;
    let peaks: Vec<f64> = (peaks.iter())
        .map(|peak| solution.columns[peak.index()])
        .collect();
    let problem = Problem::new(inputs);
    let mut schedule = problem.empty_schedule();
    schedule.relaxed = false;
    for (m, paths) in blocks.read(&solution.columns).into_iter().enumerate() {
        paths
            .into_iter()
            .enumerate()
            .for_each(|(b, path)| problem.set_path(&mut schedule, m, b, path));
    }
    for (j, (runs, later)) in jobs.read(&solution.columns).into_iter().enumerate() {
        let runs: Vec<Run> = runs
            .into_iter()
            .map(|(t, gpus)| Run {
                step: t as u32,
                gpus,
            })
            .collect();
        insert_job(&problem, &mut schedule, j, runs);
        schedule.beyond[j] = later;
    }
    Ok(Refereed {
        value: solution.value,
        bound: solution.bound,
        relaxed: slack,
        schedule,
        caps: caps(inputs, &peaks),
    })
}

impl Refereed {
    /// What the planner's own arithmetic makes of these jobs and blocks.
    pub fn evaluated(&self, inputs: &PlanInputs) -> Evaluated {
        let held = under_caps(inputs, self.caps.as_deref());
        let problem = Problem::new(&held);
        let mut windows = Windows::new(&problem);
        windows.beyond_worth = beyond_worth(inputs);
        evaluate(&problem, &self.schedule, &windows, &mut Room::default())
    }

    /// The same as a plan, with the solver's bound.
    pub fn into_planned(self, inputs: &PlanInputs) -> Planned {
        let evaluated = self.evaluated(inputs);
        let held = under_caps(inputs, self.caps.as_deref());
        let first = outcome(
            &Problem::new(&held),
            &self.schedule,
            &evaluated.ramped_loads,
            0,
            &mut Room::default(),
        );
        let bound = self.bound.max(evaluated.value);
        Planned {
            schedule: self.schedule,
            evaluated,
            bound,
            asap: f64::NEG_INFINITY,
            first,
            caps: self.caps,
            prices: None,
            budget: None,
        }
    }
}

//! A plan at once, and better ones until told to stop.
//!
//! The best value and the best bound met are kept, whichever stage found them: more work
//! never gives a worse plan or a looser bound. How long a stage may take is for the caller
//! to watch, since nothing here knows a clock.

#[cfg(test)]
mod tests;

use crate::inputs::PlanInputs;
use crate::plan::{Budget, Planned, WarmStart, plan, plan_from};
use crate::polish::keeps_job_rules;
use crate::schedule::Problem;

/// Stages after which no more is sought: the last takes eight times a study's work, all together some thirty times.
const STAGES: u32 = 7;

/// Gap, as a share of the value, that is rounding.
const CLOSED: f64 = 1e-9;

/// Stages in a row that may gain nothing: meanwhile the budget doubles twice.
///
/// # Source
/// Six plans of `quickstart`: in three of them better by 0.5 to 2 USD than with two stages, for
/// twice the time.
const IDLE: u32 = 4;

/// The first plan: one sweep and one round, since it is waited for whatever time there is.
const AT_ONCE: Budget = Budget {
    smoothing: &[0.05],
    rounds: 1,
    bound: 1,
    asap: true,
    ..Budget::LOOP
};

/// Plans until `go_on` says no, which is asked with the best plan after every stage, or
/// until nothing more is gained. Every plan carries its certificate. Same inputs and same
/// number of stages, same plan.
pub fn plan_until(inputs: &PlanInputs, go_on: &mut dyn FnMut(&Planned) -> bool) -> Planned {
    let mut best = Planned {
        budget: None,
        ..plan(inputs, AT_ONCE)
    };
    let problem = Problem::new(inputs);
    let mut idle = 0;
    for stage in 0..STAGES {
        let left = best.bound - best.value();
        if idle == IDLE || left <= CLOSED * best.value().abs() || !go_on(&best) {
            break;
        }
        let start = WarmStart {
            // In turn from nothing and from the best plan's runs.
            runs: (stage % 2 == 1).then(|| best.schedule.jobs.clone()),
            // The first of these is exactly a study.
            prices: best.prices.clone().filter(|_| stage > 0),
            ..WarmStart::default()
        };
        let gained = keep(&problem, &mut best, plan_from(inputs, budget(stage), start));
        idle = if gained { 0 } else { idle + 1 };
    }
    best
}

/// A study's, twice as much of it in every second stage.
fn budget(stage: u32) -> Budget {
    let times = 1 << stage.div_ceil(2);
    Budget {
        rounds: Budget::STUDY.rounds * times,
        bound: Budget::STUDY.bound * times,
        gap: 0.0,
        polish: Budget::STUDY.polish * times,
        exchanges: Budget::STUDY.exchanges * times,
        ..Budget::STUDY
    }
}

/// Takes over what is better; returns whether anything was.
fn keep(problem: &Problem<'_>, best: &mut Planned, next: Planned) -> bool {
    let tighter = next.bound < best.bound;
    let (bound, prices) = match tighter {
        true => (next.bound, next.prices.clone()),
        false => (best.bound, best.prices.clone()),
    };
    // A job that may not stop yet goes on, whatever stopping it would earn.
    let goes_on = |planned: &Planned| keeps_job_rules(problem, &planned.schedule);
    let better = next.value() > best.value() && (goes_on(&next) || !goes_on(best));
    if better {
        let asap = best.asap;
        *best = Planned {
            asap,
            budget: None,
            ..next
        };
    }
    (best.bound, best.prices) = (bound, prices);
    tighter || better
}

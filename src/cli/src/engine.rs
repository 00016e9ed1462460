//! The two ways to solve a plan's inputs.

use std::panic;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use swingload_model::plan as model;
use swingload_scheduler::anytime::plan_until;
use swingload_scheduler::inputs::PlanInputs;
use swingload_scheduler::plan::{Budget, Planned, plan};

use crate::args::{Engine, Plan};
use crate::failure::Failure;

impl From<Engine> for model::Engine {
    fn from(engine: Engine) -> Self {
        match engine {
            Engine::Fast => Self::Fast,
            Engine::Referee => Self::Referee,
        }
    }
}

/// The plan with its certificate, and what must be said about how it was made.
pub(crate) fn solve(
    engine: Engine,
    inputs: &PlanInputs,
) -> Result<(Planned, Option<String>), Failure> {
    match engine {
        Engine::Fast => Ok((plan(inputs, Budget::STUDY), None)),
        Engine::Referee => referee(inputs),
    }
}

/// Longest search, in seconds.
const SECONDS_MAX: f64 = 86_400.0;

/// The best plan and bound found in so many seconds, and what must be said of the search.
///
/// The search runs beside and hands over what is best before each of its rounds; a round
/// that the deadline finds under way is left behind. The plan found at once is waited for.
pub(crate) fn within(seconds: f64, inputs: &PlanInputs) -> (Planned, String) {
    let (begun, most) = (Instant::now(), Duration::from_secs_f64(seconds));
    let (hand_over, handed) = mpsc::channel();
    let inputs = inputs.clone();
    let search = thread::spawn(move || {
        let mut cut = false;
        let best = plan_until(&inputs, &mut |best: &Planned| {
            cut = hand_over.send(best.clone()).is_err() || begun.elapsed() >= most;
            !cut
        });
        (best, cut)
    });
    let mut handed_over = handed.recv().ok();
    let mut rounds = 0;
    let left = || most.saturating_sub(begun.elapsed());
    while let Some(best) = &mut handed_over {
        match handed.recv_timeout(left()) {
            Ok(better) => (*best, rounds) = (better, rounds + 1),
            Err(RecvTimeoutError::Disconnected) => handed_over = None,
            Err(RecvTimeoutError::Timeout) => break,
        }
    }
    let (best, cut) = match handed_over {
        Some(best) => (best, true),
        // The search is over, or has met a defect of its own.
        None => search
            .join()
            .unwrap_or_else(|defect| panic::resume_unwind(defect)),
    };
    let said = match cut {
        true => format!(
            "The plan found at once, and {rounds} rounds of search for a better one that ended \
             within {seconds} s; how many do depends on the machine."
        ),
        false => "The search for a better plan ended by itself; the certificate says what it \
                  left open."
            .to_owned(),
    };
    (best, said)
}

/// Refuses effort that cannot be spent.
pub(crate) fn check_effort(args: &Plan) -> Result<(), Failure> {
    let refuse = |flag: String, problem: &str, help: &str, next: &str| {
        Err(Failure::input(flag, problem, help, next))
    };
    let Some(seconds) = args.seconds else {
        return Ok(());
    };
    let flag = format!("--seconds = {seconds}");
    if !(0.0..=SECONDS_MAX).contains(&seconds) {
        return refuse(
            flag,
            "is no time to search for",
            "give 0 (the plan found at once) to 86400 seconds",
            "swingload plan SCENARIO --seconds 10",
        );
    }
    if args.engine == Engine::Referee {
        return refuse(
            flag,
            "the referee has its own time limit",
            "leave it out, or let the fast engine plan",
            "swingload plan SCENARIO --engine fast --seconds 10",
        );
    }
    if args.flips > 0 {
        return refuse(
            flag,
            "what would turn a decision is found by planning again as a study does, which a \
             longer search is not",
            "leave out --seconds or --flips",
            "swingload plan SCENARIO --flips 3",
        );
    }
    Ok(())
}

/// Refuses before any work what this program cannot do.
pub(crate) fn check(engine: Engine, flips: usize) -> Result<(), Failure> {
    if engine == Engine::Referee && flips > 0 {
        return Err(Failure::input(
            format!("--flips = {flips}"),
            "what would turn a decision is found by planning again, which the referee is too \
             slow for",
            "leave it out, or let the fast engine plan",
            "swingload plan SCENARIO --engine fast --flips 3",
        ));
    }
    if engine == Engine::Referee && !cfg!(feature = "highs") {
        return Err(Failure::input(
            "--engine = referee",
            "this program was built without the referee",
            "build it in; it needs cmake, a C++ compiler and libclang",
            "cargo build --release -p swingload-cli --features highs",
        ));
    }
    Ok(())
}

#[cfg(not(feature = "highs"))]
fn referee(_: &PlanInputs) -> Result<(Planned, Option<String>), Failure> {
    Err(check(Engine::Referee, 0).expect_err("invariant: it is not built in"))
}

/// Decisions above which the referee has no chance: the binaries of blocks and gangs.
#[cfg(feature = "highs")]
const DECISIONS_MAX: usize = 200_000;

#[cfg(feature = "highs")]
fn referee(inputs: &PlanInputs) -> Result<(Planned, Option<String>), Failure> {
    use swingload_scheduler::referee::{Error, Settings, solve};

    let smaller = "make it smaller with --set (planning.horizon, fewer jobs), or use --engine fast";
    let refuse = |problem: String| {
        let next = "swingload plan SCENARIO --engine fast";
        Failure::input("--engine = referee", problem, smaller, next)
    };
    let decisions = decisions(inputs);
    if decisions > DECISIONS_MAX {
        return Err(refuse(format!(
            "the referee is for small instances: this one has {decisions} yes-or-no decisions, \
             and it takes {DECISIONS_MAX}"
        )));
    }
    let settings = Settings::default();
    let solved = solve(inputs, settings).map_err(|error| match error {
        Error::OutOfTime(_) => refuse(error.to_string()),
        Error::Infeasible | Error::NoSolution(_) => Failure::Other {
            problem: error.to_string(),
            help: "report it with the scenario and the command line; --engine fast plans it".into(),
        },
    })?;
    let open = solved.bound - solved.value > 2.0 * settings.gap * solved.value.abs();
    let mut notes = Vec::new();
    if open {
        notes.push(format!(
            "The referee stopped at its limit of {} s before it could prove its plan the best: \
             the bound holds, the gap is what was left open, and another run may differ.",
            settings.time_limit
        ));
    }
    if solved.relaxed {
        notes.push("No plan keeps all limits; this one exceeds them least.".to_owned());
    }
    let zero = Budget {
        bound: 0,
        ..Budget::STUDY
    };
    let planned = Planned {
        // The zero of the scale is the planner's rule, whoever plans.
        asap: plan(inputs, zero).asap,
        ..solved.into_planned(inputs)
    };
    Ok((planned, (!notes.is_empty()).then(|| notes.join(" "))))
}

/// Yes-or-no decisions: a block on or off, a gang at a size, in each step.
#[cfg(feature = "highs")]
fn decisions(inputs: &PlanInputs) -> usize {
    use swingload_scheduler::inputs::Gangs;
    let blocks: usize = inputs.pools.iter().map(|pool| pool.blocks.len()).sum();
    let gangs = inputs.jobs.iter().map(|job| {
        let sizes = match &job.gangs {
            Gangs::Divisible(_) => 0,
            Gangs::Sizes(sizes) => sizes.len(),
        };
        sizes * (job.end - job.first)
    });
    blocks * inputs.steps() + gangs.sum::<usize>()
}

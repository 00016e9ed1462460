//! HiGHS on its one thread.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, OnceLock};
use std::thread;

use highs::{HighsModelStatus, HighsSolutionStatus, RowProblem, Sense};

use super::{Error, Settings};

/// What the solver found.
pub(super) struct Solution {
    pub(super) value: f64,
    pub(super) bound: f64,
    pub(super) columns: Vec<f64>,
}

type Task = (RowProblem, Settings, Sender<Result<Solution, Error>>);

/// HiGHS 1.15 resets a global scheduler whenever a model is dropped, which is not safe
/// beside another solve: all models live and die on one thread.
fn worker() -> &'static Mutex<Sender<Task>> {
    static WORKER: OnceLock<Mutex<Sender<Task>>> = OnceLock::new();
    WORKER.get_or_init(|| {
        let (sender, tasks) = channel();
        thread::spawn(move || serve(&tasks));
        Mutex::new(sender)
    })
}

fn serve(tasks: &Receiver<Task>) {
    for (problem, settings, answer) in tasks {
        // Whoever asked may have gone.
        let _ = answer.send(run(problem, settings));
    }
}

/// Maximises `problem`.
pub(super) fn solve(problem: RowProblem, settings: Settings) -> Result<Solution, Error> {
    let (sender, answer) = channel();
    let gone = || Error::NoSolution("the solver's thread ended".into());
    worker()
        .lock()
        .map_err(|_| gone())?
        .send((problem, settings, sender))
        .map_err(|_| gone())?;
    answer.recv().map_err(|_| gone())?
}

fn run(problem: RowProblem, settings: Settings) -> Result<Solution, Error> {
    let mut model = problem
        .try_optimise(Sense::Maximise)
        .map_err(|s| Error::NoSolution(format!("{s:?}")))?;
    model.make_quiet();
    model.set_option("threads", 1);
    model.set_option("parallel", c"off");
    model.set_option("random_seed", 1);
    model.set_option("time_limit", settings.time_limit);
    model.set_option("mip_rel_gap", settings.gap);
    model.set_option("mip_abs_gap", 1e-9);
    model.set_option("mip_feasibility_tolerance", 1e-8);
    model.set_option("primal_feasibility_tolerance", 1e-8);
    let solved = model
        .try_solve()
        .map_err(|s| Error::NoSolution(format!("{s:?}")))?;
    let status = solved.status();
    let is_feasible = solved.primal_solution_status() == HighsSolutionStatus::Feasible;
    match status {
        HighsModelStatus::Optimal | HighsModelStatus::ReachedTimeLimit if is_feasible => {}
        HighsModelStatus::ReachedTimeLimit => return Err(Error::OutOfTime(settings.time_limit)),
        // Every column that earns anything is bounded, so it cannot be unbounded.
        HighsModelStatus::Infeasible | HighsModelStatus::UnboundedOrInfeasible => {
            return Err(Error::Infeasible);
        }
        other => return Err(Error::NoSolution(format!("{other:?}"))),
    }
    let value = solved.objective_value();
    let proven = solved
        .double_info_value(c"mip_dual_bound")
        .ok()
        .filter(|b| b.is_finite() && *b >= value - 1e-6 * value.abs());
    let bound = match proven {
        Some(bound) => bound,
        // Without integers HiGHS keeps no bound beside the optimum.
        None if status == HighsModelStatus::Optimal => value,
        None => return Err(Error::OutOfTime(settings.time_limit)),
    };
    Ok(Solution {
        value,
        bound,
        columns: solved.get_solution().columns().to_vec(),
    })
}

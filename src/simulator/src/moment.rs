//! What `swingload` stands before at a step of its own run: the planner's inputs from what
//! was published by then, and the state its earlier decisions left.

use std::sync::{Arc, Mutex};

use swingload_model::TimeGrid;
use swingload_model::forecast::Fallback;
use swingload_scheduler::build::{Built, build};
use swingload_scheduler::dispatch::Dispatch;
use swingload_scheduler::policy::swingload::Swingload;
use swingload_scheduler::policy::{Policy, View};
use swingload_scheduler::state::JobState;

use crate::feed::Publications;
use crate::run::closed_loop::ClosedLoop;
use crate::run::recorder;
use crate::run::{Context, Error, Progress, StudyInput};

/// What a plan is made from.
#[derive(Debug, Clone)]
pub struct Moment {
    /// The planner's inputs, and where each part of the site went.
    pub built: Built,
    /// All jobs submitted so far, as the controller knows them.
    pub jobs: Vec<JobState>,
    /// Number of the plan: one more than were made before.
    pub number: u64,
    /// What stood in for forecasts, or could not be used of their data: series, fallback.
    pub fallbacks: Vec<(String, Fallback)>,
}

/// Runs policy `swingload` from the period's start up to `step`, and returns what it
/// would plan from there. Same input, same moment; what comes after the step changes
/// nothing.
///
/// `progress` is called about a hundred times.
///
/// # Errors
/// A series with a gap inside the period up to there; a forecast model nobody knows.
///
/// # Panics
/// When `step` is none of the period's.
pub fn moment(
    input: &StudyInput,
    step: usize,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Result<Moment, Error> {
    let mut scenario = input.scenario.clone();
    let past = scenario.grid.boundaries()[..step + 2].to_vec();
    scenario.grid =
        TimeGrid::from_boundaries(past).expect("invariant: the beginning of a grid is a grid");
    let context = Context::new(&scenario, &input.series, &input.jobs)?;
    let publications = Publications::of(&context);
    let seen = Arc::new(Mutex::new(None));
    let policy = Watched {
        policy: Swingload::new(),
        at: scenario.grid.start_s(step),
        number: step as u64 + 1,
        seen: Arc::clone(&seen),
    };
    let driver = ClosedLoop::with_policy(&context, &publications, Box::new(policy))?;
    recorder::run(&context, NAME, &scenario.faults, driver, progress)?;
    let seen = seen.lock().expect("invariant: the run is over").take();
    Ok(seen.expect("invariant: the run ends with the step"))
}

/// The policy that is run.
const NAME: &str = "swingload";

/// The policy, noting what it saw in one step.
#[derive(Debug)]
struct Watched {
    policy: Swingload,
    at: i64,
    number: u64,
    seen: Arc<Mutex<Option<Moment>>>,
}

impl Policy for Watched {
    fn name(&self) -> &'static str {
        NAME
    }

    fn decide(&mut self, view: &View<'_>) -> Dispatch {
        if view.now == self.at {
            let grid = view.setup.horizon.grid(view.now, view.step.duration(0));
            let built = build(
                view.setup,
                view.outlook,
                view.state,
                view.jobs,
                view.open,
                &grid,
            );
            let mut seen = self
                .seen
                .lock()
                .expect("invariant: one thread runs a policy");
            *seen = Some(Moment {
                built,
                jobs: view.jobs.to_vec(),
                number: self.number,
                fallbacks: view.outlook.fallbacks(),
            });
        }
        self.policy.decide(view)
    }
}

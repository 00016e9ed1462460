//! A study: every policy of a scenario on the same world, jobs and seed.

pub(crate) mod closed_loop;
pub(crate) mod knowledge;
pub(crate) mod recorder;
pub(crate) mod split;

use std::collections::BTreeMap;

use rayon::prelude::*;
use swingload_model::job::Job;
use swingload_model::scenario::Scenario;
use swingload_model::series::{Missing, Series};
use swingload_model::units::Money;

use crate::feed::Publications;
use crate::load::{Load, Loads};
use crate::oracle::{self, Certificate};
use crate::record::PolicyRun;
use crate::results::{self, StudySummary};
use crate::truth::Truth;
use closed_loop::ClosedLoop;
use knowledge::{Knowledge, Part};
use split::Told;

/// Policies that plan at every step, the slowest first.
const PLANNING: [&str; 3] = ["swingload", "ai_only", "mining_only"];

/// What a study is made of.
#[derive(Debug, Clone)]
pub struct StudyInput {
    /// The scenario.
    pub scenario: Scenario,
    /// Every bound series, by name, covering the period and as much history as there is.
    pub series: BTreeMap<String, Series>,
    /// Jobs, in any order; the study sorts them by release.
    pub jobs: Vec<Job>,
}

/// How far one policy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The policy.
    pub policy: &'a str,
    /// Steps done.
    pub done: usize,
    /// Steps of the run.
    pub of: usize,
}

/// Why a study cannot run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A series the site needs has a gap inside the period, or is not there.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// A policy nobody knows.
    #[error("no policy is called `{0}`")]
    UnknownPolicy(String),
    /// A forecast model nobody knows.
    #[error("no forecast model is called `{0}`, or it lacks the series it reads forecasts from")]
    UnknownModel(String),
}

/// All policies of a scenario, run and settled.
#[derive(Debug, Clone)]
pub struct Study {
    /// The scenario.
    pub scenario: Scenario,
    /// What happened whatever was decided: prices, limits, temperatures per step.
    pub truth: Truth,
    /// Loads, in the order of [`PolicyRun::load_energy`].
    pub loads: Vec<Load>,
    /// Jobs by release, in the order of [`PolicyRun::jobs`].
    pub jobs: Vec<Job>,
    /// Runs in the order of the scenario's policies.
    pub runs: Vec<PolicyRun>,
    /// Runs of `swingload` that were told more of the future each time; empty unless asked for.
    pub told: Vec<Told>,
    /// Best possible, as far as it is known.
    pub certificate: Option<Certificate>,
    /// Results of issue: one object with a `policies` map.
    pub summary: StudySummary,
}

impl Study {
    /// The run of a policy, by name.
    pub fn run(&self, policy: &str) -> Option<&PolicyRun> {
        self.runs.iter().find(|run| run.name == policy)
    }

    /// Realised value of a policy.
    pub fn value(&self, policy: &str) -> Option<Money> {
        self.run(policy).map(|run| run.ledger.value())
    }
}

/// What all policies of a study share.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) series: &'a BTreeMap<String, Series>,
    pub(crate) truth: Truth,
    pub(crate) loads: Loads,
    pub(crate) jobs: Vec<Job>,
}

impl<'a> Context<'a> {
    /// What happens whatever is decided; jobs sorted by release.
    pub(crate) fn new(
        scenario: &'a Scenario,
        series: &'a BTreeMap<String, Series>,
        jobs: &[Job],
    ) -> Result<Self, Missing> {
        let mut jobs = jobs.to_vec();
        jobs.sort_by_key(|job| job.release);
        Ok(Self {
            scenario,
            series,
            truth: Truth::new(scenario, series)?,
            loads: Loads::new(&scenario.site),
            jobs,
        })
    }
}

/// Runs all policies of the scenario and the oracle; same input, same bytes.
///
/// Policies run in parallel, each on one thread; `progress` is called from all of them,
/// about a hundred times per policy.
///
/// # Errors
/// A series with a gap inside the period; a policy or forecast model nobody knows.
///
/// # Panics
/// For a difficulty or bitcoin price that is not above zero: readers refuse them.
pub fn simulate(
    input: &StudyInput,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Result<Study, Error> {
    let scenario = &input.scenario;
    let context = Context::new(scenario, &input.series, &input.jobs)?;
    let wanted: Vec<&str> = scenario.policies.run.iter().map(String::as_str).collect();
    let closed: Vec<&str> = wanted
        .iter()
        .copied()
        .filter(|name| *name != oracle::NAME)
        .collect();
    let publications = Publications::of(&context);
    // Policies that plan take longest and go first; each is handed out when a thread is free.
    let mut closed = closed;
    closed.sort_by_key(|name| {
        PLANNING
            .iter()
            .position(|p| p == name)
            .unwrap_or(PLANNING.len())
    });
    let told = split::parts(&context).into_iter().map(Task::Told);
    let tasks: Vec<Task<'_>> = told.chain(closed.into_iter().map(Task::Policy)).collect();
    let done: Result<Vec<Done>, Error> = tasks
        .into_iter()
        .par_bridge()
        .map(|task| task.run(&context, &publications, progress))
        .collect();
    let (mut runs, mut told) = (Vec::new(), Vec::new());
    for done in done? {
        match done {
            Done::Run(run) => runs.push(*run),
            Done::Told(run) => told.push(run),
        }
    }
    told.sort_by_key(|run| run.part);
    let in_order = |run: &PolicyRun| wanted.iter().position(|name| *name == run.name);
    runs.sort_by_key(in_order);
    let certificate = wanted
        .contains(&oracle::NAME)
        .then(|| oracle::add(&context, &mut runs, progress));
    runs.sort_by_key(in_order);
    let summary = results::summarise(&context, &runs, &told, certificate.as_ref());
    let Context {
        truth, loads, jobs, ..
    } = context;
    Ok(Study {
        scenario: scenario.clone(),
        truth,
        loads: loads.all,
        jobs,
        runs,
        told,
        certificate,
        summary,
    })
}

/// One run on a thread of its own.
enum Task<'a> {
    /// A policy of the scenario.
    Policy(&'a str),
    /// The policy of the split, told the future up to a part.
    Told(Part),
}

/// What came of it.
enum Done {
    Run(Box<PolicyRun>),
    Told(Told),
}

impl Task<'_> {
    fn run(
        &self,
        context: &Context<'_>,
        publications: &Publications<'_>,
        progress: &(dyn Fn(Progress<'_>) + Sync),
    ) -> Result<Done, Error> {
        let (label, policy, knowledge) = match *self {
            Self::Policy(name) => (name, name, Knowledge::default()),
            Self::Told(part) => (split::label(part), split::POLICY, split::knowledge(part)),
        };
        let driver = ClosedLoop::new(context, publications, policy, knowledge)?;
        let faults = &context.scenario.faults;
        let run = recorder::run(context, label, faults, driver, progress);
        Ok(match *self {
            Self::Policy(_) => Done::Run(Box::new(run)),
            // Only its value is needed; its columns would fill memory.
            Self::Told(part) => Done::Told(Told {
                part,
                value: run.ledger.value().as_units(),
            }),
        })
    }
}

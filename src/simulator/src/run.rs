//! A study: every policy of a scenario on the same world, jobs and seed.

pub(crate) mod closed_loop;
pub(crate) mod knowledge;
pub(crate) mod recorder;
pub(crate) mod split;

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use swingload_model::job::{ImpossibleWork, Job};
use swingload_model::scenario::Scenario;
use swingload_model::series::{Missing, Series};
use swingload_model::site::Amount;
use swingload_model::units::Money;

use crate::after::After;
use crate::bounds::{self, Beyond};
use crate::feed::Publications;
use crate::load::{Load, Loads};
use crate::oracle::{self, Certificate, Foresight};
use crate::record::PolicyRun;
use crate::results::{self, StudySummary};
use crate::settlement::inputs::TooMuch;
use crate::truth::{Truth, Unfit};
use closed_loop::ClosedLoop;
use knowledge::Part;
use recorder::Recording;
use split::InformedRun;

/// Policies that plan at every step.
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
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// A series the site needs has a gap inside the period, or is not there.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// An input beyond what energy and money are counted in.
    #[error(transparent)]
    Beyond(#[from] Beyond),
    /// Money that cannot be counted.
    #[error(transparent)]
    TooMuch(#[from] Box<TooMuch>),
    /// A policy nobody knows.
    #[error("no policy is called `{0}`")]
    UnknownPolicy(String),
    /// A forecast model nobody knows.
    #[error("no forecast model is called `{0}`, or it lacks the series it reads forecasts from")]
    UnknownModel(String),
}

impl From<Unfit> for Error {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Missing(missing) => Self::Missing(missing),
            Unfit::Beyond(beyond) => Self::Beyond(beyond),
        }
    }
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
    /// Runs in the order of the scenario's policies. Rules that only scales need
    /// (`results::BASELINE`, and `results::ZERO` beside an oracle) run as well, but are
    /// kept in the summary alone where they were not asked for.
    pub runs: Vec<PolicyRun>,
    /// Runs of `swingload` that were informed of more of the future each time; empty unless
    /// asked for.
    pub informed: Vec<InformedRun>,
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
    /// What jobs find after the run's end.
    pub(crate) after: After,
    /// Per job, whether the site alone proves that it can never run. What only series prove is
    /// not in it: policies know no later data, so they may begin such work, and bound and
    /// policies count the same jobs. A bound that counts more than can be done stays a bound.
    pub(crate) never_runs: Vec<bool>,
}

impl<'a> Context<'a> {
    /// What happens whatever is decided; jobs sorted by release.
    pub(crate) fn new(
        scenario: &'a Scenario,
        series: &'a BTreeMap<String, Series>,
        jobs: &[Job],
    ) -> Result<Self, Unfit> {
        let mut jobs = jobs.to_vec();
        jobs.sort_by_key(|job| job.release);
        let truth = Truth::new(scenario, series)?;
        bounds::sums(scenario, &truth, &jobs)?;
        let mut never_runs = vec![false; jobs.len()];
        for (k, work) in swingload_scheduler::impossible::find(&scenario.site, &jobs) {
            never_runs[k] = work.never_runs();
        }
        let after = After::new(&scenario.site, &truth, &jobs);
        Ok(Self {
            scenario,
            series,
            truth,
            after,
            loads: Loads::new(&scenario.site),
            jobs,
            never_runs,
        })
    }
}

/// Jobs of the scenario of which work can never be done, by the site and by what its series
/// reach at most while the job may run: told before anything runs.
///
/// This is for readers, who may know how the period turns out, and decides nothing: work that
/// only series prove impossible is told apart (`by_series`), since plans cannot leave it out.
pub fn impossible(input: &StudyInput) -> Vec<ImpossibleWork> {
    impossible_of(&input.scenario, &input.series, &input.jobs)
}

pub(crate) fn impossible_of(
    scenario: &Scenario,
    bound: &BTreeMap<String, Series>,
    jobs: &[Job],
) -> Vec<ImpossibleWork> {
    let grid = &scenario.grid;
    let end = grid.end_s(grid.len() - 1);
    let most = |amount: &Amount, from: i64, to: i64| match amount {
        Amount::Constant(value) => Some(*value),
        // Of what comes after the period nothing is known.
        Amount::Series { .. } if to > end => None,
        Amount::Series { series, scale } => {
            let all = bound.get(series)?.observations().iter();
            let there = all.filter(|o| o.start < to && o.end > from);
            there.map(|o| o.value * scale).reduce(f64::max)
        }
    };
    let mut jobs = jobs.to_vec();
    jobs.retain(|job| job.release < end);
    let found = swingload_scheduler::impossible::find_knowing(&scenario.site, &jobs, &most);
    found.into_iter().map(|(_, work)| work).collect()
}

/// Runs all policies of the scenario and the oracle; same input, same bytes.
///
/// Policies run on as many threads as there are; `progress` is called from all of them,
/// about a hundred times per policy.
///
/// # Errors
/// A series with a gap inside the period; a policy or forecast model nobody knows; an input
/// with which energy or money cannot be counted.
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
    let closed = closed
        .into_iter()
        .chain(results::scales(scenario, &wanted))
        .map(Task::Policy);
    let informed = split::parts(&context).into_iter().map(Task::Informed);
    let foresight = wanted.contains(&oracle::NAME).then_some(Task::Foresight);
    let tasks: Vec<Task<'_>> = closed.chain(informed).chain(foresight).collect();
    let order = |task: &Task<'_>| tasks.iter().position(|t| t == task);
    let groups = grouped(tasks.clone(), rayon::current_num_threads());
    let mut done: Vec<(Task<'_>, Result<Done, Error>)> = groups
        .into_par_iter()
        .flat_map_iter(|group| run_group(group, &context, &publications, progress))
        .collect();
    // Of several failures the same one is told on any number of threads.
    done.sort_by_key(|(task, _)| order(task));
    let (mut runs, mut informed, mut foresight) = (Vec::new(), Vec::new(), None);
    for (_, done) in done {
        match done? {
            Done::Run(run) => runs.push(*run),
            Done::Informed(run) => informed.push(run),
            Done::Foresight(found) => foresight = Some(*found),
        }
    }
    informed.sort_by_key(|run| run.part);
    // What was asked for first, in its order; then what only scales need.
    let in_order = |run: &PolicyRun| {
        let position = wanted.iter().position(|name| *name == run.name);
        position.unwrap_or(wanted.len())
    };
    runs.sort_by_key(in_order);
    let certificate = foresight.map(|found| oracle::add(&context, found, &mut runs));
    runs.sort_by_key(in_order);
    let hidden = runs.split_off(runs.partition_point(|run| in_order(run) < wanted.len()));
    let summary = results::summarise(&context, &runs, &hidden, &informed, certificate.as_ref());
    let Context {
        truth, loads, jobs, ..
    } = context;
    Ok(Study {
        scenario: scenario.clone(),
        truth,
        loads: loads.all,
        jobs,
        runs,
        informed,
        certificate,
        summary,
    })
}

/// One part of a study.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Task<'a> {
    /// The plan with perfect foresight.
    Foresight,
    /// The policy of the split, informed of the future up to a part.
    Informed(Part),
    /// A policy of the scenario.
    Policy(&'a str),
}

/// What came of it.
enum Done {
    Run(Box<PolicyRun>),
    Informed(InformedRun),
    Foresight(Box<Foresight>),
}

impl Task<'_> {
    /// Rough share of the work of a study, to spread it over threads.
    ///
    /// # Source
    /// CPU seconds of `simulations/quickstart`: rules 0.12, policies that plan 1.1, the plan with
    /// perfect foresight 1.7.
    fn weight(&self) -> usize {
        match self {
            Self::Foresight => 15,
            Self::Informed(_) => 10,
            Self::Policy(name) if PLANNING.contains(name) => 10,
            Self::Policy(_) => 1,
        }
    }
}

/// Spreads tasks over at most `threads` groups of about the same work: the heaviest first,
/// each to the lightest group so far.
fn grouped(mut tasks: Vec<Task<'_>>, threads: usize) -> Vec<Vec<Task<'_>>> {
    tasks.sort_by_key(|task| std::cmp::Reverse(task.weight()));
    let mut groups: Vec<(usize, Vec<Task<'_>>)> = vec![(0, Vec::new()); threads.max(1)];
    for task in tasks {
        let lightest = groups.iter_mut().min_by_key(|group| group.0);
        let (weight, group) = lightest.expect("invariant: there is a group");
        *weight += task.weight();
        group.push(task);
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// Runs a group of tasks on one thread. Its policies go through the period step by step
/// together, so that what is expected at a step is worked out once for all of them. A task that
/// fails stops alone.
fn run_group<'a>(
    group: Vec<Task<'a>>,
    context: &'a Context<'a>,
    publications: &'a Publications<'a>,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Vec<(Task<'a>, Result<Done, Error>)> {
    let faults = &context.scenario.faults;
    let (mut done, mut together) = (Vec::new(), Vec::new());
    let mut book = None;
    for task in group {
        let policy = match task {
            Task::Foresight => {
                let found = oracle::foresee(context, progress);
                done.push((task, found.map(|f| Done::Foresight(Box::new(f)))));
                continue;
            }
            Task::Informed(part) => {
                let run = informed(part, context, publications, progress);
                done.push((task, run.map(Done::Informed)));
                continue;
            }
            Task::Policy(name) => name,
        };
        let shared = match &book {
            Some(book) => Ok(Arc::clone(book)),
            None => closed_loop::expectations(context)
                .map(|made| Arc::clone(book.insert(Arc::new(made)))),
        };
        let driver =
            shared.and_then(|book| ClosedLoop::sharing(context, publications, policy, book));
        match driver {
            Ok(driver) => together.push((task, Recording::new(context, policy, faults, driver))),
            Err(error) => done.push((task, Err(error))),
        }
    }
    for t in 0..context.truth.grid.len() {
        together.retain_mut(|(task, recording)| match recording.step(t, progress) {
            Ok(()) => true,
            Err(error) => {
                done.push((*task, Err(error.into())));
                false
            }
        });
    }
    let finished = together.into_iter().map(|(task, recording)| {
        let run = recording.finish().map(|run| Done::Run(Box::new(run)));
        (task, run.map_err(Error::from))
    });
    done.extend(finished);
    done
}

/// Runs the policy of the split, informed of the future up to a part. Only its value is
/// needed; its columns would fill memory.
fn informed(
    part: Part,
    context: &Context<'_>,
    publications: &Publications<'_>,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Result<InformedRun, Error> {
    let knowledge = split::knowledge(part);
    let driver = ClosedLoop::new(context, publications, split::POLICY, knowledge)?;
    let faults = &context.scenario.faults;
    let run = recorder::run(context, split::label(part), faults, driver, progress)?;
    Ok(InformedRun {
        part,
        value: run.ledger.value().as_units(),
    })
}

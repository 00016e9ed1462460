//! Inputs of a study and scripted runs, for tests.

use std::collections::BTreeMap;

use swingload_model::job::Job;
use swingload_model::scenario::{Faults, Scenario};
use swingload_worlds::study_series;
pub(crate) use swingload_worlds::{TWO_HALLS_AND_SUN as SITE, gang as job, scenario, series};

use crate::after::After;
use crate::load::Loads;
use crate::record::{PolicyRun, StepReason};
use crate::run::recorder::{self, Driver};
use crate::run::{Context, StudyInput};
use crate::truth::Truth;
use crate::world::World;

/// The scenario's input with these hourly prices, surplus MW and GPUs asked for.
pub(crate) fn input(
    scenario: Scenario,
    price: &[f64],
    surplus: &[f64],
    demand: &[f64],
    jobs: Vec<Job>,
) -> StudyInput {
    StudyInput {
        series: study_series(&scenario, price, surplus, demand),
        scenario,
        jobs,
    }
}

/// A driver that does what a closure says.
pub(crate) struct Script<F>(pub(crate) F);

impl<F: FnMut(usize, &mut World<'_>)> Driver for Script<F> {
    fn step(&mut self, t: usize, _: i64, _: i64, _: Option<&[i64]>, world: &mut World<'_>) {
        if t == 0 {
            (0..1000).for_each(|_| world.gpus.submit());
        }
        (self.0)(t, world);
    }

    fn reasons(&mut self, _: usize, _: &mut Vec<StepReason>) -> Option<f64> {
        None
    }

    fn incidents(&self) -> u64 {
        0
    }
}

/// Runs a script and returns what it left.
pub(crate) fn scripted(
    input: &StudyInput,
    faults: &Faults,
    script: impl FnMut(usize, &mut World<'_>),
) -> PolicyRun {
    let truth = Truth::new(&input.scenario, &input.series).expect("series cover the run");
    let loads = Loads::new(&input.scenario.site);
    let after = After::new(&input.scenario.site, &truth, &input.jobs);
    let context = Context {
        scenario: &input.scenario,
        series: &input.series,
        truth,
        after,
        loads,
        jobs: input.jobs.clone(),
        never_runs: vec![false; input.jobs.len()],
    };
    recorder::run(&context, "script", faults, Script(script), &|_| {}).expect("money fits")
}

/// Facility joules of all loads and all supplies in every step.
pub(crate) fn balance(run: &PolicyRun) -> Vec<(i64, i64)> {
    let steps = run.carbon.len();
    let sum = |columns: &[Vec<i64>], t: usize| columns.iter().map(|c| c[t]).sum::<i64>();
    (0..steps)
        .map(|t| (sum(&run.load_energy, t), sum(&run.supply_energy, t)))
        .collect()
}

/// Sum of a map's values of series by name; keeps tests short.
pub(crate) fn lines(run: &PolicyRun) -> BTreeMap<String, i64> {
    let mut all = BTreeMap::new();
    for line in &run.ledger.lines {
        *all.entry(format!("{:?} {}", line.kind, line.id))
            .or_insert(0) += line.total.get();
    }
    all
}

//! The last plan as it stands, for an event within its first step.

use std::collections::BTreeMap;

use swingload_model::TimeGrid;

use crate::evaluate::{Evaluated, evaluate};
use crate::inputs::{JobInput, PlanInputs, PoolInput};
use crate::placement::{Curves, Windows, drop_in, sweep};
use crate::plan::{Planned, beyond_worth};
use crate::polish::in_order;
use crate::schedule::{Problem, Room, Run, Schedule};

/// Decisions of a plan, and what they were made for.
#[derive(Debug)]
pub(super) struct Standing {
    grid: TimeGrid,
    pools: Vec<PoolInput>,
    on: Vec<Vec<Vec<bool>>>,
    /// By name: the job, its runs, and the work left for after the horizon.
    jobs: BTreeMap<String, (JobInput, Vec<Run>, f64)>,
}

impl Standing {
    pub(super) fn new(inputs: &PlanInputs, planned: &Planned) -> Self {
        let schedule = &planned.schedule;
        let rows = schedule.jobs.iter().zip(&schedule.beyond);
        let jobs = inputs.jobs.iter().zip(rows);
        Self {
            grid: inputs.grid.clone(),
            pools: inputs.pools.clone(),
            on: schedule.on.clone(),
            jobs: jobs
                .map(|(job, (runs, beyond))| (job.id.clone(), (job.clone(), runs.clone(), *beyond)))
                .collect(),
        }
    }

    /// Takes this over where it is worth more: unchanged, or with its jobs placed once more.
    /// Not where time has passed, machines are in another state, or a job is another one.
    pub(super) fn improve(&self, inputs: &PlanInputs, planned: &mut Planned) {
        let (problem, mut room) = (Problem::new(inputs), Room::default());
        let Some(mut schedule) = self.schedule(&problem) else {
            return;
        };
        let mut windows = Windows::new(&problem);
        windows.beyond_worth = beyond_worth(inputs);
        let mut better: Option<(Schedule, Evaluated)> = None;
        let mut offer = |schedule: &Schedule, room: &mut Room| {
            let evaluated = evaluate(&problem, schedule, &windows, room);
            let known = better.as_ref().map_or(planned.value(), |(_, e)| e.value);
            if evaluated.value > known && in_order(&problem, schedule) {
                better = Some((schedule.clone(), evaluated));
            }
        };
        offer(&schedule, &mut room);
        let mut curves = Curves::new(&problem);
        sweep(
            &problem,
            &mut schedule,
            &mut curves,
            &windows,
            0.0,
            &mut room,
        );
        offer(&schedule, &mut room);
        if let Some((schedule, evaluated)) = better {
            (planned.schedule, planned.evaluated) = (schedule, evaluated);
            planned.caps = None;
            planned.first = planned.outcome(inputs, 0);
        }
    }

    /// The decisions on these inputs; new jobs do not run.
    fn schedule(&self, problem: &Problem<'_>) -> Option<Schedule> {
        let inputs = problem.inputs;
        let alike = |(known, pool): (&PoolInput, &PoolInput)| {
            known.id == pool.id
                && known.blocks == pool.blocks
                && (known.min_on, known.min_off) == (pool.min_on, pool.min_off)
        };
        let same = self.grid == inputs.grid
            && self.pools.len() == inputs.pools.len()
            && self.pools.iter().zip(&inputs.pools).all(alike);
        if !same {
            return None;
        }
        let mut schedule = problem.empty_schedule();
        for (j, job) in inputs.jobs.iter().enumerate() {
            let Some((known, runs, beyond)) = self.jobs.get(&job.id) else {
                continue;
            };
            if known != job {
                return None;
            }
            drop_in(problem, &mut schedule, j, runs.clone());
            schedule.beyond[j] = *beyond;
        }
        schedule.relaxed = false;
        schedule.on.clone_from(&self.on);
        for (m, pool) in inputs.pools.iter().enumerate() {
            for (block, on) in pool.blocks.iter().zip(&schedule.on[m]) {
                for (awake, on) in schedule.awake[m].iter_mut().zip(on) {
                    *awake += if *on { block.devices } else { 0.0 };
                }
            }
        }
        Some(schedule)
    }
}

//! What cannot be changed in seconds in the first step, and inputs in which it is fixed.

use swingload_model::TimeGrid;

use crate::commitment::start_losses;
use crate::inputs::{BlockState, Gangs, JobInput, PlanInputs, PoolInput};
use crate::plan::Planned;
use crate::schedule::{Problem, Run};

/// Slow decisions of the first step.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct First {
    /// Per job its gang, 0 where it does not run; `None` where any number of GPUs will do.
    gangs: Vec<Option<u32>>,
    /// Per pool and block, whether it is on; empty for pools without shortest times.
    on: Vec<Vec<bool>>,
}

impl First {
    /// Those of a plan.
    pub(super) fn of(inputs: &PlanInputs, planned: &Planned) -> Self {
        let schedule = &planned.schedule;
        let gang = |(job, runs): (&JobInput, &Vec<Run>)| match &job.gangs {
            Gangs::Divisible(_) => None,
            Gangs::Sizes(sizes) => {
                let run = runs.first().filter(|run| run.step == 0);
                // Where the work ends in this step, a part of a gang runs on average.
                let whole = |run: &Run| {
                    let fits = |s: &&u32| f64::from(**s) >= run.gpus - 1e-6;
                    sizes.iter().find(fits).or(sizes.last()).copied()
                };
                Some(run.and_then(whole).unwrap_or(0))
            }
        };
        let on = |(pool, blocks): (&PoolInput, &Vec<Vec<bool>>)| match is_slow(pool) {
            true => blocks.iter().map(|on| on[0]).collect(),
            false => Vec::new(),
        };
        Self {
            gangs: inputs.jobs.iter().zip(&schedule.jobs).map(gang).collect(),
            on: inputs.pools.iter().zip(&schedule.on).map(on).collect(),
        }
    }

    /// The inputs in which the first step does this, and what must be added to the value of
    /// their plans: starts that their plans no longer pay for.
    ///
    /// A gang that starts is one that has just started, held for a step, with the work lost
    /// to its start still to do; blocks are in the state they would be put in.
    pub(super) fn fixed(&self, inputs: &PlanInputs) -> (PlanInputs, f64) {
        let mut inputs = inputs.clone();
        let (hours, mut constant) = (inputs.grid.hours(0), 0.0);
        for (job, gang) in inputs.jobs.iter_mut().zip(&self.gangs) {
            match gang {
                None => {}
                Some(0) => {
                    job.first = job.first.max(1);
                    job.end = job.end.max(job.first);
                    (job.running, job.running_hours) = (0, 0.0);
                }
                Some(gang) => constant -= hold(job, *gang, &inputs.grid),
            }
        }
        constant -= self.starts(&inputs);
        for (pool, on) in inputs.pools.iter_mut().zip(&self.on) {
            let (min_on, min_off) = (pool.min_on, pool.min_off);
            for (block, on) in pool.blocks.iter_mut().zip(on) {
                turn(block, *on, if *on { min_on } else { min_off } - 0.5 * hours);
            }
        }
        (inputs, constant)
    }

    /// What the blocks that this first step starts cost, as plans count it, currency.
    fn starts(&self, inputs: &PlanInputs) -> f64 {
        let problem = Problem::new(inputs);
        let blocks = self.on.iter().enumerate();
        let starting = blocks.flat_map(|(m, on)| {
            let pool = &inputs.pools[m];
            (0..on.len())
                .filter(|b| on[*b] && !pool.blocks[*b].on)
                .map(move |b| (m, b))
        });
        let losses = starting.map(|(m, b)| start_losses(&problem, m, b)[0]);
        losses.sum()
    }

    /// Runs of a plan in which the first step may be another one.
    pub(super) fn fitting(&self, inputs: &PlanInputs, runs: &[Vec<Run>]) -> Vec<Vec<Run>> {
        let fits = |((gang, job), runs): ((&Option<u32>, &JobInput), &Vec<Run>)| {
            let starts = runs.first().is_some_and(|run| run.step == 0);
            let kept = match gang {
                None => true,
                Some(0) => !starts && job.end > job.first,
                // The exact sweep puts what is held where it is held.
                Some(_) => starts,
            };
            if kept { runs.clone() } else { Vec::new() }
        };
        let jobs = self.gangs.iter().zip(&inputs.jobs);
        jobs.zip(runs).map(fits).collect()
    }
}

/// Whether blocks cannot be changed back at once.
fn is_slow(pool: &PoolInput) -> bool {
    pool.min_on > 0.0 || pool.min_off > 0.0
}

/// Holds a job on a gang for a step; returns what its plans are paid too much.
fn hold(job: &mut JobInput, gang: u32, grid: &TimeGrid) -> f64 {
    let mut paid = 0.0;
    if job.running != gang {
        let lost = job.restart * f64::from(gang);
        job.work += lost;
        (job.running, job.running_hours) = (gang, 0.0);
        paid = job.value_in(grid, 0) * lost;
    }
    job.min_run = job.min_run.max(job.running_hours + grid.hours(0));
    paid
}

/// A block on or off for so long that it stays so for a step where it must stay at all.
fn turn(block: &mut BlockState, on: bool, hours: f64) {
    if on && !block.on {
        block.starts_today += 1;
    }
    let known = if block.on == on {
        block.hours_in_state
    } else {
        0.0
    };
    block.on = on;
    block.hours_in_state = known.min(hours.max(0.0));
}

//! The last plan carried over to the next one.
//!
//! Plans that follow one another differ little. Started from where the last one put the
//! jobs, the next follows what has changed with few sweeps, and does not move gangs
//! between places that are worth the same.

use std::collections::BTreeMap;

use crate::inputs::{JobInput, PlanInputs};
use crate::plan::Planned;
use crate::schedule::Run;

/// When the jobs of a plan ran, by their names.
#[derive(Debug, Default)]
pub struct Carried {
    jobs: BTreeMap<String, Vec<Stretch>>,
}

/// A mean of GPUs over a stretch of time.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    /// Unix seconds, half-open.
    start: i64,
    end: i64,
    gpus: f64,
}

impl Carried {
    /// Of a plan.
    pub fn new(inputs: &PlanInputs, planned: &Planned) -> Self {
        let stretch = |run: &Run| Stretch {
            start: inputs.grid.start_s(run.step as usize),
            end: inputs.grid.end_s(run.step as usize),
            gpus: run.gpus,
        };
        let jobs = inputs.jobs.iter().zip(&planned.schedule.jobs);
        Self {
            jobs: jobs
                .map(|(job, runs)| (job.id.clone(), runs.iter().map(stretch).collect()))
                .collect(),
        }
    }

    /// Runs of every job on the grid of `inputs`: what was planned for the middle of each
    /// step, as far as the job's window and its work go; none for jobs that wait for
    /// others, which are placed behind these anew.
    ///
    /// `None` where a job is new, or where the GPUs of a step are fewer than was planned
    /// for: what was carried would keep its place before more urgent work.
    pub fn runs(&self, inputs: &PlanInputs) -> Option<Vec<Vec<Run>>> {
        let mut gpu_mw: BTreeMap<(usize, u32), f64> = BTreeMap::new();
        let mut rows = Vec::with_capacity(inputs.jobs.len());
        for job in &inputs.jobs {
            let stretches = self.jobs.get(&job.id)?;
            let runs = if job.after.is_empty() {
                on_grid(inputs, job, stretches)
            } else {
                Vec::new()
            };
            for run in &runs {
                let factor = inputs.nodes[job.node].factor[run.step as usize];
                *gpu_mw.entry((job.node, run.step)).or_default() += run.gpus * job.gpu_mw * factor;
            }
            rows.push(runs);
        }
        let fits = |((node, step), mw): (&(usize, u32), &f64)| {
            *mw <= inputs.nodes[*node].limit[*step as usize] + 1e-9
        };
        gpu_mw.iter().all(fits).then_some(rows)
    }
}

fn on_grid(inputs: &PlanInputs, job: &JobInput, stretches: &[Stretch]) -> Vec<Run> {
    let (mut runs, mut left, mut next) = (Vec::new(), job.work, 0);
    for t in job.first..job.end {
        let middle = inputs.grid.start_s(t).midpoint(inputs.grid.end_s(t));
        while stretches.get(next).is_some_and(|s| s.end <= middle) {
            next += 1;
        }
        let Some(stretch) = stretches.get(next) else {
            break;
        };
        if stretch.start > middle || left <= 0.0 {
            continue;
        }
        let hours = inputs.grid.hours(t);
        let gpus = stretch.gpus.min(left / hours);
        left -= gpus * hours;
        runs.push(Run {
            step: t as u32,
            gpus,
        });
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::small;
    use crate::plan::{Budget, plan, plan_from};

    #[test]
    fn jobs_stand_where_the_last_plan_put_them_an_hour_on() {
        let mut inputs = small::site(1.0, &[50.0, 9.0, 9.0, 50.0, 50.0]);
        inputs.jobs = vec![small::job(4.0, &[2], 5)];
        let planned = plan(&inputs, Budget::LOOP);
        let carried = Carried::new(&inputs, &planned);
        let steps = |runs: &[Run]| runs.iter().map(|r| (r.step, r.gpus)).collect::<Vec<_>>();
        assert_eq!(steps(&planned.schedule.jobs[0]), [(1, 2.0), (2, 2.0)]);

        // Half-hour steps from the second hour on; half of the work has been done, and a job is new.
        let mut later = small::site(0.5, &[9.0; 6]);
        later.grid =
            swingload_model::TimeGrid::from_boundaries((2..=8).map(|k| k * 1800).collect())
                .expect("rising");
        later.jobs = vec![small::job(2.0, &[2], 6)];
        let runs = carried.runs(&later).expect("all jobs are known");
        assert_eq!(
            steps(&runs[0]),
            [(0, 2.0), (1, 2.0)],
            "no more than its work"
        );
        let followed = plan_from(&later, Budget::FOLLOW, Some(runs));
        assert_eq!(steps(&followed.schedule.jobs[0]), [(0, 2.0), (1, 2.0)]);

        later.nodes[0].limit = vec![1.0; 6];
        assert!(carried.runs(&later).is_none(), "fewer GPUs than planned");
        later.nodes[0].limit = vec![1000.0; 6];
        later.jobs.push(small::job(1.0, &[1], 6));
        later.jobs[1].id = "new".into();
        assert!(carried.runs(&later).is_none(), "a job nobody planned");
    }

    #[test]
    fn jobs_that_wait_are_placed_anew() {
        let mut inputs = small::site(1.0, &[9.0; 6]);
        inputs.jobs = vec![small::job(4.0, &[2], 6), small::job(2.0, &[2], 6)];
        inputs.jobs[1].id = "second".into();
        inputs.jobs[1].after = vec![0];
        let planned = plan(&inputs, Budget::LOOP);
        assert_eq!(planned.schedule.jobs[1][0].step, 2);
        // The first has slipped by a step: it keeps the step the second was to begin in.
        let carried = Carried::new(&inputs, &planned);
        inputs.jobs[0].work = 6.0;
        let runs = carried.runs(&inputs).expect("all jobs are known");
        assert!(runs[1].is_empty());
        let followed = plan_from(&inputs, Budget::FOLLOW, Some(runs));
        assert_eq!(followed.schedule.jobs[0].len(), 3);
        assert_eq!(followed.schedule.jobs[1][0].step, 3);
    }
}

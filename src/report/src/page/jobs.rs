//! Jobs of the main policy: where they ran and how they ended.

use swingload_simulator::record::JobOutcome;

use crate::Results;
use crate::html::{Job, JobRun, Outcome, Use};
use crate::reasons::Reasons;
use crate::words::phrase;

pub(super) fn jobs(results: &Results) -> Vec<Job> {
    let study = &results.study;
    let run = results.main();
    let mut runs: Vec<Vec<JobRun>> = vec![Vec::new(); study.jobs.len()];
    for span in &run.spans {
        let job = span.job as usize;
        let pool = &study.scenario.site.gpu_pools[study.jobs[job].gpu_pool];
        let at = study.truth.grid.step_at(span.start).unwrap_or(0);
        let it = pool.running.get() * i64::from(span.gpus);
        runs[job].push(JobRun {
            start: span.start,
            end: span.end,
            gpus: span.gpus,
            watts: study.truth.facility(pool.node, at, it),
        });
    }
    let mut reasons = Reasons::new(study, run);
    for t in 0..study.truth.grid.len() {
        reasons.at(t);
    }
    let all = study.jobs.iter().zip(&run.jobs).zip(runs).enumerate();
    all.filter(|(_, ((_, outcome), _))| outcome.submitted)
        .map(|(k, ((job, end), runs))| {
            let outcome = outcome(job.deadline, end);
            let why = reasons.of_job(k).map_or("", |reason| phrase(reason.code));
            Job {
                id: job.id.clone(),
                class: job.tenant.clone(),
                usage: Use::Training,
                release: job.release,
                deadline: Some(job.deadline),
                value: job.value.as_units() * job.work as f64 / 3600.0,
                runs,
                outcome,
                note: match outcome {
                    Outcome::OnTime => String::new(),
                    _ if why.is_empty() => String::new(),
                    _ => format!("At the last change: {why}."),
                },
            }
        })
        .collect()
}

fn outcome(deadline: i64, end: &JobOutcome) -> Outcome {
    match end.finished {
        Some(at) if at <= deadline => Outcome::OnTime,
        Some(_) => Outcome::Late,
        None if end.closed => Outcome::Missed,
        None => Outcome::Open,
    }
}

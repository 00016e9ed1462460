//! Gangs that stop: checkpoints take their time, lost work takes its lateness along.

use swingload_model::job::Job;
use swingload_model::scenario::Faults;
use swingload_model::time::Seconds;
use swingload_scheduler::event::Action;

use super::support::{SITE, input, job, lines, scenario, scripted};
use crate::StudyInput;

const START: &str = "2026-03-01T06:00:00Z";

/// Jobs on the idle site over `hours` hourly steps.
fn study(hours: i64, jobs: impl Fn(i64) -> Vec<Job>) -> (StudyInput, i64) {
    let shape = scenario(SITE, START, hours, 60, &[]);
    let start = shape.grid.start_s(0);
    (input(shape, &[40.0], &[2.0], &[0.0], jobs(start)), start)
}

#[test]
fn a_checkpoint_longer_than_a_step_holds_its_gpus_until_it_is_written() {
    let (study, start) = study(5, |start| {
        let mut first = job("first", start, 100, 10.0, 0.0, 20.0);
        (first.checkpoint_cost, first.notice) = (Seconds::new(5400), Seconds::new(5400));
        vec![first, job("second", start, 1000, 1.0, 0.0, 20.0)]
    });
    let run = scripted(&study, &Faults::default(), |t, world| {
        let first = if t == 0 { 100 } else { 0 };
        let _ = world.apply(&Action::SetJob {
            job: 0,
            gpus: first,
        });
        let second = if t == 0 { 0 } else { 1000 };
        let _ = world.apply(&Action::SetJob {
            job: 1,
            gpus: second,
        });
    });
    // It is stopped after an hour, and writes for an hour and a half.
    let running = study.scenario.site.gpu_pools[0].running.get() * 12 / 10;
    assert_eq!(run.load_energy[2][1], 100 * 3600 * running);
    let second_s = 1800 * 1000;
    assert_eq!(run.load_energy[2][2], (100 * 1800 + second_s) * running);
    assert_eq!(run.jobs[0].lost, 0);
    // Five minutes of restart, an hour of work.
    assert_eq!(run.jobs[1].finished, Some(start + 9000 + 300 + 3600));
    assert_eq!(run.spans[0].end, start + 9000);
    assert_eq!(run.spans[1].start, start + 9000);
}

#[test]
fn a_service_grows_onto_a_gang_s_gpus_when_its_checkpoint_is_written() {
    let shape = scenario(SITE, START, 3, 60, &[]);
    let start = shape.grid.start_s(0);
    let mut first = job("first", start, 1000, 10.0, 0.0, 20.0);
    (first.checkpoint_cost, first.notice) = (Seconds::new(5400), Seconds::new(5400));
    let study = input(shape, &[40.0], &[2.0], &[2000.0], vec![first]);
    let run = scripted(&study, &Faults::default(), |t, world| {
        let stopped = t > 0;
        let gpus = if stopped { 0 } else { 1000 };
        let _ = world.apply(&Action::SetJob { job: 0, gpus });
        let gpus = if stopped { 1024 } else { 16 };
        let _ = world.apply(&Action::SetService { service: 0, gpus });
    });
    let mean_served = 0.5 * 24.0 + 0.5 * 1024.0;
    assert_eq!(run.services[0], [16.0, 24.0, mean_served]);
    assert_eq!(
        run.gpus_busy[0],
        [1016.0, 1024.0, 1024.0],
        "never more than there are"
    );
}

#[test]
fn a_gang_that_changes_size_goes_on_from_its_own_checkpoint() {
    let (study, start) = study(4, |start| {
        let mut job = job("elastic", start, 128, 1.5, 0.0, 20.0);
        (job.gangs, job.checkpoint_cost) = (vec![64, 128], Seconds::new(240));
        vec![job]
    });
    let run = scripted(&study, &Faults::default(), |t, world| {
        let gpus = if t == 0 { 128 } else { 64 };
        let _ = world.apply(&Action::SetJob { job: 0, gpus });
    });
    // 3300 s of work on 128, then checkpoint and restart, then the rest on 64.
    let rest = 2 * (5400 - 3300);
    assert_eq!(run.jobs[0].finished, Some(start + 3600 + 240 + 300 + rest));
}

#[test]
fn work_lost_behind_the_deadline_takes_its_own_lateness_along() {
    let (study, _) = study(3, |start| {
        let mut job = job("late", start, 10, 10.0, 0.0, 0.5);
        (job.restart, job.notice) = (Seconds::ZERO, Seconds::ZERO);
        job.checkpoint_interval = Seconds::new(2700);
        job.latest = start + 7200;
        vec![job]
    });
    let run = scripted(&study, &Faults::default(), |t, world| {
        let gpus = if t == 0 { 10 } else { 0 };
        let _ = world.apply(&Action::SetJob { job: 0, gpus });
    });
    let job = run.jobs[0];
    assert_eq!((job.lost, job.late), (10 * 900, 10 * 900));
    // What stays is late by 7.5 minutes on average: 2.5 GPU-hours x 0.1 x 0.125 h. As the
    // middle stands for the whole of a late stretch, no rounding is in it.
    assert_eq!(job.lateness, 31_250);
    let bill = lines(&run);
    let jobs = "jobs on h100";
    let earned = bill[&format!("JobValue {jobs}")]
        + bill[&format!("JobLateness {jobs}")]
        + bill[&format!("JobLostWork {jobs}")];
    assert_eq!(earned, job.earned);
}

#[test]
fn short_runs_and_starts_beyond_the_day_s_are_counted() {
    let (mut study, _) = study(4, |start| {
        let mut short = job("short", start, 10, 10.0, 0.0, 20.0);
        short.min_runtime = Seconds::new(7200);
        let mut long = short.clone();
        (long.id, long.min_runtime) = ("long".into(), Seconds::new(3600));
        vec![short, long]
    });
    study.scenario.site.pools[0].starts_per_day = Some(1);
    let points = study.scenario.site.pools[0].points.len();
    let run = scripted(&study, &Faults::default(), |t, world| {
        for job in 0..2 {
            let gpus = if t == 0 { 10 } else { 0 };
            assert!(world.apply(&Action::SetJob { job, gpus }));
        }
        // 06:00 UTC is midnight in Chicago: all four hours lie in one local day.
        let mut at_point = vec![0; points];
        at_point[0] = if t % 2 == 0 { 50 } else { 0 };
        for block in 0..2 {
            let at_point = at_point.clone();
            assert!(world.apply(&Action::SetBlock {
                pool: 0,
                block,
                at_point
            }));
        }
    });
    assert_eq!(run.incidents.short_runs, 1);
    assert_eq!(run.incidents.starts_beyond_limit, 2);
}

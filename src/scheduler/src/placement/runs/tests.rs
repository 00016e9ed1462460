use super::*;
use crate::inputs::{JobInput, small};
use crate::schedule::minimum_ends;

const NEVER: Later = Later {
    worth: 0.0,
    most: 0.0,
};

fn job(work: f64, restart: f64, min_run: f64) -> JobInput {
    JobInput {
        restart,
        min_run,
        ..small::job(work, &[1], 0)
    }
}

/// Steps that run where one-hour steps cost this much a GPU-hour, worth 100 each.
fn on(job: &JobInput, costs: &[f64]) -> Vec<u32> {
    let steps = Steps {
        first: 0,
        hours: &vec![1.0; costs.len()],
        worth: &vec![100.0; costs.len()],
        gangs: &[Gang {
            gpus: 1.0,
            net: costs.iter().map(|c| 100.0 - c).collect(),
            running: false,
        }],
    };
    let mut tables = Tables::default();
    tables.best(job, &steps, NEVER, None);
    let placed = tables.placed(job, &steps, NEVER);
    placed.runs.iter().map(|r| r.step).collect()
}

#[test]
fn dear_steps_are_skipped_when_a_restart_is_cheap() {
    assert_eq!(
        on(&job(3.0, 0.0, 0.0), &[10.0, 90.0, 10.0, 90.0, 10.0]),
        [0, 2, 4]
    );
}

#[test]
fn a_dear_restart_keeps_the_run_whole() {
    assert_eq!(
        on(&job(2.0, 1.0, 0.0), &[10.0, 60.0, 10.0, 20.0, 20.0]),
        [2, 3, 4],
        "one restart hour and two of work"
    );
}

#[test]
fn a_run_lasts_its_minimum() {
    assert_eq!(
        on(
            &job(4.0, 0.0, 2.0),
            &[10.0, 99.0, 10.0, 10.0, 99.0, 10.0, 12.0]
        ),
        [2, 3, 5, 6]
    );
}

#[test]
fn minimum_ends_reach_far_enough() {
    assert_eq!(minimum_ends(&[1.0, 0.5, 0.5, 1.0], 2.0), [3, 4, 4, 4]);
    assert_eq!(minimum_ends(&[1.0, 1.0], 0.0), [1, 2]);
}
/// GPUs per hourly step of a job of 2 or 4 GPUs where a GPU-hour is worth 100 and costs this.
fn sizes(job: &JobInput, costs: &[f64], fits: impl Fn(f64, usize) -> bool) -> Vec<f64> {
    let net = |gpus: f64, (i, cost): (usize, &f64)| match fits(gpus, i) {
        true => gpus * (100.0 - cost),
        false => f64::NEG_INFINITY,
    };
    let gang = |size: u32| Gang {
        gpus: f64::from(size),
        net: (costs.iter().enumerate())
            .map(|step| net(f64::from(size), step))
            .collect(),
        running: size == job.running,
    };
    let steps = Steps {
        first: 0,
        hours: &vec![1.0; costs.len()],
        worth: &vec![100.0; costs.len()],
        gangs: &[gang(4), gang(2)],
    };
    let mut tables = Tables::default();
    tables.best(job, &steps, NEVER, None);
    let mut gpus = vec![0.0; costs.len()];
    for run in tables.placed(job, &steps, NEVER).runs {
        gpus[run.step as usize] = run.gpus;
    }
    gpus
}

#[test]
fn another_size_costs_a_restart() {
    // Twice the GPUs would do the work before power gets dear.
    let costs = [10.0, 20.0, 30.0];
    let everywhere = |_: f64, _: usize| true;
    let mut running = job(6.0, 1.0, 0.0);
    running.running = 2;
    assert_eq!(sizes(&running, &costs, everywhere), [2.0, 2.0, 2.0]);
    running.restart = 0.0;
    assert_eq!(sizes(&running, &costs, everywhere), [4.0, 2.0, 0.0]);
}

#[test]
fn a_job_held_by_its_shortest_run_keeps_its_size() {
    let mut held = job(6.0, 0.0, 2.0);
    held.running = 2;
    let everywhere = |_: f64, _: usize| true;
    let gpus = sizes(&held, &[10.0, 20.0, 30.0], everywhere);
    assert_eq!(gpus[..2], [2.0, 2.0]);
    assert!((gpus.iter().sum::<f64>() - 6.0).abs() < 1e-9, "{gpus:?}");
    held.running_hours = 2.0;
    let free = sizes(&held, &[10.0, 20.0, 30.0], everywhere);
    assert_eq!(free, [4.0, 2.0, 0.0]);
}

#[test]
fn sizes_change_between_stretches_where_that_pays() {
    // Four GPUs find room for two steps only.
    let room = |gpus: f64, i: usize| gpus < 4.0 || i < 2;
    let mut elastic = job(12.0, 0.0, 0.0);
    assert_eq!(sizes(&elastic, &[10.0; 4], room), [4.0, 4.0, 2.0, 2.0]);
    (elastic.running, elastic.restart) = (4, 0.5);
    assert_eq!(sizes(&elastic, &[10.0; 4], room), [4.0, 4.0, 2.0, 2.0]);
    elastic.restart = 2.0;
    assert_eq!(sizes(&elastic, &[10.0; 4], room), [4.0, 4.0, 0.0, 0.0]);
}

//! Worth of runs that can be followed by hand.

use super::*;
use crate::inputs::PlanInputs;
use crate::inputs::small::{job, site};

/// Work and worth of the only job at so many GPUs per step.
fn worth(inputs: &PlanInputs, gpus: &[f64]) -> (f64, f64) {
    let problem = Problem::new(inputs);
    let mut schedule = problem.empty_schedule();
    let run = |(t, gpus): (usize, &f64)| Run {
        step: t as u32,
        gpus: *gpus,
    };
    let runs = gpus.iter().enumerate().filter(|(_, g)| **g > 0.0).map(run);
    let runs = runs.collect();
    insert_job(&problem, &mut schedule, 0, runs);
    let windows = Windows::new(&problem);
    (
        work_done(&problem, &schedule, 0),
        value(&problem, &schedule, &windows),
    )
}

fn assert_near(found: (f64, f64), work: f64, worth: f64) {
    assert!(
        (found.0 - work).abs() < 1e-9 && (found.1 - worth).abs() < 1e-6,
        "{} GPU-h worth {}, not {work} worth {worth}",
        found.0,
        found.1
    );
}

#[test]
fn a_start_longer_than_a_step_is_carried_on() {
    let mut inputs = site(1.0 / 12.0, &[0.0; 12]);
    let mut long = job(10.0, &[1], 12);
    (long.restart, long.unmet) = (0.5, 10.0);
    inputs.jobs.push(long);
    // Half of the hour is spent starting; 9.5 GPU-hours stay undone.
    assert_near(worth(&inputs, &[1.0; 12]), 0.5, 50.0 - 95.0);
    // A stop in the middle of a start loses the start, and the next begins anew.
    let gpus = [1., 1., 1., 0., 1., 1., 1., 1., 1., 1., 1., 1.];
    assert_near(worth(&inputs, &gpus), 2.0 / 12.0, 100.0 / 6.0 - 590.0 / 6.0);
}

#[test]
fn another_size_is_a_stop_and_a_start() {
    let mut inputs = site(1.0, &[0.0; 4]);
    let mut elastic = job(12.0, &[2, 4], 4);
    (elastic.restart, elastic.running) = (0.5, 4);
    inputs.jobs.push(elastic);
    assert_near(worth(&inputs, &[4.0, 4.0, 0.0, 0.0]), 8.0, 800.0);
    assert_near(worth(&inputs, &[4.0, 4.0, 2.0, 2.0]), 11.0, 1100.0);
    assert_near(worth(&inputs, &[2.0, 2.0, 0.0, 0.0]), 3.0, 300.0);
    // The last step of the work may be run in part, at the same size.
    assert_near(worth(&inputs, &[4.0, 4.0, 3.0, 0.0]), 11.0, 1100.0);
}

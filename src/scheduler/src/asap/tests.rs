use super::*;
use crate::inputs::small::{job, site};

#[test]
fn a_start_longer_than_a_step_is_carried_on_until_the_work_is_done() {
    let mut inputs = site(1.0 / 12.0, &[0.0; 16]);
    let mut long = job(0.5, &[1], 16);
    long.restart = 0.5;
    inputs.jobs.push(long);
    let problem = Problem::new(&inputs);
    let schedule = schedule(&problem, &mut Room::default());
    assert_eq!(schedule.jobs[0].len(), 12, "{:?}", schedule.jobs[0]);
    assert!((work_done(&problem, &schedule, 0) - 0.5).abs() < 1e-9);
}

#[test]
fn another_size_is_a_stop_and_a_start() {
    // Power for four GPUs, then for two.
    let mut inputs = site(1.0, &[0.0; 6]);
    inputs.nodes[0].limit = vec![4.0, 2.0, 2.0, 2.0, 2.0, 2.0];
    let mut elastic = job(8.0, &[2, 4], 6);
    (elastic.restart, elastic.running) = (0.5, 4);
    inputs.jobs.push(elastic);
    let problem = Problem::new(&inputs);
    let schedule = schedule(&problem, &mut Room::default());
    let gpus: Vec<f64> = schedule.jobs[0].iter().map(|r| r.gpus).collect();
    assert_eq!(gpus, [4.0, 2.0, 2.0, 1.0]);
    assert!((work_done(&problem, &schedule, 0) - 8.0).abs() < 1e-9);
}

//! What a plan is made from is what the run itself stood before.

use swingload_scheduler::plan::{Budget, plan};

use super::support::{SITE, input, job, scenario};
use crate::{StudyInput, moment, simulate};

const START: &str = "2026-03-01T06:00:00Z";
const PRICE: [f64; 6] = [20.0, 35.0, 150.0, 60.0, -20.0, 90.0];

fn study() -> StudyInput {
    let mut shape = scenario(SITE, START, 24, 60, &["swingload"]);
    shape.faults.ack_lost_share = 0.2;
    shape.faults.device_failures_per_day = 0.05;
    shape.faults.repair_h = 5.0;
    let start = shape.grid.start_s(0);
    let jobs = vec![
        job("a", start, 64, 3.0, 0.5, 9.0),
        job("b", start, 256, 2.0, 4.0, 14.0),
        job("c", start, 128, 5.0, 10.0, 20.0),
    ];
    input(shape, &PRICE, &[2.0, 0.5], &[300.0, 420.0, 150.0], jobs)
}

/// The run plans afresh at every hour, so its plans can be made again from the moments.
#[test]
fn the_run_planned_from_the_same_moments() {
    let input = study();
    let whole = simulate(&input, &|_| {}).expect("runs");
    let run = whole.run("swingload").expect("ran");
    for step in [0, 1, 5, 11, 23] {
        let moment = moment(&input, step, &|_| {}).expect("a moment");
        let planned = plan(&moment.built.inputs, Budget::LOOP);
        let seen = run.marginal_value[step].expect("it names one");
        assert_eq!(planned.first.marginal[0] as f32, seen, "step {step}");
        assert_eq!(moment.number, step as u64 + 1);
        let start = input.scenario.grid.start_s(step);
        assert_eq!(moment.built.inputs.grid.start_s(0), start);
    }
}

#[test]
fn jobs_and_machines_are_as_the_run_left_them() {
    let input = study();
    let early = moment(&input, 0, &|_| {}).expect("a moment");
    assert!(early.jobs.is_empty(), "none is released yet");
    let late = moment(&input, 12, &|_| {}).expect("a moment");
    let names: Vec<&str> = late.jobs.iter().map(|j| j.job.id.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert!(late.jobs[0].finished.is_some(), "a was due at nine");
    assert!(late.built.inputs.demand[0].peak_so_far > 1.0, "metered");
    assert_eq!(early.built.inputs.demand[0].peak_so_far, 0.0);
}

#[test]
fn what_comes_after_changes_nothing() {
    let input = study();
    let mut shorter = input.clone();
    let until = shorter.scenario.grid.boundaries()[..9].to_vec();
    shorter.scenario.grid = swingload_model::TimeGrid::from_boundaries(until).expect("a grid");
    shorter.jobs.truncate(2);
    let of = |input: &StudyInput| {
        let moment = moment(input, 7, &|_| {}).expect("a moment");
        format!("{:?} {:?}", moment.built, moment.jobs)
    };
    assert_eq!(of(&input), of(&shorter));
}

#[test]
fn a_gap_is_refused_only_where_it_matters() {
    let mut input = study();
    input.series.remove("price");
    assert!(moment(&input, 3, &|_| {}).is_err());
}

//! Work that nobody can do is missed from the start, and moves no bound.

use swingload_model::job::{Job, Obstacle};
use swingload_scheduler::impossible::notes;

use super::support::{SITE, input, job, scenario};
use crate::run::{Study, StudyInput, impossible, simulate};

const START: &str = "2026-03-01T06:00:00Z";
const POLICIES: [&str; 5] = ["always_on", "asap", "static_split", "swingload", "oracle"];

/// Twelve hours at a hall for GPUs that carries no gang of 1,024.
fn study(jobs: impl Fn(i64) -> Vec<Job>) -> StudyInput {
    let site = SITE.replace("rating_mw = 4", "rating_mw = 0.9");
    let shape = scenario(&site, START, 12, 60, &POLICIES);
    let start = shape.grid.start_s(0);
    input(shape, &[40.0, 90.0], &[2.0], &[50.0], jobs(start))
}

fn run(input: &StudyInput) -> Study {
    simulate(input, &|_| {}).expect("runs")
}

fn possible(start: i64) -> Vec<Job> {
    vec![job("small", start, 128, 3.0, 0.0, 9.0)]
}

/// The penalty of 0.5 USD per GPU-hour is all that the impossible jobs change.
#[test]
fn impossible_gangs_inflate_neither_values_nor_the_bound() {
    let without = run(&study(possible));
    for due_h in [6.0, 40.0] {
        let input = study(|start| {
            let mut jobs = possible(start);
            jobs.push(job("giant", start, 1024, 2.0, 1.0, due_h));
            let mut waits = job("waits", start, 8, 1.0, 2.0, due_h);
            waits.depends_on = vec!["giant".into()];
            jobs.push(waits);
            jobs
        });
        let told = impossible(&input);
        let limits: Vec<_> = told.iter().map(|w| (w.job.as_str(), w.limit)).collect();
        let expected = [("giant", Obstacle::Node), ("waits", Obstacle::Dependency)];
        assert_eq!(limits, expected);
        let with = run(&input);
        assert_eq!(with.summary.impossible, told);
        let penalty = 0.5 * (2048.0 + 8.0);
        let near = |a: f64, b: f64, what: &str| assert!((a - b).abs() < 1e-3, "{what}: {a} {b}");
        for name in POLICIES {
            let (a, b) = (
                &without.summary.policies[name],
                &with.summary.policies[name],
            );
            near(a.value - penalty, b.value, name);
            assert_eq!(
                (b.jobs.unmet, b.jobs.open),
                (a.jobs.unmet + 2, a.jobs.open),
                "{name}"
            );
            near(a.jobs.unmet_gpu_h + 2056.0, b.jobs.unmet_gpu_h, name);
            near(a.jobs.open_gpu_h, b.jobs.open_gpu_h, name);
        }
        let gain = |study: &Study| study.summary.gain.clone().expect("a scale");
        near(gain(&without).bound - penalty, gain(&with).bound, "bound");
        near(gain(&without).gainable, gain(&with).gainable, "G");
    }
}

/// Sizes that can never run are no part of what is left for after the run.
#[test]
fn a_gang_too_large_leaves_its_smaller_sizes() {
    let sizes = |gangs: &'static [u32]| {
        run(&study(move |start| {
            let mut job = job("either", start, 128, 30.0, 0.0, 40.0);
            job.gangs = gangs.to_vec();
            vec![job]
        }))
    };
    let (small, both) = (sizes(&[128]), sizes(&[128, 1024]));
    assert_eq!(both.summary.impossible, []);
    let bound = |study: &Study| study.summary.gain.clone().expect("a scale").bound;
    let (small, both) = (bound(&small), bound(&both));
    assert!((small - both).abs() < 1e-3, "{small} {both}");
}

/// What a series reaches at most proves as much, though nobody knows it ahead.
#[test]
fn supply_that_never_suffices_is_told() {
    let mut input = study(|start| vec![job("night", start, 256, 2.0, 1.0, 6.0)]);
    assert_eq!(impossible(&input), []);
    let site = &mut input.scenario.site;
    site.supply.truncate(1);
    let told = impossible(&input);
    assert_eq!(told.len(), 0, "2 MW of surplus suffice: {told:?}");
    let low = super::support::series(&input.scenario, "surplus", "MW", &[0.4, 0.3]);
    input.series.insert("surplus".into(), low);
    let told = impossible(&input);
    assert_eq!(told[0].limit, Obstacle::Supply, "{told:?}");
    assert_eq!(told[0].has, 0.4);
    assert!(told[0].by_series, "nobody knows it ahead");
    let said = &notes(&told)[0];
    assert!(
        said.starts_with("job night can never run as its series turn out: "),
        "{said}"
    );
    assert!(said.ends_with("which plans cannot know ahead."), "{said}");
}

//! Controllers in the loop.

use super::support::{SITE, balance, input, job, scenario};
use crate::run::{Error, simulate};

const START: &str = "2026-03-01T06:00:00Z";
const PRICE: [f64; 6] = [20.0, 35.0, 150.0, 60.0, -20.0, 90.0];

fn study(policies: &[&str]) -> crate::StudyInput {
    // Free starts: whether stopping pays must not depend on wear here.
    let site = SITE.replace("wake_s = 600\nwear_per_start = 0.1\n", "");
    let shape = scenario(&site, START, 24, 60, policies);
    let start = shape.grid.start_s(0);
    let jobs = vec![
        job("a", start, 64, 3.0, 0.5, 9.0),
        job("b", start, 256, 2.0, 4.0, 14.0),
        job("c", start, 128, 5.0, 10.0, 20.0),
    ];
    input(shape, &PRICE, &[2.0, 0.5], &[300.0, 420.0, 150.0], jobs)
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let mut input = study(&["always_on", "breakeven", "asap"]);
    input.scenario.faults.device_failures_per_day = 0.05;
    input.scenario.faults.repair_h = 5.0;
    input.scenario.faults.ack_lost_share = 0.1;
    input.scenario.faults.ack_delay_steps = 2;
    let once = || {
        let study = simulate(&input, &|_| {}).expect("runs");
        let columns: Vec<_> = study
            .runs
            .iter()
            .map(|r| (&r.load_energy, &r.supply_energy, r.ledger.value()))
            .collect();
        format!(
            "{}\n{columns:?}",
            serde_json::to_string(&study.summary).expect("serialises")
        )
    };
    assert_eq!(once(), once());
}

#[test]
fn breakeven_beats_always_on_and_says_why() {
    let study = simulate(&study(&["always_on", "breakeven"]), &|_| {}).expect("runs");
    let (on, breakeven) = (
        &study.summary.policies["always_on"],
        &study.summary.policies["breakeven"],
    );
    assert!(
        breakeven.value > on.value,
        "{:#?}\n{:#?}",
        breakeven.lines,
        on.lines
    );
    assert!(breakeven.pools["s21"].uptime_pct < on.pools["s21"].uptime_pct);
    let levers = &breakeven.levers;
    let sum = levers.breakeven
        + levers.underclocking
        + levers.shifting
        + levers.peaks
        + levers.programmes
        + levers.surplus;
    assert!((sum - levers.total).abs() < 1e-6, "levers add up");
    assert!((levers.total - (breakeven.value - on.value)).abs() < 1e-6);
    assert!(levers.breakeven > 0.0, "{levers:?}");
    for run in &study.runs {
        assert!(
            balance(run).iter().all(|(uses, supply)| uses == supply),
            "{}",
            run.name
        );
        assert_eq!(run.incidents.limit_exceeded_steps, 0, "{}", run.name);
    }
}

#[test]
fn jobs_run_and_are_counted_once() {
    let study = simulate(&study(&["asap"]), &|_| {}).expect("runs");
    let jobs = &study.summary.policies["asap"].jobs;
    assert_eq!(
        jobs.submitted,
        jobs.on_time + jobs.late + jobs.unmet + jobs.open
    );
    assert_eq!((jobs.submitted, jobs.on_time), (3, 3), "{jobs:?}");
    let run = study.run("asap").expect("ran");
    for span in &run.spans {
        assert!(span.start >= study.jobs[span.job as usize].release);
    }
}

#[test]
fn an_unknown_policy_is_refused() {
    let mut input = study(&["asap"]);
    input.scenario.policies.run = vec!["wishful".into()];
    assert_eq!(
        simulate(&input, &|_| {}).expect_err("unknown"),
        Error::UnknownPolicy("wishful".into())
    );
    let mut input = study(&["asap"]);
    input.series.remove("price");
    assert!(matches!(simulate(&input, &|_| {}), Err(Error::Missing(_))));
}

/// From six in the morning, plans of every sixth hour are made afresh: they are proven.
#[test]
fn plans_made_afresh_carry_their_certificate() {
    let study = simulate(&study(&["swingload", "breakeven"]), &|_| {}).expect("runs");
    let run = study.run("swingload").expect("ran");
    assert_eq!(run.proof.len(), 24);
    for (hour, proof) in run.proof.iter().enumerate() {
        assert_eq!(proof.is_some(), hour % 6 == 0, "hour {hour}: {proof:?}");
        if let Some(proof) = proof {
            assert!(proof.bound.is_finite() && proof.gap() >= 0.0, "{proof:?}");
        }
    }
    let plans = study.summary.policies["swingload"].plans.expect("planned");
    let gap = plans.gap_pct.expect("worth something");
    assert_eq!(plans.count, 4, "only plans that are proven count");
    assert!((0.0..20.0).contains(&gap), "{plans:?}");
    let rule = study.run("breakeven").expect("ran");
    assert!(rule.proof.iter().all(Option::is_none), "it plans nothing");
    assert_eq!(study.summary.policies["breakeven"].plans, None);
}

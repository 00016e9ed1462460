//! Scales of the report do not depend on which policies are listed.

use swingload_model::series::{Observation, Series};

use super::support::{SITE, input, job, scenario};
use crate::ledger::LineKind;
use crate::oracle;
use crate::record::PolicyRun;
use crate::results;
use crate::run::Context;
use crate::{Study, StudyInput, simulate};

const START: &str = "2026-03-02T06:00:00Z";

/// A day whose evening is dear, known when it is over or when it begins, and jobs.
fn world(policies: &[&str], notice: bool) -> StudyInput {
    let mut shape = scenario(SITE, START, 24, 60, policies);
    shape.forecast.model = Some("seasonal_naive_day".to_owned());
    let start = shape.grid.start_s(0);
    let price: Vec<f64> = (0..96)
        .map(|h| if (34..38).contains(&h) { 900.0 } else { 30.0 })
        .collect();
    let jobs = vec![
        job("early", start, 512, 4.0, 1.0, 20.0),
        job("late", start, 1024, 3.0, 9.5, 13.0),
    ];
    let mut input = input(shape, &price, &[1.0], &[300.0], jobs);
    let late = |o: &Observation| Observation {
        known_at: if notice { o.start } else { o.end },
        ..*o
    };
    let price = &input.series["price"];
    let observations = price.observations().iter().map(late).collect();
    let price = Series::new("price", price.unit.clone(), observations).expect("valid");
    input.series.insert("price".to_owned(), price);
    input
}

fn run(policies: &[&str], notice: bool) -> Study {
    simulate(&world(policies, notice), &|_| {}).expect("runs")
}

#[test]
fn the_zero_of_the_gain_scale_is_a_rule_that_knows_no_future() {
    let listed = run(&["always_on", "asap", "breakeven", "oracle"], false);
    let alone = run(&["breakeven", "oracle"], false);
    let (with, without) = (listed.summary.gain.clone(), alone.summary.gain.clone());
    assert_eq!(with, without);
    let gain = without.expect("an oracle ran");
    assert_eq!(gain.asap, listed.summary.policies["asap"].value);
    assert!(
        gain.gainable > 100.0,
        "asap did not know of the evening: {gain:?}"
    );
    let share = |study: &Study| study.summary.policies["breakeven"].gain_pct;
    assert_eq!(share(&listed), share(&alone));
    assert!(share(&alone).is_some());
    // What only scales need is in no list of the results.
    assert_eq!(alone.summary.order, ["breakeven", "oracle"]);
    assert_eq!(alone.runs.len(), 2);
    assert_eq!(alone.summary.policies.len(), 2);
}

#[test]
fn levers_are_measured_against_one_baseline_whatever_is_listed() {
    let listed = run(&["always_on", "asap", "breakeven"], true);
    for policies in [&["breakeven"][..], &["asap", "breakeven"]] {
        let study = run(policies, true);
        assert_eq!(study.summary.baseline, "always_on");
        let always_on = listed.summary.policies["always_on"].value;
        assert_eq!(study.summary.baseline_value, always_on);
        let levers = |study: &Study| study.summary.policies["breakeven"].levers;
        assert_eq!(levers(&study), levers(&listed), "{policies:?}");
        assert!(levers(&study).total != 0.0);
        assert!(study.summary.gain.is_none(), "no oracle was asked for");
    }
}

/// A run that drew three times as much as the site lets it, and is worth a million more.
fn beyond(run: &PolicyRun) -> PolicyRun {
    let mut run = run.clone();
    let columns = run.load_energy.iter_mut().chain(&mut run.supply_energy);
    columns.flatten().for_each(|joules| *joules *= 3);
    let line = run.ledger.line("beyond", LineKind::Mining);
    let million = swingload_model::units::Money::from_units(1e6);
    run.ledger.book(line, 0, million);
    run
}

/// Of the runs that are listed none moves the bound, however much it is worth: those that broke
/// limits stand outside the scale. Should one that kept them pass the bound, it is widened, and
/// that is said.
#[test]
fn a_listed_run_that_broke_limits_moves_neither_bound_nor_gain() {
    let input = world(&["always_on", "asap", "oracle"], false);
    let study = simulate(&input, &|_| {}).expect("runs");
    let context = Context::new(&input.scenario, &input.series, &input.jobs).expect("a world");
    let [asap, other] = ["asap", "always_on"].map(|name| study.run(name).expect("ran").clone());
    let gain = |others: &[PolicyRun]| {
        let foresight = oracle::foresee(&context, &|_| {}).expect("counted");
        let mut runs = [&[asap.clone()][..], others].concat();
        let certificate = oracle::add(&context, foresight, &mut runs);
        let summary = results::summarise(&context, &runs, &[], &[], Some(&certificate));
        let share = summary.policies.get("always_on").and_then(|p| p.gain_pct);
        (summary.gain.expect("a scale"), share)
    };
    let (alone, _) = gain(&[]);
    let mut broke = beyond(&other);
    broke.incidents.limit_exceeded_steps = 1;
    assert!(broke.ledger.value().as_units() > alone.bound);
    let (beside, share) = gain(&[broke]);
    let bits = |gain: &results::GainSummary| [gain.bound, gain.gainable].map(f64::to_bits);
    assert_eq!(bits(&beside), bits(&alone));
    assert_eq!(beside.outside, ["always_on"]);
    assert_eq!(share, None);
    assert!(beside.widened_for.is_empty() && alone.widened_for.is_empty());
    let kept = beyond(&other);
    assert!(kept.incidents.kept_the_rules(), "{:?}", kept.incidents);
    let value = kept.ledger.value().as_units();
    let (widened, _) = gain(&[kept]);
    assert!(widened.bound >= value, "{widened:?}");
    assert_eq!(widened.widened_for, ["always_on"]);
    assert!(widened.outside.is_empty());
}

//! Scales of the report do not depend on which policies are listed.

use swingload_model::series::{Observation, Series};

use super::support::{SITE, input, job, scenario};
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

//! A small market, evaluated: what is scored, against what, and that nothing looks ahead.

use std::collections::BTreeMap;

use swingload_model::evaluation::Evaluation;
use swingload_model::series::{Observation, Series, Unit};

use super::*;
use crate::seed::mix;

const FILE: &str = r#"
title = "Test"
series = "price"
[period]
start = "2024-03-01T00:00:00Z"
end = "2024-03-15T00:00:00Z"
step_min = 60
history_days = 40
[issue]
zone = "UTC"
@ISSUE
[[models]]
model = "seasonal_naive_week"
[[models]]
model = "seasonal_naive_day"
[[models]]
column = "expert"
[[models]]
model = "perfect"
[data.price]
unit = "EUR/MWh"
publication = "@PUBLISHED"
constant = 1
[data.expert]
unit = "EUR/MWh"
publication = "D-1 10:00 UTC"
constant = 1
"#;

const DAY_AHEAD: (&str, &str) = ("at = [\"11:30\"]\nday_ahead = 1", "D-1 12:45 UTC");
const ROLLING: (&str, &str) = ("every_min = 360\nhorizon_h = 24", "end");

fn evaluation((issue, published): (&str, &str)) -> Evaluation {
    let text = FILE
        .replace("@ISSUE", issue)
        .replace("@PUBLISHED", published);
    Evaluation::from_toml("e.toml", &text, &[]).expect("good")
}

fn value(hour: i64) -> f64 {
    let noise = mix(hour as u64) % 1000;
    40.0 + 10.0 * ((hour % 24) as f64 - 12.0).abs() + noise as f64 / 50.0
}

/// The price by the hour from the history's start on, and an expert who errs by 2 EUR.
fn series(evaluation: &Evaluation, day_ahead: bool) -> BTreeMap<String, Series> {
    let unit = Unit::parse("EUR/MWh").expect("a unit");
    let first = (evaluation.period.0 - evaluation.history.get()) / 3600;
    let hours = first..evaluation.period.1 / 3600;
    let gate = |hour: i64, minute: i64| hour.div_euclid(24) * 86_400 - 86_400 + minute * 60;
    let made = |name: &str, known: &dyn Fn(i64) -> i64, of: &dyn Fn(i64) -> f64| {
        let observations = hours.clone().map(|hour| Observation {
            start: hour * 3600,
            end: (hour + 1) * 3600,
            value: of(hour),
            known_at: known(hour),
        });
        let series = Series::new(name, unit.clone(), observations.collect()).expect("valid");
        (name.to_owned(), series)
    };
    let known = |hour: i64| {
        if day_ahead {
            gate(hour, 12 * 60 + 45)
        } else {
            (hour + 1) * 3600
        }
    };
    BTreeMap::from([
        made("price", &known, &value),
        made("expert", &|hour| gate(hour, 600), &|hour| value(hour) + 2.0),
    ])
}

fn run(evaluation: &Evaluation, series: &BTreeMap<String, Series>) -> Vec<Vec<Issued>> {
    let truth = &series[&evaluation.series];
    let runners: Vec<Runner> = evaluation
        .models
        .iter()
        .map(|c| Runner::new(c, truth, 0).expect("registered"))
        .collect();
    let mut feeds: Vec<Feed<'_>> = evaluation
        .models
        .iter()
        .map(|c| Feed::new(series, c.window.map(|w| w.get())))
        .collect();
    let issue = |issue: &Issue| {
        let pairs = runners.iter().zip(&mut feeds);
        pairs
            .map(|(runner, feed)| runner.issue(evaluation, feed.until(issue.issued_at), issue, 0))
            .collect()
    };
    evaluation.issues.iter().map(issue).collect()
}

#[test]
fn every_hour_of_the_test_days_is_scored_once() {
    let evaluation = evaluation(DAY_AHEAD);
    let series = series(&evaluation, true);
    let issued = run(&evaluation, &series);
    let sample = Sample::new(&evaluation, &series, &issued);
    assert_eq!(sample.steps.len(), 14 * 24);
    assert_eq!(sample.left_out, Default::default());
    let found = scores(&evaluation, &sample, &issued);
    let [week, day, expert, perfect] = &found[..] else {
        panic!("four models");
    };
    let naive = naive_mae(&sample).expect("a week of history");
    assert!(
        (week.rmae.expect("naive") - 1.0).abs() < 1e-12,
        "the naive model is its own measure"
    );
    assert!((week.all.mae - naive).abs() < 1e-9);
    assert!((expert.all.mae - 2.0).abs() < 1e-9 && (expert.all.bias - 2.0).abs() < 1e-9);
    assert_eq!(
        (expert.all.pinball, expert.reliability.len()),
        (None, 0),
        "a point"
    );
    assert!(perfect.all.mae < 1e-12 && perfect.all.crps.is_some_and(|score| score < 1e-12));
    assert_eq!(perfect.saving_kept_pct, Some(100.0));
    assert_eq!(
        expert.saving_kept_pct,
        Some(100.0),
        "a shift keeps the order of hours"
    );
    assert!(day.saving_kept_pct.is_some_and(|kept| kept < 100.0));
    assert_eq!(cheapest_days(&evaluation, &sample), 14);
    let hours: usize = day.by_hour.iter().map(|group| group.scores.steps).sum();
    assert_eq!((day.by_hour.len(), hours), (24, 14 * 24));
    assert_eq!(day.by_quarter[0].label, "2024 Q1");
    let test = expert
        .diebold_mariano
        .iter()
        .find(|t| t.against == "seasonal_naive_week");
    let test = test.expect("tested");
    assert!(
        test.days == 14 && test.p_value.is_some_and(|p| p < 0.01),
        "{test:?}"
    );
}

#[test]
fn overlapping_issues_are_scored_by_horizon() {
    let evaluation = evaluation(ROLLING);
    let series = series(&evaluation, false);
    let issued = run(&evaluation, &series);
    let sample = Sample::new(&evaluation, &series, &issued);
    let found = scores(&evaluation, &sample, &issued);
    let day = &found[1];
    let labels: Vec<&str> = day.by_horizon.iter().map(|g| g.label.as_str()).collect();
    assert_eq!(labels, ["up to 1 h", "1 to 4 h", "4 to 24 h"]);
    // The expert speaks of tomorrow from 10:00 on: before it, part of the horizon is missing.
    assert!(sample.left_out.without_forecast > 0);
    assert_eq!(sample.left_out.known_at_issue, 0);
    let total = sample.steps.len() + sample.left_out.without_forecast;
    assert_eq!(total, evaluation.issues.len() * 24);
    let below = |level: usize| day.reliability[level].observed_pct;
    assert!(
        (0..18).all(|k| below(k) <= below(k + 1)),
        "shares rise with the level"
    );
}

#[test]
fn what_is_published_already_is_no_forecast() {
    let evaluation = evaluation((ROLLING.0, DAY_AHEAD.1));
    let series = series(&evaluation, true);
    let issued = run(&evaluation, &series);
    let sample = Sample::new(&evaluation, &series, &issued);
    assert!(sample.left_out.known_at_issue > 0);
    for step in &sample.steps {
        let issued_at = evaluation.issues[step.issue].issued_at;
        let gate = step.start.div_euclid(86_400) * 86_400 - 86_400 + 45_900;
        assert!(gate > issued_at, "{step:?} was known");
    }
}

#[test]
fn the_future_changes_no_forecast() {
    let evaluation = evaluation(ROLLING);
    let mut scrambled = series(&evaluation, false);
    let issued = run(&evaluation, &scrambled);
    let cut = evaluation.issues.len() / 2;
    let at = evaluation.issues[cut].issued_at;
    for series in scrambled.values_mut() {
        let changed = series.observations().iter().map(|o| Observation {
            value: if o.known_at > at {
                -999.0 - o.value
            } else {
                o.value
            },
            ..*o
        });
        *series = Series::new(series.name.clone(), series.unit.clone(), changed.collect())
            .expect("valid");
    }
    let again = run(&evaluation, &scrambled);
    for (before, after) in issued[..=cut].iter().zip(&again) {
        // All but `perfect`, which is told the future.
        for (before, after) in before[..3].iter().zip(after) {
            let bits =
                |issued: &Issued| issued.mean.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(before), bits(after));
            assert_eq!(before.quantiles, after.quantiles);
        }
    }
}

#[test]
fn order_of_issues_and_windows_do_not_matter() {
    let evaluation = evaluation(DAY_AHEAD);
    let series = series(&evaluation, true);
    let issue = &evaluation.issues[9];
    let runner = |window: Option<i64>, warm: &[usize]| {
        let mut feed = Feed::new(&series, window);
        let truth = &series["price"];
        let runner = Runner::new(&evaluation.models[1], truth, 0).expect("registered");
        for i in warm {
            let earlier = &evaluation.issues[*i];
            runner.issue(&evaluation, feed.until(earlier.issued_at), earlier, 0);
        }
        runner.issue(&evaluation, feed.until(issue.issued_at), issue, 0)
    };
    assert_eq!(runner(None, &[]), runner(None, &[3, 12, 1]));
    let short = runner(Some(3 * 86_400), &[]);
    assert_eq!(short, runner(Some(3 * 86_400), &[12, 2]));
    assert_ne!(
        short.quantiles,
        runner(None, &[]).quantiles,
        "fewer past errors"
    );
    // Without a single day behind it, the model has nothing but a fallback.
    assert!(runner(Some(3600), &[]).fallback.is_some());
}

//! Evaluations from text, good and broken.

use super::*;

pub(super) const GOOD: &str = r#"title = "Test"
series = "price"

[period]
start = "2024-03-29T23:00:00Z"
end = "2024-04-01T22:00:00Z"
step_min = 60

[issue]
zone = "Europe/Berlin"
at = ["11:30"]
day_ahead = 1

[[models]]
model = "seasonal_naive_week"

[[models]]
column = "expert"

[data.price]
unit = "EUR/MWh"
publication = "D-1 12:45 Europe/Berlin"
constant = 40

[data.expert]
unit = "EUR/MWh"
publication = "D-1 11:00 Europe/Berlin"
constant = 41
"#;

fn read(text: &str) -> Result<Evaluation, Diagnostics> {
    Evaluation::from_toml("e.toml", text, &[])
}

fn refused(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    let broken = GOOD.replacen(from, to, 1);
    match read(&broken) {
        Ok(_) => panic!("accepted: {from} -> {to}"),
        Err(faults) => faults.to_string(),
    }
}

#[test]
fn local_days_have_23_hours_when_the_clock_goes_forward() {
    let evaluation = read(GOOD).expect("good");
    let lengths: Vec<usize> = evaluation.issues.iter().map(|i| i.grid.len()).collect();
    // 30 March, 31 March (summer time begins), 1 April.
    assert_eq!(lengths, [24, 23, 24]);
    let issued = crate::time::timestamp(evaluation.issues[2].issued_at);
    assert_eq!(
        issued.to_string(),
        "2024-03-31T09:30:00Z",
        "11:30 in summer"
    );
    let first = evaluation.issues[0].issued_at;
    assert!(
        first < evaluation.period.0,
        "the first is issued before the period"
    );
    assert_eq!(evaluation.reach.get(), 24 * 3600 + 12 * 3600 + 1800);
    let label = evaluation
        .calendar
        .label(evaluation.issues[1].grid.start_s(2));
    assert_eq!(
        (label.hour, label.year, label.quarter),
        (3, 2024, 1),
        "02:00 is left out"
    );
}

#[test]
fn rolling_issues_end_inside_the_period() {
    let rolling = GOOD.replace(
        "at = [\"11:30\"]\nday_ahead = 1",
        "every_min = 90\nhorizon_h = 24",
    );
    let evaluation = read(&rolling).expect("good");
    let (first, last) = (
        &evaluation.issues[0],
        evaluation.issues.last().expect("some"),
    );
    assert_eq!(first.issued_at, evaluation.period.0);
    assert_eq!(
        evaluation.issues[1].grid.start_s(0),
        first.issued_at + 7200,
        "the next whole step"
    );
    assert!(last.grid.end_s(23) <= evaluation.period.1);
    let ends: Vec<f64> = evaluation.buckets.iter().map(|b| b.as_hours()).collect();
    assert_eq!(
        ends,
        [1.0, 4.0, 24.0, 24.5],
        "the last bucket holds the longest lead"
    );
    assert_eq!(evaluation.bucket(3599), 0);
    assert_eq!(evaluation.bucket(3600), 1);
    assert_eq!(evaluation.bucket(i64::MAX), 3);
}

#[test]
fn broken_files_name_line_field_and_remedy() {
    for (from, to, line, said) in [
        (
            "series = \"price\"",
            "series = \"prize\"",
            2,
            "did you mean `price`?",
        ),
        (
            "Europe/Berlin\"\nat",
            "Europe/Berlino\"\nat",
            10,
            "no IANA time zone",
        ),
        ("11:30", "noon", 11, "write HH:MM"),
        (
            "day_ahead = 1",
            "day_ahead = 1\nhorizon_h = 24",
            9,
            "one of `day_ahead` and `horizon_h`",
        ),
        ("day_ahead = 1", "horizon_h = 0.5", 12, "at least one step"),
        ("day_ahead = 1", "day_ahead = 99", 12, "14 days"),
        (
            "seasonal_naive_week",
            "seasonal_naive_weak",
            15,
            "did you mean `seasonal_naive_week`?",
        ),
        (
            "column = \"expert\"",
            "column = \"guru\"",
            18,
            "there is no series `guru`",
        ),
        (
            "column = \"expert\"",
            "column = \"expert\"\nwindow_days = 5",
            19,
            "reads nothing",
        ),
        (
            "column = \"expert\"",
            "id = \"x\"",
            17,
            "exactly one of `model` and `column`",
        ),
        (
            "column = \"expert\"",
            "model = \"seasonal_naive_week\"",
            17,
            "give each its own id",
        ),
        (
            "column = \"expert\"",
            "model = \"published\"",
            17,
            "add published",
        ),
        (
            "seasonal_naive_week\"",
            "climatology\"\ninputs = [\"expert\"]",
            16,
            "reads no other series",
        ),
        (
            "end = \"2024-04-01T22:00:00Z\"",
            "end = \"2024-03-30T02:00:00Z\"",
            6,
            "make the period longer",
        ),
        (
            "unit = \"EUR/MWh\"\npublication = \"D-1 11:00",
            "unit = \"MW\"\npublication = \"D-1 11:00",
            18,
            "bring it to EUR/MWh",
        ),
        (
            "constant = 41",
            "constant = 41\nfx = \"price\"",
            29,
            "leave fx out",
        ),
        (
            "step_min = 60",
            "step_min = 60\nhistory_days = -3",
            8,
            "history_days",
        ),
        (
            "series = \"price\"",
            "series = \"price\"\nscores = { levels = [12] }",
            3,
            "P5 to P95",
        ),
        (
            "series = \"price\"",
            "series = \"price\"\nscores = { cheapest_hours = 24 }",
            3,
            "8 is usual",
        ),
        (
            "series = \"price\"",
            "series = \"price\"\nscores = { buckets_h = [4, 1] }",
            3,
            "must be positive and rise",
        ),
    ] {
        let message = refused(from, to);
        assert!(message.contains(said), "{to}: {message}");
        assert!(
            message.contains(&format!("e.toml:{line}: ")),
            "{to}: line {line} of {message}"
        );
        assert!(message.contains("help: "), "{message}");
    }
}

#[test]
fn more_than_memory_holds_is_refused() {
    let long = GOOD
        .replace(
            "end = \"2024-04-01T22:00:00Z\"",
            "end = \"2034-03-29T23:00:00Z\"",
        )
        .replace(
            "at = [\"11:30\"]\nday_ahead = 1",
            "every_min = 60\nhorizon_h = 48",
        );
    let message = read(&long).expect_err("too many").to_string();
    assert!(message.contains("forecast values"), "{message}");
}

#[test]
fn too_many_issues_are_refused_before_they_are_made() {
    // A year of issues every second would hardly fit into memory.
    let every = "every_min = 0.0166667\nhorizon_h = 24";
    let text = GOOD
        .replacen("at = [\"11:30\"]\nday_ahead = 1", every, 1)
        .replacen("2024-04-01T22", "2025-04-01T22", 1);
    let faults = read(&text).expect_err("too many").to_string();
    assert!(
        faults.contains("and an evaluation holds 8000000 at most"),
        "{faults}"
    );
}

//! A made-up result, as text and as a page.

use swingload_model::evaluation::result::*;

use super::*;
use crate::terminal::Style;

fn scores(mae: f64, inside: Option<f64>) -> Scores {
    Scores {
        steps: 48,
        mae,
        rmse: mae * 1.4,
        bias: -0.1,
        pinball: inside.map(|_| mae / 2.6),
        crps: inside.map(|_| mae / 1.3),
        p10_p90_pct: inside,
        p90_positive: inside.map(|_| 40),
        p10_breached_pct: inside.map(|_| 9.5),
        spikes: Some(4),
        spikes_seen: inside.map(|_| 3),
    }
}

pub(super) fn result() -> EvaluationResult {
    let model = |id: &str, model: &str, mae: f64, inside: Option<f64>| {
        let group = |label: &str| Group {
            label: label.to_owned(),
            scores: scores(mae, inside),
        };
        ModelScores {
            id: id.to_owned(),
            model: model.to_owned(),
            all: scores(mae, inside),
            rmae: Some(mae / 5.0),
            reliability: inside.map_or_else(Vec::new, |_| {
                let level = |k: u8| Reliability {
                    level_pct: 5 * k,
                    observed_pct: f64::from(5 * k) + 1.0,
                };
                (1..20).map(level).collect()
            }),
            saving_kept_pct: Some(90.0),
            by_horizon: vec![group("up to 1 h"), group("1 to 4 h")],
            by_quarter: vec![group("2024 Q1")],
            by_hour: (0..24).map(|h| group(&format!("{h:02}"))).collect(),
            diebold_mariano: Vec::new(),
            fallbacks: 0,
            fallback_example: None,
        }
    };
    let mut models = vec![
        model("naive <week>", "seasonal_naive_week", 5.0, Some(79.0)),
        model("expert", "column", 3.5, None),
        model("told", "perfect", 0.0, Some(100.0)),
    ];
    models[1].diebold_mariano = vec![DieboldMariano {
        against: "naive <week>".to_owned(),
        statistic: Some(3.0),
        p_value: Some(0.00135),
        days: 2,
        by_hour: Vec::new(),
    }];
    let at = |text: &str| text.parse().expect("RFC 3339");
    EvaluationResult {
        version: "0".to_owned(),
        title: "A <test>".to_owned(),
        description: "Made up.".to_owned(),
        series: "price".to_owned(),
        unit: "EUR/MWh".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        start: at("2024-01-01T00:00:00Z"),
        end: at("2024-01-03T00:00:00Z"),
        step_min: 60.0,
        inputs_sha256: "0".repeat(64),
        issues: 2,
        steps: 48,
        left_out: LeftOut {
            without_truth: 2,
            ..LeftOut::default()
        },
        naive_mae: Some(5.0),
        cheapest_hours: Some(8.0),
        cheapest_days: 2,
        spike_above: Some(100.0),
        models,
        notes: vec!["a note".to_owned()],
    }
}

#[test]
fn text_fits_eighty_columns() {
    let style = Style {
        width: 80,
        bold: false,
    };
    let text = text(&result(), style);
    let long: Vec<&str> = text.lines().filter(|l| l.chars().count() > 80).collect();
    assert!(long.is_empty(), "{long:?}");
    for part in [
        "1 naive <week>",
        "2 expert",
        "0.001",
        "up to 1 h",
        "a note",
        "is told the truth",
        "2 steps are not scored",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
}

#[test]
fn the_page_treats_text_as_text() {
    let page = html(&result());
    assert!(
        page.contains("A &lt;test&gt;") && !page.contains("<test>") && !page.contains("<week>")
    );
    for load in ["src=", "<link", "<script", "@import", "url(", "href=\"http"] {
        assert!(!page.contains(load), "{load}");
    }
    for id in [
        "scores",
        "reliability",
        "horizon",
        "coverage",
        "tests",
        "notes",
    ] {
        assert!(page.contains(&format!("<section id=\"{id}\"")), "{id}");
        assert!(page.contains(&format!("href=\"#{id}\"")), "{id}");
    }
    assert_eq!(
        page.matches("<section").count(),
        page.matches("</section>").count()
    );
}

#[test]
fn yardsticks_are_never_the_best() {
    assert_eq!(tables::best(&result()), Some(1), "of the two others");
    assert_eq!(
        tables::best_bands(&result()),
        Some(0),
        "the only other model with quantiles"
    );
}

//! Commands that only print.

use swingload_model::scenario::names::{FORECAST_MODELS, POLICIES};
use swingload_tests::{json, world};

fn stdout(arguments: &str) -> String {
    let shown = world().swingload(arguments).assert().success();
    String::from_utf8(shown.get_output().stdout.clone()).expect("text")
}

#[test]
fn schemas_are_json() {
    for which in [
        "site",
        "scenario",
        "summary",
        "plan",
        "evaluation",
        "scores",
        "forecast",
    ] {
        let schema = json(stdout(&format!("schema {which}")).as_bytes());
        assert!(
            schema["title"]
                .as_str()
                .is_some_and(|t| t.starts_with("Swingload")),
            "{which}"
        );
        jsonschema::validator_for(&schema).expect("a valid schema");
    }
}

#[test]
fn every_policy_has_a_line() {
    let text = stdout("policies");
    let lines: Vec<&str> = text.lines().collect();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = words(&text);
    for policy in POLICIES {
        assert!(
            lines.iter().any(|line| line.starts_with(policy.name)),
            "{}:\n{text}",
            policy.name
        );
        assert!(shown.contains(policy.about), "{}:\n{text}", policy.name);
    }
    assert!(
        lines.iter().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}

/// Scenarios may name what the forecasters' registry holds, and nothing else.
#[test]
fn every_forecast_model_is_in_the_list() {
    let listed: Vec<&str> = FORECAST_MODELS.iter().map(|model| model.name).collect();
    let built: Vec<&str> = swingload_forecast::models::names().collect();
    assert_eq!(listed, built);
}

#[test]
fn models_have_figures_and_sources() {
    let text = stdout("models");
    for part in ["Antminer S21", "H100", "J/TH", "source"] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
}

#[test]
fn completions_and_version_are_printed() {
    assert!(stdout("completions bash").contains("swingload"));
    assert!(stdout("--version").starts_with("swingload "));
    assert!(stdout("simulate --help").contains("Exit codes"));
}

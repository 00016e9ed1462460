//! Commands that only print.

use swingload_tests::{json, world};

fn stdout(arguments: &str) -> String {
    let shown = world().swingload(arguments).assert().success();
    String::from_utf8(shown.get_output().stdout.clone()).expect("text")
}

#[test]
fn schemas_are_json() {
    for which in ["site", "scenario", "summary"] {
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
    insta::assert_snapshot!("policies", stdout("policies"));
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

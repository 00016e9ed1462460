//! Broken site and scenario files, each with the message it must give.
//!
//! `broken/NN-name.toml` differs from `good-site.toml` or `good-scenario.toml` in
//! the fault its name tells; its first line says which of the two it is, and lines
//! beginning with `# --set` are overrides. `./test --bless` rewrites the messages.

use std::path::{Path, PathBuf};

use swingload_model::Diagnostics;
use swingload_model::catalogue::Catalogue;
use swingload_model::document::Override;
use swingload_model::scenario::Scenario;
use swingload_model::site::Site;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken")
}

fn good(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).expect("a good file beside the broken ones")
}

fn names() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .expect("tests/broken")
        .filter_map(|entry| entry.expect("entry").file_name().into_string().ok())
        .filter(|name| name.ends_with(".toml") && name.starts_with(|c: char| c.is_ascii_digit()))
        .collect();
    names.sort();
    names
}

/// What reading the file as its first line says gives.
fn outcome(name: &str, text: &str) -> Result<(), Diagnostics> {
    let mut overrides = Vec::new();
    for line in text.lines().filter_map(|l| l.strip_prefix("# --set ")) {
        overrides.push(Override::parse(line)?);
    }
    let catalogue = Catalogue::embedded();
    let (site_name, site) = ("good-site.toml", good("good-site.toml"));
    match text.lines().next() {
        Some("# site") if overrides.is_empty() => {
            Site::from_toml(name, text, &[], &catalogue).map(drop)
        }
        Some("# site") => {
            let scenario = good("good-scenario.toml");
            let file = "good-scenario.toml";
            Scenario::from_toml(file, &scenario, name, text, &overrides, &catalogue).map(drop)
        }
        Some("# scenario") => {
            Scenario::from_toml(name, text, site_name, &site, &overrides, &catalogue).map(drop)
        }
        other => panic!("{name}: the first line is {other:?}, not `# site` or `# scenario`"),
    }
}

#[test]
fn the_good_files_are_good() {
    let (site, scenario) = (good("good-site.toml"), good("good-scenario.toml"));
    let built = Scenario::from_toml(
        "good-scenario.toml",
        &scenario,
        "good-site.toml",
        &site,
        &[],
        &Catalogue::embedded(),
    );
    if let Err(error) = built {
        panic!("{error}");
    }
}

/// IT ratings are held against IT watts: a hall's cooling does not count there.
#[test]
fn overheads_do_not_count_against_an_it_rating() {
    let hall = "rating_mw = 18\nhall = { fixed_overhead_kw = 100";
    let cooled = "rating_mw = 1\nrated_at = \"it\"\nhall = { fixed_overhead_kw = 2000";
    let site = good("good-site.toml");
    assert!(site.contains(hall));
    let text = site.replacen(hall, cooled, 1);
    if let Err(error) = Site::from_toml("site.toml", &text, &[], &Catalogue::embedded()) {
        panic!("{error}");
    }
}

#[test]
fn every_broken_file_gives_its_message() {
    let bless = std::env::var("INSTA_UPDATE").is_ok_and(|v| v == "always");
    let names = names();
    assert!(names.len() >= 25, "{} broken files", names.len());
    let mut wrong = Vec::new();
    for name in names {
        let text = good(&name);
        let message = match outcome(&name, &text) {
            Ok(()) => {
                wrong.push(format!("{name} was accepted"));
                continue;
            }
            Err(error) => format!("{error}\n"),
        };
        let expected = folder().join(name.replace(".toml", ".expected"));
        if bless {
            std::fs::write(&expected, &message).expect("writable");
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != message {
            wrong.push(format!("{name} now says\n{message}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\n(./test --bless accepts messages)",
        wrong.join("\n")
    );
}

/// The rule for all: file, line (or the override), field, and what would be right.
#[test]
fn messages_say_where_and_what_next() {
    for name in names() {
        let text = good(&name);
        let Err(error) = outcome(&name, &text) else {
            continue;
        };
        for fault in &error.0 {
            assert!(!fault.file.is_empty(), "{name}: no file in {fault}");
            assert!(!fault.help.is_empty(), "{name}: no remedy in {fault}");
            let located = fault.line.is_some() || fault.file.contains("--set");
            assert!(located, "{name}: neither line nor override in {fault}");
            let syntax = fault.problem.contains("not valid TOML");
            assert!(
                syntax || !fault.field.is_empty(),
                "{name}: no field in {fault}"
            );
        }
    }
}

/// A value beyond its plausible range is taken once it is allowed by the name the message
/// gives, and no other value with it.
#[test]
fn values_are_allowed_by_the_name_their_message_gives() {
    for name in names() {
        let text = good(&name);
        let Err(error) = outcome(&name, &text) else {
            continue;
        };
        let entries: Vec<&str> = error
            .0
            .iter()
            .filter_map(|f| f.help.split_once("add allow = ["))
            .filter_map(|(_, rest)| rest.split_once("] to the top of"))
            .map(|(entry, _)| entry)
            .collect();
        if entries.is_empty() {
            continue;
        }
        assert_eq!(entries.len(), error.0.len(), "{name} has no other fault");
        let (kind, rest) = text.split_once('\n').expect("two lines");
        let allowed = format!("{kind}\nallow = [{}]\n{rest}", entries.join(", "));
        // What they lead to may be refused for what it is, but not they.
        if let Err(error) = outcome(&name, &allowed) {
            let said = error.to_string();
            let refused = ["plausible", "names no value", "connection carries"];
            assert!(
                !refused.iter().any(|of| said.contains(of)),
                "{name}: {said}"
            );
        }
        let fewer = format!("{kind}\nallow = [{}]\n{rest}", entries[1..].join(", "));
        let left = outcome(&name, &fewer).expect_err("one is not allowed").0;
        assert_eq!(left.len(), 1, "{name}: {left:?}");
    }
}

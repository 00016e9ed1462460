//! Bad input: exit code 2, a message that says where and what to do, and nothing written.

use swingload_tests::{World, world};
use swingload_worlds::GPUS;

/// GPUs at a price that is bound.
fn site() -> String {
    let (constant, bound) = (
        "price_per_mwh = 40",
        "price_per_mwh = { series = \"price\" }",
    );
    GPUS.replace(constant, bound)
}

const SCENARIO: &str = r#"
title = "Test"
description = "Two days of hourly prices."
site = "site.toml"

[period]
start = "2022-01-01T00:00:00Z"
end = "2022-01-03T00:00:00Z"
step_min = 60
history_days = 0

[planning]
horizon = [{ until_h = 24, step_min = 60 }]

[policies]
run = ["asap"]

[data.price]
unit = "USD/MWh"
file = "./prices.csv"
column = "price"
time = { column = "time" }
step_min = 60
publication = "start"

[[jobs]]
id = "train"
gpu_pool = "h100"
[jobs.synthetic]
per_day = 5
duration_median_h = 2
duration_p90_h = 4
duration_max_h = 6
gpus = [64]
[jobs.terms]
value_per_gpu_h = { low = 0.5, high = 2 }
slack = { low = 1.5, high = 4 }
"#;

fn prices() -> String {
    let mut rows = String::from("time,price\n");
    for hour in 0..72 {
        rows += &format!(
            "2022-01-{:02}T{:02}:00:00Z,{}\n",
            1 + hour / 24,
            hour % 24,
            30 + hour % 24
        );
    }
    rows
}

/// A valid world with one text replaced in one of its files.
fn broken(file: &str, from: &str, to: &str) -> World {
    let edit = |name: &str, text: &str| {
        if name != file {
            return text.to_owned();
        }
        assert!(text.contains(from), "{name} has no {from}");
        text.replacen(from, to, 1)
    };
    world()
        .file("site.toml", edit("site.toml", &site()))
        .file("scenario.toml", edit("scenario.toml", SCENARIO))
        .file("prices.csv", edit("prices.csv", &prices()))
}

/// Runs it, expects a refusal, and returns what was said.
fn refusal(world: &World, arguments: &str) -> String {
    let before = world.names();
    let refused = world.swingload(arguments).assert().code(2);
    let output = refused.get_output();
    assert!(
        !String::from_utf8_lossy(&output.stdout).contains("Written"),
        "nothing is claimed to be written"
    );
    assert_eq!(world.names(), before, "nothing is left behind");
    let text = String::from_utf8(output.stderr.clone()).expect("text");
    assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
    assert!(
        text.contains("error: ") && text.contains("Next: "),
        "{text}"
    );
    text
}

#[test]
fn the_world_itself_is_valid() {
    let world = broken("", "", "");
    world
        .swingload("simulate scenario.toml --quiet")
        .assert()
        .success();
}

#[test]
fn not_a_number_in_the_data() {
    let world = broken("prices.csv", "T05:00:00Z,35", "T05:00:00Z,NaN");
    insta::assert_snapshot!("nan", refusal(&world, "simulate ."));
}

/// Ten rows are shown and the others counted; the entry that counts them is no error itself.
#[test]
fn all_wrong_rows_are_counted() {
    let world = broken("", "", "").file("prices.csv", prices().replace("Z,", "Z,x"));
    let said = refusal(&world, "simulate .");
    assert_eq!(said.matches("is no finite number").count(), 10, "{said}");
    assert!(said.contains("and 62 more faults like these"), "{said}");
    assert!(said.contains("72 errors; nothing was written."), "{said}");
}

/// What an option put on top of the scenario is wrong with the option.
#[test]
fn options_are_blamed_for_what_they_say() {
    let world = broken("", "", "");
    for (option, said) in [
        ("--policies greed", "error: --policies = greed is no policy"),
        (
            "--policies asap,asap",
            "error: --policies = asap is listed before",
        ),
        ("--policies asap --split", "error: --split = true"),
        ("--seed 18446744073709551615", "error: --seed = "),
        (
            "--set policies.run=[\"greed\"]",
            "error: scenario.toml (by --set): policies.run[0] = \"greed\"",
        ),
        (
            "--policies asap --set policies.run=[\"greed\"]",
            "error: scenario.toml (by --set): policies.run[0] = \"greed\"",
        ),
    ] {
        let text = refusal(&world, &format!("simulate . {option}"));
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(said), "{option}: {text}");
    }
    let text = refusal(&world, "plan . --seed 18446744073709551615");
    assert!(text.contains("error: --seed = "), "{text}");
}

/// Files beside a scenario that lies elsewhere are named as they would be typed.
#[test]
fn paths_are_shown_without_dots_that_say_nothing() {
    let world = broken("prices.csv", "T05:00:00Z,35", "T05:00:00Z,NaN");
    let inside = world.path().join("inside");
    std::fs::create_dir(&inside).expect("a folder");
    let mut command = world.swingload("simulate ..");
    let refused = command.current_dir(&inside).assert().code(2);
    let text = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(text.starts_with("error: ../prices.csv:7: "), "{text}");
}

#[test]
fn a_missing_column() {
    let world = broken("prices.csv", "time,price", "time,cost");
    insta::assert_snapshot!("missing_column", refusal(&world, "simulate ."));
}

#[test]
fn a_wrong_zone() {
    let world = broken("site.toml", "\"UTC\"", "\"America/Austin\"");
    insta::assert_snapshot!("wrong_zone", refusal(&world, "simulate ."));
}

#[test]
fn overlapping_rows() {
    let world = broken("prices.csv", "2022-01-01T06:00:00Z", "2022-01-01T05:30:00Z");
    insta::assert_snapshot!("overlap", refusal(&world, "simulate ."));
}

#[test]
fn mixed_currencies() {
    let world = broken("scenario.toml", "USD/MWh", "AUD/MWh");
    insta::assert_snapshot!("currencies", refusal(&world, "simulate ."));
}

#[test]
fn an_impossible_site() {
    let world = broken("site.toml", "rating_mw = 20", "rating_mw = 0");
    insta::assert_snapshot!("impossible_site", refusal(&world, "simulate ."));
}

#[test]
fn a_job_larger_than_the_site() {
    let world = broken("scenario.toml", "gpus = [64]", "gpus = [64, 4096]");
    insta::assert_snapshot!("large_job", refusal(&world, "simulate ."));
}

#[test]
fn data_that_ends_too_early() {
    let world = broken(
        "scenario.toml",
        "2022-01-03T00:00:00Z",
        "2022-02-03T00:00:00Z",
    );
    insta::assert_snapshot!("ends_early", refusal(&world, "simulate ."));
}

#[test]
fn no_data_root() {
    let world = broken("scenario.toml", "./prices.csv", "prices.csv");
    insta::assert_snapshot!("no_data_root", refusal(&world, "simulate ."));
}

#[test]
fn a_variant_that_changes_nothing_there_is() {
    let variant = "[[variants]]\nid = \"more\"\ntitle = \"More\"\n\
                   set = { \"site.gpu_pools.3.count\" = 600 }\n\n[[jobs]]";
    let world = broken("scenario.toml", "[[jobs]]", variant);
    insta::assert_snapshot!("bad_variant", refusal(&world, "simulate ."));
    let refused = world.swingload("simulate .").assert().code(2);
    assert!(
        refused.get_output().stdout.is_empty(),
        "it is refused before anything runs"
    );
}

#[test]
fn arguments_that_name_nothing() {
    let world = broken("", "", "");
    insta::assert_snapshot!("no_scenario", refusal(&world, "simulate nowhere"));
    insta::assert_snapshot!(
        "no_policy",
        refusal(&world, "simulate . --policies asap,greed")
    );
    insta::assert_snapshot!(
        "policy_twice",
        refusal(&world, "simulate . --policies asap,asap")
    );
    insta::assert_snapshot!(
        "site_of_the_built_in",
        refusal(&world, "simulate --set site=other.toml")
    );
    insta::assert_snapshot!("bad_set", refusal(&world, "simulate . --set seed"));
    insta::assert_snapshot!(
        "site_set",
        refusal(&world, "simulate . --set site.gpu_pools.0.count=-5")
    );
}

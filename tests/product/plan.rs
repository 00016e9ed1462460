//! `swingload plan`: one plan, from what was published by a time.

use std::sync::OnceLock;

use serde_json::Value;
use swingload_tests::{World, data_root, json, root, world};

use crate::browser;

/// A short past, so that the run up to the time is quick.
const SHORT: &str = "--set period.history_days=7";

/// The afternoon of the built-in scenario's first day, when jobs are there.
const AFTERNOON: &str = "--at 2026-07-06T14:30";

/// One plan whose outputs the tests share.
fn afternoon() -> &'static (World, Vec<u8>) {
    static PLAN: OnceLock<(World, Vec<u8>)> = OnceLock::new();
    PLAN.get_or_init(|| {
        let world = world();
        let shown = world
            .swingload(&format!("plan --json --quiet {AFTERNOON} {SHORT}"))
            .assert()
            .success();
        let output = shown.get_output().clone();
        assert!(output.stderr.is_empty(), "{output:?}");
        (world, output.stdout)
    })
}

fn numbers(value: &Value) -> Vec<i64> {
    let all = value.as_array().expect("a list").iter();
    all.map(|v| v.as_i64().expect("an integer")).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

#[test]
fn the_json_is_one_object_and_fits_its_schema() {
    let (world, stdout) = afternoon();
    assert_eq!(world.names(), ["out"]);
    assert_eq!(stdout, &world.read("out/quickstart-plan/plan.json"));
    let plan = json(stdout);
    let printed = world.swingload("schema plan").assert().success();
    let schema = json(&printed.get_output().stdout);
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    let errors: Vec<String> = validator
        .iter_errors(&plan)
        .map(|e| e.to_string())
        .collect();
    assert_eq!(errors, Vec::<String>::new());
    assert_eq!(
        plan["at"], "2026-07-06T19:30:00Z",
        "Texas is five hours behind"
    );
    assert_eq!(plan["number"], 175, "one plan every five minutes");
    assert_eq!(plan["inputs_sha256"].as_str().map(str::len), Some(64));
}

#[test]
fn powers_add_up_and_the_certificate_holds() {
    let plan = json(&afternoon().1);
    let steps = list(&plan["grid"]).len() - 1;
    let sum = |parts: &Value| {
        let mut total = vec![0; steps];
        for part in list(parts) {
            let watts = numbers(&part["watts"]);
            assert_eq!(watts.len(), steps, "{part}");
            total.iter_mut().zip(watts).for_each(|(sum, w)| *sum += w);
        }
        total
    };
    assert_eq!(sum(&plan["loads"]), sum(&plan["supply"]), "watt by watt");
    assert!(
        sum(&plan["loads"]).iter().all(|w| *w <= 20_000_000),
        "the rating"
    );
    let certificate = &plan["certificate"];
    let money = |key: &str| certificate[key].as_f64().expect("currency units");
    assert!(money("asap") <= money("value") && money("value") <= money("bound"));
    let gap = certificate["gap_of_value_pct"].as_f64().expect("a value");
    assert!((0.0..2.0).contains(&gap), "{gap} % of value");
    // The gap stands beside in money and by its parts of value and G.
    assert!((money("gap") - (money("bound") - money("value"))).abs() < 1e-6);
    // In dollars: half an afternoon and two days of 20 MW are tens of thousands of them.
    assert!((1e3..1e6).contains(&money("value")), "{}", money("value"));
    assert_eq!(plan["currency"], "USD");
    let share = |key: &str| certificate[key].as_f64().expect(key);
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * b.abs().max(1e-6);
    let of_value = 100.0 * (money("bound") - money("asap")) / money("value").abs();
    assert!(near(share("gainable_of_value_pct"), of_value));
    assert!(near(share("gap_pct") * of_value / 100.0, gap));
    for reason in list(&plan["reasons"]) {
        assert!(reason["code"].is_string(), "{reason}");
    }
    let ids: Vec<&str> = list(&plan["jobs"])
        .iter()
        .filter_map(|j| j["job"].as_str())
        .collect();
    assert!(ids.len() >= 5, "{ids:?}");
}

/// What was published later, and jobs submitted later, change nothing.
#[test]
fn the_plan_knows_only_what_was_published() {
    let (_, stdout) = afternoon();
    let other = world();
    let shorter =
        format!("plan --json --quiet {AFTERNOON} {SHORT} --set period.end=2026-07-06T20:00:00Z");
    let shown = other.swingload(&shorter).assert().success();
    // Generated jobs of a shorter period are fewer, as its notes on the data say; those
    // submitted by then are the same.
    let without_notes = |stdout: &[u8]| {
        let mut plan = json(stdout);
        plan["notes"] = Value::Null;
        plan
    };
    let shorter = &shown.get_output().stdout;
    assert_eq!(without_notes(shorter), without_notes(stdout));
    let again = world();
    let folder = root().join("simulations/quickstart");
    let same = format!("plan {} --quiet {AFTERNOON} {SHORT}", folder.display());
    let shown = again.swingload(&same).assert().success();
    assert!(shown.get_output().stdout.is_empty(), "quiet");
    let file = again.read("out/quickstart-plan/plan.json");
    assert!(&file == stdout, "the same bytes from elsewhere");
}

#[test]
fn the_tables_read_in_eighty_columns() {
    let world = world();
    let shown = world
        .swingload(&format!("plan --at 2026-07-06T14:33 {SHORT} --out p"))
        .assert()
        .success();
    let text = String::from_utf8(shown.get_output().stdout.clone()).expect("text");
    assert!(text.starts_with("seed 7\n"), "{text}");
    let long: Vec<&str> = text.lines().filter(|l| l.chars().count() > 80).collect();
    assert!(long.is_empty(), "{long:?}");
    for part in [
        "One plan at 2026-07-06 14:30 CDT (2026-07-06T19:30:00Z)",
        "14:33 lies inside a step of 5 min",
        "Power by use",
        "Certificate",
        "Binding limits",
        "Why, at Mon 6 Jul 14:30",
        "p/plan.html",
    ] {
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words(&text).contains(part), "{part}:\n{text}");
    }
}

#[test]
fn the_page_draws_in_a_browser() {
    let html = String::from_utf8(afternoon().0.read("out/quickstart-plan/plan.html"));
    let html = html.expect("text");
    for outside in ["src=\"http", "href=\"http", "@import", "url(http"] {
        assert!(!html.contains(outside), "{outside}");
    }
    let Some(page) = browser::draw(&html, "") else {
        return;
    };
    page.assert_ready();
    for id in [
        "summary", "power", "price", "reasons", "limits", "short", "table", "jobs",
    ] {
        assert!(
            page.dom.contains(&format!("id=\"{id}\"")),
            "section {id} is missing"
        );
    }
    for word in ["Proven bound", "engine fast", "Marginal value at the root"] {
        assert!(page.dom.contains(word), "{word}");
    }
    // Rows over time whose steps differ show the least and the most.
    assert!(page.dom.contains("title=\"mean "), "no range in the table");
    assert!(page.panel().contains("s19j-pro"), "{}", page.panel());
    let later = browser::draw(&html, "#slot=3").expect("it was there a moment ago");
    later.assert_ready();
    let told = "reasons are told for the first step";
    assert!(later.panel().contains(told), "{}", later.panel());
}

#[test]
fn bad_times_and_folders_are_refused_and_nothing_is_written() {
    let world = world().file("taken", "mine");
    let refused = |arguments: &str| {
        let refused = world.swingload(arguments).assert().code(2);
        let text = String::from_utf8(refused.get_output().stderr.clone()).expect("text");
        assert!(
            text.contains("error: ") && text.contains("Next: swingload"),
            "{text}"
        );
        assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
        assert_eq!(world.names(), ["taken"], "nothing is left behind");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let late = refused("plan --at 2027-01-01T00:00");
    assert!(
        late.contains("lies outside the scenario's period, from 2026-07-06 00:00 CDT"),
        "{late}"
    );
    assert!(refused("plan --at noon").contains("is no time"));
    assert!(refused("plan nowhere").contains("the scenario cannot be read"));
    assert!(refused("plan --out taken").contains("is no output folder"));
    assert!(refused("plan --set seed").contains("--set"));
}

/// A few hourly steps, of which the search finds the end by itself.
const SMALL: &str = "--at 2026-07-06T14:30 --set period.history_days=7 \
                     --set planning.horizon=[{until_h=12,step_min=60}]";

#[test]
fn a_longer_search_is_never_worse_and_says_where_it_was_cut() {
    let world = world();
    let plan = |more: &str| {
        let line = format!("plan --json --quiet {SMALL} {more}");
        json(
            &world
                .swingload(&line)
                .assert()
                .success()
                .get_output()
                .stdout,
        )
    };
    let money = |plan: &Value, name: &str| plan["certificate"][name].as_f64().expect("money");
    let (at_once, once, longer) = (plan("--seconds 0"), plan(""), plan("--seconds 300"));
    for plan in [&at_once, &longer] {
        assert_eq!(plan["inputs_sha256"], once["inputs_sha256"]);
        assert!(money(plan, "value") <= money(plan, "bound"));
    }
    for better in [&once, &at_once] {
        assert!(money(&longer, "value") >= money(better, "value"));
        assert!(money(&longer, "bound") <= money(better, "bound"));
    }
    let notes = |plan: &Value| plan["notes"].to_string();
    let cut = "The plan found at once, and 0 rounds of search";
    assert!(notes(&at_once).contains(cut), "{}", notes(&at_once));
    let over = "The search for a better plan ended by itself";
    assert!(notes(&longer).contains(over), "{}", notes(&longer));
}

/// What must be known to read a plan stands in its JSON, quiet or not.
#[test]
fn notes_are_part_of_the_plan() {
    let world = world();
    let line = format!("plan --json --quiet --at 2026-07-06T14:33 {SHORT} --out inside");
    let shown = world.swingload(&line).assert().success();
    let notes = json(&shown.get_output().stdout)["notes"].to_string();
    assert!(notes.contains("lies inside a step of 5 min"), "{notes}");
    let Some(data) = data_root() else {
        return;
    };
    let folder = root().join("simulations/hosting-contract");
    let line = format!(
        "plan {} --data {} --json --quiet --out several",
        folder.display(),
        data.display()
    );
    let shown = world.swingload(&line).assert().success();
    let notes = json(&shown.get_output().stdout)["notes"].to_string();
    assert!(
        notes.contains("variants (stay, convert-20, convert-40) are not planned"),
        "{notes}"
    );
}

#[test]
fn effort_that_cannot_be_spent_is_refused() {
    let world = world();
    for (line, says) in [
        ("--seconds=-1", "--seconds = -1"),
        ("--seconds 5 --flips 2", "leave out --seconds or --flips"),
        (
            "--seconds 5 --engine referee",
            "the referee has its own time limit",
        ),
    ] {
        let shown = world.swingload(&format!("plan {SHORT} {line}")).assert();
        let output = shown.code(2).get_output().clone();
        let text = String::from_utf8(output.stderr).expect("text");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(says), "{line}: {text}");
        assert!(world.names().is_empty(), "{line}");
    }
}

/// Whether the referee is built in depends on the program; either way it is right.
#[test]
fn the_referee_proves_the_same_plan_or_says_how_to_get_it() {
    let world = world();
    let small = format!(
        "--at 2026-07-06T08:00 {SHORT} --set site.nodes.0.ramp_up_kw_per_min=20000 \
         --set planning.horizon=[{{until_h=6,step_min=60}}]"
    );
    let ran = |engine: &str| {
        let arguments = format!("plan --json --quiet {small} --engine {engine}");
        world.swingload(&arguments).output().expect("it runs")
    };
    let referee = ran("referee");
    if referee.status.code() == Some(2) {
        let text = String::from_utf8_lossy(&referee.stderr).into_owned();
        assert!(text.contains("without the referee"), "{text}");
        assert!(text.contains("--features highs"), "{text}");
        assert!(referee.stdout.is_empty() && world.names().is_empty());
        return;
    }
    let (exact, fast) = (json(&referee.stdout), json(&ran("fast").stdout));
    assert_eq!(exact["engine"], "referee");
    assert_eq!(exact["inputs_sha256"], fast["inputs_sha256"]);
    let money = |plan: &Value, key: &str| plan["certificate"][key].as_f64().expect("money");
    let rounding = 1e-5 * money(&exact, "value").abs();
    assert!(money(&fast, "value") <= money(&exact, "bound") + rounding);
    assert!(money(&exact, "value") <= money(&fast, "bound") + rounding);
    assert_eq!(money(&exact, "asap"), money(&fast, "asap"));
}

#[test]
fn scenarios_on_real_data_are_planned() {
    let Some(data) = data_root() else {
        return;
    };
    for (name, at) in [
        ("texas-100mw", "2022-01-04T15:00"),
        ("south-australia", "2022-01-02T12:00"),
    ] {
        let folder = root().join("simulations").join(name);
        let arguments = format!(
            "plan {} --data {} --json --quiet --at {at}",
            folder.display(),
            data.display()
        );
        let shown = world().swingload(&arguments).assert().success();
        let plan = json(&shown.get_output().stdout);
        let gap = plan["certificate"]["gap_of_value_pct"].as_f64();
        assert!(
            gap.is_some_and(|gap| (0.0..1.0).contains(&gap)),
            "{name}: {gap:?}"
        );
        assert_eq!(plan["shortfalls"], Value::Array(Vec::new()), "{name}");
    }
}

/// GPUs on the sun alone. A gang of 256 needs more than the 0.1 MW that are left of it from noon
/// of the 3rd on, which nobody knows ahead.
const SUNLIT: &str = r#"
name = "Sunlit"
currency = "USD"
time_zone = "UTC"
nodes = [{ id = "root", kind = "interconnect", rating_mw = 2 }]
supply = [{ id = "sun", kind = "generation", available_mw = { series = "sun" }, price_per_mwh = 5 }]
gpu_pools = [{ id = "h100", node = "root", model = "H100", count = 256, idle_w = 0 }]
"#;

const GOES_OUT: &str = r#"
title = "The sun goes out"
description = "A gang that only later data prove impossible."
site = "site.toml"
period = { start = "2026-03-03T00:00:00Z", end = "2026-03-04T00:00:00Z", step_min = 60, history_days = 1 }
planning = { horizon = [{ until_h = 12, step_min = 60 }] }
policies = { run = ["swingload"] }
forecast = { model = "seasonal_naive_day" }
[data.sun]
unit = "MW"
publication = "start"
file = "./sun.csv"
column = "sun"
time = { column = "time" }
step_min = 60
[[jobs]]
id = "train"
gpu_pool = "h100"
[jobs.trace]
file = "./jobs.csv"
time = { column = "submit" }
duration_column = "seconds"
gpus_column = "gpus"
[jobs.terms]
value_per_gpu_h = { low = 1.6, high = 1.6 }
slack = { low = 3, high = 3 }
"#;

/// What later data prove impossible a plan may schedule, and then must not tell as left out; a
/// simulation tells it, as what plans cannot know.
#[test]
fn a_plan_knows_no_later_data_of_work_that_turns_out_impossible() {
    let row = |hour: usize| {
        let mw = if hour < 48 + 12 { 2.0 } else { 0.1 };
        format!(
            "2026-03-{:02}T{:02}:00:00Z,{mw}\n",
            1 + hour / 24,
            hour % 24
        )
    };
    let world = world()
        .file("site.toml", SUNLIT)
        .file("scenario.toml", GOES_OUT)
        .file(
            "jobs.csv",
            "submit,seconds,gpus\n2026-03-03T12:00:00Z,7200,256\n",
        )
        .file(
            "sun.csv",
            "time,sun\n".to_owned() + &(0..96).map(row).collect::<String>(),
        );
    let shown = world
        .swingload("plan . --json --quiet --at 2026-03-03T12:00:00Z")
        .assert()
        .success();
    let plan = json(&shown.get_output().stdout);
    let jobs = list(&plan["jobs"]);
    assert!(
        jobs.len() == 1 && !list(&jobs[0]["runs"]).is_empty(),
        "it is planned: {jobs:?}"
    );
    let said = String::from_utf8_lossy(&shown.get_output().stderr).into_owned();
    for told in [said, plan["notes"].to_string()] {
        assert!(!told.contains("can never run"), "{told}");
        assert!(!told.contains("left out"), "{told}");
    }
    let shown = world
        .swingload("simulate . --json --quiet")
        .assert()
        .success();
    let summary = json(&shown.get_output().stdout);
    assert_eq!(summary["impossible"][0]["by_series"], true, "{summary}");
    let said = String::from_utf8_lossy(&shown.get_output().stderr).into_owned();
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("can never run as its series turn out")
            && !said.contains("left out of plans"),
        "{said}"
    );
}

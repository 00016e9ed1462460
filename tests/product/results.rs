//! What a run of the built-in scenario writes and prints.

use std::sync::OnceLock;

use serde_json::Value;
use swingload_tests::{World, json, root, world};

/// Half a day of the quickstart: long enough for every output to have content.
const SHORT: &str = "--set period.end=2026-07-06T17:00:00Z --set period.history_days=7";

const FILES: [&str; 6] = [
    "report.html",
    "slots.csv",
    "slots.parquet",
    "steps.csv",
    "steps.parquet",
    "summary.json",
];

/// One run with all policies, whose outputs the tests share.
fn run() -> &'static (World, Vec<u8>) {
    static RUN: OnceLock<(World, Vec<u8>)> = OnceLock::new();
    RUN.get_or_init(|| {
        let world = world();
        let output = world
            .swingload(&format!("simulate --json --quiet {SHORT}"))
            .assert()
            .success();
        let output = output.get_output();
        assert!(
            output.stderr.is_empty(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let stdout = output.stdout.clone();
        (world, stdout)
    })
}

#[test]
fn all_files_are_written_and_nothing_else() {
    let (world, _) = run();
    assert_eq!(world.names(), ["out"]);
    let folder = std::fs::read_dir(world.path().join("out/quickstart")).expect("named after it");
    let mut names: Vec<String> = folder
        .map(|entry| {
            entry
                .expect("entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    assert_eq!(names, FILES);
}

/// Three days, so that there is something to be wrong about, of the policies a split needs.
#[test]
fn the_split_adds_up_and_fits_its_schema() {
    let world = world();
    let output = world
        .swingload(
            "simulate --split --json --quiet --policies swingload,oracle \
             --set period.end=2026-07-07T17:00:00Z --set period.history_days=7",
        )
        .assert()
        .success();
    let summary = json(&output.get_output().stdout);
    let split = &summary["split"];
    let number = |value: &Value| value.as_f64().expect("a number");
    let parts = split["parts"].as_array().expect("parts");
    let names: Vec<&str> = parts.iter().filter_map(|p| p["part"].as_str()).collect();
    assert_eq!(
        names,
        [
            "prices",
            "surplus",
            "other_series",
            "arrivals",
            "coincident_peaks",
            "calls"
        ]
    );
    let sum: f64 = parts.iter().map(|p| number(&p["amount"])).sum();
    assert!((sum + number(&split["planning"]) - number(&split["left"])).abs() < 1e-6);
    assert!(parts.iter().any(|p| number(&p["amount"]) != 0.0), "{split}");
    assert_eq!(
        summary["policies"].as_object().map(serde_json::Map::len),
        Some(2)
    );
    let models = summary["forecasters"].as_object().expect("by series");
    assert!(
        models.values().all(|f| f["model"].is_string()),
        "{models:?}"
    );
    let printed = world.swingload("schema summary").assert().success();
    let schema = json(&printed.get_output().stdout);
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    assert!(validator.is_valid(&summary), "{summary}");
    let page = String::from_utf8(world.read("out/quickstart/report.html")).expect("text");
    assert!(
        page.contains("What was left of G"),
        "no section of the split"
    );
}

#[test]
fn the_json_is_one_object_and_fits_its_schema() {
    let (world, stdout) = run();
    assert_eq!(stdout, &world.read("out/quickstart/summary.json"));
    let summary = json(stdout);
    let policies = summary["policies"].as_object().expect("a map of policies");
    assert_eq!(
        policies.len(),
        swingload_model::scenario::names::POLICIES.len(),
        "every policy runs where the scenario names none"
    );
    for (name, policy) in policies {
        assert!(policy["value"].is_number(), "{name}");
    }
    let printed = world.swingload("schema summary").assert().success();
    let schema = json(&printed.get_output().stdout);
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    let errors: Vec<String> = validator
        .iter_errors(&summary)
        .map(|e| e.to_string())
        .collect();
    assert_eq!(errors, Vec::<String>::new());
}

/// Why a figure is missing is told in the JSON as on the page and in the terminal.
#[test]
fn why_no_gain_is_given_stands_in_the_summary() {
    let world = world();
    let run = format!("simulate --json --quiet --policies breakeven {SHORT}");
    let shown = world.swingload(&run).assert().success();
    let printed = json(&shown.get_output().stdout);
    let written = json(&world.read("out/quickstart/summary.json"));
    for summary in [&printed, &written] {
        assert!(summary["gain"].is_null());
        let notes = summary["notes"].to_string();
        assert!(
            notes.contains("No gain is given: the run has no oracle"),
            "{notes}"
        );
    }
    let (_, with_oracle) = self::run();
    let notes = json(with_oracle)["notes"].to_string();
    assert!(!notes.contains("No gain is given"), "{notes}");
}

#[test]
fn no_policy_is_worth_more_than_the_bound() {
    let summary = json(&run().1);
    let bound = summary["gain"]["bound"].as_f64().expect("a bound");
    for (name, policy) in summary["policies"].as_object().expect("policies") {
        let value = policy["value"].as_f64().expect("a value");
        assert!(value <= bound + 0.01, "{name}: {value} above {bound}");
    }
}

#[test]
fn slots_add_up_to_steps() {
    let (world, _) = run();
    let mut slots =
        csv::Reader::from_reader(std::io::Cursor::new(world.read("out/quickstart/slots.csv")));
    let head = slots.headers().expect("a header").clone();
    assert_eq!(
        &head.iter().take(7).collect::<Vec<_>>(),
        &["policy", "node", "start", "seconds", "use", "load", "watts"]
    );
    let mut by_step = std::collections::BTreeMap::new();
    for row in slots.records() {
        let row = row.expect("a row");
        assert!(!row[8].is_empty(), "every slot has a reason: {row:?}");
        if &row[4] != "nothing" {
            *by_step.entry(row[2].to_owned()).or_insert(0) += row[6].parse::<i64>().expect("watts");
        }
    }
    assert_eq!(by_step.len(), 144, "five-minute steps of half a day");
    let mut steps =
        csv::Reader::from_reader(std::io::Cursor::new(world.read("out/quickstart/steps.csv")));
    for row in steps.records() {
        let row = row.expect("a row");
        if &row[0] == "swingload" {
            let total: i64 = row[4].parse().expect("watts");
            let slots = by_step[&row[1]];
            assert!(
                (total - slots).abs() < 20,
                "{}: {total} W against {slots} W",
                &row[1]
            );
        }
    }
}

/// Every plan made afresh, one in six hours at least, has its certificate, and the summary is
/// of these.
#[test]
fn steps_hold_the_certificates_that_the_summary_sums_up() {
    let (world, _) = run();
    let file = world.read("out/quickstart/steps.csv");
    let mut steps = csv::Reader::from_reader(std::io::Cursor::new(file));
    let head = steps.headers().expect("a head").clone();
    let at = |name: &str| head.iter().position(|h| h == name).expect("a column");
    let (value, bound) = (at("plan_value"), at("plan_bound"));
    let (mut count, mut gaps, mut values) = (0, 0.0, 0.0);
    let mut without = 0;
    for row in steps.records() {
        let row = row.expect("a row");
        assert_eq!(row[value].is_empty(), row[bound].is_empty(), "{row:?}");
        if &row[0] != "swingload" {
            continue;
        }
        if row[value].is_empty() {
            without += 1;
            // Five-minute steps.
            assert!(without < 6 * 12, "six hours without a certificate: {row:?}");
            continue;
        }
        without = 0;
        let number = |c: usize| row[c].parse::<f64>().expect("a number");
        let (value, bound) = (number(value), number(bound));
        assert!(bound >= value - 1e-3, "{row:?}");
        (count, gaps, values) = (count + 1, gaps + bound - value, values + value.abs());
    }
    let summary: Value =
        serde_json::from_slice(&world.read("out/quickstart/summary.json")).expect("JSON");
    let plans = &summary["policies"]["swingload"]["plans"];
    assert_eq!(plans["count"], count);
    let told = plans["gap_pct"].as_f64().expect("worth something");
    assert!((told - 100.0 * gaps / values).abs() < 1e-3, "{told}");
}

#[test]
fn parquet_holds_the_same_rows_as_csv() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let (world, _) = run();
    for stem in ["slots", "steps"] {
        let csv = world.read(&format!("out/quickstart/{stem}.csv"));
        let lines = csv.iter().filter(|b| **b == b'\n').count();
        let file = std::fs::File::open(world.path().join(format!("out/quickstart/{stem}.parquet")));
        let reader = SerializedFileReader::new(file.expect("there")).expect("parquet");
        let meta = reader.metadata().file_metadata();
        assert_eq!(meta.num_rows(), lines as i64 - 1, "{stem}");
        let names: Vec<&str> = meta
            .schema_descr()
            .columns()
            .iter()
            .map(|c| c.name())
            .collect();
        let head = String::from_utf8_lossy(&csv)
            .lines()
            .next()
            .map(str::to_owned);
        assert_eq!(Some(names.join(",")), head, "{stem}");
    }
}

#[test]
fn the_report_stands_alone() {
    let page = String::from_utf8(run().0.read("out/quickstart/report.html")).expect("text");
    assert!(page.len() < 5_000_000, "{} bytes", page.len());
    for outside in ["src=\"http", "href=\"http", "@import", "url(http"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("swingload"), "names its policy");
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let few = format!("simulate --quiet --policies breakeven,swingload {SHORT}");
    let one = world();
    one.swingload(&few).assert().success();
    // The folder as a file scenario: the same texts from elsewhere.
    let two = world();
    let folder = root().join("simulations/quickstart");
    two.swingload(&few.replacen("simulate", &format!("simulate {}", folder.display()), 1))
        .assert()
        .success();
    for file in FILES {
        let path = format!("out/quickstart/{file}");
        assert!(one.read(&path) == two.read(&path), "{file} differs");
    }
    let other = world();
    other
        .swingload(&format!("{few} --seed 8"))
        .assert()
        .success();
    let path = "out/quickstart/slots.csv";
    assert!(
        one.read(path) != other.read(path),
        "another seed is another world"
    );
}

#[test]
fn the_tables_read_in_eighty_columns() {
    let world = world();
    let run = format!("simulate --policies always_on,breakeven {SHORT}");
    let shown = world.swingload(&run).assert().success();
    let text = String::from_utf8(shown.get_output().stdout.clone()).expect("text");
    assert!(text.starts_with("seed 7\n"), "the seed comes first");
    let long: Vec<&str> = text.lines().filter(|l| l.chars().count() > 80).collect();
    assert!(long.is_empty(), "{text}");
    // The rule-based policies change only with the scenario and the settlement.
    insta::assert_snapshot!("tables", text);
}

#[test]
fn a_second_run_replaces_the_first_and_nothing_else() {
    let world = world();
    let run = format!("simulate --quiet --policies breakeven {SHORT} --out mine");
    world.swingload(&run).assert().success();
    world.swingload(&run).assert().success();
    assert_eq!(world.names(), ["mine"]);
    std::fs::write(world.path().join("mine/notes.txt"), "keep").expect("written");
    let refused = world.swingload(&run).assert().code(2);
    let text = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(text.contains("is no output folder"), "{text}");
    assert_eq!(world.read("mine/notes.txt"), b"keep");
}

#[test]
fn results_can_be_written_where_one_stands() {
    let world = world();
    let folder = world.path().join("r");
    std::fs::create_dir(&folder).expect("made");
    for seed in [7, 8] {
        let run = format!("simulate --quiet --policies breakeven {SHORT} --out . --seed {seed}");
        world
            .swingload(&run)
            .current_dir(&folder)
            .assert()
            .success();
        assert_eq!(world.names(), ["r"], "nothing is left beside it");
        let summary = json(&world.read("r/summary.json"));
        assert_eq!(summary["seed"], seed);
        for file in FILES {
            assert!(!world.read(&format!("r/{file}")).is_empty(), "{file}");
        }
    }
}

#[test]
fn variants_are_compared_by_net_present_value() {
    let world = world();
    let folder = root().join("simulations/hosting-contract");
    let run = format!(
        "simulate {} --json --quiet --policies breakeven --set period.end=2026-01-04T06:00:00Z",
        folder.display()
    );
    let shown = world.swingload(&run).assert().success();
    let summary = json(&shown.get_output().stdout);
    let variants = summary["variants"].as_array().expect("variants");
    let ids: Vec<&str> = variants.iter().filter_map(|v| v["id"].as_str()).collect();
    assert_eq!(ids, ["stay", "convert-20", "convert-40"]);
    assert!(variants.iter().all(|v| v["npv"].is_number()));
    assert_eq!(variants[1]["capex"], Value::from(150_000_000.0));
    let subsidies: Vec<&Value> = variants[0]["eras"]
        .as_array()
        .expect("eras")
        .iter()
        .map(|era| &era["subsidy_btc"])
        .collect();
    assert_eq!(subsidies, [3.125, 1.5625, 0.78125, 0.390625]);
    let page = String::from_utf8(world.read("out/hosting-contract/report.html")).expect("text");
    for shown in ["convert-20", "ai-tenant"] {
        assert!(page.contains(shown), "the page shows {shown}");
    }
}

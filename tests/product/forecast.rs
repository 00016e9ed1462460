//! `swingload forecast`: evaluations of forecasts, and single forecasts.

mod stopped;

use std::sync::OnceLock;

use serde_json::Value;
use swingload_tests::{World, data_root, json, root, world};

use crate::browser;
use stopped::long_file;

/// A short test period of the built-in example.
const SHORT: &str = "--set period.end=2024-05-14T22:00:00Z --set period.history_days=60";

/// One evaluation whose outputs the tests share.
fn fortnight() -> &'static (World, Vec<u8>) {
    static FORTNIGHT: OnceLock<(World, Vec<u8>)> = OnceLock::new();
    FORTNIGHT.get_or_init(|| {
        let world = world();
        let shown = world
            .swingload(&format!("forecast evaluate --json --quiet {SHORT}"))
            .assert()
            .success();
        let output = shown.get_output().clone();
        assert!(output.stderr.is_empty(), "{output:?}");
        (world, output.stdout)
    })
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn fits(schema: &str, value: &Value) {
    let printed = world()
        .swingload(&format!("schema {schema}"))
        .assert()
        .success();
    let schema = json(&printed.get_output().stdout);
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|e| e.to_string())
        .collect();
    assert_eq!(errors, Vec::<String>::new());
}

fn model<'a>(result: &'a Value, id: &str) -> &'a Value {
    let found = list(&result["models"]).iter().find(|m| m["id"] == id);
    found.unwrap_or_else(|| panic!("no model {id}"))
}

#[test]
fn the_json_has_one_object_per_model_and_fits_its_schema() {
    let (world, stdout) = fortnight();
    assert_eq!(
        stdout,
        &world.read("out/quickstart-evaluation/evaluation.json")
    );
    let result = json(stdout);
    fits("scores", &result);
    assert_eq!(result["steps"], 14 * 24);
    assert_eq!(list(&result["models"]).len(), 6);
    let naive = model(&result, "seasonal_naive_week");
    let (mae, measure) = (&naive["all"]["mae"], &result["naive_mae"]);
    assert!((mae.as_f64().expect("a number") - measure.as_f64().expect("a number")).abs() < 1e-9);
    // A point forecast has errors and a saving, and no quantiles.
    let expert = model(&result, "expert");
    assert_eq!(expert["model"], "column");
    assert_eq!(expert["all"]["pinball"], Value::Null);
    assert!(
        expert["saving_kept_pct"]
            .as_f64()
            .is_some_and(|kept| (80.0..=100.0).contains(&kept))
    );
    let better = list(&expert["diebold_mariano"])
        .iter()
        .find(|t| t["against"] == "climatology");
    let p = better.expect("tested")["p_value"]
        .as_f64()
        .expect("a number");
    assert!(p < 0.01, "the price follows the expert, p = {p}");
    let coverage = list(&model(&result, "climatology")["reliability"]);
    assert_eq!(coverage.len(), 19);
    let hours = list(&model(&result, "climatology")["by_hour"]);
    assert_eq!(hours.len(), 24);
}

#[test]
fn forecasts_are_written_as_csv_and_parquet() {
    let (world, stdout) = fortnight();
    let bytes = world.read("out/quickstart-evaluation/forecasts.csv");
    let mut reader = csv::Reader::from_reader(&bytes[..]);
    let head: Vec<String> = reader
        .headers()
        .expect("a head")
        .iter()
        .map(str::to_owned)
        .collect();
    let wanted = [
        "model",
        "issued_at",
        "start",
        "seconds",
        "truth",
        "mean",
        "p10",
        "p50",
        "p90",
    ];
    assert_eq!(head, wanted);
    let (mut rows, mut error) = (0, 0.0);
    for row in reader.records() {
        let row = row.expect("a row");
        rows += 1;
        let number = |k: usize| row[k].parse::<f64>().expect("a number");
        if &row[0] == "climatology" {
            error += (number(5) - number(4)).abs();
            assert!(number(6) <= number(7) && number(7) <= number(8), "{row:?}");
        }
    }
    assert_eq!(rows, 6 * 14 * 24);
    // What is written is what was scored.
    let mae = model(&json(stdout), "climatology")["all"]["mae"]
        .as_f64()
        .expect("a number");
    assert!((error / (14.0 * 24.0) - mae).abs() < 1e-3, "{error} {mae}");
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let file = world
        .path()
        .join("out/quickstart-evaluation/forecasts.parquet");
    let file = std::fs::File::open(file).expect("there");
    let parquet = SerializedFileReader::new(file).expect("Parquet");
    assert_eq!(parquet.metadata().file_metadata().num_rows(), rows);
}

#[test]
fn threads_do_not_change_a_byte() {
    let (one, stdout) = fortnight();
    let other = world();
    let shown = other
        .swingload(&format!(
            "forecast evaluate --json --quiet --threads 5 {SHORT}"
        ))
        .assert()
        .success();
    assert_eq!(&shown.get_output().stdout, stdout);
    for file in ["evaluation.html", "forecasts.csv", "forecasts.parquet"] {
        let file = format!("out/quickstart-evaluation/{file}");
        assert!(one.read(&file) == other.read(&file), "{file}");
    }
}

#[test]
fn the_tables_read_in_eighty_columns() {
    let world = world();
    let shown = world
        .swingload(&format!("forecast evaluate --out e {SHORT}"))
        .assert()
        .success();
    let text = String::from_utf8(shown.get_output().stdout.clone()).expect("text");
    assert!(text.starts_with("seed 11\n"), "{text}");
    let long: Vec<&str> = text.lines().filter(|l| l.chars().count() > 80).collect();
    assert!(long.is_empty(), "{long:?}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "Scores",
        "rMAE",
        "6 expert",
        "better than",
        "P10-P90 coverage by quarter",
        "e/evaluation.html",
    ] {
        assert!(words.contains(part), "{part}:\n{text}");
    }
}

#[test]
fn the_page_draws_in_a_browser() {
    let html = String::from_utf8(
        fortnight()
            .0
            .read("out/quickstart-evaluation/evaluation.html"),
    );
    let html = html.expect("text");
    for outside in ["src=", "href=\"http", "@import", "url(", "<script"] {
        assert!(!html.contains(outside), "{outside}");
    }
    let Some(page) = browser::draw(&html, "") else {
        return;
    };
    for id in [
        "scores",
        "reliability",
        "horizon",
        "coverage",
        "tests",
        "notes",
    ] {
        assert!(
            page.dom.contains(&format!("id=\"{id}\"")),
            "section {id} is missing"
        );
    }
    assert!(
        page.dom.matches("<svg viewBox").count() >= 5,
        "charts are there"
    );
}

#[test]
fn one_forecast_is_issued_from_what_was_published() {
    let world = world();
    let made = |at: &str, more: &str| {
        let arguments = format!("forecast make --json --at {at} {more} {SHORT}");
        let shown = world.swingload(&arguments).assert().success();
        json(&shown.get_output().stdout)
    };
    let forecast = made("2024-05-10T11:30", "");
    fits("forecast", &forecast);
    assert_eq!(
        forecast["issued_at"], "2024-05-10T09:30:00Z",
        "on the clock of Berlin"
    );
    assert_eq!(
        forecast["starts"][0], "2024-05-10T22:00:00Z",
        "the next local day"
    );
    let climatology = model(&forecast, "climatology");
    assert_eq!(
        (
            list(&climatology["mean"]).len(),
            list(&climatology["quantiles"]).len()
        ),
        (24, 24)
    );
    // The expert publishes at eleven.
    let early = made("2024-05-10T10:59", "--model expert");
    assert_eq!(list(&early["models"]).len(), 1);
    assert!(
        list(&early["models"][0]["mean"]).iter().all(Value::is_null),
        "{early}"
    );
    assert!(
        list(&model(&forecast, "expert")["mean"])
            .iter()
            .all(Value::is_number)
    );
    // The same forecast as the evaluation issued then.
    let rows = fortnight()
        .0
        .read("out/quickstart-evaluation/forecasts.csv");
    let mean = climatology["mean"][0].as_f64().expect("a number");
    let first = "climatology,2024-05-10T09:30:00Z,2024-05-10T22:00:00Z,3600,";
    let rows = String::from_utf8(rows).expect("text");
    let row = rows.lines().find(|l| l.starts_with(first)).expect("issued");
    let written: f64 = row
        .split(',')
        .nth(5)
        .expect("a mean")
        .parse()
        .expect("a number");
    assert!((written - mean).abs() < 1e-3, "{written} {mean}");
    let csv = String::from_utf8(world.read("out/quickstart-forecast/forecast.csv")).expect("text");
    assert!(
        csv.starts_with("model,issued_at,start,seconds,mean,p05,p10,"),
        "{csv}"
    );
}

#[test]
fn paths_are_written_on_request() {
    let world = world();
    let made = |seed: u8| {
        let arguments = format!(
            "forecast make --json --at 2024-05-10T11:30 --paths 12 --set seed={seed} {SHORT}"
        );
        let shown = world.swingload(&arguments).assert().success();
        json(&shown.get_output().stdout)
    };
    let forecast = made(5);
    fits("forecast", &forecast);
    let paths = list(&model(&forecast, "climatology")["paths"]).to_vec();
    assert_eq!((paths.len(), list(&paths[0]).len()), (12, 24));
    assert!(paths.iter().any(|path| path != &paths[0]), "they differ");
    assert!(
        model(&forecast, "expert").get("paths").is_none(),
        "a column has none"
    );
    let csv = String::from_utf8(world.read("out/quickstart-forecast/forecast.csv")).expect("text");
    let head = csv.lines().next().expect("a head");
    assert!(head.ends_with(",p95,path01,path02,path03,path04,path05,path06,path07,path08,path09,path10,path11,path12"), "{head}");
    assert_eq!(made(5), forecast, "same seed, same paths");
}

#[test]
fn bad_files_and_times_are_refused_and_nothing_is_written() {
    let broken = long_file().replacen("model = \"climatology\"", "model = \"climate\"", 1);
    let world = world()
        .file("broken.toml", broken)
        .file("cut.toml", "title = [")
        .file("taken", "mine");
    let names = world.names();
    let refused = |arguments: &str| {
        let refused = world.swingload(arguments).assert().code(2);
        let text = String::from_utf8(refused.get_output().stderr.clone()).expect("text");
        assert!(
            text.contains("error: ") && text.contains("Next: swingload"),
            "{text}"
        );
        assert!(text.lines().all(|l| l.chars().count() <= 100), "{text}");
        assert_eq!(world.names(), names, "nothing is left behind");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let model = refused("forecast evaluate broken.toml");
    assert!(
        model.contains("broken.toml:28: models[2].model = \"climate\""),
        "{model}"
    );
    assert!(model.contains("did you mean `climatology`?"), "{model}");
    let cut = refused("forecast evaluate cut.toml");
    assert!(
        cut.contains("cut.toml:1") && cut.contains("not valid TOML"),
        "{cut}"
    );
    assert!(refused("forecast evaluate nowhere.toml").contains("cannot be read"));
    assert!(refused("forecast evaluate --out taken").contains("is no output folder"));
    assert!(refused("forecast evaluate --set seed").contains("--set"));
    let late = refused("forecast evaluate --set data.price.publication=always");
    assert!(
        late.contains("no step can be scored: 1344 were published"),
        "{late}"
    );
    let file = refused("forecast evaluate --set data.price.file=x.csv");
    assert!(file.contains("exactly one of `file`"), "{file}");
    assert!(refused("forecast make --at noon").contains("is no time"));
    assert!(refused("forecast make --at 1999-01-01").contains("lies outside"));
    let model = refused("forecast make --at 2024-05-10T11:30 --model lear2");
    assert!(
        model.contains("is no model of this file") && model.contains("climatology_42_days"),
        "{model}"
    );
}

/// Every evaluation file that is shipped reads; those of real markets run where the data is.
#[test]
fn evaluations_that_are_shipped_are_good() {
    let Some(data) = data_root() else {
        return;
    };
    let folder = root().join("forecasts");
    let mut count = 0;
    for (name, end, model_of_it) in [
        (
            "germany-day-ahead",
            "2016-01-31T23:00:00Z",
            "column=\"published_lear\",id=\"lear_published\"",
        ),
        (
            "germany-2021-2022",
            "2021-07-31T22:00:00Z",
            "model=\"climatology\"",
        ),
        (
            "spain-day-ahead",
            "2017-01-31T23:00:00Z",
            "model=\"climatology\"",
        ),
        (
            "spain-wind-solar",
            "2017-01-05T23:00:00Z",
            "model=\"published\",published=\"wind_solar_forecast\"",
        ),
        (
            "texas-realtime",
            "2024-10-03T05:00:00Z",
            "model=\"published\",published=\"price_day_ahead\"",
        ),
        (
            "south-australia",
            "2023-01-04T14:00:00Z",
            "model=\"reverting\"",
        ),
        (
            "gb-curtailment",
            "2025-10-13T23:00:00Z",
            "model=\"persistence\"",
        ),
        (
            "hashprice",
            "2022-01-21T00:00:00Z",
            "model=\"hashprice\",inputs=[\"btc_price\",\"difficulty\"]",
        ),
    ] {
        let file = folder.join(format!("{name}.toml"));
        let (file, data) = (file.display(), data.display());
        // As it stands, with one of its cheap models.
        let made = format!("forecast make {file} --data {data} --json --quiet --at {end}");
        let made = format!("{made} --model climatology");
        let forecast = json(
            &world()
                .swingload(&made)
                .assert()
                .success()
                .get_output()
                .stdout,
        );
        assert_eq!(list(&forecast["models"]).len(), 1, "{name}");
        // A short period and one model: tests of the others are their own.
        let arguments = format!(
            "forecast evaluate {file} --data {data} --json --quiet --set period.end={end} \
             --set models=[{{{model_of_it}}}]"
        );
        let shown = world().swingload(&arguments).assert().success();
        let result = json(&shown.get_output().stdout);
        assert!(
            result["steps"].as_u64().is_some_and(|steps| steps >= 96),
            "{name}"
        );
        if name == "germany-day-ahead" {
            // Worked out from the same two columns with pandas: January 2016.
            let lear = model(&result, "lear_published")["all"]["mae"].as_f64();
            assert!(
                lear.is_some_and(|mae| (mae - GERMANY_LEAR_MAE).abs() < 1e-3),
                "{lear:?}"
            );
        }
        count += 1;
    }
    let shipped = std::fs::read_dir(&folder).expect("there").count();
    assert_eq!(
        count + 2,
        shipped,
        "every file is run here, but quickstart and README"
    );
}

/// Mean absolute error of the published LEAR ensemble from 4 to 31 January 2016, EUR/MWh.
const GERMANY_LEAR_MAE: f64 = 3.9757;

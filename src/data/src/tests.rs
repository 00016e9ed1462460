//! A small world for the tests of this crate, and tests of whole loads.

use std::path::{Path, PathBuf};

use swingload_model::catalogue::Catalogue;
use swingload_model::scenario::Scenario;
use swingload_worlds::GPUS as SITE;

use super::*;

/// A scenario from 1 to 3 January 2022 with hourly steps, a day of history and a horizon of a day.
const HEAD: &str = r#"
title = "Test"
description = "Test"
site = "site.toml"
seed = 7
[period]
start = "2022-01-01T00:00:00Z"
end = "2022-01-03T00:00:00Z"
step_min = 60
history_days = 1
[planning]
horizon = [{ until_h = 24, step_min = 60 }]
"#;

/// Files of a test and the scenario that binds them.
pub(crate) struct World {
    folder: tempfile::TempDir,
    head: String,
}

/// An empty data root.
pub(crate) fn world() -> World {
    World {
        folder: tempfile::tempdir().expect("temporary folder"),
        head: HEAD.into(),
    }
}

impl World {
    /// Adds a file to the data root.
    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.root().join(name), content).expect("written");
        self
    }

    /// Runs over another period.
    pub(crate) fn period(mut self, start: &str, end: &str) -> Self {
        self.head = self
            .head
            .replace("2022-01-01T00:00:00Z", start)
            .replace("2022-01-03T00:00:00Z", end);
        self
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    pub(crate) fn scenario(&self, body: &str) -> Scenario {
        scenario(
            &self.root().join("scenario.toml"),
            &format!("{}\n{body}", self.head),
        )
    }

    pub(crate) fn load(&self, body: &str) -> Result<Loaded, Diagnostics> {
        load(&self.scenario(body), Some(&self.root()))
    }

    /// The first refusal, with the folder's path left out.
    pub(crate) fn refusal(&self, body: &str) -> String {
        let refused = self.load(body).expect_err("a refusal");
        refused.0[0]
            .to_string()
            .replace(&format!("{}/", self.root().display()), "")
    }
}

pub(crate) fn scenario(file: &Path, text: &str) -> Scenario {
    let catalogue = Catalogue::embedded();
    let file = file.display().to_string();
    Scenario::from_toml(&file, text, "site.toml", SITE, &[], &catalogue)
        .unwrap_or_else(|faults| panic!("{faults}"))
}

/// Hourly rows from `start` (a day and an hour), `t` in RFC 3339.
pub(crate) fn hourly(start: &str, values: impl IntoIterator<Item = f64>) -> String {
    let start: jiff::Timestamp = start.parse().expect("RFC 3339");
    let rows = values.into_iter().enumerate().map(|(hour, value)| {
        let at = start + jiff::SignedDuration::from_hours(hour as i64);
        format!("{at},{value}\n")
    });
    std::iter::once("t,v\n".to_owned()).chain(rows).collect()
}

pub(crate) const PRICE: &str = r#"
[data.price]
unit = "USD/MWh"
file = "p.csv"
column = "v"
time = { column = "t" }
step_min = 60
publication = "end"
"#;

#[test]
fn history_period_and_horizon_are_loaded_and_no_more() {
    let rows = hourly("2021-12-01T00:00:00Z", (0..24 * 60).map(f64::from));
    let loaded = world().file("p.csv", rows).load(PRICE).expect("valid");
    let series = &loaded.series["price"];
    let (first, last) = (
        series.observations()[0],
        series.observations()[series.observations().len() - 1],
    );
    assert_eq!(note::instant(first.start), "2021-12-31T00:00:00Z");
    assert_eq!(note::instant(last.end), "2022-01-04T00:00:00Z");
    assert_eq!((first.value, first.known_at), (720.0, first.end));
    assert_eq!(loaded.notes, []);
}

#[test]
fn gzip_and_plain_csv_and_parquet_read_alike() {
    use arrow_array::{
        ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMillisecondArray,
    };
    use std::io::Write;
    use std::sync::Arc;

    let values: Vec<f64> = (0..48).map(f64::from).collect();
    let rows = hourly("2022-01-01T00:00:00Z", values.iter().copied());
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(rows.as_bytes()).expect("packed");
    let times: Vec<i64> = (0..48).map(|h| 1_640_995_200_000 + h * 3_600_000).collect();
    let batch = RecordBatch::try_from_iter([
        (
            "t",
            Arc::new(TimestampMillisecondArray::from(times).with_timezone("UTC")) as ArrayRef,
        ),
        ("v", Arc::new(Float64Array::from(values))),
        ("zone", Arc::new(StringArray::from(vec!["a"; 48]))),
    ])
    .expect("columns");
    let mut typed = Vec::new();
    let mut writer =
        parquet::arrow::ArrowWriter::try_new(&mut typed, batch.schema(), None).expect("writer");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");

    let world = world()
        .file("p.csv", &rows)
        .file("p.csv.gz", packed.finish().expect("packed"))
        .file("p.parquet", typed);
    let of = |file: &str| {
        world
            .load(&PRICE.replace("p.csv", file))
            .expect("valid")
            .series
    };
    assert_eq!(of("p.csv"), of("p.csv.gz"));
    assert_eq!(of("p.csv"), of("p.parquet"));
    let missing = world.refusal(
        &PRICE
            .replace("p.csv", "p.parquet")
            .replace("\"v\"", "\"w\""),
    );
    assert_eq!(
        missing,
        "p.parquet: w: `data.price` binds a column that the file does not have\n  help: columns of the file: t, v, zone"
    );
}

#[test]
fn a_typed_clock_without_zone_is_refused() {
    use arrow_array::{ArrayRef, Float64Array, RecordBatch, TimestampMillisecondArray};
    use std::sync::Arc;

    let times: Vec<i64> = (0..48).map(|h| 1_640_995_200_000 + h * 3_600_000).collect();
    let times: ArrayRef = Arc::new(TimestampMillisecondArray::from(times));
    let values: ArrayRef = Arc::new(Float64Array::from(vec![1.0; 48]));
    let batch = RecordBatch::try_from_iter([("t", times), ("v", values)]).expect("columns");
    let mut typed = Vec::new();
    let mut writer =
        parquet::arrow::ArrowWriter::try_new(&mut typed, batch.schema(), None).expect("writer");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
    let world = world().file("p.parquet", typed);
    let bound = PRICE.replace("p.csv", "p.parquet");
    assert_eq!(
        world.refusal(&bound),
        "p.parquet: t: the times of this column carry no offset from UTC\n  help: add time.zone, the zone of the file's clock, such as Europe/Berlin or UTC"
    );
    let zoned = bound.replace("column = \"t\" }", "column = \"t\", zone = \"UTC\" }");
    world.load(&zoned).expect("valid with its zone");
}

#[test]
fn a_missing_file_says_where_it_was_looked_for() {
    let refusal = world().refusal(PRICE);
    assert!(
        refusal.starts_with("p.csv: the file cannot be read"),
        "{refusal}"
    );
    assert!(
        refusal.contains("--data") && refusal.contains("SWINGLOAD_DATA"),
        "{refusal}"
    );
    let without = load(&world().scenario(PRICE), None)
        .expect_err("no root")
        .to_string();
    assert!(without.contains("there is no data root"), "{without}");
    let nowhere = std::path::Path::new("/nowhere/at/all");
    let missing = load(&world().scenario(PRICE), Some(nowhere))
        .expect_err("no such folder")
        .to_string();
    assert!(
        missing.contains("that is no folder: /nowhere/at/all"),
        "{missing}"
    );
}

#[test]
fn a_file_beside_the_scenario_needs_no_data_root() {
    let world = world().file("p.csv", hourly("2022-01-01T00:00:00Z", [1.0; 48]));
    let scenario = world.scenario(&PRICE.replace("p.csv", "./p.csv"));
    assert!(load(&scenario, None).is_ok());
}

#[test]
fn another_currency_is_turned_over_at_the_rate_of_the_day() {
    let world = world()
        .file("p.csv", hourly("2022-01-01T00:00:00Z", [10.0; 48]))
        .file("fx.csv", "d,r\n2022-01-01,0.7\n2022-01-02,0.8\n");
    let body = PRICE.replace("USD/MWh", "AUD/MWh")
        + r#"
fx = "usd_per_aud"
[data.usd_per_aud]
unit = "USD/AUD"
file = "fx.csv"
column = "r"
time = { column = "d", format = "date" }
step_min = 1440
publication = "D-1 16:00 UTC"
"#;
    let loaded = world.load(&body).expect("valid");
    let price = &loaded.series["price"];
    assert_eq!(price.unit, Unit::PricePerMwh("USD".into()));
    assert_eq!(
        (
            price.observations()[0].value,
            price.observations()[24].value
        ),
        (7.0, 8.0)
    );
}

#[test]
fn all_faults_of_all_files_are_reported_at_once() {
    let world = world().file("p.csv", "t,v\n2022-01-01T00:00:00Z,x\n");
    let body = PRICE.to_owned()
        + &PRICE
            .replace("data.price", "data.other")
            .replace("p.csv", "q.csv");
    assert_eq!(world.load(&body).expect_err("two faults").0.len(), 2);
}

#[test]
fn one_more_series_changes_nothing_in_another() {
    let shape = "[data.a]\nunit = \"MW\"\npublication = \"end\"\n[data.a.synthetic]\nbase = 5\nnoise = { sigma = 1, memory_h = 2 }\n";
    let more = shape.replace("data.a", "data.b");
    let world = world();
    let one = world.load(shape).expect("valid");
    let two = world.load(&(shape.to_owned() + &more)).expect("valid");
    assert_eq!(one.series["a"], two.series["a"]);
    assert_ne!(
        two.series["a"].observations()[0].value,
        two.series["b"].observations()[0].value
    );
    assert_eq!(two, world.load(&(shape.to_owned() + &more)).expect("valid"));
}

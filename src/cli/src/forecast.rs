//! `swingload forecast`: evaluation files, and the commands that read them.

mod evaluate;
mod make;
mod parts;
mod work;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use swingload_model::document::Override;
use swingload_model::evaluation::Evaluation;
use swingload_model::series::{Series, SeriesRef};
use swingload_model::{Diagnostics, time};
use swingload_report::folder;

use crate::args::Forecast;
use crate::embedded;
use crate::failure::Failure;

/// Runs a command.
pub(crate) fn run(command: &Forecast) -> Result<(), Failure> {
    match command {
        Forecast::Evaluate(args) => evaluate::run(args),
        Forecast::Make(args) => make::run(args),
    }
}

/// An evaluation as read, and what its results depend on.
struct Read {
    /// Of the file, for output folders.
    name: String,
    evaluation: Evaluation,
    /// Text and overrides.
    digest: Sha256,
}

const SCHEMA: &str = "swingload schema evaluation    (all keys of an evaluation file)";

/// Reads an evaluation file, or the built-in one.
fn read(file: Option<&Path>, set: &[String]) -> Result<Read, Failure> {
    let overrides = set
        .iter()
        .map(|text| Override::parse(text).map_err(bad_file));
    let overrides = overrides.collect::<Result<Vec<_>, _>>()?;
    let (name, shown, text) = match file {
        None => (
            embedded::EVALUATION_NAME.to_owned(),
            format!("{}.toml (built in)", embedded::EVALUATION_NAME),
            embedded::EVALUATION.to_owned(),
        ),
        Some(path) => {
            let stem = path.file_stem().unwrap_or_default();
            let text = fs::read_to_string(path).map_err(|error| {
                Failure::input(
                    path.display().to_string(),
                    format!("the evaluation file cannot be read: {error}"),
                    "compare with the files of forecasts/, or run the built-in example",
                    "swingload forecast evaluate    (the built-in example)",
                )
            })?;
            let shown = path.strip_prefix(".").unwrap_or(path);
            (
                stem.to_string_lossy().into_owned(),
                shown.display().to_string(),
                text,
            )
        }
    };
    let evaluation = Evaluation::from_toml(&shown, &text, &overrides).map_err(bad_file)?;
    let mut digest = Sha256::new();
    let mut add = |part: &str| {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part.as_bytes());
    };
    add(&text);
    for change in &overrides {
        add(&change.path);
        add(&change.value.to_string());
    }
    Ok(Read {
        name,
        evaluation,
        digest,
    })
}

impl Read {
    /// SHA-256 of the file, its overrides and the values of all series, hexadecimal.
    fn inputs_sha256(&self, series: &BTreeMap<SeriesRef, Series>) -> String {
        let mut digest = self.digest.clone();
        for (name, series) in series {
            digest.update((name.len() as u64).to_le_bytes());
            digest.update(name.as_bytes());
            digest.update(String::from(series.unit.clone()).as_bytes());
            for o in series.observations() {
                for word in [
                    o.start as u64,
                    o.end as u64,
                    o.value.to_bits(),
                    o.known_at as u64,
                ] {
                    digest.update(word.to_le_bytes());
                }
            }
        }
        hexadecimal(&digest.finalize())
    }

    /// The output folder, which must not hold anything else.
    fn out(&self, given: Option<&PathBuf>, what: &str) -> PathBuf {
        given
            .cloned()
            .unwrap_or_else(|| Path::new("out").join(format!("{}-{what}", self.name)))
    }

    /// Refuses models that the program names but does not have.
    fn no_model(&self, id: &str) -> Failure {
        Failure::input(
            format!("models: {id}"),
            "this model cannot be made with what the file gives it",
            "check its published and inputs, or choose another model",
            SCHEMA,
        )
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A refusal of an evaluation file or its data.
fn bad_file(faults: Diagnostics) -> Failure {
    let data = faults.0.iter().any(|f| f.help.contains("--data"));
    let next = if data {
        "swingload forecast evaluate|make FILE --data DIR"
    } else {
        SCHEMA
    };
    // Readers of data know of one kind of file that binds it.
    let named = |mut fault: swingload_model::Diagnostic| {
        if fault.file == "scenario" {
            fault.file = "evaluation file".into();
        }
        fault
    };
    Failure::Input {
        faults: Diagnostics(faults.0.into_iter().map(named).collect()),
        next: next.into(),
    }
}

/// An output folder that cannot be written.
fn cannot_write(error: &folder::Error) -> Failure {
    match crate::study::cannot_write(error) {
        Failure::Input { faults, .. } => Failure::Input {
            faults,
            next: "swingload forecast evaluate|make FILE --out DIR".into(),
        },
        other => other,
    }
}

/// What was found in the data, one sentence each.
fn sentences(notes: &[swingload_data::Note]) -> Vec<String> {
    notes.iter().map(ToString::to_string).collect()
}

/// An instant for results.
fn instant(second: i64) -> jiff::Timestamp {
    time::timestamp(second)
}

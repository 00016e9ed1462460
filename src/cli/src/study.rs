//! What `simulate` and `plan` share: overrides, data, refusals.

use std::path::{Path, PathBuf};

use swingload_data::Loaded;
use swingload_model::document::Override;
use swingload_model::scenario::Scenario;
use swingload_report::folder;
use swingload_simulator::{Error, StudyInput};

use crate::failure::Failure;
use crate::scenario::bad_scenario;

/// What the arguments put on top of the files; `--set` wins over the shorter options.
pub(crate) fn overrides(
    seed: Option<u64>,
    policies: &[String],
    set: &[String],
) -> Result<Vec<Override>, Failure> {
    let mut texts = Vec::new();
    if let Some(seed) = seed {
        texts.push(format!("seed={seed}"));
    }
    if !policies.is_empty() {
        let names: Vec<String> = policies.iter().map(|p| format!("{:?}", p.trim())).collect();
        texts.push(format!("policies.run=[{}]", names.join(", ")));
    }
    texts.extend(set.iter().cloned());
    let parsed = texts
        .iter()
        .map(|text| Override::parse(text).map_err(bad_scenario));
    parsed.collect()
}

/// The scenario's data, and notes on it.
pub(crate) fn load(
    scenario: Scenario,
    data: Option<&Path>,
) -> Result<(StudyInput, Vec<String>), Failure> {
    let loaded = swingload_data::load(&scenario, data).map_err(bad_scenario)?;
    let Loaded {
        series,
        jobs,
        notes,
    } = loaded;
    let notes = notes.iter().map(ToString::to_string).collect();
    let input = StudyInput {
        scenario,
        series,
        jobs,
    };
    Ok((input, notes))
}

/// A run that cannot be.
pub(crate) fn cannot_run(error: &Error) -> Failure {
    match error {
        Error::Missing(missing) => Failure::input(
            format!("data.{}", missing.name),
            error.to_string(),
            "bind a file that covers the whole period, or say with `gaps` how to bridge it",
            "swingload schema scenario    (the keys of a binding)",
        ),
        Error::UnknownPolicy(_) => Failure::input(
            "policies.run",
            error.to_string(),
            "use one of those that exist",
            "swingload policies",
        ),
        Error::UnknownModel(_) => Failure::input(
            "forecast",
            error.to_string(),
            "use one of those the schema names",
            "swingload schema scenario",
        ),
    }
}

/// An output folder that cannot be written.
pub(crate) fn cannot_write(error: &folder::Error) -> Failure {
    match error {
        folder::Error::Occupied { .. } => Failure::input(
            "--out",
            error.to_string(),
            "name a new folder, so that nothing of yours is replaced",
            "swingload simulate SCENARIO --out DIR",
        ),
        folder::Error::Write { .. } => Failure::Other {
            problem: error.to_string(),
            help: "check the folder's rights and the space left, or choose another with --out DIR"
                .into(),
        },
    }
}

/// The files that were written, for people.
pub(crate) fn written(paths: &[PathBuf]) -> String {
    let mut text = String::from("\nWritten\n");
    for path in paths {
        text += &format!("  {}\n", path.display());
    }
    text
}

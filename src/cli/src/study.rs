//! What `simulate` and `plan` share: overrides, data, refusals.

use std::path::{Path, PathBuf};

use swingload_data::Loaded;
use swingload_model::Diagnostic;
use swingload_model::document::Override;
use swingload_model::plausible::Quantity;
use swingload_model::scenario::Scenario;
use swingload_model::scenario::binding::Source;
use swingload_report::folder;
use swingload_simulator::{Cause, Error, StudyInput};

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

/// A refusal of what options put on top of the files, said of the option instead of the file:
/// `of` names keys with the options that set them, unless `--set` did.
pub(crate) fn blame_options(failure: Failure, of: &[(&str, &str)], set: &[String]) -> Failure {
    let Failure::Input { mut faults, next } = failure else {
        return failure;
    };
    for fault in &mut faults.0 {
        let by = of.iter().find(|(key, _)| {
            let own = set.iter().any(|text| text.starts_with(key));
            !own && fault.line.is_none() && fault.field.starts_with(key)
        });
        let Some((_, option)) = by else { continue };
        let value = fault.value.trim_matches('"');
        fault.file = match value {
            "" => (*option).to_owned(),
            value => format!("{option} = {value}"),
        };
        fault.field.clear();
        fault.value.clear();
    }
    Failure::Input { faults, next }
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
        Error::Beyond(beyond) => too_much(
            &[Input {
                file: beyond.file.clone(),
                name: beyond.name.clone(),
                value: beyond.value.clone(),
            }],
            &error.to_string(),
            "swingload schema site    (all keys of a site file)",
        ),
        Error::TooMuch(found) => {
            let input = |cause: &Cause| Input {
                file: cause.file.clone(),
                name: cause.name.clone(),
                value: cause.value.clone(),
            };
            let inputs: Vec<Input> = found.causes.iter().map(input).collect();
            too_much(&inputs, &error.to_string(), "swingload schema scenario")
        }
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

/// An input to look at.
#[derive(Debug)]
pub(crate) struct Input {
    /// File it is read from; empty for keys of scenario and site.
    pub(crate) file: String,
    /// `data.difficulty`.
    pub(crate) name: String,
    /// Its value with the unit.
    pub(crate) value: String,
}

/// Money or energy that cannot be counted, said of the input that is the likeliest cause.
pub(crate) fn too_much(inputs: &[Input], problem: &str, next: &str) -> Failure {
    let text = |input: &Input| match input.value.as_str() {
        "" => input.name.clone(),
        value => format!("{} = {value}", input.name),
    };
    let others: Vec<String> = inputs.iter().skip(1).map(text).collect();
    let first = inputs.first();
    let help = match (first, others.is_empty()) {
        (None, _) => "check the values of scenario and site and their units".to_owned(),
        (Some(_), true) => "correct it: its unit is probably another".to_owned(),
        (Some(_), false) => format!(
            "correct it: its unit is probably another. Made from it and from {}",
            others.join(", ")
        ),
    };
    let fault = Diagnostic {
        file: first
            .filter(|input| !input.file.is_empty())
            .map_or_else(|| "inputs".to_owned(), |input| input.file.clone()),
        line: None,
        field: first.map_or_else(String::new, |input| input.name.clone()),
        value: first.map_or_else(String::new, |input| input.value.clone()),
        problem: problem.to_owned(),
        help,
        more: 0,
    };
    Failure::Input {
        faults: fault.into(),
        next: next.to_owned(),
    }
}

/// Series with values outside what is plausible, the first of each.
pub(crate) fn doubtful(input: &StudyInput) -> Vec<Input> {
    let series = input.series.values().filter_map(|series| {
        let what = Quantity::of(&series.unit)?;
        let found = series.observations().iter().find(|o| {
            what.doubt(o.value, series.unit.place(Some(o.start), false))
                .is_some()
        })?;
        let source = input.scenario.data.get(&series.name).map(|b| &b.source);
        Some(Input {
            file: match source {
                Some(Source::File(source)) => source.file.clone(),
                _ => String::new(),
            },
            name: format!("data.{}", series.name),
            value: format!("{} {}", found.value, series.unit),
        })
    });
    series.collect()
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

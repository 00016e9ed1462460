//! Models and columns to score.

use crate::document::near;
use crate::evaluation::file::{CandidateFile, EvaluationFile};
use crate::evaluation::{Candidate, CandidateSource};
use crate::scenario::build::Builder;
use crate::scenario::names::{FORECAST_MODELS, NEEDING_PUBLISHED, TAKING_INPUTS, known, listed};
use crate::series::Unit;
use crate::time::Seconds;

pub(super) fn candidates(
    b: &mut Builder<'_>,
    raw: &EvaluationFile,
    unit: Option<&Unit>,
) -> Vec<Candidate> {
    if raw.models.is_empty() {
        let help = format!(
            "add [[models]] with model = \"...\"; models: {}",
            listed(FORECAST_MODELS)
        );
        b.fault("models", "there is nothing to score", help);
    }
    let mut all: Vec<Candidate> = Vec::new();
    for (i, file) in raw.models.iter().enumerate() {
        let path = format!("models[{i}]");
        let Some(candidate) = candidate(b, raw, file, &path, unit) else {
            continue;
        };
        if all.iter().any(|other| other.id == candidate.id) {
            b.fault(
                &path,
                format!(
                    "`{}` is the name of another model, and results go by name",
                    candidate.id
                ),
                "give each its own id",
            );
        }
        all.push(candidate);
    }
    all
}

fn candidate(
    b: &mut Builder<'_>,
    raw: &EvaluationFile,
    file: &CandidateFile,
    path: &str,
    unit: Option<&Unit>,
) -> Option<Candidate> {
    if file
        .window_days
        .is_some_and(|days| !(days.is_finite() && days > 0.0))
    {
        b.fault(
            &format!("{path}.window_days"),
            "must be a positive number of days",
            "leave it out for everything since the history's start",
        );
    }
    let source = match (&file.model, &file.column) {
        (Some(model), None) => of_model(b, raw, file, model, path, unit),
        (None, Some(column)) => {
            bound(b, raw, column, &format!("{path}.column"), unit);
            for (key, given) in [
                ("published", file.published.is_some()),
                ("inputs", !file.inputs.is_empty()),
                ("window_days", file.window_days.is_some()),
            ] {
                if given {
                    let problem = "a column is scored as it is and reads nothing";
                    b.fault(&format!("{path}.{key}"), problem, "leave it out");
                }
            }
            CandidateSource::Column(column.clone())
        }
        _ => {
            b.fault(
                path,
                "exactly one of `model` and `column` says where forecasts come from",
                "keep one of the two",
            );
            return None;
        }
    };
    let own = match &source {
        CandidateSource::Model { name, .. } | CandidateSource::Column(name) => name,
    };
    Some(Candidate {
        id: file.id.clone().unwrap_or_else(|| own.clone()),
        source,
        window: file
            .window_days
            .map(|days| Seconds::from_hours(days * 24.0)),
    })
}

fn of_model(
    b: &mut Builder<'_>,
    raw: &EvaluationFile,
    file: &CandidateFile,
    model: &str,
    path: &str,
    unit: Option<&Unit>,
) -> CandidateSource {
    if !known(FORECAST_MODELS, model) {
        let all = format!("models: {}", listed(FORECAST_MODELS));
        let help = near(model, FORECAST_MODELS.iter().map(|m| m.name))
            .map_or(all.clone(), |near| format!("did you mean `{near}`? {all}"));
        b.fault(&format!("{path}.model"), "is no forecast model", help);
    }
    match &file.published {
        Some(series) => bound(b, raw, series, &format!("{path}.published"), unit),
        None if NEEDING_PUBLISHED.contains(&model) => b.fault(
            path,
            format!("the model `{model}` needs the series with the forecast"),
            "add published = \"NAME\"",
        ),
        None => {}
    }
    for (i, series) in file.inputs.iter().enumerate() {
        let path = format!("{path}.inputs[{i}]");
        if known(FORECAST_MODELS, model) && !TAKING_INPUTS.contains(&model) {
            b.fault(
                &path,
                format!("the model `{model}` reads no other series"),
                "leave inputs out, or choose a model that takes them",
            );
        } else {
            bound(b, raw, series, &path, None);
        }
    }
    CandidateSource::Model {
        name: model.to_owned(),
        published: file.published.clone(),
        inputs: file.inputs.clone(),
    }
}

/// Refuses a series that is not bound, or in another unit than the one scored.
fn bound(b: &mut Builder<'_>, raw: &EvaluationFile, name: &str, path: &str, unit: Option<&Unit>) {
    let Some(binding) = raw.data.get(name) else {
        b.fault(
            path,
            format!("there is no series `{name}`"),
            "name a series bound under [data]",
        );
        return;
    };
    if let (Some(unit), Ok(own)) = (unit, Unit::parse(&binding.unit))
        && own != *unit
    {
        b.fault(
            path,
            format!(
                "`{name}` is in {own}, and forecasts of `{}` are in {unit}",
                raw.series
            ),
            format!("bring it to {unit} with `scale`, or name another series"),
        );
    }
}

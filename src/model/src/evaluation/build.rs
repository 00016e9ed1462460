//! From the keys of an evaluation file to a valid [`Evaluation`].

use std::collections::BTreeMap;

use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::file::{CandidateFile, EvaluationFile};
use super::issues::{every, rolling};
use super::{Calendar, Candidate, CandidateSource, Evaluation, Issue, Target};
use crate::diagnostic::Diagnostics;
use crate::document::{Document, near};
use crate::forecast::QUANTILE_LEVELS;
use crate::scenario::build::Builder;
use crate::scenario::names::{FORECAST_MODELS, PUBLISHED, TAKING_INPUTS, known, listed};
use crate::series::Unit;
use crate::time::Seconds;

/// Most values forecast: issues times steps times models. Each holds its quantiles, 160 B.
const VALUES_MAX: usize = 8_000_000;

/// Furthest an issue looks ahead, h.
const HORIZON_MAX_H: f64 = 24.0 * 14.0;

/// Builds the evaluation, or says everything that is wrong with it.
pub(super) fn build(document: &Document, raw: EvaluationFile) -> Result<Evaluation, Diagnostics> {
    let mut b = Builder::new(document, &raw.period);
    let step = Seconds::from_minutes(raw.period.step_min);
    let grid = b.period(&raw.period, step);
    let mut data = BTreeMap::new();
    for (name, binding) in &raw.data {
        if binding.fx.is_some() {
            b.fault(
                &format!("data.{name}.fx"),
                "forecasts are scored in the currency of their data",
                "leave fx out, and bind every price in one currency",
            );
        }
        if let Some(binding) = b.binding(name, binding) {
            data.insert(name.clone(), binding);
        }
    }
    let unit = series(&mut b, &raw);
    let models = candidates(&mut b, &raw, unit.as_ref());
    let levels = levels(&mut b, &raw);
    scores(&mut b, &raw);
    let zone = zone(&mut b, &raw.issue.zone);
    let (Some(_), Some(zone), Some(unit)) = (grid, zone, unit) else {
        return Err(Diagnostics(b.faults));
    };
    let calendar = Calendar::new(zone);
    let period = (raw.period.start.as_second(), raw.period.end.as_second());
    let issues = issues(&mut b, &raw, &calendar, period, step);
    too_many(&mut b, &issues, models.len());
    if !b.faults.is_empty() {
        return Err(Diagnostics(b.faults));
    }
    let reach = issues
        .iter()
        .map(|i| i.grid.end_s(i.grid.len() - 1) - i.issued_at);
    let reach = Seconds::new(reach.max().unwrap_or(0));
    Ok(Evaluation {
        buckets: buckets(&raw.scores.buckets_h, reach),
        cheapest: Seconds::from_hours(raw.scores.cheapest_hours),
        spike_above: raw.scores.spike_above,
        target: match (raw.issue.day_ahead, raw.issue.horizon_h) {
            (Some(days), _) => Target::Day(i64::from(days)),
            (None, hours) => Target::Horizon(Seconds::from_hours(hours.unwrap_or(0.0))),
        },
        title: raw.title,
        description: raw.description,
        series: raw.series,
        unit,
        seed: raw.seed,
        period,
        step,
        history: Seconds::from_hours(raw.period.history_days * 24.0),
        data,
        calendar,
        issues,
        reach,
        models,
        levels,
    })
}

/// The unit of the series that is scored.
fn series(b: &mut Builder<'_>, raw: &EvaluationFile) -> Option<Unit> {
    let Some(binding) = raw.data.get(&raw.series) else {
        let names = raw.data.keys().map(String::as_str);
        let help = near(&raw.series, names).map_or_else(
            || "name a series bound under [data]".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        b.fault("series", "is bound nowhere in this file", help);
        return None;
    };
    Unit::parse(&binding.unit).ok()
}

fn candidates(b: &mut Builder<'_>, raw: &EvaluationFile, unit: Option<&Unit>) -> Vec<Candidate> {
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
        None if model == PUBLISHED => b.fault(
            path,
            "the model `published` needs the series with the forecast",
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

fn levels(b: &mut Builder<'_>, raw: &EvaluationFile) -> Vec<u8> {
    for (i, level) in raw.scores.levels.iter().enumerate() {
        if !QUANTILE_LEVELS.contains(level) {
            b.fault(
                &format!("scores.levels[{i}]"),
                "is no quantile that is forecast",
                "P5 to P95 by 5 exist: 5, 10, ..., 95",
            );
        }
    }
    let mut levels = raw.scores.levels.clone();
    levels.sort_unstable();
    levels.dedup();
    levels
}

fn scores(b: &mut Builder<'_>, raw: &EvaluationFile) {
    let ends = &raw.scores.buckets_h;
    let rising = ends.windows(2).all(|pair| pair[0] < pair[1]);
    if !rising || ends.iter().any(|end| !(end.is_finite() && *end > 0.0)) {
        b.fault(
            "scores.buckets_h",
            "the ends of the buckets must be positive and rise",
            "for example [1, 4, 24, 48]",
        );
    }
    let cheapest = raw.scores.cheapest_hours;
    if !(cheapest > 0.0 && cheapest < 23.0) {
        b.fault(
            "scores.cheapest_hours",
            "must lie between 0 and 23 hours",
            "8 is usual; the whole of a day leaves nothing to choose",
        );
    }
    if raw.scores.spike_above.is_some_and(|v| !v.is_finite()) {
        b.fault(
            "scores.spike_above",
            "must be a finite number",
            "leave it out for none",
        );
    }
}

fn zone(b: &mut Builder<'_>, name: &str) -> Option<TimeZone> {
    let zone = TimeZone::get(name);
    if zone.is_err() {
        b.fault(
            "issue.zone",
            "no IANA time zone of this name is known",
            "for example Europe/Berlin or UTC",
        );
    }
    zone.ok()
}

fn issues(
    b: &mut Builder<'_>,
    raw: &EvaluationFile,
    calendar: &Calendar,
    period: (i64, i64),
    step: Seconds,
) -> Vec<Issue> {
    let Some(issues) = given_issues(b, raw, calendar, period, step) else {
        return Vec::new();
    };
    if issues.is_empty() {
        b.fault(
            "period.end",
            "no forecast has all of its steps inside the period",
            "make the period longer, or the horizon shorter",
        );
    }
    issues
}

fn given_issues(
    b: &mut Builder<'_>,
    raw: &EvaluationFile,
    calendar: &Calendar,
    period: (i64, i64),
    step: Seconds,
) -> Option<Vec<Issue>> {
    let issue = &raw.issue;
    let clocks = clocks(b, raw);
    match (clocks, issue.every_min, issue.day_ahead, issue.horizon_h) {
        (Some(clocks), None, Some(days), None) if days <= 14 => calendar
            .of_days(period, step, &clocks?, i64::from(days))
            .map_err(|_| {
                let problem = "a day of this zone is no whole number of steps";
                b.fault(
                    "period.step_min",
                    problem,
                    "choose a step that divides every day",
                );
            })
            .ok(),
        (Some(_), None, Some(_), None) => {
            let problem = "lies more than 14 days ahead";
            b.fault("issue.day_ahead", problem, "1 is tomorrow");
            None
        }
        (clocks, every_min, None, Some(hours)) if clocks.is_some() != every_min.is_some() => {
            let steps = hours * 3600.0 / step.get() as f64;
            if !(hours.is_finite()
                && (1.0..=HORIZON_MAX_H * 3600.0).contains(&steps)
                && hours <= HORIZON_MAX_H)
            {
                b.fault(
                    "issue.horizon_h",
                    format!("must hold at least one step, and at most {HORIZON_MAX_H} h"),
                    "24 or 48 is usual",
                );
                return None;
            }
            let horizon = Seconds::from_hours(hours);
            match (clocks, every_min) {
                (Some(clocks), _) => {
                    let instants = calendar.at(period, &clocks?);
                    Some(rolling(instants.into_iter(), period, step, horizon))
                }
                (None, minutes) => {
                    let seconds = Seconds::from_minutes(minutes.unwrap_or(0.0)).get();
                    if seconds < 1 {
                        b.fault(
                            "issue.every_min",
                            "must be a positive number of minutes",
                            "check the value",
                        );
                        return None;
                    }
                    Some(rolling(every(period, seconds), period, step, horizon))
                }
            }
        }
        _ => {
            b.fault(
                "issue",
                "says when with one of `at` and `every_min`, and for which steps with one of `day_ahead` and `horizon_h`; a day ahead needs `at`",
                "for example at = [\"11:30\"] and day_ahead = 1, or every_min = 60 and horizon_h = 24",
            );
            None
        }
    }
}

/// Clock times; the inner `None` where one of them is none.
fn clocks(b: &mut Builder<'_>, raw: &EvaluationFile) -> Option<Option<Vec<Time>>> {
    let texts = raw.issue.at.as_ref()?;
    let mut clocks = Vec::new();
    let mut good = true;
    for (i, text) in texts.iter().enumerate() {
        match Time::strptime("%H:%M", text) {
            Ok(clock) => clocks.push(clock),
            Err(_) => {
                good = false;
                b.fault(
                    &format!("issue.at[{i}]"),
                    "is no clock time",
                    "write HH:MM, such as 11:30",
                );
            }
        }
    }
    if texts.is_empty() {
        good = false;
        b.fault("issue.at", "names no clock time", "for example [\"11:30\"]");
    }
    Some(good.then_some(clocks))
}

fn too_many(b: &mut Builder<'_>, issues: &[Issue], models: usize) {
    let steps: usize = issues.iter().map(|issue| issue.grid.len()).sum();
    let values = steps.saturating_mul(models);
    if values > VALUES_MAX {
        b.fault(
            "issue",
            format!("{} issues and {models} models make {values} forecast values, and an evaluation holds {VALUES_MAX} at most", issues.len()),
            "issue less often, look less far ahead, or shorten the period",
        );
    }
}

/// Ends of the buckets that hold something; the last one reaches beyond every lead.
fn buckets(ends_h: &[f64], reach: Seconds) -> Vec<Seconds> {
    let ends = ends_h.iter().map(|end| Seconds::from_hours(*end));
    let mut ends: Vec<Seconds> = ends.take_while(|end| *end < reach).collect();
    ends.push(reach);
    ends
}

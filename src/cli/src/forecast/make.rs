//! `swingload forecast make`: one forecast, from what was published by a time.

use std::collections::BTreeMap;

use swingload_forecast::evaluate::{Feed, Issued, Runner};
use swingload_model::evaluation::result::{IssuedForecast, IssuedForecasts};
use swingload_model::evaluation::{Candidate, CandidateSource, Evaluation, Issue};
use swingload_model::series::{Series, SeriesRef};
use swingload_report::{evaluation as report, folder};

use super::{Read, bad_file, cannot_write, instant, read, sentences};
use crate::args::Make;
use crate::at;
use crate::failure::Failure;
use crate::output;
use crate::study::written;

/// How long after the file's period a forecast may be issued, s: its data may go on.
const BEYOND: i64 = 366 * 86_400;

/// Runs the command.
pub(super) fn run(args: &Make) -> Result<(), Failure> {
    let read = read(args.file.as_deref(), &args.set)?;
    let evaluation = &read.evaluation;
    let issue = issue(&args.at, evaluation)?;
    let chosen = chosen(&args.model, evaluation)?;
    let out = read.out(args.out.as_ref(), "forecast");
    folder::check_forecast(&out).map_err(|error| cannot_write(&error))?;
    // Nothing has to be there: what is late or missing, the models do without, and say so.
    let start = evaluation.period.0 - evaluation.history.get();
    let end = issue.grid.end_s(issue.grid.len() - 1);
    let (series, notes) =
        swingload_data::load_evaluation(evaluation, (start, start), end, args.data.as_deref())
            .map_err(bad_file)?;
    let paths = usize::from(args.paths);
    let made = made(&read, &chosen, (&issue, paths), &series, sentences(&notes))?;
    let paths = folder::write_forecast(&made, &out).map_err(|error| cannot_write(&error))?;
    if args.json {
        return output::print(&report::issued_json(&made));
    }
    if !args.quiet {
        output::print(&report::issued_text(&made, output::style()))?;
        output::print(&written(&paths))?;
    }
    Ok(())
}

fn issue(text: &str, evaluation: &Evaluation) -> Result<Issue, Failure> {
    let refuse = |problem: String, help: &str| {
        let example = instant(evaluation.issues[0].issued_at);
        let next = format!("swingload forecast make FILE --at {example}");
        Failure::input(format!("--at = {text}"), problem, help, next)
    };
    let at = at::instant(text, evaluation.calendar.zone()).map_err(|problem| {
        let help = "write 2026-07-08T14:00 for the clock of issue.zone, or an instant such as \
                    2026-07-08T14:00:00Z or 2026-07-08T14:00:00-05:00";
        refuse(problem, help)
    })?;
    let (first, last) = (
        evaluation.period.0 - evaluation.history.get(),
        evaluation.period.1 + BEYOND,
    );
    if !(first..=last).contains(&at.as_second()) {
        let problem = format!(
            "lies outside what the file speaks of, from {}, where its history begins, to a year \
             after its end",
            instant(first)
        );
        return Err(refuse(
            problem,
            "choose a time inside it, or move it with --set period.end",
        ));
    }
    evaluation.issue_at(at.as_second()).ok_or_else(|| {
        let problem = "the day to be forecast is no whole number of steps".to_owned();
        refuse(problem, "choose a step that divides every day of the zone")
    })
}

/// The models asked for, in the order of the file.
fn chosen<'a>(names: &[String], evaluation: &'a Evaluation) -> Result<Vec<&'a Candidate>, Failure> {
    let all = || evaluation.models.iter();
    if let Some(unknown) = names.iter().find(|name| all().all(|m| m.id != **name)) {
        let ids: Vec<&str> = all().map(|m| m.id.as_str()).collect();
        return Err(Failure::input(
            format!("--model = {unknown}"),
            "is no model of this file",
            format!("it has {}", ids.join(", ")),
            "swingload forecast make FILE --at TIME    (all models of the file)",
        ));
    }
    let wanted = |m: &&Candidate| names.is_empty() || names.contains(&m.id);
    Ok(all().filter(wanted).collect())
}

fn made(
    read: &Read,
    chosen: &[&Candidate],
    (issue, paths): (&Issue, usize),
    series: &BTreeMap<SeriesRef, Series>,
    notes: Vec<String>,
) -> Result<IssuedForecasts, Failure> {
    let evaluation = &read.evaluation;
    let truth = &series[&evaluation.series];
    let offset = evaluation.calendar.offset_s(issue.grid.start_s(0));
    let mut models = Vec::new();
    for candidate in chosen {
        let runner =
            Runner::new(candidate, truth, offset).ok_or_else(|| read.no_model(&candidate.id))?;
        let mut feed = Feed::new(series, candidate.window.map(|w| w.get()));
        let history = feed.until(issue.issued_at);
        let issued = runner.issue(evaluation, history, issue, paths);
        models.push(forecast(candidate, issued));
    }
    let steps = 0..issue.grid.len();
    Ok(IssuedForecasts {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        title: evaluation.title.clone(),
        series: evaluation.series.clone(),
        unit: truth.unit.to_string(),
        time_zone: evaluation.calendar.name().to_owned(),
        issued_at: instant(issue.issued_at),
        starts: steps
            .clone()
            .map(|k| instant(issue.grid.start_s(k)))
            .collect(),
        end: instant(issue.grid.end_s(steps.end - 1)),
        models,
        notes,
    })
}

fn forecast(candidate: &Candidate, issued: Issued) -> IssuedForecast {
    let known = |value: f64| value.is_finite().then_some(value);
    IssuedForecast {
        id: candidate.id.clone(),
        model: match &candidate.source {
            CandidateSource::Model { name, .. } => name.clone(),
            CandidateSource::Column(_) => "column".to_owned(),
        },
        fallback: issued.fallback,
        mean: issued.mean.into_iter().map(known).collect(),
        quantiles: issued.quantiles,
        paths: issued.paths,
    }
}

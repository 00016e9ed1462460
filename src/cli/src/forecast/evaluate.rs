//! `swingload forecast evaluate`: read, issue, score, show, write.

use std::collections::BTreeMap;

use swingload_forecast::evaluate::{Issued, Sample, cheapest_days, naive_mae, scores};
use swingload_model::evaluation::result::EvaluationResult;
use swingload_model::series::{Series, SeriesRef, Unit};
use swingload_report::{evaluation as report, folder};

use super::parts::Parts;
use super::work::{Work, issue_all};
use super::{Read, bad_file, cannot_write, instant, read, sentences};
use crate::args::Evaluate;
use crate::failure::Failure;
use crate::output;
use crate::progress::Bars;
use crate::study::written;

/// Runs the command.
pub(super) fn run(args: &Evaluate) -> Result<(), Failure> {
    let read = read(args.file.as_deref(), &args.set)?;
    let evaluation = &read.evaluation;
    let out = read.out(args.out.as_ref(), "evaluation");
    folder::check_evaluation(&out).map_err(|error| cannot_write(&error))?;
    let style = output::style();
    if args.json {
        // Standard output belongs to the object.
        if !args.quiet {
            eprintln!("seed {}", evaluation.seed);
        }
    } else if !args.quiet {
        output::print(&report::heading(evaluation, style))?;
    }
    let period = evaluation.period;
    let (series, notes) =
        swingload_data::load_evaluation(evaluation, period, period.1, args.data.as_deref())
            .map_err(bad_file)?;
    let work = Work {
        evaluation,
        series: &series,
    };
    if let Err(id) = work.check() {
        return Err(read.no_model(&id));
    }
    let inputs = read.inputs_sha256(&series);
    let parts = Parts::open(&out, &inputs)?;
    if let Some(said) = parts.said().filter(|_| !args.quiet) {
        eprintln!("{said}");
    }
    let bars = Bars::new(args.quiet);
    let issued = issue_all(&work, &parts, args.threads, &bars)?;
    drop(bars);
    let sample = Sample::new(evaluation, &series, &issued);
    if sample.steps.is_empty() {
        // Bad input: nothing is left behind.
        parts.undo();
        return Err(nothing_scored(&read, &sample));
    }
    let result = result(&read, &series, &sample, &issued, inputs, sentences(&notes));
    let forecasts = report::Forecasts {
        evaluation,
        sample: &sample,
        issued: &issued,
    };
    let paths =
        folder::write_evaluation(&result, forecasts, &out).map_err(|error| cannot_write(&error))?;
    parts.remove()?;
    if args.json {
        return output::print(&report::json(&result));
    }
    if !args.quiet {
        output::print(&report::text(&result, style))?;
        output::print(&written(&paths))?;
    }
    Ok(())
}

fn nothing_scored(read: &Read, sample: &Sample) -> Failure {
    let left = sample.left_out;
    Failure::input(
        format!("data.{}", read.evaluation.series),
        format!(
            "no step can be scored: {} were published when they were forecast, {} have no \
             value, {} no forecast in a column",
            left.known_at_issue, left.without_truth, left.without_forecast
        ),
        "check the publication rules, the issue times and the period",
        super::SCHEMA,
    )
}

fn result(
    read: &Read,
    series: &BTreeMap<SeriesRef, Series>,
    sample: &Sample,
    issued: &[Vec<Issued>],
    inputs_sha256: String,
    notes: Vec<String>,
) -> EvaluationResult {
    let evaluation = &read.evaluation;
    let priced = matches!(evaluation.unit, Unit::PricePerMwh(_));
    EvaluationResult {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        title: evaluation.title.clone(),
        description: evaluation.description.clone(),
        series: evaluation.series.clone(),
        unit: series[&evaluation.series].unit.to_string(),
        time_zone: evaluation.calendar.name().to_owned(),
        start: instant(evaluation.period.0),
        end: instant(evaluation.period.1),
        step_min: evaluation.step.get() as f64 / 60.0,
        inputs_sha256,
        issues: evaluation.issues.len(),
        steps: sample.steps.len(),
        left_out: sample.left_out,
        naive_mae: naive_mae(sample),
        cheapest_hours: priced.then(|| evaluation.cheapest.as_hours()),
        cheapest_days: cheapest_days(evaluation, sample),
        spike_above: evaluation.spike_above,
        models: scores(evaluation, sample, issued),
        notes,
    }
}

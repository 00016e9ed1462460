//! Forecasts as rows, for CSV and Parquet alike.

use swingload_forecast::QUANTILE_LEVELS;
use swingload_forecast::evaluate::{Issued, Sample};
use swingload_model::evaluation::Evaluation;
use swingload_model::evaluation::result::IssuedForecasts;

use crate::frame::{Cell, Field, Kind, Sink, WriteError};

/// All forecasts of an evaluation, with what they were held against.
#[derive(Clone, Copy)]
pub struct Forecasts<'a> {
    /// The evaluation.
    pub evaluation: &'a Evaluation,
    /// The steps that were scored.
    pub sample: &'a Sample,
    /// Forecasts per issue and model.
    pub issued: &'a [Vec<Issued>],
}

type Make<'m> = dyn FnOnce(&[Field]) -> Result<Vec<Box<dyn Sink>>, WriteError> + 'm;

/// Writes one row per issue, model and step. `truth` is empty where a step was not scored.
///
/// # Errors
/// What a sink refuses.
pub fn forecasts(all: Forecasts<'_>, make: Box<Make<'_>>) -> Result<(), WriteError> {
    let evaluation = all.evaluation;
    let mut sinks = make(&fields(&evaluation.levels, true))?;
    let positions = positions(&evaluation.levels);
    let mut scored = all
        .sample
        .steps
        .chunk_by(|a, b| a.issue == b.issue)
        .peekable();
    for (number, (issue, models)) in evaluation.issues.iter().zip(all.issued).enumerate() {
        let steps = scored
            .next_if(|steps| steps[0].issue == number)
            .unwrap_or(&[]);
        let mut truth = vec![None; issue.grid.len()];
        for step in steps {
            truth[step.index] = Some(step.truth);
        }
        for (candidate, issued) in evaluation.models.iter().zip(models) {
            for k in 0..issue.grid.len() {
                let mut cells = vec![
                    Cell::Text(&candidate.id),
                    Cell::Time(issue.issued_at),
                    Cell::Time(issue.grid.start_s(k)),
                    Cell::Int(issue.grid.duration(k).get()),
                    Cell::Float(truth[k]),
                    Cell::Float(Some(issued.mean[k])),
                ];
                let quantiles = issued.quantiles.get(k);
                cells.extend(
                    positions
                        .iter()
                        .map(|p| Cell::Float(quantiles.map(|q| q[*p]))),
                );
                sinks.iter_mut().try_for_each(|sink| sink.row(&cells))?;
            }
        }
    }
    sinks.into_iter().try_for_each(Sink::finish)
}

/// Writes one row per model and step of one issue, with all quantiles and paths.
///
/// # Errors
/// What a sink refuses.
pub fn issued_rows(all: &IssuedForecasts, make: Box<Make<'_>>) -> Result<(), WriteError> {
    let paths = all.models.iter().map(|model| model.paths.len()).max();
    let paths = paths.unwrap_or(0);
    let digits = paths.to_string().len();
    let mut columns = fields(&QUANTILE_LEVELS, false);
    columns.extend((1..=paths).map(|path| Field {
        name: format!("path{path:0digits$}"),
        kind: Kind::Float,
    }));
    let mut sinks = make(&columns)?;
    let starts: Vec<i64> = all.starts.iter().map(|at| at.as_second()).collect();
    let ends = starts.iter().skip(1).copied().chain([all.end.as_second()]);
    let spans: Vec<(i64, i64)> = starts.iter().copied().zip(ends).collect();
    for model in &all.models {
        for (k, (start, end)) in spans.iter().enumerate() {
            let mut cells = vec![
                Cell::Text(&model.id),
                Cell::Time(all.issued_at.as_second()),
                Cell::Time(*start),
                Cell::Int(end - start),
                Cell::Float(model.mean[k]),
            ];
            let quantiles = model.quantiles.get(k);
            cells.extend((0..19).map(|p| Cell::Float(quantiles.map(|q| q[p]))));
            let path = |p: usize| Cell::Float(model.paths.get(p).map(|path| path[k]));
            cells.extend((0..paths).map(path));
            sinks.iter_mut().try_for_each(|sink| sink.row(&cells))?;
        }
    }
    sinks.into_iter().try_for_each(Sink::finish)
}

fn fields(levels: &[u8], with_truth: bool) -> Vec<Field> {
    let field = |name: &str, kind: Kind| Field {
        name: name.to_owned(),
        kind,
    };
    let mut fields = vec![
        field("model", Kind::Text),
        field("issued_at", Kind::Time),
        field("start", Kind::Time),
        field("seconds", Kind::Int),
    ];
    if with_truth {
        fields.push(field("truth", Kind::Float));
    }
    fields.push(field("mean", Kind::Float));
    fields.extend(
        levels
            .iter()
            .map(|level| field(&format!("p{level:02}"), Kind::Float)),
    );
    fields
}

fn positions(levels: &[u8]) -> Vec<usize> {
    let position = |level: &u8| QUANTILE_LEVELS.iter().position(|l| l == level);
    levels.iter().filter_map(position).collect()
}

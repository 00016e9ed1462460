//! Rolling-origin evaluation: forecasts issued one after the other over a test period, each
//! from what was published by then, scored on the same steps.
//!
//! ```text
//! Evaluation + series -> Feed -> forecast()   one issue, one model
//!                     -> Sample::new          steps that can be scored, in one order
//!                     -> summary::scores      one ModelScores per model
//! ```
//!
//! Issues are independent of each other: whoever runs them may do so in any order and on
//! any number of threads, and merge them by index.

mod feed;
mod sample;
mod summary;

use swingload_model::Series;
use swingload_model::evaluation::{Candidate, CandidateSource, Evaluation, Issue};

pub use feed::Feed;
pub use sample::{Sample, Step};
pub use summary::{cheapest_days, naive_mae, scores};

use crate::models::{Model, Options, model};
use crate::{History, Request};

/// The forecast of one model at one issue.
#[derive(Debug, Clone, PartialEq)]
pub struct Issued {
    /// Expected value per step; NaN where a column of forecasts has none published by then.
    pub mean: Vec<f64>,
    /// Values at the quantile levels per step; empty for a column.
    pub quantiles: Vec<[f64; 19]>,
    /// What stood in for the model, where something did.
    pub fallback: Option<String>,
    /// Sample paths, each with one value per step; empty when not asked for, and for a column.
    pub paths: Vec<Vec<f64>>,
}

/// Something that forecasts at the issues of an evaluation.
pub enum Runner {
    /// A model.
    Model(Model),
    /// A series whose values are the forecasts.
    Column(String),
}

impl Runner {
    /// The candidate's, on a clock `utc_offset_s` east of UTC; `None` when no model has
    /// its name, or what it needs is absent.
    pub fn new(candidate: &Candidate, truth: &Series, utc_offset_s: i64) -> Option<Self> {
        match &candidate.source {
            CandidateSource::Column(series) => Some(Self::Column(series.clone())),
            CandidateSource::Model {
                name,
                published,
                inputs,
            } => {
                let options = Options {
                    published: published.as_deref(),
                    inputs,
                    truth: Some(truth),
                    utc_offset_s,
                };
                Some(Self::Model(model(name, &options)?))
            }
        }
    }

    /// Forecasts one issue from what `history` holds by then, with so many sample paths.
    pub fn issue(
        &self,
        evaluation: &Evaluation,
        history: &History,
        issue: &Issue,
        paths: usize,
    ) -> Issued {
        let series = evaluation.series.as_str();
        match self {
            Self::Model(model) => {
                let forecast = model.forecast(&Request {
                    history,
                    series,
                    issued_at: issue.issued_at,
                    grid: &issue.grid,
                    quantiles: true,
                    paths,
                    seed: evaluation.seed,
                });
                Issued {
                    fallback: forecast.fallback_text(),
                    mean: forecast.mean,
                    quantiles: forecast.quantiles,
                    paths: forecast.paths,
                }
            }
            Self::Column(column) => {
                let (view, grid) = (history.view(column, issue.issued_at), &issue.grid);
                let value = |k| view.mean(grid.start_s(k), grid.end_s(k));
                Issued {
                    mean: (0..grid.len())
                        .map(|k| value(k).unwrap_or(f64::NAN))
                        .collect(),
                    quantiles: Vec::new(),
                    fallback: None,
                    paths: Vec::new(),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;

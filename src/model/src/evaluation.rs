//! An evaluation of forecasts: a series, models, issues over a test period, and what came of it.

mod build;
pub mod file;
mod issues;
pub mod result;

use std::collections::BTreeMap;

use crate::diagnostic::Diagnostics;
use crate::document::{Document, Override};
use crate::scenario::Binding;
use crate::series::{SeriesRef, Unit};
use crate::time::{Seconds, TimeGrid};

pub use file::EvaluationFile;
pub use issues::{Calendar, Label};

/// A valid evaluation.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// Title for people.
    pub title: String,
    /// What it shows and where its data come from.
    pub description: String,
    /// The series that is forecast and scored.
    pub series: SeriesRef,
    /// Its unit.
    pub unit: Unit,
    /// Seed of everything random in it.
    pub seed: u64,
    /// The test period, Unix seconds `[start, end)`: every scored step lies in it.
    pub period: (i64, i64),
    /// Length of a step.
    pub step: Seconds,
    /// Length of history before the period that models may use.
    pub history: Seconds,
    /// Bound series by name.
    pub data: BTreeMap<SeriesRef, Binding>,
    /// Local days and hours.
    pub calendar: Calendar,
    /// When forecasts are issued, and for which steps; in order of time, never empty.
    pub issues: Vec<Issue>,
    /// For which steps an issue is.
    pub target: Target,
    /// How far the last step of an issue ends after it, at most.
    pub reach: Seconds,
    /// The models, in the order of the file; ids are unique.
    pub models: Vec<Candidate>,
    /// Ends of the horizon buckets, rising, the last one at or beyond `reach`.
    pub buckets: Vec<Seconds>,
    /// Length of the cheapest part of a day for the share of the saving.
    pub cheapest: Seconds,
    /// Value above which a step is a spike, in the series' unit.
    pub spike_above: Option<f64>,
    /// Quantile levels in the files of forecasts, percent, rising.
    pub levels: Vec<u8>,
}

/// For which steps an issue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The whole local day so many days after that of the issue.
    Day(i64),
    /// Whole steps from the issue on.
    Horizon(Seconds),
}

/// One occasion on which every model forecasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Unix second of issue; nothing published later is used.
    pub issued_at: i64,
    /// Steps to forecast.
    pub grid: TimeGrid,
}

/// A model, or a column of forecasts, that is scored.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Name in the results.
    pub id: String,
    /// Where its forecasts come from.
    pub source: CandidateSource,
    /// Sliding training window; `None`: everything since the history's start.
    pub window: Option<Seconds>,
}

/// Where forecasts come from.
#[derive(Debug, Clone, PartialEq)]
pub enum CandidateSource {
    /// A model of the forecast crate.
    Model {
        /// Its registered name.
        name: String,
        /// Series of published forecasts, for `published`.
        published: Option<SeriesRef>,
        /// Other series it reads.
        inputs: Vec<SeriesRef>,
    },
    /// A bound series whose values are the forecasts.
    Column(SeriesRef),
}

impl Evaluation {
    /// Reads an evaluation from its text.
    ///
    /// # Errors
    /// Every fault found, each with file, line, field, value and remedy.
    pub fn from_toml(file: &str, text: &str, overrides: &[Override]) -> Result<Self, Diagnostics> {
        let mut document = Document::parse(file, text)?;
        for change in overrides {
            document.set(change)?;
        }
        let raw: EvaluationFile = document.read()?;
        build::build(&document, raw)
    }

    /// Whether an issue covers a whole local day.
    pub fn by_day(&self) -> bool {
        matches!(self.target, Target::Day(_))
    }

    /// The issue at another time than those of the period; `None` where its day is no
    /// whole number of steps.
    pub fn issue_at(&self, issued_at: i64) -> Option<Issue> {
        let grid = match self.target {
            Target::Day(ahead) => self.calendar.day(issued_at, ahead, self.step),
            Target::Horizon(horizon) => issues::from(issued_at, self.period.0, self.step, horizon),
        };
        grid.map(|grid| Issue { issued_at, grid })
    }

    /// Bucket of a lead: its index in `buckets`.
    pub fn bucket(&self, lead_s: i64) -> usize {
        let past = self.buckets.partition_point(|end| end.get() <= lead_s);
        past.min(self.buckets.len() - 1)
    }
}

#[cfg(test)]
mod tests;

//! The keys of an evaluation file; [`super::Evaluation`] is what they become.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::scenario::binding::BindingFile;
use crate::scenario::file::PeriodFile;

/// An evaluation of forecasts.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvaluationFile {
    /// Title for people.
    pub title: String,
    /// What it shows and where its data come from.
    #[serde(default)]
    pub description: String,
    /// Bound series that is forecast and scored.
    pub series: String,
    /// Seed of everything random in it.
    #[serde(default = "first_seed")]
    pub seed: u64,
    /// Names of series whose values are right although they lie outside the plausible range: `data.price`.
    #[serde(default)]
    pub allow: Vec<String>,
    /// Test period: every scored step lies in it. `history_days` before it are for training.
    pub period: PeriodFile,
    /// Bound series by name, as in a scenario.
    pub data: BTreeMap<String, BindingFile>,
    /// When forecasts are issued, and for which steps.
    pub issue: IssueFile,
    /// Models and columns of published forecasts to score.
    pub models: Vec<CandidateFile>,
    /// What is scored beside the errors.
    #[serde(default)]
    pub scores: ScoresFile,
}

fn first_seed() -> u64 {
    1
}

/// When forecasts are issued: `at` or `every_min`; for which steps: `day_ahead` or `horizon_h`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueFile {
    /// IANA zone of clock times, days and hours of day.
    pub zone: String,
    /// Clock times of every local day, such as `["11:30"]`.
    pub at: Option<Vec<String>>,
    /// Minutes from one issue to the next, counted from the start of the period.
    pub every_min: Option<f64>,
    /// The whole local day so many days after that of the issue; 1 is tomorrow.
    pub day_ahead: Option<u32>,
    /// So many hours from the issue on.
    pub horizon_h: Option<f64>,
}

/// One model, or one column of published forecasts: `model` or `column`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CandidateFile {
    /// Name in the results; that of the model or column when absent.
    pub id: Option<String>,
    /// Name of a forecast model.
    pub model: Option<String>,
    /// Bound series whose values are the forecasts, scored as they are.
    pub column: Option<String>,
    /// Bound series with the published forecast, for the model `published`.
    pub published: Option<String>,
    /// Bound series the model reads beside its own, for models that take inputs.
    #[serde(default)]
    pub inputs: Vec<String>,
    /// Days before each issue that the model may see, all series alike; everything since the history's start when absent.
    pub window_days: Option<f64>,
}

/// What is scored beside the errors.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScoresFile {
    /// Ends of the horizon buckets, hours from the issue to a step's start; a last one is added where they end too early.
    pub buckets_h: Vec<f64>,
    /// Hours of the cheapest part of a day, for the share of the perfect-foresight saving.
    pub cheapest_hours: f64,
    /// Value above which a step is a spike: how many had a P90 above it is counted.
    pub spike_above: Option<f64>,
    /// Quantile levels written to the files of forecasts, percent; P5 to P95 by 5 exist.
    pub levels: Vec<u8>,
}

impl Default for ScoresFile {
    fn default() -> Self {
        Self {
            buckets_h: vec![1.0, 4.0, 24.0, 48.0],
            cheapest_hours: 8.0,
            spike_above: None,
            levels: vec![10, 50, 90],
        }
    }
}

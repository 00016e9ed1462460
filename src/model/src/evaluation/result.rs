//! What an evaluation found; archived as JSON.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Scores of all models on the same steps.
///
/// Errors are in the series' unit, coverages and shares in percent. A step is scored where
/// its value came true, was not published when the forecast was issued, and every model
/// has a forecast of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EvaluationResult {
    /// Version of the program.
    pub version: String,
    /// Title of the file.
    pub title: String,
    /// What it shows.
    pub description: String,
    /// The series that was forecast.
    pub series: String,
    /// Its unit.
    pub unit: String,
    /// IANA zone of days, hours and quarters.
    pub time_zone: String,
    /// Start of the test period.
    pub start: Timestamp,
    /// Its end, not part of it.
    pub end: Timestamp,
    /// Length of a step, minutes.
    pub step_min: f64,
    /// SHA-256 of the file with its overrides and of all data, hexadecimal.
    pub inputs_sha256: String,
    /// Forecasts issued per model.
    pub issues: usize,
    /// Steps scored, over all issues.
    pub steps: usize,
    /// Steps that were not scored.
    pub left_out: LeftOut,
    /// Mean absolute error of the weekly naive forecast on the scored steps it has a value for.
    pub naive_mae: Option<f64>,
    /// Hours of the cheapest part of a day; none where the series is no price of energy.
    pub cheapest_hours: Option<f64>,
    /// Days on which the cheapest hours were chosen.
    pub cheapest_days: usize,
    /// Value above which a step counts as a spike.
    pub spike_above: Option<f64>,
    /// One entry per model, in the order of the file.
    pub models: Vec<ModelScores>,
    /// What was found in the data and bridged.
    pub notes: Vec<String>,
}

/// Steps of the issues that were not scored, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// Their value was published when the forecast was issued.
    pub known_at_issue: usize,
    /// Their value is missing.
    pub without_truth: usize,
    /// A column of forecasts has no value that was published by the issue.
    pub without_forecast: usize,
}

/// How good one model was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelScores {
    /// Name in the file.
    pub id: String,
    /// Registered model, or `column`.
    pub model: String,
    /// Scores over all steps.
    pub all: Scores,
    /// Mean absolute error over that of the weekly naive forecast, on the same steps.
    pub rmae: Option<f64>,
    /// Share of truths at or below each quantile; empty without quantiles.
    pub reliability: Vec<Reliability>,
    /// Share of the perfect-foresight saving that choosing the cheapest hours of each day by this forecast keeps, percent.
    pub saving_kept_pct: Option<f64>,
    /// Scores by distance from the issue.
    pub by_horizon: Vec<Group>,
    /// Scores by quarter of the year.
    pub by_quarter: Vec<Group>,
    /// Scores by local hour of day.
    pub by_hour: Vec<Group>,
    /// Tests of this model against each other one.
    pub diebold_mariano: Vec<DieboldMariano>,
    /// Forecasts in which a fallback stood in for part of the steps.
    pub fallbacks: usize,
    /// What the first of them said.
    pub fallback_example: Option<String>,
}

/// Scores over a set of steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Scores {
    /// Steps.
    pub steps: usize,
    /// Mean absolute error of the expected value.
    pub mae: f64,
    /// Root of the mean squared error of the expected value.
    pub rmse: f64,
    /// Mean of forecast less truth.
    pub bias: f64,
    /// Mean pinball loss over P5 to P95; none without quantiles.
    pub pinball: Option<f64>,
    /// Continuous ranked probability score from the quantiles: twice the pinball loss.
    pub crps: Option<f64>,
    /// Share of truths inside P10 to P90, percent; 80 is right.
    pub p10_p90_pct: Option<f64>,
    /// Steps with a P90 above zero.
    pub p90_positive: Option<usize>,
    /// Share of those whose truth fell below P10, percent; 10 is right.
    pub p10_breached_pct: Option<f64>,
    /// Steps above `spike_above`; none without that key.
    pub spikes: Option<usize>,
    /// Spikes whose P90 lay above it too.
    pub spikes_seen: Option<usize>,
}

/// Scores of a part of the steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    /// Which part: `up to 1 h`, `2016 Q1`, `07`.
    pub label: String,
    /// Its scores.
    pub scores: Scores,
}

/// How often the truth fell at or below a quantile.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reliability {
    /// Level of the quantile, percent; what would be right.
    pub level_pct: u8,
    /// Share of truths at or below it, percent.
    pub observed_pct: f64,
}

/// A Diebold-Mariano test on absolute errors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DieboldMariano {
    /// The other model.
    pub against: String,
    /// Of the mean loss per day (multivariate); positive where this model lost less. None where both err alike.
    pub statistic: Option<f64>,
    /// Chance of such a statistic if this model were not better; one-sided, asymptotic.
    pub p_value: Option<f64>,
    /// Days compared.
    pub days: usize,
    /// The same per local hour of day (univariate).
    pub by_hour: Vec<HourTest>,
}

/// A Diebold-Mariano test on the steps of one local hour of day.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HourTest {
    /// Hour of the local day, 0 to 23.
    pub hour: u8,
    /// Positive where this model lost less.
    pub statistic: Option<f64>,
    /// One-sided chance of it if this model were not better.
    pub p_value: Option<f64>,
}

/// One forecast of one series by every model of a file; what `forecast make` prints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IssuedForecasts {
    /// Version of the program.
    pub version: String,
    /// Title of the file.
    pub title: String,
    /// The series forecast.
    pub series: String,
    /// Its unit.
    pub unit: String,
    /// IANA zone of the file's clock.
    pub time_zone: String,
    /// When it was issued; nothing published later was used.
    pub issued_at: Timestamp,
    /// Start of each step.
    pub starts: Vec<Timestamp>,
    /// End of the last step.
    pub end: Timestamp,
    /// One entry per model, in the order of the file.
    pub models: Vec<IssuedForecast>,
    /// What was found in the data and bridged.
    pub notes: Vec<String>,
}

/// The forecast of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IssuedForecast {
    /// Name in the file.
    pub id: String,
    /// Registered model, or `column`.
    pub model: String,
    /// What stood in for the model, where something did.
    pub fallback: Option<String>,
    /// Expected value per step; none where a column has no value published by then.
    pub mean: Vec<Option<f64>>,
    /// Values at P5 to P95 by 5 per step, rising; empty for a column.
    pub quantiles: Vec<[f64; 19]>,
    /// Equally likely courses, each with one value per step; absent unless asked for, and for
    /// a column.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<Vec<f64>>,
}

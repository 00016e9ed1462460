//! The keys of a scenario file; [`super::Scenario`] is what they become.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::binding::BindingFile;
use super::jobs::JobSource;
use super::names::POLICIES;

/// A scenario.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioFile {
    /// Title for people.
    pub title: String,
    /// What it shows and where its numbers come from.
    #[serde(default)]
    pub description: String,
    /// Site file, relative to the scenario's folder.
    pub site: String,
    /// Seed of everything random in it.
    #[serde(default = "first_seed")]
    pub seed: u64,
    /// Names of values that are right although they lie outside the plausible range, as messages give them: `data.price`, `train.terms.value_per_gpu_h.high`.
    #[serde(default)]
    pub allow: Vec<String>,
    /// When it runs.
    pub period: PeriodFile,
    /// Bound series by name.
    #[serde(default)]
    pub data: BTreeMap<String, BindingFile>,
    /// Where mining revenue comes from; needed when the site has pools.
    pub mining: Option<MiningFile>,
    /// Where jobs come from.
    #[serde(default)]
    pub jobs: Vec<JobSource>,
    /// Forecast model per series.
    #[serde(default)]
    pub forecast: ForecastFile,
    /// Horizon of plans.
    #[serde(default)]
    pub planning: PlanningFile,
    /// Policies to run.
    #[serde(default)]
    pub policies: PoliciesFile,
    /// Faults of the virtual site.
    #[serde(default)]
    pub faults: FaultsFile,
    /// Variants of the site to compare.
    #[serde(default)]
    pub variants: Vec<VariantFile>,
    /// Discount rate per year for the variants' net present value.
    #[serde(default = "discount")]
    pub discount_rate: f64,
}

fn first_seed() -> u64 {
    1
}

fn discount() -> f64 {
    0.1
}

/// When a scenario runs.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PeriodFile {
    /// First instant.
    pub start: Timestamp,
    /// First instant no longer part of it; twenty years after the start at most.
    pub end: Timestamp,
    /// Length of a step, minutes.
    #[serde(default = "five")]
    pub step_min: f64,
    /// Days of history before the start that forecasters and tuned policies may use, where the data has them; twenty years at most.
    #[serde(default = "month")]
    pub history_days: f64,
}

fn five() -> f64 {
    5.0
}

fn month() -> f64 {
    28.0
}

/// Names of the series mining revenue is made from.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MiningFile {
    /// Bitcoin price, currency per BTC, known at its step.
    pub btc_price: String,
    /// Network difficulty.
    pub difficulty: String,
    /// Transaction fees per block, BTC; none when absent.
    pub fees: Option<String>,
    /// Whether the site's own hashrate lowers everyone's revenue per hash.
    #[serde(default)]
    pub difficulty_feedback: bool,
}

/// Forecast model per series: `[forecast.series.price] model = "..."`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ForecastFile {
    /// Model of series not named below. When absent, by unit and publication: `lear` for prices per MWh published the day before, `reverting` for those published at the start of their interval, `realtime` for those published later, `persistence` for plain numbers (calls, probabilities) and for what mining earns, `seasonal_naive_day` for all else. What is published already is always taken at its word. `published` belongs to a single series.
    pub model: Option<String>,
    /// Model by series.
    pub series: BTreeMap<String, SeriesForecastFile>,
}

/// How one series is forecast.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeriesForecastFile {
    /// Name of the model.
    pub model: String,
    /// Bound series with the published forecast, for `published`.
    pub published: Option<String>,
    /// Bound series the model reads beside its own, for models that take inputs.
    #[serde(default)]
    pub inputs: Vec<String>,
}

/// Horizon of plans.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PlanningFile {
    /// Stretches `{ until_h, step_min }` by rising end; by default up to 168 h, coarser with distance.
    pub horizon: Vec<StretchFile>,
}

/// Steps of one length up to a distance from now.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StretchFile {
    /// Distance from now at which the stretch ends, hours.
    pub until_h: f64,
    /// Length of its steps, minutes.
    pub step_min: f64,
}

/// Policies to run, and their settings.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PoliciesFile {
    /// Names, each once, in the order of the report; by default all.
    pub run: Vec<String>,
    /// Whether `swingload` runs again with prices, surplus, other series and arrivals known in turn, which splits what it left of G by what it did not know; needs `swingload` and `oracle` in `run`.
    pub split: bool,
    /// Days before the period on which `strike` tunes its thresholds.
    pub strike_tuning_days: f64,
    /// Shortest time between two switches of `strike`, min.
    pub strike_dwell_min: f64,
    /// Share of hours with the lowest expected prices in which `quantile` runs.
    pub quantile_share: f64,
    /// Fixed power of `static_split` for mining, MW; half of the root's usable rating when absent.
    pub static_split_mining_mw: Option<f64>,
    /// Fixed power of `static_split` for GPUs, MW; the other half when absent.
    pub static_split_ai_mw: Option<f64>,
}

impl Default for PoliciesFile {
    fn default() -> Self {
        Self {
            run: POLICIES.iter().map(|p| p.name.to_owned()).collect(),
            split: false,
            strike_tuning_days: 28.0,
            strike_dwell_min: 30.0,
            quantile_share: 0.8,
            static_split_mining_mw: None,
            static_split_ai_mw: None,
        }
    }
}

/// Faults of the virtual site; all off by default.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FaultsFile {
    /// Expected failures of a device per day.
    pub device_failures_per_day: f64,
    /// Hours a failed device is away.
    pub repair_h: f64,
    /// Share of devices that acknowledge a sleep command and go on hashing.
    pub lying_share: f64,
    /// Share of commands whose acknowledgement is lost.
    pub ack_lost_share: f64,
    /// Steps by which an acknowledgement comes late, at most.
    pub ack_delay_steps: u32,
}

/// A variant: overrides of the site with what they cost.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VariantFile {
    /// Short name.
    pub id: String,
    /// What it is.
    pub title: String,
    /// Overrides by dotted path, as with `--set`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub set: BTreeMap<String, toml::Value>,
    /// Money spent, by date.
    #[serde(default)]
    pub capex: Vec<CapexFile>,
    /// Years over which the period's yearly result is repeated for the net present value, each at the block subsidy of its time.
    #[serde(default = "years")]
    pub years: f64,
}

fn years() -> f64 {
    1.0
}

/// Money spent at a date.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CapexFile {
    /// When.
    pub at: Timestamp,
    /// How much, in currency.
    pub amount: f64,
}

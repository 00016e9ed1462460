//! Where jobs come from: a trace or a generator, and the seeded rule for their terms.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::binding::{FilterFile, TimeFile};

/// One source of jobs, `[[jobs]]`. Exactly one of `trace` and `synthetic` is given.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobSource {
    /// Prefix of job ids.
    pub id: String,
    /// GPU pool the jobs run on.
    pub gpu_pool: String,
    /// Tenant named on each job when the trace has no column for it.
    #[serde(default = "default_tenant")]
    pub tenant: String,
    /// A job trace.
    pub trace: Option<TraceFile>,
    /// A seeded generator.
    pub synthetic: Option<ArrivalsFile>,
    /// Values, deadlines and checkpoints.
    pub terms: TermsFile,
}

fn default_tenant() -> String {
    "tenant".into()
}

/// A job trace in a file.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TraceFile {
    /// CSV, gzip CSV or Parquet, relative to the data root; after `./`, to the scenario's folder.
    pub file: String,
    /// Submit time.
    pub time: TimeFile,
    /// Column with the run time, s; or give `end_column`.
    pub duration_column: Option<String>,
    /// Column with the end time in the format of `time`, instead of a duration.
    pub end_column: Option<String>,
    /// Column with the number of GPUs; one each when absent.
    pub gpus_column: Option<String>,
    /// Column with the tenant.
    pub tenant_column: Option<String>,
    /// Row filter.
    pub filter: Option<FilterFile>,
    /// Move the trace so that its first job is submitted at the period's start.
    #[serde(default)]
    pub align_start: bool,
    /// Repeat the trace's span, rounded up to whole days, over the period.
    #[serde(default)]
    pub repeat: bool,
    /// Factor on each job's GPUs, rounded to at least one.
    #[serde(default = "one")]
    pub gpu_scale: f64,
    /// Jobs per row; those after the first are moved by a seeded part of an hour.
    #[serde(default = "single")]
    pub copies: u32,
    /// Drop jobs shorter than this, s.
    #[serde(default)]
    pub duration_min_s: f64,
}

fn one() -> f64 {
    1.0
}

fn single() -> u32 {
    1
}

/// Poisson arrivals with lognormal run times.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArrivalsFile {
    /// Expected jobs a day.
    pub per_day: f64,
    /// Factor per local hour of day, 24 of them, taken relative to their mean; flat when empty.
    #[serde(default)]
    pub daily: Vec<f64>,
    /// Median run time at full gang, hours.
    pub duration_median_h: f64,
    /// 90th percentile of the run time, hours.
    pub duration_p90_h: f64,
    /// Longest run time, hours.
    pub duration_max_h: f64,
    /// GPUs of a job.
    pub gpus: Vec<u32>,
    /// Weight of each entry of `gpus`; equal when empty.
    #[serde(default)]
    pub weights: Vec<f64>,
    /// IANA zone of local hours.
    #[serde(default = "utc")]
    pub zone: String,
}

fn utc() -> String {
    "UTC".into()
}

/// A uniform draw between two ends.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Uniform {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The seeded rule that gives jobs their terms.
///
/// Every job draws, in this order and from a generator of its own (run seed,
/// source id, number of the job): value, slack, whether it is elastic, whether it
/// depends on the job before it.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TermsFile {
    /// Value per GPU-hour, in currency.
    pub value_per_gpu_h: Uniform,
    /// Window from release to deadline, as a multiple of the shortest run time.
    pub slack: Uniform,
    /// Shortest window, hours.
    #[serde(default)]
    pub window_min_h: f64,
    /// Penalty for work never done, as a share of its value.
    #[serde(default)]
    pub unmet_penalty_share: f64,
    /// Share of value lost per hour of lateness.
    #[serde(default)]
    pub lateness_share_per_h: f64,
    /// Hours after the deadline in which work still counts.
    #[serde(default)]
    pub late_h: f64,
    /// Share of jobs that may also run on half and a quarter of their GPUs.
    #[serde(default)]
    pub elastic_share: f64,
    /// Shortest run once started, min.
    #[serde(default)]
    pub min_runtime_min: f64,
    /// Time between checkpoints, min.
    #[serde(default = "hour")]
    pub checkpoint_interval_min: f64,
    /// Time to write one, s.
    #[serde(default)]
    pub checkpoint_cost_s: f64,
    /// Time of each start before work goes on, s.
    #[serde(default)]
    pub restart_s: f64,
    /// Notice before a stop, s.
    #[serde(default)]
    pub notice_s: f64,
    /// Share of jobs that depend on the job before them.
    #[serde(default)]
    pub chained_share: f64,
    /// Tolerance of slowdown, 0 to 3.
    #[serde(default)]
    pub tier: u8,
}

fn hour() -> f64 {
    60.0
}

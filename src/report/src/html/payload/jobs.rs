//! Jobs and where they ran.

use serde::Serialize;

use super::Use;

/// One job and where it ran.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Stable id.
    pub id: String,
    /// Tenant or class.
    pub class: String,
    /// Training or inference: gives its colour.
    pub usage: Use,
    /// When it could start.
    pub release: i64,
    /// When it had to be done; `None` without a deadline.
    pub deadline: Option<i64>,
    /// What it pays when on time.
    pub value: f64,
    /// Runs in order of time; a gap between two is a suspension.
    pub runs: Vec<JobRun>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it waited or failed, in words; may be empty.
    pub note: String,
}

/// One uninterrupted run of a job.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct JobRun {
    /// Start, Unix seconds.
    pub start: i64,
    /// End, exclusive.
    pub end: i64,
    /// GPUs of its gang.
    pub gpus: u32,
    /// Watts at the wall.
    pub watts: i64,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done by its deadline, or done without one.
    OnTime,
    /// Done after its deadline.
    Late,
    /// Not done when the period ended, with its deadline still ahead.
    Open,
    /// Not done, and its deadline passed.
    Missed,
    /// Never accepted.
    Rejected,
}

//! Work that no decision can do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A job whose work cannot be done, or not all of it, whatever is decided: it is missed from
/// the start. Where the site alone proves that it never runs, no plan and no bound counts it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ImpossibleWork {
    /// The job.
    pub job: String,
    /// GPUs of the smallest gang it may run at; for a window too short, of the largest that
    /// can run.
    pub gang: u32,
    /// What forbids it.
    pub limit: Obstacle,
    /// GPU pool, node or job that `limit` is of; empty for all supply and for a window.
    pub of: String,
    /// What the gang needs: GPUs, facility MW with what is drawn there anyway, or hours.
    pub needs: f64,
    /// What there is of it, at most.
    pub has: f64,
    /// Work that can never be done, GPU-hours.
    pub missed_gpu_h: f64,
    /// The same in words.
    pub why: String,
    /// Whether it is proven by what series turn out to be, which nobody knows ahead, so that
    /// plans may count on it all the same; else the site alone proves it.
    pub by_series: bool,
}

/// What makes work impossible.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// More GPUs than are installed.
    Gpus,
    /// More power than a node of the tree carries after its deratings.
    Node,
    /// More power than all supply together has.
    Supply,
    /// It waits for a job that can never run, or never be finished.
    Dependency,
    /// Its window is shorter than its work takes at the largest gang: what fits is done.
    Window,
}

impl ImpossibleWork {
    /// Whether none of its work can be done.
    pub fn never_runs(&self) -> bool {
        self.limit != Obstacle::Window
    }
}

//! Training jobs: gangs of pods with work to do, a window, a value and a memory.

mod impossible;

use serde::{Deserialize, Serialize};

use crate::time::Seconds;
use crate::units::Money;

pub use impossible::{ImpossibleWork, Obstacle};

/// A gang job on one GPU pool.
///
/// ```text
/// release          deadline         latest
///    |--- full value ---|--- less each hour ---|  nothing
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Stable name, unique in a run.
    pub id: String,
    /// Who submitted it.
    pub tenant: String,
    /// Position of its GPU pool in the site's list.
    pub gpu_pool: usize,
    /// Unix second from which it may run; nobody knows of it earlier.
    pub release: i64,
    /// Unix second up to which work earns its full value.
    pub deadline: i64,
    /// Unix second after which work earns nothing; at or after `deadline`.
    pub latest: i64,
    /// Work, GPU-seconds at running power.
    pub work: i64,
    /// GPUs it can run on at once, rising; gangs run whole.
    pub gangs: Vec<u32>,
    /// Value of a GPU-hour of work done by the deadline.
    pub value: Money,
    /// Penalty per GPU-hour of work never done.
    pub unmet_penalty: Money,
    /// Loss of value per GPU-hour of work and hour after the deadline.
    pub lateness_penalty: Money,
    /// Shortest stretch it runs once started.
    pub min_runtime: Seconds,
    /// Time between checkpoints; work since the last one is lost when it stops without notice.
    pub checkpoint_interval: Seconds,
    /// Time at running power that writing a checkpoint takes, without progress.
    pub checkpoint_cost: Seconds,
    /// Time at running power that each start takes before work goes on.
    pub restart: Seconds,
    /// Notice it needs to checkpoint before it is stopped.
    pub notice: Seconds,
    /// Tolerance of slowdown, 0 (none) to 3 (half speed).
    pub tier: u8,
    /// Ids of jobs that must be finished before it may start.
    pub depends_on: Vec<String>,
}

impl Job {
    /// The largest gang.
    pub fn gang_max(&self) -> u32 {
        self.gangs.last().copied().unwrap_or(0)
    }

    /// Shortest time in which the largest gang does all the work, restart included.
    pub fn shortest(&self) -> Seconds {
        let gang = i64::from(self.gang_max().max(1));
        Seconds::new((self.work + gang - 1) / gang) + self.restart
    }

    /// Value of a GPU-hour of work done at Unix second `at`, in currency units: falls after the deadline.
    pub fn value_at(&self, at: i64) -> f64 {
        if at >= self.latest {
            return 0.0;
        }
        let late_hours = (at - self.deadline).max(0) as f64 / 3600.0;
        (self.value.as_units() - self.lateness_penalty.as_units() * late_hours).max(0.0)
    }
}

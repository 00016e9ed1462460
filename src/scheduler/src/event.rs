//! The seam between controller and world: events in, commands out.
//!
//! The world is a simulator's virtual site or a daemon's machines. An
//! acknowledgement is a claim; telemetry and the meter decide.

use swingload_model::job::Job;
use swingload_model::series::{Observation, SeriesRef};
use swingload_model::units::Power;

/// Something the controller learns.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A value of a bound series was published.
    Published {
        /// The series.
        series: SeriesRef,
        /// The value and its interval; `known_at` is at or before now.
        observation: Observation,
    },
    /// A tenant submitted a job; its position is the number of jobs before it.
    JobSubmitted(Job),
    /// The world took, or refused, a command.
    Acknowledged {
        /// The command's id.
        command: u64,
        /// Whether it was taken.
        accepted: bool,
    },
    /// What meters and devices reported.
    Telemetry(Telemetry),
    /// A step begins: decide what it does.
    StepBegins {
        /// Unix second at which it ends.
        end: i64,
    },
}

/// Reports of meters and devices at one instant.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Telemetry {
    /// Per pool and block: devices awake per operating point, and devices that answer.
    pub pools: Vec<Vec<BlockReport>>,
    /// Mean facility power of the last step per node, by its meter.
    pub node_power: Vec<Power>,
    /// Progress of jobs that ran, finished or failed since the last report.
    pub jobs: Vec<JobReport>,
}

/// What the devices of a block report.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BlockReport {
    /// Devices awake per operating point.
    pub at_point: Vec<u32>,
    /// Devices that answer.
    pub available: u32,
}

/// Progress of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobReport {
    /// Position of the job.
    pub job: usize,
    /// Work left, GPU-seconds.
    pub work_left: i64,
    /// GPUs it runs on now.
    pub gpus: u32,
    /// Whether all its work is done.
    pub finished: bool,
}

/// An instruction to the world. Ids rise; the world refuses a lower epoch or plan number than the last it took.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// Rising id, for acknowledgements.
    pub id: u64,
    /// Epoch of the leader that gave it.
    pub epoch: u64,
    /// Number of the plan it performs.
    pub plan: u64,
    /// What to do.
    pub action: Action,
}

/// What to do. Idempotent: each names the state to reach, not a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Devices of a block at each operating point; the rest sleeps.
    SetBlock {
        /// The pool.
        pool: usize,
        /// The block.
        block: usize,
        /// Devices per operating point.
        at_point: Vec<u32>,
    },
    /// GPUs of an inference service.
    SetService {
        /// The service.
        service: usize,
        /// GPUs at work.
        gpus: u32,
    },
    /// IT power served to a hosting commitment.
    SetHosting {
        /// Position in the site's commitments.
        commitment: usize,
        /// Power.
        power: Power,
    },
    /// GPUs of a job: its gang, or zero to checkpoint (within its notice) and suspend.
    SetJob {
        /// Position of the job.
        job: usize,
        /// GPUs.
        gpus: u32,
    },
}

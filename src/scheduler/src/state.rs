//! What a controller believes about the site: devices, services, jobs, meters.

use swingload_model::job::Job;
use swingload_model::site::Site;
use swingload_model::units::Power;

/// Blocks a pool is divided into: fine enough for limits, few enough to plan each.
pub const BLOCKS_PER_POOL: u32 = 8;

/// The site as last seen.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SiteState {
    /// Per miner pool its blocks.
    pub pools: Vec<PoolState>,
    /// Per inference service the GPUs at work.
    pub services: Vec<u32>,
    /// Per hosting commitment (position in the site's commitments) the IT power served.
    pub hosting: Vec<Power>,
    /// Checkpoints that gangs stopped in earlier steps may still be writing.
    pub writing: Vec<Checkpoint>,
    /// Facility power of the last step per node of the tree; `None` before the first.
    pub load: Option<Vec<Power>>,
    /// Highest mean power of a step so far in the current month, for demand charges.
    pub month_peak: Power,
}

/// A stopped gang that writes its checkpoint, at running power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Position of its GPU pool.
    pub gpu_pool: usize,
    /// GPUs.
    pub gpus: u32,
    /// Unix second at which it is written.
    pub until: i64,
}

/// Blocks of one pool, which plans name and executors switch as they are told. The
/// pool's devices are divided among them anew whenever their installed count changes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PoolState {
    /// The blocks.
    pub blocks: Vec<BlockState>,
}

/// Devices of a pool that are switched together.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockState {
    /// Devices per operating point, `points.len()` of them; all zero when asleep.
    pub at_point: Vec<u32>,
    /// Devices that answer (failed ones do not).
    pub available: u32,
    /// Unix second of the last change between asleep and awake.
    pub since: i64,
    /// Starts on the current local day.
    pub starts_today: u32,
}

impl BlockState {
    /// Whether any device is awake.
    pub(crate) fn is_on(&self) -> bool {
        self.at_point.iter().any(|n| *n > 0)
    }

    /// Devices awake.
    pub fn awake(&self) -> u32 {
        self.at_point.iter().sum()
    }
}

impl SiteState {
    /// A site with everything asleep since long ago, at Unix second `at`.
    pub fn asleep(site: &Site, at: i64) -> Self {
        let pools = site.pools.iter().map(|pool| {
            let sizes = block_sizes(pool.count.at(at), BLOCKS_PER_POOL);
            let block = |available| BlockState {
                at_point: vec![0; pool.points.len()],
                available,
                since: i64::MIN / 2,
                starts_today: 0,
            };
            PoolState {
                blocks: sizes.into_iter().map(block).collect(),
            }
        });
        Self {
            pools: pools.collect(),
            services: vec![0; site.services.len()],
            hosting: vec![Power::ZERO; site.commitments.len()],
            writing: Vec::new(),
            load: None,
            month_peak: Power::ZERO,
        }
    }
}

/// Sizes of the blocks of `count` devices: as equal as can be, larger ones first.
pub fn block_sizes(count: u32, blocks: u32) -> Vec<u32> {
    (0..blocks)
        .map(|b| count / blocks + u32::from(b < count % blocks))
        .collect()
}

/// A job as the controller knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct JobState {
    /// The job as submitted.
    pub job: Job,
    /// Work left, GPU-seconds, at the last checkpoint or telemetry.
    pub work_left: i64,
    /// GPUs it runs on; zero when waiting or suspended.
    pub gpus: u32,
    /// Unix second of the last start; meaningful while it runs.
    pub since: i64,
    /// Starts so far.
    pub starts: u32,
    /// Jobs it depends on that are not finished; it may start at zero.
    pub waits_for: u32,
    /// Unix second at which it was finished.
    pub finished: Option<i64>,
    /// Given up: its latest time passed with work left.
    pub failed: bool,
}

impl JobState {
    /// A job just submitted.
    pub fn new(job: Job) -> Self {
        let work_left = job.work;
        let waits_for = u32::try_from(job.depends_on.len()).unwrap_or(u32::MAX);
        Self {
            job,
            work_left,
            gpus: 0,
            since: 0,
            starts: 0,
            waits_for,
            finished: None,
            failed: false,
        }
    }

    /// Whether it still has work and time.
    pub fn is_open(&self) -> bool {
        self.finished.is_none() && !self.failed
    }
}

//! Jobs.

use swingload_model::job::Job;
use swingload_model::time::Seconds;
use swingload_model::units::Money;

use crate::START;

/// A job of one GPU pool; [`JobWords`] gives it terms.
pub fn job(id: &str) -> Job {
    Job {
        id: id.into(),
        tenant: "tenant".into(),
        gpu_pool: 0,
        release: START,
        deadline: START + 86_400,
        latest: START + 86_400,
        work: 100 * 3600,
        gangs: vec![100],
        value: Money::from_units(2.0),
        unmet_penalty: Money::from_units(0.5),
        lateness_penalty: Money::ZERO,
        min_runtime: Seconds::ZERO,
        checkpoint_interval: Seconds::ZERO,
        checkpoint_cost: Seconds::ZERO,
        restart: Seconds::ZERO,
        notice: Seconds::ZERO,
        tier: 0,
        depends_on: Vec::new(),
    }
}

/// Terms of a job, one word each.
pub trait JobWords: Sized {
    /// Release and deadline, which is the latest time too, seconds as given.
    fn window(self, release: i64, deadline: i64) -> Self;
    /// Gang sizes.
    fn gangs(self, gangs: &[u32]) -> Self;
    /// Work, GPU-hours.
    fn hours(self, gpu_hours: i64) -> Self;
    /// Jobs to be done before.
    fn after(self, ids: &[&str]) -> Self;
    /// Value of a GPU-hour.
    fn worth(self, value: f64) -> Self;
}

impl JobWords for Job {
    fn window(mut self, release: i64, deadline: i64) -> Self {
        (self.release, self.deadline, self.latest) = (release, deadline, deadline);
        self
    }
    fn gangs(mut self, gangs: &[u32]) -> Self {
        self.gangs = gangs.to_vec();
        self
    }
    fn hours(mut self, gpu_hours: i64) -> Self {
        self.work = gpu_hours * 3600;
        self
    }
    fn after(mut self, ids: &[&str]) -> Self {
        self.depends_on = ids.iter().map(|id| (*id).to_owned()).collect();
        self
    }
    fn worth(mut self, value: f64) -> Self {
        self.value = Money::from_units(value);
        self
    }
}

/// A job of `gang` GPUs over `hours`, released and due so many hours after `start`.
pub fn gang(id: &str, start: i64, gang: u32, hours: f64, release_h: f64, deadline_h: f64) -> Job {
    let after = |h: f64| start + Seconds::from_hours(h).get();
    Job {
        id: id.into(),
        tenant: "lab".into(),
        gpu_pool: 0,
        release: after(release_h),
        deadline: after(deadline_h),
        latest: after(deadline_h + 2.0),
        work: i64::from(gang) * Seconds::from_hours(hours).get(),
        gangs: vec![gang],
        value: Money::from_units(1.5),
        unmet_penalty: Money::from_units(0.5),
        lateness_penalty: Money::from_units(0.1),
        min_runtime: Seconds::ZERO,
        checkpoint_interval: Seconds::new(3600),
        checkpoint_cost: Seconds::new(60),
        restart: Seconds::new(300),
        notice: Seconds::new(300),
        tier: 0,
        depends_on: vec![],
    }
}

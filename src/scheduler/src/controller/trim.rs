//! Takes load off a dispatch until a node's limit holds: hashing first, firm load last.

use swingload_model::site::commitment::CommitmentKind;
use swingload_model::site::{MinerPool, Site};
use swingload_model::units::Power;

use super::limits::{Limits, StepLimits};
use crate::dispatch::Dispatch;
use crate::state::JobState;

/// How freely a block may be put to sleep, or a job be suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interruptible {
    /// First: a job that would start now.
    NewStart,
    /// As needed.
    Freely,
    /// Only when nothing else is left: its shortest time awake or running is not over.
    LastResort,
    /// Never: its power is in doubt, and does not follow the dispatch.
    Never,
}

/// Load to take off below a node.
pub(crate) struct Trim<'a> {
    /// The site.
    pub(crate) site: &'a Site,
    /// Its tree.
    pub(crate) limits: &'a Limits,
    /// Facility watts per IT watt in the step.
    pub(crate) step: &'a StepLimits,
    /// Node whose limit is exceeded.
    pub(crate) node: usize,
    /// Facility watts to take off; at most zero when done.
    pub(crate) excess: f64,
}

impl Trim<'_> {
    /// Whether a load at `node` counts.
    fn counts(&self, node: usize) -> bool {
        self.limits.is_below(node, self.node)
    }

    /// Takes up to `units` of `each` IT watts at `node` off; returns how many.
    fn take(&mut self, node: usize, each: Power, units: u32) -> u32 {
        let watts = each.get() as f64 * self.step.pue[node];
        if self.excess <= 0.0 || units == 0 || watts <= 0.0 {
            return 0;
        }
        let taken = (self.excess / watts).ceil().min(f64::from(units)) as u32;
        self.excess -= f64::from(taken) * watts;
        taken
    }

    /// Lowers settings of devices in the blocks `which` names, least efficient pools
    /// first, highest settings first.
    pub(crate) fn underclock(
        &mut self,
        dispatch: &mut Dispatch,
        which: &dyn Fn(usize, usize) -> bool,
    ) {
        for p in self.pools() {
            let pool = &self.site.pools[p];
            for i in (1..pool.points.len()).rev() {
                let step = pool.points[i].power - pool.points[i - 1].power;
                for (b, at_point) in dispatch.pools[p].iter_mut().enumerate().rev() {
                    if which(p, b) {
                        let lowered = self.take(pool.node, step, at_point[i]);
                        at_point[i] -= lowered;
                        at_point[i - 1] += lowered;
                    }
                }
            }
        }
    }

    /// Puts devices of the blocks that are `wanted` to sleep, least efficient pools
    /// first, last blocks first.
    pub(crate) fn sleep(
        &mut self,
        dispatch: &mut Dispatch,
        wanted: Interruptible,
        interruptible: &dyn Fn(usize, usize) -> Interruptible,
    ) {
        for p in self.pools() {
            let pool = &self.site.pools[p];
            for b in (0..dispatch.pools[p].len()).rev() {
                if interruptible(p, b) != wanted {
                    continue;
                }
                for i in (0..pool.points.len()).rev() {
                    let freed = pool.points[i].power - pool.sleep;
                    let devices = dispatch.pools[p][b][i];
                    let slept = self.take(pool.node, freed, devices);
                    dispatch.pools[p][b][i] -= slept;
                }
            }
        }
    }

    /// Lowers inference services to `floor` GPUs each, whole replicas at a time.
    pub(crate) fn inference(&mut self, dispatch: &mut Dispatch, floor: &dyn Fn(usize) -> u32) {
        for (v, service) in self.site.services.iter().enumerate().rev() {
            let pool = &self.site.gpu_pools[service.gpu_pool];
            if !self.counts(pool.node) {
                continue;
            }
            let replica = service.gpus_per_replica;
            let spare = dispatch.services[v].saturating_sub(floor(v));
            let each = pool.running - pool.idle;
            let whole = self.take(pool.node, each * i64::from(replica), spare / replica) * replica;
            // What is left beyond whole replicas goes GPU by GPU.
            let rest = self.take(pool.node, each, spare % replica);
            dispatch.services[v] -= whole + rest;
        }
    }

    /// Suspends the jobs that are `wanted`, latest deadlines first.
    pub(crate) fn jobs(
        &mut self,
        dispatch: &mut Dispatch,
        jobs: &[JobState],
        wanted: Interruptible,
        interruptible: &dyn Fn(usize) -> Interruptible,
    ) {
        let mut order: Vec<usize> = (0..dispatch.jobs.len())
            .filter(|k| interruptible(dispatch.jobs[*k].0) == wanted)
            .collect();
        order.sort_by_key(|k| std::cmp::Reverse((jobs[dispatch.jobs[*k].0].job.deadline, *k)));
        for k in order {
            let (position, gpus) = dispatch.jobs[k];
            let pool = &self.site.gpu_pools[jobs[position].job.gpu_pool];
            if self.counts(pool.node) {
                let gang = (pool.running - pool.idle) * i64::from(gpus);
                if self.take(pool.node, gang, 1) == 1 {
                    dispatch.jobs[k].1 = 0;
                }
            }
        }
        dispatch.jobs.retain(|(_, gpus)| *gpus > 0);
    }

    /// Lowers hosting, the last thing to go, except where `stuck`.
    pub(crate) fn hosting(&mut self, dispatch: &mut Dispatch, stuck: &dyn Fn(usize) -> bool) {
        for (c, commitment) in self.site.commitments.iter().enumerate().rev() {
            if let CommitmentKind::Hosting { node, .. } = commitment.kind
                && self.counts(node)
                && !stuck(c)
            {
                let watts = u32::try_from(dispatch.hosting[c].get()).unwrap_or(u32::MAX);
                let off = self.take(node, Power::new(1), watts);
                dispatch.hosting[c] -= Power::new(i64::from(off));
            }
        }
    }

    /// Pools that count, least hashrate per watt at the rated point first.
    fn pools(&self) -> Vec<usize> {
        let pools = &self.site.pools;
        let mut order: Vec<usize> = (0..pools.len())
            .filter(|p| self.counts(pools[*p].node))
            .collect();
        let efficiency = |p: &usize| joules_per_terahash(&pools[*p]);
        order.sort_by(|a, b| efficiency(b).total_cmp(&efficiency(a)).then(a.cmp(b)));
        order
    }
}

/// Efficiency at the rated point, J/TH.
fn joules_per_terahash(pool: &MinerPool) -> f64 {
    pool.points.last().map_or(0.0, |p| {
        p.power.get() as f64 / p.hashrate.get().max(f64::MIN_POSITIVE)
    })
}

//! Moves the load of ramped nodes to within their ramps of the last step's mean load.

use swingload_model::site::MinerPool;

use super::Fitter;
use crate::controller::guard;
use crate::controller::limits::amount;
use crate::dispatch::Dispatch;
use crate::policy::View;

impl Fitter<'_> {
    /// Takes load off where it would rise too fast, and raises hashing, as far as it goes, where
    /// load would fall too fast.
    pub(super) fn ramps(&mut self, dispatch: &mut Dispatch) {
        let view = self.view;
        let Some(before) = &view.state.load else {
            return;
        };
        let minutes = view.step.duration(0).get() as f64 / 60.0;
        for (n, node) in view.setup.site.tree.nodes().enumerate() {
            let last = before[n].get() as f64;
            if let Some(up) = node.ramp_up_per_minute {
                self.rise(n, last + up.get() as f64 * minutes, dispatch);
            }
            if let Some(down) = node.ramp_down_per_minute {
                self.least(dispatch);
                let missing = last - down.get() as f64 * minutes - self.step.load[n];
                self.fill(n, missing, dispatch);
            }
        }
    }

    /// Brings the load below `node` down to `most` watts. Where gangs would rise too fast, hashing
    /// rises in their place step by step, and makes way for them once they fit.
    fn rise(&mut self, node: usize, most: f64, dispatch: &mut Dispatch) {
        let gangs = dispatch.jobs.len();
        self.cut(node, most, dispatch);
        if dispatch.jobs.len() < gangs {
            self.measure(dispatch);
            self.fill(node, most - self.step.load[node], dispatch);
            // The last device may have gone beyond `most`.
            self.cut(node, most, dispatch);
        }
    }

    /// Takes load off below `node` down to `most` watts.
    fn cut(&mut self, node: usize, most: f64, dispatch: &mut Dispatch) {
        // A job that stops for it writes a checkpoint first.
        for _ in 0..4 {
            self.measure(dispatch);
            let excess = self.step.load[node] - most;
            if excess <= 0.0 {
                break;
            }
            let left = self.take_off(node, excess, true, dispatch);
            self.repairs.ramp += excess - left;
            if left >= excess {
                break;
            }
        }
    }

    /// Measures the least that the dispatch may draw: without work that ends in the step, GPUs
    /// that wait for checkpoints to be written, and replicas without demand.
    fn least(&mut self, dispatch: &Dispatch) {
        let view = self.view;
        let site = &view.setup.site;
        self.more.fill(0.0);
        guard::add_checkpoint_power(view, &dispatch.jobs, &mut self.more);
        let step = view.step.duration(0).get();
        let waits = waits(view, dispatch);
        let mut less = |pool: usize, gpu_seconds: f64| {
            let pool = &site.gpu_pools[pool];
            let each = (pool.running - pool.idle).get() as f64;
            self.more[pool.node] -= each * gpu_seconds / step as f64;
        };
        for (position, gpus) in &dispatch.jobs {
            let state = &view.jobs[*position];
            let job = &state.job;
            let gang = i64::from(*gpus);
            let begins = if *gpus == state.gpus {
                state.since
            } else {
                view.now + waits[job.gpu_pool]
            };
            let ready = (begins + job.restart.get()).max(view.now);
            let ends = (ready + (state.work_left + gang - 1) / gang).min(job.latest);
            let idle = (begins - view.now).max(0) + (view.now + step - ends).max(0);
            less(job.gpu_pool, (gang * idle.min(step)) as f64);
        }
        for (v, service) in site.services.iter().enumerate() {
            let demand = amount(&service.demand, view.outlook, view.step).max(0.0);
            let gpus = f64::from(dispatch.services[v]).min(demand);
            let now_at = f64::from(view.state.services[v]);
            let late = (gpus - now_at).max(0.0) * waits[service.gpu_pool] as f64;
            let spare = (f64::from(dispatch.services[v]) - demand).max(0.0) * step as f64;
            less(service.gpu_pool, late + spare);
        }
        self.sum_up(dispatch);
    }

    /// Raises hashing until the load below `node` is `missing` watts higher: devices that
    /// were awake stay so, those awake are set higher, then others wake where they may.
    fn fill(&mut self, node: usize, mut missing: f64, dispatch: &mut Dispatch) {
        let view = self.view;
        let asked = missing;
        let mut take = |watts: f64, devices: u32| {
            if missing <= 0.0 || watts <= 0.0 {
                return 0;
            }
            let taken = (missing / watts).ceil().min(f64::from(devices)) as u32;
            missing -= f64::from(taken) * watts;
            taken
        };
        let mut pools: Vec<_> = view.setup.site.pools.iter().enumerate().collect();
        // What wakes only for the ramp should not have to stay awake.
        pools.sort_by_key(|(_, pool)| pool.min_on);
        for stage in [Stage::Keep, Stage::Raise, Stage::Wake] {
            for (p, pool) in pools.iter().copied() {
                let Some(rated) = pool.points.len().checked_sub(1) else {
                    continue;
                };
                if !self.tree.is_below(pool.node, node) || is_shut(view, pool) {
                    continue;
                }
                let pue = self.step.pue[pool.node];
                let blocks = view.state.pools[p].blocks.iter().enumerate();
                for (b, block) in blocks {
                    let at_point = &mut dispatch.pools[p][b];
                    let awake: u32 = at_point.iter().sum();
                    if stage == Stage::Raise {
                        for i in 0..rated {
                            let step = pool.points[rated].power - pool.points[i].power;
                            let raised = take(step.get() as f64 * pue, at_point[i]);
                            at_point[i] -= raised;
                            at_point[rated] += raised;
                        }
                        continue;
                    }
                    let most = match stage {
                        Stage::Keep => block.awake().min(block.available),
                        _ if guard::may_be_awake(view, p, b) => block.available,
                        _ => 0,
                    };
                    let each = (pool.points[rated].power - pool.sleep).get() as f64 * pue;
                    at_point[rated] += take(each, most.saturating_sub(awake));
                }
            }
        }
        self.repairs.ramp += asked - missing;
    }
}

/// How hashing is raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Keep,
    Raise,
    Wake,
}

/// Whether heat keeps a pool off.
fn is_shut(view: &View<'_>, pool: &MinerPool) -> bool {
    match (&pool.heat, &pool.temperature) {
        (Some(heat), Some(series)) => {
            view.outlook.mean(series, view.step)[0] > heat.shutdown_above_c
        }
        _ => false,
    }
}

/// Per GPU pool, seconds into the step until its last checkpoint is written.
fn waits(view: &View<'_>, dispatch: &Dispatch) -> Vec<i64> {
    let mut waits = vec![0; view.setup.site.gpu_pools.len()];
    guard::for_each_checkpoint(view, &dispatch.jobs, |gang| {
        let wait: &mut i64 = &mut waits[gang.gpu_pool];
        *wait = (*wait).max(gang.until - view.now);
    });
    waits
}

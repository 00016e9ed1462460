//! From facility MW of one step back to devices, GPUs and watts.

use swingload_model::Power;
use swingload_model::site::commitment::CommitmentKind;

use super::{Built, PoolPlace};
use crate::dispatch::{Dispatch, Repairs};
use crate::policy::Setup;
use crate::state::{JobState, SiteState};

/// Power of every load in one step, facility MW above sleep and idle.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepPower {
    /// Per stack of the inputs, all tiers together.
    pub stacks: Vec<f64>,
    /// Per pool with memory and block.
    pub blocks: Vec<Vec<f64>>,
    /// Per job of the inputs: GPUs.
    pub jobs: Vec<f64>,
}

/// Watts below a millionth of a device are rounding noise.
const TOLERANCE: f64 = 1e-6;

impl Built {
    /// Devices, GPUs and watts of step `t`: devices and watts rounded down, services and
    /// gangs up to whole ones.
    pub fn dispatch(
        &self,
        setup: &Setup,
        state: &SiteState,
        jobs: &[JobState],
        t: usize,
        power: &StepPower,
    ) -> Dispatch {
        let site = &setup.site;
        let factor = |node: usize| self.inputs.nodes[node].factor[t];
        let pools = site.pools.iter().enumerate().map(|(p, pool)| {
            let points: Vec<f64> = pool
                .points
                .iter()
                .map(|o| (o.power - pool.sleep).as_megawatts() * factor(pool.node))
                .collect();
            let blocks = &state.pools[p].blocks;
            match self.pool[p] {
                PoolPlace::Pool(m) => blocks
                    .iter()
                    .zip(&power.blocks[m])
                    .map(|(b, mw)| awake_devices(&points, b.available, *mw))
                    .collect(),
                PoolPlace::Stack(s) => {
                    // Blocks fill one after the other, so that a partly run pool switches few devices.
                    let all: u32 = blocks.iter().map(|b| b.available).sum();
                    let mut left = mixed_devices(&points, all, power.stacks[s]);
                    blocks
                        .iter()
                        .map(|b| take_devices(&mut left, b.available))
                        .collect()
                }
            }
        });
        let gpu_mw = |pool: usize| {
            (site.gpu_pools[pool].running - site.gpu_pools[pool].idle).as_megawatts()
                * factor(self.gpu_node[pool])
        };
        // Whole replicas, the last one not cut: what it may not have, jobs give up below.
        let services: Vec<u32> = site
            .services
            .iter()
            .enumerate()
            .map(|(v, service)| {
                let gpus = (power.stacks[self.service[v]] / gpu_mw(service.gpu_pool) - TOLERANCE)
                    .max(0.0)
                    .ceil() as u32;
                let replicas = gpus.div_ceil(service.gpus_per_replica);
                let installed = site.gpu_pools[service.gpu_pool]
                    .count
                    .at(self.inputs.grid.start_s(t));
                replicas.min(installed / service.gpus_per_replica) * service.gpus_per_replica
            })
            .collect();
        let hosting = site.commitments.iter().enumerate().map(|(c, commitment)| {
            match (&commitment.kind, self.hosting[c]) {
                (CommitmentKind::Hosting { node, .. }, Some(stack)) => Power::new(
                    (power.stacks[stack] / factor(*node) * 1e6 + TOLERANCE).floor() as i64,
                ),
                _ => Power::ZERO,
            }
        });
        let running = self.gangs(setup, jobs, t, &services, power);
        Dispatch {
            pools: pools.collect(),
            services,
            hosting: hosting.collect(),
            jobs: running,
            reasons: Vec::new(),
            marginal_value: None,
            proof: None,
            repairs: Repairs::default(),
        }
    }
}

impl Built {
    /// Gangs of the jobs that run in step `t`, as far as services leave them GPUs: those
    /// planned for most of the step first, since one planned for part of it runs whole.
    fn gangs(
        &self,
        setup: &Setup,
        jobs: &[JobState],
        t: usize,
        services: &[u32],
        power: &StepPower,
    ) -> Vec<(usize, u32)> {
        let site = &setup.site;
        let start = self.inputs.grid.start_s(t);
        let mut free: Vec<u32> = site
            .gpu_pools
            .iter()
            .map(|pool| pool.count.at(start))
            .collect();
        for (service, gpus) in site.services.iter().zip(services) {
            free[service.gpu_pool] = free[service.gpu_pool].saturating_sub(*gpus);
        }
        let share = |k: usize| power.jobs[k] / f64::from(jobs[self.job[k]].job.gang_max().max(1));
        // Who plans jobs elsewhere gives no power for them.
        let mut order: Vec<usize> = (0..power.jobs.len())
            .filter(|k| power.jobs[*k] > TOLERANCE)
            .collect();
        order.sort_by(|a, b| share(*b).total_cmp(&share(*a)).then(a.cmp(b)));
        let mut running = Vec::new();
        for k in order {
            let state = &jobs[self.job[k]];
            let job = &state.job;
            let holds = |gang: u32| f64::from(gang) + TOLERANCE >= power.jobs[k];
            // A gang that needs only part of the step to end its work stays as it is.
            let ends =
                power.jobs[k] * self.inputs.grid.hours(t) * 3600.0 + 1.0 >= state.work_left as f64;
            let planned = if state.gpus > 0 && ends && holds(state.gpus) {
                Some(&state.gpus)
            } else {
                job.gangs.iter().find(|g| holds(**g)).or(job.gangs.last())
            };
            let room = free[job.gpu_pool];
            if let Some(gang) =
                planned.and_then(|p| job.gangs.iter().rev().find(|g| *g <= p && **g <= room))
            {
                free[job.gpu_pool] -= gang;
                running.push((self.job[k], *gang));
            }
        }
        running.sort_unstable();
        running
    }
}

/// Devices per point of a block that is wholly awake (`mw` above its lowest point) or wholly asleep.
fn awake_devices(points: &[f64], devices: u32, mw: f64) -> Vec<u32> {
    let mut at = vec![0; points.len()];
    let lowest = points[0] * f64::from(devices);
    if devices == 0 || mw < lowest * 0.5 {
        return at;
    }
    at[0] = devices;
    // Raise as many devices as the power carries, one point after the other.
    let mut left = mw - lowest;
    for i in 1..points.len() {
        let step = points[i] - points[i - 1];
        let raised = ((left / step + TOLERANCE).floor().max(0.0) as u32).min(at[i - 1]);
        at[i - 1] -= raised;
        at[i] += raised;
        left -= f64::from(raised) * step;
        if at[i - 1] > 0 {
            break;
        }
    }
    at
}

/// Devices per point of a pool without memory: any number awake.
fn mixed_devices(points: &[f64], devices: u32, mw: f64) -> Vec<u32> {
    let mut at = vec![0; points.len()];
    let woken = ((mw / points[0] + TOLERANCE).floor().max(0.0) as u32).min(devices);
    if woken < devices {
        at[0] = woken;
        return at;
    }
    awake_devices(points, devices, mw)
}

/// Moves up to `devices` awake devices out of `left`, highest points first.
fn take_devices(left: &mut [u32], devices: u32) -> Vec<u32> {
    let mut at = vec![0; left.len()];
    let mut room = devices;
    for i in (0..left.len()).rev() {
        at[i] = left[i].min(room);
        left[i] -= at[i];
        room -= at[i];
    }
    at
}

#[cfg(test)]
mod tests {
    use swingload_model::TimeGrid;

    use super::super::build;
    use super::super::tests::{Foresight, connection};
    use super::*;
    use crate::controller::tests::world::{JobWords, START, job, setup, site_of};

    #[test]
    fn a_block_is_wholly_awake_and_within_its_power() {
        let points = [0.0018, 0.0024, 0.0030];
        assert_eq!(awake_devices(&points, 10, 0.0), [0, 0, 0]);
        assert_eq!(awake_devices(&points, 10, 0.018), [10, 0, 0]);
        assert_eq!(awake_devices(&points, 10, 0.0205), [6, 4, 0]);
        assert_eq!(awake_devices(&points, 10, 0.027), [0, 5, 5]);
        assert_eq!(awake_devices(&points, 10, 0.030), [0, 0, 10]);
    }

    #[test]
    fn a_pool_without_memory_wakes_as_many_as_fit() {
        let points = [0.0018, 0.0030];
        assert_eq!(mixed_devices(&points, 10, 0.0099), [5, 0]);
        assert_eq!(mixed_devices(&points, 10, 0.0205), [8, 2]);
        let mut left = vec![5, 3];
        assert_eq!(take_devices(&mut left, 4), [1, 3]);
        assert_eq!(take_devices(&mut left, 4), [4, 0]);
    }
    /// 100 GPUs, a service in replicas of 8, jobs of 16, 32 or 64.
    fn gpus() -> String {
        connection(10.0)
            + r#"
[[supply]]
id = "grid"
kind = "grid"
available_mw = 10
price_per_mwh = 20
[[gpu_pools]]
id = "h100"
node = "connection"
model = "own"
count = 100
running_w = 1000
idle_w = 0
[[services]]
id = "chat"
gpu_pool = "h100"
gpus_per_replica = 8
demand_gpus = 100
floor_gpus = 8
floor_value_per_gpu_h = 3
floor_penalty_per_gpu_h = 6
"#
    }

    /// What an hour's plan becomes: GPUs of the service, and of each job.
    fn dispatched(jobs: &[JobState], service: f64, gpus: &[f64]) -> (u32, Vec<(usize, u32)>) {
        let setup = setup(site_of(&self::gpus()));
        let state = SiteState::asleep(&setup.site, START);
        let grid = TimeGrid::from_boundaries(vec![START, START + 3600]).expect("a step");
        let open: Vec<usize> = (0..jobs.len()).collect();
        let built = build(&setup, &Foresight, &state, jobs, &open, &grid);
        let mut power = StepPower {
            stacks: vec![0.0; built.inputs.stacks.len()],
            jobs: gpus.to_vec(),
            ..StepPower::default()
        };
        power.stacks[built.service[0]] = service * 1e-3;
        let dispatch = built.dispatch(&setup, &state, jobs, 0, &power);
        (dispatch.services[0], dispatch.jobs)
    }

    fn elastic(running: u32, hours: i64) -> JobState {
        let mut state = JobState::new(job("train").gangs(&[16, 32, 64]).hours(hours));
        state.gpus = running;
        state
    }

    #[test]
    fn a_gang_planned_for_part_of_a_step_runs_whole() {
        let jobs = [elastic(0, 50)];
        assert_eq!(dispatched(&jobs, 0.0, &[57.6]).1, [(0, 64)]);
        assert_eq!(dispatched(&jobs, 0.0, &[32.0]).1, [(0, 32)]);
        assert_eq!(dispatched(&jobs, 0.0, &[1.0]).1, [(0, 16)]);
    }

    #[test]
    fn a_running_gang_that_only_ends_its_work_keeps_its_size() {
        assert_eq!(dispatched(&[elastic(64, 20)], 0.0, &[20.0]).1, [(0, 64)]);
        assert_eq!(dispatched(&[elastic(0, 20)], 0.0, &[20.0]).1, [(0, 32)]);
        let goes_on = [elastic(64, 500)];
        assert_eq!(dispatched(&goes_on, 0.0, &[20.0]).1, [(0, 32)]);
    }

    #[test]
    fn services_and_gangs_are_never_more_than_there_are_gpus() {
        // Twelve replicas of eight; the hundred GPUs hold no thirteenth.
        assert_eq!(dispatched(&[], 100.0, &[]).0, 96);
        assert_eq!(dispatched(&[], 90.5, &[]).0, 96);
        assert_eq!(dispatched(&[], 88.0, &[]).0, 88);
        let jobs = [elastic(0, 500), elastic(0, 500)];
        let (service, jobs) = dispatched(&jobs, 33.0, &[30.0, 50.0]);
        assert_eq!(service, 40);
        // The larger of the two is fitted first: 60 GPUs are left, so 32 and then 16.
        assert_eq!(jobs, [(0, 16), (1, 32)]);
    }
}

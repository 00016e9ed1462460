//! The virtual site behind the seam of command, acknowledgement and telemetry.
//!
//! It does what machines do: miners take time to wake, fail, or lie; gangs restart
//! and lose work; tenants draw what they draw. Commands name the state to reach and
//! take effect at the next [`World::draw`]; acknowledgements may come late or never.
//!
//! A step runs in two phases. [`World::draw`] says what every load wants to draw;
//! supply may fall short of that where there is no grid; [`World::deliver`] then
//! books the progress that the delivered power allowed.

pub(crate) mod acks;
pub(crate) mod gpus;
pub(crate) mod miners;

use jiff::tz::TimeZone;
use swingload_model::job::Job;
use swingload_model::scenario::Faults;
use swingload_model::site::Site;
use swingload_model::site::commitment::CommitmentKind;
use swingload_model::units::Power;
use swingload_scheduler::event::{Action, BlockReport, Command, Telemetry};

use crate::load::Loads;
use crate::truth::Truth;
use acks::Acks;
use gpus::Gpus;
use miners::Miners;

/// What the meters and the machines did in one step; buffers are reused.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter {
    /// Facility joules per load.
    pub(crate) load: Vec<i64>,
    /// Per miner pool what its devices did.
    pub(crate) pools: Vec<PoolMeter>,
    /// Per service the GPU-seconds served.
    pub(crate) served: Vec<i64>,
    /// Per commitment the IT joules delivered.
    pub(crate) hosted: Vec<i64>,
    /// Per GPU pool the GPU-seconds at work and installed.
    pub(crate) gpus: Vec<(i64, i64)>,
    /// Money of jobs in this step, micro-units, per GPU pool.
    pub(crate) jobs: Vec<JobMoney>,
}

/// What the devices of a pool did in one step.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct PoolMeter {
    /// Hashes, TH.
    pub(crate) terahashes: f64,
    /// Device-seconds awake and obeying or lying.
    pub(crate) awake_s: i64,
    /// Device-seconds that answered.
    pub(crate) available_s: i64,
    /// IT joules awake devices would draw at their top point.
    pub(crate) top_energy: i64,
    /// Hashes, TH, awake devices would have made at their top point.
    pub(crate) top_terahashes: f64,
    /// Hashes, TH, and IT joules of all available devices at their top point.
    pub(crate) full_terahashes: f64,
    /// IT joules of all available devices at their top point.
    pub(crate) full_energy: i64,
    /// Starts of devices.
    pub(crate) starts: u32,
}

/// Money of jobs in one step, micro-units.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct JobMoney {
    /// Full value of work done.
    pub(crate) value: i64,
    /// Loss of value by lateness; positive.
    pub(crate) lateness: i64,
    /// Value of earlier work lost by stops without a checkpoint; positive.
    pub(crate) lost: i64,
    /// Penalty for work never done; positive.
    pub(crate) unmet: i64,
}

/// What went wrong at the site, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct WorldCounts {
    pub(crate) device_failures: u64,
    pub(crate) commands: u64,
    pub(crate) commands_refused: u64,
    pub(crate) acks_lost: u64,
    pub(crate) early_switches: u64,
    pub(crate) gpu_overcommitments: u64,
    pub(crate) starts_beyond_limit: u64,
    pub(crate) short_runs: u64,
    pub(crate) lying_device_s: i64,
}

/// The virtual site.
#[derive(Debug)]
pub(crate) struct World<'a> {
    site: &'a Site,
    truth: &'a Truth,
    loads: &'a Loads,
    pub(crate) miners: Miners,
    pub(crate) gpus: Gpus<'a>,
    hosting: Vec<Power>,
    zone: TimeZone,
    acks: Acks,
    epoch: u64,
    plan: u64,
    pub(crate) meter: Meter,
    pub(crate) counts: WorldCounts,
}

/// Share of the wanted power that was delivered per use, in the order of `Use::ALL`, parts per billion.
pub(crate) type Delivered = [i64; 4];

impl<'a> World<'a> {
    /// A site with everything asleep at the start of the run. Of `jobs` the second part says
    /// which can never run.
    pub(crate) fn new(
        site: &'a Site,
        truth: &'a Truth,
        loads: &'a Loads,
        jobs: (&'a [Job], &'a [bool]),
        faults: &Faults,
        seed: u64,
    ) -> Self {
        let meter = Meter {
            load: vec![0; loads.all.len()],
            pools: vec![PoolMeter::default(); site.pools.len()],
            served: vec![0; site.services.len()],
            hosted: vec![0; site.commitments.len()],
            gpus: vec![(0, 0); site.gpu_pools.len()],
            jobs: vec![JobMoney::default(); site.gpu_pools.len()],
        };
        Self {
            site,
            truth,
            loads,
            miners: Miners::new(site, faults, seed, truth.grid.start_s(0)),
            gpus: Gpus::new(site, jobs),
            hosting: vec![Power::ZERO; site.commitments.len()],
            zone: TimeZone::get(&site.time_zone)
                .expect("invariant: a site's time zone was checked when it was read"),
            acks: Acks::new(faults, seed),
            epoch: 0,
            plan: 0,
            meter,
            counts: WorldCounts::default(),
        }
    }

    /// Takes a command in step `t`, or refuses it; the acknowledgement follows in its own time.
    pub(crate) fn perform(&mut self, t: usize, command: &Command) {
        let stale = command.epoch < self.epoch || command.plan < self.plan;
        let accepted = !stale && self.apply(&command.action);
        if accepted {
            self.epoch = command.epoch;
            self.plan = command.plan;
        }
        self.counts.commands += 1;
        self.counts.commands_refused += u64::from(!accepted);
        self.counts.acks_lost += u64::from(!self.acks.queue(t, command.id, accepted));
    }

    pub(crate) fn apply(&mut self, action: &Action) -> bool {
        match action {
            Action::SetBlock {
                pool,
                block,
                at_point,
            } => self.miners.command(*pool, *block, at_point),
            Action::SetService { service, gpus } => self.gpus.command_service(*service, *gpus),
            Action::SetHosting { commitment, power } => {
                let hosts = self
                    .loads
                    .hosting
                    .get(*commitment)
                    .is_some_and(Option::is_some)
                    && power.get() >= 0;
                if hosts {
                    self.hosting[*commitment] = *power;
                }
                hosts
            }
            Action::SetJob { job, gpus } => self.gpus.command_job(*job, *gpus),
        }
    }

    /// Acknowledgements that arrive by step `t`, in the order of their commands.
    pub(crate) fn acknowledgements(
        &mut self,
        t: usize,
    ) -> impl Iterator<Item = (u64, bool)> + use<> {
        self.acks.arrived(t).into_iter()
    }

    /// What every load wants to draw in step `t`, into `meter`.
    pub(crate) fn draw(&mut self, t: usize) {
        let (start, end) = (self.truth.grid.start_s(t), self.truth.grid.end_s(t));
        let seconds = end - start;
        let offset = self.zone.to_offset(self.truth.grid.start(t)).seconds();
        let day = (start + i64::from(offset)).div_euclid(86_400);
        self.miners.count_starts(self.site, day, &mut self.counts);
        let meter = &mut self.meter;
        meter.load.fill(0);
        let overhead = |node: usize| {
            self.loads.overhead[node].expect("invariant: nodes with pools have an overhead load")
        };
        for (p, pool) in self.site.pools.iter().enumerate() {
            let heat = self.truth.heat[p].as_ref().map(|h| h.at(t));
            let drawn = self
                .miners
                .step(p, pool, start, end, heat, &mut self.counts);
            meter.pools[p] = drawn.meter;
            meter.load[overhead(pool.node)] += drawn.sleeping;
            meter.load[self.loads.pool[p]] = self.truth.facility(pool.node, t, drawn.awake);
        }
        self.gpus.draw(self.site, self.truth, t, &mut self.counts);
        for (g, pool) in self.site.gpu_pools.iter().enumerate() {
            let installed = i64::from(pool.count.at(start)) * seconds;
            let training = self.gpus.training_s(g);
            let mut busy = training;
            for (v, service) in self
                .site
                .services
                .iter()
                .enumerate()
                .filter(|(_, s)| s.gpu_pool == g)
            {
                let served = self.gpus.served_s(v);
                busy += served;
                meter.served[v] = served;
                let load = self.loads.service[v];
                meter.load[load] = self.truth.facility(
                    self.site.gpu_pools[service.gpu_pool].node,
                    t,
                    served * pool.running.get(),
                );
            }
            meter.load[overhead(pool.node)] += (installed - busy).max(0) * pool.idle.get();
            meter.load[self.loads.training[g]] =
                self.truth
                    .facility(pool.node, t, training * pool.running.get());
            meter.gpus[g] = (busy, installed);
        }
        for (c, commitment) in self.site.commitments.iter().enumerate() {
            let CommitmentKind::Hosting { node, .. } = &commitment.kind else {
                continue;
            };
            let asked = if commitment.binds(start) {
                self.truth.committed[c].at(t)
            } else {
                0
            };
            meter.hosted[c] = self.hosting[c].get().min(asked) * seconds;
            let load = self.loads.hosting[c].expect("invariant: hosting commitments are loads");
            meter.load[load] = self.truth.facility(*node, t, meter.hosted[c]);
        }
        for (n, node) in self.site.tree.nodes().enumerate() {
            if let Some(load) = self.loads.overhead[n] {
                let fixed = node.hall.as_ref().map_or(0, |h| h.fixed.get()) * seconds;
                meter.load[load] = self.truth.facility(n, t, meter.load[load]) + fixed;
            }
        }
    }

    /// Books what the delivered power allowed in step `t`; all shares are one billion where supply sufficed.
    pub(crate) fn deliver(&mut self, t: usize, delivered: &Delivered) {
        let [hashing, inference, training, _] = *delivered;
        let share = |value: i64, parts: i64| {
            (i128::from(value) * i128::from(parts) / i128::from(crate::truth::PARTS)) as i64
        };
        if hashing < crate::truth::PARTS {
            for pool in &mut self.meter.pools {
                pool.terahashes *= hashing as f64 / crate::truth::PARTS as f64;
                pool.awake_s = share(pool.awake_s, hashing);
            }
        }
        if inference < crate::truth::PARTS {
            self.meter
                .served
                .iter_mut()
                .for_each(|s| *s = share(*s, inference));
        }
        for (c, commitment) in self.site.commitments.iter().enumerate() {
            if let CommitmentKind::Hosting { used_for, .. } = &commitment.kind {
                self.meter.hosted[c] = share(
                    self.meter.hosted[c],
                    delivered[crate::load::use_index(*used_for)],
                );
            }
        }
        self.gpus
            .deliver(&self.truth.grid, t, training, &mut self.meter.jobs);
    }

    /// What meters and devices report after step `t`; `node_power` is the meters' own.
    pub(crate) fn telemetry(&mut self, node_power: &[i64]) -> Telemetry {
        let pools = (0..self.site.pools.len()).map(|p| {
            let blocks = self.miners.reports(p);
            blocks
                .map(|(at_point, available)| BlockReport {
                    at_point: at_point.to_vec(),
                    available,
                })
                .collect()
        });
        Telemetry {
            pools: pools.collect(),
            node_power: node_power.iter().map(|w| Power::new(*w)).collect(),
            jobs: self.gpus.take_reports(),
        }
    }
}

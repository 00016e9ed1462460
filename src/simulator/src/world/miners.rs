//! Miner pools: blocks of devices that wake, sleep, fail, overheat and lie.

use std::collections::VecDeque;

use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution};
use swingload_model::scenario::Faults;
use swingload_model::site::{MinerPool, Site};
use swingload_model::time::Seconds;
use swingload_scheduler::state::{BLOCKS_PER_POOL, block_sizes};

use super::{PoolMeter, WorldCounts};
use crate::seed::generator;

/// All miner pools.
#[derive(Debug)]
pub(crate) struct Miners {
    pools: Vec<Pool>,
    failures_per_s: f64,
    repair: i64,
}

#[derive(Debug)]
struct Pool {
    points: usize,
    installed: u32,
    blocks: Vec<Block>,
    failures: ChaCha8Rng,
}

#[derive(Debug, Clone)]
struct Block {
    size: u32,
    failed: u32,
    /// Devices under repair: when they are back, and how many.
    repairs: VecDeque<(i64, u32)>,
    /// Devices that go on hashing when told to sleep.
    liars: u32,
    /// Devices per operating point as commanded.
    target: Vec<u32>,
    /// Devices per operating point as they obey.
    at_point: Vec<u32>,
    /// Liars awake although told to sleep, and their point.
    rogue: u32,
    rogue_point: usize,
    /// Devices on their way: when they hash, and how many.
    waking: VecDeque<(i64, u32)>,
    /// Devices that started in this step.
    started: u32,
    /// Last change between asleep and awake.
    since: i64,
    /// Whether it was told to be awake when starts were last counted, the local day, and
    /// how often it was told to wake on it.
    told_awake: bool,
    starts_on: (i64, u32),
}

/// IT joules of a pool in a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Drawn {
    pub(crate) awake: i64,
    pub(crate) sleeping: i64,
    pub(crate) meter: PoolMeter,
}

impl Miners {
    pub(crate) fn new(site: &Site, faults: &Faults, seed: u64, start: i64) -> Self {
        let pools = site.pools.iter().enumerate().map(|(p, pool)| {
            let installed = pool.count.at(start);
            let mut liars = generator(seed, "lying devices", p);
            let blocks = block_sizes(installed, BLOCKS_PER_POOL)
                .into_iter()
                .map(|size| Block {
                    size,
                    failed: 0,
                    repairs: VecDeque::new(),
                    liars: binomial(size, faults.lying_share, &mut liars),
                    target: vec![0; pool.points.len()],
                    at_point: vec![0; pool.points.len()],
                    rogue: 0,
                    rogue_point: 0,
                    waking: VecDeque::new(),
                    started: 0,
                    since: i64::MIN / 2,
                    told_awake: false,
                    starts_on: (i64::MIN, 0),
                });
            Pool {
                points: pool.points.len(),
                installed,
                blocks: blocks.collect(),
                failures: generator(seed, "device failures", p),
            }
        });
        Self {
            pools: pools.collect(),
            failures_per_s: faults.device_failures_per_day / 86_400.0,
            repair: Seconds::from_hours(faults.repair_h).get(),
        }
    }

    /// Sets a block's target; refuses what does not exist.
    pub(crate) fn command(&mut self, pool: usize, block: usize, at_point: &[u32]) -> bool {
        let Some(pool) = self
            .pools
            .get_mut(pool)
            .filter(|p| p.points == at_point.len())
        else {
            return false;
        };
        let Some(block) = pool.blocks.get_mut(block) else {
            return false;
        };
        block.target.copy_from_slice(at_point);
        true
    }

    /// Counts blocks told to wake more often than their pool allows on local day `day`.
    ///
    /// What heat and failures do is no start: only commands count.
    pub(crate) fn count_starts(&mut self, site: &Site, day: i64, counts: &mut WorldCounts) {
        for (pool, state) in site.pools.iter().zip(&mut self.pools) {
            let Some(most) = pool.starts_per_day else {
                continue;
            };
            for block in &mut state.blocks {
                let awake = block.target.iter().any(|n| *n > 0);
                if block.starts_on.0 != day {
                    block.starts_on = (day, 0);
                }
                if awake && !block.told_awake {
                    block.starts_on.1 += 1;
                    counts.starts_beyond_limit += u64::from(block.starts_on.1 > most);
                }
                block.told_awake = awake;
            }
        }
    }

    /// Runs a pool through `[start, end)` at an outdoor temperature.
    pub(crate) fn step(
        &mut self,
        p: usize,
        pool: &MinerPool,
        start: i64,
        end: i64,
        heat: Option<f64>,
        counts: &mut WorldCounts,
    ) -> Drawn {
        let failures = (self.failures_per_s > 0.0).then(|| {
            (
                self.failures_per_s * (end - start) as f64,
                start + self.repair,
            )
        });
        let state = &mut self.pools[p];
        state.resize(pool.count.at(start));
        let (mut shut, mut keep) = (false, 1.0);
        if let (Some(limits), Some(celsius)) = (&pool.heat, heat) {
            shut = celsius > limits.shutdown_above_c;
            keep = if celsius > limits.derate_above_c {
                1.0 - limits.loss
            } else {
                1.0
            };
        }
        let mut drawn = Drawn {
            awake: 0,
            sleeping: 0,
            meter: PoolMeter::default(),
        };
        for block in &mut state.blocks {
            if let Some((expected, back)) = failures {
                counts.device_failures +=
                    u64::from(block.fail(expected, start, back, &mut state.failures));
            }
            block.obey(pool, shut, start, counts);
            block.run(pool, start, end, keep, &mut drawn);
            counts.lying_device_s += i64::from(block.rogue) * (end - start);
        }
        drawn
    }

    /// Per block: devices awake per point as they report, and devices that answer.
    pub(crate) fn reports(&self, p: usize) -> impl Iterator<Item = (&[u32], u32)> {
        self.pools[p]
            .blocks
            .iter()
            .map(|block| (block.at_point.as_slice(), block.size - block.failed))
    }
}

impl Pool {
    /// Follows the installed count; the division into blocks stays as even as it can be.
    fn resize(&mut self, installed: u32) {
        if installed == self.installed {
            return;
        }
        self.installed = installed;
        for (block, size) in self
            .blocks
            .iter_mut()
            .zip(block_sizes(installed, BLOCKS_PER_POOL))
        {
            block.size = size;
            block.liars = block.liars.min(size);
            let mut over = block.failed.saturating_sub(size);
            while over > 0 {
                let (_, n) = block
                    .repairs
                    .back_mut()
                    .expect("invariant: failed devices are under repair");
                let gone = over.min(*n);
                *n -= gone;
                over -= gone;
                block.failed -= gone;
                if *n == 0 {
                    block.repairs.pop_back();
                }
            }
        }
    }
}

impl Block {
    /// Draws failures and brings repaired devices back; returns how many failed.
    fn fail(&mut self, expected: f64, now: i64, back: i64, draws: &mut ChaCha8Rng) -> u32 {
        while let Some((_, n)) = self.repairs.pop_front_if(|(due, _)| *due <= now) {
            self.failed -= n;
        }
        let failed = binomial(self.size - self.failed, expected.min(1.0), draws);
        if failed > 0 {
            self.failed += failed;
            self.repairs.push_back((back, failed));
        }
        failed
    }

    /// Brings devices to their commanded points, as far as they answer and obey.
    fn obey(&mut self, pool: &MinerPool, shut: bool, start: i64, counts: &mut WorldCounts) {
        let available = self.size - self.failed;
        let awake_before: u32 = self.at_point.iter().sum();
        let hashing_before = awake_before + self.rogue;
        if awake_before > 0 {
            self.rogue_point = self
                .at_point
                .iter()
                .rposition(|n| *n > 0)
                .expect("invariant: some device is awake");
        }
        let mut room = if shut { 0 } else { available };
        // What does not answer is missing from the highest points.
        for (at, target) in self.at_point.iter_mut().zip(&self.target) {
            *at = room.min(*target);
            room -= *at;
        }
        let awake: u32 = self.at_point.iter().sum();
        self.rogue = if shut {
            0
        } else {
            self.liars
                .min(available - awake)
                .min(hashing_before.saturating_sub(awake))
        };
        let hashing = awake + self.rogue;
        if hashing > hashing_before && pool.wake.get() > 0 {
            self.waking
                .push_back((start + pool.wake.get(), hashing - hashing_before));
        }
        let mut under_way: u32 = self.waking.iter().map(|w| w.1).sum();
        while under_way > hashing {
            let last = self
                .waking
                .back_mut()
                .expect("invariant: devices under way are listed");
            let gone = (under_way - hashing).min(last.1);
            last.1 -= gone;
            under_way -= gone;
            if last.1 == 0 {
                self.waking.pop_back();
            }
        }
        if (awake_before > 0) != (awake > 0) {
            let hold = if awake_before > 0 {
                pool.min_on
            } else {
                pool.min_off
            };
            // Heat and failures are not switches of the controller.
            let switched = !shut && self.target.iter().any(|n| *n > 0) == (awake > 0);
            counts.early_switches +=
                u64::from(switched && start.saturating_sub(self.since) < hold.get());
            self.since = start;
        }
        self.started = hashing.saturating_sub(hashing_before);
    }

    /// Energy and hashes of `[start, end)`.
    fn run(&mut self, pool: &MinerPool, start: i64, end: i64, keep: f64, drawn: &mut Drawn) {
        let seconds = end - start;
        let (mut watts, mut hashrate, mut hashing) = (0, 0.0, 0u32);
        for (i, n) in self.at_point.iter().enumerate() {
            let n = *n + if i == self.rogue_point { self.rogue } else { 0 };
            watts += i64::from(n) * pool.points[i].power.get();
            hashrate += f64::from(n) * pool.points[i].hashrate.get();
            hashing += n;
        }
        // Waking devices draw and do not hash: their share of the block's mean is missing.
        let lost: i64 = self
            .waking
            .iter()
            .map(|(until, n)| i64::from(*n) * (until.min(&end) - start).max(0))
            .sum();
        while self
            .waking
            .pop_front_if(|(until, _)| *until <= end)
            .is_some()
        {}
        let awake_s = i64::from(hashing) * seconds;
        let productive = if awake_s > 0 {
            (awake_s - lost) as f64 / awake_s as f64
        } else {
            0.0
        };
        let top = pool
            .points
            .last()
            .expect("invariant: a pool has an operating point");
        let available = i64::from(self.size - self.failed);
        drawn.awake += watts * seconds;
        drawn.sleeping +=
            i64::from(self.size - hashing.min(self.size)) * pool.sleep.get() * seconds;
        let meter = &mut drawn.meter;
        meter.terahashes += hashrate * seconds as f64 * productive * keep;
        meter.awake_s += awake_s;
        meter.available_s += available * seconds;
        meter.top_energy += awake_s * top.power.get();
        meter.top_terahashes += awake_s as f64 * top.hashrate.get() * productive * keep;
        meter.full_terahashes += (available * seconds) as f64 * top.hashrate.get() * keep;
        meter.full_energy += available * seconds * top.power.get();
        meter.starts += self.started;
    }
}

/// Successes among `n` at probability `p`.
fn binomial(n: u32, p: f64, draws: &mut ChaCha8Rng) -> u32 {
    if n == 0 || p <= 0.0 {
        return 0;
    }
    let drawn = Binomial::new(u64::from(n), p.min(1.0))
        .expect("invariant: a share lies between 0 and 1")
        .sample(draws);
    u32::try_from(drawn).unwrap_or(n).min(n)
}

//! Miners, GPUs, services and hosting.

use std::collections::BTreeMap;

use serde::Serialize;
use swingload_model::site::commitment::CommitmentKind;
use swingload_model::units::{JOULES_PER_MWH, divide_half_even};

use crate::ledger::LineKind;
use crate::load::use_index;
use crate::record::PolicyRun;
use crate::run::Context;

/// Mining of the whole site.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct MiningSummary {
    /// Bitcoin mined, pool fee and rejects off.
    pub bitcoin: f64,
    /// Revenue, currency.
    pub revenue: f64,
    /// Energy, adders and wear of hashing, currency.
    pub cost: f64,
    /// Cost of one bitcoin, currency; `None` when none was mined.
    pub cost_per_bitcoin: Option<f64>,
    /// Mean hashrate, PH/s.
    pub mean_hashrate_ph: f64,
    /// Share of revenue left after the difficulty answered the site's own hashrate, %.
    pub difficulty_share_pct: f64,
}

/// A miner pool.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PoolSummary {
    /// Device-hours awake as a share of device-hours that answered, %.
    pub uptime_pct: f64,
    /// Energy drawn as a share of that of all answering devices at their top point, %.
    pub uptime_by_energy_pct: f64,
    /// Starts per installed device.
    pub starts_per_device: f64,
    /// Facility energy of awake devices, MWh.
    pub energy_mwh: f64,
    /// Mean hashrate, PH/s.
    pub mean_hashrate_ph: f64,
    /// Device-hours awake.
    pub awake_device_h: f64,
    /// Revenue, currency.
    pub revenue: f64,
}

/// A GPU pool.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct GpuSummary {
    /// GPU-hours at work as a share of those installed, %.
    pub utilisation_pct: f64,
    /// GPU-hours at work.
    pub busy_gpu_h: f64,
    /// GPU-hours installed.
    pub installed_gpu_h: f64,
}

/// An inference service.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ServiceSummary {
    /// GPU-hours asked for.
    pub demand_gpu_h: f64,
    /// GPU-hours served.
    pub served_gpu_h: f64,
    /// GPU-hours of the floor: what is promised of the demand.
    pub floor_gpu_h: f64,
    /// GPU-hours of the floor that were not served; demand above it is no promise.
    pub floor_missed_gpu_h: f64,
}

/// A hosting commitment.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct HostingSummary {
    /// IT energy asked for, MWh.
    pub asked_mwh: f64,
    /// IT energy delivered, MWh.
    pub delivered_mwh: f64,
    /// IT energy asked for and not delivered, step by step, MWh.
    pub missed_mwh: f64,
    /// Facility energy delivered, MWh.
    pub delivered_facility_mwh: f64,
    /// Penalties, currency; zero or negative.
    pub penalty: f64,
}

pub(super) fn mining(context: &Context<'_>, run: &PolicyRun) -> Option<MiningSummary> {
    if context.scenario.site.pools.is_empty() {
        return None;
    }
    let bitcoin = run.pools.iter().map(|p| p.bitcoin).sum::<f64>() * run.difficulty_share;
    let hashing = use_index(swingload_model::site::Use::Hashing);
    let cost = run.energy_cost_by_use[hashing] - run.ledger.total(LineKind::Wear).as_units();
    let terahashes: f64 = run.pools.iter().map(|p| p.terahashes).sum();
    Some(MiningSummary {
        bitcoin,
        revenue: run.ledger.total(LineKind::Mining).as_units(),
        cost,
        cost_per_bitcoin: (bitcoin > 0.0).then(|| cost / bitcoin),
        mean_hashrate_ph: terahashes / 1000.0 / context.truth.grid.span().get() as f64,
        difficulty_share_pct: 100.0 * run.difficulty_share,
    })
}

pub(super) fn pools(context: &Context<'_>, run: &PolicyRun) -> BTreeMap<String, PoolSummary> {
    let span = context.truth.grid.span().get() as f64;
    let per = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    let pools = context
        .scenario
        .site
        .pools
        .iter()
        .zip(&run.pools)
        .enumerate()
        .map(|(p, (pool, columns))| {
            let drawn: i64 = run.load_energy[context.loads.pool[p]].iter().sum();
            let full = full_facility(context, run, p);
            let revenue = run
                .ledger
                .lines
                .iter()
                .find(|l| l.kind == LineKind::Mining && l.id == pool.id)
                .map_or(0.0, |l| l.total.as_units());
            let summary = PoolSummary {
                uptime_pct: 100.0 * per(columns.awake_s as f64, columns.available_s as f64),
                uptime_by_energy_pct: 100.0 * per(drawn as f64, full),
                starts_per_device: per(columns.starts as f64, f64::from(pool.count.max())),
                energy_mwh: drawn as f64 / JOULES_PER_MWH as f64,
                mean_hashrate_ph: columns.terahashes / 1000.0 / span,
                awake_device_h: columns.awake_s as f64 / 3600.0,
                revenue,
            };
            (pool.id.clone(), summary)
        });
    pools.collect()
}

/// Facility joules of all answering devices of a pool at their top point.
fn full_facility(context: &Context<'_>, run: &PolicyRun, p: usize) -> f64 {
    let pool = &context.scenario.site.pools[p];
    let top = pool.points.last().map_or(0, |point| point.power.get()) as f64;
    let factor = &context.truth.factor[pool.node];
    let grid = &context.truth.grid;
    (0..grid.len())
        .map(|t| {
            f64::from(run.pools[p].available[t]) * top * factor.at(t) as f64
                / crate::truth::PARTS as f64
                * grid.duration(t).get() as f64
        })
        .sum()
}

pub(super) fn gpus(context: &Context<'_>, run: &PolicyRun) -> BTreeMap<String, GpuSummary> {
    let grid = &context.truth.grid;
    let pools = context
        .scenario
        .site
        .gpu_pools
        .iter()
        .zip(&run.gpus_busy)
        .map(|(pool, busy)| {
            let busy_gpu_h: f64 = busy
                .iter()
                .enumerate()
                .map(|(t, n)| f64::from(*n) * grid.hours(t))
                .sum();
            let installed_gpu_h: f64 = (0..grid.len())
                .map(|t| f64::from(pool.count.at(grid.start_s(t))) * grid.hours(t))
                .sum();
            let utilisation_pct = if installed_gpu_h > 0.0 {
                100.0 * busy_gpu_h / installed_gpu_h
            } else {
                0.0
            };
            (
                pool.id.clone(),
                GpuSummary {
                    utilisation_pct,
                    busy_gpu_h,
                    installed_gpu_h,
                },
            )
        });
    pools.collect()
}

pub(super) fn services(context: &Context<'_>, run: &PolicyRun) -> BTreeMap<String, ServiceSummary> {
    let grid = &context.truth.grid;
    let services = context
        .scenario
        .site
        .services
        .iter()
        .enumerate()
        .map(|(v, service)| {
            let (demand, floor) = &context.truth.demand[v];
            let served = &run.services[v];
            let mut sums = ServiceSummary {
                demand_gpu_h: 0.0,
                served_gpu_h: 0.0,
                floor_gpu_h: 0.0,
                floor_missed_gpu_h: 0.0,
            };
            for t in 0..grid.len() {
                let (asked, got) = (demand.at(t).max(0.0), f64::from(served[t]));
                let promised = floor.at(t).clamp(0.0, asked);
                let missed = promised - got;
                sums.floor_gpu_h += promised * grid.hours(t);
                sums.demand_gpu_h += asked * grid.hours(t);
                sums.served_gpu_h += got * grid.hours(t);
                // Below a thousandth of a GPU it is rounding.
                sums.floor_missed_gpu_h += if missed > 1e-3 {
                    missed * grid.hours(t)
                } else {
                    0.0
                };
            }
            (service.id.clone(), sums)
        });
    services.collect()
}

pub(super) fn hosting(context: &Context<'_>, run: &PolicyRun) -> BTreeMap<String, HostingSummary> {
    let grid = &context.truth.grid;
    let all = context
        .scenario
        .site
        .commitments
        .iter()
        .enumerate()
        .filter(|(_, c)| matches!(c.kind, CommitmentKind::Hosting { .. }));
    let all = all.filter_map(|(c, commitment)| {
        let load = context.loads.hosting[c]?;
        let node = context.loads.all[load].node;
        let (mut asked, mut delivered, mut missed) = (0, 0, 0);
        for t in (0..grid.len()).filter(|t| commitment.binds(grid.start_s(*t))) {
            let wanted = context.truth.committed[c].at(t) * grid.duration(t).get();
            let got = it_energy(context, node, t, run.load_energy[load][t]);
            asked += wanted;
            delivered += got;
            missed += (wanted - got).max(0);
        }
        let penalty = run
            .ledger
            .lines
            .iter()
            .find(|l| l.kind == LineKind::HostingPenalty && l.id == commitment.id);
        let summary = HostingSummary {
            asked_mwh: mwh(asked),
            delivered_mwh: mwh(delivered),
            missed_mwh: mwh(missed),
            delivered_facility_mwh: mwh(run.load_energy[load].iter().sum()),
            penalty: penalty.map_or(0.0, |l| l.total.as_units()),
        };
        Some((commitment.id.clone(), summary))
    });
    all.collect()
}

fn mwh(joules: i64) -> f64 {
    joules as f64 / JOULES_PER_MWH as f64
}

/// IT joules of facility joules at a node, rounded half to even: the inverse of
/// [`Truth::facility`](crate::truth::Truth::facility), whose rounding it undoes.
fn it_energy(context: &Context<'_>, node: usize, t: usize, facility: i64) -> i64 {
    let factor = i128::from(context.truth.factor[node].at(t));
    divide_half_even(
        i128::from(facility) * i128::from(crate::truth::PARTS),
        factor,
    )
}

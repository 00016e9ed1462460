//! Loads of the site as stacks, pools and jobs.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use swingload_model::TimeGrid;
use swingload_model::job::Job;
use swingload_model::mining;
use swingload_model::site::commitment::CommitmentKind;
use swingload_model::site::tree::RatedAt;
use swingload_model::site::{Amount, MinerPool, Site, Use};

use super::{Hashing, Look, PoolPlace, Windows, charges};
use crate::impossible;
use crate::inputs::{
    BlockState, Gangs, JobInput, MUST_TAKE_VALUE, NodeInput, PoolInput, StackInput, TierInput,
};
use crate::policy::Setup;
use crate::state::{JobState, SiteState};

/// A node per GPU pool, limited by its GPUs: inference and jobs within the GPUs is one more limit of the tree.
pub(super) fn gpu_nodes(
    site: &Site,
    grid: &TimeGrid,
    factor: &[Vec<f64>],
    nodes: &mut Vec<NodeInput>,
) -> Vec<usize> {
    let mut positions = Vec::new();
    for pool in &site.gpu_pools {
        let (running, idle) = (pool.running.as_megawatts(), pool.idle.as_megawatts());
        let factor = &factor[pool.node];
        // Idle watts are overheads of the site's node, so the limit is what work adds to them.
        let limit = (0..grid.len())
            .map(|t| f64::from(pool.count.at(grid.start_s(t))) * (running - idle) * factor[t]);
        positions.push(nodes.len());
        nodes.push(NodeInput {
            id: pool.id.clone(),
            parent: Some(pool.node),
            limit: limit.collect(),
            export: 0.0,
            factor: factor.clone(),
        });
    }
    positions
}

/// What is drawn whatever is decided: one must-take stack per node that has any.
pub(super) fn overheads(
    site: &Site,
    grid: &TimeGrid,
    factor: &[Vec<f64>],
    stacks: &mut Vec<StackInput>,
) {
    let mut drawn: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    let mut add = |node: usize, mw: &dyn Fn(usize) -> f64| {
        let row = drawn.entry(node).or_insert_with(|| vec![0.0; grid.len()]);
        row.iter_mut()
            .enumerate()
            .for_each(|(t, sum)| *sum += mw(t));
    };
    for (position, node) in site.tree.nodes().enumerate() {
        if let Some(hall) = &node.hall {
            // An IT rating has no room for overheads; they hang above it, or the limit was widened at the root.
            let at = if node.rated_at == RatedAt::It {
                site.tree.parent(position).unwrap_or(position)
            } else {
                position
            };
            add(at, &|_| hall.fixed.as_megawatts());
        }
    }
    for pool in &site.pools {
        add(pool.node, &|t| {
            f64::from(pool.count.at(grid.start_s(t)))
                * pool.sleep.as_megawatts()
                * factor[pool.node][t]
        });
    }
    for pool in &site.gpu_pools {
        add(pool.node, &|t| {
            f64::from(pool.count.at(grid.start_s(t)))
                * pool.idle.as_megawatts()
                * factor[pool.node][t]
        });
    }
    for (node, mw) in drawn {
        let value = vec![MUST_TAKE_VALUE; grid.len()];
        let tier = TierInput {
            mw,
            penalty: value.clone(),
            value,
            must_serve: true,
        };
        stacks.push(StackInput {
            id: format!("overhead at {}", site.tree.node(node).id),
            node,
            used_for: Use::Overhead,
            tiers: vec![tier],
        });
    }
}

/// Inference services; returns the stack of each.
pub(super) fn services(
    site: &Site,
    look: &Look<'_>,
    factor: &[Vec<f64>],
    gpu_node: &[usize],
    stacks: &mut Vec<StackInput>,
) -> Vec<usize> {
    let adder = charges::adder(site, look, Use::Inference);
    let none = vec![0.0; look.grid.len()];
    let mut positions = Vec::new();
    for service in &site.services {
        let pool = &site.gpu_pools[service.gpu_pool];
        let factor = &factor[pool.node];
        let gpu_mw = (pool.running - pool.idle).as_megawatts();
        let demand = provisioned(look, &service.demand, INFERENCE_PCT);
        let floor: Vec<f64> = provisioned(look, &service.floor, INFERENCE_PCT)
            .iter()
            .zip(&demand)
            .map(|(f, d)| f.min(*d).max(0.0))
            .collect();
        let per_mwh = |per_gpu_h: &[f64], more: f64| -> Vec<f64> {
            per_gpu_h
                .iter()
                .enumerate()
                .map(|(t, v)| (v + more) / (gpu_mw * factor[t]) - adder[t])
                .collect()
        };
        let mw = |gpus: &dyn Fn(usize) -> f64| -> Vec<f64> {
            (0..look.grid.len())
                .map(|t| gpus(t).max(0.0) * gpu_mw * factor[t])
                .collect()
        };
        let floor_value = look.amount(&service.floor_value);
        let penalty = (0..look.grid.len())
            .map(|t| service.floor_penalty / (gpu_mw * factor[t]))
            .collect();
        let mut tiers = vec![TierInput {
            mw: mw(&|t| floor[t]),
            value: per_mwh(&floor_value, service.floor_penalty),
            penalty,
            must_serve: true,
        }];
        for tier in &service.tiers {
            tiers.push(TierInput {
                mw: mw(&|t| tier.share * (demand[t] - floor[t])),
                value: per_mwh(&look.amount(&tier.value), 0.0),
                penalty: none.clone(),
                must_serve: false,
            });
        }
        positions.push(stacks.len());
        stacks.push(StackInput {
            id: service.id.clone(),
            node: gpu_node[service.gpu_pool],
            used_for: Use::Inference,
            tiers,
        });
    }
    positions
}

/// Quantile of inference demand that the step about to begin is provisioned for, percent.
///
/// A request not served costs its price, a GPU kept ready for nothing only its power: the
/// newsvendor's ratio of the two lies near this for any usual price of inference.
const INFERENCE_PCT: u8 = 90;

/// Quantile of a tenant's draw that the step about to begin is provisioned for, percent:
/// the highest there is, since what is kept free is only a few steps' hashing at the limit.
const HOSTING_PCT: u8 = 95;

/// Demand per step: what may well be asked for in the step that begins now, what is
/// expected in those that can still be planned anew.
fn provisioned(look: &Look<'_>, amount: &Amount, pct: u8) -> Vec<f64> {
    let mut demand = look.amount(amount);
    if !look.outlook.is_truth() && amount.series().is_some() {
        demand[0] = look.first_quantile(amount, pct).max(demand[0]);
    }
    demand
}

/// Hosting commitments; returns the stack of each commitment.
pub(super) fn hosting(
    site: &Site,
    look: &Look<'_>,
    factor: &[Vec<f64>],
    stacks: &mut Vec<StackInput>,
) -> Vec<Option<usize>> {
    let mut positions = Vec::new();
    for commitment in &site.commitments {
        let CommitmentKind::Hosting {
            node,
            used_for,
            power_mw,
            price,
            penalty_per_mwh,
            ..
        } = &commitment.kind
        else {
            positions.push(None);
            continue;
        };
        let adder = charges::adder(site, look, *used_for);
        let binds = |t: usize| commitment.binds(look.grid.start_s(t));
        let power = provisioned(look, power_mw, HOSTING_PCT);
        let price = look.amount(price);
        let factor = &factor[*node];
        let tier = TierInput {
            mw: (0..look.grid.len())
                .map(|t| {
                    if binds(t) {
                        power[t].max(0.0) * factor[t]
                    } else {
                        0.0
                    }
                })
                .collect(),
            value: (0..look.grid.len())
                .map(|t| (price[t] + penalty_per_mwh) / factor[t] - adder[t])
                .collect(),
            penalty: factor.iter().map(|f| penalty_per_mwh / f).collect(),
            must_serve: true,
        };
        positions.push(Some(stacks.len()));
        stacks.push(StackInput {
            id: commitment.id.clone(),
            node: *node,
            used_for: *used_for,
            tiers: vec![tier],
        });
    }
    positions
}

/// Miner pools: with memory as pools, without as stacks.
pub(super) fn pools(
    setup: &Setup,
    look: &Look<'_>,
    state: &SiteState,
    factor: &[Vec<f64>],
    hashing: &Hashing,
    stacks: &mut Vec<StackInput>,
) -> (Vec<PoolPlace>, Vec<PoolInput>) {
    let site = &setup.site;
    let adder = charges::adder(site, look, Use::Hashing);
    let days = site
        .pools
        .iter()
        .any(|p| p.starts_per_day.is_some())
        .then(|| charges::local_days(site, look.grid));
    let none = vec![0.0; look.grid.len()];
    let (mut places, mut pools) = (Vec::new(), Vec::new());
    for (p, pool) in site.pools.iter().enumerate() {
        let heat = &hashing.heat[p];
        let keep = pool.keeps();
        let revenue: Vec<f64> = hashing
            .hashprice
            .iter()
            .zip(heat)
            .map(|(per_day, h)| per_day / 24.0 * keep * h)
            .collect();
        let points = points_above_sleep(pool);
        let installed = |t: usize| f64::from(pool.count.at(look.grid.start_s(t)));
        let has_memory = pool.min_on.get() > 0
            || pool.min_off.get() > 0
            || pool.wake.get() > 0
            || pool.wear_per_start.get() > 0
            || pool.starts_per_day.is_some();
        let available: f64 = state.pools[p]
            .blocks
            .iter()
            .map(|b| f64::from(b.available))
            .sum();
        // A pool installed later has blocks of its later size, scaled to nothing until then.
        let later = (0..look.grid.len()).map(installed).fold(0.0, f64::max);
        let (now, available) = if installed(0) > 0.0 {
            (installed(0), available)
        } else {
            (later.max(1.0), later)
        };
        if has_memory {
            let share = 1.0 / state.pools[p].blocks.len() as f64;
            let blocks = state.pools[p].blocks.iter().map(|b| BlockState {
                devices: if installed(0) > 0.0 {
                    f64::from(b.available)
                } else {
                    share * later
                },
                on: b.is_on(),
                hours_in_state: (look.grid.start_s(0) as f64 - b.since as f64) / 3600.0,
                starts_today: b.starts_today,
            });
            places.push(PoolPlace::Pool(pools.len()));
            pools.push(PoolInput {
                id: pool.id.clone(),
                node: pool.node,
                points,
                revenue,
                adder: adder.clone(),
                scale: (0..look.grid.len())
                    .map(|t| {
                        if heat[t] > 0.0 {
                            installed(t) / now
                        } else {
                            0.0
                        }
                    })
                    .collect(),
                min_on: pool.min_on.as_hours(),
                min_off: pool.min_off.as_hours(),
                start_cost: pool.wear_per_start.as_units(),
                wake: pool.wake.as_hours(),
                starts_per_day: pool.starts_per_day,
                day: days.clone().unwrap_or_default(),
                blocks: blocks.collect(),
            });
        } else {
            let devices = |t: usize| {
                if heat[t] > 0.0 {
                    available * installed(t) / now
                } else {
                    0.0
                }
            };
            let factor = &factor[pool.node];
            let mut tiers = Vec::new();
            let (mut mw_before, mut ph_before) = (0.0, 0.0);
            for (mw, ph) in hull_from_zero(&points) {
                let (width, gain) = (mw - mw_before, ph - ph_before);
                (mw_before, ph_before) = (mw, ph);
                tiers.push(TierInput {
                    mw: (0..look.grid.len())
                        .map(|t| devices(t) * width * factor[t])
                        .collect(),
                    value: (0..look.grid.len())
                        .map(|t| gain * revenue[t] / (width * factor[t]) - adder[t])
                        .collect(),
                    penalty: none.clone(),
                    must_serve: false,
                });
            }
            places.push(PoolPlace::Stack(stacks.len()));
            stacks.push(StackInput {
                id: pool.id.clone(),
                node: pool.node,
                used_for: Use::Hashing,
                tiers,
            });
        }
    }
    (places, pools)
}

/// What hashing meets in every step, before fees and cooling.
pub(super) fn hashing(setup: &Setup, look: &Look<'_>) -> Hashing {
    Hashing {
        hashprice: hashprice(setup, look),
        charges: charges::all_adders(&setup.site, look, Use::Hashing),
        heat: (setup.site.pools.iter())
            .map(|pool| heat_factor(pool, look))
            .collect(),
    }
}

/// Revenue of 1 PH/s for a day per step, before fees.
fn hashprice(setup: &Setup, look: &Look<'_>) -> Vec<f64> {
    let Some(market) = &setup.mining else {
        return vec![0.0; look.grid.len()];
    };
    let price = look.series(&market.btc_price);
    let difficulty = look.series(&market.difficulty);
    let fees = market.fees.as_ref().map(|name| look.series(name));
    let own = own_hashrate(&setup.site, look.grid.start_s(0));
    (0..look.grid.len())
        .map(|t| {
            let reward =
                mining::subsidy(look.grid.start_s(t)) + fees.as_ref().map_or(0.0, |f| f[t]);
            let hashprice =
                mining::hashprice(difficulty[t], reward, price[t]).map_or(0.0, |h| h.get());
            let feedback = if market.difficulty_feedback {
                mining::difficulty_feedback(mining::network_hashrate(difficulty[t]), own)
            } else {
                1.0
            };
            hashprice * feedback
        })
        .collect()
}

/// Rated hashrate of all pools at Unix second `at`, EH/s: what the difficulty sees at most.
pub fn own_hashrate(site: &Site, at: i64) -> f64 {
    let rated = |pool: &MinerPool| {
        pool.points.last().map_or(0.0, |p| p.hashrate.get()) * f64::from(pool.count.at(at))
    };
    site.pools.iter().map(rated).sum::<f64>() / 1e6
}

/// Share of hashrate left by heat per step; zero in shutdown.
fn heat_factor(pool: &MinerPool, look: &Look<'_>) -> Vec<f64> {
    match (&pool.heat, &pool.temperature) {
        (Some(heat), Some(series)) => {
            let degrees = look.series(series);
            degrees.iter().map(|c| heat.share_left(*c)).collect()
        }
        _ => vec![1.0; look.grid.len()],
    }
}

/// Settings as `(MW above sleep, PH/s)` of one device, by rising power.
fn points_above_sleep(pool: &MinerPool) -> Vec<(f64, f64)> {
    pool.points
        .iter()
        .map(|p| {
            (
                (p.power - pool.sleep).as_megawatts(),
                p.hashrate.get() / 1000.0,
            )
        })
        .collect()
}

/// The points on the upper hull of hashrate over power, from (0, 0): a mix of
/// devices asleep and at neighbouring points realises everything between.
pub(crate) fn hull_from_zero(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut hull: Vec<(f64, f64)> = vec![(0.0, 0.0)];
    for point in points {
        while hull.len() >= 2 {
            let (a, b) = (hull[hull.len() - 2], hull[hull.len() - 1]);
            let turns = (b.1 - a.1) * (point.0 - b.0) <= (point.1 - b.1) * (b.0 - a.0);
            if !turns {
                break;
            }
            hull.pop();
        }
        hull.push(*point);
    }
    hull.remove(0);
    hull
}

/// Open jobs whose window touches the grid; returns their positions in the controller's list too.
pub(super) fn jobs(
    site: &Site,
    jobs: &[JobState],
    open: &[usize],
    grid: &TimeGrid,
    gpu_node: &[usize],
    windows: Windows,
) -> (Vec<usize>, Vec<JobInput>) {
    let (mut positions, mut inputs) = (Vec::new(), Vec::new());
    let (start, end) = (grid.start_s(0), grid.end_s(grid.len() - 1));
    let mut rooms = impossible::Rooms::new(site);
    for &position in open {
        let state = &jobs[position];
        let job = &state.job;
        let gangs = impossible::gangs(&mut rooms, job);
        let Some(largest) = gangs.last().copied() else {
            continue;
        };
        let first = grid.boundary_at_or_after(job.release.max(start));
        let touched = grid.boundary_at_or_after(job.latest.min(end));
        let due = due(state, largest, start.max(job.release));
        let whole = grid.boundary_at_or_before(due.min(end));
        let last = if windows == Windows::Touched || whole <= first {
            touched
        } else {
            whole
        };
        if last <= first || job.latest <= start {
            continue;
        }
        let pool = &site.gpu_pools[job.gpu_pool];
        positions.push(position);
        inputs.push(JobInput {
            id: job.id.clone(),
            node: gpu_node[job.gpu_pool],
            gpu_mw: (pool.running - pool.idle).as_megawatts(),
            first,
            end: last,
            work: state.work_left as f64 / 3600.0,
            gangs: Gangs::Sizes(gangs),
            value: job.value.as_units(),
            deadline: job.deadline,
            late_per_hour: job.lateness_penalty.as_units(),
            unmet: job.unmet_penalty.as_units(),
            // A start is paid for by the stop it follows, too.
            restart: job.restart.as_hours() + if state.starts > 0 { stop(job) } else { 0.0 },
            min_run: job.min_runtime.as_hours(),
            // A gang of another size than any of the job's is started anew.
            running: match job.gangs.contains(&state.gpus) {
                true => state.gpus,
                false => 0,
            },
            running_hours: (start - state.since) as f64 / 3600.0,
            after: Vec::new(),
            beyond: f64::from(largest) * (job.latest - end).max(0) as f64 / 3600.0,
            beyond_cost: None,
        });
    }
    leave_out_waiting(jobs, &mut positions, &mut inputs);
    link(jobs, &positions, &mut inputs);
    (positions, inputs)
}

/// Hours of work that a stop costs: the checkpoint written within the notice, or where that is
/// too short, half of what lies between two checkpoints, as it is lost in the mean.
fn stop(job: &Job) -> f64 {
    match job.notice >= job.checkpoint_cost {
        true => job.checkpoint_cost.as_hours(),
        false => 0.5 * job.checkpoint_interval.as_hours(),
    }
}

/// Leaves out jobs that wait for one that is itself not among the inputs, and those that wait for them.
fn leave_out_waiting(jobs: &[JobState], positions: &mut Vec<usize>, inputs: &mut Vec<JobInput>) {
    if positions.iter().all(|p| jobs[*p].waits_for == 0) {
        return;
    }
    loop {
        let known: BTreeSet<&str> = positions.iter().map(|p| jobs[*p].job.id.as_str()).collect();
        let present = |p: usize| {
            let before = &jobs[p].job.depends_on;
            let planned = before.iter().filter(|id| known.contains(id.as_str()));
            planned.count() >= jobs[p].waits_for as usize
        };
        let keep: Vec<bool> = positions.iter().map(|p| present(*p)).collect();
        if keep.iter().all(|k| *k) {
            return;
        }
        let (mut a, mut b) = (keep.iter(), keep.iter());
        positions.retain(|_| *a.next().expect("invariant: one flag per job"));
        inputs.retain(|_| *b.next().expect("invariant: one flag per job"));
    }
}

/// Share of the time to a job's deadline that a plan leaves unused where it can:
/// prices turn out otherwise, gangs meet others at the GPUs, and late work costs.
///
/// # Source
/// A year of `simulations/texas-100mw`: without it 0.08 % of value less, with 0.3 0.06 %.
const RESERVE: f64 = 0.15;

/// What a job that will be late is given from its deadline or now on, anew in every plan: so
/// many times what it needs at its largest size, and so many seconds. With as long as it may
/// take, it would wait for cheap power while work that is not known yet takes its place.
///
/// # Source
/// A year of `simulations/texas-100mw`: 0.1 % of value more than up to its latest time.
const LATE: (f64, f64) = (1.5, 21_600.0);

/// Unix second by which a plan should have the job done that can run from `now` on, on at
/// most `largest` GPUs.
fn due(state: &JobState, largest: u32, now: i64) -> i64 {
    let job = &state.job;
    let shortest = (state.work_left / i64::from(largest.max(1)))
        .saturating_add(job.restart.get())
        .saturating_add(job.checkpoint_cost.get());
    let kept = job.deadline - (RESERVE * (job.deadline - now).max(0) as f64) as i64;
    let late = match state.waits_for {
        0 => {
            let given = (LATE.0 * shortest as f64 + LATE.1) as i64;
            (job.deadline.max(now))
                .saturating_add(given)
                .min(job.latest)
        }
        // What a job waits for may itself take longer than that.
        _ => job.latest,
    };
    [kept, job.deadline, late]
        .into_iter()
        .find(|until| until - now >= shortest)
        .unwrap_or(job.latest)
}

/// Fills in which jobs of the inputs each one waits for.
fn link(jobs: &[JobState], positions: &[usize], inputs: &mut [JobInput]) {
    if positions.iter().all(|p| jobs[*p].job.depends_on.is_empty()) {
        return;
    }
    let by_id: BTreeMap<&str, usize> = positions
        .iter()
        .enumerate()
        .map(|(k, p)| (jobs[*p].job.id.as_str(), k))
        .collect();
    for (k, position) in positions.iter().enumerate() {
        let before = &jobs[*position].job.depends_on;
        inputs[k].after = before
            .iter()
            .filter_map(|id| by_id.get(id.as_str()).copied())
            .collect();
    }
}

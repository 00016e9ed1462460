//! Displacement: jobs with a low bid give up their power to jobs with a higher one.
//!
//! Moves of single jobs cannot change which jobs hold a full step. The bound's duals can: a
//! job whose dual of work exceeds its price of work in the plan takes power from jobs whose
//! reduced value (worth less dual) is below its own, and these are placed anew.

use super::{Curves, Windows, insert_job, pieces, place, remove_job};
use crate::inputs::Gangs;
use crate::market::EPSILON_MW;
use crate::schedule::{Problem, Room, Run, Schedule};

/// Rounds over all jobs.
const ROUNDS: usize = 3;

/// Share by which a job must outbid the one it displaces: without it, jobs that bid the same
/// would displace each other forever.
const OUTBID: f64 = 1e-4;

/// Power of another job in a step.
struct Rival {
    by: usize,
    step: usize,
    mw: f64,
    /// Most that it would pay for the power, currency per MWh.
    bid: f64,
}

/// Lets divisible jobs displace others at the bound's `prices` of work (currency per
/// GPU-hour), where a job could gain more than `gain_min`, currency. Returns whether any job moved.
pub fn displace(
    problem: &Problem<'_>,
    schedule: &mut Schedule,
    curves: &mut Curves,
    windows: &Windows,
    prices: &[f64],
    gain_min: f64,
    room: &mut Room,
) -> bool {
    let mut moved = false;
    for _ in 0..ROUNDS {
        let mut displaced: Vec<usize> = Vec::new();
        for &j in &windows.order {
            let job = &problem.inputs.jobs[j];
            let gain = (prices[j] - schedule.work_price[j]) * job.work;
            if gain > gain_min && matches!(job.gangs, Gangs::Divisible(_)) {
                displace_for(
                    problem,
                    schedule,
                    curves,
                    windows,
                    prices,
                    j,
                    &mut displaced,
                    room,
                );
            }
        }
        if displaced.is_empty() {
            break;
        }
        moved = true;
        // In the order of a sweep.
        for &k in windows.order.iter().filter(|k| displaced.contains(k)) {
            place(problem, schedule, curves, windows, k, 0.0, room);
        }
    }
    moved
}

/// Places job `j` where it is worth most, outbidding others for their power; adds those that
/// lose power to `displaced`.
#[expect(
    clippy::too_many_arguments,
    reason = "one job against everything that is fixed"
)]
fn displace_for(
    problem: &Problem<'_>,
    schedule: &mut Schedule,
    curves: &mut Curves,
    windows: &Windows,
    prices: &[f64],
    j: usize,
    displaced: &mut Vec<usize>,
    room: &mut Room,
) {
    remove_job(problem, schedule, j);
    let window = windows.of(problem, schedule, j);
    let number = problem.job_nodes.number[problem.inputs.jobs[j].node];
    for t in window.clone() {
        curves.ensure(problem, schedule, number, t, room);
    }
    let rivals = rivals(problem, schedule, prices, j, window.start, window.end);
    let job = &problem.inputs.jobs[j];
    // Per offer, the position in `rivals` of the power it takes; `None` for free supply.
    let mut parts: Vec<Option<usize>> = Vec::new();
    room.offers.clear();
    let mut next = 0;
    for t in window {
        let gpu_mw = problem.gpu_mw(j, t);
        let worth = job.value_in(&problem.inputs.grid, t) + job.unmet;
        let mut left = job.gangs.max() * gpu_mw;
        let end = next + rivals[next..].iter().take_while(|h| h.step == t).count();
        let mut theirs = (next..end).peekable();
        let mut free: Vec<(f64, f64)> = Vec::new();
        let others = schedule.job_mw[number][t];
        pieces::exact(curves.of(problem, number, t), others, left, |cost, mw| {
            free.push((cost, mw));
        });
        let mut free = free.into_iter().peekable();
        while left > EPSILON_MW {
            let (cost, mw, from) = match (free.peek(), theirs.peek()) {
                (Some((cost, mw)), h) if h.is_none_or(|h| *cost <= rivals[*h].bid) => {
                    (*cost, *mw, None)
                }
                (_, Some(h)) => (rivals[*h].bid * (1.0 + OUTBID), rivals[*h].mw, Some(*h)),
                (_, None) => break,
            };
            if from.is_some() {
                theirs.next();
            } else {
                free.next();
            }
            let net = worth - cost * gpu_mw;
            if net <= 0.0 {
                break;
            }
            let mw = mw.min(left);
            left -= mw;
            room.offers
                .push(t, net, net, mw / gpu_mw * problem.hours[t]);
            parts.push(from);
        }
        next = end;
    }
    let later = u32::MAX as usize;
    let beyond_worth = windows.beyond_worth[j];
    if beyond_worth > 0.0 {
        room.offers
            .push(later, beyond_worth, beyond_worth, job.beyond);
        parts.push(None);
    }
    let price = room.offers.price(job.work, 0.0, prices[j], 1e-10);
    let mut runs: Vec<Run> = Vec::new();
    let mut beyond = 0.0;
    let mut taken: Vec<(usize, f64)> = Vec::new();
    room.offers.buy_parts(price, |i, step, work| {
        if step as usize == later {
            beyond = work;
            return;
        }
        let gpus = work / problem.hours[step as usize];
        match runs.last_mut() {
            Some(last) if last.step == step => last.gpus += gpus,
            _ => runs.push(Run { step, gpus }),
        }
        if let Some(h) = parts[i] {
            taken.push((h, gpus * problem.gpu_mw(j, step as usize)));
        }
    });
    taken.sort_unstable_by_key(|(h, _)| (rivals[*h].by, rivals[*h].step));
    for lost in taken.chunk_by(|a, b| rivals[a.0].by == rivals[b.0].by) {
        let by = rivals[lost[0].0].by;
        let mut theirs = remove_job(problem, schedule, by);
        for (h, mw) in lost {
            let step = rivals[*h].step;
            if let Ok(at) = theirs.binary_search_by_key(&(step as u32), |r| r.step) {
                theirs[at].gpus -= mw / problem.gpu_mw(by, step);
            }
        }
        theirs.retain(|run| run.gpus > 1e-9);
        insert_job(problem, schedule, by, theirs);
        if !displaced.contains(&by) {
            displaced.push(by);
        }
    }
    schedule.work_price[j] = price.of_work();
    schedule.beyond[j] = beyond;
    insert_job(problem, schedule, j, runs);
}

/// Power of other divisible jobs at the node of job `j`, by step and rising bid.
fn rivals(
    problem: &Problem<'_>,
    schedule: &Schedule,
    prices: &[f64],
    j: usize,
    first: usize,
    end: usize,
) -> Vec<Rival> {
    let jobs = &problem.inputs.jobs;
    let mut all = Vec::new();
    for (k, job) in jobs.iter().enumerate() {
        let apart = job.node != jobs[j].node || job.end <= first || job.first >= end;
        if k == j || apart || !matches!(job.gangs, Gangs::Divisible(_)) {
            continue;
        }
        let runs = &schedule.jobs[k];
        let from = runs.partition_point(|run| (run.step as usize) < first);
        for run in runs[from..]
            .iter()
            .take_while(|run| (run.step as usize) < end)
        {
            let step = run.step as usize;
            let gpu_mw = problem.gpu_mw(k, step);
            let worth = job.value_in(&problem.inputs.grid, step) + job.unmet;
            all.push(Rival {
                by: k,
                step,
                mw: run.gpus * gpu_mw,
                bid: (worth - prices[k]) / gpu_mw,
            });
        }
    }
    all.sort_unstable_by(|a, b| {
        (a.step.cmp(&b.step))
            .then(a.bid.total_cmp(&b.bid))
            .then(a.by.cmp(&b.by))
    });
    all
}

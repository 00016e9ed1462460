//! Displacement: jobs with a low bid give up their power to jobs with a higher one.
//!
//! Moves of single jobs cannot change who holds a full step. The bound's duals can: a job
//! whose work has a higher dual than what its last GPU-hour earns in the plan takes power
//! from jobs whose reduced value (worth less dual) is below its own, and these are placed anew.

use super::{Curves, Windows, insert_job, pieces, place, remove_job};
use crate::inputs::Gangs;
use crate::market::EPSILON_MW;
use crate::schedule::{Problem, Room, Run, Schedule};

/// Rounds over all jobs.
const ROUNDS: usize = 3;

/// By what share a job must outbid the one it displaces: without it, jobs that bid the same
/// would displace each other forever.
const STEP: f64 = 1e-4;

/// Power of another job in a step.
struct Held {
    by: usize,
    step: usize,
    mw: f64,
    /// What it would pay at most, currency per MWh.
    bid: f64,
}

/// Lets divisible jobs displace others at the bound's `prices` of work (currency per
/// GPU-hour), where a job could gain at least `matters`, currency. Returns whether any job moved.
pub fn displace(
    problem: &Problem<'_>,
    schedule: &mut Schedule,
    curves: &mut Curves,
    windows: &Windows,
    prices: &[f64],
    matters: f64,
    room: &mut Room,
) -> bool {
    let mut moved = false;
    for _ in 0..ROUNDS {
        let mut displaced: Vec<usize> = Vec::new();
        for &j in &windows.order {
            let job = &problem.inputs.jobs[j];
            let gain = (prices[j] - schedule.work_price[j]) * job.work;
            if gain > matters && matches!(job.gangs, Gangs::Divisible(_)) {
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
        // Those with least room first, like a sweep.
        for &k in windows.order.iter().filter(|k| displaced.contains(k)) {
            place(problem, schedule, curves, windows, k, 0.0, room);
        }
    }
    moved
}

/// Places job `j` where it is worth most, if it can outbid others for their power; adds those to
/// `displaced`.
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
    let held = held(problem, schedule, prices, j, window.start, window.end);
    let job = &problem.inputs.jobs[j];
    // Per offer, the position in `held` of the power it takes; `None` for free supply.
    let mut parts: Vec<Option<usize>> = Vec::new();
    room.offers.clear();
    let mut next = 0;
    for t in window {
        let gpu_mw = problem.gpu_mw(j, t);
        let worth = job.value_in(&problem.inputs.grid, t) + job.unmet;
        let mut left = job.gangs.max() * gpu_mw;
        let end = next + held[next..].iter().take_while(|h| h.step == t).count();
        let mut theirs = (next..end).peekable();
        let mut free: Vec<(f64, f64)> = Vec::new();
        let others = schedule.job_mw[number][t];
        pieces::exact(curves.of(problem, number, t), others, left, |cost, mw| {
            free.push((cost, mw));
        });
        let mut free = free.into_iter().peekable();
        while left > EPSILON_MW {
            let (cost, mw, from) = match (free.peek(), theirs.peek()) {
                (Some((cost, mw)), h) if h.is_none_or(|h| *cost <= held[*h].bid) => {
                    (*cost, *mw, None)
                }
                (_, Some(h)) => (held[*h].bid * (1.0 + STEP), held[*h].mw, Some(*h)),
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
    let mut leave: Vec<(usize, f64)> = Vec::new();
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
            leave.push((h, gpus * problem.gpu_mw(j, step as usize)));
        }
    });
    leave.sort_unstable_by_key(|(h, _)| (held[*h].by, held[*h].step));
    for leave in leave.chunk_by(|a, b| held[a.0].by == held[b.0].by) {
        let by = held[leave[0].0].by;
        let mut theirs = remove_job(problem, schedule, by);
        for (h, mw) in leave {
            let step = held[*h].step;
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
fn held(
    problem: &Problem<'_>,
    schedule: &Schedule,
    prices: &[f64],
    j: usize,
    first: usize,
    end: usize,
) -> Vec<Held> {
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
            all.push(Held {
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

//! Exchanges of power between blocks and jobs.
//!
//! Neighbourhood search where moves of a single block or job find nothing better: a running
//! block keeps jobs off its power, and while the jobs are placed elsewhere, prices do not tell
//! the block to stop. Where the reduced cost of switching a block over some steps is small at the bound's duals, it is
//! switched; the jobs around it are placed anew, and what gains is kept.

use std::ops::Range;

use crate::commitment::{self, is_feasible};
use crate::evaluate::{Valued, evaluate};
use crate::placement::{self, Curves, Windows};
use crate::polish::keeps_job_rules;
use crate::schedule::{Problem, Room, Schedule};

/// Reduced costs up to which a part of a block's run is switched, as shares of the gap.
const REDUCED_COSTS: [f64; 4] = [0.02, 0.1, 0.25, 0.5];

/// Tries in a row without any gain after which the rest of a pass is left out.
pub(crate) const PATIENCE: usize = 20;

/// Least gain worth keeping, as a share of the value: less is rounding.
const GAIN: f64 = 1e-12;

/// A block that is turned on or off over some steps.
#[derive(Debug, Clone)]
struct Switch {
    pool: usize,
    block: usize,
    steps: Range<usize>,
    on: bool,
    /// What switching it loses at the bound's duals, currency.
    reduced_cost: f64,
}

/// Tries at most `tries` exchanges, those of the smallest reduced cost at the prices of `power`
/// (duals, currency per MWh, per pool and step) first, and keeps what gains.
pub(crate) fn exchange(
    problem: &Problem<'_>,
    windows: &Windows,
    best: Valued,
    power: &[Vec<f64>],
    bound: f64,
    tries: usize,
    room: &mut Room,
) -> Valued {
    let mut search = Search {
        problem,
        windows,
        best,
        curves: Curves::new(problem),
        tries,
        room,
    };
    while search.tries > 0 {
        let gap = bound - search.best.1.value;
        let switches = switches(problem, &search.best.0, power, gap);
        let mut gained = false;
        let mut failed = 0;
        for switch in &switches {
            if search.tries == 0 || failed == PATIENCE {
                break;
            }
            let before = search.tries;
            if search.attempt(switch) {
                (gained, failed) = (true, 0);
            } else {
                failed += before - search.tries;
            }
        }
        if !gained {
            break;
        }
        search.recommit();
    }
    search.best
}

struct Search<'s, 'p> {
    problem: &'s Problem<'p>,
    windows: &'s Windows,
    best: Valued,
    /// Residuals of the best schedule.
    curves: Curves,
    tries: usize,
    room: &'s mut Room,
}

impl Search<'_, '_> {
    /// Makes a switch, places the jobs whose windows hold its steps anew, and keeps what gains.
    fn attempt(&mut self, switch: &Switch) -> bool {
        let (problem, m, b) = (self.problem, switch.pool, switch.block);
        let mut path = self.best.0.on[m][b].clone();
        if path[switch.steps.clone()].contains(&switch.on) {
            return false;
        }
        path[switch.steps.clone()].fill(switch.on);
        if !is_feasible(problem, m, b, &path) {
            return false;
        }
        self.tries -= 1;
        let mut other = self.best.0.clone();
        problem.set_path(&mut other, m, b, path);
        self.curves.touch(switch.steps.clone());
        self.place_jobs(&mut other, switch);
        // The block is committed anew in these steps against the jobs' new places, then the jobs
        // against it.
        let path =
            commitment::best_path_within(problem, &other, (m, b), switch.steps.clone(), self.room);
        if path != other.on[m][b] {
            problem.set_path(&mut other, m, b, path);
            self.curves.touch(switch.steps.clone());
            self.place_jobs(&mut other, switch);
        }
        self.keep(other) || {
            self.curves.touch(switch.steps.clone());
            false
        }
    }

    /// Places the jobs that may run in the steps of a switch anew.
    fn place_jobs(&mut self, schedule: &mut Schedule, switch: &Switch) {
        let (jobs, steps) = (&self.problem.inputs.jobs, &switch.steps);
        let near = |j: &&usize| jobs[**j].first < steps.end && jobs[**j].end > steps.start;
        for &j in self.windows.order.iter().filter(near) {
            let (curves, windows) = (&mut self.curves, self.windows);
            placement::place(self.problem, schedule, curves, windows, j, 0.0, self.room);
        }
    }

    /// Commits all blocks and places all jobs anew around the switches that gained.
    fn recommit(&mut self) {
        let mut other = self.best.0.clone();
        if commitment::sweep(self.problem, &mut other, self.room) {
            self.curves.forget();
            let (curves, windows) = (&mut self.curves, self.windows);
            placement::sweep(self.problem, &mut other, curves, windows, 0.0, self.room);
            if !self.keep(other) {
                self.curves.forget();
            }
        }
    }

    fn keep(&mut self, mut schedule: Schedule) -> bool {
        schedule.adders.clear();
        let evaluated = evaluate(self.problem, &schedule, self.windows, self.room);
        let gains = evaluated.value > self.best.1.value + GAIN * self.best.1.value.abs()
            && keeps_job_rules(self.problem, &schedule);
        if gains {
            self.best = (schedule, evaluated);
        }
        gains
    }
}

/// Turns of all blocks whose reduced cost does not exceed the gap, the smallest first.
fn switches(
    problem: &Problem<'_>,
    schedule: &Schedule,
    power: &[Vec<f64>],
    gap: f64,
) -> Vec<Switch> {
    let mut all = Vec::new();
    for (pool, blocks) in schedule.on.iter().enumerate() {
        let worth = worth(problem, pool, &power[pool]);
        for (block, path) in blocks.iter().enumerate() {
            let devices = problem.inputs.pools[pool].blocks[block].devices;
            let mut offer = |steps: Range<usize>, on: bool| {
                let sum: f64 = worth[steps.clone()].iter().sum::<f64>() * devices;
                let reduced_cost = if on { -sum } else { sum };
                all.push(Switch {
                    pool,
                    block,
                    steps,
                    on,
                    reduced_cost,
                });
            };
            for (run, on) in stretches(path) {
                offer(run.clone(), !on);
                for share in REDUCED_COSTS {
                    let most = share * gap / devices;
                    let lost = |t: usize| if on { worth[t] } else { -worth[t] };
                    let from_end = longest_part(run.clone().rev(), most, lost);
                    let from_start = longest_part(run.clone(), most, lost);
                    if from_end > 0 && from_end < run.len() {
                        offer(run.end - from_end..run.end, !on);
                    }
                    if from_start > 0 && from_start < run.len() {
                        offer(run.start..run.start + from_start, !on);
                    }
                }
            }
        }
    }
    all.retain(|switch| switch.reduced_cost < gap);
    all.sort_by(|a, b| a.reduced_cost.total_cmp(&b.reduced_cost));
    all.dedup_by(|a, b| a.pool == b.pool && a.steps == b.steps && a.on == b.on);
    all
}

/// Largest number of the first `steps` whose losses add up to no more than `most`.
fn longest_part(
    steps: impl Iterator<Item = usize>,
    most: f64,
    lost: impl Fn(usize) -> f64,
) -> usize {
    let (mut sum, mut count, mut last) = (0.0, 0, 0);
    for t in steps {
        count += 1;
        sum += lost(t);
        if sum <= most {
            last = count;
        }
    }
    last
}

/// Stretches of a path, each on or off throughout.
fn stretches(path: &[bool]) -> Vec<(Range<usize>, bool)> {
    let mut all = Vec::new();
    let mut start = 0;
    for part in path.chunk_by(|a, b| a == b) {
        all.push((start..start + part.len(), part[0]));
        start += part.len();
    }
    all
}

/// Worth of a device that is on per step at prices of power, currency.
fn worth(problem: &Problem<'_>, m: usize, power: &[f64]) -> Vec<f64> {
    let pool = &problem.inputs.pools[m];
    let best = |t: usize| {
        let settings = problem.awake_hull[m].iter();
        let net = settings.map(|point| {
            let (mw, revenue) = problem.setting(m, t, *point);
            revenue - power[t] * mw
        });
        net.fold(f64::NEG_INFINITY, f64::max)
    };
    (0..problem.inputs.steps())
        .map(|t| best(t) * problem.hours[t] * pool.scale[t])
        .collect()
}

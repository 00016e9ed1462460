//! Jobs with memory: starts cost time, runs last a minimum. Dynamic programming over
//! (step, running) at a price of work, bisected until the work is done.

use std::ops::Range;

use super::{Curves, Placed};
use crate::inputs::{Gangs, JobInput};
use crate::schedule::{Problem, Run, Schedule, area, minimum_ends};

/// Bisections of the price of work.
const BISECTIONS: usize = 8;

/// Share of a choice's worth by which it may fall short of what a price shows to be possible.
const NEAR: f64 = 1e-5;

/// Prices of the steps of a window at one gang size.
struct Steps<'a> {
    first: usize,
    /// Worth of work less power, currency, of running the whole step; negative infinity where the gang does not fit.
    net: Vec<f64>,
    /// Hours of each step.
    hours: &'a [f64],
    /// Worth of a GPU-hour of work in each step.
    worth: &'a [f64],
    gang: f64,
}

/// Chooses runs for job `j`: the gang size and the steps that are worth most together.
pub(super) fn place(
    problem: &Problem<'_>,
    schedule: &Schedule,
    curves: &Curves,
    j: usize,
    window: Range<usize>,
    beyond_worth: f64,
) -> Placed {
    let job = &problem.inputs.jobs[j];
    let Gangs::Sizes(sizes) = &job.gangs else {
        return Placed::default();
    };
    let held = is_held(job, window.start);
    let worst = if held { f64::NEG_INFINITY } else { 0.0 };
    let floor = beyond_worth.max(0.0);
    let worth: Vec<f64> = window
        .clone()
        .map(|t| job.value_in(&problem.inputs.grid, t) + job.unmet)
        .collect();
    let mut steps = Steps {
        first: window.start,
        net: Vec::with_capacity(window.len()),
        hours: &problem.hours[window.clone()],
        worth: &worth,
        gang: 0.0,
    };
    let mut tables = Tables::default();
    let mut best = (worst, Placed::default());
    for size in sizes.iter().rev().filter(|s| !held || **s == job.running) {
        price(
            problem,
            schedule,
            curves,
            j,
            &window,
            f64::from(*size),
            &mut steps,
        );
        let (worth, left) = tables.best(job, &steps, floor);
        if worth > best.0 + 1e-9 {
            best = (worth, tables.placed(job, &steps, floor));
        }
        // The larger gang is done in fewer steps, so it had the choice of the cheapest.
        if left <= 0.0 {
            break;
        }
    }
    if best.1.runs.is_empty() && beyond_worth > 0.0 {
        best.1.beyond = job.work.min(job.beyond);
    }
    best.1
}

/// Prices the steps at `gang` GPUs.
fn price(
    problem: &Problem<'_>,
    schedule: &Schedule,
    curves: &Curves,
    j: usize,
    window: &Range<usize>,
    gang: f64,
    steps: &mut Steps<'_>,
) {
    let number = problem.job_nodes.number[problem.inputs.jobs[j].node];
    steps.gang = gang;
    steps.net.clear();
    for (i, t) in window.clone().enumerate() {
        let others = schedule.job_mw[number][t];
        let power = gang * problem.gpu_mw(j, t);
        let cost = area(curves.of(number, t), others, others + power);
        steps.net.push(cost.map_or(f64::NEG_INFINITY, |c| {
            (steps.worth[i] * gang - c) * steps.hours[i]
        }));
    }
}

/// Stretches of running steps.
fn stretches(on: &[bool]) -> impl Iterator<Item = Range<usize>> {
    let mut next = 0;
    std::iter::from_fn(move || {
        let first = next + on[next..].iter().position(|on| *on)?;
        let end = on[first..]
            .iter()
            .position(|on| !*on)
            .map_or(on.len(), |n| first + n);
        next = end;
        Some(first..end)
    })
}

/// GPU-hours of work done by running the steps that are `on`, restarts taken off.
fn work(on: &[bool], steps: &Steps<'_>, job: &JobInput) -> f64 {
    let useful = |range: Range<usize>| {
        let hours: f64 = steps.hours[range.clone()].iter().sum();
        (hours - restart(job, steps, range.start)).max(0.0)
    };
    steps.gang * stretches(on).map(useful).sum::<f64>()
}

/// Runs the steps that are `on` until the work is done: calls `each` with the step and the
/// share of it that is run; returns what that is worth and the work left.
fn trim(
    on: &[bool],
    job: &JobInput,
    steps: &Steps<'_>,
    floor: f64,
    mut each: impl FnMut(usize, f64),
) -> (f64, f64) {
    let (mut left, mut worth) = (job.work, 0.0);
    for range in stretches(on) {
        let mut lost = restart(job, steps, range.start);
        for i in range {
            if left <= job.work * 1e-12 {
                break;
            }
            let useful = (steps.hours[i] - lost).max(0.0);
            let needed = left / steps.gang;
            let share = if needed < useful {
                (needed + (steps.hours[i] - useful)) / steps.hours[i]
            } else {
                1.0
            };
            let work = steps.gang * useful.min(needed);
            let cost = steps.worth[i] * steps.gang * steps.hours[i] - steps.net[i];
            worth += (steps.worth[i] - floor) * work - cost * share;
            left -= work;
            lost = (lost - steps.hours[i]).max(0.0);
            each(i, share);
        }
    }
    (worth, if left <= job.work * 1e-12 { 0.0 } else { left })
}

/// Whether the job runs now and may not stop yet, nor change its size.
fn is_held(job: &JobInput, first: usize) -> bool {
    job.running > 0 && first == 0 && job.running_hours < job.min_run - 1e-9
}

/// Hours lost to starting at window step `i`; going on from before the horizon at the
/// same size costs none.
fn restart(job: &JobInput, steps: &Steps<'_>, i: usize) -> f64 {
    if steps.gang == f64::from(job.running) && steps.first + i == 0 {
        0.0
    } else {
        job.restart
    }
}

/// Backward induction over (step, running), with room kept from price to price and size to size.
#[derive(Default)]
struct Tables {
    off: Vec<f64>,
    on: Vec<f64>,
    /// Gain of running each step once work is paid at a price.
    gain: Vec<f64>,
    /// `prefix[i]`: gain of running the first i steps.
    prefix: Vec<f64>,
    /// `blocked[i]`: how many of the first i steps the gang does not fit into.
    blocked: Vec<u32>,
    /// First step at which a run begun at each step may end; beyond the window where it may not begin.
    free: Vec<usize>,
    /// The path of the last price.
    path: Vec<bool>,
    /// The best path of all prices.
    best: Vec<bool>,
}

impl Tables {
    /// Finds the best runs at one gang size; returns what they are worth and the work left.
    fn best(&mut self, job: &JobInput, steps: &Steps<'_>, floor: f64) -> (f64, f64) {
        self.reset(job, steps);
        self.price(job, steps, floor);
        let mut choice = trim(&self.path, job, steps, floor, |_, _| {});
        self.best.clone_from(&self.path);
        if work(&self.path, steps, job) <= job.work * (1.0 + 1e-9) {
            return choice;
        }
        if let Some(range) = contiguous(job, steps) {
            self.path.fill(false);
            self.path[range].fill(true);
            self.keep(job, steps, floor, &mut choice);
        }
        // Too much work at the lowest price: find the price at which it is just done. Any
        // price also bounds what runs can be worth, so the search ends when that is met.
        let (mut low, mut high) = (floor, steps.worth.iter().copied().fold(floor, f64::max));
        for _ in 0..BISECTIONS {
            let middle = 0.5 * (low + high);
            let worth = self.price(job, steps, middle);
            if choice.0 >= worth + (middle - floor) * job.work - NEAR * choice.0.abs() {
                break;
            }
            if work(&self.path, steps, job) >= job.work {
                low = middle;
                self.keep(job, steps, floor, &mut choice);
            } else {
                high = middle;
            }
        }
        choice
    }

    /// Keeps the path if it is worth more than the choice.
    fn keep(&mut self, job: &JobInput, steps: &Steps<'_>, floor: f64, choice: &mut (f64, f64)) {
        let candidate = trim(&self.path, job, steps, floor, |_, _| {});
        if candidate.0 > choice.0 {
            *choice = candidate;
            self.best.clone_from(&self.path);
        }
    }

    /// The runs of the best path.
    fn placed(&self, job: &JobInput, steps: &Steps<'_>, floor: f64) -> Placed {
        let mut placed = Placed::default();
        let (_, left) = trim(&self.best, job, steps, floor, |i, share| {
            placed.runs.push(Run {
                step: (steps.first + i) as u32,
                gpus: steps.gang * share,
            });
        });
        if floor > 0.0 {
            placed.beyond = left.min(job.beyond);
        }
        placed
    }

    /// Lays out what does not depend on the price of work.
    fn reset(&mut self, job: &JobInput, steps: &Steps<'_>) {
        let n = steps.net.len();
        self.blocked.clear();
        self.blocked.push(0);
        let mut blocked = 0;
        self.blocked.extend(steps.net.iter().map(|net| {
            blocked += u32::from(!net.is_finite());
            blocked
        }));
        if job.min_run > 0.0 {
            // A run that ends the work may be shorter.
            let least = job.min_run.min(job.work / steps.gang + job.restart);
            self.free = minimum_ends(steps.hours, least);
            // So may one cut off by the job's own window, but not by one narrowed for those that wait for it.
            if steps.first + n < job.end {
                let mut left = 0.0;
                for i in (0..n).rev() {
                    left += steps.hours[i];
                    if left < least - 1e-9 {
                        self.free[i] = n + 1;
                    }
                }
            }
        } else {
            self.free.clear();
            self.free.extend(1..=n);
        }
        for table in [&mut self.off, &mut self.on, &mut self.prefix] {
            table.clear();
            table.resize(n + 1, 0.0);
        }
        self.gain.resize(n, 0.0);
        self.path.resize(n, false);
    }

    /// Finds the best path at a price of work; returns its worth.
    fn price(&mut self, job: &JobInput, steps: &Steps<'_>, price: f64) -> f64 {
        let n = steps.net.len();
        let start_loss =
            |i: usize| (steps.worth[i] - price).max(0.0) * steps.gang * restart(job, steps, i);
        let Self {
            off,
            on,
            gain,
            prefix,
            blocked,
            free,
            path,
            ..
        } = self;
        for i in 0..n {
            gain[i] = steps.net[i] - price * steps.gang * steps.hours[i];
            prefix[i + 1] = prefix[i] + if gain[i].is_finite() { gain[i] } else { 0.0 };
        }
        let start = |i: usize, on: &[f64]| {
            let end = free[i];
            if end > n || blocked[end] > blocked[i] {
                f64::NEG_INFINITY
            } else {
                prefix[end] - prefix[i] - start_loss(i) + on[end]
            }
        };
        for i in (0..n).rev() {
            off[i] = f64::max(off[i + 1], start(i, on));
            // A step the gang does not fit into gains negative infinity.
            on[i] = f64::max(off[i], gain[i] + on[i + 1]);
        }
        path.fill(false);
        let mut running = job.running > 0 && steps.first == 0;
        let worth = if running { on[0] } else { off[0] };
        let (mut i, mut hours) = (0, 0.0);
        while i < n {
            if running {
                let held = job.running > 0
                    && steps.first == 0
                    && job.running_hours + hours < job.min_run - 1e-9;
                if gain[i].is_finite() && (held || gain[i] + on[i + 1] > off[i]) {
                    path[i] = true;
                    hours += steps.hours[i];
                    i += 1;
                } else {
                    running = false;
                }
            } else if off[i] > off[i + 1] {
                path[i..free[i]].fill(true);
                i = free[i];
                running = true;
            } else {
                i += 1;
            }
        }
        worth
    }
}

/// The best single run that does all the work.
fn contiguous(job: &JobInput, steps: &Steps<'_>) -> Option<Range<usize>> {
    let n = steps.net.len();
    let needed = |i: usize| job.work / steps.gang + restart(job, steps, i);
    let mut best: Option<(f64, Range<usize>)> = None;
    let mut from = 0;
    while from < n {
        // Stretches between steps the gang does not fit into.
        let until = (from..n).find(|i| !steps.net[*i].is_finite()).unwrap_or(n);
        let (mut end, mut hours, mut net) = (from, 0.0, 0.0);
        for first in from..until {
            while end < until && hours < needed(first) - 1e-9 {
                hours += steps.hours[end];
                net += steps.net[end];
                end += 1;
            }
            if hours < needed(first) - 1e-9 {
                break;
            }
            let may = first == 0 || !is_held(job, steps.first);
            if may && best.as_ref().is_none_or(|(worth, _)| net > *worth) {
                best = Some((net, first..end));
            }
            hours -= steps.hours[first];
            net -= steps.net[first];
        }
        from = until + 1;
    }
    best.map(|(_, range)| range)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(work: f64, restart: f64, min_run: f64) -> JobInput {
        JobInput {
            id: "j".into(),
            node: 0,
            gpu_mw: 1.0,
            first: 0,
            end: 0,
            work,
            gangs: Gangs::Sizes(vec![1]),
            value: 100.0,
            deadline: i64::MAX,
            late_per_hour: 0.0,
            unmet: 0.0,
            restart,
            min_run,
            running: 0,
            running_hours: 0.0,
            after: Vec::new(),
            beyond: 0.0,
            beyond_cost: None,
        }
    }

    /// Steps that run where one-hour steps cost this much a GPU-hour, worth 100 each.
    fn on(job: &JobInput, costs: &[f64]) -> Vec<u32> {
        let steps = Steps {
            first: 0,
            net: costs.iter().map(|c| 100.0 - c).collect(),
            hours: &vec![1.0; costs.len()],
            worth: &vec![100.0; costs.len()],
            gang: 1.0,
        };
        let mut tables = Tables::default();
        tables.best(job, &steps, 0.0);
        let placed = tables.placed(job, &steps, 0.0);
        placed.runs.iter().map(|r| r.step).collect()
    }

    #[test]
    fn dear_steps_are_skipped_when_a_restart_is_cheap() {
        assert_eq!(
            on(&job(3.0, 0.0, 0.0), &[10.0, 90.0, 10.0, 90.0, 10.0]),
            [0, 2, 4]
        );
    }

    #[test]
    fn a_dear_restart_keeps_the_run_whole() {
        assert_eq!(
            on(&job(2.0, 1.0, 0.0), &[10.0, 60.0, 10.0, 20.0, 20.0]),
            [2, 3, 4],
            "one restart hour and two of work"
        );
    }

    #[test]
    fn a_run_lasts_its_minimum() {
        assert_eq!(
            on(
                &job(4.0, 0.0, 2.0),
                &[10.0, 99.0, 10.0, 10.0, 99.0, 10.0, 12.0]
            ),
            [2, 3, 5, 6]
        );
    }

    #[test]
    fn minimum_ends_reach_far_enough() {
        assert_eq!(minimum_ends(&[1.0, 0.5, 0.5, 1.0], 2.0), [3, 4, 4, 4]);
        assert_eq!(minimum_ends(&[1.0, 1.0], 0.0), [1, 2]);
    }
}

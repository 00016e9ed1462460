//! Jobs with memory: starts cost time, runs last a minimum. Dynamic programming over
//! (step, running) at a price of work, bisected until the work is done.

use std::ops::Range;

use super::{Curves, Placed};
use crate::inputs::{Gangs, JobInput};
use crate::schedule::{Problem, Run, Schedule, area, minimum_ends};

/// Bisections of the price of work.
const BISECTIONS: usize = 8;

/// Prices of the steps of a window at one gang size.
struct Steps {
    first: usize,
    /// Worth of work less power, currency, of running the whole step; negative infinity where the gang does not fit.
    net: Vec<f64>,
    /// Hours of each step.
    hours: Vec<f64>,
    /// Worth of a GPU-hour of work in each step.
    worth: Vec<f64>,
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
    let worst = if is_held(job, window.start) {
        f64::NEG_INFINITY
    } else {
        0.0
    };
    let mut best = (worst, Placed::default());
    let held = is_held(job, window.start);
    for size in sizes.iter().rev().filter(|s| !held || **s == job.running) {
        let steps = steps(problem, schedule, curves, j, &window, f64::from(*size));
        let (worth, placed) = place_gang(job, &steps, beyond_worth);
        let done = placed.beyond <= 0.0
            && placed
                .runs
                .iter()
                .map(|r| r.gpus * problem.hours[r.step as usize])
                .sum::<f64>()
                >= job.work;
        if worth > best.0 + 1e-9 {
            best = (worth, placed);
        }
        // The larger gang is done in fewer steps, so it had the choice of the cheapest.
        if done {
            break;
        }
    }
    if best.1.runs.is_empty() && beyond_worth > 0.0 {
        best.1.beyond = job.work.min(job.beyond);
    }
    best.1
}

fn steps(
    problem: &Problem<'_>,
    schedule: &Schedule,
    curves: &Curves,
    j: usize,
    window: &Range<usize>,
    gang: f64,
) -> Steps {
    let job = &problem.inputs.jobs[j];
    let number = problem.job_nodes.number[job.node];
    let mut all = Steps {
        first: window.start,
        net: Vec::new(),
        hours: Vec::new(),
        worth: Vec::new(),
        gang,
    };
    for t in window.clone() {
        let others = schedule.job_mw[number][t];
        let power = gang * problem.gpu_mw(j, t);
        let hours = problem.hours[t];
        let worth = job.value_in(&problem.inputs.grid, t) + job.unmet;
        let cost = area(curves.of(number, t), others, others + power);
        all.net
            .push(cost.map_or(f64::NEG_INFINITY, |c| (worth * gang - c) * hours));
        all.hours.push(hours);
        all.worth.push(worth);
    }
    all
}

/// The best runs at one gang size, and what they are worth.
fn place_gang(job: &JobInput, steps: &Steps, beyond_worth: f64) -> (f64, Placed) {
    let floor = beyond_worth.max(0.0);
    let mut tables = Tables::new(job, steps);
    let (_, lowest) = tables.path(job, steps, floor);
    let mut choice = lowest.trimmed(job, steps, floor);
    if lowest.work(steps, job) <= job.work * (1.0 + 1e-9) {
        return choice;
    }
    if let Some(whole) = contiguous(job, steps) {
        let candidate = whole.trimmed(job, steps, floor);
        if candidate.0 > choice.0 {
            choice = candidate;
        }
    }
    // Too much work at the lowest price: find the price at which it is just done. Any
    // price also bounds what runs can be worth, so the search ends when that is met.
    let (mut low, mut high) = (floor, steps.worth.iter().copied().fold(floor, f64::max));
    for _ in 0..BISECTIONS {
        let middle = 0.5 * (low + high);
        let (worth, tried) = tables.path(job, steps, middle);
        if choice.0 >= worth + (middle - floor) * job.work - 1e-9 * choice.0.abs() {
            break;
        }
        if tried.work(steps, job) >= job.work {
            low = middle;
            let candidate = tried.trimmed(job, steps, floor);
            if candidate.0 > choice.0 {
                choice = candidate;
            }
        } else {
            high = middle;
        }
    }
    choice
}

/// Which steps of the window are run.
#[derive(Debug, Clone)]
struct Path {
    on: Vec<bool>,
}

impl Path {
    /// Stretches of running steps.
    fn stretches(&self) -> Vec<Range<usize>> {
        let mut all: Vec<Range<usize>> = Vec::new();
        for (i, on) in self.on.iter().enumerate() {
            match all.last_mut() {
                Some(last) if *on && last.end == i => last.end += 1,
                _ if *on => all.push(i..i + 1),
                _ => {}
            }
        }
        all
    }

    /// GPU-hours of work done, restarts taken off.
    fn work(&self, steps: &Steps, job: &JobInput) -> f64 {
        let hours = |range: &Range<usize>| steps.hours[range.clone()].iter().sum::<f64>();
        self.stretches()
            .iter()
            .map(|range| steps.gang * (hours(range) - restart(job, steps, range.start)).max(0.0))
            .sum()
    }

    /// Runs that do no more than the work, and what they are worth.
    fn trimmed(&self, job: &JobInput, steps: &Steps, floor: f64) -> (f64, Placed) {
        let mut placed = Placed::default();
        let (mut left, mut worth) = (job.work, 0.0);
        for range in self.stretches() {
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
                placed.runs.push(Run {
                    step: (steps.first + i) as u32,
                    gpus: steps.gang * share,
                });
            }
        }
        if floor > 0.0 {
            placed.beyond = left.min(job.beyond);
        }
        (worth, placed)
    }
}

/// Whether the job runs now and may not stop yet, nor change its size.
fn is_held(job: &JobInput, first: usize) -> bool {
    job.running > 0 && first == 0 && job.running_hours < job.min_run - 1e-9
}

/// Hours lost to starting at window step `i`; going on from before the horizon at the
/// same size costs none.
fn restart(job: &JobInput, steps: &Steps, i: usize) -> f64 {
    if steps.gang == f64::from(job.running) && steps.first + i == 0 {
        0.0
    } else {
        job.restart
    }
}

/// Backward induction over (step, running), with room kept from price to price.
struct Tables {
    off: Vec<f64>,
    on: Vec<f64>,
    /// `prefix[i]`: gain of running the first i steps.
    prefix: Vec<f64>,
    /// `blocked[i]`: how many of the first i steps the gang does not fit into.
    blocked: Vec<u32>,
    /// First step at which a run begun at each step may end; beyond the window where it may not begin.
    free: Vec<usize>,
}

impl Tables {
    fn new(job: &JobInput, steps: &Steps) -> Self {
        let n = steps.net.len();
        let mut blocked = vec![0u32; n + 1];
        for i in 0..n {
            blocked[i + 1] = blocked[i] + u32::from(!steps.net[i].is_finite());
        }
        let mut free: Vec<usize> = (1..=n).collect();
        if job.min_run > 0.0 {
            // A run that ends the work may be shorter.
            let least = job.min_run.min(job.work / steps.gang + job.restart);
            free = minimum_ends(&steps.hours, least);
            // So may one cut off by the job's own window, but not by one narrowed for those that wait for it.
            if steps.first + n < job.end {
                let mut left = 0.0;
                for i in (0..n).rev() {
                    left += steps.hours[i];
                    if left < least - 1e-9 {
                        free[i] = n + 1;
                    }
                }
            }
        }
        Self {
            off: vec![0.0; n + 1],
            on: vec![0.0; n + 1],
            prefix: vec![0.0; n + 1],
            blocked,
            free,
        }
    }

    /// The best path at a price of work, and its worth.
    fn path(&mut self, job: &JobInput, steps: &Steps, price: f64) -> (f64, Path) {
        let n = steps.net.len();
        // Worth of running a step once work is paid at `price`.
        let gain = |i: usize| steps.net[i] - price * steps.gang * steps.hours[i];
        let start_loss =
            |i: usize| (steps.worth[i] - price).max(0.0) * steps.gang * restart(job, steps, i);
        for i in 0..n {
            let g = gain(i);
            self.prefix[i + 1] = self.prefix[i] + if g.is_finite() { g } else { 0.0 };
        }
        let Self {
            off,
            on,
            prefix,
            blocked,
            free,
        } = self;
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
            let g = gain(i);
            on[i] = f64::max(
                off[i],
                if g.is_finite() {
                    g + on[i + 1]
                } else {
                    f64::NEG_INFINITY
                },
            );
        }
        let mut chosen = vec![false; n];
        let mut running = job.running > 0 && steps.first == 0;
        let worth = if running { on[0] } else { off[0] };
        let (mut i, mut hours) = (0, 0.0);
        while i < n {
            if running {
                let g = gain(i);
                let held = job.running > 0
                    && steps.first == 0
                    && job.running_hours + hours < job.min_run - 1e-9;
                if g.is_finite() && (held || g + on[i + 1] > off[i]) {
                    chosen[i] = true;
                    hours += steps.hours[i];
                    i += 1;
                } else {
                    running = false;
                }
            } else if start(i, on) > off[i + 1] {
                chosen[i..free[i]].fill(true);
                i = free[i];
                running = true;
            } else {
                i += 1;
            }
        }
        (worth, Path { on: chosen })
    }
}

/// The best single run that does all the work.
fn contiguous(job: &JobInput, steps: &Steps) -> Option<Path> {
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
    let (_, range) = best?;
    let mut on = vec![false; n];
    on[range].fill(true);
    Some(Path { on })
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

    /// One-hour steps at these costs of a GPU-hour, worth 100 each.
    fn steps(costs: &[f64]) -> Steps {
        let net = costs.iter().map(|c| 100.0 - c).collect();
        Steps {
            first: 0,
            net,
            hours: vec![1.0; costs.len()],
            worth: vec![100.0; costs.len()],
            gang: 1.0,
        }
    }

    fn on(placed: &Placed) -> Vec<u32> {
        placed.runs.iter().map(|r| r.step).collect()
    }

    #[test]
    fn dear_steps_are_skipped_when_a_restart_is_cheap() {
        let (_, placed) = place_gang(
            &job(3.0, 0.0, 0.0),
            &steps(&[10.0, 90.0, 10.0, 90.0, 10.0]),
            0.0,
        );
        assert_eq!(on(&placed), [0, 2, 4]);
    }

    #[test]
    fn a_dear_restart_keeps_the_run_whole() {
        let (_, placed) = place_gang(
            &job(2.0, 1.0, 0.0),
            &steps(&[10.0, 60.0, 10.0, 20.0, 20.0]),
            0.0,
        );
        assert_eq!(on(&placed), [2, 3, 4], "one restart hour and two of work");
    }

    #[test]
    fn a_run_lasts_its_minimum() {
        let (_, placed) = place_gang(
            &job(4.0, 0.0, 2.0),
            &steps(&[10.0, 99.0, 10.0, 10.0, 99.0, 10.0, 12.0]),
            0.0,
        );
        assert_eq!(on(&placed), [2, 3, 5, 6]);
    }

    #[test]
    fn minimum_ends_reach_far_enough() {
        assert_eq!(minimum_ends(&[1.0, 0.5, 0.5, 1.0], 2.0), [3, 4, 4, 4]);
        assert_eq!(minimum_ends(&[1.0, 1.0], 0.0), [1, 2]);
    }
}

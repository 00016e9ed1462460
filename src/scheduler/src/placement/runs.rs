//! Jobs with memory: starts cost time, runs last a minimum, and a change of the gang's size
//! is a stop and a start. Dynamic programming over (step, gang that runs) at a price of
//! work, bisected until the work is done.

use std::cmp::Ordering;
use std::ops::Range;

use super::held::is_held;
use super::{Curves, Placed};
use crate::inputs::{Gangs, JobInput};
use crate::schedule::{Problem, Run, Schedule, area, minimum_ends_into};

/// Bisections of the price of work.
const BISECTIONS: usize = 8;

/// Share of a choice's worth by which it may fall short of what a price shows to be possible.
const NEAR: f64 = 1e-5;

/// Share of a choice's worth by which runs that stand may fall further behind than when they
/// were chosen.
const STAYS: f64 = 1e-4;

/// Share of the range of prices by which the first look beside a known one is taken.
const STRIDE: f64 = 1.0 / 64.0;

/// Prices of the steps of a window at every gang size.
struct Steps<'a> {
    first: usize,
    /// Hours of each step.
    hours: &'a [f64],
    /// Worth of a GPU-hour of work in each step.
    worth: &'a [f64],
    gangs: &'a [Gang],
}

/// What steps are worth to a gang of one size.
#[derive(Debug, Default)]
struct Gang {
    gpus: f64,
    /// Worth of work less power, currency, of running the whole step; negative infinity where the gang does not fit.
    net: Vec<f64>,
    /// Whether the job runs at this size when the horizon begins, and the window with it.
    running: bool,
}

/// Work that can be left for after the horizon.
#[derive(Clone, Copy)]
struct Later {
    /// Net worth of a GPU-hour, currency: 0 or more.
    worth: f64,
    /// GPU-hours at most.
    most: f64,
}

/// Chooses runs for job `j`, which stood at `before`: the steps and gang sizes that are worth
/// most together.
pub(super) fn place(
    problem: &Problem<'_>,
    schedule: &Schedule,
    curves: &Curves,
    (j, window): (usize, Range<usize>),
    beyond_worth: f64,
    before: &[Run],
    tables: &mut Tables,
) -> Placed {
    let job = &problem.inputs.jobs[j];
    let Gangs::Sizes(sizes) = &job.gangs else {
        return Placed::default();
    };
    let (mut worth, mut gangs) = std::mem::take(&mut tables.laid);
    worth.clear();
    worth.extend((window.clone()).map(|t| job.value_in(&problem.inputs.grid, t) + job.unmet));
    gangs.resize_with(sizes.len(), Gang::default);
    for (gang, size) in gangs.iter_mut().zip(sizes.iter().rev()) {
        gang.gpus = f64::from(*size);
        gang.running = *size == job.running && window.start == 0;
        let row = net(problem, schedule, curves, j, &window, gang.gpus, &worth);
        gang.net.clear();
        gang.net.extend(row);
    }
    let steps = Steps {
        first: window.start,
        hours: &problem.hours[window.clone()],
        worth: &worth,
        gangs: &gangs,
    };
    let later = Later {
        worth: beyond_worth.max(0.0),
        most: if beyond_worth > 0.0 {
            job.beyond.min(job.work)
        } else {
            0.0
        },
    };
    let known = schedule.slack.get(j).map(|slack| Known {
        runs: before,
        price: schedule.work_price[j],
        slack: slack.is_finite().then_some(*slack),
    });
    let known = known.filter(|known| known.price.is_finite());
    let chosen = tables.best(job, &steps, later, known);
    let mut placed = Placed {
        beyond: later.most,
        ..Placed::default()
    };
    if chosen > later.worth * later.most + 1e-9 || is_held(job, window.start) {
        placed = tables.placed(job, &steps, later);
    }
    if !schedule.slack.is_empty() {
        placed.price = tables.least.1;
        placed.slack = (tables.least.0 - chosen).max(0.0);
    }
    tables.laid = (worth, gangs);
    placed
}

/// Worth of work less power of each step of the window at `gpus` GPUs.
fn net<'a>(
    problem: &'a Problem<'_>,
    schedule: &'a Schedule,
    curves: &'a Curves,
    j: usize,
    window: &Range<usize>,
    gpus: f64,
    worth: &'a [f64],
) -> impl Iterator<Item = f64> + 'a {
    let number = problem.job_nodes.number[problem.inputs.jobs[j].node];
    let of = move |(t, worth): (usize, &f64)| {
        let others = schedule.job_mw[number][t];
        let power = gpus * problem.gpu_mw(j, t);
        let cost = area(curves.of(problem, number, t), others, others + power);
        cost.map_or(f64::NEG_INFINITY, |c| (worth * gpus - c) * problem.hours[t])
    };
    window.clone().zip(worth).map(of)
}

/// Which gang runs in each step of the window; `OFF` where none does.
type Path = Vec<u16>;

const OFF: u16 = u16::MAX;

/// Stretches of steps run by one gang.
fn stretches(path: &[u16]) -> impl Iterator<Item = (usize, Range<usize>)> {
    let mut next = 0;
    std::iter::from_fn(move || {
        let first = next + path[next..].iter().position(|g| *g != OFF)?;
        let gang = path[first];
        let end = path[first..].iter().position(|g| *g != gang);
        next = end.map_or(path.len(), |n| first + n);
        Some((usize::from(gang), first..next))
    })
}

/// GPU-hours of work done on a path, starts taken off.
fn work(path: &[u16], steps: &Steps<'_>, job: &JobInput) -> f64 {
    let useful = |(g, range): (usize, Range<usize>)| {
        let hours: f64 = steps.hours[range.clone()].iter().sum();
        let gang = &steps.gangs[g];
        gang.gpus * (hours - restart(job, gang, range.start)).max(0.0)
    };
    stretches(path).map(useful).sum()
}

/// Follows a path until the work is done: calls `each` with the step, and the GPUs run on
/// average; returns what that is worth and the work left.
fn trim(
    path: &[u16],
    job: &JobInput,
    steps: &Steps<'_>,
    mut each: impl FnMut(usize, f64),
) -> (f64, f64) {
    let (mut left, mut worth) = (job.work, 0.0);
    let mut before: Option<(usize, f64)> = None;
    for (g, range) in stretches(path) {
        let gang = &steps.gangs[g];
        // A gang of another size that could end the work in this step goes on for part of it.
        let first = range.start;
        let mean = left / steps.hours[first];
        let goes_on =
            before.is_some_and(|(end, gpus)| end == first && gpus != gang.gpus && mean <= gpus);
        if goes_on && left > job.work * 1e-12 && mean <= gang.gpus {
            let cost = steps.worth[first] * gang.gpus * steps.hours[first] - gang.net[first];
            worth += steps.worth[first] * left - cost * mean / gang.gpus;
            each(first, mean);
            return (worth, 0.0);
        }
        before = Some((range.end, gang.gpus));
        let mut lost = restart(job, gang, range.start);
        for i in range {
            if left <= job.work * 1e-12 {
                break;
            }
            let useful = (steps.hours[i] - lost).max(0.0);
            let needed = left / gang.gpus;
            let share = if needed < useful {
                (needed + (steps.hours[i] - useful)) / steps.hours[i]
            } else {
                1.0
            };
            let work = gang.gpus * useful.min(needed);
            let cost = steps.worth[i] * gang.gpus * steps.hours[i] - gang.net[i];
            worth += steps.worth[i] * work - cost * share;
            left -= work;
            lost = (lost - steps.hours[i]).max(0.0);
            each(i, gang.gpus * share);
        }
    }
    (worth, if left <= job.work * 1e-12 { 0.0 } else { left })
}

/// Hours lost when `gang` starts at window step `i`; going on from before the horizon costs none.
fn restart(job: &JobInput, gang: &Gang, i: usize) -> f64 {
    if gang.running && i == 0 {
        0.0
    } else {
        job.restart
    }
}

/// What is known of a job from before.
struct Known<'a> {
    /// Where it stands.
    runs: &'a [Run],
    /// Price of its work, currency per GPU-hour.
    price: f64,
    /// By how much `runs` may have fallen short of the best, currency; `None` where they were
    /// not chosen at that price.
    slack: Option<f64>,
}

/// Backward induction over (step, gang running or none), with room kept from price to price
/// and job to job.
#[derive(Debug, Default)]
pub struct Tables {
    /// Best worth from each step on while nothing runs.
    off: Vec<f64>,
    /// Gang that starts at each step in that case; `OFF` where none does.
    start: Path,
    gangs: Vec<GangTables>,
    /// The path of the last price.
    path: Path,
    /// The best path of all prices.
    best: Path,
    /// The least that a price showed to be possible, currency, and that price.
    least: (f64, f64),
    /// Worth of work per step, and the gangs' steps, of the last job.
    laid: (Vec<f64>, Vec<Gang>),
}

#[derive(Debug, Default)]
struct GangTables {
    /// Best worth from each step on while the gang runs and may stop.
    on: Vec<f64>,
    /// Gain of running each step once work is paid at a price.
    gain: Vec<f64>,
    /// `prefix[i]`: gain of running the first i steps.
    prefix: Vec<f64>,
    /// `blocked[i]`: how many of the first i steps the gang does not fit into.
    blocked: Vec<u32>,
    /// First step at which a run begun at each step may end; beyond the window where it may not begin.
    free: Vec<usize>,
}

impl Tables {
    /// Finds the best runs; returns what they are worth.
    fn best(
        &mut self,
        job: &JobInput,
        steps: &Steps<'_>,
        later: Later,
        known: Option<Known<'_>>,
    ) -> f64 {
        self.reset(job, steps);
        if let Some(known) = known {
            return self.near(job, steps, later, &known);
        }
        self.possible(job, steps, later, later.worth);
        let mut choice = self.worth(job, steps, later);
        self.best.clone_from(&self.path);
        let done = work(&self.path, steps, job);
        if done <= job.work * (1.0 + 1e-9) {
            // What is left and cannot wait is done as far as it pays at all.
            if later.worth > 0.0 && job.work - done > later.most * (1.0 + 1e-9) {
                let target = job.work - later.most;
                self.search(job, steps, later, (0.0, later.worth), target, &mut choice);
            }
            return choice;
        }
        self.keep_contiguous(job, steps, later, &mut choice);
        // Too much work at the lowest price: find the price at which it is just done. Any
        // price also bounds what runs can be worth, so the search ends when that is met.
        let top = steps.worth.iter().copied().fold(later.worth, f64::max);
        self.search(job, steps, later, (later.worth, top), job.work, &mut choice);
        choice
    }

    /// Keeps the best single run of a gang where that is worth more than the choice.
    fn keep_contiguous(
        &mut self,
        job: &JobInput,
        steps: &Steps<'_>,
        later: Later,
        choice: &mut f64,
    ) {
        for (g, gang) in steps.gangs.iter().enumerate() {
            if let Some(range) = contiguous(job, steps, gang) {
                self.path.fill(OFF);
                self.path[range].fill(g as u16);
                self.keep(job, steps, later, choice);
            }
        }
    }

    /// Finds the best path at a price of work; returns what no runs are worth more than.
    fn possible(&mut self, job: &JobInput, steps: &Steps<'_>, later: Later, price: f64) -> f64 {
        let waits = (later.worth - price).max(0.0) * later.most;
        let possible = self.price(job, steps, price) + price * job.work + waits;
        if possible < self.least.0 {
            self.least = (possible, price);
        }
        possible
    }

    /// Finds the best runs near what is `known` from before; returns what they are worth. Runs
    /// that stand as near to the best as when they were chosen stay, so that prices which
    /// hardly change cost one look.
    fn near(&mut self, job: &JobInput, steps: &Steps<'_>, later: Later, known: &Known<'_>) -> f64 {
        let mut choice = f64::NEG_INFINITY;
        let stands = known.slack.filter(|_| self.stand(job, steps, known.runs));
        if stands.is_some() {
            self.path.clone_from(&self.best);
            choice = self.worth(job, steps, later);
        }
        let top = steps.worth.iter().copied().fold(later.worth, f64::max);
        let (mut low, mut high) = (None, None);
        let (mut at, mut stride) = (known.price.clamp(0.0, top), STRIDE * top);
        for looks in 0..BISECTIONS {
            self.possible(job, steps, later, at);
            let done = work(&self.path, steps, job);
            self.keep(job, steps, later, &mut choice);
            let near = stands.map_or(NEAR * choice.abs(), |s| s + STAYS * choice.abs());
            if self.least.0 - choice <= near {
                break;
            }
            if looks == 0 {
                self.keep_contiguous(job, steps, later, &mut choice);
            }
            // At the worth of later work any part of what may wait does.
            let (least, most) = match at.total_cmp(&later.worth) {
                Ordering::Less => (job.work - later.most, job.work - later.most),
                Ordering::Equal => (job.work - later.most, job.work),
                Ordering::Greater => (job.work, job.work),
            };
            match () {
                () if done >= most => low = Some(at),
                () if done < least && at > 0.0 => high = Some(at),
                () => break,
            }
            at = match (low, high) {
                (Some(low), Some(high)) => 0.5 * (low + high),
                (Some(low), None) if low < later.worth => (low + stride).min(later.worth),
                (Some(low), None) => (low + stride).min(top),
                (None, _) if at > later.worth => (at - stride).max(later.worth),
                (None, _) => (at - stride).max(0.0),
            };
            stride *= 4.0;
        }
        choice
    }

    /// Makes the path of `runs` the best one; `false` where they are none the rules allow.
    fn stand(&mut self, job: &JobInput, steps: &Steps<'_>, runs: &[Run]) -> bool {
        let n = steps.hours.len();
        self.best.clear();
        self.best.resize(n, OFF);
        let mut last = None;
        for (k, run) in runs.iter().enumerate() {
            let Some(i) = (run.step as usize)
                .checked_sub(steps.first)
                .filter(|i| *i < n)
            else {
                return false;
            };
            let is_size = |g: &usize| {
                let size = steps.gangs[*g].gpus;
                (run.gpus - size).abs() <= 1e-6 * size
            };
            let ends = k + 1 == runs.len();
            let gang = (0..steps.gangs.len()).find(is_size).or_else(|| {
                // Only what ends the work may be run in part.
                let reaches = |g: &usize| steps.gangs[*g].gpus > run.gpus;
                let goes_on = last.filter(|(at, g)| ends && *at + 1 == i && reaches(g));
                let smallest = || (0..steps.gangs.len()).rev().find(reaches);
                goes_on
                    .map(|(_, g)| g)
                    .or_else(|| smallest().filter(|_| ends))
            });
            let Some(g) = gang.filter(|g| steps.gangs[*g].net[i].is_finite()) else {
                return false;
            };
            self.best[i] = g as u16;
            last = Some((i, g));
        }
        self.lasts(job, steps)
    }

    /// Whether every stretch of the best path lasts as long as it must; one that ends the
    /// work goes on as far as that.
    fn lasts(&mut self, job: &JobInput, steps: &Steps<'_>) -> bool {
        let all: Vec<(usize, Range<usize>)> = stretches(&self.best).collect();
        if is_held(job, steps.first) {
            let missing = job.min_run - job.running_hours;
            let hours = |range: &Range<usize>| steps.hours[range.clone()].iter().sum::<f64>();
            let stays = all.first().is_some_and(|(g, range)| {
                steps.gangs[*g].running && range.start == 0 && hours(range) >= missing - 1e-9
            });
            if !stays {
                return false;
            }
        }
        let count = all.len();
        for (k, (g, range)) in all.into_iter().enumerate() {
            let table = &self.gangs[g];
            let free = table.free[range.start];
            if (range.start == 0 && steps.gangs[g].running) || free <= range.end {
                continue;
            }
            let reaches = free < table.blocked.len()
                && table.blocked[free] == table.blocked[range.start]
                && k + 1 == count;
            if !reaches {
                return false;
            }
            self.best[range.end..free].fill(g as u16);
        }
        // Steps of other lengths may hold a little less work.
        let last = self.best.iter().rposition(|g| *g != OFF);
        if let Some(mut at) = last {
            let g = self.best[at];
            let mut left = job.work - work(&self.best, steps, job);
            let gang = &steps.gangs[usize::from(g)];
            while left > job.work * 1e-9 && at + 1 < steps.hours.len() {
                at += 1;
                if !gang.net[at].is_finite() {
                    break;
                }
                self.best[at] = g;
                left -= gang.gpus * steps.hours[at];
            }
        }
        true
    }

    /// Bisects the price of work within `range` until `target` GPU-hours are just done, and
    /// keeps what is worth more than the choice.
    fn search(
        &mut self,
        job: &JobInput,
        steps: &Steps<'_>,
        later: Later,
        range: (f64, f64),
        target: f64,
        choice: &mut f64,
    ) {
        let (mut low, mut high) = range;
        for _ in 0..BISECTIONS {
            let middle = 0.5 * (low + high);
            let possible = self.possible(job, steps, later, middle);
            if *choice >= possible - NEAR * choice.abs() {
                break;
            }
            if work(&self.path, steps, job) >= target {
                low = middle;
                self.keep(job, steps, later, choice);
            } else {
                high = middle;
            }
        }
    }

    /// What the path of the last price is worth, work left for after the horizon included.
    fn worth(&self, job: &JobInput, steps: &Steps<'_>, later: Later) -> f64 {
        let (worth, left) = trim(&self.path, job, steps, |_, _| {});
        worth + later.worth * left.min(later.most)
    }

    /// Keeps the path if it is worth more than the choice.
    fn keep(&mut self, job: &JobInput, steps: &Steps<'_>, later: Later, choice: &mut f64) {
        let candidate = self.worth(job, steps, later);
        if candidate > *choice {
            *choice = candidate;
            self.best.clone_from(&self.path);
        }
    }

    /// The runs of the best path.
    fn placed(&self, job: &JobInput, steps: &Steps<'_>, later: Later) -> Placed {
        let mut placed = Placed::default();
        let (_, left) = trim(&self.best, job, steps, |i, gpus| {
            placed.runs.push(Run {
                step: (steps.first + i) as u32,
                gpus,
            });
        });
        placed.beyond = left.min(later.most);
        placed
    }

    /// Lays out what does not depend on the price of work.
    fn reset(&mut self, job: &JobInput, steps: &Steps<'_>) {
        let n = steps.hours.len();
        self.off.resize(n + 1, 0.0);
        self.start.resize(n, OFF);
        self.path.resize(n, OFF);
        self.least = (f64::INFINITY, 0.0);
        self.gangs
            .resize_with(steps.gangs.len(), GangTables::default);
        for (table, gang) in self.gangs.iter_mut().zip(steps.gangs) {
            table.reset(job, steps, gang);
        }
    }

    /// Finds the best path at a price of work; returns its worth.
    fn price(&mut self, job: &JobInput, steps: &Steps<'_>, price: f64) -> f64 {
        let n = steps.hours.len();
        for (table, gang) in self.gangs.iter_mut().zip(steps.gangs) {
            table.price(steps, gang, price);
        }
        self.off[n] = 0.0;
        for i in (0..n).rev() {
            let (mut best, mut pick) = (self.off[i + 1], OFF);
            let loss = (steps.worth[i] - price).max(0.0);
            for (g, (table, gang)) in self.gangs.iter().zip(steps.gangs).enumerate() {
                let worth = table.start(i) - loss * gang.gpus * restart(job, gang, i);
                if worth > best {
                    (best, pick) = (worth, g as u16);
                }
            }
            (self.off[i], self.start[i]) = (best, pick);
            for table in &mut self.gangs {
                // A step the gang does not fit into gains negative infinity.
                table.on[i] = f64::max(best, table.gain[i] + table.on[i + 1]);
            }
        }
        self.walk(job, steps)
    }

    /// Walks the best path; returns its worth.
    fn walk(&mut self, job: &JobInput, steps: &Steps<'_>) -> f64 {
        let n = steps.hours.len();
        self.path.fill(OFF);
        let mut running = steps.gangs.iter().position(|g| g.running);
        let worth = running.map_or(self.off[0], |g| self.gangs[g].on[0]);
        let (mut i, mut hours) = (0, 0.0);
        while i < n {
            if let Some(g) = running {
                let table = &self.gangs[g];
                let goes_on = table.gain[i] + table.on[i + 1];
                // What ran before the horizon may not have run for its shortest time.
                let held = steps.gangs[g].running
                    && job.running_hours + hours < job.min_run - 1e-9
                    && self.path[..i].iter().all(|p| usize::from(*p) == g);
                if table.gain[i].is_finite() && (held || goes_on > self.off[i]) {
                    self.path[i] = g as u16;
                    hours += steps.hours[i];
                    i += 1;
                } else {
                    running = None;
                }
            } else if self.start[i] == OFF {
                i += 1;
            } else {
                let g = usize::from(self.start[i]);
                let end = self.gangs[g].free[i];
                self.path[i..end].fill(g as u16);
                (i, running) = (end, Some(g));
            }
        }
        worth
    }
}

impl GangTables {
    /// Lays out what does not depend on the price of work.
    fn reset(&mut self, job: &JobInput, steps: &Steps<'_>, gang: &Gang) {
        let n = steps.hours.len();
        self.on.resize(n + 1, 0.0);
        self.on[n] = 0.0;
        self.gain.resize(n, 0.0);
        self.prefix.resize(n + 1, 0.0);
        self.blocked.clear();
        self.blocked.push(0);
        let mut blocked = 0;
        for net in &gang.net {
            blocked += u32::from(!net.is_finite());
            self.blocked.push(blocked);
        }
        self.free.clear();
        if job.min_run <= 0.0 {
            self.free.extend(1..=n);
            return;
        }
        // A run that ends the work may be shorter.
        let least = job.min_run.min(job.work / gang.gpus + job.restart);
        minimum_ends_into(steps.hours, least, &mut self.free);
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
    }

    /// Gains of the steps once work is paid at a price.
    fn price(&mut self, steps: &Steps<'_>, gang: &Gang, price: f64) {
        for (i, (net, hours)) in gang.net.iter().zip(steps.hours).enumerate() {
            let gain = net - price * gang.gpus * hours;
            self.gain[i] = gain;
            self.prefix[i + 1] = self.prefix[i] + if gain.is_finite() { gain } else { 0.0 };
        }
    }

    /// Worth of starting at step `i`, the start's loss not counted.
    fn start(&self, i: usize) -> f64 {
        let end = self.free[i];
        if end >= self.on.len() || self.blocked[end] > self.blocked[i] {
            f64::NEG_INFINITY
        } else {
            self.prefix[end] - self.prefix[i] + self.on[end]
        }
    }
}

/// The best single run of a gang that does all the work.
fn contiguous(job: &JobInput, steps: &Steps<'_>, gang: &Gang) -> Option<Range<usize>> {
    let n = steps.hours.len();
    let needed = |i: usize| job.work / gang.gpus + restart(job, gang, i);
    let held = is_held(job, steps.first);
    let mut best: Option<(f64, Range<usize>)> = None;
    let mut from = 0;
    while from < n {
        // Stretches between steps the gang does not fit into.
        let until = (from..n).find(|i| !gang.net[*i].is_finite()).unwrap_or(n);
        let (mut end, mut hours, mut net) = (from, 0.0, 0.0);
        for first in from..until {
            while end < until && hours < needed(first) - 1e-9 {
                hours += steps.hours[end];
                net += gang.net[end];
                end += 1;
            }
            if hours < needed(first) - 1e-9 {
                break;
            }
            let may = !held || (first == 0 && gang.running);
            if may && best.as_ref().is_none_or(|(worth, _)| net > *worth) {
                best = Some((net, first..end));
            }
            hours -= steps.hours[first];
            net -= gang.net[first];
        }
        from = until + 1;
    }
    best.map(|(_, range)| range)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::minimum_ends;

    const NEVER: Later = Later {
        worth: 0.0,
        most: 0.0,
    };

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
            hours: &vec![1.0; costs.len()],
            worth: &vec![100.0; costs.len()],
            gangs: &[Gang {
                gpus: 1.0,
                net: costs.iter().map(|c| 100.0 - c).collect(),
                running: false,
            }],
        };
        let mut tables = Tables::default();
        tables.best(job, &steps, NEVER, None);
        let placed = tables.placed(job, &steps, NEVER);
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
    /// GPUs per hourly step of a job of 2 or 4 GPUs where a GPU-hour is worth 100 and costs this.
    fn sizes(job: &JobInput, costs: &[f64], fits: impl Fn(f64, usize) -> bool) -> Vec<f64> {
        let net = |gpus: f64, (i, cost): (usize, &f64)| match fits(gpus, i) {
            true => gpus * (100.0 - cost),
            false => f64::NEG_INFINITY,
        };
        let gang = |size: u32| Gang {
            gpus: f64::from(size),
            net: (costs.iter().enumerate())
                .map(|step| net(f64::from(size), step))
                .collect(),
            running: size == job.running,
        };
        let steps = Steps {
            first: 0,
            hours: &vec![1.0; costs.len()],
            worth: &vec![100.0; costs.len()],
            gangs: &[gang(4), gang(2)],
        };
        let mut tables = Tables::default();
        tables.best(job, &steps, NEVER, None);
        let mut gpus = vec![0.0; costs.len()];
        for run in tables.placed(job, &steps, NEVER).runs {
            gpus[run.step as usize] = run.gpus;
        }
        gpus
    }

    #[test]
    fn another_size_costs_a_restart() {
        // Twice the GPUs would do the work before power gets dear.
        let costs = [10.0, 20.0, 30.0];
        let everywhere = |_: f64, _: usize| true;
        let mut running = job(6.0, 1.0, 0.0);
        running.running = 2;
        assert_eq!(sizes(&running, &costs, everywhere), [2.0, 2.0, 2.0]);
        running.restart = 0.0;
        assert_eq!(sizes(&running, &costs, everywhere), [4.0, 2.0, 0.0]);
    }

    #[test]
    fn a_job_held_by_its_shortest_run_keeps_its_size() {
        let mut held = job(6.0, 0.0, 2.0);
        held.running = 2;
        let everywhere = |_: f64, _: usize| true;
        let gpus = sizes(&held, &[10.0, 20.0, 30.0], everywhere);
        assert_eq!(gpus[..2], [2.0, 2.0]);
        assert!((gpus.iter().sum::<f64>() - 6.0).abs() < 1e-9, "{gpus:?}");
        held.running_hours = 2.0;
        let free = sizes(&held, &[10.0, 20.0, 30.0], everywhere);
        assert_eq!(free, [4.0, 2.0, 0.0]);
    }

    #[test]
    fn sizes_change_between_stretches_where_that_pays() {
        // Four GPUs find room for two steps only.
        let room = |gpus: f64, i: usize| gpus < 4.0 || i < 2;
        let mut elastic = job(12.0, 0.0, 0.0);
        assert_eq!(sizes(&elastic, &[10.0; 4], room), [4.0, 4.0, 2.0, 2.0]);
        (elastic.running, elastic.restart) = (4, 0.5);
        assert_eq!(sizes(&elastic, &[10.0; 4], room), [4.0, 4.0, 2.0, 2.0]);
        elastic.restart = 2.0;
        assert_eq!(sizes(&elastic, &[10.0; 4], room), [4.0, 4.0, 0.0, 0.0]);
    }
}

//! Backward induction over (step, gang that runs) at a price of work, bisected until the
//! work is done.

use super::super::Placed;
use super::path::{OFF, Path, contiguous, restart, trim, work};
use super::{Gang, Known, Later, Steps};
use crate::inputs::JobInput;
use crate::schedule::{Run, minimum_ends_into};

/// Bisections of the price of work.
pub(super) const BISECTIONS: usize = 8;

/// Duality gap at which a search ends, as a share of the worth of the best path.
pub(super) const NEAR: f64 = 1e-5;

/// Backward induction over (step, gang running or none), with room kept from price to price
/// and job to job.
#[derive(Debug, Default)]
pub struct Tables {
    /// Best worth from each step on while nothing runs.
    off: Vec<f64>,
    /// Gang that starts at each step in that case; `OFF` where none does.
    start: Path,
    pub(super) gangs: Vec<GangTables>,
    /// The path of the last price.
    pub(super) path: Path,
    /// The best path of all prices.
    pub(super) best: Path,
    /// The lowest upper bound on what the runs can be worth, currency, and its price of work.
    pub(super) bound: (f64, f64),
    /// Worth of work per step, and the gangs' steps, of the last job: kept as buffers.
    pub(super) laid: (Vec<f64>, Vec<Gang>),
}

#[derive(Debug, Default)]
pub(super) struct GangTables {
    /// Best worth from each step on while the gang runs and may stop.
    on: Vec<f64>,
    /// Gain of running each step once work is paid at a price.
    gain: Vec<f64>,
    /// `prefix[i]`: gain of running the first i steps.
    prefix: Vec<f64>,
    /// `blocked[i]`: how many of the first i steps the gang does not fit into.
    pub(super) blocked: Vec<u32>,
    /// First step at which a run begun at each step may end; beyond the window where it may not begin.
    pub(super) free: Vec<usize>,
}

impl Tables {
    /// Finds the best runs; returns what they are worth.
    pub(super) fn best(
        &mut self,
        job: &JobInput,
        steps: &Steps<'_>,
        later: Later,
        known: Option<Known<'_>>,
    ) -> f64 {
        self.reset(job, steps);
        if let Some(known) = known {
            return self.best_from(job, steps, later, &known);
        }
        self.bound_at(job, steps, later, later.worth);
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
        // price also bounds what runs can be worth, so the search ends when the gap is closed.
        let top = steps.worth.iter().copied().fold(later.worth, f64::max);
        self.search(job, steps, later, (later.worth, top), job.work, &mut choice);
        choice
    }

    /// Keeps the best single run of a gang where that is worth more than the choice.
    pub(super) fn keep_contiguous(
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

    /// Finds the best path at a price of work; returns its Lagrangian bound: no runs are worth
    /// more.
    pub(super) fn bound_at(
        &mut self,
        job: &JobInput,
        steps: &Steps<'_>,
        later: Later,
        price: f64,
    ) -> f64 {
        let waits = (later.worth - price).max(0.0) * later.most;
        let bound = self.price(job, steps, price) + price * job.work + waits;
        if bound < self.bound.0 {
            self.bound = (bound, price);
        }
        bound
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
            let bound = self.bound_at(job, steps, later, middle);
            if *choice >= bound - NEAR * choice.abs() {
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
    pub(super) fn worth(&self, job: &JobInput, steps: &Steps<'_>, later: Later) -> f64 {
        let (worth, left) = trim(&self.path, job, steps, |_, _| {});
        worth + later.worth * left.min(later.most)
    }

    /// Keeps the path if it is worth more than the choice.
    pub(super) fn keep(
        &mut self,
        job: &JobInput,
        steps: &Steps<'_>,
        later: Later,
        choice: &mut f64,
    ) {
        let candidate = self.worth(job, steps, later);
        if candidate > *choice {
            *choice = candidate;
            self.best.clone_from(&self.path);
        }
    }

    /// The runs of the best path.
    pub(super) fn placed(&self, job: &JobInput, steps: &Steps<'_>, later: Later) -> Placed {
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
        self.bound = (f64::INFINITY, 0.0);
        self.gangs
            .resize_with(steps.gangs.len(), GangTables::default);
        for (table, gang) in self.gangs.iter_mut().zip(steps.gangs) {
            table.reset(job, steps, gang);
        }
    }

    /// Finds the best path at a price of work; returns its worth at that price.
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

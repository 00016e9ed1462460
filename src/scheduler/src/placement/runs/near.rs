//! Warm start of a job's dynamic program: its last runs and the last price of its work.

use std::cmp::Ordering;
use std::ops::Range;

use super::super::held::is_held;
use super::path::{OFF, stretches, work};
use super::tables::{BISECTIONS, NEAR, Tables};
use super::{Known, Later, Steps};
use crate::inputs::JobInput;
use crate::schedule::Run;

/// Share of their worth by which the duality gap of kept runs may have grown since they were
/// chosen.
const GAP_GROWTH_MAX: f64 = 1e-4;

/// Distance of the first price tried beside a known one, as a share of the range of prices.
const STRIDE: f64 = 1.0 / 64.0;

impl Tables {
    /// Finds the best runs from a warm start; returns what they are worth. Known runs whose
    /// duality gap has not grown are kept: where prices hardly change, that takes one backward
    /// induction.
    pub(super) fn best_from(
        &mut self,
        job: &JobInput,
        steps: &Steps<'_>,
        later: Later,
        known: &Known<'_>,
    ) -> f64 {
        let mut choice = f64::NEG_INFINITY;
        let known_gap = known
            .slack
            .filter(|_| self.take_path(job, steps, known.runs));
        if known_gap.is_some() {
            self.path.clone_from(&self.best);
            choice = self.worth(job, steps, later);
        }
        let top = steps.worth.iter().copied().fold(later.worth, f64::max);
        let (mut low, mut high) = (None, None);
        let (mut at, mut stride) = (known.price.clamp(0.0, top), STRIDE * top);
        for looks in 0..BISECTIONS {
            self.bound_at(job, steps, later, at);
            let done = work(&self.path, steps, job);
            self.keep(job, steps, later, &mut choice);
            let near = known_gap.map_or(NEAR * choice.abs(), |gap| {
                gap + GAP_GROWTH_MAX * choice.abs()
            });
            if self.bound.0 - choice <= near {
                break;
            }
            if looks == 0 {
                self.keep_contiguous(job, steps, later, &mut choice);
            }
            // At a price equal to the worth of later work, any part of what may wait may be done.
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

    /// Makes the path of `runs` the best one; `false` where the job's rules do not allow it.
    fn take_path(&mut self, job: &JobInput, steps: &Steps<'_>, runs: &[Run]) -> bool {
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
                // Only the step that ends the work may be run in part.
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
}

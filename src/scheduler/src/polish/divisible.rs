//! Divisible jobs placed exactly, all else fixed.

use super::jobs::later;
use super::{Search, keeps_dependencies};
use crate::inputs::Gangs;
use std::ops::Range;

use crate::market::{Owner, Segment};
use crate::placement;
use crate::schedule::{Problem, Run, Schedule};

/// Halvings of the price of a divisible job's work.
const PRICES: usize = 20;

impl Search<'_, '_, '_> {
    /// Tries every divisible job where it is worth most, all else fixed.
    pub(super) fn divisible(&mut self) {
        for j in 0..self.problem.inputs.jobs.len() {
            if self.is_over() || !matches!(self.problem.inputs.jobs[j].gangs, Gangs::Divisible(_)) {
                continue;
            }
            let mut without = self.schedule.clone();
            placement::remove_job(self.problem, &mut without, j);
            without.beyond[j] = 0.0;
            if let Some(schedule) = self.placed_at_price(&without, j) {
                self.offer(&schedule);
            }
        }
    }

    /// Divisible jobs that may bid for power: those that no other job waits for.
    pub(super) fn bidding_jobs(&self) -> Vec<usize> {
        let jobs = &self.problem.inputs.jobs;
        let free = |j: &usize| {
            matches!(jobs[*j].gangs, Gangs::Divisible(_))
                && !jobs.iter().any(|other| other.after.contains(j))
        };
        (0..jobs.len()).filter(free).collect()
    }

    /// Takes divisible jobs out, lets them bid at the price their work last had while
    /// `decide` changes the rest, and places them anew.
    pub(super) fn with_jobs_bidding(
        &mut self,
        schedule: &mut Schedule,
        decide: impl FnOnce(&mut Self, &mut Schedule) -> bool,
    ) -> bool {
        let bidding_jobs = self.bidding_jobs();
        if bidding_jobs.is_empty() {
            return decide(self, schedule);
        }
        for j in &bidding_jobs {
            placement::remove_job(self.problem, schedule, *j);
            schedule.beyond[*j] = self.later(*j);
        }
        let mut bids: Vec<Vec<Segment>> = vec![Vec::new(); self.problem.inputs.steps()];
        for j in &bidding_jobs {
            let window = self.window(schedule, *j);
            for t in window.clone() {
                let (slope, width) = bid(self.problem, *j, t, &window, self.work[*j]);
                bids[t].push(Segment {
                    slope,
                    width,
                    node: self.problem.inputs.jobs[*j].node as u32,
                    owner: Owner::Job(1),
                });
            }
        }
        self.appraiser.bids = bids;
        let changed = decide(self, schedule);
        self.appraiser.bids.clear();
        if changed {
            // Twice, so that the first jobs are placed against the others' places too.
            let passes = if bidding_jobs.len() > 1 { 2 } else { 1 };
            for j in bidding_jobs.repeat(passes) {
                placement::remove_job(self.problem, schedule, j);
                schedule.beyond[j] = self.later(j);
                if let Some(with) = self.placed_at_price(schedule, j) {
                    *schedule = with;
                }
            }
        }
        changed
    }

    /// The schedule, which does not hold the divisible job `j`, with it on its best course.
    ///
    /// At a price of work its steps are coupled by ramps alone, so its best course is exact;
    /// of the courses at the two prices at which its work is just done and just not done, the
    /// mix that does it is an optimum.
    pub(super) fn placed_at_price(&mut self, without: &Schedule, j: usize) -> Option<Schedule> {
        let job = &self.problem.inputs.jobs[j];
        let window = self.window(without, j);
        if window.is_empty() {
            return None;
        }
        let problem = self.problem;
        let hours = &problem.hours;
        let work = |course: &[f64]| course.iter().zip(hours).map(|(g, h)| g * h).sum::<f64>();
        let peaks = self.duals.peaks.clone();
        let mut course = |price: f64| -> Vec<f64> {
            let bids: Vec<(f64, f64)> = (0..hours.len())
                .map(|t| bid(problem, j, t, &window, price))
                .collect();
            let drawn = self.appraiser.bid(without, job.node, &bids, &peaks);
            (drawn.iter().enumerate())
                .map(|(t, mw)| mw / problem.gpu_mw(j, t))
                .collect()
        };
        let floor = self.windows.beyond_worth[j].max(0.0);
        let known = std::mem::replace(&mut self.work[j], floor);
        let ceiling = job.value + job.unmet + 1e-9;
        let (mut low, mut high) = (floor, ceiling);
        let mut least = vec![0.0; hours.len()];
        // The last price of its work is a good guess.
        let (below, above) = (0.9 * known, 1.1 * known);
        let mut most = Vec::new();
        if below > floor && above < ceiling {
            let near = course(below);
            if work(&near) > job.work {
                (low, most) = (below, near);
                let near = course(above);
                if work(&near) <= job.work {
                    (high, least) = (above, near);
                } else {
                    (low, most) = (above, near);
                }
            } else {
                (high, least) = (below, near);
            }
        }
        if most.is_empty() {
            most = course(low);
        }
        if work(&most) > job.work {
            for _ in 0..PRICES {
                let (a, z) = (work(&least), work(&most));
                if z - a <= 1e-9 * job.work || high - low <= 1e-6 * high {
                    break;
                }
                let middle = 0.5 * (low + high);
                let next = course(middle);
                if work(&next) > job.work {
                    (low, most) = (middle, next);
                } else {
                    (high, least) = (middle, next);
                }
            }
            let (a, z) = (work(&least), work(&most));
            let share = if z > a {
                ((job.work - a) / (z - a)).clamp(0.0, 1.0)
            } else {
                0.0
            };
            most.iter_mut()
                .zip(&least)
                .for_each(|(m, l)| *m = l + share * (*m - l));
            self.work[j] = 0.5 * (low + high);
        }
        let left = job.work - work(&most);
        let runs: Vec<Run> = most
            .iter()
            .enumerate()
            .filter(|(_, g)| **g > 1e-9)
            .map(|(t, g)| Run {
                step: t as u32,
                gpus: *g,
            })
            .collect();
        let mut schedule = without.clone();
        placement::insert_job(problem, &mut schedule, j, runs);
        schedule.beyond[j] = later(problem, self.windows, j, left);
        keeps_dependencies(problem, &schedule, j).then_some(schedule)
    }
}

/// What divisible job `j` bids for power in step `t` at a price of its work: currency per
/// MWh, and MW.
fn bid(problem: &Problem<'_>, j: usize, t: usize, window: &Range<usize>, price: f64) -> (f64, f64) {
    let job = &problem.inputs.jobs[j];
    let mw = problem.gpu_mw(j, t);
    let worth = job.value_in(&problem.inputs.grid, t) + job.unmet - price;
    let most = job.gangs.max() * mw;
    let width = if window.contains(&t) { most } else { 0.0 };
    (worth / mw - problem.inputs.job_adder[t], width)
}

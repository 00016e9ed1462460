//! Divisible jobs placed exactly, all else as it stands.

use super::jobs::later;
use super::{Search, keeps_order};
use crate::inputs::Gangs;
use crate::placement::{self, Curves};
use crate::schedule::{Run, Schedule};

/// Halvings of the price of a divisible job's work.
const PRICES: usize = 20;

impl Search<'_, '_, '_> {
    /// Every divisible job placed where it is worth most, all else as it stands.
    pub(super) fn divisible(&mut self) {
        for j in 0..self.problem.inputs.jobs.len() {
            if self.is_over() || !matches!(self.problem.inputs.jobs[j].gangs, Gangs::Divisible(_)) {
                continue;
            }
            let mut without = self.schedule.clone();
            let mut curves = Curves::new(self.problem);
            placement::lift(self.problem, &mut without, &mut curves, j);
            without.beyond[j] = 0.0;
            if let Some(schedule) = self.priced(&without, j) {
                self.offer(&schedule);
            }
        }
    }

    /// The schedule, which does not hold the divisible job `j`, with it on its best course.
    ///
    /// At a price of work the job is a load without memory, so that its best course is
    /// found with the ramps in it; between the courses of the two prices at which its work
    /// is just done and just not, the mix that does it is an optimum.
    pub(super) fn priced(&mut self, without: &Schedule, j: usize) -> Option<Schedule> {
        let job = &self.problem.inputs.jobs[j];
        let window = self.window(without, j);
        if window.is_empty() {
            return None;
        }
        let problem = self.problem;
        let hours = &problem.hours;
        let work = |course: &[f64]| course.iter().zip(hours).map(|(g, h)| g * h).sum::<f64>();
        let peaks = self.ties.peaks.clone();
        let mut course = |price: f64| -> Vec<f64> {
            let bids: Vec<(f64, f64)> = (0..hours.len())
                .map(|t| {
                    let mw = problem.gpu_mw(j, t);
                    let worth = job.value_in(&problem.inputs.grid, t) + job.unmet - price;
                    let most = job.gangs.max() * mw;
                    let width = if window.contains(&t) { most } else { 0.0 };
                    (worth / mw - problem.inputs.job_adder[t], width)
                })
                .collect();
            let drawn = self.appraiser.bid(without, job.node, &bids, &peaks);
            (drawn.iter().enumerate())
                .map(|(t, mw)| mw / problem.gpu_mw(j, t))
                .collect()
        };
        let floor = self.windows.beyond_worth[j].max(0.0);
        let (mut low, mut high) = (floor, job.value + job.unmet + 1e-9);
        let mut most = course(low);
        if work(&most) > job.work {
            let mut least = vec![0.0; hours.len()];
            for _ in 0..PRICES {
                let (a, z) = (work(&least), work(&most));
                if z - a <= 1e-9 * job.work {
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
        let mut curves = Curves::new(problem);
        placement::drop_in(problem, &mut schedule, &mut curves, j, runs);
        schedule.beyond[j] = later(problem, self.windows, j, left);
        keeps_order(problem, &schedule, j).then_some(schedule)
    }
}

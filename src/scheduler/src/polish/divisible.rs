//! Divisible jobs placed exactly, all else as it stands.

use std::ops::Range;

use swingload_model::site::Use;

use super::jobs::later;
use super::{Search, keeps_order};
use crate::evaluate::{evaluate, outcome};
use crate::inputs::{Gangs, StackInput, TierInput};
use crate::placement::{self, Curves};
use crate::schedule::{Problem, Run, Schedule};

/// Halvings of the price of a divisible job's work.
const PRICES: usize = 24;

impl Search<'_, '_, '_> {
    /// Every divisible job placed exactly where it is worth most, all else as it stands.
    ///
    /// At a price of work the job is a load without memory, so that its best course is
    /// found with the ramps in it; between the courses of the two prices at which its work
    /// is just done and just not, the mix that does it is an optimum.
    pub(super) fn divisible(&mut self) {
        for j in 0..self.problem.inputs.jobs.len() {
            if self.tries < 2 * PRICES {
                return;
            }
            let waited = self
                .problem
                .inputs
                .jobs
                .iter()
                .any(|other| other.after.contains(&j));
            if matches!(self.problem.inputs.jobs[j].gangs, Gangs::Divisible(_)) && !waited {
                self.tries -= PRICES;
                if let Some(schedule) = self.priced(j) {
                    self.offer(&schedule);
                }
            }
        }
    }

    /// The schedule with the divisible job `j` on its best course.
    fn priced(&mut self, j: usize) -> Option<Schedule> {
        let job = &self.problem.inputs.jobs[j];
        let mut without = self.schedule.clone();
        let mut curves = Curves::new(self.problem);
        placement::lift(self.problem, &mut without, &mut curves, j);
        without.beyond[j] = 0.0;
        let window = self.windows.of(self.problem, &without, j);
        if window.is_empty() {
            return None;
        }
        let hours = &self.problem.hours;
        let work = |course: &[f64]| course.iter().zip(hours).map(|(g, h)| g * h).sum::<f64>();
        let floor = self.windows.beyond_worth[j].max(0.0);
        let (mut low, mut high) = (floor, job.value + job.unmet + 1e-9);
        let mut most = self.course(j, &without, window.clone(), low);
        let mut least = vec![0.0; hours.len()];
        if work(&most) > job.work {
            for _ in 0..PRICES {
                let middle = 0.5 * (low + high);
                let course = self.course(j, &without, window.clone(), middle);
                if work(&course) > job.work {
                    (low, most) = (middle, course);
                } else {
                    (high, least) = (middle, course);
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
        placement::drop_in(self.problem, &mut without, &mut curves, j, runs);
        without.beyond[j] = later(self.problem, self.windows, j, left);
        keeps_order(self.problem, &without, j).then_some(without)
    }

    /// Mean GPUs of the divisible job `j` per step where its work is paid at its worth less `price`.
    fn course(
        &mut self,
        j: usize,
        without: &Schedule,
        window: Range<usize>,
        price: f64,
    ) -> Vec<f64> {
        let job = &self.problem.inputs.jobs[j];
        let mut inputs = self.problem.inputs.clone();
        let steps = inputs.steps();
        let mut tier = TierInput {
            mw: vec![0.0; steps],
            value: vec![0.0; steps],
            penalty: vec![0.0; steps],
            must_serve: false,
        };
        for t in window {
            let mw = self.problem.gpu_mw(j, t);
            tier.mw[t] = job.gangs.max() * mw;
            tier.value[t] =
                (job.value_in(&inputs.grid, t) + job.unmet - price) / mw - inputs.job_adder[t];
        }
        inputs.stacks.push(StackInput {
            id: String::new(),
            node: job.node,
            used_for: Use::Training,
            tiers: vec![tier],
        });
        let problem = Problem::new(&inputs);
        let evaluated = evaluate(&problem, without, self.windows, self.room);
        let last = inputs.stacks.len() - 1;
        (0..steps)
            .map(|t| {
                outcome(&problem, without, &evaluated.levels, t, self.room).tiers[last][0]
                    / self.problem.gpu_mw(j, t)
            })
            .collect()
    }
}

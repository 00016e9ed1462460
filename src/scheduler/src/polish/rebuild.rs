//! Parts of the plan taken out and built anew.

use super::{Draw, Search};
use crate::inputs::Gangs;
use crate::placement;
use crate::schedule::Schedule;

/// Shares of the charges of ramps and peaks at which parts are built anew.
const WEIGHTS: [f64; 4] = [1.0, 1.0, 0.5, 0.0];

/// Share of the best worth by which a rebuilt schedule may be worse and still be searched from.
const NEAR: f64 = 0.005;

impl Search<'_, '_, '_> {
    /// Takes out a few jobs and blocks, builds them anew in another order, and descends
    /// where that comes near; until the budget is spent.
    pub(super) fn rebuild(&mut self) {
        let (jobs, places) = (self.problem.inputs.jobs.len(), self.places.len());
        if jobs + places == 0 {
            return;
        }
        let mut draw = Draw(1);
        let mut found = (self.value, self.schedule.clone(), self.duals.clone());
        while !self.is_over() {
            let before = self.appraiser.spent;
            self.weight = WEIGHTS[draw.below(WEIGHTS.len())];
            let mut schedule = self.schedule.clone();
            let mut parts: Vec<usize> = Vec::new();
            let wanted = 2 + draw.below(3);
            while parts.len() < wanted.min(jobs + places) {
                let part = draw.below(jobs + places);
                if !parts.contains(&part) {
                    parts.push(part);
                }
            }
            self.with_jobs_bidding(&mut schedule, |search, schedule| {
                search.build(schedule, &parts, &mut draw);
                true
            });
            self.weight = 1.0;
            if super::keeps_job_rules(self.problem, &schedule) && schedule != self.schedule {
                self.go_to(schedule);
                if self.value > found.0 - NEAR * found.0.abs() {
                    self.step_down();
                }
                if self.value > found.0 + 1e-9 * found.0.abs() {
                    self.descend();
                    found = (self.value, self.schedule.clone(), self.duals.clone());
                }
                (self.value, self.schedule, self.duals) = found.clone();
            }
            // A try that changes nothing is counted too, so that the search ends.
            self.appraiser.spent = self.appraiser.spent.max(before + 1);
        }
    }

    /// Tries the moves that take little time once, from the current schedule.
    pub(super) fn step_down(&mut self) {
        let mut schedule = self.schedule.clone();
        if self.commit(&mut schedule) {
            self.offer(&schedule);
        }
        self.blocks();
        for j in 0..self.problem.inputs.jobs.len() {
            self.replace(j, 3);
        }
        self.divisible();
    }

    /// Takes jobs and blocks (numbered after the jobs) out and builds them anew in the
    /// order they are given in, mostly at their best, at times at their second or third best.
    fn build(&mut self, schedule: &mut Schedule, parts: &[usize], draw: &mut Draw) {
        let inputs = self.problem.inputs;
        let jobs = inputs.jobs.len();
        let steps = inputs.steps();
        for part in parts {
            if *part < jobs {
                placement::remove_job(self.problem, schedule, *part);
                schedule.beyond[*part] = self.later(*part);
            } else {
                let (m, b) = self.places[part - jobs];
                // On or off throughout for now: its path is decided below.
                let on = draw.below(2) == 0;
                self.problem.set_path(schedule, m, b, vec![on; steps]);
            }
        }
        for part in parts {
            if *part >= jobs {
                let place = self.places[part - jobs];
                self.decide(schedule, &[place]);
                continue;
            }
            let job = &inputs.jobs[*part];
            // Now and then a job is left out, which makes room for others.
            if draw.below(8) == 0 {
                continue;
            }
            if matches!(job.gangs, Gangs::Divisible(_)) {
                // Those that bid are placed afterwards.
                if self.bidding_jobs().contains(part) {
                    continue;
                }
                if let Some(with) = self.placed_at_price(schedule, *part) {
                    *schedule = with;
                }
                continue;
            }
            let mut courses = self.courses(schedule, *part, 6);
            if courses.is_empty() {
                continue;
            }
            let pick = draw.below(2 * courses.len()).saturating_sub(courses.len());
            let (runs, beyond) = courses.swap_remove(pick);
            placement::insert_job(self.problem, schedule, *part, runs);
            schedule.beyond[*part] = beyond;
        }
        // A path that was only filled in may break the block's minimum times: decided again.
        for part in parts.iter().filter(|p| **p >= jobs) {
            let place = self.places[part - jobs];
            self.decide(schedule, &[place]);
        }
    }
}

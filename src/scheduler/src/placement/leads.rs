//! What a job's end is worth to those that wait for it.
//!
//! Alone, a job that hardly pays is left out or cut short, and takes with it all that waits
//! for its end. So each GPU-hour of its work also counts, while jobs are placed, what its
//! followers could earn on the residuals as they stand, spread over its work. Where a
//! follower finds no place all the same, that is given up again.

use super::{Curves, Windows, offers, place, work_done};
use crate::schedule::{Problem, Room, Schedule};

/// What followers add to the worth of work while jobs are placed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Leads {
    /// Per job, currency per GPU-hour of its work; empty where no job waits for another.
    worth: Vec<f64>,
    /// What each job that waits could earn itself, currency.
    own: Vec<f64>,
    /// Jobs that found no place although those before them were done.
    given_up: Vec<bool>,
}

impl Leads {
    /// Worth of a GPU-hour of job `j` to its followers, currency.
    pub fn of(&self, j: usize) -> f64 {
        self.worth.get(j).copied().unwrap_or(0.0)
    }

    /// Whether no job waits for another.
    pub fn is_empty(&self) -> bool {
        self.worth.is_empty()
    }

    /// Spreads what followers could earn over the work before them, the last of a chain first.
    fn spread(&mut self, problem: &Problem<'_>, windows: &Windows) {
        let jobs = &problem.inputs.jobs;
        self.worth.clear();
        self.worth.resize(jobs.len(), 0.0);
        for &j in windows.order.iter().rev() {
            let job = &jobs[j];
            if job.after.is_empty() || self.given_up[j] {
                continue;
            }
            let total = self.own[j] + self.worth[j] * job.work;
            for &before in &job.after {
                self.worth[before] += total / jobs[before].work.max(1e-9);
            }
        }
    }
}

/// Looks at what every job that waits could earn on the residuals as they stand.
pub(super) fn look(
    problem: &Problem<'_>,
    schedule: &mut Schedule,
    curves: &mut Curves,
    windows: &Windows,
    room: &mut Room,
) {
    let jobs = &problem.inputs.jobs;
    if jobs.iter().all(|job| job.after.is_empty()) {
        return;
    }
    let mut leads = std::mem::take(&mut schedule.leads);
    leads.given_up.resize(jobs.len(), false);
    leads.own.resize(jobs.len(), 0.0);
    let mut found: Vec<(f64, f64)> = Vec::new();
    for (j, job) in jobs.iter().enumerate() {
        if !job.after.is_empty() && !leads.given_up[j] {
            let window = windows.first(j)..job.end;
            offers(problem, schedule, curves, j, window, None, room, &mut found);
            leads.own[j] = earned(&mut found, job.work);
        }
    }
    leads.spread(problem, windows);
    schedule.leads = leads;
}

/// Gives up what followers without a place would have earned; returns whether any job moved.
pub(super) fn settle(
    problem: &Problem<'_>,
    schedule: &mut Schedule,
    curves: &mut Curves,
    windows: &Windows,
    room: &mut Room,
) -> bool {
    let jobs = &problem.inputs.jobs;
    let is_done = |schedule: &Schedule, j: usize| {
        work_done(problem, schedule, j) >= jobs[j].work * (1.0 - 1e-9)
    };
    let mut any = false;
    for (j, job) in jobs.iter().enumerate() {
        let lost = !job.after.is_empty()
            && schedule.jobs[j].is_empty()
            && !schedule.leads.given_up[j]
            && job.after.iter().all(|before| is_done(schedule, *before));
        if lost {
            schedule.leads.given_up[j] = true;
            any = true;
        }
    }
    if !any {
        return false;
    }
    let before = schedule.leads.worth.clone();
    let mut leads = std::mem::take(&mut schedule.leads);
    leads.spread(problem, windows);
    schedule.leads = leads;
    let mut moved = false;
    for &j in &windows.order {
        if schedule.leads.of(j) < before[j] {
            moved |= place(problem, schedule, curves, windows, j, 0.0, room);
        }
    }
    moved
}

/// What the best `offers`, `(worth, GPU-hours)`, earn until `work` is done.
fn earned(offers: &mut [(f64, f64)], work: f64) -> f64 {
    offers.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let (mut left, mut sum) = (work, 0.0);
    for (worth, hours) in offers.iter() {
        if *worth <= 0.0 || left <= 0.0 {
            break;
        }
        sum += worth * hours.min(left);
        left -= hours;
    }
    sum
}

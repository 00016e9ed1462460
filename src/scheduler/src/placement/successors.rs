//! What a job's end is worth to its successors, the jobs that wait for it.
//!
//! Placed for its own value alone, a job that hardly pays is left out or cut short, and its
//! successors cannot run. So while jobs are placed, each GPU-hour of a job also counts what its
//! successors could earn at the current residuals, spread over its work. Where a successor
//! finds no place all the same, its share is withdrawn.

use super::{Curves, Windows, offers, place};
use crate::schedule::{Problem, Room, Schedule};

/// What successors add to the worth of a job's work while jobs are placed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SuccessorValues {
    /// Per job, currency per GPU-hour of its work; empty where no job waits for another.
    worth: Vec<f64>,
    /// What each job that waits could earn itself, currency.
    own: Vec<f64>,
    /// Jobs that found no place although those before them were done.
    given_up: Vec<bool>,
}

impl SuccessorValues {
    /// Worth of a GPU-hour of job `j` to its successors, currency.
    pub fn of(&self, j: usize) -> f64 {
        self.worth.get(j).copied().unwrap_or(0.0)
    }

    /// Whether no job waits for another.
    pub fn is_empty(&self) -> bool {
        self.worth.is_empty()
    }

    /// Spreads what successors could earn over the work before them, the last of a chain first.
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

/// Estimates what every job that waits could earn at the current residuals.
pub(super) fn estimate(
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
    let mut successors = std::mem::take(&mut schedule.successors);
    successors.given_up.resize(jobs.len(), false);
    successors.own.resize(jobs.len(), 0.0);
    let mut found: Vec<(f64, f64)> = Vec::new();
    for (j, job) in jobs.iter().enumerate() {
        if !job.after.is_empty() && !successors.given_up[j] {
            let window = windows.first(j)..job.end;
            offers(problem, schedule, curves, j, window, None, room, &mut found);
            successors.own[j] = earned(&mut found, job.work);
        }
    }
    successors.spread(problem, windows);
    schedule.successors = successors;
}

/// Withdraws the worth of successors that found no place; returns whether any job moved.
pub(super) fn withdraw(
    problem: &Problem<'_>,
    schedule: &mut Schedule,
    curves: &mut Curves,
    windows: &Windows,
    room: &mut Room,
) -> bool {
    let jobs = &problem.inputs.jobs;
    let mut moved = false;
    loop {
        // Jobs placed for their sake are placed anew.
        let vain = |j: &usize| {
            let begun = |before: &usize| !schedule.jobs[*before].is_empty();
            let open = schedule.jobs[*j].is_empty() && !schedule.successors.given_up[*j];
            open && jobs[*j].after.iter().any(begun)
        };
        let lost: Vec<usize> = (0..jobs.len()).filter(vain).collect();
        if lost.is_empty() {
            return moved;
        }
        let before = schedule.successors.worth.clone();
        let mut successors = std::mem::take(&mut schedule.successors);
        lost.into_iter().for_each(|j| successors.given_up[j] = true);
        successors.spread(problem, windows);
        schedule.successors = successors;
        // Successors of a job that moves are placed anew, too.
        let mut anew = vec![false; jobs.len()];
        for &j in &windows.order {
            let waits = jobs[j].after.iter().any(|before| anew[*before]);
            anew[j] = waits || schedule.successors.of(j) < before[j];
            if anew[j] {
                moved |= place(problem, schedule, curves, windows, j, 0.0, room);
            }
        }
    }
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

#[cfg(test)]
mod tests {
    use crate::inputs::small::{job, site};
    use crate::inputs::{JobInput, PlanInputs};
    use crate::plan::{Budget, plan};
    use crate::polish::keeps_job_rules;
    use crate::schedule::Problem;

    /// Three hours of work worth `own` each, and two hours worth each of `values` that wait for it.
    fn chain(price: &[f64], own: f64, values: &[f64]) -> PlanInputs {
        let steps = price.len();
        let mut inputs = site(1.0, price);
        inputs.nodes[0].limit = vec![1.0; steps];
        let mut first = job(3.0, &[1], steps);
        first.value = own;
        let successor = |value: &f64| JobInput {
            value: *value,
            after: vec![0],
            ..job(2.0, &[1], steps)
        };
        let successors = values.iter().map(successor);
        inputs.jobs = std::iter::once(first).chain(successors).collect();
        inputs
    }

    #[test]
    fn a_job_that_does_not_pay_alone_is_done_for_its_successors_sake() {
        let value = |behind: f64| plan(&chain(&[10.0; 6], 5.0, &[behind]), Budget::LOOP).value();
        assert!((value(100.0) - (3.0 * -5.0 + 2.0 * 90.0)).abs() < 1e-6);
        // Ten of gain are not worth fifteen of loss.
        assert!(value(15.0).abs() < 1e-6);
    }

    #[test]
    fn a_successor_goes_with_the_job_that_another_no_longer_makes_worthwhile() {
        // The second successor finds no place, and the first alone does not make the job pay.
        let inputs = chain(&[10.0; 5], 0.0, &[20.0, 60.0]);
        let planned = plan(&inputs, Budget::LOOP);
        let runs = &planned.schedule.jobs;
        assert!(
            keeps_job_rules(&Problem::new(&inputs), &planned.schedule),
            "{runs:?}"
        );
    }

    #[test]
    fn no_job_is_begun_in_vain() {
        // One of its three hours costs more than all that waits for it.
        let planned = plan(
            &chain(&[10.0, 10.0, 500.0, 10.0, 10.0], 0.0, &[60.0]),
            Budget::LOOP,
        );
        assert!(planned.value() >= -1e-6, "{}", planned.value());
    }
}

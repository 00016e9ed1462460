//! Jobs: windows, whole gangs, work, shortest runs, dependencies.

use super::{Claim, Found, Rule};
use crate::inputs::{Gangs, JobInput};

/// Share of a job's work, or of a GPU, that is rounding.
const ROUNDING: f64 = 1e-6;

pub(super) fn check(claim: &Claim<'_>, found: &mut Found) {
    let courses: Vec<Course> = (0..claim.inputs.jobs.len())
        .map(|j| Course::of(claim, j))
        .collect();
    for (j, course) in courses.iter().enumerate() {
        course.check(claim, j, found);
        for before in &claim.inputs.jobs[j].after {
            waits(claim, j, course, *before, &courses[*before], found);
        }
    }
}

/// What a job does.
pub(super) struct Course {
    /// Mean GPUs per step.
    gpus: Vec<f64>,
    /// Work done per step, GPU-hours, at most what there is in all.
    pub(super) done: Vec<f64>,
    /// Work done if none of it were too much, counting each restart at the largest size.
    unbounded: f64,
}

impl Course {
    pub(super) fn of(claim: &Claim<'_>, j: usize) -> Self {
        let job = &claim.inputs.jobs[j];
        let gpus: Vec<f64> = claim.steps.iter().map(|s| s.power.jobs[j]).collect();
        let mut course = Self {
            done: vec![0.0; gpus.len()],
            unbounded: 0.0,
            gpus,
        };
        let (mut left, mut waiting) = (job.work, 0.0f64);
        for t in 0..course.gpus.len() {
            let now = course.gpus[t];
            if now <= 0.0 {
                continue;
            }
            if course.starts(job, t) {
                waiting = job.restart;
            }
            let lost = waiting.min(claim.hours(t));
            waiting -= lost;
            let work = now * (claim.hours(t) - lost);
            course.unbounded += (now * claim.hours(t) - lost * job.gangs.max().max(now)).max(0.0);
            course.done[t] = work.min(left);
            left -= course.done[t];
        }
        course
    }

    fn starts(&self, job: &JobInput, t: usize) -> bool {
        let before = match t {
            0 => f64::from(job.running),
            _ => self.gpus[t - 1],
        };
        let now = self.gpus[t];
        // Another size is a stop and a start; only the last step of the work may be run in part.
        let same =
            (now - before).abs() <= ROUNDING * before || (now < before && self.last() == Some(t));
        let divisible = matches!(job.gangs, Gangs::Divisible(_));
        now > 0.0 && (before <= 0.0 || !(same || divisible))
    }

    fn total(&self) -> f64 {
        self.done.iter().sum()
    }

    fn last(&self) -> Option<usize> {
        self.gpus.iter().rposition(|g| *g > 0.0)
    }

    fn is_done(&self, job: &JobInput) -> bool {
        self.total() >= job.work * (1.0 - ROUNDING)
    }

    fn check(&self, claim: &Claim<'_>, j: usize, found: &mut Found) {
        let job = &claim.inputs.jobs[j];
        for (t, gpus) in self.gpus.iter().enumerate() {
            if *gpus < 0.0 || (*gpus > 0.0 && !(job.first..job.end).contains(&t)) {
                found.add(Rule::Window, job.id.clone(), Some(t), gpus.abs());
            }
        }
        let beyond = claim.beyond[j];
        let most = job.beyond.min((job.work - self.total()).max(0.0));
        if beyond < -job.work * ROUNDING || beyond > most + job.work * ROUNDING {
            found.add(Rule::Work, job.id.clone(), None, (beyond - most).abs());
        }
        if self.unbounded > job.work * (1.0 + ROUNDING) {
            found.add(
                Rule::Work,
                job.id.clone(),
                self.last(),
                self.unbounded - job.work,
            );
        }
        match &job.gangs {
            Gangs::Divisible(most) => {
                for (t, gpus) in self
                    .gpus
                    .iter()
                    .enumerate()
                    .filter(|(_, g)| **g > most * (1.0 + ROUNDING))
                {
                    found.add(Rule::Gang, job.id.clone(), Some(t), gpus - most);
                }
            }
            Gangs::Sizes(sizes) => self.gangs(job, sizes, found),
        }
        self.minimum_runs(claim, job, found);
    }

    /// Whole gangs, but for one step that ends the work.
    fn gangs(&self, job: &JobInput, sizes: &[u32], found: &mut Found) {
        let mut partial = 0;
        for (t, gpus) in self.gpus.iter().enumerate() {
            let off = sizes
                .iter()
                .map(|s| (gpus - f64::from(*s)).abs())
                .fold(gpus.abs(), f64::min);
            if off <= ROUNDING * job.gangs.max() {
                continue;
            }
            partial += 1;
            let remembers = job.restart > 0.0 || job.min_run > 0.0;
            let may = partial == 1
                && *gpus < job.gangs.max()
                && self.is_done(job)
                && (!remembers || self.last() == Some(t));
            if !may {
                found.add(Rule::Gang, job.id.clone(), Some(t), off);
            }
        }
    }

    fn minimum_runs(&self, claim: &Claim<'_>, job: &JobInput, found: &mut Found) {
        if job.min_run <= 0.0 {
            return;
        }
        if job.running > 0
            && job.first == 0
            && (self.gpus[0] <= 0.0 || self.starts(job, 0))
            && job.running_hours < job.min_run - 1e-6
        {
            found.add(
                Rule::MinimumRun,
                job.id.clone(),
                Some(0),
                job.min_run - job.running_hours,
            );
        }
        let mut first = 0;
        for t in 0..self.gpus.len() {
            if self.starts(job, t) {
                first = t;
            }
            let next = t + 1;
            let ends = self.gpus[t] > 0.0
                && (self.gpus.get(next).is_none_or(|g| *g <= 0.0) || self.starts(job, next));
            if !ends || t + 1 == job.end || (self.last() == Some(t) && self.is_done(job)) {
                continue;
            }
            let before = if first == 0 && !self.starts(job, 0) {
                job.running_hours
            } else {
                0.0
            };
            let hours = before + (first..=t).map(|t| claim.hours(t)).sum::<f64>();
            if hours < job.min_run - 1e-6 {
                found.add(
                    Rule::MinimumRun,
                    job.id.clone(),
                    Some(t),
                    job.min_run - hours,
                );
            }
        }
    }
}

/// Job `j` runs only after `before` is done.
fn waits(
    claim: &Claim<'_>,
    j: usize,
    course: &Course,
    before: usize,
    earlier: &Course,
    found: &mut Found,
) {
    let Some(first) = course.gpus.iter().position(|g| *g > 0.0) else {
        return;
    };
    let done = earlier.is_done(&claim.inputs.jobs[before])
        && earlier.last().is_none_or(|last| last < first);
    if !done {
        found.add(
            Rule::Dependency,
            claim.inputs.jobs[j].id.clone(),
            Some(first),
            course.gpus[first],
        );
    }
}

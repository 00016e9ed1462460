//! Courses of one gang: the best sequences of steps and sizes through its window, all else fixed.

use std::ops::Range;

use super::Search;
use super::jobs::later;
use crate::inputs::{Gangs, JobInput};
use crate::placement::work_done;
use crate::schedule::{Run, Schedule, minimum_ends};

/// Most ways that are followed at a time.
const WAYS_MAX: usize = 300;

/// Parts of a gang's power at which its worth is computed; between them it is interpolated.
const PARTS: usize = 4;

const OFF: u16 = u16::MAX;

/// A way to the beginning of a step.
#[derive(Clone, Copy)]
struct Way {
    size: u16,
    /// First step at which it may stop.
    until: u16,
    /// Hours that the start will still take.
    lost: f64,
    /// Work left, GPU-hours.
    left: f64,
    worth: f64,
    /// Way it goes on from, in the step before.
    back: u32,
    /// Mean GPUs in the step before.
    gpus: f64,
}

/// What a step is worth to the job: per size, parts of the power from nothing on.
struct Offer {
    sizes: Vec<[f64; PARTS + 1]>,
    /// Worth of a GPU-hour of work, currency.
    work: f64,
    hours: f64,
}

impl Offer {
    /// Gain of running a share of the step at a size, work not counted.
    fn power(&self, size: usize, share: f64) -> f64 {
        let at = share * PARTS as f64;
        let low = (at as usize).min(PARTS - 1);
        let row = &self.sizes[size];
        row[low] + (at - low as f64) * (row[low + 1] - row[low])
    }
}

impl Search<'_, '_, '_> {
    /// The best courses of gang `j`, which `schedule` does not hold, each with the work
    /// left for after the horizon; at most `count`.
    pub(super) fn courses(
        &mut self,
        schedule: &Schedule,
        j: usize,
        count: usize,
    ) -> Vec<(Vec<Run>, f64)> {
        let job = &self.problem.inputs.jobs[j];
        let Gangs::Sizes(sizes) = &job.gangs else {
            return Vec::new();
        };
        let sizes: Vec<f64> = sizes.iter().map(|s| f64::from(*s)).collect();
        let window = self.window(schedule, j);
        if window.is_empty() {
            return vec![(Vec::new(), later(self.problem, self.windows, j, job.work))];
        }
        let offers = self.offers(schedule, j, &sizes, window.clone());
        let hours = &self.problem.hours[window.clone()];
        // To the end of the grid: a window narrowed for those that wait cuts no run short.
        let ends = minimum_ends(&self.problem.hours[window.start..], job.min_run);
        let mut layers: Vec<Vec<Way>> = vec![vec![beginning(job, &sizes, window.start, hours)]];
        let mut done: Vec<(f64, usize, Way)> = Vec::new();
        for (i, offer) in offers.iter().enumerate() {
            let mut next = Vec::new();
            for (at, way) in layers[i].iter().enumerate() {
                self.appraiser.spent += 1;
                extend(
                    job,
                    &sizes,
                    offer,
                    (i, &ends),
                    (at as u32, way),
                    &mut next,
                    &mut done,
                );
            }
            layers.push(thin(next, job, i + 1));
        }
        let beyond = self.windows.beyond_worth[j].max(0.0);
        let narrowed = window.end < job.end;
        for way in layers.last().into_iter().flatten() {
            if narrowed && way.size != OFF && usize::from(way.until) > offers.len() {
                continue;
            }
            let worth = way.worth + beyond * way.left.min(job.beyond);
            done.push((worth, layers.len() - 1, *way));
        }
        done.sort_by(|a, b| b.0.total_cmp(&a.0));
        self.appraiser.spent += done.len() / 8;
        // Also the best way for every last step: an early end leaves power to others.
        let (mut seen, mut kept) = (vec![false; layers.len()], 0);
        done.retain(|(_, depth, _)| {
            kept += 1;
            !std::mem::replace(&mut seen[*depth], true) || 2 * kept <= count
        });
        done.truncate(count);
        let course = |(_, depth, last): (f64, usize, Way)| {
            let mut runs = Vec::new();
            let mut way = last;
            for i in (0..depth).rev() {
                if way.gpus > 0.0 {
                    runs.push(Run {
                        step: (window.start + i) as u32,
                        gpus: way.gpus,
                    });
                }
                way = layers[i][way.back as usize];
            }
            runs.reverse();
            // A smaller gang in the last step counts as the larger one for part of it, without a
            // start.
            let mut alone = schedule.clone();
            alone.jobs[j] = runs;
            let left = job.work - work_done(self.problem, &alone, j);
            let runs = std::mem::take(&mut alone.jobs[j]);
            (runs, later(self.problem, self.windows, j, left))
        };
        done.into_iter().map(course).collect()
    }

    fn offers(
        &mut self,
        schedule: &Schedule,
        j: usize,
        sizes: &[f64],
        window: Range<usize>,
    ) -> Vec<Offer> {
        let inputs = self.problem.inputs;
        let job = &inputs.jobs[j];
        let number = self.problem.job_nodes.number[job.node];
        let mut schedule = schedule.clone();
        let mut offers = Vec::with_capacity(window.len());
        for t in window {
            let (mw, hours) = (self.problem.gpu_mw(j, t), self.problem.hours[t]);
            let (charge, others) = (self.charge(t), schedule.job_mw[number][t]);
            let nothing = self.appraiser.charged(&schedule, t, charge);
            let mut rows = Vec::with_capacity(sizes.len());
            for size in sizes {
                let mut row = [0.0; PARTS + 1];
                for (part, worth) in row.iter_mut().enumerate().skip(1) {
                    let own = size * mw * part as f64 / PARTS as f64;
                    schedule.job_mw[number][t] = others + own;
                    *worth = self.appraiser.charged(&schedule, t, charge)
                        - nothing
                        - inputs.job_adder[t] * own * hours;
                }
                rows.push(row);
            }
            schedule.job_mw[number][t] = others;
            offers.push(Offer {
                sizes: rows,
                work: job.value_in(&inputs.grid, t) + job.unmet,
                hours,
            });
        }
        offers
    }
}

/// The way that has not begun, or goes on from before the horizon.
fn beginning(job: &JobInput, sizes: &[f64], first: usize, hours: &[f64]) -> Way {
    let running = sizes.iter().position(|s| *s == f64::from(job.running));
    let mut way = Way {
        size: OFF,
        until: 0,
        lost: 0.0,
        left: job.work,
        worth: 0.0,
        back: 0,
        gpus: 0.0,
    };
    if let (Some(size), 0) = (running.filter(|_| job.running > 0), first) {
        way.size = size as u16;
        let missing = job.min_run - job.running_hours;
        if missing > 1e-9 {
            way.until = minimum_ends(hours, missing)[0] as u16;
        }
    }
    way
}

/// Every way on from `way` through step `i`; those that end the work into `done`.
fn extend(
    job: &JobInput,
    sizes: &[f64],
    offer: &Offer,
    (i, ends): (usize, &[usize]),
    (at, way): (u32, &Way),
    next: &mut Vec<Way>,
    done: &mut Vec<(f64, usize, Way)>,
) {
    let free = way.size == OFF || usize::from(way.until) <= i;
    if free {
        next.push(Way {
            size: OFF,
            until: 0,
            lost: 0.0,
            back: at,
            gpus: 0.0,
            ..*way
        });
    }
    for (k, size) in sizes.iter().enumerate() {
        let same = way.size == k as u16;
        if !same && !free {
            continue;
        }
        // Where the gang that runs could end the work in this step, it goes on for part of it
        // instead of another.
        let goes_on = (way.size != OFF && !same).then(|| sizes[usize::from(way.size)].min(*size));
        if goes_on.is_some_and(|gpus| way.left <= gpus * offer.hours) {
            continue;
        }
        let lost = if same { way.lost } else { job.restart };
        let waits = lost.min(offer.hours);
        let share = ((way.left / size + waits) / offer.hours).min(1.0);
        let work = (size * (share * offer.hours - waits)).clamp(0.0, way.left);
        let left = way.left - work;
        let ended = left <= job.work * 1e-12;
        let on = Way {
            size: k as u16,
            until: if same { way.until } else { ends[i] as u16 },
            lost: lost - waits,
            left: if ended { 0.0 } else { left },
            worth: way.worth + work * offer.work + offer.power(k, share),
            back: at,
            gpus: size * share,
        };
        if ended {
            done.push((on.worth, i + 1, on));
        } else {
            next.push(on);
        }
    }
}

/// Keeps the best of ways that differ in nothing but their worth; of more than [`WAYS_MAX`],
/// those that earn most at half the value of the work done.
fn thin(mut ways: Vec<Way>, job: &JobInput, step: usize) -> Vec<Way> {
    let remembers = job.restart > 0.0 || job.min_run > 0.0;
    for way in ways.iter_mut().filter(|_| !remembers) {
        (way.size, way.until, way.lost) = (OFF, 0, 0.0);
    }
    for way in ways.iter_mut().filter(|w| usize::from(w.until) <= step) {
        way.until = 0;
    }
    let unit = 1e-9 * job.work.max(1e-9);
    let key = |w: &Way| {
        let left = (w.left / unit).round() as i64;
        (w.size, w.until, (w.lost * 1e9) as i64, left)
    };
    ways.sort_by(|a, b| key(a).cmp(&key(b)).then(b.worth.total_cmp(&a.worth)));
    ways.dedup_by(|a, b| key(a) == key(b));
    if ways.len() > WAYS_MAX {
        let price = 0.5 * (job.value + job.unmet);
        ways.sort_by(|a, b| {
            (b.worth - price * (job.work - b.left))
                .total_cmp(&(a.worth - price * (job.work - a.left)))
        });
        ways.truncate(WAYS_MAX);
    }
    ways
}

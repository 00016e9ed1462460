//! Jobs in the program.

use highs::Col;

use super::blocks::covered;
use super::model::{Model, Terms};
use crate::inputs::{Gangs, JobInput};

/// Columns of all jobs.
pub(super) struct Jobs {
    jobs: Vec<JobColumns>,
}

struct JobColumns {
    /// Mean GPUs per step of the window.
    gpus: Vec<(usize, Col)>,
    later: Col,
    /// The work ends in this step of the window, where others wait for it or it remembers.
    ends: Vec<(usize, Col)>,
    sizes: Vec<f64>,
}

impl Jobs {
    /// Adds all jobs; `beyond` is the worth of a GPU-hour left for after the horizon.
    pub(super) fn add(model: &mut Model<'_>, beyond: &[f64]) -> Self {
        let inputs = model.inputs;
        let mut awaited = vec![false; inputs.jobs.len()];
        inputs
            .jobs
            .iter()
            .flat_map(|j| &j.after)
            .for_each(|before| awaited[*before] = true);
        let jobs: Vec<JobColumns> = inputs
            .jobs
            .iter()
            .enumerate()
            .map(|(j, job)| add_job(model, job, beyond[j], awaited[j]))
            .collect();
        for (j, job) in inputs.jobs.iter().enumerate() {
            for before in &job.after {
                waits(model, &jobs[j], job, &jobs[*before]);
            }
        }
        Self { jobs }
    }

    /// Per job its runs as `(step, mean GPUs)`, and the work left for later.
    pub(super) fn read(&self, columns: &[f64]) -> Vec<(Vec<(usize, f64)>, f64)> {
        let of = |job: &JobColumns| {
            let snapped = |gpus: f64| {
                job.sizes
                    .iter()
                    .copied()
                    .find(|s| (gpus - s).abs() < 1e-5)
                    .unwrap_or(gpus)
            };
            let runs = job
                .gpus
                .iter()
                .map(|(t, c)| (*t, snapped(columns[c.index()])))
                .filter(|(_, gpus)| *gpus > 1e-6);
            (runs.collect(), columns[job.later.index()].max(0.0))
        };
        self.jobs.iter().map(of).collect()
    }
}

/// Job `j` runs only after the step in which `before` ended its work.
fn waits(model: &mut Model<'_>, own: &JobColumns, job: &JobInput, before: &JobColumns) {
    let most = job.gangs.max();
    for (t, gpus) in &own.gpus {
        let mut terms: Terms = before
            .ends
            .iter()
            .filter(|(end, _)| end < t)
            .map(|(_, c)| (*c, -most))
            .collect();
        terms.push((*gpus, 1.0));
        model.at_most(0.0, &terms);
    }
}

fn add_job(model: &mut Model<'_>, job: &JobInput, beyond: f64, awaited: bool) -> JobColumns {
    let window: Vec<usize> = (job.first..job.end).collect();
    let gpus: Vec<(usize, Col)> = window
        .iter()
        .map(|t| (*t, add_gpus(model, job, *t)))
        .collect();
    let later = model.problem.add_column(beyond, 0.0..=job.beyond.max(0.0));
    model.add_constant(-job.unmet * job.work);
    let mut work: Terms = gpus.iter().map(|(t, c)| (*c, model.hours[*t])).collect();
    let mut columns = JobColumns {
        gpus,
        later,
        ends: Vec::new(),
        sizes: Vec::new(),
    };
    if let Gangs::Sizes(sizes) = &job.gangs {
        columns.sizes = sizes.iter().map(|s| f64::from(*s)).collect();
        gangs(model, job, awaited, &mut columns, &mut work);
    } else if awaited {
        columns.ends = ends(model, &window);
        nothing_after(model, job, &columns);
    }
    // Where the end of the work is claimed, the work is done.
    if !columns.ends.is_empty() {
        let mut done = work.clone();
        done.extend(columns.ends.iter().map(|(_, c)| (*c, -job.work)));
        model.at_least(0.0, &done);
    }
    work.push((later, 1.0));
    model.at_most(job.work, &work);
    columns
}

/// Mean GPUs in a step, with what an hour of them is worth.
fn add_gpus(model: &mut Model<'_>, job: &JobInput, t: usize) -> Col {
    let mw = job.gpu_mw * model.inputs.nodes[job.node].factor[t];
    let worth = job.value_in(&model.inputs.grid, t) + job.unmet - model.inputs.job_adder[t] * mw;
    let gpus = model
        .problem
        .add_column(worth * model.hours[t], 0.0..=job.gangs.max());
    model.load(job.node, t, gpus, mw);
    gpus
}

/// One binary per step of the window, at most one of them set.
fn ends(model: &mut Model<'_>, window: &[usize]) -> Vec<(usize, Col)> {
    let all: Vec<(usize, Col)> = window
        .iter()
        .map(|t| (*t, model.problem.add_integer_column(0.0, 0.0..=1.0)))
        .collect();
    let sum: Terms = all.iter().map(|(_, c)| (*c, 1.0)).collect();
    model.at_most(1.0, &sum);
    all
}

/// Ends of the work before step `t`, each with a factor.
fn ended_before(ends: &[(usize, Col)], t: usize, factor: f64) -> Terms {
    ends.iter()
        .filter(|(end, _)| *end < t)
        .map(|(_, c)| (*c, factor))
        .collect()
}

fn nothing_after(model: &mut Model<'_>, job: &JobInput, columns: &JobColumns) {
    let most = job.gangs.max();
    for (t, gpus) in &columns.gpus {
        let mut terms = ended_before(&columns.ends, *t, most);
        terms.push((*gpus, 1.0));
        model.at_most(most, &terms);
    }
}

/// Whole gangs, starts and shortest runs of a job; takes restarts off `work`.
fn gangs(
    model: &mut Model<'_>,
    job: &JobInput,
    awaited: bool,
    columns: &mut JobColumns,
    work: &mut Terms,
) {
    let window: Vec<usize> = columns.gpus.iter().map(|(t, _)| *t).collect();
    let remembers = job.restart > 0.0 || job.min_run > 0.0;
    let most = job.gangs.max();
    let sizes = columns.sizes.clone();
    if remembers || awaited {
        columns.ends = ends(model, &window);
    }
    // The step with part of a gang: the last one where the job remembers, else any one.
    let partial = if remembers {
        columns.ends.clone()
    } else {
        ends(model, &window)
    };
    let mut runs: Vec<Terms> = Vec::with_capacity(window.len());
    for (i, t) in window.iter().enumerate() {
        let running: Terms = sizes
            .iter()
            .map(|_| (model.problem.add_integer_column(0.0, 0.0..=1.0), 1.0))
            .collect();
        let cut = model.problem.add_column(0.0, 0.0..=most);
        model.at_most(1.0, &running);
        let mut mean: Terms = running
            .iter()
            .zip(&sizes)
            .map(|((c, _), size)| (*c, *size))
            .collect();
        mean.extend([(cut, -1.0), (columns.gpus[i].1, -1.0)]);
        model.equal(0.0, &mean);
        model.at_most(0.0, &[(cut, 1.0), (partial[i].1, -most)]);
        if remembers {
            let mut over = ended_before(&columns.ends, *t, 1.0);
            over.extend(running.iter().copied());
            model.at_most(1.0, &over);
        }
        runs.push(running);
    }
    if !remembers {
        if awaited {
            nothing_after(model, job, columns);
        }
        // A part of a gang, too, claims that the work is done.
        let mut done: Terms = work.clone();
        done.extend(partial.iter().map(|(_, c)| (*c, -job.work)));
        model.at_least(0.0, &done);
    }
    if job.restart > 0.0 {
        restarts(model, job, columns, &runs, work);
    }
    if job.min_run > 0.0 {
        minimum_runs(model, job, columns, &runs);
    }
}

/// Whether the job ran at this size just before its window, so that going on is no start.
fn runs_before(job: &JobInput, size: f64) -> bool {
    f64::from(job.running) == size && job.first == 0
}

/// Starts, at any size other than the last step's, lose their time in their first steps.
fn restarts(
    model: &mut Model<'_>,
    job: &JobInput,
    columns: &JobColumns,
    runs: &[Terms],
    work: &mut Terms,
) {
    // Loss in each step of the window from all starts before, to keep its work above zero.
    let mut lost: Vec<Terms> = vec![Terms::new(); runs.len()];
    for (i, running) in runs.iter().enumerate() {
        for (s, ((own, _), size)) in running.iter().zip(&columns.sizes).enumerate() {
            if i == 0 && runs_before(job, *size) {
                continue;
            }
            let mut loss = 0.0;
            let mut left = job.restart;
            for later in i..runs.len() {
                let at = columns.gpus[later].0;
                let hours = left.min(model.hours[at]);
                left -= hours;
                if hours > 0.0 {
                    loss += hours * (job.value_in(&model.inputs.grid, at) + job.unmet);
                }
            }
            let start = model.problem.add_column(-loss * size, 0.0..=1.0);
            let mut left = job.restart;
            for (later, terms) in lost.iter_mut().enumerate().skip(i) {
                let hours = left.min(model.hours[columns.gpus[later].0]);
                left -= hours;
                if hours > 0.0 {
                    terms.push((start, -hours * size));
                }
            }
            // A start may lose time in several steps, but stands once in the row.
            work.push((start, -(job.restart - left) * size));
            let before: Terms = if i > 0 {
                vec![runs[i - 1][s]]
            } else {
                Terms::new()
            };
            model.at_most(0.0, &[(start, 1.0), (*own, -1.0)]);
            let mut either = before.clone();
            either.push((start, 1.0));
            model.at_most(1.0, &either);
            let mut least: Terms = before;
            least.extend([(start, 1.0), (*own, -1.0)]);
            model.at_least(0.0, &least);
        }
    }
    for (i, mut terms) in lost.into_iter().enumerate() {
        let (t, gpus) = columns.gpus[i];
        terms.push((gpus, model.hours[t]));
        model.at_least(0.0, &terms);
    }
}

/// A run lasts at its size, unless the work or the window ends first.
fn minimum_runs(model: &mut Model<'_>, job: &JobInput, columns: &JobColumns, runs: &[Terms]) {
    let hours: Vec<f64> = columns.gpus.iter().map(|(t, _)| model.hours[*t]).collect();
    for (s, size) in columns.sizes.iter().enumerate() {
        let goes_on = |model: &mut Model<'_>, later: usize, start: &[(Col, f64)], least: f64| {
            let mut terms = ended_before(&columns.ends, columns.gpus[later].0, 1.0);
            terms.push(runs[later][s]);
            terms.extend(start.iter().copied());
            model.at_least(least, &terms);
        };
        for i in 0..runs.len() {
            if i == 0 && runs_before(job, *size) {
                let missing = job.min_run - job.running_hours;
                if missing > 1e-9 {
                    let held = covered(&hours, 0, missing);
                    (0..held).for_each(|later| goes_on(model, later, &[], 1.0));
                }
                continue;
            }
            // running(i) - running(i - 1) is 1 at a start.
            let mut start: Terms = vec![(runs[i][s].0, -1.0)];
            if i > 0 {
                start.push((runs[i - 1][s].0, 1.0));
            }
            for later in i + 1..covered(&hours, i, job.min_run) {
                goes_on(model, later, &start, 0.0);
            }
        }
    }
}

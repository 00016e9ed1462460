//! What a load's decision in the first step is worth to it with all other loads fixed: a first
//! guess of the change that flips it.

use std::collections::BTreeMap;

use crate::commitment;
use crate::inputs::{Gangs, PlanInputs};
use crate::market::CostStep;
use crate::plan::Planned;
use crate::schedule::{Ask, Problem, Room, area, minimum_ends};

/// One plan, with the price curves that have been computed for its loads.
pub(crate) struct Alone<'a> {
    problem: Problem<'a>,
    planned: &'a Planned,
    room: Room,
    /// Price of power without the node's jobs, by number of the node and step.
    curves: BTreeMap<(usize, usize), Vec<CostStep>>,
}

/// Work put off, per GPU-hour of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PutOff {
    /// What it earns later, less its power, currency.
    pub(crate) net: f64,
    /// Share of it that can still be done.
    pub(crate) share: f64,
}

/// A job's window of steps from the first one on.
struct Steps {
    /// Net worth of each step's work less power, currency per GPU-hour; `None` where the
    /// gang does not fit.
    net: Vec<Option<f64>>,
    /// Work of each step, GPU-hours.
    work: Vec<f64>,
    gpus: f64,
}

impl<'a> Alone<'a> {
    pub(crate) fn new(inputs: &'a PlanInputs, planned: &'a Planned) -> Self {
        Self {
            problem: Problem::new(inputs),
            planned,
            room: Room::default(),
            curves: BTreeMap::new(),
        }
    }

    /// By how much power in the first step would have to be dearer for a block of pool `m`
    /// to stop, or, with `start`, cheaper for one to start, currency per facility MWh;
    /// infinite where none may.
    pub(super) fn pool_gap(&mut self, m: usize, start: bool) -> f64 {
        let schedule = &self.planned.schedule;
        let inputs = self.problem.inputs;
        let margins = commitment::first_margins(&self.problem, schedule, m, &mut self.room);
        let pool = &inputs.pools[m];
        let lowest = self.problem.setting(m, 0, self.problem.awake_hull[m][0]).0;
        let drawn = &self.planned.first.power.blocks[m];
        let of_block = |(b, margin): (usize, &f64)| {
            let least = lowest * pool.blocks[b].devices * pool.scale[0];
            let mw = drawn[b].max(least);
            let gap = if start { -margin } else { *margin };
            (schedule.on[m][b][0] != start && mw > 0.0)
                .then(|| gap.max(0.0) / (mw * self.problem.hours[0]))
        };
        let gaps = margins.iter().enumerate().filter_map(of_block);
        gaps.fold(f64::INFINITY, f64::min)
    }

    /// By how much power in the first step would have to be dearer for job `j` not to run
    /// in it, or, where it does not, cheaper for it to run, currency per facility MWh: what
    /// the same work is worth elsewhere in its window; `None` where it does not fit.
    pub(super) fn job_gap(&mut self, j: usize, runs: bool) -> Option<f64> {
        let steps = self.steps(j, self.problem.inputs.jobs[j].end);
        let price = self.price_of_work(j, &steps, runs);
        let margin = self.margin(j, &steps, price)?;
        let gap = if runs { margin } else { -margin };
        let mw = steps.gpus * self.problem.gpu_mw(j, 0);
        Some(gap.max(0.0) / (mw * self.problem.hours[0]))
    }

    /// First step after the shortest extension (for a job that runs) or longest cut of the
    /// window of job `j` by which the best steps for its work leave out, or take in, the
    /// first step.
    pub(super) fn job_end(&mut self, j: usize, runs: bool) -> Option<usize> {
        let inputs = self.problem.inputs;
        let last = if runs {
            inputs.steps()
        } else {
            inputs.jobs[j].end
        };
        let steps = self.steps(j, last);
        let first = steps.net[0]?;
        let mut better = 0.0;
        for t in 1..last {
            if steps.net[t].is_some_and(|net| net > first) {
                better += steps.work[t];
            }
            if better >= inputs.jobs[j].work {
                // Up to here it need not run in the first step.
                return Some(if runs { t + 1 } else { t });
            }
        }
        None
    }

    /// What the work that job `j` would do before step `until` earns if it is put off:
    /// `beyond` is what a GPU-hour left for after the horizon is worth, net of power.
    pub(crate) fn put_off(&mut self, j: usize, until: usize, beyond: f64) -> PutOff {
        let job = &self.problem.inputs.jobs[j];
        let steps = self.steps(j, job.end.max(until));
        let work = self.planned.schedule.jobs[j].iter();
        let work = work.filter(|run| (run.step as usize) < until);
        let work: f64 = work
            .map(|r| r.gpus * self.problem.hours[r.step as usize])
            .sum();
        let work = work.min(job.work);
        let mut places: Vec<(f64, f64)> = (until..job.end)
            .filter_map(|t| Some((steps.net[t]?, steps.work[t])))
            .chain([(beyond, job.beyond)])
            .filter(|(net, work)| *net > 0.0 && *work > 0.0)
            .collect();
        places.sort_by(|a, b| b.0.total_cmp(&a.0));
        // The job's other work keeps the best steps; the work put off gets the next best ones.
        let (mut at, mut earned, mut kept) = (0.0, 0.0, 0.0);
        for (net, width) in places {
            let part = ((at + width).min(job.work) - f64::max(at, job.work - work)).max(0.0);
            (earned, kept) = (earned + net * part, kept + part);
            at += width;
        }
        PutOff {
            net: earned / work.max(1e-12),
            share: (kept / work.max(1e-12)).min(1.0),
        }
    }

    /// Steps `[0, end)` for the gang job `j` runs at, or its largest.
    fn steps(&mut self, j: usize, end: usize) -> Steps {
        let inputs = self.problem.inputs;
        let job = &inputs.jobs[j];
        let number = self.problem.job_nodes.number[job.node];
        let schedule = &self.planned.schedule;
        let now = self.planned.first.power.jobs[j];
        let gpus = match &job.gangs {
            Gangs::Sizes(sizes) if now > 0.0 => {
                let holds = sizes.iter().find(|s| f64::from(**s) >= now - 1e-6);
                holds.copied().map_or(job.gangs.max(), f64::from)
            }
            _ => job.gangs.max(),
        };
        let mut own = schedule.jobs[j].iter().peekable();
        let mut net = Vec::with_capacity(end);
        for t in 0..end {
            let gpu_mw = self.problem.gpu_mw(j, t);
            let mine = own.next_if(|run| run.step as usize == t);
            let mine = mine.map_or(0.0, |run| run.gpus * gpu_mw);
            let others = (schedule.job_mw[number][t] - mine).max(0.0);
            let (problem, room) = (&self.problem, &mut self.room);
            let curve = self.curves.entry((number, t)).or_insert_with(|| {
                let ask = Ask::at(job.node, inputs.nodes[job.node].limit[t]);
                let mut steps = Vec::new();
                problem.residual(schedule, t, ask.without_jobs(number), room, &mut steps);
                steps
            });
            let mw = gpus * gpu_mw;
            let cost = area(curve, others, others + mw);
            let worth = job.value_in(&inputs.grid, t) + job.unmet;
            net.push(cost.map(|c| worth - (c / mw + inputs.job_adder[t]) * gpu_mw));
        }
        let work = (0..end).map(|t| gpus * self.problem.hours[t]).collect();
        Steps { net, work, gpus }
    }

    /// What the last GPU-hour of the work earns in the best steps, or, for a job that runs
    /// in the first step, what the best step left out would earn.
    fn price_of_work(&self, j: usize, steps: &Steps, runs: bool) -> f64 {
        let job = &self.problem.inputs.jobs[j];
        let mut best: Vec<(f64, f64)> = (steps.net.iter().zip(&steps.work))
            .filter_map(|(net, work)| Some(((*net)?, *work)))
            .collect();
        best.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut left = job.work;
        let mut price = 0.0;
        for (net, work) in best {
            if left <= 1e-9 * job.work {
                return if runs { net.max(0.0) } else { price };
            }
            (left, price) = (left - work, net.max(0.0));
        }
        if left > 0.0 { 0.0 } else { price }
    }

    /// Worth of running in the first step above that of not running in it, currency, at a
    /// price of work; starts and shortest runs counted. `None` where the gang does not fit.
    fn margin(&self, j: usize, steps: &Steps, price: f64) -> Option<f64> {
        let job = &self.problem.inputs.jobs[j];
        let hours = &self.problem.hours[..steps.net.len()];
        let gain = |t: usize| match steps.net[t] {
            Some(net) => (net - price) * steps.work[t],
            None => -1e12,
        };
        let mut prefix = vec![0.0; hours.len() + 1];
        for t in 0..hours.len() {
            prefix[t + 1] = prefix[t] + gain(t);
        }
        let until = minimum_ends(hours, job.min_run);
        let (mut on, mut off) = (vec![0.0; hours.len() + 1], vec![0.0; hours.len() + 1]);
        let start = |t: usize, on: &[f64]| {
            let worth = job.value_in(&self.problem.inputs.grid, t) + job.unmet - price;
            let lost = worth.max(0.0) * steps.gpus * job.restart;
            prefix[until[t]] - prefix[t] - lost + on[until[t]]
        };
        for t in (1..hours.len()).rev() {
            on[t] = f64::max(prefix[t + 1] - prefix[t] + on[t + 1], off[t + 1]);
            off[t] = f64::max(off[t + 1], start(t, &on));
        }
        steps.net[0]?;
        let run = if job.running > 0 {
            prefix[1] + on[1]
        } else {
            start(0, &on)
        };
        Some(run - off[1])
    }
}

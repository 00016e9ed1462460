//! The prices that proved a bound, by name and time.

use std::collections::BTreeMap;

use swingload_model::TimeGrid;

use crate::bound::Prices;
use crate::demand::scale_to_charge;
use crate::inputs::{DemandInput, JobInput, PlanInputs, PoolInput, RampInput};
use crate::schedule::JobNodes;

/// Prices of a plan, to be read on another grid and for other loads.
#[derive(Debug)]
pub(super) struct CarriedPrices {
    grid: TimeGrid,
    work: BTreeMap<String, f64>,
    power: BTreeMap<String, Vec<f64>>,
    /// By node; empty where jobs bid.
    jobs: BTreeMap<String, Vec<f64>>,
    ramp: BTreeMap<String, Vec<f64>>,
    /// By charge: its months make one row.
    peak: BTreeMap<String, Vec<f64>>,
}

impl CarriedPrices {
    /// The prices of a plan of `inputs`.
    pub(super) fn new(inputs: &PlanInputs, prices: &Prices) -> Self {
        let nodes = JobNodes::new(inputs).nodes;
        let node = |n: usize| inputs.nodes[n].id.clone();
        let mut peak: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for (demand, row) in inputs.demand.iter().zip(&prices.peak) {
            let all = peak.entry(demand.id.clone()).or_default();
            all.resize(inputs.steps(), 0.0);
            all[demand.first..demand.end].copy_from_slice(row);
        }
        Self {
            grid: inputs.grid.clone(),
            work: (inputs.jobs.iter().zip(&prices.work))
                .map(|(job, price)| (job.id.clone(), *price))
                .collect(),
            power: (inputs.pools.iter().zip(&prices.power))
                .map(|(pool, row)| (pool.id.clone(), row.clone()))
                .collect(),
            jobs: (nodes.iter().zip(&prices.jobs))
                .map(|(n, row)| (node(*n), row.clone()))
                .collect(),
            ramp: (inputs.ramps.iter().zip(&prices.ramp))
                .map(|(ramp, row)| (node(ramp.node), row.clone()))
                .collect(),
            peak,
        }
    }

    /// Jobs whose work has no price yet.
    pub(super) fn unpriced(&self, inputs: &PlanInputs) -> Vec<usize> {
        let new = |j: &usize| !self.work.contains_key(&inputs.jobs[*j].id);
        (0..inputs.jobs.len()).filter(new).collect()
    }

    /// The prices on the grid of `inputs`. `None` where a pool is new, or a step of the grid
    /// lies before what was planned. Where a node has jobs that had none, all jobs bid again.
    pub(super) fn on(&self, inputs: &PlanInputs) -> Option<Prices> {
        let at: Vec<usize> = (0..inputs.steps())
            .map(|t| self.step(inputs.grid.start_s(t).midpoint(inputs.grid.end_s(t))))
            .collect::<Option<_>>()?;
        let row = |row: &Vec<f64>| at.iter().map(|t| row[*t]).collect::<Vec<f64>>();
        let power = |pool: &PoolInput| {
            let mut row = self.power.get(&pool.id).map(row)?;
            // Where no power reached the pool its price was infinite: what a device earns stands
            // in. A finite price may be higher: a block that stays on through dear hours to avoid
            // a start pays it.
            for (price, revenue) in row.iter_mut().zip(&pool.revenue) {
                if !price.is_finite() {
                    let earned = pool.points.iter().map(|(mw, ph)| revenue * ph / mw);
                    *price = earned.fold(0.0, f64::max);
                }
            }
            Some(row)
        };
        let power = inputs.pools.iter().map(power);
        let nodes = match self.jobs.is_empty() {
            true => Vec::new(),
            false => JobNodes::new(inputs).nodes,
        };
        let jobs = |n: &usize| self.jobs.get(&inputs.nodes[*n].id).map(row);
        let jobs = nodes.iter().map(jobs);
        Some(Prices {
            work: inputs.jobs.iter().map(|job| self.work(job)).collect(),
            power: power.collect::<Option<_>>()?,
            jobs: jobs.collect::<Option<_>>().unwrap_or_default(),
            ramp: (inputs.ramps.iter())
                .map(|ramp| self.ramp(inputs, ramp))
                .collect(),
            peak: (inputs.demand.iter())
                .map(|demand| self.peak(inputs, demand))
                .collect(),
        })
    }

    /// The planned step that holds Unix second `at`; behind the last one the same time of the
    /// last planned day, or the last one where less than a day was planned.
    fn step(&self, at: i64) -> Option<usize> {
        let last = self.grid.len() - 1;
        let beyond = at - self.grid.end_s(last);
        if beyond < 0 {
            return self.grid.step_at(at);
        }
        let days = beyond / DAY + 1;
        Some(self.grid.step_at(at - days * DAY).unwrap_or(last))
    }

    /// Price of a job's work, at most what the work is worth: then, and where no price is known,
    /// the job bids nothing.
    fn work(&self, job: &JobInput) -> f64 {
        let most = (job.value + job.unmet).max(0.0);
        self.work.get(&job.id).map_or(most, |price| price.min(most))
    }

    /// A boundary's price is that of the planned boundary at the same time.
    fn ramp(&self, inputs: &PlanInputs, ramp: &RampInput) -> Vec<f64> {
        let steps = inputs.steps();
        let mut prices = vec![0.0; steps + 1];
        let Some(known) = self.ramp.get(&inputs.nodes[ramp.node].id) else {
            return prices;
        };
        let first = if ramp.initial.is_some() { 0 } else { 1 };
        for (t, price) in prices.iter_mut().enumerate().take(steps).skip(first) {
            let start = inputs.grid.start_s(t);
            let at = self.grid.step_at(start);
            let at = at.filter(|at| self.grid.start_s(*at) == start);
            let found = at.map_or(0.0, |at| known[at]);
            let limit = if found > 0.0 { ramp.up } else { ramp.down };
            // An infinite limit has no price.
            *price = if limit.is_finite() { found } else { 0.0 };
        }
        prices
    }

    /// Prices of a peak, rescaled to the lengths of the steps; those of past steps drop out.
    fn peak(&self, inputs: &PlanInputs, demand: &DemandInput) -> Vec<f64> {
        let known = self.peak.get(&demand.id);
        let mut prices: Vec<f64> = (demand.first..demand.end)
            .map(|t| {
                let at = inputs.grid.start_s(t).midpoint(inputs.grid.end_s(t));
                let step = self.grid.step_at(at)?;
                Some(known?[step] * inputs.grid.hours(t) / self.grid.hours(step))
            })
            .map(|price| price.unwrap_or(0.0))
            .collect();
        scale_to_charge(&mut prices, demand.per_mw);
        prices
    }
}

/// A day, seconds: hours that were not planned yet take the prices of the day before.
const DAY: i64 = 86_400;

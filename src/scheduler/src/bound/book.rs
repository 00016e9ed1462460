//! Order books: where jobs alone couple steps, every step auctions its residual supply.
//!
//! Each step keeps its bidders in the order of their last bids. The order hardly changes from
//! one evaluation to the next, so that insertion sort costs next to nothing.

use super::{Active, Prices, Relaxed, Subgradient, mean_gpus_max};
use crate::inputs::JobInput;
use crate::placement::{Offers, Windows};
use crate::residuals::Residuals;
use crate::schedule::{Problem, Run};

/// Bidders of every step, by rising bid when they were last collected.
pub(super) struct Book<'a> {
    problem: &'a Problem<'a>,
    residuals: &'a Residuals,
    number: usize,
    active: Active,
    bidders: Vec<Bidder>,
    /// One over the facility MW per IT MW of a GPU, per step.
    per_factor: Vec<f64>,
    bids: Vec<Bid>,
}

/// What of a job's bid is the same in all steps.
struct Bidder {
    /// Worth of an IT MWh beyond the price of its work, where none of its window is late.
    worth: Option<f64>,
    /// IT MW at most.
    most_mw: f64,
    /// IT MWh of all its work, and a start.
    all_mwh: f64,
    restarts: bool,
}

impl Bidder {
    fn new(job: &JobInput, problem: &Problem<'_>, price: f64) -> Self {
        let late = job.end > job.first
            && problem.inputs.grid.start_s(job.end - 1) > job.deadline
            && job.late_per_hour > 0.0;
        Self {
            worth: (!late).then(|| (job.value.max(0.0) + job.unmet - price) / job.gpu_mw),
            most_mw: job.gangs.max() * job.gpu_mw,
            all_mwh: (job.work + job.restart * job.gangs.max()) * job.gpu_mw,
            restarts: job.restart > 0.0,
        }
    }
}

#[derive(Clone, Copy)]
struct Bid {
    job: u32,
    /// What a MWh is worth to it, currency.
    worth: f64,
    mw: f64,
}

impl<'a> Book<'a> {
    /// The jobs of node `number` against its `residuals`.
    pub(super) fn new(problem: &'a Problem<'a>, residuals: &'a Residuals, number: usize) -> Self {
        let factor = &problem.inputs.nodes[problem.job_nodes.nodes[number]].factor;
        Self {
            problem,
            residuals,
            number,
            active: Active::new(problem, |job| problem.job_nodes.number[job.node] == number),
            bidders: Vec::new(),
            per_factor: factor.iter().map(|f| 1.0 / f).collect(),
            bids: Vec::new(),
        }
    }

    /// Takes the prices of work into the bids.
    fn reprice(&mut self, prices: &Prices) {
        let jobs = self.problem.inputs.jobs.iter().zip(&prices.work);
        self.bidders = jobs
            .map(|(job, price)| Bidder::new(job, self.problem, *price))
            .collect();
    }

    /// Collects the bids of step `t` by rising worth.
    fn collect_bids(&mut self, t: usize, prices: &Prices) {
        let problem = self.problem;
        let inputs = problem.inputs;
        let (per_factor, per_hour) = (self.per_factor[t], 1.0 / problem.hours[t]);
        let factor = 1.0 / per_factor;
        let row = self.active.at_mut(t);
        self.bids.clear();
        for (i, j) in row.iter().enumerate() {
            let (j, bidder) = (*j, &self.bidders[*j as usize]);
            let worth = bidder.worth.unwrap_or_else(|| {
                let job = &inputs.jobs[j as usize];
                net(job, problem, t, prices.work[j as usize]) / job.gpu_mw
            });
            let worth = if bidder.restarts {
                worth.max(0.0)
            } else {
                worth
            };
            let bid = Bid {
                job: j,
                worth: worth * per_factor,
                mw: bidder.most_mw.min(bidder.all_mwh * per_hour) * factor,
            };
            self.bids.push(bid);
            let mut at = i;
            while at > 0 && self.bids[at - 1].worth > bid.worth {
                self.bids[at] = self.bids[at - 1];
                at -= 1;
            }
            self.bids[at] = bid;
        }
        for (place, bid) in row.iter_mut().zip(&self.bids) {
            *place = bid.job;
        }
    }

    /// Coordinate descent along each job's own price: it falls or rises until the job wins just
    /// its work against the bids of all others.
    pub(super) fn auction(&mut self, prices: &mut Prices, offers: &mut Offers) {
        self.reprice(prices);
        let problem = self.problem;
        let here =
            |(_, job): &(usize, &JobInput)| problem.job_nodes.number[job.node] == self.number;
        let jobs: Vec<(usize, &JobInput)> = problem
            .inputs
            .jobs
            .iter()
            .enumerate()
            .filter(here)
            .collect();
        for (j, job) in jobs {
            offers.clear();
            for t in job.first..job.end {
                self.collect_bids(t, prices);
                self.offer(j, t, offers);
            }
            let price = offers.price(job.work, 0.0, prices.work[j], 1e-12);
            prices.work[j] = price.of_work();
            self.bidders[j] = Bidder::new(job, self.problem, prices.work[j]);
        }
    }

    /// What the others leave job `j` in step `t`: power rises with its price, as supply
    /// comes in and other bids drop out.
    fn offer(&self, j: usize, t: usize, offers: &mut Offers) {
        let (problem, job) = (self.problem, &self.problem.inputs.jobs[j]);
        let gpu_mw = problem.gpu_mw(j, t);
        let worth = net(job, problem, t, 0.0);
        let mut left = mean_gpus_max(job, problem.hours[t]) * gpu_mw;
        let per_mw = problem.hours[t] / gpu_mw;
        let mut bids = self.bids.iter().filter(|b| b.job as usize != j).peekable();
        let own = self.bids.iter().find(|b| b.job as usize == j);
        let mut over = own.map_or(0.0, |b| b.mw) - self.bids.iter().map(|b| b.mw).sum::<f64>();
        let mut curve = self.residuals.of(t).iter().peekable();
        while left > 0.0 {
            let supply = match (curve.peek(), bids.peek()) {
                (Some(step), Some(bid)) => step.cost <= bid.worth,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => break,
            };
            let next = if supply {
                curve.next().map(|step| (step.cost, step.width))
            } else {
                bids.next().map(|bid| (bid.worth, bid.mw))
            };
            let Some((cost, mw)) = next else { break };
            over += mw;
            if over > 0.0 {
                let part = over.min(mw).min(left);
                let net = worth - cost * gpu_mw;
                if net <= 0.0 {
                    break;
                }
                offers.push(t, net, net, part * per_mw);
                left -= part;
            }
        }
    }

    /// Serves the bids of step `t` collected last, the highest first, from its residual:
    /// calls `each` with the bid, the cost per MWh and the MW taken at it. Returns the price
    /// at which the step clears, per MWh.
    fn fill(&self, t: usize, mut each: impl FnMut(&Bid, f64, f64)) -> f64 {
        let mut curve = self.residuals.of(t).iter();
        let (mut cost, mut width, mut paid) = (f64::NEG_INFINITY, 0.0, f64::NEG_INFINITY);
        for bid in self.bids.iter().rev() {
            let mut left = bid.mw;
            while left > 0.0 {
                if width <= 0.0 {
                    let Some(step) = curve.next() else {
                        return bid.worth;
                    };
                    (cost, width) = (step.cost, step.width);
                }
                if cost > bid.worth {
                    return bid.worth.max(paid);
                }
                let part = width.min(left);
                each(bid, cost, part);
                paid = cost;
                (width, left) = (width - part, left - part);
            }
        }
        paid
    }

    /// Runs that every job wins at these prices of work, up to its work, its cheapest steps
    /// first. Some win less than their work: where bids are equal, one of them wins.
    pub(super) fn assign_winners(&mut self, prices: &Prices) -> Vec<Vec<Run>> {
        self.reprice(prices);
        let problem = self.problem;
        let mut all: Vec<Vec<(f64, Run)>> = vec![Vec::new(); problem.inputs.jobs.len()];
        let mut row: Vec<(u32, f64, f64)> = Vec::new();
        for t in 0..problem.inputs.steps() {
            self.collect_bids(t, prices);
            row.clear();
            let price = self.fill(t, |bid, _, part| match row.last_mut() {
                Some((job, _, mw)) if *job == bid.job => *mw += part,
                _ => row.push((bid.job, bid.worth, part)),
            });
            for (job, worth, mw) in row.iter().filter(|(_, worth, _)| *worth > 0.0) {
                let gpu_mw = problem.gpu_mw(*job as usize, t);
                let run = Run {
                    step: t as u32,
                    gpus: mw / gpu_mw,
                };
                all[*job as usize].push(((worth - price) * gpu_mw, run));
            }
        }
        let cut = |(j, mut won): (usize, Vec<(f64, Run)>)| {
            won.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.step.cmp(&b.1.step)));
            let mut left = problem.inputs.jobs[j].work;
            let mut runs: Vec<Run> = Vec::new();
            for (_, run) in won {
                let hours = problem.hours[run.step as usize];
                let gpus = run.gpus.min(left / hours);
                if gpus <= 0.0 {
                    break;
                }
                left -= gpus * hours;
                runs.push(Run { gpus, ..run });
            }
            runs.sort_by_key(|run| run.step);
            runs
        };
        all.into_iter().enumerate().map(cut).collect()
    }

    /// The relaxed optimum at these prices.
    pub(super) fn relax(&mut self, windows: &Windows, prices: &Prices) -> Relaxed {
        let problem = self.problem;
        let inputs = problem.inputs;
        self.reprice(prices);
        let (mut bound, mut work) = super::job_constants(inputs, windows, prices);
        for t in 0..inputs.steps() {
            self.collect_bids(t, prices);
            let hours = problem.hours[t];
            let mut value = self.residuals.base(t);
            self.fill(t, |bid, cost, part| {
                // Power drawn for its own sake does no work.
                if bid.worth != 0.0 {
                    work[bid.job as usize] += part * hours / problem.gpu_mw(bid.job as usize, t);
                }
                value += part * (bid.worth - cost);
            });
            bound += hours * value;
        }
        Relaxed {
            bound,
            subgradient: Subgradient {
                work,
                power: Vec::new(),
                jobs: Vec::new(),
                peak: Vec::new(),
                ramp: Vec::new(),
            },
        }
    }
}

/// Worth of a GPU-hour of the job in step `t` beyond the price of its work, currency.
fn net(job: &JobInput, problem: &Problem<'_>, t: usize, price: f64) -> f64 {
    job.value_in(&problem.inputs.grid, t) + job.unmet - price
}

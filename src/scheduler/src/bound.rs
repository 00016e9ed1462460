//! Upper bound: no plan of these inputs is worth more.
//!
//! Lagrangian relaxation of everything that couples steps. Jobs bid for power in
//! each step's own market at the dual mu of their work; blocks of miners buy at a dual
//! lambda per pool and step and choose their best path alone; ramps and demand charges
//! enter as charges on load, at their limits' duals. The sum of the relaxed parts' optima
//! is at least the optimum, for every choice of duals (called prices below); subgradient
//! steps improve the choice, or a proximal bundle method where jobs buy.
//!
//! What is relaxed, each to something no tighter: gangs to divisible power, restarts to power
//! that a job may draw or leave, minimum runtimes and dependencies of jobs to none, limits of
//! nodes between blocks and other loads to the price lambda. Where jobs buy, gangs are whole,
//! starts are paid for, and dependencies count by the earliest end of what a job waits for.

mod book;
mod bundle;
mod descend;
mod gangs;
#[cfg(test)]
mod tests;

use book::Book;
use descend::descend;
use gangs::Buyers;

use crate::commitment;
use crate::evaluate::{root_load, unserved_constant};
use crate::inputs::{Gangs, JobInput, PlanInputs, RampInput};
use crate::market::{Cleared, CostStep, EPSILON_MW, Market, Owner, Segment};
use crate::placement::Windows;
use crate::ramp::RampedLoad;
use crate::residuals::Residuals;
use crate::schedule::{Problem, Room, Run};

/// Relative outward rounding: sums of a few million products err by far less.
const OUTWARD: f64 = 1e-10;

/// Auctions (coordinate descents along each job's own price) before subgradient steps.
const AUCTIONS: usize = 3;

/// Bids looked at in one descent along all jobs, at most: with more of them subgradient
/// steps do better for the time.
const RIVALRY_MAX: usize = 3_000_000;

/// Share of the gap that an auction must close for another to follow.
const AUCTION_GAIN_MIN: f64 = 0.1;

/// Duals of the relaxed couplings.
#[derive(Debug, Clone)]
pub struct Prices {
    /// Per job, currency per GPU-hour of work: 0 or more.
    pub work: Vec<f64>,
    /// Per pool and step, currency per MWh.
    pub power: Vec<Vec<f64>>,
    /// Per node number of jobs and step, currency per MWh, at which jobs buy power; empty where they bid for it.
    pub jobs: Vec<Vec<f64>>,
    /// Per ramp and boundary, currency per MW: positive prices the rise, negative the fall.
    pub ramp: Vec<Vec<f64>>,
    /// Per demand charge and step of its range, currency per MW; they add up to at most the charge.
    pub peak: Vec<Vec<f64>>,
}

/// The relaxed optimum at some prices: a bound and its subgradient.
#[derive(Clone)]
struct Relaxed {
    bound: f64,
    subgradient: Subgradient,
}

/// A subgradient of the bound in its prices: by how much the relaxed optimum breaks each constraint that is priced.
#[derive(Clone)]
struct Subgradient {
    /// Work done less work there is, per job, GPU-hours.
    work: Vec<f64>,
    /// Energy bought by blocks less energy sold to them, per pool and step, MWh.
    power: Vec<Vec<f64>>,
    /// The same of jobs that buy, per node number and step, MWh.
    jobs: Vec<Vec<f64>>,
    /// Per demand charge and step of its range, load less the peak so far, MW.
    peak: Vec<Vec<f64>>,
    /// Per ramp and boundary, by how much the rise (positive) or fall (negative) goes beyond
    /// its limit, MW; where the price is not zero, also (negative) by how much it stays within.
    ramp: Vec<Vec<f64>>,
}

/// What a bound is wanted for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Goal {
    /// Value of the incumbent, currency.
    pub target: f64,
    /// A bound of so much is near enough, currency; the target itself asks for the best.
    pub enough: f64,
    /// Most evaluations.
    pub iterations: usize,
}

/// A bound, and the prices that prove it.
#[derive(Debug, Clone)]
pub struct Bounded {
    /// No plan is worth more, currency.
    pub bound: f64,
    /// Where the next search may start.
    pub prices: Prices,
}

/// The best bound found, from the prices in `starts` that prove the lowest one on.
///
/// # Panics
/// When `starts` is empty.
pub fn tighten(
    problem: &Problem<'_>,
    windows: &Windows,
    mut starts: Vec<Prices>,
    goal: Goal,
    room: &mut Room,
) -> Bounded {
    let mut steps = Steps::new(problem);
    if problem.residuals.is_some() {
        // Where jobs alone couple steps they bid; carried prices may be of a plan whose jobs bought.
        starts.iter_mut().for_each(|prices| prices.jobs.clear());
    }
    let mut best = best_start(problem, windows, &mut steps, starts, room);
    let near = |relaxed: &Relaxed| relaxed.bound <= goal.enough + 1e-9 * goal.enough.abs();
    // Auctions change prices of work, which jobs that buy do not have.
    let buying = !best.1.jobs.is_empty();
    let crowded = steps.is_crowded();
    let auctions = match crowded || buying {
        true => 0,
        // One in four, rounded.
        false => AUCTIONS.min((goal.iterations + 2) / 4),
    };
    for _ in 0..auctions {
        if near(&best.0) {
            break;
        }
        let mut prices = best.1.clone();
        steps.auction(problem, &mut prices, room);
        let relaxed = steps.relax(problem, windows, &prices, room);
        let gained = best.0.bound - relaxed.bound;
        if gained > 0.0 {
            best = (relaxed, prices);
        }
        if gained <= AUCTION_GAIN_MIN * (best.0.bound - goal.target) {
            break;
        }
    }
    let searches = goal.iterations > 1 && !buying && !near(&best.0);
    if searches && problem.inputs.jobs.iter().any(has_memory) {
        // Bids leave out gangs and starts: with many bids a long search for their best prices
        // does not pay.
        if !crowded {
            let bids = Goal {
                iterations: goal.iterations / 2,
                ..goal
            };
            descend(problem, windows, &mut steps, &mut best, bids, room);
        }
        let prices = with_buying_jobs(problem, &best.1, room);
        let relaxed = steps.relax(problem, windows, &prices, room);
        if relaxed.bound < best.0.bound {
            best = (relaxed, prices);
        }
    }
    if best.1.jobs.is_empty() {
        descend(problem, windows, &mut steps, &mut best, goal, room);
    } else {
        bundle::descend(problem, windows, &mut steps, &mut best, goal, room);
    }
    let (relaxed, mut prices) = best;
    if !prices.jobs.is_empty() {
        steps.price_work(&mut prices.work);
    }
    Bounded {
        bound: relaxed.bound + OUTWARD * relaxed.bound.abs().max(1.0),
        prices,
    }
}

/// Whether a job is more than power that can be divided and moved at will.
fn has_memory(job: &JobInput) -> bool {
    job.restart > 0.0 || matches!(job.gangs, Gangs::Sizes(_))
}

/// The same prices with jobs that buy: power of their node costs what it does when they bid.
fn with_buying_jobs(problem: &Problem<'_>, prices: &Prices, room: &mut Room) -> Prices {
    let inputs = problem.inputs;
    let nodes = &problem.job_nodes.nodes;
    let mut jobs = market_prices(problem, prices, nodes, room);
    for (number, row) in jobs.iter_mut().enumerate() {
        // No job pays more than it is worth.
        let here = inputs
            .jobs
            .iter()
            .filter(|job| problem.job_nodes.number[job.node] == number);
        let top = here.map(|job| (job.value + job.unmet) / job.gpu_mw);
        let top = top.fold(0.0, f64::max);
        row.iter_mut().for_each(|price| *price = price.min(top));
    }
    Prices {
        jobs,
        ..prices.clone()
    }
}

/// Price of one more MWh at `nodes` per node and step, currency, when jobs bid at `prices`;
/// infinite where none can reach the node.
pub(crate) fn market_prices(
    problem: &Problem<'_>,
    prices: &Prices,
    nodes: &[usize],
    room: &mut Room,
) -> Vec<Vec<f64>> {
    let active = Active::new(problem, |_| true);
    let mut found = vec![Vec::with_capacity(problem.inputs.steps()); nodes.len()];
    let mut curve: Vec<CostStep> = Vec::new();
    for t in 0..problem.inputs.steps() {
        let charges = charges(problem, prices, t);
        lay_out_bids(problem, prices, &active, &charges, t, None, room);
        let cleared = clear(problem, &charges, t, room);
        debug_assert!(cleared.value.is_finite(), "bids are finite");
        for (found, node) in found.iter_mut().zip(nodes) {
            let little = 10.0 * EPSILON_MW;
            problem
                .market
                .residual(t, *node, little, &mut room.work, &mut curve);
            let charge = charge_on(problem, &charges, *node);
            found.push(
                curve
                    .first()
                    .map_or(f64::INFINITY, |step| step.cost + charge),
            );
        }
    }
    found
}

/// The runs that each job wins at these prices of work, up to its work; `None` where not only
/// jobs couple the steps.
pub fn assign_winners(problem: &Problem<'_>, prices: &Prices) -> Option<Vec<Vec<Run>>> {
    let residuals = problem.residuals.as_ref()?;
    Some(Book::new(problem, residuals, 0).assign_winners(prices))
}

/// How the relaxed steps are cleared: on residuals where jobs alone couple them, else each
/// in its own market.
enum Steps<'a> {
    Residuals(Box<Book<'a>>),
    Markets(Active, Box<Buyers>),
}

impl<'a> Steps<'a> {
    fn new(problem: &'a Problem<'a>) -> Self {
        match &problem.residuals {
            Some(residuals) => Self::Residuals(Box::new(Book::new(problem, residuals, 0))),
            None => Self::Markets(Active::new(problem, |_| true), Box::default()),
        }
    }

    /// Whether so many bids meet that subgradient steps do better than auctions.
    fn is_crowded(&self) -> bool {
        match self {
            Self::Residuals(_) => false,
            Self::Markets(active, _) => active.rivalry() > RIVALRY_MAX,
        }
    }

    /// Where jobs buy power, sets the price of each job's work to the one its own optimum was
    /// last found at.
    fn price_work(&self, work: &mut [f64]) {
        if let Self::Markets(_, buyers) = self {
            buyers.price_work(work);
        }
    }

    fn auction(&mut self, problem: &Problem<'_>, prices: &mut Prices, room: &mut Room) {
        match self {
            Self::Residuals(book) => book.auction(prices, &mut room.offers),
            Self::Markets(active, _) => auction(problem, active, prices, room),
        }
    }

    fn relax(
        &mut self,
        problem: &Problem<'_>,
        windows: &Windows,
        prices: &Prices,
        room: &mut Room,
    ) -> Relaxed {
        match self {
            Self::Residuals(book) => book.relax(windows, prices),
            Self::Markets(active, buyers) => relax(problem, active, buyers, windows, prices, room),
        }
    }
}

/// The same prices without those of ramps, where there are any: those of a course that had to
/// break its ramp are arbitrary.
pub(crate) fn without_ramps(prices: &Prices) -> Option<Prices> {
    let priced = prices.ramp.iter().flatten().any(|price| *price != 0.0);
    priced.then(|| {
        let mut without = prices.clone();
        without.ramp.iter_mut().for_each(|row| row.fill(0.0));
        without
    })
}

/// The start whose relaxed optimum is least, with that optimum.
fn best_start(
    problem: &Problem<'_>,
    windows: &Windows,
    steps: &mut Steps<'_>,
    starts: Vec<Prices>,
    room: &mut Room,
) -> (Relaxed, Prices) {
    let mut best: Option<(Relaxed, Prices)> = None;
    for prices in starts {
        let relaxed = steps.relax(problem, windows, &prices, room);
        if best
            .as_ref()
            .is_none_or(|(least, _)| least.bound.total_cmp(&relaxed.bound).is_gt())
        {
            best = Some((relaxed, prices));
        }
    }
    best.expect("invariant: there is a price to start from")
}

/// One descent along each job's own price, node by node: the bids of all other nodes stay
/// fixed while the jobs of one compete for what these leave.
fn auction(problem: &Problem<'_>, active: &Active, prices: &mut Prices, room: &mut Room) {
    let inputs = problem.inputs;
    let mut curve: Vec<CostStep> = Vec::new();
    for (number, node) in problem.job_nodes.nodes.iter().enumerate() {
        let mut residuals = Residuals::default();
        for t in 0..inputs.steps() {
            let charges = charges(problem, prices, t);
            lay_out_bids(problem, prices, active, &charges, t, Some(*node), room);
            clear(problem, &charges, t, room);
            let most = problem.most_at(*node, t);
            problem
                .market
                .residual(t, *node, most, &mut room.work, &mut curve);
            let more = inputs.job_adder[t] + charge_on(problem, &charges, *node);
            residuals.push(
                0.0,
                curve.iter().map(|s| CostStep {
                    cost: s.cost + more,
                    ..*s
                }),
            );
        }
        Book::new(problem, &residuals, number).auction(prices, &mut room.offers);
    }
}

/// The part of the bound that does not depend on the steps' markets, currency, and the part
/// of the work's subgradient that belongs to it, GPU-hours per job.
fn job_constants(inputs: &PlanInputs, windows: &Windows, prices: &Prices) -> (f64, Vec<f64>) {
    let mut bound = -unserved_constant(inputs);
    let mut work: Vec<f64> = inputs.jobs.iter().map(|j| -j.work).collect();
    for (j, job) in inputs.jobs.iter().enumerate() {
        let price = prices.work[j];
        bound += (price - job.unmet) * job.work;
        let later = windows.beyond_worth[j] - price;
        if later > 0.0 && job.beyond > 0.0 {
            bound += later * job.beyond.min(job.work);
            work[j] += job.beyond.min(job.work);
        }
    }
    (bound, work)
}

/// The relaxed optimum at these prices.
fn relax(
    problem: &Problem<'_>,
    active: &Active,
    buyers: &mut Buyers,
    windows: &Windows,
    prices: &Prices,
    room: &mut Room,
) -> Relaxed {
    let inputs = problem.inputs;
    let steps = inputs.steps();
    let sold = !prices.jobs.is_empty();
    let mut drawn = vec![vec![0.0; steps]; prices.jobs.len()];
    let (mut bound, mut work) = if sold {
        let mut bound = -unserved_constant(inputs);
        buyers.buy(problem, windows, prices, &mut bound, &mut drawn);
        (bound, vec![0.0; inputs.jobs.len()])
    } else {
        job_constants(inputs, windows, prices)
    };
    let mut power = buy_for_blocks(problem, prices, &mut bound);
    bound += ramp_constants(problem, &prices.ramp);
    for (demand, peak) in inputs.demand.iter().zip(&prices.peak) {
        bound += peak.iter().sum::<f64>() * demand.peak_so_far;
    }
    let demands = inputs.demand.iter();
    let mut peak: Vec<Vec<f64>> = demands.map(|d| vec![0.0; d.end - d.first]).collect();
    let mut loads = vec![Vec::with_capacity(steps); inputs.ramps.len()];
    for t in 0..steps {
        let charges = charges(problem, prices, t);
        lay_out_bids(problem, prices, active, &charges, t, None, room);
        let cleared = clear(problem, &charges, t, room);
        let hours = problem.hours[t];
        bound += hours * cleared.value;
        for (demand, row) in inputs.demand.iter().zip(&mut peak) {
            if (demand.first..demand.end).contains(&t) {
                row[t - demand.first] = root_load(room) - demand.peak_so_far;
            }
        }
        for (loads, ramp) in loads.iter_mut().zip(&inputs.ramps) {
            loads.push(crate::ramp::load_below(problem, ramp.node, room));
        }
        for (segment, taken) in Market::outcome(&room.work) {
            match segment.owner {
                Owner::Job(j) => {
                    let (j, job) = (j as usize, &inputs.jobs[j as usize]);
                    if bid_for(
                        job,
                        job.value_in(&inputs.grid, t) + job.unmet - prices.work[j],
                    ) != 0.0
                    {
                        work[j] += taken * hours / problem.gpu_mw(j, t);
                    }
                }
                Owner::Sale(m) if (m as usize) < inputs.pools.len() => {
                    power[m as usize][t] -= taken * hours;
                }
                Owner::Sale(m) => drawn[m as usize - inputs.pools.len()][t] -= taken * hours,
                _ => {}
            }
        }
    }
    Relaxed {
        bound,
        subgradient: Subgradient {
            work,
            power,
            jobs: drawn,
            peak,
            ramp: ramp_subgradient(problem, &prices.ramp, &loads),
        },
    }
}

/// Subgradient of ramp prices at the loads of the ramped nodes.
fn ramp_subgradient(
    problem: &Problem<'_>,
    prices: &[Vec<f64>],
    loads: &[Vec<f64>],
) -> Vec<Vec<f64>> {
    let ramps = problem.inputs.ramps.iter().zip(prices).zip(loads);
    let of = |((ramp, prices), loads): ((&RampInput, &Vec<f64>), &Vec<f64>)| {
        let mut slopes = vec![0.0; prices.len()];
        for t in 0..loads.len() {
            let before = if t > 0 {
                Some(loads[t - 1])
            } else {
                ramp.initial
            };
            // A first step without a load before it has no ramp.
            let Some(before) = before else { continue };
            let rise = loads[t] - before;
            let (up, down) = (ramp.up * problem.hours[t], ramp.down * problem.hours[t]);
            slopes[t] = match prices[t] {
                p if p > 0.0 => rise - up,
                p if p < 0.0 => rise + down,
                _ => (rise - up).max(0.0) + (rise + down).min(0.0),
            };
        }
        slopes
    };
    ramps.map(of).collect()
}

/// Lays out in `room` the bids of active jobs, all but those at the node `without`, and the
/// power sold to blocks, in step `t`.
fn lay_out_bids(
    problem: &Problem<'_>,
    prices: &Prices,
    active: &Active,
    charges: &[(usize, f64)],
    t: usize,
    without: Option<usize>,
    room: &mut Room,
) {
    let inputs = problem.inputs;
    room.fixed.clear();
    room.fixed.resize(inputs.nodes.len(), 0.0);
    room.extra.clear();
    for (number, prices) in prices.jobs.iter().enumerate() {
        let node = problem.job_nodes.nodes[number];
        let slope = prices[t] - charge_on(problem, charges, node);
        // The node can carry no more.
        room.extra.push(Segment {
            slope,
            width: problem.most_at(node, t),
            node: node as u32,
            owner: Owner::Sale((inputs.pools.len() + number) as u32),
        });
    }
    let bidders = if prices.jobs.is_empty() {
        active.at(t)
    } else {
        &[]
    };
    for j in bidders
        .iter()
        .map(|j| *j as usize)
        .filter(|j| Some(inputs.jobs[*j].node) != without)
    {
        let job = &inputs.jobs[j];
        let gpu_mw = problem.gpu_mw(j, t);
        let worth = (job.value_in(&inputs.grid, t) + job.unmet - prices.work[j]) / gpu_mw;
        let slope =
            bid_for(job, worth) - inputs.job_adder[t] - charge_on(problem, charges, job.node);
        let width = mean_gpus_max(job, problem.hours[t]) * gpu_mw;
        if width > EPSILON_MW {
            room.extra.push(Segment {
                slope,
                width,
                node: job.node as u32,
                owner: Owner::Job(j as u32),
            });
        }
    }
    for (m, pool) in inputs.pools.iter().enumerate() {
        let devices: f64 = pool.blocks.iter().map(|b| b.devices).sum::<f64>() * pool.scale[t];
        let most = problem.awake_hull[m]
            .last()
            .map_or(0.0, |p| problem.setting(m, t, *p).0)
            * devices;
        if most > EPSILON_MW {
            let slope = prices.power[m][t] - charge_on(problem, charges, pool.node);
            room.extra.push(Segment {
                slope,
                width: most,
                node: pool.node as u32,
                owner: Owner::Sale(m as u32),
            });
        }
    }
}

/// Most GPUs that a job can keep busy on average over a step of `hours`: no step draws
/// more than all of the work takes, and the start before it.
fn mean_gpus_max(job: &JobInput, hours: f64) -> f64 {
    let most = job.gangs.max();
    most.min((job.work + job.restart * most) / hours)
}

/// What a job bids for power that is worth `worth` to it, currency per MWh. Starts draw power
/// that does no work, so a job with starts may draw power at any price below zero.
fn bid_for(job: &JobInput, worth: f64) -> f64 {
    if job.restart > 0.0 {
        worth.max(0.0)
    } else {
        worth
    }
}

/// Clears the bids laid out in `room`.
fn clear(problem: &Problem<'_>, charges: &[(usize, f64)], t: usize, room: &mut Room) -> Cleared {
    if charges.is_empty() {
        problem
            .market
            .clear(t, &room.fixed, &room.extra, &mut room.work)
    } else {
        problem.market.clear_charged(
            t,
            &room.fixed,
            &room.extra,
            |node| charge_on(problem, charges, node),
            &mut room.work,
        )
    }
}

/// Charge on load at `node`, currency per MWh.
fn charge_on(problem: &Problem<'_>, charges: &[(usize, f64)], node: usize) -> f64 {
    charges
        .iter()
        .filter(|(above, _)| problem.inputs.is_below(node, *above))
        .map(|(_, c)| c)
        .sum()
}

/// Finds the blocks' own optima at the prices of power; adds their worth to `bound` and
/// returns the energy each pool buys per step, MWh.
fn buy_for_blocks(problem: &Problem<'_>, prices: &Prices, bound: &mut f64) -> Vec<Vec<f64>> {
    let inputs = problem.inputs;
    let mut power = vec![vec![0.0; inputs.steps()]; inputs.pools.len()];
    for (m, pool) in inputs.pools.iter().enumerate() {
        // Worth and power of one device that is on, per step.
        let mut worth = Vec::with_capacity(inputs.steps());
        let mut drawn = Vec::with_capacity(inputs.steps());
        for t in 0..inputs.steps() {
            let best = problem.awake_hull[m]
                .iter()
                .map(|point| problem.setting(m, t, *point))
                .map(|(mw, revenue)| (revenue - prices.power[m][t] * mw, mw))
                .max_by(|a, b| a.0.total_cmp(&b.0))
                .unwrap_or((0.0, 0.0));
            worth.push(best.0 * problem.hours[t] * pool.scale[t]);
            drawn.push(best.1 * problem.hours[t] * pool.scale[t]);
        }
        // Blocks in the same state have the same best path per device.
        let mut done: Vec<usize> = Vec::new();
        let mut results: Vec<(f64, Vec<bool>)> = Vec::new();
        for (b, block) in pool.blocks.iter().enumerate() {
            let same = done.iter().position(|d| pool.blocks[*d] == *block);
            let at = same.unwrap_or_else(|| {
                let scaled: Vec<f64> = worth.iter().map(|w| w * block.devices).collect();
                done.push(b);
                results.push(commitment::best_path(problem, m, b, &scaled));
                results.len() - 1
            });
            *bound += results[at].0;
            for (t, on) in results[at].1.iter().enumerate() {
                if *on {
                    power[m][t] += drawn[t] * block.devices;
                }
            }
        }
    }
    power
}

/// What the ramp limits are worth at their prices.
fn ramp_constants(problem: &Problem<'_>, prices: &[Vec<f64>]) -> f64 {
    let mut total = 0.0;
    for (ramp, rho) in problem.inputs.ramps.iter().zip(prices) {
        for t in 0..problem.inputs.steps() {
            let room = if rho[t] > 0.0 { ramp.up } else { ramp.down };
            if rho[t] != 0.0 {
                total += rho[t].abs() * room * problem.hours[t];
            }
        }
        total += rho[0] * ramp.initial.unwrap_or(0.0);
    }
    total
}

/// Charges on load per node in step `t`, currency per MWh.
fn charges(problem: &Problem<'_>, prices: &Prices, t: usize) -> Vec<(usize, f64)> {
    let mut all = Vec::new();
    for (ramp, rho) in problem.inputs.ramps.iter().zip(&prices.ramp) {
        let charge = (rho[t] - rho[t + 1]) / problem.hours[t];
        if charge != 0.0 {
            all.push((ramp.node, charge));
        }
    }
    for (demand, peak) in problem.inputs.demand.iter().zip(&prices.peak) {
        if (demand.first..demand.end).contains(&t) && peak[t - demand.first] != 0.0 {
            all.push((0, peak[t - demand.first] / problem.hours[t]));
        }
    }
    all
}

/// Jobs whose window holds each step.
struct Active {
    jobs: Vec<u32>,
    start: Vec<usize>,
}

impl Active {
    fn new(problem: &Problem<'_>, counts: impl Fn(&JobInput) -> bool) -> Self {
        let steps = problem.inputs.steps();
        let mut start = vec![0usize; steps + 1];
        for job in problem.inputs.jobs.iter().filter(|job| counts(job)) {
            (job.first..job.end).for_each(|t| start[t + 1] += 1);
        }
        for t in 0..steps {
            start[t + 1] += start[t];
        }
        let mut next = start.clone();
        let mut jobs = vec![0u32; start[steps]];
        let jobs_here = problem.inputs.jobs.iter().enumerate();
        for (j, job) in jobs_here.filter(|(_, job)| counts(job)) {
            for t in job.first..job.end {
                jobs[next[t]] = j as u32;
                next[t] += 1;
            }
        }
        Self { jobs, start }
    }

    /// Bids that meet when every job looks at every step of its window.
    fn rivalry(&self) -> usize {
        self.start
            .windows(2)
            .map(|w| (w[1] - w[0]) * (w[1] - w[0]))
            .sum()
    }

    fn at_mut(&mut self, t: usize) -> &mut [u32] {
        &mut self.jobs[self.start[t]..self.start[t + 1]]
    }

    fn at(&self, t: usize) -> &[u32] {
        &self.jobs[self.start[t]..self.start[t + 1]]
    }
}

/// Ramp prices of courses, zero where a ramp does not bind.
pub(crate) fn ramp_prices(ramped_loads: &[RampedLoad]) -> Vec<Vec<f64>> {
    ramped_loads.iter().map(|l| l.multiplier.clone()).collect()
}

//! The bound of a plan, and heuristics that improve the plan at the bound's duals.

use super::{Budget, Incumbent, is_divisible, solve, spread_jobs, under_caps, with_runs};
use crate::bound::{self, Bounded, Goal, Prices};
use crate::demand;
use crate::evaluate::{Evaluated, RAMP_VIOLATION, evaluate};
use crate::exchange;
use crate::inputs::PlanInputs;
use crate::market::CostStep;
use crate::placement::{self, Curves, Windows};
use crate::polish::keeps_job_rules;
use crate::ramp;
use crate::schedule::{Ask, Problem, Room, Schedule};

/// Evaluations that find the duals of the problem with divisible blocks: an auction or two.
const RELAXED_EVALUATIONS: usize = 4;

/// Steps of jobs that all exchanges of a plan look at, at most: with very many jobs, one
/// block more or less gains little for the time that placing the jobs anew takes.
const EXCHANGED_MAX: usize = 5_000_000;

/// Share of the gap that the work left out must be worth for all jobs to be placed anew.
const LEFT_OUT_MIN: f64 = 0.1;

/// Sweeps that place the work that jobs did not win.
const WINNER_SWEEPS: usize = 2;

/// Share of the gap that a job must be able to gain by displacing others.
const DISPLACEMENT_GAIN_MIN: f64 = 0.02;

/// Warm starts of the bound's duals, beside the incumbent's marginal prices.
pub(super) enum Begin<'a> {
    At(Vec<Prices>),
    /// Those of another plan; the jobs that have no price of work among them; and, where prices
    /// of power are to be found anew, the problem with divisible blocks.
    Carried(Prices, Vec<usize>, Option<Box<Problem<'a>>>),
}

/// Duals of the relaxed problem, whose blocks are divisible: with those of ramps and peaks at
/// its optimum, and without.
pub(super) fn relaxed_prices(
    problem: &Problem<'_>,
    relaxed: &Problem<'_>,
    windows: &Windows,
    spread: &Schedule,
    room: &mut Room,
) -> Vec<Prices> {
    let inputs = problem.inputs;
    let nodes: Vec<usize> = inputs.pools.iter().map(|pool| pool.node).collect();
    let free = Prices {
        power: Vec::new(),
        jobs: Vec::new(),
        ramp: (inputs.ramps.iter())
            .map(|_| vec![0.0; inputs.steps() + 1])
            .collect(),
        peak: demand::zero_peak_prices(inputs),
        work: Vec::new(),
    };
    let mut starts = Vec::new();
    if !inputs.ramps.is_empty() || !inputs.demand.is_empty() {
        let ramped_loads = ramp::ramped_loads(relaxed, spread, room);
        starts.push(Prices {
            ramp: bound::ramp_prices(&ramped_loads),
            peak: demand::peak_prices(relaxed, spread, room),
            ..free.clone()
        });
    }
    starts.push(free);
    for start in &mut starts {
        let charge = root_charges(problem, &start.peak);
        let mut curves = Curves::new(relaxed);
        start.work = placement::work_prices(relaxed, spread, &charge, &mut curves, room);
        if relaxed.residuals.is_some() {
            let goal = Goal {
                target: f64::NEG_INFINITY,
                enough: f64::NEG_INFINITY,
                iterations: RELAXED_EVALUATIONS,
            };
            *start = bound::tighten(relaxed, windows, vec![start.clone()], goal, room).prices;
        }
        start.power = bound::market_prices(relaxed, start, &nodes, room);
        for (m, row) in start.power.iter_mut().enumerate() {
            // Where no power reaches a pool, its price is what no device would pay.
            for (t, price) in row.iter_mut().enumerate() {
                *price = price.min(pool_ceiling(problem, m, t));
            }
        }
    }
    starts
}

/// The bound, from the marginal prices of the incumbent and those of `begin`.
pub(super) fn find_bound(
    problem: &Problem<'_>,
    windows: &Windows,
    best: &Incumbent,
    begin: Begin<'_>,
    budget: Budget,
    asap: f64,
    room: &mut Room,
) -> Bounded {
    let (inputs, evaluated) = (problem.inputs, &best.evaluated);
    let free = demand::zero_peak_prices(inputs);
    let mut starts = vec![prices(problem, &best.schedule, evaluated, free, room)];
    match begin {
        Begin::At(prices) => starts.extend(prices),
        Begin::Carried(mut prices, unpriced, relaxed) => {
            for j in unpriced {
                prices.work[j] = starts[0].work[j];
            }
            // Prices of power now, at the carried prices of work.
            if let Some(relaxed) = relaxed {
                let bids = Prices {
                    jobs: Vec::new(),
                    ..prices.clone()
                };
                let nodes: Vec<usize> = inputs.pools.iter().map(|pool| pool.node).collect();
                let mut power = bound::market_prices(&relaxed, &bids, &nodes, room);
                cap_unreachable(problem, &mut power);
                starts.push(Prices { power, ..bids });
            }
            starts.push(prices);
        }
    }
    if !inputs.demand.is_empty() {
        let held = under_caps(inputs, best.caps.as_deref());
        let held = Problem::new(&held);
        let peaks = demand::peak_prices(&held, &best.schedule, room);
        starts.push(prices(&held, &best.schedule, evaluated, peaks, room));
    }
    let target = bound_target(evaluated);
    let starts = starts
        .into_iter()
        .flat_map(with_and_without_ramps)
        .collect();
    let goal = Goal {
        target,
        enough: target + budget.gap * (target - asap).max(0.0),
        iterations: budget.bound,
    };
    bound::tighten(problem, windows, starts, goal, room)
}

/// Prices as they are, and without those of ramps.
fn with_and_without_ramps(prices: Prices) -> impl Iterator<Item = Prices> {
    let without = bound::without_ramps(&prices);
    std::iter::once(prices).chain(without)
}

/// Target value of the bound's step lengths: the plan's, without its penalty for broken ramps,
/// which no price could win back.
fn bound_target(evaluated: &Evaluated) -> f64 {
    evaluated.value + RAMP_VIOLATION * evaluated.ramp_excess
}

/// Whether the incumbent is as near to the bound as the budget asks, so that nothing more is tried.
fn is_near(best: &Incumbent, bounded: &Bounded, budget: Budget, asap: f64) -> bool {
    let value = best.evaluated.value;
    bounded.bound - value <= budget.gap * (value - asap).max(0.0)
}

/// Gives each job the steps it wins in the bound's auctions, where divisible jobs alone couple
/// steps, and keeps what gains: where many jobs compete, moves of single jobs end in a local
/// optimum.
pub(super) fn assign_winners(
    problem: &Problem<'_>,
    windows: &Windows,
    best: &mut Incumbent,
    bounded: &Bounded,
    budget: Budget,
    asap: f64,
    room: &mut Room,
) {
    if is_near(best, bounded, budget, asap) || !problem.inputs.jobs.iter().all(is_divisible) {
        return;
    }
    let Some(runs) = bound::assign_winners(problem, &bounded.prices) else {
        return;
    };
    let mut schedule = with_runs(problem, runs);
    let mut curves = Curves::new(problem);
    for _ in 0..WINNER_SWEEPS {
        placement::sweep(problem, &mut schedule, &mut curves, windows, 0.0, room);
    }
    keep(problem, windows, best, schedule, room);
}

/// Places all jobs anew, where they buy power in the bound, by falling dual of their work, and
/// keeps what gains: with more work than GPUs the order decides which jobs are left out, and
/// no move of a single job changes that.
pub(super) fn place_dearest_first(
    problem: &Problem<'_>,
    windows: &Windows,
    best: &mut Incumbent,
    bounded: &Bounded,
    budget: Budget,
    asap: f64,
    room: &mut Room,
) {
    let value = best.evaluated.value;
    // A plan that follows another leaves its jobs where they are.
    if is_near(best, bounded, budget, asap)
        || bounded.prices.jobs.is_empty()
        || budget.smoothing.is_empty()
    {
        return;
    }
    // Dual value of the work that is left out.
    let jobs = problem.inputs.jobs.iter().enumerate();
    let missed = jobs.map(|(j, job)| {
        let done = placement::work_done(problem, &best.schedule, j) + best.schedule.beyond[j];
        bounded.prices.work[j] * (job.work - done).max(0.0)
    });
    if missed.sum::<f64>() < LEFT_OUT_MIN * (bounded.bound - value) {
        return;
    }
    let held = under_caps(problem.inputs, best.caps.as_deref());
    let held = Problem::new(&held);
    let dearest = windows.dearest_first(problem, &bounded.prices.work);
    let spread = spread_jobs(&held, &dearest, budget, room);
    let (schedule, evaluated) = solve(&held, &dearest, spread, budget, room);
    if evaluated.value > value && keeps_job_rules(problem, &schedule) {
        (best.schedule, best.evaluated) = (schedule, evaluated);
    }
}

/// Makes a schedule the incumbent where it gains and breaks no rule of jobs.
fn keep(
    problem: &Problem<'_>,
    windows: &Windows,
    best: &mut Incumbent,
    schedule: Schedule,
    room: &mut Room,
) {
    let evaluated = evaluate(problem, &schedule, windows, room);
    if evaluated.value > best.evaluated.value && keeps_job_rules(problem, &schedule) {
        *best = Incumbent {
            schedule,
            evaluated,
            caps: None,
        };
    }
}

/// Lets jobs displace others at the bound's duals, and keeps what gains.
pub(super) fn displace_jobs(
    problem: &Problem<'_>,
    windows: &Windows,
    best: &mut Incumbent,
    bounded: &Bounded,
    budget: Budget,
    asap: f64,
    room: &mut Room,
) {
    if is_near(best, bounded, budget, asap) {
        return;
    }
    let gain_min = DISPLACEMENT_GAIN_MIN * (bounded.bound - best.evaluated.value);
    let prices = &bounded.prices.work;
    let mut curves = Curves::new(problem);
    let mut schedule = best.schedule.clone();
    if placement::displace(
        problem,
        &mut schedule,
        &mut curves,
        windows,
        prices,
        gain_min,
        room,
    ) {
        placement::sweep(problem, &mut schedule, &mut curves, windows, 0.0, room);
        schedule.adders.clear();
        keep(problem, windows, best, schedule, room);
    }
}

/// Exchanges power between blocks and jobs where the bound's prices allow it.
pub(super) fn exchange_power(
    problem: &Problem<'_>,
    windows: &Windows,
    best: &mut Incumbent,
    bounded: &Bounded,
    budget: Budget,
    asap: f64,
    room: &mut Room,
) {
    let inputs = problem.inputs;
    if is_near(best, bounded, budget, asap) || inputs.pools.is_empty() || inputs.jobs.is_empty() {
        return;
    }
    let held = under_caps(inputs, best.caps.as_deref());
    let held = Problem::new(&held);
    let tries = EXCHANGED_MAX / steps_looked_at(inputs);
    // Fewer tries would find nothing.
    if tries < exchange::PATIENCE {
        return;
    }
    let tries = budget.exchanges.min(tries);
    (best.schedule, best.evaluated) = exchange::exchange(
        &held,
        windows,
        (best.schedule.clone(), best.evaluated.clone()),
        &bounded.prices.power,
        bounded.bound,
        tries,
        room,
    );
}

/// Steps of jobs that an exchange looks at, at most.
fn steps_looked_at(inputs: &PlanInputs) -> usize {
    let windows = inputs.jobs.iter().map(|job| job.end - job.first);
    windows.sum::<usize>().max(1)
}

/// Marginal prices of the incumbent: where the bound begins.
fn prices(
    problem: &Problem<'_>,
    schedule: &Schedule,
    evaluated: &Evaluated,
    peak: Vec<Vec<f64>>,
    room: &mut Room,
) -> Prices {
    let inputs = problem.inputs;
    let charge = root_charges(problem, &peak);
    let mut curves = Curves::new(problem);
    let work = placement::work_prices(problem, schedule, &charge, &mut curves, room);
    let power = (0..inputs.pools.len())
        .map(|m| {
            (0..inputs.steps())
                .map(|t| pool_price(problem, schedule, m, t, room) + charge[t])
                .collect()
        })
        .collect();
    Prices {
        work,
        power,
        jobs: Vec::new(),
        ramp: bound::ramp_prices(&evaluated.ramped_loads),
        peak,
    }
}

/// Charges on all load per step that the prices of peaks amount to, currency per MWh.
fn root_charges(problem: &Problem<'_>, peak: &[Vec<f64>]) -> Vec<f64> {
    let mut charge = vec![0.0; problem.inputs.steps()];
    for (demand, prices) in problem.inputs.demand.iter().zip(peak) {
        for (t, price) in (demand.first..demand.end).zip(prices) {
            charge[t] += price / problem.hours[t];
        }
    }
    charge
}

/// Makes prices finite where no power reaches a pool: more than any device would pay.
fn cap_unreachable(problem: &Problem<'_>, power: &mut [Vec<f64>]) {
    for (m, row) in power.iter_mut().enumerate() {
        for (t, price) in row.iter_mut().enumerate() {
            if !price.is_finite() {
                *price = pool_ceiling(problem, m, t);
            }
        }
    }
}

/// More than any device of pool `m` would pay in step `t`, currency per MWh.
fn pool_ceiling(problem: &Problem<'_>, m: usize, t: usize) -> f64 {
    let settings = problem.awake_hull[m].iter();
    let worth = settings.map(|point| {
        let (mw, revenue) = problem.setting(m, t, *point);
        revenue / mw
    });
    2.0 * worth.fold(0.0, f64::max)
}

/// What the last watt of pool `m` costs in step `t`, or its first where it sleeps, currency
/// per MWh; no more than any of its devices would ever pay.
fn pool_price(
    problem: &Problem<'_>,
    schedule: &Schedule,
    m: usize,
    t: usize,
    room: &mut Room,
) -> f64 {
    let settings: Vec<(f64, f64)> = problem.awake_hull[m]
        .iter()
        .map(|p| problem.setting(m, t, *p))
        .collect();
    let ceiling = pool_ceiling(problem, m, t);
    let devices = schedule.awake[m][t] * problem.inputs.pools[m].scale[t];
    let mut curve: Vec<CostStep> = Vec::new();
    let most = settings.last().map_or(0.0, |s| s.0) * devices;
    problem.residual(
        schedule,
        t,
        Ask::at(problem.inputs.pools[m].node, most + 1e-3).without_pool(m),
        room,
        &mut curve,
    );
    // Awake devices draw their lowest setting, and more while it pays.
    let mut at = 0.0;
    let lowest = settings[0].0 * devices;
    let mut price = curve.first().map_or(ceiling, |s| s.cost);
    for step in &curve {
        let pays = settings
            .windows(2)
            .any(|w| (w[1].1 - w[0].1) / (w[1].0 - w[0].0) > step.cost);
        if at >= lowest && !pays {
            break;
        }
        price = if devices > 0.0 { step.cost } else { price };
        at += step.width;
    }
    price.min(ceiling)
}

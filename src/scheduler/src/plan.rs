//! `plan`: valuation, placement, commitment, demand and ramps, bound.

mod bounding;
mod in_loop;

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::asap;
use crate::bound::Prices;
use crate::commitment;
use crate::demand;
use crate::divisible;
use crate::evaluate::{Evaluated, StepOutcome, Valued, evaluate, outcome};
use crate::inputs::{Gangs, JobInput, PlanInputs};
use crate::market::CostStep;
use crate::placement::{self, Curves, SMOOTHING, Windows};
use crate::polish::{improve, jobs_breaking_rules, keeps_job_rules};
use crate::ramp;
use crate::schedule::{Ask, Problem, Room, Run, Schedule};

use bounding::{
    Begin, assign_winners, displace_jobs, exchange_power, find_bound, place_dearest_first,
    relaxed_prices,
};

pub use in_loop::plan_in_loop;

/// How much work a plan may take, in iterations, so that the same inputs give the same plan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// Smoothing of the supply curves in each sweep that spreads the jobs, as a share of their
    /// steps' widths.
    pub smoothing: &'static [f64],
    /// Rounds of commitment and exact placement in turn.
    pub rounds: usize,
    /// Most evaluations of the bound; 0 leaves it out (infinite).
    pub bound: usize,
    /// The search for a bound ends where it lies above the value by no more than this share of
    /// the value's gain over `asap`.
    pub gap: f64,
    /// Whether the value of running as soon as possible is computed.
    pub asap: bool,
    /// Whether a plan under the best monthly peaks is compared with one without caps.
    pub compare_peaks: bool,
    /// Evaluations of single steps in the local search; it serves small problems and is
    /// too small for a first try on large ones.
    pub polish: usize,
    /// Most exchanges of power between blocks and jobs that are tried.
    pub exchanges: usize,
}

impl Budget {
    /// A plan that follows another from a warm start; jobs are not spread anew.
    pub const FOLLOW: Self = Self {
        smoothing: &[],
        rounds: 2,
        ..Self::LOOP
    };
    /// A plan made once, with its certificate.
    pub const STUDY: Self = Self {
        smoothing: &SMOOTHING,
        rounds: 4,
        bound: 40,
        gap: 0.002,
        asap: true,
        compare_peaks: true,
        polish: 200_000,
        exchanges: 100,
    };
    /// A plan made afresh in a closed loop, without local search, since the next one follows
    /// soon. [`plan_in_loop`] bounds it from the last certificate's prices.
    pub const LOOP: Self = Self {
        smoothing: &SMOOTHING,
        rounds: 4,
        bound: 0,
        gap: 0.0,
        asap: false,
        compare_peaks: true,
        polish: 0,
        exchanges: 0,
    };
}

/// A plan in the planner's units.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Decisions that couple steps.
    pub schedule: Schedule,
    /// What they are worth, and the load of ramped nodes over time.
    pub evaluated: Evaluated,
    /// No plan of these inputs is worth more; infinite when not asked for.
    pub bound: f64,
    /// Value of running every job as soon as possible; negative infinity when not asked for.
    pub asap: f64,
    /// What every load draws in the first step.
    pub first: StepOutcome,
    /// Cap on the root's load per step, MW, that holds demand charges down; `None` without one.
    pub caps: Option<Vec<f64>>,
    /// Prices that prove the bound; `None` without one.
    pub prices: Option<Prices>,
    /// The budget by which [`plan`] makes this plan again from its inputs; `None` where it
    /// had a warm start, was improved further, or came from another solver.
    pub budget: Option<Budget>,
}

/// Warm start of a plan: what an earlier plan of like inputs leaves to it. The default starts
/// from nothing.
#[derive(Debug, Clone, Default)]
pub struct WarmStart {
    /// Runs of each job; `None` spreads the jobs over their windows anew.
    pub runs: Option<Vec<Vec<Run>>>,
    /// Prices (dual values) at which the bound begins.
    pub prices: Option<Prices>,
    /// Jobs that have no price of work among `prices`: they begin at their current marginal
    /// price in the new plan.
    pub unpriced: Vec<usize>,
    /// Per job, what its work cost in the earlier plan, currency per GPU-hour; NaN where
    /// unknown, empty where no job has one. Only [`plan_in_loop`] uses it.
    pub work_price: Vec<f64>,
    /// Per job, the duality gap of its place in the earlier plan: by how much it may be worse
    /// than its best, currency; NaN and empty as in `work_price`.
    pub slack: Vec<f64>,
}

impl Planned {
    /// Value over the grid, currency.
    pub fn value(&self) -> f64 {
        self.evaluated.value
    }

    /// What every load draws in step `t` of the inputs it was made from.
    pub fn outcome(&self, inputs: &PlanInputs, t: usize) -> StepOutcome {
        let inputs = under_caps(inputs, self.caps.as_deref());
        outcome(
            &Problem::new(&inputs),
            &self.schedule,
            &self.evaluated.ramped_loads,
            t,
            &mut Room::default(),
        )
    }

    /// What every load draws in every step; far cheaper than [`Planned::outcome`] for each.
    pub fn outcomes(&self, inputs: &PlanInputs) -> Vec<StepOutcome> {
        let inputs = under_caps(inputs, self.caps.as_deref());
        let (problem, mut room) = (Problem::new(&inputs), Room::default());
        (0..inputs.steps())
            .map(|t| {
                outcome(
                    &problem,
                    &self.schedule,
                    &self.evaluated.ramped_loads,
                    t,
                    &mut room,
                )
            })
            .collect()
    }
}

/// The inputs with the root's limit cut to the caps.
pub(crate) fn under_caps<'a>(inputs: &'a PlanInputs, caps: Option<&[f64]>) -> Cow<'a, PlanInputs> {
    let Some(caps) = caps else {
        return Cow::Borrowed(inputs);
    };
    let mut inputs = inputs.clone();
    inputs.nodes[0].limit.copy_from_slice(caps);
    Cow::Owned(inputs)
}

/// Per job, worth of a GPU-hour left for after the horizon, currency: value and penalty
/// less what power costs in the horizon's last quarter; 0 where none can be left.
pub fn beyond_worth(inputs: &PlanInputs) -> Vec<f64> {
    windows(&Problem::new(inputs), &mut Room::default()).beyond_worth
}

/// Chooses what every step of the horizon does. Same inputs, same plan.
pub fn plan(inputs: &PlanInputs, budget: Budget) -> Planned {
    plan_from(inputs, budget, WarmStart::default())
}

/// [`plan`] from a warm start.
pub fn plan_from(inputs: &PlanInputs, budget: Budget, start: WarmStart) -> Planned {
    let mut room = Room::default();
    let problem = Problem::new(inputs);
    let afresh = start.runs.is_none() && start.prices.is_none();
    let windows = windows(&problem, &mut room);
    // Blocks are taken as divisible while jobs are spread, and for the bound's first duals.
    let relaxed =
        (budget.bound > 0 && !inputs.pools.is_empty()).then(|| divisible::inputs(&problem));
    let relaxed = relaxed.as_ref().map(Problem::new);
    let spread = match (start.runs, &relaxed) {
        (Some(runs), _) => with_runs(&problem, runs),
        (None, Some(relaxed)) => {
            let spread = spread_jobs(relaxed, &windows, budget, &mut room);
            divisible::committable(&problem, spread)
        }
        (None, None) => spread_jobs(&problem, &windows, budget, &mut room),
    };
    let begin = match (start.prices, relaxed) {
        (Some(prices), relaxed) => Begin::Carried(prices, start.unpriced, relaxed.map(Box::new)),
        (None, Some(relaxed)) => Begin::At(relaxed_prices(
            &problem, &relaxed, &windows, &spread, &mut room,
        )),
        (None, None) => Begin::At(Vec::new()),
    };
    let mut best = find_incumbent(&problem, &windows, spread, budget, &mut room);
    if budget.asap && afresh && inputs.jobs.iter().any(|job| !is_divisible(job)) {
        // Where gangs hardly fit beside one another, sweeps at prices leave GPUs idle that
        // placing jobs in the order of deadlines fills.
        let soon = asap::schedule(&problem, &mut room);
        let other = find_incumbent(&problem, &windows, soon, budget, &mut room);
        best = better_of(&problem, best, other);
    }
    let asap = match budget.asap {
        true => as_soon_as_possible(&problem, &windows, &best, &mut room),
        false => f64::NEG_INFINITY,
    };
    let (mut bound, mut proven) = (f64::INFINITY, None);
    if budget.bound > 0 {
        let bounded = find_bound(&problem, &windows, &best, begin, budget, asap, &mut room);
        bound = bounded.bound;
        assign_winners(
            &problem, &windows, &mut best, &bounded, budget, asap, &mut room,
        );
        displace_jobs(
            &problem, &windows, &mut best, &bounded, budget, asap, &mut room,
        );
        place_dearest_first(
            &problem, &windows, &mut best, &bounded, budget, asap, &mut room,
        );
        exchange_power(
            &problem, &windows, &mut best, &bounded, budget, asap, &mut room,
        );
        proven = Some(bounded.prices);
    }
    Planned {
        prices: proven,
        budget: afresh.then_some(budget),
        ..to_planned(&problem, best, bound, asap, &mut room)
    }
}

/// The plan that an incumbent stands for, with what every load draws in its first step.
fn to_planned(
    problem: &Problem<'_>,
    best: Incumbent,
    bound: f64,
    asap: f64,
    room: &mut Room,
) -> Planned {
    let Incumbent {
        schedule,
        evaluated,
        caps,
    } = best;
    let held = under_caps(problem.inputs, caps.as_deref());
    let first = match caps {
        Some(_) => outcome(
            &Problem::new(&held),
            &schedule,
            &evaluated.ramped_loads,
            0,
            room,
        ),
        None => outcome(problem, &schedule, &evaluated.ramped_loads, 0, room),
    };
    Planned {
        schedule,
        evaluated,
        bound,
        asap,
        first,
        caps,
        prices: None,
        budget: None,
    }
}

/// The better of two plans of the same inputs: the one that breaks the rules of fewer jobs
/// (shortest runs, dependencies); else the one worth more, `one` where they are worth the same.
fn better_of(problem: &Problem<'_>, one: Incumbent, other: Incumbent) -> Incumbent {
    let broken = |plan: &Incumbent| jobs_breaking_rules(problem, &plan.schedule);
    let first = match broken(&one).cmp(&broken(&other)) {
        Ordering::Less => true,
        Ordering::Equal => one.evaluated.value >= other.evaluated.value,
        Ordering::Greater => false,
    };
    if first { one } else { other }
}

/// Whether the job may run on any part of its GPUs.
fn is_divisible(job: &JobInput) -> bool {
    matches!(job.gangs, Gangs::Divisible(_))
}

/// The best schedule so far.
struct Incumbent {
    schedule: Schedule,
    evaluated: Evaluated,
    /// Caps on the root it was made under, MW.
    caps: Option<Vec<f64>>,
}

/// The best schedule by commitment and exact placement from where the jobs are spread, with
/// the root capped at the best monthly peaks or not, and by local search from there.
fn find_incumbent(
    problem: &Problem<'_>,
    windows: &Windows,
    spread: Schedule,
    budget: Budget,
    room: &mut Room,
) -> Incumbent {
    let inputs = problem.inputs;
    let linear = problem.residuals.is_some() && inputs.jobs.iter().all(is_divisible);
    if linear || (inputs.demand.is_empty() && budget.polish == 0) {
        let (schedule, evaluated) = solve(problem, windows, spread, budget, room);
        return Incumbent {
            schedule,
            evaluated,
            caps: None,
        };
    }
    let mut best: Option<(Valued, Option<Vec<f64>>)> = None;
    let mut binds = false;
    if !inputs.demand.is_empty() {
        let (capped, caps) = under_peaks(problem, windows, &spread, budget, room);
        binds = caps_bind(problem, &capped.1, &caps);
        best = Some((capped, Some(caps)));
    }
    // Caps that do not bind cost nothing: the plan without them is the same.
    if best.is_none() || (budget.compare_peaks && binds) {
        let free = solve(problem, windows, spread.clone(), budget, room);
        // Caps can leave a job that may not stop without power.
        let holds = |(schedule, _): &Valued| {
            keeps_job_rules(problem, schedule) || !keeps_job_rules(problem, &free.0)
        };
        best = best
            .filter(|(capped, _)| capped.1.value > free.1.value && holds(capped))
            .or(Some((free, None)));
    }
    let (mut best, mut caps) =
        best.expect("invariant: without demand charges the plan is free of caps");
    if budget.polish > 0 {
        let again = |capped: &Problem<'_>, room: &mut Room| {
            solve(capped, windows, spread.clone(), budget, room)
        };
        (best, caps) = improve(inputs, windows, best, caps, budget.polish, again, room);
    }
    let (schedule, evaluated) = best;
    Incumbent {
        schedule,
        evaluated,
        caps,
    }
}

/// Whether the caps may have kept anything out: load comes as near to them as the largest
/// piece that is drawn whole.
fn caps_bind(problem: &Problem<'_>, evaluated: &Evaluated, caps: &[f64]) -> bool {
    let inputs = problem.inputs;
    let charges = inputs.demand.iter().zip(&evaluated.peaks);
    let mut met = charges.map(|(demand, peak)| {
        let mut cut = (demand.first..demand.end).filter(|t| caps[*t] < inputs.nodes[0].limit[*t]);
        cut.any(|t| *peak >= caps[t] - largest_piece(problem, t) - MET_MW)
    });
    met.any(|met| met)
}

/// The largest gang or block that draws power as a whole in step `t`, MW.
fn largest_piece(problem: &Problem<'_>, t: usize) -> f64 {
    let inputs = problem.inputs;
    let gangs = inputs
        .jobs
        .iter()
        .enumerate()
        .map(|(j, job)| match &job.gangs {
            Gangs::Divisible(_) => 0.0,
            Gangs::Sizes(_) => job.gangs.max() * problem.gpu_mw(j, t),
        });
    let pools = inputs.pools.iter().enumerate().map(|(m, pool)| {
        let devices = pool.blocks.iter().map(|block| block.devices);
        let lowest = problem.awake_hull[m].first().copied().unwrap_or_default();
        devices.fold(0.0, f64::max) * problem.setting(m, t, lowest).0
    });
    gangs.chain(pools).fold(0.0, f64::max)
}

/// Load within a watt of a cap meets it, MW.
const MET_MW: f64 = 1e-6;

/// Value of running every job as soon as possible, never more than the incumbent's where
/// that may break a limit and is no plan.
fn as_soon_as_possible(
    problem: &Problem<'_>,
    windows: &Windows,
    best: &Incumbent,
    room: &mut Room,
) -> f64 {
    let (asap, keeps_limits) = asap::value(problem, windows, room);
    if problem.inputs.ramps.is_empty() && keeps_limits {
        asap
    } else {
        asap.min(best.evaluated.value)
    }
}

/// Discount, as a share, on the worth of work left for after the horizon: jobs that are not
/// known yet will want the same hours.
const LATER_DISCOUNT: f64 = 0.1;

/// Gain of a round, as a share of the value, below which the rounds end.
const ROUND_GAIN_MIN: f64 = 1e-6;

/// Windows of the jobs, with what work left for after the horizon is worth.
fn windows(problem: &Problem<'_>, room: &mut Room) -> Windows {
    let mut windows = Windows::new(problem);
    let inputs = problem.inputs;
    if inputs.jobs.iter().all(|j| j.beyond <= 0.0) {
        return windows;
    }
    // Power beyond the horizon is taken to cost what it does in the horizon's last quarter.
    let empty = problem.empty_schedule();
    let from = inputs.steps() - inputs.steps().div_ceil(4);
    let mut steps: Vec<CostStep> = Vec::new();
    let costs: Vec<f64> = problem
        .job_nodes
        .nodes
        .iter()
        .map(|node| {
            let (mut sum, mut hours) = (0.0, 0.0);
            for t in from..inputs.steps() {
                problem.residual(&empty, t, Ask::at(*node, 1e-3), room, &mut steps);
                let cost = steps.first().map_or(0.0, |s| s.cost) + inputs.job_adder[t];
                sum += cost * inputs.nodes[*node].factor[t] * problem.hours[t];
                hours += problem.hours[t];
            }
            sum / hours
        })
        .collect();
    for (j, job) in inputs.jobs.iter().enumerate() {
        let last = inputs.steps() - 1;
        let cost = job
            .beyond_cost
            .unwrap_or_else(|| costs[problem.job_nodes.number[job.node]] * job.gpu_mw);
        let worth = job.value_in(&inputs.grid, last) + job.unmet - cost;
        let sure = if job.beyond_cost.is_some() {
            1.0
        } else {
            1.0 - LATER_DISCOUNT
        };
        windows.beyond_worth[j] = if job.beyond > 0.0 {
            sure * worth.max(0.0)
        } else {
            0.0
        };
    }
    windows
}

/// Jobs spread over their windows by smoothed sweeps, pools still divisible.
fn spread_jobs(
    problem: &Problem<'_>,
    windows: &Windows,
    budget: Budget,
    room: &mut Room,
) -> Schedule {
    let mut schedule = problem.empty_schedule();
    let mut curves = Curves::new(problem);
    for smoothing in budget.smoothing {
        placement::sweep(
            problem,
            &mut schedule,
            &mut curves,
            windows,
            *smoothing,
            room,
        );
    }
    schedule
}

/// A schedule with these runs of the jobs and no blocks on.
fn with_runs(problem: &Problem<'_>, runs: Vec<Vec<Run>>) -> Schedule {
    let mut schedule = problem.empty_schedule();
    for (j, runs) in runs.into_iter().enumerate() {
        placement::insert_job(problem, &mut schedule, j, runs);
    }
    schedule
}

/// Commitment and exact placement in turn from `schedule` on, ramps priced in; the best schedule met.
fn solve(
    problem: &Problem<'_>,
    windows: &Windows,
    schedule: Schedule,
    budget: Budget,
    room: &mut Room,
) -> Valued {
    let mut schedule = schedule;
    let mut best: Option<Valued> = None;
    if !problem.inputs.ramps.is_empty() && budget.rounds > 1 {
        schedule = without_ramps(problem, windows, schedule, budget, room);
        let evaluated = evaluate(problem, &schedule, windows, room);
        best = Some((schedule.clone(), evaluated));
        // Duality gaps found without ramps do not hold with them.
        schedule.slack.fill(f64::NAN);
    }
    schedule.relaxed = false;
    let mut curves = Curves::new(problem);
    let mut priced = false;
    for round in 0..=budget.rounds {
        let mut changed = commitment::sweep(problem, &mut schedule, room);
        curves.forget();
        changed |= placement::sweep(problem, &mut schedule, &mut curves, windows, 0.0, room);
        if round > 0 && !changed {
            break;
        }
        // Where jobs alone couple steps, the sweeps that spread them were enough.
        let alone = problem.residuals.is_some() && schedule.jobs.iter().any(|r| !r.is_empty());
        let evaluated = evaluate(problem, &schedule, windows, room);
        let binds = evaluated.ramped_loads.iter().any(|l| l.binding);
        let adders = if binds {
            ramp::adders(problem, &evaluated.ramped_loads)
        } else {
            Vec::new()
        };
        let gained = best
            .as_ref()
            .map_or(f64::INFINITY, |(_, known)| evaluated.value - known.value);
        let settled = (0.0..ROUND_GAIN_MIN * evaluated.value.abs()).contains(&gained);
        if gained > 0.0 {
            best = Some((schedule.clone(), evaluated));
        }
        if gained <= 0.0 && priced {
            break;
        }
        // One more round follows only where ramps bind that no round has priced yet.
        if (settled || alone || round + 1 >= budget.rounds) && (!binds || priced) {
            break;
        }
        priced |= binds;
        schedule.adders = adders;
    }
    let mut best = best.expect("invariant: the first round is always valued");
    best.0.adders.clear();
    best
}

/// Commitment and placement without ramps, a warm start for those with them: most ramps bind
/// in few steps.
fn without_ramps(
    problem: &Problem<'_>,
    windows: &Windows,
    schedule: Schedule,
    budget: Budget,
    room: &mut Room,
) -> Schedule {
    let mut inputs = problem.inputs.clone();
    inputs.ramps.clear();
    solve(&Problem::new(&inputs), windows, schedule, budget, room).0
}

/// Solves under the best monthly peaks; returns also the caps on the root's load, MW per step.
fn under_peaks(
    problem: &Problem<'_>,
    windows: &Windows,
    placed: &Schedule,
    budget: Budget,
    room: &mut Room,
) -> (Valued, Vec<f64>) {
    let mut inputs = demand::cap_peaks(problem, placed, room);
    let best = solve(
        &Problem::new(&inputs),
        windows,
        placed.clone(),
        budget,
        room,
    );
    (best, std::mem::take(&mut inputs.nodes[0].limit))
}

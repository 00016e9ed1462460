//! What a schedule is worth, and what every load draws under it.

use std::borrow::Cow;

use crate::build::StepPower;
use crate::commitment;
use crate::inputs::PlanInputs;
use crate::market::{EPSILON_MW, Market, Owner};
use crate::placement::{self, Windows};
use crate::ramp::{self, RampedLoad};
use crate::residuals::Residuals;
use crate::schedule::{Problem, Room, Schedule, area};

/// Loss per MW by which a ramp limit is exceeded: far above any saving, so that such schedules lose.
pub(crate) const RAMP_VIOLATION: f64 = 1e6;

/// A schedule and what it is worth.
pub(crate) type Valued = (Schedule, Evaluated);

/// What follows from a schedule: its value, loads of ramped nodes, peaks and violations.
#[derive(Debug, Clone)]
pub struct Evaluated {
    /// Value over the grid, currency.
    pub value: f64,
    /// Load of every ramped node per step, MW, in the order of the inputs' ramps.
    pub ramped_loads: Vec<RampedLoad>,
    /// Must-take power that no supply or limit could carry, MWh.
    pub overload: f64,
    /// Amount by which ramps are exceeded, MW, summed over steps.
    pub ramp_excess: f64,
    /// Highest load of the root in the steps of each demand charge, MW.
    pub peaks: Vec<f64>,
}

/// Values the schedule: the steps' optima, jobs, starts, demand charges, ramps kept.
pub fn evaluate(
    problem: &Problem<'_>,
    schedule: &Schedule,
    windows: &Windows,
    room: &mut Room,
) -> Evaluated {
    if let Some(residuals) = &problem.residuals {
        return by_residuals(problem, residuals, schedule, windows);
    }
    let plain = plain(schedule);
    let ramped_loads = ramp::ramped_loads(problem, &plain, room);
    let (mut value, mut overload) = (0.0, 0.0);
    let mut peaks = vec![0.0f64; problem.inputs.demand.len()];
    // Courses that keep their ramps by themselves come of the steps' own optima.
    let known =
        !ramped_loads.is_empty() && peaks.is_empty() && ramped_loads.iter().all(|l| !l.binding);
    for t in 0..problem.inputs.steps() {
        let cleared = match known {
            true => room.cleared[t],
            false => ramp::clear_at(problem, &plain, &ramped_loads, t, room),
        };
        value += problem.hours[t] * (cleared.value + lowest_settings(problem, &plain, t));
        overload += problem.hours[t] * cleared.overload;
        for (peak, demand) in peaks.iter_mut().zip(&problem.inputs.demand) {
            if (demand.first..demand.end).contains(&t) {
                *peak = peak.max(root_load(room));
            }
        }
    }
    for (peak, demand) in peaks.iter().zip(&problem.inputs.demand) {
        value -= demand.per_mw * (peak - demand.peak_so_far).max(0.0);
    }
    value -= unserved_constant(problem.inputs);
    value += placement::value(problem, schedule, windows);
    value -= commitment::start_costs(problem, schedule);
    let ramp_excess = ramped_loads.iter().map(|l| l.excess).sum();
    value -= RAMP_VIOLATION * ramp_excess;
    value -= crate::inputs::MUST_TAKE_VALUE * overload;
    Evaluated {
        value,
        ramped_loads,
        overload,
        ramp_excess,
        peaks,
    }
}

/// The schedule without adders: they steer decisions, and are worth nothing.
fn plain(schedule: &Schedule) -> Cow<'_, Schedule> {
    if schedule.adders.is_empty() {
        return Cow::Borrowed(schedule);
    }
    Cow::Owned(Schedule {
        adders: Vec::new(),
        ..schedule.clone()
    })
}

/// Values the schedule where jobs alone couple steps.
fn by_residuals(
    problem: &Problem<'_>,
    residuals: &Residuals,
    schedule: &Schedule,
    windows: &Windows,
) -> Evaluated {
    let (mut value, mut overload) = (-unserved_constant(problem.inputs), 0.0);
    for (t, mw) in schedule.job_mw[0].iter().enumerate() {
        let curve = residuals.of(t);
        let room: f64 = curve.iter().map(|step| step.width).sum();
        let carried = mw.min(room);
        let cost = area(curve, 0.0, carried).unwrap_or(0.0);
        // Adders on training are counted with the jobs.
        let adder = problem.inputs.job_adder[t] * carried;
        value += problem.hours[t] * (residuals.base(t) - cost + adder);
        if mw - carried > EPSILON_MW {
            overload += problem.hours[t] * (mw - carried);
        }
    }
    value += placement::value(problem, schedule, windows);
    value -= crate::inputs::MUST_TAKE_VALUE * overload;
    Evaluated {
        value,
        ramped_loads: Vec::new(),
        overload,
        ramp_excess: 0.0,
        peaks: Vec::new(),
    }
}

/// Penalties of all tiers as if nothing were served; serving earns them back.
pub(crate) fn unserved_constant(inputs: &PlanInputs) -> f64 {
    let mut total = 0.0;
    for tier in inputs.stacks.iter().flat_map(|s| &s.tiers) {
        for t in 0..inputs.steps() {
            total += tier.penalty[t] * tier.mw[t] * inputs.grid.hours(t);
        }
    }
    total
}

/// Revenue per hour of the lowest setting of all blocks that are on.
fn lowest_settings(problem: &Problem<'_>, schedule: &Schedule, t: usize) -> f64 {
    if schedule.relaxed {
        return 0.0;
    }
    let lowest = |m: usize| problem.setting(m, t, problem.awake_hull[m][0]).1;
    problem
        .inputs
        .pools
        .iter()
        .enumerate()
        .map(|(m, pool)| lowest(m) * schedule.awake[m][t] * pool.scale[t])
        .sum()
}

/// Facility power of all loads after clearing, MW: what all supply delivers.
pub(crate) fn root_load(room: &Room) -> f64 {
    Market::outcome(&room.work)
        .filter(|(s, _)| matches!(s.owner, Owner::Supply(_)))
        .map(|(s, taken)| s.width - taken)
        .sum()
}

/// Power of every load and supply in step `t`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepOutcome {
    /// Loads.
    pub power: StepPower,
    /// Served power of each tier of each stack, MW.
    pub tiers: Vec<Vec<f64>>,
    /// Power of each supply of the inputs, MW.
    pub supply: Vec<f64>,
    /// Price of one more MWh at each node, currency; infinite where none can reach it.
    pub marginal: Vec<f64>,
}

/// What every load draws in step `t`.
pub fn outcome(
    problem: &Problem<'_>,
    schedule: &Schedule,
    ramped_loads: &[RampedLoad],
    t: usize,
    room: &mut Room,
) -> StepOutcome {
    let inputs = problem.inputs;
    // Adders steer decisions; what loads draw follows from the decisions alone.
    debug_assert!(
        schedule.adders.is_empty(),
        "a finished schedule carries no adders"
    );
    ramp::clear_at(problem, schedule, ramped_loads, t, room);
    let mut outcome = StepOutcome {
        power: StepPower {
            stacks: vec![0.0; inputs.stacks.len()],
            blocks: inputs
                .pools
                .iter()
                .map(|p| vec![0.0; p.blocks.len()])
                .collect(),
            jobs: vec![0.0; inputs.jobs.len()],
        },
        tiers: inputs
            .stacks
            .iter()
            .map(|s| vec![0.0; s.tiers.len()])
            .collect(),
        supply: vec![0.0; inputs.supplies.len()],
        marginal: Vec::new(),
    };
    // Power of each pool above what its blocks must draw.
    let mut pools = vec![0.0; inputs.pools.len()];
    let mut add = |owner: Owner, mw: f64, outcome: &mut StepOutcome| match owner {
        Owner::Stack(i, j) => {
            outcome.power.stacks[i as usize] += mw;
            outcome.tiers[i as usize][j as usize] += mw;
        }
        Owner::Pool(m) => pools[m as usize] += mw,
        _ => {}
    };
    for (segment, taken) in Market::outcome(&room.work) {
        match segment.owner {
            Owner::Supply(s) => outcome.supply[s as usize] += segment.width - taken,
            owner => add(owner, taken, &mut outcome),
        }
    }
    for (segment, taken) in ramp::held(room) {
        add(segment.owner, *taken, &mut outcome);
    }
    for (m, pool) in inputs.pools.iter().enumerate() {
        let lowest = problem.setting(m, t, problem.awake_hull[m][0]).0 * pool.scale[t];
        for (b, block) in pool
            .blocks
            .iter()
            .enumerate()
            .filter(|(b, _)| schedule.on[m][*b][t])
        {
            // Devices are alike, so awake ones share what the pool draws.
            outcome.power.blocks[m][b] = block.devices * (lowest + pools[m] / schedule.awake[m][t]);
        }
    }
    for (j, runs) in schedule.jobs.iter().enumerate() {
        if let Ok(at) = runs.binary_search_by_key(&(t as u32), |r| r.step) {
            outcome.power.jobs[j] = runs[at].gpus;
        }
    }
    let mut steps = Vec::new();
    for node in 0..inputs.nodes.len() {
        ramp::clear_at(problem, schedule, ramped_loads, t, room);
        problem
            .market
            .residual(t, node, 10.0 * EPSILON_MW, &mut room.work, &mut steps);
        outcome
            .marginal
            .push(steps.first().map_or(f64::INFINITY, |s| s.cost));
    }
    outcome
}

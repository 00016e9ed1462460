//! Shed ladder: what to drop in the first step of a plan, cheapest first within each
//! response time.
//!
//! Rungs are marginal steps, not whole loads: settings of miners from the top down and then
//! their sleep, value steps of inference, a cap on a gang, its smaller sizes and its
//! suspension. A load's own steps keep their order; a step that is cheap behind a dear one
//! moves up with it, at the mean of both.
//!
//! A rung costs what its power would earn, less what it costs: the dearest supply is saved
//! first, so the saving falls along the ladder. Work of a job that can be done later is put
//! off and not lost. Overheads and idle watts are on no rung: nothing frees them.

mod jobs;
#[cfg(test)]
mod tests;

use swingload_model::plan::{Response, ShedBy, ShedRung};
use swingload_model::site::{Site, Use};
use swingload_model::units::{Money, Power};

use crate::build::Built;
use crate::commitment;
use crate::inputs::{MUST_TAKE_VALUE, PlanInputs, StackInput};
use crate::plan::Planned;
use crate::schedule::Problem;
use crate::state::JobState;

pub use jobs::Gang;

/// Time in which miners sleep or are underclocked, s.
///
/// # Source
/// Vendors name 5 to 10 s for sleep (Luxor) and about 1 s for a fast power step (MicroBT).
const MINERS_S: i64 = 10;

/// Time in which caps, smaller gangs and sleeping replicas free their watts, s.
///
/// # Source
/// A trial with 96 Blackwell Ultra freed more than 30 % within 30 s.
const CAPS_S: i64 = 30;

/// Time in which firm load is cut, s: breakers are fast, and people are warned first.
const FIRM_S: i64 = 60;

/// Rungs of the plan's first step. `jobs` is the controller's list, `hours` how long the
/// shed is expected to last: what a stop costs once is spread over it. `None` where a cost
/// cannot be counted.
pub(crate) fn ladder(
    site: &Site,
    jobs: &[JobState],
    built: &Built,
    planned: &Planned,
    hours: f64,
) -> Option<Vec<ShedRung>> {
    let now = built.inputs.grid.start_s(0);
    let gangs: Vec<Gang> = built
        .job
        .iter()
        .map(|position| Gang::new(site, &jobs[*position], now))
        .collect();
    rungs(built, planned, &gangs, hours)
}

/// `ladder` of jobs that are stopped as `gangs` says, one per job of the inputs.
pub fn rungs(
    built: &Built,
    planned: &Planned,
    gangs: &[Gang],
    hours: f64,
) -> Option<Vec<ShedRung>> {
    let inputs = &built.inputs;
    // At least the step the plan was made for.
    let hours = hours.max(inputs.grid.hours(0));
    let mut chains: Vec<Vec<Step>> = Vec::new();
    for (s, stack) in inputs.stacks.iter().enumerate() {
        chains.push(of_stack(stack, &planned.first.tiers[s]));
    }
    let problem = Problem::new(inputs);
    for m in 0..inputs.pools.len() {
        chains.push(of_pool(&problem, planned, m, hours));
    }
    chains.extend(jobs::steps(inputs, planned, gangs, hours));
    // Whole watts of every load add up to all it draws.
    for chain in &mut chains {
        let (mut mw, mut watts) = (0.0, 0);
        for step in chain.iter_mut() {
            mw += step.mw;
            let all = (mw * 1e6 + 1e-6).floor() as i64;
            step.frees = Power::new(all - watts);
            watts = all;
        }
        chain.retain(|step| step.frees > Power::ZERO);
    }
    to_rungs(in_order(chains), inputs, planned)
}

/// A step of a load, not yet in its place.
#[derive(Debug, Clone)]
struct Step {
    response: Response,
    response_s: i64,
    load: String,
    used_for: Use,
    by: ShedBy,
    mw: f64,
    frees: Power,
    /// What its power earns, currency per facility MWh, nothing saved yet.
    worth: f64,
    /// Part of that which is put off.
    put_off: f64,
}

/// Steps of all loads: by response time, then by worth as far as each load's order allows.
fn in_order(chains: Vec<Vec<Step>>) -> Vec<Step> {
    // Stretches of a chain within one response time whose mean worth rises along it.
    let mut stretches: Vec<(Response, f64, Vec<Step>)> = Vec::new();
    for chain in chains {
        let first = stretches.len();
        for step in chain {
            stretches.push((step.response, step.worth, vec![step]));
            while stretches.len() > first + 1 {
                let last = &stretches[stretches.len() - 1];
                let before = &stretches[stretches.len() - 2];
                if before.0 != last.0 || before.1 <= last.1 {
                    break;
                }
                let last = stretches.pop().expect("invariant: there are two").2;
                let before = stretches.last_mut().expect("invariant: there are two");
                before.2.extend(last);
                let mw: f64 = before.2.iter().map(|s| s.mw).sum();
                before.1 = before.2.iter().map(|s| s.worth * s.mw).sum::<f64>() / mw;
            }
        }
    }
    stretches.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    stretches.into_iter().flat_map(|s| s.2).collect()
}

/// Takes off what each step saves: the dearest supply that still runs.
fn to_rungs(steps: Vec<Step>, inputs: &PlanInputs, planned: &Planned) -> Option<Vec<ShedRung>> {
    let running = inputs.supplies.iter().zip(&planned.first.supply);
    let mut supplies: Vec<(f64, f64)> = running
        .filter(|(_, mw)| **mw > 0.0)
        .map(|(supply, mw)| (supply.cost[0], *mw))
        .collect();
    supplies.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut saved = |mw: f64| {
        let (mut left, mut sum) = (mw, 0.0);
        while let Some((cost, running)) = supplies.last_mut() {
            let part = left.min(*running);
            sum += cost.to_owned() * part;
            (left, *running) = (left - part, *running - part);
            if left <= 0.0 {
                break;
            }
            supplies.pop();
        }
        sum / mw
    };
    let per_kwh = |per_mwh: f64| Money::checked(per_mwh / 1e3);
    steps
        .into_iter()
        .map(|step| {
            Some(ShedRung {
                response: step.response,
                response_s: step.response_s,
                cost_per_kwh: per_kwh(step.worth - saved(step.mw))?,
                deferred_per_kwh: per_kwh(step.put_off)?,
                load: step.load,
                used_for: step.used_for,
                by: step.by,
                frees: step.frees,
            })
        })
        .collect()
}

/// Value steps from the last served one down; overheads have none.
fn of_stack(stack: &StackInput, served: &[f64]) -> Vec<Step> {
    if stack.used_for == Use::Overhead {
        return Vec::new();
    }
    let tiers = stack.tiers.iter().zip(served).enumerate().rev();
    tiers
        .filter(|(_, (tier, mw))| **mw > 0.0 && tier.value[0] < MUST_TAKE_VALUE)
        .map(|(k, (tier, mw))| {
            let (response, response_s, by) = match stack.used_for {
                _ if tier.must_serve => (Response::Firm, FIRM_S, ShedBy::Stop),
                Use::Hashing if k > 0 => (Response::Seconds, MINERS_S, ShedBy::Underclock),
                Use::Hashing => (Response::Seconds, MINERS_S, ShedBy::Sleep),
                _ => (Response::Cap, CAPS_S, ShedBy::Sleep),
            };
            Step {
                response,
                response_s,
                load: stack.id.clone(),
                used_for: stack.used_for,
                by,
                mw: *mw,
                frees: Power::ZERO,
                worth: tier.value[0],
                put_off: 0.0,
            }
        })
        .collect()
}

/// Settings of awake miners from the top down, then the sleep of one block after another.
fn of_pool(problem: &Problem<'_>, planned: &Planned, m: usize, hours: f64) -> Vec<Step> {
    let inputs = problem.inputs;
    let pool = &inputs.pools[m];
    let on = |b: usize| planned.schedule.on[m][b][0];
    let awake: f64 = (pool.blocks.iter().enumerate())
        .filter(|(b, _)| on(*b))
        .map(|(_, block)| block.devices * pool.scale[0])
        .sum();
    if awake <= 0.0 {
        return Vec::new();
    }
    let step = |by: ShedBy, mw: f64, worth: f64| Step {
        response: Response::Seconds,
        response_s: MINERS_S,
        load: pool.id.clone(),
        used_for: Use::Hashing,
        by,
        mw,
        frees: Power::ZERO,
        worth,
        put_off: 0.0,
    };
    let settings: Vec<(f64, f64)> = problem.awake_hull[m]
        .iter()
        .map(|p| problem.setting(m, 0, *p))
        .collect();
    let drawn = planned.first.power.blocks[m].iter().sum::<f64>() / awake;
    let mut steps: Vec<Step> = settings
        .windows(2)
        .rev()
        .filter(|w| drawn > w[0].0 + 1e-12)
        .map(|w| {
            let mw = (drawn.min(w[1].0) - w[0].0) * awake;
            let worth = (w[1].1 - w[0].1) / (w[1].0 - w[0].0);
            step(ShedBy::Underclock, mw, worth)
        })
        .collect();
    // Asleep, a block waits out its shortest time off, and pays for its next start.
    let after = inputs.grid.start_s(0) + (hours.max(pool.min_off) * 3600.0) as i64;
    let after = inputs.grid.step_at(after).unwrap_or(inputs.steps() - 1);
    let (lowest, revenue) = settings[0];
    for (b, block) in pool.blocks.iter().enumerate().filter(|(b, _)| on(*b)) {
        let mw = lowest * block.devices * pool.scale[0];
        let restarts = planned.schedule.on[m][b][after];
        let once = if restarts {
            commitment::start_losses(problem, m, b)[after]
        } else {
            0.0
        };
        // What it would earn above its power in the time it must stay off beyond the shed.
        let price = planned.first.marginal[pool.node];
        let price = if price.is_finite() { price } else { 0.0 };
        let longer = (pool.min_off - hours).max(0.0) * (revenue / lowest - price).max(0.0);
        let worth = revenue / lowest + longer / hours + once / (mw * hours).max(1e-12);
        steps.push(step(ShedBy::Sleep, mw, worth));
    }
    steps
}

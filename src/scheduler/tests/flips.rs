//! Every change that is said to turn a decision is made, and turns it; half of it does not.

#[allow(
    dead_code,
    reason = "prices and bounds of the shared problems are not needed here"
)]
mod common;

use std::collections::BTreeMap;

use common::small::built;
use swingload_model::plan::{Flip, Quantity, ReasonCode, Turn};
use swingload_scheduler::build::{Built, StepPower};
use swingload_scheduler::check::check_reasons;
use swingload_scheduler::dispatch::{DispatchReason, LoadRef};
use swingload_scheduler::explain::{flips, reasons};
use swingload_scheduler::inputs::PlanInputs;
use swingload_scheduler::plan::{Budget, Planned, WarmStart, plan, plan_from};

/// Two sites like those of [`common::instance`] behind one connection, the second one's
/// loads worth a little less; jobs of both are released at once or soon.
fn two_sites(seed: u64) -> PlanInputs {
    let mut inputs = common::instance(seed);
    let own = inputs.nodes.len() - 1;
    let there = |node: usize| if node == 0 { 0 } else { node + own };
    for n in 1..=own {
        let mut node = inputs.nodes[n].clone();
        node.id = format!("far {}", node.id);
        node.parent = node.parent.map(there);
        inputs.nodes.push(node);
    }
    inputs.nodes[0].limit.iter_mut().for_each(|l| *l *= 1.4);
    for ramp in &mut inputs.ramps {
        (ramp.up, ramp.down) = (1.4 * ramp.up, 1.4 * ramp.down);
        ramp.initial = None;
    }
    for s in 0..inputs.stacks.len() {
        let mut stack = inputs.stacks[s].clone();
        (stack.id, stack.node) = (format!("far {}", stack.id), there(stack.node));
        for tier in &mut stack.tiers {
            tier.value.iter_mut().for_each(|v| *v *= 0.93);
        }
        inputs.stacks.push(stack);
    }
    for m in 0..inputs.pools.len() {
        let mut pool = inputs.pools[m].clone();
        (pool.id, pool.node) = (format!("far {}", pool.id), there(pool.node));
        pool.revenue.iter_mut().for_each(|r| *r *= 0.9);
        inputs.pools.push(pool);
    }
    for j in 0..inputs.jobs.len() {
        inputs.jobs[j].first = (j % 2) * (seed as usize % 3);
        let mut job = inputs.jobs[j].clone();
        (job.id, job.node) = (format!("far {}", job.id), there(job.node));
        (job.value, job.work) = (0.8 * job.value, 0.6 * job.work);
        job.after.clear();
        inputs.jobs.push(job);
    }
    inputs
}

/// The share of a change, 1 for all of it, applied to the inputs by its name alone.
fn applied(inputs: &PlanInputs, flip: &Flip, share: f64) -> PlanInputs {
    let mut inputs = inputs.clone();
    let by = share * (flip.at - flip.now);
    let job = inputs.jobs.iter().position(|j| j.id == flip.of);
    match flip.quantity {
        Quantity::PowerPrice => {
            assert!(inputs.nodes.iter().any(|n| n.id == flip.of));
            inputs.supplies.iter_mut().for_each(|s| s.cost[0] += by);
        }
        Quantity::LoadValue => {
            let stack = inputs.stacks.iter_mut().find(|s| s.id == flip.of);
            let pool = inputs.pools.iter_mut().find(|p| p.id == flip.of);
            match (stack, pool) {
                (Some(stack), None) => stack.tiers.iter_mut().for_each(|t| t.value[0] += by),
                (None, Some(pool)) => pool.adder[0] -= by,
                _ => panic!("one load has the name {}", flip.of),
            }
        }
        Quantity::JobValue => inputs.jobs[job.expect("a job")].value += by,
        Quantity::NodeLimit => {
            let node = inputs.nodes.iter_mut().find(|n| n.id == flip.of);
            node.expect("a node").limit[0] += by;
        }
        Quantity::Release => {
            let at = (flip.now + by) as i64;
            let first = inputs.grid.boundary_at_or_after(at);
            inputs.jobs[job.expect("a job")].first = first;
        }
        Quantity::Deadline => {
            let at = (flip.now + by) as i64;
            let end = inputs.grid.boundary_at_or_before(at);
            let job = &mut inputs.jobs[job.expect("a job")];
            if by < 0.0 {
                job.end = job.end.min(end);
                job.deadline = job.deadline.min(at);
                job.beyond = 0.0;
            } else {
                job.end = job.end.max(end);
                job.deadline = job.deadline.max(at);
            }
        }
    }
    inputs
}

fn drawn(load: LoadRef, power: &StepPower) -> f64 {
    match load {
        LoadRef::Pool(m) => power.blocks[m].iter().sum(),
        LoadRef::Service(s) => power.stacks[s],
        LoadRef::Job(j) => power.jobs[j],
        other => panic!("no such load here: {other:?}"),
    }
}

fn turned(load: LoadRef, flip: &Flip, before: &StepPower, after: &StepPower) -> bool {
    let (before, after) = (drawn(load, before), drawn(load, after));
    match flip.turn {
        Turn::GivesUp => after < 0.99 * before,
        Turn::Starts => before <= 1e-6 && after > 1e-6,
    }
}

/// Plans made for one change at most.
const REPLANS: usize = 24;

/// A study's plan with a short local search, so that many can be made.
const STUDY: Budget = Budget {
    polish: 5_000,
    ..Budget::STUDY
};

/// Random instances by seed, every other one of two sites, with their plans.
fn sites(seed: u64, budget: Budget) -> (Built, Planned, Vec<DispatchReason>) {
    let inputs = if seed.is_multiple_of(2) {
        two_sites(seed)
    } else {
        common::instance(seed)
    };
    let built = built(inputs);
    let planned = plan(&built.inputs, budget);
    let reasons = reasons(&built, &planned);
    (built, planned, reasons)
}

/// Whether a share of the change turns the decision once the plan is made again as it was.
fn turns(built: &Built, planned: &Planned, load: LoadRef, flip: &Flip, share: f64) -> bool {
    let inputs = applied(&built.inputs, flip, share);
    let budget = planned.budget.expect("made afresh");
    let after = plan(&inputs, budget).first.power;
    turned(load, flip, &planned.first.power, &after)
}

/// How many changes there were, how many turned, and of how many half did not.
#[derive(Default)]
struct Count {
    all: u32,
    turn: u32,
    half: u32,
}

/// Looks for flips on seeds from `seed` on until there are `enough`; prints them by kind.
fn count(seed: u64, budget: Budget, enough: u32) -> Count {
    let mut sum = Count::default();
    let mut kinds = BTreeMap::<(Quantity, &str), Count>::new();
    let (mut decisions, mut without) = (0, 0);
    for seed in seed.. {
        let (built, planned, reasons) = sites(seed, budget);
        let all = flips(&built, &planned, &reasons, &reasons, REPLANS).expect("made afresh");
        for (reason, flips) in reasons.iter().zip(&all) {
            decisions += 1;
            without += u32::from(flips.is_empty());
            for flip in flips {
                let turns = |share| turns(&built, &planned, reason.load, flip, share);
                let (whole, part) = (turns(1.0), turns(0.5));
                let load = match reason.load {
                    LoadRef::Pool(_) => "pool",
                    LoadRef::Service(_) => "service",
                    _ => "job",
                };
                for count in [&mut sum, kinds.entry((flip.quantity, load)).or_default()] {
                    count.all += 1;
                    count.turn += u32::from(whole);
                    count.half += u32::from(!part);
                }
            }
        }
        if sum.all >= enough {
            break;
        }
    }
    println!("{decisions} decisions, {without} without a flip; changes, turn, half does not:");
    for ((kind, load), count) in &kinds {
        let Count { all, turn, half } = count;
        println!("{:12} {load:8} {all:5} {turn:5} {half:5}", kind.name());
    }
    println!("{:21} {:5} {:5} {:5}", "all", sum.all, sum.turn, sum.half);
    sum
}

/// Applied: the same planner plans again on the budget of the plan that was explained, its
/// bound and what that turns on included.
fn changes_turn(first: u64, budget: Budget, enough: u32) {
    let Count { all, turn, half } = count(first, budget, enough);
    assert!(turn * 100 >= all * 99, "{turn} of {all} turn");
    assert!(half * 10 >= all * 9, "half of {half} of {all} does not");
}

#[test]
fn changes_turn_the_decisions_of_studies_and_half_of_them_do_not() {
    changes_turn(40_000, STUDY, 100);
}

#[test]
fn changes_turn_the_decisions_of_the_loop_and_half_of_them_do_not() {
    changes_turn(50_000, Budget::LOOP, 200);
}

mod soak {
    use super::*;

    #[test]
    #[ignore = "soak: ./test --long"]
    fn a_thousand_changes_turn_the_decisions_of_studies_and_half_of_them_do_not() {
        changes_turn(40_000, STUDY, 1000);
    }

    #[test]
    #[ignore = "soak: ./test --long"]
    fn a_thousand_changes_turn_the_decisions_of_the_loop_and_half_of_them_do_not() {
        changes_turn(50_000, Budget::LOOP, 1000);
    }
}

/// Nothing is told of a plan that planning its inputs does not give again.
#[test]
fn plans_that_began_elsewhere_have_no_changes() {
    let (built, planned, reasons) = sites(40_001, Budget::LOOP);
    let start = WarmStart {
        runs: Some(planned.schedule.jobs),
        ..WarmStart::default()
    };
    let followed = plan_from(&built.inputs, Budget::FOLLOW, start);
    assert_eq!(followed.budget, None);
    assert_eq!(flips(&built, &followed, &reasons, &reasons, REPLANS), None);
}

/// Where nothing ties steps together, margins are told by value and price alone: a load
/// that runs keeps its power while it earns less by no more than its margin, or power is
/// dearer by no more; an idle one starts as soon as it earns more by its margin.
#[test]
fn margins_and_flips_agree() {
    let (mut kept, mut started, mut early) = (0, 0, 0);
    for seed in 60_000..61_000 {
        let mut inputs = common::instance(seed);
        inputs.jobs.clear();
        inputs.ramps.clear();
        inputs.demand.clear();
        inputs.pools.clear();
        // Of every other site only what may be idle.
        for stack in inputs.stacks.iter_mut().filter(|_| seed.is_multiple_of(2)) {
            if stack.tiers.len() > 2 {
                stack.tiers.drain(..2);
            }
        }
        let built = built(inputs);
        let planned = plan(&built.inputs, Budget::LOOP);
        let reasons = reasons(&built, &planned);
        let all = flips(&built, &planned, &reasons, &reasons, REPLANS).expect("made afresh");
        for (reason, flips) in reasons.iter().zip(&all) {
            for flip in flips {
                let change = (flip.at - flip.now).abs();
                let own =
                    flip.quantity == Quantity::LoadValue && (flip.now - reason.value).abs() < 1e-6;
                let least = reason.margin - 1e-6;
                match (flip.turn, reason.code) {
                    (Turn::GivesUp, ReasonCode::Profitable)
                        if own || flip.quantity == Quantity::PowerPrice =>
                    {
                        kept += 1;
                        if change < least {
                            println!("{seed}: {reason:?} {flip:?}");
                            early += 1;
                        }
                    }
                    (Turn::Starts, ReasonCode::Unprofitable) if own => {
                        started += 1;
                        let most = 1.03 * reason.margin + 2e-3;
                        assert!(
                            (least..most).contains(&change),
                            "{seed}: {reason:?} {flip:?}"
                        );
                    }
                    _ => {}
                }
            }
        }
    }
    assert!(kept > 200 && started > 50, "{kept} kept, {started} started");
    assert_eq!(early, 0, "of {kept} that give up some do so early");
}

#[test]
fn the_checker_finds_the_figures_of_all_reasons_again() {
    let (mut seen, mut wrong, mut rivals) = (0, 0, 0);
    for seed in 70_000..71_000 {
        let (built, planned, reasons) = sites(seed, Budget::LOOP);
        seen += reasons.len();
        rivals += reasons.iter().filter(|r| r.runner_up.is_some()).count();
        for violation in check_reasons(&built, &planned, &reasons) {
            wrong += 1;
            println!("{seed}: {violation} among {reasons:?}");
        }
    }
    println!("{seen} reasons, {rivals} with a runner-up");
    assert!(rivals > 500, "{rivals}");
    assert_eq!(wrong, 0, "figures of {seen} reasons");
}

#[test]
fn the_checker_sees_figures_that_are_not_the_steps() {
    let (mut prices, mut all) = (0, 0);
    for seed in 71_000..71_100 {
        let (built, planned, reasons) = sites(seed, Budget::LOOP);
        let wrong = |r: usize, change: &dyn Fn(&mut DispatchReason)| {
            let mut told = reasons.clone();
            change(&mut told[r]);
            !check_reasons(&built, &planned, &told).is_empty()
        };
        for (r, reason) in reasons.iter().enumerate() {
            all += 1;
            assert!(wrong(r, &|r| r.value += 0.1), "{seed}: value of {reason:?}");
            assert!(
                wrong(r, &|r| r.margin += 0.1),
                "{seed}: margin of {reason:?}"
            );
            let own = reason.load;
            assert!(wrong(r, &|r| r.runner_up = Some(own)), "{seed}: {reason:?}");
            let nobody = &|r: &mut DispatchReason| r.runner_up = None;
            assert!(
                reason.runner_up.is_none() || wrong(r, nobody),
                "{seed}: {reason:?}"
            );
            let other = match reason.code {
                ReasonCode::Unprofitable => ReasonCode::Profitable,
                _ => ReasonCode::Unprofitable,
            };
            // An idle load that is not worth its power may be told so whatever else holds.
            let may = reason.price >= reason.value && other == ReasonCode::Unprofitable;
            assert!(
                may || wrong(r, &|r| r.code = other),
                "{seed}: code of {reason:?}"
            );
            // Dearer, with a margin that goes with it.
            let runs = (reason.value - reason.price - reason.margin).abs() < 1e-9;
            let margin = match reason.margin {
                0.0 => 0.0,
                margin if runs => margin - 0.1,
                margin => margin + 0.1,
            };
            prices += u32::from(wrong(r, &|r| {
                (r.price, r.margin) = (r.price + 0.1, margin);
            }));
        }
    }
    assert!(prices * 100 >= all * 95, "{prices} of {all} prices");
}

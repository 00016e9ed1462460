//! Every change that is said to turn a decision is made, and turns it; half of it does not.

mod common;

use swingload_model::plan::{Flip, Quantity, Turn};
use swingload_scheduler::build::{Built, PoolPlace, StepPower};
use swingload_scheduler::dispatch::LoadRef;
use swingload_scheduler::explain::{Effort, flips, reasons};
use swingload_scheduler::inputs::PlanInputs;
use swingload_scheduler::plan::{Budget, plan};

/// The inputs as a site whose loads are all of them: every stack a service.
fn built(inputs: PlanInputs) -> Built {
    Built {
        gpu_node: Vec::new(),
        pool: (0..inputs.pools.len()).map(PoolPlace::Pool).collect(),
        service: (0..inputs.stacks.len()).collect(),
        hosting: Vec::new(),
        heat: vec![1.0; inputs.pools.len()],
        job: (0..inputs.jobs.len()).collect(),
        constant: 0.0,
        inputs,
    }
}

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

#[test]
fn a_thousand_changes_turn_their_decisions_and_half_of_them_do_not() {
    let (mut all, mut turn, mut half) = (0, 0, 0);
    let mut kinds = std::collections::BTreeMap::<Quantity, (u32, u32, u32)>::new();
    let (mut seed, mut decisions, mut without) = (40_000, 0, 0);
    while all < 1000 {
        seed += 1;
        let inputs = if seed % 2 == 0 {
            two_sites(seed)
        } else {
            common::instance(seed)
        };
        let built = built(inputs);
        let planned = plan(&built.inputs, Budget::LOOP);
        let reasons = reasons(&built, &planned);
        let effort = Effort {
            plan: Budget::LOOP,
            replans: 24,
        };
        let flips = flips(&built, &planned, &reasons, &reasons, effort);
        for (reason, flips) in reasons.iter().zip(&flips) {
            decisions += 1;
            without += u32::from(flips.is_empty());
            for flip in flips {
                let power = |share| {
                    let inputs = applied(&built.inputs, flip, share);
                    plan(&inputs, Budget::LOOP).first.power
                };
                let turns = |share| turned(reason.load, flip, &planned.first.power, &power(share));
                let (whole, part) = (turns(1.0), !turns(0.5));
                if !whole {
                    println!("{seed}: {reason:?} {flip:?} does not turn");
                }
                all += 1;
                turn += u32::from(whole);
                half += u32::from(part);
                let kind = kinds.entry(flip.quantity).or_default();
                kind.0 += 1;
                kind.1 += u32::from(whole);
                kind.2 += u32::from(part);
            }
        }
    }
    println!(
        "{all} changes of {decisions} decisions ({without} without any): {turn} turn, half of {half} does not"
    );
    for (kind, (all, turn, half)) in kinds {
        println!("{:12} {all:5} {turn:5} {half:5}", kind.name());
    }
    assert!(turn * 100 >= all * 99, "{turn} of {all} turn");
    assert!(half * 10 >= all * 9, "half of {half} of {all} does not");
}

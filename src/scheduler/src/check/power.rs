//! Supply, balance, limits of nodes, steps of stacks, ramps.

use super::{Claim, Found, Rule, TOLERANCE_MW};

pub(super) fn check(claim: &Claim<'_>, found: &mut Found) {
    for t in 0..claim.inputs.steps() {
        supplies(claim, t, found);
        tiers(claim, t, found);
        nodes(claim, t, found);
    }
    ramps(claim, found);
}

fn supplies(claim: &Claim<'_>, t: usize, found: &mut Found) {
    for (supply, drawn) in claim.inputs.supplies.iter().zip(&claim.steps[t].supply) {
        found.at_most(Rule::Supply, &supply.id, t, *drawn, supply.available[t]);
        found.at_most(Rule::Supply, &supply.id, t, 0.0, *drawn);
    }
}

fn tiers(claim: &Claim<'_>, t: usize, found: &mut Found) {
    for (stack, served) in claim.inputs.stacks.iter().zip(&claim.steps[t].tiers) {
        for (k, (tier, mw)) in stack.tiers.iter().zip(served).enumerate() {
            let name = format!("{}, tier {k}", stack.id);
            found.at_most(Rule::Tier, &name, t, *mw, tier.mw[t]);
            found.at_most(Rule::Tier, &name, t, 0.0, *mw);
        }
    }
}

/// Power drawn by loads at each node itself, MW.
fn own_loads(claim: &Claim<'_>, t: usize) -> Vec<f64> {
    let inputs = claim.inputs;
    let step = &claim.steps[t];
    let mut own = vec![0.0; inputs.nodes.len()];
    for (stack, served) in inputs.stacks.iter().zip(&step.tiers) {
        own[stack.node] += served.iter().sum::<f64>();
    }
    for (pool, drawn) in inputs.pools.iter().zip(&step.power.blocks) {
        own[pool.node] += drawn.iter().sum::<f64>();
    }
    for (j, job) in inputs.jobs.iter().enumerate() {
        own[job.node] += claim.job_mw(j, t);
    }
    own
}

/// Adds every node's own power to all nodes above it.
fn gathered(claim: &Claim<'_>, own: &[f64]) -> Vec<f64> {
    let mut total = vec![0.0; own.len()];
    for (node, mw) in own.iter().enumerate() {
        let mut at = Some(node);
        while let Some(here) = at {
            total[here] += mw;
            at = claim.inputs.nodes[here].parent;
        }
    }
    total
}

fn nodes(claim: &Claim<'_>, t: usize, found: &mut Found) {
    let inputs = claim.inputs;
    let loads = own_loads(claim, t);
    let mut net = loads.clone();
    for (supply, drawn) in inputs.supplies.iter().zip(&claim.steps[t].supply) {
        net[supply.node] -= drawn;
    }
    let (load, import) = (gathered(claim, &loads), gathered(claim, &net));
    for (n, node) in inputs.nodes.iter().enumerate() {
        if n == 0 {
            found.at_most(Rule::Balance, &node.id, t, import[0].abs(), 0.0);
            found.at_most(Rule::RootLimit, &node.id, t, load[0], node.limit[t]);
        } else {
            found.at_most(Rule::NodeLimit, &node.id, t, import[n], node.limit[t]);
            found.at_most(Rule::NodeLimit, &node.id, t, -import[n], node.export);
        }
    }
}

fn ramps(claim: &Claim<'_>, found: &mut Found) {
    let loads: Vec<Vec<f64>> = (0..claim.inputs.steps())
        .map(|t| gathered(claim, &own_loads(claim, t)))
        .collect();
    for ramp in &claim.inputs.ramps {
        let mut before = ramp.initial;
        for (t, load) in loads.iter().enumerate() {
            let now = load[ramp.node];
            if let Some(before) = before {
                let (up, down) = (ramp.up * claim.hours(t), ramp.down * claim.hours(t));
                let excess = (now - before - up).max(before - now - down);
                if excess > TOLERANCE_MW {
                    found.add(
                        Rule::Ramp,
                        claim.inputs.nodes[ramp.node].id.clone(),
                        Some(t),
                        excess,
                    );
                }
            }
            before = Some(now);
        }
    }
}

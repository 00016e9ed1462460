//! The value of a plan, added up anew from what every load draws.

use super::jobs::Course;
use super::{Claim, Found, Rule, TOLERANCE_VALUE};
use crate::evaluate::RAMP_VIOLATION;
use crate::inputs::{MUST_TAKE_VALUE, PoolInput};

pub(super) fn check(claim: &Claim<'_>, found: &mut Found) {
    let mut sum = Sum::default();
    for t in 0..claim.inputs.steps() {
        step(claim, t, &mut sum);
    }
    blocks_starts(claim, &mut sum);
    jobs(claim, &mut sum);
    demand(claim, &mut sum);
    // What cannot be kept costs what the plan says it does; by how much is another rule's.
    sum.add(-MUST_TAKE_VALUE * claim.overload);
    sum.add(-RAMP_VIOLATION * claim.ramp_excess);
    let difference = (sum.total - claim.value).abs();
    // Gains are small differences of large sums, so rounding goes by what was added.
    if difference > TOLERANCE_VALUE * sum.size.max(1.0) {
        found.add(Rule::Value, "plan", None, difference);
    }
}

/// Money added up, and how much of it in either direction.
#[derive(Default)]
struct Sum {
    total: f64,
    size: f64,
}

impl Sum {
    fn add(&mut self, money: f64) {
        self.total += money;
        self.size += money.abs();
    }
}

fn step(claim: &Claim<'_>, t: usize, sum: &mut Sum) {
    let (inputs, outcome, hours) = (claim.inputs, &claim.steps[t], claim.hours(t));
    for (supply, drawn) in inputs.supplies.iter().zip(&outcome.supply) {
        sum.add(-supply.cost[t] * drawn * hours);
    }
    for (stack, served) in inputs.stacks.iter().zip(&outcome.tiers) {
        for (tier, mw) in stack.tiers.iter().zip(served) {
            sum.add((tier.value[t] * mw - tier.penalty[t] * tier.mw[t]) * hours);
        }
    }
    for (m, pool) in inputs.pools.iter().enumerate() {
        for (b, drawn) in outcome.power.blocks[m].iter().enumerate() {
            let running = pool.blocks[b].devices * pool.scale[t];
            if *drawn > 0.0 && running > 0.0 {
                let own = drawn / (running * inputs.nodes[pool.node].factor[t]);
                sum.add(hashrate(pool, own) * running * pool.revenue[t] * hours);
                sum.add(-pool.adder[t] * drawn * hours);
            }
        }
    }
    for j in 0..inputs.jobs.len() {
        sum.add(-inputs.job_adder[t] * claim.job_mw(j, t) * hours);
    }
}

/// Hashrate of a device at a mean of `mw`: the best mix of two settings.
fn hashrate(pool: &PoolInput, mw: f64) -> f64 {
    let at = mw.clamp(pool.points[0].0, pool.points.last().map_or(0.0, |p| p.0));
    let mut best = f64::NEG_INFINITY;
    for low in &pool.points {
        for high in &pool.points {
            if low.0 <= at && at <= high.0 {
                let share = if high.0 > low.0 {
                    (at - low.0) / (high.0 - low.0)
                } else {
                    0.0
                };
                best = best.max(low.1 + share * (high.1 - low.1));
            }
        }
    }
    best
}

/// Wear of starts, and hashing lost while devices wake at their lowest setting.
fn blocks_starts(claim: &Claim<'_>, sum: &mut Sum) {
    for (m, pool) in claim.inputs.pools.iter().enumerate() {
        for (block, path) in pool.blocks.iter().zip(&claim.on[m]) {
            for t in 0..path.len() {
                let before = if t == 0 { block.on } else { path[t - 1] };
                if !path[t] || before {
                    continue;
                }
                sum.add(-pool.start_cost * block.devices);
                let mut since = 0.0;
                for later in t..path.len() {
                    let asleep = (pool.wake - since).clamp(0.0, claim.hours(later));
                    sum.add(
                        -pool.points[0].1
                            * block.devices
                            * pool.scale[later]
                            * pool.revenue[later]
                            * asleep,
                    );
                    since += claim.hours(later);
                }
            }
        }
    }
}

fn jobs(claim: &Claim<'_>, sum: &mut Sum) {
    let worth = crate::plan::beyond_worth(claim.inputs);
    for (j, job) in claim.inputs.jobs.iter().enumerate() {
        let course = Course::of(claim, j);
        let mut left = job.work;
        for (t, done) in course.done.iter().enumerate() {
            let late = (claim.inputs.grid.start_s(t) as f64 - job.deadline as f64) / 3600.0;
            sum.add((job.value - job.late_per_hour * late.max(0.0)).max(0.0) * done);
            left -= done;
        }
        sum.add(-job.unmet * left);
        sum.add(worth[j] * claim.beyond[j].min(left.max(0.0)));
    }
}

fn demand(claim: &Claim<'_>, sum: &mut Sum) {
    for charge in &claim.inputs.demand {
        let peak = claim.steps[charge.first..charge.end]
            .iter()
            .map(|s| s.supply.iter().sum::<f64>())
            .fold(charge.peak_so_far, f64::max);
        sum.add(-charge.per_mw * (peak - charge.peak_so_far));
    }
}

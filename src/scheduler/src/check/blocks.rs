//! Blocks: settings, shortest times on and off, starts per day.

use super::{Claim, Found, Rule};
use crate::inputs::{BlockState, PoolInput};

pub(super) fn check(claim: &Claim<'_>, found: &mut Found) {
    for (m, pool) in claim.inputs.pools.iter().enumerate() {
        for (b, block) in pool.blocks.iter().enumerate() {
            let name = format!("{}, block {b}", pool.id);
            let path = &claim.on[m][b];
            settings(claim, m, b, &name, found);
            minimum_times(claim, pool, block, path, &name, found);
            starts(pool, block, path, &name, found);
        }
    }
}

fn settings(claim: &Claim<'_>, m: usize, b: usize, name: &str, found: &mut Found) {
    let pool = &claim.inputs.pools[m];
    let extent = pool
        .points
        .iter()
        .fold((f64::INFINITY, 0.0f64), |(low, high), p| {
            (low.min(p.0), high.max(p.0))
        });
    for t in 0..claim.inputs.steps() {
        let drawn = claim.steps[t].power.blocks[m][b];
        let running =
            pool.blocks[b].devices * pool.scale[t] * claim.inputs.nodes[pool.node].factor[t];
        let (low, high) = if claim.on[m][b][t] && running > 0.0 {
            (extent.0 * running, extent.1 * running)
        } else {
            (0.0, 0.0)
        };
        found.at_most(Rule::Setting, name, t, drawn, high);
        found.at_most(Rule::Setting, name, t, low, drawn);
    }
}

/// Stretches of one state: `(first step, first step after it, state)`.
fn stretches(path: &[bool]) -> Vec<(usize, usize, bool)> {
    let mut all: Vec<(usize, usize, bool)> = Vec::new();
    for (t, on) in path.iter().enumerate() {
        match all.last_mut() {
            Some(last) if last.2 == *on => last.1 = t + 1,
            _ => all.push((t, t + 1, *on)),
        }
    }
    all
}

fn minimum_times(
    claim: &Claim<'_>,
    pool: &PoolInput,
    block: &BlockState,
    path: &[bool],
    name: &str,
    found: &mut Found,
) {
    let least = |on: bool| if on { pool.min_on } else { pool.min_off };
    let mut short = |step: usize, on: bool, hours: f64| {
        if hours < least(on) - 1e-6 {
            found.add(Rule::MinimumTime, name, Some(step), least(on) - hours);
        }
    };
    if path[0] != block.on {
        short(0, block.on, block.hours_in_state);
    }
    for (first, end, on) in stretches(path) {
        if end == path.len() {
            break;
        }
        let before = if first == 0 && on == block.on {
            block.hours_in_state
        } else {
            0.0
        };
        let hours: f64 = (first..end).map(|t| claim.hours(t)).sum();
        short(end, on, before + hours);
    }
}

fn starts(pool: &PoolInput, block: &BlockState, path: &[bool], name: &str, found: &mut Found) {
    let Some(most) = pool.starts_per_day else {
        return;
    };
    let mut made = block.starts_today;
    for t in 0..path.len() {
        if t > 0 && pool.day[t] != pool.day[t - 1] {
            made = 0;
        }
        let before = if t == 0 { block.on } else { path[t - 1] };
        if path[t] && !before {
            made += 1;
            if made > most {
                found.add(Rule::Starts, name, Some(t), f64::from(made - most));
            }
        }
    }
}

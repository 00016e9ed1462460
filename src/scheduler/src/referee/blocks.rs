//! Blocks of devices in the program.

use std::collections::BTreeMap;

use highs::Col;

use super::model::{Model, Terms};
use crate::inputs::PoolInput;

/// Columns of all blocks: `on[m][b][t]`.
pub(super) struct Blocks {
    on: Vec<Vec<Vec<Col>>>,
}

impl Blocks {
    pub(super) fn add(model: &mut Model<'_>) -> Self {
        let inputs = model.inputs;
        let on = inputs
            .pools
            .iter()
            .map(|pool| {
                (0..pool.blocks.len())
                    .map(|b| add_block(model, pool, b))
                    .collect()
            })
            .collect();
        Self { on }
    }

    pub(super) fn read(&self, columns: &[f64]) -> Vec<Vec<Vec<bool>>> {
        let path = |path: &Vec<Col>| path.iter().map(|c| columns[c.index()] > 0.5).collect();
        self.on
            .iter()
            .map(|pool| pool.iter().map(path).collect())
            .collect()
    }
}

/// The upper hull of a pool's settings from the lowest on: `(MW, PH/s)`.
fn awake_hull(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut hull = vec![points[0]];
    while let Some(&at) = hull.last() {
        let slope = |p: &&(f64, f64)| (p.1 - at.1) / (p.0 - at.0);
        // The steepest way up; of equals the farthest.
        let next = points
            .iter()
            .filter(|p| p.0 > at.0)
            .max_by(|a, b| slope(a).total_cmp(&slope(b)).then(a.0.total_cmp(&b.0)));
        match next {
            Some(point) => hull.push(*point),
            None => break,
        }
    }
    hull
}

fn add_block(model: &mut Model<'_>, pool: &PoolInput, b: usize) -> Vec<Col> {
    let block = pool.blocks[b];
    let steps = model.inputs.steps();
    let hull = awake_hull(&pool.points);
    let fixed_until = held(model, pool, b);
    let mut on: Vec<Col> = Vec::with_capacity(steps);
    let (mut up, mut down): (Vec<Col>, Vec<Col>) = (Vec::new(), Vec::new());
    for t in 0..steps {
        let devices = block.devices * pool.scale[t];
        let factor = model.inputs.nodes[pool.node].factor[t];
        // Worth per hour of a device's hashrate less adders on its power.
        let worth = |mw: f64, ph: f64| {
            (ph * pool.revenue[t] - pool.adder[t] * mw * factor) * devices * model.hours[t]
        };
        let least = worth(hull[0].0, hull[0].1);
        let more: Vec<f64> = hull
            .windows(2)
            .map(|p| worth(p[1].0 - p[0].0, p[1].1 - p[0].1))
            .collect();
        let state = f64::from(u8::from(block.on));
        let bounds = if t < fixed_until {
            state..=state
        } else {
            0.0..=1.0
        };
        let is_on = model.problem.add_integer_column(least, bounds);
        model.load(pool.node, t, is_on, hull[0].0 * factor * devices);
        for (pair, worth) in hull.windows(2).zip(more) {
            // In shares of the whole piece, so that numbers stay near one.
            let q = model.problem.add_column(worth, 0.0..=1.0);
            model.load(pool.node, t, q, (pair[1].0 - pair[0].0) * factor * devices);
            model.at_most(0.0, &[(q, 1.0), (is_on, -1.0)]);
        }
        let loss = start_loss(model, pool, b, t);
        let starts = model.problem.add_column(-loss, 0.0..=1.0);
        let stops = model.problem.add_column(0.0, 0.0..=1.0);
        let mut change: Terms = vec![(is_on, 1.0), (starts, -1.0), (stops, 1.0)];
        if let Some(before) = on.last() {
            change.push((*before, -1.0));
        }
        model.equal(if t == 0 { state } else { 0.0 }, &change);
        on.push(is_on);
        up.push(starts);
        down.push(stops);
    }
    minimum_time(model, &on, &up, pool.min_on, 1.0);
    minimum_time(model, &on, &down, pool.min_off, -1.0);
    if let Some(most) = pool.starts_per_day {
        starts_per_day(model, pool, &up, most, block.starts_today);
    }
    on
}

/// Steps at the start in which the block must stay in its state.
fn held(model: &Model<'_>, pool: &PoolInput, b: usize) -> usize {
    let block = &pool.blocks[b];
    let least = if block.on { pool.min_on } else { pool.min_off };
    if block.hours_in_state >= least - 1e-9 {
        return 0;
    }
    covered(&model.hours, 0, least - block.hours_in_state)
}

/// First step after at least `least` hours from the start of `t`, and after `t` itself.
pub(super) fn covered(hours: &[f64], t: usize, least: f64) -> usize {
    let (mut end, mut sum) = (t, 0.0);
    while end < hours.len() && (end == t || sum < least - 1e-9) {
        sum += hours[end];
        end += 1;
    }
    end
}

/// After switching, the state lasts: `sign` 1 for on, -1 for off.
fn minimum_time(model: &mut Model<'_>, on: &[Col], switched: &[Col], least: f64, sign: f64) {
    let ends: Vec<usize> = (0..on.len())
        .map(|t| covered(&model.hours, t, least))
        .collect();
    for t in 0..on.len() {
        let mut terms: Terms = (0..=t)
            .filter(|from| ends[*from] > t)
            .map(|from| (switched[from], 1.0))
            .collect();
        terms.push((on[t], -sign));
        model.at_most(if sign > 0.0 { 0.0 } else { 1.0 }, &terms);
    }
}

fn starts_per_day(model: &mut Model<'_>, pool: &PoolInput, up: &[Col], most: u32, today: u32) {
    let mut days: BTreeMap<u32, Terms> = BTreeMap::new();
    for (t, start) in up.iter().enumerate() {
        days.entry(pool.day[t]).or_default().push((*start, 1.0));
    }
    for (day, terms) in days {
        let left = if day == pool.day[0] {
            most.saturating_sub(today)
        } else {
            most
        };
        model.at_most(f64::from(left), &terms);
    }
}

/// Wear of a start, and hashing lost while devices wake at their lowest setting.
fn start_loss(model: &Model<'_>, pool: &PoolInput, b: usize, t: usize) -> f64 {
    let devices = pool.blocks[b].devices;
    let mut loss = pool.start_cost * devices;
    let mut since = 0.0;
    for later in t..model.inputs.steps() {
        let asleep = (pool.wake - since).clamp(0.0, model.hours[later]);
        loss += pool.points[0].1 * pool.revenue[later] * devices * pool.scale[later] * asleep;
        since += model.hours[later];
    }
    loss
}

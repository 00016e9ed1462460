//! Commitment: which blocks of miners are on when, one block at a time against the others.
//!
//! A block that is on draws at least its lowest setting, and higher settings as far as they
//! pay; what a step is worth to it follows from the residual of
//! its node without it. The path over time is a dynamic program over on/off with
//! stretches of the minimum times taken in one stride, and over the starts made
//! on the day where those are limited.

mod cleared;

use std::ops::Range;

use crate::inputs::{BlockState, PoolInput};
use crate::market::{CostStep, EPSILON_MW};
use crate::ramp::Courses;
use crate::schedule::{Problem, Room, Schedule, area, minimum_end};

pub(crate) use cleared::ClearedStep;
use cleared::ClearedSteps;

/// Worth per device and hour where the power tree has no capacity left, currency: far below any
/// loss.
const NO_ROOM: f64 = -1e9;

/// Re-decides every block once, in the order of the pools, ramps priced in; returns whether
/// any path changed.
pub(crate) fn sweep(problem: &Problem<'_>, schedule: &mut Schedule, room: &mut Room) -> bool {
    let (mut courses, mut cleared) = (
        None,
        ClearedSteps::new(problem, std::mem::take(&mut room.cleared_steps)),
    );
    if !problem.inputs.ramps.is_empty() && !problem.inputs.pools.is_empty() {
        keep_present_states(problem, schedule);
        let mut all = Courses::new(problem);
        all.refresh_seen(problem, schedule, room, |schedule, t, outcome, room| {
            cleared.keep(problem, schedule, t, outcome, room);
        });
        if !schedule.adders.is_empty() {
            cleared.forget_all();
        }
        courses = Some(all);
    }
    let mut changed = false;
    for m in 0..problem.inputs.pools.len() {
        changed |= sweep_pool(problem, schedule, m, &mut cleared, &mut courses, room);
    }
    room.cleared_steps = cleared.into_buffers();
    changed
}

/// Leaves all blocks in their present state where none has been decided yet: this start keeps
/// the ramps, and from it each block can be switched in turn.
fn keep_present_states(problem: &Problem<'_>, schedule: &mut Schedule) {
    if schedule.on.iter().flatten().flatten().any(|on| *on) {
        return;
    }
    for (m, pool) in problem.inputs.pools.iter().enumerate() {
        for (b, block) in pool.blocks.iter().enumerate() {
            problem.set_path(schedule, m, b, vec![block.on; problem.inputs.steps()]);
        }
    }
}

/// Re-decides the blocks of a pool, one against the others, on the residuals without the pool.
fn sweep_pool(
    problem: &Problem<'_>,
    schedule: &mut Schedule,
    m: usize,
    cleared: &mut ClearedSteps,
    courses: &mut Option<Courses>,
    room: &mut Room,
) -> bool {
    let pool = &problem.inputs.pools[m];
    let steps = problem.inputs.steps();
    let fleet: f64 = pool.blocks.iter().map(|b| b.devices).sum();
    let mut markets = std::mem::take(&mut room.markets);
    markets.resize_with(steps, PoolMarket::default);
    for (t, market) in markets.iter_mut().enumerate() {
        market.fill(problem, schedule, cleared, (m, t), fleet, room);
    }
    let mut changed = false;
    let (mut alike, mut tables) = (Worths::new(steps), None);
    for (b, block) in pool.blocks.iter().enumerate() {
        alike.of_block(problem, schedule, (m, b), |t, devices| {
            markets[t].worth(devices)
        });
        let path = Tables::of_next(&mut tables, problem, (m, b), &alike.worth).walk();
        if path == schedule.on[m][b] {
            continue;
        }
        changed = true;
        let moved: Vec<usize> = (0..steps)
            .filter(|t| path[*t] != schedule.on[m][b][*t])
            .collect();
        problem.set_path(schedule, m, b, path);
        let lowest = pool.points[0].0 * block.devices;
        for t in moved {
            let mw = lowest * problem.inputs.nodes[pool.node].factor[t];
            cleared.touch(problem, pool.node, t, mw);
            courses
                .iter_mut()
                .for_each(|c| c.touch(problem, pool.node, t, mw));
        }
        if let Some(courses) = courses.as_mut().filter(|c| c.are_stale()) {
            for t in courses.refresh(problem, schedule, room) {
                cleared.forget(t);
                markets[t].fill(problem, schedule, cleared, (m, t), fleet, room);
                alike.forget(t);
            }
        }
    }
    room.markets = markets;
    changed
}

/// Worth of being on per step, kept from block to block: most blocks are of one size and face
/// the same number of other devices.
struct Worths {
    worth: Vec<f64>,
    /// Devices of the block, and other devices awake, for which each worth was found; NaN where
    /// none is known.
    known: Vec<(f64, f64)>,
}

impl Worths {
    fn new(steps: usize) -> Self {
        Self {
            worth: vec![0.0; steps],
            known: vec![(f64::NAN, f64::NAN); steps],
        }
    }

    /// Drops the worth of step `t`, whose market changed.
    fn forget(&mut self, t: usize) {
        self.known[t] = (f64::NAN, f64::NAN);
    }

    /// Finds the worths of a block; `market` is what so many devices are worth an hour in a step.
    fn of_block(
        &mut self,
        problem: &Problem<'_>,
        schedule: &Schedule,
        (m, b): (usize, usize),
        market: impl Fn(usize, f64) -> f64,
    ) {
        let own = problem.inputs.pools[m].blocks[b].devices;
        let rows = self.worth.iter_mut().zip(&mut self.known);
        for (t, (worth, known)) in rows.enumerate() {
            let others = schedule.awake[m][t] - if schedule.on[m][b][t] { own } else { 0.0 };
            if *known != (own, others) {
                *worth = (market(t, others + own) - market(t, others)) * problem.hours[t];
                *known = (own, others);
            }
        }
    }
}

/// Per block of pool `m`, what its best path that is on in the first step is worth above its
/// best that is off there, currency, everything else fixed; infinite where it may
/// not be off, negatively so where it may not be on.
pub(crate) fn first_margins(
    problem: &Problem<'_>,
    schedule: &Schedule,
    m: usize,
    room: &mut Room,
) -> Vec<f64> {
    let pool = &problem.inputs.pools[m];
    let fleet: f64 = pool.blocks.iter().map(|b| b.devices).sum();
    let mut cleared = ClearedSteps::new(problem, Vec::new());
    let markets: Vec<PoolMarket> = (0..problem.inputs.steps())
        .map(|t| PoolMarket::new(problem, schedule, &mut cleared, m, t, fleet, room))
        .collect();
    let margin = |(b, block): (usize, &BlockState)| {
        let worth = |(t, market): (usize, &PoolMarket)| {
            let own = if schedule.on[m][b][t] {
                block.devices
            } else {
                0.0
            };
            let others = schedule.awake[m][t] - own;
            (market.worth(others + block.devices) - market.worth(others)) * problem.hours[t]
        };
        let worth: Vec<f64> = markets.iter().enumerate().map(worth).collect();
        Tables::new(problem, m, b, &worth).first_margin()
    };
    pool.blocks.iter().enumerate().map(margin).collect()
}

/// Worth per device and step of keeping the present state: far above any gain.
const FIXED: f64 = 1e9;

/// The path of block `b` of pool `m` that is worth most among those that differ from its
/// present one within `range` alone, everything else fixed.
pub(crate) fn best_path_within(
    problem: &Problem<'_>,
    schedule: &Schedule,
    (m, b): (usize, usize),
    range: Range<usize>,
    room: &mut Room,
) -> Vec<bool> {
    let (pool, now) = (&problem.inputs.pools[m], &schedule.on[m][b]);
    let own = pool.blocks[b].devices;
    let fleet: f64 = pool.blocks.iter().map(|b| b.devices).sum();
    let mut worth: Vec<f64> = now
        .iter()
        .map(|on| if *on { FIXED } else { -FIXED } * own)
        .collect();
    let mut cleared = ClearedSteps::new(problem, Vec::new());
    for t in range.clone() {
        let market = PoolMarket::new(problem, schedule, &mut cleared, m, t, fleet, room);
        let others = schedule.awake[m][t] - if now[t] { own } else { 0.0 };
        worth[t] = (market.worth(others + own) - market.worth(others)) * problem.hours[t];
    }
    let path = best_path(problem, m, b, &worth).1;
    let same = path[..range.start] == now[..range.start] && path[range.end..] == now[range.end..];
    if same { path } else { now.clone() }
}

/// What awake devices of a pool are worth in a step, everything else fixed.
#[derive(Debug, Default)]
pub(crate) struct PoolMarket {
    /// Price of power at the pool's node without the pool.
    curve: Vec<CostStep>,
    /// Lowest setting of a device: MW and revenue per hour.
    lowest: (f64, f64),
    /// Settings above it: MW and revenue per MWh of each.
    above: Vec<(f64, f64)>,
    scale: f64,
}

impl PoolMarket {
    fn new(
        problem: &Problem<'_>,
        schedule: &Schedule,
        cleared: &mut ClearedSteps,
        m: usize,
        t: usize,
        fleet: f64,
        room: &mut Room,
    ) -> Self {
        let mut market = Self::default();
        market.fill(problem, schedule, cleared, (m, t), fleet, room);
        market
    }

    /// [`PoolMarket::new`] in the place of another.
    fn fill(
        &mut self,
        problem: &Problem<'_>,
        schedule: &Schedule,
        cleared: &mut ClearedSteps,
        (m, t): (usize, usize),
        fleet: f64,
        room: &mut Room,
    ) {
        let pool = &problem.inputs.pools[m];
        let points = problem.awake_hull[m].iter();
        let mut settings = points.map(|p| problem.setting(m, t, *p));
        self.lowest = settings.next().unwrap_or_default();
        self.scale = pool.scale[t];
        let mut before = self.lowest;
        self.above.clear();
        self.above.extend(settings.map(|now| {
            let above = (now.0 - before.0, (now.1 - before.1) / (now.0 - before.0));
            before = now;
            above
        }));
        let most = before.0 * fleet * pool.scale[t];
        self.curve.clear();
        if most > EPSILON_MW {
            cleared.curve(problem, schedule, (m, t), most, room, &mut self.curve);
        }
    }

    /// Worth per hour of `devices` being awake: the lowest setting is taken whole, higher
    /// ones as far as they pay.
    fn worth(&self, devices: f64) -> f64 {
        let devices = devices * self.scale;
        if devices <= 0.0 {
            return 0.0;
        }
        let mut at = self.lowest.0 * devices;
        let Some(cost) = area(&self.curve, 0.0, at) else {
            // Not even the lowest setting can be carried; more devices are worse still.
            return NO_ROOM * devices;
        };
        let mut worth = self.lowest.1 * devices - cost;
        for (mw, slope) in &self.above {
            let width = mw * devices;
            worth += gain_above(&self.curve, at, at + width, *slope);
            at += width;
        }
        worth
    }
}

/// Gain of drawing within `from..to` MW as far as the residual costs less than `slope`.
fn gain_above(curve: &[CostStep], from: f64, to: f64, slope: f64) -> f64 {
    let (mut at, mut gain) = (0.0, 0.0);
    for step in curve {
        let end = at + step.width;
        if step.cost >= slope {
            break;
        }
        gain += (to.min(end) - from.max(at)).max(0.0) * (slope - step.cost);
        at = end;
    }
    gain
}

/// Cost of starting block `b` of pool `m` per step: wear, and revenue lost while waking.
pub(crate) fn start_losses(problem: &Problem<'_>, m: usize, b: usize) -> Vec<f64> {
    (0..problem.inputs.steps())
        .map(|t| start_loss(problem, m, b, t))
        .collect()
}

/// [`start_losses`] of step `t`.
fn start_loss(problem: &Problem<'_>, m: usize, b: usize, t: usize) -> f64 {
    let pool = &problem.inputs.pools[m];
    let devices = pool.blocks[b].devices;
    // Waking devices draw the lowest setting's power and hash nothing.
    let rate = problem.awake_hull[m][0].1 * devices;
    let (mut left, mut lost) = (pool.wake, 0.0);
    for step in t..problem.inputs.steps() {
        if left <= 0.0 {
            break;
        }
        let hours = left.min(problem.hours[step]);
        lost += rate * pool.revenue[step] * pool.scale[step] * hours;
        left -= hours;
    }
    pool.start_cost * devices + lost
}

/// The on/off path worth most, and its worth, for given worths of being on per step.
pub(crate) fn best_path(
    problem: &Problem<'_>,
    m: usize,
    b: usize,
    worth: &[f64],
) -> (f64, Vec<bool>) {
    let tables = Tables::new(problem, m, b, worth);
    (tables.value(), tables.walk())
}

/// Backward induction over (step, free to switch on or off, starts made today).
struct Tables<'p, 'i> {
    problem: &'p Problem<'i>,
    m: usize,
    b: usize,
    steps: usize,
    /// Devices of the block.
    devices: f64,
    /// Numbers of starts made today that are distinguished: the limit and one more, or 1 where no
    /// limit can be reached.
    counts: usize,
    /// `prefix[t]`: worth of being on in the first t steps.
    prefix: Vec<f64>,
    /// Loss of a start at each step.
    start_loss: Vec<f64>,
    /// First step at which a stretch begun at t may end, for on and off.
    on_until: &'p [usize],
    off_until: &'p [usize],
    /// Best worth from t on, when free to switch.
    on: Vec<f64>,
    off: Vec<f64>,
}

/// Most steps of one day.
fn steps_of_a_day(days: &[u32]) -> usize {
    let days = days.chunk_by(|a, b| a == b);
    days.map(<[u32]>::len).max().unwrap_or(0)
}

/// Numbers of starts to distinguish for block `b`: a limit that cannot be reached is none.
fn counts(pool: &PoolInput, b: usize) -> usize {
    let made = pool.blocks[b].starts_today as usize;
    pool.starts_per_day
        .map(|most| most as usize)
        .filter(|most| *most < steps_of_a_day(&pool.day) + made)
        .map_or(1, |most| most + 1)
}

impl<'p, 'i> Tables<'p, 'i> {
    fn new(problem: &'p Problem<'i>, m: usize, b: usize, worth: &[f64]) -> Self {
        let pool = &problem.inputs.pools[m];
        let steps = worth.len();
        let counts = counts(pool, b);
        let [on_until, off_until] = &problem.shortest[m];
        let mut tables = Self {
            problem,
            m,
            b,
            steps,
            devices: pool.blocks[b].devices,
            counts,
            prefix: vec![0.0; steps + 1],
            start_loss: start_losses(problem, m, b),
            on_until,
            off_until,
            on: vec![0.0; (steps + 1) * counts],
            off: vec![0.0; (steps + 1) * counts],
        };
        tables.fill(worth);
        tables
    }

    /// The tables of block `b`, reusing those of the block before it in the pool where the two
    /// are alike.
    fn of_next<'t>(
        kept: &'t mut Option<Self>,
        problem: &'p Problem<'i>,
        (m, b): (usize, usize),
        worth: &[f64],
    ) -> &'t Self {
        let block = &problem.inputs.pools[m].blocks[b];
        let tables = match kept.take() {
            Some(mut tables)
                if tables.devices == block.devices
                    && tables.counts == counts(&problem.inputs.pools[m], b) =>
            {
                tables.b = b;
                if !tables.is_of(worth) {
                    tables.fill(worth);
                }
                tables
            }
            _ => Self::new(problem, m, b, worth),
        };
        kept.insert(tables)
    }

    /// Whether the tables were filled with these worths.
    fn is_of(&self, worth: &[f64]) -> bool {
        let mut sum = 0.0;
        worth.iter().zip(&self.prefix[1..]).all(|(w, prefix)| {
            sum += w;
            sum == *prefix
        })
    }

    fn fill(&mut self, worth: &[f64]) {
        let (steps, counts) = (self.steps, self.counts);
        for t in 0..steps {
            self.prefix[t + 1] = self.prefix[t] + worth[t];
        }
        for t in (0..steps).rev() {
            for made in 0..counts {
                let at = t * counts + made;
                let next = (t + 1) * counts + self.starts_counted(t, t + 1, made);
                let stay_on = worth[t] + self.on[next];
                let stay_off = self.off[next];
                self.on[at] = stay_on.max(self.stop(t, made));
                self.off[at] = stay_off.max(self.start(t, made));
            }
        }
    }

    /// How many of the `made` starts known at step `from` still count at step `to`: none on
    /// another day.
    fn starts_counted(&self, from: usize, to: usize, made: usize) -> usize {
        let day = &self.problem.inputs.pools[self.m].day;
        if self.counts == 1 || to >= self.steps || day[to] != day[from] {
            0
        } else {
            made
        }
    }

    /// Worth of starting at `t` with `made` starts before it on that day.
    fn start(&self, t: usize, made: usize) -> f64 {
        let limited = self.counts > 1;
        if limited && made + 1 >= self.counts {
            return f64::NEG_INFINITY;
        }
        let end = self.on_until[t];
        let after = if limited {
            self.starts_counted(t, end, made + 1)
        } else {
            0
        };
        self.prefix[end] - self.prefix[t] - self.start_loss[t] + self.on[end * self.counts + after]
    }

    /// Worth of stopping at `t`.
    fn stop(&self, t: usize, made: usize) -> f64 {
        let end = self.off_until[t];
        self.off[end * self.counts + self.starts_counted(t, end, made)]
    }

    /// First step in which the block may leave the state it begins in.
    fn held(&self) -> usize {
        let pool = &self.problem.inputs.pools[self.m];
        let block = &pool.blocks[self.b];
        let least = if block.on { pool.min_on } else { pool.min_off };
        let missing = least - block.hours_in_state;
        if missing <= 1e-9 {
            0
        } else {
            minimum_end(&self.problem.hours, missing)
        }
    }

    fn made_today(&self) -> usize {
        (self.problem.inputs.pools[self.m].blocks[self.b].starts_today as usize)
            .min(self.counts - 1)
    }

    /// Worth of the best path.
    fn value(&self) -> f64 {
        let held = self.held();
        let made = self.starts_counted(0, held, self.made_today());
        let at = held * self.counts + made;
        if self.problem.inputs.pools[self.m].blocks[self.b].on {
            self.prefix[held] + self.on[at]
        } else {
            self.off[at]
        }
    }

    /// Worth of the best path on in the first step above that of the best path off in it.
    fn first_margin(&self) -> f64 {
        let begins_on = self.problem.inputs.pools[self.m].blocks[self.b].on;
        if self.held() > 0 {
            return if begins_on {
                f64::INFINITY
            } else {
                f64::NEG_INFINITY
            };
        }
        let made = self.starts_counted(0, 0, self.made_today());
        let next = self.counts + self.starts_counted(0, 1, made);
        if begins_on {
            self.prefix[1] + self.on[next] - self.stop(0, made)
        } else {
            self.start(0, made) - self.off[next]
        }
    }

    /// The best path.
    fn walk(&self) -> Vec<bool> {
        let begins_on = self.problem.inputs.pools[self.m].blocks[self.b].on;
        let mut path = vec![false; self.steps];
        let mut t = self.held();
        path[..t].fill(begins_on);
        let mut made = self.starts_counted(0, t, self.made_today());
        let mut on = begins_on;
        while t < self.steps {
            let at = t * self.counts + made;
            let (until, turns) = if on {
                let stay = self.prefix[t + 1] - self.prefix[t]
                    + self.on[(t + 1) * self.counts + self.starts_counted(t, t + 1, made)];
                if stay >= self.on[at] - 1e-9 {
                    (t + 1, false)
                } else {
                    (self.off_until[t], true)
                }
            } else {
                let stay = self.off[(t + 1) * self.counts + self.starts_counted(t, t + 1, made)];
                if stay >= self.off[at] - 1e-9 {
                    (t + 1, false)
                } else {
                    (self.on_until[t], true)
                }
            };
            on ^= turns;
            let starts = if on && turns { made + 1 } else { made };
            made = self.starts_counted(t, until, starts);
            path[t..until].fill(on);
            t = until;
        }
        path
    }
}

/// Whether a path of block `b` of pool `m` keeps its shortest times, from its present state on,
/// and its limit on starts per day.
pub(crate) fn is_feasible(problem: &Problem<'_>, m: usize, b: usize, path: &[bool]) -> bool {
    let pool = &problem.inputs.pools[m];
    let block = &pool.blocks[b];
    let (mut on, mut hours, mut made) = (block.on, block.hours_in_state, block.starts_today);
    for (t, now) in path.iter().enumerate() {
        if pool.starts_per_day.is_some() && t > 0 && pool.day[t] != pool.day[t - 1] {
            made = 0;
        }
        if *now != on {
            let least = if on { pool.min_on } else { pool.min_off };
            made += u32::from(*now);
            if hours < least - 1e-9 || (*now && pool.starts_per_day.is_some_and(|most| made > most))
            {
                return false;
            }
            (on, hours) = (*now, 0.0);
        }
        hours += problem.hours[t];
    }
    true
}

/// Starts, wear and lost revenue of the paths in the schedule, currency.
pub(crate) fn start_costs(problem: &Problem<'_>, schedule: &Schedule) -> f64 {
    let mut total = 0.0;
    for (m, pool) in problem.inputs.pools.iter().enumerate() {
        for (b, block) in pool.blocks.iter().enumerate() {
            let mut before = block.on;
            for (t, on) in schedule.on[m][b].iter().enumerate() {
                if *on && !before {
                    total += start_loss(problem, m, b, t);
                }
                before = *on;
            }
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::PlanInputs;
    use crate::inputs::small::{miners, site};

    /// Hashing pays in every other hour.
    fn inputs(starts_per_day: Option<u32>) -> PlanInputs {
        let mut inputs = site(1.0, &[50.0, 150.0, 50.0, 150.0, 50.0]);
        inputs.pools.push(miners(5));
        inputs.pools[0].starts_per_day = starts_per_day;
        inputs
    }

    /// Steps on, and how many numbers of starts the tables distinguish.
    fn path(inputs: &PlanInputs) -> (Vec<bool>, usize) {
        let problem = Problem::new(inputs);
        let worth: Vec<f64> = inputs.supplies[0].cost.iter().map(|c| 100.0 - c).collect();
        let tables = Tables::new(&problem, 0, 0, &worth);
        (tables.walk(), tables.counts)
    }

    #[test]
    fn a_limit_on_starts_that_cannot_be_reached_is_none() {
        let free = path(&inputs(None));
        assert_eq!(free.0, [true, false, true, false, true]);
        assert_eq!(path(&inputs(Some(u32::MAX))), free);
        assert_eq!(path(&inputs(Some(5))), free);
    }

    #[test]
    fn starts_made_before_the_first_step_count() {
        let mut inputs = inputs(Some(5));
        inputs.pools[0].blocks[0].starts_today = 4;
        let starts = |path: &[bool]| {
            let rises = path.windows(2).filter(|w| w[1] && !w[0]).count();
            rises + usize::from(path[0])
        };
        assert_eq!(starts(&path(&inputs).0), 1, "one of five is left");
    }

    #[test]
    fn blocks_that_share_tables_take_the_paths_they_would_take_alone() {
        let mut inputs = inputs(Some(2));
        let alike = inputs.pools[0].blocks[0];
        let mut on = alike;
        (on.on, on.hours_in_state) = (true, 0.2);
        let mut worn = alike;
        worn.starts_today = 1;
        let mut larger = alike;
        larger.devices *= 2.0;
        inputs.pools[0].min_on = 2.0;
        inputs.pools[0].blocks = vec![alike, on, worn, larger, alike];
        let problem = Problem::new(&inputs);
        let worth: Vec<f64> = inputs.supplies[0].cost.iter().map(|c| 100.0 - c).collect();
        let other: Vec<f64> = worth.iter().map(|w| -w).collect();
        let mut kept = None;
        for (b, worth) in [&worth, &worth, &worth, &worth, &other]
            .into_iter()
            .enumerate()
        {
            let shared = Tables::of_next(&mut kept, &problem, (0, b), worth);
            assert_eq!(
                shared.walk(),
                best_path(&problem, 0, b, worth).1,
                "block {b}"
            );
        }
    }
}

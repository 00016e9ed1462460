//! What one more MW of each pool's devices earns, in order, per step.
//!
//! How many devices are awake changes the width of a setting, not its place in the merit
//! order, so the order is found once.

use super::Problem;

/// Steps of power between neighbouring settings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting {
    /// Earnings, currency per MWh.
    pub(super) slope: f64,
    /// Width of one device, MW.
    pub(super) mw: f64,
    pub(super) pool: u32,
}

/// Settings of all pools by falling slope within each step.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    /// Devices of each pool.
    pub(super) fleets: Vec<f64>,
    /// From asleep on, and how many there are in a step.
    asleep: (Vec<Setting>, usize),
    /// Above the lowest setting of devices that are awake.
    awake: (Vec<Setting>, usize),
}

impl Settings {
    pub(super) fn new(problem: &Problem<'_>) -> Self {
        let pools = &problem.inputs.pools;
        let devices = |b: &crate::inputs::BlockState| b.devices;
        Self {
            fleets: (pools.iter())
                .map(|p| p.blocks.iter().map(devices).sum())
                .collect(),
            asleep: sorted(problem, |m| (&problem.hull[m], false)),
            awake: sorted(problem, |m| (&problem.awake_hull[m], true)),
        }
    }

    /// Settings from asleep on in step `t`.
    pub(super) fn asleep(&self, t: usize) -> &[Setting] {
        of_step(&self.asleep, t)
    }

    /// Settings above the lowest in step `t`.
    pub(super) fn awake(&self, t: usize) -> &[Setting] {
        of_step(&self.awake, t)
    }
}

fn of_step((all, count): &(Vec<Setting>, usize), t: usize) -> &[Setting] {
    &all[t * count..(t + 1) * count]
}

/// Settings of every step by falling slope; `hull` says which, and whether its first is where they begin.
fn sorted<'a>(
    problem: &Problem<'_>,
    hull: impl Fn(usize) -> (&'a Vec<(f64, f64)>, bool),
) -> (Vec<Setting>, usize) {
    let mut all: Vec<Setting> = Vec::new();
    for t in 0..problem.inputs.steps() {
        let from = all.len();
        for m in 0..problem.inputs.pools.len() {
            let (points, awake) = hull(m);
            let mut settings = points.iter().map(|p| problem.setting(m, t, *p));
            let mut before = (0.0, 0.0);
            if awake {
                before = settings.next().unwrap_or(before);
            }
            for now in settings {
                let mw = now.0 - before.0;
                all.push(Setting {
                    slope: (now.1 - before.1) / mw,
                    mw,
                    pool: m as u32,
                });
                before = now;
            }
        }
        all[from..].sort_by(|a, b| b.slope.total_cmp(&a.slope));
    }
    let count = all.len() / problem.inputs.steps().max(1);
    (all, count)
}

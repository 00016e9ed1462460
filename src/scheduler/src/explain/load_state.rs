//! State of each load in the first step: what it draws, wants and earns at the margin.

use swingload_model::plan::ReasonCode;

use super::{OFF, wait};
use crate::build::{Built, PoolPlace, hull_from_zero};
use crate::dispatch::LoadRef;
use crate::flows::Flows;
use crate::inputs::StackInput;
use crate::plan::Planned;

/// A load in the step: its power, limits and margins; powers in MW, worths in currency per facility MWh.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LoadState {
    pub(super) load: LoadRef,
    pub(super) node: usize,
    /// What its last running MWh earns; where nothing runs, its first idle one.
    pub(super) value: f64,
    /// What its next idle MWh would earn; of no meaning when it is full.
    pub(super) idle: f64,
    pub(super) drawn: f64,
    pub(super) wanted: f64,
    pub(super) must_serve: bool,
    /// What keeps it from power that would pay where no limit does.
    pub(super) held_by: ReasonCode,
    /// Set where the code does not follow from value and price.
    pub(super) code: Option<ReasonCode>,
}

impl LoadState {
    pub(super) fn runs(&self) -> bool {
        self.drawn > OFF
    }

    pub(super) fn is_full(&self) -> bool {
        self.drawn >= self.wanted - OFF
    }
}

/// Pools, services, hosting and jobs in the order of the site.
pub(super) fn load_states(built: &Built, planned: &Planned) -> Vec<LoadState> {
    let inputs = &built.inputs;
    let mut all = Vec::new();
    for (p, place) in built.pool.iter().enumerate() {
        let load_state = match place {
            PoolPlace::Stack(s) => stack(LoadRef::Pool(p), &inputs.stacks[*s], planned, *s),
            PoolPlace::Pool(m) => pool(built, planned, p, *m),
        };
        // Either heat shut it, or the policy or its installation leaves it out.
        let off = if built.hashing.heat[p][0] <= 0.0 {
            ReasonCode::Heat
        } else {
            ReasonCode::NotEligible
        };
        let code = (load_state.wanted <= OFF).then_some(off);
        all.push(LoadState { code, ..load_state });
    }
    for (v, s) in built.service.iter().enumerate() {
        all.push(stack(LoadRef::Service(v), &inputs.stacks[*s], planned, *s));
    }
    for (c, s) in built.hosting.iter().enumerate() {
        if let Some(s) = s {
            all.push(stack(LoadRef::Hosting(c), &inputs.stacks[*s], planned, *s));
        }
    }
    // Services and hosting without demand have nothing to explain.
    all.retain(|s| s.wanted > OFF || s.code.is_some());
    let flows = Flows::new(built, planned, &planned.first, 0);
    all.extend((0..inputs.jobs.len()).map(|k| job(built, planned, &flows, k)));
    all
}

fn stack(load: LoadRef, stack: &StackInput, planned: &Planned, s: usize) -> LoadState {
    let served = &planned.first.tiers[s];
    let tiers = || stack.tiers.iter().zip(served);
    // Tiers are served by worth, and a floor may be worth less than a tier above it.
    let last = tiers().filter(|(_, mw)| **mw > OFF);
    let last = last.map(|(tier, _)| tier.value[0]).reduce(f64::min);
    let next = tiers().filter(|(tier, mw)| **mw < tier.mw[0] - OFF);
    let next = next.map(|(tier, _)| tier.value[0]).reduce(f64::max);
    let idle = next.or(last).unwrap_or(0.0);
    // The floor whole and nothing above it.
    let firm = tiers().all(|(tier, mw)| {
        if tier.must_serve {
            *mw >= tier.mw[0] - OFF
        } else {
            *mw <= OFF
        }
    });
    LoadState {
        load,
        node: stack.node,
        value: last.unwrap_or(idle),
        idle,
        drawn: served.iter().sum(),
        wanted: tiers().map(|(t, _)| t.mw[0]).sum(),
        must_serve: firm,
        held_by: ReasonCode::LimitBinding,
        code: None,
    }
}

/// Miners: awake ones differ from sleeping ones by what their next MWh earns.
fn pool(built: &Built, planned: &Planned, p: usize, m: usize) -> LoadState {
    let pool = &built.inputs.pools[m];
    let factor = built.inputs.nodes[pool.node].factor[0];
    let worth = |mw: f64, ph: f64| ph * pool.revenue[0] / (mw * factor) - pool.adder[0];
    let (lowest, top) = (pool.points[0], pool.points[pool.points.len() - 1]);
    let running = pool.scale[0] * factor;
    let wanted = top.0 * running * pool.blocks.iter().map(|b| b.devices).sum::<f64>();
    let drawn: f64 = planned.first.power.blocks[m].iter().sum();
    // A device woken from sleep goes at least to the point that earns most per watt.
    let asleep = hull_from_zero(&pool.points)
        .first()
        .map_or(0.0, |point| worth(point.0, point.1));
    let awake: f64 = (pool.blocks.iter().zip(&planned.schedule.on[m]))
        .filter(|(_, path)| path[0])
        .map(|(block, _)| block.devices)
        .sum();
    let (value, idle) = if drawn <= OFF {
        (asleep, asleep)
    } else {
        let (below, above) = slopes(&pool.points, drawn / (awake * running));
        let value = below.map_or(worth(lowest.0, lowest.1), |(mw, ph)| worth(mw, ph));
        let sleeps = drawn < wanted - OFF && awake < wanted / (top.0 * running) - 1e-9;
        let more = above.map(|(mw, ph)| worth(mw, ph));
        let wake = sleeps.then_some(asleep);
        let idle = more.into_iter().chain(wake).reduce(f64::max);
        (value, idle.unwrap_or(value))
    };
    LoadState {
        load: LoadRef::Pool(p),
        node: pool.node,
        value,
        idle,
        drawn,
        wanted,
        must_serve: false,
        held_by: ReasonCode::Committed,
        code: None,
    }
}

/// From one setting of a device to the next: `(MW, PH/s)` more.
pub(crate) type Stretch = (f64, f64);

/// The stretch that a device awake at `mw` (IT) runs on last, and the one it would run on
/// next; `None` below the lowest setting and above the highest.
pub(crate) fn slopes(points: &[(f64, f64)], mw: f64) -> (Option<Stretch>, Option<Stretch>) {
    let lowest = points[0];
    let above_lowest: Vec<(f64, f64)> = points[1..]
        .iter()
        .map(|p| (p.0 - lowest.0, p.1 - lowest.1))
        .collect();
    let rounding = 1e-6 * lowest.0;
    let (mut below, mut before) = (None, (0.0, 0.0));
    for point in hull_from_zero(&above_lowest) {
        let piece = (point.0 - before.0, point.1 - before.1);
        let (from, to) = (lowest.0 + before.0, lowest.0 + point.0);
        if mw > from + rounding {
            below = Some(piece);
        }
        if mw < to - rounding {
            return (below, Some(piece));
        }
        before = point;
    }
    (below, None)
}

fn job(built: &Built, planned: &Planned, flows: &Flows<'_>, k: usize) -> LoadState {
    let inputs = &built.inputs;
    let job = &inputs.jobs[k];
    let gpu_mw = job.gpu_mw * inputs.nodes[job.node].factor[0];
    let drawn = planned.first.power.jobs[k] * gpu_mw;
    let later =
        planned.schedule.jobs[k].iter().any(|run| run.step > 0) || planned.schedule.beyond[k] > 0.0;
    let value = (job.value_in(&inputs.grid, 0) + job.unmet) / gpu_mw - inputs.job_adder[0];
    let waits = |before: &usize| inputs.jobs[*before].work > 0.0;
    let short = || wait::shortage(built, flows, planned, k).map(|short| short.code);
    let (code, held_by) = match () {
        () if drawn > OFF => (None, ReasonCode::NotEligible),
        () if job.after.iter().any(waits) => {
            (Some(ReasonCode::WaitsForJob), ReasonCode::NotEligible)
        }
        () if job.first > 0 => (Some(ReasonCode::NotReleased), ReasonCode::NotEligible),
        () if later => {
            let code = short().unwrap_or(ReasonCode::Deferred);
            (Some(code), code)
        }
        () => (None, short().unwrap_or(ReasonCode::NotEligible)),
    };
    LoadState {
        load: LoadRef::Job(built.job[k]),
        node: job.node,
        value,
        idle: value,
        drawn,
        wanted: if drawn > OFF {
            drawn
        } else {
            job.gangs.max() * gpu_mw
        },
        must_serve: false,
        held_by,
        code,
    }
}

//! How long mining was curtailed at a stretch.

use serde::Serialize;

use crate::record::PolicyRun;
use crate::run::Context;

/// Curtailed runs of one range of lengths, all pools together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, schemars::JsonSchema)]
pub struct RunBin {
    /// Runs longer than this, h.
    pub longer_than_h: f64,
    /// And at most this long, h; `None` for no end.
    pub up_to_h: Option<f64>,
    /// Runs.
    pub runs: u64,
    /// Hours in them.
    pub hours: f64,
}

/// Upper ends of the ranges, h.
const ENDS: [f64; 9] = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 24.0, 72.0, f64::INFINITY];

/// A pool is curtailed while less than half of the devices that answer are awake.
pub(super) fn runs(context: &Context<'_>, run: &PolicyRun) -> Vec<RunBin> {
    let grid = &context.truth.grid;
    let mut bins: Vec<RunBin> = ENDS
        .iter()
        .enumerate()
        .map(|(k, end)| RunBin {
            longer_than_h: if k == 0 { 0.0 } else { ENDS[k - 1] },
            up_to_h: end.is_finite().then_some(*end),
            runs: 0,
            hours: 0.0,
        })
        .collect();
    let mut note = |hours: f64| {
        if hours > 0.0 {
            let bin = ENDS
                .iter()
                .position(|end| hours <= *end + 1e-9)
                .unwrap_or(ENDS.len() - 1);
            bins[bin].runs += 1;
            bins[bin].hours += hours;
        }
    };
    for pool in &run.pools {
        let mut stretch = 0.0;
        for t in 0..grid.len() {
            if pool.awake[t] < 0.5 * pool.available[t] {
                stretch += grid.hours(t);
            } else {
                note(stretch);
                stretch = 0.0;
            }
        }
        note(stretch);
    }
    bins
}

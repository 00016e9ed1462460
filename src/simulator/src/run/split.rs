//! What better forecasts would be worth: the policy run again, informed of one more
//! part of the future each time.
//!
//! ```text
//! own forecasts -> + prices -> + surplus -> + other series -> + arrivals
//!               -> + coincident peaks -> + calls -> proven bound
//!       what each arrow adds in value is that part's share of what was left
//! ```
//! The parts add up to all that was left, because each run is held against the one before.
//! Their sizes depend on the order, which is fixed: a part given later finds less left to
//! gain or, where it needs the others, more. What no knowledge closes is planning: the
//! planner and its horizon, machines' faults and delays, and the slack of the bound.

use super::Context;
use super::knowledge::{Knowledge, Part};
use crate::results::forecaster;

/// Name of the policy whose loss is split.
pub(crate) const POLICY: &str = "swingload";

/// One run of the split: what it was informed of last, and what it was worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InformedRun {
    /// The part it was informed of beyond the run before.
    pub part: Part,
    /// Realised value, currency.
    pub value: f64,
}

/// The parts that a run of their own is needed for, in their order: those the policy does
/// not know as it is.
pub(super) fn parts(context: &Context<'_>) -> Vec<Part> {
    if !context.scenario.policies.split {
        return Vec::new();
    }
    let unknown = |part: &Part| match part {
        Part::Arrivals => !context.jobs.is_empty(),
        // A plan knows probabilities at most, whatever the model.
        Part::CoincidentPeaks => context.truth.peaks.iter().any(Option::is_some),
        _ => context.series.keys().any(|name| {
            let model = forecaster(context.scenario, name);
            Part::of_series(context.scenario, name) == Some(*part) && model != "perfect"
        }),
    };
    Part::ALL.into_iter().filter(unknown).collect()
}

/// What the run for a part knows.
pub(super) fn knowledge(part: Part) -> Knowledge {
    Knowledge::up_to(part)
}

/// Name of such a run for progress bars.
pub(super) fn label(part: Part) -> &'static str {
    match part {
        Part::Prices => "known prices",
        Part::Surplus => "known surplus",
        Part::OtherSeries => "known others",
        Part::Arrivals => "known arrivals",
        Part::CoincidentPeaks => "known peaks",
        Part::Calls => "known calls",
    }
}

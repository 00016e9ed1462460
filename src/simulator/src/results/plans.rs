//! How good the plans of a run were, by their own certificates.

use serde::Serialize;
use swingload_scheduler::dispatch::Proof;

use crate::record::PolicyRun;

/// Plans of a run. Each says what it is worth over its horizon, and what no plan from the
/// same forecasts could exceed: the gap is what planning may have left, not what the
/// forecasts did. Shares are of the plans' value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PlanSummary {
    /// Plans made.
    pub count: usize,
    /// All gaps as a share of all values, %; `None` where the plans are worth nothing.
    pub gap_pct: Option<f64>,
    /// Gap that half of the plans do not exceed, % of their value.
    pub gap_median_pct: Option<f64>,
    /// Gap that 95 of 100 plans do not exceed, % of their value.
    pub gap_p95_pct: Option<f64>,
}

/// The plans of a run; `None` where it was not planned.
pub(super) fn plans(run: &PolicyRun) -> Option<PlanSummary> {
    let proofs: Vec<Proof> = run.proof.iter().copied().flatten().collect();
    let share = |gap: f64, value: f64| (value != 0.0).then(|| 100.0 * gap / value.abs());
    let gap = proofs.iter().map(Proof::gap).sum();
    let value = proofs.iter().map(|proof| proof.value.abs()).sum();
    let each = proofs.iter().map(|proof| share(proof.gap(), proof.value));
    let mut shares: Vec<f64> = each.flatten().collect();
    shares.sort_by(f64::total_cmp);
    let quantile = |q: f64| {
        let last = shares.len().checked_sub(1)?;
        shares.get((last as f64 * q).round() as usize).copied()
    };
    (!proofs.is_empty()).then(|| PlanSummary {
        count: proofs.len(),
        gap_pct: share(gap, value),
        gap_median_pct: quantile(0.5),
        gap_p95_pct: quantile(0.95),
    })
}

//! How good the plans of a run were, by their own certificates.

use serde::Serialize;
use swingload_scheduler::dispatch::Proof;

use crate::record::PolicyRun;

/// Plans of a run. Each says what it is worth over its horizon, and what no plan from the
/// same forecasts could exceed: the gap is what planning may have left, not what the
/// forecasts did, and part of it is the bounds' own slack: `plan` proves a single plan with
/// far more effort. Horizons of plans overlap, so neither gaps nor values add up to a run's.
/// Shares are of |value|, with what no decision changes; a plan that cannot keep a ramp is fined for
/// it there, so that one such plan can be most of `gap_pct`, and none of the median.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PlanSummary {
    /// Plans made and proven.
    pub count: usize,
    /// Sum of all gaps as a share of the sum of all |value|, %; `None` where the plans are worth nothing.
    pub gap_pct: Option<f64>,
    /// Gap that half of the plans do not exceed, % of |value| of each.
    pub gap_median_pct: Option<f64>,
    /// Gap that 95 of 100 plans do not exceed, % of |value| of each.
    pub gap_p95_pct: Option<f64>,
}

/// The plans of a run; `None` where it was not planned.
pub(super) fn plans(run: &PolicyRun) -> Option<PlanSummary> {
    let proofs: Vec<Proof> = run.proof.iter().copied().flatten().collect();
    summed(&proofs)
}

fn summed(proofs: &[Proof]) -> Option<PlanSummary> {
    let share = |gap: f64, value: f64| (value != 0.0).then(|| 100.0 * gap / value.abs());
    let gap = proofs.iter().map(Proof::gap).sum();
    let value = proofs.iter().map(|proof| proof.value.abs()).sum();
    let each = proofs.iter().map(|proof| share(proof.gap(), proof.value));
    let mut shares: Vec<f64> = each.flatten().collect();
    shares.sort_by(f64::total_cmp);
    // The least that so many percent of them do not exceed.
    let quantile = |pct: usize| {
        let count = (shares.len() * pct).div_ceil(100);
        shares.get(count.checked_sub(1)?).copied()
    };
    (!proofs.is_empty()).then(|| PlanSummary {
        count: proofs.len(),
        gap_pct: share(gap, value),
        gap_median_pct: quantile(50),
        gap_p95_pct: quantile(95),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_shares_of_value() {
        assert_eq!(summed(&[]), None);
        let proof = |value: f64, gap: f64| Proof {
            value,
            bound: value + gap,
        };
        // Gaps of 1 to 20 % of plans worth 100, one of 40 % of a loss, and a plan worth nothing.
        let mut proofs: Vec<Proof> = (1..=20).rev().map(|k| proof(100.0, f64::from(k))).collect();
        proofs.extend([proof(-50.0, 20.0), proof(0.0, 5.0)]);
        let plans = summed(&proofs).expect("there are plans");
        let near = |found: Option<f64>, expected: f64| {
            assert!((found.expect("known") - expected).abs() < 1e-9, "{found:?}");
        };
        assert_eq!(plans.count, 22);
        near(plans.gap_pct, 100.0 * (210.0 + 20.0 + 5.0) / 2050.0);
        near(plans.gap_median_pct, 11.0);
        // 20 of the 21 shares are 95.2 % of them.
        near(plans.gap_p95_pct, 20.0);
        assert_eq!(summed(&[proof(0.0, 5.0)]).expect("one").gap_pct, None);
    }
}

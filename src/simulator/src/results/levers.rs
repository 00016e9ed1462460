//! Money by lever: the difference of two runs, part by part.
//!
//! Every load's energy is first charged at the grid's price (with its adders); what
//! cheaper blocks save against that is the surplus lever. So levers do not mix: the
//! parts of one run add up to its value, and the differences to the baseline add up
//! to the difference in value.
//!
//! | Lever | Part of a run's value |
//! |---|---|
//! | underclocking | margin of awake miners, less their margin had they all stood at their top point |
//! | break-even | margin awake miners would have at their top point, less wear of starts |
//! | shifting | jobs, inference and hosting, less their energy, overheads and idle watts |
//! | surplus | energy of all loads at the grid's price less what the blocks cost; contracts |
//! | peaks | demand charges, coincident peaks, penalties of accepted power limits |
//! | programmes | availability payments less penalties of calls |

use serde::Serialize;

use crate::ledger::LineKind as K;
use crate::record::PolicyRun;

/// Value against the baseline's by lever, currency; the fields add up to `total`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, schemars::JsonSchema)]
pub struct Levers {
    /// Stopping and starting miners at their break-even price.
    pub breakeven: f64,
    /// Running miners below their top point.
    pub underclocking: f64,
    /// Moving and choosing jobs, inference and hosting.
    pub shifting: f64,
    /// Avoiding demand charges, coincident peaks and power limits.
    pub peaks: f64,
    /// Programme payments less penalties.
    pub programmes: f64,
    /// Using supply cheaper than the grid, and contracts.
    pub surplus: f64,
    /// Value less the baseline's value.
    pub total: f64,
}

pub(super) fn levers(run: &PolicyRun, base: Option<&PolicyRun>) -> Levers {
    let own = parts(run);
    let zero = base.map_or_else(Levers::default, parts);
    Levers {
        breakeven: own.breakeven - zero.breakeven,
        underclocking: own.underclocking - zero.underclocking,
        shifting: own.shifting - zero.shifting,
        peaks: own.peaks - zero.peaks,
        programmes: own.programmes - zero.programmes,
        surplus: own.surplus - zero.surplus,
        total: own.total - zero.total,
    }
}

/// The parts of one run's value.
fn parts(run: &PolicyRun) -> Levers {
    let sum = |kinds: &[K]| {
        kinds
            .iter()
            .map(|k| run.ledger.total(*k).as_units())
            .sum::<f64>()
    };
    let mining = sum(&[K::Mining]);
    let (top_revenue, top_cost) = (
        run.pools_at_top.0 * run.difficulty_share,
        run.pools_at_top.1,
    );
    let at_top = top_revenue - top_cost;
    let underclocking = mining - run.pool_reference_cost - at_top;
    let breakeven = at_top + sum(&[K::Wear]);
    let reference: f64 = run.reference_cost_by_use.iter().sum();
    let work = [
        K::JobValue,
        K::JobLateness,
        K::JobLostWork,
        K::JobUnmet,
        K::OpenWork,
        K::Inference,
        K::InferencePenalty,
        K::Hosting,
        K::TakeOrPay,
        K::HostingPenalty,
    ];
    let shifting = sum(&work) - (reference - run.pool_reference_cost);
    let peaks = sum(&[K::Demand, K::CoincidentPeak, K::PowerLimit]);
    let programmes = sum(&[K::Availability, K::CallPenalty]);
    let total = run.ledger.value().as_units();
    // Energy and adders as billed, against the same energy at the grid's price.
    let surplus = total - underclocking - breakeven - shifting - peaks - programmes;
    Levers {
        breakeven,
        underclocking,
        shifting,
        peaks,
        programmes,
        surplus,
        total,
    }
}

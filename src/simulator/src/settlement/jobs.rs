//! Jobs: work at full value, and apart from it what lateness, lost and undone work cost.

use swingload_model::site::Site;
use swingload_model::units::Money;

use super::Metered;
use crate::ledger::{Ledger, LineKind};

#[derive(Debug)]
pub(super) struct Jobs {
    /// Per GPU pool: value, lateness, lost work, unmet work.
    lines: Vec<[usize; 4]>,
}

impl Jobs {
    pub(super) fn new(site: &Site, ledger: &mut Ledger) -> Self {
        let kinds = [
            LineKind::JobValue,
            LineKind::JobLateness,
            LineKind::JobLostWork,
            LineKind::JobUnmet,
        ];
        let lines = site
            .gpu_pools
            .iter()
            .map(|pool| kinds.map(|kind| ledger.line(format!("jobs on {}", pool.id), kind)));
        Self {
            lines: lines.collect(),
        }
    }

    pub(super) fn book(&self, step: &Metered<'_>, ledger: &mut Ledger) {
        for (lines, money) in self.lines.iter().zip(&step.meter.jobs) {
            let amounts = [money.value, -money.lateness, -money.lost, -money.unmet];
            for (line, amount) in lines.iter().zip(amounts) {
                ledger.book(*line, step.t, Money::new(amount));
            }
        }
    }
}

//! Accepted limits on the site's load, with a penalty above them.

use swingload_model::site::Site;
use swingload_model::site::commitment::CommitmentKind;
use swingload_model::units::EnergyPrice;

use super::Metered;
use crate::ledger::{Ledger, LineKind};

#[derive(Debug)]
pub(super) struct PowerLimits {
    /// Commitment, line, penalty.
    all: Vec<(usize, usize, EnergyPrice)>,
}

impl PowerLimits {
    pub(super) fn new(site: &Site, ledger: &mut Ledger) -> Self {
        let all = site
            .commitments
            .iter()
            .enumerate()
            .filter_map(|(c, commitment)| {
                let CommitmentKind::PowerLimit {
                    penalty_per_mwh, ..
                } = &commitment.kind
                else {
                    return None;
                };
                Some((
                    c,
                    ledger.line(commitment.id.clone(), LineKind::PowerLimit),
                    EnergyPrice::from_per_mwh(*penalty_per_mwh),
                ))
            });
        Self { all: all.collect() }
    }

    pub(super) fn book(&self, step: &Metered<'_>, ledger: &mut Ledger) {
        for (commitment, line, penalty) in &self.all {
            if step.site.commitments[*commitment].binds(step.start) {
                let above = step.above(step.truth.committed[*commitment].at(step.t));
                ledger.book(*line, step.t, -(above * *penalty));
            }
        }
    }
}

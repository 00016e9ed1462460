//! Wear of miner starts.

use swingload_model::site::Site;

use super::Metered;
use crate::ledger::{Ledger, LineKind};

#[derive(Debug)]
pub(super) struct Wear {
    lines: Vec<usize>,
}

impl Wear {
    pub(super) fn new(site: &Site, ledger: &mut Ledger) -> Self {
        Self {
            lines: site
                .pools
                .iter()
                .map(|pool| ledger.line(pool.id.clone(), LineKind::Wear))
                .collect(),
        }
    }

    pub(super) fn book(&self, step: &Metered<'_>, ledger: &mut Ledger) {
        for ((line, pool), meter) in self
            .lines
            .iter()
            .zip(&step.site.pools)
            .zip(&step.meter.pools)
        {
            ledger.book(
                *line,
                step.t,
                -(pool.wear_per_start * i64::from(meter.starts)),
            );
        }
    }
}

//! Wear of miner starts.

use swingload_model::site::Site;
use swingload_model::units::WideMoney;

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
                -wide(pool.wear_per_start.get(), meter.starts),
            );
        }
    }
}

/// So many starts at a price each.
fn wide(each: i64, starts: u32) -> WideMoney {
    WideMoney::new(i128::from(each) * i128::from(starts))
}

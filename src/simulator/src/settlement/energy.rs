//! Energy per supply block at its own price, and what its export earns.
//!
//! A block's own price is paid for all that it delivers, used or exported; exported energy
//! earns the export price. What is neither costs and earns nothing. So what using a MWh
//! forgoes is in the bill once: as the export that is not there.

use swingload_model::site::Site;
use swingload_model::units::{Energy, EnergyPrice};

use super::Metered;
use crate::ledger::{Ledger, LineKind};

#[derive(Debug)]
pub(super) struct EnergyCosts {
    /// Per block: its energy line, and its export line where it has an export price.
    lines: Vec<(usize, Option<usize>)>,
}

impl EnergyCosts {
    pub(super) fn new(site: &Site, ledger: &mut Ledger) -> Self {
        let lines = site.supply.iter().map(|block| {
            let own = ledger.line(block.id.clone(), LineKind::Energy);
            let export = block
                .export_price
                .as_ref()
                .map(|_| ledger.line(block.id.clone(), LineKind::Export));
            (own, export)
        });
        Self {
            lines: lines.collect(),
        }
    }

    pub(super) fn book(&self, step: &Metered<'_>, ledger: &mut Ledger) {
        for (k, (own, export)) in self.lines.iter().enumerate() {
            let (used, exported) = (step.flow.used[k], step.flow.exported[k]);
            let truth = &step.truth.supply[k];
            let price = truth.price.at(step.t);
            ledger.book(*own, step.t, -(Energy::new(used + exported) * price));
            if let Some(export) = export {
                let earned = EnergyPrice::new(price.get() + truth.forgone.at(step.t).get());
                ledger.book(*export, step.t, Energy::new(exported) * earned);
            }
        }
    }
}

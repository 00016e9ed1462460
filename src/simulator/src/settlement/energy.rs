//! Energy per supply block: its own price, and the export it forgoes.

use swingload_model::site::Site;
use swingload_model::units::Energy;

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
                .map(|_| ledger.line(block.id.clone(), LineKind::ExportForgone));
            (own, export)
        });
        Self {
            lines: lines.collect(),
        }
    }

    pub(super) fn book(&self, step: &Metered<'_>, ledger: &mut Ledger) {
        for (k, (own, export)) in self.lines.iter().enumerate() {
            let used = Energy::new(step.flow.used[k]);
            let truth = &step.truth.supply[k];
            ledger.book(*own, step.t, -(used * truth.price.at(step.t)));
            if let Some(export) = export {
                ledger.book(*export, step.t, -(used * truth.forgone.at(step.t)));
            }
        }
    }
}

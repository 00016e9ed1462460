//! Charges per MWh on the facility energy of named uses: wires, adders, taxes.

use swingload_model::site::Site;
use swingload_model::site::tariff::TariffLine;
use swingload_model::units::{Energy, EnergyPrice};

use super::Metered;
use crate::column::Column;
use crate::ledger::{Ledger, LineKind};
use crate::load::use_index;
use crate::truth::Truth;

#[derive(Debug)]
pub(super) struct Adders {
    all: Vec<Adder>,
}

#[derive(Debug)]
struct Adder {
    line: usize,
    price: Column<EnergyPrice>,
    on: [bool; 4],
}

impl Adders {
    pub(super) fn new(site: &Site, truth: &Truth, ledger: &mut Ledger) -> Self {
        let all = site.tariff.lines.iter().filter_map(|line| {
            let TariffLine::Adder {
                id,
                per_mwh,
                uses,
                tax,
            } = line
            else {
                return None;
            };
            let mut on = [false; 4];
            uses.iter().for_each(|u| on[use_index(*u)] = true);
            let kind = if *tax { LineKind::Tax } else { LineKind::Adder };
            Some(Adder {
                line: ledger.line(id.clone(), kind),
                price: truth.amount(per_mwh).map(EnergyPrice::from_per_mwh),
                on,
            })
        });
        Self { all: all.collect() }
    }

    pub(super) fn book(&self, step: &Metered<'_>, ledger: &mut Ledger) {
        for adder in &self.all {
            let energy: i64 = (0..4).filter(|u| adder.on[*u]).map(|u| step.uses[u]).sum();
            ledger.book(
                adder.line,
                step.t,
                -(Energy::new(energy) * adder.price.at(step.t)),
            );
        }
    }
}

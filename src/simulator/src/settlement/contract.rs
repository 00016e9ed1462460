//! Financial contracts: contract x Q + real-time x (actual - Q), beside the energy line
//! that already charged real-time x actual. What a contract without resale does not
//! use is lost.

use swingload_model::site::Site;
use swingload_model::units::{Energy, EnergyPrice};

use super::Metered;
use crate::column::Column;
use crate::ledger::{Ledger, LineKind};
use crate::truth::Truth;

#[derive(Debug)]
pub(super) struct Contracts {
    all: Vec<OneContract>,
}

#[derive(Debug)]
struct OneContract {
    line: usize,
    quantity_w: Column<i64>,
    price: Column<EnergyPrice>,
}

impl Contracts {
    pub(super) fn new(site: &Site, truth: &Truth, ledger: &mut Ledger) -> Self {
        let all = site.contracts.iter().map(|contract| OneContract {
            line: ledger.line(contract.id.clone(), LineKind::Contract),
            quantity_w: truth.amount(&contract.quantity_mw).map(crate::truth::watts),
            price: truth.amount(&contract.price).map(EnergyPrice::from_per_mwh),
        });
        Self { all: all.collect() }
    }

    pub(super) fn prepaid(&self, site: &Site, truth: &Truth, t: usize, prepaid: &mut [i64]) {
        prepaid.fill(0);
        let (start, seconds) = (truth.grid.start_s(t), truth.grid.duration(t).get());
        for (one, contract) in self.all.iter().zip(&site.contracts) {
            if !contract.resale && contract.covers(start) {
                prepaid[contract.supply] += one.quantity_w.at(t) * seconds;
            }
        }
    }

    pub(super) fn book(&self, step: &Metered<'_>, ledger: &mut Ledger) {
        // Several contracts without resale on one block are used up in their order.
        for (k, (one, contract)) in self.all.iter().zip(&step.site.contracts).enumerate() {
            if !contract.covers(step.start) {
                continue;
            }
            let quantity = one.quantity_w.at(step.t) * step.seconds;
            let market = step.truth.supply[contract.supply].price.at(step.t);
            let credited = if contract.resale {
                quantity
            } else {
                let before: i64 = (0..k)
                    .filter(|j| {
                        let other = &step.site.contracts[*j];
                        other.supply == contract.supply && !other.resale && other.covers(step.start)
                    })
                    .map(|j| self.all[j].quantity_w.at(step.t) * step.seconds)
                    .sum();
                (step.flow.prepaid[contract.supply] - before).clamp(0, quantity)
            };
            let paid = Energy::new(quantity) * one.price.at(step.t);
            ledger.book(one.line, step.t, Energy::new(credited) * market - paid);
        }
    }
}

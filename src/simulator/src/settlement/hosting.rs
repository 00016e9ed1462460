//! Hosting: price per IT MWh delivered, take-or-pay, penalty for what was asked and not delivered.

use swingload_model::site::Site;
use swingload_model::site::commitment::CommitmentKind;
use swingload_model::units::{Energy, EnergyPrice, Power};

use super::Metered;
use crate::column::Column;
use crate::ledger::{Ledger, LineKind};
use crate::truth::Truth;

#[derive(Debug)]
pub(super) struct Hosting {
    all: Vec<Tenant>,
}

#[derive(Debug)]
struct Tenant {
    commitment: usize,
    price: Column<EnergyPrice>,
    penalty: EnergyPrice,
    /// Power that is paid whether drawn or not, W.
    paid_w: i64,
    delivered: usize,
    take_or_pay: usize,
    missed: usize,
}

impl Hosting {
    pub(super) fn new(site: &Site, truth: &Truth, ledger: &mut Ledger) -> Self {
        let all = site
            .commitments
            .iter()
            .enumerate()
            .filter_map(|(c, commitment)| {
                let CommitmentKind::Hosting {
                    price,
                    take_or_pay,
                    contracted_mw,
                    penalty_per_mwh,
                    ..
                } = &commitment.kind
                else {
                    return None;
                };
                Some(Tenant {
                    commitment: c,
                    price: truth.amount(price).map(EnergyPrice::from_per_mwh),
                    penalty: EnergyPrice::from_per_mwh(*penalty_per_mwh),
                    paid_w: Power::from_megawatts(take_or_pay * contracted_mw).get(),
                    delivered: ledger.line(commitment.id.clone(), LineKind::Hosting),
                    take_or_pay: ledger.line(commitment.id.clone(), LineKind::TakeOrPay),
                    missed: ledger.line(commitment.id.clone(), LineKind::HostingPenalty),
                })
            });
        Self { all: all.collect() }
    }

    pub(super) fn book(&self, step: &Metered<'_>, ledger: &mut Ledger) {
        for tenant in &self.all {
            if !step.site.commitments[tenant.commitment].binds(step.start) {
                continue;
            }
            let asked = step.truth.committed[tenant.commitment].at(step.t) * step.seconds;
            let delivered = step.meter.hosted[tenant.commitment];
            let price = tenant.price.at(step.t);
            // Take-or-pay counts what the tenant did not ask for, never what the site failed to deliver.
            let untaken = (tenant.paid_w * step.seconds - asked).max(0);
            ledger.book(tenant.delivered, step.t, Energy::new(delivered) * price);
            ledger.book(tenant.take_or_pay, step.t, Energy::new(untaken) * price);
            ledger.book(
                tenant.missed,
                step.t,
                -(Energy::new((asked - delivered).max(0)) * tenant.penalty),
            );
        }
    }
}

//! Inference: the floor first, then value steps of what demand turned out to be.

use swingload_model::site::Site;

use super::{Metered, units};
use crate::column::Column;
use crate::ledger::{Ledger, LineKind};
use crate::truth::Truth;

#[derive(Debug)]
pub(super) struct Inference {
    all: Vec<Service>,
}

#[derive(Debug)]
struct Service {
    served: usize,
    missed: usize,
    floor_value: Column<f64>,
    tiers: Vec<Column<f64>>,
}

impl Inference {
    pub(super) fn new(site: &Site, truth: &Truth, ledger: &mut Ledger) -> Self {
        let all = site.services.iter().map(|service| Service {
            served: ledger.line(service.id.clone(), LineKind::Inference),
            missed: ledger.line(service.id.clone(), LineKind::InferencePenalty),
            floor_value: truth.amount(&service.floor_value),
            tiers: service
                .tiers
                .iter()
                .map(|tier| truth.amount(&tier.value))
                .collect(),
        });
        Self { all: all.collect() }
    }

    pub(super) fn book(&self, step: &Metered<'_>, ledger: &mut Ledger) {
        for (v, (lines, service)) in self.all.iter().zip(&step.site.services).enumerate() {
            let (demand, floor) = &step.truth.demand[v];
            let demand = demand.at(step.t).max(0.0) * step.hours();
            let floor = (floor.at(step.t).max(0.0) * step.hours()).min(demand);
            let served = step.meter.served[v] as f64 / 3600.0;
            let firm = served.min(floor);
            let mut value = firm * lines.floor_value.at(step.t);
            let mut left = served - firm;
            for (tier, price) in service.tiers.iter().zip(&lines.tiers) {
                let part = left.min(tier.share * (demand - floor));
                value += part * price.at(step.t);
                left -= part;
            }
            ledger.book(lines.served, step.t, units(value));
            // Less than a GPU-second is rounding of demand, not a broken promise.
            let missed = floor - firm;
            if missed * 3600.0 > 1.0 {
                ledger.book(lines.missed, step.t, -units(missed * service.floor_penalty));
            }
        }
    }
}

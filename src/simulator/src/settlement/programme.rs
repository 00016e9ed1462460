//! Demand-response programmes: paid while not called, penalised above the firm level while called.

use swingload_model::site::Site;
use swingload_model::units::{EnergyPrice, Power};

use super::{Metered, units};
use crate::column::Column;
use crate::ledger::{Ledger, LineKind};
use crate::truth::Truth;

#[derive(Debug)]
pub(super) struct Programmes {
    all: Vec<OneProgramme>,
}

#[derive(Debug)]
struct OneProgramme {
    availability: usize,
    penalty: usize,
    per_mw_h: Column<f64>,
    called: Option<Vec<f64>>,
}

impl Programmes {
    pub(super) fn new(site: &Site, truth: &Truth, ledger: &mut Ledger) -> Self {
        let all = site.programmes.iter().map(|programme| OneProgramme {
            availability: ledger.line(programme.id.clone(), LineKind::Availability),
            penalty: ledger.line(programme.id.clone(), LineKind::CallPenalty),
            per_mw_h: truth.amount(&programme.availability),
            called: programme
                .calls
                .as_ref()
                .and_then(|name| truth.series(name))
                .map(<[f64]>::to_vec),
        });
        Self { all: all.collect() }
    }

    pub(super) fn book(&self, step: &Metered<'_>, ledger: &mut Ledger) {
        for (one, programme) in self.all.iter().zip(&step.site.programmes) {
            let called = one
                .called
                .as_ref()
                .map_or(0.0, |c| c[step.t].clamp(0.0, 1.0));
            let pay =
                one.per_mw_h.at(step.t) * programme.capacity_mw * step.hours() * (1.0 - called);
            ledger.book(one.availability, step.t, units(pay));
            if called > 0.0 {
                let above = step.above(Power::from_megawatts(programme.firm_mw).get());
                // A step's mean says nothing of when in it the power was drawn: the call bears its share.
                let price = EnergyPrice::from_per_mwh(programme.penalty_per_mwh * called);
                ledger.book(one.penalty, step.t, -(above * price));
            }
        }
    }
}

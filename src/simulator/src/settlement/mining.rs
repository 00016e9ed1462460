//! Mining revenue: hashes at the hashprice of the step, pool fee and rejects off.
//!
//! Where the scenario asks for it, the difficulty answers the run's own hashrate: the
//! mean over the whole run is added to the network, as after the next retargets.

use swingload_model::mining::{difficulty_feedback, revenue_of_terahashes};
use swingload_model::site::Site;
use swingload_model::units::{Hashprice, Money, whole};

use super::{Metered, units};
use crate::ledger::{Ledger, LineKind};
use crate::truth::Truth;

#[derive(Debug)]
pub(super) struct Mining {
    /// Per pool its line and the share of revenue it keeps.
    lines: Vec<(usize, f64)>,
    terahashes: f64,
    seconds: i64,
}

impl Mining {
    pub(super) fn new(site: &Site, ledger: &mut Ledger) -> Self {
        let lines = site.pools.iter().map(|pool| {
            let line = ledger.line(pool.id.clone(), LineKind::Mining);
            (line, pool.keeps())
        });
        Self {
            lines: lines.collect(),
            terahashes: 0.0,
            seconds: 0,
        }
    }

    pub(super) fn book(&mut self, step: &Metered<'_>, ledger: &mut Ledger) {
        let Some(market) = &step.truth.mining else {
            return;
        };
        let hashprice =
            Hashprice::new(market.hashprice[step.t]).expect("invariant: a hashprice is finite");
        for ((line, keep), pool) in self.lines.iter().zip(&step.meter.pools) {
            ledger.book(
                *line,
                step.t,
                units(revenue_of_terahashes(hashprice, pool.terahashes) * keep),
            );
            self.terahashes += pool.terahashes;
        }
        self.seconds += step.seconds;
    }

    pub(super) fn close(&self, truth: &Truth, ledger: &mut Ledger) {
        let Some(market) = truth
            .mining
            .as_ref()
            .filter(|m| m.feedback && self.seconds > 0)
        else {
            return;
        };
        let own = self.terahashes / self.seconds as f64 / 1e6;
        for (line, _) in &self.lines {
            let line = &mut ledger.lines[*line];
            for (amount, network) in line.steps.iter_mut().zip(&market.network) {
                // A share of one at most, so that what fitted still fits.
                *amount = whole(*amount as f64 * difficulty_feedback(*network, own))
                    .expect("invariant: a part of what fits");
            }
            line.total = Money::new(line.steps.iter().sum());
        }
    }
}

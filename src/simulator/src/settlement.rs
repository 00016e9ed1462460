//! What a metered step costs and earns, line by line, in whole micro-units.
//!
//! One file per kind of line; a new kind is a new file, its field here, and its
//! [`LineKind`](crate::ledger::LineKind).

mod adder;
pub(crate) mod carbon;
mod contract;
pub(crate) mod demand;
mod energy;
mod hosting;
mod inference;
pub(crate) mod inputs;
mod jobs;
mod mining;
pub(crate) mod open_work;
mod peak;
mod power_limit;
mod programme;
mod wear;

use swingload_model::site::Site;
use swingload_model::units::{Energy, WideMoney};

use crate::flow::Flow;
use crate::ledger::Ledger;
use crate::truth::Truth;
use crate::world::Meter;

/// A metered step, as settlement sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Metered<'a> {
    /// Position in the run.
    pub(crate) t: usize,
    /// Unix second at which it began.
    pub(crate) start: i64,
    /// Its length, s.
    pub(crate) seconds: i64,
    pub(crate) site: &'a Site,
    pub(crate) truth: &'a Truth,
    pub(crate) meter: &'a Meter,
    pub(crate) flow: &'a Flow,
    /// Facility joules per use, in the order of `Use::ALL`.
    pub(crate) uses: [i64; 4],
}

impl Metered<'_> {
    /// Energy of the whole site.
    pub(crate) fn drawn(&self) -> i64 {
        self.flow.node_load[0]
    }

    /// Mean power of the whole site, W, rounded up.
    pub(crate) fn mean_power(&self) -> i64 {
        (self.drawn() + self.seconds - 1) / self.seconds
    }

    /// Energy above a power, J; zero when below.
    pub(crate) fn above(&self, watts: i64) -> Energy {
        Energy::new((self.drawn() - watts * self.seconds).max(0))
    }

    /// Length in hours.
    pub(crate) fn hours(&self) -> f64 {
        self.seconds as f64 / 3600.0
    }
}

/// All lines of a site.
#[derive(Debug)]
pub(crate) struct Settlement {
    energy: energy::EnergyCosts,
    contracts: contract::Contracts,
    adders: adder::Adders,
    demand: demand::DemandCharges,
    peaks: peak::CoincidentPeaks,
    programmes: programme::Programmes,
    limits: power_limit::PowerLimits,
    hosting: hosting::Hosting,
    inference: inference::Inference,
    jobs: jobs::Jobs,
    mining: mining::Mining,
    wear: wear::Wear,
}

impl Settlement {
    /// Opens the lines of a site in `ledger`.
    pub(crate) fn new(site: &Site, truth: &Truth, ledger: &mut Ledger) -> Self {
        Self {
            mining: mining::Mining::new(site, ledger),
            inference: inference::Inference::new(site, truth, ledger),
            hosting: hosting::Hosting::new(site, truth, ledger),
            jobs: jobs::Jobs::new(site, ledger),
            programmes: programme::Programmes::new(site, truth, ledger),
            energy: energy::EnergyCosts::new(site, ledger),
            contracts: contract::Contracts::new(site, truth, ledger),
            adders: adder::Adders::new(site, truth, ledger),
            demand: demand::DemandCharges::new(site, &truth.grid, ledger),
            peaks: peak::CoincidentPeaks::new(site, ledger),
            limits: power_limit::PowerLimits::new(site, ledger),
            wear: wear::Wear::new(site, ledger),
        }
    }

    /// Take-or-pay energy without resale per supply block in step `t`, J, into `prepaid`.
    pub(crate) fn prepaid(&self, site: &Site, truth: &Truth, t: usize, prepaid: &mut [i64]) {
        self.contracts.prepaid(site, truth, t, prepaid);
    }

    /// Books a step.
    pub(crate) fn book(&mut self, step: &Metered<'_>, ledger: &mut Ledger) {
        self.mining.book(step, ledger);
        self.inference.book(step, ledger);
        self.hosting.book(step, ledger);
        self.jobs.book(step, ledger);
        self.programmes.book(step, ledger);
        self.energy.book(step, ledger);
        self.contracts.book(step, ledger);
        self.adders.book(step, ledger);
        self.demand.book(step, ledger);
        self.peaks.book(step, ledger);
        self.limits.book(step, ledger);
        self.wear.book(step, ledger);
    }

    /// Applies what is only known at the end: the difficulty's answer to the run's own hashrate.
    pub(crate) fn close(&self, truth: &Truth, ledger: &mut Ledger) {
        self.mining.close(truth, ledger);
    }
}

/// Money from currency units, rounded to the micro-unit.
pub(crate) fn units(amount: f64) -> WideMoney {
    WideMoney::from_units(amount)
}

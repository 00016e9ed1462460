//! A finished run with everything its outputs show.

use swingload_model::scenario::Scenario;
use swingload_model::site::supply::SupplyKind;
use swingload_simulator::results::{Summary, VariantSummary};
use swingload_simulator::{PolicyRun, Study, StudyInput, StudySummary};

/// A run, the input it came from and what was found on the way.
#[derive(Debug, Clone)]
pub struct Results {
    /// What was run.
    pub input: StudyInput,
    /// What came of it.
    pub study: Study,
    /// Variants of the site by net present value, in the order of the scenario; most often empty.
    pub variants: Vec<VariantSummary>,
    /// What was found and bridged while the data was read, one sentence each.
    pub notes: Vec<String>,
    /// Version of the program.
    pub version: String,
}

/// Name of the policy that the product stands for.
const OWN: &str = "swingload";

impl Results {
    /// The policy through which power, jobs and decisions are shown: `swingload` when it
    /// ran, otherwise the last that did.
    pub fn main_policy(&self) -> &str {
        main_policy(&self.study.scenario)
    }

    /// Its run.
    ///
    /// # Panics
    /// When the study ran no policy, which a scenario does not allow.
    pub fn main(&self) -> &PolicyRun {
        let run = self.study.run(self.main_policy());
        run.expect("invariant: a scenario names at least one policy")
    }

    /// The simulator's summary.
    pub fn summary(&self) -> &StudySummary {
        &self.study.summary
    }

    /// Summaries by name, in the order of the report.
    pub fn policies(&self) -> impl Iterator<Item = (&str, &Summary)> {
        let summary = self.summary();
        summary
            .order
            .iter()
            .filter_map(|name| Some((name.as_str(), summary.policies.get(name)?)))
    }

    /// The summary of a policy.
    pub fn policy(&self, name: &str) -> Option<&Summary> {
        self.summary().policies.get(name)
    }

    /// The first grid block of the site.
    pub(crate) fn grid_block(&self) -> Option<usize> {
        let supply = &self.study.scenario.site.supply;
        supply.iter().position(|s| s.kind == SupplyKind::Grid)
    }

    /// Price that power of a run is held against at step `t`, currency per MWh, adders not
    /// included: the grid's, or without one that of the dearest block in use, and where
    /// nothing is drawn that of the cheapest block there is; as the simulator attributes it.
    pub(crate) fn reference_price(&self, run: &PolicyRun, t: usize) -> f64 {
        let supply = &self.study.truth.supply;
        let price =
            |k: usize| supply[k].price.at(t).as_per_mwh() + supply[k].forgone.at(t).as_per_mwh();
        if let Some(grid) = self.grid_block() {
            return price(grid);
        }
        let blocks = || 0..supply.len();
        let dearest = blocks()
            .filter(|k| run.supply_energy[*k][t] > 0)
            .map(price)
            .reduce(f64::max);
        let there = |k: &usize| supply[*k].available.at(t) > 0;
        dearest
            .or_else(|| blocks().filter(there).map(price).reduce(f64::min))
            .unwrap_or(0.0)
    }

    /// Most the site may draw at step `t`, W: the usable rating of its root, whose bus
    /// carries all loads, whatever feeds them.
    pub(crate) fn room(&self, t: usize) -> i64 {
        self.study.truth.limit[0].at(t)
    }
}

/// The policy a scenario is shown through; see [`Results::main_policy`].
pub fn main_policy(scenario: &Scenario) -> &str {
    let run = &scenario.policies.run;
    let own = run.iter().find(|name| *name == OWN).or(run.last());
    own.map_or(OWN, String::as_str)
}

//! One plan for people and programs: text, tables, JSON and a page.

mod clock;
mod page;
mod tables;
#[cfg(test)]
mod tests;
mod text;

use swingload_model::plan::{LoadPlan, Plan};
use swingload_model::scenario::Scenario;
use swingload_model::site::Use;
use swingload_model::site::commitment::CommitmentKind;
use swingload_model::site::supply::SupplyKind;

pub use text::{heading, text};

/// A plan with the scenario it was made in.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The scenario.
    pub scenario: Scenario,
    /// The plan.
    pub plan: Plan,
    /// Version of the program.
    pub version: String,
}

impl Planned {
    /// What `plan.json` holds and `--json` prints: one object on one line. The same plan
    /// gives the same bytes.
    pub fn json(&self) -> String {
        self.plan.to_json() + "\n"
    }

    /// The page: one HTML file, no network access.
    pub(crate) fn html(&self) -> String {
        crate::html::render(&page::payload(self))
    }

    fn steps(&self) -> usize {
        self.plan.grid.len()
    }

    /// Name of the price that power is shown at.
    fn price_name(&self) -> String {
        self.grid_block().map_or_else(
            || "of the dearest block in use".to_owned(),
            |grid| format!("of the block {}", self.plan.supply[grid].supply),
        )
    }

    /// The first grid block of the site.
    fn grid_block(&self) -> Option<usize> {
        let supply = &self.scenario.site.supply;
        supply.iter().position(|s| s.kind == SupplyKind::Grid)
    }

    /// Expected price of power in step `t` with charges, currency per MWh: of the grid, or
    /// without one of the dearest block in use; none where nothing is drawn.
    fn price(&self, t: usize) -> Option<f64> {
        let at = |k: usize| self.plan.supply[k].per_mwh.get(t).map(|p| p.as_per_mwh());
        if let Some(grid) = self.grid_block() {
            return at(grid);
        }
        let used = (0..self.plan.supply.len()).filter(|k| self.plan.supply[*k].watts[t].get() > 0);
        used.filter_map(at).reduce(f64::max)
    }

    /// Price of one more MWh at a node in step `t`; none where no more can reach it.
    fn marginal(&self, node: usize, t: usize) -> Option<f64> {
        self.plan.marginal_values[node].per_mwh[t].map(|p| p.as_per_mwh())
    }

    /// What a load counts as in tables.
    fn class(&self, load: &LoadPlan) -> Class {
        let hosts = |c: &swingload_model::site::Commitment| {
            c.id == load.load && matches!(c.kind, CommitmentKind::Hosting { .. })
        };
        match load.used_for {
            _ if self.scenario.site.commitments.iter().any(hosts) => Class::Hosting,
            Use::Hashing => Class::Hashing,
            Use::Inference => Class::Inference,
            Use::Training => Class::Training,
            Use::Overhead => Class::Overhead,
        }
    }

    /// Watts of a class in step `t`.
    fn watts(&self, class: Class, t: usize) -> i64 {
        let loads = self.plan.loads.iter();
        loads
            .filter(|load| self.class(load) == class)
            .map(|load| load.watts[t].get())
            .sum()
    }
}

/// What watts do, hosted equipment told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Hashing,
    Inference,
    Training,
    Hosting,
    Overhead,
}

impl Class {
    const ALL: [Self; 5] = [
        Self::Hashing,
        Self::Inference,
        Self::Training,
        Self::Hosting,
        Self::Overhead,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Hashing => "hashing",
            Self::Inference => "inference",
            Self::Training => "training",
            Self::Hosting => "hosting",
            Self::Overhead => "overhead",
        }
    }

    /// The name as a head of a column, with marks where it may be broken.
    fn head(self) -> &'static str {
        match self {
            Self::Inference => "infer\u{ad}ence",
            Self::Overhead => "over\u{ad}head",
            other => other.name(),
        }
    }
}

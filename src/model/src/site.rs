//! A site: power tree, supply, tariff, fleets, services and commitments.
//!
//! Read from one TOML file, the same one the simulator and the live controller
//! use. A [`Site`] is valid once built: references resolve, limits are positive,
//! and everything is in the site's one currency.

mod build;
pub mod commitment;
pub mod file;
pub mod fleet;
pub mod supply;
pub mod tariff;
pub mod tree;

use std::collections::BTreeSet;

use crate::Power;
use crate::catalogue::Catalogue;
use crate::diagnostic::Diagnostics;
use crate::document::{Document, Override};
use crate::series::{SeriesRef, Unit};

pub use commitment::Commitment;
pub use fleet::{GpuPool, InferenceService, MinerPool, OperatingPoint};
pub use supply::{Contract, SupplyBlock, SupplyKind};
pub use tariff::{Programme, Tariff};
pub use tree::{Hall, Node, NodeId, PowerTree};

/// What uses power: the four uses of a slot.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Use {
    /// Bitcoin hashing.
    Hashing,
    /// GPU inference.
    Inference,
    /// GPU training: batch jobs.
    Training,
    /// Fixed overhead and idle watts: drawn whatever is decided.
    Overhead,
}

impl Use {
    /// All uses, in the order of reports.
    pub const ALL: [Self; 4] = [
        Self::Hashing,
        Self::Inference,
        Self::Training,
        Self::Overhead,
    ];

    /// Name in outputs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hashing => "hashing",
            Self::Inference => "inference",
            Self::Training => "training",
            Self::Overhead => "overhead",
        }
    }
}

/// A constant, or a scenario's series times a factor.
#[derive(Debug, Clone, PartialEq)]
pub enum Amount {
    /// The same value at all times.
    Constant(f64),
    /// The bound series `series`, times `scale`.
    Series {
        /// Name of the binding.
        series: SeriesRef,
        /// Factor applied to its values.
        scale: f64,
    },
}

impl Amount {
    /// The name of the series it needs, if any.
    pub fn series(&self) -> Option<&str> {
        match self {
            Self::Constant(_) => None,
            Self::Series { series, .. } => Some(series),
        }
    }
}

/// The rule that flexible loads may use surplus only.
#[derive(Debug, Clone, PartialEq)]
pub struct SurplusOnly {
    /// Quantile of the surplus forecast that may be drawn, in percent (10 is P10).
    pub quantile_pct: u8,
}

/// A flexible datacenter, or a network of them under one grid node.
#[derive(Debug, Clone)]
pub struct Site {
    /// Name for people.
    pub name: String,
    /// ISO 4217 code of its one currency.
    pub currency: String,
    /// IANA time zone of its tariffs and markets.
    pub time_zone: String,
    /// Limits.
    pub tree: PowerTree,
    /// Where power comes from, in the order of the file.
    pub supply: Vec<SupplyBlock>,
    /// Financial contracts.
    pub contracts: Vec<Contract>,
    /// Adders, charges and taxes.
    pub tariff: Tariff,
    /// Demand-response programmes.
    pub programmes: Vec<Programme>,
    /// ASIC pools.
    pub pools: Vec<MinerPool>,
    /// GPU pools.
    pub gpu_pools: Vec<GpuPool>,
    /// Inference services on those GPU pools.
    pub services: Vec<InferenceService>,
    /// Firm loads and limits sold or accepted.
    pub commitments: Vec<Commitment>,
    /// Present when flexible load may draw surplus only.
    pub surplus_only: Option<SurplusOnly>,
    /// Names of values that may lie outside their plausible range.
    pub allowed: Vec<String>,
}

impl Site {
    /// Reads a site from TOML; `file` names it in messages.
    ///
    /// # Errors
    /// Every fault found, each with line, field, value and remedy.
    pub fn from_toml(
        file: &str,
        text: &str,
        overrides: &[Override],
        catalogue: &Catalogue,
    ) -> Result<Self, Diagnostics> {
        let mut document = Document::parse(file, text)?;
        for change in overrides {
            document.set(change)?;
        }
        let raw = document.read()?;
        build::build(&document, &raw, catalogue)
    }

    /// Most power of a supply block (by position) that can be exported at once: the least of
    /// what the nodes from its own up to the root may send on.
    pub fn export_limit(&self, supply: usize) -> Power {
        let path = self.tree.path_to_root(self.supply[supply].node);
        let limits = path.into_iter().map(|node| self.tree.node(node).export);
        limits.fold(self.tree.node(0).export, Power::min)
    }

    /// Every amount of the site with its name, as the key `allow` takes it, and its unit.
    pub fn amounts(&self) -> Vec<(String, &Amount, Unit)> {
        build::amounts(self)
    }

    /// Series the site takes for shares of 0 to 1, each with what it takes them for.
    pub fn share_series(&self) -> Vec<(SeriesRef, &'static str)> {
        build::share_series(self)
    }

    /// Every series the site needs, with the unit it must be bound in, by name. A series
    /// that is named in two units stands there twice, and no binding can serve it.
    pub fn required_series(&self) -> BTreeSet<(SeriesRef, Unit)> {
        build::required_series(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Most that a supply at node `field` below the root, and one at the root, can export, MW.
    fn limits(root: &str, field: &str) -> [f64; 2] {
        let text = format!(
            r#"
name = "Export"
currency = "USD"
time_zone = "UTC"
nodes = [
  {{ id = "root", kind = "interconnect", rating_mw = 10, continuous_load_factor = 0.8{root} }},
  {{ id = "field", parent = "root", kind = "feeder", rating_mw = 9{field} }},
]
supply = [
  {{ id = "sun", node = "field", kind = "surplus", available_mw = 5, price_per_mwh = 0 }},
  {{ id = "wind", kind = "surplus", available_mw = 5, price_per_mwh = 0 }},
]
"#
        );
        let site = Site::from_toml("site.toml", &text, &[], &Catalogue::embedded())
            .unwrap_or_else(|faults| panic!("{faults:?}"));
        [0, 1].map(|supply| site.export_limit(supply).as_megawatts())
    }

    /// Not given and zero are two things: at the root the first is its usable rating and the
    /// second forbids exports.
    #[test]
    fn an_export_of_zero_is_none_and_one_not_given_the_roots_rating() {
        assert_eq!(limits("", ", export_mw = 3"), [3.0, 8.0]);
        assert_eq!(limits(", export_mw = 0", ", export_mw = 3"), [0.0, 0.0]);
        assert_eq!(limits(", export_mw = 2", ", export_mw = 3"), [2.0, 2.0]);
        // Other nodes send nothing up unless they are said to.
        assert_eq!(limits("", ""), [0.0, 8.0]);
        assert_eq!(limits("", ", export_mw = 0"), [0.0, 8.0]);
    }
}

//! What a run may be told beforehand: series and jobs that a live controller can only expect.

use serde::Serialize;
use swingload_model::scenario::Scenario;
use swingload_model::series::Unit;

/// A part of the future.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Prices of energy: supply, export, adders, contracts, programmes.
    Prices,
    /// Power of supply blocks: surplus, on-site generation, the grid's own limit.
    Surplus,
    /// All other series: bitcoin price, difficulty and fees, inference load, temperature,
    /// calls, limits.
    OtherSeries,
    /// Jobs before their release.
    Arrivals,
}

impl Part {
    /// All parts, in the order in which they are given.
    pub const ALL: [Self; 4] = [
        Self::Prices,
        Self::Surplus,
        Self::OtherSeries,
        Self::Arrivals,
    ];

    /// The part a series belongs to; `None` for one that neither site nor mining names,
    /// such as a published forecast.
    pub(crate) fn of_series(scenario: &Scenario, name: &str) -> Option<Self> {
        let site = &scenario.site;
        let feeds = |series: &str| {
            let mut supply = site.supply.iter();
            supply.any(|block| block.available_mw.series() == Some(series))
        };
        if feeds(name) {
            return Some(Self::Surplus);
        }
        let required = site.required_series();
        if let Some((_, unit)) = required.iter().find(|(series, _)| series == name) {
            return Some(match unit {
                Unit::PricePerMwh(_) => Self::Prices,
                _ => Self::OtherSeries,
            });
        }
        let market = scenario.mining.as_ref()?;
        let mining = [Some(&market.btc_price), Some(&market.difficulty)];
        let mut mining = mining.into_iter().chain([market.fees.as_ref()]).flatten();
        mining
            .any(|series| series == name)
            .then_some(Self::OtherSeries)
    }
}

/// What a run is told of the future; nothing by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Knowledge {
    told: [bool; Part::ALL.len()],
}

impl Knowledge {
    /// The parts up to and including `part`, in their order.
    pub(crate) fn up_to(part: Part) -> Self {
        Self {
            told: Part::ALL.map(|other| other <= part),
        }
    }

    /// Whether a part of the future is told.
    pub(crate) fn includes(self, part: Part) -> bool {
        self.told[part as usize]
    }
}

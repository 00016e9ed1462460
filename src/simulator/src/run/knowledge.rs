//! What a run may be told beforehand: series and jobs that a live controller can only expect.

use serde::Serialize;
use swingload_model::scenario::Scenario;
use swingload_model::series::{Observation, Series, Unit};
use swingload_model::site::tariff::{Programme, TariffLine};
use swingload_scheduler::policy::Setup;

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
    /// limits, and the probabilities of coincident peaks as they will be published.
    OtherSeries,
    /// Jobs before their release.
    Arrivals,
    /// Which intervals turn out to be the grid's coincident peaks, instead of probabilities.
    CoincidentPeaks,
    /// When programmes are called.
    Calls,
}

impl Part {
    /// All parts, in the order in which they are given.
    pub(crate) const ALL: [Self; 6] = [
        Self::Prices,
        Self::Surplus,
        Self::OtherSeries,
        Self::Arrivals,
        Self::CoincidentPeaks,
        Self::Calls,
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
        let called = |programme: &Programme| programme.calls.as_deref() == Some(name);
        if site.programmes.iter().any(called) {
            return Some(Self::Calls);
        }
        let mut lines = site.tariff.lines.iter();
        if lines
            .any(|line| matches!(line, TariffLine::CoincidentPeak { peaks, .. } if peaks == name))
        {
            return Some(Self::CoincidentPeaks);
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

/// The setup of a run that is told which intervals are coincident peaks: they stand where
/// their probabilities do.
pub(crate) fn with_known_peaks(mut setup: Setup) -> Setup {
    for line in &mut setup.site.tariff.lines {
        if let TariffLine::CoincidentPeak {
            peaks, probability, ..
        } = line
        {
            *probability = Some(peaks.clone());
        }
    }
    setup
}

/// Flags of coincident peaks as a plan with steps of `step_s` seconds reads probabilities: of
/// a step that is one interval. `None` for flags that come out as no series.
pub(crate) fn as_probability(flags: &Series, step_s: i64) -> Option<Series> {
    let scaled = flags.observations().iter().map(|flag| Observation {
        value: flag.value * step_s as f64 / (flag.end - flag.start) as f64,
        ..*flag
    });
    Series::new(flags.name.clone(), flags.unit.clone(), scaled.collect()).ok()
}

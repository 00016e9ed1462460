//! A scenario: a site, data bindings, a period, jobs, faults and policies.

pub mod binding;
pub(crate) mod build;
pub mod file;
pub mod jobs;
pub mod names;

use std::collections::BTreeMap;

use crate::catalogue::Catalogue;
use crate::diagnostic::Diagnostics;
use crate::document::{Document, Override};
use crate::series::SeriesRef;
use crate::site::Site;
use crate::time::{Seconds, TimeGrid};

pub use binding::Binding;
pub use file::{
    FaultsFile as Faults, ForecastFile as ForecastSettings, MiningFile as MiningMarket,
    PoliciesFile as PolicySettings, ScenarioFile,
};
pub use jobs::JobSource;

/// A valid scenario.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Title for people.
    pub title: String,
    /// What it shows and where its numbers come from.
    pub description: String,
    /// The site.
    pub site: Site,
    /// Seed of everything random in it.
    pub seed: u64,
    /// Steps of the run.
    pub grid: TimeGrid,
    /// Length of a step.
    pub step: Seconds,
    /// Length of history before the period that forecasters and tuned policies may use.
    pub history: Seconds,
    /// Bound series by name.
    pub data: BTreeMap<SeriesRef, Binding>,
    /// Where mining revenue comes from; `None` without pools.
    pub mining: Option<MiningMarket>,
    /// Where jobs come from.
    pub jobs: Vec<JobSource>,
    /// Forecast model per series.
    pub forecast: ForecastSettings,
    /// Horizon of plans.
    pub horizon: Horizon,
    /// Policies to run.
    pub policies: PolicySettings,
    /// Faults of the virtual site.
    pub faults: Faults,
    /// Variants to compare by net present value.
    pub variants: Vec<file::VariantFile>,
    /// Discount rate per year for variants.
    pub discount_rate: f64,
}

/// Steps of a plan, finer near than far: each stretch is `(until, step)` from now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Horizon {
    /// Stretches by rising end.
    pub stretches: Vec<(Seconds, Seconds)>,
}

impl Horizon {
    /// The plan grid starting at Unix second `start`; the first steps are the scenario's own.
    ///
    /// Boundaries of coarser stretches are aligned to multiples of their step, so
    /// that hourly prices meet hourly steps.
    pub fn grid(&self, start: i64, step: Seconds) -> TimeGrid {
        let mut boundaries = vec![start, start + step.get()];
        for (until, stride) in &self.stretches {
            let end = start + until.get();
            loop {
                let last = boundaries[boundaries.len() - 1];
                // Only fully fine steps until the next multiple of a coarser stride.
                let next = if last % stride.get() == 0 {
                    last + stride.get()
                } else {
                    last + step.get().min(stride.get() - last.rem_euclid(stride.get()))
                };
                if next > end {
                    break;
                }
                boundaries.push(next);
            }
        }
        TimeGrid::from_boundaries(boundaries).expect("invariant: boundaries rise by positive steps")
    }
}

impl ScenarioFile {
    /// The path of the site file the scenario names, as written.
    ///
    /// # Errors
    /// Syntax errors, and keys that are unknown, missing or of the wrong type.
    pub fn from_toml(
        file: &str,
        text: &str,
        overrides: &[Override],
    ) -> Result<(Self, Document), Diagnostics> {
        let mut document = Document::parse(file, text)?;
        for change in overrides.iter().filter(|o| !o.path.starts_with("site.")) {
            document.set(change)?;
        }
        let raw = document.read()?;
        Ok((raw, document))
    }
}

impl Scenario {
    /// Reads a scenario from its text and the text of the site file it names.
    ///
    /// Overrides whose path begins with `site.` go to the site file, all others to
    /// the scenario.
    ///
    /// # Errors
    /// Every fault found, each with file, line, field, value and remedy.
    pub fn from_toml(
        file: &str,
        text: &str,
        site_file: &str,
        site_text: &str,
        overrides: &[Override],
        catalogue: &Catalogue,
    ) -> Result<Self, Diagnostics> {
        let (raw, document) = ScenarioFile::from_toml(file, text, overrides)?;
        let for_site: Vec<Override> = overrides
            .iter()
            .filter_map(|o| {
                o.path.strip_prefix("site.").map(|path| Override {
                    path: path.to_owned(),
                    value: o.value.clone(),
                })
            })
            .collect();
        let site = Site::from_toml(site_file, site_text, &for_site, catalogue)?;
        build::build(&document, raw, site)
    }
}

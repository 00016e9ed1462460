//! Policies: rules that turn what is known into a dispatch, one per file.

pub mod always_on;
pub mod asap;
pub mod breakeven;
pub mod fit;
pub(crate) mod follow_surplus;
mod myopic;
pub mod quantile;
pub mod registry;
pub mod static_split;
pub mod strike;
pub mod swingload;
#[cfg(test)]
mod tests;

use swingload_forecast::History;
use swingload_model::TimeGrid;
use swingload_model::scenario::{Horizon, MiningMarket, PolicySettings};
use swingload_model::site::Site;

use crate::dispatch::Dispatch;
use crate::outlook::Outlook;
use crate::state::{JobState, SiteState};

/// What never changes in a run.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The site.
    pub site: Site,
    /// Where mining revenue comes from.
    pub mining: Option<MiningMarket>,
    /// Horizon of plans.
    pub horizon: Horizon,
    /// Settings of the policies.
    pub policies: PolicySettings,
    /// Seed of the run.
    pub seed: u64,
}

/// What is known when a step begins.
pub struct View<'a> {
    /// What never changes.
    pub setup: &'a Setup,
    /// Unix second at which the step begins.
    pub now: i64,
    /// The step to decide, as a grid of one step.
    pub step: &'a TimeGrid,
    /// What was published so far.
    pub history: &'a History,
    /// What is expected.
    pub outlook: &'a dyn Outlook,
    /// The site as believed.
    pub state: &'a SiteState,
    /// All jobs submitted so far.
    pub jobs: &'a [JobState],
    /// Positions of jobs that are open, rising.
    pub open: &'a [usize],
}

/// A rule that decides one step.
pub trait Policy: Send {
    /// Name in settings and reports.
    fn name(&self) -> &'static str;

    /// Set points for the step that begins now. They keep every limit of the power
    /// tree, so far as what must be served allows.
    fn decide(&mut self, view: &View<'_>) -> Dispatch;
}

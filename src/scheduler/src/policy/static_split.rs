//! A fixed share of the site for mining, another for GPUs.

use super::myopic::Myopic;
use super::myopic::Rules;
use super::myopic::mining::PoolRule;
use super::{Policy, View};
use crate::dispatch::Dispatch;

/// Mining within its megawatts and GPU work within its own, both always on.
///
/// Both are facility power above sleep and idle; what must be served is served in
/// full even beyond the GPUs' share.
#[derive(Debug, Default)]
pub(crate) struct StaticSplit {
    step: Myopic,
}

impl Policy for StaticSplit {
    fn name(&self) -> &'static str {
        "static_split"
    }

    fn decide(&mut self, view: &View<'_>) -> Dispatch {
        let settings = &view.setup.policies;
        let half = view.setup.site.tree.node(0).usable().as_megawatts() / 2.0;
        let mining = vec![PoolRule::ALWAYS; view.setup.site.pools.len()];
        let rules = Rules {
            ai_at_any_price: true,
            may_run: &|_| true,
            mining: &mining,
            mining_mw: settings.static_split_mining_mw.unwrap_or(half),
            ai_mw: settings.static_split_ai_mw.unwrap_or(half),
        };
        self.step.decide(view, &rules)
    }
}

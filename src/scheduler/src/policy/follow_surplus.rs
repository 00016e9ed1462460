//! Hashing follows the surplus.

use swingload_model::site::SupplyKind;

use super::myopic::mining::PoolRule;
use super::myopic::{Myopic, Rules};
use super::{Policy, View};
use crate::controller::limits::amount;
use crate::dispatch::Dispatch;

/// Hashing draws at most the surplus expected in the step, whatever it earns and however
/// much of that surplus GPUs use too; GPUs run whatever power costs.
///
/// What a site does whose miners are metered behind a wind or solar farm's curtailment.
/// Where there is no surplus block, no device hashes.
#[derive(Debug, Default)]
pub(crate) struct FollowSurplus {
    step: Myopic,
}

impl Policy for FollowSurplus {
    fn name(&self) -> &'static str {
        "follow_surplus"
    }

    fn decide(&mut self, view: &View<'_>) -> Dispatch {
        let site = &view.setup.site;
        let blocks = site.supply.iter().filter(|s| s.kind == SupplyKind::Surplus);
        let expected = blocks.map(|s| amount(&s.available_mw, view.outlook, view.step).max(0.0));
        let mining = vec![PoolRule::ALWAYS; site.pools.len()];
        let rules = Rules {
            ai_at_any_price: true,
            may_run: &|_| true,
            mining: &mining,
            mining_mw: expected.sum(),
            ai_mw: f64::INFINITY,
        };
        self.step.decide(view, &rules)
    }
}

//! Everything runs, whatever power costs.

use super::myopic::mining::PoolRule;
use super::myopic::{Myopic, uncapped};
use super::{Policy, View};
use crate::dispatch::Dispatch;

/// All loads at their rated points as far as limits allow: first what must be
/// served, then inference, then jobs, then hashing.
#[derive(Debug, Default)]
pub(crate) struct AlwaysOn {
    step: Myopic,
}

impl Policy for AlwaysOn {
    fn name(&self) -> &'static str {
        "always_on"
    }

    fn decide(&mut self, view: &View<'_>) -> Dispatch {
        let mining = vec![PoolRule::ALWAYS; view.setup.site.pools.len()];
        self.step.decide(view, &uncapped(&mining, true, &|_| true))
    }
}

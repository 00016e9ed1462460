//! Each device model stops at its own break-even price.

use super::myopic::mining::{PoolRule, Settings};
use super::myopic::{Myopic, uncapped};
use super::{Policy, View};
use crate::dispatch::Dispatch;

/// A pool runs at its rated point exactly where its break-even price (average
/// efficiency, fees, marginal PUE) lies above the full price of the supply block it
/// would use; no underclocking. Inference and jobs run whatever power costs.
#[derive(Debug, Default)]
pub(crate) struct Breakeven {
    step: Myopic,
}

impl Policy for Breakeven {
    fn name(&self) -> &'static str {
        "breakeven"
    }

    fn decide(&mut self, view: &View<'_>) -> Dispatch {
        let rule = PoolRule {
            settings: Settings::Rated,
            bid: None,
        };
        let mining = vec![rule; view.setup.site.pools.len()];
        self.step.decide(view, &uncapped(&mining, true, &|_| true))
    }
}

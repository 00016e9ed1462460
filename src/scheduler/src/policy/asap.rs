//! Every job as soon as the step has room: the zero of the gain scale.

use super::myopic::mining::PoolRule;
use super::myopic::{Myopic, uncapped};
use super::{Policy, View};
use crate::dispatch::Dispatch;

/// Jobs in the order of their deadlines take power at a marginal cost below their
/// own value plus the penalty of never being done, gangs whole; inference and
/// mining take the rest wherever they are worth more than the power.
#[derive(Debug, Default)]
pub(crate) struct Asap {
    step: Myopic,
}

impl Policy for Asap {
    fn name(&self) -> &'static str {
        "asap"
    }

    fn decide(&mut self, view: &View<'_>) -> Dispatch {
        let mining = vec![PoolRule::WORTH; view.setup.site.pools.len()];
        self.step.decide(view, &uncapped(&mining, false, &|_| true))
    }
}

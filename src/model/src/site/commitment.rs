//! Firm promises: hosting contracts and power limits.

use super::Amount;

/// A promise with a penalty.
#[derive(Debug, Clone, PartialEq)]
pub struct Commitment {
    /// Stable name.
    pub id: String,
    /// What is promised.
    pub kind: CommitmentKind,
    /// First Unix second it binds; `None` from the beginning.
    pub from: Option<jiff::Timestamp>,
    /// First Unix second it no longer binds.
    pub to: Option<jiff::Timestamp>,
}

/// What is promised.
#[derive(Debug, Clone, PartialEq)]
pub enum CommitmentKind {
    /// Colocation: power delivered to a tenant's own equipment at a node.
    Hosting {
        /// Position of the node.
        node: usize,
        /// What the tenant does with it, for reports.
        used_for: super::Use,
        /// IT power the tenant draws when served, MW.
        power_mw: Amount,
        /// Price per IT MWh delivered, power passed through included.
        price: Amount,
        /// Share of the contracted energy that is paid even when not drawn (take-or-pay), 0 to 1;
        /// settled in every step.
        take_or_pay: f64,
        /// Price per IT MWh paid for and not drawn; `price` when absent.
        take_or_pay_price: Option<f64>,
        /// Contracted power for take-or-pay, MW.
        contracted_mw: f64,
        /// SLA penalty per IT MWh not delivered.
        penalty_per_mwh: f64,
    },
    /// The site's load stays at or below a level.
    PowerLimit {
        /// Facility power allowed, MW.
        limit_mw: Amount,
        /// Penalty per MWh above it.
        penalty_per_mwh: f64,
    },
}

impl Commitment {
    /// Whether the commitment binds at Unix second `at`.
    pub fn binds(&self, at: i64) -> bool {
        self.from.is_none_or(|from| from.as_second() <= at)
            && self.to.is_none_or(|to| at < to.as_second())
    }
}

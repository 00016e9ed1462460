//! Where power comes from and what it costs.

use jiff::Timestamp;

use super::Amount;

/// How a supply block settles.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SupplyKind {
    /// Bought from the grid at the market's price of the step.
    Grid,
    /// Behind-the-meter surplus: what is not used is exported or spilled.
    Surplus,
    /// On-site generation with its own marginal cost.
    Generation,
}

/// A physical source of power at one node.
#[derive(Debug, Clone, PartialEq)]
pub struct SupplyBlock {
    /// Stable name.
    pub id: String,
    /// How it settles.
    pub kind: SupplyKind,
    /// Position of its node in the tree.
    pub node: usize,
    /// Most it can deliver, MW.
    pub available_mw: Amount,
    /// Marginal cost of a MWh from it, signed.
    pub price: Amount,
    /// What a MWh earns when exported instead of used; using it forgoes that.
    pub export_price: Option<Amount>,
    /// Emissions, gCO2e/kWh.
    pub carbon: Option<Amount>,
}

/// A hedge or take-or-pay block: settles as contract x Q + real-time x (actual - Q).
///
/// With resale the marginal price of a watt stays the grid's price. Without it, unused
/// contract energy is lost and drawn energy counts against the contract first, whatever the
/// market's price: energy up to Q is free at the margin, and at negative prices what is
/// drawn of the contract is not bought.
#[derive(Debug, Clone, PartialEq)]
pub struct Contract {
    /// Stable name.
    pub id: String,
    /// Grid supply block it settles against (position in the site's list).
    pub supply: usize,
    /// Quantity, MW.
    pub quantity_mw: Amount,
    /// Price per MWh of the quantity.
    pub price: Amount,
    /// Whether unused energy is sold back at the grid's price.
    pub resale: bool,
    /// First instant it covers; `None` for always.
    pub from: Option<Timestamp>,
    /// First instant it no longer covers; `None` for always.
    pub to: Option<Timestamp>,
}

impl Contract {
    /// Whether the contract covers Unix second `at`.
    pub fn covers(&self, at: i64) -> bool {
        self.from.is_none_or(|from| from.as_second() <= at)
            && self.to.is_none_or(|to| at < to.as_second())
    }
}

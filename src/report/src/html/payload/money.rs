//! Money: waterfalls and the values of policies.

use serde::Serialize;

/// A sequence of amounts that add up, drawn as a waterfall.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Waterfall {
    /// Bars in order.
    pub bars: Vec<Bar>,
    /// Remark under the chart.
    pub note: String,
}

/// One bar of a waterfall.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bar {
    /// What it is.
    pub label: String,
    /// Whether it stands on zero or on the bar before it.
    pub kind: BarKind,
    /// Money: the level for a total, the signed difference for a change.
    pub amount: f64,
    /// Explanation shown on hover and to screen readers.
    pub help: String,
}

/// How a waterfall bar stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BarKind {
    /// A level, such as the baseline's value or the bound.
    Total,
    /// A change from the level before.
    Change,
    /// A change that was not achieved, such as what is left to the bound.
    Missed,
}

/// Money of every policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PolicyMoney {
    /// Label of the policy that the others are compared with.
    pub baseline: String,
    /// Best proven upper bound on the value, if one was computed.
    pub bound: Option<f64>,
    /// Names of what a value is made of: revenue, energy, taxes, wear.
    pub parts: Vec<String>,
    /// One row per policy, in the order of the policy table.
    pub rows: Vec<PolicyMoneyRow>,
}

/// Money of one policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PolicyMoneyRow {
    /// Label of the policy.
    pub policy: String,
    /// Total value: the sum of its parts.
    pub value: f64,
    /// Signed money per part, costs negative; one per [`PolicyMoney::parts`].
    pub parts: Vec<f64>,
}

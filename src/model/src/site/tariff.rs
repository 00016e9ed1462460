//! Charges on top of energy, as data.
//!
//! A new kind of charge is a new variant of [`TariffLine`], its keys in
//! `site/file.rs` and `site/build/tariff.rs`, its marginal cost in the planner
//! (`build/charges.rs`) and its file in the simulator's settlement.

use super::{Amount, Use};
use crate::units::Money;

/// All lines of a site's tariff, in the order of the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tariff {
    /// The lines.
    pub lines: Vec<TariffLine>,
}

/// One line of a bill.
#[derive(Debug, Clone, PartialEq)]
pub enum TariffLine {
    /// Charge per MWh of facility energy: wires charges, adders, energy taxes.
    Adder {
        /// Stable name.
        id: String,
        /// Charge per MWh; negative is a credit.
        per_mwh: Amount,
        /// Uses it falls on, with their overhead; all four for an ordinary adder.
        uses: Vec<Use>,
        /// Whether it is a tax, for the bill's subtotals.
        tax: bool,
    },
    /// Charge on the highest mean power of a step in each calendar month.
    Demand {
        /// Stable name.
        id: String,
        /// Charge per kW of the month's peak.
        per_kw_month: Money,
    },
    /// Charge on the load in the grid's peak intervals (4CP and its relatives).
    CoincidentPeak {
        /// Stable name.
        id: String,
        /// Charge per kW of mean load over the peak intervals, per year.
        per_kw_year: Money,
        /// Intervals that count in a year.
        intervals_per_year: u32,
        /// Series that is 1 in each interval that turned out to be a peak, known afterwards.
        peaks: String,
        /// Series with the probability that a step is a peak, as published ahead.
        probability: Option<String>,
    },
}

impl TariffLine {
    /// Stable name.
    pub fn id(&self) -> &str {
        match self {
            Self::Adder { id, .. } | Self::Demand { id, .. } | Self::CoincidentPeak { id, .. } => {
                id
            }
        }
    }
}

/// A demand-response programme: paid for availability, called by events.
///
/// Availability is earned for `capacity_mw` in every step without a call; during
/// a call the whole site must stay at or below `firm_mw`.
#[derive(Debug, Clone, PartialEq)]
pub struct Programme {
    /// Stable name.
    pub id: String,
    /// Capacity offered, MW.
    pub capacity_mw: f64,
    /// Payment per MW and hour of availability.
    pub availability: Amount,
    /// Series that is 1 while the programme is called.
    pub calls: Option<String>,
    /// Facility power that may remain during a call, MW.
    pub firm_mw: f64,
    /// Penalty per MWh above `firm_mw` during a call.
    pub penalty_per_mwh: f64,
    /// Months of a year in which it pays: its season, 1 to 12.
    pub months_per_year: u32,
}

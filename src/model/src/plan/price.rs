//! What a price of power is made of, and what a job waits for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One part of a price of power.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PricePart {
    /// What kind of part.
    pub kind: PriceKind,
    /// Supply block, tariff line, limit or node it comes from.
    pub of: String,
    /// Its share of the price, currency per MWh; of a coincident peak the expected charge,
    /// chance times `if_peak_per_mwh`.
    pub per_mwh: f64,
    /// Of a coincident peak, the chance that this step is one, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chance: Option<f64>,
    /// Of a coincident peak, the charge if this step is one, currency per MWh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_peak_per_mwh: Option<f64>,
}

/// What kind of part of a price.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PriceKind {
    /// The supply's own price, or what exporting it would earn where that is more.
    Energy,
    /// A charge per MWh on all uses; those on one use are taken off what it earns.
    Charge,
    /// A tax per MWh on all uses.
    Tax,
    /// The expected charge of a coincident peak.
    CoincidentPeak,
    /// Penalty of a power limit or called programme beyond which the supply lies.
    Penalty,
    /// What other loads would pay above the cost of supply for room that is short: behind
    /// a node, beneath the month's peak, or of all supply.
    Scarcity,
}

/// What a job that does not run waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "for")]
pub enum Wait {
    /// Its window has not begun.
    Release {
        /// Unix second at which it may start.
        at: i64,
    },
    /// Another job must be done first.
    Job {
        /// That job.
        job: String,
    },
    /// Too few GPUs are free, the others standing as they do.
    Gpus {
        /// GPU pool.
        pool: String,
        /// GPUs of its smallest gang.
        asked: u32,
        /// GPUs free.
        free: u32,
    },
    /// Too little power is free.
    Power {
        /// Node that is full; empty where all supply is in use.
        node: String,
        /// Facility MW of its smallest gang.
        asked_mw: f64,
        /// Facility MW free.
        free_mw: f64,
        /// Price of one more MWh outside that node, currency; null where there is none.
        price_per_mwh: Option<f64>,
    },
    /// Cheaper steps before its deadline.
    CheaperPower {
        /// Unix second at which the plan runs it next; null for after the plan's end.
        from: Option<i64>,
        /// Price of power now, currency per MWh; null where there is no more.
        now_per_mwh: Option<f64>,
        /// Price of power then.
        then_per_mwh: Option<f64>,
    },
}

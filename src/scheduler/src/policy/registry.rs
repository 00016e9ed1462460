//! Policies by name. A new policy is one file and one line here.

use super::Policy;
use super::swingload::Swingload;
use super::{always_on, asap, breakeven, follow_surplus, quantile, static_split, strike};

/// The policy of that name; `None` when there is none. The `oracle` is
/// not one: it sees the truth, which only a simulation has.
pub fn policy(name: &str) -> Option<Box<dyn Policy>> {
    Some(match name {
        "ai_only" => Box::new(Swingload::ai_only()),
        "always_on" => Box::new(always_on::AlwaysOn::default()),
        "asap" => Box::new(asap::Asap::default()),
        "breakeven" => Box::new(breakeven::Breakeven::default()),
        "follow_surplus" => Box::new(follow_surplus::FollowSurplus::default()),
        "mining_only" => Box::new(Swingload::mining_only()),
        "quantile" => Box::new(quantile::Quantile::default()),
        "static_split" => Box::new(static_split::StaticSplit::default()),
        "strike" => Box::new(strike::Strike::default()),
        "swingload" => Box::new(Swingload::new()),
        _ => return None,
    })
}

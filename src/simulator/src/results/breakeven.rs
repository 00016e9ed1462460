//! Break-even of miner pools at the prices that came true.

use swingload_model::breakeven::{HashingStep, PoolBreakeven, breakeven};
use swingload_model::mining::difficulty_feedback;
use swingload_model::site::Use;
use swingload_model::units::Hashprice;
use swingload_scheduler::build::own_hashrate;

use crate::load::use_index;
use crate::run::Context;
use crate::run::recorder::Prices;

/// Per miner pool; empty without mining. Where the difficulty answers the site, as with all
/// its devices hashing.
pub(super) fn pools(context: &Context<'_>) -> Vec<PoolBreakeven> {
    let (site, truth) = (&context.scenario.site, &context.truth);
    let Some(market) = &truth.mining else {
        return Vec::new();
    };
    let prices = Prices::new(site, truth);
    let grid = &truth.grid;
    let own = own_hashrate(site, grid.start_s(0));
    let pool = |p: usize| {
        let heat = |t: usize| match (&site.pools[p].heat, &truth.heat[p]) {
            (Some(heat), Some(degrees)) => heat.share_left(degrees.at(t)),
            _ => 1.0,
        };
        let step = |t: usize| {
            let feedback = match market.feedback {
                true => difficulty_feedback(market.network[t], own),
                false => 1.0,
            };
            let factor = truth.factor[site.pools[p].node].at(t);
            Some(HashingStep {
                hours: grid.hours(t),
                hashprice: Hashprice::new(market.hashprice[t] * feedback)?,
                heat: heat(t),
                pue: factor as f64 / crate::truth::PARTS as f64,
                charges: prices.adder(use_index(Use::Hashing), t),
            })
        };
        let steps: Vec<HashingStep> = (0..grid.len()).filter_map(step).collect();
        breakeven(&site.pools[p], &steps)
    };
    (0..site.pools.len()).map(pool).collect()
}

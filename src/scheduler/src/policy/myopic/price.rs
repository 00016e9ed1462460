//! The one price that threshold rules watch.

use swingload_model::TimeGrid;
use swingload_model::mining::{hashprice, subsidy};
use swingload_model::site::tariff::TariffLine;
use swingload_model::site::{Amount, SupplyBlock, SupplyKind, Use};

use crate::outlook::Outlook;
use crate::policy::{Setup, View};

/// The supply whose price is watched: the first grid supply, else the first of all.
fn watched(setup: &Setup) -> Option<&SupplyBlock> {
    let supply = &setup.site.supply;
    supply
        .iter()
        .find(|s| s.kind == SupplyKind::Grid)
        .or(supply.first())
}

/// Parts of the watched full price of hashing: energy, then adders.
fn parts(setup: &Setup) -> impl Iterator<Item = &Amount> {
    let adders = setup
        .site
        .tariff
        .lines
        .iter()
        .filter_map(|line| match line {
            TariffLine::Adder { per_mwh, uses, .. } if uses.contains(&Use::Hashing) => {
                Some(per_mwh)
            }
            _ => None,
        });
    watched(setup).map(|s| &s.price).into_iter().chain(adders)
}

/// Expected full price of grid power per step of `grid`, currency per facility MWh.
pub(in crate::policy) fn expected(
    setup: &Setup,
    outlook: &dyn Outlook,
    grid: &TimeGrid,
) -> Vec<f64> {
    let mut total = vec![0.0; grid.len()];
    for part in parts(setup) {
        match part {
            Amount::Constant(value) => total.iter_mut().for_each(|sum| *sum += value),
            Amount::Series { series, scale } => {
                let values = outlook.mean(series, grid);
                total
                    .iter_mut()
                    .zip(values)
                    .for_each(|(sum, value)| *sum += value * scale);
            }
        }
    }
    total
}

/// A step of the past: full price, and break-even price per pool.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::policy) struct Past {
    pub(in crate::policy) price: f64,
    pub(in crate::policy) breakeven: Vec<f64>,
}

/// Steps of `stride` seconds in the last `span` seconds for which everything was published by now.
pub(in crate::policy) fn past(view: &View<'_>, span: i64, stride: i64) -> Vec<Past> {
    let setup = view.setup;
    let Some(market) = &setup.mining else {
        return Vec::new();
    };
    let track = |name: &str| view.history.view(name, view.now);
    let (btc, difficulty) = (track(&market.btc_price), track(&market.difficulty));
    let fees = market.fees.as_ref().map(|name| track(name));
    let tracks: Vec<_> = parts(setup)
        .map(|part| (part, part.series().map(&track)))
        .collect();
    let mut all = Vec::new();
    let mut at = view.now - span;
    while at < view.now {
        let end = at + stride;
        let price: Option<f64> = tracks
            .iter()
            .map(|(part, track)| match (part, track) {
                (Amount::Constant(value), _) => Some(*value),
                (Amount::Series { scale, .. }, Some(track)) => Some(track.mean(at, end)? * scale),
                _ => None,
            })
            .sum();
        let worth = || {
            let fee = fees.as_ref().map_or(Some(0.0), |f| f.mean(at, end))?;
            let reward = subsidy(at) + fee;
            hashprice(difficulty.mean(at, end)?, reward, btc.mean(at, end)?)
        };
        if let (Some(price), Some(hashprice)) = (price, worth()) {
            let breakeven = (0..setup.site.pools.len()).map(|p| {
                let pool = &setup.site.pools[p];
                pool.breakeven_price(hashprice, base_pue(setup, pool.node))
            });
            all.push(Past {
                price,
                breakeven: breakeven.collect(),
            });
        }
        at = end;
    }
    all
}

/// Marginal PUE in cool weather of the hall at or above a node.
fn base_pue(setup: &Setup, node: usize) -> f64 {
    let tree = &setup.site.tree;
    let path = tree.path_to_root(node);
    let hall = path.into_iter().find_map(|n| tree.node(n).hall.as_ref());
    hall.map_or(1.0, |h| h.pue_base)
}

//! What a price of power in the first step is made of.

use swingload_model::plan::{PriceKind, PricePart};

use super::{EVEN, OFF, millionths};
use crate::build::Built;
use crate::plan::Planned;

/// The marginal supply of a price: the dearest, at no more than the price, of those that have
/// power left, or else of those in use. What the price exceeds its cost by is scarcity.
fn base(built: &Built, planned: &Planned, price: f64) -> Option<usize> {
    let supplies = &built.inputs.supplies;
    let drawn = &planned.first.supply;
    let dearest = |counts: &dyn Fn(usize) -> bool| {
        (0..supplies.len())
            .filter(|s| counts(*s) && supplies[*s].cost[0] <= price + EVEN)
            .max_by(|a, b| supplies[*a].cost[0].total_cmp(&supplies[*b].cost[0]))
    };
    dearest(&|s| supplies[s].available[0] - drawn[s] > OFF).or_else(|| dearest(&|s| drawn[s] > OFF))
}

/// Expected charges of coincident peaks within a price, currency per MWh.
pub(super) fn peaks(built: &Built, planned: &Planned, price: f64) -> f64 {
    if built.charges.is_empty() || base(built, planned, price).is_none() {
        return 0.0;
    }
    let charges = built.charges.iter();
    let peaks = charges.filter(|c| c.kind == PriceKind::CoincidentPeak);
    peaks.map(|c| c.per_mwh).sum()
}

/// The parts of a price at `node`; they add up to it. None of a price that is infinite.
pub(crate) fn parts(built: &Built, planned: &Planned, node: usize, price: f64) -> Vec<PricePart> {
    if !price.is_finite() {
        return Vec::new();
    }
    let part = |kind, of: &str, per_mwh: f64| PricePart {
        kind,
        of: of.to_owned(),
        per_mwh: millionths(per_mwh),
        chance: None,
        if_peak_per_mwh: None,
    };
    let Some(s) = base(built, planned, price) else {
        return vec![part(
            PriceKind::Scarcity,
            &scarce(built, planned, node),
            price,
        )];
    };
    let supply = &built.inputs.supplies[s];
    let mut charges: Vec<PricePart> = built.charges.clone();
    charges
        .iter_mut()
        .for_each(|c| c.per_mwh = millionths(c.per_mwh));
    let beyond = built.supply.get(s).map_or(&[][..], |p| &p.beyond[..]);
    charges.extend(beyond.iter().map(|l| {
        let limit = &built.limits[*l];
        part(
            PriceKind::Penalty,
            &limit.id,
            limit.share[0] * limit.penalty,
        )
    }));
    charges.retain(|c| c.per_mwh.abs() > EVEN);
    let rest = price - supply.cost[0];
    if rest.abs() > EVEN {
        let of = scarce(built, planned, node);
        charges.push(part(PriceKind::Scarcity, &of, rest));
    }
    let other: f64 = charges.iter().map(|c| c.per_mwh).sum();
    let mut all = vec![part(PriceKind::Energy, &supply.id, price - other)];
    all.extend(charges);
    all
}

/// Name of what makes power scarce at `node`: the first node on the way to the root at which
/// power is dearer than above it, or else the month's peak, the root or a limit on all supply.
fn scarce(built: &Built, planned: &Planned, node: usize) -> String {
    let inputs = &built.inputs;
    let marginal = &planned.first.marginal;
    let mut at = node;
    while let Some(above) = inputs.nodes[at].parent {
        if marginal[at] > marginal[above] + EVEN {
            return inputs.nodes[at].id.clone();
        }
        at = above;
    }
    let drawn: f64 = planned.first.supply.iter().sum();
    let full = |most: f64| drawn >= most - crate::check::TOLERANCE_MW;
    let cap = planned.caps.as_ref().map(|caps| caps[0]);
    if cap.is_some_and(|cap| cap < inputs.nodes[0].limit[0] - OFF && full(cap)) {
        return "monthly peak".to_owned();
    }
    if full(inputs.nodes[0].limit[0]) {
        return inputs.nodes[0].id.clone();
    }
    let limit = built.limits.iter().find(|l| full(l.most[0]));
    limit.map_or_else(|| "supply".to_owned(), |l| l.id.clone())
}

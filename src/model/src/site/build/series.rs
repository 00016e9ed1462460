//! Which series a site needs.

use std::collections::BTreeSet;

use crate::series::{SeriesRef, Unit};
use crate::site::commitment::CommitmentKind;
use crate::site::tariff::TariffLine;
use crate::site::{Amount, Site};

/// Every series named by the site, with each unit it is asked for in.
pub(in crate::site) fn required_series(site: &Site) -> BTreeSet<(SeriesRef, Unit)> {
    let amounts = amounts(site).into_iter();
    let mut all: BTreeSet<(SeriesRef, Unit)> = amounts
        .filter_map(|(_, amount, unit)| Some((amount.series()?.to_owned(), unit)))
        .collect();
    all.extend(share_series(site).into_iter().map(|(s, _)| (s, Unit::One)));
    for node in site.tree.nodes() {
        if let Some(series) = node.hall.as_ref().and_then(|h| h.temperature.as_ref()) {
            all.insert((series.clone(), Unit::Celsius));
        }
    }
    all
}

/// Series the site takes for shares of 0 to 1, and what for.
pub(in crate::site) fn share_series(site: &Site) -> Vec<(SeriesRef, &'static str)> {
    let mut all = Vec::new();
    for line in &site.tariff.lines {
        if let TariffLine::CoincidentPeak {
            peaks, probability, ..
        } = line
        {
            all.push((peaks.clone(), "whether a step is a peak"));
            let probable = probability.iter().cloned();
            all.extend(probable.map(|p| (p, "the probability of a peak")));
        }
    }
    for programme in &site.programmes {
        let calls = programme.calls.iter().cloned();
        all.extend(calls.map(|c| (c, "whether a programme is called")));
    }
    all
}

/// Every amount of the site with its name, as the key `allow` takes it, and its unit.
pub(in crate::site) fn amounts(site: &Site) -> Vec<(String, &Amount, Unit)> {
    let mut all = Vec::new();
    let price = || Unit::PricePerMwh(site.currency.clone());
    let per_gpu = || Unit::PricePerGpuHour(site.currency.clone());
    let mut add = |id: &str, field: &str, amount, unit| {
        all.push((format!("{id}.{field}"), amount, unit));
    };
    for s in &site.supply {
        add(&s.id, "available_mw", &s.available_mw, Unit::Megawatt);
        add(&s.id, "price_per_mwh", &s.price, price());
        if let Some(export) = &s.export_price {
            add(&s.id, "export_price_per_mwh", export, price());
        }
        if let Some(carbon) = &s.carbon {
            add(&s.id, "carbon_g_per_kwh", carbon, Unit::GramPerKwh);
        }
    }
    for c in &site.contracts {
        add(&c.id, "quantity_mw", &c.quantity_mw, Unit::Megawatt);
        add(&c.id, "price_per_mwh", &c.price, price());
    }
    for line in &site.tariff.lines {
        if let TariffLine::Adder { id, per_mwh, .. } = line {
            add(id, "per_mwh", per_mwh, price());
        }
    }
    for p in &site.programmes {
        // A payment per MW and hour has the dimension of a price per MWh.
        add(&p.id, "availability_per_mw_h", &p.availability, price());
    }
    for s in &site.services {
        add(&s.id, "demand_gpus", &s.demand, Unit::Gpus);
        add(&s.id, "floor_gpus", &s.floor, Unit::Gpus);
        add(&s.id, "floor_value_per_gpu_h", &s.floor_value, per_gpu());
        for (i, tier) in s.tiers.iter().enumerate() {
            let field = format!("tiers.{i}.value_per_gpu_h");
            add(&s.id, &field, &tier.value, per_gpu());
        }
    }
    for c in &site.commitments {
        match &c.kind {
            CommitmentKind::Hosting {
                power_mw, price: p, ..
            } => {
                add(&c.id, "power_mw", power_mw, Unit::Megawatt);
                add(&c.id, "price_per_mwh", p, price());
            }
            CommitmentKind::PowerLimit { limit_mw, .. } => {
                add(&c.id, "limit_mw", limit_mw, Unit::Megawatt);
            }
        }
    }
    all
}

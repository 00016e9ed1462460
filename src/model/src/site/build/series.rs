//! Which series a site needs.

use std::collections::BTreeSet;

use crate::series::{SeriesRef, Unit};
use crate::site::commitment::CommitmentKind;
use crate::site::tariff::TariffLine;
use crate::site::{Amount, Site};

/// Every series named by the site, with each unit it is asked for in.
pub(in crate::site) fn required_series(site: &Site) -> BTreeSet<(SeriesRef, Unit)> {
    let mut all = BTreeSet::new();
    let currency = || site.currency.clone();
    let mut need = |amount: &Amount, unit: Unit| {
        if let Some(series) = amount.series() {
            all.insert((series.to_owned(), unit));
        }
    };
    let named = |series: &str| Amount::Series {
        series: series.to_owned(),
        scale: 1.0,
    };
    for node in site.tree.nodes() {
        if let Some(series) = node.hall.as_ref().and_then(|h| h.temperature.as_ref()) {
            need(&named(series), Unit::Celsius);
        }
    }
    for s in &site.supply {
        need(&s.available_mw, Unit::Megawatt);
        need(&s.price, Unit::PricePerMwh(currency()));
        s.export_price
            .iter()
            .for_each(|a| need(a, Unit::PricePerMwh(currency())));
        s.carbon.iter().for_each(|a| need(a, Unit::GramPerKwh));
    }
    for c in &site.contracts {
        need(&c.quantity_mw, Unit::Megawatt);
        need(&c.price, Unit::PricePerMwh(currency()));
    }
    for line in &site.tariff.lines {
        match line {
            TariffLine::Adder { per_mwh, .. } => need(per_mwh, Unit::PricePerMwh(currency())),
            TariffLine::Demand { .. } => {}
            TariffLine::CoincidentPeak {
                peaks, probability, ..
            } => {
                need(&named(peaks), Unit::One);
                probability.iter().for_each(|p| need(&named(p), Unit::One));
            }
        }
    }
    for p in &site.programmes {
        // A payment per MW and hour has the dimension of a price per MWh.
        need(&p.availability, Unit::PricePerMwh(currency()));
        p.calls.iter().for_each(|c| need(&named(c), Unit::One));
    }
    for s in &site.services {
        need(&s.demand, Unit::Gpus);
        need(&s.floor, Unit::Gpus);
        need(&s.floor_value, Unit::PricePerGpuHour(currency()));
        s.tiers
            .iter()
            .for_each(|t| need(&t.value, Unit::PricePerGpuHour(currency())));
    }
    for c in &site.commitments {
        match &c.kind {
            CommitmentKind::Hosting {
                power_mw, price, ..
            } => {
                need(power_mw, Unit::Megawatt);
                need(price, Unit::PricePerMwh(currency()));
            }
            CommitmentKind::PowerLimit { limit_mw, .. } => need(limit_mw, Unit::Megawatt),
        }
    }
    all
}

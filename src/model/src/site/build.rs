//! From the keys of a site file to a valid [`Site`].

mod commitments;
mod gpus;
mod miners;
mod series;
mod supply;
mod tariff;
mod tree;

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::file::{AmountFile, DatedCount, SiteFile};
use super::fleet::{CountSchedule, GpuPool};
use super::supply::{SupplyBlock, SupplyKind};
use super::tariff::Tariff;
use super::tree::PowerTree;
use super::{Amount, Site, SurplusOnly};
use crate::catalogue::Catalogue;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::Document;
use crate::plausible::{Allowed, Place, Quantity, show};

pub(super) use series::{amounts, required_series, share_series};

/// Builds the site, or says everything that is wrong with it.
pub(super) fn build(
    document: &Document,
    raw: &SiteFile,
    catalogue: &Catalogue,
) -> Result<Site, Diagnostics> {
    let mut b = Builder {
        document,
        catalogue,
        faults: Vec::new(),
        ids: BTreeSet::new(),
        currency: raw.currency.clone(),
        allowed: Allowed::new(&raw.allow),
    };
    b.currency(&raw.currency);
    b.time_zone(&raw.time_zone);
    let Some(tree) = b.tree(&raw.nodes) else {
        return Err(Diagnostics(b.faults));
    };
    let supply: Vec<SupplyBlock> = raw
        .supply
        .iter()
        .enumerate()
        .map(|(i, s)| b.supply(i, s, &tree))
        .collect();
    if supply.is_empty() {
        b.fault(
            "supply",
            "a site without supply can run nothing",
            "add a [[supply]] entry",
        );
    }
    let contracts = raw
        .contracts
        .iter()
        .enumerate()
        .map(|(i, c)| b.contract(i, c, &supply))
        .collect();
    let tariff = Tariff {
        lines: raw
            .tariff
            .iter()
            .enumerate()
            .map(|(i, l)| b.tariff_line(i, l))
            .collect(),
    };
    let programmes = raw
        .programmes
        .iter()
        .enumerate()
        .map(|(i, p)| b.programme(i, p))
        .collect();
    let pools = raw
        .pools
        .iter()
        .enumerate()
        .map(|(i, p)| b.pool(i, p, &tree))
        .collect();
    let gpu_pools: Vec<GpuPool> = raw
        .gpu_pools
        .iter()
        .enumerate()
        .map(|(i, g)| b.gpu_pool(i, g, &tree))
        .collect();
    let services = raw
        .services
        .iter()
        .enumerate()
        .map(|(i, s)| b.service(i, s, &gpu_pools))
        .collect();
    let commitments = raw
        .commitments
        .iter()
        .enumerate()
        .map(|(i, c)| b.commitment(i, c, &tree))
        .collect();
    let surplus_only = raw.surplus_only.as_ref().map(|rule| {
        if rule.quantile_pct % 5 != 0 || !(5..=95).contains(&rule.quantile_pct) {
            b.fault(
                "surplus_only.quantile_pct",
                "forecasts have the quantiles 5, 10, ... 95",
                "10 is the usual, cautious choice",
            );
        }
        if !supply.iter().any(|s| s.kind == SupplyKind::Surplus) {
            b.fault(
                "surplus_only",
                "the site has no supply of kind `surplus`",
                "add one, or remove the rule",
            );
        }
        SurplusOnly {
            quantile_pct: rule.quantile_pct,
        }
    });
    let site = Site {
        name: raw.name.clone(),
        currency: raw.currency.clone(),
        time_zone: raw.time_zone.clone(),
        tree,
        supply,
        contracts,
        tariff,
        programmes,
        pools,
        gpu_pools,
        services,
        commitments,
        surplus_only,
        allowed: raw.allow.clone(),
    };
    let sizes = b.sizes(&site);
    b.idle_allowances();
    // On a site that is wrong otherwise, sums would only repeat the fault.
    if b.faults.is_empty() {
        b.capacity(&site, &raw.nodes);
        b.sizes_fit(&site, sizes);
        b.machines(&site);
    }
    if b.faults.is_empty() {
        Ok(site)
    } else {
        Err(Diagnostics(b.faults))
    }
}

/// Most of a number in a unit, far beyond any real one: up to there the sums of twenty years
/// stay within whole joules and micro-units, and a slip of a thousand often does not.
fn most(unit: &str) -> f64 {
    match unit {
        "MW" => 10_000.0,
        "kW" | "kW per minute" => 10_000_000.0,
        "min" => 10_540_800.0,
        _ => 1e9,
    }
}

struct Builder<'a> {
    document: &'a Document,
    catalogue: &'a Catalogue,
    faults: Vec<Diagnostic>,
    ids: BTreeSet<String>,
    /// Of all money of the site.
    currency: String,
    /// Values that may lie outside their plausible range.
    allowed: Allowed,
}

impl Builder<'_> {
    fn fault(&mut self, path: &str, problem: impl Into<String>, help: impl Into<String>) {
        self.faults.push(self.document.refuse(path, problem, help));
    }

    fn currency(&mut self, code: &str) {
        if code.len() != 3 || !code.bytes().all(|c| c.is_ascii_uppercase()) {
            self.fault(
                "currency",
                "a currency is a three-letter ISO 4217 code in capitals",
                "for example USD, AUD or GBP",
            );
        }
    }

    fn time_zone(&mut self, name: &str) {
        if jiff::tz::TimeZone::get(name).is_err() {
            self.fault(
                "time_zone",
                "no IANA time zone of this name is known",
                "for example America/Chicago or UTC",
            );
        }
    }

    /// Ids are unique over the whole site, so that a reason or a bill names one thing.
    fn id(&mut self, path: &str, id: &str) -> String {
        if id.is_empty() {
            self.fault(path, "an id must not be empty", "give a short stable name");
        } else if !self.ids.insert(id.to_owned()) {
            self.fault(
                path,
                format!("`{id}` names something else already"),
                "ids are unique over the whole site; choose another",
            );
        }
        id.to_owned()
    }

    fn at_least(&mut self, path: &str, value: f64, least: f64, unit: &str) -> f64 {
        if !value.is_finite() || value < least {
            self.fault(
                path,
                format!("must be a number of at least {least} {unit}")
                    .trim_end()
                    .to_owned(),
                "check the value and its unit",
            );
            return least.max(0.0);
        }
        let most = most(unit);
        if value > most {
            let help = match unit {
                "MW" if value / 1e3 <= most => {
                    format!(
                        "did you mean {} (in kW)? The key is in MW",
                        show(value / 1e3)
                    )
                }
                "kW" | "kW per minute" if value / 1e3 <= most => {
                    format!(
                        "did you mean {} (in W)? The key is in kW",
                        show(value / 1e3)
                    )
                }
                _ => "check the value and its unit".to_owned(),
            };
            self.fault(
                path,
                format!("must be at most {most} {unit}")
                    .trim_end()
                    .to_owned(),
                help,
            );
            return most;
        }
        value
    }

    fn finite(&mut self, path: &str, value: f64) -> f64 {
        if value.abs() <= most("") {
            return value;
        }
        if value.is_finite() {
            let problem = format!("must lie between -{0} and {0}", most(""));
            self.fault(path, problem, "check the value and its unit");
            return 0.0;
        }
        self.fault(path, "must be a finite number", "check the value");
        0.0
    }

    fn within(&mut self, path: &str, value: f64, low: f64, high: f64) -> f64 {
        if !value.is_finite() || value < low || value > high {
            self.fault(
                path,
                format!("must lie between {low} and {high}"),
                "it is a share, not a percentage",
            );
            return low;
        }
        value
    }

    /// Refuses a value outside the plausible range of what it is, unless it is allowed by
    /// name; one that was refused already has another fault.
    fn plausible(&mut self, path: &str, value: f64, what: Quantity) -> f64 {
        let name = self.document.name_of(path);
        let refused = self.faults.last().is_some_and(|fault| fault.field == path);
        if self.allowed.allows(&name) || refused {
            return value;
        }
        let place = Place {
            currency: &self.currency,
            lasting: true,
            ..Place::default()
        };
        if let Some(doubt) = what.doubt(value, place) {
            let help = doubt.help(&name, self.document.file());
            self.fault(path, doubt.problem, help);
        }
        value
    }

    /// Money or another number that is zero or more, within the plausible range of what it is.
    fn charge(&mut self, path: &str, value: f64, what: Quantity) -> f64 {
        let value = self.at_least(path, value, 0.0, "");
        self.plausible(path, value, what)
    }

    /// An amount whose constant lies within the plausible range of what it is.
    fn priced(&mut self, path: &str, raw: &AmountFile, what: Quantity) -> Amount {
        let amount = self.amount(path, raw);
        match amount {
            Amount::Constant(value) => {
                self.plausible(path, value, what);
            }
            // Its values are held against the range where they are read.
            Amount::Series { .. } => {
                self.allowed.allows(&self.document.name_of(path));
            }
        }
        amount
    }

    /// Refuses entries of `allow` that name nothing: a name that is misspelt allows nothing.
    fn idle_allowances(&mut self) {
        for (i, help) in self.allowed.idle(self.document) {
            let problem = "names no value of this file whose range is checked";
            self.fault(&format!("allow[{i}]"), problem, help);
        }
    }

    fn amount(&mut self, path: &str, raw: &AmountFile) -> Amount {
        match raw {
            AmountFile::Constant(value) => Amount::Constant(self.finite(path, *value)),
            AmountFile::Series(reference) => Amount::Series {
                series: reference.series.clone(),
                scale: self.finite(&format!("{path}.scale"), reference.scale),
            },
        }
    }

    fn amount_not_negative(&mut self, path: &str, raw: &AmountFile, unit: &str) -> Amount {
        match raw {
            AmountFile::Constant(value) => Amount::Constant(self.at_least(path, *value, 0.0, unit)),
            AmountFile::Series(_) => self.amount(path, raw),
        }
    }

    fn node(&mut self, path: &str, id: &str, tree: &PowerTree) -> usize {
        tree.position(id).unwrap_or_else(|| {
            let known: Vec<&str> = tree.nodes().map(|n| n.id.as_str()).collect();
            self.fault(
                path,
                format!("there is no node `{id}`"),
                format!("nodes of this site: {}", known.join(", ")),
            );
            0
        })
    }

    fn span(&mut self, path: &str, from: Option<Timestamp>, to: Option<Timestamp>) {
        if let (Some(from), Some(to)) = (from, to)
            && to <= from
        {
            self.fault(
                path,
                "ends at or before its start",
                "`from` is the first instant covered, `to` the first no longer covered",
            );
        }
    }

    fn counts(&mut self, path: &str, count: u32, changes: &[DatedCount]) -> CountSchedule {
        let mut entries = vec![(None, count)];
        for (i, change) in changes.iter().enumerate() {
            if entries
                .last()
                .is_some_and(|(from, _)| from.is_some_and(|f| change.from <= f))
            {
                self.fault(
                    &format!("{path}.changes[{i}].from"),
                    "is at or before the change preceding it",
                    "list changes by rising date",
                );
            }
            entries.push((Some(change.from), change.count));
        }
        CountSchedule { entries }
    }
}

//! Which inputs a line of the ledger is made from, for whoever must find the wrong one.

use swingload_model::plausible::Quantity;
use swingload_model::scenario::Scenario;
use swingload_model::series::Unit;
use swingload_model::site::Amount;
use swingload_model::site::tariff::TariffLine;
use swingload_model::time::timestamp;

use crate::bounds::file_of;
use crate::ledger::{Ledger, LineKind, Overflow};
use crate::truth::Truth;

/// An input of a line at a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// File it is read from; empty for keys, constants and generators.
    pub file: String,
    /// `data.difficulty`, `demand.per_kw_month`.
    pub name: String,
    /// Its value at the step with the unit.
    pub value: String,
    /// Whether it lies outside what is plausible of it.
    doubtful: bool,
}

/// Money that cannot be counted, and what it was made from.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "the line `{line}` ({kind}) comes to {amount} {currency} in the step from {at}, with which the money of policy `{policy}` passes what is counted, 9.2e12 {currency}"
)]
pub struct TooMuch {
    /// Policy whose run it is.
    pub policy: String,
    /// Line of the bill.
    pub line: String,
    /// What the line is.
    pub kind: String,
    /// What was to be booked in the step.
    pub amount: String,
    /// ISO 4217 code.
    pub currency: String,
    /// Start of the step.
    pub at: String,
    /// What the line is made from, the doubtful first.
    pub causes: Vec<Cause>,
}

/// The error of an amount that did not fit.
pub(crate) fn too_much(
    scenario: &Scenario,
    truth: &Truth,
    policy: &str,
    ledger: &Ledger,
    overflow: Overflow,
) -> TooMuch {
    let line = &ledger.lines[overflow.line];
    let mut causes = causes(scenario, truth, line.kind, &line.id, overflow.t);
    causes.sort_by_key(|cause| !cause.doubtful);
    TooMuch {
        policy: policy.to_owned(),
        line: line.id.clone(),
        kind: words(line.kind),
        amount: format!("{:.4e}", overflow.amount.as_units()),
        currency: scenario.site.currency.clone(),
        at: timestamp(truth.grid.start_s(overflow.t)).to_string(),
        causes,
    }
}

/// The kind in lower case: `coincident peak`.
fn words(kind: LineKind) -> String {
    let mut words = String::new();
    for letter in format!("{kind:?}").chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

fn causes(scenario: &Scenario, truth: &Truth, kind: LineKind, id: &str, t: usize) -> Vec<Cause> {
    let look = Look { scenario, truth, t };
    let fields: &[&str] = match kind {
        LineKind::Energy | LineKind::Contract | LineKind::Hosting | LineKind::TakeOrPay => {
            &["price_per_mwh"]
        }
        LineKind::Export => &["export_price_per_mwh"],
        LineKind::Adder | LineKind::Tax => &["per_mwh"],
        LineKind::Availability => &["availability_per_mw_h"],
        LineKind::Inference => &["floor_value_per_gpu_h", "tiers"],
        _ => &[],
    };
    let mut all = look.amounts(id, fields);
    match kind {
        LineKind::Mining => all.extend(look.market()),
        LineKind::Demand | LineKind::CoincidentPeak => all.extend(look.charge(id)),
        LineKind::CallPenalty | LineKind::PowerLimit | LineKind::HostingPenalty => {
            all.push(named(format!("{id}.penalty_per_mwh")));
        }
        LineKind::InferencePenalty => all.push(named(format!("{id}.floor_penalty_per_gpu_h"))),
        LineKind::Wear => all.push(named(format!("{id}.wear_per_start"))),
        LineKind::JobValue
        | LineKind::JobLateness
        | LineKind::JobLostWork
        | LineKind::JobUnmet
        | LineKind::OpenWork => {
            let sources = scenario.jobs.iter();
            all.extend(sources.map(|s| named(format!("{}.terms.value_per_gpu_h", s.id))));
        }
        _ => {}
    }
    all
}

/// A key whose value the site file tells.
fn named(name: String) -> Cause {
    Cause {
        file: String::new(),
        name,
        value: String::new(),
        doubtful: false,
    }
}

struct Look<'a> {
    scenario: &'a Scenario,
    truth: &'a Truth,
    t: usize,
}

impl Look<'_> {
    fn amounts(&self, id: &str, fields: &[&str]) -> Vec<Cause> {
        let mut all = Vec::new();
        for (name, amount, unit) in self.scenario.site.amounts() {
            let field = name
                .strip_prefix(id)
                .and_then(|rest| rest.strip_prefix('.'));
            if !field.is_some_and(|field| fields.iter().any(|f| field.starts_with(f))) {
                continue;
            }
            all.push(match amount {
                Amount::Constant(value) => self.cause(String::new(), name, *value, &unit),
                Amount::Series { series, .. } => self.series(series, &unit),
            });
        }
        all
    }

    fn market(&self) -> Vec<Cause> {
        let Some(market) = &self.scenario.mining else {
            return Vec::new();
        };
        let price = Unit::PricePerBitcoin(self.scenario.site.currency.clone());
        let mut all = vec![
            self.series(&market.difficulty, &Unit::Difficulty),
            self.series(&market.btc_price, &price),
        ];
        all.extend(
            market
                .fees
                .iter()
                .map(|fees| self.series(fees, &Unit::BitcoinPerBlock)),
        );
        all
    }

    fn charge(&self, id: &str) -> Option<Cause> {
        self.scenario.site.tariff.lines.iter().find_map(|line| {
            let (field, value) = match line {
                TariffLine::Demand {
                    id: own,
                    per_kw_month,
                } if own == id => ("per_kw_month", per_kw_month),
                TariffLine::CoincidentPeak {
                    id: own,
                    per_kw_year,
                    ..
                } if own == id => ("per_kw_year", per_kw_year),
                _ => return None,
            };
            Some(Cause {
                value: format!("{}", value.as_units()),
                ..named(format!("{id}.{field}"))
            })
        })
    }

    /// The series as it is bound, at the step.
    fn series(&self, series: &str, unit: &Unit) -> Cause {
        let value = self.truth.series(series).map_or(f64::NAN, |s| s[self.t]);
        self.cause(
            file_of(self.scenario, series),
            format!("data.{series}"),
            value,
            unit,
        )
    }

    fn cause(&self, file: String, name: String, value: f64, unit: &Unit) -> Cause {
        let at = Some(self.truth.grid.start_s(self.t));
        let what = Quantity::of(unit);
        Cause {
            doubtful: what.is_some_and(|what| what.doubt(value, unit.place(at, false)).is_some()),
            value: format!("{value} {unit}").trim().to_owned(),
            file,
            name,
        }
    }
}

//! Everything the report page draws, as plain data.
//!
//! Units are fixed here so that callers convert once: power in watts, time in
//! Unix seconds (UTC), money in whole units of [`Payload::currency`], prices in
//! currency per MWh. Shares are percentages: 12.5 means 12.5 %.

mod jobs;
mod money;
mod table;

use serde::Serialize;

use super::slots::Slots;
pub use jobs::{Job, JobRun, Outcome};
pub use money::{Bar, BarKind, PolicyMoney, PolicyMoneyRow, Waterfall};
pub use table::{Bin, Cell, Column, Fact, Figure, Histogram, Section, Table};

/// What a page is about.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A run: what happened.
    #[default]
    Run,
    /// A plan: what is to happen.
    Plan,
}

/// One page: a run of one scenario with its policies, seen through its main policy, or a plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Payload {
    /// What it is about.
    pub kind: Kind,
    /// Title of the scenario, as a heading.
    pub title: String,
    /// One paragraph: what the scenario shows and where its numbers come from.
    pub description: String,
    /// Name of the site.
    pub site: String,
    /// ISO 4217 code of the site's one currency.
    pub currency: String,
    /// IANA name of the site's zone; times are shown in it. Empty means UTC.
    pub time_zone: String,
    /// Label of the policy, or of the planner, whose power, jobs and decisions are drawn.
    pub policy: String,
    /// Facts of the run: seed, version, hash of the inputs, step length.
    pub facts: Vec<Fact>,
    /// Four to six headline figures of the main policy.
    pub figures: Vec<Figure>,
    /// One row per policy.
    pub policies: Table,
    /// Value of each policy against a baseline, and what it is made of.
    pub money: Option<PolicyMoney>,
    /// From the baseline's value to the main policy's, lever by lever.
    pub levers: Option<Waterfall>,
    /// Power, price and surplus per step.
    pub series: StepSeries,
    /// Further tables, each a section of its own, after the charts over time.
    pub sections: Vec<Section>,
    /// Jobs of the main policy.
    pub jobs: Vec<Job>,
    /// Jobs of the scenario whose release lies beyond the run.
    pub jobs_beyond: usize,
    /// The decisions that cost most against their alternative, dearest first.
    pub dearest: Vec<DearDecision>,
    /// Why each slot was assigned as it was, for a window of steps.
    pub slots: Option<Slots>,
    /// One row per variant of the site, by net present value.
    pub variants: Option<Table>,
    /// One row per tenant or service: what was promised and what was delivered.
    pub promises: Option<Table>,
    /// One row per region, for sites that have several.
    pub regions: Option<Table>,
    /// One row per tariff line.
    pub tariff: Option<Table>,
    /// One row per miner or GPU pool.
    pub pools: Option<Table>,
    /// How long curtailed runs were.
    pub curtailed_runs: Option<Histogram>,
    /// One row per policy in whose run something went wrong.
    pub incidents: Option<Table>,
    /// Remarks a reader must know: gaps in data, assumptions, what is not modelled.
    pub notes: Vec<String>,
}

/// What watts are used for.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Use {
    /// Bitcoin hashing.
    Hashing,
    /// GPU inference.
    Inference,
    /// GPU training and other batch jobs.
    Training,
    /// Facility overhead, and devices that idle.
    Overhead,
    /// Watts that were available and left unused.
    Nothing,
}

/// Power, price and surplus per step. Every column holds one value per step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepSeries {
    /// Start of each step, strictly increasing.
    pub starts: Vec<i64>,
    /// End of the last step.
    pub end: i64,
    /// Highest power the site may draw, watts.
    pub limit: Vec<i64>,
    /// Watts per use, stacked from the first to the last. [`Use::Nothing`] is
    /// the space under the limit and needs no column.
    pub uses: Vec<UseSeries>,
    /// Energy price; `None` where unknown.
    pub price: Vec<Option<f64>>,
    /// Price of one more MWh at the root; `None` where there is no more. Empty when it is
    /// not shown.
    pub marginal: Vec<Option<f64>>,
    /// Forecast of the price known when the step was decided. May be empty.
    pub price_forecast: Option<Band>,
    /// Surplus power available, watts. Empty when the site has none.
    pub surplus: Vec<Option<i64>>,
    /// Forecast of the surplus known when the step was decided, watts.
    pub surplus_forecast: Option<Band>,
}

/// Watts of one use per step.
#[derive(Clone, Debug, PartialEq)]
pub struct UseSeries {
    /// What the watts did.
    pub usage: Use,
    /// Watts per step, never negative.
    pub watts: Vec<i64>,
}

/// Forecast quantiles per step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Band {
    /// Tenth percentile.
    pub p10: Vec<Option<f64>>,
    /// Median.
    pub p50: Vec<Option<f64>>,
    /// Ninetieth percentile.
    pub p90: Vec<Option<f64>>,
}

/// A decision that cost much against its alternative, seen afterwards.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DearDecision {
    /// Start of its slot.
    pub start: i64,
    /// Node of the power tree.
    pub node: String,
    /// What the watts did.
    pub usage: String,
    /// Watts concerned.
    pub watts: i64,
    /// What the power cost or would have cost, charges included, per MWh.
    pub price: f64,
    /// Money lost against the alternative, positive.
    pub cost: f64,
    /// Why it was decided so, in words.
    pub reason: String,
    /// What would have been better, in words.
    pub alternative: String,
}

/// A column whose length differs from what it belongs to.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{column} holds {found} values, expected {expected}")]
pub struct Mismatch {
    /// Which column.
    pub column: String,
    /// Values that it should hold.
    pub expected: usize,
    /// Values that it holds.
    pub found: usize,
}

impl Payload {
    /// Compares the lengths of all columns.
    ///
    /// # Errors
    /// The first column that differs.
    pub fn check(&self) -> Result<(), Mismatch> {
        self.series.check()?;
        let tables = [
            ("policies", Some(&self.policies)),
            ("variants", self.variants.as_ref()),
            ("promises", self.promises.as_ref()),
            ("incidents", self.incidents.as_ref()),
            ("regions", self.regions.as_ref()),
            ("tariff", self.tariff.as_ref()),
            ("pools", self.pools.as_ref()),
        ];
        let sections = self.sections.iter().map(|s| (s.id, Some(&s.table)));
        for (name, table) in tables.into_iter().chain(sections) {
            for (index, row) in table.iter().flat_map(|t| t.rows.iter().enumerate()) {
                let expected = table.map_or(0, |t| t.columns.len());
                same_length(|| format!("{name} row {index}"), expected, row.len())?;
            }
        }
        if let Some(money) = &self.money {
            for row in &money.rows {
                let name = || format!("money of {}", row.policy);
                same_length(name, money.parts.len(), row.parts.len())?;
            }
        }
        self.slots.as_ref().map_or(Ok(()), Slots::check)
    }
}

impl StepSeries {
    /// Compares the lengths of all columns with the number of steps.
    ///
    /// # Errors
    /// The first column that differs.
    pub fn check(&self) -> Result<(), Mismatch> {
        let steps = self.starts.len();
        same_length(|| "limit".to_owned(), steps, self.limit.len())?;
        same_length(|| "price".to_owned(), steps, self.price.len())?;
        for series in &self.uses {
            same_length(|| format!("{:?}", series.usage), steps, series.watts.len())?;
        }
        if !self.marginal.is_empty() {
            same_length(|| "marginal".to_owned(), steps, self.marginal.len())?;
        }
        if !self.surplus.is_empty() {
            same_length(|| "surplus".to_owned(), steps, self.surplus.len())?;
        }
        let bands = [
            ("price forecast", &self.price_forecast),
            ("surplus forecast", &self.surplus_forecast),
        ];
        for (name, band) in bands {
            for column in band.iter().flat_map(|b| [&b.p10, &b.p50, &b.p90]) {
                same_length(|| name.to_owned(), steps, column.len())?;
            }
        }
        Ok(())
    }

    /// Length of step `index` in seconds.
    pub(super) fn seconds(&self, index: usize) -> i64 {
        let end = self.starts.get(index + 1).copied().unwrap_or(self.end);
        end - self.starts[index]
    }
}

pub(super) fn same_length(
    column: impl FnOnce() -> String,
    expected: usize,
    found: usize,
) -> Result<(), Mismatch> {
    if expected == found {
        return Ok(());
    }
    Err(Mismatch {
        column: column(),
        expected,
        found,
    })
}

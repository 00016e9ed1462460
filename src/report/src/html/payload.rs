//! Everything the report page draws, as plain data.
//!
//! Units are fixed here so that callers convert once: power in watts, time in
//! Unix seconds (UTC), money in whole units of [`Payload::currency`], prices in
//! currency per MWh. Shares are percentages: 12.5 means 12.5 %.

use serde::Serialize;

use super::slots::Slots;

/// One report: a run of one scenario with its policies, seen through its main policy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Payload {
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
    /// Label of the policy whose power, jobs and decisions are drawn.
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
    /// Jobs of the main policy.
    pub jobs: Vec<Job>,
    /// The decisions that cost most against their alternative, dearest first.
    pub dearest: Vec<DearDecision>,
    /// Why each slot was assigned as it was, for a window of steps.
    pub slots: Option<Slots>,
    /// One row per region, for sites that have several.
    pub regions: Option<Table>,
    /// One row per tariff line.
    pub tariff: Option<Table>,
    /// One row per miner or GPU pool.
    pub pools: Option<Table>,
    /// How long curtailed runs were.
    pub curtailed_runs: Option<Histogram>,
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

/// One labelled fact of the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Fact {
    /// What it is: "seed".
    pub label: String,
    /// Its value as text: "42".
    pub value: String,
}

/// One headline figure.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Figure {
    /// What it is: "Gain".
    pub label: String,
    /// Its value; NaN is shown as a dash.
    pub value: f64,
    /// Unit after the value: "%", "USD/MWh".
    pub unit: String,
    /// Digits after the point.
    pub decimals: u8,
    /// Short remark under it: "of G, 12,345 USD".
    pub note: String,
}

/// A table with typed columns.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Table {
    /// Columns, left to right. The first one labels the row.
    pub columns: Vec<Column>,
    /// Rows; each holds one cell per column.
    pub rows: Vec<Vec<Cell>>,
    /// Index of the row to mark, such as the main policy's.
    pub highlight: Option<usize>,
    /// Remark under the table.
    pub note: String,
}

/// Head of a table column.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Column {
    /// What the column holds.
    pub label: String,
    /// Unit under the label; empty when there is none.
    pub unit: String,
    /// Digits after the point for numbers.
    pub decimals: u8,
    /// Explanation shown on hover and to screen readers.
    pub help: String,
}

/// One table cell.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Cell {
    /// A number in its column's unit; NaN is shown as a dash.
    Number(f64),
    /// Text.
    Text(String),
    /// Not applicable: a dash.
    #[default]
    Empty,
}

impl From<f64> for Cell {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(cell: Option<T>) -> Self {
        cell.map_or(Self::Empty, Into::into)
    }
}

/// A sequence of amounts that add up, drawn as a waterfall.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Waterfall {
    /// Bars in order.
    pub bars: Vec<Bar>,
    /// Remark under the chart.
    pub note: String,
}

/// One bar of a waterfall.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bar {
    /// What it is.
    pub label: String,
    /// Whether it stands on zero or on the bar before it.
    pub kind: BarKind,
    /// Money: the level for a total, the signed difference for a change.
    pub amount: f64,
    /// Explanation shown on hover and to screen readers.
    pub help: String,
}

/// How a waterfall bar stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BarKind {
    /// A level, such as the baseline's value or the bound.
    Total,
    /// A change from the level before.
    Change,
    /// A change that was not achieved, such as what is left to the bound.
    Missed,
}

/// Money of every policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PolicyMoney {
    /// Label of the policy that the others are compared with.
    pub baseline: String,
    /// Best proven upper bound on the value, if one was computed.
    pub bound: Option<f64>,
    /// Names of what a value is made of: revenue, energy, taxes, wear.
    pub parts: Vec<String>,
    /// One row per policy, in the order of the policy table.
    pub rows: Vec<PolicyMoneyRow>,
}

/// Money of one policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PolicyMoneyRow {
    /// Label of the policy.
    pub policy: String,
    /// Total value: the sum of its parts.
    pub value: f64,
    /// Signed money per part, costs negative; one per [`PolicyMoney::parts`].
    pub parts: Vec<f64>,
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

/// One job and where it ran.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Stable id.
    pub id: String,
    /// Tenant or class.
    pub class: String,
    /// Training or inference: gives its colour.
    pub usage: Use,
    /// When it could start.
    pub release: i64,
    /// When it had to be done; `None` without a deadline.
    pub deadline: Option<i64>,
    /// What it pays when on time.
    pub value: f64,
    /// Runs in order of time; a gap between two is a suspension.
    pub runs: Vec<JobRun>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it waited or failed, in words; may be empty.
    pub note: String,
}

/// One uninterrupted run of a job.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct JobRun {
    /// Start, Unix seconds.
    pub start: i64,
    /// End, exclusive.
    pub end: i64,
    /// GPUs of its gang.
    pub gpus: u32,
    /// Watts at the wall.
    pub watts: i64,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done by its deadline, or done without one.
    OnTime,
    /// Done after its deadline.
    Late,
    /// Not done when the period ended, with its deadline still ahead.
    Open,
    /// Not done, and its deadline passed.
    Missed,
    /// Never accepted.
    Rejected,
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
    /// Price that was paid, per MWh.
    pub price: f64,
    /// Money lost against the alternative, positive.
    pub cost: f64,
    /// Why it was decided so, in words.
    pub reason: String,
    /// What would have been better, in words.
    pub alternative: String,
}

/// Counts per range.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Histogram {
    /// What is counted, with its unit: "Length of curtailed runs".
    pub label: String,
    /// Bins in order.
    pub bins: Vec<Bin>,
    /// Remark under the chart: median, longest, number of runs.
    pub note: String,
}

/// One histogram bin.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Bin {
    /// Range as text: "1–2 h".
    pub label: String,
    /// How many fell in it.
    pub count: u64,
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
            ("regions", self.regions.as_ref()),
            ("tariff", self.tariff.as_ref()),
            ("pools", self.pools.as_ref()),
        ];
        for (name, table) in tables {
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

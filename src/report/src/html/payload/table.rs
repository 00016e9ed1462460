//! Facts, figures, tables and counts: what is shown as it is given.

use serde::Serialize;

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

/// A table that is a section of the page.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Section {
    /// Its name in links, unique on the page.
    pub id: &'static str,
    /// Its heading.
    pub title: String,
    /// A sentence beside the heading; may be empty.
    pub lead: String,
    /// The table; without rows only the heading and the lead are shown.
    pub table: Table,
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
    /// Numbers that lie between two, in the column's unit.
    Range {
        /// The least.
        least: f64,
        /// Their mean, weighted as the table says.
        mean: f64,
        /// The greatest.
        most: f64,
        /// Digits after the point where room is short.
        coarse: u8,
    },
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

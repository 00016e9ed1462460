//! Slots and steps as rows of typed cells, for CSV and Parquet alike.
//!
//! `slots`: one row per step, node and load of the main policy, with the reason; `nothing`
//! is what was left under the limit. `steps`: one row per policy and step. Times are the
//! starts of steps, UTC; money is in the site's currency.

mod csv;
mod parquet;
mod slots;
mod steps;

pub use self::csv::CsvSink;
pub use self::parquet::ParquetSink;
pub use slots::slots;
pub use steps::steps;

/// Type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8.
    Text,
    /// Whole number.
    Int,
    /// Number; unknown where there is none.
    Float,
    /// Unix second, written as an instant.
    Time,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Name, with its unit where it has one.
    pub name: String,
    /// Type.
    pub kind: Kind,
}

/// One value of a row, in the type of its column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// Text; empty where it does not apply.
    Text(&'a str),
    /// Whole number.
    Int(i64),
    /// Number, kept to a ten-thousandth.
    Float(Option<f64>),
    /// Unix second.
    Time(i64),
}

/// Why a table could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The disk refused.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The CSV writer refused.
    #[error(transparent)]
    Csv(#[from] ::csv::Error),
    /// The Parquet writer refused.
    #[error(transparent)]
    Parquet(#[from] ::parquet::errors::ParquetError),
    /// Columns of unlike length.
    #[error(transparent)]
    Arrow(#[from] arrow_schema::ArrowError),
}

/// Takes the rows of one table.
pub trait Sink {
    /// Adds a row: one cell per column, in order.
    ///
    /// # Errors
    /// What the disk or the format refuses.
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), WriteError>;

    /// Writes what is left and closes the file.
    ///
    /// # Errors
    /// What the disk or the format refuses.
    fn finish(self: Box<Self>) -> Result<(), WriteError>;
}

/// Numbers carry four decimals: further digits are noise of single precision.
fn rounded(value: f64) -> Option<f64> {
    value.is_finite().then(|| {
        let rounded = (value * 1e4).round() / 1e4;
        // No minus zero.
        if rounded == 0.0 { 0.0 } else { rounded }
    })
}

fn fields(columns: &[(&str, Kind)]) -> Vec<Field> {
    columns
        .iter()
        .map(|(name, kind)| Field {
            name: (*name).to_owned(),
            kind: *kind,
        })
        .collect()
}

fn to_all(sinks: &mut [Box<dyn Sink>], cells: &[Cell<'_>]) -> Result<(), WriteError> {
    sinks.iter_mut().try_for_each(|sink| sink.row(cells))
}

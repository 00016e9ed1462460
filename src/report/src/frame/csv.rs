//! Rows as CSV.

use std::io::Write;

use super::{Cell, Field, Sink, WriteError, rounded};

/// Writes rows as CSV with a header; unknown numbers are empty cells.
pub struct CsvSink<W: Write> {
    writer: csv::Writer<W>,
    /// The last instant and its text: neighbours share it.
    instant: (i64, String),
    cell: String,
}

impl<W: Write> CsvSink<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// What the disk refuses.
    pub fn new(writer: W, fields: &[Field]) -> Result<Self, WriteError> {
        let mut writer = csv::Writer::from_writer(writer);
        writer.write_record(fields.iter().map(|f| f.name.as_str()))?;
        Ok(Self {
            writer,
            instant: (i64::MIN, String::new()),
            cell: String::new(),
        })
    }
}

impl<W: Write> Sink for CsvSink<W> {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), WriteError> {
        use std::fmt::Write as _;
        for cell in cells {
            self.cell.clear();
            let written = match *cell {
                Cell::Text(text) => {
                    self.writer.write_field(text)?;
                    continue;
                }
                Cell::Int(value) => write!(self.cell, "{value}"),
                Cell::Float(value) => match value.and_then(rounded) {
                    Some(value) => write!(self.cell, "{value}"),
                    None => Ok(()),
                },
                Cell::Time(second) => {
                    if self.instant.0 != second {
                        let text = swingload_model::time::timestamp(second).to_string();
                        self.instant = (second, text);
                    }
                    self.writer.write_field(&self.instant.1)?;
                    continue;
                }
            };
            written.expect("invariant: a string takes all that is written to it");
            self.writer.write_field(&self.cell)?;
        }
        self.writer.write_record(None::<&[u8]>)?;
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), WriteError> {
        self.writer.flush()?;
        Ok(())
    }
}

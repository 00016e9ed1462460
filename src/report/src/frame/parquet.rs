//! Rows as Parquet, in batches, compressed with zstd.

use std::io::Write;
use std::sync::Arc;

use arrow_array::builder::{Float64Builder, Int64Builder, StringBuilder, TimestampSecondBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field as ArrowField, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::{Cell, Field, Kind, Sink, WriteError, rounded};

/// Rows held before they are compressed: bounds memory, and makes good row groups.
const BATCH: usize = 65_536;

/// Writes rows as Parquet.
pub struct ParquetSink<W: Write + Send> {
    writer: ArrowWriter<W>,
    schema: SchemaRef,
    columns: Vec<Column>,
    rows: usize,
}

enum Column {
    Text(StringBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    Time(TimestampSecondBuilder),
}

impl<W: Write + Send> ParquetSink<W> {
    /// Writes the file's head.
    ///
    /// # Errors
    /// What the disk refuses.
    pub fn new(writer: W, fields: &[Field]) -> Result<Self, WriteError> {
        let schema = Schema::new(fields.iter().map(arrow_field).collect::<Vec<_>>());
        let schema: SchemaRef = Arc::new(schema);
        // No name and version of a writer: the same run gives the same bytes.
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_created_by("swingload".to_owned())
            .build();
        Ok(Self {
            writer: ArrowWriter::try_new(writer, Arc::clone(&schema), Some(properties))?,
            schema,
            columns: fields.iter().map(|field| Column::new(field.kind)).collect(),
            rows: 0,
        })
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        if self.rows == 0 {
            return Ok(());
        }
        let arrays = self.columns.iter_mut().map(Column::finish).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays)?;
        self.writer.write(&batch)?;
        self.rows = 0;
        Ok(())
    }
}

impl<W: Write + Send> Sink for ParquetSink<W> {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), WriteError> {
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.push(*cell);
        }
        self.rows += 1;
        if self.rows == BATCH {
            self.flush()
        } else {
            Ok(())
        }
    }

    fn finish(mut self: Box<Self>) -> Result<(), WriteError> {
        self.flush()?;
        self.writer.close()?;
        Ok(())
    }
}

fn arrow_field(field: &Field) -> ArrowField {
    let (kind, nullable) = match field.kind {
        Kind::Text => (DataType::Utf8, false),
        Kind::Int => (DataType::Int64, false),
        Kind::Float => (DataType::Float64, true),
        Kind::Time => (
            DataType::Timestamp(TimeUnit::Second, Some("UTC".into())),
            false,
        ),
    };
    ArrowField::new(&field.name, kind, nullable)
}

impl Column {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text(StringBuilder::new()),
            Kind::Int => Self::Int(Int64Builder::new()),
            Kind::Float => Self::Float(Float64Builder::new()),
            Kind::Time => Self::Time(TimestampSecondBuilder::new().with_timezone("UTC")),
        }
    }

    fn push(&mut self, cell: Cell<'_>) {
        match (self, cell) {
            (Self::Text(column), Cell::Text(text)) => column.append_value(text),
            (Self::Int(column), Cell::Int(value)) => column.append_value(value),
            (Self::Float(column), Cell::Float(value)) => {
                column.append_option(value.and_then(rounded));
            }
            (Self::Time(column), Cell::Time(second)) => column.append_value(second),
            _ => unreachable!("invariant: cells have the types of their columns"),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(column) => Arc::new(column.finish()),
            Self::Int(column) => Arc::new(column.finish()),
            Self::Float(column) => Arc::new(column.finish()),
            Self::Time(column) => Arc::new(column.finish()),
        }
    }
}

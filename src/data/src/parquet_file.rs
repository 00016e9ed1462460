//! Parquet files as columns.

use std::fs::File;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use swingload_model::Diagnostics;

use crate::fault::fault;
use crate::table::{Column, Table, Texts};

const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;

/// Decodes a whole file. A column that is neither number, text nor time is left
/// out, so that binding it lists the columns there are.
///
/// # Errors
/// A damaged file.
pub(crate) fn read(file: &str, handle: File) -> Result<Table, Diagnostics> {
    let refuse = |error: &dyn std::fmt::Display| {
        let help = "the file may be cut off; fetch it again";
        let problem = format!("this Parquet file cannot be read: {error}");
        Diagnostics::from(fault(file, None, "", "", problem, help))
    };
    let builder = ParquetRecordBatchReaderBuilder::try_new(handle).map_err(|e| refuse(&e))?;
    let schema = builder.schema().clone();
    let mut table = Table {
        file: file.to_owned(),
        names: Vec::new(),
        columns: Vec::new(),
        lines: Vec::new(),
        rows: 0,
    };
    let mut places = Vec::new();
    for (index, field) in schema.fields().iter().enumerate() {
        if let Some(column) = empty(field.data_type()) {
            table.names.push(field.name().clone());
            table.columns.push(column);
            places.push(index);
        }
    }
    for batch in builder.build().map_err(|e| refuse(&e))? {
        let batch = batch.map_err(|e| refuse(&e))?;
        table.rows += batch.num_rows();
        for (place, column) in places.iter().zip(&mut table.columns) {
            append(column, batch.column(*place));
        }
    }
    Ok(table)
}

/// The column a type is kept in; `None` for types that are not read.
fn empty(kind: &DataType) -> Option<Column> {
    use DataType as D;
    Some(match kind {
        D::Utf8 | D::LargeUtf8 | D::Utf8View => Column::Text(Texts::default()),
        D::Dictionary(_, values) if matches!(**values, D::Utf8 | D::LargeUtf8 | D::Utf8View) => {
            Column::Text(Texts::default())
        }
        D::Boolean | D::Float32 | D::Float64 | D::Decimal128(..) => Column::Number(Vec::new()),
        D::Int8 | D::Int16 | D::Int32 | D::Int64 => Column::Number(Vec::new()),
        D::UInt8 | D::UInt16 | D::UInt32 | D::UInt64 => Column::Number(Vec::new()),
        D::Timestamp(_, Some(_)) => Column::Instant(Vec::new()),
        D::Timestamp(_, None) | D::Date32 => Column::Clock(Vec::new()),
        _ => return None,
    })
}

fn append(column: &mut Column, array: &ArrayRef) {
    match column {
        Column::Text(texts) => append_texts(texts, array),
        Column::Number(cells) => append_numbers(cells, array),
        Column::Instant(cells) | Column::Clock(cells) => append_times(cells, array),
    }
}

fn append_texts(texts: &mut Texts, array: &ArrayRef) {
    match array.data_type() {
        DataType::Utf8 => array
            .as_string::<i32>()
            .iter()
            .for_each(|t| texts.push(t.unwrap_or(""))),
        DataType::LargeUtf8 => {
            array
                .as_string::<i64>()
                .iter()
                .for_each(|t| texts.push(t.unwrap_or("")));
        }
        DataType::Utf8View => {
            array
                .as_string_view()
                .iter()
                .for_each(|t| texts.push(t.unwrap_or("")));
        }
        _ => {
            let dictionary = array.as_any_dictionary();
            let mut values = Texts::default();
            append_texts(&mut values, dictionary.values());
            let values = Column::Text(values);
            for (row, key) in dictionary.normalized_keys().into_iter().enumerate() {
                if dictionary.keys().is_null(row) {
                    texts.push("");
                } else {
                    texts.push(&values.text(key));
                }
            }
        }
    }
}

fn append_numbers(cells: &mut Vec<Option<f64>>, array: &ArrayRef) {
    use DataType as D;
    fn all<T: ArrowPrimitiveType>(
        cells: &mut Vec<Option<f64>>,
        array: &ArrayRef,
        number: impl Fn(T::Native) -> f64,
    ) {
        cells.extend(array.as_primitive::<T>().iter().map(|v| v.map(&number)));
    }
    match array.data_type() {
        D::Boolean => cells.extend(array.as_boolean().iter().map(|v| v.map(f64::from))),
        D::Float32 => all::<Float32Type>(cells, array, f64::from),
        D::Float64 => all::<Float64Type>(cells, array, |v| v),
        D::Int8 => all::<Int8Type>(cells, array, f64::from),
        D::Int16 => all::<Int16Type>(cells, array, f64::from),
        D::Int32 => all::<Int32Type>(cells, array, f64::from),
        D::Int64 => all::<Int64Type>(cells, array, |v| v as f64),
        D::UInt8 => all::<UInt8Type>(cells, array, f64::from),
        D::UInt16 => all::<UInt16Type>(cells, array, f64::from),
        D::UInt32 => all::<UInt32Type>(cells, array, f64::from),
        D::UInt64 => all::<UInt64Type>(cells, array, |v| v as f64),
        D::Decimal128(_, scale) => {
            let unit = libm::pow(10.0, f64::from(*scale));
            all::<Decimal128Type>(cells, array, |v| v as f64 / unit);
        }
        other => unreachable!("invariant: `empty` keeps no column of type {other} as numbers"),
    }
}

fn append_times(cells: &mut Vec<Option<i64>>, array: &ArrayRef) {
    use TimeUnit as U;
    fn all<T: ArrowPrimitiveType<Native = i64>>(
        cells: &mut Vec<Option<i64>>,
        array: &ArrayRef,
        microseconds: impl Fn(i64) -> i64,
    ) {
        cells.extend(
            array
                .as_primitive::<T>()
                .iter()
                .map(|v| v.map(&microseconds)),
        );
    }
    match array.data_type() {
        DataType::Timestamp(U::Second, _) => {
            all::<TimestampSecondType>(cells, array, |v| v.saturating_mul(1_000_000));
        }
        DataType::Timestamp(U::Millisecond, _) => {
            all::<TimestampMillisecondType>(cells, array, |v| v.saturating_mul(1000));
        }
        DataType::Timestamp(U::Microsecond, _) => {
            all::<TimestampMicrosecondType>(cells, array, |v| v);
        }
        DataType::Timestamp(U::Nanosecond, _) => {
            all::<TimestampNanosecondType>(cells, array, |v| v.div_euclid(1000));
        }
        _ => cells.extend(
            array
                .as_primitive::<Date32Type>()
                .iter()
                .map(|v| v.map(|d| i64::from(d) * MICROSECONDS_PER_DAY)),
        ),
    }
}

//! Rows of a file to published observations: select, place in time, sort, repeat, bridge.

mod events;
mod gaps;
mod lasting;
mod level;
mod rows;
mod spacing;
mod standing;
#[cfg(test)]
mod tests;
mod thousand;

use swingload_model::scenario::binding::{Binding, FileSource, FilterFile, Publication};
use swingload_model::series::{Observation, Unit};
use swingload_model::{Diagnostic, Diagnostics};

use crate::clock::{Clock, SubSecond};
use crate::fault::{Faults, fault};
use crate::note::{Notes, count, length};
use crate::publication::Rule;
use crate::table::Table;

/// The seconds a load is about.
///
/// ```text
/// from          period.0              period.1         until
///  |---history------|------must be there----|---horizon---|
/// ```
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) from: i64,
    pub(crate) until: i64,
    pub(crate) period: (i64, i64),
}

impl Window {
    fn touches(&self, start: i64, end: i64) -> bool {
        end > self.from && start < self.until
    }
}

/// One interval of a file before gaps are bridged and publication is applied.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cell {
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// In the binding's unit; `None` for an empty cell.
    pub(crate) value: Option<f64>,
    /// Time of its publication column.
    pub(crate) known: Option<i64>,
    /// Where only the next row ends it: what is known of its end before that one comes.
    pub(crate) sure: Option<Sure>,
    /// Line it stands on.
    pub(crate) line: usize,
}

/// What is known of the end of a row that lasts until the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sure {
    /// Until when no row before it ended sooner.
    pub(crate) until: i64,
    /// Whether the rows before it are all as long as itself.
    pub(crate) is_even: bool,
    /// Publication column of the next row.
    pub(crate) next_known: Option<i64>,
}

impl Sure {
    fn moved(self, by: i64) -> Self {
        Self {
            until: self.until + by,
            next_known: self.next_known.map(|known| known + by),
            ..self
        }
    }
}

/// What the stages share about the binding being read.
pub(crate) struct Reading<'a> {
    pub(crate) name: &'a str,
    pub(crate) binding: &'a Binding,
    pub(crate) source: &'a FileSource,
    pub(crate) table: &'a Table,
    pub(crate) window: Window,
    /// Length of a step of the run, s.
    pub(crate) step: i64,
}

impl Reading<'_> {
    /// The columns as one field of a message.
    fn field(&self) -> String {
        self.source.columns.join(" + ")
    }

    fn fault(
        &self,
        line: Option<usize>,
        value: impl Into<String>,
        problem: impl Into<String>,
        help: impl Into<String>,
    ) -> Diagnostic {
        fault(&self.table.file, line, &self.field(), value, problem, help)
    }

    /// Observations of the binding inside the window.
    ///
    /// # Errors
    /// Everything wrong with the rows used.
    pub(crate) fn observations(
        &self,
        notes: &mut Notes<'_>,
    ) -> Result<Vec<Observation>, Diagnostics> {
        let selected = select(self.table, self.source.filter.as_ref(), self.name)?;
        let clock = Clock::new(&self.source.time);
        let mut cells = match self.source.events_step {
            Some(step) => events::cells(self, &clock, &selected, step, notes)?,
            None => rows::cells(self, &clock, &selected, notes)?,
        };
        // Before the file's span is repeated: its values are of their own years.
        let plausible = self.check_plausible(&cells);
        if self.source.repeat {
            cells = self.repeated(&cells, notes);
        }
        self.check_range(&cells)?;
        thousand::check(self, &cells, notes)?;
        level::check(self, &cells, notes)?;
        plausible?;
        let mut rule = Rule::new(&self.binding.publication, self.window.from);
        gaps::published(self, &cells, &mut rule, notes)
    }

    /// Publication times of the selected rows, where a column gives them.
    fn issued(
        &self,
        clock: &Clock<'_>,
        selected: &[u32],
        notes: &mut Notes<'_>,
    ) -> Result<Vec<Option<i64>>, Diagnostics> {
        let Publication::Column(column) = &self.binding.publication else {
            return Ok(vec![None; selected.len()]);
        };
        let known = clock.seconds(self.table, column, selected, SubSecond::Floor, notes)?;
        let mut faults = Faults::default();
        for (row, _) in selected
            .iter()
            .zip(&known)
            .filter(|(_, known)| known.is_none())
        {
            let line = Some(self.table.line(*row as usize));
            let problem = "the publication time is empty";
            let help =
                "without it nobody knows when the value was known; fill it in or use another rule";
            faults.push(fault(&self.table.file, line, column, "", problem, help));
        }
        faults.finish()?;
        Ok(known)
    }

    /// The value of a row in the binding's unit; `None` when a column of it is empty.
    fn value(
        &self,
        columns: &[&crate::table::Column],
        row: usize,
    ) -> Result<Option<f64>, Diagnostics> {
        let mut sum = 0.0;
        for (column, name) in columns.iter().zip(&self.source.columns) {
            match column.number(row) {
                Ok(Some(value)) => sum += value,
                Ok(None) => return Ok(None),
                Err(()) => {
                    let (line, text) = (Some(self.table.line(row)), column.text(row));
                    let help =
                        "write a finite number, or leave the cell empty where the value is unknown";
                    return Err(fault(
                        &self.table.file,
                        line,
                        name,
                        text,
                        "is no finite number",
                        help,
                    )
                    .into());
                }
            }
        }
        let value = sum * self.source.scale;
        if value.is_finite() {
            return Ok(Some(value));
        }
        let line = Some(self.table.line(row));
        let help = format!("check data.{}.scale", self.name);
        Err(self
            .fault(line, sum.to_string(), "is too large a number", help)
            .into())
    }

    fn columns(&self, notes: &Notes<'_>) -> Result<Vec<&crate::table::Column>, Diagnostics> {
        let mut faults = Faults::default();
        let mut columns = Vec::new();
        for name in &self.source.columns {
            match self.table.column(name, &notes.subject) {
                Ok(column) => columns.push(column),
                Err(fault) => faults.extend(fault),
            }
        }
        faults.finish().map(|()| columns)
    }

    /// The file's span over and over, as far as the window reaches.
    fn repeated(&self, cells: &[Cell], notes: &mut Notes<'_>) -> Vec<Cell> {
        let (Some(first), Some(last)) = (cells.first(), cells.last()) else {
            return Vec::new();
        };
        let (start, end) = (first.start, last.end);
        let span = end - start;
        let copies = (self.window.from - end).div_euclid(span) + 1
            ..=(self.window.until - start - 1).div_euclid(span);
        notes.push(format!(
            "the file's span of {} is repeated {} over the run",
            length(span),
            count(copies.clone().count(), "time")
        ));
        let moved = |cell: &Cell, by: i64| Cell {
            start: cell.start + by,
            end: cell.end + by,
            known: cell.known.map(|k| k + by),
            sure: cell.sure.map(|s| s.moved(by)),
            ..*cell
        };
        copies
            .flat_map(|copy| cells.iter().map(move |cell| moved(cell, copy * span)))
            .filter(|cell| self.window.touches(cell.start, cell.end))
            .collect()
    }

    /// Refuses values outside the plausible range of the binding.
    fn check_range(&self, cells: &[Cell]) -> Result<(), Diagnostics> {
        let (min, max) = self.binding.range;
        let mut faults = Faults::default();
        for cell in cells {
            let Some(value) = cell.value.filter(|v| *v < min || *v > max) else {
                continue;
            };
            let (side, limit, key) = if value < min {
                ("below the least", min, "min")
            } else {
                ("above the greatest", max, "max")
            };
            let (name, unit) = (self.name, &self.binding.unit);
            faults.push(self.fault(
                Some(cell.line),
                format!("{value} {unit}"),
                format!("lies {side} plausible value, data.{name}.{key} = {limit}"),
                format!("if the file is in another unit set data.{name}.scale; if the value is right, widen data.{name}.{key}"),
            ));
        }
        for cell in cells {
            let Some((value, problem)) = cell
                .value
                .and_then(|v| Some((v, impossible(&self.binding.unit, v)?)))
            else {
                continue;
            };
            let (name, unit) = (self.name, &self.binding.unit);
            faults.push(self.fault(
                Some(cell.line),
                format!("{value} {unit}"),
                problem,
                format!("correct the row or leave its cell empty; if the file is in another unit set data.{name}.scale"),
            ));
        }
        faults.finish()
    }

    /// Refuses values outside the plausible range of their unit, which is that of the time
    /// the file gives them: the first one, and how many there are.
    fn check_plausible(&self, cells: &[Cell]) -> Result<(), Diagnostics> {
        let moved = self.source.shift_days * 86_400;
        let mut doubted = cells.iter().filter_map(|cell| {
            let value = cell.value?;
            let doubt = self.binding.doubt(value, Some(cell.start - moved), false)?;
            Some((cell.line, value, doubt))
        });
        let Some((line, value, doubt)) = doubted.next() else {
            return Ok(());
        };
        let others = match doubted.count() {
            0 => String::new(),
            more => format!(" ({} of this file do)", count(more + 1, "value")),
        };
        let name = self.name;
        let help = doubt.help(&format!("data.{name}"), "the scenario file");
        let scale = match self.source.scale {
            1.0 => String::new(),
            scale => format!("; data.{name}.scale is {scale} now"),
        };
        Err(self
            .fault(
                Some(line),
                format!("{value} {}", self.binding.unit),
                format!("{}{others}", doubt.problem),
                format!("{help}{scale}"),
            )
            .into())
    }
}

/// Why a value cannot be one of its unit, whatever market it comes from; `None` when it can.
pub(crate) fn impossible(unit: &Unit, value: f64) -> Option<&'static str> {
    match unit {
        Unit::Difficulty if value < 1.0 => Some("a difficulty is at least 1"),
        Unit::PricePerBitcoin(_) if value <= 0.0 => Some("a bitcoin's price is above zero"),
        Unit::ExchangeRate(..) if value <= 0.0 => Some("an exchange rate is above zero"),
        Unit::BitcoinPerBlock if value < 0.0 => Some("bitcoin per block are zero or more"),
        // What no money has ever reached would end in a revenue without bound.
        Unit::PricePerBitcoin(_) | Unit::ExchangeRate(..) if value > 1e15 => {
            Some("no price is that high")
        }
        Unit::BitcoinPerBlock if value > 21e6 => Some("there are 21 million bitcoin at most"),
        _ => None,
    }
}

/// Rows that pass the filter.
///
/// # Errors
/// A filter column that is missing, or that no row passes; the message lists texts there are.
pub(crate) fn select(
    table: &Table,
    filter: Option<&FilterFile>,
    subject: &str,
) -> Result<Vec<u32>, Diagnostics> {
    let Some(filter) = filter else {
        return Ok((0..table.rows as u32).collect());
    };
    let column = table.column(&filter.column, subject)?;
    let number = filter.equals.parse().ok();
    let rows: Vec<u32> = (0..table.rows)
        .filter(|row| column.equals(*row, &filter.equals, number))
        .map(|row| row as u32)
        .collect();
    if !rows.is_empty() {
        return Ok(rows);
    }
    let mut there = std::collections::BTreeSet::new();
    for row in 0..table.rows {
        there.insert(column.text(row));
        if there.len() > 12 {
            break;
        }
    }
    let there: Vec<_> = there.iter().take(12).map(|t| t.as_ref()).collect();
    Err(fault(
        &table.file,
        None,
        &filter.column,
        &*filter.equals,
        "no row of the file passes this filter",
        format!("texts in the column: {}", there.join(", ")),
    )
    .into())
}

//! Rows that are events: summed over steps, per second.

use swingload_model::Diagnostics;

use super::{Cell, Reading};
use crate::clock::{Clock, SubSecond};
use crate::fault::Faults;
use crate::note::{Notes, count};

/// An edge step is whole when the silence at its outer end is no longer than so many mean spacings.
const SILENCE: f64 = 3.0;

/// Sum of the columns (or number of rows, without columns) per step and second.
///
/// Steps lie on multiples of their length since 1970. The first and last step are
/// left out when the file covers only part of them.
pub(super) fn cells(
    reading: &Reading<'_>,
    clock: &Clock<'_>,
    selected: &[u32],
    step: i64,
    notes: &mut Notes<'_>,
) -> Result<Vec<Cell>, Diagnostics> {
    let columns = reading.columns(notes)?;
    let shift = reading.source.shift_days * 86_400;
    let spec = &reading.source.time;
    let times = clock.seconds(
        reading.table,
        &spec.column,
        selected,
        SubSecond::Floor,
        notes,
    )?;
    let mut faults = Faults::default();
    let (mut events, mut unknown) = (Vec::new(), 0);
    for (row, time) in selected.iter().map(|row| *row as usize).zip(times) {
        let Some(time) = time else {
            unknown += 1;
            continue;
        };
        // Without columns every event counts one.
        let value = if columns.is_empty() {
            Ok(Some(reading.source.scale))
        } else {
            reading.value(&columns, row)
        };
        match value {
            Ok(Some(value)) => events.push((time + shift, value, reading.table.line(row))),
            Ok(None) => unknown += 1,
            Err(fault) => faults.extend(fault),
        }
    }
    faults.finish()?;
    if unknown > 0 {
        notes.push(format!(
            "{} without time or value left out",
            count(unknown, "event")
        ));
    }
    if let Some(until) = reading.source.until {
        events.retain(|(time, _, _)| *time - shift < until);
    }
    events.sort_by_key(|event| event.0);
    let (Some(first), Some(last)) = (events.first().map(|e| e.0), events.last().map(|e| e.0))
    else {
        let help = format!("check data.{}.filter", reading.name);
        return Err(reading
            .fault(None, "", "the file has no event", help)
            .into());
    };
    let (from, until) = whole_steps(first, last, events.len(), step);
    let mut cells: Vec<Cell> = (from..until)
        .map(|index| Cell {
            start: index * step,
            end: (index + 1) * step,
            value: Some(0.0),
            known: None,
            sure: None,
            line: 0,
        })
        .collect();
    let mut outside = 0;
    for (time, value, line) in events {
        match usize::try_from(time.div_euclid(step) - from)
            .ok()
            .and_then(|i| cells.get_mut(i))
        {
            Some(cell) => {
                cell.value = cell.value.map(|sum| sum + value / step as f64);
                cell.line = if cell.line == 0 { line } else { cell.line };
            }
            None => outside += 1,
        }
    }
    if outside > 0 {
        notes.push(format!(
            "{} left out in steps at the ends that the file covers only in part",
            count(outside, "event")
        ));
    }
    if !reading.source.repeat {
        cells.retain(|cell| reading.window.touches(cell.start, cell.end));
    }
    Ok(cells)
}

/// Indices `[from, until)` of the steps that the events cover whole; all when none is.
fn whole_steps(first: i64, last: i64, events: usize, step: i64) -> (i64, i64) {
    let spacing = (last - first) as f64 / (events.max(2) - 1) as f64;
    let short = |silence: i64| silence as f64 <= SILENCE * spacing.max(1.0);
    let (a, b) = (first.div_euclid(step), last.div_euclid(step) + 1);
    let from = if short(first - a * step) { a } else { a + 1 };
    let until = if short(b * step - 1 - last) { b } else { b - 1 };
    if from < until { (from, until) } else { (a, b) }
}

//! Rows that each stand for one interval.

use swingload_model::Diagnostics;
use swingload_model::scenario::binding::Marks;

use super::spacing::Spacing;
use super::{Cell, Reading, Sure, gaps, standing};
use crate::clock::{Clock, SubSecond};
use crate::fault::Faults;
use crate::note::{Notes, count, instant, length};

const DAY: i64 = 86_400;

/// A row with its interval; times not yet shifted.
struct Placed {
    row: u32,
    start: i64,
    end: i64,
    known: Option<i64>,
    sure: Option<Sure>,
}

/// Cells of the selected rows inside the window, sorted, without overlap.
///
/// With `repeat` all rows are kept, because any may come to lie in the window.
pub(super) fn cells(
    reading: &Reading<'_>,
    clock: &Clock<'_>,
    selected: &[u32],
    notes: &mut Notes<'_>,
) -> Result<Vec<Cell>, Diagnostics> {
    let columns = reading.columns(notes)?;
    let mut placed = placed(reading, clock, selected, notes)?;
    let shift = reading.source.shift_days * DAY;
    if shift != 0 {
        for p in &mut placed {
            (p.start, p.end) = (p.start + shift, p.end + shift);
            (p.known, p.sure) = (p.known.map(|k| k + shift), p.sure.map(|s| s.moved(shift)));
        }
        notes.push(format!("moved by {} days", reading.source.shift_days));
    }
    let (first, last) = (
        placed.first().map(|p| p.start),
        placed.last().map(|p| p.end),
    );
    if !reading.source.repeat {
        let value = |p: &Placed| reading.value(&columns, p.row as usize).ok().flatten();
        let values: Vec<_> = (placed.iter().map(|p| (p.start, p.end, value(p)))).collect();
        standing::check(reading, &values, notes);
        placed.retain(|p| reading.window.touches(p.start, p.end));
    }
    if let (true, Some(first), Some(last)) = (placed.is_empty(), first, last) {
        // Absent means none for flags; everything else needs values.
        if reading.binding.gaps != swingload_model::scenario::binding::Gaps::Zero {
            return Err(reading
                .fault(
                    None,
                    "",
                    format!(
                        "the file covers {} to {}, and the run {} to {}",
                        instant(first),
                        instant(last),
                        instant(reading.window.period.0),
                        instant(reading.window.period.1),
                    ),
                    format!(
                        "move the period, or move the data with data.{}.shift_days",
                        reading.name
                    ),
                )
                .into());
        }
    }
    let mut faults = Faults::default();
    let mut cells = Vec::with_capacity(placed.len());
    for p in &placed {
        match reading.value(&columns, p.row as usize) {
            Ok(value) => cells.push(Cell {
                start: p.start,
                end: p.end,
                value,
                known: p.known,
                sure: p.sure,
                line: reading.table.line(p.row as usize),
            }),
            Err(fault) => faults.extend(fault),
        }
    }
    faults.finish()?;
    let cells = without_twins(reading, cells, notes)?;
    refuse_overlaps(reading, &cells)?;
    Ok(cells)
}

/// The rows in order of time with their intervals.
fn placed(
    reading: &Reading<'_>,
    clock: &Clock<'_>,
    selected: &[u32],
    notes: &mut Notes<'_>,
) -> Result<Vec<Placed>, Diagnostics> {
    let (table, spec) = (reading.table, &reading.source.time);
    let times = clock.seconds(table, &spec.column, selected, SubSecond::Refuse, notes)?;
    let issued = reading.issued(clock, selected, notes)?;
    let mut faults = Faults::default();
    let mut marks: Vec<(i64, u32, Option<i64>)> = Vec::with_capacity(times.len());
    for ((row, time), known) in selected.iter().zip(&times).zip(issued) {
        match time {
            Some(time) => marks.push((*time, *row, known)),
            None => faults.push(crate::fault::fault(
                &table.file,
                Some(table.line(*row as usize)),
                &spec.column,
                "",
                "the time is empty",
                "every row needs a time",
            )),
        }
    }
    faults.finish()?;
    if let Some(until) = reading.source.until {
        let all = marks.len();
        marks.retain(|(time, _, _)| *time < until);
        if marks.len() < all {
            notes.push(format!(
                "{} from {} on left out, as data.{}.until says",
                count(all - marks.len(), "row"),
                instant(until),
                reading.name
            ));
        }
    }
    let falls = marks
        .windows(2)
        .filter(|pair| pair[1].0 < pair[0].0)
        .count();
    if falls > 0 {
        marks.sort_by_key(|(time, _, _)| *time);
        notes.push(format!(
            "{} earlier than the one before; sorted by time",
            count(falls, "row")
        ));
    }
    let fixed = reading.source.step;
    let spacing = Spacing::new(marks.iter().map(|mark| mark.0), clock.is_date());
    if fixed.is_none() {
        let Some((least, most)) = spacing.ends() else {
            let help = format!("give data.{}.step_min", reading.name);
            return Err(reading
                .fault(
                    None,
                    "",
                    "one row alone does not say how long its interval is",
                    help,
                )
                .into());
        };
        if least != most {
            notes.push(format!(
                "intervals of {} to {}; each lasts until the next row, or where that is over three times as far away as rows around it are, as long as those",
                length(least),
                length(most),
            ));
        }
    }
    let ends = spec.marks == Marks::End;
    let moved = |time: i64, by: i64| {
        if clock.is_date() && by % DAY == 0 {
            clock.days_later(time, by / DAY).unwrap_or(time + by)
        } else {
            time + by
        }
    };
    let mut placed = Vec::with_capacity(marks.len());
    let mut last_known = None;
    for (time, row, known) in marks.iter().rev() {
        let at = spacing.position(*time);
        let usual = || fixed.or_else(|| spacing.usual(at)).unwrap_or(DAY);
        let (start, end, sure) = match (ends, fixed) {
            (false, Some(step)) => (*time, moved(*time, step), None),
            (true, Some(step)) => (moved(*time, -step), *time, None),
            (false, None) => {
                let next = spacing.next(at);
                let sure = next.map(|next| Sure {
                    until: moved(*time, spacing.sure(at)).min(next),
                    is_even: spacing.is_even(at),
                    next_known: last_known,
                });
                (*time, next.unwrap_or_else(|| moved(*time, usual())), sure)
            }
            (true, None) => {
                let before = spacing.before(at);
                (
                    before.unwrap_or_else(|| moved(*time, -usual())),
                    *time,
                    None,
                )
            }
        };
        last_known = *known;
        placed.push(Placed {
            row: *row,
            start,
            end,
            known: *known,
            sure,
        });
    }
    placed.reverse();
    let shift = reading.source.shift_days * DAY;
    if fixed.is_none() {
        note_lost(reading, &placed, &spacing, notes);
    }
    let edge = if ends { placed.first() } else { placed.last() };
    if let Some(edge) =
        edge.filter(|e| fixed.is_none() && reading.window.touches(e.start + shift, e.end + shift))
    {
        notes.push(format!(
            "nothing says how long the interval from {} lasts; taken as {}, like the middle one of those beside it",
            instant(edge.start + shift),
            length(edge.end - edge.start)
        ));
    }
    Ok(placed)
}

/// Names rows that seem lost, where the row beside them stands for their time: no gap rule
/// sees such a time, because a row without a given length lasts until the next one.
fn note_lost(reading: &Reading<'_>, placed: &[Placed], spacing: &Spacing, notes: &mut Notes<'_>) {
    let ends = reading.source.time.marks == Marks::End;
    let shift = reading.source.shift_days * DAY;
    let (mut rows, mut spans) = (0, Vec::new());
    for p in placed {
        // The distance from its own mark to the next one, or from the one before to its own.
        let distance = match ends {
            true => spacing.position(p.end).checked_sub(1),
            false => Some(spacing.position(p.start)),
        };
        let Some(lost) = distance.and_then(|at| spacing.lost(at)) else {
            continue;
        };
        let (start, end) = if ends {
            (p.start, p.start + lost.lasts)
        } else {
            (p.end - lost.lasts, p.end)
        };
        let (start, end) = (start + shift, end + shift);
        if reading.source.repeat || reading.window.touches(start, end) {
            rows += lost.rows;
            spans.push((start, end));
        }
    }
    // Rows that stand twice are placed twice.
    spans.dedup();
    if !spans.is_empty() {
        notes.push(format!(
            "{} missing by the distance of those around and bridged with the value {}; {}",
            if rows == 1 {
                "1 row seems".to_owned()
            } else {
                format!("{rows} rows seem")
            },
            if ends { "after" } else { "before" },
            gaps::told(&spans)
        ));
    }
}

/// Drops rows that repeat another one; refuses those that contradict one.
fn without_twins(
    reading: &Reading<'_>,
    cells: Vec<Cell>,
    notes: &mut Notes<'_>,
) -> Result<Vec<Cell>, Diagnostics> {
    let mut kept: Vec<Cell> = Vec::with_capacity(cells.len());
    let mut faults = Faults::default();
    let mut dropped = 0;
    for cell in cells {
        match kept.last().filter(|last| last.start == cell.start) {
            Some(last) if (last.value, last.known) == (cell.value, cell.known) => dropped += 1,
            Some(last) => {
                let told = |c: &Cell| {
                    c.value
                        .map_or_else(|| "no value".to_owned(), |v| v.to_string())
                };
                let help = "keep one of the two; if the file holds several series, choose one with `filter`; if they meet where the clocks go back, set time.zone";
                let problem = format!(
                    "line {} has {} for the same interval, starting {}",
                    last.line,
                    told(last),
                    instant(cell.start)
                );
                faults.push(reading.fault(Some(cell.line), told(&cell), problem, help));
            }
            None => kept.push(cell),
        }
    }
    faults.finish()?;
    if dropped > 0 {
        notes.push(format!(
            "{} dropped, each equal to another one",
            count(dropped, "row")
        ));
    }
    Ok(kept)
}

fn refuse_overlaps(reading: &Reading<'_>, cells: &[Cell]) -> Result<(), Diagnostics> {
    let mut faults = Faults::default();
    for pair in cells.windows(2).filter(|pair| pair[1].start < pair[0].end) {
        let apart = pair[1].start - pair[0].start;
        let problem = format!(
            "the interval starting {} overlaps the one of line {}: they start {} apart and last {}",
            instant(pair[1].start),
            pair[0].line,
            length(apart),
            length(pair[0].end - pair[0].start)
        );
        let help = format!(
            "if rows are {} apart throughout, set data.{name}.step_min = {}; if their length changes inside the file, leave data.{name}.step_min out",
            length(apart),
            apart as f64 / 60.0,
            name = reading.name
        );
        faults.push(reading.fault(Some(pair[1].line), "", problem, help));
    }
    faults.finish()
}

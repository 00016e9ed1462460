//! Time columns: from what is written to Unix seconds.

use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use swingload_model::Diagnostics;
use swingload_model::scenario::binding::TimeFile;

use crate::fault::{Faults, fault};
use crate::note::{Notes, count};
use crate::table::{Column, Table};

/// What to do with parts of a second.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum SubSecond {
    /// Boundaries of intervals are whole seconds.
    Refuse,
    /// Events and jobs: rounded down.
    Floor,
}

/// How a cell is read.
enum Format {
    Rfc3339,
    Date,
    Unix,
    /// Since an origin, in units of so many seconds.
    Since(i64, f64),
    Pattern(String),
}

/// A cell before its zone is applied.
enum Read {
    /// Unix microseconds.
    Instant(i64),
    /// On the clock of the zone.
    Local(DateTime),
}

/// A time column's rule, with its zone looked up.
pub(crate) struct Clock<'a> {
    spec: &'a TimeFile,
    format: Format,
    zone: TimeZone,
}

impl<'a> Clock<'a> {
    /// From a valid [`TimeFile`].
    pub(crate) fn new(spec: &'a TimeFile) -> Self {
        let origin = spec.origin.map_or(0, Timestamp::as_second);
        let format = match spec.format.as_str() {
            "rfc3339" => Format::Rfc3339,
            "date" => Format::Date,
            "unix_s" => Format::Unix,
            "seconds" => Format::Since(origin, 1.0),
            "hours" => Format::Since(origin, 3600.0),
            pattern => Format::Pattern(pattern.to_owned()),
        };
        let zone = TimeZone::get(spec.zone())
            .expect("invariant: the scenario refuses zones that do not exist");
        Self { spec, format, zone }
    }

    /// Whether times are civil dates, whose days have 23, 24 or 25 hours.
    pub(crate) fn is_date(&self) -> bool {
        matches!(self.format, Format::Date)
    }

    /// Start of the civil day `days` after the one in which `second` lies.
    pub(crate) fn days_later(&self, second: i64, days: i64) -> Option<i64> {
        let start = Timestamp::from_second(second).ok()?;
        let date = self.zone.to_datetime(start).date();
        let date = date
            .checked_add(SignedDuration::from_hours(24 * days))
            .ok()?;
        let midnight = self.zone.to_ambiguous_timestamp(date.at(0, 0, 0, 0));
        midnight.compatible().ok().map(Timestamp::as_second)
    }

    /// Unix seconds of the cells of `column` in `rows`; `None` for an empty cell.
    ///
    /// A clock time that a change of the clocks repeats is taken in order of
    /// appearance: the first time it comes as the earlier one.
    ///
    /// # Errors
    /// Cells that are no time in the format, clock times that do not exist in the
    /// zone, and parts of a second where they are refused.
    pub(crate) fn seconds(
        &self,
        table: &Table,
        column: &str,
        rows: &[u32],
        sub_second: SubSecond,
        notes: &mut Notes<'_>,
    ) -> Result<Vec<Option<i64>>, Diagnostics> {
        let cells = table.column(column, &notes.subject)?;
        if matches!(cells, Column::Clock(_)) && self.spec.zone.is_none() && !self.is_date() {
            let problem = "the times of this column carry no offset from UTC";
            let help = "add time.zone, the zone of the file's clock, such as Europe/Berlin or UTC";
            return Err(fault(&table.file, None, column, "", problem, help).into());
        }
        let falling = self.falls(cells, rows);
        let mut faults = Faults::default();
        let mut seconds = Vec::with_capacity(rows.len());
        let (mut last, mut twice) = (None, 0);
        for row in rows.iter().map(|row| *row as usize) {
            let mut refuse = |problem: String, help: String| {
                let (line, value) = (Some(table.line(row)), cells.text(row));
                faults.push(fault(&table.file, line, column, value, problem, help));
            };
            let micros = match self.read(cells, row) {
                Ok(None) => None,
                Ok(Some(Read::Instant(micros))) => Some(micros),
                Ok(Some(Read::Local(clock))) => match self.place(clock, last, falling) {
                    Some((micros, ambiguous)) => {
                        twice += usize::from(ambiguous);
                        Some(micros)
                    }
                    None => {
                        let problem = format!(
                            "this time does not exist on the clock of {}, which jumps over it",
                            self.spec.zone()
                        );
                        refuse(
                            problem,
                            "the column is probably in another zone; set time.zone".into(),
                        );
                        None
                    }
                },
                Err(problem) => {
                    refuse(problem, self.help());
                    None
                }
            };
            last = micros.or(last);
            if let Some(micros) = micros
                && sub_second == SubSecond::Refuse
                && micros % 1_000_000 != 0
            {
                let help = "only events and jobs may fall between seconds";
                refuse(
                    "an interval must start on a whole second".into(),
                    help.into(),
                );
            }
            seconds.push(micros.map(|m| m.div_euclid(1_000_000)));
        }
        faults.finish()?;
        if twice > 0 {
            let times = count(twice, "clock time");
            notes.push(format!(
                "{times} of {} come twice when the clocks go back; taken in order of appearance",
                self.spec.zone()
            ));
        }
        Ok(seconds)
    }

    /// Whether the rows run from late to early.
    fn falls(&self, cells: &Column, rows: &[u32]) -> bool {
        let at = |row: Option<&u32>| match self.read(cells, *row? as usize) {
            Ok(Some(Read::Local(clock))) => Some(clock),
            _ => None,
        };
        matches!((at(rows.first()), at(rows.last())), (Some(first), Some(last)) if first > last)
    }

    /// The instant of a clock time, and whether the clock shows it twice; `None` where it never does.
    fn place(&self, clock: DateTime, last: Option<i64>, falling: bool) -> Option<(i64, bool)> {
        let candidates = self.zone.to_ambiguous_timestamp(clock);
        match candidates.offset() {
            AmbiguousOffset::Unambiguous { .. } => {
                Some((candidates.unambiguous().ok()?.as_microsecond(), false))
            }
            // A day may begin in a gap; it then begins where the clock goes on.
            AmbiguousOffset::Gap { .. } if self.is_date() => {
                Some((candidates.compatible().ok()?.as_microsecond(), false))
            }
            AmbiguousOffset::Gap { .. } => None,
            AmbiguousOffset::Fold { .. } => {
                let earlier = candidates.earlier().ok()?.as_microsecond();
                let later = candidates.later().ok()?.as_microsecond();
                let chosen = match last {
                    Some(last) if falling => {
                        if later < last {
                            later
                        } else {
                            earlier
                        }
                    }
                    Some(last) if earlier <= last => later,
                    None if falling => later,
                    _ => earlier,
                };
                Some((chosen, true))
            }
        }
    }

    /// Reads one cell; the message says what it is not.
    fn read(&self, cells: &Column, row: usize) -> Result<Option<Read>, String> {
        match cells {
            Column::Instant(times) => return Ok(times[row].map(Read::Instant)),
            Column::Clock(times) => {
                let clock = times[row].and_then(|m| Timestamp::from_microsecond(m).ok());
                return Ok(clock.map(|t| Read::Local(TimeZone::UTC.to_datetime(t))));
            }
            Column::Text(_) | Column::Number(_) => {}
        }
        let number = || {
            cells
                .number(row)
                .map_err(|()| format!("is no number, and time.format is `{}`", self.spec.format))
        };
        match &self.format {
            Format::Unix => {
                let Some(value) = number()? else {
                    return Ok(None);
                };
                if value.abs() > 1e11 {
                    return Err(
                        "is too large for seconds since 1970; it looks like milliseconds".into(),
                    );
                }
                Ok(Some(Read::Instant((value * 1e6).round() as i64)))
            }
            Format::Since(origin, unit) => {
                let Some(value) = number()? else {
                    return Ok(None);
                };
                if value.abs() * unit > 1e11 {
                    return Err("lies thousands of years from the origin".into());
                }
                Ok(Some(Read::Instant(
                    origin * 1_000_000 + (value * unit * 1e6).round() as i64,
                )))
            }
            written => {
                let text = cells.text(row);
                if text.is_empty() {
                    return Ok(None);
                }
                match written {
                    Format::Rfc3339 => match text.parse::<Timestamp>() {
                        Ok(at) => Ok(Some(Read::Instant(at.as_microsecond()))),
                        Err(_) if text.parse::<DateTime>().is_ok() => {
                            Err("has no offset from UTC, so its zone is unknown".into())
                        }
                        Err(_) => Err("is no RFC 3339 time".into()),
                    },
                    Format::Date => match Date::strptime("%Y-%m-%d", text.as_ref()) {
                        Ok(date) => Ok(Some(Read::Local(date.at(0, 0, 0, 0)))),
                        Err(_) => Err("is no date".into()),
                    },
                    Format::Pattern(pattern) => parse(pattern, &text)
                        .map(Some)
                        .ok_or_else(|| format!("does not match the pattern `{pattern}`")),
                    Format::Unix | Format::Since(..) => Ok(None),
                }
            }
        }
    }

    fn help(&self) -> String {
        match &self.format {
            Format::Rfc3339 => "write 2022-01-01T00:00:00Z; for other forms set time.format to a strptime pattern such as %Y-%m-%d %H:%M, and time.zone".into(),
            Format::Date => "write 2022-01-31; for other forms set time.format to a strptime pattern such as %d/%m/%Y".into(),
            Format::Unix | Format::Since(..) => "set time.format to the way times are written".into(),
            Format::Pattern(_) => "compare time.format with the column".into(),
        }
    }
}

/// A text in a strptime pattern: an instant when the pattern has an offset, else a clock time.
fn parse(pattern: &str, text: &str) -> Option<Read> {
    let parsed = BrokenDownTime::parse(pattern, text).ok()?;
    if parsed.offset().is_some() || pattern.contains("%s") {
        return parsed
            .to_timestamp()
            .ok()
            .map(|t| Read::Instant(t.as_microsecond()));
    }
    let date = parsed.to_date().ok()?;
    if parsed.hour().is_none() {
        return Some(Read::Local(date.at(0, 0, 0, 0)));
    }
    Some(Read::Local(date.to_datetime(parsed.to_time().ok()?)))
}

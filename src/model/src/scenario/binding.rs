//! Bindings: where a series comes from and when each value became known.

use jiff::civil;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plausible::{Doubt, Quantity, Side};
use crate::series::Unit;

/// Keys of one binding, `[data.NAME]`. Exactly one of `file`, `constant`, `synthetic` is given.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BindingFile {
    /// Unit of the values after `scale`: `MW`, `USD/MWh`, `degC`, `g/kWh`, `USD/BTC`, `USD/AUD`, `difficulty`, `GPU`, `1`, ...
    pub unit: String,
    /// CSV, gzip CSV or Parquet file, relative to the data root; after `./`, to the scenario's folder.
    pub file: Option<String>,
    /// The same value at all times.
    pub constant: Option<f64>,
    /// A seeded generator.
    pub synthetic: Option<SyntheticFile>,
    /// Column of values.
    pub column: Option<String>,
    /// Columns to add up, instead of `column`.
    pub columns: Option<Vec<String>>,
    /// Keep only rows where another column has this text.
    pub filter: Option<FilterFile>,
    /// Factor from the file's unit to `unit`.
    #[serde(default = "one")]
    pub scale: f64,
    /// Where and how time is written.
    pub time: Option<TimeFile>,
    /// Length of an interval in minutes; absent: each lasts until the next row, whatever the lengths of rows, and a distance far beyond those of the rows around it is a gap.
    pub step_min: Option<f64>,
    /// When a value became known: `start`, `end`, `start + 15 min`, `end + 2 h`, `D-1 13:30 America/Chicago`, `column NAME`, or `always`.
    pub publication: String,
    /// What to do with missing intervals.
    #[serde(default)]
    pub gaps: Gaps,
    /// Longest gap that may be bridged, minutes; longer ones are refused whatever `gaps` says.
    pub gap_max_min: Option<f64>,
    /// Days of 24 hours added to every time of the file (negative moves back), so that another year lies under the period.
    #[serde(default)]
    pub shift_days: i64,
    /// Instant from which on the file's rows are not used, by the file's own times: where it ends in placeholders.
    pub until: Option<jiff::Timestamp>,
    /// Repeat the file's span over the whole period.
    #[serde(default)]
    pub repeat: bool,
    /// Rows are events: values are summed per step of this many minutes and divided by its seconds.
    pub events_per_second_min: Option<f64>,
    /// Dated exchange-rate series that turns the value into the site's currency.
    pub fx: Option<String>,
    /// Least plausible value; anything below is refused as a fault of unit or sign, and nothing above it for being low. Where absent, a range of the unit's own holds: see `allow`.
    pub min: Option<f64>,
    /// Greatest plausible value; anything above is refused as a fault of unit, and nothing below it for being high. Where absent, a range of the unit's own holds: see `allow`.
    pub max: Option<f64>,
}

fn one() -> f64 {
    1.0
}

/// Keep only rows where `column` equals `equals`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FilterFile {
    /// The column looked at.
    pub column: String,
    /// Its text.
    pub equals: String,
}

/// How time is written in a file.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeFile {
    /// The column.
    pub column: String,
    /// `rfc3339` (with its offset), `date`, `unix_s`, `seconds` or `hours` since `origin`, or a strptime pattern such as `%Y-%m-%d %H:%M`.
    #[serde(default = "rfc3339")]
    pub format: String,
    /// IANA zone of times without offset; needed for a pattern without one, and for Parquet times without one. Days of `date` are of UTC when absent.
    pub zone: Option<String>,
    /// Instant from which `seconds` and `hours` count.
    pub origin: Option<jiff::Timestamp>,
    /// Whether the time marks the start or the end of the interval.
    #[serde(default)]
    pub marks: Marks,
}

impl TimeFile {
    /// Zone of times without offset; UTC where none is given and none is needed.
    pub fn zone(&self) -> &str {
        self.zone.as_deref().unwrap_or("UTC")
    }

    /// Whether times are written in a strptime pattern that shows no offset from UTC.
    pub(crate) fn is_local_pattern(&self) -> bool {
        let mut parts = self.format.split('%').skip(1);
        // Flags, widths and colons may stand before the letter.
        let letter = |part: &str| part.chars().find(|c| c.is_ascii_alphabetic());
        self.format.contains('%') && !parts.any(|p| matches!(letter(p), Some('z' | 'Q' | 's')))
    }
}

fn rfc3339() -> String {
    "rfc3339".into()
}

fn utc() -> String {
    "UTC".into()
}

/// Which edge of the interval a time marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Marks {
    /// The interval begins there.
    #[default]
    Start,
    /// The interval ends there.
    End,
}

/// What to do where the file has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gaps {
    /// Refuse a period with a gap in it.
    #[default]
    Refuse,
    /// Leave the gap; only where the consumer copes (a forecast input).
    Leave,
    /// Repeat the last value; reported.
    Previous,
    /// Straight line between the neighbours; reported.
    Interpolate,
    /// Zero: for flags and events, where absent means none.
    Zero,
}

/// When a value became known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Publication {
    /// Known before everything: constants, schedules.
    Always,
    /// So many seconds after the interval's start (negative: before).
    FromStart(i64),
    /// So many seconds after the interval's end.
    FromEnd(i64),
    /// At a clock time so many days before the local day of the interval's start: `D-1 13:30 America/Chicago`.
    DayAhead {
        /// Days before.
        days: i64,
        /// Clock time.
        at: civil::Time,
        /// IANA zone of clock and day.
        zone: String,
    },
    /// Given by a column of the file.
    Column(String),
}

/// A generator of shapes: `(base + daily + follows) x yearly x weekly + sun + noise + spikes`, clipped.
///
/// Labelled as a shape, not a measurement. All draws come from the run's seed and
/// the binding's name.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SyntheticFile {
    /// Constant part.
    #[serde(default)]
    pub base: f64,
    /// Value added per local hour of day, 24 of them; linear in between.
    #[serde(default)]
    pub daily: Vec<f64>,
    /// Factor per weekday, Monday first, 7 of them.
    #[serde(default)]
    pub weekly: Vec<f64>,
    /// Factor per month, January first, 12 of them; linear between mid-months.
    #[serde(default)]
    pub yearly: Vec<f64>,
    /// Sunshine: adds `peak` x clear-sky sine x cloudiness.
    pub sun: Option<SunFile>,
    /// First-order autoregressive noise.
    pub noise: Option<NoiseFile>,
    /// Spikes or dips.
    pub spikes: Option<SpikesFile>,
    /// Other series added with a factor, for instance prices that fall with surplus.
    #[serde(default)]
    pub follows: Vec<FollowsFile>,
    /// Lower clip.
    pub min: Option<f64>,
    /// Upper clip.
    pub max: Option<f64>,
    /// IANA zone of local hours and months.
    #[serde(default = "utc")]
    pub zone: String,
    /// Step of the generated series, minutes; the scenario's step when absent.
    pub step_min: Option<f64>,
}

/// Sunshine of a place.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SunFile {
    /// Value at the zenith under a clear sky.
    pub peak: f64,
    /// Latitude, degrees north.
    pub latitude: f64,
    /// Mean share lost to clouds, 0 to 1.
    #[serde(default)]
    pub clouds: f64,
}

/// First-order autoregressive noise.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoiseFile {
    /// Standard deviation.
    pub sigma: f64,
    /// Hours after which the correlation has fallen to 1/e.
    pub memory_h: f64,
}

/// Rare excursions with exponential size.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpikesFile {
    /// Expected number a day.
    pub per_day: f64,
    /// Mean size, signed.
    pub mean: f64,
    /// Mean length, hours.
    pub hours: f64,
}

/// Another series added with a factor.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FollowsFile {
    /// Name of the binding; a synthetic one of the same scenario.
    pub series: String,
    /// Factor.
    pub factor: f64,
}

/// A valid binding.
#[derive(Debug, Clone)]
pub struct Binding {
    /// Unit after `scale` (before `fx`).
    pub unit: Unit,
    /// Where values come from.
    pub source: Source,
    /// When each became known.
    pub publication: Publication,
    /// Gap rule.
    pub gaps: Gaps,
    /// Longest gap bridged, s.
    pub gap_max: Option<i64>,
    /// Exchange-rate series applied.
    pub fx: Option<String>,
    /// Plausible range, as far as the binding names one; infinite where it does not.
    pub range: (f64, f64),
    /// Whether values beyond the unit's own plausible range are allowed by name.
    pub allowed: bool,
}

impl Binding {
    /// The range that its author calls plausible, in the currency of the series: what lies
    /// inside is never refused once it was read. Infinite where the author named no limit.
    ///
    /// Readers hold values against the range before `fx` is applied, so behind an exchange
    /// rate every value that was read lies inside.
    pub fn vouched(&self) -> (f64, f64) {
        let (min, max) = self.range;
        match self.fx {
            None => (min, max),
            Some(_) => {
                let min = if min.is_finite() { f64::MIN } else { min };
                (min, if max.is_finite() { f64::MAX } else { max })
            }
        }
    }
}

/// Where values come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A column of a file.
    File(FileSource),
    /// The same value at all times.
    Constant(f64),
    /// A generator.
    Synthetic(SyntheticFile),
}

/// A column of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct FileSource {
    /// Path relative to the data root; after `./`, to the scenario's folder.
    pub file: String,
    /// Columns whose values are added.
    pub columns: Vec<String>,
    /// Row filter.
    pub filter: Option<FilterFile>,
    /// Factor to the binding's unit.
    pub scale: f64,
    /// Time column.
    pub time: TimeFile,
    /// Interval length, s; `None`: until the next row.
    pub step: Option<i64>,
    /// Days added to every time.
    pub shift_days: i64,
    /// Unix second from which on rows are not used, by the file's own times.
    pub until: Option<i64>,
    /// Repeat over the period.
    pub repeat: bool,
    /// Rows are events, summed over steps of so many seconds and divided by them.
    pub events_step: Option<i64>,
}

impl Binding {
    /// Why a value is implausible for the unit; `None` when it is plausible or allowed, or
    /// where `min` or `max` answers for that end.
    ///
    /// `at` is the Unix second it is of, `lasting` whether it holds for long.
    pub fn doubt(&self, value: f64, at: Option<i64>, lasting: bool) -> Option<Doubt> {
        let what = Quantity::of(&self.unit).filter(|_| !self.allowed)?;
        let named = |side| match side {
            Side::Low => self.range.0.is_finite(),
            Side::High => self.range.1.is_finite(),
        };
        what.doubt(value, self.unit.place(at, lasting))
            .filter(|doubt| !named(doubt.side))
    }
}

impl Publication {
    /// Parses the text form of a publication rule.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text == "always" {
            return Ok(Self::Always);
        }
        if let Some(name) = text.strip_prefix("column ") {
            return Ok(Self::Column(name.trim().to_owned()));
        }
        if let Some(rest) = text.strip_prefix("start") {
            return Ok(Self::FromStart(parse_lag(rest)?));
        }
        if let Some(rest) = text.strip_prefix("end") {
            return Ok(Self::FromEnd(parse_lag(rest)?));
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let [day, clock, zone] = words[..] else {
            return Err("is no publication rule".into());
        };
        let days = day
            .strip_prefix("D-")
            .and_then(|d| d.parse().ok())
            .or((day == "D").then_some(0));
        let days = days.ok_or_else(|| format!("`{day}` is no day; write D, D-1, D-2"))?;
        let at = civil::Time::strptime("%H:%M", clock)
            .map_err(|_| format!("`{clock}` is no clock time; write HH:MM"))?;
        jiff::tz::TimeZone::get(zone).map_err(|_| format!("`{zone}` is no IANA time zone"))?;
        Ok(Self::DayAhead {
            days,
            at,
            zone: zone.to_owned(),
        })
    }
}

/// ``, `+ 15 min`, `- 2 h`: seconds.
fn parse_lag(text: &str) -> Result<i64, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(0);
    }
    let (sign, rest) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(rest), _) => (1.0, rest),
        (_, Some(rest)) => (-1.0, rest),
        _ => return Err("a lag begins with + or -".into()),
    };
    let words: Vec<&str> = rest.split_whitespace().collect();
    let [number, unit] = words[..] else {
        return Err("a lag is a number and s, min, h or d".into());
    };
    let number: f64 = number
        .parse()
        .map_err(|_| format!("`{number}` is no number"))?;
    let seconds = match unit {
        "s" => 1.0,
        "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        other => return Err(format!("`{other}` is no unit of time; use s, min, h or d")),
    };
    Ok((sign * number * seconds).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn publication_rules_are_read() {
        assert_eq!(Publication::parse("start"), Ok(Publication::FromStart(0)));
        assert_eq!(
            Publication::parse("end + 15 min"),
            Ok(Publication::FromEnd(900))
        );
        assert_eq!(
            Publication::parse("start - 1 h"),
            Ok(Publication::FromStart(-3600))
        );
        assert_eq!(
            Publication::parse("column issued"),
            Ok(Publication::Column("issued".into()))
        );
        let gate = Publication::parse("D-1 13:30 America/Chicago");
        assert_eq!(
            gate,
            Ok(Publication::DayAhead {
                days: 1,
                at: civil::time(13, 30, 0, 0),
                zone: "America/Chicago".into()
            })
        );
        for wrong in [
            "",
            "tomorrow",
            "D-1 25:00 UTC",
            "D-1 13:30 Mars/Olympus",
            "end + soon",
            "end 5 min",
        ] {
            assert!(Publication::parse(wrong).is_err(), "{wrong}");
        }
    }
}

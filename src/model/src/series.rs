//! Series of values over intervals, each with the time it became known.

use serde::{Deserialize, Serialize};

use crate::plausible::Place;
use crate::time::TimeGrid;

/// Name under which a scenario binds a series, such as `price` or `surplus`.
pub type SeriesRef = String;

/// A value over `[start, end)`, known from `known_at` on. Times are Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// First second of the interval.
    pub start: i64,
    /// Second after the interval.
    pub end: i64,
    /// Value in the series' unit; finite.
    pub value: f64,
    /// When the value was published; a controller must not see it earlier.
    pub known_at: i64,
}

/// A bound series: sorted, non-overlapping observations; gaps are absent, never filled in silence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Name of the binding.
    pub name: SeriesRef,
    /// Unit as bound, such as `MW`, `USD/MWh`, `degC`.
    pub unit: Unit,
    observations: Vec<Observation>,
}

/// Why observations are no series.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SeriesError {
    /// NaN or infinite value.
    #[error("the value of the interval starting {start} is not a finite number")]
    NotFinite {
        /// Unix second at which the interval starts.
        start: i64,
    },
    /// Two observations share time, or come unsorted.
    #[error("the interval starting {start} overlaps the one before it, or precedes it")]
    Overlap {
        /// Unix second at which the later interval starts.
        start: i64,
    },
    /// An interval that ends at or before its start.
    #[error("the interval starting {start} has no length")]
    NoLength {
        /// Unix second at which the interval starts.
        start: i64,
    },
}

/// A series over a grid has no value for part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("series `{name}` has no value at {}", crate::time::timestamp(*at))]
pub struct Missing {
    /// Name of the series.
    pub name: SeriesRef,
    /// First Unix second without a value.
    pub at: i64,
}

impl Series {
    /// From sorted, non-overlapping, finite observations.
    ///
    /// # Errors
    /// The first observation that is not finite, empty or overlapping.
    pub fn new(
        name: impl Into<SeriesRef>,
        unit: Unit,
        observations: Vec<Observation>,
    ) -> Result<Self, SeriesError> {
        let mut end = i64::MIN;
        for observation in &observations {
            let start = observation.start;
            if !observation.value.is_finite() {
                return Err(SeriesError::NotFinite { start });
            }
            if observation.end <= start {
                return Err(SeriesError::NoLength { start });
            }
            if start < end {
                return Err(SeriesError::Overlap { start });
            }
            end = observation.end;
        }
        Ok(Self {
            name: name.into(),
            unit,
            observations,
        })
    }

    /// One value per step of `grid`, known at each step's start.
    pub fn from_steps(
        name: impl Into<SeriesRef>,
        unit: Unit,
        grid: &TimeGrid,
        values: &[f64],
    ) -> Result<Self, SeriesError> {
        let observations = values
            .iter()
            .enumerate()
            .map(|(i, value)| Observation {
                start: grid.start_s(i),
                end: grid.end_s(i),
                value: *value,
                known_at: grid.start_s(i),
            })
            .collect();
        Self::new(name, unit, observations)
    }

    /// The observations in order of time.
    pub fn observations(&self) -> &[Observation] {
        &self.observations
    }

    /// The value at Unix second `at`.
    pub fn at(&self, at: i64) -> Option<f64> {
        let index = self.observations.partition_point(|o| o.start <= at);
        let found = self.observations[..index].last()?;
        (at < found.end).then_some(found.value)
    }

    /// Time-weighted mean per step of `grid`; `len == grid.len()`.
    ///
    /// Of difficulty it is the harmonic mean: what a hash earns goes by its reciprocal, so a
    /// step in which the difficulty changes earns what its two parts earn.
    ///
    /// # Errors
    /// The first second of the grid without a value.
    pub fn on_grid(&self, grid: &TimeGrid) -> Result<Vec<f64>, Missing> {
        let is_reciprocal = self.unit == Unit::Difficulty;
        let summed = |value: f64| if is_reciprocal { 1.0 / value } else { value };
        let mut values = Vec::with_capacity(grid.len());
        let mut cursor = self
            .observations
            .partition_point(|o| o.end <= grid.start_s(0));
        for step in 0..grid.len() {
            let (start, end) = (grid.start_s(step), grid.end_s(step));
            let (mut covered, mut sum, mut index) = (start, 0.0, cursor);
            while covered < end {
                let found = self.observations.get(index).filter(|o| o.start <= covered);
                let Some(observation) = found else {
                    return Err(Missing {
                        name: self.name.clone(),
                        at: covered,
                    });
                };
                let until = observation.end.min(end);
                sum += summed(observation.value) * (until - covered) as f64;
                covered = until;
                if observation.end <= end {
                    index += 1;
                }
            }
            cursor = index;
            let single = self
                .observations
                .get(cursor.saturating_sub(usize::from(cursor > 0)));
            // A step inside one observation takes its value as it is, not a mean of itself.
            values.push(match single {
                Some(o) if o.start <= start && o.end >= end => o.value,
                _ => match self.observations.get(cursor) {
                    Some(o) if o.start <= start && o.end >= end => o.value,
                    _ => summed(sum / (end - start) as f64),
                },
            });
        }
        Ok(values)
    }
}

/// Unit of a series. Money units carry their ISO 4217 code.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Unit {
    /// Power, MW.
    Megawatt,
    /// Price of energy, currency per MWh.
    PricePerMwh(String),
    /// Price of one bitcoin, currency per BTC.
    PricePerBitcoin(String),
    /// Price of a GPU for an hour, currency per GPU-hour.
    PricePerGpuHour(String),
    /// Exchange rate: units of the first currency per unit of the second.
    ExchangeRate(String, String),
    /// Carbon intensity, gCO2e/kWh.
    GramPerKwh,
    /// Temperature, degrees Celsius.
    Celsius,
    /// Bitcoin per block: subsidy or fees.
    BitcoinPerBlock,
    /// Revenue of hashing, currency per PH/s and day.
    Hashprice(String),
    /// Network difficulty, dimensionless.
    Difficulty,
    /// Number of GPUs.
    Gpus,
    /// Plain number: shares, flags, counts.
    One,
}

/// Text that names no unit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no unit; use MW, CUR/MWh, CUR/BTC, CUR/GPUh, CUR/PH/d, CUR/CUR, g/kWh, degC, BTC/block, difficulty, GPU or 1, with CUR an ISO currency code such as USD"
)]
pub struct UnknownUnit(pub String);

fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase())
}

impl TryFrom<String> for Unit {
    type Error = UnknownUnit;
    fn try_from(text: String) -> Result<Self, UnknownUnit> {
        let fixed = match text.as_str() {
            "MW" => Some(Self::Megawatt),
            "g/kWh" => Some(Self::GramPerKwh),
            "degC" => Some(Self::Celsius),
            "BTC/block" => Some(Self::BitcoinPerBlock),
            "difficulty" => Some(Self::Difficulty),
            "GPU" => Some(Self::Gpus),
            "1" => Some(Self::One),
            _ => None,
        };
        if let Some(unit) = fixed {
            return Ok(unit);
        }
        match text.split_once('/') {
            Some((currency, "MWh")) if is_currency(currency) => {
                Ok(Self::PricePerMwh(currency.into()))
            }
            Some((currency, "GPUh")) if is_currency(currency) => {
                Ok(Self::PricePerGpuHour(currency.into()))
            }
            Some((currency, "PH/d")) if is_currency(currency) => {
                Ok(Self::Hashprice(currency.into()))
            }
            Some((currency, "BTC")) if is_currency(currency) => {
                Ok(Self::PricePerBitcoin(currency.into()))
            }
            Some((to, from)) if is_currency(to) && is_currency(from) => {
                Ok(Self::ExchangeRate(to.into(), from.into()))
            }
            _ => Err(UnknownUnit(text)),
        }
    }
}

impl From<Unit> for String {
    fn from(unit: Unit) -> Self {
        match unit {
            Unit::Megawatt => "MW".into(),
            Unit::PricePerMwh(c) => format!("{c}/MWh"),
            Unit::PricePerBitcoin(c) => format!("{c}/BTC"),
            Unit::PricePerGpuHour(c) => format!("{c}/GPUh"),
            Unit::Hashprice(c) => format!("{c}/PH/d"),
            Unit::ExchangeRate(to, from) => format!("{to}/{from}"),
            Unit::GramPerKwh => "g/kWh".into(),
            Unit::Celsius => "degC".into(),
            Unit::BitcoinPerBlock => "BTC/block".into(),
            Unit::Difficulty => "difficulty".into(),
            Unit::Gpus => "GPU".into(),
            Unit::One => "1".into(),
        }
    }
}

impl std::fmt::Display for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from(self.clone()))
    }
}

impl Unit {
    /// Parses the text form.
    ///
    /// # Errors
    /// [`UnknownUnit`] with the text and the list of units.
    pub fn parse(text: &str) -> Result<Self, UnknownUnit> {
        Self::try_from(text.to_owned())
    }

    /// Where a value of this unit stands, for its plausible range.
    pub fn place(&self, at: Option<i64>, lasting: bool) -> Place<'_> {
        let per = match self {
            Self::ExchangeRate(_, from) => from,
            _ => "",
        };
        Place {
            currency: self.currency().unwrap_or(""),
            per,
            at,
            lasting,
        }
    }

    /// The currency of a money unit (the first one of an exchange rate).
    pub fn currency(&self) -> Option<&str> {
        match self {
            Self::PricePerMwh(c)
            | Self::PricePerBitcoin(c)
            | Self::PricePerGpuHour(c)
            | Self::Hashprice(c)
            | Self::ExchangeRate(c, _) => Some(c),
            _ => None,
        }
    }

    /// The same unit in another currency; other units unchanged.
    #[must_use]
    pub fn in_currency(&self, currency: &str) -> Self {
        let currency = currency.to_owned();
        match self {
            Self::PricePerMwh(_) => Self::PricePerMwh(currency),
            Self::PricePerBitcoin(_) => Self::PricePerBitcoin(currency),
            Self::PricePerGpuHour(_) => Self::PricePerGpuHour(currency),
            Self::Hashprice(_) => Self::Hashprice(currency),
            other => other.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Seconds;

    fn hourly(values: &[f64]) -> Series {
        let observations = values
            .iter()
            .enumerate()
            .map(|(i, v)| Observation {
                start: i as i64 * 3600,
                end: (i as i64 + 1) * 3600,
                value: *v,
                known_at: 0,
            })
            .collect();
        Series::new("price", Unit::PricePerMwh("USD".into()), observations).expect("valid")
    }

    fn grid(step: i64, count: i64) -> TimeGrid {
        TimeGrid::from_boundaries((0..=count).map(|i| i * step).collect()).expect("grid")
    }

    #[test]
    fn finer_steps_repeat_and_coarser_steps_average() {
        let series = hourly(&[10.1, 20.0]);
        assert_eq!(
            series.on_grid(&grid(1800, 4)).expect("covered"),
            [10.1, 10.1, 20.0, 20.0]
        );
        assert_eq!(series.on_grid(&grid(7200, 1)).expect("covered"), [15.05]);
        assert_eq!(
            series.on_grid(&grid(5400, 1)).expect("covered"),
            [(10.1 * 3600.0 + 20.0 * 1800.0) / 5400.0]
        );
    }

    /// Two parts of a step earn 1/D of their time each, so the step's D is their harmonic mean.
    #[test]
    fn a_step_with_two_difficulties_earns_what_its_parts_earn() {
        let parts = hourly(&[60e12, 90e12]).observations().to_vec();
        let series = Series::new("difficulty", Unit::Difficulty, parts).expect("valid");
        let even = series.on_grid(&grid(7200, 1)).expect("covered");
        // 2 / (1/60 + 1/90) = 72.
        assert!((even[0] - 72e12).abs() < 1.0, "{even:?}");
        let uneven = series.on_grid(&grid(5400, 1)).expect("covered");
        // 1.5 / (1/60 + 0.5/90) = 67.5.
        assert!((uneven[0] - 67.5e12).abs() < 1.0, "{uneven:?}");
        let within = series.on_grid(&grid(1800, 4)).expect("covered");
        assert_eq!(within, [60e12, 60e12, 90e12, 90e12]);
    }

    #[test]
    fn a_gap_is_named() {
        let missing = hourly(&[10.0]).on_grid(&grid(3600, 2)).expect_err("gap");
        assert_eq!(missing.at, 3600);
        assert_eq!(Seconds::new(missing.at).as_hours(), 1.0);
    }

    #[test]
    fn overlaps_and_nan_are_refused() {
        let o = |start, end, value| Observation {
            start,
            end,
            value,
            known_at: 0,
        };
        assert_eq!(
            Series::new("x", Unit::One, vec![o(0, 10, 1.0), o(5, 15, 1.0)]),
            Err(SeriesError::Overlap { start: 5 })
        );
        assert_eq!(
            Series::new("x", Unit::One, vec![o(0, 10, f64::NAN)]),
            Err(SeriesError::NotFinite { start: 0 })
        );
    }

    #[test]
    fn units_round_trip() {
        for text in [
            "MW",
            "AUD/MWh",
            "USD/BTC",
            "USD/GPUh",
            "USD/PH/d",
            "USD/AUD",
            "g/kWh",
            "degC",
            "BTC/block",
            "difficulty",
            "GPU",
            "1",
        ] {
            assert_eq!(String::from(Unit::parse(text).expect(text)), text);
        }
        assert!(Unit::parse("kWh/fortnight").is_err());
    }
}

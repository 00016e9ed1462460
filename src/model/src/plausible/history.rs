//! What Bitcoin's difficulty and price have been, year by year.

/// Least and greatest value of a calendar year.
struct Year {
    year: i16,
    low: f64,
    high: f64,
}

const fn of(year: i16, low: f64, high: f64) -> Year {
    Year { year, low, high }
}

/// Extremes of the difficulty per year.
///
/// # Source
/// Block headers of the main chain, every 2016 blocks, to December 2025 (also charted at
/// blockchain.com/explorer/charts/difficulty); 2026 from the headers of its first half.
const DIFFICULTY: [Year; 18] = [
    of(2009, 1.0, 1.19),
    of(2010, 1.3, 1.45e4),
    of(2011, 1.45e4, 1.89e6),
    of(2012, 1.15e6, 3.45e6),
    of(2013, 2.9e6, 1.19e9),
    of(2014, 1.18e9, 4.07e10),
    of(2015, 4.0e10, 1.04e11),
    of(2016, 1.03e11, 3.18e11),
    of(2017, 3.17e11, 1.88e12),
    of(2018, 1.87e12, 7.46e12),
    of(2019, 5.1e12, 1.38e13),
    of(2020, 1.37e13, 2.01e13),
    of(2021, 1.36e13, 2.51e13),
    of(2022, 2.42e13, 3.71e13),
    of(2023, 3.4e13, 7.21e13),
    of(2024, 7.0e13, 1.1e14),
    of(2025, 1.08e14, 1.56e14),
    of(2026, 1.2e14, 1.6e14),
];

/// Extremes of the price per year, USD.
///
/// # Source
/// Daily prices of public exchanges (also charted at coinmarketcap.com), rounded outwards.
const PRICE_USD: [Year; 17] = [
    of(2010, 0.003, 0.5),
    of(2011, 0.29, 32.0),
    of(2012, 3.9, 16.5),
    of(2013, 13.0, 1250.0),
    of(2014, 300.0, 1100.0),
    of(2015, 150.0, 510.0),
    of(2016, 350.0, 990.0),
    of(2017, 750.0, 20_000.0),
    of(2018, 3_100.0, 17_700.0),
    of(2019, 3_300.0, 14_000.0),
    of(2020, 3_800.0, 29_500.0),
    of(2021, 28_000.0, 69_500.0),
    of(2022, 15_400.0, 48_500.0),
    of(2023, 16_400.0, 45_000.0),
    of(2024, 38_500.0, 109_000.0),
    of(2025, 74_000.0, 127_000.0),
    of(2026, 60_000.0, 127_000.0),
];

/// How far beyond a year's extremes a value is still plausible: studies ask "what if".
const MARGIN: f64 = 10.0;

/// Growth a year that may follow the last year known, at most.
const GROWTH: f64 = 2.0;

/// Fall a year that may follow it.
const FALL: f64 = 0.8;

/// Years after the last one known over which the range widens.
const YEARS_AHEAD: i16 = 25;

/// Plausible difficulties of a year; without a year those of all years.
pub(super) fn difficulty(year: Option<i16>) -> (f64, f64) {
    let (low, high) = envelope(&DIFFICULTY, year);
    (low.max(1.0), high)
}

/// Plausible prices of a bitcoin in a year, USD.
pub(super) fn price_usd(year: Option<i16>) -> (f64, f64) {
    envelope(&PRICE_USD, year)
}

/// Extremes of the year with a margin; those of the years to come widen from the last known.
fn envelope(years: &[Year], year: Option<i16>) -> (f64, f64) {
    let (first, last) = (&years[0], &years[years.len() - 1]);
    let Some(year) = year.filter(|year| *year >= first.year) else {
        return (first.low / MARGIN, last.high * MARGIN);
    };
    let ahead = f64::from((year - last.year).clamp(0, YEARS_AHEAD));
    let known = years.iter().find(|y| y.year == year).unwrap_or(last);
    (
        known.low / MARGIN * libm::pow(FALL, ahead),
        known.high * MARGIN * libm::pow(GROWTH, ahead),
    )
}

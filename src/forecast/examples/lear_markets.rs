//! Scores the day-ahead models on real markets: every day of the test period is forecast
//! from what was published by eleven o'clock, local time, of the day before.
//!
//! ```text
//! SWINGLOAD_DATA=DIR cargo run --release -p swingload-forecast --example lear_markets -- \
//!     de_2016 lear lear_56 published [--days 60] [--bands]
//! ```
//!
//! Prints, per model: mean absolute error, the same over that of the weekly naive, the
//! p-value of a one-sided Diebold-Mariano test that the model beats the first one named
//! and the published LEAR ensemble (errors of a day added up, as in Lago et al. 2021),
//! and the share of the perfect-foresight saving kept by the cheapest 8 hours a day. With
//! `--bands` quantiles are made too: pinball loss, and the share of prices from P10 to P90,
//! by quarter of a year from the first day on and by hour of day.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use swingload_forecast::models::Options;
use swingload_forecast::scores::{
    Saving, coverage, diebold_mariano, mean_absolute_error, pinball_mean, saving,
};
use swingload_forecast::{Forecast, History, Request, model};
use swingload_model::TimeGrid;
use swingload_model::series::{Observation, Unit};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const HOUR: i64 = 3_600;
const CHEAPEST_S: i64 = 8 * HOUR;
/// Days of a quarter of a year.
const QUARTER: usize = 91;

/// What one model said: expected values by day, and quantiles where they were wanted.
type Said = (Vec<Vec<f64>>, Vec<Vec<[f64; 19]>>);

/// A market, its file and its test period.
struct Market {
    name: &'static str,
    file: &'static str,
    zone_of_rows: Option<&'static str>,
    price: &'static str,
    inputs: &'static [&'static str],
    clock: &'static str,
    utc_offset_s: i64,
    test: (&'static str, &'static str),
}

const MARKETS: [Market; 6] = [
    Market {
        name: "de_2016",
        file: "power-eu/epf_de_2012_2017.csv.gz",
        zone_of_rows: None,
        price: "price_eur_per_mwh",
        inputs: &["amprion_load_forecast_mw", "wind_solar_forecast_mw"],
        clock: "Europe/Berlin",
        utc_offset_s: HOUR,
        test: ("2016-01-04", "2017-12-31"),
    },
    Market {
        name: "spain_2017",
        file: "power-eu/spain_2015_2017.csv.gz",
        zone_of_rows: None,
        price: "price_day_ahead_eur_per_mwh",
        inputs: &[
            "load_day_ahead_forecast_mw",
            "solar_day_ahead_forecast_mw",
            "wind_day_ahead_forecast_mw",
        ],
        clock: "Europe/Madrid",
        utc_offset_s: HOUR,
        test: ("2017-01-01", "2017-12-31"),
    },
    Market {
        name: "ercot_2022",
        file: "power-ercot/ercot_dam_hub_avg_2020_2022.csv.gz",
        zone_of_rows: None,
        price: "price_usd_per_mwh",
        inputs: &[],
        clock: "America/Chicago",
        utc_offset_s: -6 * HOUR,
        test: ("2022-01-01", "2022-12-31"),
    },
    Market {
        name: "caiso_2022",
        file: "power-caiso/caiso_dam_np15_2020_2022.csv.gz",
        zone_of_rows: None,
        price: "price_usd_per_mwh",
        inputs: &[],
        clock: "America/Los_Angeles",
        utc_offset_s: -8 * HOUR,
        test: ("2022-01-01", "2022-12-31"),
    },
    Market {
        name: "de_2022",
        file: "power-eu/rte_day_ahead_de_fr_2021_2022.csv.gz",
        zone_of_rows: Some("DE-LU"),
        price: "price_eur_per_mwh",
        inputs: &[],
        clock: "Europe/Berlin",
        utc_offset_s: HOUR,
        test: ("2021-07-01", "2022-12-31"),
    },
    Market {
        name: "fr_2022",
        file: "power-eu/rte_day_ahead_de_fr_2021_2022.csv.gz",
        zone_of_rows: Some("FR"),
        price: "price_eur_per_mwh",
        inputs: &[],
        clock: "Europe/Paris",
        utc_offset_s: HOUR,
        test: ("2021-07-01", "2022-12-31"),
    },
];

fn main() -> Result<()> {
    let mut names: Vec<String> = std::env::args().skip(1).collect();
    let mut most_days = usize::MAX;
    if let Some(at) = names.iter().position(|a| a == "--days") {
        most_days = names.get(at + 1).ok_or("--days needs a number")?.parse()?;
        names.drain(at..at + 2);
    }
    let bands = names.iter().position(|a| a == "--bands");
    if let Some(at) = bands {
        names.remove(at);
    }
    let known: Vec<&str> = MARKETS.iter().map(|m| m.name).collect();
    let usage = || {
        format!(
            "usage: lear_markets MARKET MODEL...; markets: {}",
            known.join(", ")
        )
    };
    let market = names.first().ok_or_else(usage)?;
    let market = (MARKETS.iter().find(|m| m.name == market)).ok_or_else(usage)?;
    let Ok(data) = std::env::var("SWINGLOAD_DATA") else {
        return Err("SWINGLOAD_DATA names no folder with the data sets".into());
    };
    let data = PathBuf::from(data);
    let zone = TimeZone::get(market.clock)?;
    let columns: Vec<&str> = [market.price]
        .iter()
        .chain(market.inputs)
        .copied()
        .collect();
    let rows = read(&data.join(market.file), market.zone_of_rows, &columns)?;
    let history = history(&rows, market, &zone)?;
    let days = test_days(&rows, market, &zone, most_days)?;
    let mut scored: Vec<(String, Said)> = Vec::new();
    for name in &names[1..] {
        let forecasts = if name == "published" {
            let path = data.join("power-eu/epf_price_forecasts_de.csv.gz");
            let means = published(&path, "forecast_lear_ensemble_eur_per_mwh", &days)?;
            (means, Vec::new())
        } else {
            forecasts(name, &history, market, &days, bands.is_some())?
        };
        scored.push((name.clone(), forecasts));
    }
    report(market, &rows, &days, &scored);
    Ok(())
}

/// One day to forecast: when, the hours, and what came.
struct Day {
    issued_at: i64,
    boundaries: Vec<i64>,
    truth: Vec<f64>,
}

/// Values of the columns by start of the hour; empty cells are NaN.
fn read(path: &Path, zone: Option<&str>, columns: &[&str]) -> Result<BTreeMap<i64, Vec<f64>>> {
    let mut reader = csv::Reader::from_reader(GzDecoder::new(File::open(path)?));
    let header = reader.headers()?.clone();
    let position = |name: &str| {
        header
            .iter()
            .position(|h| h == name)
            .ok_or(format!("no column {name}"))
    };
    let time = position("time_utc")?;
    let places = columns
        .iter()
        .map(|c| position(c))
        .collect::<std::result::Result<Vec<_>, _>>()?;
    let zone_at = zone.map(|_| position("zone")).transpose()?;
    let mut rows = BTreeMap::new();
    for record in reader.records() {
        let record = record?;
        if zone_at.is_some_and(|at| record.get(at) != zone) {
            continue;
        }
        let start: Timestamp = record.get(time).unwrap_or_default().parse()?;
        let value = |place: &usize| {
            record
                .get(*place)
                .and_then(|t| t.parse().ok())
                .unwrap_or(f64::NAN)
        };
        rows.insert(start.as_second(), places.iter().map(value).collect());
    }
    Ok(rows)
}

/// Prices known at noon of the day before, inputs two hours earlier.
fn history(rows: &BTreeMap<i64, Vec<f64>>, market: &Market, zone: &TimeZone) -> Result<History> {
    let mut history = History::new();
    history.declare("price", Unit::PricePerMwh("EUR".into()));
    for input in market.inputs {
        history.declare(*input, Unit::Megawatt);
    }
    for (start, values) in rows {
        let day = zone.to_datetime(Timestamp::from_second(*start)?).date();
        let noon = midnight(day, zone)? - 12 * HOUR;
        let series = [("price", noon)]
            .into_iter()
            .chain(market.inputs.iter().map(|i| (*i, noon - 2 * HOUR)));
        for ((name, known_at), value) in series.zip(values) {
            if value.is_finite() {
                let observation = Observation {
                    start: *start,
                    end: start + HOUR,
                    value: *value,
                    known_at,
                };
                history.push(name, observation)?;
            }
        }
    }
    Ok(history)
}

fn midnight(day: Date, zone: &TimeZone) -> Result<i64> {
    Ok(day.to_zoned(zone.clone())?.timestamp().as_second())
}

fn test_days(
    rows: &BTreeMap<i64, Vec<f64>>,
    market: &Market,
    zone: &TimeZone,
    most: usize,
) -> Result<Vec<Day>> {
    let (first, last): (Date, Date) = (market.test.0.parse()?, market.test.1.parse()?);
    let mut days = Vec::new();
    let mut day = first;
    while day <= last && days.len() < most {
        let next = day.checked_add(1.day())?;
        let (start, end) = (midnight(day, zone)?, midnight(next, zone)?);
        let boundaries: Vec<i64> = (start..=end).step_by(HOUR as usize).collect();
        let truth: Vec<f64> = boundaries[..boundaries.len() - 1]
            .iter()
            .filter_map(|hour| rows.get(hour).map(|v| v[0]))
            .collect();
        // Days with hours missing cannot be scored.
        if truth.len() + 1 == boundaries.len() {
            days.push(Day {
                issued_at: start - 13 * HOUR,
                boundaries,
                truth,
            });
        }
        day = next;
    }
    Ok(days)
}

fn forecasts(
    name: &str,
    history: &History,
    market: &Market,
    days: &[Day],
    bands: bool,
) -> Result<Said> {
    let inputs: Vec<String> = market.inputs.iter().map(|i| (*i).to_owned()).collect();
    let options = Options {
        inputs: &inputs,
        utc_offset_s: market.utc_offset_s,
        ..Options::default()
    };
    let forecaster = model(name, &options).ok_or(format!("no model {name}"))?;
    let forecast = |day: &Day| -> Result<Forecast> {
        let grid = TimeGrid::from_boundaries(day.boundaries.clone())?;
        let forecast = forecaster.forecast(&Request {
            history,
            series: "price",
            issued_at: day.issued_at,
            grid: &grid,
            quantiles: bands,
            paths: 0,
            seed: 1,
        });
        if let Some(fallback) = forecast.fallback_text() {
            let at = Timestamp::from_second(day.issued_at)?;
            eprintln!("{name} at {at}: {fallback}");
        }
        Ok(forecast)
    };
    let made = days.iter().map(forecast).collect::<Result<Vec<_>>>()?;
    Ok(made.into_iter().map(|f| (f.mean, f.quantiles)).unzip())
}

fn published(path: &Path, column: &str, days: &[Day]) -> Result<Vec<Vec<f64>>> {
    let rows = read(path, None, &[column])?;
    let value = |hour: &i64| rows.get(hour).map_or(f64::NAN, |v| v[0]);
    Ok(days
        .iter()
        .map(|d| d.boundaries[..d.truth.len()].iter().map(value).collect())
        .collect())
}

fn report(
    market: &Market,
    rows: &BTreeMap<i64, Vec<f64>>,
    days: &[Day],
    scored: &[(String, Said)],
) {
    let week = 7 * 24 * HOUR;
    let hours = days
        .iter()
        .flat_map(|d| d.boundaries.iter().take(d.truth.len()));
    let naive = hours.map(|hour| rows.get(&(hour - week)).map_or(f64::NAN, |v| v[0]));
    let naive_mae = mae(naive, days);
    println!(
        "{}: {} days, weekly naive {naive_mae:.3}",
        market.name,
        days.len()
    );
    println!(
        "{:<24} {:>8} {:>7} {:>9} {:>9} {:>7}",
        "model", "MAE", "rMAE", "p first", "p publ.", "kept 8"
    );
    let losses: Vec<Vec<f64>> = scored.iter().map(|(_, (m, _))| daily(m, days)).collect();
    let reference = scored.iter().position(|(name, _)| name == "published");
    for ((name, (means, quantiles)), ours) in scored.iter().zip(&losses) {
        let error = mae(means.iter().flatten().copied(), days);
        let against = |theirs: &[f64]| {
            diebold_mariano(ours, theirs, 0).map_or("-".into(), |t| format!("{:.4}", t.p_value))
        };
        println!(
            "{name:<24} {error:>8.4} {:>7.4} {:>9} {:>9} {:>7.4}",
            error / naive_mae,
            against(&losses[0]),
            reference.map_or(String::new(), |other| against(&losses[other])),
            kept(means, days),
        );
        if quantiles.iter().any(|day| !day.is_empty()) {
            bands(quantiles, days);
        }
    }
}

fn mae(forecasts: impl Iterator<Item = f64>, days: &[Day]) -> f64 {
    let truth = days.iter().flat_map(|d| &d.truth).copied();
    let (forecasts, truth): (Vec<f64>, Vec<f64>) =
        forecasts.zip(truth).filter(|(f, _)| f.is_finite()).unzip();
    mean_absolute_error(&forecasts, &truth).unwrap_or(f64::NAN)
}

/// Mean absolute error of each day.
fn daily(forecasts: &[Vec<f64>], days: &[Day]) -> Vec<f64> {
    let days = forecasts.iter().zip(days);
    days.map(|(f, d)| mean_absolute_error(f, &d.truth).unwrap_or(f64::NAN))
        .collect()
}

/// Saving of the hours that look cheapest over that of the cheapest, against the day's mean.
fn kept(forecasts: &[Vec<f64>], days: &[Day]) -> f64 {
    let total = forecasts
        .iter()
        .zip(days)
        .fold(Saving::default(), |sum, (f, day)| {
            let found = saving(f, &day.truth, &vec![HOUR; f.len()], CHEAPEST_S);
            Saving {
                by_forecast: sum.by_forecast + found.by_forecast,
                by_foresight: sum.by_foresight + found.by_foresight,
            }
        });
    total.by_forecast / total.by_foresight
}

/// Pinball loss, and coverage of P10 to P90 in all, by quarter and by hour.
fn bands(quantiles: &[Vec<[f64; 19]>], days: &[Day]) {
    let steps = |of: &dyn Fn(usize, usize) -> bool| {
        let (mut low, mut high, mut truth) = (Vec::new(), Vec::new(), Vec::new());
        for (d, (bands, day)) in quantiles.iter().zip(days).enumerate() {
            for (h, (band, value)) in bands.iter().zip(&day.truth).enumerate() {
                if of(d, h) {
                    // P5 to P95 by 5: P10 is the second and P90 the last but one.
                    low.push(band[1]);
                    high.push(band[17]);
                    truth.push(*value);
                }
            }
        }
        100.0 * coverage(&low, &high, &truth).unwrap_or(f64::NAN)
    };
    let pairs = quantiles.iter().flatten();
    let losses: Vec<f64> = (pairs.zip(days.iter().flat_map(|d| &d.truth)))
        .map(|(band, value)| pinball_mean(band, *value))
        .collect();
    // A last quarter of a few weeks counts to the one before.
    let quarters = (days.len() / QUARTER).max(1);
    let quarter = |q: usize| steps(&|d, _| (d / QUARTER).min(quarters - 1) == q);
    let quarters: Vec<f64> = (0..quarters).map(quarter).collect();
    let hours: Vec<f64> = (0..24).map(|h| steps(&|_, hour| hour == h)).collect();
    let text = |shares: &[f64]| {
        let right = shares.iter().filter(|s| (78.0..=82.0).contains(*s)).count();
        let shares: Vec<String> = shares.iter().map(|s| format!("{s:.0}")).collect();
        format!("{} ({right} of {} right)", shares.join(" "), shares.len())
    };
    println!(
        "  pinball {:.4}, P10-P90 {:.1} %\n  quarters {}\n  hours {}",
        losses.iter().sum::<f64>() / losses.len() as f64,
        steps(&|_, _| true),
        text(&quarters),
        text(&hours),
    );
}

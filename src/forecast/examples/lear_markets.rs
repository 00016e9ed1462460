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
//! `--bands` quantiles are made too, and the share of prices from P10 to P90 is printed.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use swingload_forecast::models::Options;
use swingload_forecast::{History, Request, model};
use swingload_model::TimeGrid;
use swingload_model::series::{Observation, Unit};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const HOUR: i64 = 3_600;
const CHEAPEST: usize = 8;

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
    let mut scored: Vec<(String, Vec<Vec<f64>>)> = Vec::new();
    for name in &names[1..] {
        let forecasts = if name == "published" {
            let path = data.join("power-eu/epf_price_forecasts_de.csv.gz");
            published(&path, "forecast_lear_ensemble_eur_per_mwh", &days)?
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
) -> Result<Vec<Vec<f64>>> {
    let inputs: Vec<String> = market.inputs.iter().map(|i| (*i).to_owned()).collect();
    let options = Options {
        inputs: &inputs,
        utc_offset_s: market.utc_offset_s,
        ..Options::default()
    };
    let forecaster = model(name, &options).ok_or(format!("no model {name}"))?;
    let (mut inside, mut steps) = (0_u32, 0_u32);
    let means = days
        .iter()
        .map(|day| {
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
            if let Some(fallback) = &forecast.fallback_text() {
                eprintln!(
                    "{name} at {}: {fallback}",
                    Timestamp::from_second(day.issued_at)?
                );
            }
            for (band, truth) in forecast.quantiles.iter().zip(&day.truth) {
                // P5 to P95 by 5: P10 is the second and P90 the last but one.
                inside += u32::from((band[1]..=band[17]).contains(truth));
                steps += 1;
            }
            Ok(forecast.mean)
        })
        .collect();
    if bands {
        let share = 100.0 * f64::from(inside) / f64::from(steps.max(1));
        println!("{name}: {share:.1} % of prices from P10 to P90");
    }
    means
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
    scored: &[(String, Vec<Vec<f64>>)],
) {
    let week = 7 * 24 * HOUR;
    let naive = days.iter().map(|d| {
        let hours = d.boundaries[..d.truth.len()].iter().map(|h| h - week);
        hours
            .map(|h| rows.get(&h).map_or(f64::NAN, |v| v[0]))
            .collect::<Vec<f64>>()
    });
    let naive: Vec<Vec<f64>> = naive.collect();
    let naive_mae = mae(&naive, days);
    println!(
        "{}: {} days, weekly naive {naive_mae:.3}",
        market.name,
        days.len()
    );
    println!(
        "{:<24} {:>8} {:>7} {:>9} {:>9} {:>7}",
        "model", "MAE", "rMAE", "p first", "p publ.", "kept 8"
    );
    let reference = scored.iter().find(|(name, _)| name == "published");
    for (name, forecasts) in scored {
        let error = mae(forecasts, days);
        let against =
            |other: &Vec<Vec<f64>>| format!("{:.4}", diebold_mariano(forecasts, other, days));
        println!(
            "{name:<24} {error:>8.4} {:>7.4} {:>9} {:>9} {:>7.4}",
            error / naive_mae,
            against(&scored[0].1),
            reference.map_or(String::new(), |(_, other)| against(other)),
            kept(forecasts, days),
        );
    }
}

fn mae(forecasts: &[Vec<f64>], days: &[Day]) -> f64 {
    let pairs = forecasts
        .iter()
        .zip(days)
        .flat_map(|(f, d)| f.iter().zip(&d.truth));
    let errors: Vec<f64> = pairs
        .map(|(f, t)| (f - t).abs())
        .filter(|e| e.is_finite())
        .collect();
    errors.iter().sum::<f64>() / errors.len() as f64
}

/// p-value that `ours` is no better than `theirs`, on the daily sums of absolute errors.
fn diebold_mariano(ours: &[Vec<f64>], theirs: &[Vec<f64>], days: &[Day]) -> f64 {
    let loss = |f: &[f64], d: &Day| {
        f.iter()
            .zip(&d.truth)
            .map(|(f, t)| (f - t).abs())
            .sum::<f64>()
    };
    let differences: Vec<f64> = (ours.iter().zip(theirs).zip(days))
        .map(|((a, b), d)| loss(a, d) - loss(b, d))
        .collect();
    let count = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / count;
    let variance = differences
        .iter()
        .map(|d| (d - mean) * (d - mean))
        .sum::<f64>()
        / count;
    if variance == 0.0 {
        return f64::NAN;
    }
    0.5 * libm::erfc(-mean / (variance / count).sqrt() / std::f64::consts::SQRT_2)
}

/// Saving of the hours that look cheapest over that of the cheapest, against the day's mean.
fn kept(forecasts: &[Vec<f64>], days: &[Day]) -> f64 {
    let (mut ours, mut best) = (0.0, 0.0);
    for (forecast, day) in forecasts.iter().zip(days) {
        let mean = day.truth.iter().sum::<f64>() / day.truth.len() as f64;
        let saving = |by: &[f64]| {
            let mut hours: Vec<usize> = (0..day.truth.len()).collect();
            hours.sort_by(|a, b| by[*a].total_cmp(&by[*b]));
            hours[..CHEAPEST]
                .iter()
                .map(|h| mean - day.truth[*h])
                .sum::<f64>()
        };
        ours += saving(forecast);
        best += saving(&day.truth);
    }
    ours / best
}

//! Series from the gzip CSV files under `SWINGLOAD_DATA`.

use std::io::Read as _;
use std::path::Path;

use flate2::read::GzDecoder;
use swingload_forecast::History;
use swingload_model::series::{Observation, Unit};

const DAY: i64 = 86_400;

/// When a value becomes known.
#[derive(Clone, Copy)]
pub(crate) enum Publication {
    /// With the interval's start.
    Start,
    /// With its end.
    End,
    /// On the day before, at this second of the local day; the offset is local less UTC, s.
    DayBefore { second: i64, offset_s: i64 },
}

/// A market: its history, the price's name, and what the model may read.
pub(crate) struct Market {
    pub(crate) history: History,
    pub(crate) step_s: i64,
    pub(crate) offset_s: i64,
    /// Start of the test period and end of the data, Unix s.
    pub(crate) test: (i64, i64),
    pub(crate) published: Option<&'static str>,
    pub(crate) inputs: Vec<String>,
}

/// The named columns of a file: time of each row, and values by column, NaN where empty.
pub(crate) fn read(
    file: &str,
    columns: &[&str],
    keep: impl Fn(&[&str]) -> bool,
) -> Vec<(i64, Vec<f64>)> {
    let root = std::env::var("SWINGLOAD_DATA").expect("SWINGLOAD_DATA names the data folder");
    let path = Path::new(&root).join(file);
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut text = String::new();
    GzDecoder::new(&bytes[..])
        .read_to_string(&mut text)
        .expect("gzip text");
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let at = |name: &str| header.iter().position(|h| *h == name).expect("the column");
    let places: Vec<usize> = columns.iter().map(|c| at(c)).collect();
    let mut rows = Vec::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        if !keep(&cells) {
            continue;
        }
        let time: jiff::Timestamp = cells[0].parse().expect("a time");
        let values = places.iter().map(|p| cells[*p].parse().unwrap_or(f64::NAN));
        rows.push((time.as_second(), values.collect()));
    }
    rows.sort_by_key(|(at, _): &(i64, Vec<f64>)| *at);
    rows.dedup_by_key(|(at, _)| *at);
    rows
}

/// Adds one column, with gaps filled by the value before.
pub(crate) fn push(
    history: &mut History,
    name: &str,
    unit: Unit,
    step_s: i64,
    rule: Publication,
    values: &[(i64, f64)],
) {
    history.declare(name, unit);
    let mut last: Option<(i64, f64)> = None;
    for (start, value) in values.iter().filter(|(_, v)| v.is_finite()) {
        if let Some((before, held)) = last {
            let mut gap = before + step_s;
            while gap < *start {
                add(history, name, gap, step_s, rule, held);
                gap += step_s;
            }
        }
        add(history, name, *start, step_s, rule, *value);
        last = Some((*start, *value));
    }
}

fn add(history: &mut History, name: &str, start: i64, step_s: i64, rule: Publication, value: f64) {
    let known_at = match rule {
        Publication::Start => start,
        Publication::End => start + step_s,
        Publication::DayBefore { second, offset_s } => {
            let midnight = (start + offset_s).div_euclid(DAY) * DAY - offset_s;
            midnight - DAY + second
        }
    };
    let observation = Observation {
        start,
        end: start + step_s,
        value,
        known_at,
    };
    history.push(name, observation).expect("a finite value");
}

fn unix(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().expect("a time").as_second()
}

fn column(rows: &[(i64, Vec<f64>)], c: usize) -> Vec<(i64, f64)> {
    rows.iter().map(|(at, values)| (*at, values[c])).collect()
}

fn end(rows: &[(i64, Vec<f64>)], step_s: i64) -> i64 {
    rows.last().expect("rows").0 + step_s
}

/// A market by name: `sa`, `ercot`, `ercot_dam`, `spain`, `germany`.
pub(crate) fn market(name: &str) -> Market {
    let mut history = History::new();
    let price = |currency: &str| Unit::PricePerMwh(currency.to_owned());
    let gate = |hour: i64, offset_h: i64| Publication::DayBefore {
        second: hour * 1_800,
        offset_s: offset_h * 3_600,
    };
    match name {
        "sa" | "sa_demand" => {
            let file = "power-nem/nem_sa1_5min_202110_2023.csv.gz";
            let rows = read(file, &["price_aud_per_mwh", "demand_mw"], |_| true);
            push(
                &mut history,
                "price",
                price("AUD"),
                300,
                Publication::Start,
                &column(&rows, 0),
            );
            push(
                &mut history,
                "demand",
                Unit::Megawatt,
                300,
                Publication::End,
                &column(&rows, 1),
            );
            let inputs = if name == "sa" {
                vec![]
            } else {
                vec!["demand".to_owned()]
            };
            let test = (unix("2022-12-31T14:00:00Z"), end(&rows, 300));
            Market {
                history,
                step_s: 300,
                offset_s: 34_200,
                test,
                published: None,
                inputs,
            }
        }
        "ercot" => {
            let file = "power-ercot/ercot_hb_south_da_rt_15min_202406_202412.csv.gz";
            let columns = ["rt_price_usd_per_mwh", "da_price_usd_per_mwh", "air_temp_c"];
            let rows = read(file, &columns, |_| true);
            push(
                &mut history,
                "price",
                price("USD"),
                900,
                Publication::End,
                &column(&rows, 0),
            );
            push(
                &mut history,
                "day_ahead",
                price("USD"),
                900,
                gate(27, -6),
                &column(&rows, 1),
            );
            push(
                &mut history,
                "temperature",
                Unit::Celsius,
                900,
                Publication::Start,
                &column(&rows, 2),
            );
            let test = (unix("2024-10-01T05:00:00Z"), end(&rows, 900));
            Market {
                history,
                step_s: 900,
                offset_s: -21_600,
                test,
                published: Some("day_ahead"),
                inputs: vec![],
            }
        }
        "ercot_dam" => {
            let file = "power-ercot/ercot_dam_hub_avg_2020_2022.csv.gz";
            let rows = read(file, &["price_usd_per_mwh"], |_| true);
            push(
                &mut history,
                "price",
                price("USD"),
                3_600,
                gate(27, -6),
                &column(&rows, 0),
            );
            let test = (unix("2021-01-01T06:00:00Z"), end(&rows, 3_600));
            Market {
                history,
                step_s: 3_600,
                offset_s: -21_600,
                test,
                published: None,
                inputs: vec![],
            }
        }
        "spain" => {
            let file = "power-eu/spain_2015_2017.csv.gz";
            let rows = read(file, &["price_day_ahead_eur_per_mwh"], |_| true);
            push(
                &mut history,
                "price",
                price("EUR"),
                3_600,
                gate(26, 1),
                &column(&rows, 0),
            );
            let test = (unix("2016-12-31T23:00:00Z"), end(&rows, 3_600));
            Market {
                history,
                step_s: 3_600,
                offset_s: 3_600,
                test,
                published: None,
                inputs: vec![],
            }
        }
        "germany" => {
            let file = "power-eu/rte_day_ahead_de_fr_2021_2022.csv.gz";
            let rows = read(file, &["price_eur_per_mwh"], |cells| cells[1] == "DE-LU");
            push(
                &mut history,
                "price",
                price("EUR"),
                3_600,
                gate(26, 1),
                &column(&rows, 0),
            );
            let test = (unix("2021-06-30T22:00:00Z"), end(&rows, 3_600));
            Market {
                history,
                step_s: 3_600,
                offset_s: 3_600,
                test,
                published: None,
                inputs: vec![],
            }
        }
        _ => panic!("no market `{name}`: sa, sa_demand, ercot, ercot_dam, spain or germany"),
    }
}

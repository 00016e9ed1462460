//! Coverage of one model on one series, out of sample, by lead.
//!
//! ```text
//! cargo run --release -p swingload-forecast --example coverage -- FILE MODEL SERIES UNIT
//!     STEP_MIN HORIZON_H EVERY_H SKIP_DAYS [published=SERIES] [input=SERIES]...
//! ```
//! FILE holds a line `series,start,end,known_at,value` per observation, times in Unix
//! seconds. Forecasts of HORIZON_H at steps of STEP_MIN are issued every EVERY_H hours from
//! SKIP_DAYS after the first observation on. Printed by lead: steps, mean absolute error,
//! mean pinball loss, share inside P10 to P90 of steps with a spread, and share below P10 of
//! steps whose P90 is above zero.

use std::error::Error;

use swingload_forecast::models::Options;
use swingload_forecast::{History, Request, model, scores};
use swingload_model::series::{Observation, Unit};
use swingload_model::time::TimeGrid;

/// Upper ends of the leads that are told apart, h.
const LEADS: [f64; 7] = [1.0, 4.0, 12.0, 24.0, 48.0, 168.0, f64::INFINITY];

#[derive(Default)]
struct Tally {
    steps: f64,
    error: f64,
    pinball: f64,
    open: f64,
    inside: f64,
    positive: f64,
    below: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (file, name, series, unit) = (&args[0], &args[1], &args[2], Unit::parse(&args[3])?);
    let number = |k: usize| args[k].parse::<f64>();
    let (step, horizon) = ((number(4)? * 60.0) as i64, (number(5)? * 3600.0) as i64);
    let (every, skip) = ((number(6)? * 3600.0) as i64, (number(7)? * 86_400.0) as i64);
    let mut history = History::new();
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    for line in std::fs::read_to_string(file)?.lines() {
        let cells: Vec<&str> = line.split(',').collect();
        let observation = Observation {
            start: cells[1].parse()?,
            end: cells[2].parse()?,
            known_at: cells[3].parse()?,
            value: cells[4].parse()?,
        };
        let unit = if cells[0] == series {
            unit.clone()
        } else {
            Unit::One
        };
        history.declare(cells[0], unit);
        history.push(cells[0], observation)?;
        if cells[0] == series {
            first = first.min(observation.start);
            last = last.max(observation.end);
        }
    }
    let more = |prefix: &'static str| args.iter().filter_map(move |a| a.strip_prefix(prefix));
    let inputs: Vec<String> = more("input=").map(str::to_owned).collect();
    let options = Options {
        published: more("published=").next(),
        inputs: &inputs,
        ..Options::default()
    };
    let forecaster = model(name, &options).ok_or("no such model, or it needs published=")?;
    let truth = history.view(series, i64::MAX);
    let mut tallies: [Tally; LEADS.len()] = Default::default();
    let mut at = first + skip;
    while at + horizon <= last {
        let grid = TimeGrid::from_boundaries((0..=horizon / step).map(|k| at + k * step).collect())
            .expect("rising");
        let forecast = forecaster.forecast(&Request {
            history: &history,
            series,
            issued_at: at,
            grid: &grid,
            quantiles: true,
            paths: 0,
            seed: 1,
        });
        let known = history.view(series, at).frontier().unwrap_or(at);
        for (k, (mean, q)) in forecast.mean.iter().zip(&forecast.quantiles).enumerate() {
            let Some(y) = truth.mean(grid.start_s(k), grid.end_s(k)) else {
                continue;
            };
            if grid.start_s(k) < known {
                continue;
            }
            let hours = (grid.end_s(k) - at) as f64 / 3600.0;
            let tally = &mut tallies[LEADS.partition_point(|end| *end < hours)];
            tally.steps += 1.0;
            tally.error += (y - mean).abs();
            tally.pinball += scores::pinball_mean(q, y);
            if q[0] < q[18] {
                tally.open += 1.0;
                tally.inside += f64::from(u8::from(q[1] <= y && y <= q[17]));
            }
            if q[17] > 0.0 {
                tally.positive += 1.0;
                tally.below += f64::from(u8::from(y < q[1]));
            }
        }
        at += every;
    }
    println!("{name} {series}: lead h, steps, MAE, pinball, % in P10-P90, % below P10");
    let mut all = Tally::default();
    for (end, t) in LEADS.iter().zip(&tallies) {
        show(&format!("<= {end}"), t);
        all.steps += t.steps;
        all.error += t.error;
        all.pinball += t.pinball;
        all.open += t.open;
        all.inside += t.inside;
        all.positive += t.positive;
        all.below += t.below;
    }
    show("all", &all);
    Ok(())
}

fn show(label: &str, t: &Tally) {
    println!(
        "{label:>8} {:>8} {:>10.3} {:>10.3} {:>6.1} {:>6.1}",
        t.steps,
        t.error / t.steps,
        t.pinball / t.steps,
        100.0 * t.inside / t.open,
        100.0 * t.below / t.positive
    );
}

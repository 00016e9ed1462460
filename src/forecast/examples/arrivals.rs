//! Coverage of the forecast of job arrivals, out of sample.
//!
//! ```text
//! cargo run --release -p swingload-forecast --example arrivals -- FILE STEP_H HORIZON_H SKIP_DAYS
//! ```
//! FILE holds a line `release,gpu_hours` per job, by Unix second. Forecasts are issued every
//! seven hours from SKIP_DAYS after the first job on. Printed: steps, mean GPU-hours, mean
//! expected, and share inside P10 to P90.

use std::error::Error;

use swingload_forecast::ArrivalForecast;
use swingload_model::time::TimeGrid;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |k: usize| args[k].parse::<i64>();
    let (step, horizon, skip) = (number(1)? * 3600, number(2)? * 3600, number(3)? * 86_400);
    let mut jobs: Vec<(i64, f64)> = Vec::new();
    for line in std::fs::read_to_string(&args[0])?.lines() {
        let (release, work) = line.split_once(',').ok_or("two columns")?;
        jobs.push((release.parse()?, work.parse()?));
    }
    let (first, last) = match (jobs.first(), jobs.last()) {
        (Some(first), Some(last)) => (first.0, last.0),
        _ => return Err("no jobs".into()),
    };
    let mut arrivals = ArrivalForecast::new(first, 0);
    for (release, work) in jobs {
        arrivals.push_work(release, work);
    }
    let (mut steps, mut inside, mut came, mut expected) = (0.0, 0.0, 0.0, 0.0);
    let mut at = first + skip;
    while at + horizon <= last {
        let bounds = (0..=horizon / step).map(|k| at + k * step).collect();
        let grid = TimeGrid::from_boundaries(bounds).expect("rising");
        let forecast = arrivals.forecast(at, &grid, true);
        for (k, q) in forecast.quantiles.iter().enumerate() {
            let truth = arrivals.arrived(grid.start_s(k), grid.end_s(k));
            steps += 1.0;
            came += truth;
            expected += forecast.mean[k];
            inside += f64::from(u8::from(q[1] <= truth && truth <= q[17]));
        }
        at += 7 * 3600;
    }
    println!(
        "{steps} steps, {:.1} GPU-h a step, {:.1} expected, {:.1} % in P10-P90",
        came / steps,
        expected / steps,
        100.0 * inside / steps
    );
    Ok(())
}

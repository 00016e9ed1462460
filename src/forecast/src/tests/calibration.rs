//! Coverage of bands and paths on a seeded autoregressive series.

use swingload_model::series::{Observation, Unit};

use super::world::{DAY, HOUR, grid, noise};
use crate::models::Options;
use crate::{History, Request, model, scores};

const DAYS: i64 = 150;

/// A daily season and AR(1) noise with coefficient 0.9, hourly, known at its end.
fn autoregressive() -> (History, Vec<f64>) {
    let mut history = History::new();
    history.declare("price", Unit::PricePerMwh("USD".into()));
    let (mut state, mut values) = (0.0, Vec::new());
    for hour in 0..DAYS * 24 {
        // The sum of three uniforms is near enough to a normal.
        let shock: f64 = (0..3).map(|i| noise(hour * 3 + i)).sum();
        state = 0.9 * state + 3.0 * shock;
        let value = 50.0 + 10.0 * ((hour % 24) as f64 / 12.0 - 1.0).abs() + state;
        values.push(value);
        let (start, end) = (hour * HOUR, (hour + 1) * HOUR);
        let observation = Observation {
            start,
            end,
            value,
            known_at: end,
        };
        history.push("price", observation).expect("valid");
    }
    (history, values)
}

#[test]
fn bands_and_paths_cover_what_they_promise() {
    let (history, values) = autoregressive();
    for name in [
        "persistence",
        "seasonal_naive_day",
        "climatology",
        "reverting",
    ] {
        let model = model(name, &Options::default()).expect("registered");
        // Leads of 1 h, 4 h, 24 h and 100 h.
        let leads = [0, 3, 23, 99];
        let (mut low, mut high, mut truth) = (
            [const { Vec::new() }; 4],
            [const { Vec::new() }; 4],
            [const { Vec::new() }; 4],
        );
        let (mut paths_below, mut paths_count, mut quantile_loss) = (0, 0, 0.0);
        for issue in 0..300_i64 {
            let issued_at = 35 * DAY + issue * 9 * HOUR;
            if issued_at + 100 * HOUR > DAYS * DAY {
                break;
            }
            let grid = grid(issued_at, HOUR, 100);
            let paths = if issue % 10 == 0 { 20 } else { 0 };
            let forecast = model.forecast(&Request {
                history: &history,
                series: "price",
                issued_at,
                grid: &grid,
                quantiles: true,
                paths,
                seed: 3,
            });
            for (i, lead) in leads.iter().enumerate() {
                let value = values[(issued_at / HOUR) as usize + lead];
                low[i].push(forecast.quantiles[*lead][1]);
                high[i].push(forecast.quantiles[*lead][17]);
                truth[i].push(value);
                quantile_loss += scores::crps(&forecast.quantiles[*lead], value);
                paths_below += forecast
                    .paths
                    .iter()
                    .filter(|p| p[*lead] < forecast.quantiles[*lead][3])
                    .count();
                paths_count += forecast.paths.len();
            }
        }
        for (i, lead) in leads.iter().enumerate() {
            let share = scores::coverage(&low[i], &high[i], &truth[i]).expect("some");
            assert!(
                (0.72..=0.88).contains(&share),
                "{name}: {share} at {} h",
                lead + 1
            );
        }
        let below = paths_below as f64 / paths_count as f64;
        assert!(
            (0.12..=0.28).contains(&below),
            "{name}: {below} of paths below P20"
        );
        assert!(quantile_loss > 0.0);
    }
}

#[test]
fn paths_keep_the_dependence_of_neighbouring_steps() {
    let (history, _) = autoregressive();
    let model = model("climatology", &Options::default()).expect("registered");
    let issued_at = 120 * DAY;
    let grid = grid(issued_at, HOUR, 48);
    let forecast = model.forecast(&Request {
        history: &history,
        series: "price",
        issued_at,
        grid: &grid,
        quantiles: false,
        paths: 200,
        seed: 3,
    });
    let deviation = |path: &[f64], step: usize| path[step] - forecast.mean[step];
    let (mut cross, mut square) = (0.0, 0.0);
    for path in &forecast.paths {
        for step in 10..40 {
            cross += deviation(path, step) * deviation(path, step + 1);
            square += deviation(path, step) * deviation(path, step);
        }
    }
    let correlation = cross / square;
    assert!(
        (0.75..=1.0).contains(&correlation),
        "{correlation} where the series has 0.9"
    );
}

//! Pinball loss and coverage of models on real markets, issue by issue over a test period.
//!
//! ```text
//! SWINGLOAD_DATA=... cargo run --release -p swingload-forecast --example realtime_score -- MARKET [MODEL ...]
//! ```
//!
//! Issues lie 125 minutes apart in five-minute markets, 75 in quarter-hourly ones and 5 hours
//! in hourly ones, so that each hour has its turn; the steps are the market's own up to
//! 25 h ahead. A step is scored where none of it was known at issue. `APART_MIN` sets another
//! distance, minutes, `FROM` another start of the test period and `UNTIL` another end: settings
//! are chosen on times before it.

mod data;

use data::{Market, market};
use swingload_forecast::models::{Options, model};
use swingload_forecast::scores::pinball_mean;
use swingload_forecast::{History, Request};
use swingload_model::TimeGrid;

/// Leads scored, from the issue to the start of the step, h.
const LEADS_H: [i64; 4] = [0, 1, 4, 24];

/// Sums over the issues of one lead.
#[derive(Default, Clone)]
struct Score {
    count: usize,
    pinball: f64,
    absolute: f64,
    bias: f64,
    inside: usize,
    below: usize,
    /// Inside and count by quarter of the test period's months, and by local hour.
    quarters: Vec<(i64, usize, usize)>,
    hours: [(usize, usize); 24],
    /// Values above 100, those with P90 above 100, and all P90 above 100.
    spikes: (usize, usize, usize),
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "ercot".to_owned());
    let mut models: Vec<String> = arguments.collect();
    let mut market = market(&name);
    for (variable, edge) in [("FROM", &mut market.test.0), ("UNTIL", &mut market.test.1)] {
        if let Ok(text) = std::env::var(variable) {
            *edge = text.parse::<jiff::Timestamp>().expect("a time").as_second();
        }
    }
    if models.is_empty() {
        let all = [
            "realtime",
            "persistence",
            "seasonal_naive_day",
            "seasonal_naive_week",
            "climatology",
            "reverting",
            "published",
        ];
        models = all.iter().map(|m| (*m).to_owned()).collect();
    }
    for name in models {
        if name != "published" || market.published.is_some() {
            report(&name, &market);
        }
    }
}

fn report(name: &str, market: &Market) {
    let options = Options {
        published: market.published,
        inputs: &market.inputs,
        truth: None,
        utc_offset_s: market.offset_s,
    };
    let model = model(name, &options).expect("a model");
    let truth = market.history.view("price", i64::MAX);
    let leads: &[i64] = if market.step_s == 3_600 {
        &[24, 36]
    } else {
        &LEADS_H
    };
    let mut scores = vec![Score::default(); leads.len()];
    let apart = std::env::var("APART_MIN").map_or(default_apart(market.step_s), |text| {
        60 * text.parse::<i64>().expect("whole minutes")
    });
    let mut issued_at = market.test.0;
    while issued_at + 40 * 3_600 <= market.test.1 {
        let grid = grid(issued_at, market.step_s, leads[leads.len() - 1]);
        let forecast = model.forecast(&Request {
            history: &market.history,
            series: "price",
            issued_at,
            grid: &grid,
            quantiles: true,
            paths: 0,
            seed: 1,
        });
        for (lead, score) in leads.iter().zip(&mut scores) {
            let step = (lead * 3_600 / market.step_s) as usize;
            let (start, end) = (grid.start_s(step), grid.end_s(step));
            if is_known(&market.history, issued_at, start) {
                continue;
            }
            if let Some(value) = truth.mean(start, end) {
                score.add(
                    &forecast.quantiles[step],
                    forecast.mean[step],
                    value,
                    start + market.offset_s,
                );
            }
        }
        issued_at += apart;
    }
    for (lead, score) in leads.iter().zip(&scores) {
        score.print(name, *lead);
    }
}

fn default_apart(step_s: i64) -> i64 {
    match step_s {
        300 => 125 * 60,
        900 => 75 * 60,
        _ => 5 * 3_600,
    }
}

fn is_known(history: &History, issued_at: i64, start: i64) -> bool {
    history
        .view("price", issued_at)
        .mean(start, start + 1)
        .is_some()
}

fn grid(issued_at: i64, step_s: i64, lead_h: i64) -> TimeGrid {
    let count = lead_h * 3_600 / step_s + 1;
    TimeGrid::from_boundaries((0..=count).map(|i| issued_at + i * step_s).collect())
        .expect("rising")
}

impl Score {
    fn add(&mut self, quantiles: &[f64; 19], mean: f64, value: f64, local: i64) {
        self.count += 1;
        self.pinball += pinball_mean(quantiles, value);
        self.absolute += (mean - value).abs();
        self.bias += mean - value;
        let inside = usize::from((quantiles[1]..=quantiles[17]).contains(&value));
        self.inside += inside;
        self.below += usize::from(value < quantiles[1]);
        let quarter = local.div_euclid(86_400 * 365 / 4 + 21_600);
        if self.quarters.last().is_none_or(|q| q.0 != quarter) {
            self.quarters.push((quarter, 0, 0));
        }
        let last = self.quarters.last_mut().expect("just pushed");
        last.1 += inside;
        last.2 += 1;
        let hour = &mut self.hours[(local.rem_euclid(86_400) / 3_600) as usize];
        hour.0 += inside;
        hour.1 += 1;
        let (high, warned) = (
            usize::from(value > 100.0),
            usize::from(quantiles[17] > 100.0),
        );
        self.spikes.0 += high;
        self.spikes.1 += high * warned;
        self.spikes.2 += warned;
    }

    fn print(&self, name: &str, lead: i64) {
        let n = self.count.max(1) as f64;
        let share = |(inside, count): (usize, usize)| 100.0 * inside as f64 / count.max(1) as f64;
        println!(
            "{name:20} {lead:3} h  n {:5}  pinball {:8.3}  MAE {:8.3}  bias {:8.3}  P10-P90 {:5.1} %  below P10 {:4.1} %  above 100: {} warned {} (of {} warnings)",
            self.count,
            self.pinball / n,
            self.absolute / n,
            self.bias / n,
            share((self.inside, self.count)),
            share((self.below, self.count)),
            self.spikes.0,
            self.spikes.1,
            self.spikes.2,
        );
        let quarters: Vec<String> = (self.quarters.iter())
            .map(|q| format!("{:.0}", share((q.1, q.2))))
            .collect();
        let hours: Vec<String> = (self.hours.iter())
            .map(|h| format!("{:.0}", share(*h)))
            .collect();
        println!(
            "{:20} quarters {}   hours {}",
            "",
            quarters.join(" "),
            hours.join(" ")
        );
    }
}

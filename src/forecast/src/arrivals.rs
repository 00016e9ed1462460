//! How much work will arrive: GPU-hours of jobs not released yet.

use swingload_model::forecast::{Fallback, Forecast};
use swingload_model::job::Job;
use swingload_model::time::TimeGrid;

use crate::calendar::{Clock, DAY, HOUR};
use crate::errors::quantiles::of_equals;

/// How far back arrivals are looked at.
const WINDOW: i64 = 28 * DAY;
/// Weight, in hours, of the mean over all hours in the rate of one hour of the week:
/// an hour seen four times is moved by a fifth towards it.
const PRIOR_H: f64 = 1.0;
/// Fewest past days that carry quantiles of a step of their own.
const DAYS_MIN: usize = 8;

/// Expected arrivals of work by hour of the week, from jobs released so far.
///
/// A job is known from its release on; jobs released after the time of issue are
/// not used, whether or not they were pushed.
#[derive(Debug, Clone)]
pub struct ArrivalForecast {
    since: i64,
    clock: Clock,
    /// Release and GPU-hours, sorted.
    jobs: Vec<(i64, f64)>,
}

impl ArrivalForecast {
    /// Arrivals watched from Unix second `since` on: hours without a job count from
    /// then. `utc_offset_s` is the distance of the local clock from UTC, east positive.
    pub fn new(since: i64, utc_offset_s: i64) -> Self {
        Self {
            since,
            clock: Clock {
                offset_s: utc_offset_s,
            },
            jobs: Vec::new(),
        }
    }

    /// Adds a job.
    pub fn push(&mut self, job: &Job) {
        self.push_work(job.release, job.work as f64 / 3600.0);
    }

    /// Adds work of `gpu_hours` released at a Unix second; work that is not finite and
    /// positive is passed over.
    pub fn push_work(&mut self, release: i64, gpu_hours: f64) {
        if gpu_hours.is_finite() && gpu_hours > 0.0 {
            let order =
                |job: &(i64, f64)| job.0 < release || (job.0 == release && job.1 <= gpu_hours);
            let index = match self.jobs.last() {
                Some(last) if !order(last) => self.jobs.partition_point(order),
                _ => self.jobs.len(),
            };
            self.jobs.insert(index, (release, gpu_hours));
        }
    }

    /// GPU-hours expected to be released in each step; with their quantiles when asked.
    ///
    /// Quantiles come from what this model got wrong on past days at the same hours.
    pub fn forecast(&self, issued_at: i64, grid: &TimeGrid, quantiles: bool) -> Forecast {
        let rates = self.rates(issued_at);
        let fallbacks = match &rates {
            None => vec![Fallback {
                what: "zero: no arrivals were watched yet".to_owned(),
                steps: grid.len(),
                extent: None,
            }],
            Some(_) => Vec::new(),
        };
        let mean = self.expected(rates.as_ref(), grid, 0);
        Forecast {
            issued_at,
            quantiles: if quantiles {
                self.spread(issued_at, grid, &mean)
            } else {
                Vec::new()
            },
            mean,
            paths: Vec::new(),
            model: "arrivals_hour_of_week".into(),
            fallbacks,
            grid: grid.clone(),
        }
    }

    /// GPU-hours released in `[from, until)`, as pushed.
    pub fn arrived(&self, from: i64, until: i64) -> f64 {
        self.between(from, until).iter().map(|job| job.1).sum()
    }

    /// GPU-hours per hour, by hour of the week; `None` before the first watched second.
    fn rates(&self, at: i64) -> Option<[f64; 168]> {
        let from = self.since.max(at.saturating_sub(WINDOW));
        if from >= at {
            return None;
        }
        let mut hours = [0.0; 168];
        let mut start = from;
        while start < at {
            let end = self.clock.hour_end(start).min(at);
            hours[self.clock.hour_of_week(start)] += (end - start) as f64 / HOUR as f64;
            start = end;
        }
        let mut work = [0.0; 168];
        for (release, gpu_hours) in self.between(from, at) {
            work[self.clock.hour_of_week(*release)] += gpu_hours;
        }
        let overall = work.iter().sum::<f64>() / hours.iter().sum::<f64>();
        Some(std::array::from_fn(|hour| {
            (work[hour] + PRIOR_H * overall) / (hours[hour] + PRIOR_H)
        }))
    }

    fn between(&self, from: i64, until: i64) -> &[(i64, f64)] {
        let low = self.jobs.partition_point(|job| job.0 < from);
        let high = self.jobs.partition_point(|job| job.0 < until);
        &self.jobs[low..high]
    }

    fn expected(&self, rates: Option<&[f64; 168]>, grid: &TimeGrid, shift: i64) -> Vec<f64> {
        let Some(rates) = rates else {
            return vec![0.0; grid.len()];
        };
        let step = |pair: &[i64]| {
            let (mut at, end) = (pair[0] - shift, pair[1] - shift);
            let mut sum = 0.0;
            while at < end {
                let until = self.clock.hour_end(at).min(end);
                sum += rates[self.clock.hour_of_week(at)] * (until - at) as f64 / HOUR as f64;
                at = until;
            }
            sum
        };
        grid.boundaries().windows(2).map(step).collect()
    }

    fn spread(&self, issued_at: i64, grid: &TimeGrid, mean: &[f64]) -> Vec<[f64; 19]> {
        let mut errors: Vec<Vec<f64>> = vec![Vec::new(); grid.len()];
        for day in 1..=WINDOW / DAY {
            let shift = day * DAY;
            // Rates from less than a day of watching would only measure their own infancy.
            if issued_at.saturating_sub(shift) < self.since.saturating_add(DAY) {
                break;
            }
            let rates = self.rates(issued_at - shift);
            let expected = self.expected(rates.as_ref(), grid, shift);
            for step in 0..grid.len() {
                let (start, end) = (grid.start_s(step) - shift, grid.end_s(step) - shift);
                if end <= issued_at {
                    errors[step].push(self.arrived(start, end) - expected[step]);
                }
            }
        }
        // Errors per hour of all steps stand in where a step has too few of its own.
        let pooled = (0..grid.len()).flat_map(|step| {
            let hours = grid.hours(step);
            errors[step].iter().map(move |error| error / hours)
        });
        let pooled = of_equals(pooled);
        errors
            .into_iter()
            .enumerate()
            .map(|(step, own)| {
                let offsets = if own.len() < DAYS_MIN {
                    pooled.map(|offset| offset * grid.hours(step))
                } else {
                    of_equals(own)
                };
                offsets.map(|offset| (mean[step] + offset).max(0.0))
            })
            .collect()
    }
}

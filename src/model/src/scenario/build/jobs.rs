//! Sources of jobs.

use super::{Builder, DAYS_MAX, JOBS_MAX, SLACK_MAX, VALUE_MAX};
use crate::scenario::jobs::{JobSource, Uniform};
use crate::site::Site;

impl Builder<'_> {
    pub(super) fn jobs(&mut self, i: usize, source: &JobSource, site: &Site) {
        let key = |field: &str| format!("jobs[{i}].{field}");
        let pool = site.gpu_pools.iter().find(|p| p.id == source.gpu_pool);
        if pool.is_none() {
            let known: Vec<&str> = site.gpu_pools.iter().map(|p| p.id.as_str()).collect();
            self.fault(
                &key("gpu_pool"),
                format!("there is no GPU pool `{}`", source.gpu_pool),
                format!("GPU pools of the site: {}", known.join(", ")),
            );
        }
        match (&source.trace, &source.synthetic) {
            (Some(trace), None) => {
                self.time(&key("trace.time"), &trace.time);
                if trace.duration_column.is_some() == trace.end_column.is_some() {
                    self.fault(
                        &key("trace"),
                        "give either `duration_column` or `end_column`",
                        "name the column of the file's header",
                    );
                }
                if trace.copies == 0 {
                    self.fault(
                        &key("trace.copies"),
                        "must be at least one",
                        "1 is each row once",
                    );
                }
                if !(trace.gpu_scale.is_finite() && trace.gpu_scale > 0.0) {
                    self.fault(
                        &key("trace.gpu_scale"),
                        "must be a positive number",
                        "1 leaves jobs as they are",
                    );
                }
            }
            (None, Some(arrivals)) => {
                let sizes = &arrivals.gpus;
                let largest = sizes.iter().enumerate().max_by_key(|(_, size)| **size);
                if let (Some(pool), Some((at, largest))) = (pool, largest)
                    && *largest > pool.count.max()
                {
                    let problem = format!(
                        "a job of {largest} GPUs is larger than the pool `{}` of {}",
                        pool.id,
                        pool.count.max()
                    );
                    self.fault(
                        &key(&format!("synthetic.gpus[{at}]")),
                        problem,
                        "gangs run whole; choose smaller jobs or a larger pool",
                    );
                }
                if sizes.is_empty() || sizes.contains(&0) {
                    self.fault(
                        &key("synthetic.gpus"),
                        "must list sizes of at least one GPU",
                        "for example [8, 16, 32]",
                    );
                }
                if !arrivals.weights.is_empty() && arrivals.weights.len() != sizes.len() {
                    self.fault(
                        &key("synthetic.weights"),
                        "must have one weight for each size",
                        "leave it out for equal weights",
                    );
                }
                let weighed = |w: &[f64]| {
                    w.iter().all(|v| v.is_finite() && *v >= 0.0) && w.iter().any(|v| *v > 0.0)
                };
                if !(arrivals.weights.is_empty() || weighed(&arrivals.weights)) {
                    self.fault(
                        &key("synthetic.weights"),
                        "must be zero or more, and not all zero",
                        "leave it out for equal weights",
                    );
                }
                if !(arrivals.daily.is_empty()
                    || arrivals.daily.len() == 24 && weighed(&arrivals.daily))
                {
                    self.fault(
                        &key("synthetic.daily"),
                        "must be 24 factors of zero or more, not all zero",
                        "one for each local hour; leave it out for a flat day",
                    );
                }
                if jiff::tz::TimeZone::get(&arrivals.zone).is_err() {
                    self.fault(
                        &key("synthetic.zone"),
                        "no IANA time zone of this name is known",
                        "for example America/Chicago or UTC",
                    );
                }
                if !(arrivals.duration_median_h > 0.0
                    && arrivals.duration_p90_h >= arrivals.duration_median_h
                    && arrivals.duration_max_h >= arrivals.duration_p90_h
                    && arrivals.duration_max_h <= DAYS_MAX * 24.0)
                {
                    self.fault(
                        &key("synthetic"),
                        "run times must satisfy 0 < median <= p90 <= max, twenty years at most",
                        "all in hours",
                    );
                }
                let days = self.period_s as f64 / 86_400.0;
                if !(arrivals.per_day.is_finite() && arrivals.per_day >= 0.0) {
                    self.fault(
                        &key("synthetic.per_day"),
                        "must be a number of jobs a day, zero or more",
                        "check the value",
                    );
                } else if arrivals.per_day * days > JOBS_MAX {
                    self.fault(
                        &key("synthetic.per_day"),
                        format!("makes more than {JOBS_MAX} jobs in the period"),
                        "model small jobs as an inference service",
                    );
                }
            }
            _ => self.fault(
                &format!("jobs[{i}]"),
                "exactly one of `trace` and `synthetic` says where jobs come from",
                "give one of the two",
            ),
        }
        let terms = &source.terms;
        let ordered = |u: &Uniform, least: f64| {
            u.low.is_finite() && u.high.is_finite() && u.low >= least && u.high >= u.low
        };
        if !ordered(&terms.value_per_gpu_h, 0.0) {
            self.fault(
                &key("terms.value_per_gpu_h"),
                "needs 0 <= low <= high",
                "in currency per GPU-hour",
            );
        } else if terms.value_per_gpu_h.high > VALUE_MAX {
            self.fault(
                &key("terms.value_per_gpu_h.high"),
                format!("must be at most {VALUE_MAX}"),
                "in currency per GPU-hour",
            );
        }
        if !ordered(&terms.slack, 1.0) {
            self.fault(&key("terms.slack"), "needs 1 <= low <= high", "a window of once the shortest run time leaves no choice; below it the job cannot finish");
        } else if terms.slack.high > SLACK_MAX {
            self.fault(
                &key("terms.slack.high"),
                format!("must be at most {SLACK_MAX}"),
                "it is a multiple of the run time",
            );
        }
        self.terms_numbers(&key("terms"), terms, &site.currency);
    }
}

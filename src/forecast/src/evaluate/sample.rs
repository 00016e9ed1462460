//! The steps on which models are compared.

use std::collections::BTreeMap;

use swingload_model::evaluation::result::LeftOut;
use swingload_model::evaluation::{Evaluation, Label};
use swingload_model::series::{Observation, Series, SeriesRef};

use super::Issued;

const WEEK: i64 = 7 * 86_400;

/// A scored step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Index of its issue.
    pub issue: usize,
    /// Index in the issue's grid.
    pub index: usize,
    /// First second.
    pub start: i64,
    /// Second after it.
    pub end: i64,
    /// Index of its horizon bucket.
    pub bucket: usize,
    /// When it starts on the local clock.
    pub label: Label,
    /// What came true, in the series' unit.
    pub truth: f64,
    /// The value a week before, or as many weeks as it was not over yet; none where it is
    /// missing.
    pub naive: Option<f64>,
    /// Whether it lies in the part of its issue whose cheapest hours are chosen: the day
    /// forecast, or the first 24 hours.
    pub first_day: bool,
}

/// Steps that every model has a forecast of and whose value came true after the issue.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// In the order of issues and steps.
    pub steps: Vec<Step>,
    /// What could not be scored.
    pub left_out: LeftOut,
}

impl Sample {
    /// From the issues' forecasts: `issued[issue][model]`.
    ///
    /// # Panics
    /// When the series of the evaluation is not among `series`; bindings are checked before.
    pub fn new(
        evaluation: &Evaluation,
        series: &BTreeMap<SeriesRef, Series>,
        issued: &[Vec<Issued>],
    ) -> Self {
        let truth = Truth(series[&evaluation.series].observations());
        let mut sample = Self {
            steps: Vec::new(),
            left_out: LeftOut::default(),
        };
        for (number, (issue, models)) in evaluation.issues.iter().zip(issued).enumerate() {
            for index in 0..issue.grid.len() {
                let (start, end) = (issue.grid.start_s(index), issue.grid.end_s(index));
                let Some((value, known_at)) = truth.mean(start, end) else {
                    sample.left_out.without_truth += 1;
                    continue;
                };
                if known_at <= issue.issued_at {
                    sample.left_out.known_at_issue += 1;
                    continue;
                }
                if models.iter().any(|model| !model.mean[index].is_finite()) {
                    sample.left_out.without_forecast += 1;
                    continue;
                }
                let weeks = ((end - issue.issued_at).max(1) + WEEK - 1) / WEEK;
                let back = weeks * WEEK;
                sample.steps.push(Step {
                    issue: number,
                    index,
                    start,
                    end,
                    bucket: evaluation.bucket(start - issue.issued_at),
                    label: evaluation.calendar.label(start),
                    truth: value,
                    naive: (truth.mean(start - back, end - back))
                        .filter(|(_, known_at)| *known_at <= issue.issued_at)
                        .map(|(value, _)| value),
                    first_day: evaluation.by_day() || start < issue.grid.start_s(0) + 86_400,
                });
            }
        }
        sample
    }
}

/// Values as they came true.
struct Truth<'a>(&'a [Observation]);

impl Truth<'_> {
    /// Time-weighted mean and the time from which all of it was known; `None` with a gap.
    fn mean(&self, start: i64, end: i64) -> Option<(f64, i64)> {
        let first = self.0.partition_point(|o| o.end <= start);
        // Mostly one interval, whose value no division may change.
        if let Some(whole) = self.0.get(first)
            && whole.start <= start
            && whole.end >= end
        {
            return Some((whole.value, whole.known_at));
        }
        let (mut covered, mut sum, mut known_at) = (start, 0.0, i64::MIN);
        for observation in &self.0[first..] {
            if covered >= end {
                break;
            }
            if observation.start > covered {
                return None;
            }
            let until = observation.end.min(end);
            sum += observation.value * (until - covered) as f64;
            known_at = known_at.max(observation.known_at);
            covered = until;
        }
        (covered >= end).then(|| (sum / (end - start) as f64, known_at))
    }
}

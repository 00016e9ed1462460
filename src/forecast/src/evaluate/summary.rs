//! From issued forecasts and what came true to one [`ModelScores`] per model.

use std::collections::BTreeMap;

use swingload_model::evaluation::result::{
    DieboldMariano, Group, HourTest, ModelScores, Reliability, Scores,
};
use swingload_model::evaluation::{CandidateSource, Evaluation, Target};
use swingload_model::forecast::QUANTILE_LEVELS;
use swingload_model::series::Unit;

use super::{Issued, Sample, Step};
use crate::scores::{Saving, crps, diebold_mariano, pinball_mean, saving};

/// Positions of P10 and P90 among the quantile levels.
const P10: usize = 1;
const P90: usize = 17;

/// Scores of every model, in the order of the file. `issued[issue][model]`.
pub fn scores(
    evaluation: &Evaluation,
    sample: &Sample,
    issued: &[Vec<Issued>],
) -> Vec<ModelScores> {
    let models: Vec<Forecasts<'_>> = (0..evaluation.models.len())
        .map(|model| Forecasts {
            evaluation,
            sample,
            issued,
            model,
        })
        .collect();
    let losses: Vec<Daily> = models.iter().map(Daily::new).collect();
    models
        .iter()
        .map(|own| ModelScores {
            diebold_mariano: tests(evaluation, &losses, own.model),
            ..own.scores()
        })
        .collect()
}

/// The forecasts of one model.
struct Forecasts<'a> {
    evaluation: &'a Evaluation,
    sample: &'a Sample,
    issued: &'a [Vec<Issued>],
    model: usize,
}

impl<'a> Forecasts<'a> {
    fn of(&self, step: &Step) -> (f64, Option<&'a [f64; 19]>) {
        let issued = &self.issued[step.issue][self.model];
        (issued.mean[step.index], issued.quantiles.get(step.index))
    }

    fn scores(&self) -> ModelScores {
        let candidate = &self.evaluation.models[self.model];
        let steps = &self.sample.steps;
        let fell_back = |i: &&Vec<Issued>| i[self.model].fallback.is_some();
        let first = self.issued.iter().find(fell_back);
        ModelScores {
            id: candidate.id.clone(),
            model: match &candidate.source {
                CandidateSource::Model { name, .. } => name.clone(),
                CandidateSource::Column(_) => "column".to_owned(),
            },
            all: self.over(steps.iter()),
            rmae: self.rmae(),
            reliability: self.reliability(),
            saving_kept_pct: self.saving_kept_pct(),
            by_horizon: self.by(|step| step.bucket, |b| bucket_name(self.evaluation, *b)),
            by_quarter: self.by(
                |step| (step.label.year, step.label.quarter),
                |(year, quarter)| format!("{year} Q{quarter}"),
            ),
            by_hour: self.by(|step| step.label.hour, |hour| format!("{hour:02}")),
            diebold_mariano: Vec::new(),
            fallbacks: self.issued.iter().filter(fell_back).count(),
            fallback_example: first.and_then(|i| i[self.model].fallback.clone()),
        }
    }

    /// Scores of each group of steps, by rising key.
    fn by<K: Ord>(&self, key: impl Fn(&Step) -> K, name: impl Fn(&K) -> String) -> Vec<Group> {
        let mut groups: BTreeMap<K, Vec<&Step>> = BTreeMap::new();
        for step in &self.sample.steps {
            groups.entry(key(step)).or_default().push(step);
        }
        let groups = groups.into_iter().map(|(key, steps)| Group {
            label: name(&key),
            scores: self.over(steps.into_iter()),
        });
        groups.collect()
    }

    fn over<'s>(&self, steps: impl Iterator<Item = &'s Step>) -> Scores {
        let mut sums = Sums::default();
        for step in steps {
            let (mean, quantiles) = self.of(step);
            sums.add(mean, quantiles, step.truth, self.evaluation.spike_above);
        }
        sums.scores(self.evaluation.spike_above.is_some())
    }

    /// Against the weekly naive forecast, where that has a value.
    fn rmae(&self) -> Option<f64> {
        let (mut own, mut naive) = (0.0, 0.0);
        for step in &self.sample.steps {
            if let Some(value) = step.naive {
                own += (self.of(step).0 - step.truth).abs();
                naive += (value - step.truth).abs();
            }
        }
        (naive > 0.0).then(|| own / naive)
    }

    fn reliability(&self) -> Vec<Reliability> {
        let mut below = [0_usize; 19];
        let mut count = 0;
        for step in &self.sample.steps {
            let Some(quantiles) = self.of(step).1 else {
                return Vec::new();
            };
            count += 1;
            for (below, quantile) in below.iter_mut().zip(quantiles) {
                *below += usize::from(step.truth <= *quantile);
            }
        }
        if count == 0 {
            return Vec::new();
        }
        let observed = QUANTILE_LEVELS.iter().zip(below);
        observed
            .map(|(level_pct, below)| Reliability {
                level_pct: *level_pct,
                observed_pct: 100.0 * below as f64 / count as f64,
            })
            .collect()
    }

    fn saving_kept_pct(&self) -> Option<f64> {
        let mut total = Saving::default();
        for day in days(self.evaluation, self.sample) {
            let forecast: Vec<f64> = day.iter().map(|step| self.of(step).0).collect();
            let truth: Vec<f64> = day.iter().map(|step| step.truth).collect();
            let seconds: Vec<i64> = day.iter().map(|step| step.end - step.start).collect();
            let own = saving(&forecast, &truth, &seconds, self.evaluation.cheapest.get());
            total.by_forecast += own.by_forecast;
            total.by_foresight += own.by_foresight;
        }
        (total.by_foresight > 0.0).then(|| 100.0 * total.by_forecast / total.by_foresight)
    }
}

/// Steps of each issue's first day, where they are whole and the series is a price of energy.
fn days<'a>(evaluation: &'a Evaluation, sample: &'a Sample) -> impl Iterator<Item = &'a [Step]> {
    let priced = matches!(evaluation.unit, Unit::PricePerMwh(_));
    let of_issue = sample.steps.chunk_by(|a, b| a.issue == b.issue);
    of_issue.filter(move |_| priced).filter_map(|steps| {
        let count = steps.partition_point(|step| step.first_day);
        let grid = &evaluation.issues[steps[0].issue].grid;
        let end = if evaluation.by_day() {
            grid.end_s(grid.len() - 1)
        } else {
            grid.start_s(0) + 86_400
        };
        let day = &steps[..count];
        let scored: i64 = day.iter().map(|step| step.end - step.start).sum();
        (scored == end - grid.start_s(0)).then_some(day)
    })
}

/// Sums that scores are made of.
#[derive(Default)]
struct Sums {
    steps: usize,
    absolute: f64,
    squared: f64,
    signed: f64,
    /// Steps with quantiles; the sums below are over them.
    with_quantiles: usize,
    pinball: f64,
    crps: f64,
    inside: usize,
    positive: usize,
    breached: usize,
    spikes: usize,
    seen: usize,
}

impl Sums {
    fn add(&mut self, mean: f64, quantiles: Option<&[f64; 19]>, truth: f64, spike: Option<f64>) {
        let error = mean - truth;
        self.steps += 1;
        self.absolute += error.abs();
        self.squared += error * error;
        self.signed += error;
        let spiked = spike.is_some_and(|above| truth > above);
        self.spikes += usize::from(spiked);
        let Some(q) = quantiles else {
            return;
        };
        self.with_quantiles += 1;
        self.pinball += pinball_mean(q, truth);
        self.crps += crps(q, truth);
        self.inside += usize::from(q[P10] <= truth && truth <= q[P90]);
        if q[P90] > 0.0 {
            self.positive += 1;
            self.breached += usize::from(truth < q[P10]);
        }
        self.seen += usize::from(spiked && spike.is_some_and(|above| q[P90] > above));
    }

    fn scores(&self, with_spikes: bool) -> Scores {
        let count = self.steps.max(1) as f64;
        let known = self.steps > 0 && self.with_quantiles == self.steps;
        let of = |value: f64| known.then_some(value);
        Scores {
            steps: self.steps,
            mae: self.absolute / count,
            rmse: libm::sqrt(self.squared / count),
            bias: self.signed / count,
            pinball: of(self.pinball / count),
            crps: of(self.crps / count),
            p10_p90_pct: of(100.0 * self.inside as f64 / count),
            p90_positive: known.then_some(self.positive),
            p10_breached_pct: (known && self.positive > 0)
                .then(|| 100.0 * self.breached as f64 / self.positive as f64),
            spikes: with_spikes.then_some(self.spikes),
            spikes_seen: (with_spikes && known).then_some(self.seen),
        }
    }
}

fn bucket_name(evaluation: &Evaluation, bucket: usize) -> String {
    let hours = |index: usize| evaluation.buckets[index].as_hours();
    match bucket {
        0 => format!("up to {} h", hours(0)),
        _ => format!("{} to {} h", hours(bucket - 1), hours(bucket)),
    }
}

/// Tests of one model against each other one.
fn tests(evaluation: &Evaluation, losses: &[Daily], own: usize) -> Vec<DieboldMariano> {
    let lags = lags(evaluation);
    let others = (0..losses.len()).filter(|other| *other != own);
    others
        .map(|other| {
            let test = |part: usize| {
                let (ours, theirs) = (losses[own].of(part), losses[other].of(part));
                diebold_mariano(&ours, &theirs, lags)
            };
            let all = test(ALL);
            let by_hour = (0..24).map(|hour| {
                let test = test(usize::from(hour));
                HourTest {
                    hour,
                    statistic: test.map(|t| t.statistic),
                    p_value: test.map(|t| t.p_value),
                }
            });
            DieboldMariano {
                against: evaluation.models[other].id.clone(),
                statistic: all.map(|t| t.statistic),
                p_value: all.map(|t| t.p_value),
                days: losses[own].0[ALL].len(),
                by_hour: by_hour.collect(),
            }
        })
        .collect()
}

/// Days over which losses are related because horizons overlap: none where each day is
/// forecast the day before.
fn lags(evaluation: &Evaluation) -> usize {
    if let Target::Day(ahead) = evaluation.target {
        return usize::try_from(ahead - 1).unwrap_or(0);
    }
    usize::try_from((evaluation.reach.get() + 86_399) / 86_400).unwrap_or(0)
}

/// Position of the losses of whole days, behind those of the 24 hours.
const ALL: usize = 24;

/// Sum and number of losses per local day: of each hour of day, and of all.
struct Daily([BTreeMap<i32, (f64, usize)>; ALL + 1]);

impl Daily {
    /// Of absolute errors.
    fn new(forecasts: &Forecasts<'_>) -> Self {
        let mut daily = Self(std::array::from_fn(|_| BTreeMap::new()));
        for step in &forecasts.sample.steps {
            let loss = (forecasts.of(step).0 - step.truth).abs();
            for part in [usize::from(step.label.hour), ALL] {
                let day = daily.0[part].entry(step.label.day).or_default();
                day.0 += loss;
                day.1 += 1;
            }
        }
        daily
    }

    /// Mean loss per day, in order of days.
    fn of(&self, part: usize) -> Vec<f64> {
        let days = self.0[part].values();
        days.map(|(sum, count)| sum / *count as f64).collect()
    }
}

/// Days whose cheapest hours are chosen.
pub fn cheapest_days(evaluation: &Evaluation, sample: &Sample) -> usize {
    days(evaluation, sample).count()
}

/// Mean absolute error of the weekly naive forecast where it has a value.
pub fn naive_mae(sample: &Sample) -> Option<f64> {
    let errors: Vec<f64> = sample
        .steps
        .iter()
        .filter_map(|step| Some((step.naive? - step.truth).abs()))
        .collect();
    (!errors.is_empty()).then(|| errors.iter().sum::<f64>() / errors.len() as f64)
}

//! Thins a long run to a drawable number of points.

use super::payload::{Band, StepSeries, UseSeries};

/// Bucket lengths in seconds that read well on a time axis.
const LENGTHS: [i64; 14] = [
    300, 600, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800,
    2_419_200,
];

/// Merges steps so that at most `points_max` remain; returns the series
/// unchanged when it already fits.
///
/// Buckets have a round length and lie on round UTC instants; power, limit,
/// price and surplus become time-weighted means, so energy is kept and mean
/// power stays under the mean limit. Quantiles are averaged as well: the mean
/// of a P90 is a wider band than the P90 of the mean, which is the cautious side.
pub fn aggregate(series: &StepSeries, points_max: usize) -> StepSeries {
    let buckets = LENGTHS
        .iter()
        .map(|&length| buckets(series, length))
        .find(|buckets| buckets.len() <= points_max.max(1));
    match buckets {
        _ if series.starts.len() <= points_max => series.clone(),
        Some(buckets) => merge(series, &buckets),
        None => merge(series, std::slice::from_ref(&(0..series.starts.len()))),
    }
}

type Bucket = std::ops::Range<usize>;

fn buckets(series: &StepSeries, length: i64) -> Vec<Bucket> {
    let mut buckets: Vec<Bucket> = Vec::new();
    let mut current = None;
    for (index, start) in series.starts.iter().enumerate() {
        let key = start.div_euclid(length);
        match buckets.last_mut() {
            Some(bucket) if current == Some(key) => bucket.end = index + 1,
            _ => buckets.push(index..index + 1),
        }
        current = Some(key);
    }
    buckets
}

fn merge(series: &StepSeries, buckets: &[Bucket]) -> StepSeries {
    let weights: Vec<f64> = (0..series.starts.len())
        .map(|index| series.seconds(index) as f64)
        .collect();
    let watts = |column: &[i64]| -> Vec<i64> {
        let known: Vec<_> = column.iter().map(|&w| Some(w as f64)).collect();
        means(&known, &weights, buckets)
            .into_iter()
            .map(|mean| mean.map_or(0, |w| w.round() as i64))
            .collect()
    };
    let known = |column: &[Option<f64>]| means(column, &weights, buckets);
    let band = |band: &Band| Band {
        p10: known(&band.p10),
        p50: known(&band.p50),
        p90: known(&band.p90),
    };
    let surplus: Vec<_> = series.surplus.iter().map(|w| w.map(|w| w as f64)).collect();
    StepSeries {
        starts: buckets
            .iter()
            .map(|bucket| series.starts[bucket.start])
            .collect(),
        end: series.end,
        limit: watts(&series.limit),
        uses: series
            .uses
            .iter()
            .map(|column| UseSeries {
                usage: column.usage,
                watts: watts(&column.watts),
            })
            .collect(),
        price: known(&series.price),
        marginal: if series.marginal.is_empty() {
            Vec::new()
        } else {
            known(&series.marginal)
        },
        price_forecast: series.price_forecast.as_ref().map(band),
        surplus: if surplus.is_empty() {
            Vec::new()
        } else {
            known(&surplus)
                .into_iter()
                .map(|mean| mean.map(|w| w.round() as i64))
                .collect()
        },
        surplus_forecast: series.surplus_forecast.as_ref().map(band),
    }
}

/// Time-weighted means over what is known; `None` where nothing is.
fn means(column: &[Option<f64>], weights: &[f64], buckets: &[Bucket]) -> Vec<Option<f64>> {
    buckets
        .iter()
        .map(|bucket| {
            let (mut sum, mut weight) = (0.0, 0.0);
            for index in bucket.clone() {
                if let Some(value) = column[index].filter(|v| v.is_finite()) {
                    sum += value * weights[index];
                    weight += weights[index];
                }
            }
            (weight > 0.0).then(|| sum / weight)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::payload::Use;
    use super::*;

    fn series(steps: usize) -> StepSeries {
        let starts: Vec<i64> = (0..steps as i64).map(|t| 1_700_000_100 + 300 * t).collect();
        StepSeries {
            end: starts[steps - 1] + 300,
            limit: vec![100; steps],
            uses: vec![UseSeries {
                usage: Use::Hashing,
                watts: (0..steps as i64).map(|t| t % 100).collect(),
            }],
            price: (0..steps)
                .map(|t| (t % 7 != 0).then_some(t as f64))
                .collect(),
            starts,
            ..StepSeries::default()
        }
    }

    #[test]
    fn short_runs_are_kept_as_they_are() {
        let short = series(100);
        assert_eq!(aggregate(&short, 100), short);
    }

    #[test]
    fn a_year_fits_and_keeps_its_energy() {
        let year = series(105_120);
        let thin = aggregate(&year, 10_000);
        assert!(thin.starts.len() <= 10_000, "{} points", thin.starts.len());
        assert_eq!(thin.check(), Ok(()));
        assert_eq!(thin.starts[1] % 3600, 0, "buckets lie on round hours");
        let energy = |s: &StepSeries| -> i64 {
            let watts = &s.uses[0].watts;
            (0..watts.len()).map(|i| watts[i] * s.seconds(i)).sum()
        };
        let (before, after) = (energy(&year), energy(&thin));
        let error = (before - after).abs();
        assert!(error * 50 < before, "rounding to whole watts only: {error}");
    }

    #[test]
    fn one_point_is_always_possible() {
        assert_eq!(aggregate(&series(50), 1).starts.len(), 1);
    }

    #[test]
    fn unknown_values_do_not_pull_a_mean_down() {
        let means = means(&[None, Some(4.0), None], &[1.0; 3], &[0..2, 2..3]);
        assert_eq!(means, [Some(4.0), None]);
    }
}

//! Poisson arrivals with lognormal run times.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use swingload_model::scenario::jobs::ArrivalsFile;

use super::Arrival;
use crate::random::{exponential, normal, stream, uniform};

/// Standard normal quantile of 90 %.
const Z90: f64 = 1.281_551_565_544_600_4;

/// Arrivals inside the period, from the stream `jobs/ID/arrivals`.
///
/// The factors of the day are divided by their mean, so that `per_day` stays the
/// expected number. Run times beyond `duration_max_h` are drawn as that.
pub(super) fn generate(
    id: &str,
    generator: &ArrivalsFile,
    seed: u64,
    period: (i64, i64),
) -> Vec<Arrival> {
    let mut rng = stream(seed, &format!("jobs/{id}/arrivals"));
    let zone = TimeZone::get(&generator.zone)
        .expect("invariant: the scenario refuses zones that do not exist");
    let factors = &generator.daily;
    let mean = if factors.is_empty() {
        1.0
    } else {
        factors.iter().sum::<f64>() / factors.len() as f64
    };
    let peak = factors.iter().copied().fold(0.0, f64::max);
    let peak = if factors.is_empty() { 1.0 } else { peak / mean };
    let rate_max = generator.per_day * peak / 86_400.0;
    let mut all = Vec::new();
    if rate_max.is_nan() || rate_max <= 0.0 {
        return all;
    }
    let sigma = libm::log(generator.duration_p90_h / generator.duration_median_h) / Z90;
    let mut at = period.0 as f64;
    loop {
        at += exponential(&mut rng) / rate_max;
        if at >= period.1 as f64 {
            return all;
        }
        // Thinning: candidates at the peak rate, kept with the hour's share of it.
        let keep = uniform(&mut rng);
        let duration = generator.duration_median_h * libm::exp(sigma * normal(&mut rng));
        let size = uniform(&mut rng);
        let release = at as i64;
        let factor = factors.get(hour(&zone, release)).map_or(1.0, |f| f / mean);
        if keep * peak < factor {
            all.push(Arrival {
                release,
                duration: duration.min(generator.duration_max_h) * 3600.0,
                gpus: pick(&generator.gpus, &generator.weights, size),
                tenant: None,
                line: 0,
            });
        }
    }
}

fn hour(zone: &TimeZone, second: i64) -> usize {
    let instant =
        Timestamp::from_second(second).expect("invariant: the period is made of valid timestamps");
    usize::from(zone.to_datetime(instant).hour().unsigned_abs())
}

/// The size at `draw` of the weighted list.
fn pick(sizes: &[u32], weights: &[f64], draw: f64) -> u32 {
    let weight = |i: usize| weights.get(i).copied().unwrap_or(1.0);
    let mut left = draw * (0..sizes.len()).map(weight).sum::<f64>();
    for (i, size) in sizes.iter().enumerate() {
        left -= weight(i);
        if left < 0.0 {
            return *size;
        }
    }
    sizes.last().copied().unwrap_or(1)
}

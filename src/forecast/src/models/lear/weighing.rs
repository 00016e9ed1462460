//! What each member counts for.

use std::sync::Arc;

use super::Forecasts;

/// Days whose errors weigh the members.
pub(super) const DAYS_WEIGHED: usize = 14;
/// Weight falls with this power of the mean absolute error: two good members of like
/// error share the work, one twice as wrong counts a sixteenth.
const POWER: i32 = 4;
/// Least mean error, as a share of the largest, so that a lucky fortnight is no monopoly.
const ERROR_MIN: f64 = 1e-3;

/// All members alike.
pub(super) fn equal(members: usize) -> Vec<f64> {
    vec![1.0; members]
}

/// By the mean absolute error over the past days, each a pair of forecasts and truth;
/// alike when there are none. A member without a forecast on some day counts for nothing.
///
/// # Source
/// Inverse-loss weights: Bates and Granger 1969, "The combination of forecasts",
/// Operational Research Quarterly 20; Nowotarski, Raviv, Trück, Weron 2014, "An
/// empirical comparison of alternative schemes for combining electricity spot price
/// forecasts", Energy Economics 46.
pub(super) fn weights(past: &[(Arc<Forecasts>, Vec<f64>)], members: usize) -> Vec<f64> {
    let error = |member: usize| {
        let days = past.iter().map(|(forecasts, truth)| {
            let day = forecasts[member].as_ref()?;
            Some(
                day.iter()
                    .zip(truth)
                    .map(|(f, t)| (f - t).abs())
                    .sum::<f64>(),
            )
        });
        days.sum::<Option<f64>>()
    };
    let errors: Vec<Option<f64>> = (0..members).map(error).collect();
    let largest = errors
        .iter()
        .flatten()
        .fold(0.0_f64, |most, e| most.max(*e));
    if largest <= 0.0 {
        return equal(members);
    }
    let weight =
        |error: &Option<f64>| error.map_or(0.0, |e| (e / largest).max(ERROR_MIN).powi(-POWER));
    errors.iter().map(weight).collect()
}

/// Weighed mean, slot by slot, of the members that have a forecast; of all of those alike
/// when none of them counts. `None` without any.
pub(super) fn mean(forecasts: &Forecasts, weights: &[f64]) -> Option<Vec<f64>> {
    let present = || {
        forecasts
            .iter()
            .zip(weights)
            .filter_map(|(f, w)| Some((f.as_ref()?, *w)))
    };
    let total: f64 = present().map(|(_, weight)| weight).sum();
    let mut sum = vec![0.0; present().next()?.0.len()];
    let count = present().count() as f64;
    for (day, weight) in present() {
        let share = if total > 0.0 {
            weight / total
        } else {
            1.0 / count
        };
        for (slot, value) in sum.iter_mut().zip(day) {
            *slot += share * value;
        }
    }
    Some(sum)
}

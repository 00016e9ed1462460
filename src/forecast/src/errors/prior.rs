//! Errors to assume of a rule that has few past errors of its own.

use crate::View;
use crate::calendar::{DAY, HOUR};

use super::MEDIAN;
use super::quantiles::of_equals;

/// How far back values are looked at.
const WINDOW: i64 = 28 * DAY;

/// Quantiles of the error of whoever knows no more than the median of the past 28 days, on
/// either side alike. Where hours were all the same, the error may be as large as the value;
/// with nothing known it is zero.
pub(super) fn prior(view: &View<'_>) -> [f64; 19] {
    let at = view.as_of();
    let hours = (0..WINDOW / HOUR)
        .map(|back| view.cover(at - (back + 1) * HOUR, at - back * HOUR))
        .filter(|cover| cover.seconds > 0);
    let mut values: Vec<f64> = hours.map(|cover| cover.mean).collect();
    if let Some((_, latest)) = view.latest_before(at) {
        values.push(latest);
    }
    if values.is_empty() {
        return [0.0; 19];
    }
    let middle = values.len() / 2;
    let median = *values.select_nth_unstable_by(middle, f64::total_cmp).1;
    if values.iter().all(|value| *value == median) {
        return of_equals([-median.abs(), median.abs()]);
    }
    let errors = values.iter().map(|value| value - median);
    of_equals(errors.flat_map(|error| [-error, error]))
}

/// The offsets `own`, on either side of their median at least `lack` of what `prior` has:
/// 1 where there was no error to learn from, 0 where there were enough.
pub(super) fn widened(own: &[f64; 19], prior: &[f64; 19], lack: f64) -> [f64; 19] {
    std::array::from_fn(|i| match i.cmp(&MEDIAN) {
        _ if lack == 0.0 => own[i],
        std::cmp::Ordering::Less => own[i].min(lack * prior[i]),
        std::cmp::Ordering::Equal => own[i],
        std::cmp::Ordering::Greater => own[i].max(lack * prior[i]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::History;
    use swingload_model::series::{Observation, Unit};

    fn of(values: &[f64]) -> [f64; 19] {
        let mut history = History::new();
        history.declare("x", Unit::One);
        for (hour, value) in values.iter().enumerate() {
            let start = hour as i64 * HOUR;
            let (end, value) = (start + HOUR, *value);
            let observation = Observation {
                start,
                end,
                value,
                known_at: end,
            };
            history.push("x", observation).expect("valid");
        }
        prior(&history.view("x", values.len() as i64 * HOUR))
    }

    #[test]
    fn it_is_as_wide_as_the_values_or_as_the_one_there_is() {
        assert_eq!(of(&[]), [0.0; 19]);
        let one = of(&[-8.0]);
        assert_eq!((one[0], one[MEDIAN], one[18]), (-8.0, 0.0, 8.0));
        let ladder: Vec<f64> = (0..=100).map(f64::from).collect();
        let ladder = of(&ladder);
        assert!((ladder[18] - 45.0).abs() < 2.0, "{ladder:?}");
        assert_eq!(ladder[0], -ladder[18]);
    }

    #[test]
    fn it_counts_less_the_more_errors_there_are() {
        let own = std::array::from_fn(|i| i as f64 - 9.0);
        let prior = own.map(|offset| 10.0 * offset);
        assert_eq!(widened(&own, &prior, 1.0), prior);
        assert_eq!(widened(&own, &prior, 0.0), own);
        assert_eq!(widened(&own, &prior, 0.5)[18], 45.0);
        assert_eq!(widened(&own, &[0.0; 19], 1.0), own);
    }
}

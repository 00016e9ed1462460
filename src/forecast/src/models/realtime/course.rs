//! The recent course of a price on an even grid, in a scale where spikes are not far away.

use crate::View;
use crate::calendar::{DAY, HOUR};
use crate::scale::Scale;

/// Samples of a course, s: the shortest settlement interval of any market.
pub(super) const SAMPLE: i64 = 300;
const PER_DAY: usize = (DAY / SAMPLE) as usize;
/// How far outside the values seen one may lie before it is taken for an error of unit:
/// a factor of 100 beyond the greatest, in a scale that is logarithmic there.
const BEYOND: f64 = 4.6;

/// The bent value, kept to where it can still be one of this series.
pub(super) fn within_plausible(scale: &Scale, z: f64) -> f64 {
    scale.limit(z, BEYOND)
}

/// Whether a bent value can be one of this series and not one in another unit.
pub(super) fn is_plausible(scale: &Scale, z: f64) -> bool {
    within_plausible(scale, z) == z
}

/// Values of `[start, start + len x SAMPLE)` in `z`; gaps hold the value before them.
#[derive(Debug)]
pub(super) struct Course {
    start: i64,
    z: Vec<f64>,
    /// Sum of the samples before each.
    sums: Vec<f64>,
    /// Sum of distances to the value a day before.
    swings: Vec<f64>,
    /// Per sample one more than the index of the last known one up to it; 0 for none.
    known: Vec<u32>,
    /// Known samples left out because no value of the series is so large.
    pub(super) implausible: usize,
}

impl Course {
    pub(super) fn new(view: &View<'_>, scale: &Scale, from: i64, until: i64) -> Self {
        let start = from - from.rem_euclid(SAMPLE);
        let until = until.min(view.frontier().unwrap_or(start));
        let len = (until - start).max(0) as usize / SAMPLE as usize;
        let (mut z, mut known) = (Vec::with_capacity(len), Vec::with_capacity(len));
        let (mut implausible, mut last) = (0, None);
        let mut memo = (f64::NAN, 0.0);
        for i in 0..len {
            let at = start + i as i64 * SAMPLE;
            if let Some(value) = view.mean(at, at + SAMPLE) {
                if value != memo.0 {
                    memo = (value, scale.bend(value));
                }
                if is_plausible(scale, memo.1) {
                    last = Some((i, memo.1));
                } else {
                    implausible += 1;
                }
            }
            z.push(last.map_or(f64::NAN, |l| l.1));
            known.push(last.map_or(0, |l| l.0 as u32 + 1));
        }
        // Before the first value: that value.
        let first = z.iter().copied().find(|v| !v.is_nan()).unwrap_or(0.0);
        for value in z.iter_mut().take_while(|v| v.is_nan()) {
            *value = first;
        }
        let running = |step: &dyn Fn(usize) -> f64| {
            let mut sum = 0.0;
            let mut sums = vec![0.0];
            for i in 0..len {
                sum += step(i);
                sums.push(sum);
            }
            sums
        };
        Self {
            start,
            sums: running(&|i| z[i]),
            swings: running(&|i| i.checked_sub(PER_DAY).map_or(0.0, |j| (z[i] - z[j]).abs())),
            z,
            known,
            implausible,
        }
    }

    /// End of the last known sample at or before `at`; `None` when there is none.
    pub(super) fn known_until(&self, at: i64) -> Option<i64> {
        let index = self.index(at).checked_sub(1)?;
        let known = i64::from(self.known[index]);
        (known > 0).then(|| self.start + known * SAMPLE)
    }

    /// Mean over the samples of `[from, until)`, at least the last one.
    pub(super) fn mean(&self, from: i64, until: i64) -> f64 {
        Self::between(&self.sums, self.span(from, until))
    }

    /// Mean distance from the value of the day before, over `[from, until)`.
    pub(super) fn swing(&self, from: i64, until: i64) -> f64 {
        Self::between(&self.swings, self.span(from, until))
    }

    /// Least and greatest sample of the two hours before `until`.
    pub(super) fn extremes(&self, until: i64) -> (f64, f64) {
        let (from, to) = self.span(until - 2 * HOUR, until);
        let edge = (f64::INFINITY, f64::NEG_INFINITY);
        (self.z[from..to].iter()).fold(edge, |(l, g), v| (l.min(*v), g.max(*v)))
    }

    fn between(sums: &[f64], (from, to): (usize, usize)) -> f64 {
        (sums[to] - sums[from]) / (to - from) as f64
    }

    fn span(&self, from: i64, until: i64) -> (usize, usize) {
        let to = self.index(until).max(1);
        (self.index(from).min(to - 1), to)
    }

    fn index(&self, at: i64) -> usize {
        (at.saturating_sub(self.start).max(0) / SAMPLE).min(self.z.len() as i64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::History;
    use swingload_model::series::{Observation, Unit};

    #[test]
    fn another_unit_is_implausible() {
        let values: Vec<f64> = (0..100).map(|i| f64::from(i * i) / 50.0 - 20.0).collect();
        let scale = Scale::of(&values, &mut Vec::new());
        assert!(is_plausible(&scale, scale.bend(1_500.0)));
        assert!(!is_plausible(&scale, scale.bend(150_000.0)));
    }

    #[test]
    fn gaps_and_values_in_another_unit_hold_the_value_before() {
        let mut history = History::new();
        history.declare("price", Unit::PricePerMwh("USD".into()));
        for i in 0..20 {
            let value = if i == 15 { 40_000_000.0 } else { f64::from(i) };
            let start = i64::from(i) * SAMPLE;
            if i != 10 {
                let end = start + SAMPLE;
                let observation = Observation {
                    start,
                    end,
                    value,
                    known_at: end,
                };
                history.push("price", observation).expect("valid");
            }
        }
        let values: Vec<f64> = (0..20).map(f64::from).collect();
        let scale = Scale::of(&values, &mut Vec::new());
        let course = Course::new(&history.view("price", 16 * SAMPLE), &scale, 0, DAY);
        assert_eq!(course.implausible, 1);
        assert_eq!(course.known_until(DAY), Some(15 * SAMPLE));
        assert_eq!(course.known_until(11 * SAMPLE), Some(10 * SAMPLE));
        assert_eq!(course.known_until(0), None);
        let held = course.mean(10 * SAMPLE, 11 * SAMPLE);
        assert!((held - scale.bend(9.0)).abs() < 1e-12);
        assert_eq!(
            course.extremes(16 * SAMPLE),
            (scale.bend(0.0), scale.bend(14.0))
        );
    }
}

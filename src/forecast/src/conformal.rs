//! How far bands are spread from their median so that they cover what they promise.
//!
//! One factor below the median and one above it, each the product of a part common to
//! all hours and a part of the three-hour stretch of the day. Each past forecast whose
//! truth is known moves them:
//!
//! ```text
//! log k <- log k + step x (1 if the truth lay beyond P90 (below P10), else 0  -  0.095)
//! ```
//!
//! so that in the long run about a tenth lies beyond on either side, whatever the series does.
//!
//! # Source
//! Gibbs and Candes 2021, "Adaptive conformal inference under distribution shift"; quantile
//! tracking as in Angelopoulos, Candes, Tibshirani 2023, "Conformal PID control for time
//! series prediction".

use libm::exp;

use crate::calendar::HOUR;

/// Share of truths that may lie beyond each edge of the band, a little below a tenth
/// because the factors lag behind what they follow.
const BEYOND: f64 = 0.095;
/// How far one hour's forecast moves the common part: slow, since the errors of
/// neighbouring hours are much the same.
const STEP: f64 = 0.006;
/// The same for the part of a stretch of the day, relative to the common part's.
const PART: f64 = 0.5;
/// Hours of a stretch of the day.
const STRETCH: usize = 3;
/// Bounds of the logarithm of a factor: a band is at most halved and at most two and a
/// half times as wide, so that one storm does not blow it up for months.
const LIMITS: (f64, f64) = (-0.7, 0.9);

/// Factors of one kind of forecast, moved by its past forecasts in order of issue.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tracker {
    common: [f64; 2],
    stretches: [[f64; 2]; 24 / STRETCH],
}

impl Tracker {
    /// Factors below and above the median for a step in local hour `hour`.
    pub(crate) fn factors(&self, hour: usize) -> (f64, f64) {
        let of = |side: usize| {
            let log = self.common[side] + self.stretches[hour / STRETCH][side];
            exp(log.clamp(LIMITS.0, LIMITS.1))
        };
        (of(0), of(1))
    }

    /// Learns from one past forecast that stands for `apart` seconds of issues: its P10, P50
    /// and P90 before spreading, and the truth.
    pub(crate) fn learn(&mut self, apart: i64, hour: usize, band: [f64; 3], truth: f64) {
        let [low, median, high] = band;
        let (below, above) = self.factors(hour);
        let beyond = [
            truth < median - below * (median - low),
            truth > median + above * (high - median),
        ];
        let step = STEP * apart as f64 / HOUR as f64;
        let widths = [median - low, high - median];
        for (side, beyond) in beyond.into_iter().enumerate() {
            // No factor spreads a side of no width, so that it says nothing of the factor.
            if widths[side] <= 0.0 {
                continue;
            }
            let miss = f64::from(u8::from(beyond)) - BEYOND;
            let learn = |log: &mut f64, by: f64| *log = (*log + by).clamp(LIMITS.0, LIMITS.1);
            learn(&mut self.common[side], step * miss);
            learn(
                &mut self.stretches[hour / STRETCH][side],
                PART * step * miss,
            );
        }
    }
}

/// Values spread from the one at `median` by the factors of either side; rising stays rising.
pub(crate) fn spread<const N: usize>(
    values: &[f64; N],
    median: usize,
    (below, above): (f64, f64),
) -> [f64; N] {
    let middle = values[median];
    std::array::from_fn(|i| {
        let factor = if i < median { below } else { above };
        middle + factor * (values[i] - middle)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::mix;

    #[test]
    fn hours_without_width_leave_the_others_as_they_are() {
        let (mut with, mut without) = (Tracker::default(), Tracker::default());
        for day in 0..1_000_u64 {
            let truth = (mix(day) % 1_000) as f64 / 100.0;
            for tracker in [&mut with, &mut without] {
                tracker.learn(HOUR, 12, [2.0, 5.0, 8.0], truth);
            }
            with.learn(HOUR, 1, [0.0; 3], 0.0);
        }
        assert_eq!(with.factors(12), without.factors(12));
        assert_ne!(without.factors(12), (1.0, 1.0), "they learned");
    }

    #[test]
    fn a_limit_reached_is_left_at_once() {
        let mut tracker = Tracker::default();
        let learn = |tracker: &mut Tracker, truth: f64, count: usize| {
            for _ in 0..count {
                tracker.learn(HOUR, 12, [2.0, 5.0, 8.0], truth);
            }
        };
        learn(&mut tracker, 5.0, 50_000);
        let least = tracker.factors(12).1;
        learn(&mut tracker, 100.0, 300);
        assert!(
            tracker.factors(12).1 > 2.0 * least,
            "{:?}",
            tracker.factors(12)
        );
    }

    #[test]
    fn coverage_comes_back_after_a_change() {
        // Truths uniform on [-1, 1), then twice as wide; the forecast stays at [-0.8, 0.8].
        let mut tracker = Tracker::default();
        let (mut inside, mut count) = (0, 0);
        for i in 0..6_000_u64 {
            let width = if i < 1_000 { 1.0 } else { 2.0 };
            let truth = width * ((mix(i) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0);
            let hour = (i % 24) as usize;
            let (below, above) = tracker.factors(hour);
            if i >= 3_000 {
                count += 1;
                inside += usize::from((-0.8 * below..=0.8 * above).contains(&truth));
            }
            tracker.learn(HOUR, hour, [-0.8, 0.0, 0.8], truth);
        }
        let share = f64::from(inside as u32) / f64::from(count);
        assert!((0.79..=0.83).contains(&share), "{share}");
    }

    #[test]
    fn each_stretch_of_the_day_finds_its_own_width() {
        let mut tracker = Tracker::default();
        for i in 0..20_000_u64 {
            let hour = (i % 24) as usize;
            let width = if hour < 12 { 1.0 } else { 2.0 };
            let truth = width * ((mix(i) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0);
            tracker.learn(HOUR, hour, [-0.8, 0.0, 0.8], truth);
        }
        let (day, night) = (tracker.factors(15).1, tracker.factors(3).1);
        assert!((day / night - 2.0).abs() < 0.5, "{day} and {night}");
    }

    #[test]
    fn spreading_keeps_the_median_and_the_order() {
        let values = [-2.0, -1.0, 0.5, 1.0, 7.0];
        assert_eq!(spread(&values, 2, (1.0, 1.0)), values);
        assert_eq!(
            spread(&values, 2, (2.0, 0.5)),
            [-4.5, -2.5, 0.5, 0.75, 3.75]
        );
    }
}

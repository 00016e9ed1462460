//! How far bands are spread from their median so that they cover what they promise.
//!
//! One factor below the median and one above it, each the product of a part common to
//! all hours, which follows the market within weeks, and a part of the hour of day, which
//! follows slowly. Each past forecast whose truth is known moves both:
//!
//! ```text
//! log k <- log k + gain x days x (1 if the truth lay beyond P90 (below P10), else 0  -  0.1)
//! ```
//!
//! Whether a truth lay beyond is asked of the factors as they were when the forecast was
//! issued: neighbouring steps and hours miss together, and one that widens the band for the
//! next would make it look better than it was. So, over any stretch of time and at any
//! hour, about a tenth lies beyond on either side, whatever the series does: the sum of
//! misses is bounded by the factor's range over the gain.
//!
//! # Source
//! Gibbs and Candes 2021, "Adaptive conformal inference under distribution shift"; quantile
//! tracking as in Angelopoulos, Candes, Tibshirani 2023, "Conformal PID control for time
//! series prediction". Gains were chosen on day-ahead prices of 2016 to 2022 that are not
//! the test years: docs/forecasting.md.

use std::collections::VecDeque;

use libm::{exp, log};

/// Share of truths that may lie beyond each edge of the band.
const BEYOND: f64 = 0.1;
/// Gain of the part common to all hours, per day of forecasts.
const COMMON: f64 = 0.3;
/// Gain of the part of an hour of day, per day.
const HOURLY: f64 = 0.07;
/// Bounds of the logarithm of a factor, so that one extreme event does not widen a band for long.
const LIMITS: (f64, f64) = (-1.2, 1.2);

/// Factors of one kind of forecast, moved by its past forecasts in order of issue.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tracker {
    common: [f64; 2],
    hours: [[f64; 2]; 24],
}

/// Logarithms of the factors of one forecast, below and above the median.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Factors([f64; 2]);

/// How a past forecast of one step fared: the logarithms of the factors at which each edge
/// of its band would just have met the truth.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Margin {
    /// Below and above the median; `None` for a side of no width, which no factor spreads.
    sides: [Option<f64>; 2],
    /// Up to here even P90 is the least value there is, and nothing is promised.
    nothing: f64,
}

impl Margin {
    /// Of P10, median and P90 before spreading, the least value the series can take, and
    /// the truth.
    pub(crate) fn new([low, median, high]: [f64; 3], floor: f64, truth: f64) -> Self {
        // Negative where the truth, or the floor, lies on the other side of the median: no
        // factor is so small.
        let log = |part: f64, width: f64| match part > 0.0 {
            true => log(part / width),
            false => f64::NEG_INFINITY,
        };
        let side = |part: f64, width: f64| (width > 0.0).then(|| log(part, width));
        let (below, above) = (median - low, high - median);
        Self {
            sides: [side(median - truth, below), side(truth - median, above)],
            nothing: match above > 0.0 {
                true => log(floor - median, above),
                false if median <= floor => f64::INFINITY,
                false => f64::NEG_INFINITY,
            },
        }
    }
}

/// What a past forecast stands for, in days of forecasts: among those of all hours, and
/// among those of its own hour.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Days {
    pub(crate) common: f64,
    pub(crate) hourly: f64,
}

impl Tracker {
    /// The factors that a forecast issued now is spread by.
    pub(crate) fn at(&self, hour: usize) -> Factors {
        Factors([0, 1].map(|side| {
            let log = self.common[side] + self.hours[hour][side];
            log.clamp(LIMITS.0, LIMITS.1)
        }))
    }

    /// Learns from one past forecast that was spread by those factors.
    pub(crate) fn learn(&mut self, days: Days, hour: usize, margin: &Margin, issued: Factors) {
        let Factors(logs) = issued;
        if logs[1] < margin.nothing {
            return;
        }
        for (side, edge) in margin.sides.into_iter().enumerate() {
            let Some(edge) = edge else {
                continue;
            };
            let excess = f64::from(u8::from(edge > logs[side])) - BEYOND;
            let learn = |log: &mut f64, by: f64| *log = (*log + by).clamp(LIMITS.0, LIMITS.1);
            learn(&mut self.common[side], COMMON * days.common * excess);
            learn(&mut self.hours[hour][side], HOURLY * days.hourly * excess);
        }
    }
}

/// A tracker over time: forecasts are issued, and learned from once their true values are
/// known.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    tracker: Tracker,
    /// Forecasts whose truth is not known yet, those known first in front.
    waiting: VecDeque<Issued>,
}

#[derive(Debug)]
struct Issued {
    known: i64,
    days: Days,
    hour: usize,
    margin: Margin,
    factors: Factors,
}

impl Journal {
    /// Learns from all that is known by `at`.
    pub(crate) fn advance(&mut self, at: i64) {
        while let Some(issued) = self.waiting.pop_front_if(|first| first.known <= at) {
            let Issued {
                days, hour, margin, ..
            } = issued;
            self.tracker.learn(days, hour, &margin, issued.factors);
        }
    }

    /// Issues a forecast of a step in local hour `hour` whose truth is known at `known`.
    pub(crate) fn issue(&mut self, days: Days, hour: usize, margin: Margin, known: i64) {
        let issued = Issued {
            known,
            days,
            hour,
            margin,
            factors: self.tracker.at(hour),
        };
        // Mostly at the end.
        let later = self.waiting.iter().rev();
        let later = later.take_while(|other| other.known > known).count();
        self.waiting.insert(self.waiting.len() - later, issued);
    }

    pub(crate) fn tracker(&self) -> &Tracker {
        &self.tracker
    }
}

/// Values at rising `levels`, spread from the one at `median` by the factors of either side
/// so that P10 and P90 lie where these ask; rising.
///
/// Levels nearer to the median move less, since what is wrong in the tails is mostly right
/// in the middle; those beyond P10 and P90 move with them.
pub(crate) fn spread<const N: usize>(
    values: &[f64; N],
    levels: &[f64; N],
    median: usize,
    Factors(logs): Factors,
) -> [f64; N] {
    let (middle, mut spread) = (values[median], *values);
    // From the median outwards on either side, no value inside of the one before.
    for i in median + 1..N {
        let (before, step) = (spread[i - 1], values[i] - values[i - 1]);
        spread[i] = match levels[i] <= 0.5 + REACH {
            true => (middle + part(levels[i], logs[1]) * (values[i] - middle)).max(before),
            false => before + step,
        };
    }
    for i in (0..median).rev() {
        let (before, step) = (spread[i + 1], values[i + 1] - values[i]);
        spread[i] = match levels[i] >= 0.5 - REACH {
            true => (middle + part(levels[i], logs[0]) * (values[i] - middle)).min(before),
            false => before - step,
        };
    }
    spread
}

/// Distance of P10 and P90 from the median, a little more so that rounding leaves them in.
const REACH: f64 = 0.4 + 1e-9;

/// The part of a factor that a level takes.
fn part(level: f64, log: f64) -> f64 {
    exp(log * ((level - 0.5).abs() / 0.4).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::mix;

    /// One forecast an hour.
    const HOUR: Days = Days {
        common: 1.0 / 24.0,
        hourly: 1.0,
    };

    /// Factors below and above the median.
    fn factors(tracker: &Tracker, hour: usize) -> (f64, f64) {
        let Factors([below, above]) = tracker.at(hour);
        (exp(below), exp(above))
    }

    /// Learns from a forecast issued and known at once.
    fn learn(tracker: &mut Tracker, hour: usize, margin: &Margin) {
        let issued = tracker.at(hour);
        tracker.learn(HOUR, hour, margin, issued);
    }

    fn margin(levels: [f64; 3], truth: f64) -> Margin {
        Margin::new(levels, f64::NEG_INFINITY, truth)
    }

    /// Uniform on [-1, 1).
    fn uniform(i: u64) -> f64 {
        (mix(i) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    #[test]
    fn hours_without_width_leave_the_others_as_they_are() {
        let (mut with, mut without) = (Tracker::default(), Tracker::default());
        for day in 0..1_000_u64 {
            let truth = 5.0 + 5.0 * uniform(day);
            for tracker in [&mut with, &mut without] {
                learn(tracker, 12, &margin([2.0, 5.0, 8.0], truth));
            }
            learn(&mut with, 1, &margin([0.0; 3], 0.0));
        }
        assert_eq!(factors(&with, 12), factors(&without, 12));
        assert_ne!(factors(&without, 12), (1.0, 1.0), "they learned");
    }

    #[test]
    fn a_limit_reached_is_left_at_once() {
        let mut tracker = Tracker::default();
        let repeat = |tracker: &mut Tracker, truth: f64, count: usize| {
            for _ in 0..count {
                learn(tracker, 12, &margin([2.0, 5.0, 8.0], truth));
            }
        };
        repeat(&mut tracker, 5.0, 5_000);
        let least = factors(&tracker, 12).1;
        repeat(&mut tracker, 100.0, 50);
        assert!(
            factors(&tracker, 12).1 > 2.0 * least,
            "{:?}",
            factors(&tracker, 12)
        );
    }

    #[test]
    fn coverage_comes_back_within_weeks_of_a_change() {
        // Truths uniform on [-1, 1), then twice as wide; the forecast stays at [-0.8, 0.8].
        let mut tracker = Tracker::default();
        let (mut inside, mut count) = (0_u32, 0_u32);
        for i in 0..120 * 24_u64 {
            let width = if i < 60 * 24 { 1.0 } else { 2.0 };
            let truth = width * uniform(i);
            let hour = (i % 24) as usize;
            let (below, above) = factors(&tracker, hour);
            if i >= 75 * 24 {
                count += 1;
                inside += u32::from((-0.8 * below..=0.8 * above).contains(&truth));
            }
            learn(&mut tracker, hour, &margin([-0.8, 0.0, 0.8], truth));
        }
        let share = f64::from(inside) / f64::from(count);
        assert!((0.78..=0.82).contains(&share), "{share}");
    }

    #[test]
    fn each_hour_of_the_day_finds_its_own_width() {
        let mut tracker = Tracker::default();
        for i in 0..365 * 24_u64 {
            let hour = (i % 24) as usize;
            let width = if hour == 18 { 2.0 } else { 1.0 };
            let truth = width * uniform(i);
            learn(&mut tracker, hour, &margin([-0.8, 0.0, 0.8], truth));
        }
        let (evening, noon) = (factors(&tracker, 18).1, factors(&tracker, 12).1);
        assert!((evening / noon - 2.0).abs() < 0.5, "{evening} and {noon}");
    }

    #[test]
    fn a_tenth_lies_below_p10_where_many_truths_are_zero() {
        // Half of the truths are zero and never below P10; the others make up for them.
        let mut tracker = Tracker::default();
        let (mut below, mut positive) = (0_u32, 0_u32);
        for i in 0..200 * 24_u64 {
            let is_windy = uniform(i + 1_000_000) > 0.0;
            let (middle, hour) = (if is_windy { 10.0 } else { 1.0 }, (i % 24) as usize);
            let truth = (middle + 6.0 * uniform(i)).max(0.0);
            let levels = [middle - 8.0, middle, middle + 8.0];
            let low = (middle - 8.0 * factors(&tracker, hour).0).max(0.0);
            if i > 100 * 24 {
                positive += 1;
                below += u32::from(truth < low);
            }
            learn(&mut tracker, hour, &Margin::new(levels, 0.0, truth));
        }
        let share = f64::from(below) / f64::from(positive);
        assert!((0.09..=0.11).contains(&share), "{share}");
    }

    #[test]
    fn forecasts_are_judged_by_the_factors_they_were_issued_with() {
        // Ten forecasts issued together miss together: each counts as a miss, though the
        // first alone would have widened the band enough for the others.
        let mut journal = Journal::default();
        for _ in 0..10 {
            journal.issue(HOUR, 12, margin([-1.0, 0.0, 1.0], 1.01), 5);
        }
        journal.advance(4);
        assert_eq!(factors(journal.tracker(), 12), (1.0, 1.0), "not known yet");
        journal.advance(5);
        let (_, above) = factors(journal.tracker(), 12);
        let once = (COMMON / 24.0 + HOURLY) * (1.0 - BEYOND);
        assert!((log(above) - 10.0 * once).abs() < 1e-12, "{above}");
    }

    #[test]
    fn spreading_moves_p10_and_p90_and_keeps_the_order() {
        let (values, levels) = ([-2.0, -1.0, 0.5, 1.0, 7.0], [0.05, 0.1, 0.5, 0.9, 0.95]);
        let near = |logs, want: [f64; 5]| {
            let got = spread(&values, &levels, 2, Factors(logs));
            for (got, want) in got.iter().zip(want) {
                assert!((got - want).abs() < 1e-9, "{got} for {want}");
            }
        };
        near([0.0, 0.0], values);
        near([log(2.0), log(0.5)], [-3.5, -2.5, 0.5, 0.75, 6.75]);
        // Half way to the edge the root of the factor counts; none overtakes the next.
        let got = spread(
            &[0.0, 0.9, 1.0],
            &[0.5, 0.7, 0.9],
            0,
            Factors([0.0, log(0.25)]),
        );
        assert!((got[1] - 0.45).abs() < 1e-9 && got[2] >= got[1], "{got:?}");
    }
}

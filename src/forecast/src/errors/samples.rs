//! What a model said at each hour of the past half year, and what came.

use std::collections::BTreeMap;

use crate::History;
use crate::baseline::Baseline;
use crate::calendar::{DAY, HOUR};
use crate::conformal::Tracker;

use super::{BUCKETS, ERRORS_MIN, WINDOW, band, is_near, sample_lead};

/// How far back forecasts move the trackers.
const TRACKED: i64 = 182 * DAY;
/// Every how many hours: no part of a day, so that each hour has its turn.
const STRIDE: i64 = 5;

/// One past error.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// Local hour of the middle of the interval forecast.
    pub(super) hour: usize,
    /// Truth less forecast.
    pub(super) error: f64,
}

/// What was said of one interval.
#[derive(Debug, Clone, Copy)]
struct Word {
    bucket: usize,
    width: i64,
    start: i64,
    hour: usize,
    /// The expected value; `None` where the rule had no answer.
    mean: Option<f64>,
    /// P10, P50 and P90 of the errors known at issue, once asked for; `None` where too few were.
    band: Option<Option<[f64; 3]>>,
}

/// What was said at one hour, from what was known then.
#[derive(Debug, Default)]
struct Said {
    fingerprints: [u64; 2],
    words: Vec<Word>,
}

impl Said {
    fn word(&self, bucket: usize, width: i64) -> Option<&Word> {
        let is = |w: &&Word| w.bucket == bucket && w.width == width;
        self.words.iter().find(is)
    }
}

/// What one rule of a model said of one series, by hour of issue. It is used again only for the very
/// same past, so that a new hour costs one hour's forecasts and changes no bit.
#[derive(Debug, Default)]
pub(super) struct Samples {
    said: BTreeMap<i64, Said>,
}

/// Errors per bucket of the past 28 days, and the trackers moved by the past half year.
pub(super) type Looked = ([Vec<Sample>; BUCKETS], [Tracker; BUCKETS]);

impl Samples {
    /// As known at `at`, for steps as long as `widths`.
    pub(super) fn look(
        &mut self,
        (baseline, rule): (&Baseline, usize),
        history: &History,
        series: &str,
        at: i64,
        widths: &[i64; BUCKETS],
    ) -> Looked {
        let truth = history.view(series, at);
        let Some(first) = truth.first_known() else {
            return Looked::default();
        };
        let from = (at - TRACKED - WINDOW).max(first);
        let from = from.div_euclid(HOUR) + i64::from(from.rem_euclid(HOUR) > 0);
        self.said = self.said.split_off(&from);
        let hours = from..at.div_euclid(HOUR);
        for hour in hours.clone() {
            self.ask((baseline, rule), history, series, hour, widths);
        }
        self.measure(history, series, hours.clone(), at, widths);

        let mut errors: [Vec<Sample>; BUCKETS] = Default::default();
        let mut trackers = [Tracker::default(); BUCKETS];
        for hour in hours {
            let is_tracked = hour * HOUR >= at - TRACKED && hour.rem_euclid(STRIDE) == 0;
            let is_recent = hour * HOUR >= at - WINDOW;
            if !is_tracked && !is_recent {
                continue;
            }
            for (bucket, width) in widths.iter().enumerate() {
                let Some(word) = self.said[&hour].word(bucket, *width) else {
                    continue;
                };
                let Some(value) = truth.mean(word.start, word.start + word.width) else {
                    continue;
                };
                let Some(error) = word.mean.map(|mean| value - mean) else {
                    continue;
                };
                if is_recent {
                    errors[bucket].push(Sample {
                        hour: word.hour,
                        error,
                    });
                }
                if let (true, Some(Some(band))) = (is_tracked, word.band) {
                    trackers[bucket].learn(STRIDE * HOUR, word.hour, band, error);
                }
            }
        }
        (errors, trackers)
    }

    /// Fills in what the rule said at one hour where it is not at hand.
    fn ask(
        &mut self,
        (baseline, rule): (&Baseline, usize),
        history: &History,
        series: &str,
        hour: i64,
        widths: &[i64; BUCKETS],
    ) {
        let sight = baseline.sight(history, series, hour * HOUR);
        let fingerprints = [
            sight.view.fingerprint(),
            baseline.others(history, hour * HOUR),
        ];
        let said = self.said.entry(hour).or_default();
        if said.fingerprints != fingerprints {
            said.fingerprints = fingerprints;
            said.words.clear();
        }
        let Some(frontier) = sight.view.frontier() else {
            return;
        };
        for (bucket, width) in widths.iter().copied().enumerate() {
            if said.word(bucket, width).is_some() {
                continue;
            }
            // Whole steps from the frontier on, as the steps of a forecast mostly lie.
            let steps = sample_lead(bucket, hour) / width;
            let start = frontier.saturating_add(steps * width);
            if start > i64::MAX - width {
                continue;
            }
            said.words.push(Word {
                bucket,
                width,
                start,
                hour: baseline.clock().hour(start + width / 2),
                mean: baseline.answer(rule, &sight, start, start + width),
                band: None,
            });
        }
    }

    /// Fills in the bands of the hours that move the trackers where they are not at hand,
    /// each from the errors known at its hour.
    fn measure(
        &mut self,
        history: &History,
        series: &str,
        hours: std::ops::Range<i64>,
        at: i64,
        widths: &[i64; BUCKETS],
    ) {
        let all: Vec<&Said> = self
            .said
            .range(hours.clone())
            .map(|(_, said)| said)
            .collect();
        let mut bands = Vec::new();
        let mut pool = Vec::new();
        for hour in hours.clone() {
            if hour * HOUR < at - TRACKED || hour.rem_euclid(STRIDE) != 0 {
                continue;
            }
            let index = (hour - hours.start) as usize;
            let before = &all[index.saturating_sub((WINDOW / HOUR) as usize)..index];
            let truth = history.view(series, hour * HOUR);
            for (bucket, width) in widths.iter().copied().enumerate() {
                let word = all[index].word(bucket, width);
                let Some(word) = word.filter(|w| w.band.is_none()) else {
                    continue;
                };
                pool.clear();
                pool.extend(before.iter().filter_map(|said| {
                    let past = said.word(bucket, width)?;
                    let is_like = is_near(past.hour, word.hour);
                    let value = is_like.then(|| truth.mean(past.start, past.start + width))?;
                    Some(value? - past.mean?)
                }));
                let enough = pool.len() >= ERRORS_MIN;
                bands.push((hour, bucket, width, enough.then(|| band(&mut pool))));
            }
        }
        for (hour, bucket, width, band) in bands {
            let words = self
                .said
                .get_mut(&hour)
                .into_iter()
                .flat_map(|said| &mut said.words);
            for word in words.filter(|w| w.bucket == bucket && w.width == width) {
                word.band = Some(band);
            }
        }
    }
}

//! A base forecast and two signs of the present, with weights learned for each lead.
//!
//! ```text
//! forecast(lead) = base + w1(lead) s1 + w2(lead) s2
//! w1, w2           least squares over the hours of the past 28 days, learned once a day
//! base, s1, s2     of the model: `corrected`, `course`, `ramping`
//! ```
//! So how fast an error, a warm spell or a ramp passes is learned from the series, not assumed. Both sides are clipped at six times their mean size, in learning and in
//! use: one broken value neither teaches nor moves much.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::baseline::{Rule, Sight};
use crate::calendar::{DAY, HOUR, refreshed_at};
use crate::{History, View};

/// How far back weights are learned from.
const WINDOW: i64 = 28 * DAY;
/// Leads at which weights are learned, s: from the latest known value to the middle of
/// the step. Straight in between.
const LEADS: [i64; 11] = [
    HOUR / 8,
    HOUR / 2,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
    16 * HOUR,
    24 * HOUR,
    48 * HOUR,
    96 * HOUR,
    168 * HOUR,
];
/// Half the stretch whose mean stands for the value at a lead, s.
const HALF: i64 = HOUR / 8;
/// Fewest samples that carry weights.
const SAMPLES_MIN: usize = 24;
/// Samples of no effect that are added, so that few of them say little.
const PRIOR: f64 = 5.0;
/// Multiple of the mean size beyond which a sign or an effect is clipped.
const CLIP: f64 = 6.0;
/// Learned weights kept per series: the past errors of four weeks ask for one set a day.
const KEPT: usize = 96;

/// What a model knows: the series, and the one it starts from.
pub(super) struct Past<'a> {
    pub(super) view: &'a View<'a>,
    pub(super) companion: Option<&'a View<'a>>,
}

/// What a model is made of. All values of `past` that end after `until` are not to be used.
pub(super) trait Base: Send + Sync {
    /// Name of the model.
    fn name(&self) -> &'static str;

    /// Another series it reads.
    fn companion(&self) -> Option<&str> {
        None
    }

    /// Expected mean over `[start, end)` before signs count.
    fn base(&self, past: &Past<'_>, until: i64, start: i64, end: i64) -> Option<f64>;

    /// Two signs of how the present differs from the base, in the unit of the series.
    fn signs(&self, past: &Past<'_>, until: i64) -> Option<[f64; 2]>;
}

/// The rule of a [`Base`].
pub(super) struct Learned<B> {
    base: B,
    made: Mutex<BTreeMap<String, ByTime>>,
}

/// By time: fingerprint of the past they were learned from, and the weights.
type ByTime = BTreeMap<i64, (u64, Arc<Weights>)>;

impl<B: Base> Learned<B> {
    pub(super) fn new(base: B) -> Self {
        Self {
            base,
            made: Mutex::default(),
        }
    }

    /// The weights for forecasts issued at `sight`'s time.
    fn weights(&self, sight: &Sight<'_>) -> Option<Arc<Weights>> {
        let first = sight.view.first_known()?;
        let at = refreshed_at(first, sight.view.as_of(), DAY);
        let view = sight.history.view(sight.series, at);
        let companion = self.base.companion().map(|c| sight.history.view(c, at));
        let own = view.fingerprint().rotate_left(1);
        let fingerprint = own ^ companion.as_ref().map_or(0, View::fingerprint);
        let lock = || self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, weights)) = lock().get(sight.series).and_then(|m| m.get(&at))
            && *known == fingerprint
        {
            return Some(Arc::clone(weights));
        }
        let weights = Arc::new(Weights::learn(
            &self.base,
            sight.history,
            sight.series,
            &view,
        ));
        let mut made = lock();
        let by_time = made.entry(sight.series.to_owned()).or_default();
        by_time.insert(at, (fingerprint, Arc::clone(&weights)));
        if by_time.len() > KEPT {
            by_time.pop_first();
        }
        Some(weights)
    }
}

impl<B: Base> Rule for Learned<B> {
    fn name(&self) -> &'static str {
        self.base.name()
    }

    fn companion(&self) -> Option<&str> {
        self.base.companion()
    }

    fn point(&self, sight: &Sight<'_>, start: i64, end: i64) -> Option<f64> {
        let past = Past {
            view: sight.newest(),
            companion: sight.companion.as_ref(),
        };
        let Some((until, _)) = sight.newest().latest_before(start) else {
            return self.base.base(&past, sight.view.as_of(), start, end);
        };
        let base = self.base.base(&past, until, start, end)?;
        let Some(signs) = self.base.signs(&past, until) else {
            return Some(base);
        };
        let effect = self
            .weights(sight)?
            .effect((start + end) / 2 - until, signs);
        Some(base + effect)
    }
}

/// What the signs are worth by lead.
#[derive(Debug, Clone, PartialEq)]
struct Weights {
    by_lead: [[f64; 2]; LEADS.len()],
    /// Size beyond which each sign is clipped.
    clip: [f64; 2],
}

/// One past hour: what the signs said, and what came at one lead.
type Sample = ([f64; 2], f64);

impl Weights {
    /// From what was known at each past hour, not from what was revised since; `truth` is
    /// the series as known now.
    fn learn(base: &impl Base, history: &History, series: &str, truth: &View<'_>) -> Self {
        let at = truth.as_of();
        // Values come so much later than the time they are for.
        let lag = truth.latest_before(at).map_or(0, |(until, _)| at - until);
        let mut samples: [Vec<Sample>; LEADS.len()] = Default::default();
        let mut sizes = ([0.0; 2], 0.0);
        for back in (1..=WINDOW / HOUR).rev() {
            let until = at - back * HOUR;
            let then = (until + lag).min(at);
            let view = history.view(series, then);
            let companion = base.companion().map(|name| history.view(name, then));
            let past = Past {
                view: &view,
                companion: companion.as_ref(),
            };
            let Some(signs) = base.signs(&past, until) else {
                continue;
            };
            sizes.0[0] += signs[0].abs();
            sizes.0[1] += signs[1].abs();
            sizes.1 += 1.0;
            for (lead, samples) in LEADS.iter().zip(&mut samples) {
                let (start, end) = (until + lead - HALF, until + lead + HALF);
                if let Some(value) = truth.mean(start, end)
                    && let Some(base) = base.base(&past, until, start, end)
                {
                    samples.push((signs, value - base));
                }
            }
        }
        let clip = sizes.0.map(|sum| CLIP * sum / f64::max(sizes.1, 1.0));
        Self {
            by_lead: samples.map(|samples| fit(samples, clip)),
            clip,
        }
    }

    /// What the signs add at a lead.
    fn effect(&self, lead: i64, signs: [f64; 2]) -> f64 {
        let high = LEADS.partition_point(|l| *l < lead).min(LEADS.len() - 1);
        let low = high.saturating_sub(1);
        let span = (LEADS[high] - LEADS[low]).max(1) as f64;
        let part = ((lead - LEADS[low]) as f64 / span).clamp(0.0, 1.0);
        let mut effect = 0.0;
        for (s, (sign, clip)) in signs.iter().zip(self.clip).enumerate() {
            let (near, far) = (self.by_lead[low][s], self.by_lead[high][s]);
            effect += (near + part * (far - near)) * sign.clamp(-clip, clip);
        }
        effect
    }
}

/// Least squares of the effects on both signs, drawn towards zero where there are few.
fn fit(mut samples: Vec<Sample>, clip: [f64; 2]) -> [f64; 2] {
    let count = samples.len();
    if count < SAMPLES_MIN {
        return [0.0; 2];
    }
    let size = samples.iter().map(|(_, y)| y.abs()).sum::<f64>() / count as f64;
    let (mut aa, mut ab, mut bb, mut ay, mut by) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (signs, y) in &mut samples {
        let a = signs[0].clamp(-clip[0], clip[0]);
        let b = signs[1].clamp(-clip[1], clip[1]);
        let y = y.clamp(-CLIP * size, CLIP * size);
        aa += a * a;
        ab += a * b;
        bb += b * b;
        ay += a * y;
        by += b * y;
    }
    let more = 1.0 + PRIOR / count as f64;
    let (aa, bb) = (aa * more, bb * more);
    let determinant = aa * bb - ab * ab;
    if determinant > 1e-9 * aa * bb {
        let first = (ay * bb - by * ab) / determinant;
        [first, (by * aa - ay * ab) / determinant]
    } else if aa > 0.0 {
        [ay / aa, 0.0]
    } else {
        [0.0; 2]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_found_again() {
        let samples: Vec<Sample> = (0..400)
            .map(|i| {
                let (a, b) = (f64::from(i % 7 - 3), f64::from(i % 5 - 2));
                ([a, b], 0.5 * a - 0.25 * b)
            })
            .collect();
        let [first, second] = fit(samples.clone(), [1e9; 2]);
        assert!((first - 0.5).abs() < 0.01 && (second + 0.25).abs() < 0.01);
        let mut broken = samples;
        broken[17].1 = 1e6;
        let [first, second] = fit(broken, [1e9; 2]);
        assert!(first.is_finite() && second.is_finite());
        assert_eq!(fit(vec![([1.0, 1.0], 1.0); 3], [9.0; 2]), [0.0; 2]);
        assert_eq!(fit(vec![([0.0, 0.0], 1.0); 99], [9.0; 2]), [0.0; 2]);
    }

    #[test]
    fn effects_run_straight_between_leads_and_stay_clipped() {
        let mut by_lead = [[0.0; 2]; LEADS.len()];
        (by_lead[0], by_lead[1]) = ([1.0, 0.0], [0.5, 0.0]);
        let weights = Weights {
            by_lead,
            clip: [10.0; 2],
        };
        assert_eq!(weights.effect(0, [4.0, 0.0]), 4.0);
        assert_eq!(weights.effect(LEADS[1], [4.0, 0.0]), 2.0);
        let middle = (LEADS[0] + LEADS[1]) / 2;
        assert_eq!(weights.effect(middle, [4.0, 0.0]), 3.0);
        assert_eq!(weights.effect(0, [1e9, 0.0]), 10.0);
        assert_eq!(weights.effect(i64::MAX / 2, [4.0, 0.0]), 0.0);
    }
}

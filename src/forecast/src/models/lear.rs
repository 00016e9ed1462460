//! LEAR on a history: which days are known, what is fitted, and what was fitted before.
//!
//! The forecast begins with the first market day that is not wholly known, and reaches
//! eight days. Each of its days is forecast with the inputs that are published for all
//! of it, or none; the lags of later days take the forecasts of the days before them
//! for prices. All of it depends on what is known, not on the time of asking.
//!
//! Past errors ask for past forecasts, so fits and curves are kept: a fit is used again
//! only for the very same days and values, a curve only for the very same past. The
//! errors of four weeks then cost one fit a day once, and one more for each new day.

mod days;
mod kept;

use std::sync::Arc;

use crate::History;
use crate::baseline::{Rule, Sight};
use crate::calendar::Clock;
use crate::lear::{Fit, Panel, Recipe, Transform};
use crate::seed::mix;

use days::Calendar;
use kept::Kept;

/// Days forecast ahead of the first unknown one, that one included.
const DAYS_AHEAD: usize = 8;
/// Curves kept: a few a day for the weeks that past errors look back.
const CURVES: usize = 4_096;
/// Fits kept: with and without inputs, for the weeks that past errors look back.
const FITS: usize = 160;

/// LEAR over several calibration windows, and their mean.
pub(super) struct Lear {
    name: &'static str,
    windows: &'static [usize],
    inputs: Vec<String>,
    clock: Clock,
    curves: Kept<CurveKey, Option<Arc<Curve>>>,
    fits: Kept<u64, Arc<Vec<Fit>>>,
}

/// Series, whether days beyond the first are wanted, fingerprints of prices and inputs.
type CurveKey = (String, bool, Vec<u64>);

/// Forecast prices by slot.
#[derive(Debug)]
struct Curve {
    start: i64,
    slot_s: i64,
    values: Vec<f64>,
}

impl Curve {
    fn end(&self) -> i64 {
        self.start + self.slot_s * self.values.len() as i64
    }

    /// Mean over an interval inside the curve.
    fn mean(&self, start: i64, end: i64) -> Option<f64> {
        if start < self.start || end > self.end() {
            return None;
        }
        let first = (start - self.start) / self.slot_s;
        let last = (end - 1 - self.start) / self.slot_s;
        if first == last {
            return self.values.get(first as usize).copied();
        }
        let mut sum = 0.0;
        for slot in first..=last {
            let from = self.start + slot * self.slot_s;
            let part = end.min(from + self.slot_s) - start.max(from);
            sum += self.values.get(slot as usize)? * part as f64;
        }
        Some(sum / (end - start) as f64)
    }
}

impl Lear {
    pub(super) fn new(
        name: &'static str,
        windows: &'static [usize],
        inputs: &[String],
        utc_offset_s: i64,
    ) -> Self {
        Self {
            name,
            windows,
            inputs: inputs.to_vec(),
            clock: Clock {
                offset_s: utc_offset_s,
            },
            curves: Kept::new(CURVES),
            fits: Kept::new(FITS),
        }
    }

    fn curve(&self, history: &History, series: &str, as_of: i64, far: bool) -> Option<Arc<Curve>> {
        let mut prints = vec![history.view(series, as_of).fingerprint()];
        let inputs = self.inputs.iter();
        prints.extend(inputs.map(|input| history.view(input, as_of).fingerprint()));
        let key = (series.to_owned(), far, prints);
        self.curves.get_or_make(&key, || {
            self.draw(history, series, as_of, far).map(Arc::new)
        })
    }

    fn draw(&self, history: &History, series: &str, as_of: i64, far: bool) -> Option<Curve> {
        let longest = self.windows.iter().copied().max()?;
        let calendar = Calendar::of(history, series, as_of, self.clock, longest, DAYS_AHEAD)?;
        let mut panel = calendar.panel(history, series, &self.inputs, as_of);
        let first = calendar.target();
        let ahead = if far { DAYS_AHEAD } else { 1 };
        let mut values = Vec::new();
        for target in first..first + ahead {
            let recipes = self.recipes(target, first, &panel);
            let fits = self.fits(&panel, first, &recipes);
            let day = mean(fits.iter().filter_map(|fit| fit.predict(&panel, target)))?;
            // What is known of a day that has begun stays.
            let prices = &mut panel.prices[target * panel.slots..(target + 1) * panel.slots];
            for (known, forecast) in prices.iter_mut().zip(&day) {
                if known.is_nan() {
                    *known = *forecast;
                }
            }
            values.extend(day);
        }
        Some(Curve {
            start: calendar.start(first),
            slot_s: calendar.slot_s(),
            values,
        })
    }

    /// Windows that the days before `first` fill, each once, with the inputs known for `target`.
    fn recipes(&self, target: usize, first: usize, panel: &Panel) -> Vec<Recipe> {
        let complete = |input: &usize| panel.input(*input, target).iter().all(|v| v.is_finite());
        let inputs = (0..panel.inputs.len().min(64))
            .filter(complete)
            .fold(0, |mask, input| mask | 1 << input);
        let mut windows: Vec<usize> = self.windows.iter().map(|w| (*w).min(first)).collect();
        windows.dedup();
        let recipe = |window| Recipe {
            window,
            transform: Transform::Asinh,
            inputs,
            mode: 0,
            half_life: 0.0,
            factor: 1.0,
        };
        windows.into_iter().map(recipe).collect()
    }

    fn fits(&self, panel: &Panel, first: usize, recipes: &[Recipe]) -> Arc<Vec<Fit>> {
        let mut hash = panel.hash_before(first);
        for recipe in recipes {
            hash = mix(mix(hash ^ recipe.window as u64) ^ recipe.inputs);
        }
        self.fits.get_or_make(&hash, || {
            let fit = |recipe: &Recipe| Fit::new(panel, first, *recipe);
            Arc::new(recipes.iter().filter_map(fit).collect())
        })
    }
}

impl Rule for Lear {
    fn name(&self) -> &'static str {
        self.name
    }

    fn point(&self, sight: &Sight<'_>, start: i64, end: i64) -> Option<f64> {
        let as_of = sight.view.as_of();
        if let Some(value) = self
            .curve(sight.history, sight.series, as_of, false)?
            .mean(start, end)
        {
            return Some(value);
        }
        self.curve(sight.history, sight.series, as_of, true)?
            .mean(start, end)
    }
}

/// Slot by slot; `None` of nothing.
fn mean(days: impl Iterator<Item = Vec<f64>>) -> Option<Vec<f64>> {
    let mut count = 0.0;
    let sum = days.reduce(|mut sum, day| {
        count += 1.0;
        for (total, value) in sum.iter_mut().zip(day) {
            *total += value;
        }
        sum
    })?;
    Some(sum.into_iter().map(|total| total / (count + 1.0)).collect())
}

//! Regressions of the day-ahead price on a history: which days are known, what is
//! fitted, how fits are weighed, and what was made before.
//!
//! The forecast begins with the first market day that is not wholly known, and reaches
//! eight days. Each of its days is forecast with the inputs that are published for all
//! of it; the lags of later days take the forecasts of the days before them for prices.
//! All of it depends on what is known, not on the time of asking.
//!
//! Past errors ask for past forecasts, so fits and curves are kept: a fit is used again
//! only for the very same days and values, a curve only for the very same past. The
//! errors of four weeks then cost one fit a day once, and one more for each new day.

mod days;
mod memo;
mod weighing;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::History;
use crate::baseline::{Rule, Sight};
use crate::calendar::Clock;
use crate::lear::{Fit, INPUT_LAGS, Method, Panel, Recipe};
use crate::seed::mix;

use days::{Calendar, Curve};
use memo::Memo;
use weighing::{DAYS_WEIGHED, equal, mean, weights};

/// Days forecast ahead of the first unknown one, that one included.
const DAYS_AHEAD: usize = 8;
/// Curves kept: a few a day for the weeks that past errors look back.
const CURVES: usize = 4_096;
/// Days of the members' forecasts kept, with and without inputs.
const PAST_DAYS: usize = 512;
/// Sets of fits kept: the latest days, with and without inputs.
const FITS: usize = 12;

/// LEAR, and forecasts made of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// Methods with their calibration windows, days; a method's windows rise.
    pub(super) members: &'static [(Method, usize)],
    /// Whether members count by their errors of late, or alike.
    pub(super) weighed: bool,
}

/// The kinds of the registry.
pub(super) const LEAR: Kind = Kind {
    name: "lear",
    members: &[
        (Method::Lasso, 56),
        (Method::Lasso, 84),
        (Method::Lasso, 1_092),
        (Method::Lasso, 1_456),
    ],
    weighed: false,
};
pub(super) const LEAR_56: Kind = single("lear_56", &[(Method::Lasso, 56)]);
pub(super) const LEAR_84: Kind = single("lear_84", &[(Method::Lasso, 84)]);
pub(super) const LEAR_1092: Kind = single("lear_1092", &[(Method::Lasso, 1_092)]);
pub(super) const LEAR_1456: Kind = single("lear_1456", &[(Method::Lasso, 1_456)]);
pub(super) const KERNEL: Kind = single("kernel_364", &[(Method::Kernel, 364)]);
pub(super) const LEAR_KERNEL: Kind = Kind {
    name: "lear_kernel",
    members: &[
        (Method::Lasso, 56),
        (Method::Lasso, 84),
        (Method::Lasso, 364),
        (Method::Lasso, 1_092),
        (Method::Kernel, 364),
        (Method::Kernel, 1_092),
    ],
    weighed: true,
};

const fn single(name: &'static str, members: &'static [(Method, usize)]) -> Kind {
    Kind {
        name,
        members,
        weighed: false,
    }
}

/// A kind at work on the series of a history.
pub(super) struct Lear {
    kind: Kind,
    inputs: Vec<String>,
    clock: Clock,
    curves: Memo<u64, Option<Arc<Curve>>>,
    fits: Memo<u64, Fits>,
    forecasts: Memo<u64, Arc<Forecasts>>,
}

/// Per member; `None` where a window has too few days.
type Fits = Arc<Vec<Option<Fit>>>;
/// Per member the slots of one day; `None` without a fit or a complete row.
pub(super) type Forecasts = Vec<Option<Vec<f64>>>;

/// The days known at one time, with their hashes.
struct Known {
    panel: Panel,
    hashes: Vec<u64>,
}

impl Lear {
    pub(super) fn new(kind: Kind, inputs: &[String], utc_offset_s: i64) -> Self {
        Self {
            kind,
            inputs: inputs.to_vec(),
            clock: Clock {
                offset_s: utc_offset_s,
            },
            curves: Memo::new(CURVES),
            fits: Memo::new(FITS),
            forecasts: Memo::new(PAST_DAYS),
        }
    }

    /// The curve for what was known of prices and inputs.
    fn curve(&self, history: &History, series: &str, as_of: i64, far: bool) -> Option<Arc<Curve>> {
        let name = series
            .bytes()
            .fold(u64::from(far), |hash, b| mix(hash ^ u64::from(b)));
        let names = std::iter::once(series).chain(self.inputs.iter().map(String::as_str));
        let prints = names.map(|name| history.view(name, as_of).fingerprint());
        let key = prints.fold(name, |hash, print| mix(hash ^ print));
        self.curves.get_or_make(&key, || {
            self.draw(history, series, as_of, far).map(Arc::new)
        })
    }

    /// The first unknown day, then day by day on the forecasts of those before.
    fn draw(&self, history: &History, series: &str, as_of: i64, far: bool) -> Option<Curve> {
        let windows = self.kind.members.iter().map(|(_, window)| *window);
        let reach = windows.max()? + if self.kind.weighed { DAYS_WEIGHED } else { 0 };
        let calendar = Calendar::of(history, series, as_of, self.clock, reach, DAYS_AHEAD)?;
        let panel = calendar.panel(history, series, &self.inputs, as_of);
        let (hashes, first) = (panel.day_hashes(), calendar.target());
        let mut known = Known { panel, hashes };
        let weights = if self.kind.weighed {
            weights(&self.past(&known, first), self.kind.members.len())
        } else {
            equal(self.kind.members.len())
        };
        let mut values = Vec::new();
        for target in first..first + if far { DAYS_AHEAD } else { 1 } {
            let forecasts = if target == first {
                self.forecasts(&known, first)
            } else {
                let fits = self.fits(&known, first, inputs_of(&known.panel, target));
                Arc::new(predict(&fits, &known.panel, target))
            };
            let day = mean(&forecasts, &weights)?;
            known.panel.suppose(target, &day);
            values.extend(day);
        }
        Some(calendar.curve(first, values))
    }

    /// What the members forecast for the days before, and what came.
    fn past(&self, known: &Known, first: usize) -> Vec<(Arc<Forecasts>, Vec<f64>)> {
        let days = first.saturating_sub(DAYS_WEIGHED)..first;
        days.filter(|day| known.panel.is_genuine(*day))
            .map(|day| (self.forecasts(known, day), known.panel.price(day).to_vec()))
            .collect()
    }

    /// What the members forecast for a day from the days before it.
    fn forecasts(&self, known: &Known, target: usize) -> Arc<Forecasts> {
        let inputs = inputs_of(&known.panel, target);
        let mut hash = self.hash_before(known, target, inputs);
        for input in 0..known.panel.inputs.len() {
            for value in known.panel.input(input, target) {
                hash = mix(hash ^ value.to_bits());
            }
        }
        hash = mix(hash ^ known.panel.weekday(target) as u64);
        self.forecasts.get_or_make(&hash, || {
            Arc::new(predict(
                &self.fits(known, target, inputs),
                &known.panel,
                target,
            ))
        })
    }

    fn fits(&self, known: &Known, target: usize, inputs: u64) -> Fits {
        let hash = self.hash_before(known, target, inputs);
        self.fits.get_or_make(&hash, || {
            let mut made = BTreeMap::new();
            let fit = |(method, window): &(Method, usize)| {
                // A window longer than the history takes all of it, and one such is enough.
                let window = (*window).min(target);
                if made.insert((*method as u8, window), ()).is_some() {
                    return None;
                }
                let recipe = Recipe {
                    method: *method,
                    window,
                    inputs,
                };
                Fit::new(&known.panel, target, recipe)
            };
            Arc::new(self.kind.members.iter().map(fit).collect())
        })
    }

    /// Hash of all that the fits for a day can read. The kind's longest window decides
    /// where it begins, so that a day asked for again from a later one is the same.
    fn hash_before(&self, known: &Known, target: usize, inputs: u64) -> u64 {
        let longest = self.kind.members.iter().map(|(_, window)| *window).max();
        let from = target.saturating_sub(longest.unwrap_or(0));
        let days = known.hashes[from..target].iter();
        let first = mix(inputs) ^ (target - from) as u64;
        days.fold(mix(first), |hash, day| mix(hash ^ day))
    }
}

impl Rule for Lear {
    fn name(&self) -> &'static str {
        self.kind.name
    }

    fn reads(&self) -> &[String] {
        &self.inputs
    }

    fn informed(&self, sight: &Sight<'_>, start: i64, end: i64) -> u64 {
        let as_of = sight.view.as_of();
        let is_known = |name: &String| sight.history.view(name, as_of).mean(start, end).is_some();
        let bit = |(i, name)| u64::from(is_known(name)) << i;
        self.inputs.iter().take(64).enumerate().map(bit).sum()
    }

    fn point(&self, sight: &Sight<'_>, start: i64, end: i64) -> Option<f64> {
        let as_of = sight.view.as_of();
        let curve = |far| self.curve(sight.history, sight.series, as_of, far);
        curve(false)?
            .mean(start, end)
            .or_else(|| curve(true)?.mean(start, end))
    }
}

/// The inputs of which all is known that a day's row reads.
fn inputs_of(panel: &Panel, day: usize) -> u64 {
    let is_known = |input: usize, day: usize| panel.input(input, day).iter().all(|v| v.is_finite());
    let lags = |day: usize| {
        INPUT_LAGS
            .into_iter()
            .filter_map(move |lag| day.checked_sub(lag))
    };
    (0..panel.inputs.len().min(64))
        .filter(|input| lags(day).all(|day| is_known(*input, day)))
        .fold(0, |mask, input| mask | 1 << input)
}

fn predict(fits: &Fits, panel: &Panel, target: usize) -> Forecasts {
    let one = |fit: &Option<Fit>| fit.as_ref()?.predict(panel, target);
    fits.iter().map(one).collect()
}

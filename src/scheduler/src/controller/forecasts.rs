//! What the controller expects: one forecaster per series over what was published.

use std::cell::RefCell;
use std::collections::BTreeMap;

use swingload_forecast::models::Model;
use swingload_forecast::{Forecast, History, Request};
use swingload_model::TimeGrid;
use swingload_model::forecast::Fallback;

use crate::outlook::Outlook;

/// Forecasters by series, and one for all others.
pub struct ForecastBook {
    default: Model,
    by_series: BTreeMap<String, Model>,
    seed: u64,
}

impl std::fmt::Debug for ForecastBook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let named = self.by_series.iter().map(|(s, m)| (s, m.name()));
        f.debug_map()
            .entries(named)
            .entry(&"*", &self.default.name())
            .finish()
    }
}

impl ForecastBook {
    /// `default` forecasts every series that gets no forecaster of its own; `seed` is the run's.
    pub fn new(default: Model, seed: u64) -> Self {
        Self {
            default,
            by_series: BTreeMap::new(),
            seed,
        }
    }

    /// The same book with `model` for `series`.
    #[must_use]
    pub fn with(mut self, series: impl Into<String>, model: Model) -> Self {
        self.by_series.insert(series.into(), model);
        self
    }

    /// What is expected at Unix second `now` from what `history` says was known.
    pub fn outlook<'a>(&'a self, history: &'a History, now: i64) -> Expected<'a> {
        Expected {
            book: self,
            history,
            now,
            memo: RefCell::default(),
        }
    }
}

/// Forecasts issued at one instant; each is made once.
#[derive(Debug)]
pub struct Expected<'a> {
    book: &'a ForecastBook,
    history: &'a History,
    now: i64,
    memo: RefCell<Vec<(String, Forecast)>>,
}

impl Expected<'_> {
    /// Reads from the forecast of `series` over `grid`, made now if it was not yet.
    fn read<T>(
        &self,
        series: &str,
        grid: &TimeGrid,
        (quantiles, paths): (bool, usize),
        pick: impl FnOnce(&Forecast) -> T,
    ) -> T {
        let enough = |f: &Forecast| {
            f.grid == *grid
                && (!quantiles || !f.quantiles.is_empty())
                && (paths == 0 || f.paths.len() == paths)
        };
        if let Some((_, found)) = self
            .memo
            .borrow()
            .iter()
            .find(|(name, f)| name == series && enough(f))
        {
            return pick(found);
        }
        let model = self
            .book
            .by_series
            .get(series)
            .unwrap_or(&self.book.default);
        let forecast = model.forecast(&Request {
            history: self.history,
            series,
            issued_at: self.now,
            grid,
            quantiles,
            paths,
            seed: self.book.seed,
        });
        let answer = pick(&forecast);
        self.memo.borrow_mut().push((series.to_owned(), forecast));
        answer
    }
}

impl Outlook for Expected<'_> {
    fn mean(&self, series: &str, grid: &TimeGrid) -> Vec<f64> {
        self.read(series, grid, (false, 0), |f| f.mean.clone())
    }

    fn quantile(&self, series: &str, grid: &TimeGrid, pct: u8) -> Vec<f64> {
        self.read(series, grid, (true, 0), |f| {
            f.quantile(pct)
                .expect("invariant: quantiles were asked for, at a level forecasts have")
        })
    }

    fn path(&self, series: &str, grid: &TimeGrid, path: usize, paths: usize) -> Vec<f64> {
        self.read(series, grid, (false, paths), |f| {
            f.paths.get(path).unwrap_or(&f.mean).clone()
        })
    }

    fn fallbacks(&self) -> Vec<(String, Fallback)> {
        let memo = self.memo.borrow();
        let all = memo.iter().flat_map(|(series, forecast)| {
            let named = forecast.fallbacks.iter();
            named.map(move |fallback| (series.clone(), fallback.clone()))
        });
        // Of several forecasts of one series the one with most steps speaks.
        let mut widest: BTreeMap<(String, String), Fallback> = BTreeMap::new();
        for (series, fallback) in all {
            let entry = widest.entry((series, fallback.what.clone()));
            let kept = entry.or_insert_with(|| fallback.clone());
            if fallback.steps > kept.steps {
                *kept = fallback;
            }
        }
        widest
            .into_iter()
            .map(|((series, _), f)| (series, f))
            .collect()
    }
}

/// How often decisions rested on fallbacks, by series and fallback.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FallbackLog {
    counts: BTreeMap<(String, String), FallbackCount>,
}

/// Decisions that rested on one fallback of one series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FallbackCount {
    /// How many.
    pub decisions: u64,
    /// Unix second of the first.
    pub first: i64,
    /// Unix second of the last.
    pub last: i64,
}

impl FallbackLog {
    /// Notes what one decision at `now` was told.
    pub fn note(&mut self, now: i64, outlook: &dyn Outlook) {
        for (series, fallback) in outlook.fallbacks() {
            let fresh = FallbackCount {
                decisions: 0,
                first: now,
                last: now,
            };
            let entry = self.counts.entry((series, fallback.what));
            let count = entry.or_insert(fresh);
            count.decisions += 1;
            count.last = now;
        }
    }

    /// Series, fallback and count, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, FallbackCount)> {
        let named = self.counts.iter();
        named.map(|((series, what), count)| (series.as_str(), what.as_str(), *count))
    }
}

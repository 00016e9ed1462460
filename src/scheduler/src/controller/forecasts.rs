//! What the controller expects: one forecaster per series over what was published.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use swingload_forecast::models::Model;
use swingload_forecast::{Forecast, History, Request};
use swingload_model::TimeGrid;
use swingload_model::forecast::Fallback;

use crate::outlook::Outlook;

/// Forecasters by series, and one for all others.
///
/// Controllers that are told the same publications at the same times may share one book:
/// what one of them asks is then made once for all.
pub struct ForecastBook {
    default: Model,
    by_series: BTreeMap<String, Model>,
    seed: u64,
    issued: Mutex<Issued>,
}

/// Forecasts made from one state of knowledge.
#[derive(Default)]
struct Issued {
    /// Unix second of issue, and how many observations were published by then.
    of: (i64, u64),
    forecasts: Vec<(String, Arc<Forecast>)>,
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
            issued: Mutex::default(),
        }
    }

    /// The same book with `model` for `series`.
    #[must_use]
    pub fn with(mut self, series: impl Into<String>, model: Model) -> Self {
        self.by_series.insert(series.into(), model);
        self
    }

    /// What is expected at Unix second `now` from what `history` says was known.
    pub(crate) fn outlook<'a>(&'a self, history: &'a History, now: i64) -> BookOutlook<'a> {
        BookOutlook {
            book: self,
            history,
            now,
            memo: RefCell::default(),
        }
    }
}

/// The outlook at one instant from the book's forecasters; each forecast is made once.
#[derive(Debug)]
pub(crate) struct BookOutlook<'a> {
    book: &'a ForecastBook,
    history: &'a History,
    now: i64,
    /// What was asked for so far.
    memo: RefCell<Vec<(String, Arc<Forecast>)>>,
}

impl BookOutlook<'_> {
    /// Reads from the forecast of `series` over `grid`, made now if it was not yet.
    fn read<T>(
        &self,
        series: &str,
        grid: &TimeGrid,
        quantiles: bool,
        pick: impl FnOnce(&Forecast) -> T,
    ) -> T {
        let known = found(&self.memo.borrow(), series, grid, quantiles);
        let forecast = known.unwrap_or_else(|| {
            let forecast = self.issue(series, grid, quantiles);
            let kept = (series.to_owned(), Arc::clone(&forecast));
            self.memo.borrow_mut().push(kept);
            forecast
        });
        pick(&forecast)
    }

    /// The forecast as any controller that shares the book asked for it at this instant, or a new one.
    fn issue(&self, series: &str, grid: &TimeGrid, quantiles: bool) -> Arc<Forecast> {
        let issued = self.book.issued.lock();
        let mut issued = issued.unwrap_or_else(PoisonError::into_inner);
        let of = (self.now, self.history.pushed());
        if issued.of != of {
            *issued = Issued {
                of,
                forecasts: Vec::new(),
            };
        }
        if let Some(known) = found(&issued.forecasts, series, grid, quantiles) {
            return known;
        }
        let own = self.book.by_series.get(series);
        let model = own.unwrap_or(&self.book.default);
        let forecast = Arc::new(model.forecast(&Request {
            history: self.history,
            series,
            issued_at: self.now,
            grid,
            quantiles,
            paths: 0,
            seed: self.book.seed,
        }));
        let kept = (series.to_owned(), Arc::clone(&forecast));
        issued.forecasts.push(kept);
        forecast
    }
}

/// A forecast of `series` over `grid`, with quantiles where they are asked for.
fn found(
    made: &[(String, Arc<Forecast>)],
    series: &str,
    grid: &TimeGrid,
    quantiles: bool,
) -> Option<Arc<Forecast>> {
    let enough = |f: &Forecast| f.grid == *grid && (!quantiles || !f.quantiles.is_empty());
    let (_, found) = made.iter().find(|(name, f)| name == series && enough(f))?;
    Some(Arc::clone(found))
}

impl Outlook for BookOutlook<'_> {
    fn mean(&self, series: &str, grid: &TimeGrid) -> Vec<f64> {
        self.read(series, grid, false, |f| f.mean.clone())
    }

    fn quantile(&self, series: &str, grid: &TimeGrid, pct: u8) -> Vec<f64> {
        self.read(series, grid, true, |f| {
            f.quantile(pct)
                .expect("invariant: quantiles were asked for, at a level forecasts have")
        })
    }

    fn fallbacks(&self) -> Vec<(String, Fallback)> {
        let memo = self.memo.borrow();
        let all = memo.iter().flat_map(|(series, forecast)| {
            let named = forecast.fallbacks.iter();
            named.map(move |fallback| (series.clone(), fallback.clone()))
        });
        // Of several forecasts of one series the fallback that covers most steps counts.
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
    /// Counts the fallbacks that one decision at `now` rested on.
    pub(crate) fn note(&mut self, now: i64, outlook: &dyn Outlook) {
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

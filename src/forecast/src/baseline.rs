//! What the baselines share: known values, a chain of rules, spread and paths.

use std::cell::{Cell, OnceCell};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use swingload_model::series::Unit;
use swingload_model::time::TimeGrid;

use crate::calendar::Clock;
use crate::errors::{Book, Books, Step};
use crate::models::climatology::{Table, Tables};
use crate::seed::mix;
use crate::{Forecast, Forecaster, History, Request, View};

/// A rule for the mean of a series over an interval that is not known yet.
pub(crate) trait Rule: Send + Sync {
    /// Name of the model, or of the fallback.
    fn name(&self) -> &'static str;

    /// Expected mean over `[start, end)`; `None` when the rule lacks data.
    fn point(&self, sight: &Sight<'_>, start: i64, end: i64) -> Option<f64>;

    /// Another series it reads.
    fn companion(&self) -> Option<&str> {
        None
    }

    /// Further series it reads, through the sight's history.
    fn reads(&self) -> &[String] {
        &[]
    }

    /// What it knows of its inputs over `[start, end)`, a bit for each: errors of
    /// forecasts that knew something else say nothing of this one's.
    fn informed(&self, _sight: &Sight<'_>, _start: i64, _end: i64) -> u64 {
        0
    }

    /// Whether what it says needs no spread.
    fn is_certain(&self) -> bool {
        false
    }
}

/// What a rule may look at: everything as known at one time.
pub(crate) struct Sight<'a> {
    pub(crate) view: View<'a>,
    /// The rule's [`Rule::companion`], if it has one.
    pub(crate) companion: Option<View<'a>>,
    pub(crate) history: &'a History,
    pub(crate) series: &'a str,
    tables: &'a Tables,
    table: OnceCell<Option<Arc<Table>>>,
    /// A rule's note: what the latest value, known until a Unix second, lay above the usual one.
    pub(crate) deviation: Cell<Option<(i64, f64)>>,
}

impl Sight<'_> {
    /// Means by hour of day; made only when a rule asks.
    pub(crate) fn table(&self) -> Option<&Table> {
        self.table
            .get_or_init(|| {
                self.tables
                    .get(self.history, self.series, self.view.as_of())
            })
            .as_deref()
    }
}

/// A forecaster made of rules: the first is the model, the others stand in for it.
pub(crate) struct Baseline {
    rules: Vec<Box<dyn Rule>>,
    clock: Clock,
    tables: Tables,
    books: Books,
}

/// The expected value of one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Estimate {
    pub(crate) mean: f64,
    /// Share of the step that is a forecast, 0 to 1; the rest is published or certain.
    pub(crate) open: f64,
    /// Position of the rule used; the number of rules when none had an answer.
    pub(crate) rule: usize,
}

impl Baseline {
    pub(crate) fn new(rules: Vec<Box<dyn Rule>>, clock: Clock) -> Self {
        Self {
            rules,
            clock,
            tables: Tables::new(clock),
            books: Books::default(),
        }
    }

    /// Hash of what was known, at `as_of`, of the series beside the one that is forecast.
    pub(crate) fn others(&self, history: &History, as_of: i64) -> u64 {
        let rule = &self.rules[0];
        let names = rule.companion().into_iter();
        let names = names.chain(rule.reads().iter().map(String::as_str));
        names.fold(0, |hash, name| {
            mix(hash ^ history.view(name, as_of).fingerprint())
        })
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    pub(crate) fn sight<'a>(
        &'a self,
        history: &'a History,
        series: &'a str,
        as_of: i64,
    ) -> Sight<'a> {
        Sight {
            view: history.view(series, as_of),
            companion: self.rules[0]
                .companion()
                .map(|name| history.view(name, as_of)),
            history,
            series,
            tables: &self.tables,
            table: OnceCell::new(),
            deviation: Cell::new(None),
        }
    }

    /// What the first rule knows of its inputs, see [`Rule::informed`].
    pub(crate) fn informed(&self, sight: &Sight<'_>, start: i64, end: i64) -> u64 {
        self.rules[0].informed(sight, start, end)
    }

    /// The known value where there is one, else what the first rule with data says.
    pub(crate) fn estimate(&self, sight: &Sight<'_>, start: i64, end: i64) -> Estimate {
        let (mut known, mut known_mean) = (0, 0.0);
        if sight.view.frontier().is_some_and(|f| f > start) {
            let cover = sight.view.cover(start, end);
            (known, known_mean) = (cover.seconds, cover.mean);
        }
        if known == end - start {
            return Estimate {
                mean: known_mean,
                open: 0.0,
                rule: 0,
            };
        }
        let answer = self
            .rules
            .iter()
            .enumerate()
            .find_map(|(i, rule)| rule.point(sight, start, end).map(|value| (i, value)));
        let (rule, value) = answer.unwrap_or((self.rules.len(), 0.0));
        let certain = self.rules.get(rule).is_some_and(|r| r.is_certain());
        let share = (end - start - known) as f64 / (end - start) as f64;
        // A step without any known part takes the value as it is, to the last bit.
        let mean = if known == 0 {
            value
        } else {
            value * share + known_mean * (1.0 - share)
        };
        Estimate {
            mean,
            open: if certain { 0.0 } else { share },
            rule,
        }
    }

    pub(crate) fn estimates(
        &self,
        sight: &Sight<'_>,
        grid: &TimeGrid,
        shift: i64,
    ) -> Vec<Estimate> {
        let bounds = grid.boundaries();
        bounds
            .windows(2)
            .map(|pair| self.estimate(sight, pair[0] - shift, pair[1] - shift))
            .collect()
    }

    /// Where the steps stand that are forecasts at least in part; `None` for the others.
    fn steps(
        &self,
        sight: &Sight<'_>,
        grid: &TimeGrid,
        estimates: &[Estimate],
    ) -> Vec<Option<Step>> {
        let step = |(i, estimate): (usize, &Estimate)| {
            let (start, end) = (grid.start_s(i), grid.end_s(i));
            let latest = sight.view.latest_before(start);
            (estimate.open > 0.0).then(|| Step {
                lead: latest.map_or(i64::MAX, |(until, _)| start.saturating_sub(until)),
                hour: self.clock.hour((start + end) / 2),
                informed: self.informed(sight, start, end),
            })
        };
        estimates.iter().enumerate().map(step).collect()
    }

    fn fallback(&self, estimates: &[Estimate], book: Option<&Book>) -> Option<String> {
        let mut counts = BTreeMap::new();
        for estimate in estimates.iter().filter(|e| e.rule > 0) {
            *counts.entry(estimate.rule).or_insert(0_usize) += 1;
        }
        let mut text = String::new();
        for (rule, count) in counts {
            let name = self.rules.get(rule).map_or("zero", |r| r.name());
            let sep = if text.is_empty() { "" } else { ", " };
            let _ = write!(text, "{sep}{name} in {count} of {} steps", estimates.len());
        }
        if book.is_some_and(Book::is_empty) && estimates.iter().any(|e| e.open > 0.0) {
            let sep = if text.is_empty() { "" } else { ", " };
            let _ = write!(text, "{sep}no past errors, so no spread");
        }
        (!text.is_empty()).then_some(text)
    }
}

impl Forecaster for Baseline {
    fn name(&self) -> &str {
        self.rules[0].name()
    }

    fn forecast(&self, request: &Request<'_>) -> Forecast {
        let Request {
            history,
            series,
            issued_at,
            grid,
            ..
        } = *request;
        let sight = self.sight(history, series, issued_at);
        let mut estimates = self.estimates(&sight, grid, 0);
        let floor = floor(history.unit(series));
        for estimate in estimates.iter_mut().filter(|e| e.open > 0.0) {
            estimate.mean = estimate.mean.max(floor);
        }

        let wanted = request.quantiles || request.paths > 0;
        let steps = match wanted {
            true => self.steps(&sight, grid, &estimates),
            false => Vec::new(),
        };
        let open: Vec<Step> = steps.iter().copied().flatten().collect();
        let book = wanted.then(|| {
            self.books
                .get(self, history, series, &sight.view, (grid, &open))
        });
        let book = book.as_ref();
        let spread: Vec<[f64; 19]> = match book {
            Some(book) => (estimates.iter().zip(&steps))
                .map(|(estimate, step)| match step {
                    Some(step) => book.spread(estimate, step, floor),
                    None => [estimate.mean; 19],
                })
                .collect(),
            None => Vec::new(),
        };
        let paths = if request.paths > 0 {
            crate::paths::draw(self, request, &estimates, &spread, floor)
        } else {
            Vec::new()
        };
        Forecast {
            issued_at,
            mean: estimates.iter().map(|e| e.mean).collect(),
            quantiles: if request.quantiles {
                spread
            } else {
                Vec::new()
            },
            paths,
            model: self.name().to_owned(),
            fallback: self.fallback(&estimates, book),
            grid: grid.clone(),
        }
    }
}

/// Least value a series can take: power and numbers of GPUs are never below zero.
pub(crate) fn floor(unit: Option<&Unit>) -> f64 {
    match unit {
        Some(Unit::Megawatt | Unit::Gpus) => 0.0,
        _ => f64::NEG_INFINITY,
    }
}

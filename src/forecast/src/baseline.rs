//! What the baselines share: known values, a chain of rules, spread and paths.

use std::cell::{Cell, OnceCell};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use swingload_model::forecast::Fallback;
use swingload_model::series::Unit;
use swingload_model::time::TimeGrid;

use crate::calendar::Clock;
use crate::errors::{MEDIAN, PastErrorsCache, Step, Stretch};
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

    /// Which of its inputs are known over `[start, end)`, a bit for each: a forecast has the band
    /// of past forecasts that knew the same inputs.
    fn informed(&self, _sight: &Sight<'_>, _start: i64, _end: i64) -> u64 {
        0
    }

    /// Whether its forecasts are certain, so that they have no spread.
    fn is_certain(&self) -> bool {
        false
    }
}

/// What a rule may look at: everything as known at one time.
pub(crate) struct Sight<'a> {
    /// What may be learned from.
    pub(crate) view: View<'a>,
    /// What is published, doubtful values too; while learning the same as `view`.
    believed: View<'a>,
    /// The rule's [`Rule::companion`], if it has one.
    pub(crate) companion: Option<View<'a>>,
    pub(crate) history: &'a History,
    pub(crate) series: &'a str,
    tables: &'a Tables,
    table: OnceCell<Option<Arc<Table>>>,
    /// A rule's note: what the latest value, known until a Unix second, lay above the usual one.
    pub(crate) deviation: Cell<Option<(i64, f64)>>,
}

impl<'a> Sight<'a> {
    /// Where the forecast starts from, see [`View::is_ahead_of`].
    pub(crate) fn newest(&self) -> &View<'a> {
        match self.starts_from_doubtful() {
            true => &self.believed,
            false => &self.view,
        }
    }

    /// Whether that is a doubtful value.
    pub(crate) fn starts_from_doubtful(&self) -> bool {
        self.believed.is_ahead_of(&self.view)
    }

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
    past_errors: PastErrorsCache,
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
            past_errors: PastErrorsCache::default(),
        }
    }

    /// Hash of what was known, at `as_of`, of the series beside the one that is forecast.
    pub(crate) fn others(&self, history: &History, as_of: i64) -> u64 {
        self.reads().into_iter().fold(0, |hash, name| {
            mix(hash ^ history.view(name, as_of).fingerprint())
        })
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    /// For a decision: doubtful values count.
    pub(crate) fn deciding<'a>(
        &'a self,
        history: &'a History,
        series: &'a str,
        as_of: i64,
    ) -> Sight<'a> {
        let companion = self.rules[0].companion();
        Sight {
            believed: history.believed(series, as_of),
            companion: companion.map(|name| history.believed(name, as_of)),
            ..self.learning(history, series, as_of)
        }
    }

    /// For learning and hindcasts: as if doubtful values had never been published.
    pub(crate) fn learning<'a>(
        &'a self,
        history: &'a History,
        series: &'a str,
        as_of: i64,
    ) -> Sight<'a> {
        let companion = self.rules[0].companion();
        let view = history.view(series, as_of);
        Sight {
            believed: view.clone(),
            view,
            companion: companion.map(|name| history.view(name, as_of)),
            history,
            series,
            tables: &self.tables,
            table: OnceCell::new(),
            deviation: Cell::new(None),
        }
    }

    /// The published value where there is one, else what the first rule with data says.
    pub(crate) fn estimate(&self, sight: &Sight<'_>, start: i64, end: i64) -> Estimate {
        let (mut known, mut known_mean) = (0, 0.0);
        if sight.believed.frontier().is_some_and(|f| f > start) {
            let cover = sight.believed.cover(start, end);
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

    /// What one of the rules knows of its inputs, see [`Rule::informed`].
    pub(crate) fn informed(&self, rule: usize, sight: &Sight<'_>, start: i64, end: i64) -> u64 {
        (self.rules.get(rule)).map_or(0, |rule| rule.informed(sight, start, end))
    }

    /// What one of the rules says, whatever is known; `None` when it lacks data.
    pub(crate) fn answer(
        &self,
        rule: usize,
        sight: &Sight<'_>,
        start: i64,
        end: i64,
    ) -> Option<f64> {
        self.rules.get(rule)?.point(sight, start, end)
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

    /// The rules that stood in, in their order.
    fn fallbacks(&self, estimates: &[Estimate]) -> Vec<Fallback> {
        let mut counts = BTreeMap::new();
        for estimate in estimates.iter().filter(|e| e.rule > 0) {
            *counts.entry(estimate.rule).or_insert(0_usize) += 1;
        }
        let named = |(rule, steps): (usize, usize)| Fallback {
            what: self.rules.get(rule).map_or("zero", |r| r.name()).to_owned(),
            steps,
            extent: None,
        };
        counts.into_iter().map(named).collect()
    }

    /// Lead, hour and rule of the steps that are forecast at least in part; `None` for the others.
    fn steps(
        &self,
        sight: &Sight<'_>,
        grid: &TimeGrid,
        estimates: &[Estimate],
    ) -> Vec<Option<Step>> {
        let step = |(i, estimate): (usize, &Estimate)| {
            let (start, end) = (grid.start_s(i), grid.end_s(i));
            let latest = sight.view.latest_before(start);
            let is_open = estimate.open > 0.0 && estimate.rule < self.rules.len();
            is_open.then(|| Step {
                lead: latest.map_or(i64::MAX, |(until, _)| start.saturating_sub(until)),
                hour: self.clock.hour((start + end) / 2),
                rule: estimate.rule,
                informed: self.informed(estimate.rule, sight, start, end),
            })
        };
        estimates.iter().enumerate().map(step).collect()
    }

    /// The bands of all steps, each from the errors of the rule that answered for it.
    fn bands(
        &self,
        request: &Request<'_>,
        sight: &Sight<'_>,
        estimates: &[Estimate],
        floor: f64,
    ) -> Bands {
        let Request {
            history, series, ..
        } = *request;
        let steps = self.steps(sight, request.grid, estimates);
        let open: Vec<Step> = steps.iter().copied().flatten().collect();
        let of = (request.grid, &*open);
        let past_errors = self.past_errors.get(self, history, series, &sight.view, of);
        let silence = history.silence(series, request.issued_at);
        let mut bands = Bands::default();
        for (estimate, step) in estimates.iter().zip(&steps) {
            let Some(step) = step else {
                bands.spread.push([estimate.mean; 19]);
                bands.stretches.push(None);
                continue;
            };
            let mut band = past_errors.spread(estimate, step, floor);
            if let Some(silence) = silence {
                // A band is never narrower than if the feed were not silent.
                let on_time = past_errors.spread(estimate, &step.sooner(silence), floor);
                band = wider(&band, &on_time);
            }
            bands.spread.push(band);
            let stretch = (request.paths > 0).then(|| past_errors.stretch(step));
            bands.stretches.push(stretch);
            bands.scant += usize::from(past_errors.is_scant(step));
        }
        bands
    }
}

/// Bands and path errors, per step.
#[derive(Default)]
pub(crate) struct Bands {
    /// Values at the quantile levels.
    pub(crate) spread: Vec<[f64; 19]>,
    /// How paths spread past errors; `None` where nothing is uncertain or paths are not wanted.
    pub(crate) stretches: Vec<Option<Stretch>>,
    /// Number of steps whose rule has too few past errors for a band of these alone.
    scant: usize,
}

impl Forecaster for Baseline {
    fn name(&self) -> &str {
        self.rules[0].name()
    }

    fn reads(&self) -> Vec<&str> {
        let rule = &self.rules[0];
        let inputs = rule.reads().iter().map(String::as_str);
        rule.companion().into_iter().chain(inputs).collect()
    }

    fn forecast(&self, request: &Request<'_>) -> Forecast {
        let Request {
            history,
            series,
            issued_at,
            grid,
            ..
        } = *request;
        let sight = self.deciding(history, series, issued_at);
        let mut estimates = self.estimates(&sight, grid, 0);
        let floor = floor(history.unit(series));
        for estimate in estimates.iter_mut().filter(|e| e.open > 0.0) {
            estimate.mean = estimate.mean.max(floor);
        }

        let bands = match request.quantiles || request.paths > 0 {
            true => self.bands(request, &sight, &estimates, floor),
            false => Bands::default(),
        };
        let mut fallbacks = self.fallbacks(&estimates);
        if bands.scant > 0 {
            fallbacks.push(Fallback {
                what: "band of few past errors".to_owned(),
                steps: bands.scant,
                extent: None,
            });
        }
        let paths = if request.paths > 0 {
            crate::paths::draw(self, request, &estimates, &bands, floor)
        } else {
            Vec::new()
        };
        Forecast {
            issued_at,
            mean: estimates.iter().map(|e| e.mean).collect(),
            quantiles: if request.quantiles {
                bands.spread
            } else {
                Vec::new()
            },
            paths,
            model: self.name().to_owned(),
            fallbacks,
            grid: grid.clone(),
        }
    }
}

/// On either side of the median whichever lies further out.
fn wider(a: &[f64; 19], b: &[f64; 19]) -> [f64; 19] {
    std::array::from_fn(|i| match i.cmp(&MEDIAN) {
        Ordering::Less => a[i].min(b[i]),
        Ordering::Equal => a[i],
        Ordering::Greater => a[i].max(b[i]),
    })
}

/// Least value a series can take: power and numbers of GPUs are never below zero.
pub(crate) fn floor(unit: Option<&Unit>) -> f64 {
    match unit {
        Some(Unit::Megawatt | Unit::Gpus) => 0.0,
        _ => f64::NEG_INFINITY,
    }
}

//! Network difficulty: constant to the next retarget, then as blocks came, then drift.
//!
//! ```text
//! D ---------------|  D 14 d / T --------------|  g D ...        retargets every 2016 blocks
//! begin   issue    begin + T                   + 14 d / g
//!   x known       T: time the whole period takes, from blocks so far and the drift g
//! ```
//! The drift is half the mean growth of the last six periods. With the hashrate observed
//! from block times as an input (EH/s, such as a day's blocks give), the part of the period
//! that has passed is known, and only the rest is uncertain.
//!
//! # Source
//! Retarget rule: Bitcoin Core, `CalculateNextWorkRequired`: times 14 d / T, within 4 and
//! 1/4. Drift and its spread: periods from June 2017 to December 2024; half the mean of six
//! left a mean absolute error of 0.047 in the logarithm, no drift 0.051.

use libm::{cos, exp, log, sqrt};
use rand_chacha::rand_core::Rng;
use swingload_model::forecast::Fallback;
use swingload_model::time::TimeGrid;

use crate::calendar::{DAY, HOUR};
use crate::seed::generator;
use crate::{Forecast, Forecaster, Request, View};

/// Blocks of a period, and the seconds one should take.
const BLOCKS: f64 = 2016.0;
const BLOCK_S: f64 = 600.0;
/// Seconds a period should take.
const PERIOD: f64 = BLOCKS * BLOCK_S;
/// Hashes of one unit of difficulty, divided by those of one EH/s in a second.
const EXAHASH: f64 = 4_294_967_296.0 / 1e18;
/// Standard deviation of a period's growth around its drift, in the logarithm, and the
/// periods this counts for beside those that are known.
const SPREAD: f64 = 0.06;
const SPREAD_WEIGHT: f64 = 3.0;
/// Periods whose growth is the drift, and the part of it that is kept.
const PERIODS: usize = 6;
const KEPT: f64 = 0.5;
/// Longest period that is looked for.
const PERIOD_MAX: i64 = 40 * DAY;
/// Standard normal quantiles at the levels of forecasts.
const NORMAL: [f64; 19] = [
    -1.6449, -1.2816, -1.0364, -0.8416, -0.6745, -0.5244, -0.3853, -0.2533, -0.1257, 0.0, 0.1257,
    0.2533, 0.3853, 0.5244, 0.6745, 0.8416, 1.0364, 1.2816, 1.6449,
];

/// The model; its first input, where there is one, is the observed hashrate in EH/s.
#[derive(Debug, Clone)]
pub(super) struct Difficulty {
    hashrate: Option<String>,
}

impl Difficulty {
    pub(super) fn new(inputs: &[String]) -> Self {
        Self {
            hashrate: inputs.first().cloned(),
        }
    }
}

/// What is expected, as known at one time.
#[derive(Debug, Clone, Copy)]
struct Outlook {
    /// Latest difficulty.
    now: f64,
    /// Second of the next retarget, and the logarithm of what it multiplies by.
    next: f64,
    growth: f64,
    /// Standard deviation of that logarithm.
    spread: f64,
    /// Growth of later periods in the logarithm, and its variance.
    drift: f64,
    variance: f64,
}

impl Outlook {
    fn new(view: &View<'_>, hashrate: Option<&View<'_>>) -> Option<Self> {
        let (until, now) = view.latest_before(view.as_of())?;
        let until = until.min(view.as_of());
        if now <= 0.0 {
            return None;
        }
        let begin = begin(view, until, now);
        let (drift, variance) = drift(view, begin, now);
        // What a silent feed would have said since does not show how long the period lasts.
        let passed = (until - begin).max(0) as f64;
        // Blocks seen, and the seconds they took.
        let seen = hashrate.and_then(|hashrate| {
            let last = hashrate.latest_before(view.as_of())?.0;
            let cover = hashrate.cover(begin, last.max(begin));
            let rate = cover.mean / (now * EXAHASH / BLOCK_S);
            let seconds = cover.seconds as f64;
            (seconds > 0.0 && rate > 0.2 && rate < 5.0).then(|| (rate * seconds / BLOCK_S, seconds))
        });
        let usual = exp(drift);
        let (blocks, seconds) = seen.unwrap_or((0.0, 0.0));
        let blocks = blocks.min(BLOCKS - 1.0);
        // The drift tells as much as so many blocks.
        let prior = 1.0 / variance;
        let rate = (blocks + prior * usual) / (seconds / BLOCK_S + prior);
        // A period that is not over yet has taken longer than has passed.
        let whole = (seconds + (BLOCKS - blocks) * BLOCK_S / rate).max(passed + HOUR as f64);
        let left = 1.0 - blocks / BLOCKS;
        Some(Self {
            now,
            next: begin as f64 + whole,
            growth: log((PERIOD / whole).clamp(0.25, 4.0)),
            spread: left * sqrt(variance + 1.0 / (BLOCKS * left)),
            drift,
            variance,
        })
    }

    /// Logarithm of what the difficulty at `at` is a multiple of, and its standard deviation.
    fn at(&self, at: f64) -> (f64, f64) {
        if at < self.next {
            return (0.0, 0.0);
        }
        let later = libm::floor((at - self.next) * exp(self.drift) / PERIOD);
        let variance = self.spread * self.spread + later * self.variance;
        (self.growth + later * self.drift, sqrt(variance))
    }
}

/// Per step of the grid: expected value and standard deviation of its logarithm; `None`
/// where nothing is known.
fn course(view: &View<'_>, outlook: Option<Outlook>, grid: &TimeGrid) -> Vec<Option<(f64, f64)>> {
    let step = |k: usize| {
        let (start, end) = (grid.start_s(k), grid.end_s(k));
        if let Some(known) = view.mean(start, end) {
            return Some((known, 0.0));
        }
        let outlook = outlook?;
        let (log_multiple, spread) = outlook.at(0.5 * (start + end) as f64);
        Some((outlook.now * exp(log_multiple), spread))
    };
    (0..grid.len()).map(step).collect()
}

/// When the period of the latest value began, at most an hour early: the value does not
/// hold before.
fn begin(view: &View<'_>, until: i64, now: f64) -> i64 {
    let held = |at: i64| view.latest_before(at).is_some_and(|(_, v)| v == now);
    let mut first = until;
    for stride in [DAY, HOUR] {
        while until - first < PERIOD_MAX && held(first - stride) {
            first -= stride;
        }
    }
    first - HOUR
}

/// Growth to expect of a period in the logarithm, and its variance, from as many of the last
/// ones as are known.
fn drift(view: &View<'_>, mut begins: i64, now: f64) -> (f64, f64) {
    let (mut growth, mut value) = (Vec::new(), now);
    while growth.len() < PERIODS
        && let Some((until, before)) = view.latest_before(begins)
        && before > 0.0
    {
        growth.push(log(value / before).clamp(-0.3, 0.3));
        (begins, value) = (begin(view, until, before), before);
    }
    let count = growth.len() as f64;
    let drift = KEPT * growth.iter().sum::<f64>() / count.max(1.0);
    let squares: f64 = growth.iter().map(|g| (g - drift) * (g - drift)).sum();
    let prior = SPREAD_WEIGHT * SPREAD * SPREAD;
    (drift, (prior + squares) / (SPREAD_WEIGHT + count))
}

impl Forecaster for Difficulty {
    fn name(&self) -> &str {
        "difficulty"
    }

    fn reads(&self) -> Vec<&str> {
        self.hashrate.as_deref().into_iter().collect()
    }

    fn forecast(&self, request: &Request<'_>) -> Forecast {
        let Request {
            history,
            series,
            issued_at,
            grid,
            ..
        } = *request;
        let view = history.newest(series, issued_at);
        let hashrate = self.hashrate.as_ref().map(|h| history.newest(h, issued_at));
        let outlook = Outlook::new(&view, hashrate.as_ref());
        let course = course(&view, outlook, grid);
        let empty = course.iter().filter(|step| step.is_none()).count();
        let course: Vec<(f64, f64)> = course.into_iter().map(Option::unwrap_or_default).collect();
        let silent = hashrate.is_some_and(|h| h.frontier().is_none_or(|f| f < issued_at - 3 * DAY));
        let named = |what: &str, steps| Fallback {
            what: what.to_owned(),
            steps,
            extent: None,
        };
        let mut fallbacks = Vec::new();
        if empty > 0 {
            fallbacks.push(named("zero", empty));
        } else if silent {
            fallbacks.push(named("drift alone", grid.len()));
        }
        let at = |z: f64| move |(mean, spread): &(f64, f64)| mean * exp(z * spread);
        let mut draws = generator(request.seed, series, issued_at);
        let mut path = || course.iter().map(at(normal(&mut draws))).collect();
        Forecast {
            issued_at,
            mean: course.iter().map(|(mean, _)| *mean).collect(),
            quantiles: if request.quantiles {
                let of = |step: &(f64, f64)| NORMAL.map(|z| at(z)(step));
                course.iter().map(of).collect()
            } else {
                Vec::new()
            },
            paths: (0..request.paths).map(|_| path()).collect(),
            model: self.name().to_owned(),
            fallbacks,
            grid: grid.clone(),
        }
    }
}

/// A standard normal number, by Box and Muller.
fn normal(draws: &mut impl Rng) -> f64 {
    let mut uniform = || ((draws.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
    let radius = sqrt(-2.0 * log(uniform()));
    radius * cos(std::f64::consts::TAU * uniform())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::History;
    use swingload_model::series::{Observation, Unit};

    /// Periods of `days` each at rising difficulty, hour by hour, the last one `into` days old.
    fn history(days: i64, periods: i64, into: i64) -> (History, i64) {
        let mut history = History::new();
        history.declare("difficulty", Unit::Difficulty);
        let now = ((periods - 1) * days + into) * DAY;
        for start in (0..now).step_by(HOUR as usize) {
            let value = 1e13 * exp(0.02 * (start / (days * DAY)) as f64);
            let observation = Observation {
                start,
                end: start + HOUR,
                value,
                known_at: start,
            };
            history.push("difficulty", observation).expect("valid");
        }
        (history, now)
    }

    fn ask(history: &History, now: i64, inputs: &[String]) -> Forecast {
        let grid = TimeGrid::from_boundaries((0..=20).map(|d| now + d * DAY).collect());
        Difficulty::new(inputs).forecast(&Request {
            history,
            series: "difficulty",
            issued_at: now,
            grid: &grid.expect("rising"),
            quantiles: true,
            paths: 3,
            seed: 1,
        })
    }

    #[test]
    fn it_holds_to_the_retarget_and_drifts_after() {
        let (history, now) = history(14, 8, 10);
        let forecast = ask(&history, now, &[]);
        let latest = 1e13 * exp(0.02 * 7.0);
        assert!((forecast.mean[0] / latest - 1.0).abs() < 1e-12);
        assert_eq!(forecast.quantiles[2][0], forecast.quantiles[2][18]);
        // Half the growth of a period lies ahead, four days on.
        let after = log(forecast.mean[6] / latest);
        assert!((after - 0.01).abs() < 0.004, "{after}");
        let [low, high] = [forecast.quantiles[6][1], forecast.quantiles[6][17]];
        assert!(low < 0.95 * high && forecast.fallbacks.is_empty());
        assert!(forecast.paths.iter().all(|p| p[0] == forecast.mean[0]));
    }

    #[test]
    fn blocks_that_came_fast_bring_the_retarget_and_raise_it() {
        let (mut history, now) = history(14, 8, 10);
        history.declare("hashrate", Unit::One);
        let latest = 1e13 * exp(0.02 * 7.0);
        for start in (now - 10 * DAY..now).step_by(DAY as usize) {
            let observation = Observation {
                start,
                end: start + DAY,
                value: 1.1 * latest * EXAHASH / BLOCK_S,
                known_at: start + DAY,
            };
            history.push("hashrate", observation).expect("valid");
        }
        let forecast = ask(&history, now, &["hashrate".to_owned()]);
        let after = log(forecast.mean[5] / latest);
        assert!((after - log(1.1)).abs() < 0.02, "{after}");
        let band = |f: &Forecast| log(f.quantiles[6][17] / f.quantiles[6][1]);
        assert!(band(&forecast) < 0.5 * band(&ask(&history, now, &[])));
        assert_eq!(
            ask(&history, now + 9 * DAY, &["no".to_owned()])
                .fallback_text()
                .as_deref(),
            Some("drift alone in 20 of 20 steps")
        );
    }
}

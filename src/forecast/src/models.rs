//! The models by name: one file each, one line each in `MODELS`.

pub(crate) mod climatology;
mod corrected;
mod course;
mod difficulty;
mod hashprice;
mod lear;
mod learned;
mod perfect;
mod persistence;
mod published;
mod ramping;
mod realtime;
mod reverting;
mod seasonal;
mod watched;

use swingload_model::series::Series;

use crate::Forecaster;
use crate::baseline::{Baseline, Rule};
use crate::calendar::Clock;

use climatology::Climatology;
use corrected::Corrected;
use course::Course;
use difficulty::Difficulty;
use hashprice::Hashprice;
use lear::{KERNEL, Kind, LEAR, LEAR_56, LEAR_84, LEAR_1092, LEAR_1456, LEAR_KERNEL, Lear};
use learned::Learned;
use perfect::Perfect;
use persistence::Persistence;
use published::Published;
use ramping::Ramping;
use realtime::Realtime;
use reverting::Reverting;
use seasonal::{DAY, Seasonal, WEEK};
use watched::Watched;

/// What some models need beyond the history.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// Series of the history that carries published forecasts, for `published`.
    pub published: Option<&'a str>,
    /// Other series of the history the model may read, such as forecasts of load and wind.
    pub inputs: &'a [String],
    /// What will happen, for `perfect`: a yardstick, never for control.
    pub truth: Option<&'a Series>,
    /// Distance of the local clock from UTC, s (east positive), for hours of day and weekends.
    pub utc_offset_s: i64,
}

/// A forecaster that any thread may use.
pub type Model = Box<dyn Forecaster + Send + Sync>;

type Build = fn(&Options<'_>) -> Option<Model>;

const PERFECT: &str = "perfect";

/// All models: name and constructor.
const MODELS: &[(&str, Build)] = &[
    ("persistence", |o| baseline(o, Persistence, &[])),
    ("seasonal_naive_day", |o| baseline(o, DAY, &[])),
    ("seasonal_naive_week", |o| baseline(o, WEEK, &[DAY])),
    ("climatology", |o| baseline(o, Climatology, &[])),
    ("reverting", |o| baseline(o, Reverting, &[DAY])),
    ("published", |o| {
        baseline(o, Published::new(o.published?), &[DAY])
    }),
    (LEAR.name, |o| lear(o, LEAR)),
    (LEAR_56.name, |o| lear(o, LEAR_56)),
    (LEAR_84.name, |o| lear(o, LEAR_84)),
    (LEAR_1092.name, |o| lear(o, LEAR_1092)),
    (LEAR_1456.name, |o| lear(o, LEAR_1456)),
    (KERNEL.name, |o| lear(o, KERNEL)),
    (LEAR_KERNEL.name, |o| lear(o, LEAR_KERNEL)),
    ("corrected", |o| {
        baseline(o, Learned::new(Corrected::new(o.published?)), &[DAY])
    }),
    ("ramping", |o| baseline(o, Learned::new(Ramping), &[DAY])),
    ("temperature", |o| {
        baseline(o, Learned::new(Course::temperature(clock(o))), &[DAY])
    }),
    ("load", |o| {
        baseline(o, Learned::new(Course::load(clock(o))), &[WEEK, DAY])
    }),
    ("difficulty", |o| Some(Box::new(Difficulty::new(o.inputs)))),
    ("hashprice", |o| {
        let plain = chain(o, Persistence, &[]);
        Some(Box::new(Hashprice::new(o.inputs, plain)))
    }),
    ("realtime", |o| Some(Box::new(realtime(o)))),
    (PERFECT, |o| baseline(o, Perfect::new(o.truth?), &[DAY])),
];

/// Names of all models.
pub fn names() -> impl Iterator<Item = &'static str> {
    MODELS.iter().map(|(name, _)| *name)
}

/// The model of that name. One instance serves any number of series, except
/// `published`, `corrected` and `perfect`, which belong to the one their option speaks of.
///
/// `None` when no model has the name, or when the option it needs is absent:
/// [`Options::published`] for `published` and `corrected`, [`Options::truth`] for `perfect`.
pub fn model(name: &str, options: &Options<'_>) -> Option<Model> {
    let (_, build) = MODELS.iter().find(|(known, _)| *known == name)?;
    let model = build(options)?;
    // The yardstick reads nothing but the truth.
    Some(match name {
        PERFECT => model,
        _ => Box::new(Watched::new(model)),
    })
}

fn lear(options: &Options<'_>, kind: Kind) -> Option<Model> {
    let rule = Lear::new(kind, options.inputs, options.utc_offset_s);
    baseline(options, rule, &[WEEK, DAY])
}

/// The local clock.
fn clock(options: &Options<'_>) -> Clock {
    Clock {
        offset_s: options.utc_offset_s,
    }
}

/// The rule with those that stand in for it: the ones named, then climatology, then
/// the last value. With nothing known at all the forecast is zero.
fn baseline(
    options: &Options<'_>,
    rule: impl Rule + 'static,
    fallbacks: &[Seasonal],
) -> Option<Model> {
    Some(Box::new(chain(options, rule, fallbacks)))
}

fn chain(options: &Options<'_>, rule: impl Rule + 'static, fallbacks: &[Seasonal]) -> Baseline {
    let mut rules: Vec<Box<dyn Rule>> = vec![Box::new(rule)];
    for fallback in fallbacks {
        rules.push(Box::new(*fallback));
    }
    if rules[0].name() != Climatology.name() {
        rules.push(Box::new(Climatology));
    }
    if rules[0].name() != Persistence.name() {
        rules.push(Box::new(Persistence));
    }
    Baseline::new(rules, clock(options))
}

/// The model with the published series, if there is one, as its first input.
fn realtime(options: &Options<'_>) -> Realtime {
    let published = options.published.map(str::to_owned);
    let rest = options.inputs.iter().cloned();
    let mut inputs: Vec<String> = published.into_iter().chain(rest).collect();
    let mut seen = Vec::new();
    inputs.retain(|name| {
        !seen.contains(name) && {
            seen.push(name.clone());
            true
        }
    });
    Realtime::new(chain(options, Reverting, &[DAY]), inputs, clock(options))
}

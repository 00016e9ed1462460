//! From the keys of an evaluation file to a valid [`Evaluation`].

mod candidates;
mod occasions;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::file::EvaluationFile;
use super::{Calendar, Evaluation, Target};
use crate::diagnostic::Diagnostics;
use crate::document::{Document, near};
use crate::forecast::QUANTILE_LEVELS;
use crate::scenario::build::Builder;
use crate::series::Unit;
use crate::time::Seconds;

use candidates::candidates;
use occasions::{count, issues, steps};

/// Most values forecast: issues times steps times models. Each holds its quantiles, 160 B.
const VALUES_MAX: usize = 8_000_000;

/// Builds the evaluation, or says everything that is wrong with it.
pub(super) fn build(document: &Document, raw: EvaluationFile) -> Result<Evaluation, Diagnostics> {
    let mut b = Builder::new(document, &raw.period, &raw.allow);
    let step = Seconds::from_minutes(raw.period.step_min);
    let grid = b.period(&raw.period, step);
    let mut data = BTreeMap::new();
    for (name, binding) in &raw.data {
        if binding.fx.is_some() {
            b.fault(
                &format!("data.{name}.fx"),
                "forecasts are scored in the currency of their data",
                "leave fx out, and bind every price in one currency",
            );
        }
        if let Some(binding) = b.binding(name, binding) {
            data.insert(name.clone(), binding);
        }
    }
    let unit = series(&mut b, &raw);
    let models = candidates(&mut b, &raw, unit.as_ref());
    let levels = levels(&mut b, &raw);
    scores(&mut b, &raw);
    let zone = zone(&mut b, &raw.issue.zone);
    let (Some(_), Some(zone), Some(unit)) = (grid, zone, unit) else {
        return Err(Diagnostics(b.faults));
    };
    let calendar = Calendar::new(zone);
    let period = (raw.period.start.as_second(), raw.period.end.as_second());
    let issues = match count(&raw, period) {
        Some(count) if too_many(&mut b, &raw, count, step, models.len()) => Vec::new(),
        _ => issues(&mut b, &raw, &calendar, period, step),
    };
    b.idle_allowances();
    if !b.faults.is_empty() {
        return Err(Diagnostics(b.faults));
    }
    let reach = issues
        .iter()
        .map(|i| i.grid.end_s(i.grid.len() - 1) - i.issued_at);
    let reach = Seconds::new(reach.max().unwrap_or(0));
    Ok(Evaluation {
        buckets: buckets(&raw.scores.buckets_h, reach),
        cheapest: Seconds::from_hours(raw.scores.cheapest_hours),
        spike_above: raw.scores.spike_above,
        target: match (raw.issue.day_ahead, raw.issue.horizon_h) {
            (Some(days), _) => Target::Day(i64::from(days)),
            (None, hours) => Target::Horizon(Seconds::from_hours(hours.unwrap_or(0.0))),
        },
        title: raw.title,
        description: raw.description,
        series: raw.series,
        unit,
        seed: raw.seed,
        period,
        step,
        history: Seconds::from_hours(raw.period.history_days * 24.0),
        data,
        calendar,
        issues,
        reach,
        models,
        levels,
    })
}

/// The unit of the series that is scored.
fn series(b: &mut Builder<'_>, raw: &EvaluationFile) -> Option<Unit> {
    let Some(binding) = raw.data.get(&raw.series) else {
        let names = raw.data.keys().map(String::as_str);
        let help = near(&raw.series, names).map_or_else(
            || "name a series bound under [data]".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        b.fault("series", "is bound nowhere in this file", help);
        return None;
    };
    Unit::parse(&binding.unit).ok()
}

fn levels(b: &mut Builder<'_>, raw: &EvaluationFile) -> Vec<u8> {
    for (i, level) in raw.scores.levels.iter().enumerate() {
        if !QUANTILE_LEVELS.contains(level) {
            b.fault(
                &format!("scores.levels[{i}]"),
                "is no quantile that is forecast",
                "P5 to P95 by 5 exist: 5, 10, ..., 95",
            );
        }
    }
    let mut levels = raw.scores.levels.clone();
    levels.sort_unstable();
    levels.dedup();
    levels
}

fn scores(b: &mut Builder<'_>, raw: &EvaluationFile) {
    let ends = &raw.scores.buckets_h;
    let rising = ends.windows(2).all(|pair| pair[0] < pair[1]);
    if !rising || ends.iter().any(|end| !(end.is_finite() && *end > 0.0)) {
        b.fault(
            "scores.buckets_h",
            "the ends of the buckets must be positive and rise",
            "for example [1, 4, 24, 48]",
        );
    }
    let cheapest = raw.scores.cheapest_hours;
    if !(cheapest > 0.0 && cheapest < 23.0) {
        b.fault(
            "scores.cheapest_hours",
            "must lie between 0 and 23 hours",
            "8 is usual; the whole of a day leaves nothing to choose",
        );
    }
    if raw.scores.spike_above.is_some_and(|v| !v.is_finite()) {
        b.fault(
            "scores.spike_above",
            "must be a finite number",
            "leave it out for none",
        );
    }
}

fn zone(b: &mut Builder<'_>, name: &str) -> Option<TimeZone> {
    let zone = TimeZone::get(name);
    if zone.is_err() {
        b.fault(
            "issue.zone",
            "no IANA time zone of this name is known",
            "for example Europe/Berlin or UTC",
        );
    }
    zone.ok()
}

/// Whether so many issues would hold more values than fit, which is known before any is made.
fn too_many(
    b: &mut Builder<'_>,
    raw: &EvaluationFile,
    issues: f64,
    step: Seconds,
    models: usize,
) -> bool {
    let values = issues * steps(raw, step) * models as f64;
    let too_many = values > VALUES_MAX as f64;
    if too_many {
        b.fault(
            "issue",
            format!("{issues:.0} issues and {models} models make {values:.0} forecast values, and an evaluation holds {VALUES_MAX} at most"),
            "issue less often, look less far ahead, or shorten the period",
        );
    }
    too_many
}

/// Ends of the buckets that hold something; the last one reaches beyond every lead.
fn buckets(ends_h: &[f64], reach: Seconds) -> Vec<Seconds> {
    let ends = ends_h.iter().map(|end| Seconds::from_hours(*end));
    let mut ends: Vec<Seconds> = ends.take_while(|end| *end < reach).collect();
    ends.push(reach);
    ends
}

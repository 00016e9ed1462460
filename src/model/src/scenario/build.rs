//! From the keys of a scenario file to a valid [`Scenario`].

mod ranges;

use std::path::Path;

use jiff::Timestamp;

use super::binding::{Binding, BindingFile, FileSource, Publication, Source, SyntheticFile};
use super::file::ScenarioFile;
use super::jobs::{JobSource, Uniform};
use super::names::{FORECAST_MODELS, POLICIES, PUBLISHED, known, listed};
use super::{Horizon, Scenario};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::{Document, near};
use crate::series::Unit;
use crate::site::Site;
use crate::time::{GridError, Seconds, TimeGrid};

/// Horizon when the scenario names none: its own steps for an hour, then coarser, to a week.
const HORIZON_DEFAULT: [(i64, i64); 4] = [
    (3600, 0),
    (6 * 3600, 900),
    (36 * 3600, 3600),
    (168 * 3600, 10_800),
];

/// Longest period, and longest history before it: twenty years.
const DAYS_MAX: f64 = 7320.0;

/// Most steps of a run: ten years of five minutes, so that a slip in a date or a step is
/// refused before memory runs out.
const STEPS_MAX: i64 = 1_060_000;

/// Instants a period may hold: `UNIX_EPOCH` to 2200, with room for history and horizon.
const YEARS: (Timestamp, Timestamp) =
    (Timestamp::UNIX_EPOCH, Timestamp::constant(7_258_118_400, 0));

/// Most jobs a generator is expected to make.
const JOBS_MAX: f64 = 1_000_000.0;

/// Highest value of a GPU-hour, in any currency.
const VALUE_MAX: f64 = 1_000_000.0;

/// Longest window of a job, in run times.
const SLACK_MAX: f64 = 1000.0;

/// Builds the scenario, or says everything that is wrong with it.
pub(super) fn build(
    document: &Document,
    mut raw: ScenarioFile,
    site: Site,
) -> Result<Scenario, Diagnostics> {
    let length = raw.period.end.as_second() - raw.period.start.as_second();
    let history = Seconds::from_hours(raw.period.history_days.clamp(0.0, DAYS_MAX) * 24.0);
    let mut b = Builder {
        document,
        faults: Vec::new(),
        period_s: length.max(0),
        span_s: length.max(0) + history.get(),
    };
    let step = Seconds::from_minutes(raw.period.step_min);
    let grid = b.period(&raw, step);
    let mut data = std::collections::BTreeMap::new();
    for (name, binding) in &raw.data {
        if let Some(binding) = b.binding(name, binding) {
            data.insert(name.clone(), binding);
        }
    }
    b.required(&raw, &site);
    b.mining(&raw, &site);
    for (i, source) in raw.jobs.iter().enumerate() {
        b.jobs(i, source, &site);
        if raw.jobs[..i].iter().any(|other| other.id == source.id) {
            let help = "job ids are made from it and must be unique";
            b.fault(
                &format!("jobs[{i}].id"),
                "is the id of another source",
                help,
            );
        }
    }
    for trace in raw
        .jobs
        .iter_mut()
        .filter_map(|source| source.trace.as_mut())
    {
        trace.file = b.beside(&trace.file);
    }
    b.policies(&raw);
    b.forecast(&raw);
    b.faults_section(&raw);
    b.settings_numbers(&raw);
    let horizon = b.horizon(&raw, step);
    let Some(grid) = grid.filter(|_| b.faults.is_empty()) else {
        return Err(Diagnostics(b.faults));
    };
    Ok(Scenario {
        title: raw.title,
        description: raw.description,
        site,
        seed: raw.seed,
        grid,
        step,
        history: Seconds::from_hours(raw.period.history_days * 24.0),
        data,
        mining: raw.mining,
        jobs: raw.jobs,
        forecast: raw.forecast,
        horizon,
        policies: raw.policies,
        faults: raw.faults,
        variants: raw.variants,
        discount_rate: raw.discount_rate,
    })
}

struct Builder<'a> {
    document: &'a Document,
    faults: Vec<Diagnostic>,
    /// Length of the period, s.
    period_s: i64,
    /// The same with the history before it.
    span_s: i64,
}

impl Builder<'_> {
    fn fault(&mut self, path: &str, problem: impl Into<String>, help: impl Into<String>) {
        self.faults.push(self.document.refuse(path, problem, help));
    }

    fn period(&mut self, raw: &ScenarioFile, step: Seconds) -> Option<TimeGrid> {
        if !(0.0..=DAYS_MAX).contains(&raw.period.history_days) {
            self.fault(
                "period.history_days",
                format!("must be a number of days between 0 and {DAYS_MAX}, twenty years"),
                "28 is usual",
            );
        }
        let (first, last) = (YEARS.0.as_second(), YEARS.1.as_second());
        for (field, at) in [("start", raw.period.start), ("end", raw.period.end)] {
            if !(first..=last).contains(&at.as_second()) {
                self.fault(
                    &format!("period.{field}"),
                    "lies outside the years 1970 to 2200",
                    "check the year",
                );
                return None;
            }
        }
        if step.get() < 1 {
            self.fault(
                "period.step_min",
                "a step needs a length",
                "5 is usual; 60 for hourly markets",
            );
            return None;
        }
        let length = raw.period.end.as_second() - raw.period.start.as_second();
        if length > (DAYS_MAX * 86_400.0) as i64 {
            self.fault(
                "period.end",
                format!("the period is longer than {DAYS_MAX} days, twenty years"),
                "check the year, or run one part after the other",
            );
            return None;
        }
        if length / step.get() > STEPS_MAX {
            self.fault(
                "period.step_min",
                format!(
                    "the period has {} steps, and a run holds {STEPS_MAX} at most",
                    length / step.get()
                ),
                "choose longer steps or a shorter period",
            );
            return None;
        }
        if self.span_s / step.get() > 2 * STEPS_MAX {
            self.fault(
                "period.history_days",
                format!(
                    "period and history have {} steps, and a run holds {} at most",
                    self.span_s / step.get(),
                    2 * STEPS_MAX
                ),
                "choose longer steps or a shorter history",
            );
            return None;
        }
        match TimeGrid::regular(raw.period.start, raw.period.end, step) {
            Ok(grid) => Some(grid),
            Err(GridError::NotWhole { period_s, step_s }) => {
                let problem = format!(
                    "the period of {} min is no whole number of steps of {} min",
                    period_s as f64 / 60.0,
                    step_s as f64 / 60.0
                );
                self.fault(
                    "period.end",
                    problem,
                    "move the end, or choose another step_min",
                );
                None
            }
            Err(_) => {
                self.fault(
                    "period.end",
                    "the period ends at or before its start",
                    "give an instant after `period.start`",
                );
                None
            }
        }
    }

    fn binding(&mut self, name: &str, raw: &BindingFile) -> Option<Binding> {
        let before = self.faults.len();
        let key = |field: &str| format!("data.{name}.{field}");
        let unit = match Unit::parse(&raw.unit) {
            Ok(unit) => Some(unit),
            Err(error) => {
                self.fault(
                    &key("unit"),
                    error.to_string(),
                    "name the unit after `scale` has been applied",
                );
                None
            }
        };
        let publication = match Publication::parse(&raw.publication) {
            Ok(rule) => Some(rule),
            Err(problem) => {
                self.fault(
                    &key("publication"),
                    problem,
                    "write `start`, `end`, `end + 15 min`, `D-1 13:30 America/Chicago`, `column NAME` or `always`",
                );
                None
            }
        };
        for (field, minutes) in [
            ("step_min", raw.step_min),
            ("gap_max_min", raw.gap_max_min),
            ("events_per_second_min", raw.events_per_second_min),
        ] {
            if minutes.is_some_and(|m| !(m.is_finite() && m > 0.0)) {
                self.fault(
                    &key(field),
                    "must be a positive number of minutes",
                    "check the value",
                );
            }
        }
        if !(raw.scale.is_finite() && raw.scale != 0.0) {
            self.fault(
                &key("scale"),
                "must be a finite number other than zero",
                "1 leaves values as they are",
            );
        }
        for (field, limit) in [("min", raw.min), ("max", raw.max)] {
            if limit.is_some_and(f64::is_nan) {
                self.fault(&key(field), "must be a number", "leave it out for no limit");
            }
        }
        if let (Some(low), Some(high)) = (raw.min, raw.max)
            && low > high
        {
            self.fault(&key("min"), "lies above `max`", "exchange the two");
        }
        let source = match (&raw.file, raw.constant, &raw.synthetic) {
            (Some(file), None, None) => self.file_source(name, file, raw),
            (None, Some(value), None) if value.is_finite() => {
                if raw.min.is_some_and(|m| value < m) || raw.max.is_some_and(|m| value > m) {
                    self.fault(
                        &key("constant"),
                        "lies outside the plausible range `min` to `max`",
                        "correct the value or its unit, or widen the range",
                    );
                }
                Some(Source::Constant(value))
            }
            (None, Some(_), None) => {
                self.fault(
                    &key("constant"),
                    "must be a finite number",
                    "check the value",
                );
                None
            }
            (None, None, Some(shape)) => {
                self.synthetic(name, shape);
                Some(Source::Synthetic(shape.clone()))
            }
            _ => {
                self.fault(
                    &format!("data.{name}"),
                    "exactly one of `file`, `constant` and `synthetic` says where values come from",
                    "keep one of the three",
                );
                None
            }
        };
        let minutes = |m: f64| Seconds::from_minutes(m).get();
        match (unit, publication, source) {
            (Some(unit), Some(publication), Some(source)) if self.faults.len() == before => {
                Some(Binding {
                    unit,
                    source,
                    publication,
                    gaps: raw.gaps,
                    gap_max: raw.gap_max_min.map(minutes),
                    fx: raw.fx.clone(),
                    range: (
                        raw.min.unwrap_or(f64::NEG_INFINITY),
                        raw.max.unwrap_or(f64::INFINITY),
                    ),
                })
            }
            _ => None,
        }
    }

    /// A path beginning with `./` lies beside the scenario file: it is given from where the scenario was.
    fn beside(&self, file: &str) -> String {
        let folder = Path::new(self.document.file()).parent();
        match (file.strip_prefix("./"), folder) {
            (Some(name), Some(folder)) if folder.is_absolute() => {
                folder.join(name).display().to_string()
            }
            (Some(name), Some(folder)) => format!("./{}", folder.join(name).display()),
            _ => file.to_owned(),
        }
    }

    fn file_source(&mut self, name: &str, file: &str, raw: &BindingFile) -> Option<Source> {
        let key = |field: &str| format!("data.{name}.{field}");
        let columns = match (&raw.column, &raw.columns) {
            (Some(column), None) => vec![column.clone()],
            (None, Some(columns)) if !columns.is_empty() => columns.clone(),
            // Events may count rows without a value.
            (None, None) if raw.events_per_second_min.is_some() => Vec::new(),
            _ => {
                self.fault(
                    &format!("data.{name}"),
                    "give either `column`, or `columns` to add up",
                    "name the column of values in the file's header",
                );
                return None;
            }
        };
        let Some(time) = raw.time.clone() else {
            self.fault(
                &format!("data.{name}"),
                "a file needs `time`",
                "for example time = { column = \"time_utc\" }",
            );
            return None;
        };
        self.time(&key("time"), &time);
        let seconds = |m: f64| Seconds::from_minutes(m).get();
        Some(Source::File(FileSource {
            file: self.beside(file),
            columns,
            filter: raw.filter.clone(),
            scale: raw.scale,
            time,
            step: raw.step_min.map(seconds),
            shift_days: raw.shift_days,
            repeat: raw.repeat,
            events_step: raw.events_per_second_min.map(seconds),
        }))
    }

    fn time(&mut self, path: &str, time: &super::binding::TimeFile) {
        if jiff::tz::TimeZone::get(time.zone()).is_err() {
            self.fault(
                &format!("{path}.zone"),
                "no IANA time zone of this name is known",
                "for example America/Chicago or UTC",
            );
        }
        let known =
            ["rfc3339", "date", "unix_s", "seconds", "hours"].contains(&time.format.as_str());
        if !known && !time.format.contains('%') {
            self.fault(
                &format!("{path}.format"),
                "is no time format",
                "use rfc3339, date, unix_s, seconds, hours, or a strptime pattern such as %Y-%m-%d %H:%M",
            );
        }
        if time.is_local_pattern() && time.zone.is_none() {
            self.fault(
                &format!("{path}.format"),
                "this pattern shows no offset from UTC, so the times could be of any zone",
                "add the zone of the file's clock, such as zone = \"Europe/Berlin\" or zone = \"UTC\"",
            );
        }
        if ["seconds", "hours"].contains(&time.format.as_str()) && time.origin.is_none() {
            self.fault(
                &format!("{path}.origin"),
                "a relative time needs the instant it counts from",
                "for example origin = \"2022-01-01T00:00:00Z\"",
            );
        }
    }

    fn synthetic(&mut self, name: &str, shape: &SyntheticFile) {
        self.shape_numbers(&format!("data.{name}.synthetic"), shape);
        let key = |field: &str| format!("data.{name}.synthetic.{field}");
        for (field, values, len) in [
            ("daily", &shape.daily, 24),
            ("weekly", &shape.weekly, 7),
            ("yearly", &shape.yearly, 12),
        ] {
            if !values.is_empty() && values.len() != len {
                self.fault(
                    &key(field),
                    format!("has {} values", values.len()),
                    format!("give {len} values, or leave the key out"),
                );
            }
        }
        if jiff::tz::TimeZone::get(&shape.zone).is_err() {
            self.fault(
                &key("zone"),
                "no IANA time zone of this name is known",
                "for example Asia/Karachi or UTC",
            );
        }
        if shape
            .noise
            .as_ref()
            .is_some_and(|n| !(n.sigma >= 0.0 && n.memory_h > 0.0))
        {
            self.fault(
                &key("noise"),
                "needs sigma of at least 0 and memory_h above 0",
                "memory_h is the time after which noise is forgotten",
            );
        }
        if let (Some(low), Some(high)) = (shape.min, shape.max)
            && low > high
        {
            self.fault(&key("min"), "lies above `max`", "exchange the two");
        }
        if let Some(sun) = &shape.sun
            && !((0.0..=1.0).contains(&sun.clouds) && (-90.0..=90.0).contains(&sun.latitude))
        {
            self.fault(
                &key("sun"),
                "needs clouds between 0 and 1 and a latitude between -90 and 90",
                "clouds is a share, latitude is in degrees north",
            );
        }
        if let Some(spikes) = &shape.spikes
            && !(spikes.per_day.is_finite()
                && spikes.per_day >= 0.0
                && spikes.hours > 0.0
                && spikes.hours.is_finite())
        {
            self.fault(
                &key("spikes"),
                "needs per_day of at least 0 and hours above 0",
                "hours is their mean length",
            );
        }
        for (i, other) in shape.follows.iter().enumerate() {
            let path = key(&format!("follows[{i}].series"));
            let found = self
                .document
                .table()
                .get("data")
                .and_then(|d| d.get(&other.series));
            if found.and_then(|d| d.get("synthetic")).is_none() {
                self.fault(
                    &path,
                    "is no synthetic series of this scenario",
                    "a shape can follow synthetic series only",
                );
            } else if other.series.as_str() >= name {
                self.fault(
                    &path,
                    "must come before this series by name",
                    "shapes are generated in the order of their names, so that none follows itself",
                );
            }
        }
    }

    fn required(&mut self, raw: &ScenarioFile, site: &Site) {
        // Series, unit, who needs it, and the key that names it in this file.
        let owner = format!("the site `{}`", site.name);
        let mut wanted: Vec<(String, Unit, &str, String)> = site
            .required_series()
            .into_iter()
            .map(|(name, unit)| {
                let path = format!("data.{name}");
                (name, unit, owner.as_str(), path)
            })
            .collect();
        if let Some(mining) = &raw.mining {
            let price = Unit::PricePerBitcoin(site.currency.clone());
            let mut need = |field: &str, name: &String, unit: Unit| {
                wanted.push((name.clone(), unit, "mining", format!("mining.{field}")));
            };
            need("btc_price", &mining.btc_price, price);
            need("difficulty", &mining.difficulty, Unit::Difficulty);
            if let Some(fees) = &mining.fees {
                need("fees", fees, Unit::BitcoinPerBlock);
            }
        }
        for (name, unit, owner, path) in wanted {
            let Some(binding) = raw.data.get(&name) else {
                self.fault(
                    &path,
                    format!("{owner} needs a series `{name}` in {unit}, and none is bound"),
                    format!("add [data.{name}] with unit = \"{unit}\""),
                );
                continue;
            };
            let Ok(bound) = Unit::parse(&binding.unit) else {
                continue;
            };
            let converted = if binding.fx.is_some() {
                bound.in_currency(&site.currency)
            } else {
                bound.clone()
            };
            if converted == unit {
                continue;
            }
            let twice = site
                .required_series()
                .iter()
                .any(|(other, in_unit)| *other == name && *in_unit == bound);
            let other_currency = bound.currency().is_some_and(|c| c != site.currency)
                && bound.in_currency(&site.currency) == unit;
            let help = if twice {
                "the site names this series in two units; bind another one for one of them"
                    .to_owned()
            } else if other_currency {
                format!(
                    "bind an exchange rate in {}/{} and name it in data.{name}.fx",
                    site.currency,
                    bound.currency().unwrap_or("")
                )
            } else {
                "bind a column of that unit, or bring it there with `scale`".to_owned()
            };
            self.fault(
                &format!("data.{name}.unit"),
                format!("{owner} needs `{name}` in {unit}, not in {bound}"),
                help,
            );
        }
        for (name, binding) in &raw.data {
            let Some(fx) = &binding.fx else { continue };
            let path = format!("data.{name}.fx");
            let from = Unit::parse(&binding.unit)
                .ok()
                .and_then(|u| u.currency().map(str::to_owned));
            let wanted = Unit::ExchangeRate(site.currency.clone(), from.unwrap_or_default());
            match raw.data.get(fx).map(|b| b.unit.as_str()) {
                Some(unit) if unit == String::from(wanted.clone()) => {}
                Some(_) => self.fault(
                    &path,
                    format!("series `{fx}` is not in {wanted}"),
                    "the rate is units of the site's currency per unit of the series' currency",
                ),
                None => self.fault(
                    &path,
                    format!("there is no series `{fx}`"),
                    format!("add [data.{fx}] with unit = \"{wanted}\""),
                ),
            }
        }
    }

    fn mining(&mut self, raw: &ScenarioFile, site: &Site) {
        if raw.mining.is_none() && !site.pools.is_empty() {
            self.fault(
                "mining",
                "the site has miner pools, so the scenario must say what a hash earns",
                "add [mining] with btc_price and difficulty",
            );
        }
    }

    fn jobs(&mut self, i: usize, source: &JobSource, site: &Site) {
        let key = |field: &str| format!("jobs[{i}].{field}");
        let pool = site.gpu_pools.iter().find(|p| p.id == source.gpu_pool);
        if pool.is_none() {
            let known: Vec<&str> = site.gpu_pools.iter().map(|p| p.id.as_str()).collect();
            self.fault(
                &key("gpu_pool"),
                format!("there is no GPU pool `{}`", source.gpu_pool),
                format!("GPU pools of the site: {}", known.join(", ")),
            );
        }
        match (&source.trace, &source.synthetic) {
            (Some(trace), None) => {
                self.time(&key("trace.time"), &trace.time);
                if trace.duration_column.is_some() == trace.end_column.is_some() {
                    self.fault(
                        &key("trace"),
                        "give either `duration_column` or `end_column`",
                        "name the column of the file's header",
                    );
                }
                if trace.copies == 0 {
                    self.fault(
                        &key("trace.copies"),
                        "must be at least one",
                        "1 is each row once",
                    );
                }
                if !(trace.gpu_scale.is_finite() && trace.gpu_scale > 0.0) {
                    self.fault(
                        &key("trace.gpu_scale"),
                        "must be a positive number",
                        "1 leaves jobs as they are",
                    );
                }
            }
            (None, Some(arrivals)) => {
                let sizes = &arrivals.gpus;
                let largest = sizes.iter().enumerate().max_by_key(|(_, size)| **size);
                if let (Some(pool), Some((at, largest))) = (pool, largest)
                    && *largest > pool.count.max()
                {
                    let problem = format!(
                        "a job of {largest} GPUs is larger than the pool `{}` of {}",
                        pool.id,
                        pool.count.max()
                    );
                    self.fault(
                        &key(&format!("synthetic.gpus[{at}]")),
                        problem,
                        "gangs run whole; choose smaller jobs or a larger pool",
                    );
                }
                if sizes.is_empty() || sizes.contains(&0) {
                    self.fault(
                        &key("synthetic.gpus"),
                        "must list sizes of at least one GPU",
                        "for example [8, 16, 32]",
                    );
                }
                if !arrivals.weights.is_empty() && arrivals.weights.len() != sizes.len() {
                    self.fault(
                        &key("synthetic.weights"),
                        "must have one weight for each size",
                        "leave it out for equal weights",
                    );
                }
                let weighed = |w: &[f64]| {
                    w.iter().all(|v| v.is_finite() && *v >= 0.0) && w.iter().any(|v| *v > 0.0)
                };
                if !(arrivals.weights.is_empty() || weighed(&arrivals.weights)) {
                    self.fault(
                        &key("synthetic.weights"),
                        "must be zero or more, and not all zero",
                        "leave it out for equal weights",
                    );
                }
                if !(arrivals.daily.is_empty()
                    || arrivals.daily.len() == 24 && weighed(&arrivals.daily))
                {
                    self.fault(
                        &key("synthetic.daily"),
                        "must be 24 factors of zero or more, not all zero",
                        "one for each local hour; leave it out for a flat day",
                    );
                }
                if jiff::tz::TimeZone::get(&arrivals.zone).is_err() {
                    self.fault(
                        &key("synthetic.zone"),
                        "no IANA time zone of this name is known",
                        "for example America/Chicago or UTC",
                    );
                }
                if !(arrivals.duration_median_h > 0.0
                    && arrivals.duration_p90_h >= arrivals.duration_median_h
                    && arrivals.duration_max_h >= arrivals.duration_p90_h
                    && arrivals.duration_max_h <= DAYS_MAX * 24.0)
                {
                    self.fault(
                        &key("synthetic"),
                        "run times must satisfy 0 < median <= p90 <= max, twenty years at most",
                        "all in hours",
                    );
                }
                let days = self.period_s as f64 / 86_400.0;
                if !(arrivals.per_day.is_finite() && arrivals.per_day >= 0.0) {
                    self.fault(
                        &key("synthetic.per_day"),
                        "must be a number of jobs a day, zero or more",
                        "check the value",
                    );
                } else if arrivals.per_day * days > JOBS_MAX {
                    self.fault(
                        &key("synthetic.per_day"),
                        format!("makes more than {JOBS_MAX} jobs in the period"),
                        "model small jobs as an inference service",
                    );
                }
            }
            _ => self.fault(
                &format!("jobs[{i}]"),
                "exactly one of `trace` and `synthetic` says where jobs come from",
                "give one of the two",
            ),
        }
        let terms = &source.terms;
        let ordered = |u: &Uniform, least: f64| {
            u.low.is_finite() && u.high.is_finite() && u.low >= least && u.high >= u.low
        };
        if !ordered(&terms.value_per_gpu_h, 0.0) {
            self.fault(
                &key("terms.value_per_gpu_h"),
                "needs 0 <= low <= high",
                "in currency per GPU-hour",
            );
        } else if terms.value_per_gpu_h.high > VALUE_MAX {
            self.fault(
                &key("terms.value_per_gpu_h.high"),
                format!("must be at most {VALUE_MAX}"),
                "in currency per GPU-hour",
            );
        }
        if !ordered(&terms.slack, 1.0) {
            self.fault(&key("terms.slack"), "needs 1 <= low <= high", "a window of once the shortest run time leaves no choice; below it the job cannot finish");
        } else if terms.slack.high > SLACK_MAX {
            self.fault(
                &key("terms.slack.high"),
                format!("must be at most {SLACK_MAX}"),
                "it is a multiple of the run time",
            );
        }
        self.terms_numbers(&key("terms"), terms);
    }

    fn policies(&mut self, raw: &ScenarioFile) {
        for (i, name) in raw.policies.run.iter().enumerate() {
            let path = format!("policies.run[{i}]");
            if !known(POLICIES, name) {
                let all = format!("policies: {}", listed(POLICIES));
                let help = near(name, POLICIES.iter().map(|policy| policy.name))
                    .map_or(all.clone(), |near| format!("did you mean `{near}`? {all}"));
                self.fault(&path, "is no policy", help);
            } else if raw.policies.run[..i].contains(name) {
                self.fault(
                    &path,
                    "is listed before, and results go by name",
                    "name each policy once",
                );
            }
        }
        if raw.policies.run.is_empty() {
            self.fault(
                "policies.run",
                "a run without policies shows nothing",
                format!("policies: {}", listed(POLICIES)),
            );
        }
    }

    fn forecast(&mut self, raw: &ScenarioFile) {
        let help = format!("models: {}", listed(FORECAST_MODELS));
        match raw.forecast.model.as_deref() {
            Some(PUBLISHED) => self.fault(
                "forecast.model",
                "belongs to the one series whose forecasts are published, not to all",
                "write [forecast.series.NAME] with model = \"published\" and published = \"SERIES\"",
            ),
            Some(model) if !known(FORECAST_MODELS, model) => {
                self.fault("forecast.model", "is no forecast model", &*help);
            }
            _ => {}
        }
        for (name, setting) in &raw.forecast.series {
            let path = format!("forecast.series.{name}");
            if !known(FORECAST_MODELS, &setting.model) {
                self.fault(&format!("{path}.model"), "is no forecast model", &*help);
            }
            if !raw.data.contains_key(name) {
                self.fault(
                    &path,
                    format!("there is no series `{name}`"),
                    "name a series bound under [data]",
                );
            }
            match &setting.published {
                Some(series) if !raw.data.contains_key(series) => {
                    self.fault(
                        &format!("{path}.published"),
                        format!("there is no series `{series}`"),
                        "bind the published forecast under [data]",
                    );
                }
                None if setting.model == PUBLISHED => {
                    self.fault(
                        &path,
                        "the model `published` needs the series with the forecast",
                        "add published = \"NAME\"",
                    );
                }
                _ => {}
            }
        }
    }

    fn faults_section(&mut self, raw: &ScenarioFile) {
        let f = &raw.faults;
        for (field, share) in [
            ("lying_share", f.lying_share),
            ("ack_lost_share", f.ack_lost_share),
        ] {
            if !(0.0..=1.0).contains(&share) {
                self.fault(
                    &format!("faults.{field}"),
                    "must lie between 0 and 1",
                    "it is a share, not a percentage",
                );
            }
        }
        for (field, value) in [
            ("device_failures_per_day", f.device_failures_per_day),
            ("repair_h", f.repair_h),
        ] {
            if !(value.is_finite() && value >= 0.0) {
                self.fault(
                    &format!("faults.{field}"),
                    "must be a number, zero or more",
                    "check the value",
                );
            }
        }
    }

    fn horizon(&mut self, raw: &ScenarioFile, step: Seconds) -> Horizon {
        let step_s = step.get().max(1);
        let mut stretches: Vec<(Seconds, Seconds)> = Vec::new();
        if raw.planning.horizon.is_empty() {
            stretches
                .extend(HORIZON_DEFAULT.map(|(until, stride)| {
                    (Seconds::new(until), Seconds::new(stride.max(step_s)))
                }));
        }
        for (i, stretch) in raw.planning.horizon.iter().enumerate() {
            let (until, stride) = (
                Seconds::from_hours(stretch.until_h),
                Seconds::from_minutes(stretch.step_min),
            );
            let path = format!("planning.horizon[{i}]");
            if stride.get() < step_s || stride.get() % step_s != 0 {
                self.fault(
                    &format!("{path}.step_min"),
                    "must be a multiple of the scenario's step",
                    "plans are no finer than the run",
                );
            } else if stretches
                .last()
                .is_some_and(|last| until <= last.0 || stride < last.1)
            {
                self.fault(
                    &path,
                    "stretches must reach further and grow coarser",
                    "list them by rising until_h and step_min",
                );
            } else {
                stretches.push((until, stride));
            }
        }
        Horizon { stretches }
    }
}

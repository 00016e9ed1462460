//! From the keys of a scenario file to a valid [`Scenario`].

mod binding;
mod jobs;
mod ranges;

use jiff::Timestamp;

use super::file::{PeriodFile, ScenarioFile};
use super::names::{FORECAST_MODELS, NEEDING_PUBLISHED, POLICIES, TAKING_INPUTS, known, listed};
use super::{Horizon, Scenario};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::{Document, near};
use crate::plausible::Allowed;
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
    let mut b = Builder::new(document, &raw.period, &raw.allow);
    let step = Seconds::from_minutes(raw.period.step_min);
    let grid = b.period(&raw.period, step);
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
    b.idle_allowances();
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

/// Collects what is wrong while a file is built; evaluations are read by it too.
pub(crate) struct Builder<'a> {
    document: &'a Document,
    pub(crate) faults: Vec<Diagnostic>,
    /// Length of the period, s.
    period_s: i64,
    /// The same with the history before it.
    span_s: i64,
    /// Unix second of the period's start.
    start: i64,
    /// Values that may lie outside their plausible range.
    allowed: Allowed,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(document: &'a Document, period: &PeriodFile, allow: &[String]) -> Self {
        let length = period.end.as_second() - period.start.as_second();
        let history = Seconds::from_hours(period.history_days.clamp(0.0, DAYS_MAX) * 24.0);
        Self {
            document,
            faults: Vec::new(),
            period_s: length.max(0),
            span_s: length.max(0) + history.get(),
            start: period.start.as_second(),
            allowed: Allowed::new(allow),
        }
    }

    pub(crate) fn fault(
        &mut self,
        path: &str,
        problem: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.faults.push(self.document.refuse(path, problem, help));
    }

    pub(crate) fn period(&mut self, period: &PeriodFile, step: Seconds) -> Option<TimeGrid> {
        if !(0.0..=DAYS_MAX).contains(&period.history_days) {
            self.fault(
                "period.history_days",
                format!("must be a number of days between 0 and {DAYS_MAX}, twenty years"),
                "28 is usual",
            );
        }
        let (first, last) = (YEARS.0.as_second(), YEARS.1.as_second());
        for (field, at) in [("start", period.start), ("end", period.end)] {
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
        let length = period.end.as_second() - period.start.as_second();
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
        match TimeGrid::regular(period.start, period.end, step) {
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
        self.split(raw);
    }

    /// A split of what is left of G needs a bound, and the policy it is about.
    fn split(&mut self, raw: &ScenarioFile) {
        if !raw.policies.split {
            return;
        }
        for needed in ["swingload", "oracle"] {
            if !raw.policies.run.iter().any(|name| name == needed) {
                self.fault(
                    "policies.split",
                    format!("needs the policy `{needed}`, which policies.run does not name"),
                    "add it to policies.run, or set policies.split = false",
                );
            }
        }
        if raw.mining.as_ref().is_some_and(|m| m.difficulty_feedback) {
            self.fault(
                "policies.split",
                "has no bound to split towards where mining.difficulty_feedback is on",
                "set one of the two to false",
            );
        }
    }

    fn forecast(&mut self, raw: &ScenarioFile) {
        let help = format!("models: {}", listed(FORECAST_MODELS));
        match raw.forecast.model.as_deref() {
            Some(model) if NEEDING_PUBLISHED.contains(&model) => self.fault(
                "forecast.model",
                "belongs to the one series whose forecasts are published, not to all",
                format!(
                    "write [forecast.series.NAME] with model = \"{model}\" and published = \"SERIES\""
                ),
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
            for (i, series) in setting.inputs.iter().enumerate() {
                let path = format!("{path}.inputs[{i}]");
                if !TAKING_INPUTS.contains(&setting.model.as_str()) {
                    self.fault(
                        &path,
                        format!("the model `{}` reads no other series", setting.model),
                        "leave inputs out, or choose a model that takes them",
                    );
                } else if !raw.data.contains_key(series) {
                    self.fault(
                        &path,
                        format!("there is no series `{series}`"),
                        "name a series bound under [data]",
                    );
                }
            }
            match &setting.published {
                Some(series) if !raw.data.contains_key(series) => {
                    self.fault(
                        &format!("{path}.published"),
                        format!("there is no series `{series}`"),
                        "bind the published forecast under [data]",
                    );
                }
                None if NEEDING_PUBLISHED.contains(&setting.model.as_str()) => {
                    self.fault(
                        &path,
                        format!(
                            "the model `{}` needs the series with the forecast",
                            setting.model
                        ),
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

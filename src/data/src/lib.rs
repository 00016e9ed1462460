//! Readers and bindings: files and generators into series with publication times.
//!
//! [`load`] turns the bindings and job sources of a scenario into [`Series`] and
//! [`Job`]s. Files are CSV, gzip CSV or Parquet. What is wrong is refused with file,
//! line and remedy; what was found and bridged is told in [`Loaded::notes`]; nothing
//! is filled in silence.
//!
//! This crate reads files and knows civil time and zones. It does not know what a
//! series is used for.

mod amounts;
mod clock;
mod fault;
mod fx;
mod intervals;
mod jobs;
mod machines;
mod note;
mod parquet_file;
mod publication;
mod random;
mod supply;
mod synthetic;
mod table;

use std::collections::BTreeMap;
use std::path::Path;

use swingload_model::evaluation::Evaluation;
use swingload_model::job::Job;
use swingload_model::scenario::binding::{Publication, Source};
use swingload_model::scenario::{Binding, Scenario};
use swingload_model::series::{Observation, Unit};
use swingload_model::{Diagnostics, Seconds, Series, SeriesRef};

use crate::fault::{Faults, fault};
use crate::intervals::{Reading, Window};
use crate::note::Notes;
use crate::table::Files;

pub use note::Note;
pub use random::stream;

/// Everything a scenario binds.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// Bound series by name, in the site's currency where `fx` says so. They cover the
    /// period, and as far as their files reach the history before it and the plan's
    /// horizon after it.
    pub series: BTreeMap<SeriesRef, Series>,
    /// Jobs released inside the period, by release and id.
    pub jobs: Vec<Job>,
    /// What was found and bridged, in the order of reading.
    pub notes: Vec<Note>,
}

/// Reads and generates what `scenario` binds.
///
/// Files lie below `data_root`; absolute paths and paths beginning with `./` are taken
/// as they are. The same scenario and files give the same bytes.
///
/// # Errors
/// Every fault found in the files used, each with file, line, column, value and remedy.
pub fn load(scenario: &Scenario, data_root: Option<&Path>) -> Result<Loaded, Diagnostics> {
    let bindings = Bindings {
        data: &scenario.data,
        currency: Some(&scenario.site.currency),
        seed: scenario.seed,
        step: scenario.step,
        window: window(scenario),
    };
    let mut notes = Vec::new();
    let mut files = Files::new(data_root);
    let mut faults = Faults::default();
    let bound = bindings.observations(&mut files, &mut faults, &mut notes);
    if let Err(refused) = supply::check(scenario, &bound, &mut notes) {
        faults.extend(refused);
    }
    if let Err(refused) = amounts::check(scenario, &bound) {
        faults.extend(refused);
    }
    machines::check(&scenario.site, &mut notes);
    let jobs = jobs::load(scenario, &mut files, &mut notes);
    match (faults.finish(), jobs) {
        (Ok(()), Ok(jobs)) => Ok(Loaded {
            series: bindings.finished(bound, &mut notes)?,
            jobs,
            notes,
        }),
        (Err(mut all), Err(more)) => {
            all.0.extend(more.0);
            Err(all)
        }
        (Err(all), Ok(_)) | (Ok(()), Err(all)) => Err(all),
    }
}

/// Reads and generates what `evaluation` binds, from the start of its history until
/// `until`. Inside `period` every binding must have values or a rule for gaps.
///
/// # Errors
/// As [`load`].
pub fn load_evaluation(
    evaluation: &Evaluation,
    period: (i64, i64),
    until: i64,
    data_root: Option<&Path>,
) -> Result<LoadedSeries, Diagnostics> {
    let bindings = Bindings {
        data: &evaluation.data,
        currency: None,
        seed: evaluation.seed,
        step: evaluation.step,
        window: Window {
            from: evaluation.period.0 - evaluation.history.get(),
            until,
            period,
        },
    };
    let mut notes = Vec::new();
    let mut files = Files::new(data_root);
    let mut faults = Faults::default();
    let bound = bindings.observations(&mut files, &mut faults, &mut notes);
    faults.finish()?;
    let series = bindings.finished(bound, &mut notes)?;
    Ok((series, notes))
}

/// Bound series by name, and what was found and bridged.
pub type LoadedSeries = (BTreeMap<SeriesRef, Series>, Vec<Note>);

/// Bindings with what they are read for.
struct Bindings<'a> {
    data: &'a BTreeMap<SeriesRef, Binding>,
    /// The one currency of the results; without it nothing is converted.
    currency: Option<&'a str>,
    seed: u64,
    step: Seconds,
    window: Window,
}

impl Bindings<'_> {
    /// The observations of every binding that has no fault.
    fn observations(
        &self,
        files: &mut Files<'_>,
        faults: &mut Faults,
        notes: &mut Vec<Note>,
    ) -> BTreeMap<SeriesRef, Vec<Observation>> {
        let window = self.window;
        let mut bound = BTreeMap::new();
        let mut shapes = BTreeMap::new();
        for (name, binding) in self.data {
            if let Err(refused) = column_rule(name, binding) {
                faults.extend(refused);
                continue;
            }
            let observations = match &binding.source {
                Source::File(_) => {
                    from_file(name, binding, (window, self.step.get()), files, notes)
                }
                Source::Constant(value) => {
                    let observation = Observation {
                        start: window.from,
                        end: window.until,
                        value: *value,
                        known_at: window.from,
                    };
                    in_range(name, binding, "constant", vec![observation])
                }
                Source::Synthetic(shape) => {
                    let step = self.step.get();
                    let made = synthetic::generate(name, shape, self.seed, step, window, &shapes);
                    let observations = made.observations(&binding.publication, window.from);
                    shapes.insert(name.clone(), made);
                    in_range(name, binding, "synthetic", observations)
                }
            };
            match observations {
                Ok(observations) => drop(bound.insert(name.clone(), observations)),
                Err(diagnostics) => faults.extend(diagnostics),
            }
        }
        bound
    }

    /// Applies exchange rates and builds the series.
    fn finished(
        &self,
        mut bound: BTreeMap<SeriesRef, Vec<Observation>>,
        notes: &mut Vec<Note>,
    ) -> Result<BTreeMap<SeriesRef, Series>, Diagnostics> {
        let mut faults = Faults::default();
        let mut finished: BTreeMap<SeriesRef, Series> = BTreeMap::new();
        let (plain, foreign): (Vec<_>, Vec<_>) =
            self.data.iter().partition(|(_, b)| b.fx.is_none());
        for (name, binding) in plain.into_iter().chain(foreign) {
            let observations = bound.remove(name).unwrap_or_default();
            let converted = match &binding.fx {
                None => Ok((binding.unit.clone(), observations)),
                Some(fx) => {
                    let file = match &binding.source {
                        Source::File(source) => source.file.clone(),
                        _ => "scenario".into(),
                    };
                    let mut notes = Notes {
                        all: notes,
                        subject: format!("data.{name}"),
                        file,
                    };
                    let currency = self.currency.unwrap_or_default();
                    let unit = binding.unit.in_currency(currency);
                    match finished.get(fx) {
                        Some(rate) if matches!(rate.unit, Unit::ExchangeRate(..)) => {
                            fx::convert(&observations, rate, self.window, &mut notes)
                                .map(|all| (unit, all))
                        }
                        _ => Err(fault(
                            &notes.file,
                            None,
                            &format!("data.{name}.fx"),
                            fx.as_str(),
                            "an exchange rate must be bound without `fx` of its own",
                            "bind the rate between the two currencies directly",
                        )
                        .into()),
                    }
                }
            };
            match converted {
                Ok((unit, observations)) => {
                    let series = Series::new(name.clone(), unit, observations).expect(
                        "invariant: readers and generators give sorted, finite, disjoint intervals",
                    );
                    finished.insert(name.clone(), series);
                }
                Err(diagnostics) => faults.extend(diagnostics),
            }
        }
        faults.finish().map(|()| finished)
    }
}

/// History, period and horizon of the scenario.
fn window(scenario: &Scenario) -> Window {
    let (first, last) = (
        scenario.grid.start_s(0),
        scenario.grid.end_s(scenario.grid.len() - 1),
    );
    let horizon = scenario
        .horizon
        .stretches
        .last()
        .map_or(0, |(until, _)| until.get());
    Window {
        from: first - scenario.history.get(),
        until: last + horizon,
        period: (first, last),
    }
}

fn from_file(
    name: &str,
    binding: &Binding,
    (window, step): (Window, i64),
    files: &mut Files<'_>,
    notes: &mut Vec<Note>,
) -> Result<Vec<Observation>, Diagnostics> {
    let Source::File(source) = &binding.source else {
        return Ok(Vec::new());
    };
    let subject = format!("data.{name}");
    let table = files.open(&source.file, &subject)?;
    let mut notes = Notes {
        all: notes,
        subject,
        file: table.file.clone(),
    };
    let reading = Reading {
        name,
        binding,
        source,
        table: &table,
        window,
        step,
    };
    let observations = reading.observations(&mut notes)?;
    let filled = observations
        .iter()
        .find_map(|o| intervals::impossible(&binding.unit, o.value));
    match filled {
        None => Ok(observations),
        Some(problem) => {
            let field = format!("data.{name}.gaps");
            let help = format!("set {field} = \"previous\" or \"interpolate\"");
            Err(fault(&table.file, None, &field, "zero", problem, help).into())
        }
    }
}

/// Refuses publication times from a column where no row stands for a value.
fn column_rule(name: &str, binding: &Binding) -> Result<(), Diagnostics> {
    let Publication::Column(column) = &binding.publication else {
        return Ok(());
    };
    let problem = match &binding.source {
        Source::File(source) if source.events_step.is_none() => return Ok(()),
        Source::File(_) => "events are summed over steps, and a step has no row of its own",
        Source::Constant(_) | Source::Synthetic(_) => "without a file there is no such column",
    };
    let help = "say when a value is known with \"start\", \"end\" or \"D-1 HH:MM ZONE\", with a lag where there is one";
    let field = format!("data.{name}.publication");
    let value = format!("column {column}");
    Err(fault("scenario", None, &field, value, problem, help).into())
}

/// Refuses what is not in a file and leaves the binding's plausible range, or that of its unit.
fn in_range(
    name: &str,
    binding: &Binding,
    key: &str,
    observations: Vec<Observation>,
) -> Result<Vec<Observation>, Diagnostics> {
    let (min, max) = binding.range;
    let refuse = |o: &Observation, problem: String, help: String| {
        let field = format!("data.{name}.{key}");
        let value = format!("{} {}", o.value, binding.unit);
        Err(fault("scenario", None, &field, value, problem, help).into())
    };
    for o in &observations {
        if o.value < min || o.value > max || !o.value.is_finite() {
            let at = note::instant(o.start);
            return refuse(
                o,
                format!("the value at {at} lies outside the plausible range {min} to {max}"),
                format!("change data.{name}.{key}, or widen data.{name}.min and .max"),
            );
        }
        if let Some(problem) = intervals::impossible(&binding.unit, o.value) {
            let help = format!("correct data.{name}.{key}");
            return refuse(o, problem.to_owned(), help);
        }
        // A constant was held against its range where it was read.
        let doubt = match binding.source {
            Source::Constant(_) => None,
            _ => binding.doubt(o.value, Some(o.start), false),
        };
        if let Some(doubt) = doubt {
            let at = note::instant(o.start);
            let help = doubt.help(&format!("data.{name}"), "the scenario file");
            return refuse(o, format!("at {at} this {}", doubt.problem), help);
        }
    }
    Ok(observations)
}

#[cfg(test)]
mod tests;

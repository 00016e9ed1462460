//! Slots: what every load of the main policy did at every step, and why.

use swingload_simulator::PolicyRun;

use super::{Cell, Field, Kind, Sink, WriteError, fields, to_all};
use crate::Results;
use crate::reasons::{Reasons, load_name};

/// Columns of the slot table.
pub(super) const COLUMNS: [(&str, Kind); 13] = [
    ("policy", Kind::Text),
    ("node", Kind::Text),
    ("start", Kind::Time),
    ("seconds", Kind::Int),
    ("use", Kind::Text),
    ("load", Kind::Text),
    // Mean facility power of the step.
    ("watts", Kind::Int),
    // Energy price of the step, adders not included.
    ("price_per_mwh", Kind::Float),
    ("reason", Kind::Text),
    // What a MWh in this load earns, and what power was held against.
    ("value_per_mwh", Kind::Float),
    ("held_against_per_mwh", Kind::Float),
    ("runner_up", Kind::Text),
    ("margin_per_mwh", Kind::Float),
];

/// Writes all slots of the main policy to sinks made for the table's columns.
///
/// # Errors
/// What a sink refuses.
pub fn slots(
    results: &Results,
    make: impl FnOnce(&[Field]) -> Result<Vec<Box<dyn Sink>>, WriteError>,
) -> Result<(), WriteError> {
    let mut sinks = make(&fields(&COLUMNS))?;
    rows(results, results.main(), &mut sinks)?;
    sinks.into_iter().try_for_each(Sink::finish)
}

fn rows(results: &Results, run: &PolicyRun, sinks: &mut [Box<dyn Sink>]) -> Result<(), WriteError> {
    let study = &results.study;
    let (grid, tree) = (&study.truth.grid, &study.scenario.site.tree);
    let mut reasons = Reasons::new(study, run);
    for t in 0..grid.len() {
        let (start, seconds) = (grid.start_s(t), grid.duration(t).get());
        let price = results.reference_price(run, t);
        let mut drawn = 0;
        let whys = reasons.at(t);
        for (k, (load, why)) in study.loads.iter().zip(whys).enumerate() {
            let watts = run.load_energy[k][t] / seconds;
            drawn += watts;
            let given = why.given();
            let number = |value: fn(&swingload_simulator::record::StepReason) -> f32| {
                Cell::Float(given.map(|reason| f64::from(value(reason))))
            };
            let runner_up = given.and_then(|reason| reason.runner_up);
            let cells = [
                Cell::Text(&run.name),
                Cell::Text(&tree.node(load.node).id),
                Cell::Time(start),
                Cell::Int(seconds),
                Cell::Text(load.used_for.name()),
                Cell::Text(&load.id),
                Cell::Int(watts),
                Cell::Float(Some(price)),
                Cell::Text(why.code()),
                number(|reason| reason.value),
                number(|reason| reason.price),
                Cell::Text(runner_up.map_or("", |load| load_name(study, load))),
                number(|reason| reason.margin),
            ];
            to_all(sinks, &cells)?;
        }
        let nothing = [
            Cell::Text(&run.name),
            Cell::Text(&tree.node(0).id),
            Cell::Time(start),
            Cell::Int(seconds),
            Cell::Text("nothing"),
            Cell::Text(""),
            Cell::Int((results.room(t) - drawn).max(0)),
            Cell::Float(Some(price)),
            Cell::Text("left_unused"),
            Cell::Float(None),
            Cell::Float(None),
            Cell::Text(""),
            Cell::Float(None),
        ];
        to_all(sinks, &nothing)?;
    }
    Ok(())
}

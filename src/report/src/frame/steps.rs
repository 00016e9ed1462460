//! Steps: what every policy did with the whole site at every step.

use swingload_model::site::Use;
use swingload_model::site::supply::SupplyKind;
use swingload_simulator::PolicyRun;

use super::{Cell, Field, Kind, Sink, WriteError, fields, to_all};
use crate::Results;

/// Columns of the step table; one more per supply block follows.
const COLUMNS: [(&str, Kind); 20] = [
    ("policy", Kind::Text),
    ("start", Kind::Time),
    ("seconds", Kind::Int),
    // Most the site could have drawn, and what it drew, mean W of the step.
    ("limit_w", Kind::Int),
    ("total_w", Kind::Int),
    ("hashing_w", Kind::Int),
    ("inference_w", Kind::Int),
    ("training_w", Kind::Int),
    ("overhead_w", Kind::Int),
    ("price_per_mwh", Kind::Float),
    ("surplus_available_w", Kind::Int),
    // What one more MWh was worth to the policy; empty for rules that name none.
    ("marginal_value_per_mwh", Kind::Float),
    // What the plan made at this step is worth over its horizon, and what no plan of the same
    // inputs exceeds; empty for rules that plan nothing.
    ("plan_value", Kind::Float),
    ("plan_bound", Kind::Float),
    // All lines of the bill in this step.
    ("value", Kind::Float),
    // Empty where a source that was drawn from has no carbon intensity.
    ("carbon_g", Kind::Float),
    ("miners_awake", Kind::Float),
    ("hashrate_ph", Kind::Float),
    ("inference_gpus", Kind::Float),
    ("gpus_busy", Kind::Float),
];

/// Writes the steps of all policies to sinks made for the table's columns.
///
/// # Errors
/// What a sink refuses.
pub fn steps(
    results: &Results,
    make: impl FnOnce(&[Field]) -> Result<Vec<Box<dyn Sink>>, WriteError>,
) -> Result<(), WriteError> {
    let mut columns = fields(&COLUMNS);
    columns.extend(results.study.scenario.site.supply.iter().map(|s| Field {
        name: format!("from_{}_w", s.id),
        kind: Kind::Int,
    }));
    let mut sinks = make(&columns)?;
    for run in &results.study.runs {
        rows(results, run, &mut sinks)?;
    }
    sinks.into_iter().try_for_each(Sink::finish)
}

fn rows(results: &Results, run: &PolicyRun, sinks: &mut [Box<dyn Sink>]) -> Result<(), WriteError> {
    let study = &results.study;
    let (grid, truth) = (&study.truth.grid, &study.truth);
    let supply = &study.scenario.site.supply;
    let carbon_known = results
        .policy(&run.name)
        .is_some_and(|p| p.emissions.is_some());
    let surplus: Vec<usize> = (0..supply.len())
        .filter(|k| supply[*k].kind == SupplyKind::Surplus)
        .collect();
    for t in 0..grid.len() {
        let seconds = grid.duration(t).get();
        let mut uses = [0; 4];
        for (load, energy) in study.loads.iter().zip(&run.load_energy) {
            let at = Use::ALL.iter().position(|u| *u == load.used_for);
            uses[at.expect("invariant: all uses are listed")] += energy[t];
        }
        let watts = |joules: i64| Cell::Int(joules / seconds);
        let sum =
            |values: &mut dyn Iterator<Item = f32>| Cell::Float(Some(values.map(f64::from).sum()));
        let marginal = run.marginal_value[t].map(f64::from);
        let mut cells = vec![
            Cell::Text(&run.name),
            Cell::Time(grid.start_s(t)),
            Cell::Int(seconds),
            Cell::Int(results.room(t)),
            watts(uses.iter().sum()),
            watts(uses[0]),
            watts(uses[1]),
            watts(uses[2]),
            watts(uses[3]),
            Cell::Float(Some(results.reference_price(run, t))),
            Cell::Int(
                surplus
                    .iter()
                    .map(|k| truth.supply[*k].available.at(t))
                    .sum(),
            ),
            Cell::Float(marginal),
            Cell::Float(run.proof[t].map(|proof| proof.value)),
            Cell::Float(run.proof[t].map(|proof| proof.bound)),
            Cell::Float(Some(run.ledger.value_of_step(t).as_units())),
            Cell::Float(carbon_known.then_some(run.carbon[t] as f64)),
            sum(&mut run.pools.iter().map(|p| p.awake[t])),
            sum(&mut run.pools.iter().map(|p| p.hashrate[t])),
            sum(&mut run.services.iter().map(|s| s[t])),
            sum(&mut run.gpus_busy.iter().map(|g| g[t])),
        ];
        cells.extend(run.supply_energy.iter().map(|energy| watts(energy[t])));
        to_all(sinks, &cells)?;
    }
    Ok(())
}

//! Supply, tenants and contracts held against the site: a file in kW among MW fits no rating.

use std::collections::BTreeMap;

use swingload_model::scenario::Scenario;
use swingload_model::series::Observation;
use swingload_model::site::commitment::CommitmentKind;
use swingload_model::site::{Amount, Site};
use swingload_model::{Diagnostics, SeriesRef};

use crate::fault::{Faults, fault};
use crate::note::Note;

/// Beyond so many times the root's rating a power is taken for one in another unit.
const LARGE: f64 = 100.0;
/// Below this share of the root's rating it is told: it may well be right.
const SMALL: f64 = 1e-3;

/// Refuses series of power that dwarf the site, and notes those that vanish in it.
///
/// The middle of the values above zero counts. `max` and `min` of the binding say that
/// the size is meant.
///
/// # Errors
/// One per series that lies far above the rating of the site's root.
pub(crate) fn check(
    scenario: &Scenario,
    bound: &BTreeMap<SeriesRef, Vec<Observation>>,
    notes: &mut Vec<Note>,
) -> Result<(), Diagnostics> {
    let rating = scenario.site.tree.node(0).rating.as_megawatts();
    let mut faults = Faults::default();
    for (what, amount) in powers(&scenario.site) {
        let Amount::Series { series, scale } = amount else {
            continue;
        };
        let (Some(observations), Some(binding)) = (bound.get(series), scenario.data.get(series))
        else {
            continue;
        };
        let mut values: Vec<f64> = observations.iter().map(|o| o.value * scale).collect();
        values.retain(|v| *v > 0.0);
        values.sort_unstable_by(f64::total_cmp);
        let Some(middle) = values.get(values.len() / 2) else {
            continue;
        };
        let (min, max) = binding.range;
        if *middle > LARGE * rating && max.is_infinite() {
            faults.push(fault(
                "scenario",
                None,
                &format!("data.{series}"),
                format!("{middle:.0} MW"),
                format!(
                    "half of the {what} lies above this, over {LARGE} times the site's {rating} MW"
                ),
                format!("if the file is in kW set data.{series}.scale = 0.001; if it is right say what is plausible with data.{series}.max"),
            ));
        } else if *middle < SMALL * rating && min.is_infinite() {
            notes.push(Note {
                subject: format!("data.{series}"),
                file: String::new(),
                text: format!(
                    "half of the {what} lies below {middle:.3} MW, and the site is rated at {rating} MW: if the file is in GW set data.{series}.scale = 1000"
                ),
            });
        }
    }
    faults.finish()
}

/// Powers of the site that are of its own order, by what a message calls them.
fn powers(site: &Site) -> Vec<(String, &Amount)> {
    let supply = (site.supply.iter()).map(|s| (format!("supply `{}`", s.id), &s.available_mw));
    let contracts =
        (site.contracts.iter()).map(|c| (format!("contract `{}`", c.id), &c.quantity_mw));
    let tenants = site.commitments.iter().filter_map(|c| match &c.kind {
        CommitmentKind::Hosting { power_mw, .. } => Some((format!("tenant `{}`", c.id), power_mw)),
        CommitmentKind::PowerLimit { .. } => None,
    });
    supply.chain(contracts).chain(tenants).collect()
}

//! Series held against what the site makes of them: shares, and values it scales itself.

use std::collections::BTreeMap;

use swingload_model::plausible::{Place, Quantity};
use swingload_model::scenario::Scenario;
use swingload_model::series::Observation;
use swingload_model::site::Amount;
use swingload_model::{Diagnostics, SeriesRef};

use crate::fault::{Faults, fault};
use crate::note::instant;

/// Refuses flags and probabilities that are no shares, and series that the site's own
/// `scale` takes out of the plausible range.
///
/// # Errors
/// One per series or amount.
pub(crate) fn check(
    scenario: &Scenario,
    bound: &BTreeMap<SeriesRef, Vec<Observation>>,
) -> Result<(), Diagnostics> {
    let mut faults = Faults::default();
    for (name, what) in scenario.site.share_series() {
        let (Some(observations), Some(binding)) = (bound.get(&name), scenario.data.get(&name))
        else {
            continue;
        };
        let (min, max) = binding.range;
        let named = |v: f64| if v < 0.0 { min } else { max }.is_finite();
        let outside = observations
            .iter()
            .find(|o| !(0.0..=1.0).contains(&o.value) && !named(o.value) && !binding.allowed);
        if let Some(o) = outside {
            let slip = match o.value {
                v if v > 1.0 && v <= 100.0 => format!(
                    "did you mean {} (in percent)? Set data.{name}.scale = 0.01.",
                    v / 100.0
                ),
                _ => "check the column.".to_owned(),
            };
            faults.push(fault(
                "scenario",
                None,
                &format!("data.{name}"),
                o.value.to_string(),
                format!(
                    "is no share at {}, and the site takes it for {what}: 0 to 1",
                    instant(o.start)
                ),
                format!("{slip} If it is right, add allow = [\"data.{name}\"] to the top of the scenario file"),
            ));
        }
    }
    for (name, amount, unit) in scenario.site.amounts() {
        let Amount::Series { series, scale } = amount else {
            continue;
        };
        // Power is held against the rating of the site.
        let what = Quantity::of(&unit).filter(|what| *what != Quantity::Power);
        let (Some(what), Some(observations)) = (what, bound.get(series)) else {
            continue;
        };
        if *scale == 1.0 || scenario.site.allowed.contains(&name) {
            continue;
        }
        let place = Place {
            lasting: false,
            ..unit.place(None, false)
        };
        let doubt = |o: &Observation| {
            Some((
                o.start,
                o.value * scale,
                what.doubt(o.value * scale, place)?,
            ))
        };
        if let Some((at, value, doubt)) = observations.iter().find_map(doubt) {
            faults.push(fault(
                "site",
                None,
                &format!("{name}.scale"),
                scale.to_string(),
                format!(
                    "makes {value} {unit} of data.{series} at {}, which {}",
                    instant(at),
                    doubt.problem
                ),
                doubt.help(&name, "the site file"),
            ));
        }
    }
    faults.finish()
}

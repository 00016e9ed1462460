//! The middle of a series held against what its unit usually shows.
//!
//! Single values may be extreme; half of a long series is not. A file per kWh among prices
//! per MWh, or one that is scaled twice, shows in its middle, whatever its spikes.

use swingload_model::Diagnostics;
use swingload_model::plausible::{Quantity, Side, show};

use super::thousand::{quantile, sorted};
use super::{Cell, Reading};
use crate::note::Notes;

/// Span in seconds over which half of all prices have never been scarcity prices.
const LONG: i64 = 14 * 86_400;

/// Factor from which a binding's `scale` is taken for a change of unit.
const RESCALED: f64 = 100.0;

/// Share of prices other than zero in a file per kWh: a market with prices this low has
/// many of zero.
const MOSTLY: f64 = 0.9;

/// Refuses a series whose middle lies outside what its unit usually shows.
///
/// What the binding itself calls plausible is not asked again: `max` answers for values
/// that are high, `min` for those that are low.
pub(super) fn check(
    reading: &Reading<'_>,
    cells: &[Cell],
    notes: &mut Notes<'_>,
) -> Result<(), Diagnostics> {
    let binding = reading.binding;
    let Some(what) = Quantity::of(&binding.unit).filter(|_| !binding.allowed) else {
        return Ok(());
    };
    let place = binding.unit.place(None, true);
    let Some((least, most)) = what.usual(place) else {
        return Ok(());
    };
    let sizes = sorted(cells.iter().filter_map(|c| c.value).map(f64::abs));
    let positive = &sizes[sizes.partition_point(|v| *v == 0.0)..];
    let (Some(middle), Some(high)) = (quantile(positive, 0.5), quantile(positive, 0.99)) else {
        return Ok(());
    };
    let (min, max) = binding.range;
    let mostly = positive.len() as f64 >= MOSTLY * sizes.len() as f64;
    let side = if middle > most && max.is_infinite() {
        Side::High
    } else if high < least && mostly && min.is_infinite() {
        Side::Low
    } else {
        return Ok(());
    };
    let (name, unit) = (reading.name, &binding.unit);
    let (first, last) = (cells.first(), cells.last());
    let span = last.map_or(0, |c| c.end) - first.map_or(0, |c| c.start);
    let scale = reading.source.scale.abs();
    if side == Side::High && what == Quantity::EnergyPrice && span < LONG && scale < RESCALED {
        notes.push(format!(
            "half of the prices are above {most} {unit}: a scarcity, or a file in another unit; set data.{name}.scale if it is one"
        ));
        return Ok(());
    }
    let doubt = what.unusual(middle, side, place);
    let line = cells.iter().find(|c| c.value.is_some()).map(|c| c.line);
    let text = match side {
        Side::High => format!("half of the values lie above {} {unit}", show(middle)),
        Side::Low => format!("99 of 100 values lie below {} {unit}", show(high)),
    };
    Err(reading
        .fault(
            line,
            format!("{} {unit} in the middle", show(middle)),
            format!("{text}, and that {}", doubt.problem),
            format!(
                "{}; data.{name}.scale is {} now",
                doubt.help(&format!("data.{name}"), "the scenario file"),
                reading.source.scale
            ),
        )
        .into())
}

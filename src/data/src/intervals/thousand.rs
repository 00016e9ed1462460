//! Values off by a factor of 1000: kW among MW, prices per kWh among prices per MWh.

use swingload_model::Diagnostics;
use swingload_model::series::Unit;

use super::{Cell, Reading};
use crate::note::{Notes, count};

/// Shortest run of values that is looked at; spikes are shorter or vary too little.
const RUN: usize = 12;

/// Two levels that no value lies between: `odd` is a run of cells, `rest` all others.
struct Levels {
    first: usize,
    cells: usize,
    factor: f64,
}

/// Refuses a stretch that stands a thousandfold above or below the rest of the series.
///
/// Only for prices of energy and for power, and only where the binding gives no
/// plausible range of its own. Price spikes pass: their lowest values meet the rest.
pub(super) fn check(
    reading: &Reading<'_>,
    cells: &[Cell],
    notes: &mut Notes<'_>,
) -> Result<(), Diagnostics> {
    let unit = &reading.binding.unit;
    let ranged = reading.binding.range != (f64::NEG_INFINITY, f64::INFINITY);
    if ranged || !matches!(unit, Unit::Megawatt | Unit::PricePerMwh(_)) {
        return Ok(());
    }
    let sizes: Vec<f64> = cells
        .iter()
        .map(|c| c.value.map_or(0.0, f64::abs))
        .collect();
    if let Some(levels) = two_levels(&sizes) {
        let cell = cells[levels.first];
        let name = reading.name;
        return Err(reading.fault(
            Some(cell.line),
            format!("{} {unit}", cell.value.unwrap_or(0.0)),
            format!("from here on {} lie about {:.0} times {} the rest of the series", count(levels.cells, "value"),
                if levels.factor > 1.0 { levels.factor } else { 1.0 / levels.factor }, if levels.factor > 1.0 { "above" } else { "below" }),
            format!("the unit probably changes inside the file (kW and MW, kWh and MWh); correct it, or say what is plausible with data.{name}.min and data.{name}.max"),
        ).into());
    }
    let mut sorted: Vec<f64> = sizes.into_iter().filter(|v| *v > 0.0).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let (Some(middle), Some(high)) = (quantile(&sorted, 0.5), quantile(&sorted, 0.99)) else {
        return Ok(());
    };
    match unit {
        Unit::PricePerMwh(_) if middle < 1.0 && high < 5.0 => notes.push(format!(
            "half of the prices are below {middle} {unit}: if the file is per kWh, set data.{}.scale = 1000", reading.name
        )),
        Unit::Megawatt if middle > 1e6 => notes.push(format!(
            "half of the values are above {middle} MW, a country's worth: if the file is in kW, set data.{}.scale = 0.001", reading.name
        )),
        _ => {}
    }
    Ok(())
}

/// Finds the longest run whose level is off by a factor of 300 to 3000 and clear of the rest.
fn two_levels(sizes: &[f64]) -> Option<Levels> {
    let mut positive: Vec<f64> = sizes.iter().copied().filter(|v| *v > 0.0).collect();
    positive.sort_unstable_by(f64::total_cmp);
    let middle = quantile(&positive, 0.5)?;
    for off in [
        |v: f64, m: f64| v >= 100.0 * m,
        |v: f64, m: f64| v > 0.0 && v * 100.0 <= m,
    ] {
        let (mut run, mut longest) = (0..0, 0..0);
        for (index, size) in sizes.iter().enumerate() {
            run = if !off(*size, middle) {
                index + 1..index + 1
            } else {
                run.start..index + 1
            };
            if run.len() > longest.len() {
                longest = run.clone();
            }
        }
        if longest.len() < RUN {
            continue;
        }
        let sorted = |inside: bool| {
            let mut values: Vec<f64> = sizes
                .iter()
                .enumerate()
                .filter(|(i, v)| {
                    off(**v, middle) == inside && (!inside || longest.contains(i)) && **v > 0.0
                })
                .map(|(_, v)| *v)
                .collect();
            values.sort_unstable_by(f64::total_cmp);
            values
        };
        let (odd, rest) = (sorted(true), sorted(false));
        let level = |values: &[f64]| {
            Some((
                quantile(values, 0.1)?,
                quantile(values, 0.5)?,
                quantile(values, 0.9)?,
            ))
        };
        let (odd, rest) = (level(&odd)?, level(&rest)?);
        let factor = odd.1 / rest.1;
        let (high, low) = if factor > 1.0 {
            (odd, rest)
        } else {
            (rest, odd)
        };
        let clear = high.0 >= 30.0 * low.2;
        let times = high.1 / low.1;
        // A price standing at its cap hardly moves; a series in another unit moves as ever.
        let alike = libm::log(odd.2 / odd.0) >= 0.1 * libm::log(rest.2 / rest.0);
        if clear && alike && (300.0..=3000.0).contains(&times) {
            return Some(Levels {
                first: longest.start,
                cells: longest.len(),
                factor,
            });
        }
    }
    None
}

fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let index = (sorted.len().checked_sub(1)? as f64 * share) as usize;
    Some(sorted[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(level: f64, len: usize) -> Vec<f64> {
        (0..len)
            .map(|i| level * (1.0 + 0.5 * libm::sin(i as f64)))
            .collect()
    }

    #[test]
    fn a_day_in_kilowatts_is_found_and_a_price_at_its_cap_is_not() {
        let mut power = wave(40.0, 500);
        power.splice(100..124, wave(40_000.0, 24));
        assert!(
            two_levels(&power).is_some_and(|l| l.first == 100 && l.cells == 24 && l.factor > 500.0)
        );
        let mut small = wave(40.0, 500);
        small.splice(100..130, wave(0.04, 30));
        assert!(two_levels(&small).is_some_and(|l| l.first == 100 && l.factor < 0.01));
        let mut price = wave(20.0, 700);
        price.splice(100..180, vec![9000.0; 80]);
        assert!(two_levels(&price).is_none());
        assert!(two_levels(&wave(20.0, 700)).is_none());
        assert!(two_levels(&[0.0; 50]).is_none());
    }
}

//! Values off by a factor of 1000: kW among MW, prices per kWh among prices per MWh.

use swingload_model::Diagnostics;
use swingload_model::series::Unit;

use super::{Cell, Reading};
use crate::note::{Notes, count};

/// Shortest run of values that is looked at; spikes are shorter or vary too little.
const RUN: usize = 12;

/// The first run of cells that stands off, and how far off.
struct Levels {
    first: usize,
    cells: usize,
    factor: f64,
}

/// Refuses a stretch that stands a thousandfold above or below the rest of the series.
///
/// Only for prices of energy and for power. What the binding itself calls plausible is
/// not asked again: `max` answers for values that stand above, `min` for those below.
/// Price spikes pass: their lowest values meet the rest.
pub(super) fn check(
    reading: &Reading<'_>,
    cells: &[Cell],
    notes: &mut Notes<'_>,
) -> Result<(), Diagnostics> {
    let unit = &reading.binding.unit;
    if !matches!(unit, Unit::Megawatt | Unit::PricePerMwh(_)) {
        return Ok(());
    }
    let (min, max) = reading.binding.range;
    let (floor, cap) = (min.is_finite(), max.is_finite());
    let sizes: Vec<f64> = cells
        .iter()
        .map(|c| c.value.map_or(0.0, f64::abs))
        .collect();
    let answered = |levels: &Levels| if levels.factor > 1.0 { cap } else { floor };
    if let Some(levels) = two_levels(&sizes).filter(|levels| !answered(levels)) {
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
    let positive = sorted(sizes.into_iter().filter(|v| *v > 0.0));
    let (Some(middle), Some(high)) = (quantile(&positive, 0.5), quantile(&positive, 0.99)) else {
        return Ok(());
    };
    match unit {
        Unit::PricePerMwh(_) if !floor && middle < 1.0 && high < 5.0 => notes.push(format!(
            "half of the prices are below {middle} {unit}: if the file is per kWh, set data.{}.scale = 1000", reading.name
        )),
        Unit::Megawatt if !cap && middle > 1e6 => notes.push(format!(
            "half of the values are above {middle} MW, a country's worth: if the file is in kW, set data.{}.scale = 0.001", reading.name
        )),
        _ => {}
    }
    Ok(())
}

/// Finds runs whose level is off by a factor of 300 to 3000 and clear of all other values.
fn two_levels(sizes: &[f64]) -> Option<Levels> {
    let above = |v: f64, middle: f64| v >= 100.0 * middle;
    let below = |v: f64, middle: f64| v > 0.0 && v * 100.0 <= middle;
    stretch(sizes, above).or_else(|| stretch(sizes, below))
}

/// `off` says whether a value is far from the median of all.
fn stretch(sizes: &[f64], off: impl Fn(f64, f64) -> bool) -> Option<Levels> {
    let positive = sorted(sizes.iter().copied().filter(|v| *v > 0.0));
    let middle = quantile(&positive, 0.5)?;
    let mut odd_at = vec![false; sizes.len()];
    let (mut from, mut first) = (0, None);
    for index in 0..=sizes.len() {
        if sizes.get(index).is_some_and(|v| off(*v, middle)) {
            continue;
        }
        if index - from >= RUN {
            odd_at[from..index].fill(true);
            first = first.or(Some((from, index - from)));
        }
        from = index + 1;
    }
    let (first, cells) = first?;
    let side = |inside: bool| {
        let chosen = sizes
            .iter()
            .zip(&odd_at)
            .filter(|(v, odd)| **odd == inside && **v > 0.0);
        let values = sorted(chosen.map(|(v, _)| *v));
        let at = |share: f64| quantile(&values, share);
        Some((at(0.02)?, at(0.5)?, at(0.98)?))
    };
    let (odd, rest) = (side(true)?, side(false)?);
    let factor = odd.1 / rest.1;
    let (high, low) = if factor > 1.0 {
        (odd, rest)
    } else {
        (rest, odd)
    };
    // Spikes and quiet hours run into the rest; another unit leaves a gap between.
    let clear = high.0 >= 30.0 * low.2;
    // A price standing at its cap hardly moves; a series in another unit moves as ever.
    let alike = libm::log(odd.2 / odd.0) >= 0.1 * libm::log(rest.2 / rest.0);
    let thousand = (300.0..=3000.0).contains(&(high.1 / low.1));
    (clear && alike && thousand).then_some(Levels {
        first,
        cells,
        factor,
    })
}

pub(super) fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

pub(super) fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
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

//! Quantiles of weighed values.

use swingload_model::forecast::QUANTILE_LEVELS;

/// Values at the nineteen levels, each of the pool counting alike.
pub(crate) fn of_equals(pool: impl IntoIterator<Item = f64>) -> [f64; 19] {
    let mut pool: Vec<(f64, f64)> = pool.into_iter().map(|value| (value, 1.0)).collect();
    quantiles(&mut pool, levels())
}

/// The nineteen levels as shares.
pub(crate) fn levels() -> [f64; 19] {
    QUANTILE_LEVELS.map(|level| f64::from(level) / 100.0)
}

/// Values at rising `levels` (shares) of a pool of values with weights, which is sorted; rising, and
/// straight in between. Zero without any.
///
/// With equal weights position `p (n + 1)`: the rule whose expected coverage is right for
/// the next value. With others one mean weight is added to the sum as there; values alike
/// are one of their common weight, in whatever order they come.
///
/// # Source
/// Hyndman and Fan 1996, "Sample quantiles in statistical packages", definition 6.
pub(crate) fn quantiles<const N: usize>(pool: &mut [(f64, f64)], levels: [f64; N]) -> [f64; N] {
    pool.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (total, squares) = pool
        .iter()
        .fold((0.0, 0.0), |(t, s), (_, w)| (t + w, s + w * w));
    let (Some(first), Some(last)) = (pool.first(), pool.last()) else {
        return [0.0; N];
    };
    if total <= 0.0 {
        return [0.0; N];
    }
    let (one, alike) = (squares / total, ALIKE * (last.0 - first.0));
    let mut groups = pool.chunk_by(|a, b| b.0 - a.0 <= alike);
    let mut summed = 0.0;
    // The value, and the places it begins and ends at.
    let mut next = || {
        let group = groups.next()?;
        let weight: f64 = group.iter().map(|(_, w)| w).sum();
        let (from, until) = match weight > one {
            true => (summed + one, summed + weight),
            false => (summed + 0.5 * (weight + one), summed + 0.5 * (weight + one)),
        };
        summed += weight;
        Some((group[0].0, from, until))
    };
    let (mut before, mut rising) = ((first.0, 0.0), f64::NEG_INFINITY);
    let mut here = next();
    levels.map(|level| {
        let aim = level * (total + one);
        while let Some((value, _, until)) = here
            && until < aim
        {
            before = (value, until);
            here = next();
        }
        let value = match here {
            Some((value, from, _)) if from > aim => {
                before.0 + (aim - before.1) / (from - before.1) * (value - before.0)
            }
            Some((value, ..)) => value,
            None => before.0,
        };
        // Rounding must not make neighbours cross.
        rising = rising.max(value);
        rising
    })
}

/// Share of the pool's width below which two values are one.
const ALIKE: f64 = 1e-9;

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(values: impl IntoIterator<Item = f64>) -> Vec<(f64, f64)> {
        values.into_iter().map(|v| (v, 1.0)).collect()
    }

    #[test]
    fn quantiles_of_a_ladder_are_its_rungs() {
        let expected: [f64; 19] = std::array::from_fn(|i| (i + 1) as f64);
        let got = of_equals((1..=19).rev().map(f64::from));
        for (got, want) in got.iter().zip(expected) {
            assert!((got - want).abs() < 1e-9, "{got} for {want}");
        }
        assert_eq!(of_equals([]), [0.0; 19]);
        assert_eq!(of_equals([2.5]), [2.5; 19]);
    }

    #[test]
    fn a_weight_of_two_is_two_values() {
        let mut once = alike((0..99).map(f64::from));
        let mut twice = alike((0..99).flat_map(|v| [f64::from(v); 2]));
        for pair in &mut once {
            pair.1 = 2.0;
        }
        let (once, twice) = (
            quantiles(&mut once, levels()),
            quantiles(&mut twice, levels()),
        );
        for (a, b) in once.iter().zip(twice) {
            assert!((a - b).abs() <= 1.0, "{a} and {b}");
        }
    }

    #[test]
    fn old_values_fade() {
        // A hundred old values of weight 0.01 are worth one new one.
        let mut pool: Vec<(f64, f64)> = (0..100).map(|_| (50.0, 0.01)).collect();
        pool.extend((0..50).map(|i| (f64::from(i), 1.0)));
        let [median] = quantiles(&mut pool, [0.5]);
        assert!((median - 25.0).abs() < 1.5, "{median}");
    }
}

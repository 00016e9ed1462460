//! Physical and monetary quantities.
//!
//! What is set, metered or settled is an integer in a base unit (watt, joule,
//! micro-currency), so that sums are exact and plans compare with `==`. What is
//! estimated (hashrate, efficiency) is an `f64` that refuses NaN. Only meaningful
//! products compile.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};

use serde::{Deserialize, Serialize};

use crate::time::Seconds;

macro_rules! integer_quantity {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// Zero.
            pub const ZERO: Self = Self(0);

            /// From the base unit.
            pub const fn new(base: i64) -> Self {
                Self(base)
            }

            /// The value in the base unit.
            pub const fn get(self) -> i64 {
                self.0
            }

            /// The smaller of the two.
            pub fn min(self, other: Self) -> Self {
                Self(self.0.min(other.0))
            }

            /// The larger of the two.
            pub fn max(self, other: Self) -> Self {
                Self(self.0.max(other.0))
            }
        }

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }
        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }
        impl Neg for $name {
            type Output = Self;
            fn neg(self) -> Self {
                Self(-self.0)
            }
        }
        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }
        impl SubAssign for $name {
            fn sub_assign(&mut self, other: Self) {
                self.0 -= other.0;
            }
        }
        impl Mul<i64> for $name {
            type Output = Self;
            fn mul(self, count: i64) -> Self {
                Self(self.0 * count)
            }
        }
        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(values: I) -> Self {
                Self(values.map(|value| value.0).sum())
            }
        }
    };
}

integer_quantity!(
    /// Electrical power in whole watts; positive when the site draws it.
    Power
);
integer_quantity!(
    /// Electrical energy in joules; positive when the site draws it.
    Energy
);
integer_quantity!(
    /// Money in millionths of the site's one currency; positive when the site earns it.
    Money
);
integer_quantity!(
    /// Price of energy in millionths of the currency per MWh; signed, because
    /// wholesale prices are.
    EnergyPrice
);

/// Joules in one MWh.
pub const JOULES_PER_MWH: i64 = 3_600_000_000;

impl Power {
    /// From megawatts, rounded to the nearest watt.
    pub fn from_megawatts(mw: f64) -> Self {
        Self((mw * 1e6).round() as i64)
    }

    /// From kilowatts, rounded to the nearest watt.
    pub fn from_kilowatts(kw: f64) -> Self {
        Self((kw * 1e3).round() as i64)
    }

    /// In megawatts.
    pub fn as_megawatts(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// In kilowatts.
    pub fn as_kilowatts(self) -> f64 {
        self.0 as f64 / 1e3
    }

    /// This power times a factor, rounded down, so that a limit still holds.
    pub fn scaled_down(self, factor: f64) -> Self {
        Self((self.0 as f64 * factor).floor() as i64)
    }
}

/// Power held for a duration: W times s is J, exactly.
impl Mul<Seconds> for Power {
    type Output = Energy;
    fn mul(self, duration: Seconds) -> Energy {
        Energy(self.0 * duration.get())
    }
}

impl Energy {
    /// In MWh.
    pub fn as_megawatt_hours(self) -> f64 {
        self.0 as f64 / JOULES_PER_MWH as f64
    }
}

impl EnergyPrice {
    /// From currency per MWh, rounded to the nearest millionth.
    pub fn from_per_mwh(price: f64) -> Self {
        Self((price * 1e6).round() as i64)
    }

    /// In currency per MWh.
    pub fn as_per_mwh(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

/// Energy at a price, rounded half to even to the micro-unit.
impl Mul<EnergyPrice> for Energy {
    type Output = Money;
    fn mul(self, price: EnergyPrice) -> Money {
        Money(divide_half_even(
            i128::from(self.0) * i128::from(price.0),
            i128::from(JOULES_PER_MWH),
        ))
    }
}

impl Money {
    /// From whole currency units, rounded to the nearest millionth.
    pub fn from_units(units: f64) -> Self {
        Self((units * 1e6).round() as i64)
    }

    /// In whole currency units.
    pub fn as_units(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// This amount times `numerator / denominator`, rounded half to even.
    ///
    /// # Panics
    /// Never for a positive `denominator`; a zero one is a programming error.
    pub fn prorated(self, numerator: i64, denominator: i64) -> Self {
        Self(divide_half_even(
            i128::from(self.0) * i128::from(numerator),
            i128::from(denominator),
        ))
    }
}

/// `numerator / denominator` rounded to the nearest integer, ties to even.
pub fn divide_half_even(numerator: i128, denominator: i128) -> i64 {
    assert!(
        denominator > 0,
        "denominator {denominator} must be positive"
    );
    let floor = numerator.div_euclid(denominator);
    let twice_rest = 2 * numerator.rem_euclid(denominator);
    let up = twice_rest > denominator || (twice_rest == denominator && floor % 2 != 0);
    i64::try_from(floor + i128::from(up)).expect("invariant: money and energy fit in 64 bits")
}

/// Splits `total` in proportion to `weights` by largest remainder: the parts add up exactly.
///
/// Equal remainders go to the earlier part. All-zero weights give everything to
/// the first part; an empty slice gives an empty split.
pub fn split_by_largest_remainder(total: i64, weights: &[i64]) -> Vec<i64> {
    let Some(sum) = Some(weights.iter().map(|w| i128::from(*w)).sum::<i128>()).filter(|s| *s > 0)
    else {
        let mut parts = vec![0; weights.len()];
        if let Some(first) = parts.first_mut() {
            *first = total;
        }
        return parts;
    };
    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    for (index, weight) in weights.iter().enumerate() {
        let product = i128::from(total) * i128::from(*weight);
        parts.push(
            i64::try_from(product.div_euclid(sum)).expect("invariant: a part is at most the total"),
        );
        remainders.push((std::cmp::Reverse(product.rem_euclid(sum)), index));
    }
    remainders.sort_unstable();
    let left = total - parts.iter().sum::<i64>();
    for (_, index) in remainders
        .into_iter()
        .take(usize::try_from(left).unwrap_or(0))
    {
        parts[index] += 1;
    }
    parts
}

macro_rules! estimated_quantity {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(f64);

        impl $name {
            /// From the base unit; `None` for NaN and infinities.
            pub fn new(value: f64) -> Option<Self> {
                value.is_finite().then_some(Self(value))
            }

            /// The value in the base unit.
            pub const fn get(self) -> f64 {
                self.0
            }
        }
    };
}

estimated_quantity!(
    /// Hashes per second, in TH/s.
    Hashrate
);
estimated_quantity!(
    /// Energy per work of a miner, in J/TH at the wall.
    Efficiency
);
estimated_quantity!(
    /// Expected revenue of 1 PH/s for one day, in currency units (PH/s-day).
    Hashprice
);
estimated_quantity!(
    /// Emissions per energy, in gCO2e/kWh.
    CarbonIntensity
);

impl Hashrate {
    /// Efficiency when drawing `power`; `None` at zero hashrate.
    pub fn efficiency(self, power: Power) -> Option<Efficiency> {
        Efficiency::new(power.get() as f64 / self.0)
    }
}

impl Hashprice {
    /// Gross revenue per MWh at the wall of a miner of this efficiency.
    ///
    /// # Source
    /// Energy balance at constant efficiency: 1 PH/s at e J/TH draws e kW, so a
    /// day takes 0.024 e MWh.
    pub fn per_wall_mwh(self, efficiency: Efficiency) -> f64 {
        self.0 / (0.024 * efficiency.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_times_time_is_exact() {
        assert_eq!(
            Power::from_megawatts(100.0) * Seconds::new(300),
            Energy::new(30_000_000_000)
        );
    }

    #[test]
    fn energy_times_price_rounds_half_to_even() {
        // 1.8 GJ is half an MWh: 0.5 * 1 micro and 0.5 * 3 micro are ties.
        assert_eq!(
            Energy::new(1_800_000_000) * EnergyPrice::new(1),
            Money::new(0)
        );
        assert_eq!(
            Energy::new(1_800_000_000) * EnergyPrice::new(3),
            Money::new(2)
        );
        assert_eq!(
            Energy::new(1_800_000_000) * EnergyPrice::new(-3),
            Money::new(-2)
        );
        assert_eq!(
            Energy::new(JOULES_PER_MWH) * EnergyPrice::from_per_mwh(-12.5),
            Money::from_units(-12.5)
        );
    }

    #[test]
    fn splits_add_up() {
        assert_eq!(split_by_largest_remainder(10, &[1, 1, 1]), [4, 3, 3]);
        assert_eq!(
            split_by_largest_remainder(-7, &[2, 1]).iter().sum::<i64>(),
            -7
        );
        assert_eq!(split_by_largest_remainder(5, &[0, 0]), [5, 0]);
        assert!(split_by_largest_remainder(5, &[]).is_empty());
    }

    #[test]
    fn estimates_refuse_nan() {
        assert!(Hashrate::new(f64::NAN).is_none());
        assert!(Hashprice::new(f64::INFINITY).is_none());
    }

    #[test]
    fn hashprice_becomes_revenue_per_mwh() {
        let hashprice = Hashprice::new(93.9).expect("finite");
        let revenue = hashprice.per_wall_mwh(Efficiency::new(17.5).expect("finite"));
        assert!((revenue - 223.57).abs() < 0.01, "{revenue}");
    }
}

//! Physical and monetary quantities.
//!
//! What is set, metered or settled is an integer in a base unit (watt, joule,
//! micro-currency), so that sums are exact and plans compare with `==`. What is
//! estimated (hashrate, efficiency) is an `f64` that refuses NaN. Only meaningful
//! products compile.
//!
//! Nothing saturates or wraps. What comes from files is bounded where it is read and before
//! a run, so that sums fit; an amount of money that may still be too large is a
//! [`WideMoney`] until it is booked, and what does not fit then is an error that names its
//! input. An operator that overflows all the same is a programming error and panics.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};

use serde::{Deserialize, Serialize};

use crate::time::Seconds;

/// Why the operators below cannot fail.
const BOUNDED: &str = "invariant: readers bound power, energy and money, so that sums fit";

/// Whole number nearest to `value`; `None` for NaN and for what 64 bits do not hold.
pub fn whole(value: f64) -> Option<i64> {
    let rounded = value.round();
    // 2^63 itself is the first that does not fit.
    (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0)
        .contains(&rounded)
        .then_some(rounded as i64)
}

/// As [`whole`], of a value that its reader has bounded.
fn bounded(value: f64) -> i64 {
    whole(value).expect(BOUNDED)
}

macro_rules! integer_quantity {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
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
                Self(self.0.checked_add(other.0).expect(BOUNDED))
            }
        }
        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0.checked_sub(other.0).expect(BOUNDED))
            }
        }
        impl Neg for $name {
            type Output = Self;
            fn neg(self) -> Self {
                Self(self.0.checked_neg().expect(BOUNDED))
            }
        }
        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
            }
        }
        impl SubAssign for $name {
            fn sub_assign(&mut self, other: Self) {
                *self = *self - other;
            }
        }
        impl Mul<i64> for $name {
            type Output = Self;
            fn mul(self, count: i64) -> Self {
                Self(self.0.checked_mul(count).expect(BOUNDED))
            }
        }
        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(values: I) -> Self {
                values.fold(Self::ZERO, Add::add)
            }
        }
    };
}

/// Written as the whole number of base units it holds.
macro_rules! written_whole {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_i64(self.0)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                i64::deserialize(from).map(Self)
            }
        }
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "integer", "format": "int64" })
            }
        }
    };
}

/// Written in whole currency units, for people; read back to the same millionths up to four
/// billion units, which is what a number in JSON tells apart.
macro_rules! written_in_currency {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_f64(self.0 as f64 / 1e6)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let units = f64::deserialize(from)?;
                whole(units * 1e6)
                    .map(Self)
                    .ok_or_else(|| serde::de::Error::custom("money beyond what is counted"))
            }
        }
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "number", "format": "double" })
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

written_whole!(Power);
written_whole!(Energy);
written_in_currency!(Money);
written_in_currency!(EnergyPrice);

/// Joules in one MWh.
pub const JOULES_PER_MWH: i64 = 3_600_000_000;

impl Power {
    /// From megawatts, rounded to the nearest watt.
    pub fn from_megawatts(mw: f64) -> Self {
        Self(bounded(mw * 1e6))
    }

    /// From kilowatts, rounded to the nearest watt.
    pub(crate) fn from_kilowatts(kw: f64) -> Self {
        Self(bounded(kw * 1e3))
    }

    /// In megawatts.
    pub fn as_megawatts(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// This power times a factor, rounded down, so that a limit still holds.
    pub(crate) fn scaled_down(self, factor: f64) -> Self {
        Self(bounded((self.0 as f64 * factor).floor()))
    }
}

/// Power held for a duration: W times s is J, exactly.
impl Mul<Seconds> for Power {
    type Output = Energy;
    fn mul(self, duration: Seconds) -> Energy {
        Energy(self.0.checked_mul(duration.get()).expect(BOUNDED))
    }
}

impl Energy {}

impl EnergyPrice {
    /// From currency per MWh, rounded to the nearest millionth.
    ///
    /// # Panics
    /// For NaN and beyond 9e12 per MWh; see [`EnergyPrice::checked`] where no reader bounds
    /// the price.
    pub fn from_per_mwh(price: f64) -> Self {
        Self(bounded(price * 1e6))
    }

    /// As [`EnergyPrice::from_per_mwh`]; `None` for what does not fit.
    pub fn checked(price: f64) -> Option<Self> {
        whole(price * 1e6).map(Self)
    }

    /// In currency per MWh.
    pub fn as_per_mwh(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

/// Energy at a price, rounded half to even to the micro-unit.
impl Mul<EnergyPrice> for Energy {
    type Output = WideMoney;
    fn mul(self, price: EnergyPrice) -> WideMoney {
        WideMoney(quotient_half_even(
            i128::from(self.0) * i128::from(price.0),
            i128::from(JOULES_PER_MWH),
        ))
    }
}

/// Money in millionths of the currency before it is known to fit: products of what is
/// bounded each by itself, and sums of few of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct WideMoney(i128);

impl WideMoney {
    /// From whole currency units, rounded to the nearest millionth. What is no number, or
    /// larger than anything counted, fits no [`Money`] afterwards.
    pub fn from_units(units: f64) -> Self {
        let millionths = (units * 1e6).round();
        if millionths.abs() < 1e37 {
            Self(millionths as i128)
        } else {
            // Far from the ends of 128 bits, so that sums of them do not overflow either.
            Self(i128::from(i64::MAX) * i128::from(i64::MAX))
        }
    }

    /// From millionths of the currency.
    pub const fn new(millionths: i128) -> Self {
        Self(millionths)
    }

    /// The amount, if it fits.
    pub fn fit(self) -> Option<Money> {
        i64::try_from(self.0).ok().map(Money)
    }

    /// In whole currency units.
    pub fn as_units(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl From<Money> for WideMoney {
    fn from(money: Money) -> Self {
        Self(i128::from(money.0))
    }
}
impl Neg for WideMoney {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}
impl Add for WideMoney {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}
impl Sub for WideMoney {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Money {
    /// From whole currency units, rounded to the nearest millionth.
    ///
    /// # Panics
    /// For NaN and beyond 9e12; see [`Money::checked`] where no reader bounds the amount.
    pub fn from_units(units: f64) -> Self {
        Self(bounded(units * 1e6))
    }

    /// As [`Money::from_units`]; `None` for what does not fit.
    pub fn checked(units: f64) -> Option<Self> {
        whole(units * 1e6).map(Self)
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
///
/// # Panics
/// For a denominator that is not positive, and for a quotient that 64 bits do not hold; see
/// [`quotient_half_even`].
pub fn divide_half_even(numerator: i128, denominator: i128) -> i64 {
    i64::try_from(quotient_half_even(numerator, denominator)).expect(BOUNDED)
}

/// As [`divide_half_even`], whatever the size of the quotient.
///
/// # Panics
/// For a denominator that is not positive.
pub fn quotient_half_even(numerator: i128, denominator: i128) -> i128 {
    assert!(
        denominator > 0,
        "denominator {denominator} must be positive"
    );
    let floor = numerator.div_euclid(denominator);
    let twice_rest = 2 * numerator.rem_euclid(denominator);
    let up = twice_rest > denominator || (twice_rest == denominator && floor % 2 != 0);
    floor + i128::from(up)
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
            (Energy::new(1_800_000_000) * EnergyPrice::new(1)).fit(),
            Some(Money::new(0))
        );
        assert_eq!(
            (Energy::new(1_800_000_000) * EnergyPrice::new(3)).fit(),
            Some(Money::new(2))
        );
        assert_eq!(
            (Energy::new(1_800_000_000) * EnergyPrice::new(-3)).fit(),
            Some(Money::new(-2))
        );
        assert_eq!(
            (Energy::new(JOULES_PER_MWH) * EnergyPrice::from_per_mwh(-12.5)).fit(),
            Some(Money::from_units(-12.5))
        );
    }

    /// What does not fit is told, never cut off or wrapped.
    #[test]
    fn money_that_does_not_fit_is_told() {
        let most = Energy::new(i64::MAX) * EnergyPrice::new(i64::MAX);
        assert_eq!(most.fit(), None);
        assert_eq!((-most).fit(), None);
        assert_eq!(WideMoney::from_units(9.0e12).fit(), Money::checked(9.0e12));
        for units in [1e13, -1e13, 1e300, f64::INFINITY, f64::NAN] {
            assert_eq!(WideMoney::from_units(units).fit(), None, "{units}");
            assert_eq!(Money::checked(units), None, "{units}");
            assert_eq!(EnergyPrice::checked(units), None, "{units}");
        }
        assert_eq!(whole(9_223_372_036_854_775_807.0), None);
        assert_eq!(whole(-9_223_372_036_854_775_808.0), Some(i64::MIN));
        assert_eq!(whole(0.5), Some(1));
    }

    /// Files tell money in currency units, and read back what was written.
    #[test]
    fn money_is_written_in_currency_units() {
        let text = |money: Money| serde_json::to_string(&money).expect("a number");
        assert_eq!(text(Money::new(1_234_567_890)), "1234.56789");
        assert_eq!(text(Money::new(-5_000_000)), "-5.0");
        for micro in [
            0,
            1,
            -1,
            7,
            123_456_789,
            3_999_999_999_999_999,
            -4_000_000_000_000_001,
        ] {
            let back: Money = serde_json::from_str(&text(Money::new(micro))).expect("money");
            assert_eq!(back, Money::new(micro));
        }
        assert!(serde_json::from_str::<Money>("1e30").is_err());
        assert_eq!(
            serde_json::to_string(&Power::new(7)).expect("a number"),
            "7"
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
}

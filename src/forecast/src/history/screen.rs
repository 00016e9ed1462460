//! Which published values are refused because they can only be in another unit.
//!
//! A value is held against the sizes of those accepted before it was published:
//!
//! ```text
//!        least / 30                          P95       150 x P95 (30 x) or 3 x greatest
//! refused   |   accepted . . . . . . . . . . . . . . . . . . .   |   refused
//! ```
//!
//! A refused value is as good as never published, for every model alike. Prices of energy
//! have spikes of a hundred times their usual size, so they, and numbers without a unit, are
//! given more room than power or temperature. Zero is always accepted. What has been refused
//! for a week is the new level and is believed.
//!
//! What a thousand times too much of a very small value leaves within these limits cannot
//! be told from a spike, nor a thousandth of a price in a market that knows prices near zero.

use std::collections::BTreeMap;

use swingload_model::series::{Observation, Unit};

use crate::calendar::DAY;

/// Fewest accepted values that others are held against.
const LEAST: u32 = 24;
/// Accepted values after which all count half, so that levels long gone are forgotten.
const REMEMBERED: u32 = 8_192;
/// Share of sizes above the one that limits are multiples of, as one in so many.
const ABOVE: u32 = 20;
/// Multiple of it that is refused, for prices of energy and for all else.
const ROOM_PRICE: f64 = 150.0;
const ROOM: f64 = 30.0;
/// Multiple of the greatest accepted size that is accepted whatever is usual.
const GREATEST: f64 = 3.0;
/// Part of the least accepted size below which a value is refused.
const LOW: f64 = 30.0;
/// How long, and in how many values, nothing but refused values is a new level.
const HELD: i64 = 7 * DAY;
const HELD_VALUES: u32 = 7;

/// The sizes accepted so far. Values published in the same second are judged alike, each
/// by those published before it, so that their order does not matter.
#[derive(Debug, Clone)]
pub(super) struct Screen {
    /// Multiple of the usual size that is refused; with no end to it, everything is accepted.
    room: f64,
    /// Number of accepted values by size, a quarter octave each.
    sizes: BTreeMap<u16, u32>,
    total: u32,
    /// Least and greatest size accepted now; `None` while too little is known.
    limits: Option<(f64, f64)>,
    /// Publication time of the values not yet among the sizes.
    since: i64,
    accepted: Vec<u16>,
    refused: u32,
    /// First publication time and number of the values refused since the last accepted one.
    run: Option<(i64, u32)>,
}

impl Default for Screen {
    fn default() -> Self {
        Self::with_room(ROOM_PRICE)
    }
}

/// How many times the usual size a value of that unit may have.
pub(super) fn room(unit: &Unit) -> f64 {
    match unit {
        Unit::PricePerMwh(_) | Unit::One => ROOM_PRICE,
        _ => ROOM,
    }
}

impl Screen {
    pub(super) fn with_room(room: f64) -> Self {
        Self {
            room,
            sizes: BTreeMap::new(),
            total: 0,
            limits: None,
            since: i64::MIN,
            accepted: Vec::new(),
            refused: 0,
            run: None,
        }
    }

    pub(super) fn room(&self) -> f64 {
        self.room
    }

    /// Whether a value is accepted; values come in order of publication.
    pub(super) fn accepts(&mut self, observation: &Observation) -> bool {
        if observation.known_at > self.since {
            self.settle(observation.known_at);
        }
        let size = observation.value.abs();
        let is_accepted = size == 0.0
            || (self.limits).is_none_or(|(least, greatest)| (least..=greatest).contains(&size));
        if !is_accepted {
            self.refused += 1;
        } else if size > 0.0 {
            self.accepted.push(bin(size));
        }
        is_accepted
    }

    /// What was published before counts for what is published from `now` on.
    fn settle(&mut self, now: i64) {
        if !self.accepted.is_empty() {
            self.run = None;
        } else if self.refused > 0 {
            let (since, count) = self.run.unwrap_or((self.since, 0));
            self.run = Some((since, count.saturating_add(self.refused)));
        }
        if let Some((since, count)) = self.run
            && count >= HELD_VALUES
            && now.saturating_sub(since) >= HELD
        {
            *self = Self::with_room(self.room);
        }
        for bin in self.accepted.drain(..) {
            *self.sizes.entry(bin).or_insert(0) += 1;
            self.total += 1;
        }
        if self.total > REMEMBERED {
            self.sizes.retain(|_, count| {
                *count /= 2;
                *count > 0
            });
            self.total = self.sizes.values().sum();
        }
        self.limits = self.limits();
        (self.since, self.refused) = (now, 0);
    }

    fn limits(&self) -> Option<(f64, f64)> {
        if self.total < LEAST || self.room == f64::INFINITY {
            return None;
        }
        let (least, _) = self.sizes.first_key_value()?;
        let (greatest, _) = self.sizes.last_key_value()?;
        let mut above = 0;
        let usual = self.sizes.iter().rev().find(|(_, count)| {
            above += **count;
            above > self.total / ABOVE
        })?;
        let top = (self.room * edge(usual.0 + 1)).max(GREATEST * edge(greatest + 1));
        Some((edge(*least) / LOW, top))
    }
}

/// Exponent and the first two bits behind the point: four sizes per octave.
fn bin(size: f64) -> u16 {
    (size.to_bits() >> 50) as u16
}

/// The least size of a bin.
fn edge(bin: u16) -> f64 {
    f64::from_bits(u64::from(bin) << 50)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600;

    /// Feeds hourly values and returns those refused.
    fn refused(screen: &mut Screen, from: i64, values: impl IntoIterator<Item = f64>) -> Vec<f64> {
        let of = |(i, value): (usize, f64)| {
            let start = (from + i as i64) * HOUR;
            let end = start + HOUR;
            let known_at = end;
            (
                value,
                screen.accepts(&Observation {
                    start,
                    end,
                    value,
                    known_at,
                }),
            )
        };
        let judged: Vec<(f64, bool)> = values.into_iter().enumerate().map(of).collect();
        judged
            .into_iter()
            .filter_map(|(v, ok)| (!ok).then_some(v))
            .collect()
    }

    fn wave(from: i64, count: i64) -> impl Iterator<Item = f64> {
        (from..from + count).map(|i| 40.0 + 30.0 * libm::sin(i as f64))
    }

    #[test]
    fn a_thousand_times_too_much_or_too_little_is_refused_and_a_spike_is_not() {
        let mut screen = Screen::with_room(room(&Unit::PricePerMwh("USD".into())));
        assert!(refused(&mut screen, 0, wave(0, 100)).is_empty());
        let odd = [5_000.0, -250.0, 0.0, 0.04, 40_000.0, 45.0];
        assert_eq!(refused(&mut screen, 100, odd), [0.04, 40_000.0]);
        let mut power = Screen::with_room(room(&Unit::Megawatt));
        assert!(refused(&mut power, 0, wave(0, 100)).is_empty());
        assert_eq!(refused(&mut power, 100, [5_000.0]), [5_000.0]);
    }

    #[test]
    fn a_market_that_knows_prices_near_zero_keeps_them() {
        let mut screen = Screen::default();
        let near_zero = (0..200).map(|i| f64::from(i % 50) - 1.0 + 0.01);
        assert!(refused(&mut screen, 0, near_zero).is_empty());
        assert!(refused(&mut screen, 200, [0.02, -0.04, 0.001]).is_empty());
    }

    #[test]
    fn what_has_been_refused_for_a_week_is_the_new_level() {
        let mut screen = Screen::default();
        assert!(refused(&mut screen, 0, wave(0, 500)).is_empty());
        let high = |from, count| wave(from, count).map(|v| v * 1e6);
        let week = refused(&mut screen, 500, high(500, 300));
        assert_eq!(week.len(), 7 * 24);
        // And then the old one is refused.
        assert_eq!(refused(&mut screen, 800, wave(800, 1)).len(), 1);
    }

    #[test]
    fn the_first_values_are_held_against_nothing() {
        let mut screen = Screen::default();
        assert!(refused(&mut screen, 0, [1.0, 1e9, 1e-9]).is_empty());
    }

    #[test]
    fn a_level_long_gone_is_forgotten() {
        let mut screen = Screen::default();
        let mut level = 1.0;
        for day in 0..400 {
            assert!(refused(&mut screen, day * 100, wave(0, 100).map(|v| v * level)).is_empty());
            level *= 1.03;
        }
    }
}

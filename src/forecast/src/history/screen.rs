//! Screens published values: each is accepted, doubtful or refused.
//!
//! A value is compared with the sizes of those accepted before it was published:
//!
//! ```text
//!        least / 30                          P95       150 x P95 (30 x) or 3 x greatest
//!   odd     |   accepted . . . . . . . . . . . . . . . . . . .   |     odd
//! ```
//!
//! | verdict | decisions | models, errors, bands |
//! | --- | --- | --- |
//! | accepted | rest on it | learn from it |
//! | doubtful | rest on it | as if it had never been published |
//! | refused | as if it had never been published | as if it had never been published |
//!
//! An odd price of energy is doubtful: markets clear at their caps after calm months, and a
//! plan that ignores such a price pays it. So is an odd value of any unit inside the range that its
//! binding calls plausible. Odd power, temperatures and the like are refused one by one, and so
//! is a price that is both ten thousand times the usual top and beyond any market's cap: after
//! months below 1 a cap of 17,500 is ten thousand times what is usual, and still the price.
//!
//! What is published together in another unit is refused together, odd or not: at least
//! [`MANY`] values that are off by one factor and otherwise move as they usually do at that time
//! of day. A price that stands at its cap hardly moves, and a day of scarcity has another
//! course. Values that come one at a time are looked at with the odd ones of the past day.
//!
//! Zero is always accepted. What has been odd for a week is the new level and is believed.
//!
//! What a thousand times too much of a very small value leaves within these limits cannot
//! be told from a spike, nor a thousandth of a price in a market that knows prices near zero.

use std::collections::{BTreeMap, VecDeque};

use libm::{fabs, log};
use swingload_model::plausible::{Place, Quantity};
use swingload_model::series::{Observation, Unit};

use crate::calendar::DAY;

/// Fewest accepted values that others are held against.
const LEAST: u32 = 24;
/// Accepted values after which all count half, so that levels long gone are forgotten.
const REMEMBERED: u32 = 8_192;
/// Share of sizes above the one that limits are multiples of, as one in so many.
const ABOVE: u32 = 20;
/// Multiple of it that is odd, for prices of energy and plain numbers, and for all else.
const ROOM_PRICE: f64 = 150.0;
const ROOM: f64 = 30.0;
/// Multiple of the greatest accepted size that is accepted whatever is usual.
const GREATEST: f64 = 3.0;
/// Part of the least accepted size below which a value is odd.
const LOW: f64 = 30.0;
/// How long, and in how many values, nothing but odd values is a new level.
const HELD: i64 = 7 * DAY;
const HELD_VALUES: u32 = 7;

/// Fewest values other than zero that can show another unit.
const MANY: usize = 12;
/// Values up to which a publication is looked at after each of them; then as it doubles.
const CLOSELY: usize = 128;
/// The least factor between two units (and its inverse).
const FACTOR: f64 = 30.0;
/// Part of that factor, times the usual top, beyond which a value may be in another unit.
const FAR: f64 = 0.5;
/// A power of a thousand, give or take this factor, is a slip of unit whatever the course.
const ABOUT: f64 = 3.0;
/// Multiple of the usual top that no price beyond the caps of markets reaches.
const ABSURD: f64 = 10_000.0;
/// Times the usual distance of hours from their usual course that another unit keeps to.
const ALIKE: f64 = 1.6;
/// Mean distance of logarithms from their median below which values do not move at all.
const FLAT: f64 = 0.02;
/// Slots of a day whose usual size is kept.
const SLOTS: usize = 96;
/// Weight of the newest value in the usual size of its slot, and in the usual distance from it.
const NEWEST: f64 = 0.25;
const NEWEST_DISTANCE: f64 = 0.02;

/// What a published value is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Accepted,
    /// Used for decisions, and not learned from.
    Doubtful,
    /// As good as never published.
    Refused,
}

/// How values of a series are judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rule {
    /// Multiple of the usual size that is odd; with no end to it, everything is accepted.
    room: f64,
    /// Whether odd values are doubtful rather than refused.
    believes: bool,
    /// What markets of that unit clear at.
    caps: (f64, f64),
    /// No value inside it is refused.
    range: (f64, f64),
}

impl Rule {
    /// For values of that unit.
    pub(super) fn of(unit: &Unit) -> Self {
        let believes = matches!(unit, Unit::PricePerMwh(_) | Unit::One);
        Self {
            room: if believes { ROOM_PRICE } else { ROOM },
            believes,
            caps: match unit {
                Unit::PricePerMwh(currency) => Quantity::EnergyPrice.limits(Place {
                    currency,
                    ..Place::default()
                }),
                _ => (f64::NEG_INFINITY, f64::INFINITY),
            },
            range: (f64::NEG_INFINITY, f64::INFINITY),
        }
    }

    /// For values that are all accepted.
    pub(super) fn accept_all() -> Self {
        Self {
            room: f64::INFINITY,
            ..Self::of(&Unit::One)
        }
    }

    /// The same with values inside `range` never refused; an infinite side promises nothing.
    pub(super) fn within(self, range: (f64, f64)) -> Self {
        Self { range, ..self }
    }

    pub(super) fn range(&self) -> (f64, f64) {
        self.range
    }

    /// Whether the range answers for a value that is too large (or too small) in size.
    fn vouches(&self, value: f64, is_large: bool) -> bool {
        let (low, high) = self.range;
        let is_inside = (low..=high).contains(&value);
        let side = if is_large && value > 0.0 { high } else { low };
        is_inside && side.is_finite()
    }
}

/// Sizes that are usual.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Least and greatest size that is accepted.
    least: f64,
    greatest: f64,
    /// Size that one accepted value in twenty exceeds.
    top: f64,
}

/// A value other than zero.
#[derive(Debug, Clone, Copy)]
struct Sized {
    known_at: i64,
    slot: usize,
    value: f64,
    /// Logarithm of its size, and of how many times the usual one of its slot that is.
    size: f64,
    times: f64,
    is_odd: bool,
    /// Whether it may be in another unit: odd, or far above the usual top.
    is_far: bool,
}

/// The sizes accepted so far. Values published in the same second are judged alike, each
/// by those published before it, so that their order does not matter.
#[derive(Debug, Clone)]
pub(super) struct Screen {
    rule: Rule,
    /// Number of accepted values by size, a quarter octave each.
    sizes: BTreeMap<u16, u32>,
    total: u32,
    /// What is usual now; `None` while too little is known.
    limits: Option<Limits>,
    /// Usual logarithm of the size by slot of the day.
    usual: [Option<f64>; SLOTS],
    /// Usual distance of that logarithm from its slot's.
    distance: Option<f64>,
    /// The same inside one publication, its own level taken off.
    apart: Option<f64>,
    /// Publication time of the values not yet among the sizes.
    since: i64,
    /// The values of that publication, zeros left out.
    publication: Vec<Sized>,
    /// How many of them are far from all that is usual.
    far: usize,
    is_other_unit: bool,
    /// Values that came one by one since the last one that is not far, at most a day old.
    stray: VecDeque<Sized>,
    /// First publication time and number of the odd values since the last accepted one.
    run: Option<(i64, u32)>,
}

impl Default for Screen {
    fn default() -> Self {
        Self::new(Rule::of(&Unit::One))
    }
}

impl Screen {
    pub(super) fn new(rule: Rule) -> Self {
        Self {
            rule,
            sizes: BTreeMap::new(),
            total: 0,
            limits: None,
            usual: [None; SLOTS],
            distance: None,
            apart: None,
            since: i64::MIN,
            publication: Vec::new(),
            far: 0,
            is_other_unit: false,
            stray: VecDeque::new(),
            run: None,
        }
    }

    pub(super) fn rule(&self) -> Rule {
        self.rule
    }

    /// Judges a value by itself; values come in order of publication. What is refused with
    /// its whole publication shows in [`Screen::is_other_unit`].
    pub(super) fn judge(&mut self, observation: &Observation) -> Verdict {
        if observation.known_at > self.since {
            self.settle(observation.known_at);
        }
        let value = observation.value;
        let size = fabs(value);
        if size == 0.0 || self.rule.room == f64::INFINITY {
            return Verdict::Accepted;
        }
        let is_large = self.limits.is_some_and(|l| size > l.greatest);
        let is_odd = is_large || self.limits.is_some_and(|l| size < l.least);
        self.add(observation, is_odd);
        if !is_odd {
            return Verdict::Accepted;
        }
        let is_believed = self.rule.believes && !self.is_absurd(value);
        match is_believed || self.rule.vouches(value, is_large) {
            true => Verdict::Doubtful,
            false => Verdict::Refused,
        }
    }

    /// Whether no market clears at the value, after those before it.
    fn is_absurd(&self, value: f64) -> bool {
        let (low, high) = self.rule.caps;
        let is_within = (low..=high).contains(&value);
        !is_within && self.limits.is_some_and(|l| fabs(value) > ABSURD * l.top)
    }

    /// Whether the values of the latest publication, other than zero, are in another unit,
    /// as far as it has come.
    pub(super) fn is_other_unit(&self) -> bool {
        self.is_other_unit
    }

    fn add(&mut self, observation: &Observation, is_odd: bool) {
        let slot = observation.start.rem_euclid(DAY) * SLOTS as i64 / DAY;
        let size = log(fabs(observation.value));
        let mut sized = Sized {
            known_at: observation.known_at,
            slot: slot as usize,
            value: observation.value,
            size,
            times: 0.0,
            is_odd,
            is_far: is_odd,
        };
        if self.limits.is_some() {
            sized.times = size - self.usual(sized.slot);
        }
        if let Some(limits) = self.limits {
            sized.is_far |= fabs(observation.value) > FAR * FACTOR * limits.top;
        }
        self.publication.push(sized);
        if self.limits.is_none() {
            return;
        }
        self.far += usize::from(sized.is_far);
        let count = self.publication.len();
        if count >= MANY {
            if count <= CLOSELY || count.is_power_of_two() {
                self.is_other_unit = 4 * self.far >= 3 * count && self.is_scaled(&self.publication);
            }
        } else if sized.is_far {
            let mut group: Vec<Sized> = self.stray.iter().copied().collect();
            group.extend(self.publication.iter().filter(|v| v.is_far));
            self.is_other_unit = group.len() >= MANY && self.is_scaled(&group);
        }
    }

    /// The usual logarithm of the size at a slot of the day, or else at the slots that have one.
    fn usual(&self, slot: usize) -> f64 {
        self.usual[slot].unwrap_or_else(|| {
            let known = self.usual.iter().flatten();
            let (count, sum) = known.fold((0.0, 0.0), |(n, sum), size| (n + 1.0, sum + size));
            if count > 0.0 { sum / count } else { 0.0 }
        })
    }

    /// Whether the values are what is usual times one factor that no market explains.
    fn is_scaled(&self, values: &[Sized]) -> bool {
        let (factor, apart) = centre(values.iter().map(|v| v.times));
        let (_, moves) = centre(values.iter().map(|v| v.size));
        let (_, course) = centre(values.iter().map(|v| self.usual(v.slot)));
        let distance = self.distance.unwrap_or(0.0);
        let is_vouched = |v: &Sized| self.rule.vouches(v.value, factor > 0.0);
        if fabs(factor) < log(FACTOR) || values.iter().all(is_vouched) {
            return false;
        }
        let moves_as_ever = moves >= FLAT && 2.0 * moves >= course.max(distance);
        let own = self
            .apart
            .filter(|_| values.len() == self.publication.len());
        let is_one_factor = apart <= (ALIKE * own.unwrap_or(distance)).max(0.1);
        let thousands = factor / log(1_000.0);
        let off = fabs(thousands - libm::rint(thousands)) * log(1_000.0);
        let is_slip = fabs(thousands) > 0.5 && off <= log(ABOUT);
        let keeps_course = 2.0 * apart <= moves;
        moves_as_ever && ((is_slip && is_one_factor) || keeps_course)
    }

    /// What was published before counts for what is published from `now` on.
    fn settle(&mut self, now: i64) {
        let is_other_unit = std::mem::take(&mut self.is_other_unit);
        let publication = std::mem::take(&mut self.publication);
        self.far = 0;
        let is_learned = |v: &Sized| !v.is_odd && !is_other_unit;
        let odd = publication.iter().filter(|v| !is_learned(v)).count() as u32;
        if publication.iter().any(is_learned) {
            self.run = None;
        } else if odd > 0 {
            let (since, count) = self.run.unwrap_or((self.since, 0));
            self.run = Some((since, count.saturating_add(odd)));
        }
        if publication.len() >= MANY || publication.iter().any(|v| !v.is_far) {
            self.stray.clear();
        } else {
            self.stray.extend(&publication);
        }
        while (self.stray.front()).is_some_and(|v| now.saturating_sub(v.known_at) > DAY) {
            self.stray.pop_front();
        }
        if let Some((since, count)) = self.run
            && count >= HELD_VALUES
            && now.saturating_sub(since) >= HELD
        {
            *self = Self::new(self.rule);
        }
        if publication.len() >= MANY && publication.iter().all(is_learned) && self.limits.is_some()
        {
            let (_, apart) = centre(publication.iter().map(|v| v.times));
            let usual = self.apart.get_or_insert(apart);
            *usual += NEWEST * (apart - *usual);
        }
        for value in publication.iter().filter(|v| is_learned(v)) {
            self.learn(value);
        }
        if self.total > REMEMBERED {
            self.sizes.retain(|_, count| {
                *count /= 2;
                *count > 0
            });
            self.total = self.sizes.values().sum();
        }
        self.limits = self.limits();
        self.since = now;
    }

    fn learn(&mut self, value: &Sized) {
        *self.sizes.entry(bin(fabs(value.value))).or_insert(0) += 1;
        self.total += 1;
        if value.is_far {
            return;
        }
        let usual = &mut self.usual[value.slot];
        if let Some(usual) = usual {
            let apart = fabs(value.size - *usual);
            let distance = self.distance.get_or_insert(apart);
            *distance += NEWEST_DISTANCE * (apart - *distance);
        }
        let size = usual.get_or_insert(value.size);
        *size += NEWEST * (value.size - *size);
    }

    fn limits(&self) -> Option<Limits> {
        if self.total < LEAST || self.rule.room == f64::INFINITY {
            return None;
        }
        let (least, _) = self.sizes.first_key_value()?;
        let (greatest, _) = self.sizes.last_key_value()?;
        let mut above = 0;
        let usual = self.sizes.iter().rev().find(|(_, count)| {
            above += **count;
            above > self.total / ABOVE
        })?;
        let top = edge(usual.0 + 1);
        Some(Limits {
            least: edge(*least) / LOW,
            greatest: (self.rule.room * top).max(GREATEST * edge(greatest + 1)),
            top,
        })
    }
}

/// Median of the numbers, and their mean distance from it; zeros without any.
fn centre(numbers: impl Iterator<Item = f64>) -> (f64, f64) {
    let mut sorted: Vec<f64> = numbers.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let Some(middle) = sorted.get(sorted.len() / 2).copied() else {
        return (0.0, 0.0);
    };
    let apart: f64 = sorted.iter().map(|v| fabs(v - middle)).sum();
    (middle, apart / sorted.len() as f64)
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
mod tests;

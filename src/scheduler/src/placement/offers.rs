//! What a divisible job can buy, and the price of its work at which it buys just all of it.
//!
//! Every part of a step's residual that the job could draw is an offer: GPU-hours whose
//! net worth falls evenly from `high` to `low`. At a price of work the job takes of each
//! offer the part worth more than that. The price is sought from its last value on, over ever
//! fewer offers.

/// Slope of an offer whose worth does not fall: any price above its worth takes nothing of it.
const STEEP: f64 = 1e30;

/// First distance between the prices tried, as a share of the range of worths.
const FIRST_STRIDE: f64 = 1.0 / 64.0;

/// Most halvings of the price of work.
const HALVINGS: usize = 50;

/// Sums kept side by side, so that they can be taken together.
const LANES: usize = 8;

/// Offers as columns: every price of work looks at all of them.
#[derive(Debug, Default, Clone)]
pub struct Offers {
    step: Vec<u32>,
    all: Columns,
    /// Offers that are not yet known to be bought whole or not at all.
    open: Columns,
}

#[derive(Debug, Default, Clone)]
struct Columns {
    /// Net worth of the first GPU-hour, currency.
    high: Vec<f64>,
    /// One over the fall of the worth from the first to the last GPU-hour.
    fall: Vec<f64>,
    /// GPU-hours.
    hours: Vec<f64>,
}

impl Columns {
    fn clear(&mut self) {
        self.high.clear();
        self.fall.clear();
        self.hours.clear();
    }

    fn push(&mut self, high: f64, fall: f64, hours: f64) {
        self.high.push(high);
        self.fall.push(fall);
        self.hours.push(hours);
    }

    /// GPU-hours bought at a price.
    fn bought(&self, price: f64) -> f64 {
        let taken =
            |high: f64, fall: f64, hours: f64| hours * ((high - price) * fall).clamp(0.0, 1.0);
        let (high, high_rest) = self.high.as_chunks::<LANES>();
        let (fall, fall_rest) = self.fall.as_chunks::<LANES>();
        let (hours, hours_rest) = self.hours.as_chunks::<LANES>();
        let mut sums = [0.0; LANES];
        for ((high, fall), hours) in high.iter().zip(fall).zip(hours) {
            for lane in 0..LANES {
                sums[lane] += taken(high[lane], fall[lane], hours[lane]);
            }
        }
        let rest = high_rest.iter().zip(fall_rest).zip(hours_rest);
        sums.iter().sum::<f64>() + rest.map(|((a, b), c)| taken(*a, *b, *c)).sum::<f64>()
    }
}

/// The two prices of work between which a job's work is just done, and the share it takes of
/// the work that only the lower one buys.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    low: f64,
    high: f64,
    share: f64,
}

impl Price {
    /// Price (dual) of work, currency per GPU-hour.
    pub(crate) fn of_work(self) -> f64 {
        self.low
    }
}

impl Offers {
    /// Removes all offers.
    pub fn clear(&mut self) {
        self.step.clear();
        self.all.clear();
    }

    /// Adds an offer of `hours` GPU-hours in a step, whose net worth falls evenly from `high` to
    /// `low`, currency per GPU-hour. Offers come in the order of their steps.
    pub fn push(&mut self, step: usize, high: f64, low: f64, hours: f64) {
        self.step.push(step as u32);
        let fall = if high > low {
            1.0 / (high - low)
        } else {
            STEEP
        };
        self.all.push(high, fall, hours);
    }

    /// The price, `floor` or more, at which `work` GPU-hours are bought, to within
    /// `rounding` as a share of the range of worths. `hint` is a guess of it, NaN for none.
    pub fn price(&mut self, work: f64, floor: f64, hint: f64, rounding: f64) -> Price {
        let most = self.all.high.iter().copied().fold(floor, f64::max);
        let (mut low, mut high) = ((floor, f64::INFINITY), (most, 0.0));
        // Outwards from the hint until the price lies between two that were tried.
        let mut stride = (most - floor) * FIRST_STRIDE;
        let mut at = hint.max(floor).min(most);
        let mut known = (false, false);
        while !(known.0 && known.1) {
            let taken = self.all.bought(at);
            if taken >= work {
                (low, known.0) = ((at, taken), true);
                at = (at + stride).min(most);
                known.1 |= at >= most;
            } else if at <= floor {
                // Even at the lowest price the work is not done.
                return Price {
                    low: floor,
                    high: floor,
                    share: 0.0,
                };
            } else {
                (high, known.1) = ((at, taken), true);
                at = (at - stride).max(floor);
            }
            stride *= 4.0;
        }
        let mut sure = self.sort_out(low.0, high.0);
        let close = rounding * (most - floor);
        for _ in 0..HALVINGS {
            let price = 0.5 * (low.0 + high.0);
            if high.0 - low.0 <= close || price <= low.0 || price >= high.0 {
                break;
            }
            let taken = sure + self.open.bought(price);
            if taken >= work {
                low = (price, taken);
            } else {
                high = (price, taken);
            }
            sure += self.open.keep(low.0, high.0);
        }
        let between = low.1 - high.1;
        let share = if between > 0.0 {
            (work - high.1) / between
        } else {
            0.0
        };
        Price {
            low: low.0,
            high: high.0,
            share: share.clamp(0.0, 1.0),
        }
    }

    /// Puts the offers on which two prices differ into `open`; returns the GPU-hours of those
    /// that both buy whole.
    fn sort_out(&mut self, low: f64, high: f64) -> f64 {
        self.open.clear();
        let mut sure = 0.0;
        for i in 0..self.step.len() {
            let (top, fall, hours) = (self.all.high[i], self.all.fall[i], self.all.hours[i]);
            if (top - high) * fall >= 1.0 {
                sure += hours;
            } else if top > low {
                self.open.push(top, fall, hours);
            }
        }
        sure
    }

    /// Calls `each` with the step and GPU-hours of every offer bought at `price`.
    pub(crate) fn buy(&self, price: Price, mut each: impl FnMut(u32, f64)) {
        self.buy_parts(price, |_, step, hours| each(step, hours));
    }

    /// [`Offers::buy`], with the position of each offer first.
    pub(crate) fn buy_parts(&self, price: Price, mut each: impl FnMut(usize, u32, f64)) {
        for i in 0..self.step.len() {
            let (high, fall) = (self.all.high[i], self.all.fall[i]);
            if high <= price.low {
                continue;
            }
            let part = |at: f64| ((high - at) * fall).clamp(0.0, 1.0);
            let sure = part(price.high);
            let taken = if sure >= 1.0 {
                1.0
            } else {
                sure + price.share * (part(price.low) - sure)
            };
            if taken > 0.0 {
                each(i, self.step[i], taken * self.all.hours[i]);
            }
        }
    }
}

impl Columns {
    /// Keeps the offers on which two prices differ; returns the GPU-hours of those that both
    /// buy whole.
    fn keep(&mut self, low: f64, high: f64) -> f64 {
        let (mut sure, mut kept) = (0.0, 0);
        for i in 0..self.high.len() {
            let (top, fall, hours) = (self.high[i], self.fall[i], self.hours[i]);
            if (top - high) * fall >= 1.0 {
                sure += hours;
            } else if top > low {
                (self.high[kept], self.fall[kept], self.hours[kept]) = (top, fall, hours);
                kept += 1;
            }
        }
        self.high.truncate(kept);
        self.fall.truncate(kept);
        self.hours.truncate(kept);
        sure
    }
}

//! Days of prices and inputs side by side.

use crate::seed::mix;

/// Prices and inputs by day and slot of the day; NaN where nothing is known.
#[derive(Debug, Clone)]
pub struct Panel {
    /// Slots per day: 24, 48 or 96.
    pub slots: usize,
    /// Day of week of the first day, 0 (Monday) to 6.
    pub first_weekday: usize,
    /// Prices, day by day, `slots` a day.
    pub prices: Vec<f64>,
    /// Inputs in the order of the model's series, each as long as `prices`.
    pub inputs: Vec<Vec<f64>>,
    /// Days with a price or an input put in for one that is missing: they serve as lags, and
    /// nothing is learned from what happened on them. Empty when there are none.
    pub patched: Vec<bool>,
}

impl Panel {
    /// Number of days.
    pub fn days(&self) -> usize {
        self.prices.len() / self.slots.max(1)
    }

    /// Whether a day's own values are all from the market.
    pub(crate) fn is_genuine(&self, day: usize) -> bool {
        !self.patched.get(day).copied().unwrap_or(false)
    }

    /// Day of week of a day, 0 (Monday) to 6.
    pub(crate) fn weekday(&self, day: usize) -> usize {
        (self.first_weekday + day) % 7
    }

    /// Prices of a day.
    pub fn price(&self, day: usize) -> &[f64] {
        &self.prices[day * self.slots..(day + 1) * self.slots]
    }

    /// An input on a day.
    pub fn input(&self, input: usize, day: usize) -> &[f64] {
        &self.inputs[input][day * self.slots..(day + 1) * self.slots]
    }

    /// Takes a forecast for what is not known of a day's prices.
    pub(crate) fn suppose(&mut self, day: usize, forecast: &[f64]) {
        let slots = day * self.slots..(day + 1) * self.slots;
        for (known, value) in self.prices[slots].iter_mut().zip(forecast) {
            if known.is_nan() {
                *known = *value;
            }
        }
    }

    /// Fills what is missing before day `until` by the same slot a week before, or the day
    /// before, and marks the days. What has neither stays NaN.
    pub(crate) fn patch(&mut self, until: usize) {
        self.patched.resize(self.days(), false);
        let (slots, until) = (self.slots, until.min(self.days()));
        for values in std::iter::once(&mut self.prices).chain(&mut self.inputs) {
            for index in 0..until * slots {
                if !values[index].is_nan() {
                    continue;
                }
                let before = |days: usize| index.checked_sub(days * slots).map(|i| values[i]);
                let stand_in = before(7).filter(|v| !v.is_nan()).or_else(|| before(1));
                values[index] = stand_in.unwrap_or(f64::NAN);
                self.patched[index / slots] = true;
            }
        }
    }

    /// Draws a straight line through short gaps of inputs from day `from` on, up to an eighth
    /// of a day each: the forecast of an hour that was not published is between its neighbours.
    pub(crate) fn bridge(&mut self, from: usize) {
        let longest = self.slots / 8;
        let first = from.min(self.days()) * self.slots;
        for values in &mut self.inputs {
            let mut last = first.checked_sub(1).filter(|i| values[*i].is_finite());
            for index in first..values.len() {
                if !values[index].is_finite() {
                    continue;
                }
                if let Some(last) = last.filter(|last| (2..=longest + 1).contains(&(index - last)))
                {
                    let (low, high) = (values[last], values[index]);
                    for between in last + 1..index {
                        let part = (between - last) as f64 / (index - last) as f64;
                        values[between] = low + part * (high - low);
                    }
                }
                last = Some(index);
            }
        }
    }

    /// Hash of each day with all that is known of it.
    pub(crate) fn day_hashes(&self) -> Vec<u64> {
        let slots = self.slots;
        let of_day = |day: usize| {
            let all = std::iter::once(&self.prices).chain(&self.inputs);
            let values = all.flat_map(|values| &values[day * slots..(day + 1) * slots]);
            let first = mix(self.weekday(day) as u64 ^ u64::from(self.is_genuine(day)) << 8);
            values.fold(first, |hash, value| mix(hash ^ value.to_bits()))
        };
        (0..self.days()).map(of_day).collect()
    }
}

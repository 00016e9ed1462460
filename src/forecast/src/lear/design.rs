//! The columns of the regressions.

use super::panel::Panel;
use crate::lasso::Columns;

/// Days before, of prices.
const PRICE_LAGS: [usize; 4] = [1, 2, 3, 7];
/// Days before, of inputs; 0 is the day itself.
pub(crate) const INPUT_LAGS: [usize; 3] = [0, 1, 7];
/// How far back a row reaches, days.
pub(super) const REACH: usize = 7;
const WEEKDAYS: usize = 7;
/// Weight of data older than the newest of its kind, in the distance of two days.
const OLDER: f64 = 0.3;
/// Weight of the day of week in it.
const WEEKDAY: f64 = 0.5;

/// Which days are the rows, and what the columns read.
pub(super) struct Design<'a> {
    panel: &'a Panel,
    inputs: u64,
    /// Target days with everything known, rising.
    pub(super) days: Vec<usize>,
}

impl<'a> Design<'a> {
    /// Rows of a window of `window` days that ends before `target`; its first week serves lags only.
    pub(super) fn new(panel: &'a Panel, target: usize, window: usize, inputs: u64) -> Self {
        let mut design = Self {
            panel,
            inputs,
            days: Vec::new(),
        };
        let first = target.saturating_sub(window) + REACH;
        design.days = (first..target)
            .filter(|day| {
                panel.is_genuine(*day)
                    && panel.price(*day).iter().all(|v| v.is_finite())
                    && design.is_complete(*day)
            })
            .collect();
        design
    }

    /// Whether all that the row of a day reads is known.
    pub(super) fn is_complete(&self, day: usize) -> bool {
        day >= REACH
            && (self.blocks())
                .all(|(source, lag)| self.slots(source, day - lag).iter().all(|v| v.is_finite()))
    }

    /// Columns before the dummies.
    pub(super) fn scaled_columns(&self) -> usize {
        self.blocks().count() * self.panel.slots
    }

    pub(super) fn columns(&self) -> usize {
        self.scaled_columns() + WEEKDAYS
    }

    /// All columns over the rows, unscaled.
    pub(super) fn fill(&self) -> Columns {
        let mut values = Vec::with_capacity(self.columns() * self.days.len());
        for (source, lag) in self.blocks() {
            for slot in 0..self.panel.slots {
                values.extend(
                    self.days
                        .iter()
                        .map(|day| self.slots(source, day - lag)[slot]),
                );
            }
        }
        for weekday in 0..WEEKDAYS {
            let is = |day: &usize| f64::from(u8::from(self.panel.weekday(*day) == weekday));
            values.extend(self.days.iter().map(is));
        }
        Columns::new(self.days.len(), values)
    }

    /// How much each column counts in the distance of two days: a kind of data is worth
    /// the same however many slots it has, older days and days of week count for less.
    pub(super) fn weights(&self) -> Vec<f64> {
        let slots = self.panel.slots;
        let share = 1.0 / (slots as f64).sqrt();
        let mut weights = Vec::with_capacity(self.columns());
        for (source, lag) in self.blocks() {
            let newest = usize::from(source.is_none());
            let weight = if lag == newest { share } else { OLDER * share };
            weights.extend(std::iter::repeat_n(weight, slots));
        }
        weights.extend([WEEKDAY; WEEKDAYS]);
        weights
    }

    /// The row of one day, unscaled.
    pub(super) fn row(&self, day: usize) -> Vec<f64> {
        let mut values = Vec::with_capacity(self.columns());
        for (source, lag) in self.blocks() {
            values.extend_from_slice(self.slots(source, day - lag));
        }
        for weekday in 0..WEEKDAYS {
            values.push(f64::from(u8::from(self.panel.weekday(day) == weekday)));
        }
        values
    }

    /// Pairs of source (`None` is the price) and lag.
    fn blocks(&self) -> impl Iterator<Item = (Option<usize>, usize)> {
        let read = |input: &usize| *input >= 64 || self.inputs >> input & 1 == 1;
        let inputs = (0..self.panel.inputs.len()).filter(read);
        let prices = PRICE_LAGS.into_iter().map(|lag| (None, lag));
        prices.chain(inputs.flat_map(|i| INPUT_LAGS.map(|lag| (Some(i), lag))))
    }

    fn slots(&self, source: Option<usize>, day: usize) -> &[f64] {
        match source {
            None => self.panel.price(day),
            Some(input) => self.panel.input(input, day),
        }
    }
}

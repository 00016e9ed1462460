//! The same time one season ago.

use crate::baseline::{Rule, Sight};
use crate::calendar;

/// The mean over the same interval a whole number of seasons earlier: the fewest
/// after which all of it is known, or a few more where that time has a gap.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seasonal {
    name: &'static str,
    season: i64,
    /// Seasons tried beyond the first that could be known.
    more: i64,
}

/// The day before, or up to a week before.
pub(super) const DAY: Seasonal = Seasonal {
    name: "seasonal_naive_day",
    season: calendar::DAY,
    more: 6,
};

/// The week before, or up to four weeks before.
pub(super) const WEEK: Seasonal = Seasonal {
    name: "seasonal_naive_week",
    season: calendar::WEEK,
    more: 3,
};

impl Rule for Seasonal {
    fn name(&self) -> &'static str {
        self.name
    }

    fn point(&self, sight: &Sight<'_>, start: i64, end: i64) -> Option<f64> {
        let ahead = end.saturating_sub(sight.view.frontier()?);
        let first = ((ahead + self.season - 1).div_euclid(self.season)).max(1);
        (first..=first + self.more).find_map(|seasons| {
            let back = seasons * self.season;
            sight.view.mean(start - back, end - back)
        })
    }
}

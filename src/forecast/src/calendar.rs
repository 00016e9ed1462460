//! Hours, days and weeks of Unix seconds, on a clock at a fixed offset from UTC.

pub(crate) const HOUR: i64 = 3_600;
pub(crate) const DAY: i64 = 24 * HOUR;
pub(crate) const WEEK: i64 = 7 * DAY;

/// A clock at a fixed distance from UTC; seasons of prices and load follow the
/// local day, and an hour's shift twice a year is below what these models resolve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Clock {
    pub(crate) offset_s: i64,
}

impl Clock {
    /// Hour of the local day, 0 to 23.
    pub(crate) fn hour(self, at: i64) -> usize {
        ((at + self.offset_s).rem_euclid(DAY) / HOUR) as usize
    }

    /// Whether the local day is a Saturday or Sunday.
    pub(crate) fn is_weekend(self, at: i64) -> bool {
        // 1970-01-01 was a Thursday, day 3 of a week that starts on Monday.
        ((at + self.offset_s).div_euclid(DAY) + 3).rem_euclid(7) >= 5
    }

    /// End of the local hour that contains `at`.
    pub(crate) fn hour_end(self, at: i64) -> i64 {
        at - (at + self.offset_s).rem_euclid(HOUR) + HOUR
    }
}

/// The last multiple of `period` at or before `as_of`, at which a slow estimate is
/// made anew; hourly in the first two days after `first`, when each hour counts.
pub(crate) fn refreshed_at(first: i64, as_of: i64, period: i64) -> i64 {
    let slow = as_of - as_of.rem_euclid(period);
    if slow.saturating_sub(first) < 2 * DAY {
        as_of - as_of.rem_euclid(HOUR)
    } else {
        slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_week_starts_on_monday() {
        let clock = Clock::default();
        // 2026-11-21 is a Saturday.
        let saturday = 1_795_219_200;
        assert!(clock.is_weekend(saturday));
        assert!(!clock.is_weekend(saturday - 1));
        assert_eq!(clock.hour(saturday + 3_599), 0);
        assert_eq!(clock.hour_end(saturday + 10), saturday + HOUR);
        let texas = Clock {
            offset_s: -6 * HOUR,
        };
        assert!(!texas.is_weekend(saturday), "still Friday evening there");
        assert_eq!(texas.hour(saturday), 18);
    }

    #[test]
    fn anchors_are_hourly_at_first() {
        assert_eq!(refreshed_at(0, DAY + 5_000, 6 * HOUR), DAY + HOUR);
        assert_eq!(refreshed_at(0, 4 * DAY + 5_000, 6 * HOUR), 4 * DAY);
        assert_eq!(refreshed_at(i64::MIN, 5_000, DAY), 0);
    }
}

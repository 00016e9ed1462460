//! Times of a plan on the site's clock.

use jiff::tz::TimeZone;
use swingload_model::time::timestamp;

/// Writes instants as people at the site read them.
pub(super) struct Clock {
    zone: TimeZone,
}

impl Clock {
    /// The clock of a zone that was checked when the site was read; UTC where it is unknown.
    pub(super) fn new(zone: &str) -> Self {
        Self {
            zone: TimeZone::get(zone).unwrap_or(TimeZone::UTC),
        }
    }

    /// `Tue 7 Jul 14:05`.
    pub(super) fn moment(&self, second: i64) -> String {
        self.format(second, "%a %-d %b %H:%M")
    }

    /// `2026-07-07 14:05 CDT`.
    pub(super) fn full(&self, second: i64) -> String {
        self.format(second, "%Y-%m-%d %H:%M %Z")
    }

    /// Seconds that this clock is ahead of UTC.
    pub(super) fn offset(&self, second: i64) -> i64 {
        i64::from(self.zone.to_offset(timestamp(second)).seconds())
    }

    fn format(&self, second: i64, format: &str) -> String {
        let zoned = timestamp(second).to_zoned(self.zone.clone());
        zoned.strftime(format).to_string()
    }
}

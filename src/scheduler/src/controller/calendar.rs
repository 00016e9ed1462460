//! Local days and months of the site, and dated numbers of devices.

use jiff::tz::TimeZone;
use swingload_model::site::Site;
use swingload_model::time::timestamp;

/// What began since the last call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Begun {
    pub(super) day: bool,
    pub(super) month: bool,
}

/// Remembers the local day, and devices installed per pool.
#[derive(Debug, Clone)]
pub(super) struct Calendar {
    zone: TimeZone,
    /// First Unix second that is not on the current local day.
    day_end: i64,
    month: (i16, i8),
    counts: Vec<u32>,
}

impl Calendar {
    pub(super) fn new(site: &Site) -> Self {
        let zone = TimeZone::get(&site.time_zone)
            .expect("invariant: a site's time zone was checked when it was read");
        let counts = site.pools.iter().map(|p| p.count.at(i64::MIN / 2));
        Self {
            zone,
            day_end: i64::MIN,
            month: (0, 0),
            counts: counts.collect(),
        }
    }

    /// The first event: its day is the current one.
    pub(super) fn start(&mut self, now: i64) {
        self.advance(now);
    }

    /// Moves to the local day of Unix second `now`.
    pub(super) fn advance(&mut self, now: i64) -> Begun {
        if now < self.day_end {
            return Begun {
                day: false,
                month: false,
            };
        }
        let local = timestamp(now).to_zoned(self.zone.clone());
        let tomorrow = local.tomorrow().and_then(|z| z.start_of_day());
        self.day_end = tomorrow.map_or(now + 86_400, |z| z.timestamp().as_second());
        let month = (local.year(), local.month());
        let begun = Begun {
            day: true,
            month: month != self.month,
        };
        self.month = month;
        begun
    }

    /// Whether the number of devices of pool `p` differs from the last call.
    pub(super) fn count_changed(&mut self, p: usize, count: u32) -> bool {
        std::mem::replace(&mut self.counts[p], count) != count
    }
}

//! The usual value of the hour, and what the latest one lay above it, fading.

use libm::exp;

use crate::baseline::{Rule, Sight};

/// Time in which a deviation fades to 1/e, s: spikes and lulls of power markets pass in hours.
const MEMORY: f64 = 2.0 * 3600.0;
/// Stretch before the step whose mean is "the latest value", s: one odd quarter-hour says little.
const RECENT: i64 = 900;

/// Climatology plus the latest deviation from it, times exp(-lead / 2 h): a first-order
/// autoregression around the daily course.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reverting;

impl Rule for Reverting {
    fn name(&self) -> &'static str {
        "reverting"
    }

    fn point(&self, sight: &Sight<'_>, start: i64, end: i64) -> Option<f64> {
        let table = sight.table()?;
        let usual = table.mean(start, end)?;
        let Some((known_until, latest)) = sight.newest().latest_before(start) else {
            return Some(usual);
        };
        let deviation = match sight.deviation.get() {
            Some((until, deviation)) if until == known_until => deviation,
            _ => {
                let from = known_until - RECENT;
                let recent = sight.newest().mean(from, known_until).unwrap_or(latest);
                let deviation = recent - table.mean(from, known_until)?;
                sight.deviation.set(Some((known_until, deviation)));
                deviation
            }
        };
        let lead = (0.5 * (start + end) as f64 - known_until as f64).max(0.0);
        Some(usual + deviation * exp(-lead / MEMORY))
    }
}

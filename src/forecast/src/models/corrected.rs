//! A published forecast, corrected by its recent error.

use super::learned::{Base, Past};
use crate::calendar::DAY;

/// Stretch whose error is "the latest", s.
const RECENT: i64 = 900;

/// The published forecast plus its latest error and its mean error over the past day, each
/// weighted by what it was worth at that lead.
#[derive(Debug, Clone)]
pub(super) struct Corrected {
    series: String,
}

impl Corrected {
    pub(super) fn new(series: &str) -> Self {
        Self {
            series: series.to_owned(),
        }
    }
}

impl Base for Corrected {
    fn name(&self) -> &'static str {
        "corrected"
    }

    fn companion(&self) -> Option<&str> {
        Some(&self.series)
    }

    fn base(&self, past: &Past<'_>, _until: i64, start: i64, end: i64) -> Option<f64> {
        past.companion?.mean(start, end)
    }

    fn signs(&self, past: &Past<'_>, until: i64) -> Option<[f64; 2]> {
        let published = past.companion?;
        let error = |from: i64| {
            let error = past.view.mean(from, until)? - published.mean(from, until)?;
            Some(error)
        };
        let latest = error(until - RECENT)?;
        Some([latest, error(until - DAY).unwrap_or(0.0)])
    }
}

//! A forecast that someone publishes, taken as it is.

use crate::baseline::{Rule, Sight};

/// The latest published forecast of each time, from another series of the history
/// with its own publication times. Its past errors give the spread; its bias stays.
#[derive(Debug, Clone)]
pub(super) struct Published {
    series: String,
}

impl Published {
    pub(super) fn new(series: &str) -> Self {
        Self {
            series: series.to_owned(),
        }
    }
}

impl Rule for Published {
    fn name(&self) -> &'static str {
        "published"
    }

    fn companion(&self) -> Option<&str> {
        Some(&self.series)
    }

    fn point(&self, sight: &Sight<'_>, start: i64, end: i64) -> Option<f64> {
        sight.companion.as_ref()?.mean(start, end)
    }
}

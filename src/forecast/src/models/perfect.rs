//! What will happen, for yardsticks and tests.

use swingload_model::series::Series;

use crate::baseline::{Rule, Sight};
use crate::history::Track;

/// The true course of the series, without spread.
#[derive(Debug, Clone)]
pub(super) struct Perfect {
    truth: Track,
}

impl Perfect {
    pub(super) fn new(series: &Series) -> Self {
        let mut truth = Track::unscreened();
        truth.extend(series.observations());
        Self { truth }
    }
}

impl Rule for Perfect {
    fn name(&self) -> &'static str {
        "perfect"
    }

    fn point(&self, _sight: &Sight<'_>, start: i64, end: i64) -> Option<f64> {
        self.truth.view(i64::MAX).mean(start, end)
    }

    fn is_certain(&self) -> bool {
        true
    }
}

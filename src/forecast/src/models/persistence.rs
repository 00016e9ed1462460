//! The latest known value stays.

use crate::baseline::{Rule, Sight};

/// The latest value known before the step, however old it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Persistence;

impl Rule for Persistence {
    fn name(&self) -> &'static str {
        "persistence"
    }

    fn point(&self, sight: &Sight<'_>, start: i64, _end: i64) -> Option<f64> {
        sight.newest().latest_before(start).map(|(_, value)| value)
    }
}

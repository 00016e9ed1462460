//! Shed ladder: what to drop in the first step of a plan, cheapest first within each
//! response time.

use swingload_model::plan::ShedRung;
use swingload_model::site::Site;

use crate::build::Built;
use crate::plan::Planned;
use crate::state::JobState;

/// Rungs of the plan's first step. `jobs` is the controller's list, `hours` how long the
/// shed is expected to last: what a stop costs once is spread over it.
pub fn ladder(
    site: &Site,
    jobs: &[JobState],
    built: &Built,
    planned: &Planned,
    hours: f64,
) -> Vec<ShedRung> {
    let _ = (site, jobs, built, planned, hours);
    Vec::new()
}

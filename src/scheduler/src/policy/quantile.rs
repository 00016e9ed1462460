//! Runs in the cheapest hours of the next day.

use swingload_model::TimeGrid;

use super::myopic::mining::PoolRule;
use super::myopic::{Myopic, price, uncapped};
use super::{Policy, View};
use crate::dispatch::Dispatch;
use crate::state::JobState;

/// Hours looked ahead.
const HOURS: i64 = 24;
/// Bid of hashing in dear hours: no price is that low.
const NEVER: f64 = -1e6;

/// Mining runs in the `quantile_share` of hours with the lowest expected prices over
/// the next 24 h; jobs wait for such hours, unless they would miss their deadline.
/// Inference runs whatever power costs.
#[derive(Debug, Default)]
pub(crate) struct Quantile {
    step: Myopic,
}

impl Policy for Quantile {
    fn name(&self) -> &'static str {
        "quantile"
    }

    fn decide(&mut self, view: &View<'_>) -> Dispatch {
        let cheap = is_cheap(view);
        let rule = PoolRule {
            bid: Some(if cheap { super::myopic::HASHING } else { NEVER }),
            ..PoolRule::ALWAYS
        };
        let mining = vec![rule; view.setup.site.pools.len()];
        let may_run = |position: usize| cheap || cannot_wait(view, &view.jobs[position]);
        self.step.decide(view, &uncapped(&mining, true, &may_run))
    }
}

/// Whether the step is at most as dear as the cheapest share of the hours ahead.
fn is_cheap(view: &View<'_>) -> bool {
    let hours = (0..=HOURS).map(|h| view.now + h * 3600).collect();
    let day = TimeGrid::from_boundaries(hours).expect("invariant: hours rise");
    let mut prices = price::expected(view.setup, view.outlook, &day);
    prices.sort_by(f64::total_cmp);
    let share = view.setup.policies.quantile_share.clamp(0.0, 1.0);
    let hours = (share * prices.len() as f64).round() as usize;
    let now = price::expected(view.setup, view.outlook, view.step)[0];
    hours > 0 && now <= prices[hours - 1]
}

/// Whether a job that skips this step could miss its deadline: on its largest gang,
/// with two restarts to spare.
fn cannot_wait(view: &View<'_>, job: &JobState) -> bool {
    let gang = i64::from(job.job.gang_max().max(1));
    let needed = job.work_left / gang + 2 * job.job.restart.get();
    view.step.end_s(0) + needed >= job.job.deadline
}

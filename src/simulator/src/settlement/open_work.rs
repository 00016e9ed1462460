//! Work in progress at the run's end: what can still be done in time is worth its
//! value less the power it will take.
//!
//! Without it a run would reward whoever hurries and punish whoever rightly waits for
//! a cheaper hour just behind its end. The same rule holds for every policy and, in
//! the bound, for the best possible.

use swingload_model::job::Job;
use swingload_model::site::{Site, Use};
use swingload_model::units::Money;

use crate::ledger::{Ledger, LineKind};
use crate::load::use_index;
use crate::record::JobOutcome;
use crate::run::recorder::Prices;
use crate::truth::{PARTS, Truth};

/// Expected cost of a GPU-hour after the run, currency, per GPU pool: the run's mean
/// expected price with training's adders, at the pool's mean marginal PUE.
pub(crate) fn costs(site: &Site, truth: &Truth) -> Vec<f64> {
    let prices = Prices::new(site, truth);
    let training = use_index(Use::Training);
    let hours: f64 = (0..truth.grid.len()).map(|t| truth.grid.hours(t)).sum();
    let of = |pool: &swingload_model::site::GpuPool| {
        let watts = (pool.running - pool.idle).as_megawatts();
        let step = |t: usize| {
            let pue = truth.factor[pool.node].at(t) as f64 / PARTS as f64;
            let price = prices.expected(truth, t) + prices.adder(training, t);
            price * pue * truth.grid.hours(t)
        };
        (0..truth.grid.len()).map(step).sum::<f64>() / hours * watts
    };
    site.gpu_pools.iter().map(of).collect()
}

/// GPU-hours of `left` GPU-seconds that `job` can still do between Unix second `end` and its latest time.
fn doable(job: &Job, left: i64, end: i64) -> f64 {
    let room = i64::from(job.gang_max()) * (job.latest - end).max(0);
    left.min(room) as f64 / 3600.0
}

/// Books what open jobs are worth in the last step.
pub(crate) fn book(
    site: &Site,
    truth: &Truth,
    jobs: &[Job],
    outcomes: &[JobOutcome],
    ledger: &mut Ledger,
) {
    let costs = costs(site, truth);
    let last = truth.grid.len() - 1;
    let end = truth.grid.end_s(last);
    for (p, pool) in site.gpu_pools.iter().enumerate() {
        let line = ledger.line(format!("open work on {}", pool.id), LineKind::OpenWork);
        let open = jobs.iter().zip(outcomes).filter(|(job, o)| {
            job.gpu_pool == p && o.submitted && !o.closed && o.finished.is_none()
        });
        for (job, outcome) in open {
            let worth = (job.value_at(end) - costs[p]).max(0.0);
            ledger.book(
                line,
                last,
                Money::from_units(worth * doable(job, outcome.left, end)),
            );
        }
    }
}

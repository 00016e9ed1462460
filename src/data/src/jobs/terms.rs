//! The seeded rule that gives jobs their value, window, gangs and dependencies.

use rand_chacha::ChaCha8Rng;
use swingload_model::job::Job;
use swingload_model::scenario::JobSource;
use swingload_model::scenario::jobs::Uniform;
use swingload_model::{Money, Seconds};

use super::{Arrival, Pool};
use crate::random::{stream, uniform};

/// Jobs of one source, numbered in the order of `arrivals`.
///
/// Job n draws from the n-th stream of the generator `jobs/ID/terms`: value, slack,
/// whether it is elastic, whether it depends on the job before it. So one more job
/// changes no other's terms.
pub(super) fn priced(source: &JobSource, seed: u64, pool: Pool, arrivals: &[Arrival]) -> Vec<Job> {
    let base = stream(seed, &format!("jobs/{}/terms", source.id));
    let name = |number: usize| format!("{}-{number:06}", source.id);
    let job = |(index, arrival): (usize, &Arrival)| {
        let number = index + 1;
        let mut rng = base.clone();
        rng.set_stream(number as u64);
        let mut job = plain(source, pool, arrival);
        job.id = name(number);
        draw_terms(&mut job, source, arrival, &mut rng);
        if uniform(&mut rng) < source.terms.chained_share && index > 0 {
            job.depends_on.push(name(index));
        }
        job
    };
    arrivals.iter().enumerate().map(job).collect()
}

/// What follows without a draw.
fn plain(source: &JobSource, pool: Pool, arrival: &Arrival) -> Job {
    let terms = &source.terms;
    let seconds = |s: f64| Seconds::new(s.round() as i64);
    Job {
        id: String::new(),
        tenant: arrival
            .tenant
            .clone()
            .unwrap_or_else(|| source.tenant.clone()),
        gpu_pool: pool.index,
        release: arrival.release,
        deadline: arrival.release,
        latest: arrival.release,
        work: ((arrival.duration * f64::from(arrival.gpus)).round() as i64).max(1),
        gangs: vec![arrival.gpus],
        value: Money::ZERO,
        unmet_penalty: Money::ZERO,
        lateness_penalty: Money::ZERO,
        min_runtime: Seconds::from_minutes(terms.min_runtime_min),
        checkpoint_interval: Seconds::from_minutes(terms.checkpoint_interval_min),
        checkpoint_cost: seconds(terms.checkpoint_cost_s),
        restart: seconds(terms.restart_s),
        notice: seconds(terms.notice_s),
        tier: terms.tier,
        depends_on: Vec::new(),
    }
}

fn draw_terms(job: &mut Job, source: &JobSource, arrival: &Arrival, rng: &mut ChaCha8Rng) {
    let terms = &source.terms;
    let value = between(terms.value_per_gpu_h, rng);
    let slack = between(terms.slack, rng);
    let elastic = uniform(rng) < terms.elastic_share;
    job.value = Money::from_units(value);
    job.unmet_penalty = Money::from_units(value * terms.unmet_penalty_share);
    job.lateness_penalty = Money::from_units(value * terms.lateness_share_per_h);
    if elastic {
        job.gangs = [arrival.gpus / 4, arrival.gpus / 2, arrival.gpus].into();
        job.gangs.retain(|gang| *gang > 0);
        job.gangs.dedup();
    }
    let window = (slack * job.shortest().get() as f64).ceil() as i64;
    job.deadline = job.release
        + Seconds::new(window)
            .max(Seconds::from_hours(terms.window_min_h))
            .get();
    job.latest = job.deadline + Seconds::from_hours(terms.late_h).get();
}

fn between(range: Uniform, rng: &mut ChaCha8Rng) -> f64 {
    range.low + (range.high - range.low) * uniform(rng)
}

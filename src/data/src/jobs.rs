//! Jobs from traces and generators, with the terms of their source.

mod arrivals;
mod terms;
#[cfg(test)]
mod tests;
mod trace;

use swingload_model::Diagnostics;
use swingload_model::job::Job;
use swingload_model::scenario::{JobSource, Scenario};

use crate::fault::Faults;
use crate::note::{Note, Notes, count};
use crate::table::Files;

/// What a trace or generator says of one job; terms come later.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Arrival {
    /// Unix second.
    pub(crate) release: i64,
    /// Run time on all its GPUs, s.
    pub(crate) duration: f64,
    pub(crate) gpus: u32,
    /// Tenant, where the trace names one.
    pub(crate) tenant: Option<String>,
    /// Line of a trace.
    pub(crate) line: usize,
}

/// The pool a source runs on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pool {
    /// Position in the site's list.
    pub(crate) index: usize,
    /// Most GPUs it ever has.
    pub(crate) gpus: u32,
}

/// All jobs of the scenario released inside its period, by release and id.
///
/// Jobs of a source are numbered from 1 in order of release: `philly-000001`.
///
/// # Errors
/// Faults of the traces, and jobs larger than their GPU pool.
pub(crate) fn load(
    scenario: &Scenario,
    files: &mut Files<'_>,
    notes: &mut Vec<Note>,
) -> Result<Vec<Job>, Diagnostics> {
    let period = (
        scenario.grid.start_s(0),
        scenario.grid.end_s(scenario.grid.len() - 1),
    );
    let mut faults = Faults::default();
    let mut jobs = Vec::new();
    for source in &scenario.jobs {
        let pools = scenario.site.gpu_pools.iter().enumerate();
        let pool = pools
            .filter(|(_, pool)| pool.id == source.gpu_pool)
            .map(|(index, pool)| Pool {
                index,
                gpus: pool.count.max(),
            })
            .next()
            .expect("invariant: the scenario refuses sources without a pool");
        match arrivals(source, scenario.seed, pool, period, files, notes) {
            Ok(arrivals) => {
                let subject = format!("jobs.{}", source.id);
                let mut notes = Notes {
                    all: notes,
                    subject,
                    file: String::new(),
                };
                let gpu_hours: f64 = arrivals
                    .iter()
                    .map(|a| a.duration * f64::from(a.gpus) / 3600.0)
                    .sum();
                notes.push(format!(
                    "{} with {gpu_hours:.0} GPU-hours released in the period",
                    count(arrivals.len(), "job")
                ));
                jobs.extend(terms::priced(source, scenario.seed, pool, &arrivals));
            }
            Err(diagnostics) => faults.extend(diagnostics),
        }
    }
    faults.finish()?;
    jobs.sort_by(|a, b| (a.release, &a.id).cmp(&(b.release, &b.id)));
    Ok(jobs)
}

/// Arrivals of one source inside the period, by release.
fn arrivals(
    source: &JobSource,
    seed: u64,
    pool: Pool,
    period: (i64, i64),
    files: &mut Files<'_>,
    notes: &mut Vec<Note>,
) -> Result<Vec<Arrival>, Diagnostics> {
    let mut arrivals = match (&source.trace, &source.synthetic) {
        (Some(trace), _) => {
            let subject = format!("jobs.{}", source.id);
            let table = files.open(&trace.file, &subject)?;
            let mut notes = Notes {
                all: notes,
                subject,
                file: table.file.clone(),
            };
            trace::arrivals(source, trace, &table, seed, pool, period, &mut notes)?
        }
        (None, Some(generator)) => arrivals::generate(&source.id, generator, seed, period),
        (None, None) => Vec::new(),
    };
    arrivals.sort_by_key(|a| a.release);
    Ok(arrivals)
}

//! Work open at the run's end, worth what could really be done of it.
//!
//! The backlog of a policy is done after the end, earliest deadline first, on the GPUs and
//! the power there ([`After`]): gangs whole, each start paid for, lateness charged, energy at
//! the run's mean price. A deadline is taken as it stands, and once more less the time that
//! the work itself takes, so that a gang of the whole pool is not left behind many small
//! jobs; the order that is worth more counts. What does not fit before a job's latest time is worth nothing, and
//! nothing is owed for it. Without this line a run would reward whoever hurries and punish
//! whoever rightly waits for a cheaper hour just behind its end; were every job valued as if
//! it had the pool to itself, it would reward whoever leaves most undone.
//!
//! The same rule holds for every policy and, in the bound, for the best possible: steps,
//! limits and prices are those behind the bound's own, and every choice made here was open
//! to it.

use std::collections::BTreeMap;

use swingload_model::job::Job;
use swingload_model::site::Site;
use swingload_model::units::Money;

use crate::after::After;
use crate::ledger::{Ledger, LineKind};
use crate::record::OpenJob;

/// Power and GPUs below this are rounding, MW and GPUs.
const ROUNDING: f64 = 1e-9;

/// A job that is open at the end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Open {
    /// Position among the run's jobs.
    pub(crate) job: usize,
    /// Work left, GPU-seconds.
    pub(crate) left: i64,
    /// GPUs it runs on at the end.
    pub(crate) gpus: u32,
    /// Seconds of its start still without progress.
    pub(crate) restart_left: i64,
}

/// Does the backlog and books its worth in the last step, per GPU pool.
///
/// `finished` tells which of `jobs` were finished in the run.
pub(crate) fn book(
    site: &Site,
    after: &After,
    jobs: &[Job],
    finished: impl Fn(usize) -> bool,
    open: &[Open],
    last: usize,
    ledger: &mut Ledger,
) -> Vec<OpenJob> {
    let done = backlog(site, after, jobs, finished, open);
    for (p, pool) in site.gpu_pools.iter().enumerate() {
        let line = ledger.line(format!("open work on {}", pool.id), LineKind::OpenWork);
        for one in done
            .iter()
            .filter(|one| jobs[one.job as usize].gpu_pool == p)
        {
            ledger.book(line, last, one.worth);
        }
    }
    done
}

/// What is done of each open job, in the order of `open`.
fn backlog(
    site: &Site,
    after: &After,
    jobs: &[Job],
    finished: impl Fn(usize) -> bool,
    open: &[Open],
) -> Vec<OpenJob> {
    let queue = Queue::new(site, after, jobs, finished, open);
    let shortest = |state: &State| state.left / i64::from(jobs[state.job].gang_max().max(1));
    let by_deadline = queue.paying(|_| 0);
    let by_start = queue.paying(shortest);
    let total = |done: &[OpenJob]| done.iter().map(|one| one.worth).sum::<Money>();
    match total(&by_start) > total(&by_deadline) {
        true => by_start,
        false => by_deadline,
    }
}

/// The backlog as it is worked off.
#[derive(Debug, Clone)]
struct Queue<'a> {
    site: &'a Site,
    after: &'a After,
    jobs: &'a [Job],
    states: Vec<State>,
    /// Positions in `states`, the earliest due first; those done or out of time leave.
    order: Vec<usize>,
    /// Per pool: nodes from its own to the root.
    paths: Vec<Vec<usize>>,
}

#[derive(Debug, Clone)]
struct State {
    job: usize,
    left_at_end: i64,
    left: i64,
    gpus: u32,
    restart_left: i64,
    /// Value of work less lateness and energy, currency.
    worth: f64,
    /// Positions in `states` of the open jobs it waits for; `None` where it waits for one
    /// that was never finished and is not open.
    after: Option<Vec<usize>>,
}

impl<'a> Queue<'a> {
    fn new(
        site: &'a Site,
        after: &'a After,
        jobs: &'a [Job],
        finished: impl Fn(usize) -> bool,
        open: &[Open],
    ) -> Self {
        let waits = open.iter().any(|one| !jobs[one.job].depends_on.is_empty());
        let mut by_id: BTreeMap<&str, usize> = BTreeMap::new();
        if waits {
            by_id.extend(jobs.iter().enumerate().map(|(k, job)| (job.id.as_str(), k)));
        }
        let position: BTreeMap<usize, usize> = open
            .iter()
            .enumerate()
            .map(|(k, one)| (one.job, k))
            .collect();
        let waits_for = |job: &Job| {
            let mut found = Vec::new();
            for id in &job.depends_on {
                let before = *by_id.get(id.as_str())?;
                match position.get(&before) {
                    Some(at) => found.push(*at),
                    None if finished(before) => {}
                    None => return None,
                }
            }
            Some(found)
        };
        let states: Vec<State> = open
            .iter()
            .map(|one| State {
                job: one.job,
                left_at_end: one.left,
                left: one.left,
                gpus: one.gpus,
                restart_left: match one.gpus {
                    0 => jobs[one.job].restart.get(),
                    _ => one.restart_left.max(0),
                },
                worth: 0.0,
                after: waits_for(&jobs[one.job]),
            })
            .collect();
        Self {
            site,
            after,
            jobs,
            order: (0..states.len()).collect(),
            states,
            paths: (site.gpu_pools.iter())
                .map(|pool| site.tree.path_to_root(pool.node))
                .collect(),
        }
    }

    /// [`Queue::worked_off`] without the jobs that would cost more than they earn, which are not
    /// begun and leave their room to others.
    fn paying(&self, sooner: impl Fn(&State) -> i64) -> Vec<OpenJob> {
        let mut queue = self.clone();
        loop {
            let done = queue.clone().worked_off(&sooner);
            let before = queue.order.len();
            queue.order.retain(|k| done[*k].worth >= Money::ZERO);
            if queue.order.len() == before {
                return done;
            }
        }
    }

    /// What is done by the end, each job due by its deadline less `sooner` seconds.
    fn worked_off(mut self, sooner: impl Fn(&State) -> i64) -> Vec<OpenJob> {
        let (states, jobs) = (&self.states, self.jobs);
        self.order.sort_by_key(|k| {
            let state = &states[*k];
            (
                jobs[state.job].deadline.saturating_sub(sooner(state)),
                state.job,
            )
        });
        for pair in self.after.boundaries.windows(2) {
            if !self.step(pair[0], pair[1]) {
                break;
            }
        }
        let outcome = |one: &State| OpenJob {
            job: one.job as u32,
            left: one.left_at_end,
            done: one.left_at_end - one.left,
            worth: Money::from_units(one.worth),
        };
        self.states.iter().map(outcome).collect()
    }

    /// One step of the backlog; returns whether any of it is left.
    fn step(&mut self, start: i64, end: i64) -> bool {
        let seconds = (end - start) as f64;
        let mut gpus = self.after.gpus.clone();
        let mut node_mw = self.after.node_mw.clone();
        // What ends in this step frees those that wait for it from the next on.
        let ready: Vec<bool> = (self.states.iter())
            .map(|state| {
                let before = state.after.as_ref();
                before.is_some_and(|before| before.iter().all(|k| self.states[*k].left == 0))
            })
            .collect();
        for &k in &self.order {
            let state = &mut self.states[k];
            let job = &self.jobs[state.job];
            let pool = job.gpu_pool;
            let gpu_mw = self.after.gpu_mw(self.site, pool);
            let cost = gpu_mw * self.after.price;
            let pays = ready[k] && job.value_at(start) > cost;
            let there = end.min(job.latest) - start;
            let own = Some(state.gpus).filter(|gpus| *gpus > 0);
            let restart = |gang: u32| match own == Some(gang) {
                true => state.restart_left,
                false => job.restart.get(),
            };
            // Seconds until it is done on so many GPUs.
            let needed = |gang: u32| {
                let gpus = i64::from(gang);
                restart(gang) + (state.left + gpus - 1) / gpus
            };
            // It goes on as it runs, or starts on as many GPUs as there are; it also starts
            // again on more where it would be late and is done sooner.
            let late = own.filter(|gpus| start + needed(*gpus) > job.deadline);
            let largest = || job.gangs.iter().rev().copied();
            let sooner = late.into_iter().flat_map(|own| {
                largest().filter(move |gang| *gang > own && needed(*gang) < needed(own))
            });
            let stretch = sooner.chain(own).chain(largest()).find_map(|gang| {
                let busy = there.min(needed(gang));
                // GPUs it takes on average over the step.
                let mean = f64::from(gang) * busy as f64 / seconds;
                let mw = mean * gpu_mw;
                let fits = mean <= gpus[pool] + ROUNDING
                    && (self.paths[pool].iter()).all(|n| mw <= node_mw[*n] + ROUNDING);
                fits.then_some((i64::from(gang), restart(gang), busy, mean, mw))
            });
            let worthwhile = |gang: i64, restart: i64| {
                let work = (job.latest - start - restart).max(0).saturating_mul(gang);
                let work = work.min(state.left) as f64;
                work * (job.value_at(start) - cost) > (restart * gang) as f64 * cost
            };
            match stretch.filter(|s| pays && worthwhile(s.0, s.1)) {
                Some((gang, restart, busy, mean, mw)) => {
                    gpus[pool] -= mean;
                    self.paths[pool].iter().for_each(|n| node_mw[*n] -= mw);
                    let started = restart.min(busy);
                    let work = (gang * (busy - started)).min(state.left);
                    state.worth += earned(job, start + started, start + busy, work)
                        - cost * (gang * busy) as f64 / 3600.0;
                    state.left -= work;
                    state.restart_left = restart - started;
                    state.gpus = gang as u32;
                }
                None => {
                    state.gpus = 0;
                    state.restart_left = job.restart.get();
                }
            }
        }
        let (states, jobs) = (&self.states, self.jobs);
        self.order
            .retain(|k| states[*k].left > 0 && jobs[states[*k].job].latest > end);
        !self.order.is_empty()
    }
}

/// What `work` GPU-seconds done evenly between two Unix seconds earn, lateness taken off;
/// the middle of what is late stands for it.
fn earned(job: &Job, from: i64, until: i64, work: i64) -> f64 {
    if until <= from {
        return 0.0;
    }
    let on_time = (job.deadline - from).clamp(0, until - from);
    let share = on_time as f64 / (until - from) as f64;
    let late_from = from + on_time;
    let late = match until > late_from {
        true => job.value_at(late_from + (until - late_from) / 2),
        false => 0.0,
    };
    (share * job.value.as_units() + (1.0 - share) * late) * work as f64 / 3600.0
}

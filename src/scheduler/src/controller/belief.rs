//! What was commanded, what was acknowledged, and what devices said afterwards.
//!
//! An acknowledgement is a claim: it moves the belief, and the next telemetry
//! overrules it. Until one of the two comes, a device is counted at the worst it
//! may draw.

use std::collections::BTreeMap;

use swingload_model::site::Site;
use swingload_model::site::commitment::CommitmentKind;
use swingload_model::units::Power;

use crate::dispatch::Dispatch;
use crate::event::{Action, Command, Telemetry};
use crate::state::{JobState, SiteState};

/// What a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Block(usize, usize),
    Service(usize),
    Hosting(usize),
    Job(usize),
}

impl Target {
    fn of(action: &Action) -> Self {
        match action {
            Action::SetBlock { pool, block, .. } => Self::Block(*pool, *block),
            Action::SetService { service, .. } => Self::Service(*service),
            Action::SetHosting { commitment, .. } => Self::Hosting(*commitment),
            Action::SetJob { job, .. } => Self::Job(*job),
        }
    }
}

/// A command whose acknowledgement is open.
#[derive(Debug, Clone)]
struct Pending {
    action: Action,
    /// When the state it names was first commanded, Unix second.
    issued: i64,
    /// When it was last sent.
    sent: i64,
    /// Its ids, the repeated ones too: an acknowledgement of any will do.
    ids: Vec<u64>,
    /// Highest level, GPUs or watts, of it and the commands it replaced unheard.
    worst: i64,
}

/// GPUs or watts a command asks for; blocks count at nameplate instead.
fn level(action: &Action) -> i64 {
    match action {
        Action::SetBlock { .. } => 0,
        Action::SetService { gpus, .. } | Action::SetJob { gpus, .. } => i64::from(*gpus),
        Action::SetHosting { power, .. } => power.get(),
    }
}

/// Repeats remembered per target; an acknowledgement of an older one no longer counts.
const IDS_KEPT: usize = 8;

/// Commands under way, and what each block was commanded last.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    pending: BTreeMap<Target, Pending>,
    by_id: BTreeMap<u64, Target>,
    /// Per pool and block, the devices per point that were acknowledged or confirmed.
    commanded: Vec<Vec<Vec<u32>>>,
}

/// What an acknowledgement or report confirmed.
pub(super) struct Confirmed {
    pub(super) action: Action,
    pub(super) issued: i64,
}

impl Ledger {
    /// Of a site where nothing was commanded yet.
    pub(super) fn new(state: &SiteState) -> Self {
        let commanded = state
            .pools
            .iter()
            .map(|p| p.blocks.iter().map(|b| b.at_point.clone()).collect());
        Self {
            commanded: commanded.collect(),
            ..Self::default()
        }
    }

    /// Notes that `command` is sent at `now`; replaces what was under way for its target.
    pub(super) fn note_sent(&mut self, command: &Command, now: i64) {
        let target = Target::of(&command.action);
        self.by_id.insert(command.id, target);
        match self.pending.get_mut(&target) {
            Some(pending) if pending.action == command.action => {
                pending.sent = now;
                pending.ids.push(command.id);
                if pending.ids.len() > IDS_KEPT {
                    self.by_id.remove(&pending.ids.remove(0));
                }
            }
            _ => {
                let before = self.forget(target).map_or(0, |p| p.worst);
                let fresh = Pending {
                    worst: before.max(level(&command.action)),
                    action: command.action.clone(),
                    issued: now,
                    sent: now,
                    ids: vec![command.id],
                };
                self.pending.insert(target, fresh);
            }
        }
    }

    /// The command was taken or refused; `None` when it is no longer under way.
    pub(super) fn acknowledge(&mut self, id: u64) -> Option<Confirmed> {
        let target = *self.by_id.get(&id)?;
        self.close(target)
    }

    /// Ends what is under way for `target`.
    fn close(&mut self, target: Target) -> Option<Confirmed> {
        let pending = self.forget(target)?;
        Some(Confirmed {
            action: pending.action,
            issued: pending.issued,
        })
    }

    fn forget(&mut self, target: Target) -> Option<Pending> {
        let pending = self.pending.remove(&target)?;
        for id in &pending.ids {
            self.by_id.remove(id);
        }
        Some(pending)
    }

    /// Closes commands that devices and jobs report as carried out.
    pub(super) fn take_confirmed(&mut self, telemetry: &Telemetry) -> Vec<Confirmed> {
        let mut done = Vec::new();
        for (target, pending) in &self.pending {
            let seen = match (target, &pending.action) {
                (Target::Block(p, b), Action::SetBlock { at_point, .. }) => telemetry
                    .pools
                    .get(*p)
                    .and_then(|blocks| blocks.get(*b))
                    .is_some_and(|report| report.at_point == *at_point),
                (Target::Job(j), Action::SetJob { gpus, .. }) => telemetry
                    .jobs
                    .iter()
                    .any(|report| report.job == *j && report.gpus == *gpus),
                _ => false,
            };
            if seen {
                done.push(*target);
            }
        }
        done.into_iter().filter_map(|t| self.close(t)).collect()
    }

    /// Notes what a block was commanded and took.
    pub(super) fn note_commanded(&mut self, pool: usize, block: usize, at_point: &[u32]) {
        self.commanded[pool][block].copy_from_slice(at_point);
    }

    /// The state last commanded for a target and not yet acknowledged, and whether
    /// its acknowledgement is overdue at `now`: it was due by the next step.
    pub(super) fn under_way(&self, target: Target, now: i64) -> Option<(&Action, bool)> {
        self.pending.get(&target).map(|p| (&p.action, p.sent < now))
    }

    /// Whether a block took `at_point` and has not been commanded anything else.
    pub(super) fn was_commanded(&self, pool: usize, block: usize, at_point: &[u32]) -> bool {
        self.commanded[pool][block] == at_point
    }

    /// Whether any command is under way for a target.
    pub(super) fn is_under_way(&self, target: Target) -> bool {
        self.pending.contains_key(&target)
    }

    /// Jobs with a command under way.
    pub(super) fn jobs_under_way(&self) -> impl Iterator<Item = usize> + '_ {
        self.pending
            .range(Target::Job(0)..)
            .filter_map(|(t, _)| match t {
                Target::Job(j) => Some(*j),
                _ => None,
            })
    }

    /// Forgets what is under way for a job that is over.
    pub(super) fn forget_job(&mut self, job: usize) {
        self.forget(Target::Job(job));
    }

    /// Adds to `more` the IT watts that each node may draw beyond the set points of `dispatch`,
    /// because acknowledgements are overdue at `now` or devices contradict what they acknowledged.
    ///
    /// A block without an answer counts at nameplate; devices reported awake beyond
    /// what was acknowledged count at their rated point. Jobs of `dispatch` are
    /// sorted by position.
    pub(super) fn add_doubtful(
        &self,
        site: &Site,
        state: &SiteState,
        jobs: &[JobState],
        dispatch: &Dispatch,
        now: i64,
        more: &mut [f64],
    ) {
        for (p, pool) in site.pools.iter().enumerate() {
            let rated = pool.points.last().map_or(Power::ZERO, |o| o.power);
            for (b, block) in state.pools[p].blocks.iter().enumerate() {
                let set = &dispatch.pools[p][b];
                if self.is_overdue(Target::Block(p, b), now) {
                    let worst = (rated - pool.sleep) * i64::from(block.available);
                    let set = pool.points.iter().zip(set);
                    let set: Power = set
                        .map(|(o, n)| (o.power - pool.sleep) * i64::from(*n))
                        .sum();
                    more[pool.node] += (worst - set).get().max(0) as f64;
                } else {
                    let commanded: u32 = self.commanded[p][b].iter().sum();
                    let extra = block
                        .awake()
                        .saturating_sub(commanded.max(set.iter().sum()));
                    more[pool.node] += ((rated - pool.sleep) * i64::from(extra)).get() as f64;
                }
            }
        }
        let mut gpus = |pool: usize, worst: u32, set: u32| {
            let pool = &site.gpu_pools[pool];
            let extra = i64::from(worst.saturating_sub(set));
            more[pool.node] += ((pool.running - pool.idle) * extra).get() as f64;
        };
        for (target, worst) in self.overdue(state, jobs, now) {
            match target {
                Target::Service(v) => {
                    gpus(
                        site.services[v].gpu_pool,
                        to_gpus(worst),
                        dispatch.services[v],
                    );
                }
                Target::Job(j) => {
                    let found = dispatch.jobs.binary_search_by_key(&j, |(p, _)| *p);
                    let set = found.map_or(0, |k| dispatch.jobs[k].1);
                    gpus(jobs[j].job.gpu_pool, to_gpus(worst), set);
                }
                Target::Hosting(_) | Target::Block(..) => {}
            }
        }
        for (target, worst) in self.overdue(state, jobs, now) {
            if let Target::Hosting(c) = target
                && let CommitmentKind::Hosting { node, .. } = site.commitments[c].kind
            {
                more[node] += (worst - dispatch.hosting[c].get()).max(0) as f64;
            }
        }
    }

    /// Loads whose acknowledgement is overdue at `now`, blocks aside, and the GPUs or
    /// watts they may be at.
    fn overdue<'a>(
        &'a self,
        state: &'a SiteState,
        jobs: &'a [JobState],
        now: i64,
    ) -> impl Iterator<Item = (Target, i64)> + 'a {
        let overdue = self.pending.iter().filter(move |(_, p)| p.sent < now);
        overdue.filter_map(|(target, pending)| {
            let believed = match target {
                Target::Service(v) => i64::from(state.services[*v]),
                Target::Hosting(c) => state.hosting[*c].get(),
                Target::Job(j) => i64::from(jobs[*j].gpus),
                Target::Block(..) => return None,
            };
            Some((*target, believed.max(pending.worst)))
        })
    }

    /// Lowers what is in doubt at `now` to the worst it may draw already: nothing is
    /// raised before it answers.
    pub(super) fn hold_back(
        &self,
        state: &SiteState,
        jobs: &[JobState],
        dispatch: &mut Dispatch,
        now: i64,
    ) {
        for (target, worst) in self.overdue(state, jobs, now) {
            match target {
                Target::Service(v) => {
                    dispatch.services[v] = dispatch.services[v].min(to_gpus(worst));
                }
                Target::Hosting(c) => {
                    dispatch.hosting[c] = dispatch.hosting[c].min(Power::new(worst));
                }
                Target::Job(j) => {
                    if let Ok(k) = dispatch.jobs.binary_search_by_key(&j, |(p, _)| *p) {
                        dispatch.jobs[k].1 = dispatch.jobs[k].1.min(to_gpus(worst));
                    }
                }
                Target::Block(..) => {}
            }
        }
        dispatch.jobs.retain(|(_, gpus)| *gpus > 0);
    }

    /// Whether a target's acknowledgement is overdue at `now`: it counts at its worst,
    /// so taking load off it frees nothing for certain.
    pub(super) fn is_overdue(&self, target: Target, now: i64) -> bool {
        self.pending.get(&target).is_some_and(|p| p.sent < now)
    }
}

fn to_gpus(level: i64) -> u32 {
    u32::try_from(level).unwrap_or(u32::MAX)
}

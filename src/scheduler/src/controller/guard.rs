//! The last check before commands: no dispatch leaves that exceeds a limit.
//!
//! Own arithmetic on the site's figures, nothing of the planner's: a fault there
//! shows here as an incident and never as an overload.

use std::collections::BTreeSet;

use swingload_model::site::Site;
use swingload_model::units::Power;

use super::IncidentKind;
use super::belief::{Ledger, Target};
use super::limits::{Limits, StepLimits, amount};
use super::trim::{Interruptible, Trim};
use crate::dispatch::Dispatch;
use crate::policy::View;
use crate::state::{Checkpoint, JobState};

/// Share of a node's usable power by which meter and set points may differ
/// unnoticed: forecasts of temperature, hence of PUE, are not exact.
const METER_TOLERANCE: f64 = 0.005;

/// Checks dispatches; remembers what the meter should have shown.
#[derive(Debug)]
pub(super) struct Guard {
    limits: Limits,
    step: StepLimits,
    /// IT watts in doubt at each node.
    more: Vec<f64>,
    /// Facility watts below each node that the meter shows and no set point explains.
    unexplained: Vec<f64>,
    /// Load of each node as dispatched in the last step and the one before; a
    /// device on its way from one to the other draws at most the larger.
    expected: [Vec<f64>; 2],
    /// Jobs out of time that still run: they are stopped in this step.
    given_up: Vec<usize>,
}

impl Guard {
    pub(super) fn new(site: &Site) -> Self {
        Self {
            limits: Limits::new(site),
            step: StepLimits::default(),
            more: vec![0.0; site.tree.len()],
            unexplained: vec![0.0; site.tree.len()],
            expected: [Vec::new(), Vec::new()],
            given_up: Vec::new(),
        }
    }

    /// Compares the meters of the last step with what was dispatched.
    pub(super) fn compare_meters(&mut self, site: &Site, power: &[Power]) {
        let [last, before] = &self.expected;
        if last.is_empty() {
            return;
        }
        for (n, metered) in power.iter().enumerate() {
            let expected = before.get(n).map_or(last[n], |b| last[n].max(*b));
            let tolerance = METER_TOLERANCE * site.tree.node(n).usable().get() as f64;
            self.unexplained[n] = (metered.get() as f64 - expected - tolerance).max(0.0);
        }
    }

    /// Corrects what no device or job can do, takes off what exceeds a limit, and
    /// says what it found. `active` are the jobs that run.
    pub(super) fn check(
        &mut self,
        view: &View<'_>,
        ledger: &Ledger,
        active: &BTreeSet<usize>,
        dispatch: &mut Dispatch,
    ) -> Vec<IncidentKind> {
        self.given_up.clear();
        let over = active.iter().filter(|p| !view.jobs[**p].is_open());
        self.given_up.extend(over);
        let mut found = Vec::new();
        correct(view, dispatch, &mut found);
        ledger.hold_back(view.state, view.jobs, dispatch, view.now);
        Self::gpus(view, dispatch, &mut found);
        self.limits
            .prepare(&view.setup.site, view.outlook, view.step, &mut self.step);
        self.power(view, ledger, dispatch, &mut found);
        found
    }

    /// Assigned GPUs within installed ones, per pool.
    fn gpus(view: &View<'_>, dispatch: &mut Dispatch, found: &mut Vec<IncidentKind>) {
        let site = &view.setup.site;
        for (g, pool) in site.gpu_pools.iter().enumerate() {
            let installed = pool.count.at(view.now);
            let of_jobs = |d: &Dispatch| -> u32 {
                let mine = d.jobs.iter().filter(|j| view.jobs[j.0].job.gpu_pool == g);
                mine.map(|j| j.1).sum()
            };
            let of_services = |d: &Dispatch| -> u32 {
                let all = site.services.iter().zip(&d.services);
                all.filter(|(s, _)| s.gpu_pool == g).map(|(_, n)| n).sum()
            };
            let used = of_jobs(dispatch) + of_services(dispatch);
            let Some(excess) = used.checked_sub(installed).filter(|e| *e > 0) else {
                continue;
            };
            found.push(IncidentKind::GpusExceeded {
                gpu_pool: g,
                excess,
            });
            let mut left = excess;
            for k in (0..dispatch.jobs.len()).rev() {
                let (position, gpus) = dispatch.jobs[k];
                if left > 0 && view.jobs[position].job.gpu_pool == g {
                    dispatch.jobs[k].1 = 0;
                    left = left.saturating_sub(gpus);
                }
            }
            dispatch.jobs.retain(|(_, gpus)| *gpus > 0);
            for (v, service) in site.services.iter().enumerate().rev() {
                if service.gpu_pool == g {
                    let off = left.min(dispatch.services[v]);
                    dispatch.services[v] -= off;
                    left -= off;
                }
            }
        }
    }

    /// Power of every node within its limit.
    fn power(
        &mut self,
        view: &View<'_>,
        ledger: &Ledger,
        dispatch: &mut Dispatch,
        found: &mut Vec<IncidentKind>,
    ) {
        let site = &view.setup.site;
        let none = vec![0.0; site.tree.len()];
        self.measure(view, dispatch, &none);
        let by_policy = self.step.worst(&none);
        let mut leaving = none.clone();
        self.add_leaving_gangs(view, dispatch, &mut leaving);
        self.measure(view, dispatch, &leaving);
        let planned = self.step.load.clone();
        // Hashing that makes way for the checkpoints of stopping jobs is ordinary; all else is an
        // incident.
        let mut first = true;
        let ordinary = by_policy.is_none() && !self.is_in_doubt(view, ledger, dispatch);
        // Each round takes something off below a node or gives that node up.
        let mut rounds = 16 * site.tree.len();
        while let Some((node, excess_w)) = self.excess(view, ledger, dispatch, &planned) {
            if first && !ordinary {
                first = false;
                let (node, excess_w) = by_policy.unwrap_or((node, excess_w));
                found.push(IncidentKind::LimitExceeded {
                    node,
                    excess_w,
                    by_policy: by_policy.is_some(),
                });
            }
            let left = self.take_off(view, Some(ledger), dispatch, node, excess_w);
            rounds = rounds.saturating_sub(1);
            if left >= excess_w || rounds == 0 {
                // Only loads in doubt are left. Lowering them may help or not, so it is tried and
                // the limit reported as unmet.
                self.take_off(view, None, dispatch, node, left);
                found.push(IncidentKind::LimitUnmet { node, excess_w });
                self.step.give_up(node);
            }
        }
        leaving.fill(0.0);
        self.add_leaving_gangs(view, dispatch, &mut leaving);
        self.measure(view, dispatch, &leaving);
        let [last, before] = &mut self.expected;
        std::mem::swap(last, before);
        last.clone_from(&self.step.load);
    }

    /// The node furthest over what it may carry, with devices in doubt at their worst
    /// and a reserve for what the meter shows beyond that; `planned` is the load per node
    /// of the policy's set points.
    fn excess(
        &mut self,
        view: &View<'_>,
        ledger: &Ledger,
        dispatch: &Dispatch,
        planned: &[f64],
    ) -> Option<(usize, f64)> {
        let mut more = std::mem::take(&mut self.more);
        more.fill(0.0);
        ledger.add_doubtful(
            &view.setup.site,
            view.state,
            view.jobs,
            dispatch,
            view.now,
            &mut more,
        );
        self.add_leaving_gangs(view, dispatch, &mut more);
        self.measure(view, dispatch, &more);
        self.more = more;
        // What devices in doubt explain of the meter's surplus is counted once.
        let explained = self.step.load.iter().zip(planned).map(|(l, p)| l - p);
        let reserve: Vec<f64> = self
            .unexplained
            .iter()
            .zip(explained)
            .map(|(u, e)| (u - e.max(0.0)).max(0.0))
            .collect();
        self.step.worst(&reserve)
    }

    /// Adds the IT watts of all gangs that stop or change in the step.
    fn add_leaving_gangs(&self, view: &View<'_>, dispatch: &Dispatch, more: &mut [f64]) {
        add_checkpoint_power(view, &dispatch.jobs, more);
        for position in &self.given_up {
            let gang = checkpoint(&view.jobs[*position], view.now);
            gang.iter()
                .for_each(|gang| add_gang_power(view, gang, more));
        }
    }

    /// Whether any device may draw more than it is told, by its silence or by the meter.
    fn is_in_doubt(&mut self, view: &View<'_>, ledger: &Ledger, dispatch: &Dispatch) -> bool {
        self.more.fill(0.0);
        let site = &view.setup.site;
        ledger.add_doubtful(
            site,
            view.state,
            view.jobs,
            dispatch,
            view.now,
            &mut self.more,
        );
        let positive = |watts: &f64| *watts > 0.0;
        self.more.iter().any(positive) || self.unexplained.iter().any(positive)
    }

    fn measure(&mut self, view: &View<'_>, dispatch: &Dispatch, more: &[f64]) {
        let site = &view.setup.site;
        self.limits
            .measure(site, view.now, dispatch, view.jobs, more, &mut self.step);
    }

    /// Takes `excess` facility watts off below `node`, from loads that are not in
    /// doubt by `ledger` where one is given; returns what it could not.
    fn take_off(
        &self,
        view: &View<'_>,
        ledger: Option<&Ledger>,
        dispatch: &mut Dispatch,
        node: usize,
        excess: f64,
    ) -> f64 {
        let site = &view.setup.site;
        let mut trim = Trim {
            site,
            limits: &self.limits,
            step: &self.step,
            node,
            excess,
        };
        let doubt =
            |target: Target| ledger.is_some_and(|ledger| ledger.is_overdue(target, view.now));
        let block = |p: usize, b: usize| match doubt(Target::Block(p, b)) {
            true => Interruptible::Never,
            false => block_interruptible(view, p, b),
        };
        let job = |j: usize| match doubt(Target::Job(j)) {
            true => Interruptible::Never,
            false => job_interruptible(view, j),
        };
        let floor = |v: usize, least: u32| match doubt(Target::Service(v)) {
            true => u32::MAX,
            false => least,
        };
        trim.sleep(dispatch, Interruptible::Freely, &block);
        trim.underclock(dispatch, &|p, b| block(p, b) == Interruptible::LastResort);
        trim.jobs(dispatch, view.jobs, Interruptible::NewStart, &job);
        trim.sleep(dispatch, Interruptible::LastResort, &block);
        trim.inference(dispatch, &|v| floor(v, floor_gpus(view, v)));
        for wanted in [Interruptible::Freely, Interruptible::LastResort] {
            trim.jobs(dispatch, view.jobs, wanted, &job);
        }
        trim.inference(dispatch, &|v| floor(v, 0));
        trim.hosting(dispatch, &|c| doubt(Target::Hosting(c)));
        trim.excess
    }
}

/// Adds the IT watts, as a mean over the step, of gangs that write a checkpoint in it.
/// `running` holds the jobs that run in the step with their gangs, by position.
pub(crate) fn add_checkpoint_power(view: &View<'_>, running: &[(usize, u32)], more: &mut [f64]) {
    for_each_checkpoint(view, running, |gang| add_gang_power(view, gang, more));
}

/// Calls `each` with the checkpoints written in the step: of gangs that stop or change their
/// size now, and of those that did so earlier and are still writing.
pub(crate) fn for_each_checkpoint(
    view: &View<'_>,
    running: &[(usize, u32)],
    mut each: impl FnMut(&Checkpoint),
) {
    for position in view.open.iter().copied() {
        let found = running.binary_search_by_key(&position, |(p, _)| *p);
        let state = &view.jobs[position];
        if !found.is_ok_and(|k| running[k].1 == state.gpus)
            && let Some(gang) = checkpoint(state, view.now)
        {
            each(&gang);
        }
    }
    view.state.writing.iter().for_each(each);
}

/// What a job writes when it stops or changes its size at Unix second `at`: nothing
/// where it does not run or its notice leaves no time for it.
pub(super) fn checkpoint(state: &JobState, at: i64) -> Option<Checkpoint> {
    let (cost, notice) = (state.job.checkpoint_cost.get(), state.job.notice.get());
    (state.gpus > 0 && cost > 0 && notice >= cost).then_some(Checkpoint {
        gpu_pool: state.job.gpu_pool,
        gpus: state.gpus,
        until: at + cost,
    })
}

/// Adds the IT watts above idle of a gang that writes in the step, as a mean over it.
fn add_gang_power(view: &View<'_>, gang: &Checkpoint, more: &mut [f64]) {
    let step = view.step.duration(0).get();
    let seconds = (gang.until - view.now).clamp(0, step);
    let pool = &view.setup.site.gpu_pools[gang.gpu_pool];
    let watts = (pool.running - pool.idle) * i64::from(gang.gpus);
    more[pool.node] += watts.get() as f64 * seconds as f64 / step as f64;
}

/// Whether a block may be put to sleep: freely once it has been on for its shortest time.
pub(crate) fn block_interruptible(view: &View<'_>, p: usize, b: usize) -> Interruptible {
    let block = &view.state.pools[p].blocks[b];
    let young = view.now - block.since < view.setup.site.pools[p].min_on.get();
    if block.is_on() && young {
        Interruptible::LastResort
    } else {
        Interruptible::Freely
    }
}

/// Whether devices of a block may be awake: it is on, or has been asleep for its
/// shortest time and has a start of the day left.
pub(crate) fn may_be_awake(view: &View<'_>, p: usize, b: usize) -> bool {
    let pool = &view.setup.site.pools[p];
    let block = &view.state.pools[p].blocks[b];
    let rested = view.now.saturating_sub(block.since) >= pool.min_off.get();
    let left = pool
        .starts_per_day
        .is_none_or(|most| block.starts_today < most);
    block.is_on() || (rested && left)
}

/// Whether a job may be suspended: freely once it has run for its shortest time.
pub(crate) fn job_interruptible(view: &View<'_>, position: usize) -> Interruptible {
    let job = &view.jobs[position];
    if job.gpus == 0 {
        Interruptible::NewStart
    } else if view.now - job.since < job.job.min_runtime.get() {
        Interruptible::LastResort
    } else {
        Interruptible::Freely
    }
}

/// GPUs a service must have: its floor in whole replicas.
pub(crate) fn floor_gpus(view: &View<'_>, v: usize) -> u32 {
    let service = &view.setup.site.services[v];
    let demand = amount(&service.demand, view.outlook, view.step);
    let floor = amount(&service.floor, view.outlook, view.step).min(demand);
    let replicas = (floor.max(0.0) / f64::from(service.gpus_per_replica) - 1e-9).ceil();
    replicas.max(0.0) as u32 * service.gpus_per_replica
}

/// Gives every load a set point it can have.
fn correct(view: &View<'_>, dispatch: &mut Dispatch, found: &mut Vec<IncidentKind>) {
    let site = &view.setup.site;
    let mut impossible = |what: String| found.push(IncidentKind::Impossible(what));
    dispatch.pools.resize(site.pools.len(), Vec::new());
    for (p, pool) in site.pools.iter().enumerate() {
        let known = &view.state.pools[p].blocks;
        let blocks = &mut dispatch.pools[p];
        blocks.resize(known.len(), Vec::new());
        for (b, at_point) in blocks.iter_mut().enumerate() {
            at_point.resize(pool.points.len(), 0);
            let awake: u32 = at_point.iter().sum();
            let mut over = awake.saturating_sub(known[b].available);
            if over > 0 {
                impossible(format!(
                    "{over} devices more than answer in block {b} of `{}`",
                    pool.id
                ));
                for devices in at_point.iter_mut() {
                    let off = over.min(*devices);
                    *devices -= off;
                    over -= off;
                }
            }
        }
    }
    dispatch.services.resize(site.services.len(), 0);
    dispatch.hosting.resize(site.commitments.len(), Power::ZERO);
    for power in &mut dispatch.hosting {
        *power = Power::max(*power, Power::ZERO);
    }
    dispatch.jobs.retain(|(_, gpus)| *gpus > 0);
    dispatch.jobs.sort_unstable();
    dispatch.jobs.dedup_by_key(|(position, _)| *position);
    dispatch.jobs.retain(|(position, gpus)| {
        let Some(state) = view.jobs.get(*position) else {
            impossible(format!("job {position} does not exist"));
            return false;
        };
        let wrong = if !state.is_open() {
            "is over"
        } else if state.job.release > view.now {
            "is not released"
        } else if state.waits_for > 0 {
            "waits for another"
        } else if !state.job.gangs.contains(gpus) {
            "has no gang of that size"
        } else {
            return true;
        };
        impossible(format!("job `{}` {wrong}", state.job.id));
        false
    });
}

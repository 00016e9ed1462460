//! The dispatch checker: may these set points be sent?
//!
//! It reads the site and the view anew and shares no code with what makes, repairs or trims
//! dispatches (`policy/fit.rs`, `controller/guard.rs`, `limits.rs`, `trim.rs`), so that a
//! mistake there is not made twice. The controller asks it twice a step: of what the policy
//! handed out, and of what is about to be sent.
//!
//! ```text
//! load(n)   = IT watts at n x marginal PUE of its hall + fixed overhead of a hall + loads of children
//! import(n) = the same with max(import(c), -export(c)) of children, less own expected supply
//! at every node but the root: what its rating's meter shows of import(n) <= usable(n)
//! at the root               : load(root) <= usable(root), whatever feeds it
//! at nodes with ramps       : -down x minutes <= load(n) - metered load of the last step <= up x minutes
//! ```
//!
//! A gang that stops or changes its size draws its power until its checkpoint is written.
//! Halls are as warm as they are in one step of twenty, or as expected if that is warmer.

use std::fmt;

use swingload_model::site::commitment::CommitmentKind;
use swingload_model::site::tree::RatedAt;
use swingload_model::site::{Amount, Site};

use crate::dispatch::Dispatch;
use crate::policy::View;
use crate::state::JobState;

#[cfg(test)]
mod tests;

/// Watts that are rounding: of whole devices, and of sums in another order.
const TOLERANCE_W: f64 = 2.0;

/// What a dispatch breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DispatchRule {
    /// A node's power within its limit; facility watts too many.
    Limit,
    /// A node's load within its ramp of the last metered one; watts too fast.
    Ramp,
    /// Assigned GPUs within installed ones; GPUs too many.
    Gpus,
    /// Blocks switched and jobs stopped only after their shortest time, and no block woken
    /// beyond its starts per day; seconds too early, or starts too many.
    ShortestTime,
    /// Gangs of an allowed size, of jobs that may run now; GPUs assigned.
    Gang,
    /// Set points that devices can have: as many as answer, no power below zero; devices or
    /// watts too many.
    SetPoint,
}

impl DispatchRule {
    /// All rules, in the order of reports.
    pub(crate) const ALL: [Self; 6] = [
        Self::Limit,
        Self::Ramp,
        Self::Gpus,
        Self::ShortestTime,
        Self::Gang,
        Self::SetPoint,
    ];
}

/// A rule that a dispatch breaks.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The rule.
    pub rule: DispatchRule,
    /// Node, pool, block or job it is broken at, and how.
    pub at: String,
    /// By how much, in the rule's unit.
    pub excess: f64,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {} ({:.1})", self.rule, self.at, self.excess)
    }
}

/// What the checker reads of a node.
#[derive(Debug)]
struct NodeFacts {
    id: String,
    parent: Option<usize>,
    /// The nearest hall, from the node itself upwards.
    hall: Option<usize>,
    /// Whether the rating counts IT watts: at such halls, and at nodes inside halls.
    rated_at_it: bool,
    usable: f64,
    fixed: f64,
    export: f64,
    /// W per minute.
    up: Option<f64>,
    down: Option<f64>,
}

/// Checks dispatches of one site; buffers are kept from step to step.
#[derive(Debug)]
pub struct DispatchChecker {
    nodes: Vec<NodeFacts>,
    pue: Vec<f64>,
    load: Vec<f64>,
    import: Vec<f64>,
    gpus: Vec<u64>,
}

impl DispatchChecker {
    /// Of a site.
    pub fn new(site: &Site) -> Self {
        let tree = &site.tree;
        let mut nodes: Vec<NodeFacts> = Vec::with_capacity(tree.len());
        for (n, node) in tree.nodes().enumerate() {
            let parent = tree.parent(n);
            // Parents come first.
            let above = parent.and_then(|p| nodes[p].hall);
            let is_hall = node.hall.is_some();
            nodes.push(NodeFacts {
                id: node.id.clone(),
                parent,
                hall: if is_hall { Some(n) } else { above },
                rated_at_it: match node.rated_at {
                    RatedAt::It if is_hall => true,
                    _ => !is_hall && above.is_some(),
                },
                usable: node.usable().get() as f64,
                fixed: node.hall.as_ref().map_or(0.0, |h| h.fixed.get() as f64),
                export: node.export.get() as f64,
                up: node.ramp_up_per_minute.map(|up| up.get() as f64),
                down: node.ramp_down_per_minute.map(|down| down.get() as f64),
            });
        }
        Self {
            nodes,
            pue: Vec::new(),
            load: Vec::new(),
            import: Vec::new(),
            gpus: Vec::new(),
        }
    }

    /// Every rule that `dispatch` breaks in the step that `view` begins; empty when it may be
    /// sent as it is.
    pub fn check(&mut self, view: &View<'_>, dispatch: &Dispatch) -> Vec<Finding> {
        let mut found = Vec::new();
        if !has_shape(view, dispatch) {
            found.push(Finding {
                rule: DispatchRule::SetPoint,
                at: "a pool, block, service or commitment of the site has no set point".into(),
                excess: 1.0,
            });
            return found;
        }
        devices(view, dispatch, &mut found);
        if gangs(view, dispatch, &mut found) {
            self.gpus(view, dispatch, &mut found);
            self.power(view, dispatch, &mut found);
        }
        found
    }

    /// GPUs assigned in each pool.
    fn gpus(&mut self, view: &View<'_>, dispatch: &Dispatch, found: &mut Vec<Finding>) {
        let site = &view.setup.site;
        self.gpus.clear();
        self.gpus.resize(site.gpu_pools.len(), 0);
        for (service, gpus) in site.services.iter().zip(&dispatch.services) {
            self.gpus[service.gpu_pool] += u64::from(*gpus);
        }
        for (position, gpus) in &dispatch.jobs {
            self.gpus[view.jobs[*position].job.gpu_pool] += u64::from(*gpus);
        }
        for (pool, assigned) in site.gpu_pools.iter().zip(&self.gpus) {
            let installed = u64::from(pool.count.at(view.now));
            if *assigned > installed {
                found.push(Finding {
                    rule: DispatchRule::Gpus,
                    at: format!("GPU pool `{}`: {assigned} of {installed}", pool.id),
                    excess: (*assigned - installed) as f64,
                });
            }
        }
    }

    /// Limits and ramps of every node.
    fn power(&mut self, view: &View<'_>, dispatch: &Dispatch, found: &mut Vec<Finding>) {
        self.halls(view);
        self.it_watts(view, dispatch);
        self.gather(view);
        for (n, node) in self.nodes.iter().enumerate() {
            let through = if n == 0 { self.load[0] } else { self.import[n] };
            let shown = if node.rated_at_it {
                (through - node.fixed) / self.pue[n]
            } else {
                through
            };
            let excess = shown - node.usable;
            if excess > TOLERANCE_W {
                found.push(Finding {
                    rule: DispatchRule::Limit,
                    at: format!("node `{}`: {shown:.0} of {:.0} W", node.id, node.usable),
                    excess,
                });
            }
        }
        let Some(before) = &view.state.load else {
            return; // Nothing was metered yet.
        };
        let minutes = view.step.duration(0).get() as f64 / 60.0;
        for (n, node) in self.nodes.iter().enumerate() {
            let change = self.load[n] - before[n].get() as f64;
            let rise = node.up.map_or(0.0, |up| change - up * minutes);
            let fall = node.down.map_or(0.0, |down| -change - down * minutes);
            let excess = rise.max(fall);
            if excess > TOLERANCE_W {
                found.push(Finding {
                    rule: DispatchRule::Ramp,
                    at: format!("node `{}` moves by {change:.0} W", node.id),
                    excess,
                });
            }
        }
    }

    /// Facility watts per IT watt at each node.
    fn halls(&mut self, view: &View<'_>) {
        self.pue.clear();
        for (n, node) in view.setup.site.tree.nodes().enumerate() {
            let own = node.hall.as_ref().map(|hall| {
                let warm = hall.temperature.as_ref().map(|series| {
                    let expected = view.outlook.mean(series, view.step)[0];
                    expected.max(view.outlook.quantile(series, view.step, 95)[0])
                });
                hall.marginal_pue(warm)
            });
            let above = self.nodes[n].parent.map_or(1.0, |p| self.pue[p]);
            self.pue.push(own.unwrap_or(above));
        }
    }

    /// Fills `load` with the IT watts at each node itself.
    fn it_watts(&mut self, view: &View<'_>, dispatch: &Dispatch) {
        let site = &view.setup.site;
        self.load.clear();
        self.load.resize(self.nodes.len(), 0.0);
        let load = &mut self.load;
        for (pool, blocks) in site.pools.iter().zip(&dispatch.pools) {
            let sleep = pool.sleep.get();
            let mut watts = sleep * i64::from(pool.count.at(view.now));
            for at_point in blocks {
                for (point, devices) in pool.points.iter().zip(at_point) {
                    watts += (point.power.get() - sleep) * i64::from(*devices);
                }
            }
            load[pool.node] += watts as f64;
        }
        for (pool, busy) in site.gpu_pools.iter().zip(&self.gpus) {
            let (idle, running) = (pool.idle.get() as f64, pool.running.get() as f64);
            let installed = f64::from(pool.count.at(view.now));
            load[pool.node] += idle * installed + (running - idle) * *busy as f64;
        }
        let seconds = view.step.duration(0).get();
        let mut writes = |gpu_pool: usize, gpus: u32, for_s: i64| {
            let pool = &site.gpu_pools[gpu_pool];
            let above_idle = (pool.running.get() - pool.idle.get()) as f64;
            let share = for_s.clamp(0, seconds) as f64 / seconds as f64;
            load[pool.node] += above_idle * f64::from(gpus) * share;
        };
        for position in view.open {
            let state = &view.jobs[*position];
            let job = &state.job;
            if state.gpus > 0
                && job.notice >= job.checkpoint_cost
                && gang_of(dispatch, *position) != state.gpus
            {
                writes(job.gpu_pool, state.gpus, job.checkpoint_cost.get());
            }
        }
        for gang in &view.state.writing {
            writes(gang.gpu_pool, gang.gpus, gang.until - view.now);
        }
        for (commitment, power) in site.commitments.iter().zip(&dispatch.hosting) {
            if let CommitmentKind::Hosting { node, .. } = &commitment.kind {
                load[*node] += power.get() as f64;
            }
        }
    }

    /// From IT watts at each node to facility watts through it.
    fn gather(&mut self, view: &View<'_>) {
        for (n, node) in self.nodes.iter().enumerate() {
            self.load[n] = self.load[n] * self.pue[n] + node.fixed;
        }
        self.import.clone_from(&self.load);
        for block in &view.setup.site.supply {
            let watts = match &block.available_mw {
                Amount::Constant(mw) => *mw,
                Amount::Series { series, scale } => view.outlook.mean(series, view.step)[0] * scale,
            };
            self.import[block.node] -= watts.max(0.0) * 1e6;
        }
        // Children come after their parents.
        for n in (1..self.nodes.len()).rev() {
            let node = &self.nodes[n];
            if let Some(parent) = node.parent {
                let sent_up = self.import[n].max(-node.export);
                self.load[parent] += self.load[n];
                self.import[parent] += sent_up;
            }
        }
    }
}

/// GPUs of a job in a dispatch whose jobs rise by position.
fn gang_of(dispatch: &Dispatch, position: usize) -> u32 {
    let at = dispatch.jobs.partition_point(|(p, _)| *p < position);
    match dispatch.jobs.get(at) {
        Some((p, gpus)) if *p == position => *gpus,
        _ => 0,
    }
}

/// Whether there is a set point for everything the site has, and for nothing else.
fn has_shape(view: &View<'_>, dispatch: &Dispatch) -> bool {
    let site = &view.setup.site;
    let mut pools = site
        .pools
        .iter()
        .zip(&dispatch.pools)
        .zip(&view.state.pools);
    dispatch.pools.len() == site.pools.len()
        && dispatch.services.len() == site.services.len()
        && dispatch.hosting.len() == site.commitments.len()
        && pools.all(|((pool, blocks), known)| {
            blocks.len() == known.blocks.len()
                && blocks.iter().all(|b| b.len() == pool.points.len())
        })
}

/// Devices that answer, shortest times of blocks, hosting.
fn devices(view: &View<'_>, dispatch: &Dispatch, found: &mut Vec<Finding>) {
    let site = &view.setup.site;
    for (p, pool) in site.pools.iter().enumerate() {
        for (b, at_point) in dispatch.pools[p].iter().enumerate() {
            let known = &view.state.pools[p].blocks[b];
            let awake: u64 = at_point.iter().map(|n| u64::from(*n)).sum();
            let answering = u64::from(known.available);
            let mut add = |rule, what: &str, excess: f64| {
                found.push(Finding {
                    rule,
                    at: format!("block {b} of `{}` {what}", pool.id),
                    excess,
                });
            };
            if awake > answering {
                let what = format!("has {answering} devices that answer, {awake} shall run");
                add(DispatchRule::SetPoint, &what, (awake - answering) as f64);
            }
            let (was_on, on) = (known.at_point.iter().any(|n| *n > 0), awake > 0);
            let since = view.now.saturating_sub(known.since);
            if was_on && !on && answering > 0 && since < pool.min_on.get() {
                let early = (pool.min_on.get() - since) as f64;
                add(DispatchRule::ShortestTime, "sleeps too early", early);
            }
            if !was_on && on && since < pool.min_off.get() {
                let early = (pool.min_off.get() - since) as f64;
                add(DispatchRule::ShortestTime, "wakes too early", early);
            }
            let spent = pool.starts_per_day.is_some_and(|n| known.starts_today >= n);
            if !was_on && on && spent {
                add(
                    DispatchRule::ShortestTime,
                    "has no start of the day left",
                    1.0,
                );
            }
        }
    }
    for (commitment, power) in site.commitments.iter().zip(&dispatch.hosting) {
        if power.get() < 0 {
            found.push(Finding {
                rule: DispatchRule::SetPoint,
                at: format!("hosting `{}` below zero", commitment.id),
                excess: -power.get() as f64,
            });
        }
    }
}

/// Gangs and shortest runs of jobs. Returns whether all jobs exist, once each and in order:
/// else no sum over them means anything.
fn gangs(view: &View<'_>, dispatch: &Dispatch, found: &mut Vec<Finding>) -> bool {
    let mut last = None;
    let (mut in_order, mut all_exist) = (true, true);
    for (position, gpus) in &dispatch.jobs {
        in_order &= last < Some(*position);
        all_exist &= *position < view.jobs.len();
        last = Some(*position);
        let wrong = match view.jobs.get(*position) {
            None => Some(format!("job {position} does not exist")),
            Some(state) => {
                forbidden(view, state, *gpus).map(|why| format!("job `{}` {why}", state.job.id))
            }
        };
        if let Some(at) = wrong {
            found.push(Finding {
                rule: DispatchRule::Gang,
                at,
                excess: f64::from(*gpus),
            });
        }
    }
    if !in_order {
        found.push(Finding {
            rule: DispatchRule::Gang,
            at: "jobs are not listed once each, by position".into(),
            excess: 1.0,
        });
    }
    if !(in_order && all_exist) {
        return false;
    }
    for position in view.open {
        let state = &view.jobs[*position];
        let left = state.job.min_runtime.get() - (view.now - state.since);
        if state.gpus > 0 && left > 0 && gang_of(dispatch, *position) == 0 {
            found.push(Finding {
                rule: DispatchRule::ShortestTime,
                at: format!(
                    "job `{}` stops before its shortest run is over",
                    state.job.id
                ),
                excess: left as f64,
            });
        }
    }
    true
}

/// Why a job may not run on so many GPUs now.
fn forbidden(view: &View<'_>, state: &JobState, gpus: u32) -> Option<String> {
    let job = &state.job;
    if state.finished.is_some() || state.failed {
        Some("is over".into())
    } else if view.now < job.release {
        Some("is not released".into())
    } else if state.waits_for > 0 {
        Some("waits for another".into())
    } else if !job.gangs.contains(&gpus) {
        Some(format!("has no gang of {gpus} GPUs"))
    } else {
        None
    }
}

//! Work that no decision can do: gangs that no node above them can ever carry.
//!
//! Only what is certain counts: GPUs installed, ratings after their deratings, and supply
//! whose most is known, against the power of a gang at the best PUE of its hall and what is
//! drawn beside it whatever is decided (idle GPUs, sleeping miners, fixed overheads). Power
//! limits and calls with a penalty can be exceeded, so they prove nothing.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use swingload_model::job::{ImpossibleWork, Job, Obstacle};
use swingload_model::site::tree::{NodeKind, RatedAt};
use swingload_model::site::{Amount, Site, SupplyKind};

use crate::explain::millionths;

/// Most MW of an amount from one Unix second to another; `None` where it is not known.
pub type Most<'a> = dyn Fn(&Amount, i64, i64) -> Option<f64> + 'a;

/// The most of amounts that never change; series are not known ahead.
fn constants(amount: &Amount, _from: i64, _to: i64) -> Option<f64> {
    match amount {
        Amount::Constant(value) => Some(*value),
        Amount::Series { .. } => None,
    }
}

/// MW that are rounding.
const ROUNDING: f64 = 1e-9;

/// Jobs of which work cannot be done, by their positions, rising: proven by the site alone.
pub fn find(site: &Site, jobs: &[Job]) -> Vec<(usize, ImpossibleWork)> {
    all(jobs, Rooms::new(site)).into_iter().collect()
}

/// [`find`], and what is proven once it is known how much series reach at most.
pub fn find_knowing(site: &Site, jobs: &[Job], most: &Most<'_>) -> Vec<(usize, ImpossibleWork)> {
    let mut found = all(jobs, Rooms::new(site));
    for (k, work) in all(jobs, Rooms::knowing(site, most)) {
        let ahead = found.get(&k);
        if !ahead.is_some_and(|ahead| ahead.never_runs() || !work.never_runs()) {
            let by_series = true;
            found.insert(k, ImpossibleWork { by_series, ..work });
        }
    }
    found.into_iter().collect()
}

/// What keeps a job from ever running on the site, waiting for others aside.
pub fn never_runs(site: &Site, job: &Job) -> Option<ImpossibleWork> {
    let found = Rooms::new(site).obstacle(job);
    found.filter(ImpossibleWork::never_runs)
}

fn all(jobs: &[Job], mut rooms: Rooms<'_>) -> BTreeMap<usize, ImpossibleWork> {
    let mut all: BTreeMap<usize, ImpossibleWork> = (jobs.iter().enumerate())
        .filter_map(|(k, job)| Some((k, rooms.obstacle(job)?)))
        .collect();
    dependents(jobs, &mut all);
    all
}

/// Sizes of a job that GPUs and power can ever carry; none where it can never run.
pub fn gangs(rooms: &mut Rooms<'_>, job: &Job) -> Vec<u32> {
    let room = rooms.of(job);
    let carried = |gang: &u32| room.iter().all(|r| r.carries(*gang));
    job.gangs.iter().copied().filter(carried).collect()
}

/// Adds the jobs that wait for one that is never finished.
fn dependents(jobs: &[Job], all: &mut BTreeMap<usize, ImpossibleWork>) {
    // Whether each of them ever starts.
    let mut unfinished: BTreeMap<&str, bool> = (all.iter())
        .map(|(k, work)| (jobs[*k].id.as_str(), !work.never_runs()))
        .collect();
    if unfinished.is_empty() {
        return;
    }
    loop {
        let mut found = false;
        for (k, job) in jobs.iter().enumerate() {
            let before = job.depends_on.iter();
            let mut before = before.filter_map(|id| Some((id, *unfinished.get(id.as_str())?)));
            let Some((before, starts)) = before.next() else {
                continue;
            };
            // What could be begun alone never is behind one that is not finished.
            if unfinished.insert(&job.id, false) == Some(false) {
                continue;
            }
            found = true;
            let never = if starts { "be finished" } else { "run" };
            let why = format!("waits for {before}, which can never {never}");
            let smallest = job.gangs.first().copied().unwrap_or(0);
            let (limit, of) = (Obstacle::Dependency, before.clone());
            all.insert(k, work(job, smallest, limit, of, (0.0, 0.0), why));
        }
        if !found {
            return;
        }
    }
}

fn work(
    job: &Job,
    gang: u32,
    limit: Obstacle,
    of: String,
    (needs, has): (f64, f64),
    why: String,
) -> ImpossibleWork {
    ImpossibleWork {
        job: job.id.clone(),
        gang,
        limit,
        of,
        needs: millionths(needs),
        has: millionths(has),
        missed_gpu_h: millionths(job.work as f64 / 3600.0),
        why,
        by_series: false,
    }
}

/// What each GPU pool's gangs have to fit into.
pub struct Rooms<'a> {
    site: &'a Site,
    most: &'a Most<'a>,
    /// Per GPU pool, where nothing of it changes over time.
    always: Vec<Option<Vec<Room>>>,
    /// Whether devices are installed over time, or what series reach is known.
    changes: bool,
}

/// One limit on a gang.
#[derive(Debug, Clone, PartialEq)]
pub struct Room {
    limit: Obstacle,
    of: String,
    /// What is limited, in words, such as `hall`.
    kind: &'static str,
    /// GPUs or MW that there are.
    has: f64,
    /// Of them used whatever is decided.
    base: f64,
    /// Used by one GPU at work, beyond its idle power.
    per_gpu: f64,
}

impl Room {
    fn needs(&self, gang: u32) -> f64 {
        self.base + self.per_gpu * f64::from(gang)
    }

    fn carries(&self, gang: u32) -> bool {
        self.needs(gang) <= self.has + ROUNDING
    }
}

impl<'a> Rooms<'a> {
    /// Of a site, whatever its series will be.
    pub fn new(site: &'a Site) -> Self {
        let counts = site.gpu_pools.iter().map(|p| &p.count);
        let mut counts = counts.chain(site.pools.iter().map(|p| &p.count));
        Self {
            site,
            most: &constants,
            always: vec![None; site.gpu_pools.len()],
            changes: counts.any(|c| c.entries.len() > 1),
        }
    }

    fn knowing(site: &'a Site, most: &'a Most<'a>) -> Self {
        Self {
            most,
            changes: true,
            ..Self::new(site)
        }
    }

    /// What the gangs of a job have to fit into while it may run.
    fn of(&mut self, job: &Job) -> std::borrow::Cow<'_, [Room]> {
        let pool = job.gpu_pool;
        if self.changes {
            return rooms(self.site, self.most, pool, job.release, job.latest).into();
        }
        let (site, most) = (self.site, self.most);
        let always = &mut self.always[pool];
        let always = always.get_or_insert_with(|| rooms(site, most, pool, i64::MIN, i64::MAX));
        (&always[..]).into()
    }

    /// What keeps a job, or part of its work, from ever being done.
    fn obstacle(&mut self, job: &Job) -> Option<ImpossibleWork> {
        let smallest = *job.gangs.first()?;
        if job.gpu_pool >= self.site.gpu_pools.len() {
            return None;
        }
        let rooms = self.of(job);
        if let Some(room) = rooms.iter().find(|r| !r.carries(smallest)) {
            let (needs, has) = (room.needs(smallest), room.has);
            let why = match room.limit {
                Obstacle::Gpus => format!(
                    "gang of {smallest} needs {needs} GPUs of `{}`, which has {has}",
                    room.of
                ),
                Obstacle::Supply => format!(
                    "gang of {smallest} needs {} MW, and all supply together has {} MW",
                    figure(needs),
                    figure(has)
                ),
                _ => format!(
                    "gang of {smallest} needs {} MW behind {} `{}`, which carries {} MW",
                    figure(needs),
                    room.kind,
                    room.of,
                    figure(has)
                ),
            };
            return Some(work(
                job,
                smallest,
                room.limit,
                room.of.clone(),
                (needs, has),
                why,
            ));
        }
        let carried = |gang: &&u32| rooms.iter().all(|r| r.carries(**gang));
        let largest = *job.gangs.iter().rev().find(carried)?;
        short_window(job, largest)
    }
}

/// Work that the largest gang cannot do between release and latest time.
fn short_window(job: &Job, largest: u32) -> Option<ImpossibleWork> {
    let window = job.latest - job.release;
    let done = i64::from(largest) * (window - job.restart.get()).max(0);
    let missed = job.work - done.min(job.work);
    // A second of the gang is rounding.
    if missed <= i64::from(largest) {
        return None;
    }
    let hours = |seconds: i64| seconds as f64 / 3600.0;
    let needs = hours(job.work) / f64::from(largest) + job.restart.as_hours();
    let has = hours(window);
    let why = format!(
        "needs {} h on its largest gang of {largest}, and its window is {} h long",
        figure(needs),
        figure(has)
    );
    let (limit, of) = (Obstacle::Window, String::new());
    Some(ImpossibleWork {
        missed_gpu_h: millionths(hours(missed)),
        ..work(job, largest, limit, of, (needs, has), why)
    })
}

/// Three significant digits, of small numbers three decimals, without zeros at the end.
fn figure(value: f64) -> String {
    let decimals = match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        v if v >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// All limits on gangs of a GPU pool between two Unix seconds, from the pool up.
fn rooms(site: &Site, most: &Most<'_>, pool: usize, from: i64, to: i64) -> Vec<Room> {
    let gpus = &site.gpu_pools[pool];
    let mut all = vec![Room {
        limit: Obstacle::Gpus,
        of: gpus.id.clone(),
        kind: "GPU pool",
        has: f64::from(gpus.count.range(from, to).1),
        base: 0.0,
        per_gpu: 1.0,
    }];
    let per_gpu = (gpus.running - gpus.idle).as_megawatts() * factor(site, gpus.node);
    for node in site.tree.path_to_root(gpus.node) {
        let below = |n: usize| site.tree.path_to_root(n).contains(&node);
        let Some(fed) = fed(site, node, &below, most, from, to) else {
            continue;
        };
        all.push(Room {
            limit: Obstacle::Node,
            of: site.tree.node(node).id.clone(),
            kind: kind(site.tree.node(node).kind),
            has: carries(site, node) + fed,
            base: overhead(site, &below, from, to),
            per_gpu,
        });
    }
    all.extend(supply(site, most, per_gpu, from, to));
    all
}

/// What all supply together has; none where that is not known.
fn supply(site: &Site, most: &Most<'_>, per_gpu: f64, from: i64, to: i64) -> Option<Room> {
    // Where flexible load may draw surplus only, other power feeds what must be served.
    let surplus_only = site.surplus_only.is_some();
    let counts = |kind: SupplyKind| !surplus_only || kind == SupplyKind::Surplus;
    let blocks = site.supply.iter().filter(|s| counts(s.kind));
    let has: Option<f64> = blocks
        .map(|s| Some(most(&s.available_mw, from, to)?.max(0.0)))
        .sum();
    Some(Room {
        limit: Obstacle::Supply,
        of: String::new(),
        kind: "supply",
        has: has?,
        base: match surplus_only {
            true => 0.0,
            false => overhead(site, &|_| true, from, to),
        },
        per_gpu,
    })
}

/// What a node carries after its deratings, facility MW at the best PUE of its hall.
fn carries(site: &Site, n: usize) -> f64 {
    let node = site.tree.node(n);
    let usable = node.usable().as_megawatts();
    match (&node.hall, node.rated_at) {
        (Some(_), RatedAt::Interconnect) => usable,
        (Some(hall), RatedAt::It) if n == 0 => usable * factor(site, n) + hall.fixed.as_megawatts(),
        _ => usable * factor(site, n),
    }
}

/// Most supply below a node, which its rating does not limit; the root's carries all load,
/// whatever feeds it. `None` where it is not known.
fn fed(
    site: &Site,
    node: usize,
    below: &dyn Fn(usize) -> bool,
    most: &Most<'_>,
    from: i64,
    to: i64,
) -> Option<f64> {
    if node == 0 {
        return Some(0.0);
    }
    let own = site.supply.iter().filter(|s| below(s.node));
    own.map(|s| Some(most(&s.available_mw, from, to)?.max(0.0)))
        .sum()
}

/// What is drawn below some nodes whatever is decided, facility MW, at the least.
fn overhead(site: &Site, below: &dyn Fn(usize) -> bool, from: i64, to: i64) -> f64 {
    let mut total = 0.0;
    for (n, node) in site.tree.nodes().enumerate() {
        let Some(hall) = &node.hall else { continue };
        // An IT rating has no room for overheads: they hang above it.
        let at = match node.rated_at {
            RatedAt::It => site.tree.parent(n).unwrap_or(n),
            RatedAt::Interconnect => n,
        };
        if below(at) {
            total += hall.fixed.as_megawatts();
        }
    }
    for pool in site.pools.iter().filter(|p| below(p.node)) {
        let count = f64::from(pool.count.range(from, to).0);
        total += count * pool.sleep.as_megawatts() * factor(site, pool.node);
    }
    for pool in site.gpu_pools.iter().filter(|p| below(p.node)) {
        let count = f64::from(pool.count.range(from, to).0);
        total += count * pool.idle.as_megawatts() * factor(site, pool.node);
    }
    total
}

/// Facility MW per IT MW at a node, at its hall's best.
fn factor(site: &Site, node: usize) -> f64 {
    let mut path = site.tree.path_to_root(node).into_iter();
    let hall = path.find_map(|n| site.tree.node(n).hall.as_ref());
    hall.map_or(1.0, |hall| hall.marginal_pue(None))
}

fn kind(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Region => "region",
        NodeKind::Interconnect => "interconnect",
        NodeKind::Transformer => "transformer",
        NodeKind::Feeder => "feeder",
        NodeKind::Pdu => "PDU",
        NodeKind::Hall => "hall",
    }
}

/// Names of jobs that a note gives.
const NAMED: usize = 3;

/// One sentence per obstacle, for people.
pub fn notes(all: &[ImpossibleWork]) -> Vec<String> {
    let mut groups: BTreeMap<(bool, Obstacle, &str), Vec<&ImpossibleWork>> = BTreeMap::new();
    for work in all {
        let key = (work.by_series, work.limit, &work.of[..]);
        groups.entry(key).or_default().push(work);
    }
    groups.into_values().map(|group| note(&group)).collect()
}

fn note(group: &[&ImpossibleWork]) -> String {
    let worst = group
        .iter()
        .max_by(|a, b| a.missed_gpu_h.total_cmp(&b.missed_gpu_h))
        .expect("invariant: a group has a member");
    let missed: f64 = group.iter().map(|w| w.missed_gpu_h).sum();
    let others: Vec<&str> = (group.iter())
        .map(|w| w.job.as_str())
        .filter(|id| *id != worst.job)
        .collect();
    let named = others
        .iter()
        .take(NAMED)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    let more = others.len().saturating_sub(NAMED);
    let like = match (others.len(), more) {
        (0, _) => String::new(),
        (_, 0) => format!("; so are {named}"),
        _ => format!("; so are {named} and {more} more"),
    };
    let (what, then) = match (worst.never_runs(), worst.by_series) {
        (true, false) => (
            "can never run",
            "left out of plans and bound, and missed from the start",
        ),
        (false, false) => (
            "cannot be finished",
            "missed whatever is decided from the start",
        ),
        (true, true) => (
            "can never run as its series turn out",
            "missed whatever is decided, which plans cannot know ahead",
        ),
        (false, true) => (
            "cannot be finished as its series turn out",
            "missed whatever is decided, which plans cannot know ahead",
        ),
    };
    format!(
        "job {} {what}: {}{like}. {missed:.0} GPU-hours are {then}.",
        worst.job, worst.why
    )
}

//! Polish: local search on what couples steps, for small problems.
//!
//! Placement and commitment decide one job or block at a time, each step's market as it
//! stands. With few, large pieces, and with ramps or peaks that tie neighbouring steps
//! together, that stops short: a job may need two blocks to make room, a block a
//! neighbour to climb with. Here jobs are tried at every place of their windows with the
//! blocks committed anew around them, blocks switched over every stretch, work moved from
//! step to step; what [`evaluate`] finds worth more is kept. The moves are tried in a fixed
//! order and counted, so that the same inputs give the same plan.

use std::ops::Range;

use crate::commitment;
use crate::demand;
use crate::evaluate::{Evaluated, evaluate, outcome};
use crate::inputs::{Gangs, PlanInputs, StackInput, TierInput};
use crate::placement::{self, Curves, Windows, work_done};
use crate::ramp;
use crate::schedule::{Problem, Room, Run, Schedule};
use swingload_model::site::Use;

/// Fewest tries worth beginning: large problems have pieces enough without.
const TRIES_MIN: usize = 1000;

/// Fewest tries from which random changes are worth their time.
const TRIES_TO_KICK: usize = 5000;

/// Halvings of the price of a divisible job's work.
const PRICES: usize = 24;

/// Levels of the peak that are tried.
const LEVELS: usize = 8;

/// [`polish`], and, where there are demand charges, the caps on the root's load with it.
pub(crate) fn polished(
    inputs: &PlanInputs,
    windows: &Windows,
    best: Best,
    caps: Option<Vec<f64>>,
    steps: usize,
    resolve: impl Fn(&Problem<'_>, &mut Room) -> Best,
    room: &mut Room,
) -> (Best, Option<Vec<f64>>) {
    let problem = Problem::new(inputs);
    let polish_under =
        |best: Best, caps: &Option<Vec<f64>>, steps: usize, room: &mut Room| match caps {
            Some(caps) => polish(
                &Problem::new(&under(inputs, caps)),
                windows,
                best,
                steps,
                room,
            ),
            None => polish(&problem, windows, best, steps, room),
        };
    if steps / inputs.steps() < TRIES_MIN {
        return (best, caps);
    }
    let mut found = (polish_under(best, &caps, steps, room), caps);
    if inputs.demand.is_empty() {
        return found;
    }
    let peak = (0..inputs.steps()).map(|t| {
        problem.clear(&found.0.0, t, room);
        crate::evaluate::root_load(room)
    });
    let peak = peak.fold(0.0, f64::max);
    for level in 0..LEVELS {
        let mut limits = inputs.nodes[0].limit.clone();
        for demand in &inputs.demand {
            let cap = demand.peak_so_far
                + (peak - demand.peak_so_far).max(0.0) * level as f64 / LEVELS as f64;
            limits[demand.first..demand.end]
                .iter_mut()
                .for_each(|l| *l = l.min(cap));
        }
        let capped = under(inputs, &limits);
        let best = resolve(&Problem::new(&capped), room);
        let candidate = (
            polish_under(best, &Some(limits), steps / LEVELS, room),
            capped.nodes[0].limit.clone(),
        );
        if candidate.0.1.value > found.0.1.value {
            found = (candidate.0, Some(candidate.1));
        }
    }
    // The best caps around the best jobs and blocks, and the reverse, in turn.
    for _ in 0..LEVELS {
        let capped = demand::capped(&problem, &found.0.0, room);
        let evaluated = evaluate(&Problem::new(&capped), &found.0.0, windows, room);
        let limits = Some(capped.nodes[0].limit.clone());
        let best = polish_under((found.0.0.clone(), evaluated), &limits, steps, room);
        if best.1.value <= found.0.1.value {
            break;
        }
        found = (best, limits);
    }
    found
}

/// The inputs with the root's limit cut.
fn under(inputs: &PlanInputs, limits: &[f64]) -> PlanInputs {
    let mut inputs = inputs.clone();
    inputs.nodes[0].limit.copy_from_slice(limits);
    inputs
}

/// A schedule and what it is worth.
type Best = (Schedule, Evaluated);

/// Improves `best` within `steps` evaluations of single steps.
fn polish(
    problem: &Problem<'_>,
    windows: &Windows,
    best: Best,
    steps: usize,
    room: &mut Room,
) -> Best {
    let tries = steps / problem.inputs.steps();
    let mut search = Search {
        problem,
        windows,
        schedule: best.0,
        evaluated: best.1,
        tries,
        room,
    };
    search.descend();
    // From a few random changes on, another hollow may lie deeper.
    let mut found = (search.schedule.clone(), search.evaluated.clone());
    let mut draw = Draw(1);
    while tries >= TRIES_TO_KICK && search.tries > 0 {
        if !search.kick(&mut draw) {
            break;
        }
        search.descend();
        if search.evaluated.value > found.1.value {
            found = (search.schedule.clone(), search.evaluated.clone());
        } else {
            (search.schedule, search.evaluated) = found.clone();
        }
    }
    found
}

/// Numbers without pattern, the same in every run.
struct Draw(u64);

impl Draw {
    /// A whole number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

struct Search<'a, 'p, 'i> {
    problem: &'p Problem<'i>,
    windows: &'a Windows,
    schedule: Schedule,
    evaluated: Evaluated,
    /// Evaluations left.
    tries: usize,
    room: &'a mut Room,
}

impl Search<'_, '_, '_> {
    /// Keeps `schedule` if it is worth more.
    fn offer(&mut self, schedule: &Schedule) -> bool {
        if self.tries == 0 || !in_order(self.problem, schedule) {
            return false;
        }
        self.tries -= 1;
        let evaluated = evaluate(self.problem, schedule, self.windows, self.room);
        let better = evaluated.value > self.evaluated.value + 1e-9 * self.evaluated.value.abs();
        if better {
            self.schedule.clone_from(schedule);
            self.schedule.adders.clear();
            self.evaluated = evaluated;
        }
        better
    }

    /// Offers `schedule` as it is, and with its blocks committed anew.
    fn offer_committed(&mut self, mut schedule: Schedule) -> bool {
        let mut better = self.offer(&schedule);
        schedule.adders = ramp::adders(self.problem, &self.evaluated.levels);
        if self.tries > 0 && commitment::sweep(self.problem, &mut schedule, self.room) {
            better |= self.offer(&schedule);
        }
        better
    }

    /// Tries all moves until none is worth more.
    fn descend(&mut self) {
        loop {
            let before = self.evaluated.value;
            self.blocks();
            self.swaps();
            self.divisible();
            self.jobs();
            self.pairs();
            self.sizes();
            self.moves();
            self.divisible();
            if self.tries == 0 || self.evaluated.value <= before {
                break;
            }
        }
    }

    /// A few random changes, whatever they are worth; false where nothing can be changed.
    fn kick(&mut self, draw: &mut Draw) -> bool {
        let inputs = self.problem.inputs;
        let blocks: usize = inputs.pools.iter().map(|p| p.blocks.len()).sum();
        if blocks + inputs.jobs.len() == 0 {
            return false;
        }
        let (mut schedule, mut changes) = (self.schedule.clone(), 0);
        for _ in 0..20 {
            let mut pick = draw.below(blocks + inputs.jobs.len());
            let (a, z) = (draw.below(inputs.steps()), draw.below(inputs.steps()));
            let stretch = a.min(z)..a.max(z) + 1;
            let changed = if pick < inputs.jobs.len() {
                let mut curves = Curves::new(self.problem);
                let mut other = schedule.clone();
                placement::lift(self.problem, &mut other, &mut curves, pick);
                let first = self.windows.of(self.problem, &other, pick).start;
                let all = placements(
                    self.problem,
                    self.windows,
                    pick,
                    first..inputs.jobs[pick].end,
                );
                let (runs, beyond) = all
                    .into_iter()
                    .nth(draw.below(2 * inputs.steps()))
                    .unwrap_or_default();
                placement::drop_in(self.problem, &mut other, &mut curves, pick, runs);
                other.beyond[pick] = beyond;
                let held = inputs.jobs[pick].running > 0;
                (!held && in_order(self.problem, &other)).then_some(other)
            } else {
                pick -= inputs.jobs.len();
                let mut places = inputs
                    .pools
                    .iter()
                    .enumerate()
                    .flat_map(|(m, pool)| (0..pool.blocks.len()).map(move |b| (m, b)));
                places
                    .nth(pick)
                    .and_then(|place| self.switched(&schedule, place, stretch, draw.below(2) == 0))
            };
            if let Some(changed) = changed {
                schedule = changed;
                changes += 1;
            }
            if changes == 2 {
                break;
            }
        }
        self.tries = self.tries.saturating_sub(1);
        self.evaluated = evaluate(self.problem, &schedule, self.windows, self.room);
        self.schedule = schedule;
        changes > 0
    }

    /// Every block switched over every stretch.
    fn blocks(&mut self) {
        let steps = self.problem.inputs.steps();
        for (m, pool) in self.problem.inputs.pools.iter().enumerate() {
            for b in 0..pool.blocks.len() {
                for (first, end) in
                    (0..steps).flat_map(|first| (first + 1..=steps).map(move |end| (first, end)))
                {
                    if self.tries == 0 {
                        return;
                    }
                    for on in [false, true] {
                        if let Some(schedule) =
                            self.switched(&self.schedule, (m, b), first..end, on)
                        {
                            self.offer(&schedule);
                        }
                    }
                }
            }
        }
    }

    /// The schedule with a block switched over a stretch, if it may be.
    fn switched(
        &self,
        schedule: &Schedule,
        (m, b): (usize, usize),
        stretch: Range<usize>,
        on: bool,
    ) -> Option<Schedule> {
        let (own, blocks) = (&schedule.on[m][b], &self.problem.inputs.pools[m].blocks);
        let twin = (0..b).any(|a| blocks[a] == blocks[b] && schedule.on[m][a] == *own);
        if twin || !own[stretch.clone()].contains(&!on) {
            return None;
        }
        let mut path = own.clone();
        path[stretch].fill(on);
        commitment::may(self.problem, m, b, &path).then(|| {
            let mut schedule = schedule.clone();
            self.problem.set_path(&mut schedule, m, b, path);
            schedule
        })
    }

    /// Every block giving way to every other over every stretch.
    fn swaps(&mut self) {
        let steps = self.problem.inputs.steps();
        let pools = self.problem.inputs.pools.iter().enumerate();
        let blocks: Vec<(usize, usize)> = pools
            .flat_map(|(m, pool)| (0..pool.blocks.len()).map(move |b| (m, b)))
            .collect();
        for (off, on) in blocks
            .iter()
            .flat_map(|off| blocks.iter().map(move |on| (*off, *on)))
            .filter(|(a, b)| a != b)
        {
            for (first, end) in
                (0..steps).flat_map(|first| (first + 1..=steps).map(move |end| (first, end)))
            {
                if self.tries == 0 {
                    return;
                }
                let Some(half) = self.switched(&self.schedule, off, first..end, false) else {
                    continue;
                };
                if let Some(schedule) = self.switched(&half, on, first..end, true) {
                    self.offer(&schedule);
                }
            }
        }
    }

    /// Every job at every place of its window.
    fn jobs(&mut self) {
        for j in 0..self.problem.inputs.jobs.len() {
            let mut without = self.schedule.clone();
            let mut curves = Curves::new(self.problem);
            placement::lift(self.problem, &mut without, &mut curves, j);
            let waiting = self.waiting(j);
            let first = self.windows.of(self.problem, &without, j).start;
            for (runs, beyond) in placements(
                self.problem,
                self.windows,
                j,
                first..self.problem.inputs.jobs[j].end,
            ) {
                if self.tries == 0 {
                    return;
                }
                let mut schedule = without.clone();
                placement::drop_in(self.problem, &mut schedule, &mut curves, j, runs);
                schedule.beyond[j] = beyond;
                if keeps_order(self.problem, &schedule, j) {
                    self.offer_committed(schedule.clone());
                }
                if !waiting.is_empty() {
                    self.offer_replaced(schedule, &waiting);
                }
            }
            self.replaced(&[j]);
            if !waiting.is_empty() {
                self.replaced(&[&[j], &waiting[..]].concat());
            }
        }
    }

    /// Pairs of jobs placed anew, in either order, so that they can change places.
    fn pairs(&mut self) {
        let jobs = self.problem.inputs.jobs.len();
        for (a, b) in (0..jobs)
            .flat_map(|a| (0..jobs).map(move |b| (a, b)))
            .filter(|(a, b)| a != b)
        {
            self.replaced(&[a, b]);
        }
    }

    /// Takes the jobs out, places them anew in this order, blocks divisible and then committed.
    fn replaced(&mut self, jobs: &[usize]) {
        if self.tries == 0 {
            return;
        }
        for relaxed in [false, true] {
            let mut schedule = self.schedule.clone();
            schedule.relaxed = relaxed;
            self.offer_replaced(schedule, jobs);
        }
    }

    /// Offers `schedule` with the jobs taken out and placed anew in this order.
    fn offer_replaced(&mut self, mut schedule: Schedule, jobs: &[usize]) {
        schedule.adders = ramp::adders(self.problem, &self.evaluated.levels);
        let mut curves = Curves::new(self.problem);
        for j in jobs {
            placement::lift(self.problem, &mut schedule, &mut curves, *j);
        }
        for j in jobs {
            placement::place(
                self.problem,
                &mut schedule,
                &mut curves,
                self.windows,
                *j,
                0.0,
                self.room,
            );
        }
        schedule.relaxed = false;
        if (0..schedule.jobs.len()).all(|j| keeps_order(self.problem, &schedule, j)) {
            self.offer_committed(schedule);
        }
    }

    /// Jobs that wait for `j`, directly or through others, in the order of a sweep.
    fn waiting(&self, j: usize) -> Vec<usize> {
        let mut all = vec![j];
        for &k in &self.windows.order {
            if self.problem.inputs.jobs[k]
                .after
                .iter()
                .any(|before| all.contains(before))
            {
                all.push(k);
            }
        }
        all.split_off(1)
    }

    /// Every divisible job placed exactly where it is worth most, all else as it stands.
    ///
    /// At a price of work the job is a load without memory, so that its best course is
    /// found with the ramps in it; between the courses of the two prices at which its work
    /// is just done and just not, the mix that does it is an optimum.
    fn divisible(&mut self) {
        for j in 0..self.problem.inputs.jobs.len() {
            if self.tries < 2 * PRICES {
                return;
            }
            let waited = self
                .problem
                .inputs
                .jobs
                .iter()
                .any(|other| other.after.contains(&j));
            if matches!(self.problem.inputs.jobs[j].gangs, Gangs::Divisible(_)) && !waited {
                self.tries -= PRICES;
                if let Some(schedule) = self.priced(j) {
                    self.offer(&schedule);
                }
            }
        }
    }

    /// The schedule with the divisible job `j` on its best course.
    fn priced(&mut self, j: usize) -> Option<Schedule> {
        let job = &self.problem.inputs.jobs[j];
        let mut without = self.schedule.clone();
        let mut curves = Curves::new(self.problem);
        placement::lift(self.problem, &mut without, &mut curves, j);
        without.beyond[j] = 0.0;
        let window = self.windows.of(self.problem, &without, j);
        if window.is_empty() {
            return None;
        }
        let hours = &self.problem.hours;
        let work = |course: &[f64]| course.iter().zip(hours).map(|(g, h)| g * h).sum::<f64>();
        let floor = self.windows.beyond_worth[j].max(0.0);
        let (mut low, mut high) = (floor, job.value + job.unmet + 1e-9);
        let mut most = self.course(j, &without, window.clone(), low);
        let mut least = vec![0.0; hours.len()];
        if work(&most) > job.work {
            for _ in 0..PRICES {
                let middle = 0.5 * (low + high);
                let course = self.course(j, &without, window.clone(), middle);
                if work(&course) > job.work {
                    (low, most) = (middle, course);
                } else {
                    (high, least) = (middle, course);
                }
            }
            let (a, z) = (work(&least), work(&most));
            let share = if z > a {
                ((job.work - a) / (z - a)).clamp(0.0, 1.0)
            } else {
                0.0
            };
            most.iter_mut()
                .zip(&least)
                .for_each(|(m, l)| *m = l + share * (*m - l));
        }
        let left = job.work - work(&most);
        let runs: Vec<Run> = most
            .iter()
            .enumerate()
            .filter(|(_, g)| **g > 1e-9)
            .map(|(t, g)| Run {
                step: t as u32,
                gpus: *g,
            })
            .collect();
        placement::drop_in(self.problem, &mut without, &mut curves, j, runs);
        without.beyond[j] = later(self.problem, self.windows, j, left);
        keeps_order(self.problem, &without, j).then_some(without)
    }

    /// Mean GPUs of the divisible job `j` per step where its work is paid at its worth less `price`.
    fn course(
        &mut self,
        j: usize,
        without: &Schedule,
        window: Range<usize>,
        price: f64,
    ) -> Vec<f64> {
        let job = &self.problem.inputs.jobs[j];
        let mut inputs = self.problem.inputs.clone();
        let steps = inputs.steps();
        let mut tier = TierInput {
            mw: vec![0.0; steps],
            value: vec![0.0; steps],
            penalty: vec![0.0; steps],
            must_serve: false,
        };
        for t in window {
            let mw = self.problem.gpu_mw(j, t);
            tier.mw[t] = job.gangs.max() * mw;
            tier.value[t] =
                (job.value_in(&inputs.grid, t) + job.unmet - price) / mw - inputs.job_adder[t];
        }
        inputs.stacks.push(StackInput {
            id: String::new(),
            node: job.node,
            used_for: Use::Training,
            tiers: vec![tier],
        });
        let problem = Problem::new(&inputs);
        let evaluated = evaluate(&problem, without, self.windows, self.room);
        let last = inputs.stacks.len() - 1;
        (0..steps)
            .map(|t| {
                outcome(&problem, without, &evaluated.levels, t, self.room).tiers[last][0]
                    / self.problem.gpu_mw(j, t)
            })
            .collect()
    }

    /// Every gang at another size, or none, over every stretch of its window.
    fn sizes(&mut self) {
        for (j, job) in self.problem.inputs.jobs.iter().enumerate() {
            let Gangs::Sizes(sizes) = &job.gangs else {
                continue;
            };
            let first = self.windows.of(self.problem, &self.schedule, j).start;
            let choices: Vec<f64> = [0.0]
                .into_iter()
                .chain(sizes.iter().map(|s| f64::from(*s)))
                .collect();
            for (from, until) in (first..job.end)
                .flat_map(|from| (from + 1..=job.end).map(move |until| (from, until)))
            {
                for size in &choices {
                    if self.tries == 0 {
                        return;
                    }
                    if let Some(schedule) = self.resized(j, sizes, from..until, *size) {
                        self.offer_committed(schedule);
                    }
                }
            }
        }
    }

    /// The schedule with job `j` at `size` over a stretch, cut where its work ends.
    fn resized(
        &self,
        j: usize,
        sizes: &[u32],
        stretch: Range<usize>,
        size: f64,
    ) -> Option<Schedule> {
        let job = &self.problem.inputs.jobs[j];
        let mut course = vec![0.0; self.problem.inputs.steps()];
        for run in &self.schedule.jobs[j] {
            // Part of a gang counts as the smallest that holds it.
            let whole = sizes
                .iter()
                .map(|s| f64::from(*s))
                .find(|s| *s >= run.gpus - 1e-6);
            course[run.step as usize] = whole.unwrap_or(job.gangs.max());
        }
        if course[stretch.clone()].iter().all(|s| *s == size) {
            return None;
        }
        course[stretch].fill(size);
        let (runs, left) = self.cut(j, &course)?;
        let mut schedule = self.schedule.clone();
        let mut curves = Curves::new(self.problem);
        placement::lift(self.problem, &mut schedule, &mut curves, j);
        placement::drop_in(self.problem, &mut schedule, &mut curves, j, runs);
        schedule.beyond[j] = later(self.problem, self.windows, j, left);
        keeps_order(self.problem, &schedule, j).then_some(schedule)
    }

    /// Runs of a course of sizes up to where the work ends, and the work left; none where a run is too short.
    fn cut(&self, j: usize, course: &[f64]) -> Option<(Vec<Run>, f64)> {
        let job = &self.problem.inputs.jobs[j];
        let (mut runs, mut left, mut lost) = (Vec::new(), job.work, 0.0f64);
        // Size and hours of the run so far.
        let (mut before, mut hours) = if job.first == 0 {
            (f64::from(job.running), job.running_hours)
        } else {
            (0.0, 0.0)
        };
        for (t, size) in course.iter().enumerate() {
            if left <= job.work * 1e-12 {
                return Some((runs, 0.0));
            }
            if *size > 0.0 && *size < before && left <= size * self.problem.hours[t] {
                // The larger gang goes on for the part of the step that ends the work.
                runs.push(Run {
                    step: t as u32,
                    gpus: left / self.problem.hours[t],
                });
                return Some((runs, 0.0));
            }
            if *size != before {
                if before > 0.0 && hours < job.min_run - 1e-9 && t < job.end {
                    return None;
                }
                (before, hours, lost) = (*size, 0.0, job.restart);
            }
            if *size == 0.0 {
                continue;
            }
            let own = self.problem.hours[t];
            let waits = lost.min(own);
            let share = ((left / size + waits) / own).min(1.0);
            left -= size * (share * own - waits).max(0.0);
            lost -= waits;
            hours += own;
            runs.push(Run {
                step: t as u32,
                gpus: size * share,
            });
        }
        Some((runs, left.max(0.0)))
    }

    /// Work of jobs that remember nothing moved from one step to another.
    fn moves(&mut self) {
        for (j, job) in self.problem.inputs.jobs.iter().enumerate() {
            if job.restart > 0.0 || job.min_run > 0.0 {
                continue;
            }
            let window = self.windows.of(self.problem, &self.schedule, j);
            for (from, to) in window
                .clone()
                .flat_map(|from| window.clone().map(move |to| (from, to)))
                .filter(|(a, b)| a != b)
            {
                let shares: &[f64] = if matches!(job.gangs, Gangs::Divisible(_)) {
                    &[1.0, 0.3]
                } else {
                    &[1.0]
                };
                for share in shares {
                    if self.tries == 0 {
                        return;
                    }
                    if let Some(schedule) = self.moved(j, from, to, *share)
                        && keeps_order(self.problem, &schedule, j)
                    {
                        self.offer(&schedule);
                    }
                }
            }
        }
    }

    /// The schedule with `share` of what job `j` does in step `from` done in `to`, as far as it may.
    fn moved(&self, j: usize, from: usize, to: usize, share: f64) -> Option<Schedule> {
        let job = &self.problem.inputs.jobs[j];
        let mut runs = self.schedule.jobs[j].clone();
        let at = runs.binary_search_by_key(&(from as u32), |r| r.step).ok()?;
        let there = runs
            .iter()
            .find(|r| r.step as usize == to)
            .map_or(0.0, |r| r.gpus);
        let (own, other) = (self.problem.hours[from], self.problem.hours[to]);
        let work = match job.gangs {
            Gangs::Divisible(most) => (runs[at].gpus * own * share).min((most - there) * other),
            Gangs::Sizes(_) if there == 0.0 && own == other => runs[at].gpus * own,
            Gangs::Sizes(_) => return None,
        };
        if work <= 1e-9 {
            return None;
        }
        runs[at].gpus -= work / own;
        match runs.iter_mut().find(|r| r.step as usize == to) {
            Some(run) => run.gpus += work / other,
            None => runs.push(Run {
                step: to as u32,
                gpus: work / other,
            }),
        }
        runs.retain(|r| r.gpus > 1e-9);
        runs.sort_by_key(|r| r.step);
        let mut schedule = self.schedule.clone();
        let mut curves = Curves::new(self.problem);
        placement::lift(self.problem, &mut schedule, &mut curves, j);
        placement::drop_in(self.problem, &mut schedule, &mut curves, j, runs);
        Some(schedule)
    }
}

/// Whether jobs that wait for `j` still find it done.
fn keeps_order(problem: &Problem<'_>, schedule: &Schedule, j: usize) -> bool {
    let last = schedule.jobs[j].last().map(|r| r.step);
    let done = work_done(problem, schedule, j) >= problem.inputs.jobs[j].work * (1.0 - 1e-9);
    let waiting = problem
        .inputs
        .jobs
        .iter()
        .zip(&schedule.jobs)
        .filter(|(job, runs)| job.after.contains(&j) && !runs.is_empty());
    waiting
        .into_iter()
        .all(|(_, runs)| done && last.is_none_or(|last| last < runs[0].step))
}

/// Whether every job finds done what it waits for.
fn in_order(problem: &Problem<'_>, schedule: &Schedule) -> bool {
    (0..schedule.jobs.len()).all(|j| keeps_order(problem, schedule, j))
}

/// What of the work left is worth leaving for after the horizon, GPU-hours.
fn later(problem: &Problem<'_>, windows: &Windows, j: usize, left: f64) -> f64 {
    if windows.beyond_worth[j] > 0.0 {
        left.max(0.0).min(problem.inputs.jobs[j].beyond)
    } else {
        0.0
    }
}

/// Single runs of job `j` from every step of its window at every size, and none, each
/// with the work left for after the horizon.
fn placements(
    problem: &Problem<'_>,
    windows: &Windows,
    j: usize,
    window: Range<usize>,
) -> Vec<(Vec<Run>, f64)> {
    let job = &problem.inputs.jobs[j];
    let sizes = match &job.gangs {
        Gangs::Divisible(most) => vec![*most, 0.5 * most],
        Gangs::Sizes(sizes) => sizes.iter().map(|s| f64::from(*s)).collect(),
    };
    let later = |left: f64| later(problem, windows, j, left);
    let held = job.running > 0 && job.first == 0 && job.running_hours < job.min_run - 1e-9;
    let mut all = Vec::new();
    if !held {
        all.push((Vec::new(), later(job.work)));
    }
    let firsts = if held {
        window.start..window.end.min(1)
    } else {
        window.clone()
    };
    for (size, first) in sizes
        .iter()
        .flat_map(|size| firsts.clone().map(move |first| (*size, first)))
    {
        let goes_on = first == 0 && size == f64::from(job.running);
        if held && !goes_on {
            continue;
        }
        let mut lost = if goes_on { 0.0 } else { job.restart };
        let mut hours = if goes_on { job.running_hours } else { 0.0 };
        let (mut runs, mut left) = (Vec::new(), job.work);
        for t in first..window.end {
            if left <= job.work * 1e-12 {
                break;
            }
            let own = problem.hours[t];
            let waits = lost.min(own);
            let share = ((left / size + waits) / own).min(1.0);
            left -= size * (share * own - waits).max(0.0);
            lost -= waits;
            hours += own;
            runs.push(Run {
                step: t as u32,
                gpus: size * share,
            });
        }
        let done = left <= job.work * 1e-9;
        if done || hours >= job.min_run - 1e-9 || window.end == job.end {
            all.push((runs, later(left)));
        }
    }
    all
}

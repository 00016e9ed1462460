//! Polish: local search on what couples steps, for small problems.
//!
//! Placement and commitment decide one job or block at a time, each step's market as it
//! stands. With few, large pieces, and with ramps or peaks that tie neighbouring steps
//! together, that stops short: a job may need two blocks to make room, a block a
//! neighbour to climb with. Here jobs are tried at every place of their windows with the
//! blocks committed anew around them, blocks switched over every stretch, work moved from
//! step to step; what [`evaluate`] finds worth more is kept. The moves are tried in a fixed
//! order and counted, so that the same inputs give the same plan.

mod divisible;
mod jobs;

use std::ops::Range;

use crate::commitment;
use crate::demand;
use crate::evaluate::{Evaluated, evaluate};
use crate::inputs::PlanInputs;
use crate::placement::{self, Curves, Windows, work_done};
use crate::ramp;
use crate::schedule::{Problem, Room, Schedule};

use jobs::placements;

/// Fewest tries worth beginning: large problems have pieces enough without.
const TRIES_MIN: usize = 1000;

/// Fewest tries from which random changes are worth their time.
const TRIES_TO_KICK: usize = 5000;

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

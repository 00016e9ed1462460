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
use crate::evaluate::{Evaluated, evaluate};
use crate::inputs::Gangs;
use crate::placement::{self, Curves, Windows, work_done};
use crate::ramp;
use crate::schedule::{Problem, Room, Run, Schedule};

/// Fewest tries worth beginning: large problems have pieces enough without.
const TRIES_MIN: usize = 1000;

/// Improves `best` within `steps` evaluations of single steps.
pub(crate) fn polish(problem: &Problem<'_>, windows: &Windows, best: (Schedule, Evaluated), steps: usize, room: &mut Room) -> (Schedule, Evaluated) {
    let tries = steps / problem.inputs.steps();
    if tries < TRIES_MIN {
        return best;
    }
    let mut search = Search { problem, windows, schedule: best.0, evaluated: best.1, tries, room };
    loop {
        let before = search.evaluated.value;
        search.blocks();
        search.jobs();
        search.pairs();
        search.moves();
        if search.tries == 0 || search.evaluated.value <= before {
            break;
        }
    }
    (search.schedule, search.evaluated)
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
        if self.tries == 0 {
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

    /// Every block switched over every stretch.
    fn blocks(&mut self) {
        let steps = self.problem.inputs.steps();
        for (m, pool) in self.problem.inputs.pools.iter().enumerate() {
            for b in 0..pool.blocks.len() {
                for (first, end) in (0..steps).flat_map(|first| (first + 1..=steps).map(move |end| (first, end))) {
                    if self.tries == 0 {
                        return;
                    }
                    let own = &self.schedule.on[m][b];
                    let twin = (0..b).any(|a| pool.blocks[a] == pool.blocks[b] && self.schedule.on[m][a] == *own);
                    let on = !own[first];
                    if twin || own[first..end].contains(&on) {
                        continue;
                    }
                    let mut path = own.clone();
                    path[first..end].fill(on);
                    if commitment::may(self.problem, m, b, &path) {
                        let mut schedule = self.schedule.clone();
                        self.problem.set_path(&mut schedule, m, b, path);
                        self.offer(&schedule);
                    }
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
            let window = self.windows.of(self.problem, &without, j);
            for (runs, beyond) in placements(self.problem, self.windows, j, window) {
                let mut schedule = without.clone();
                placement::drop_in(self.problem, &mut schedule, &mut curves, j, runs);
                schedule.beyond[j] = beyond;
                if self.tries > 0 && keeps_order(self.problem, &schedule, j) {
                    self.offer_committed(schedule);
                }
            }
            self.replaced(&[j]);
        }
    }

    /// Pairs of jobs placed anew, in either order, so that they can change places.
    fn pairs(&mut self) {
        let jobs = self.problem.inputs.jobs.len();
        for (a, b) in (0..jobs).flat_map(|a| (0..jobs).map(move |b| (a, b))).filter(|(a, b)| a != b) {
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
            schedule.adders = ramp::adders(self.problem, &self.evaluated.levels);
            let mut curves = Curves::new(self.problem);
            for j in jobs {
                placement::lift(self.problem, &mut schedule, &mut curves, *j);
            }
            schedule.relaxed = relaxed;
            for j in jobs {
                placement::place(self.problem, &mut schedule, &mut curves, self.windows, *j, 0.0, self.room);
            }
            schedule.relaxed = false;
            if jobs.iter().all(|j| keeps_order(self.problem, &schedule, *j)) {
                self.offer_committed(schedule);
            }
        }
    }

    /// Work of jobs that remember nothing moved from one step to another.
    fn moves(&mut self) {
        for (j, job) in self.problem.inputs.jobs.iter().enumerate() {
            if job.restart > 0.0 || job.min_run > 0.0 {
                continue;
            }
            let window = self.windows.of(self.problem, &self.schedule, j);
            for (from, to) in window.clone().flat_map(|from| window.clone().map(move |to| (from, to))).filter(|(a, b)| a != b) {
                let shares: &[f64] = if matches!(job.gangs, Gangs::Divisible(_)) { &[1.0, 0.3] } else { &[1.0] };
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
        let there = runs.iter().find(|r| r.step as usize == to).map_or(0.0, |r| r.gpus);
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
            None => runs.push(Run { step: to as u32, gpus: work / other }),
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
    let waiting = problem.inputs.jobs.iter().zip(&schedule.jobs).filter(|(job, runs)| job.after.contains(&j) && !runs.is_empty());
    waiting.into_iter().all(|(_, runs)| done && last.is_none_or(|last| last < runs[0].step))
}

/// Single runs of job `j` from every step of its window at every size, and none, each
/// with the work left for after the horizon.
fn placements(problem: &Problem<'_>, windows: &Windows, j: usize, window: Range<usize>) -> Vec<(Vec<Run>, f64)> {
    let job = &problem.inputs.jobs[j];
    let sizes = match &job.gangs {
        Gangs::Divisible(most) => vec![*most, 0.5 * most],
        Gangs::Sizes(sizes) => sizes.iter().map(|s| f64::from(*s)).collect(),
    };
    let later = |left: f64| if windows.beyond_worth[j] > 0.0 { left.max(0.0).min(job.beyond) } else { 0.0 };
    let held = job.running > 0 && job.first == 0 && job.running_hours < job.min_run - 1e-9;
    let mut all = Vec::new();
    if !held {
        all.push((Vec::new(), later(job.work)));
    }
    let firsts = if held { window.start..window.end.min(1) } else { window.clone() };
    for (size, first) in sizes.iter().flat_map(|size| firsts.clone().map(move |first| (*size, first))) {
        let goes_on = first == 0 && job.running > 0;
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
            runs.push(Run { step: t as u32, gpus: size * share });
        }
        let done = left <= job.work * 1e-9;
        if done || hours >= job.min_run - 1e-9 || window.end == job.end {
            all.push((runs, later(left)));
        }
    }
    all
}

//! Polish: local search over moves of several blocks and jobs, for small problems.
//!
//! Placement and commitment decide one job or block at a time, all others fixed. With few,
//! large pieces, and with ramps or peaks that couple steps, that ends in a local optimum: to
//! place a job, two blocks may have to stop at once. Here a few blocks are committed together, jobs are tried at
//! their best courses with the blocks committed anew around them, and parts of the plan
//! are taken out and rebuilt at the prices that ramps and peaks have in the best plan so
//! far; what is worth more is kept. The moves are tried in a fixed order and counted, so
//! that the same inputs give the same plan.

mod appraise;
mod courses;
mod divisible;
mod jobs;
mod paths;
mod rebuild;
mod step;

use std::ops::Range;

use crate::commitment;
use crate::evaluate::{Valued, evaluate};
use crate::inputs::PlanInputs;
use crate::placement::{self, Windows, goes_on, work_done};
use crate::plan::under_caps;
use crate::schedule::{Problem, Room, Schedule};

use appraise::{Appraiser, Duals};
use paths::{Automaton, Place};

/// Fewest tries worth beginning; large problems, where the budget allows fewer, have pieces
/// small enough without.
const TRIES_MIN: usize = 1000;

/// Peaks from which the search begins, between the peak so far and the highest load.
const LEVELS: usize = 4;

/// Improves `best` within `steps` evaluations of single steps; returns also the caps on the
/// root's load, MW per step, where there are demand charges.
///
/// `resolve` solves the problem anew under lower caps: more schedules to begin from.
pub(crate) fn improve(
    inputs: &PlanInputs,
    windows: &Windows,
    best: Valued,
    caps: Option<Vec<f64>>,
    steps: usize,
    resolve: impl Fn(&Problem<'_>, &mut Room) -> Valued,
    room: &mut Room,
) -> (Valued, Option<Vec<f64>>) {
    if steps / inputs.steps() < TRIES_MIN {
        return (best, caps);
    }
    if !appraise::can_value(inputs) {
        // Where the appraiser cannot value the inputs, each schedule is valued as a plan is, under
        // the caps given.
        let capped = under_caps(inputs, caps.as_deref());
        let problem = Problem::new(&capped);
        let schedule = Search::new(&problem, windows, best.0.clone(), steps, room).run(&[]);
        let evaluated = evaluate(&problem, &schedule, windows, room);
        let found = (schedule, evaluated);
        return (
            if found.1.value > best.1.value {
                found
            } else {
                best
            },
            caps,
        );
    }
    let problem = Problem::new(inputs);
    // A schedule that stops a job that may not stop is replaced by any that does not.
    let least = if keeps_job_rules(&problem, &best.0) {
        best.1.value
    } else {
        f64::NEG_INFINITY
    };
    let mut starts = Vec::new();
    for level in 0..if inputs.demand.is_empty() { 0 } else { LEVELS } {
        let mut limits = inputs.nodes[0].limit.clone();
        for demand in &inputs.demand {
            let range = demand.first..demand.end;
            let high = limits[range.clone()].iter().copied().fold(0.0, f64::max);
            let more = (high - demand.peak_so_far).max(0.0) * level as f64 / LEVELS as f64;
            let cap = demand.peak_so_far + more;
            limits[range].iter_mut().for_each(|l| *l = l.min(cap));
        }
        starts.push(resolve(&Problem::new(&under_caps(inputs, Some(&limits))), room).0);
    }
    let mut search = Search::new(&problem, windows, best.0.clone(), steps, room);
    let schedule = search.run(&starts);
    let peaks = search.duals.peaks.clone();
    if inputs.demand.is_empty() {
        let evaluated = evaluate(&problem, &schedule, windows, room);
        let found = (schedule, evaluated);
        return (if found.1.value > least { found } else { best }, caps);
    }
    let mut limits = inputs.nodes[0].limit.clone();
    for (demand, peak) in inputs.demand.iter().zip(peaks) {
        // Rounding must not shed what makes the peak.
        let cap = peak + 1e-9 * peak.abs();
        limits[demand.first..demand.end]
            .iter_mut()
            .for_each(|l| *l = l.min(cap));
    }
    let capped = under_caps(inputs, Some(&limits));
    let evaluated = evaluate(&Problem::new(&capped), &schedule, windows, room);
    if evaluated.value > least {
        ((schedule, evaluated), Some(limits))
    } else {
        (best, caps)
    }
}

struct Search<'a, 'p, 'i> {
    problem: &'p Problem<'i>,
    windows: &'p Windows,
    appraiser: Appraiser<'p, 'i>,
    /// Whether the appraiser can value the inputs; otherwise each schedule is evaluated in full.
    exact: bool,
    automata: Vec<Vec<Automaton>>,
    places: Vec<Place>,
    /// The best schedule of the current descent, its worth and its duals of ramps and peaks.
    schedule: Schedule,
    value: f64,
    duals: Duals,
    /// Share of the duals' charges on load at which blocks and jobs are decided.
    weight: f64,
    /// Last price of each divisible job's work, currency per GPU-hour.
    work: Vec<f64>,
    budget: usize,
    room: &'a mut Room,
}

impl<'a, 'p, 'i> Search<'a, 'p, 'i> {
    fn new(
        problem: &'p Problem<'i>,
        windows: &'p Windows,
        schedule: Schedule,
        budget: usize,
        room: &'a mut Room,
    ) -> Self {
        let pools = problem.inputs.pools.iter().enumerate();
        let places: Vec<Place> = pools
            .clone()
            .flat_map(|(m, pool)| (0..pool.blocks.len()).map(move |b| (m, b)))
            .collect();
        let automata = pools
            .map(|(m, pool)| {
                (0..pool.blocks.len())
                    .map(|b| Automaton::new(problem, (m, b)))
                    .collect()
            })
            .collect();
        let mut search = Self {
            problem,
            windows,
            appraiser: Appraiser::new(problem, windows),
            exact: appraise::can_value(problem.inputs),
            automata,
            places,
            schedule,
            value: f64::NEG_INFINITY,
            duals: Duals::default(),
            weight: 1.0,
            work: vec![0.0; problem.inputs.jobs.len()],
            budget,
            room,
        };
        search.go_to(search.schedule.clone());
        search
    }

    /// Makes a schedule the current one, whatever it is worth.
    fn go_to(&mut self, schedule: Schedule) {
        (self.value, self.duals) = if self.exact {
            self.appraiser.duals(&schedule, &self.duals.peaks)
        } else {
            (self.valued(&schedule), Duals::default())
        };
        self.schedule = schedule;
        self.schedule.adders.clear();
        // Work left for after the horizon is at most what is not done within it.
        for (j, job) in self.problem.inputs.jobs.iter().enumerate() {
            let left = (job.work - work_done(self.problem, &self.schedule, j)).max(0.0);
            self.schedule.beyond[j] = self.schedule.beyond[j].min(left);
        }
    }

    /// Worth of a schedule by a full evaluation, counted against the budget.
    fn valued(&mut self, schedule: &Schedule) -> f64 {
        self.appraiser.spent += 10 * self.problem.inputs.steps();
        evaluate(self.problem, schedule, self.windows, self.room).value
    }

    fn is_over(&self) -> bool {
        self.appraiser.spent >= self.budget
    }

    /// Charge on load in step `t` at which blocks and jobs are decided, currency per MWh.
    fn charge(&self, t: usize) -> f64 {
        self.duals.charge.get(t).map_or(0.0, |c| self.weight * c)
    }

    /// Keeps `schedule` if it is worth more.
    fn offer(&mut self, schedule: &Schedule) -> bool {
        if self.is_over() || !keeps_job_rules(self.problem, schedule) {
            return false;
        }
        let than = self.value + 1e-9 * self.value.abs();
        let better = if self.exact {
            let better = self.appraiser.better(schedule, than, &self.duals);
            better.is_some()
        } else {
            self.valued(schedule) > than
        };
        if better {
            self.go_to(schedule.clone());
        }
        better
    }

    /// Offers `schedule` as it is, and with its blocks committed anew.
    fn offer_committed(&mut self, mut schedule: Schedule) -> bool {
        let mut better = self.offer(&schedule);
        if !self.is_over() && self.commit(&mut schedule) {
            better |= self.offer(&schedule);
        }
        better
    }

    /// Repairs jobs that the schedule stops too early: each on its best feasible course.
    fn repair(&mut self) {
        let mut schedule = self.schedule.clone();
        for j in 0..self.problem.inputs.jobs.len() {
            if !goes_on(self.problem, &schedule, j) {
                placement::remove_job(self.problem, &mut schedule, j);
                if let Some((runs, beyond)) = self.courses(&schedule, j, 1).pop() {
                    placement::insert_job(self.problem, &mut schedule, j, runs);
                    schedule.beyond[j] = beyond;
                }
            }
        }
        if schedule != self.schedule {
            self.go_to(schedule);
        }
    }

    /// Searches from the schedule and from `starts`, then rebuilds parts of the best one found.
    fn run(&mut self, starts: &[Schedule]) -> Schedule {
        self.repair();
        self.descend();
        let mut found = (self.value, self.schedule.clone());
        for start in starts {
            self.duals = Duals::default();
            self.go_to(start.clone());
            self.repair();
            self.step_down();
            if self.value > found.0 - 0.01 * found.0.abs() {
                self.descend();
            }
            if self.value > found.0 {
                found = (self.value, self.schedule.clone());
            }
        }
        self.duals = Duals::default();
        self.go_to(found.1);
        self.rebuild();
        self.schedule.clone()
    }

    /// Tries all moves until none is worth more.
    fn descend(&mut self) {
        loop {
            let before = self.value;
            self.blocks();
            self.groups();
            self.divisible();
            self.jobs();
            self.swaps();
            self.sizes();
            self.moves();
            if self.is_over() || self.value <= before + 1e-9 * before.abs() {
                break;
            }
        }
    }

    /// Tries pairs and threes of blocks decided together.
    fn groups(&mut self) {
        let places = self.places.clone();
        for (i, a) in places.iter().enumerate() {
            for (k, b) in places.iter().enumerate().skip(i + 1) {
                self.offer_decided(&[*a, *b]);
                for c in &places[k + 1..] {
                    self.offer_decided(&[*a, *b, *c]);
                }
            }
        }
    }

    fn offer_decided(&mut self, places: &[Place]) {
        if self.is_over() {
            return;
        }
        let mut schedule = self.schedule.clone();
        if self.decide(&mut schedule, places) {
            self.offer(&schedule);
        }
        self.offer_with_jobs_bidding(|search, schedule| search.decide(schedule, places));
    }

    /// Offers the schedule as `decide` changes it while divisible jobs bid for power instead of
    /// keeping their places.
    fn offer_with_jobs_bidding(&mut self, decide: impl FnOnce(&mut Self, &mut Schedule) -> bool) {
        if self.is_over() || self.bidding_jobs().is_empty() {
            return;
        }
        let mut schedule = self.schedule.clone();
        if self.with_jobs_bidding(&mut schedule, decide) {
            self.offer(&schedule);
        }
    }

    /// Tries every block switched over every range of steps.
    fn blocks(&mut self) {
        let steps = self.problem.inputs.steps();
        for place in self.places.clone() {
            self.offer_decided(&[place]);
            for (first, end) in subranges(0..steps) {
                if self.is_over() {
                    return;
                }
                for on in [false, true] {
                    if let Some(schedule) = self.switched(&self.schedule, place, first..end, on) {
                        self.offer(&schedule);
                    }
                }
            }
        }
    }

    /// The schedule with a block switched over a range of steps; `None` where that changes
    /// nothing, or the block's minimum times forbid it.
    fn switched(
        &self,
        schedule: &Schedule,
        (m, b): Place,
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
        commitment::is_feasible(self.problem, m, b, &path).then(|| {
            let mut schedule = schedule.clone();
            self.problem.set_path(&mut schedule, m, b, path);
            schedule
        })
    }

    /// Tries to turn every block off and every other on over every range of steps.
    fn swaps(&mut self) {
        let steps = self.problem.inputs.steps();
        let places = self.places.clone();
        for (off, on) in places
            .iter()
            .flat_map(|off| places.iter().map(move |on| (*off, *on)))
            .filter(|(a, b)| a != b)
        {
            for (first, end) in subranges(0..steps) {
                if self.is_over() {
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

/// All ranges within a range of steps, as first step and end.
fn subranges(range: Range<usize>) -> impl Iterator<Item = (usize, usize)> {
    let end = range.end;
    range.flat_map(move |first| (first + 1..=end).map(move |until| (first, until)))
}

/// Pseudo-random numbers, the same in every run.
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

/// Whether all jobs that wait for `j` start only when it is done.
fn keeps_dependencies(problem: &Problem<'_>, schedule: &Schedule, j: usize) -> bool {
    let jobs = &problem.inputs.jobs;
    if jobs.iter().all(|job| job.after.is_empty()) {
        return true;
    }
    let last = schedule.jobs[j].last().map(|r| r.step);
    let done = work_done(problem, schedule, j) >= jobs[j].work * (1.0 - 1e-9);
    let waiting = jobs
        .iter()
        .zip(&schedule.jobs)
        .filter(|(job, runs)| job.after.contains(&j) && !runs.is_empty());
    waiting
        .into_iter()
        .all(|(_, runs)| done && last.is_none_or(|last| last < runs[0].step))
}

/// Number of jobs that break a rule: jobs that wait for them start before they are done, or
/// they stop although they may not yet.
pub(crate) fn jobs_breaking_rules(problem: &Problem<'_>, schedule: &Schedule) -> usize {
    let broken =
        |j: &usize| !keeps_dependencies(problem, schedule, *j) || !goes_on(problem, schedule, *j);
    (0..schedule.jobs.len()).filter(broken).count()
}

/// Whether every job starts only when what it waits for is done, and none stops that may not
/// yet.
pub(crate) fn keeps_job_rules(problem: &Problem<'_>, schedule: &Schedule) -> bool {
    jobs_breaking_rules(problem, schedule) == 0
}

//! Ramp multipliers kept up to date while blocks are decided one after the other.
//!
//! Blocks decided at the same multipliers all decide alike, and together break the
//! ramp that the multipliers price. Here each decision counts in the next: the courses are
//! found anew, at the cost of the steps in which something changed.

use super::{Course, RampedLoad, Worth, adders, is_kept, load_below, worth};
use crate::market::{Cleared, EPSILON_MW};
use crate::schedule::{Problem, Room, Schedule};

/// Power that blocks may move before the courses are found anew, as a share of the tightest
/// ramp limit over the shortest step.
const STALE_SHARE: f64 = 0.25;

/// Courses of all ramps under a schedule that changes.
pub(crate) struct Courses {
    /// In the order of the inputs' ramps.
    courses: Vec<RampCourse>,
    /// Power that may be moved before the courses are found anew, MW.
    stale_mw: f64,
}

struct RampCourse {
    ramped: RampedLoad,
    /// Power moved below the node in each step since the course was found, MW; infinite at first.
    moved: Vec<f64>,
    /// Load of the steps' own optima, MW.
    free: Vec<f64>,
    /// Worth of load per step where it is known.
    worths: Vec<Option<Worth>>,
}

impl Courses {
    /// No course found yet.
    pub(crate) fn new(problem: &Problem<'_>) -> Self {
        let steps = problem.inputs.steps();
        let course = |node: usize| RampCourse {
            ramped: RampedLoad {
                node,
                multiplier: vec![0.0; steps + 1],
                ..RampedLoad::default()
            },
            moved: vec![f64::INFINITY; steps],
            free: vec![0.0; steps],
            worths: vec![None; steps],
        };
        let ramps = problem.inputs.ramps.iter();
        let shortest = problem.hours.iter().copied().fold(f64::INFINITY, f64::min);
        let tightest = ramps.clone().map(|r| r.up.min(r.down) * shortest);
        let tightest = tightest.fold(f64::INFINITY, f64::min);
        Self {
            courses: ramps.map(|r| course(r.node)).collect(),
            stale_mw: STALE_SHARE * tightest,
        }
    }

    /// Notes that `mw` were switched on or off at `node` in step `t`. Its effect on the
    /// courses of nodes that do not lie above waits for the next sweep.
    pub(crate) fn touch(&mut self, problem: &Problem<'_>, node: usize, t: usize, mw: f64) {
        let above = |c: &&mut RampCourse| problem.market.is_below(node, c.ramped.node);
        for course in self.courses.iter_mut().filter(above) {
            course.moved[t] += mw;
        }
    }

    /// Whether so much was moved that the courses should be found anew.
    pub(crate) fn are_stale(&self) -> bool {
        let mut moved = self.courses.iter().flat_map(|c| &c.moved);
        moved.any(|mw| *mw > self.stale_mw)
    }

    /// Finds the courses of what has changed and writes their charges into the schedule's
    /// adders; returns the steps in which any of them differs from before.
    pub(crate) fn refresh(
        &mut self,
        problem: &Problem<'_>,
        schedule: &mut Schedule,
        room: &mut Room,
    ) -> Vec<usize> {
        self.refresh_seen(problem, schedule, room, |_, _, _, _| {})
    }

    /// [`Courses::refresh`]; calls `seen` with every step just cleared, without charges.
    pub(crate) fn refresh_seen(
        &mut self,
        problem: &Problem<'_>,
        schedule: &mut Schedule,
        room: &mut Room,
        mut seen: impl FnMut(&Schedule, usize, Cleared, &Room),
    ) -> Vec<usize> {
        let steps = problem.inputs.steps();
        // Courses are those of the steps' own optima.
        let before = std::mem::take(&mut schedule.adders);
        let stale = |c: &RampCourse| c.moved.iter().any(|mw| *mw > 0.0);
        let stale: Vec<bool> = self.courses.iter().map(stale).collect();
        for t in 0..steps {
            if self.courses.iter().all(|c| c.moved[t] <= 0.0) {
                continue;
            }
            let cleared = problem.clear(schedule, t, room);
            seen(schedule, t, cleared, room);
            for course in self.courses.iter_mut().filter(|c| c.moved[t] > 0.0) {
                course.free[t] = load_below(problem, course.ramped.node, room);
                course.worths[t] = None;
                course.moved[t] = 0.0;
            }
        }
        let courses = self.courses.iter_mut().zip(&problem.inputs.ramps);
        for ((course, ramp), _) in courses.zip(&stale).filter(|(_, stale)| **stale) {
            course.ramped.binding = !is_kept(ramp, &course.free, &problem.hours);
            if !course.ramped.binding {
                continue;
            }
            for t in 0..steps {
                if course.worths[t].is_none() {
                    course.worths[t] = Some(worth(problem, schedule, &[], ramp.node, t, room));
                }
            }
            let worths: Vec<Worth> = course.worths.iter().flatten().cloned().collect();
            let solved = Course::solve(&worths, &problem.hours, ramp);
            course.ramped.multiplier = solved.multipliers(&worths, &problem.hours, ramp);
        }
        schedule.adders = adders(problem, self.courses.iter().map(|c| &c.ramped));
        let charge = |adders: &[(usize, Vec<f64>)], node: usize, t: usize| {
            let own = adders.iter().find(|(n, _)| *n == node);
            own.map_or(0.0, |(_, charges)| charges[t])
        };
        let differs = |t: &usize| {
            let mut nodes = problem.inputs.ramps.iter().map(|r| r.node);
            let now = &schedule.adders;
            nodes.any(|n| (charge(now, n, *t) - charge(&before, n, *t)).abs() > EPSILON_MW)
        };
        (0..steps).filter(differs).collect()
    }
}

//! Ramp multipliers kept up to date while blocks are decided one after the other.
//!
//! Blocks that all look at the same multipliers all decide alike, and together break the
//! ramp the multipliers stand for. Here each decision is seen by the next: the courses are
//! found anew, at the cost of the steps in which something changed.

use super::{Course, Level, Worth, adders, is_kept, load_below, worth};
use crate::market::EPSILON_MW;
use crate::schedule::{Problem, Room, Schedule};

/// Share of the tightest ramp's step that blocks may move before the courses are found anew.
const MATTERS: f64 = 0.25;

/// Courses of all ramps under a schedule that changes.
pub struct Courses {
    /// In the order of the inputs' ramps.
    courses: Vec<Running>,
    /// Power moved in each step since the courses were found, MW; infinite at first.
    moved: Vec<f64>,
    /// Power that may be moved before the courses are found anew, MW.
    enough: f64,
}

struct Running {
    level: Level,
    /// Load of the steps' own optima, MW.
    free: Vec<f64>,
    /// Worth of load per step where it is known.
    worths: Vec<Option<Worth>>,
}

impl Courses {
    /// Nothing known yet.
    pub fn new(problem: &Problem<'_>) -> Self {
        let steps = problem.inputs.steps();
        let running = |node: usize| Running {
            level: Level {
                node,
                load: vec![0.0; steps],
                multiplier: vec![0.0; steps + 1],
                ..Level::default()
            },
            free: vec![0.0; steps],
            worths: vec![None; steps],
        };
        let ramps = problem.inputs.ramps.iter();
        let shortest = problem.hours.iter().copied().fold(f64::INFINITY, f64::min);
        let tightest = ramps.clone().map(|r| r.up.min(r.down) * shortest);
        let tightest = tightest.fold(f64::INFINITY, f64::min);
        Self {
            courses: ramps.map(|r| running(r.node)).collect(),
            moved: vec![f64::INFINITY; steps],
            enough: MATTERS * tightest,
        }
    }

    /// Notes that `mw` were switched on or off in step `t`.
    pub fn touch(&mut self, t: usize, mw: f64) {
        self.moved[t] += mw;
    }

    /// Whether so much was moved that the courses should be found anew.
    pub fn matters(&self) -> bool {
        self.moved.iter().any(|mw| *mw > self.enough)
    }

    /// Finds the courses of what has changed and writes their charges into the schedule's
    /// adders; returns the steps in which the charge on load at `node` differs from before.
    pub fn refresh(
        &mut self,
        problem: &Problem<'_>,
        schedule: &mut Schedule,
        node: usize,
        room: &mut Room,
    ) -> Vec<usize> {
        let steps = problem.inputs.steps();
        let charge = |schedule: &Schedule, t: usize| problem.adder(schedule, node, t);
        let before: Vec<f64> = (0..steps).map(|t| charge(schedule, t)).collect();
        // Courses are those of the steps' own optima.
        schedule.adders.clear();
        for t in (0..steps).filter(|t| self.moved[*t] > 0.0) {
            problem.clear(schedule, t, room);
            for course in &mut self.courses {
                course.free[t] = load_below(problem, course.level.node, room);
                course.worths[t] = None;
            }
        }
        self.moved.fill(0.0);
        for (course, ramp) in self.courses.iter_mut().zip(&problem.inputs.ramps) {
            course.level.binding = !is_kept(ramp, &course.free, &problem.hours);
            if !course.level.binding {
                continue;
            }
            for t in 0..steps {
                if course.worths[t].is_none() {
                    course.worths[t] = Some(worth(problem, schedule, &[], ramp.node, t, room));
                }
            }
            let worths: Vec<Worth> = course.worths.iter().flatten().cloned().collect();
            let solved = Course::solve(&worths, &problem.hours, ramp);
            course.level.multiplier = solved.multipliers(&worths, &problem.hours, ramp);
        }
        schedule.adders = adders(problem, self.courses.iter().map(|c| &c.level));
        (0..steps)
            .filter(|t| (charge(schedule, *t) - before[*t]).abs() > EPSILON_MW)
            .collect()
    }
}

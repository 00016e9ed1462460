//! Ramp multipliers kept up to date while blocks are decided one after the other.
//!
//! Blocks that all look at the same multipliers all decide alike, and together break the
//! ramp the multipliers stand for. Here each decision is seen by the next: the courses are
//! found anew, at the cost of the steps in which something changed.

use super::{Course, Level, Worth, adders, is_kept, load_below, worth};
use crate::market::EPSILON_MW;
use crate::schedule::{Problem, Room, Schedule};

/// Courses of all ramps under a schedule that changes.
pub struct Courses {
    /// In the order of the inputs' ramps.
    courses: Vec<Running>,
    /// Steps in which something below a node changed.
    stale: Vec<bool>,
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
        Self {
            courses: ramps.map(|r| running(r.node)).collect(),
            stale: vec![true; steps],
        }
    }

    /// Notes that load changed in step `t`.
    pub fn touch(&mut self, t: usize) {
        self.stale[t] = true;
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
        for t in (0..steps).filter(|t| self.stale[*t]) {
            problem.clear(schedule, t, room);
            for course in &mut self.courses {
                course.free[t] = load_below(problem, course.level.node, room);
                course.worths[t] = None;
            }
        }
        self.stale.fill(false);
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

//! Residual supply curves of the nodes jobs run on, each without the jobs there.
//!
//! A step is cleared once and read for every node, until the jobs of other nodes have moved
//! by some weight in it: on a large site one clearing serves many nodes and many jobs.

use crate::market::{CostStep, EPSILON_MW, Load, Snapshot};
use crate::schedule::{Ask, Problem, Room, Schedule};

/// Power by which jobs of other nodes may move in a step before it is cleared anew, as a share
/// of what all jobs can draw.
const STALE_SHARE: f64 = 0.002;

/// Residuals of the nodes jobs run on, without those jobs; read again where they went stale.
#[derive(Debug)]
pub struct Curves {
    steps: usize,
    /// Steps of all curves; `ranges` says which are whose.
    curves: Vec<CostStep>,
    ranges: Vec<(u32, u32)>,
    /// Clearing that each curve was read from; 0 where none was.
    read: Vec<u32>,
    /// The curve read last.
    one: Vec<CostStep>,
    cleared: Vec<LastClearing>,
    /// Power by which jobs of other nodes may move in a step, MW.
    stale_mw: f64,
}

/// A step as it was last cleared.
#[derive(Debug, Default)]
struct LastClearing {
    snapshot: Snapshot,
    /// Whether all load was carried, so that curves can be read from it.
    carried: bool,
    /// Power of the jobs of each node number then, MW.
    jobs: Vec<f64>,
    /// Clearings so far; curves of earlier ones are stale.
    count: u32,
    /// Whether blocks or adders changed since.
    stale: bool,
}

impl LastClearing {
    /// Whether curves of node `number` may still be read from it: the jobs at other nodes have
    /// moved by no more than `stale_mw` MW, and none draws more than it did. A price may be
    /// somewhat out of date; free capacity that has been taken since may not be offered.
    fn holds(&self, schedule: &Schedule, number: usize, t: usize, stale_mw: f64) -> bool {
        let (mut moved, mut risen) = (0.0, 0.0);
        for (other, (then, row)) in self.jobs.iter().zip(&schedule.job_mw).enumerate() {
            if other != number {
                moved += (row[t] - then).abs();
                risen += (row[t] - then).max(0.0);
            }
        }
        !self.stale && risen <= EPSILON_MW && moved <= stale_mw
    }
}

impl Curves {
    /// No curve read yet.
    pub fn new(problem: &Problem<'_>) -> Self {
        let inputs = problem.inputs;
        let steps = inputs.steps();
        let nodes = match problem.residuals {
            Some(_) => 0,
            None => problem.job_nodes.nodes.len(),
        };
        let jobs = inputs.jobs.iter();
        let most: f64 = jobs.map(|job| job.gangs.max() * job.gpu_mw).sum();
        Self {
            steps,
            curves: Vec::with_capacity(8 * steps * nodes),
            ranges: vec![(0, 0); steps * nodes],
            read: vec![0; steps * nodes],
            one: Vec::new(),
            cleared: (0..if nodes > 0 { steps } else { 0 })
                .map(|_| LastClearing::default())
                .collect(),
            stale_mw: (STALE_SHARE * most.min(held_by_nodes(problem))).max(EPSILON_MW),
        }
    }

    /// Makes sure the curve of a node number and step is known.
    pub(super) fn ensure(
        &mut self,
        problem: &Problem<'_>,
        schedule: &Schedule,
        number: usize,
        t: usize,
        room: &mut Room,
    ) {
        if problem.residuals.is_some() {
            return;
        }
        let last = &mut self.cleared[t];
        let at = number * self.steps + t;
        if last.count > 0 && last.holds(schedule, number, t, self.stale_mw) {
            if self.read[at] == last.count {
                return;
            }
        } else {
            last.count += 1;
            last.stale = false;
            last.jobs.clear();
            last.jobs.extend(schedule.job_mw.iter().map(|row| row[t]));
            // The only node is cleared without its jobs.
            last.carried = last.jobs.len() > 1 && {
                let cleared = problem.clear(schedule, t, room);
                last.snapshot.keep(&room.work);
                cleared.overload <= EPSILON_MW
            };
        }
        let node = problem.job_nodes.nodes[number];
        let load = Load {
            node,
            fixed: last.jobs[number],
            most: problem.most_at(node, t),
            owner: None,
        };
        let (market, work) = (&problem.market, &mut room.work);
        if last.carried && market.price_without(t, &last.snapshot, load, work, &mut self.one) {
            let charge = problem.adder(schedule, node, t);
            self.one.iter_mut().for_each(|step| step.cost += charge);
        } else {
            let ask = Ask::at(node, load.most).without_jobs(number);
            problem.residual(schedule, t, ask, room, &mut self.one);
        }
        let training = problem.inputs.job_adder[t];
        self.one.iter_mut().for_each(|step| step.cost += training);
        self.read[at] = last.count;
        self.write(at);
    }

    /// Puts the curve just read where it was before, if that was as long, or at the end.
    fn write(&mut self, at: usize) {
        let (from, room) = self.ranges[at];
        let from = match self.one.len() <= room as usize {
            true => {
                let from = from as usize;
                self.curves[from..from + self.one.len()].copy_from_slice(&self.one);
                from
            }
            false => {
                let end = self.curves.len();
                self.curves.extend_from_slice(&self.one);
                end
            }
        };
        self.ranges[at] = (from as u32, self.one.len() as u32);
    }

    /// The curve of a node number and step, known since [`Curves::ensure`].
    pub(super) fn of<'a>(
        &'a self,
        problem: &'a Problem<'_>,
        number: usize,
        t: usize,
    ) -> &'a [CostStep] {
        match &problem.residuals {
            Some(residuals) => residuals.of(t),
            None => {
                let (from, count) = self.ranges[number * self.steps + t];
                &self.curves[from as usize..(from + count) as usize]
            }
        }
    }

    /// Marks the curves of some steps as stale: blocks changed there.
    pub(crate) fn touch(&mut self, steps: std::ops::Range<usize>) {
        if !self.cleared.is_empty() {
            self.cleared[steps].iter_mut().for_each(|s| s.stale = true);
        }
    }

    /// Marks all curves as stale: blocks or adders changed.
    pub(crate) fn forget(&mut self) {
        self.cleared.iter_mut().for_each(|s| s.stale = true);
    }
}

/// What the nodes of jobs can draw together in any step, MW.
fn held_by_nodes(problem: &Problem<'_>) -> f64 {
    let nodes = problem.job_nodes.nodes.iter();
    let highest = |node: &usize| {
        let steps = 0..problem.inputs.steps();
        steps.map(|t| problem.most_at(*node, t)).fold(0.0, f64::max)
    };
    nodes.map(highest).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::small::{job, site};
    use crate::inputs::{NodeInput, PlanInputs};
    use crate::placement::{insert_job, remove_job};
    use crate::schedule::Run;

    /// Two halls with a job of ten GPUs each, behind a connection of 10 MW.
    fn halls() -> PlanInputs {
        let mut inputs = site(1.0, &[10.0; 2]);
        inputs.nodes[0].limit = vec![10.0; 2];
        for node in [1, 2] {
            let hall = NodeInput {
                id: format!("hall {node}"),
                parent: Some(0),
                ..inputs.nodes[0].clone()
            };
            inputs.nodes.push(hall);
            let mut work = job(20.0, &[10], 2);
            work.node = node;
            inputs.jobs.push(work);
        }
        inputs
    }

    #[test]
    fn a_hall_sees_what_the_other_draws_and_not_what_it_draws_itself() {
        let inputs = halls();
        let problem = Problem::new(&inputs);
        let (mut room, mut curves) = (Room::default(), Curves::new(&problem));
        let mut schedule = problem.empty_schedule();
        let mut assert_left = |schedule: &Schedule, t: usize, mw: f64| {
            curves.ensure(&problem, schedule, 0, t, &mut room);
            let steps = curves.of(&problem, 0, t).iter();
            let found: f64 = steps.map(|step| step.width).sum();
            assert!((found - mw).abs() < 1e-5, "{found} MW left, not {mw}");
        };
        let run = |gpus: f64| vec![Run { step: 0, gpus }];
        assert_left(&schedule, 0, 10.0);
        insert_job(&problem, &mut schedule, 0, run(7.0));
        assert_left(&schedule, 0, 10.0);
        insert_job(&problem, &mut schedule, 1, run(3.0));
        assert_left(&schedule, 0, 7.0);
        assert_left(&schedule, 1, 10.0);
        remove_job(&problem, &mut schedule, 1);
        assert_left(&schedule, 0, 10.0);
        // However little: a full step has no room for it twice.
        insert_job(&problem, &mut schedule, 1, run(0.03));
        assert_left(&schedule, 0, 9.97);
    }
}

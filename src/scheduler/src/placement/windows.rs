//! Windows of jobs: release and latest step, narrowed along the dependency graph.

use std::ops::Range;

use petgraph::algo::toposort;
use petgraph::graph::DiGraph;

use super::held::is_held;
use super::work_done;
use crate::inputs::JobInput;
use crate::schedule::{Problem, Schedule};

/// Order of jobs in a sweep, and what limits each one's window.
#[derive(Debug, Clone)]
pub struct Windows {
    /// Jobs in the order of a sweep: node by node, at each the jobs that others wait for first,
    /// then those with least slack in their window.
    pub order: Vec<usize>,
    /// First step of each job, late enough for those that it waits for.
    first: Vec<usize>,
    /// First step after each job's window, early enough for those that wait for it.
    end: Vec<usize>,
    /// Jobs that wait for each one.
    successors: Vec<Vec<usize>>,
    /// Net worth of a GPU-hour left for after the horizon, currency: value and penalty less expected cost.
    pub beyond_worth: Vec<f64>,
}

/// Share of a job's work that may be missing where it counts as done: the checker's rounding.
const ROUNDING: f64 = 1e-6;

/// First step by which a job that runs without pause from step `first` on is done; its end
/// where it cannot be.
fn shortest_end(problem: &Problem<'_>, job: &JobInput, first: usize) -> usize {
    let start = if job.running > 0 { 0.0 } else { job.restart };
    let work = job.work * (1.0 - ROUNDING);
    let mut needed = work / job.gangs.max().max(1e-12) + start;
    let mut end = first;
    while end < job.end && needed > 1e-9 {
        needed -= problem.hours[end];
        end += 1;
    }
    end
}

impl Windows {
    /// Narrows windows along the dependencies; where these form a cycle, `order` is empty.
    pub fn new(problem: &Problem<'_>) -> Self {
        let jobs = &problem.inputs.jobs;
        let mut end: Vec<usize> = jobs.iter().map(|j| j.end).collect();
        let mut first: Vec<usize> = jobs.iter().map(|j| j.first).collect();
        let mut order: Vec<usize> = (0..jobs.len()).collect();
        let tightness = |j: usize| {
            let job = &jobs[j];
            let span =
                problem.inputs.grid.end_s(job.end - 1) - problem.inputs.grid.start_s(job.first);
            let shortest = job.work / job.gangs.max().max(1e-12) * 3600.0;
            // What may be left for after the horizon widens the window.
            let beyond = job.beyond / job.gangs.max().max(1e-12) * 3600.0;
            (span as f64 + beyond) / shortest.max(1e-9)
        };
        let tight: Vec<f64> = order.iter().map(|j| tightness(*j)).collect();
        order.sort_by(|a, b| tight[*a].total_cmp(&tight[*b]).then(a.cmp(b)));
        // Changes of node along the chain that leads to each job.
        let mut crossings = vec![0usize; jobs.len()];
        if jobs.iter().any(|j| !j.after.is_empty()) {
            let mut rank = vec![0usize; jobs.len()];
            let mut graph: DiGraph<usize, ()> = DiGraph::new();
            let nodes: Vec<_> = (0..jobs.len()).map(|j| graph.add_node(j)).collect();
            for (j, job) in jobs.iter().enumerate() {
                for before in &job.after {
                    graph.add_edge(nodes[*before], nodes[j], ());
                }
            }
            let sorted = toposort(&graph, None)
                .map(|s| s.into_iter().map(|n| graph[n]).collect::<Vec<_>>())
                .unwrap_or_default();
            for j in &sorted {
                for before in &jobs[*j].after {
                    // A job without work is done whenever.
                    if jobs[*before].work > 0.0 {
                        let done = shortest_end(problem, &jobs[*before], first[*before]);
                        first[*j] = first[*j].max(done);
                    }
                }
            }
            for j in sorted.iter().rev() {
                // Those it waits for must end before it could still finish.
                let shortest =
                    (jobs[*j].work / jobs[*j].gangs.max().max(1e-12) + jobs[*j].restart) * 3600.0;
                let latest_start = problem.inputs.grid.end_s(end[*j] - 1) - shortest as i64;
                let before_end = problem.inputs.grid.boundary_at_or_before(latest_start);
                for before in &jobs[*j].after {
                    // A chain that does not fit leaves its first part what it needs itself.
                    let from = first[*before];
                    let own = shortest_end(problem, &jobs[*before], from).max(from + 1);
                    end[*before] = end[*before].min(before_end.max(own));
                }
            }
            let mut ordered = vec![false; jobs.len()];
            for j in &sorted {
                ordered[*j] = true;
                for before in &jobs[*j].after {
                    rank[*j] = rank[*j].max(rank[*before] + 1);
                    let crosses = usize::from(jobs[*before].node != jobs[*j].node);
                    crossings[*j] = crossings[*j].max(crossings[*before] + crosses);
                }
            }
            order.retain(|j| ordered[*j]);
            order.sort_by_key(|j| rank[*j]);
        }
        // Node by node, as far as chains allow: a job's move makes the residuals of all
        // other nodes stale. Those that may not stop yet come first, while there is room.
        order.sort_by_key(|j| {
            (
                !is_held(&jobs[*j], jobs[*j].first),
                crossings[*j],
                problem.job_nodes.number[jobs[*j].node],
            )
        });
        let mut successors = vec![Vec::new(); jobs.len()];
        for (j, job) in jobs.iter().enumerate() {
            job.after
                .iter()
                .for_each(|before| successors[*before].push(j));
        }
        Self {
            order,
            first,
            end,
            successors,
            beyond_worth: vec![0.0; jobs.len()],
        }
    }

    /// First step that job `j` could run in if those it waits for ran without pause.
    pub fn first(&self, j: usize) -> usize {
        self.first[j]
    }

    /// The same windows with the jobs of each node by falling dual of their work per MWh, from
    /// `work` (currency per GPU-hour); each behind those it waits for.
    pub(crate) fn dearest_first(&self, problem: &Problem<'_>, work: &[f64]) -> Self {
        let jobs = &problem.inputs.jobs;
        let mut dearest = self.order.clone();
        let price = |j: usize| work[j] / jobs[j].gpu_mw;
        let held = |j: usize| is_held(&jobs[j], jobs[j].first);
        // Node by node: a job's move makes the residuals of all other nodes stale.
        let number = |j: usize| problem.job_nodes.number[jobs[j].node];
        dearest.sort_by(|a, b| {
            (held(*b).cmp(&held(*a)))
                .then(number(*a).cmp(&number(*b)))
                .then(price(*b).total_cmp(&price(*a)))
        });
        let mut taken = vec![true; jobs.len()];
        dearest.iter().for_each(|j| taken[*j] = false);
        let mut order = Vec::with_capacity(dearest.len());
        let mut waiting = Vec::new();
        for j in dearest {
            waiting.push(j);
            while let Some(&next) = waiting.last() {
                let before = jobs[next].after.iter().find(|b| !taken[**b]);
                match before {
                    Some(before) => waiting.push(*before),
                    None => {
                        waiting.pop();
                        if !std::mem::replace(&mut taken[next], true) {
                            order.push(next);
                        }
                    }
                }
            }
        }
        Self {
            order,
            ..self.clone()
        }
    }

    /// Steps that job `j` may use: after those it waits for in the schedule, before its placed
    /// successors; none where one that it waits for is not done.
    pub fn of(&self, problem: &Problem<'_>, schedule: &Schedule, j: usize) -> Range<usize> {
        let job = &problem.inputs.jobs[j];
        let mut first = job.first;
        for &before in &job.after {
            if work_done(problem, schedule, before)
                < problem.inputs.jobs[before].work * (1.0 - 1e-9)
            {
                return first..first;
            }
            first = first.max(
                schedule.jobs[before]
                    .last()
                    .map_or(first, |run| run.step as usize + 1),
            );
        }
        // Successors that are placed already stay behind it.
        let starts = self.successors[j]
            .iter()
            .filter_map(|f| schedule.jobs[*f].first());
        let end = starts
            .map(|run| run.step as usize)
            .fold(self.end[j], usize::min);
        first..end.max(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::small::{job, site};
    use crate::plan::{Budget, plan};

    /// Ten steps; one job of three hours that may not be cut, and one of `work` behind it.
    fn chain(work: f64) -> crate::inputs::PlanInputs {
        let mut inputs = site(1.0, &[10.0; 10]);
        let mut first = job(3.0, &[1], 10);
        first.min_run = 3.0;
        let mut second = job(work, &[1], 10);
        second.after = vec![0];
        inputs.jobs = vec![first, second];
        inputs
    }

    fn window(work: f64) -> Range<usize> {
        let inputs = chain(work);
        let problem = Problem::new(&inputs);
        Windows::new(&problem).of(&problem, &problem.empty_schedule(), 0)
    }

    #[test]
    fn what_may_wait_for_after_the_horizon_is_not_urgent() {
        let mut inputs = site(1.0, &[10.0; 10]);
        let mut long = job(40.0, &[1], 10);
        long.beyond = 100.0;
        inputs.jobs = vec![long, job(5.0, &[1], 10)];
        let problem = Problem::new(&inputs);
        assert_eq!(Windows::new(&problem).order, [1, 0]);
    }

    #[test]
    fn the_dearest_job_comes_first_but_for_those_it_waits_for() {
        let mut inputs = chain(2.0);
        inputs.jobs.push(job(1.0, &[1], 10));
        let problem = Problem::new(&inputs);
        let windows = Windows::new(&problem);
        let order = |work: &[f64]| windows.dearest_first(&problem, work).order;
        assert_eq!(order(&[1.0, 9.0, 5.0]), [0, 1, 2]);
        assert_eq!(order(&[1.0, 3.0, 5.0]), [2, 0, 1]);
    }

    #[test]
    fn a_job_leaves_time_for_the_one_that_waits_for_it() {
        assert_eq!(window(2.0), 0..8);
    }

    #[test]
    fn a_chain_that_does_not_fit_leaves_its_first_part_its_own_time() {
        assert_eq!(window(9.0), 0..3);
        let planned = plan(&chain(9.0), Budget::LOOP);
        let runs: Vec<u32> = planned.schedule.jobs[0].iter().map(|r| r.step).collect();
        assert_eq!(runs, [0, 1, 2], "it fits alone, and pays");
    }

    #[test]
    fn a_job_begins_when_those_it_waits_for_can_be_done() {
        let mut inputs = chain(2.0);
        inputs.jobs[0].restart = 1.0;
        let mut third = job(4.0, &[1], 10);
        third.after = vec![1];
        inputs.jobs.push(third);
        let first = |inputs: &crate::inputs::PlanInputs| -> Vec<usize> {
            let windows = Windows::new(&Problem::new(inputs));
            (0..inputs.jobs.len()).map(|j| windows.first(j)).collect()
        };
        assert_eq!(first(&inputs), [0, 4, 6]);
        inputs.jobs[1].work = 0.0;
        assert_eq!(first(&inputs), [0, 4, 0], "no work is done at once");
    }
}

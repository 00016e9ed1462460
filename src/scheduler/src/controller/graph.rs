//! Which job waits for which: a directed acyclic graph.

use std::collections::BTreeMap;

use petgraph::Direction;
use petgraph::acyclic::Acyclic;
use petgraph::data::Build;
use petgraph::graph::{DiGraph, NodeIndex};
use swingload_model::job::{ImpossibleWork, Job};

/// Dependencies between submitted jobs; edges lead from the earlier job to the one that waits.
#[derive(Debug, Clone, Default)]
pub(super) struct JobGraph {
    /// Node n is the job at position n.
    graph: Acyclic<DiGraph<(), (), u32>>,
    by_id: BTreeMap<String, usize>,
}

/// Why a job is not taken.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum JobRefusal {
    /// Another job has its id.
    #[error("a job `{0}` was submitted before")]
    Duplicate(String),
    /// It depends on a job nobody submitted.
    #[error("it depends on `{0}`, which was not submitted")]
    UnknownDependency(String),
    /// It depends, directly or not, on itself.
    #[error("its dependency on `{0}` closes a circle")]
    Circular(String),
    /// It depends on a job that failed or was refused.
    #[error("it depends on `{0}`, which failed")]
    FailedDependency(String),
    /// Its GPU pool, gangs or window make no job.
    #[error("{0}")]
    Impossible(&'static str),
    /// GPUs, a node or all supply never carry its smallest gang.
    #[error("{}", .0.why)]
    NeverRuns(Box<ImpossibleWork>),
}

impl JobGraph {
    /// Adds the job at the next position; returns the positions of its dependencies.
    ///
    /// A refused job keeps its position, so that positions still count submissions.
    pub(super) fn add(&mut self, job: &Job) -> Result<Vec<usize>, JobRefusal> {
        let node = self.graph.add_node(());
        if self.by_id.contains_key(&job.id) {
            return Err(JobRefusal::Duplicate(job.id.clone()));
        }
        self.by_id.insert(job.id.clone(), node.index());
        let mut before = Vec::with_capacity(job.depends_on.len());
        for id in &job.depends_on {
            let position = *self
                .by_id
                .get(id)
                .ok_or_else(|| JobRefusal::UnknownDependency(id.clone()))?;
            self.graph
                .try_add_edge(NodeIndex::new(position), node, ())
                .map_err(|_| JobRefusal::Circular(id.clone()))?;
            before.push(position);
        }
        Ok(before)
    }

    /// Positions of the jobs that wait for the one at `position`.
    pub(super) fn waiting_for(&self, position: usize) -> impl Iterator<Item = usize> + '_ {
        self.graph
            .neighbors_directed(NodeIndex::new(position), Direction::Outgoing)
            .map(NodeIndex::index)
    }
}

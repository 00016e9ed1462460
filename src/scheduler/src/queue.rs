//! Jobs that wait, most urgent first.

use std::cmp::Reverse;
use std::collections::hash_map::DefaultHasher;
use std::hash::BuildHasherDefault;

use priority_queue::PriorityQueue;
use swingload_model::job::Job;

/// Deadline, then release, then position: no two jobs are equal, so the order never depends on insertion.
type Urgency = Reverse<(i64, i64, usize)>;

/// Waiting jobs by deadline, then release, then position.
///
/// The hasher has fixed keys: nothing here draws entropy.
#[derive(Debug, Clone, Default)]
pub struct JobQueue {
    waiting: PriorityQueue<usize, Urgency, BuildHasherDefault<DefaultHasher>>,
}

impl JobQueue {
    /// Without any job.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the job at `position`; adding it again changes nothing.
    pub fn push(&mut self, position: usize, job: &Job) {
        self.waiting
            .push(position, Reverse((job.deadline, job.release, position)));
    }

    /// Takes the job at `position` out; `false` when it did not wait.
    pub(crate) fn remove(&mut self, position: usize) -> bool {
        self.waiting.remove(&position).is_some()
    }

    /// Takes out the most urgent job.
    pub(crate) fn pop(&mut self) -> Option<usize> {
        self.waiting.pop().map(|(position, _)| position)
    }

    /// The most urgent job and its deadline, Unix seconds.
    pub fn peek(&self) -> Option<(usize, i64)> {
        self.waiting
            .peek()
            .map(|(position, Reverse((deadline, ..)))| (*position, *deadline))
    }

    /// Whether the job at `position` waits.
    pub fn contains(&self, position: usize) -> bool {
        self.waiting.contains(&position)
    }

    /// Jobs that wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Forgets all jobs, keeping the room they took.
    pub fn clear(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::tests::world::{JobWords, job};

    #[test]
    fn the_earliest_deadline_leaves_first() {
        let mut queue = JobQueue::new();
        let jobs = [
            job("a").window(0, 900),
            job("b").window(50, 300),
            job("c").window(10, 300),
            job("d").window(10, 300),
        ];
        for (position, job) in jobs.iter().enumerate() {
            queue.push(position, job);
            queue.push(position, job);
        }
        assert_eq!(queue.peek(), Some((2, 300)));
        assert!(queue.remove(1) && !queue.remove(1));
        let order: Vec<usize> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, [2, 3, 0], "deadline, release, position");
        assert!(queue.is_empty());
    }
}

//! Issuing the forecasts of an evaluation: parts on several threads, merged by index.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use swingload_forecast::evaluate::{Feed, Issued, Runner};
use swingload_model::evaluation::{Candidate, Evaluation, Issue};
use swingload_model::series::{Series, SeriesRef};
use swingload_simulator::Progress;

use super::parts::Parts;
use crate::failure::Failure;
use crate::progress::Bars;

/// Issues of a part at least, and number of parts at most: a run that is stopped loses the
/// parts under way, and many parts are many files.
const ISSUES_MIN: usize = 8;
const PARTS_MAX: usize = 128;

/// What is evaluated.
#[derive(Clone, Copy)]
pub(super) struct Work<'a> {
    pub(super) evaluation: &'a Evaluation,
    pub(super) series: &'a BTreeMap<SeriesRef, Series>,
}

impl Work<'_> {
    /// The id of the first model that cannot be made.
    pub(super) fn check(&self) -> Result<(), String> {
        let truth = &self.series[&self.evaluation.series];
        let bad = self.evaluation.models.iter();
        let bad = bad.into_iter().find(|c| Runner::new(c, truth, 0).is_none());
        bad.map_or(Ok(()), |candidate| Err(candidate.id.clone()))
    }

    /// Lengths of parts do not depend on the number of threads.
    fn parts(&self) -> Vec<&[Issue]> {
        let issues = &self.evaluation.issues;
        let length = issues.len().div_ceil(PARTS_MAX).max(ISSUES_MIN);
        issues.chunks(length).collect()
    }
}

/// The parts that are left, in one stretch per thread: models remember what they learned
/// from the days before, so each thread goes forward in time.
struct Left(Mutex<Vec<Range<usize>>>);

impl Left {
    fn new(parts: usize, threads: usize) -> Self {
        let edge = |thread: usize| parts * thread / threads;
        let stretches = (0..threads).map(|thread| edge(thread)..edge(thread + 1));
        Self(Mutex::new(stretches.collect()))
    }

    /// The next part of the thread's own stretch, then the last of the longest other one.
    fn take(&self, thread: usize) -> Option<usize> {
        let mut stretches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = stretches[thread].next();
        own.or_else(|| stretches.iter_mut().max_by_key(|s| s.len())?.next_back())
    }
}

/// One thread's models, with what they remember. Remembering saves time and changes nothing.
struct Desk<'a> {
    work: Work<'a>,
    feeds: Vec<Feed<'a>>,
    /// Per model one for each distance of the clock from UTC, which changes twice a year.
    runners: Vec<BTreeMap<i64, Runner>>,
}

impl<'a> Desk<'a> {
    fn new(work: Work<'a>) -> Self {
        let models = &work.evaluation.models;
        let feed =
            |candidate: &Candidate| Feed::new(work.series, candidate.window.map(|w| w.get()));
        Self {
            work,
            feeds: models.iter().map(feed).collect(),
            runners: models.iter().map(|_| BTreeMap::new()).collect(),
        }
    }

    /// The forecasts of some issues, `[issue][model]`, from what was published by each.
    fn issue(&mut self, issues: &[Issue]) -> Vec<Vec<Issued>> {
        let evaluation = self.work.evaluation;
        let truth = &self.work.series[&evaluation.series];
        let mut all = vec![Vec::with_capacity(evaluation.models.len()); issues.len()];
        let models = evaluation
            .models
            .iter()
            .zip(&mut self.feeds)
            .zip(&mut self.runners);
        for ((candidate, feed), runners) in models {
            for (issue, made) in issues.iter().zip(&mut all) {
                let offset = evaluation.calendar.offset_s(issue.grid.start_s(0));
                let runner = runners.entry(offset).or_insert_with(|| {
                    Runner::new(candidate, truth, offset)
                        .expect("invariant: every model was made once before")
                });
                let history = feed.until(issue.issued_at);
                made.push(runner.issue(evaluation, history, issue, 0));
            }
        }
        all
    }
}

/// Issues every forecast: `[issue][model]`. Parts that a stopped run left are taken over.
///
/// # Errors
/// A part that cannot be stored.
pub(super) fn issue_all(
    work: &Work<'_>,
    parts: &Parts,
    threads: u8,
    bars: &Bars,
) -> Result<Vec<Vec<Issued>>, Failure> {
    let pieces = work.parts();
    let of = work.evaluation.issues.len();
    let threads = usize::from(threads.max(1)).min(pieces.len().max(1));
    let (left, done) = (Left::new(pieces.len(), threads), AtomicUsize::new(0));
    let stopped = AtomicBool::new(false);
    let made: Mutex<BTreeMap<usize, Vec<Vec<Issued>>>> = Mutex::default();
    let worker = |thread: usize| -> Result<(), Failure> {
        let mut desk = Desk::new(*work);
        while !stopped.load(Ordering::Relaxed) {
            let Some(index) = left.take(thread) else {
                break;
            };
            let issues = pieces[index];
            let issued = match parts.load(index, issues, work.evaluation.models.len()) {
                Some(issued) => issued,
                None => {
                    let issued = desk.issue(issues);
                    if let Err(failure) = parts.store(index, &issued) {
                        stopped.store(true, Ordering::Relaxed);
                        return Err(failure);
                    }
                    issued
                }
            };
            made.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(index, issued);
            let before = done.fetch_add(issues.len(), Ordering::Relaxed);
            let done = before + issues.len();
            bars.kept(before, done, of);
            bars.show(Progress {
                policy: "forecasts",
                done,
                of,
            });
        }
        Ok(())
    };
    bars.show(Progress {
        policy: "forecasts",
        done: 0,
        of,
    });
    thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|thread| {
                let worker = &worker;
                scope.spawn(move || worker(thread))
            })
            .collect();
        let joined = handles.into_iter().map(|handle| {
            // A defect of a model ends the command as any other does.
            handle
                .join()
                .unwrap_or_else(|defect| std::panic::resume_unwind(defect))
        });
        joined.collect::<Result<Vec<()>, Failure>>()
    })?;
    let made = made.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(made.into_values().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::Left;

    #[test]
    fn every_part_is_taken_once() {
        for (parts, threads) in [(0, 1), (1, 1), (7, 2), (10, 3), (3, 3)] {
            let left = Left::new(parts, threads);
            // The second thread is slow, and the others help it out.
            let mut taken: Vec<usize> = std::iter::from_fn(|| left.take(0)).collect();
            assert!((1..threads).all(|thread| left.take(thread).is_none()));
            let own = parts / threads;
            assert!(taken[..own].is_sorted(), "forward in time: {taken:?}");
            taken.sort_unstable();
            assert_eq!(taken, (0..parts).collect::<Vec<_>>());
        }
    }
}

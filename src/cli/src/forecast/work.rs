//! Issuing the forecasts of an evaluation: parts on several threads, merged by index.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use swingload_forecast::evaluate::{Feed, Issued, Runner};
use swingload_model::evaluation::{Evaluation, Issue};
use swingload_model::series::{Series, SeriesRef};
use swingload_simulator::Progress;

use super::parts::Parts;
use crate::failure::Failure;
use crate::progress::Bars;

/// Fewest issues of a part: a part begins without what its models remembered, and a run
/// that is stopped loses the parts under way.
const ISSUES_MIN: usize = 8;

/// Most parts, since each reads all publications once.
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

    /// The forecasts of some issues, `[issue][model]`, from what was published by each.
    fn issue(&self, issues: &[Issue]) -> Vec<Vec<Issued>> {
        let evaluation = self.evaluation;
        let truth = &self.series[&evaluation.series];
        let mut all = vec![Vec::with_capacity(evaluation.models.len()); issues.len()];
        for candidate in &evaluation.models {
            let mut feed = Feed::new(self.series, candidate.window.map(|w| w.get()));
            // One per distance of the clock from UTC, which changes twice a year.
            let mut runners: BTreeMap<i64, Runner> = BTreeMap::new();
            for (issue, made) in issues.iter().zip(&mut all) {
                let offset = evaluation.calendar.offset_s(issue.grid.start_s(0));
                let runner = runners.entry(offset).or_insert_with(|| {
                    Runner::new(candidate, truth, offset)
                        .expect("invariant: every model was made once before")
                });
                made.push(runner.issue(evaluation, feed.until(issue.issued_at), issue));
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
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let stopped = AtomicBool::new(false);
    let made: Mutex<BTreeMap<usize, Vec<Vec<Issued>>>> = Mutex::default();
    let worker = || -> Result<(), Failure> {
        while !stopped.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(issues) = pieces.get(index) else {
                break;
            };
            let issued = match parts.load(index, issues, work.evaluation.models.len()) {
                Some(issued) => issued,
                None => {
                    let issued = work.issue(issues);
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
            let done = done.fetch_add(issues.len(), Ordering::Relaxed) + issues.len();
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
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
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

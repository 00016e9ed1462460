//! Paths of a job over its window: which gang runs when, what that does and is worth.

use std::ops::Range;

use super::super::held::is_held;
use super::{Gang, Steps};
use crate::inputs::JobInput;

/// Which gang runs in each step of the window; `OFF` where none does.
pub(super) type Path = Vec<u16>;

pub(super) const OFF: u16 = u16::MAX;

/// Stretches of steps run by one gang.
pub(super) fn stretches(path: &[u16]) -> impl Iterator<Item = (usize, Range<usize>)> {
    let mut next = 0;
    std::iter::from_fn(move || {
        let first = next + path[next..].iter().position(|g| *g != OFF)?;
        let gang = path[first];
        let end = path[first..].iter().position(|g| *g != gang);
        next = end.map_or(path.len(), |n| first + n);
        Some((usize::from(gang), first..next))
    })
}

/// GPU-hours of work done on a path, starts taken off.
pub(super) fn work(path: &[u16], steps: &Steps<'_>, job: &JobInput) -> f64 {
    let useful = |(g, range): (usize, Range<usize>)| {
        let hours: f64 = steps.hours[range.clone()].iter().sum();
        let gang = &steps.gangs[g];
        gang.gpus * (hours - restart(job, gang, range.start)).max(0.0)
    };
    stretches(path).map(useful).sum()
}

/// Follows a path until the work is done: calls `each` with the step, and the GPUs run on
/// average; returns what that is worth and the work left.
pub(super) fn trim(
    path: &[u16],
    job: &JobInput,
    steps: &Steps<'_>,
    mut each: impl FnMut(usize, f64),
) -> (f64, f64) {
    let (mut left, mut worth) = (job.work, 0.0);
    let mut before: Option<(usize, f64)> = None;
    for (g, range) in stretches(path) {
        let gang = &steps.gangs[g];
        // A gang of another size that could end the work in this step goes on for part of it.
        let first = range.start;
        let mean = left / steps.hours[first];
        let goes_on =
            before.is_some_and(|(end, gpus)| end == first && gpus != gang.gpus && mean <= gpus);
        if goes_on && left > job.work * 1e-12 && mean <= gang.gpus {
            let cost = steps.worth[first] * gang.gpus * steps.hours[first] - gang.net[first];
            worth += steps.worth[first] * left - cost * mean / gang.gpus;
            each(first, mean);
            return (worth, 0.0);
        }
        before = Some((range.end, gang.gpus));
        let mut lost = restart(job, gang, range.start);
        for i in range {
            if left <= job.work * 1e-12 {
                break;
            }
            let useful = (steps.hours[i] - lost).max(0.0);
            let needed = left / gang.gpus;
            let share = if needed < useful {
                (needed + (steps.hours[i] - useful)) / steps.hours[i]
            } else {
                1.0
            };
            let work = gang.gpus * useful.min(needed);
            let cost = steps.worth[i] * gang.gpus * steps.hours[i] - gang.net[i];
            worth += steps.worth[i] * work - cost * share;
            left -= work;
            lost = (lost - steps.hours[i]).max(0.0);
            each(i, gang.gpus * share);
        }
    }
    (worth, if left <= job.work * 1e-12 { 0.0 } else { left })
}

/// Hours lost when `gang` starts at window step `i`; going on from before the horizon costs none.
pub(super) fn restart(job: &JobInput, gang: &Gang, i: usize) -> f64 {
    if gang.running && i == 0 {
        0.0
    } else {
        job.restart
    }
}

/// The best single run of a gang that does all the work.
pub(super) fn contiguous(job: &JobInput, steps: &Steps<'_>, gang: &Gang) -> Option<Range<usize>> {
    let n = steps.hours.len();
    let needed = |i: usize| job.work / gang.gpus + restart(job, gang, i);
    let held = is_held(job, steps.first);
    let mut best: Option<(f64, Range<usize>)> = None;
    let mut from = 0;
    while from < n {
        // Stretches between steps the gang does not fit into.
        let until = (from..n).find(|i| !gang.net[*i].is_finite()).unwrap_or(n);
        let (mut end, mut hours, mut net) = (from, 0.0, 0.0);
        for first in from..until {
            while end < until && hours < needed(first) - 1e-9 {
                hours += steps.hours[end];
                net += gang.net[end];
                end += 1;
            }
            if hours < needed(first) - 1e-9 {
                break;
            }
            let may = !held || (first == 0 && gang.running);
            if may && best.as_ref().is_none_or(|(worth, _)| net > *worth) {
                best = Some((net, first..end));
            }
            hours -= steps.hours[first];
            net -= gang.net[first];
        }
        from = until + 1;
    }
    best.map(|(_, range)| range)
}

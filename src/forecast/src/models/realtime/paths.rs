//! Sample paths: values of the forecast in the order of what was seen on past days.
//!
//! A path follows one past day after the other. At each step the past days' values are
//! ranked; the path takes the forecast's quantile at its day's rank. So every step keeps
//! the forecast's distribution, and neighbouring steps hang together as they did then.
//!
//! # Source
//! Clark, Gangopadhyay, Hay, Rajagopalan, Wilby 2004, "The Schaake shuffle".

use crate::Request;
use crate::calendar::DAY;
use crate::paths::{DAYS, days_of_paths};

use super::course::Course;
use super::issue::{Step, Values, at_level};

/// How far back past days are looked at, s.
pub(super) const REACH: i64 = DAYS as i64 * DAY;

pub(super) fn draw(
    request: &Request<'_>,
    course: &Course,
    steps: &[Step],
    values: &Values,
) -> Vec<Vec<f64>> {
    if request.paths == 0 {
        return Vec::new();
    }
    let ranks: Vec<[Option<f64>; DAYS]> = (0..steps.len())
        .map(|i| ranks(request, course, i))
        .collect();
    days_of_paths(request)
        .map(|path| {
            let mut values_of_path = Vec::with_capacity(steps.len());
            for stretch in &path.stretches {
                let whole = |day: usize| {
                    ranks[stretch.from..stretch.to]
                        .iter()
                        .all(|r| r[day].is_some())
                };
                let day = stretch.days().find(|day| whole(*day));
                for i in stretch.from..stretch.to {
                    let step = &steps[i];
                    // Equal days of two paths differ by the path's own place inside the rank.
                    let level = match day.and_then(|day| ranks[i][day]) {
                        Some(rank) => rank + path.level / ranks[i].iter().flatten().count() as f64,
                        None => path.level,
                    };
                    values_of_path.push(if step.is_open() {
                        step.value(values.of(at_level(&step.curve, level)))
                    } else {
                        step.value(0.0)
                    });
                }
            }
            values_of_path
        })
        .collect()
}

/// Share of the past days whose value at this step was lower, per day; `None` for days
/// on which it is not known yet.
fn ranks(request: &Request<'_>, course: &Course, step: usize) -> [Option<f64>; DAYS] {
    let (start, end) = (request.grid.start_s(step), request.grid.end_s(step));
    let until = course.known_until(i64::MAX).unwrap_or(i64::MIN);
    let mut seen: Vec<(f64, usize)> = (0..DAYS)
        .filter_map(|day| {
            let back = (day as i64 + 1) * DAY;
            (end - back <= until).then(|| (course.mean(start - back, end - back), day))
        })
        .collect();
    seen.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut ranks = [None; DAYS];
    for (rank, (_, day)) in seen.iter().enumerate() {
        ranks[*day] = Some(rank as f64 / seen.len() as f64);
    }
    ranks
}

//! Sample paths: values of the forecast in the order of what was seen on past days.
//!
//! A path follows one past day after the other. At each step the past days' values are
//! ranked; the path takes the forecast's quantile at its day's rank. So every step keeps
//! the forecast's distribution, and neighbouring steps depend on each other as they did then.
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
    let ranks: Vec<Ranks> = (0..steps.len())
        .map(|i| ranks(request, course, i))
        .collect();
    let tables: Vec<Table> = steps.iter().map(|step| table(step, values)).collect();
    days_of_paths(request)
        .map(|path| {
            let mut course = Vec::with_capacity(steps.len());
            for stretch in &path.stretches {
                let ranks = &ranks[stretch.from..stretch.to];
                let is_whole = |day: usize| ranks.iter().all(|r| r.of_day[day].is_some());
                let day = stretch.days().find(|day| is_whole(*day));
                for (ranks, table) in ranks.iter().zip(&tables[stretch.from..stretch.to]) {
                    // Equal days of two paths differ by the path's own place inside the rank.
                    let level = match day.and_then(|day| ranks.of_day[day]) {
                        Some(rank) => rank + path.level * ranks.share,
                        None => path.level,
                    };
                    course.push(look_up(table, level));
                }
            }
            course
        })
        .collect()
}

/// Levels of a table: a path's value lies straight between two of them.
const CELLS: usize = 64;

/// Values of one step at the levels 0, 1/64 to 1.
type Table = [f64; CELLS + 1];

fn table(step: &Step, values: &Values) -> Table {
    if !step.is_open() {
        return [step.value(0.0); CELLS + 1];
    }
    std::array::from_fn(|i| step.value(values.of(at_level(&step.curve, i as f64 / CELLS as f64))))
}

fn look_up(table: &Table, level: f64) -> f64 {
    let position = (level * CELLS as f64).clamp(0.0, CELLS as f64);
    let low = (position as usize).min(CELLS - 1);
    let part = position - low as f64;
    // Not a difference times a part where both are alike: a known value stays to the last bit.
    if table[low] == table[low + 1] {
        return table[low];
    }
    table[low] + part * (table[low + 1] - table[low])
}

/// Order of the past days at one step.
struct Ranks {
    /// Share of the days whose value was lower; `None` where it is not known yet.
    of_day: [Option<f64>; DAYS],
    /// One day's share.
    share: f64,
}

fn ranks(request: &Request<'_>, course: &Course, step: usize) -> Ranks {
    let (start, end) = (request.grid.start_s(step), request.grid.end_s(step));
    let until = course.known_until(i64::MAX).unwrap_or(i64::MIN);
    let mut seen: Vec<(f64, usize)> = (0..DAYS)
        .filter_map(|day| {
            let back = (day as i64 + 1) * DAY;
            (end - back <= until).then(|| (course.mean(start - back, end - back), day))
        })
        .collect();
    seen.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let share = 1.0 / seen.len().max(1) as f64;
    let mut of_day = [None; DAYS];
    for (rank, (_, day)) in seen.iter().enumerate() {
        of_day[*day] = Some(rank as f64 * share);
    }
    Ranks { of_day, share }
}

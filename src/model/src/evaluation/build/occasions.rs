//! When forecasts are issued, and for which steps.

use jiff::civil::Time;

use crate::evaluation::file::EvaluationFile;
use crate::evaluation::issues::{every, rolling};
use crate::evaluation::{Calendar, Issue};
use crate::scenario::build::Builder;
use crate::time::Seconds;

/// Furthest an issue looks ahead, h.
const HORIZON_MAX_H: f64 = 24.0 * 14.0;

/// Number of issues that the keys ask for in the period, a few at its edges too many; `None`
/// where they make no sense, which [`issues`] explains.
pub(super) fn count(raw: &EvaluationFile, period: (i64, i64)) -> Option<f64> {
    let issue = &raw.issue;
    let seconds = (period.1 - period.0) as f64;
    match (&issue.at, issue.every_min) {
        (Some(clocks), None) => Some((seconds / 86_400.0).ceil() * clocks.len() as f64),
        (None, Some(minutes)) if minutes > 0.0 => Some((seconds / (60.0 * minutes)).ceil()),
        _ => None,
    }
}

/// Steps of one issue, as the keys ask for.
pub(super) fn steps(raw: &EvaluationFile, step: Seconds) -> f64 {
    let hours = match raw.issue.day_ahead {
        Some(_) => 24.0,
        None => raw.issue.horizon_h.unwrap_or(0.0).min(HORIZON_MAX_H),
    };
    (hours * 3600.0 / step.get() as f64).floor()
}

pub(super) fn issues(
    b: &mut Builder<'_>,
    raw: &EvaluationFile,
    calendar: &Calendar,
    period: (i64, i64),
    step: Seconds,
) -> Vec<Issue> {
    let Some(issues) = given_issues(b, raw, calendar, period, step) else {
        return Vec::new();
    };
    if issues.is_empty() {
        b.fault(
            "period.end",
            "no forecast has all of its steps inside the period",
            "make the period longer, or the horizon shorter",
        );
    }
    issues
}

fn given_issues(
    b: &mut Builder<'_>,
    raw: &EvaluationFile,
    calendar: &Calendar,
    period: (i64, i64),
    step: Seconds,
) -> Option<Vec<Issue>> {
    let issue = &raw.issue;
    let clocks = clocks(b, raw);
    match (clocks, issue.every_min, issue.day_ahead, issue.horizon_h) {
        (Some(clocks), None, Some(days), None) if days <= 14 => calendar
            .of_days(period, step, &clocks?, i64::from(days))
            .map_err(|_| {
                let problem = "a day of this zone is no whole number of steps";
                b.fault(
                    "period.step_min",
                    problem,
                    "choose a step that divides every day",
                );
            })
            .ok(),
        (Some(_), None, Some(_), None) => {
            let problem = "lies more than 14 days ahead";
            b.fault("issue.day_ahead", problem, "1 is tomorrow");
            None
        }
        (clocks, every_min, None, Some(hours)) if clocks.is_some() != every_min.is_some() => {
            let steps = hours * 3600.0 / step.get() as f64;
            if !(hours.is_finite()
                && (1.0..=HORIZON_MAX_H * 3600.0).contains(&steps)
                && hours <= HORIZON_MAX_H)
            {
                b.fault(
                    "issue.horizon_h",
                    format!("must hold at least one step, and at most {HORIZON_MAX_H} h"),
                    "24 or 48 is usual",
                );
                return None;
            }
            let horizon = Seconds::from_hours(hours);
            match (clocks, every_min) {
                (Some(clocks), _) => {
                    let instants = calendar.at(period, &clocks?);
                    Some(rolling(instants.into_iter(), period, step, horizon))
                }
                (None, minutes) => {
                    let seconds = Seconds::from_minutes(minutes.unwrap_or(0.0)).get();
                    if seconds < 1 {
                        b.fault(
                            "issue.every_min",
                            "must be a positive number of minutes",
                            "check the value",
                        );
                        return None;
                    }
                    Some(rolling(every(period, seconds), period, step, horizon))
                }
            }
        }
        _ => {
            b.fault(
                "issue",
                "says when with one of `at` and `every_min`, and for which steps with one of `day_ahead` and `horizon_h`; a day ahead needs `at`",
                "for example at = [\"11:30\"] and day_ahead = 1, or every_min = 60 and horizon_h = 24",
            );
            None
        }
    }
}

/// Clock times; the inner `None` where one of them is none.
fn clocks(b: &mut Builder<'_>, raw: &EvaluationFile) -> Option<Option<Vec<Time>>> {
    let texts = raw.issue.at.as_ref()?;
    let mut clocks = Vec::new();
    let mut good = true;
    for (i, text) in texts.iter().enumerate() {
        match Time::strptime("%H:%M", text) {
            Ok(clock) => clocks.push(clock),
            Err(_) => {
                good = false;
                b.fault(
                    &format!("issue.at[{i}]"),
                    "is no clock time",
                    "write HH:MM, such as 11:30",
                );
            }
        }
    }
    if texts.is_empty() {
        good = false;
        b.fault("issue.at", "names no clock time", "for example [\"11:30\"]");
    }
    Some(good.then_some(clocks))
}

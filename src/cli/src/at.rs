//! `--at`: which step of the period a time means.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use swingload_model::TimeGrid;
use swingload_model::scenario::Scenario;
use swingload_model::time::timestamp;

use crate::failure::Failure;

/// A step, and what must be said about the choice.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// Index into the period's steps.
    pub(crate) step: usize,
    /// That the time was rounded down, where it was.
    pub(crate) note: Option<String>,
}

/// The step that holds a time; the first without one.
pub(crate) fn choose(text: Option<&str>, scenario: &Scenario) -> Result<Chosen, Failure> {
    let Some(text) = text else {
        return Ok(Chosen {
            step: 0,
            note: None,
        });
    };
    let (grid, zone) = (&scenario.grid, zone(scenario));
    let refuse = |problem: String, help: String| {
        let example = local(grid.start_s(0), &zone);
        Failure::input(
            format!("--at = {text}"),
            problem,
            help,
            format!("swingload plan SCENARIO --at {}", example.datetime()),
        )
    };
    let at = instant(text, &zone).map_err(|problem| {
        let help = "write 2026-07-08T14:00 for the site's clock, or an instant such as \
                    2026-07-08T14:00:00Z or 2026-07-08T14:00:00-05:00";
        refuse(problem, help.to_owned())
    })?;
    let Some(step) = grid.step_at(at.as_second()) else {
        let problem = format!(
            "lies outside the scenario's period, {}",
            period(grid, &zone)
        );
        let help = "choose a time inside it, or move it with --set period.start and period.end";
        return Err(refuse(problem, help.to_owned()));
    };
    let start = grid.start_s(step);
    let whole = at.as_second() == start && at.subsec_nanosecond() == 0;
    let note = (!whole).then(|| {
        format!(
            "{text} lies inside a step of {} min; the plan is made for its start, {}",
            grid.duration(step).get() as f64 / 60.0,
            shown(start, &zone)
        )
    });
    Ok(Chosen { step, note })
}

/// An instant, or a time on the site's clock.
pub(crate) fn instant(text: &str, zone: &TimeZone) -> Result<Timestamp, String> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    let civil: DateTime = text
        .parse()
        .map_err(|_| "is no time: it is neither RFC 3339 nor a date and time".to_owned())?;
    let ambiguous = zone.to_ambiguous_zoned(civil);
    if ambiguous.is_ambiguous() {
        let name = zone.iana_name().unwrap_or("the site's zone");
        return Err(format!(
            "does not happen once on the clock of {name}, which is changed then"
        ));
    }
    let zoned = ambiguous
        .compatible()
        .map_err(|_| "lies beyond the years that can be counted".to_owned())?;
    Ok(zoned.timestamp())
}

fn zone(scenario: &Scenario) -> TimeZone {
    TimeZone::get(&scenario.site.time_zone)
        .expect("invariant: a site's time zone was checked when it was read")
}

fn local(second: i64, zone: &TimeZone) -> Zoned {
    timestamp(second).to_zoned(zone.clone())
}

/// On the site's clock, and in UTC.
fn shown(second: i64, zone: &TimeZone) -> String {
    let local = local(second, zone)
        .strftime("%Y-%m-%d %H:%M %Z")
        .to_string();
    format!("{local} ({})", timestamp(second))
}

fn period(grid: &TimeGrid, zone: &TimeZone) -> String {
    let end = grid.end_s(grid.len() - 1);
    format!(
        "from {} up to {}",
        shown(grid.start_s(0), zone),
        shown(end, zone)
    )
}

#[cfg(test)]
mod tests {
    use swingload_model::catalogue::Catalogue;

    use super::*;
    use crate::embedded;

    /// The quickstart, a week of July in Texas at five minutes.
    fn scenario() -> Scenario {
        let catalogue = Catalogue::embedded();
        let (scenario, site) = (embedded::SCENARIO, embedded::SITE);
        let built = Scenario::from_toml("scenario", scenario, "site", site, &[], &catalogue);
        built.expect("the quickstart")
    }

    fn step(text: &str) -> (usize, Option<String>) {
        let chosen = choose(Some(text), &scenario()).expect("inside the period");
        (chosen.step, chosen.note)
    }

    fn refused(text: &str) -> String {
        let failure = choose(Some(text), &scenario()).expect_err("refused");
        failure.text(500)
    }

    #[test]
    fn times_are_instants_or_on_the_sites_clock() {
        // Midnight in Texas is five o'clock UTC.
        for text in [
            "2026-07-07T05:05:00Z",
            "2026-07-07T00:05:00-05:00",
            "2026-07-07T00:05",
            "2026-07-07 00:05:00",
        ] {
            assert_eq!(step(text), (289, None), "{text}");
        }
        assert_eq!(step("2026-07-07").0, 288, "a day begins at midnight");
        assert_eq!(choose(None, &scenario()).expect("the start").step, 0);
    }

    #[test]
    fn a_time_inside_a_step_is_rounded_down_and_said() {
        let (at, note) = step("2026-07-07T00:09:59.5");
        let note = note.expect("said");
        assert_eq!(at, 289);
        assert!(
            note.contains("2026-07-07 00:05 CDT (2026-07-07T05:05:00Z)"),
            "{note}"
        );
        assert!(step("2026-07-07T00:05:00.1").1.is_some());
    }

    #[test]
    fn times_outside_the_period_name_it() {
        for text in ["2026-07-06T04:59:59Z", "2026-07-13T05:00:00Z", "1999-01-01"] {
            let said = refused(text);
            assert!(said.contains("outside the scenario's period"), "{said}");
            assert!(said.contains("2026-07-06T05:00:00Z"), "{said}");
            assert!(said.contains("--at 2026-07-06T00:00:00"), "{said}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["noon", "", "2026-13-01T00:00", "2026-07-07T25:00"] {
            assert!(refused(text).contains("is no time"), "{text}");
        }
        // The hour in which Texas turns its clocks back.
        assert!(refused("2026-11-01T01:30").contains("changed"), "twice");
        assert!(refused("2026-03-08T02:30").contains("changed"), "never");
    }
}

//! A year's value from that of a run: each line of the bill by its own period.
//!
//! | Line | A year is |
//! |---|---|
//! | demand charges | twelve months, of the months that the run was charged for |
//! | coincident peaks | the intervals that count in a year, of those that lie in the run |
//! | programmes with a season | the months of the season, of the run's days in it: the days with an availability payment, or, of a programme that pays none, all of a run that is called in |
//! | all else | 8,760 hours, of the run's |

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use swingload_model::site::tariff::{Programme, TariffLine};

use super::HOURS_PER_YEAR;
use crate::ledger::{Line, LineKind};
use crate::record::PolicyRun;
use crate::run::Context;
use crate::settlement::demand;

/// A line that is not annualised by time.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct AnnualLine {
    /// What it is about.
    pub id: String,
    /// What it is.
    pub kind: LineKind,
    /// By what it is annualised.
    pub by: AnnualBasis,
    /// How much of it lies in the run: months charged, intervals, or days of the season.
    pub in_run: f64,
    /// How much of it a year has.
    pub in_year: f64,
    /// What the line is multiplied by; 0 where none of it lies in the run, so that the year's
    /// value leaves the line out.
    pub times: f64,
}

/// What makes up a year of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnnualBasis {
    /// Calendar months.
    Months,
    /// The grid's peak intervals.
    PeakIntervals,
    /// Days of a programme's season.
    SeasonDays,
}

/// The site's lines that are not annualised by time, whatever was decided.
pub(super) fn lines(context: &Context<'_>) -> Vec<AnnualLine> {
    let (site, truth) = (&context.scenario.site, &context.truth);
    let grid = &truth.grid;
    let one = |id: &str, kind: LineKind, by: AnnualBasis, in_run: f64, in_year: f64| AnnualLine {
        id: id.to_owned(),
        kind,
        by,
        in_run,
        in_year,
        times: if in_run > 0.0 { in_year / in_run } else { 0.0 },
    };
    let mut all = Vec::new();
    for (k, line) in site.tariff.lines.iter().enumerate() {
        match line {
            TariffLine::Demand { id, .. } => {
                let charged = demand::months_charged(site, grid);
                let by = AnnualBasis::Months;
                all.push(one(id, LineKind::Demand, by, charged, 12.0));
            }
            TariffLine::CoincidentPeak {
                id,
                intervals_per_year,
                ..
            } => {
                let peaks = truth.peaks[k].as_ref();
                let found = peaks.map_or(0.0, |p| (0..grid.len()).map(|t| p.at(t)).sum());
                let year = f64::from(*intervals_per_year);
                let (kind, by) = (LineKind::CoincidentPeak, AnnualBasis::PeakIntervals);
                all.push(one(id, kind, by, found, year));
            }
            TariffLine::Adder { .. } => {}
        }
    }
    for programme in site.programmes.iter().filter(|p| p.months_per_year < 12) {
        let year = f64::from(programme.months_per_year) / 12.0 * HOURS_PER_YEAR / 24.0;
        // The run's first and last day may be parts of days.
        let most = grid.span().as_hours() / 24.0;
        let found = season_days(context, programme).min(most);
        for kind in [LineKind::Availability, LineKind::CallPenalty] {
            let by = AnnualBasis::SeasonDays;
            all.push(one(&programme.id, kind, by, found, year));
        }
    }
    all
}

/// Days of the site's zone in a run that lie in a programme's season: those on which any
/// availability is paid, or all where none ever is and the programme is called.
fn season_days(context: &Context<'_>, programme: &Programme) -> f64 {
    let (site, truth) = (&context.scenario.site, &context.truth);
    let grid = &truth.grid;
    let zone = TimeZone::get(&site.time_zone)
        .expect("invariant: a site's time zone was checked when it was read");
    let pays = truth.amount(&programme.availability);
    let paid = (0..grid.len()).filter(|t| pays.at(*t) != 0.0);
    let mut days: Vec<Date> = paid
        .map(|t| zone.to_datetime(grid.start(t)).date())
        .collect();
    days.dedup();
    if !days.is_empty() {
        return days.len() as f64;
    }
    let calls = programme.calls.as_ref().and_then(|name| truth.series(name));
    let is_called = calls.is_some_and(|calls| calls.iter().any(|called| *called > 0.0));
    if is_called { f64::INFINITY } else { 0.0 }
}

/// Value of a year like the run's period, currency.
pub(super) fn value(context: &Context<'_>, run: &PolicyRun, lines: &[AnnualLine]) -> f64 {
    let by_time = HOURS_PER_YEAR / context.truth.grid.span().as_hours();
    let times = |line: &Line| {
        let own = lines
            .iter()
            .find(|l| l.kind == line.kind && l.id == line.id);
        own.map_or(by_time, |own| own.times)
    };
    let lines = run.ledger.lines.iter();
    lines.map(|line| line.total.as_units() * times(line)).sum()
}

//! Demand charges: the highest mean power of a step in each calendar month of the site's zone.
//!
//! The charge is booked as the peak rises, so the ledger shows which steps set it. A
//! month the run leaves early bears the part of its remaining time that was run,
//! as the planner assumes.

use jiff::tz::TimeZone;
use jiff::{Span, Zoned};
use swingload_model::site::Site;
use swingload_model::site::tariff::TariffLine;
use swingload_model::time::TimeGrid;
use swingload_model::units::{Money, WideMoney, quotient_half_even};

use super::Metered;
use crate::ledger::{Ledger, LineKind};

#[derive(Debug)]
pub(super) struct DemandCharges {
    lines: Vec<(usize, Money)>,
    months: Vec<Month>,
    now: usize,
    peak_w: i64,
}

/// Months of the run: last step that belongs to each, and the part that is charged.
#[derive(Debug, Clone, Copy)]
struct Month {
    end: i64,
    covered: i64,
    left: i64,
}

impl DemandCharges {
    pub(super) fn new(site: &Site, grid: &TimeGrid, ledger: &mut Ledger) -> Self {
        let lines: Vec<_> = site
            .tariff
            .lines
            .iter()
            .filter_map(|line| match line {
                TariffLine::Demand { id, per_kw_month } => {
                    Some((ledger.line(id.clone(), LineKind::Demand), *per_kw_month))
                }
                _ => None,
            })
            .collect();
        let months = if lines.is_empty() {
            Vec::new()
        } else {
            months(site, grid)
        };
        Self {
            lines,
            months,
            now: 0,
            peak_w: 0,
        }
    }

    pub(super) fn book(&mut self, step: &Metered<'_>, ledger: &mut Ledger) {
        if self.lines.is_empty() {
            return;
        }
        while step.start >= self.months[self.now].end {
            self.now += 1;
            self.peak_w = 0;
        }
        let power = step.mean_power();
        if power <= self.peak_w {
            return;
        }
        let month = self.months[self.now];
        for (line, per_kw) in &self.lines {
            let charge = |watts: i64| {
                let numerator =
                    i128::from(per_kw.get()) * i128::from(watts) * i128::from(month.covered);
                quotient_half_even(numerator, 1000 * i128::from(month.left))
            };
            ledger.book(
                *line,
                step.t,
                WideMoney::new(charge(self.peak_w) - charge(power)),
            );
        }
        self.peak_w = power;
    }
}

/// Months that a run is charged for: of each calendar month, the part of its time from the
/// run's first step in it on.
pub(crate) fn months_charged(site: &Site, grid: &TimeGrid) -> f64 {
    let share = |month: &Month| month.covered as f64 / month.left as f64;
    months(site, grid).iter().map(share).sum()
}

fn months(site: &Site, grid: &TimeGrid) -> Vec<Month> {
    let zone = TimeZone::get(&site.time_zone)
        .expect("invariant: a site's time zone was checked when it was read");
    let end = grid.end_s(grid.len() - 1);
    let mut months = Vec::new();
    let mut from = grid.start_s(0);
    while from < end {
        let local = swingload_model::time::timestamp(from).to_zoned(zone.clone());
        let month_end = next_month(&local).map_or(i64::MAX, |z| z.timestamp().as_second());
        months.push(Month {
            end: month_end,
            covered: month_end.min(end) - from,
            left: month_end - from,
        });
        from = month_end;
    }
    months
}

/// Start of the calendar month after `local`.
fn next_month(local: &Zoned) -> Option<Zoned> {
    local
        .first_of_month()
        .ok()?
        .start_of_day()
        .ok()?
        .checked_add(Span::new().months(1))
        .ok()
}

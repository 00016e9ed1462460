//! Coincident peaks: mean load over the intervals that turned out to be the grid's peaks.
//!
//! The mean over a year's n intervals times the yearly charge is each interval's
//! load times charge / n, so every interval is booked where it lies, and a run
//! over part of a year bears only the peaks in it.

use swingload_model::site::Site;
use swingload_model::site::tariff::TariffLine;

use super::{Metered, units};
use crate::ledger::{Ledger, LineKind};

#[derive(Debug)]
pub(super) struct CoincidentPeaks {
    /// Ledger line, position in the tariff, charge per W and interval.
    all: Vec<(usize, usize, f64)>,
}

impl CoincidentPeaks {
    pub(super) fn new(site: &Site, ledger: &mut Ledger) -> Self {
        let all = site
            .tariff
            .lines
            .iter()
            .enumerate()
            .filter_map(|(k, line)| {
                let TariffLine::CoincidentPeak {
                    id,
                    per_kw_year,
                    intervals_per_year,
                    ..
                } = line
                else {
                    return None;
                };
                let per_watt = per_kw_year.as_units() / 1000.0 / f64::from(*intervals_per_year);
                Some((
                    ledger.line(id.clone(), LineKind::CoincidentPeak),
                    k,
                    per_watt,
                ))
            });
        Self { all: all.collect() }
    }

    pub(super) fn book(&self, step: &Metered<'_>, ledger: &mut Ledger) {
        for (line, tariff, per_watt) in &self.all {
            let intervals = step.truth.peaks[*tariff]
                .as_ref()
                .map_or(0.0, |p| p.at(step.t));
            if intervals > 0.0 {
                let mean_w = step.drawn() as f64 / step.seconds as f64;
                ledger.book(*line, step.t, -units(mean_w * intervals * per_watt));
            }
        }
    }
}

//! Charges on energy, and programmes that pay for less of it.

use super::Builder;
use crate::site::Use;
use crate::site::file::{ProgrammeFile, TariffLineFile};
use crate::site::tariff::{Programme, TariffLine};
use crate::units::Money;

impl Builder<'_> {
    pub(super) fn tariff_line(&mut self, i: usize, line: &TariffLineFile) -> TariffLine {
        let key = |field: &str| format!("tariff[{i}].{field}");
        match line {
            TariffLineFile::Adder {
                id,
                per_mwh,
                uses,
                tax,
            } => {
                let uses = uses.clone().unwrap_or_else(|| Use::ALL.to_vec());
                if uses.is_empty() {
                    self.fault(
                        &key("uses"),
                        "an adder on no use charges nothing",
                        "name at least one use, or remove the key for all",
                    );
                }
                TariffLine::Adder {
                    id: self.id(&key("id"), id),
                    per_mwh: self.amount(&key("per_mwh"), per_mwh),
                    uses,
                    tax: *tax,
                }
            }
            TariffLineFile::Demand { id, per_kw_month } => TariffLine::Demand {
                id: self.id(&key("id"), id),
                per_kw_month: Money::from_units(self.at_least(
                    &key("per_kw_month"),
                    *per_kw_month,
                    0.0,
                    "",
                )),
            },
            TariffLineFile::CoincidentPeak {
                id,
                per_kw_year,
                intervals_per_year,
                peaks,
                probability,
            } => {
                self.at_least(
                    &key("intervals_per_year"),
                    f64::from(*intervals_per_year),
                    1.0,
                    "",
                );
                TariffLine::CoincidentPeak {
                    id: self.id(&key("id"), id),
                    per_kw_year: Money::from_units(self.at_least(
                        &key("per_kw_year"),
                        *per_kw_year,
                        0.0,
                        "",
                    )),
                    intervals_per_year: (*intervals_per_year).max(1),
                    peaks: peaks.clone(),
                    probability: probability.clone(),
                }
            }
        }
    }

    pub(super) fn programme(&mut self, i: usize, p: &ProgrammeFile) -> Programme {
        let key = |field: &str| format!("programmes[{i}].{field}");
        Programme {
            id: self.id(&key("id"), &p.id),
            capacity_mw: self.at_least(&key("capacity_mw"), p.capacity_mw, 0.0, "MW"),
            availability: self.amount(&key("availability_per_mw_h"), &p.availability_per_mw_h),
            calls: p.calls.clone(),
            firm_mw: self.at_least(&key("firm_mw"), p.firm_mw, 0.0, "MW"),
            penalty_per_mwh: self.at_least(&key("penalty_per_mwh"), p.penalty_per_mwh, 0.0, ""),
        }
    }
}

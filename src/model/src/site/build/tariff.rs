//! Charges on energy, and programmes that pay for less of it.

use super::Builder;
use crate::plausible::{Doubt, Quantity, Side, show};
use crate::site::commitment::CommitmentKind;
use crate::site::file::{ProgrammeFile, TariffLineFile};
use crate::site::tariff::{Programme, TariffLine};
use crate::site::{Amount, Site, Use};
use crate::units::Money;

/// Beyond so many times the site's connection a tenant or contract is taken for one in kW.
const SLIP: f64 = 10.0;

/// A power of the site that its connection bounds.
pub(super) struct Size {
    /// Where it stands.
    path: String,
    mw: f64,
    /// How many times the connection's power it may be.
    times: f64,
    /// Whether it is allowed by name whatever it is.
    allowed: bool,
}

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
                    per_mwh: self.priced(&key("per_mwh"), per_mwh, Quantity::Adder),
                    uses,
                    tax: *tax,
                }
            }
            TariffLineFile::Demand { id, per_kw_month } => TariffLine::Demand {
                id: self.id(&key("id"), id),
                per_kw_month: Money::from_units(self.charge(
                    &key("per_kw_month"),
                    *per_kw_month,
                    Quantity::DemandCharge,
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
                    per_kw_year: Money::from_units(self.charge(
                        &key("per_kw_year"),
                        *per_kw_year,
                        Quantity::PeakCharge,
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
        if !(1..=12).contains(&p.months_per_year) {
            self.fault(
                &key("months_per_year"),
                "a year has 1 to 12 months in which a programme pays",
                "give the months of its season, or leave the key out",
            );
        }
        Programme {
            id: self.id(&key("id"), &p.id),
            capacity_mw: self.at_least(&key("capacity_mw"), p.capacity_mw, 0.0, "MW"),
            availability: self.priced(
                &key("availability_per_mw_h"),
                &p.availability_per_mw_h,
                Quantity::Availability,
            ),
            calls: p.calls.clone(),
            firm_mw: self.at_least(&key("firm_mw"), p.firm_mw, 0.0, "MW"),
            penalty_per_mwh: self.charge(
                &key("penalty_per_mwh"),
                p.penalty_per_mwh,
                Quantity::Penalty,
            ),
            months_per_year: p.months_per_year,
        }
    }

    /// Powers that are held against the site's connection. Their names are asked for here,
    /// so that an allowance of one counts whatever else is wrong with the site.
    pub(super) fn sizes(&mut self, site: &Site) -> Vec<Size> {
        let mut sizes = Vec::new();
        let mut add = |path: String, mw: f64, times: f64| {
            let allowed = self.allowed.allows(&self.document.name_of(&path));
            sizes.push(Size {
                path,
                mw,
                times,
                allowed,
            });
        };
        for (i, programme) in site.programmes.iter().enumerate() {
            let key = |field: &str| format!("programmes[{i}].{field}");
            add(key("capacity_mw"), programme.capacity_mw, 1.0);
            add(key("firm_mw"), programme.firm_mw, 1.0);
        }
        for (i, contract) in site.contracts.iter().enumerate() {
            if let Amount::Constant(mw) = contract.quantity_mw {
                add(format!("contracts[{i}].quantity_mw"), mw, SLIP);
            }
        }
        for (i, commitment) in site.commitments.iter().enumerate() {
            let CommitmentKind::Hosting {
                power_mw,
                contracted_mw,
                ..
            } = &commitment.kind
            else {
                continue;
            };
            let key = |field: &str| format!("commitments[{i}].{field}");
            if let Amount::Constant(mw) = power_mw {
                add(key("power_mw"), *mw, SLIP);
            }
            add(key("contracted_mw"), *contracted_mw, SLIP);
        }
        sizes
    }

    /// A programme that pays for more than the site's connection carries is a slip: so much
    /// the site can neither draw nor leave. Tenants and contracts may be larger than it, but
    /// not many times as large.
    pub(super) fn sizes_fit(&mut self, site: &Site, sizes: Vec<Size>) {
        let rating = site.tree.node(0).usable().as_megawatts();
        for size in sizes {
            let Size {
                path, mw, times, ..
            } = size;
            if size.allowed || mw <= times * rating {
                continue;
            }
            let name = self.document.name_of(&path);
            let slips = [(1e-3, "in kW"), (0.1, "a factor of 10 too much")];
            let meant = slips
                .into_iter()
                // The slip that lands nearest below the rating.
                .filter(|(factor, _)| mw * factor <= rating)
                .max_by(|a, b| a.0.total_cmp(&b.0));
            let more = if times > 1.0 {
                format!("is over {times} times what")
            } else {
                "is more than".to_owned()
            };
            let doubt = Doubt {
                side: Side::High,
                problem: format!(
                    "{more} the site's connection carries, {} MW at node `{}`",
                    show(rating),
                    site.tree.node(0).id
                ),
                slip: meant.map_or_else(String::new, |(factor, why)| {
                    format!("did you mean {} ({why})?", show(mw * factor))
                }),
            };
            let help = doubt.help(&name, self.document.file());
            self.fault(&path, doubt.problem, help);
        }
    }
}

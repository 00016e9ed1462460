//! Hosting: price per IT MWh delivered, take-or-pay, penalty for what was asked and not
//! delivered. Each step settles by itself: a step of low draw is not made good by a high one.

use swingload_model::site::Site;
use swingload_model::site::commitment::CommitmentKind;
use swingload_model::units::{Energy, EnergyPrice, Power};

use super::Metered;
use crate::column::Column;
use crate::ledger::{Ledger, LineKind};
use crate::truth::Truth;

#[derive(Debug)]
pub(super) struct Hosting {
    all: Vec<Tenant>,
}

#[derive(Debug)]
struct Tenant {
    commitment: usize,
    price: Column<EnergyPrice>,
    /// Of what is paid for and not drawn.
    untaken_price: Column<EnergyPrice>,
    penalty: EnergyPrice,
    /// Power that is paid whether drawn or not, W.
    paid_w: i64,
    delivered: usize,
    take_or_pay: usize,
    missed: usize,
}

impl Hosting {
    pub(super) fn new(site: &Site, truth: &Truth, ledger: &mut Ledger) -> Self {
        let all = site
            .commitments
            .iter()
            .enumerate()
            .filter_map(|(c, commitment)| {
                let CommitmentKind::Hosting {
                    price,
                    take_or_pay,
                    take_or_pay_price,
                    contracted_mw,
                    penalty_per_mwh,
                    ..
                } = &commitment.kind
                else {
                    return None;
                };
                let price = truth.amount(price).map(EnergyPrice::from_per_mwh);
                let own = take_or_pay_price.map(EnergyPrice::from_per_mwh);
                Some(Tenant {
                    commitment: c,
                    untaken_price: own.map_or_else(|| price.clone(), Column::Constant),
                    price,
                    penalty: EnergyPrice::from_per_mwh(*penalty_per_mwh),
                    paid_w: Power::from_megawatts(take_or_pay * contracted_mw).get(),
                    delivered: ledger.line(commitment.id.clone(), LineKind::Hosting),
                    take_or_pay: ledger.line(commitment.id.clone(), LineKind::TakeOrPay),
                    missed: ledger.line(commitment.id.clone(), LineKind::HostingPenalty),
                })
            });
        Self { all: all.collect() }
    }

    pub(super) fn book(&self, step: &Metered<'_>, ledger: &mut Ledger) {
        for tenant in &self.all {
            if !step.site.commitments[tenant.commitment].binds(step.start) {
                continue;
            }
            let asked = step.truth.committed[tenant.commitment].at(step.t) * step.seconds;
            let delivered = step.meter.hosted[tenant.commitment];
            let price = tenant.price.at(step.t);
            // Take-or-pay counts what the tenant did not ask for, never what the site failed to deliver.
            let untaken = (tenant.paid_w * step.seconds - asked).max(0);
            ledger.book(tenant.delivered, step.t, Energy::new(delivered) * price);
            let untaken_price = tenant.untaken_price.at(step.t);
            ledger.book(
                tenant.take_or_pay,
                step.t,
                Energy::new(untaken) * untaken_price,
            );
            ledger.book(
                tenant.missed,
                step.t,
                -(Energy::new((asked - delivered).max(0)) * tenant.penalty),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use swingload_model::scenario::Faults;
    use swingload_model::units::Power;
    use swingload_scheduler::event::Action;

    use crate::run::{StudyInput, simulate};
    use crate::tests::support::{SITE, input, lines, scenario, scripted};

    const START: &str = "2026-03-01T06:00:00Z";

    /// A tenant that contracted 2 MW, draws 1 and pays for 1.8 at least.
    fn study(extra: &str, policies: &[&str]) -> StudyInput {
        let tenant = format!(
            r#"
[[commitments]]
kind = "hosting"
id = "tenant"
node = "ai"
use = "training"
power_mw = 1
price_per_mwh = 200
contracted_mw = 2
take_or_pay = 0.9
penalty_per_mwh = 500
{extra}
"#
        );
        let site = format!("{SITE}{tenant}");
        let scenario = scenario(&site, START, 2, 60, policies);
        input(scenario, &[40.0], &[0.0], &[0.0], vec![])
    }

    fn bill(extra: &str) -> std::collections::BTreeMap<String, i64> {
        let study = study(extra, &[]);
        let run = scripted(&study, &Faults::default(), |t, world| {
            let power = Power::from_megawatts(if t == 0 { 1.0 } else { 0.75 });
            assert!(world.apply(&Action::SetHosting {
                commitment: 0,
                power
            }));
        });
        lines(&run)
    }

    #[test]
    fn what_is_not_drawn_is_paid_at_the_contract_price() {
        let plain = bill("");
        assert_eq!(plain["Hosting tenant"], 350_000_000, "1.75 MWh at 200");
        assert_eq!(
            plain["TakeOrPay tenant"], 320_000_000,
            "0.8 MWh in each of two hours, at 200"
        );
        assert_eq!(
            plain["HostingPenalty tenant"], -125_000_000,
            "0.25 MWh at 500, and not paid by take-or-pay"
        );
        let own = bill("take_or_pay_price_per_mwh = 166");
        assert_eq!(own["Hosting tenant"], 350_000_000);
        assert_eq!(own["TakeOrPay tenant"], 265_600_000, "1.6 MWh at 166");
    }

    #[test]
    fn the_bound_counts_take_or_pay_as_the_bill_does() {
        let bound = |extra: &str| {
            let study = simulate(&study(extra, &["always_on", "oracle"]), &|_| {});
            let summary = study.expect("a study").summary;
            summary.gain.expect("an oracle").bound
        };
        let less = bound("") - bound("take_or_pay_price_per_mwh = 166");
        assert!((less - 54.4).abs() < 1e-3, "1.6 MWh at 200 - 166: {less}");
    }
}

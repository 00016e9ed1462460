//! A finished run with everything its outputs show.

use swingload_model::scenario::Scenario;
use swingload_model::site::supply::SupplyKind;
use swingload_simulator::ledger::LineKind;
use swingload_simulator::results::{GainSummary, Summary, VariantSummary};
use swingload_simulator::{PolicyRun, Study, StudyInput, StudySummary};

use crate::words::thousands;

/// A run, the input it came from and what was found on the way.
#[derive(Debug, Clone)]
pub struct Results {
    /// What was run.
    pub input: StudyInput,
    /// What came of it.
    pub study: Study,
    /// Variants of the site by net present value, in the order of the scenario; most often empty.
    pub variants: Vec<VariantSummary>,
    /// What was found and bridged while the data was read, one sentence each.
    pub notes: Vec<String>,
    /// Version of the program.
    pub version: String,
}

/// Name of the policy that the product stands for.
const OWN: &str = "swingload";

impl Results {
    /// The policy through which power, jobs and decisions are shown: `swingload` when it
    /// ran, otherwise the last that did.
    pub fn main_policy(&self) -> &str {
        main_policy(&self.study.scenario)
    }

    /// Its run.
    ///
    /// # Panics
    /// When the study ran no policy, which a scenario does not allow.
    pub(crate) fn main(&self) -> &PolicyRun {
        let run = self.study.run(self.main_policy());
        run.expect("invariant: a scenario names at least one policy")
    }

    /// The simulator's summary.
    pub(crate) fn summary(&self) -> &StudySummary {
        &self.study.summary
    }

    /// Summaries by name, in the order of the report.
    pub(crate) fn policies(&self) -> impl Iterator<Item = (&str, &Summary)> {
        let summary = self.summary();
        summary
            .order
            .iter()
            .filter_map(|name| Some((name.as_str(), summary.policies.get(name)?)))
    }

    /// The summary of a policy.
    pub(crate) fn policy(&self, name: &str) -> Option<&Summary> {
        self.summary().policies.get(name)
    }

    /// The first grid block of the site.
    pub(crate) fn grid_block(&self) -> Option<usize> {
        let supply = &self.study.scenario.site.supply;
        supply.iter().position(|s| s.kind == SupplyKind::Grid)
    }

    /// Price that power of a run is held against at step `t`, currency per MWh, adders not
    /// included: the grid's, or without one that of the dearest block in use, and where
    /// nothing is drawn that of the cheapest block there is; as the simulator attributes it.
    pub(crate) fn reference_price(&self, run: &PolicyRun, t: usize) -> f64 {
        let supply = &self.study.truth.supply;
        let price = |k: usize| supply[k].price_at(t);
        if let Some(grid) = self.grid_block() {
            return price(grid);
        }
        let blocks = || 0..supply.len();
        let dearest = blocks()
            .filter(|k| run.supply_energy[*k][t] > 0)
            .map(price)
            .reduce(f64::max);
        let there = |k: &usize| supply[*k].available.at(t) > 0;
        dearest
            .or_else(|| blocks().filter(there).map(price).reduce(f64::min))
            .unwrap_or(0.0)
    }

    /// Name of what the reference price is of.
    pub(crate) fn reference_name(&self) -> String {
        let supply = &self.study.scenario.site.supply;
        self.grid_block().map_or_else(
            || "the dearest block in use".to_owned(),
            |grid| format!("the block {}", supply[grid].id),
        )
    }

    /// Mean price a policy paid for energy, charges and taxes per MWh left out, so that it
    /// compares with the reference price; `None` where nothing was drawn.
    pub(crate) fn energy_price(&self, policy: &Summary) -> Option<f64> {
        let kinds = [LineKind::Adder, LineKind::Tax];
        let charges: f64 = kinds.iter().filter_map(|k| policy.by_kind.get(k)).sum();
        let effective = policy.prices.effective?;
        Some(effective + charges / policy.energy.total_mwh)
    }

    /// What a reader must know beside the figures, one sentence each: of the data, and of
    /// what the run could not show.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let mut remarks = self.notes.clone();
        if self.summary().gain.is_none() {
            let mining = self.study.truth.mining.as_ref();
            let why = if mining.is_some_and(|m| m.feedback) {
                "No gain is given: the network's difficulty answers the site's own hashrate, \
                 which no bound takes in, and then only absolute money means anything."
            } else {
                "No gain is given: the run has no oracle to prove what could have been gained; \
                 add it to `policies.run`."
            };
            remarks.push(why.to_owned());
        }
        if self.summary().gain.is_some() && self.policies().all(|(_, p)| p.gain_pct.is_none()) {
            let why = "No gain is given: asap reaches the proven bound, so nothing can be gained.";
            remarks.push(why.to_owned());
        }
        if let Some(gain) = &self.summary().gain {
            remarks.extend(beside_the_scale(gain));
        }
        remarks.extend(self.mostly_one_job());
        if self.never_switched() {
            remarks.push(
                "strike never switched: no pair of prices would have earned more on the days \
                 it was tuned on, or none was crossed. Its dispatch is always_on's."
                    .to_owned(),
            );
        }
        remarks
    }

    /// Names the job that is most of the work the main policy leaves open, where it is longer
    /// than the run or a hundredth of the value: a slip of units looks like that.
    fn mostly_one_job(&self) -> Option<String> {
        let main = self.policy(self.main_policy())?;
        let job = main.open_work.as_ref()?.mostly.as_ref()?;
        let weighs = job.worth.abs() >= 0.01 * main.value.abs();
        (weighs || job.hours > self.summary().hours).then(|| {
            format!(
                "Job {} is {} % of the work left open at the end: {} GPU-hours, {} h on its {} \
                 GPUs. What can still be done of it is {} {} of the value of {}. If that is too \
                 long, look at the unit of its duration.",
                job.id,
                thousands(job.share_pct, 0),
                thousands(job.gpu_h, 0),
                thousands(job.hours, 0),
                job.gpus,
                thousands(job.worth, 0),
                self.summary().currency,
                self.main_policy(),
            )
        })
    }

    /// Whether the policy `strike` did what `always_on` does, step by step.
    fn never_switched(&self) -> bool {
        let energy = |name: &str| self.study.run(name).map(|run| &run.load_energy);
        let pools = !self.study.scenario.site.pools.is_empty();
        pools && energy("strike").is_some() && energy("strike") == energy("always_on")
    }

    /// Most the site may draw at step `t`, W: the usable rating of its root, whose bus
    /// carries all loads, whatever feeds them.
    pub(crate) fn room(&self, t: usize) -> i64 {
        self.study.truth.limit[0].at(t)
    }
}

/// Which policies stand outside the gain scale, and for which ones it was widened.
fn beside_the_scale(gain: &GainSummary) -> impl Iterator<Item = String> {
    let outside = (!gain.outside.is_empty()).then(|| {
        format!(
            "No share of G is given of {}: limits of the site were broken, and what that earned \
             is more than any dispatch within them could.",
            gain.outside.join(", ")
        )
    });
    let widened = (!gain.widened_for.is_empty()).then(|| {
        format!(
            "The bound was widened to what {} did, which kept the site's limits and was worth \
             more than was proven: a defect of the bound; report it with the scenario.",
            gain.widened_for.join(", ")
        )
    });
    outside.into_iter().chain(widened)
}

/// The policy a scenario is shown through; see [`Results::main_policy`].
pub fn main_policy(scenario: &Scenario) -> &str {
    let run = &scenario.policies.run;
    let own = run.iter().find(|name| *name == OWN).or(run.last());
    own.map_or(OWN, String::as_str)
}

#[cfg(test)]
mod tests {
    use swingload_model::time::Seconds;
    use swingload_model::units::Money;

    use crate::testing::{SITE, results};

    #[test]
    fn the_reference_price_is_of_the_dearest_block_in_use() {
        let site = SITE.replace("kind = \"grid\"", "kind = \"generation\"").replace(
            "[[pools]]",
            "[[supply]]\nid = \"own\"\nkind = \"generation\"\navailable_mw = 5\nprice_per_mwh = 20\n[[pools]]",
        );
        let results = results(&site, &[300.0; 3], &["always_on"]);
        assert_eq!(results.reference_price(results.main(), 0), 20.0);
        assert_eq!(results.reference_name(), "the dearest block in use");
    }

    #[test]
    fn prices_compare_without_charges() {
        let adder = "[[tariff]]\nkind = \"adder\"\nid = \"wires\"\nper_mwh = 6\n[[pools]]";
        let results = results(
            &SITE.replace("[[pools]]", adder),
            &[50.0; 3],
            &["always_on"],
        );
        let (_, policy) = results.policies().next().expect("one");
        let paid = results.energy_price(policy).expect("drawn");
        assert!((paid - 50.0).abs() < 1e-6, "{paid}");
        assert!((policy.prices.effective.expect("drawn") - 56.0).abs() < 1e-6);
    }

    #[test]
    fn a_job_that_is_most_of_the_open_work_is_named() {
        let gpus = "[[gpu_pools]]\nid = \"h100\"\nnode = \"poi\"\nmodel = \"H100\"\ncount = 64\n";
        let remarks = |hours: i64| {
            let site = SITE.to_owned() + gpus;
            let mut input = crate::testing::input(&site, &[20.0; 6], &["asap"]);
            let start = input.scenario.grid.start_s(0);
            let job = |id: &str, hours: i64| swingload_model::job::Job {
                id: id.into(),
                tenant: "lab".into(),
                gpu_pool: 0,
                release: start,
                deadline: start + 3 * hours * 3600,
                latest: start + 4 * hours * 3600,
                work: 8 * hours * 3600,
                gangs: vec![8],
                value: Money::from_units(2.0),
                unmet_penalty: Money::ZERO,
                lateness_penalty: Money::ZERO,
                min_runtime: Seconds::ZERO,
                checkpoint_interval: Seconds::new(3600),
                checkpoint_cost: Seconds::ZERO,
                restart: Seconds::ZERO,
                notice: Seconds::ZERO,
                tier: 0,
                depends_on: vec![],
            };
            input.jobs = vec![job("slip", hours), job("plain", 8)];
            let study = swingload_simulator::simulate(&input, &|_| {}).expect("a study");
            let results = crate::Results {
                input,
                study,
                variants: Vec::new(),
                notes: Vec::new(),
                version: "0".to_owned(),
            };
            let open = results.policy("asap").expect("ran").open_work.clone();
            (results.remarks(), open)
        };
        // Of 10,000 hours 9,994 are left; of eight, two.
        let (said, open) = remarks(10_000);
        let named = said.iter().find(|r| r.starts_with("Job slip is 100 %"));
        let named = named.expect("named");
        assert!(
            named.contains("79,952 GPU-hours, 9,994 h on its 8 GPUs"),
            "{named}"
        );
        let open = open.expect("open");
        assert_eq!(open.gpu_h, 8.0 * 9_996.0);
        assert_eq!(open.doable_gpu_h, open.gpu_h);
        let (said, open) = remarks(8);
        assert!(said.iter().all(|r| !r.starts_with("Job ")), "{said:?}");
        assert_eq!(open.expect("open").mostly, None, "two of a kind");
    }

    #[test]
    fn what_a_run_could_not_show_is_said() {
        let policies = ["always_on", "strike", "breakeven"];
        let remarks = results(SITE, &[20.0; 4], &policies).remarks();
        assert_eq!(remarks.len(), 2, "{remarks:?}");
        assert!(remarks[0].contains("no oracle"), "{remarks:?}");
        assert!(
            remarks[1].starts_with("strike never switched"),
            "{remarks:?}"
        );
        let one = results(SITE, &[20.0; 4], &["always_on", "oracle"]).remarks();
        assert_eq!(one.len(), 1, "{one:?}");
        assert!(one[0].contains("nothing can be gained"), "{one:?}");
    }

    #[test]
    fn policies_beside_the_scale_are_named() {
        let mut results = results(SITE, &[20.0; 6], &["always_on", "oracle"]);
        let named = |results: &crate::Results| -> Vec<String> {
            let remarks = results.remarks().into_iter();
            remarks.filter(|r| r.contains("always_on")).collect()
        };
        assert!(named(&results).is_empty());
        let gain = results.study.summary.gain.as_mut().expect("a scale");
        gain.outside = vec!["always_on".to_owned()];
        assert!(named(&results)[0].starts_with("No share of G is given of always_on: limits"));
        let gain = results.study.summary.gain.as_mut().expect("a scale");
        gain.widened_for = std::mem::take(&mut gain.outside);
        assert!(named(&results)[0].starts_with("The bound was widened to what always_on did"));
    }
}

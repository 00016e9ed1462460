//! What a study shows: one object with a `policies` map, every number with its unit in its name.
//!
//! Money is in whole units of [`StudySummary::currency`], energy in MWh, prices in
//! currency per MWh, shares in percent.

mod annual;
mod breakeven;
mod curtailment;
mod energy;
mod forecasters;
mod incidents;
mod jobs;
mod levers;
mod machines;
mod nodes;
mod npv;
mod open_work;
mod plans;
mod split;

use std::collections::BTreeMap;

use serde::Serialize;
use swingload_model::breakeven::PoolBreakeven;
use swingload_model::job::ImpossibleWork;
use swingload_model::scenario::Scenario;
use swingload_model::site::Use;
use swingload_model::site::supply::SupplyKind;
use swingload_model::time::timestamp;

pub use annual::{AnnualBasis, AnnualLine};
pub use curtailment::RunBin;
pub use energy::{EnergySummary, PriceSummary, SupplySummary, UsePrice};
pub use forecasters::{FallbackSummary, ForecasterSummary, forecaster};
pub use incidents::{BrokenRules, CheckSummary, IncidentSummary, RepairCount, RepairSummary};
pub use jobs::JobSummary;
pub use levers::Levers;
pub use machines::{GpuSummary, HostingSummary, MiningSummary, PoolSummary, ServiceSummary};
pub use nodes::NodeSummary;
pub use npv::{
    Era, EraSummary, VariantSummary, eras, in_era, net_present_value, value_per_year, variant,
};
pub use open_work::{OpenJobSummary, OpenWorkSummary};
pub use plans::PlanSummary;
pub use split::{SplitPart, SplitSummary};

use crate::ledger::LineKind;
use crate::oracle::Certificate;
use crate::record::PolicyRun;
use crate::run::split::InformedRun;
use crate::run::{Context, impossible_of};

/// Results of a study.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct StudySummary {
    /// Title of the scenario.
    pub title: String,
    /// Name of the site.
    pub site: String,
    /// ISO 4217 code of all money.
    pub currency: String,
    /// Seed of the run.
    pub seed: u64,
    /// First instant, RFC 3339.
    pub start: String,
    /// End, RFC 3339; not part of the run.
    pub end: String,
    /// Steps.
    pub steps: usize,
    /// Length of the run, hours.
    pub hours: f64,
    /// Usable rating of the tree's root, MW.
    pub usable_mw: f64,
    /// Jobs of the scenario.
    pub jobs: usize,
    /// Jobs of which work can never be done, and what forbids it: left out of plans and of
    /// the bound, and unmet from their release on.
    pub impossible: Vec<ImpossibleWork>,
    /// Prices and surplus, whatever was decided.
    pub market: MarketSummary,
    /// Price of power above which each miner pool loses money: now is the first step, the
    /// mean is over the period; empty without mining.
    pub breakeven: Vec<PoolBreakeven>,
    /// Best possible and the scale of gain; `None` when the oracle was not asked for, or
    /// when the difficulty answers the site (then only absolute money means anything).
    pub gain: Option<GainSummary>,
    /// What `swingload` left of G, by what it did not know; `None` unless asked for.
    pub split: Option<SplitSummary>,
    /// Lines of the bill that are not annualised by time.
    pub annualised: Vec<AnnualLine>,
    /// How each series that site and mining name was forecast.
    pub forecasters: BTreeMap<String, ForecasterSummary>,
    /// Policy that levers are measured against: always `BASELINE`, whichever policies are listed.
    pub baseline: String,
    /// Its value, whether or not it is among `policies`.
    pub baseline_value: f64,
    /// Names of the policies in the order of the report.
    pub order: Vec<String>,
    /// Results by policy.
    pub policies: BTreeMap<String, Summary>,
}

/// Prices and surplus of the period.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct MarketSummary {
    /// Time-weighted mean price of the first grid block, currency per MWh; `None` without a grid.
    pub price_mean: Option<f64>,
    /// Share of time in which it was below zero, %.
    pub price_negative_pct: Option<f64>,
    /// Mean gross hashprice, currency per PH/s and day; `None` without mining.
    pub hashprice_mean: Option<f64>,
    /// Surplus there was, MWh.
    pub surplus_mwh: f64,
}

/// What could be gained, and the proof that no more can.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct GainSummary {
    /// No policy that keeps the site's limits can be worth more.
    pub bound: f64,
    /// Value of the policy `asap`, run in closed loop on what is known at the time, whether or
    /// not it is among the policies listed: the zero of the scale.
    pub asap: f64,
    /// bound - asap: G.
    pub gainable: f64,
    /// The oracle's value: the better of the plan with perfect foresight and any policy's dispatch.
    pub oracle: f64,
    /// Whose dispatch the oracle is.
    pub oracle_is: String,
    /// Policies that broke the site's limits and are worth more than the bound: no share of G
    /// is given of them.
    pub outside: Vec<String>,
    /// Policies that kept the limits and were worth more than was proven, which only a mistake
    /// in the bound explains: it was widened to what they did.
    pub widened_for: Vec<String>,
}

impl GainSummary {
    /// Whether G is more than rounding, so that shares of it mean something.
    fn is_scale(&self) -> bool {
        self.gainable > 1e-6 * self.bound.abs()
    }
}

/// Results of one policy.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Summary {
    /// Sum of all lines.
    pub value: f64,
    /// Value of a year like the run's period: each line of the bill by its own period
    /// (`annualised` of the study), all others by time.
    pub value_per_year: f64,
    /// The same per usable MW of the root.
    pub value_per_mw_year: f64,
    /// (value - asap) / G, %; `None` where there is no gain scale, or nothing to gain, and for a
    /// policy outside the scale.
    pub gain_pct: Option<f64>,
    /// (bound - value) / G, %.
    pub left_pct: Option<f64>,
    /// How good its plans were, each by its own certificate; `None` for rules that plan
    /// nothing, and for the oracle, whose certificate is `gain`.
    pub plans: Option<PlanSummary>,
    /// Lines of the bill, in order; those never used are left out.
    pub lines: Vec<LineSummary>,
    /// Sums by kind of line.
    pub by_kind: BTreeMap<LineKind, f64>,
    /// Where the difference to the baseline comes from.
    pub levers: Levers,
    /// Energy by use and supply.
    pub energy: EnergySummary,
    /// Prices paid.
    pub prices: PriceSummary,
    /// Mining; `None` without pools.
    pub mining: Option<MiningSummary>,
    /// Miner pools by id.
    pub pools: BTreeMap<String, PoolSummary>,
    /// GPU pools by id.
    pub gpus: BTreeMap<String, GpuSummary>,
    /// Inference services by id.
    pub services: BTreeMap<String, ServiceSummary>,
    /// Hosting commitments by id.
    pub hosting: BTreeMap<String, HostingSummary>,
    /// Jobs.
    pub jobs: JobSummary,
    /// Work open at the run's end; `None` where none is.
    pub open_work: Option<OpenWorkSummary>,
    /// Emissions; `None` when a supply block that was drawn from has no carbon intensity.
    pub emissions: Option<Emissions>,
    /// How long mining was curtailed at a stretch.
    pub curtailed_runs: Vec<RunBin>,
    /// Nodes of the power tree by id: regions, halls, feeders.
    pub nodes: BTreeMap<String, NodeSummary>,
    /// What went wrong.
    pub incidents: IncidentSummary,
    /// What was changed of the policy's choices so that the site's rules hold.
    pub repairs: RepairSummary,
    /// What the dispatch checker found before each dispatch.
    pub checks: CheckSummary,
    /// How often decisions rested on what stood in for a forecast; empty where all data came
    /// as they should.
    pub fallbacks: Vec<FallbackSummary>,
}

/// One line of the bill.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct LineSummary {
    /// What it is about.
    pub id: String,
    /// What it is.
    pub kind: LineKind,
    /// Sum, positive when the site earns.
    pub amount: f64,
}

/// Emissions of the energy drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Emissions {
    /// tCO2e.
    pub tonnes: f64,
    /// gCO2e/kWh, mean over the energy drawn.
    pub g_per_kwh: f64,
}

/// The policy that levers are measured against: a site that never reacts.
pub(crate) const BASELINE: &str = "always_on";

/// The policy whose value is the zero of the gain scale: it knows no future.
pub(crate) const ZERO: &str = "asap";

/// Policies that scales need and that are not among the `wanted`, so that no scale depends
/// on which policies are listed.
pub(crate) fn scales(scenario: &Scenario, wanted: &[&str]) -> Vec<&'static str> {
    let zero = wanted.contains(&crate::oracle::NAME) && !answered(scenario);
    let needed = [Some(BASELINE), zero.then_some(ZERO)];
    let missing = |name: &&str| !wanted.contains(name);
    needed.into_iter().flatten().filter(missing).collect()
}

/// Whether the network's difficulty answers the site's own hashrate, which is in no bound.
fn answered(scenario: &Scenario) -> bool {
    scenario
        .mining
        .as_ref()
        .is_some_and(|market| market.difficulty_feedback)
}

/// Hours of a mean year.
const HOURS_PER_YEAR: f64 = 8760.0;

/// Sums everything up; `hidden` are runs that were not asked for and that scales need.
pub(crate) fn summarise(
    context: &Context<'_>,
    runs: &[PolicyRun],
    hidden: &[PolicyRun],
    informed: &[InformedRun],
    certificate: Option<&Certificate>,
) -> StudySummary {
    let (scenario, truth) = (context.scenario, &context.truth);
    let grid = &truth.grid;
    let hours = grid.span().as_hours();
    let usable_mw = scenario.site.tree.node(0).usable().as_megawatts();
    let run_of = |name: &str| runs.iter().chain(hidden).find(|run| run.name == name);
    let gain = certificate
        .filter(|_| !answered(scenario))
        .zip(run_of(ZERO))
        .map(|(certificate, asap)| gain(certificate, asap, runs));
    let base = run_of(BASELINE);
    let annualised = annual::lines(context);
    let policies = runs.iter().map(|run| {
        let value = run.ledger.value().as_units();
        let value_per_year = annual::value(context, run, &annualised);
        let share = |amount: f64| {
            gain.as_ref()
                .filter(|g| g.is_scale() && !g.outside.contains(&run.name))
                .map(|g| 100.0 * amount / g.gainable)
        };
        let used = run
            .ledger
            .lines
            .iter()
            .filter(|line| !line.steps.is_empty());
        let mut by_kind = BTreeMap::new();
        for line in used.clone() {
            *by_kind.entry(line.kind).or_insert(0.0) += line.total.as_units();
        }
        let summary = Summary {
            value,
            value_per_year,
            value_per_mw_year: value_per_year / usable_mw,
            gain_pct: gain.as_ref().and_then(|g| share(value - g.asap)),
            left_pct: gain.as_ref().and_then(|g| share(g.bound - value)),
            plans: plans::plans(run),
            lines: used
                .map(|line| LineSummary {
                    id: line.id.clone(),
                    kind: line.kind,
                    amount: line.total.as_units(),
                })
                .collect(),
            by_kind,
            levers: levers::levers(run, base),
            energy: energy::energy(context, run),
            prices: energy::prices(context, run),
            mining: machines::mining(context, run),
            pools: machines::pools(context, run),
            gpus: machines::gpus(context, run),
            services: machines::services(context, run),
            hosting: machines::hosting(context, run),
            jobs: jobs::jobs(context, run),
            open_work: open_work::open_work(context, run),
            emissions: emissions(context, run),
            curtailed_runs: curtailment::runs(context, run),
            nodes: nodes::nodes(context, run),
            incidents: run.incidents,
            repairs: incidents::repairs(&run.tally),
            checks: incidents::checks(&run.tally),
            fallbacks: forecasters::fallbacks(run),
        };
        (run.name.clone(), summary)
    });
    StudySummary {
        title: scenario.title.clone(),
        site: scenario.site.name.clone(),
        currency: scenario.site.currency.clone(),
        seed: scenario.seed,
        start: grid.start(0).to_string(),
        end: timestamp(grid.end_s(grid.len() - 1)).to_string(),
        steps: grid.len(),
        hours,
        usable_mw,
        jobs: context.jobs.len(),
        market: market(context),
        breakeven: breakeven::pools(context),
        impossible: impossible_of(scenario, context.series, &context.jobs),
        baseline: BASELINE.to_owned(),
        baseline_value: base.map_or(0.0, |run| run.ledger.value().as_units()),
        order: runs.iter().map(|run| run.name.clone()).collect(),
        policies: policies.collect(),
        annualised,
        split: split::split(context, runs, informed, gain.as_ref()),
        forecasters: forecasters::forecasters(context),
        gain,
    }
}

/// Emissions of a run. Unknown is not zero: one block without an intensity hides them all.
fn emissions(context: &Context<'_>, run: &PolicyRun) -> Option<Emissions> {
    let drawn = run.supply_energy.iter().map(|e| e.iter().sum::<i64>());
    let mut total = 0;
    for (block, joules) in context.scenario.site.supply.iter().zip(drawn) {
        if joules > 0 && block.carbon.is_none() {
            return None;
        }
        total += joules;
    }
    let tonnes = run.carbon.iter().sum::<i64>() as f64 / 1e6;
    let mwh = total as f64 / 3.6e9;
    Some(Emissions {
        tonnes,
        g_per_kwh: if mwh > 0.0 {
            tonnes * 1000.0 / mwh
        } else {
            0.0
        },
    })
}

fn gain(certificate: &Certificate, asap: &PolicyRun, runs: &[PolicyRun]) -> GainSummary {
    let asap = asap.ledger.value().as_units();
    let above = |run: &&PolicyRun| run.ledger.value().as_units() > certificate.bound;
    GainSummary {
        outside: runs.iter().filter(above).map(|r| r.name.clone()).collect(),
        widened_for: certificate.widened_for.clone(),
        bound: certificate.bound,
        asap,
        gainable: certificate.bound - asap,
        oracle: certificate.oracle,
        oracle_is: certificate.oracle_is.clone(),
    }
}

fn market(context: &Context<'_>) -> MarketSummary {
    let (site, truth) = (&context.scenario.site, &context.truth);
    let grid = &truth.grid;
    let total_s = grid.span().get() as f64;
    let weighted = |value: &dyn Fn(usize) -> f64| {
        (0..grid.len())
            .map(|t| value(t) * grid.duration(t).get() as f64)
            .sum::<f64>()
    };
    let block = site
        .supply
        .iter()
        .position(|s| s.kind == SupplyKind::Grid)
        .map(|k| &truth.supply[k].price);
    let surplus = site
        .supply
        .iter()
        .zip(&truth.supply)
        .filter(|(s, _)| s.kind == SupplyKind::Surplus);
    MarketSummary {
        price_mean: block.map(|p| weighted(&|t| p.at(t).as_per_mwh()) / total_s),
        price_negative_pct: block
            .map(|p| 100.0 * weighted(&|t| f64::from(u8::from(p.at(t).get() < 0))) / total_s),
        hashprice_mean: truth
            .mining
            .as_ref()
            .map(|m| weighted(&|t| m.hashprice[t]) / total_s),
        surplus_mwh: surplus
            .map(|(_, s)| weighted(&|t| s.available.at(t) as f64) / 3.6e9)
            .sum(),
    }
}

/// Name of a use, as key of a map.
fn use_name(u: usize) -> String {
    Use::ALL[u].name().to_owned()
}

#[cfg(test)]
mod tests {
    use crate::run::simulate;
    use crate::tests::support::{SITE, input, scenario};

    fn emissions(site: &str, surplus_mw: f64) -> Option<super::Emissions> {
        let start = "2026-03-01T06:00:00Z";
        let scenario = scenario(site, start, 2, 60, &["always_on"]);
        let study = input(scenario, &[40.0], &[surplus_mw], &[0.0], vec![]);
        let study = simulate(&study, &|_| {}).expect("a study");
        study.summary.policies["always_on"].emissions
    }

    #[test]
    fn emissions_are_unknown_where_a_source_has_no_intensity() {
        let known = emissions(SITE, 0.0).expect("known");
        // Steps are booked in whole grams.
        assert!((known.g_per_kwh - 400.0).abs() < 1e-3, "{known:?}");
        let site = SITE.replace("carbon_g_per_kwh = 400\n", "");
        assert_eq!(emissions(&site, 0.0), None);
        // What was not drawn from hides nothing.
        let surplus = emissions(&site, 12.0).expect("surplus alone");
        assert_eq!(surplus.tonnes, 0.0);
    }
}

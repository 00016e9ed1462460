//! The best possible: a plan made with perfect foresight, and a bound nobody can pass.
//!
//! The planner is given the truth over the whole period. Its plan is realised through
//! the same world and settlement as every policy, on a fleet without faults. The
//! oracle is the better of that and of the realised dispatch of any policy that kept
//! the limits, ramps and minimum times the plan keeps.
//!
//! The bound is the planner's own, plus money no decision changes. Where the realised plan or
//! `asap`, which always run, are worth more than that because limits were broken, the bound is
//! taken from a second plan instead, on inputs widened to what the meters showed (`relax.rs`),
//! which is used for nothing else. Any other run that broke limits and is worth more stands
//! outside the scale, so that the scale never depends on which policies are listed. In all plans job windows count every step they touch. Behind the run's steps
//! lie those in which open work may still be done (`after.rs`); work whose time ends
//! there costs nothing when undone.

mod after;
mod realise;
mod relax;

use serde::Serialize;
use swingload_model::TimeGrid;
use swingload_model::scenario::Faults;
use swingload_model::site::Use;
use swingload_model::site::tariff::TariffLine;
use swingload_scheduler::build::{Built, Windows, build_with};
use swingload_scheduler::inputs::PlanInputs;
use swingload_scheduler::outlook::Outlook;
use swingload_scheduler::plan::{Budget, Planned, plan};
use swingload_scheduler::state::{JobState, SiteState};

use crate::feed::Publications;
use crate::load::use_index;
use crate::record::PolicyRun;
use crate::results::ZERO;
use crate::run::closed_loop::{ClosedLoop, setup};
use crate::run::recorder::{self, Prices};
use crate::run::{Context, Error, Progress};
use realise::Hindsight;

/// Name under which the oracle is asked for and reported.
pub(crate) const NAME: &str = "oracle";

/// A study's plan with more effort on its bound: what all policies are measured against is
/// proven once. In a year of `simulations/texas-100mw` 40 evaluations leave a bound of
/// 257.48 million USD, 60 of 255.44, 100 of 255.12. Exchanges are left out: realised, they were
/// worth at most 2 currency units in `quickstart`, `gb-wind-surplus` and three weeks each of
/// `texas-100mw` and `oman-green-data-city`, for 15 to 70 % of the oracle's time.
const PROVEN: Budget = Budget {
    bound: 100,
    exchanges: 0,
    ..Budget::STUDY
};

/// A plan to be realised only: its value is proven by another.
const WITHOUT_PROOF: Budget = Budget {
    bound: 0,
    asap: false,
    exchanges: 0,
    ..Budget::STUDY
};

/// Share of a plan's value by which its bound may lie above it before another is taken.
///
/// # Source
/// A year of `simulations/texas-100mw`: 256.98 million USD with the steps after the run, 255.13
/// with every job alone; eight weeks of it need no other bound.
const LOOSE: f64 = 0.005;

/// A plan of which only the bound is used.
const PROOF_ALONE: Budget = Budget {
    polish: 0,
    ..PROVEN
};

/// Shares of the GPUs and power after the run that the plan is left, one after the other, where
/// what was realised fell short of what was planned.
///
/// # Source
/// Eight weeks of `simulations/texas-100mw` (1 March to 26 April 2022): 60.69 million USD planned,
/// 59.86 realised with all of them, 60.42 with 0.4, 60.25 with 0.2.
const LESS_AFTER: [f64; 2] = [0.4, 0.5];

/// Share of the plan's value by which its realisation may fall short of it.
const SHORT: f64 = 0.005;

/// The best possible, in currency over the whole run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Certificate {
    /// No policy that keeps the site's limits can be worth more.
    pub bound: f64,
    /// What the planner said its plan with perfect foresight is worth.
    pub planned: f64,
    /// What that plan was worth when realised.
    pub realised: f64,
    /// The oracle's value: the better of the plan and any policy that kept the limits.
    pub oracle: f64,
    /// Whose dispatch that is.
    pub oracle_is: String,
    /// Policies that kept the limits and were worth more than was proven, which only a mistake
    /// in the bound explains: the bound was widened to what they did.
    pub widened_for: Vec<String>,
}

/// A plan of the whole period on the truth, and what became of it.
pub(crate) struct Foresight {
    /// The plan, realised.
    run: PolicyRun,
    /// What the planner said it is worth, currency.
    planned: f64,
    /// What no plan is worth more than on the site's own limits, currency.
    bound: f64,
    /// Part of the bound that no decision changes, currency.
    extra: f64,
    /// The inputs of the plan, of which a bound is taken where a run broke limits.
    inputs: PlanInputs,
}

/// Plans the whole period on the truth, and realises the plan.
///
/// # Errors
/// Money that cannot be counted.
pub(crate) fn foresee(
    context: &Context<'_>,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Result<Foresight, Error> {
    let setup = setup(context.scenario);
    let grid = &context.truth.grid;
    let (start, end) = (grid.start_s(0), grid.end_s(grid.len() - 1));
    let state = SiteState::asleep(&setup.site, start);
    let jobs: Vec<JobState> = context
        .jobs
        .iter()
        .map(|job| JobState::new(job.clone()))
        .collect();
    let open: Vec<usize> = (0..jobs.len())
        .filter(|j| jobs[*j].job.release < end && !context.never_runs[*j])
        .collect();
    let mut built = build_with(
        &setup,
        &Truth { context },
        &state,
        &jobs,
        &open,
        grid,
        Windows::Touched,
    );
    drop(jobs);
    built.constant -= never_done(context);
    let alone = after::each_alone(context, &context.after, &built);
    let (gpu_node, job) = (&built.gpu_node, &built.job);
    after::extend(context, &context.after, gpu_node, job, &mut built.inputs);
    let planned = plan(&built.inputs, PROVEN);
    let mut certain = planned.bound;
    if certain - planned.value() > LOOSE * planned.value().abs() {
        certain = certain.min(plan(&alone, PROOF_ALONE).bound);
    }
    let inputs = built.inputs.clone();
    let planned = if relax::leave_room(context, &planned, &mut built.inputs) {
        plan(&built.inputs, WITHOUT_PROOF)
    } else {
        planned
    };
    let extra = built.constant + overhead_adders(context) + rounding(context);
    let publications = Publications::new(context.series, start - context.scenario.history.get());
    let realised = |built: &Built, planned: &Planned| {
        let hindsight = Hindsight::new(context, &setup, built, planned);
        let driver = ClosedLoop::with_foresight(context, &publications, Box::new(hindsight));
        recorder::run(context, NAME, &Faults::default(), driver, progress)
    };
    let mut run = realised(&built, &planned)?;
    let promised = planned.value() + built.constant;
    // Settlement does what is left by deadline, which packs gangs worse than the plan did.
    for share in LESS_AFTER {
        if run.ledger.value().as_units() > promised - SHORT * promised.abs() {
            break;
        }
        after::shrink(grid.len(), share, &mut built.inputs);
        let again = realised(&built, &plan(&built.inputs, WITHOUT_PROOF))?;
        if again.ledger.value() > run.ledger.value() {
            run = again;
        }
    }
    Ok(Foresight {
        run,
        planned: promised,
        bound: certain + extra,
        extra,
        inputs,
    })
}

/// Adds the oracle's run to `runs`: the better of the plan and the best of them.
pub(crate) fn add(
    context: &Context<'_>,
    foresight: Foresight,
    runs: &mut Vec<PolicyRun>,
) -> Certificate {
    let Foresight {
        mut run,
        planned,
        mut bound,
        extra,
        inputs: mut loose,
    } = foresight;
    let value = |r: &PolicyRun| r.ledger.value().as_units();
    let realised = value(&run);
    let mut widened = relax::unlimited_starts(&mut loose);
    let scale = runs.iter().filter(|r| r.name == ZERO).chain([&run]);
    for above in scale.filter(|r| value(r) > bound) {
        relax::widen(context, above, &mut loose);
        widened = true;
    }
    if widened {
        bound = plan(&loose, PROVEN).bound + extra;
    }
    let kept = runs.iter().filter(|r| r.incidents.kept_the_rules());
    let above: Vec<&PolicyRun> = kept.clone().filter(|r| value(r) > bound).collect();
    for unproven in &above {
        relax::widen(context, unproven, &mut loose);
    }
    if !above.is_empty() {
        let most = above.iter().map(|r| value(r)).fold(bound, f64::max);
        bound = most.max(plan(&loose, PROVEN).bound + extra);
    }
    let widened_for = above.iter().map(|r| r.name.clone()).collect();
    let best = kept.max_by_key(|r| r.ledger.value());
    let mut oracle_is = NAME.to_owned();
    if let Some(better) = best.filter(|r| r.ledger.value() > run.ledger.value()) {
        oracle_is.clone_from(&better.name);
        run = PolicyRun {
            name: NAME.to_owned(),
            // Its plans were made without hindsight.
            proof: vec![None; better.proof.len()],
            ..better.clone()
        };
    }
    let certificate = Certificate {
        bound,
        planned,
        realised,
        oracle: value(&run),
        oracle_is,
        widened_for,
    };
    runs.push(run);
    certificate
}

/// Penalties of jobs that can never run, which every policy pays.
fn never_done(context: &Context<'_>) -> f64 {
    let grid = &context.truth.grid;
    let last = grid.start_s(grid.len() - 1);
    let jobs = context.jobs.iter().zip(&context.never_runs);
    // A job released within the last step is never submitted.
    jobs.filter(|(job, never)| **never && job.release <= last)
        .map(|(job, _)| job.unmet_penalty.prorated(job.work, 3600).as_units())
        .sum()
}

/// What happens, as the outlook of a planner with perfect foresight.
struct Truth<'a> {
    context: &'a Context<'a>,
}

impl Outlook for Truth<'_> {
    fn mean(&self, series: &str, grid: &TimeGrid) -> Vec<f64> {
        let lines = &self.context.scenario.site.tariff.lines;
        let peaks = lines
            .iter()
            .position(|l| matches!(l, TariffLine::CoincidentPeak { peaks, .. } if peaks == series));
        if let Some(column) = peaks.and_then(|k| self.context.truth.peaks[k].as_ref()) {
            // As settled: how many of the year's intervals fall into each step.
            return (0..grid.len()).map(|t| column.at(t)).collect();
        }
        let known = self
            .context
            .series
            .get(series)
            .and_then(|s| s.on_grid(grid).ok());
        known.unwrap_or_else(|| vec![0.0; grid.len()])
    }

    fn is_truth(&self) -> bool {
        true
    }

    fn quantile(&self, series: &str, grid: &TimeGrid, _pct: u8) -> Vec<f64> {
        self.mean(series, grid)
    }
}

/// The plan charges sleeping and idle watts as overhead; settlement charges a working
/// device wholly to its use. Where overhead bears more adders, that is worth at most this.
fn overhead_adders(context: &Context<'_>) -> f64 {
    let (site, truth) = (&context.scenario.site, &context.truth);
    let prices = Prices::new(site, truth);
    let adder = |used_for: Use, t: usize| prices.adder(use_index(used_for), t);
    let mut total = 0.0;
    for t in 0..truth.grid.len() {
        let overhead = adder(Use::Overhead, t);
        let mut worth = |node: usize, count: u32, watts: i64, use_adder: f64| {
            let mw = f64::from(count) * watts as f64 * truth.factor[node].at(t) as f64
                / crate::truth::PARTS as f64
                / 1e6;
            total += (overhead - use_adder).max(0.0) * mw * truth.grid.hours(t);
        };
        let start = truth.grid.start_s(t);
        for pool in &site.pools {
            worth(
                pool.node,
                pool.count.at(start),
                pool.sleep.get(),
                adder(Use::Hashing, t),
            );
        }
        for pool in &site.gpu_pools {
            worth(
                pool.node,
                pool.count.at(start),
                pool.idle.get(),
                adder(Use::Inference, t).min(adder(Use::Training, t)),
            );
        }
    }
    total
}

/// What rounding to micro-units and whole joules can be worth, at most.
fn rounding(context: &Context<'_>) -> f64 {
    let site = &context.scenario.site;
    let lines = 2 * site.supply.len()
        + site.contracts.len()
        + site.tariff.lines.len()
        + 2 * site.programmes.len();
    let loads = 3 * site.commitments.len()
        + 2 * site.pools.len()
        + 2 * site.services.len()
        + 4 * site.gpu_pools.len();
    let mwh = site.tree.node(0).rating.as_megawatts() * context.truth.grid.span().as_hours();
    // What there is to export is rounded to whole watts.
    let truth = &context.truth;
    let export = truth.supply.iter().map(|block| {
        let of_step = |t: usize| block.forgone.at(t).as_per_mwh() * truth.grid.hours(t);
        5e-7 * (0..truth.grid.len()).map(of_step).sum::<f64>()
    });
    1e-6 * ((lines + loads) * context.truth.grid.len()) as f64
        + 2e-6 * mwh
        + export.sum::<f64>()
        + 1e-6 * context.jobs.len() as f64
}

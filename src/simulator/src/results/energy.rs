//! Energy by use and supply block, and what was paid for it.

use std::collections::BTreeMap;

use serde::Serialize;
use swingload_model::site::supply::SupplyKind;
use swingload_model::units::JOULES_PER_MWH;

use super::use_name;
use crate::load::use_index;
use crate::record::PolicyRun;
use crate::run::Context;
use crate::run::recorder::Prices;
use crate::truth::Truth;

/// Facility energy of a run, MWh.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct EnergySummary {
    /// All of it.
    pub total_mwh: f64,
    /// By use.
    pub by_use_mwh: BTreeMap<String, f64>,
    /// By supply block.
    pub supply: BTreeMap<String, SupplySummary>,
    /// Highest mean power of a step, MW.
    pub peak_mw: f64,
    /// Mean power as a share of the root's usable rating, %.
    pub load_factor_pct: f64,
}

/// A supply block's energy.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct SupplySummary {
    /// What it could have delivered, MWh.
    pub available_mwh: f64,
    /// What was drawn from it, MWh.
    pub drawn_mwh: f64,
    /// What was exported of it, MWh; the rest was not produced, or spilled.
    pub exported_mwh: f64,
    /// Drawn from it by use, MWh.
    pub by_use_mwh: BTreeMap<String, f64>,
}

/// Prices of a run, currency per MWh. `None` where no energy was drawn.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PriceSummary {
    /// The reference price (the grid's, or without one the dearest block's in use) weighted by time.
    pub time_weighted: f64,
    /// The reference price weighted by the site's load.
    pub load_weighted: Option<f64>,
    /// What energy cost per MWh: blocks at their price, what export of what was drawn would have
    /// earned (not a payment), adders and taxes; without demand and peak charges, contracts and
    /// programmes.
    pub effective: Option<f64>,
    /// The same by use.
    pub by_use: BTreeMap<String, UsePrice>,
}

/// Prices of one use, currency per MWh.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, schemars::JsonSchema)]
pub struct UsePrice {
    /// The reference price, adders left out, weighted by the use's load.
    pub load_weighted: f64,
    /// What it cost, as in `effective` of the whole.
    pub effective: f64,
}

fn mwh(joules: i64) -> f64 {
    joules as f64 / JOULES_PER_MWH as f64
}

/// What a supply block could have delivered over the run, MWh.
///
/// Joules of a block that stands for "unlimited" do not fit 64 bits over a year.
pub(super) fn available_mwh(truth: &Truth, block: usize) -> f64 {
    let joules = |t| {
        let watts = i128::from(truth.supply[block].available.at(t));
        watts * i128::from(truth.grid.duration(t).get())
    };
    let all: i128 = (0..truth.grid.len()).map(joules).sum();
    all as f64 / JOULES_PER_MWH as f64
}

/// Facility joules per use.
pub(super) fn by_use(context: &Context<'_>, run: &PolicyRun) -> [i64; 4] {
    let mut uses = [0; 4];
    for (load, energy) in context.loads.all.iter().zip(&run.load_energy) {
        uses[use_index(load.used_for)] += energy.iter().sum::<i64>();
    }
    uses
}

pub(super) fn energy(context: &Context<'_>, run: &PolicyRun) -> EnergySummary {
    let (site, truth) = (&context.scenario.site, &context.truth);
    let uses = by_use(context, run);
    let total = mwh(uses.iter().sum());
    let supply = site.supply.iter().enumerate().map(|(k, block)| {
        let summary = SupplySummary {
            available_mwh: available_mwh(truth, k),
            drawn_mwh: mwh(run.supply_energy[k].iter().sum()),
            exported_mwh: run.exported[k] as f64 / JOULES_PER_MWH as f64,
            by_use_mwh: (0..4)
                .map(|u| (use_name(u), mwh(run.energy_by_supply_and_use[k][u])))
                .collect(),
        };
        (block.id.clone(), summary)
    });
    let usable = site.tree.node(0).usable().as_megawatts();
    EnergySummary {
        total_mwh: total,
        by_use_mwh: (0..4).map(|u| (use_name(u), mwh(uses[u]))).collect(),
        supply: supply.collect(),
        peak_mw: run.node_peak[0] as f64 / 1e6,
        load_factor_pct: 100.0 * total / truth.grid.span().as_hours() / usable,
    }
}

pub(super) fn prices(context: &Context<'_>, run: &PolicyRun) -> PriceSummary {
    let (site, truth) = (&context.scenario.site, &context.truth);
    let prices = Prices::new(site, truth);
    let mut time = 0.0;
    let mut weighted = [0.0; 4];
    for t in 0..truth.grid.len() {
        let reference = prices.reference(truth, t, |k| run.supply_energy[k][t]);
        time += reference * truth.grid.hours(t);
        for (load, energy) in context.loads.all.iter().zip(&run.load_energy) {
            weighted[use_index(load.used_for)] += reference * mwh(energy[t]);
        }
    }
    let uses = by_use(context, run).map(mwh);
    let total: f64 = uses.iter().sum();
    let per = |amount: f64, energy: f64| (energy > 0.0).then(|| amount / energy);
    let by_use = (0..4).filter(|u| uses[*u] > 0.0).map(|u| {
        let price = UsePrice {
            load_weighted: weighted[u] / uses[u],
            effective: run.energy_cost_by_use[u] / uses[u],
        };
        (use_name(u), price)
    });
    PriceSummary {
        time_weighted: time / truth.grid.span().as_hours(),
        load_weighted: per(weighted.iter().sum(), total),
        effective: per(run.energy_cost_by_use.iter().sum(), total),
        by_use: by_use.collect(),
    }
}

/// Whether a block is surplus.
pub(super) fn is_surplus(kind: SupplyKind) -> bool {
    kind == SupplyKind::Surplus
}

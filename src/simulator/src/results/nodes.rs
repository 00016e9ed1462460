//! Nodes of the power tree: what each region or hall drew, and what it paid.

use std::collections::BTreeMap;

use serde::Serialize;
use swingload_model::site::Use;
use swingload_model::site::tariff::TariffLine;
use swingload_model::units::JOULES_PER_MWH;

use super::energy::{available_mwh, is_surplus};
use super::use_name;
use crate::load::use_index;
use crate::record::PolicyRun;
use crate::run::Context;

/// A node with everything below it.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct NodeSummary {
    /// Facility energy drawn below it, MWh.
    pub energy_mwh: f64,
    /// The same by use.
    pub by_use_mwh: BTreeMap<String, f64>,
    /// Energy drawn from surplus blocks that hang below it, MWh.
    pub surplus_mwh: f64,
    /// Surplus there was below it, MWh.
    pub surplus_available_mwh: f64,
    /// Energy that came in from above for the loads below it, MWh.
    pub imported_mwh: f64,
    /// Energy sent up to serve loads elsewhere, MWh. What is exported to the grid because nobody
    /// uses it is not in it: it is told of each supply block.
    pub exported_mwh: f64,
    /// Highest mean power of a step, MW.
    pub peak_mw: f64,
    /// Hours in which its import stood at its limit (99 % of it); at the root, all that is drawn below it.
    pub hours_at_limit: f64,
    /// Adders that are no tax on its energy, currency: where blocks are priced at marginal
    /// fuel cost, what the use contributes to capacity payments and wires.
    pub adders: f64,
    /// Taxes on its energy, currency.
    pub taxes: f64,
}

pub(super) fn nodes(context: &Context<'_>, run: &PolicyRun) -> BTreeMap<String, NodeSummary> {
    let site = &context.scenario.site;
    (0..site.tree.len())
        .map(|node| (site.tree.node(node).id.clone(), summary(context, run, node)))
        .collect()
}

fn summary(context: &Context<'_>, run: &PolicyRun, node: usize) -> NodeSummary {
    let (site, truth) = (&context.scenario.site, &context.truth);
    let grid = &truth.grid;
    let mwh = |joules: i64| joules as f64 / JOULES_PER_MWH as f64;
    let below = |at: usize| site.tree.path_to_root(at).contains(&node);
    let loads: Vec<usize> = (0..context.loads.all.len())
        .filter(|k| below(context.loads.all[*k].node))
        .collect();
    let supplies: Vec<usize> = (0..site.supply.len())
        .filter(|k| below(site.supply[*k].node))
        .collect();
    let mut s = NodeSummary {
        energy_mwh: 0.0,
        by_use_mwh: BTreeMap::new(),
        surplus_mwh: 0.0,
        surplus_available_mwh: 0.0,
        imported_mwh: 0.0,
        exported_mwh: 0.0,
        peak_mw: run.node_peak[node] as f64 / 1e6,
        hours_at_limit: 0.0,
        adders: 0.0,
        taxes: 0.0,
    };
    let charges = charges(context);
    let (mut uses, mut imported, mut exported) = ([0i64; 4], 0i64, 0i64);
    for t in 0..grid.len() {
        let mut drawn = [0i64; 4];
        for k in &loads {
            drawn[use_index(context.loads.all[*k].used_for)] += run.load_energy[*k][t];
        }
        let supplied: i64 = supplies.iter().map(|k| run.supply_energy[*k][t]).sum();
        // As `Flow::import`: what blocks deliver to loads, without what is exported of the rest.
        let import = drawn.iter().sum::<i64>() - supplied;
        imported += import.max(0);
        exported += (-import).max(0);
        let limit = truth.limit[node].at(t) * grid.duration(t).get();
        // The root's bus carries all load, whatever feeds it.
        let carried = if node == 0 {
            drawn.iter().sum()
        } else {
            import
        };
        if carried as f64 >= 0.99 * limit as f64 && carried > 0 {
            s.hours_at_limit += grid.hours(t);
        }
        for u in 0..4 {
            uses[u] += drawn[u];
            s.adders += mwh(drawn[u]) * charges[u].0.at(t);
            s.taxes += mwh(drawn[u]) * charges[u].1.at(t);
        }
    }
    for k in supplies
        .iter()
        .filter(|k| is_surplus(site.supply[**k].kind))
    {
        s.surplus_mwh += mwh(run.supply_energy[*k].iter().sum());
        s.surplus_available_mwh += available_mwh(truth, *k);
    }
    s.energy_mwh = mwh(uses.iter().sum());
    s.by_use_mwh = (0..4).map(|u| (use_name(u), mwh(uses[u]))).collect();
    s.imported_mwh = mwh(imported);
    s.exported_mwh = mwh(exported);
    s
}

/// Per use: adders that are no tax, and taxes, currency per MWh.
fn charges(context: &Context<'_>) -> [(crate::column::Column<f64>, crate::column::Column<f64>); 4] {
    use crate::column::Column;
    let (site, truth) = (&context.scenario.site, &context.truth);
    let sum = |used_for: Use, wanted: bool| {
        let lines = site.tariff.lines.iter().filter_map(|line| match line {
            TariffLine::Adder {
                per_mwh, uses, tax, ..
            } if uses.contains(&used_for) && *tax == wanted => Some(truth.amount(per_mwh)),
            _ => None,
        });
        lines.fold(Column::Constant(0.0), |a, b| a.plus(&b, truth.grid.len()))
    };
    Use::ALL.map(|u| (sum(u, false), sum(u, true)))
}

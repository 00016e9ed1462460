//! The decisions that cost most, seen with the price that came.
//!
//! A load that drew power worth less than its energy, or stayed off although there was
//! room and its power would have been worth more. Neighbouring steps of one load and
//! kind are one decision. Only policies that give reasons say what a load is worth.

use swingload_model::plan::ReasonCode;
use swingload_model::site::Use;
use swingload_model::site::tariff::TariffLine;
use swingload_model::units::JOULES_PER_MWH;
use swingload_simulator::load::LoadKind;

use crate::Results;
use crate::html::DearDecision;
use crate::reasons::Reasons;
use crate::words::phrase;

/// Decisions shown.
const SHOWN: usize = 10;

/// A decision and the step at which it began.
pub(super) struct Dear {
    pub(super) step: usize,
    pub(super) shown: DearDecision,
}

/// A stretch of steps in which one load was wrong in one way.
struct Stretch {
    from: usize,
    until: usize,
    drew: bool,
    joules: i64,
    cost: f64,
    spent: f64,
    code: ReasonCode,
}

/// Dearest first; fewer than ten when fewer cost anything.
pub(super) fn decisions(results: &Results) -> Vec<Dear> {
    let study = &results.study;
    let (grid, run) = (&study.truth.grid, results.main());
    let adders = Use::ALL.map(|used_for| adder(results, used_for));
    let mut reasons = Reasons::new(study, run);
    let mut open: Vec<Option<Stretch>> = study.loads.iter().map(|_| None).collect();
    let mut closed: Vec<(usize, Stretch)> = Vec::new();
    for t in 0..grid.len() {
        let drawn: i64 = run.load_energy.iter().map(|energy| energy[t]).sum();
        let mut left = (results.room(t) * grid.duration(t).get() - drawn).max(0);
        let whys = reasons.at(t);
        for (k, load) in study.loads.iter().enumerate() {
            let used_for = Use::ALL
                .iter()
                .position(|u| *u == load.used_for)
                .unwrap_or(0);
            let price = results.reference_price(t) + adders[used_for].at(t);
            let wrong = whys[k].given().and_then(|reason| {
                let energy = run.load_energy[k][t];
                let worth = f64::from(reason.value) - price;
                let chosen = matches!(reason.code, ReasonCode::Unprofitable | ReasonCode::Deferred);
                let (drew, joules) =
                    if energy > 0 && worth < 0.0 && reason.code != ReasonCode::MustServe {
                        (true, energy)
                    } else if energy == 0 && worth > 0.0 && chosen {
                        let idle = idle(results, load.kind, load.node, t).min(left);
                        left -= idle;
                        (false, idle)
                    } else {
                        return None;
                    };
                let mwh = joules as f64 / JOULES_PER_MWH as f64;
                (joules > 0).then(|| (drew, joules, worth.abs() * mwh, price * mwh, reason.code))
            });
            let same = match (&open[k], &wrong) {
                (Some(stretch), Some(wrong)) => stretch.drew == wrong.0,
                _ => false,
            };
            if !same && let Some(stretch) = open[k].take() {
                closed.push((k, stretch));
            }
            if let Some((drew, joules, cost, spent, code)) = wrong {
                let stretch = open[k].get_or_insert(Stretch {
                    from: t,
                    until: t,
                    drew,
                    joules: 0,
                    cost: 0.0,
                    spent: 0.0,
                    code,
                });
                stretch.until = t;
                stretch.joules += joules;
                stretch.cost += cost;
                stretch.spent += spent;
            }
        }
    }
    closed.extend(
        open.into_iter()
            .enumerate()
            .filter_map(|(k, s)| Some((k, s?))),
    );
    closed.sort_by(|(ka, a), (kb, b)| {
        b.cost
            .total_cmp(&a.cost)
            .then(a.from.cmp(&b.from))
            .then(ka.cmp(kb))
    });
    closed.truncate(SHOWN);
    closed
        .into_iter()
        .map(|(k, stretch)| show(results, k, &stretch))
        .collect()
}

fn show(results: &Results, k: usize, stretch: &Stretch) -> Dear {
    let study = &results.study;
    let (grid, load) = (&study.truth.grid, &study.loads[k]);
    let (start, end) = (grid.start_s(stretch.from), grid.end_s(stretch.until));
    let hours = (end - start) as f64 / 3600.0;
    let mwh = stretch.joules as f64 / JOULES_PER_MWH as f64;
    let worth = (stretch.spent
        + if stretch.drew {
            -stretch.cost
        } else {
            stretch.cost
        })
        / mwh;
    let currency = &study.scenario.site.currency;
    let (did, alternative) = if stretch.drew {
        (load.used_for.name().to_owned(), "nothing".to_owned())
    } else {
        ("nothing".to_owned(), load.id.clone())
    };
    let shown = DearDecision {
        start,
        node: study.scenario.site.tree.node(load.node).id.clone(),
        usage: did,
        watts: stretch.joules / (end - start),
        price: stretch.spent / mwh,
        cost: stretch.cost,
        reason: format!("{}, for {hours:.1} h: {}.", load.id, phrase(stretch.code)),
        alternative: format!("{alternative}: its power was worth {worth:.0} {currency}/MWh."),
    };
    Dear {
        step: stretch.from,
        shown,
    }
}

/// Joules a load that draws nothing could have drawn at step `t`; only miners are sure
/// to have had work.
fn idle(results: &Results, kind: LoadKind, node: usize, t: usize) -> i64 {
    let study = &results.study;
    let LoadKind::Pool(p) = kind else {
        return 0;
    };
    let pool = &study.scenario.site.pools[p];
    let top = pool.points.last().map_or(0, |point| point.power.get());
    let devices = results.main().pools[p].available[t] as i64;
    let it = top * devices * study.truth.grid.duration(t).get();
    study.truth.facility(node, t, it)
}

/// All charges per MWh on a use.
fn adder(results: &Results, used_for: Use) -> swingload_simulator::column::Column<f64> {
    use swingload_simulator::column::Column;
    let study = &results.study;
    let steps = study.truth.grid.len();
    let lines = study.scenario.site.tariff.lines.iter();
    lines
        .filter_map(|line| match line {
            TariffLine::Adder { per_mwh, uses, .. } if uses.contains(&used_for) => {
                Some(study.truth.amount(per_mwh))
            }
            _ => None,
        })
        .fold(Column::Constant(0.0), |sum, more| sum.plus(&more, steps))
}

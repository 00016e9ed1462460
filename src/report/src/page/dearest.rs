//! The decisions that cost most, seen with the price that came.
//!
//! A load whose power earned less than it cost, or a miner pool that stayed off although
//! there was room and its power would have earned more. Neighbouring steps of one load and
//! kind are one decision. Only policies that give reasons decide load by load.

use swingload_model::plan::ReasonCode;
use swingload_model::units::JOULES_PER_MWH;

use super::hindsight::{Balance, Hindsight};
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
    sum: Balance,
    code: ReasonCode,
}

/// Dearest first; fewer than ten when fewer cost anything.
pub(super) fn decisions(results: &Results) -> Vec<Dear> {
    let study = &results.study;
    let mut reasons = Reasons::new(study, results.main());
    let hindsight = Hindsight::new(results);
    let mut open: Vec<Option<Stretch>> = study.loads.iter().map(|_| None).collect();
    let mut closed: Vec<(usize, Stretch)> = Vec::new();
    for t in 0..study.truth.grid.len() {
        let mut room = hindsight.room(t);
        let whys = reasons.at(t);
        for (k, why) in whys.iter().enumerate() {
            let code = why.given().map(|reason| reason.code);
            let wrong = code.and_then(|code| wrong(results, &hindsight, (k, t), code, &mut room));
            let same = match (&open[k], &wrong) {
                (Some(stretch), Some((drew, _))) => stretch.drew == *drew,
                _ => false,
            };
            if !same && let Some(stretch) = open[k].take() {
                closed.push((k, stretch));
            }
            if let (Some((drew, balance)), Some(code)) = (wrong, code) {
                let stretch = open[k].get_or_insert(Stretch {
                    from: t,
                    until: t,
                    drew,
                    sum: Balance::default(),
                    code,
                });
                stretch.until = t;
                stretch.sum.joules += balance.joules;
                stretch.sum.earned += balance.earned;
                stretch.sum.cost += balance.cost;
            }
        }
    }
    closed.extend(
        open.into_iter()
            .enumerate()
            .filter_map(|(k, s)| Some((k, s?))),
    );
    closed.sort_by(|(ka, a), (kb, b)| {
        b.sum
            .left()
            .abs()
            .total_cmp(&a.sum.left().abs())
            .then(a.from.cmp(&b.from))
            .then(ka.cmp(kb))
    });
    closed.truncate(SHOWN);
    closed
        .into_iter()
        .map(|(k, stretch)| show(results, k, &stretch))
        .collect()
}

/// Whether load `k` drew power at step `t` that earned less than it cost, or left `room`
/// unused that would have earned more; and by how much.
fn wrong(
    results: &Results,
    hindsight: &Hindsight<'_>,
    (k, t): (usize, usize),
    code: ReasonCode,
    room: &mut i64,
) -> Option<(bool, Balance)> {
    if results.main().load_energy[k][t] > 0 {
        let drawn = hindsight.drawn(k, t);
        let promised = code == ReasonCode::MustServe;
        return (drawn.left() < 0.0 && !promised).then_some((true, drawn));
    }
    let chosen = matches!(code, ReasonCode::Unprofitable | ReasonCode::Deferred);
    let missed = hindsight.missed(k, t, *room).filter(|_| chosen)?;
    (missed.left() > 0.0).then(|| {
        *room -= missed.joules;
        (false, missed)
    })
}

fn show(results: &Results, k: usize, stretch: &Stretch) -> Dear {
    let study = &results.study;
    let (grid, load) = (&study.truth.grid, &study.loads[k]);
    let (start, end) = (grid.start_s(stretch.from), grid.end_s(stretch.until));
    let hours = (end - start) as f64 / 3600.0;
    let mwh = stretch.sum.joules as f64 / JOULES_PER_MWH as f64;
    let currency = &study.scenario.site.currency;
    let (usage, alternative) = if stretch.drew {
        (load.used_for.name(), "nothing: its power earned")
    } else {
        ("nothing", "to run it: its power would have earned")
    };
    let shown = DearDecision {
        start,
        node: study.scenario.site.tree.node(load.node).id.clone(),
        usage: usage.to_owned(),
        watts: stretch.sum.joules / (end - start),
        price: stretch.sum.cost / mwh,
        cost: stretch.sum.left().abs(),
        reason: format!("{}, for {hours:.1} h: {}.", load.id, phrase(stretch.code)),
        alternative: format!(
            "{alternative} {:.0} {currency}/MWh.",
            stretch.sum.earned / mwh
        ),
    };
    Dear {
        step: stretch.from,
        shown,
    }
}

#[cfg(test)]
mod tests;

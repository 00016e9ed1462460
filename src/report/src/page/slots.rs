//! Why each slot was assigned as it was.

use swingload_model::site::Use as SiteUse;
use swingload_model::site::commitment::CommitmentKind;
use swingload_model::site::tariff::TariffLine;

use super::series::usage;
use crate::Results;
use crate::html::{Decision, Slots, Use};
use crate::reasons::{Reasons, load_name};
use crate::words::{CODES, sentence, thousands};

/// Steps of the window at most: a month at five minutes.
const STEPS_MAX: usize = 9_000;

/// Decisions in numbers of the page at most; what is beyond narrows the window, so that
/// a site of many loads stays a page of a few megabytes.
const DECISIONS_MAX: usize = 180_000;

/// All steps of the main policy, or those around `centre` where there are too many.
pub(super) fn slots(results: &Results, centre: Option<usize>) -> Slots {
    let study = &results.study;
    let (grid, site) = (&study.truth.grid, &study.scenario.site);
    let run = results.main();
    let room = STEPS_MAX
        .min(DECISIONS_MAX / (study.loads.len() + 1))
        .min(grid.len());
    let from = centre
        .unwrap_or(0)
        .saturating_sub(room / 2)
        .min(grid.len() - room);
    let window = from..from + room;
    let starts = window.clone().map(|t| grid.start_s(t)).collect();
    let mut slots = Slots::new(starts, grid.end_s(window.end - 1));
    for code in CODES {
        slots.reason(code.name(), sentence(code));
    }
    slots.reason(
        "rule",
        "The policy's fixed rule; it compares no alternatives.",
    );
    slots.reason(
        "overhead",
        "Fixed overhead and idle watts, drawn whatever is decided.",
    );
    slots.reason("no_job", "No job is there that could run.");
    slots.reason(
        "left_unused",
        "Under the limit, and no use was worth its price.",
    );
    let price: Vec<Option<f64>> = window
        .clone()
        .map(|t| Some(results.reference_price(run, t)))
        .collect();
    charges(results, &mut slots, window.clone());
    let mut nodes: Vec<Option<usize>> = vec![None; site.tree.len()];
    let mut node = |slots: &mut Slots, at: usize| {
        *nodes[at].get_or_insert_with(|| slots.node(site.tree.node(at).id.clone(), price.clone()))
    };
    let lines: Vec<_> = study
        .loads
        .iter()
        .map(|load| {
            let at = node(&mut slots, load.node);
            slots.line(at, usage(load.used_for), load.id.clone())
        })
        .collect();
    let root = node(&mut slots, 0);
    let nothing = slots.line(root, Use::Nothing, "");
    let mut reasons = Reasons::new(study, run);
    for t in 0..window.end {
        let whys = reasons.at(t);
        if t < window.start {
            continue;
        }
        for text in asked(results, t) {
            slots.event(t - from, &text);
        }
        let mut drawn = 0;
        for (k, (line, why)) in lines.iter().zip(whys).enumerate() {
            let watts = run.load_energy[k][t] / grid.duration(t).get();
            drawn += watts;
            let given = why.given();
            let decision = Decision {
                watts,
                reason: why.code(),
                runner_up: given.and_then(|g| g.runner_up).map(|l| load_name(study, l)),
                margin: given.map(|g| f64::from(g.margin)),
                value: given.map(|g| f64::from(g.value)),
                held: given.map(|g| f64::from(g.price)),
            };
            slots.set(*line, t - from, decision);
        }
        let left = Decision {
            watts: (results.room(t) - drawn).max(0),
            reason: "left_unused",
            ..Decision::default()
        };
        slots.set(nothing, t - from, left);
    }
    slots
}

/// Charges within what power was held against: adders on all uses as they were, and what
/// was expected of coincident peaks.
fn charges(results: &Results, slots: &mut Slots, window: std::ops::Range<usize>) {
    let (site, truth) = (&results.study.scenario.site, &results.study.truth);
    let run = results.main();
    for line in &site.tariff.lines {
        let TariffLine::Adder {
            id, per_mwh, uses, ..
        } = line
        else {
            continue;
        };
        if SiteUse::ALL.iter().all(|u| uses.contains(u)) {
            let amount = truth.amount(per_mwh);
            let of_step = |t| Some(amount.at(t)).filter(|a| *a != 0.0);
            slots.charge(id, window.clone().map(of_step).collect(), None);
        }
    }
    let peaks: Vec<(&str, f64)> = (site.tariff.lines.iter())
        .filter_map(|line| match line {
            TariffLine::CoincidentPeak {
                id,
                per_kw_year,
                intervals_per_year,
                ..
            } => {
                let per_mw = per_kw_year.as_units() * 1000.0 / f64::from(*intervals_per_year);
                Some((id.as_str(), per_mw / truth.grid.hours(0)))
            }
            _ => None,
        })
        .collect();
    let expected = |t: usize| {
        let charge = run.peak_charge.get(t).map(|c| f64::from(*c));
        charge.filter(|c| *c > 0.0)
    };
    if !peaks.is_empty() {
        let names: Vec<&str> = peaks.iter().map(|(id, _)| *id).collect();
        // Of several lines the chance of each cannot be told from their sum.
        let alone = (peaks.len() == 1).then(|| peaks[0].1);
        slots.charge(names.join(" and "), window.map(expected).collect(), alone);
    }
}

/// What programmes, contracts and the grid ask of the site at step `t`, in words.
fn asked(results: &Results, t: usize) -> Vec<String> {
    let study = &results.study;
    let (site, truth) = (&study.scenario.site, &study.truth);
    let per_mwh = format!("{}/MWh", site.currency);
    let above = |id: &str, watts: i64, penalty: f64| {
        let megawatts = thousands(watts as f64 / 1e6, 1);
        format!("{id}: at most {megawatts} MW, {penalty} {per_mwh} above it.")
    };
    let mut all = Vec::new();
    for programme in &site.programmes {
        let calls = programme.calls.as_ref().and_then(|name| truth.series(name));
        if calls.is_some_and(|calls| calls[t] > 0.0) {
            let watts = (programme.firm_mw * 1e6) as i64;
            let text = above(&programme.id, watts, programme.penalty_per_mwh);
            all.push(format!("Called by {text}"));
        }
    }
    for (c, commitment) in site.commitments.iter().enumerate() {
        if let CommitmentKind::PowerLimit {
            penalty_per_mwh, ..
        } = &commitment.kind
            && commitment.binds(truth.grid.start_s(t))
        {
            let text = above(&commitment.id, truth.committed[c].at(t), *penalty_per_mwh);
            all.push(format!("Limited by {text}"));
        }
    }
    for (line, peaks) in site.tariff.lines.iter().zip(&truth.peaks) {
        if peaks.as_ref().is_some_and(|peaks| peaks.at(t) > 0.0) {
            all.push(format!(
                "Peak of the grid that {} is charged on.",
                line.id()
            ));
        }
    }
    all
}

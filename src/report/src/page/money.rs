//! Money by policy and by lever.

use swingload_simulator::ledger::LineKind as K;
use swingload_simulator::results::{GainSummary, Summary};

use crate::Results;
use crate::html::{Bar, BarKind, PolicyMoney, PolicyMoneyRow, Waterfall};
use crate::tables::LEVERS;

/// What a value is made of, with the lines that belong to it.
const PARTS: [(&str, &[K]); 8] = [
    ("Hashing", &[K::Mining]),
    ("Jobs", &[K::JobValue, K::OpenWork]),
    (
        "Inference and hosting",
        &[K::Inference, K::Hosting, K::TakeOrPay],
    ),
    ("Programmes", &[K::Availability, K::CallPenalty]),
    ("Energy", &[K::Energy, K::Export, K::Contract]),
    ("Charges and taxes", &[K::Adder, K::Tax]),
    (
        "Demand and peaks",
        &[K::Demand, K::CoincidentPeak, K::PowerLimit],
    ),
    (
        "Wear, lateness, penalties",
        &[
            K::Wear,
            K::JobLateness,
            K::JobLostWork,
            K::JobUnmet,
            K::InferencePenalty,
            K::HostingPenalty,
        ],
    ),
];

pub(super) fn policies(results: &Results) -> PolicyMoney {
    let row = |(name, summary): (&str, &Summary)| PolicyMoneyRow {
        policy: name.to_owned(),
        value: summary.value,
        parts: PARTS.iter().map(|(_, kinds)| sum(summary, kinds)).collect(),
    };
    PolicyMoney {
        baseline: results.summary().baseline.clone(),
        bound: results.summary().gain.as_ref().map(|gain| gain.bound),
        parts: PARTS.iter().map(|(name, _)| (*name).to_owned()).collect(),
        rows: results.policies().map(row).collect(),
    }
}

fn sum(summary: &Summary, kinds: &[K]) -> f64 {
    kinds
        .iter()
        .filter_map(|kind| summary.by_kind.get(kind))
        .sum()
}

/// From the baseline to the main policy, and to the bound where there is one.
pub(super) fn levers(results: &Results) -> Option<Waterfall> {
    let summary = results.summary();
    let main = results.policy(results.main_policy())?;
    // The baseline has nothing to be compared with.
    if summary.baseline == results.main_policy() {
        return None;
    }
    let bar = |label: &str, kind: BarKind, amount: f64, help: &str| Bar {
        label: label.to_owned(),
        kind,
        amount,
        help: help.to_owned(),
    };
    let mut bars = vec![bar(
        &summary.baseline,
        BarKind::Total,
        summary.baseline_value,
        "The baseline.",
    )];
    bars.extend(
        LEVERS
            .iter()
            .map(|(label, part, help)| bar(label, BarKind::Change, part(&main.levers), help)),
    );
    bars.push(bar(
        results.main_policy(),
        BarKind::Total,
        main.value,
        "The policy shown here.",
    ));
    let is_inside = |gain: &&GainSummary| !gain.outside.iter().any(|n| n == results.main_policy());
    if let Some(gain) = summary.gain.as_ref().filter(is_inside) {
        let left = gain.bound - main.value;
        let help = "What no plan is known to reach: foresight, and what the bound gives away.";
        bars.push(bar("left", BarKind::Missed, left, help));
        let help = "Proven: no policy can be worth more.";
        bars.push(bar("bound", BarKind::Total, gain.bound, help));
    }
    Some(Waterfall {
        bars,
        note: "Every load's energy is charged at the grid's price; what cheaper sources save \
               against it is the surplus lever. The levers add up to the difference."
            .to_owned(),
    })
}

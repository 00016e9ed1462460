//! `swingload policies` and `swingload models`.

use swingload_model::catalogue::{AsicModel, Catalogue, GpuModel};
use swingload_model::scenario::file::POLICY_NAMES;
use swingload_report::terminal::{draw, wrap};
use swingload_report::{Cell, Column, Table};

use crate::failure::Failure;
use crate::output;

/// One line per policy.
const POLICIES: [(&str, &str); 10] = [
    (
        "always_on",
        "everything runs at its top point whenever limits allow, jobs as they come",
    ),
    (
        "breakeven",
        "each device model stops at its own break-even price",
    ),
    (
        "strike",
        "two price thresholds with a dwell time, tuned on the days before",
    ),
    (
        "asap",
        "jobs as soon as possible, gangs whole; miners at their break-even price",
    ),
    (
        "quantile",
        "runs in the cheapest share of the expected hours",
    ),
    (
        "static_split",
        "a fixed power for mining and a fixed power for GPUs",
    ),
    ("mining_only", "the planner, with miners only"),
    ("ai_only", "the planner, with GPUs only"),
    (
        "swingload",
        "one plan over hashing, inference and training, renewed at every step",
    ),
    (
        "oracle",
        "perfect foresight, with a proven upper bound for all the others",
    ),
];

/// Lists the policies.
pub(crate) fn policies() -> Result<(), Failure> {
    let width = output::style().width;
    let mut text = String::new();
    for name in POLICY_NAMES {
        let about = POLICIES
            .iter()
            .find(|(known, _)| *known == name)
            .map_or("", |(_, about)| about);
        let about = wrap(about, width.saturating_sub(14), "              ");
        text += format!("{name:<14}{about}").trim_end();
        text.push('\n');
    }
    text += "\nChoose with --policies A,B or `policies.run` of a scenario.\n";
    output::print(&text)
}

/// Lists ASIC and GPU models with their sources.
pub(crate) fn models() -> Result<(), Failure> {
    let style = output::style();
    let catalogue = Catalogue::embedded();
    let column = |label: &str, unit: &str, decimals: u8| Column {
        label: label.into(),
        unit: unit.into(),
        decimals,
        ..Column::default()
    };
    let asics = Table {
        columns: vec![
            column("ASIC", "", 0),
            column("hashrate", "TH/s", 1),
            column("power", "W", 0),
            column("efficiency", "J/TH", 1),
            column("source", "", 0),
        ],
        rows: catalogue.asics.iter().map(asic).collect(),
        ..Table::default()
    };
    let gpus = Table {
        columns: vec![
            column("GPU", "", 0),
            column("running", "W", 0),
            column("capped", "W", 0),
            column("idle", "W", 0),
            column("source", "", 0),
        ],
        rows: catalogue.gpus.iter().map(gpu).collect(),
        ..Table::default()
    };
    let notes = [
        "ASICs: rated figures at the wall. Part load follows published points where there are \
         any, otherwise power is proportional to hashrate^1.6 (derived).",
        "GPUs: per GPU at the IT level, its share of host and network included.",
    ];
    let mut text = format!("{}\n\n{}\n\n", draw(&asics, style), draw(&gpus, style));
    for note in notes {
        text += &format!("{}\n", wrap(note, style.width, ""));
    }
    output::print(&text)
}

fn asic(model: &AsicModel) -> Vec<Cell> {
    vec![
        model.model.as_str().into(),
        model.hashrate_th_per_s.into(),
        model.power_w.into(),
        (model.power_w / model.hashrate_th_per_s).into(),
        model.source.as_str().into(),
    ]
}

fn gpu(model: &GpuModel) -> Vec<Cell> {
    vec![
        model.model.as_str().into(),
        model.running_w.into(),
        model.capped_w.into(),
        model.idle_w.into(),
        model.source.as_str().into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_is_described() {
        let described: Vec<&str> = POLICIES.iter().map(|(name, _)| *name).collect();
        assert_eq!(described, POLICY_NAMES);
    }
}

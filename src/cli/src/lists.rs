//! `swingload policies` and `swingload models`.

use swingload_model::catalogue::{AsicModel, Catalogue, GpuModel};
use swingload_model::scenario::names::POLICIES;
use swingload_report::terminal::{draw, wrap};
use swingload_report::{Cell, Column, Table};

use crate::failure::Failure;
use crate::output;

/// Lists the policies.
pub(crate) fn policies() -> Result<(), Failure> {
    let width = output::style().width;
    let mut text = String::new();
    for policy in POLICIES {
        let about = wrap(policy.about, width.saturating_sub(14), "              ");
        text += format!("{:<14}{about}", policy.name).trim_end();
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

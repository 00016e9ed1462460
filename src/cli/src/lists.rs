//! `swingload policies` and `swingload models`.

use swingload_model::catalogue::{AsicModel, Catalogue, GpuModel};
use swingload_model::scenario::names::{Named, POLICIES};
use swingload_report::terminal::{draw, wrap};
use swingload_report::{Cell, Column, Table};

use crate::failure::Failure;
use crate::output;

/// Lists the policies.
pub(crate) fn policies() -> Result<(), Failure> {
    let mut text = names(POLICIES, output::style().width);
    text += "\nChoose with --policies A,B or `policies.run` of a scenario.\n";
    output::print(&text)
}

/// Names in a column as wide as the longest, each with what it is.
fn names(all: &[Named], width: usize) -> String {
    let longest = all.iter().map(|named| named.name.chars().count()).max();
    let column = longest.unwrap_or(0) + 2;
    let row = |named: &Named| {
        let (name, about) = (named.name, named.about);
        let about = wrap(about, width.saturating_sub(column), &" ".repeat(column));
        format!("{name:<column$}{about}").trim_end().to_owned() + "\n"
    };
    all.iter().map(row).collect()
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
    use super::{POLICIES, names};

    #[test]
    fn a_long_name_stands_apart_from_its_description() {
        let text = names(POLICIES, 60);
        let longest = POLICIES.iter().map(|p| p.name.len()).max().expect("some");
        for policy in POLICIES {
            let line = text
                .lines()
                .find(|l| l.split(' ').next() == Some(policy.name));
            let line = line.unwrap_or_else(|| panic!("{} in\n{text}", policy.name));
            let about = &line[longest + 2..];
            assert!(policy.about.starts_with(about), "{line}");
            assert!(line[policy.name.len()..longest + 2].trim().is_empty());
        }
        assert!(
            text.lines().all(|line| line.chars().count() <= 60),
            "{text}"
        );
    }
}

//! Every scenario of the repository is valid, and so is each of its variants.

use std::path::{Path, PathBuf};

use swingload_model::catalogue::Catalogue;
use swingload_model::document::Override;
use swingload_model::scenario::{Scenario, ScenarioFile};

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../simulations");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root)
        .expect("simulations/")
        .map(|entry| entry.expect("entry").path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn build(folder: &Path, overrides: &[Override]) -> (ScenarioFile, Scenario) {
    let name = folder.display().to_string();
    let text = read(&folder.join("scenario.toml"));
    let (raw, _) = ScenarioFile::from_toml("scenario.toml", &text, overrides)
        .unwrap_or_else(|e| panic!("{name}: {e}"));
    let site = read(&folder.join(&raw.site));
    let scenario = Scenario::from_toml(
        "scenario.toml",
        &text,
        &raw.site,
        &site,
        overrides,
        &Catalogue::embedded(),
    )
    .unwrap_or_else(|e| panic!("{name}: {e}"));
    (raw, scenario)
}

#[test]
fn every_scenario_is_valid() {
    let folders = folders();
    assert!(folders.len() >= 8, "{folders:?}");
    for folder in folders {
        let (_, scenario) = build(&folder, &[]);
        assert!(!scenario.grid.is_empty(), "{}", folder.display());
        let readme = read(&folder.join("README.md"));
        let name = folder.file_name().and_then(|n| n.to_str()).expect("name");
        assert!(
            readme.contains(&format!("simulate simulations/{name}")),
            "{name}: the README gives the command"
        );
    }
}

#[test]
fn every_variant_is_valid() {
    for folder in folders() {
        let (raw, _) = build(&folder, &[]);
        for variant in &raw.variants {
            let overrides: Vec<Override> = variant
                .set
                .iter()
                .map(|(path, value)| Override {
                    path: path.clone(),
                    value: value.clone(),
                })
                .collect();
            build(&folder, &overrides);
        }
    }
}

#[test]
fn files_of_the_scenarios_own_are_there() {
    for folder in folders() {
        let (raw, _) = build(&folder, &[]);
        for (name, binding) in &raw.data {
            let own = binding.file.as_ref().and_then(|f| f.strip_prefix("./"));
            if let Some(own) = own {
                let text = read(&folder.join(own));
                let column = binding.column.as_deref().expect("a column");
                let header = text.lines().next().unwrap_or("");
                assert!(
                    header.split(',').any(|c| c == column),
                    "{}: data.{name}: `{column}` is no column of {own}",
                    folder.display()
                );
            }
        }
    }
}

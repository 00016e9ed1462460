//! The schemas accept every scenario of the repository, and refuse what the reader refuses.

use std::path::Path;

use jsonschema::Validator;
use schemars::Schema;
use serde_json::Value;
use swingload_model::schema::{scenario_schema, site_schema};

fn validator(schema: &Schema) -> Validator {
    jsonschema::validator_for(schema.as_value()).expect("a valid schema")
}

fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let table: toml::Table = text.parse().expect("TOML");
    serde_json::to_value(table).expect("JSON")
}

#[test]
fn every_simulation_fits_its_schema() {
    let (site, scenario) = (validator(&site_schema()), validator(&scenario_schema()));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../simulations");
    let mut checked = 0;
    for entry in std::fs::read_dir(root).expect("simulations/") {
        let folder = entry.expect("entry").path();
        if !folder.is_dir() {
            continue;
        }
        for (name, schema) in [("site.toml", &site), ("scenario.toml", &scenario)] {
            let path = folder.join(name);
            let faults: Vec<String> = schema
                .iter_errors(&json(&path))
                .map(|e| format!("{}: {e}", e.instance_path()))
                .collect();
            assert!(faults.is_empty(), "{}: {faults:#?}", path.display());
            checked += 1;
        }
    }
    assert!(checked >= 16, "{checked} files");
}

#[test]
fn faults_of_shape_are_refused() {
    let site = validator(&site_schema());
    let broken = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    assert!(site.is_valid(&json(&broken.join("good-site.toml"))));
    for entry in std::fs::read_dir(broken).expect("tests/broken") {
        let path = entry.expect("entry").path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
        let shape = [
            "-unknown-key.toml",
            "-wrong-type.toml",
            "-missing-key.toml",
            "-misspelt-amount.toml",
            "-unknown-tariff-kind.toml",
            "-unknown-tariff-key.toml",
            "-negative-count.toml",
        ];
        if shape.iter().any(|end| name.ends_with(end)) {
            assert!(!site.is_valid(&json(&path)), "{name} fits the schema");
        }
    }
}

//! JSON schemas of the file formats and of results, made from the types that read and write them.
//!
//! They describe keys, types and required keys. What holds between keys
//! (references, sums, units) is checked when a file is built, and said there.

use schemars::{JsonSchema, Schema, schema_for};
use serde_json::Value;

use crate::evaluation::EvaluationFile;
use crate::evaluation::result::{EvaluationResult, IssuedForecasts};
use crate::plan::Plan;
use crate::scenario::ScenarioFile;
use crate::scenario::names::{FORECAST_MODELS, Named, POLICIES};
use crate::site::file::SiteFile;

/// JSON schema (draft 2020-12) of a site file, read as TOML.
pub fn site_schema() -> Schema {
    titled::<SiteFile>("Swingload site file", "site")
}

/// JSON schema (draft 2020-12) of a scenario file, read as TOML.
pub fn scenario_schema() -> Schema {
    let mut schema = titled::<ScenarioFile>("Swingload scenario file", "scenario");
    let names = |table: &[Named]| -> Value {
        let names = table.iter().map(|entry| Value::from(entry.name));
        names.collect::<Vec<_>>().into()
    };
    for (path, table) in [
        ("/$defs/PoliciesFile/properties/run/items", POLICIES),
        (
            "/$defs/SeriesForecastFile/properties/model",
            FORECAST_MODELS,
        ),
    ] {
        if let Some(text) = schema.pointer_mut(path) {
            text["enum"] = names(table);
        }
    }
    schema
}

/// JSON schema (draft 2020-12) of a plan.
pub fn plan_schema() -> Schema {
    titled::<Plan>("Swingload plan", "plan")
}

/// JSON schema (draft 2020-12) of an evaluation file, read as TOML.
pub fn evaluation_schema() -> Schema {
    let mut schema = titled::<EvaluationFile>("Swingload evaluation file", "evaluation");
    if let Some(text) = schema.pointer_mut("/$defs/CandidateFile/properties/model") {
        let names = FORECAST_MODELS.iter().map(|model| Value::from(model.name));
        // The key may be left out: `column` stands in for it.
        text["enum"] = names.chain([Value::Null]).collect::<Vec<_>>().into();
    }
    schema
}

/// JSON schema (draft 2020-12) of what an evaluation found.
pub fn scores_schema() -> Schema {
    titled::<EvaluationResult>("Swingload forecast scores", "scores")
}

/// JSON schema (draft 2020-12) of issued forecasts.
pub fn forecast_schema() -> Schema {
    titled::<IssuedForecasts>("Swingload forecast", "forecast")
}

fn titled<T: JsonSchema>(title: &str, name: &str) -> Schema {
    let mut schema = schema_for!(T);
    schema.insert("title".into(), title.into());
    schema.insert("$id".into(), format!("urn:swingload:{name}:1").into());
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every key a user can write is explained where it is written.
    fn undocumented(schema: &Schema) -> Vec<String> {
        let root = schema.as_value();
        let mut tables: Vec<(&str, &Value)> = vec![("", root)];
        if let Some(defs) = root["$defs"].as_object() {
            tables.extend(defs.iter().map(|(name, table)| (name.as_str(), table)));
        }
        let mut missing = Vec::new();
        for (name, table) in tables {
            let variants = table["oneOf"].as_array().into_iter().flatten();
            for part in std::iter::once(table).chain(variants) {
                for (key, value) in part["properties"].as_object().into_iter().flatten() {
                    let tag = value.get("const").is_some();
                    if value.get("description").is_none() && !tag {
                        missing.push(format!("{name}.{key}"));
                    }
                }
            }
        }
        missing
    }

    #[test]
    fn every_key_is_documented() {
        assert_eq!(undocumented(&site_schema()), Vec::<String>::new());
        assert_eq!(undocumented(&scenario_schema()), Vec::<String>::new());
        assert_eq!(undocumented(&plan_schema()), Vec::<String>::new());
        assert_eq!(undocumented(&evaluation_schema()), Vec::<String>::new());
        assert_eq!(undocumented(&scores_schema()), Vec::<String>::new());
        assert_eq!(undocumented(&forecast_schema()), Vec::<String>::new());
    }

    #[test]
    fn schemas_are_titled_and_name_policies_and_models() {
        assert_eq!(site_schema().as_value()["title"], "Swingload site file");
        let schema = scenario_schema();
        let defs = &schema.as_value()["$defs"];
        let runs = &defs["PoliciesFile"]["properties"]["run"]["items"]["enum"];
        assert_eq!(runs.as_array().map(Vec::len), Some(POLICIES.len()));
        let models = &defs["SeriesForecastFile"]["properties"]["model"]["enum"];
        assert_eq!(models.as_array().map(Vec::len), Some(FORECAST_MODELS.len()));
    }
}

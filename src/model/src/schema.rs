//! JSON schemas of the two file formats, made from the types that read them.
//!
//! They describe keys, types and required keys. What holds between keys
//! (references, sums, units) is checked when a file is built, and said there.

use schemars::{JsonSchema, Schema, schema_for};
use serde_json::Value;

use crate::scenario::ScenarioFile;
use crate::scenario::file::POLICY_NAMES;
use crate::site::file::SiteFile;

/// JSON schema (draft 2020-12) of a site file, read as TOML.
pub fn site_schema() -> Schema {
    titled::<SiteFile>("Swingload site file", "site")
}

/// JSON schema (draft 2020-12) of a scenario file, read as TOML.
pub fn scenario_schema() -> Schema {
    let mut schema = titled::<ScenarioFile>("Swingload scenario file", "scenario");
    let names: Vec<Value> = POLICY_NAMES.iter().map(|name| (*name).into()).collect();
    if let Some(items) = schema.pointer_mut("/$defs/PoliciesFile/properties/run/items") {
        items["enum"] = names.into();
    }
    schema
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
    }

    #[test]
    fn schemas_are_titled_and_name_the_policies() {
        assert_eq!(site_schema().as_value()["title"], "Swingload site file");
        let schema = scenario_schema();
        let runs =
            &schema.as_value()["$defs"]["PoliciesFile"]["properties"]["run"]["items"]["enum"];
        assert_eq!(
            runs.as_array().map(Vec::len),
            Some(POLICY_NAMES.len()),
            "{runs}"
        );
    }
}

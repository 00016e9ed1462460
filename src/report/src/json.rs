//! The results as one JSON object, with its schema.

use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;
use swingload_simulator::StudySummary;
use swingload_simulator::results::VariantSummary;

use crate::Results;

/// Version of the object; rises when a field changes its meaning or goes away.
pub(crate) const FORMAT: u32 = 1;

/// What `summary.json` holds and `--json` prints.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Output<'a> {
    /// Version of this format.
    format: u32,
    /// Version of the program.
    version: &'a str,
    #[serde(flatten)]
    study: &'a StudySummary,
    /// Variants of the site by net present value, in the order of the scenario.
    variants: &'a [VariantSummary],
    /// What a reader must know beside the figures: what was found and bridged while the data was
    /// read, and what the run could not show, such as why no gain is given.
    notes: Vec<String>,
}

/// The object, on several lines, with a line break at its end. The same run gives the same bytes.
pub fn summary(results: &Results) -> String {
    let output = Output {
        format: FORMAT,
        version: &results.version,
        study: results.summary(),
        variants: &results.variants,
        notes: results.remarks(),
    };
    let mut text = serde_json::to_string_pretty(&output)
        .expect("invariant: summaries hold maps with string keys only");
    text.push('\n');
    text
}

/// JSON schema (draft 2020-12) of the object.
pub fn schema() -> Schema {
    let mut schema = schema_for!(Output<'static>);
    schema.insert("title".into(), "Swingload summary".into());
    schema.insert("$id".into(), "urn:swingload:summary:1".into());
    schema
}

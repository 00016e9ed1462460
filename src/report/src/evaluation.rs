//! An evaluation of forecasts for people and programs: text, tables, JSON and a page; and
//! one issued forecast.

mod chart;
mod issued;
mod page;
mod rows;
mod tables;
mod text;

#[cfg(test)]
mod tests;

use swingload_model::evaluation::result::EvaluationResult;

pub use issued::{issued_json, issued_text};
pub use rows::{Forecasts, forecasts, issued_rows};
pub use text::{heading, text};

/// What `evaluation.json` holds and `--json` prints: one object on one line. The same result
/// gives the same bytes.
pub fn json(result: &EvaluationResult) -> String {
    let text = serde_json::to_string(result);
    text.expect("invariant: a result is a JSON value") + "\n"
}

/// The page: one HTML file, no script and no network access.
pub(crate) fn html(result: &EvaluationResult) -> String {
    page::page(result)
}

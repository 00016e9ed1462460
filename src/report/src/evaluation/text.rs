//! An evaluation as text for people, from 80 columns.

use swingload_model::evaluation::Evaluation;
use swingload_model::evaluation::result::EvaluationResult;

use super::tables::{self, Heads, Shown};
use crate::html::Table;
use crate::terminal::{Style, draw, wrap};
use crate::words::thousands;

/// What is known before an evaluation: title, period, how much there is to do.
pub fn heading(evaluation: &Evaluation, style: Style) -> String {
    let line = format!(
        "{} in {}: {} issues, {} models, {} to {}",
        evaluation.series,
        evaluation.unit,
        thousands(evaluation.issues.len() as f64, 0),
        evaluation.models.len(),
        swingload_model::time::timestamp(evaluation.period.0),
        swingload_model::time::timestamp(evaluation.period.1),
    );
    format!(
        "seed {}\n{}\n{}\n",
        evaluation.seed,
        wrap(&evaluation.title, style.width, ""),
        wrap(&line, style.width, "")
    )
}

/// Everything an evaluation found.
pub fn text(result: &EvaluationResult, style: Style) -> String {
    let mut out = String::new();
    let mut section = |title: &str, table: &Table| {
        if table.rows.is_empty() {
            return;
        }
        out += &format!("\n{title}\n{}\n", draw(table, style));
        if !table.note.is_empty() {
            out += &wrap(&table.note, style.width, "");
            out.push('\n');
        }
    };
    let by = Heads::Numbers;
    section("Scores", &tables::scores(result, by));
    section("Is one better than another?", &tables::tests(result, by));
    let horizons = result.models.first().map_or(0, |m| m.by_horizon.len());
    if horizons > 1 {
        for (title, shown) in [
            ("MAE by horizon", Shown::Error),
            ("Pinball loss by horizon", Shown::Pinball),
            ("P10-P90 coverage by horizon, %", Shown::Coverage),
        ] {
            let table = tables::groups(result, by, "horizon", shown, |m| &m.by_horizon);
            section(title, &table);
        }
    }
    if let Some(above) = result.spike_above {
        let title = format!("Values above {above} with a P90 above it, %");
        let table = tables::groups(result, by, "horizon", Shown::Spikes, |m| &m.by_horizon);
        section(&title, &table);
    }
    if result.unit == "MW" {
        let table = tables::groups(result, by, "horizon", Shown::Breaches, |m| &m.by_horizon);
        section("Below P10, of steps with a P90 above zero, %", &table);
    }
    section(
        "Truths at or below each quantile, %",
        &tables::reliability(result, by),
    );
    for (title, first, of) in [
        ("P10-P90 coverage by quarter, %", "quarter", true),
        ("P10-P90 coverage by local hour of day, %", "hour", false),
    ] {
        let table = tables::groups(result, by, first, Shown::Coverage, |m| {
            if of { &m.by_quarter } else { &m.by_hour }
        });
        section(title, &table);
    }
    let remarks = remarks(result);
    if !remarks.is_empty() {
        out += "\nNotes\n";
        for note in &remarks {
            out += &format!("- {}\n", wrap(note, style.width.saturating_sub(2), "  "));
        }
    }
    out
}

/// What must be said beside the figures.
pub(super) fn remarks(result: &EvaluationResult) -> Vec<String> {
    let mut all = Vec::new();
    let left = &result.left_out;
    for (count, why) in [
        (
            left.known_at_issue,
            "their value was published when the forecast was issued",
        ),
        (left.without_truth, "their value is missing in the data"),
        (
            left.without_forecast,
            "a column has no forecast of them that was published by then",
        ),
    ] {
        if count > 0 {
            all.push(format!(
                "{} steps are not scored: {why}.",
                thousands(count as f64, 0)
            ));
        }
    }
    for model in &result.models {
        if let Some(example) = &model.fallback_example {
            let count = thousands(model.fallbacks as f64, 0);
            all.push(format!(
                "{}: a fallback stood in during {count} of {} issues; the first: {example}.",
                model.id,
                thousands(result.issues as f64, 0),
            ));
        }
        if model.model == "perfect" {
            all.push(format!(
                "{} is told the truth: a yardstick, not a forecast.",
                model.id
            ));
        }
    }
    all.extend(result.notes.iter().cloned());
    all
}

//! Charts with legends and tables as HTML.

use std::fmt::Write as _;

use swingload_model::evaluation::result::{EvaluationResult, ModelScores};

use super::super::chart::{Chart, STYLES};
use crate::html::{Cell, Table, escape};
use crate::words::thousands;

pub(super) fn figure(
    title: &str,
    chart: &Chart,
    result: &EvaluationResult,
    has: impl Fn(&ModelScores) -> bool,
) -> String {
    let mut legend = String::new();
    for (i, model) in result.models.iter().enumerate().filter(|(_, m)| has(m)) {
        let _ = write!(
            legend,
            "<li><svg class=\"sample\" viewBox=\"0 0 22 8\" aria-hidden=\"true\"><path class=\"line s{}\" d=\"M0 4L22 4\"/></svg>{}</li>",
            i % STYLES,
            escape(&model.id)
        );
    }
    format!(
        "<figure><figcaption><h3>{}</h3></figcaption>{}<ul class=\"legend\">{legend}</ul></figure>",
        escape(title),
        chart.svg()
    )
}

pub(super) fn folded(title: &str, body: &str) -> String {
    format!(
        "<details><summary>{}</summary>{body}</details>",
        escape(title)
    )
}

/// A table; `mark` gives a class to numbers by column and value.
pub(super) fn table(
    table: &Table,
    about: &str,
    mark: impl Fn(usize, f64) -> &'static str,
) -> String {
    if table.rows.is_empty() {
        return String::new();
    }
    let mut out = format!(
        "<div class=\"scroll\" role=\"region\" aria-label=\"Table of {}\" tabindex=\"0\"><table class=\"data\"><thead><tr>",
        escape(about)
    );
    for (c, column) in table.columns.iter().enumerate() {
        let class = if c == 0 { "" } else { " class=\"num\"" };
        let _ = write!(out, "<th scope=\"col\"{class}>{}", escape(&column.label));
        if !column.unit.is_empty() {
            let _ = write!(out, "<span class=\"unit\">{}</span>", escape(&column.unit));
        }
        out += "</th>";
    }
    out += "</tr></thead><tbody>";
    for (r, row) in table.rows.iter().enumerate() {
        out += if table.highlight == Some(r) {
            "<tr class=\"main\">"
        } else {
            "<tr>"
        };
        for (c, cell) in row.iter().enumerate() {
            let text = match cell {
                Cell::Number(value) => thousands(*value, usize::from(table.columns[c].decimals)),
                Cell::Range { least, most, .. } => {
                    let decimals = usize::from(table.columns[c].decimals);
                    let shown = |value: f64| thousands(value, decimals);
                    format!("{} to {}", shown(*least), shown(*most))
                }
                Cell::Text(text) => escape(text),
                Cell::Empty => "-".to_owned(),
            };
            // The count of steps is no figure to judge.
            let class = match cell {
                Cell::Number(value) if table.columns[c].label != "steps" => mark(c, *value),
                _ => "",
            };
            let _ = match c {
                0 => write!(out, "<th scope=\"row\">{text}</th>"),
                _ => write!(out, "<td class=\"num {class}\">{text}</td>"),
            };
        }
        out += "</tr>";
    }
    out += "</tbody></table></div>";
    if !table.note.is_empty() {
        let _ = write!(out, "<p class=\"note prose\">{}</p>", escape(&table.note));
    }
    out
}

//! One issued forecast as text and JSON.

use jiff::tz::TimeZone;
use swingload_model::evaluation::result::IssuedForecasts;

use crate::html::{Cell, Column, Table};
use crate::terminal::{Style, draw, wrap};

/// Steps shown per model in the terminal; files hold all.
const STEPS_MAX: usize = 48;

/// What `forecast make --json` prints: one object on one line.
pub fn issued_json(all: &IssuedForecasts) -> String {
    let text = serde_json::to_string(all);
    text.expect("invariant: forecasts are a JSON value") + "\n"
}

/// Per model a table of the expected value and some quantiles.
pub fn issued_text(all: &IssuedForecasts, style: Style) -> String {
    let zone = TimeZone::get(&all.time_zone).unwrap_or(TimeZone::UTC);
    let local = |at: jiff::Timestamp| at.to_zoned(zone.clone());
    let mut out = format!(
        "{}\n{}\n",
        wrap(&all.title, style.width, ""),
        wrap(
            &format!(
                "{} in {}, issued at {} ({}), times in {}",
                all.series,
                all.unit,
                local(all.issued_at).strftime("%Y-%m-%d %H:%M %Z"),
                all.issued_at,
                all.time_zone,
            ),
            style.width,
            ""
        )
    );
    for model in &all.models {
        let column = |label: &str, decimals: u8| Column {
            label: label.to_owned(),
            decimals,
            ..Column::default()
        };
        let mut columns = vec![column("start", 0), column("mean", 2)];
        // P5, P10, P25, P50, P75, P90, P95.
        let shown = [0, 1, 4, 9, 14, 17, 18];
        columns.extend(shown.map(|k| column(&format!("P{}", 5 * (k + 1)), 2)));
        let steps = all.starts.iter().take(STEPS_MAX).enumerate();
        let rows = steps.map(|(k, start)| {
            let when = local(*start).strftime("%a %d %H:%M").to_string();
            let mut row: Vec<Cell> = vec![when.into(), model.mean[k].into()];
            let quantiles = model.quantiles.get(k);
            row.extend(shown.map(|p| Cell::from(quantiles.map(|q| q[p]))));
            row
        });
        let table = Table {
            columns,
            rows: rows.collect(),
            ..Table::default()
        };
        out += &format!("\n{}\n{}\n", model.id, draw(&table, style));
        if all.starts.len() > STEPS_MAX {
            let more = all.starts.len() - STEPS_MAX;
            out += &format!("{more} more steps are in forecast.csv.\n");
        }
        if let Some(fallback) = &model.fallback {
            out += &format!(
                "{}\n",
                wrap(&format!("Fallback: {fallback}."), style.width, "")
            );
        }
    }
    if !all.notes.is_empty() {
        out += "\nNotes\n";
        for note in &all.notes {
            out += &format!("- {}\n", wrap(note, style.width.saturating_sub(2), "  "));
        }
    }
    out
}

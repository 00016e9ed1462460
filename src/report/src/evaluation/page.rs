//! The page of an evaluation: tables and drawn charts, no script.

mod parts;

use std::fmt::Write as _;

use swingload_model::evaluation::result::{EvaluationResult, Group, ModelScores};

use super::chart::Chart;
use super::tables::{self, Heads, Shown};
use super::text::remarks;
use crate::html::escape;
use crate::words::thousands;

use parts::{figure, folded, table};

const STYLE: &str = include_str!("../../assets/report.css");
const OWN_STYLE: &str = include_str!("../../assets/evaluation.css");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// The page as one HTML document. All text of the result is treated as text.
pub(super) fn page(result: &EvaluationResult) -> String {
    let sections = sections(result);
    let mut contents = String::new();
    let mut body = String::new();
    for section in &sections {
        let _ = write!(
            contents,
            "<a href=\"#{}\">{}</a>",
            section.id,
            escape(section.title)
        );
        let _ = write!(
            body,
            "<section id=\"{}\"><div class=\"head\"><h2>{}</h2><p class=\"lead\">{}</p></div>{}</section>",
            section.id,
            escape(section.title),
            escape(&section.lead),
            section.body
        );
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <title>{title} · forecasts of {series}</title>\n<style>\n{STYLE}\n{OWN_STYLE}\n</style>\n</head>\n\
         <body>\n<a class=\"skip\" href=\"#scores\">Skip to the scores</a>\n<div id=\"top\">\n\
         <header id=\"masthead\"><div><h1>{title}</h1><p class=\"sub\"><span>forecasts of {series}, {unit}</span> \
         <span>{start} to {end}</span> <span>{zone}</span></p></div></header>\n\
         <nav id=\"contents\" aria-label=\"Sections\">{contents}</nav>\n</div>\n\
         <main id=\"report\">{body}</main>\n\
         <footer id=\"imprint\">Swingload {version} · inputs {hash}</footer>\n</body>\n</html>\n",
        title = escape(&result.title),
        series = escape(&result.series),
        unit = escape(&result.unit),
        start = result.start,
        end = result.end,
        zone = escape(&result.time_zone),
        version = escape(&result.version),
        hash = escape(&result.inputs_sha256),
    )
}

struct Section {
    id: &'static str,
    title: &'static str,
    lead: String,
    body: String,
}

fn sections(result: &EvaluationResult) -> Vec<Section> {
    let mut all = vec![scores(result)];
    let with_quantiles = result.models.iter().any(|m| !m.reliability.is_empty());
    if with_quantiles {
        all.push(reliability(result));
    }
    all.push(horizons(result));
    if with_quantiles {
        all.push(coverage(result));
    }
    if result.models.len() > 1 {
        all.push(tests(result));
    }
    all.push(about(result));
    all
}

fn scores(result: &EvaluationResult) -> Section {
    let mut body = String::new();
    if !result.description.is_empty() {
        let _ = write!(
            body,
            "<p class=\"prose\">{}</p>",
            escape(&result.description)
        );
    }
    body += &figures(result);
    body += &table(&tables::scores(result, Heads::Names), "of", |_, _| "");
    Section {
        id: "scores",
        title: "Scores",
        lead: "All models on the same steps; the marked one errs least.".to_owned(),
        body,
    }
}

fn figures(result: &EvaluationResult) -> String {
    let Some(best) = tables::best(result).map(|i| &result.models[i]) else {
        return String::new();
    };
    let figure = |label: &str, value: String, unit: &str, note: String| {
        (label.to_owned(), value, unit.to_owned(), note)
    };
    let naive = result
        .naive_mae
        .map(|naive| format!("weekly naive: {}", thousands(naive, 2)));
    let mut figures = vec![
        figure(
            "Least error",
            best.id.clone(),
            "",
            format!("of {} models", result.models.len()),
        ),
        figure(
            "Mean absolute error",
            thousands(best.all.mae, 2),
            &result.unit,
            naive.unwrap_or_default(),
        ),
    ];
    if let Some(kept) = best.saving_kept_pct {
        let hours = result.cheapest_hours.unwrap_or(0.0);
        let note = format!("by the cheapest {hours} hours a day");
        figures.push(figure("Saving kept", thousands(kept, 1), "%", note));
    }
    if let Some(bands) = tables::best_bands(result).map(|i| &result.models[i]) {
        let loss = bands.all.pinball.unwrap_or(f64::NAN);
        let note = format!("{} {}", thousands(loss, 2), result.unit);
        figures.push(figure("Least pinball loss", bands.id.clone(), "", note));
        let inside = thousands(bands.all.p10_p90_pct.unwrap_or(f64::NAN), 1);
        figures.push(figure(
            "Its P10 to P90",
            inside,
            "%",
            "of the truths; 80 is right".to_owned(),
        ));
        if let Some(breached) = bands.all.p10_breached_pct.filter(|_| result.unit == "MW") {
            let note = "where P90 is above zero; 10 is right".to_owned();
            figures.push(figure("Below its P10", thousands(breached, 1), "%", note));
        }
    }
    let mut out = "<dl class=\"figures\">".to_owned();
    for (label, value, unit, note) in figures {
        let _ = write!(
            out,
            "<div><dt>{}</dt><dd><span class=\"value\">{}<span class=\"unit\">{}</span></span>\
             <p class=\"note\">{}</p></dd></div>",
            escape(&label),
            escape(&value),
            escape(&unit),
            escape(&note)
        );
    }
    out + "</dl>"
}

fn reliability(result: &EvaluationResult) -> Section {
    let levels = result.models.iter().find(|m| !m.reliability.is_empty());
    let levels: Vec<f64> = levels
        .map(|m| {
            m.reliability
                .iter()
                .map(|r| f64::from(r.level_pct))
                .collect()
        })
        .unwrap_or_default();
    let lines = numbered(result).filter(|(_, m)| !m.reliability.is_empty());
    let chart = Chart {
        about: "Share of truths at or below each quantile, by model".to_owned(),
        positions: levels.iter().map(|level| format!("P{level}")).collect(),
        below: "quantile".to_owned(),
        range: (0.0, 100.0),
        right: Some(levels),
        lines: lines
            .map(|(i, m)| {
                (
                    i,
                    m.reliability.iter().map(|r| Some(r.observed_pct)).collect(),
                )
            })
            .collect(),
    };
    let figure = figure("Truths at or below, %", &chart, result, |m| {
        !m.reliability.is_empty()
    });
    Section {
        id: "reliability",
        title: "Reliability",
        lead: "On the dotted diagonal quantiles hold what they say; above it too many truths lie below them.".to_owned(),
        body: format!(
            "<div class=\"pair\">{figure}</div>{}",
            folded("All quantiles", &table(&tables::reliability(result, Heads::Names), "quantiles", |_, _| ""))
        ),
    }
}

fn horizons(result: &EvaluationResult) -> Section {
    let of = |m: &'_ ModelScores| -> Vec<Group> { m.by_horizon.clone() };
    let mut body = String::new();
    let several = result
        .models
        .first()
        .is_some_and(|m| m.by_horizon.len() > 1);
    if several {
        body += "<div class=\"pair\">";
        for (title, shown) in [
            ("Mean absolute error", Shown::Error),
            ("Pinball loss", Shown::Pinball),
        ] {
            body += &over_groups(result, title, "horizon", shown, of);
        }
        body += "</div>";
    }
    let mut add = |title: &str, shown: Shown| {
        let shown = tables::groups(result, Heads::Names, "horizon", shown, |m| &m.by_horizon);
        if !shown.rows.is_empty() {
            let _ = write!(
                body,
                "<h3 class=\"above\">{}</h3>{}",
                escape(title),
                table(&shown, title, |_, _| "")
            );
        }
    };
    add(
        &format!("Mean absolute error, {}", result.unit),
        Shown::Error,
    );
    add(&format!("Pinball loss, {}", result.unit), Shown::Pinball);
    add("Inside P10 to P90, %", Shown::Coverage);
    if let Some(above) = result.spike_above {
        add(
            &format!("Values above {above} whose P90 was above it, %"),
            Shown::Spikes,
        );
    }
    if result.unit == "MW" {
        add(
            "Below P10, of steps with a P90 above zero, %",
            Shown::Breaches,
        );
    }
    Section {
        id: "horizon",
        title: "By horizon",
        lead: "From the issue to the start of a step.".to_owned(),
        body,
    }
}

fn coverage(result: &EvaluationResult) -> Section {
    let quarters = |m: &ModelScores| m.by_quarter.clone();
    let hours = |m: &ModelScores| m.by_hour.clone();
    let mut body = "<div class=\"pair\">".to_owned();
    body += &over_groups(
        result,
        "Inside P10 to P90 by quarter, %",
        "quarter",
        Shown::Coverage,
        quarters,
    );
    body += &over_groups(
        result,
        "Inside P10 to P90 by hour of day, %",
        "local hour",
        Shown::Coverage,
        hours,
    );
    body += "</div>";
    let by_quarter = tables::groups(result, Heads::Names, "quarter", Shown::Coverage, |m| {
        &m.by_quarter
    });
    let by_hour = tables::groups(result, Heads::Names, "hour", Shown::Coverage, |m| {
        &m.by_hour
    });
    let marked = |_: usize, value: f64| {
        if (75.0..=85.0).contains(&value) {
            ""
        } else {
            "off"
        }
    };
    body += &folded("By quarter, %", &table(&by_quarter, "quarters", marked));
    body += &folded("By hour of day, %", &table(&by_hour, "hours", marked));
    Section {
        id: "coverage",
        title: "Coverage",
        lead: "80 is right everywhere; a band that is right on average only is wrong twice."
            .to_owned(),
        body,
    }
}

fn tests(result: &EvaluationResult) -> Section {
    let significant = |_: usize, p: f64| if p < 0.05 { "sure" } else { "" };
    let by_day = table(&tables::tests(result, Heads::Names), "tests", significant);
    let by_hour = table(
        &tables::hourly_tests(result, Heads::Names),
        "hourly tests",
        |_, _| "",
    );
    Section {
        id: "tests",
        title: "Tests",
        lead: "Whether a model is better than another by more than chance.".to_owned(),
        body: format!("{by_day}<h3 class=\"above\">Hour by hour</h3>{by_hour}"),
    }
}

fn about(result: &EvaluationResult) -> Section {
    let mut body = "<ul class=\"prose\">".to_owned();
    for remark in remarks(result) {
        let _ = write!(body, "<li>{}</li>", escape(&remark));
    }
    body += "</ul>";
    Section {
        id: "notes",
        title: "Notes",
        lead: "What the figures stand on.".to_owned(),
        body,
    }
}

fn numbered(result: &EvaluationResult) -> impl Iterator<Item = (usize, &ModelScores)> {
    result.models.iter().enumerate()
}

/// A chart of one figure over groups, one line per model that has it.
fn over_groups(
    result: &EvaluationResult,
    title: &str,
    below: &str,
    shown: Shown,
    of: impl Fn(&ModelScores) -> Vec<Group>,
) -> String {
    let has = |m: &ModelScores| of(m).iter().any(|g| shown.of(&g.scores).is_some());
    let lines: Vec<(usize, Vec<Option<f64>>)> = numbered(result)
        .filter(|(_, m)| has(m))
        .map(|(i, m)| (i, of(m).iter().map(|g| shown.of(&g.scores)).collect()))
        .collect();
    let Some(first) = result.models.iter().find(|m| has(m)) else {
        return String::new();
    };
    let positions: Vec<String> = of(first).iter().map(|g| g.label.clone()).collect();
    let values = || {
        lines
            .iter()
            .flat_map(|(_, line)| line.iter().flatten().copied())
    };
    let coverage = shown == Shown::Coverage;
    let range = if coverage {
        (values().fold(60.0, f64::min), 100.0)
    } else {
        (0.0, values().fold(1e-9, f64::max) * 1.05)
    };
    let chart = Chart {
        about: format!("{title}, by model"),
        right: coverage.then(|| vec![80.0; positions.len()]),
        positions,
        below: below.to_owned(),
        range,
        lines,
    };
    figure(title, &chart, result, has)
}

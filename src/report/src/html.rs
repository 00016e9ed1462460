//! The self-contained HTML report: one file, no network access, a few megabytes at most.
//!
//! Fill a [`Payload`], call [`render`], write the string to a file. A run of
//! more than about ten thousand steps is first thinned with [`aggregate`];
//! the per-slot decisions then cover a window ([`Slots`]) at full resolution.
//!
//! Stages: [`payload`] and [`slots`] say what can be drawn, `wire` turns it into
//! compact JSON, `column` packs one series, and the page in `assets/` draws it.

mod aggregate;
mod column;
pub mod payload;
pub mod slots;
mod wire;

pub use aggregate::aggregate;
pub use payload::*;
pub use slots::{Decision, LineId, Slots};

const PAGE: &str = include_str!("../assets/report.html");
const STYLE: &str = include_str!("../assets/report.css");
const CHART_STYLE: &str = include_str!("../assets/vendor/uPlot.min.css");
/// Its licence asks to travel with every copy, so each report carries it.
const CHART_LICENCE: &str = include_str!("../assets/vendor/uPlot.LICENSE");
const CHART_SCRIPT: &str = include_str!("../assets/vendor/uPlot.iife.min.js");

/// The page's own scripts, in the order in which they depend on each other.
const SCRIPTS: [&str; 8] = [
    include_str!("../assets/js/core.js"),
    include_str!("../assets/js/tables.js"),
    include_str!("../assets/js/bars.js"),
    include_str!("../assets/js/slots.js"),
    include_str!("../assets/js/view.js"),
    include_str!("../assets/js/timeline.js"),
    include_str!("../assets/js/gantt.js"),
    include_str!("../assets/js/main.js"),
];

/// Renders the report as one HTML document.
///
/// The same payload gives the same bytes. All text of the payload is treated
/// as text: nothing in it can become markup or script.
///
/// # Panics
/// When [`Payload::check`] fails: a column's length differs from its steps.
/// Callers that take payloads from outside check first.
pub fn render(payload: &Payload) -> String {
    if let Err(mismatch) = payload.check() {
        panic!("invariant: report columns match their steps: {mismatch}");
    }
    let json = embeddable(&wire::encode(payload));
    let title = format!("{} · {}", payload.title, payload.site);
    let script = format!(
        "(function(){{\"use strict\";\n{}\n}})();",
        SCRIPTS.join("\n")
    );
    let parts = [
        ("title", escape(&title)),
        ("style", format!("{CHART_STYLE}\n{STYLE}")),
        ("data", json),
        ("chart", format!("/*\n{CHART_LICENCE}*/\n{CHART_SCRIPT}")),
        ("script", script),
    ];
    fill(PAGE, &parts)
}

/// Replaces each `{{name}}` once, left to right, so that a placeholder inside
/// inserted text stays as it is.
fn fill(template: &str, parts: &[(&str, String)]) -> String {
    let length = template.len() + parts.iter().map(|(_, text)| text.len()).sum::<usize>();
    let mut page = String::with_capacity(length);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, tail) = after
            .split_once("}}")
            .expect("invariant: the template closes its placeholders");
        page.push_str(before);
        let (_, text) = parts
            .iter()
            .find(|(known, _)| *known == name)
            .expect("invariant: the template names known parts");
        page.push_str(text);
        rest = tail;
    }
    page.push_str(rest);
    page
}

/// JSON that cannot end its script element: every `<` is written as `\u003c`,
/// which inside JSON strings, the only place where `<` occurs, means the same.
fn embeddable(json: &str) -> String {
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// Text as it stands between tags or in an attribute.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_in_inserted_text_stay() {
        let parts = [("a", "{{b}}".to_owned()), ("b", "x".to_owned())];
        assert_eq!(fill("<{{a}}|{{b}}>", &parts), "<{{b}}|x>");
    }

    #[test]
    fn json_cannot_leave_its_script_element() {
        let json = embeddable("[\"</script><!--\u{2028}\"]");
        assert_eq!(json, "[\"\\u003c/script\\u003e\\u003c!--\\u2028\"]");
        let back: Vec<String> = serde_json::from_str(&json).unwrap();
        assert_eq!(back, ["</script><!--\u{2028}"], "it still means the same");
    }
}

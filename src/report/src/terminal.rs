//! A run as text for people, from 80 columns.

use comfy_table::{
    Attribute, Cell as Shown, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle,
    Table as Drawn, TableStyle, Width,
};
use swingload_model::scenario::Scenario;

use crate::html::{Cell, Column, Table};
use crate::words::thousands;
use crate::{Results, tables};

/// How text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether the marked row may be set in bold.
    pub bold: bool,
}

/// From this width on money and operation of the policies share one table.
const WIDE: usize = 132;

/// Title, period and seed: what is known before a run.
pub fn heading(scenario: &Scenario, style: Style) -> String {
    let grid = &scenario.grid;
    let steps = grid.len();
    let root = scenario.site.tree.node(0).usable().as_megawatts();
    let line = format!(
        "{} to {}, {} steps of {} min, {} MW, {}",
        grid.start(0),
        swingload_model::time::timestamp(grid.end_s(steps - 1)),
        thousands(steps as f64, 0),
        scenario.step.get() as f64 / 60.0,
        thousands(root, 1),
        scenario.site.currency,
    );
    let title = wrap(&scenario.title, style.width, "");
    format!(
        "seed {}\n{title}\n{}\n",
        scenario.seed,
        wrap(&line, style.width, "")
    )
}

/// Everything a run showed.
pub fn results(results: &Results, style: Style) -> String {
    let mut out = String::new();
    let mut section = |title: &str, table: &Table| {
        out += &format!("\n{title}\n{}\n", draw(table, style));
        if !table.note.is_empty() {
            out += &wrap(&table.note, style.width, "");
            out.push('\n');
        }
    };
    if style.width >= WIDE {
        section("Policies", &tables::policies(results));
    } else {
        section("Policies", &tables::money(results));
        section("Machines and jobs", &tables::operation(results));
    }
    let baseline = &results.summary().baseline;
    if results.policies().any(|(name, _)| name != baseline) {
        let title = format!("Money by lever, against {baseline}");
        section(&title, &tables::levers(results));
    }
    if let Some(split) = tables::split(results) {
        section("What was left of G, and why", &split);
    }
    section("The bill, line by line", &tables::bill(results));
    let main = results.main_policy();
    if let Some(pools) = tables::pools(results) {
        section(&format!("Pools of {main}"), &pools);
    }
    let summary = results.summary();
    let breakeven = tables::breakeven(&summary.breakeven, &summary.currency, tables::Shown::Mean);
    if let Some(breakeven) = breakeven {
        section("Break-even of miners", &breakeven);
    }
    if let Some(promises) = tables::promises(results) {
        section(&format!("Promises of {main}"), &promises);
    }
    if let Some(regions) = tables::regions(results) {
        section(&format!("Regions of {main}"), &regions);
    }
    if let Some(variants) = tables::variants(results) {
        section("Variants by net present value", &variants);
    }
    if let Some(forecasters) = tables::forecasters(results) {
        section("Forecasts", &forecasters);
    }
    if let Some(incidents) = tables::incidents(results) {
        section("Incidents", &incidents);
    }
    let remarks = results.remarks();
    if !remarks.is_empty() {
        out += &format!("\nNotes\n{}", notes(&remarks, style));
    }
    out
}

/// Notes, one after the other.
pub fn notes(notes: &[String], style: Style) -> String {
    let note = |note: &String| format!("- {}\n", wrap(note, style.width.saturating_sub(2), "  "));
    notes.iter().map(note).collect()
}

/// A table of aligned columns without rules but one under the head.
///
/// Numbers, names and heads are never broken; where they leave too little room, the
/// longest texts are. Money too long to read is shown in thousands or millions, and then
/// all money of the table.
pub fn draw(table: &Table, style: Style) -> String {
    let used: Vec<usize> = (0..table.columns.len())
        .filter(|c| *c == 0 || table.rows.iter().any(|row| row[*c] != Cell::Empty))
        .collect();
    let lay = |fit: Fit| -> Vec<Laid> {
        let scale = Scale::of(table, fit);
        let laid = used.iter().map(|c| Laid::new(table, *c, fit, scale));
        laid.collect()
    };
    let natural = |columns: &[Laid]| columns.iter().map(|c| c.width + 1).sum::<usize>() - 1;
    let mut columns = lay(FITS[0]);
    for fit in &FITS[1..] {
        if natural(&columns) > style.width {
            columns = lay(*fit);
        }
    }
    let height = columns.iter().map(|c| c.head.len()).max().unwrap_or(0);
    let mut drawn = Drawn::new();
    let rule = LineStyle::none().fill('─').junction('─');
    drawn.load_style(TableStyle::new().header_separator(rule));
    drawn.set_content_arrangement(ContentArrangement::Dynamic);
    let head = columns.iter().map(|column| {
        // Units stand on one line: heads are filled up from above.
        let text = "\n".repeat(height - column.head.len()) + &column.head.join("\n");
        Shown::new(text).set_alignment(column.side)
    });
    drawn.set_header(head.collect::<Vec<_>>());
    for r in 0..table.rows.len() {
        let cells = columns.iter().map(|column| {
            let cell = Shown::new(&column.cells[r]).set_alignment(column.side);
            if style.bold && table.highlight == Some(r) {
                cell.add_attribute(Attribute::Bold)
            } else {
                cell
            }
        });
        drawn.add_row(cells.collect::<Vec<_>>());
    }
    let gaps = columns.len().saturating_sub(1);
    // One space between columns always stands; a second where there is room.
    let gap = u16::from(natural(&columns) + gaps <= style.width);
    for (k, (drawn, column)) in drawn.column_iter_mut().zip(&columns).enumerate() {
        let padding = if k < gaps { gap } else { 0 };
        drawn.set_padding((0, padding));
        if !column.breakable {
            let width = u16::try_from(column.width).unwrap_or(u16::MAX);
            drawn.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width + padding)));
        }
    }
    drawn.set_width(u16::try_from(style.width).unwrap_or(u16::MAX));
    if style.bold {
        drawn.enforce_styling();
    } else {
        drawn.force_no_tty();
    }
    let text = drawn.to_string();
    text.lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

/// A column as it will stand.
struct Laid {
    head: Vec<String>,
    cells: Vec<String>,
    /// Of the widest cell or head.
    width: usize,
    side: CellAlignment,
    /// Long text: may run over several lines.
    breakable: bool,
}

/// How much room things get.
#[derive(Debug, Clone, Copy)]
struct Fit {
    /// Room of a head, whatever stands below it.
    head: usize,
    /// Texts longer than this may be broken.
    name: usize,
    /// Amounts longer than this are shown in thousands or millions.
    money: usize,
}

/// Tried in order until a table fits.
const FITS: [Fit; 3] = [
    Fit {
        head: 6,
        name: 20,
        money: 11,
    },
    Fit {
        head: 0,
        name: 20,
        money: 9,
    },
    Fit {
        head: 0,
        name: 10,
        money: 7,
    },
];

/// What all money of a table is shown in.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Scale {
    divisor: f64,
    prefix: &'static str,
    /// Digits after the point beyond the column's own.
    decimals: u8,
}

const SCALES: [Scale; 3] = [
    Scale {
        divisor: 1.0,
        prefix: "",
        decimals: 0,
    },
    Scale {
        divisor: 1e3,
        prefix: "k",
        decimals: 0,
    },
    Scale {
        divisor: 1e6,
        prefix: "M",
        decimals: 1,
    },
];

impl Scale {
    /// The finest in which no amount is longer than there is room.
    fn of(table: &Table, fit: Fit) -> Self {
        let fits = |scale: &Scale| {
            (0..table.columns.len())
                .filter(|c| is_money(&table.columns[*c]))
                .flat_map(|c| cells(table, c, *scale))
                .all(|cell| cell.chars().count() <= fit.money)
        };
        SCALES.into_iter().find(fits).unwrap_or(SCALES[2])
    }
}

fn is_money(column: &Column) -> bool {
    column.unit.len() == 3 && column.unit.bytes().all(|b| b.is_ascii_uppercase())
}

fn cells(table: &Table, c: usize, scale: Scale) -> Vec<String> {
    let decimals = usize::from(table.columns[c].decimals + scale.decimals);
    let cells = table.rows.iter().map(|row| match &row[c] {
        Cell::Number(value) => thousands(value / scale.divisor, decimals),
        Cell::Range {
            least,
            mean,
            most,
            coarse,
        } => {
            let shown = |value: &f64| thousands(value / scale.divisor, usize::from(*coarse));
            match (shown(least), shown(most)) {
                // Too little for the room there is.
                (least, most) if least == most => thousands(mean / scale.divisor, decimals),
                (least, most) if least.starts_with('-') => format!("{least} to {most}"),
                (least, most) => format!("{least}–{most}"),
            }
        }
        Cell::Text(text) => text.clone(),
        Cell::Empty => "-".to_owned(),
    });
    cells.collect()
}

impl Laid {
    fn new(table: &Table, c: usize, fit: Fit, scale: Scale) -> Self {
        let column = &table.columns[c];
        let wide = |text: &String| text.chars().count();
        let scale = if is_money(column) { scale } else { SCALES[0] };
        let (cells, prefix) = (cells(table, c, scale), scale.prefix);
        let widest = cells.iter().map(wide).max().unwrap_or(0);
        let room = widest.max(fit.head);
        let mut head = break_head(&column.label, room);
        if !column.unit.is_empty() {
            head.extend(break_head(&format!("{prefix}{}", column.unit), room));
        }
        let text = table.rows.iter().any(|row| matches!(row[c], Cell::Text(_)));
        Self {
            width: widest.max(head.iter().map(wide).max().unwrap_or(0)),
            side: if text {
                CellAlignment::Left
            } else {
                CellAlignment::Right
            },
            breakable: c > 0 && widest > fit.name,
            head,
            cells,
        }
    }
}

/// Breaks a head at spaces into lines no longer than `width`; words longer than that
/// break at their hyphens, or else stay whole.
fn break_head(label: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in label.split(' ') {
        let whole = word.replace(SOFT_HYPHEN, "");
        let fits = |line: &String| line.chars().count() + 1 + whole.chars().count() <= width;
        if let Some(line) = lines.last_mut().filter(|line| fits(line)) {
            line.push(' ');
            line.push_str(&whole);
        } else if whole.chars().count() <= width {
            lines.push(whole);
        } else {
            let hyphens = word.replace(SOFT_HYPHEN, "-");
            lines.extend(hyphens.split_inclusive('-').map(str::to_owned));
        }
    }
    lines
}

/// Marks where a long head may be broken.
const SOFT_HYPHEN: char = '\u{ad}';

/// Breaks text at spaces so that no line is longer than `width`; lines after the first
/// begin with `indent`. Words longer than a line stay whole.
pub fn wrap(text: &str, width: usize, indent: &str) -> String {
    let mut out = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let own = word.chars().count();
        if length > 0 && length + 1 + own > width {
            out.push('\n');
            out.push_str(indent);
            length = indent.chars().count();
        } else if length > 0 {
            out.push(' ');
            length += 1;
        }
        out.push_str(word);
        length += own;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Style, break_head, draw, wrap};
    use crate::html::{Cell, Column, Table};

    #[test]
    fn all_money_of_a_table_has_one_unit() {
        let column = |label: &str| Column {
            label: label.to_owned(),
            unit: "USD".to_owned(),
            ..Column::default()
        };
        let table = |large: f64| Table {
            columns: vec![column("a"), column("b"), column("c")],
            rows: vec![vec![
                Cell::Text("x".into()),
                Cell::Number(large),
                Cell::Number(-21_000.0),
            ]],
            ..Table::default()
        };
        let style = Style {
            width: 80,
            bold: false,
        };
        let text = draw(&table(8_993_992_000.0), style);
        assert!(
            text.contains("8,993,992") && text.contains("-21\n") || text.ends_with("-21"),
            "{text}"
        );
        assert!(!text.contains(" USD"), "kUSD in both columns: {text}");
        let text = draw(&table(8_993_992.0), style);
        assert!(
            text.contains("8,993,992") && text.ends_with("-21,000"),
            "{text}"
        );
    }

    #[test]
    fn heads_break_at_spaces_and_hyphens() {
        assert_eq!(break_head("jobs on time", 4), ["jobs", "on", "time"]);
        assert_eq!(break_head("break-even", 7), ["break-", "even"]);
        assert_eq!(break_head("break-even", 10), ["break-even"]);
        assert_eq!(break_head("under\u{ad}clocking", 8), ["under-", "clocking"]);
        assert_eq!(break_head("under\u{ad}clocking", 13), ["underclocking"]);
        assert_eq!(break_head("per MW-year", 9), ["per", "MW-year"]);
    }

    #[test]
    fn text_breaks_at_spaces() {
        assert_eq!(wrap("one two three", 7, "  "), "one two\n  three");
        assert_eq!(wrap("unbreakable", 4, ""), "unbreakable");
    }
}

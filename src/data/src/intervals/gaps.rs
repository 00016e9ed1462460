//! Where the file has no value: refused, left, or bridged and reported.

use swingload_model::Diagnostics;
use swingload_model::scenario::binding::Gaps;
use swingload_model::series::Observation;

use super::{Cell, Reading, Sure, lasting};
use crate::note::{Notes, count, instant, length};
use crate::publication::Rule;

/// Spans named in one message; more are counted.
const NAMED: usize = 3;

/// `[start, end)` without a value, between the observations `left` and `right` where there are such.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Gap {
    start: i64,
    end: i64,
    left: Option<usize>,
    right: Option<usize>,
    /// Line of the first row after it.
    line: Option<usize>,
}

/// Spans treated alike, for one message.
#[derive(Default)]
struct Spans(Vec<Gap>);

impl Spans {
    fn told(&self) -> String {
        let spans: Vec<_> = self.0.iter().map(|gap| (gap.start, gap.end)).collect();
        told(&spans)
    }
}

/// How many spans there are, how long, and when the first of them are: `start` and `end` of each.
pub(super) fn told(spans: &[(i64, i64)]) -> String {
    let lengths = || spans.iter().map(|(start, end)| end - start);
    let mut text = format!(
        "{}, {} in all",
        count(spans.len(), "span"),
        length(lengths().sum())
    );
    if spans.len() > 1 {
        text += &format!(", the longest {}", length(lengths().max().unwrap_or(0)));
    }
    let named: Vec<String> = spans
        .iter()
        .take(NAMED)
        .map(|(start, end)| format!("{} to {}", instant(*start), instant(*end)))
        .collect();
    text + ": " + &named.join(", ") + if spans.len() > NAMED { ", ..." } else { "" }
}

/// Applies the publication rule and the gap rule to sorted cells.
///
/// Inside the period every gap follows the rule. Before and after it gaps inside
/// the file are bridged where the rule can, and otherwise left and noted.
pub(super) fn published(
    reading: &Reading<'_>,
    cells: &[Cell],
    rule: &mut Rule,
    notes: &mut Notes<'_>,
) -> Result<Vec<Observation>, Diagnostics> {
    let with_value = || cells.iter().filter(|cell| cell.value.is_some());
    let lines: Vec<usize> = with_value().map(|cell| cell.line).collect();
    let known: Vec<Observation> = with_value()
        .map(|cell| Observation {
            start: cell.start,
            end: cell.end,
            value: cell.value.unwrap_or_default(),
            known_at: rule.known_at(cell.start, cell.end, cell.known),
        })
        .collect();
    let empty = cells.len() - known.len();
    if empty > 0 {
        notes.push(format!(
            "{} without a value; treated as a gap",
            count(empty, "row")
        ));
    }
    let binding = reading.binding;
    let (mut bridged, mut left, mut refused) =
        (Spans::default(), Spans::default(), Spans::default());
    let mut filled = Vec::new();
    for gap in gaps(reading, &known, &lines) {
        let (from, until) = reading.window.period;
        let needed = gap.start < until && gap.end > from;
        let short = binding
            .gap_max
            .is_none_or(|most| gap.end - gap.start <= most);
        let bridge = match binding.gaps {
            Gaps::Refuse | Gaps::Leave => false,
            Gaps::Previous => short && gap.left.is_some(),
            Gaps::Interpolate => short && gap.left.is_some() && gap.right.is_some(),
            Gaps::Zero => short,
        };
        if bridge {
            fill(reading, &known, gap, rule, &mut filled);
            bridged.0.push(gap);
        } else if needed && binding.gaps != Gaps::Leave {
            refused.0.push(gap);
        } else {
            left.0.push(gap);
        }
    }
    if let Some(first) = refused.0.first() {
        return Err(refusal(reading, cells, &refused, first.line).into());
    }
    let what = match binding.gaps {
        Gaps::Previous => "bridged with the value before",
        Gaps::Interpolate => "bridged by a straight line",
        _ => "taken as zero",
    };
    if !bridged.0.is_empty() {
        notes.push(format!(
            "missing and {what}, {}; {}",
            count(filled.len(), "interval"),
            bridged.told()
        ));
    }
    if !left.0.is_empty() {
        notes.push(format!("missing and left out, {}", left.told()));
    }
    let mut all = Vec::with_capacity(known.len() + filled.len());
    for (whole, cell) in known.into_iter().zip(with_value()) {
        lasting::split(reading, rule, whole, cell.sure, &mut all);
    }
    for whole in filled {
        // The value before a gap holds until the next row, too.
        let open = binding.gaps == Gaps::Previous && reading.source.step.is_none();
        let sure = open.then_some(Sure {
            until: whole.start,
            is_even: false,
            next_known: None,
        });
        lasting::split(reading, rule, whole, sure, &mut all);
    }
    all.sort_by_key(|o| o.start);
    Ok(all)
}

/// Gaps between observations, and at the ends of the file as far as they matter.
fn gaps(reading: &Reading<'_>, known: &[Observation], lines: &[usize]) -> Vec<Gap> {
    let window = reading.window;
    let everywhere = reading.binding.gaps == Gaps::Zero;
    // What lies before and after the file matters inside the period only, unless absent means zero.
    let (from, until) = if everywhere {
        (window.from, window.until)
    } else {
        window.period
    };
    let mut gaps = Vec::new();
    let (Some(first), Some(last)) = (known.first(), known.last()) else {
        return vec![Gap {
            start: from,
            end: until,
            left: None,
            right: None,
            line: None,
        }];
    };
    if first.start > from {
        gaps.push(Gap {
            start: from,
            end: first.start.min(until),
            left: None,
            right: Some(0),
            line: Some(lines[0]),
        });
    }
    for (index, pair) in known.windows(2).enumerate() {
        if pair[1].start > pair[0].end {
            let (left, right) = (Some(index), Some(index + 1));
            gaps.push(Gap {
                start: pair[0].end,
                end: pair[1].start,
                left,
                right,
                line: Some(lines[index + 1]),
            });
        }
    }
    if last.end < until {
        let left = Some(known.len() - 1);
        let start = if everywhere {
            last.end.max(from)
        } else {
            last.end
        };
        gaps.push(Gap {
            start,
            end: until,
            left,
            right: None,
            line: None,
        });
    }
    gaps
}

/// Appends the intervals of a bridged gap, in pieces of the binding's step.
fn fill(
    reading: &Reading<'_>,
    known: &[Observation],
    gap: Gap,
    rule: &mut Rule,
    filled: &mut Vec<Observation>,
) {
    let whole = gap.end - gap.start;
    let step = reading
        .source
        .step
        .or(reading.source.events_step)
        .unwrap_or(whole);
    let (left, right) = (gap.left.map(|i| known[i]), gap.right.map(|i| known[i]));
    // Pieces line up with the row before the gap, or else with the one after it.
    let first = match left {
        Some(_) => step,
        None => Some((whole - 1).rem_euclid(step) + 1)
            .filter(|_| right.is_some())
            .unwrap_or(step),
    };
    let (mut start, mut end) = (gap.start, (gap.start + first).min(gap.end));
    while start < gap.end {
        let (value, neighbours) = match (reading.binding.gaps, left, right) {
            (Gaps::Previous, Some(left), _) => (left.value, left.known_at),
            (Gaps::Interpolate, Some(left), Some(right)) => {
                let middle = |o: Observation| (o.start + o.end) as f64 / 2.0;
                let (a, b) = (middle(left), middle(right));
                let at = (start + end) as f64 / 2.0;
                let value = left.value + (right.value - left.value) * (at - a) / (b - a);
                (value, left.known_at.max(right.known_at))
            }
            _ => (0.0, i64::MIN),
        };
        // A bridged value is known no earlier than the values it was made from.
        let known_at = match (&rule, neighbours) {
            (Rule::Column, known) if known > i64::MIN => known,
            (_, known) => rule.known_at(start, end, None).max(known),
        };
        filled.push(Observation {
            start,
            end,
            value,
            known_at,
        });
        (start, end) = (end, (end + step).min(gap.end));
    }
}

fn refusal(
    reading: &Reading<'_>,
    cells: &[Cell],
    spans: &Spans,
    line: Option<usize>,
) -> swingload_model::Diagnostic {
    let name = reading.name;
    let mut help = match (reading.binding.gaps, reading.binding.gap_max) {
        // A straight line through rows that are only longer would invent values.
        (Gaps::Refuse, _) if reading.source.step.is_none() => format!(
            "if rows before a gap last until the next one, say so with data.{name}.gaps = \"previous\"; else move the period, or the data"
        ),
        (Gaps::Refuse, _) => format!(
            "choose what to do with gaps: data.{name}.gaps = \"previous\" or \"interpolate\", or move the period"
        ),
        (_, Some(most)) => format!(
            "at most {} may be bridged (data.{name}.gap_max_min), and only next to a value",
            length(most)
        ),
        _ => "this rule needs a value beside the gap; move the period or the data".into(),
    };
    let mut apart: Vec<i64> = cells
        .windows(2)
        .map(|pair| pair[1].start - pair[0].start)
        .collect();
    apart.sort_unstable();
    if let (Some(step), Some(usual)) = (reading.source.step, apart.get(apart.len() / 2))
        && *usual > step
    {
        help = format!(
            "rows are {} apart: is data.{name}.step_min = {} meant?",
            length(*usual),
            *usual as f64 / 60.0
        );
    }
    if let (Some(first), Some(last)) = (cells.first(), cells.last()) {
        let covered = reading.window.period;
        if first.start > covered.0 || last.end < covered.1 {
            help += &format!(
                "; rows near the period run from {} to {}",
                instant(first.start),
                instant(last.end)
            );
        }
    }
    reading.fault(
        line,
        "",
        format!("no value inside the period: {}", spans.told()),
        help,
    )
}

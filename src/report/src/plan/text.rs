//! A plan as text for people, from 80 columns.

use super::clock::Clock;
use super::page::{hours, of_value};
use super::{Planned, tables};
use crate::html::Table;
use crate::terminal::{Style, draw, wrap};
use crate::words::thousands;
use swingload_model::plan::ReasonCode;
use swingload_model::scenario::Scenario;

/// What the column `last watt` is.
pub(super) const LAST_WATT: &str = "Last watt: what the last running, or first idle, MWh of a load \
    earns, charges on its use taken off. Of miners below their highest setting it is of the \
    step between two settings; what a whole setting bears is its break-even price.";

/// What a negative margin is, where a load has one.
pub(super) const COMMITTED: &str = "Committed: held on or off by a minimum time, a start cost or a \
    start limit, because switching now would cost more. A margin below zero is what an MWh of it \
    loses while it runs all the same, or would earn while it stands still.";

/// What the columns of reasons mean, as far as they are not plain.
pub(super) fn of_reasons(planned: &Planned) -> String {
    let mut reasons = planned.plan.reasons.iter();
    match reasons.any(|reason| reason.code == ReasonCode::Committed) {
        true => format!("{LAST_WATT} {COMMITTED}"),
        false => LAST_WATT.to_owned(),
    }
}

/// Jobs whose reasons are shown.
const JOBS_MAX: usize = 12;

/// Rungs of the shed ladder, and changes that turn decisions, that are shown.
const ROWS_MAX: usize = 20;

/// What is known before a plan is made: seed, title, and the time it is made for.
pub fn heading(scenario: &Scenario, at: i64, style: Style) -> String {
    let clock = Clock::new(&scenario.site.time_zone);
    let made = format!(
        "One plan at {} ({}), from what was published by then",
        clock.full(at),
        swingload_model::time::timestamp(at)
    );
    format!(
        "seed {}\n{}\n{}\n",
        scenario.seed,
        wrap(&scenario.title, style.width, ""),
        wrap(&made, style.width, "")
    )
}

/// Everything a plan says.
pub fn text(planned: &Planned, style: Style) -> String {
    let plan = &planned.plan;
    let mut out = String::new();
    let mut section = |title: &str, table: &Table| {
        out += &format!("\n{title}\n{}\n", draw(table, style));
        if !table.note.is_empty() {
            out += &wrap(&table.note, style.width, "");
            out.push('\n');
        }
    };
    section("Power by use", &tables::over_time(planned));
    out += &certificate(planned, style);
    let mut section = |title: &str, none: &str, table: &Table| {
        if table.rows.is_empty() {
            out += &format!("\n{title}\n{none}\n");
            return;
        }
        let mut shown = table.clone();
        let left_out = shown.rows.len().saturating_sub(ROWS_MAX);
        shown.rows.truncate(ROWS_MAX);
        out += &format!("\n{title}\n{}\n", draw(&shown, style));
        let more = (left_out > 0).then(|| format!("{left_out} more in plan.json."));
        for note in [Some(table.note.clone()), more].into_iter().flatten() {
            if !note.is_empty() {
                out += &format!("{}\n", wrap(&note, style.width, ""));
            }
        }
    };
    section(
        "Short",
        &super::page::missing(planned, true),
        &tables::short(planned),
    );
    section(
        "Binding limits",
        "No limit binds.",
        &tables::limits(planned),
    );
    let first = Clock::new(&plan.time_zone).moment(plan.grid.start_s(0));
    let (mut reasons, left_out) =
        tables::reasons(planned, JOBS_MAX, |code| code.name().replace('_', " "));
    reasons.note = of_reasons(planned);
    if left_out > 0 {
        reasons.note += &format!(" {left_out} more jobs in plan.json and on the page.");
    }
    section(
        &format!("Why, at {first}"),
        "Nothing is to decide.",
        &reasons,
    );
    let prices = tables::prices(planned);
    if !prices.rows.is_empty() {
        section("What the price is made of", "", &prices);
    }
    let (mut waits, left_out) = tables::waits(planned, JOBS_MAX);
    if !waits.rows.is_empty() {
        if left_out > 0 {
            waits.note = format!("{left_out} more in plan.json.");
        }
        section("What jobs wait for", "", &waits);
    }
    let flips = tables::flips(planned);
    if !flips.rows.is_empty() {
        section("What would turn it", "", &flips);
    }
    if let Some(breakeven) = tables::breakeven(planned) {
        section("Break-even of miners", "", &breakeven);
    }
    if !plan.shed_ladder.is_empty() {
        section("Shed ladder", "", &tables::ladder(planned));
    }
    if !plan.notes.is_empty() {
        out += "\nNotes\n";
        for note in &plan.notes {
            out += &format!("- {}\n", wrap(note, style.width.saturating_sub(2), "  "));
        }
    }
    out
}

/// Value, bound and gap in words.
fn certificate(planned: &Planned, style: Style) -> String {
    let (plan, certificate) = (&planned.plan, &planned.plan.certificate);
    let currency = &plan.currency;
    let money = |money: swingload_model::units::Money| thousands(money.as_units(), 0);
    let mut lines = vec![(
        "value",
        format!(
            "{} {currency} over {}",
            money(certificate.value),
            hours(plan)
        ),
    )];
    if certificate.constant.get() != 0 {
        lines[0].1 += &format!(
            ", {} of it whatever is decided",
            money(certificate.constant)
        );
    }
    lines.push((
        "bound",
        format!(
            "{} {currency}: proven, no plan of these inputs is worth more",
            money(certificate.bound)
        ),
    ));
    lines.push((
        "asap",
        format!(
            "{} {currency}: every job as soon as possible; G, what could be gained at most, is \
             {} {currency}, {}",
            money(certificate.asap),
            money(certificate.gainable()),
            of_value(certificate.gainable_of_value_pct)
        ),
    ));
    let left = format!(
        "{} {currency} left at most, {}",
        money(certificate.gap),
        of_value(certificate.gap_of_value_pct)
    );
    lines.push(match (certificate.gain_pct, certificate.gap_pct) {
        (Some(gain), Some(gap)) => (
            "gap",
            format!(
                "{left}, {} % of G; {}",
                thousands(gap, 2),
                match certificate.value == certificate.asap {
                    true => "the plan earns what asap does, and less of G may be there".to_owned(),
                    false => format!("the plan has {} % of G", thousands(gain, 2)),
                }
            ),
        ),
        _ => (
            "gap",
            format!("{left}; nothing can be gained: asap reaches the bound"),
        ),
    });
    let mut out = String::from("\nCertificate\n");
    for (name, text) in lines {
        let text = wrap(&text, style.width.saturating_sub(7), "       ");
        out += &format!("{name:<7}{text}\n");
    }
    out
}

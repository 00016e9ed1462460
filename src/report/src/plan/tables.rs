//! The tables of a plan, for the terminal and the page alike.

use std::collections::BTreeMap;

use swingload_model::plan::{Flip, LimitKind, PricePart, Reason, ReasonCode, ShedRung};
use swingload_scheduler::explain::{price_words, wait_words};

use super::clock::Clock;
use super::{Class, Planned};
use crate::html::{Cell, Column, Table};
use crate::tables::Shown;
use crate::words::thousands;

/// Rows of the table over time at most, beside the first step's.
const ROWS_MAX: i64 = 24;

fn column(label: &str, unit: &str, decimals: u8, help: &str) -> Column {
    Column {
        label: label.into(),
        unit: unit.into(),
        decimals,
        help: help.into(),
    }
}

/// Digits after the point with which so many MW are worth reading.
fn decimals(planned: &Planned) -> u8 {
    match planned.scenario.site.tree.node(0).usable().as_megawatts() {
        mw if mw >= 500.0 => 0,
        mw if mw >= 50.0 => 1,
        mw if mw >= 5.0 => 2,
        _ => 3,
    }
}

fn per_mwh(planned: &Planned) -> String {
    format!("{}/MWh", planned.plan.currency)
}

/// The plan's steps in the rows of a table: the first alone, for it is what is done; then
/// so many together that the rest reads at a glance, on round times of the site's clock.
pub(super) fn rows(planned: &Planned, clock: &Clock) -> Vec<std::ops::Range<usize>> {
    let grid = &planned.plan.grid;
    let mut rows = Vec::new();
    rows.push(0..1);
    if planned.steps() == 1 {
        return rows;
    }
    let (start, end) = (grid.start_s(1), grid.end_s(planned.steps() - 1));
    let lengths = [
        300, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600, 28_800, 43_200, 86_400,
    ];
    let fits = |length: &i64| (end - start).div_euclid(*length) < ROWS_MAX;
    let fitting = lengths.into_iter().find(fits);
    let length = fitting.unwrap_or(86_400 * ((end - start) / 86_400 / ROWS_MAX + 1));
    let bucket = |t: usize| {
        let start = grid.start_s(t);
        (start + clock.offset(start)).div_euclid(length)
    };
    for t in 1..planned.steps() {
        match rows.last_mut() {
            Some(last) if last.start > 0 && bucket(last.start) == bucket(t) => last.end = t + 1,
            _ => rows.push(t..t + 1),
        }
    }
    rows
}

/// Power by use, price and marginal value over time.
pub(super) fn over_time(planned: &Planned) -> Table {
    let clock = Clock::new(&planned.plan.time_zone);
    let grid = &planned.plan.grid;
    let digits = decimals(planned);
    let used: Vec<Class> = Class::ALL
        .into_iter()
        .filter(|class| {
            planned
                .plan
                .loads
                .iter()
                .any(|l| planned.class(l) == *class)
        })
        .collect();
    let mut columns = vec![column("from", "", 0, "Start, on the site's clock.")];
    let help = "Facility power, cooling included: least to most of the row's steps.";
    columns.extend(
        used.iter()
            .map(|class| column(class.head(), "MW", digits, help)),
    );
    columns.push(column(
        "price",
        &per_mwh(planned),
        2,
        "Expected, charges included.",
    ));
    let help =
        "Of one more MWh at the root: of the next supply, or of the load that would give it up.";
    columns.push(column("marginal", &per_mwh(planned), 2, help));
    let row = |steps: std::ops::Range<usize>| {
        let over = |value: &dyn Fn(usize) -> Option<f64>, decimals: u8, coarse: u8| {
            let values = steps
                .clone()
                .filter_map(|t| Some((value(t)?, grid.hours(t))));
            range(values, decimals, coarse)
        };
        let mut row = vec![Cell::Text(clock.moment(grid.start_s(steps.start)))];
        row.extend(used.iter().map(|class| {
            let megawatts = |t: usize| Some(planned.watts(*class, t) as f64 / 1e6);
            over(&megawatts, digits, digits.saturating_sub(1))
        }));
        row.push(over(&|t| planned.price(t), 2, 0));
        row.push(over(&|t| planned.marginal(0, t), 2, 0));
        row
    };
    Table {
        columns,
        rows: rows(planned, &clock).into_iter().map(row).collect(),
        highlight: Some(0),
        note: format!(
            "The first row is the first step, which is done. Where the steps of a row differ, it \
             shows the least and the most of them. Price: {}, as expected, charges included. \
             Marginal: one more MWh at {}.",
            planned.price_name(),
            planned.plan.marginal_values[0].node
        ),
    }
}

/// Values with their hours: their mean, and where they differ once rounded from the least to
/// the most. A mean alone would hide the one dear hour of a day.
fn range(values: impl Iterator<Item = (f64, f64)>, decimals: u8, coarse: u8) -> Cell {
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    let (mut sum, mut hours) = (0.0, 0.0);
    for (value, length) in values {
        (least, most) = (least.min(value), most.max(value));
        (sum, hours) = (sum + value * length, hours + length);
    }
    if hours == 0.0 {
        return Cell::Empty;
    }
    let mean = sum / hours;
    let rounded = |value: f64| thousands(value, usize::from(decimals));
    if rounded(least) == rounded(most) {
        return mean.into();
    }
    Cell::Range {
        least,
        mean,
        most,
        coarse,
    }
}

/// First and last time of some steps, and their hours.
fn span(planned: &Planned, clock: &Clock, steps: &[u32]) -> (String, String, f64) {
    let grid = &planned.plan.grid;
    let at = |step: Option<&u32>| step.map_or(0, |s| *s as usize);
    let (first, last) = (at(steps.first()), at(steps.last()));
    (
        clock.moment(grid.start_s(first)),
        clock.moment(grid.end_s(last)),
        steps.iter().map(|s| grid.hours(*s as usize)).sum(),
    )
}

/// Limits that bind, the dearest first.
pub(super) fn limits(planned: &Planned) -> Table {
    let clock = Clock::new(&planned.plan.time_zone);
    let row = |limit: &swingload_model::plan::BindingLimit| {
        let (from, to, hours) = span(planned, &clock, &limit.steps);
        vec![
            Cell::Text(limit.of.clone()),
            limit.kind.name().into(),
            hours.into(),
            from.into(),
            to.into(),
            limit.worth().as_units().into(),
        ]
    };
    let worth = "Of one more MW of it wherever it binds, over the plan; jobs as planned.";
    Table {
        columns: vec![
            column(
                "at",
                "",
                0,
                "Node, GPU pool, commitment, programme or supply.",
            ),
            column("limit", "", 0, "What binds."),
            column("binds", "h", 1, "Hours of the plan in which it does."),
            column("from", "", 0, "First time."),
            column("to", "", 0, "Last time."),
            column("worth per MW", &planned.plan.currency, 0, worth),
        ],
        rows: planned.plan.limits.iter().map(row).collect(),
        highlight: None,
        note: of_limits(planned),
    }
}

/// What the worth of a limit is, and how a programme that is not called can bind.
fn of_limits(planned: &Planned) -> String {
    let limits = &planned.plan.limits;
    if limits.is_empty() {
        return String::new();
    }
    let mut note =
        "Worth: what one more MW would earn, or save, wherever the limit binds, less the \
                    price of its power; jobs as planned."
            .to_owned();
    if limits
        .iter()
        .any(|limit| limit.kind == LimitKind::Programme)
    {
        note += " A programme binds in every step in which it calls or may call: calls that are \
                 not known yet are forecast as a likelihood, with that share of the penalty.";
    }
    note
}

/// What is short, by what it is of; jobs that cannot finish among it.
pub(super) fn short(planned: &Planned) -> Table {
    let clock = Clock::new(&planned.plan.time_zone);
    let mut by: BTreeMap<&str, Vec<(u32, i64)>> = BTreeMap::new();
    for short in &planned.plan.shortfalls {
        let of = by.entry(&short.of).or_default();
        of.push((short.step, short.missing.get()));
    }
    let power = by.into_iter().map(|(of, all)| {
        let steps: Vec<u32> = all.iter().map(|(step, _)| *step).collect();
        let (from, to, hours) = span(planned, &clock, &steps);
        let most = all.iter().map(|(_, w)| *w).max().unwrap_or(0) as f64 / 1e6;
        let energy = |(step, watts): &(u32, i64)| {
            *watts as f64 / 1e6 * planned.plan.grid.hours(*step as usize)
        };
        vec![
            Cell::Text(of.to_owned()),
            hours.into(),
            from.into(),
            to.into(),
            most.into(),
            all.iter().map(energy).sum::<f64>().into(),
            Cell::Empty,
        ]
    });
    let jobs = planned.plan.jobs.iter().filter(|job| job.missed > 0);
    let jobs = jobs.map(|job| {
        vec![
            Cell::Text(job.job.clone()),
            Cell::Empty,
            Cell::Empty,
            clock.moment(job.deadline).into(),
            Cell::Empty,
            Cell::Empty,
            (job.missed as f64 / 3600.0).into(),
        ]
    });
    Table {
        columns: vec![
            column("short", "", 0, "Load, node or job."),
            column("for", "h", 1, "Hours of the plan."),
            column("from", "", 0, "First time."),
            column("to", "", 0, "Last time; for a job its deadline."),
            column("at most", "MW", 3, "Largest power missing."),
            column("missing", "MWh", 1, "Energy missing."),
            column("work", "GPU-h", 0, "Work that cannot be done in time."),
        ],
        rows: power.chain(jobs).collect(),
        ..Table::default()
    }
}

/// Reasons of the first step, each in the words of `why`: loads first, then jobs by what
/// they draw; at most `jobs` of those. The second is how many jobs were left out.
pub(super) fn reasons(
    planned: &Planned,
    jobs: usize,
    why: fn(ReasonCode) -> String,
) -> (Table, usize) {
    let plan = &planned.plan;
    let load_mw = |name: &str| {
        let load = plan.loads.iter().find(|l| l.load == name)?;
        Some(load.watts[0].as_megawatts())
    };
    let gpus = |name: &str| {
        let job = plan.jobs.iter().find(|j| j.job == name)?;
        let now = job.runs.first().filter(|run| run.from == 0);
        Some(now.map_or(0.0, |run| f64::from(run.gpus)))
    };
    let (loads, mut rest): (Vec<&Reason>, Vec<&Reason>) = plan
        .reasons
        .iter()
        .partition(|r| load_mw(&r.load).is_some());
    rest.sort_by(|a, b| {
        let size = |r: &Reason| gpus(&r.load).unwrap_or(0.0);
        size(b).total_cmp(&size(a))
    });
    let left_out = rest.len().saturating_sub(jobs);
    let row = |reason: &Reason| {
        vec![
            Cell::Text(reason.load.clone()),
            load_mw(&reason.load).into(),
            gpus(&reason.load).into(),
            why(reason.code).into(),
            reason.value_per_mwh.into(),
            reason.price_per_mwh.into(),
            reason.margin_per_mwh.into(),
            (!reason.runner_up.is_empty())
                .then_some(reason.runner_up.as_str())
                .into(),
        ]
    };
    let unit = per_mwh(planned);
    let table = Table {
        columns: vec![
            column("load", "", 0, "Pool, service, commitment or job."),
            column(
                "draws",
                "MW",
                decimals(planned),
                "Facility power in the first step.",
            ),
            column("runs", "GPUs", 0, "GPUs of a job in the first step."),
            column("why", "", 0, "The reason."),
            column(
                "last watt",
                &unit,
                2,
                "What its last running, or first idle, MWh earns.",
            ),
            column("price", &unit, 2, "Of one more MWh at its node."),
            column(
                "margin",
                &unit,
                2,
                "By how much the price must move to turn it; 0 where the price did not decide, below \
                 zero where it is held against its price.",
            ),
            column(
                "runner-up",
                "",
                0,
                "Who would take its power next, or holds it.",
            ),
        ],
        rows: loads
            .into_iter()
            .chain(rest.into_iter().take(jobs))
            .map(row)
            .collect(),
        ..Table::default()
    };
    (table, left_out)
}

/// What jobs that do not run in the first step wait for, the first `most` of them; the
/// second is how many were left out.
pub(super) fn waits(planned: &Planned, most: usize) -> (Table, usize) {
    let plan = &planned.plan;
    let clock = Clock::new(&plan.time_zone);
    let time = |at: i64| clock.moment(at);
    let waiting = plan
        .reasons
        .iter()
        .filter_map(|r| Some((r, r.wait.as_ref()?)));
    let rows: Vec<Vec<Cell>> = waiting
        .map(|(reason, wait)| {
            let words = wait_words(wait, &plan.currency, &time);
            vec![Cell::Text(reason.load.clone()), words.into()]
        })
        .collect();
    let left_out = rows.len().saturating_sub(most);
    let table = Table {
        columns: vec![
            column("job", "", 0, ""),
            column("now", "", 0, "What it waits for, all else as it stands."),
        ],
        rows: rows.into_iter().take(most).collect(),
        ..Table::default()
    };
    (table, left_out)
}

/// What the prices of the first step are made of, each once, with the loads held against it.
pub(super) fn prices(planned: &Planned) -> Table {
    let mut groups: Vec<(&[PricePart], f64, Vec<&str>)> = Vec::new();
    for reason in &planned.plan.reasons {
        let (Some(price), parts) = (reason.price_per_mwh, &reason.price_parts[..]) else {
            continue;
        };
        match groups.iter_mut().find(|(known, _, _)| *known == parts) {
            Some((_, _, loads)) => loads.push(&reason.load),
            None => groups.push((parts, price, vec![&reason.load])),
        }
    }
    groups.retain(|(parts, _, _)| !parts.is_empty());
    let row = |(parts, price, loads): &(&[PricePart], f64, Vec<&str>)| {
        let named = loads.iter().take(2).copied().collect::<Vec<_>>().join(", ");
        let of = match loads.len() {
            0..=2 => named,
            many => format!("{named} and {} more", many - 2),
        };
        vec![Cell::Text(of), (*price).into(), price_words(parts).into()]
    };
    Table {
        columns: vec![
            column("for", "", 0, "Loads held against it."),
            column(
                "price",
                &per_mwh(planned),
                2,
                "Of one more MWh at their node.",
            ),
            column("made of", "", 0, "Its parts, which add up to it."),
        ],
        rows: groups.iter().map(row).collect(),
        ..Table::default()
    }
}

/// What would turn the decisions of the first step.
pub(super) fn flips(planned: &Planned) -> Table {
    let clock = Clock::new(&planned.plan.time_zone);
    let reasons = planned.plan.reasons.iter();
    let rows = reasons.flat_map(|reason| reason.flips.iter().map(move |flip| (reason, flip)));
    Table {
        columns: vec![
            column("load", "", 0, "Pool, service, commitment or job."),
            column("would", "", 0, "What it would do then."),
            column(
                "if",
                "",
                0,
                "The smallest change that turns it, all else as it is.",
            ),
        ],
        rows: rows
            .map(|(reason, flip)| {
                vec![
                    Cell::Text(reason.load.clone()),
                    turn(flip).into(),
                    change(flip, &planned.plan.currency, &clock).into(),
                ]
            })
            .collect(),
        highlight: None,
        note: "Each change alone, found by planning again with it.".to_owned(),
    }
}

fn turn(flip: &Flip) -> &'static str {
    use swingload_model::plan::Turn;
    match flip.turn {
        Turn::GivesUp => "give up power",
        Turn::Starts => "run",
    }
}

/// A change in words: `power above 71.20 USD/MWh, now 64.00`.
fn change(flip: &Flip, currency: &str, clock: &Clock) -> String {
    use swingload_model::plan::Quantity;
    let beyond = if flip.at > flip.now { "above" } else { "below" };
    let of = &flip.of;
    let (at, now) = (flip.at, flip.now);
    match flip.quantity {
        Quantity::PowerPrice => {
            format!("power at {of} {beyond} {at:.2} {currency}/MWh, now {now:.2}")
        }
        Quantity::LoadValue => format!("{of} earned {beyond} {at:.2} {currency}/MWh, now {now:.2}"),
        Quantity::JobValue => {
            format!("{of} paid {beyond} {at:.3} {currency} per GPU-hour, now {now:.3}")
        }
        Quantity::Deadline | Quantity::Release => {
            let what = match flip.quantity {
                Quantity::Deadline => "due",
                _ => "released",
            };
            let side = if flip.at > flip.now {
                "after"
            } else {
                "before"
            };
            let (at, now) = (clock.moment(at as i64), clock.moment(now as i64));
            format!("{of} were {what} {side} {at}, now {now}")
        }
        Quantity::NodeLimit => format!("{of} could carry {beyond} {at:.3} MW, now {now:.3}"),
    }
}

/// Break-even of miner pools now; `None` for a site that mines nothing.
pub(super) fn breakeven(planned: &Planned) -> Option<Table> {
    let plan = &planned.plan;
    crate::tables::breakeven(&plan.breakeven, &plan.currency, Shown::Now)
}

/// What to drop in the first step, in order; neighbours that are alike stand together.
pub(super) fn ladder(planned: &Planned) -> Table {
    let alike = |a: &ShedRung, b: &ShedRung| {
        let cents = |rung: &ShedRung| (rung.cost_per_kwh.as_units() * 1e3).round() as i64;
        let place = |rung: &ShedRung| (rung.by, rung.response, rung.response_s, cents(rung));
        a.load == b.load && place(a) == place(b)
    };
    let mut together = 0.0;
    let row = |rungs: &[ShedRung]| {
        let rung = &rungs[0];
        let frees: f64 = rungs.iter().map(|r| r.frees.as_megawatts()).sum();
        together += frees;
        vec![
            Cell::Text(rung.load.clone()),
            rung.by.name().into(),
            rung.response.name().into(),
            (rung.response_s as f64).into(),
            frees.into(),
            Cell::Number(together),
            rung.cost_per_kwh.as_units().into(),
        ]
    };
    let digits = decimals(planned).max(2);
    let cost = format!("{}/kWh", planned.plan.currency);
    Table {
        columns: vec![
            column("drop", "", 0, "Pool, service, commitment or job."),
            column("by", "", 0, "How it is freed."),
            column(
                "response",
                "",
                0,
                "Class of response; rungs stand in this order.",
            ),
            column(
                "within",
                "s",
                0,
                "Seconds from the call until the watts are free.",
            ),
            column("frees", "MW", digits, "Facility power."),
            column("together", "MW", digits, "With all rungs above it."),
            column(
                "cost",
                &cost,
                3,
                "Lost per kWh freed in a shed of an hour, energy saved taken off.",
            ),
        ],
        rows: planned.plan.shed_ladder.chunk_by(alike).map(row).collect(),
        ..Table::default()
    }
}

//! What is shown of a plan is what the plan says.

use swingload_model::plan::{Engine, LimitKind, ReasonCode};
use swingload_model::site::Use;
use swingload_scheduler::plan::{Budget, plan};
use swingload_scheduler::publish::{Occasion, publish};
use swingload_simulator::moment;

use super::{Planned, tables, text};
use crate::html::{Cell, Kind, Table};
use crate::terminal::Style;
use crate::testing::{SITE, input_ahead};

const STYLE: Style = Style {
    width: 80,
    bold: false,
};

/// The hall of miners planned for a day at these prices, made at hour `at`.
fn planned(site: &str, price: &[f64], at: usize) -> Planned {
    planned_ahead(site, price, at, 24)
}

/// The same for so many hours.
fn planned_ahead(site: &str, price: &[f64], at: usize, hours: u32) -> Planned {
    let input = input_ahead(site, price, &["swingload"], hours);
    let moment = moment(&input, at, &|_| {}).expect("a moment");
    let occasion = Occasion {
        site: &input.scenario.site,
        jobs: &moment.jobs,
        number: moment.number,
        engine: Engine::Fast,
        flips: 1,
    };
    let solved = plan(&moment.built.inputs, Budget::STUDY);
    let mut plan = publish(&occasion, &moment.built, &solved).expect("certified");
    plan.notes.push("A note.".into());
    Planned {
        scenario: input.scenario,
        plan,
        version: "0".into(),
    }
}

/// A price worth stopping for in every third hour.
fn prices() -> Vec<f64> {
    (0..48).map(|h| [40.0, 60.0, 900.0][h % 3]).collect()
}

fn number(table: &Table, row: usize, column: &str) -> f64 {
    let c = table.columns.iter().position(|c| c.label == column);
    match table.rows[row][c.expect(column)] {
        Cell::Number(number) => number,
        Cell::Range { mean, .. } => mean,
        ref other => panic!("{column}: {other:?}"),
    }
}

#[test]
fn the_table_over_time_keeps_the_plans_energy() {
    let planned = planned(SITE, &prices(), 5);
    let table = tables::over_time(&planned);
    let plan = &planned.plan;
    let hashing = plan.loads.iter().find(|l| l.used_for == Use::Hashing);
    let watts = &hashing.expect("miners").watts;
    assert_eq!(number(&table, 0, "hashing"), watts[0].as_megawatts());
    assert_eq!(number(&table, 0, "price"), prices()[5]);
    assert_eq!(table.rows[0][0], Cell::Text("Mon 2 Mar 05:00".into()));
    assert!(table.rows.len() <= 25, "{} rows", table.rows.len());
    // Hourly steps, two hours a row or one: rows of equal length but the first.
    let energy: f64 = (0..watts.len())
        .map(|t| watts[t].as_megawatts() * plan.grid.hours(t))
        .sum();
    let rows = tables::rows(&planned, &super::clock::Clock::new("UTC"));
    let shown: f64 = rows
        .iter()
        .enumerate()
        .map(|(r, steps)| {
            let hours: f64 = steps.clone().map(|t| plan.grid.hours(t)).sum();
            number(&table, r, "hashing") * hours
        })
        .sum();
    assert!((energy - shown).abs() < 1e-9, "{energy} {shown}");
    assert_eq!(rows.last().map(|r| r.end), Some(plan.grid.len()));
}

/// One dear hour among cheap ones, in a row of several hours: its price is in the row, and so
/// is that nothing hashes then.
#[test]
fn a_dear_hour_inside_a_row_is_seen() {
    let mut dear = [40.0; 48];
    dear[20] = 900.0;
    let dear = planned_ahead(SITE, &dear, 0, 48);
    let table = tables::over_time(&dear);
    let hour = |steps: &std::ops::Range<usize>| steps.contains(&20) && steps.len() > 1;
    let rows = tables::rows(&dear, &super::clock::Clock::new("UTC"));
    let row = rows.iter().position(hour).expect("a row of several hours");
    let of = |label: &str| {
        let c = table.columns.iter().position(|c| c.label == label);
        table.rows[row][c.expect(label)].clone()
    };
    let Cell::Range { least, most, .. } = of("price") else {
        panic!("{:?}", of("price"));
    };
    assert_eq!((least, most), (40.0, 900.0));
    let Cell::Range { least, most, .. } = of("hashing") else {
        panic!("{:?}", of("hashing"));
    };
    assert_eq!(least, 0.0);
    assert!(most > 3.0, "{most} MW");
    let shown = text(&dear, STYLE);
    assert!(shown.contains("40–900"), "{shown}");
    assert!(
        dear.html().contains("\"least\":40.0"),
        "the page has the range"
    );
    // Rows whose steps are alike stay numbers.
    let last = table.rows.last().expect("rows");
    assert!(
        !last.iter().any(|cell| matches!(cell, Cell::Range { .. })),
        "{last:?}"
    );
    // Below zero a dash would read as a sign.
    let mut below = [40.0; 48];
    below[20] = -25.0;
    let below = text(&planned_ahead(SITE, &below, 0, 48), STYLE);
    assert!(below.contains("-25 to 40"), "{below}");
}

#[test]
fn the_text_reads_in_eighty_columns_and_says_how_good_the_plan_is() {
    let planned = planned(SITE, &prices(), 5);
    let shown = text(&planned, STYLE);
    assert!(shown.lines().all(|l| l.chars().count() <= 80), "{shown}");
    for part in [
        "Power by use",
        "Certificate\nvalue",
        "\nbound",
        "\ngap",
        "Nothing is short.",
        "No limit binds.",
        "Why, at Mon 2 Mar 05:00",
        "unprofitable",
        "What would turn it",
        "power at poi below",
        "- A note.",
    ] {
        assert!(shown.contains(part), "{part}:\n{shown}");
    }
}

#[test]
fn limits_and_what_is_short_are_told() {
    // A connection for two of the three and a half MW the miners want.
    let site = SITE.replace("rating_mw = 5", "rating_mw = 2");
    let full = planned(&site, &prices(), 0);
    let limits = tables::limits(&full);
    assert_eq!(limits.rows[0][0], Cell::Text("poi".into()));
    assert!(number(&limits, 0, "worth per MW") > 100.0, "{limits:?}");
    assert!(text(&full, STYLE).contains("poi"), "in the text");
    // A tenant is promised more than the connection carries.
    let tenant = "[[commitments]]\nkind = \"hosting\"\nid = \"tenant\"\nnode = \"poi\"\nuse = \"inference\"\npower_mw = 3\nprice_per_mwh = 200\npenalty_per_mwh = 500\ncontracted_mw = 3\n";
    let short = planned(&(site + tenant), &prices(), 0);
    let table = tables::short(&short);
    assert_eq!(table.rows[0][0], Cell::Text("tenant".into()));
    // Where power costs more than the tenant pays and fines, all of it is missing.
    assert_eq!(number(&table, 0, "at most"), 3.0);
    let missing = short.plan.shortfalls[0].missing.as_megawatts();
    assert!((1.0..1.1).contains(&missing), "{missing} MW of three");
    assert!(!text(&short, STYLE).contains("Nothing is short"));
    let hosting = number(&tables::over_time(&short), 0, "hosting");
    assert!(
        (hosting + missing - 3.0).abs() < 1e-5,
        "{hosting} MW served"
    );
}

/// A load kept running at a loss, and a programme that binds without a call, are explained where
/// they are shown, and only there.
#[test]
fn negative_margins_and_possible_calls_are_explained() {
    let site = SITE.replace("rating_mw = 5", "rating_mw = 2");
    let mut plan = planned(&site, &prices(), 0);
    let (held, may_call) = ("Committed: held on or off", "calls or may call");
    let words = |plan: &Planned| {
        let text = text(plan, STYLE);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let before = words(&plan);
    assert!(
        !before.contains(held) && !before.contains(may_call),
        "{before}"
    );
    plan.plan.reasons[0].code = ReasonCode::Committed;
    plan.plan.reasons[0].margin_per_mwh = -12.5;
    plan.plan.limits[0].kind = LimitKind::Programme;
    for shown in [words(&plan), plan.html()] {
        for part in [
            held,
            "A margin below zero is what an MWh of it loses while it runs all the same",
            may_call,
            "forecast as a likelihood, with that share of the penalty",
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
    }
}

#[test]
fn page_and_json_hold_the_same_plan() {
    let planned = planned(SITE, &prices(), 5);
    let payload = super::page::payload(&planned);
    assert_eq!(payload.check(), Ok(()));
    assert_eq!(payload.kind, Kind::Plan);
    let hashing = &payload.series.uses[0].watts;
    let load = &planned.plan.loads[0].watts;
    assert!(hashing.iter().zip(load).all(|(a, b)| *a == b.get()));
    assert_eq!(planned.html(), planned.html());
    let back: swingload_model::plan::Plan = serde_json::from_str(&planned.json()).expect("a plan");
    assert_eq!(back, planned.plan);
}

//! The report page's payload, filled from a run.

mod bands;
mod dearest;
mod hindsight;
mod jobs;
mod money;
mod series;
mod slots;

pub(crate) use series::usage;

use swingload_model::time::timestamp;

use crate::html::{Fact, Figure, Kind, Payload, Section, aggregate};
use crate::words::thousands;
use crate::{Results, tables};

/// Points of a chart at most: more cannot be told apart and would make the page large.
pub(crate) const POINTS_MAX: usize = 10_000;

/// What the page shows of a run: everything through its main policy.
pub(crate) fn payload(results: &Results) -> Payload {
    let summary = results.summary();
    let site = &results.study.scenario.site;
    let decisions = dearest::decisions(results);
    let costliest = decisions.first().map(|d| d.step);
    Payload {
        kind: Kind::Run,
        title: summary.title.clone(),
        description: results.study.scenario.description.clone(),
        site: summary.site.clone(),
        currency: summary.currency.clone(),
        time_zone: site.time_zone.clone(),
        policy: results.main_policy().to_owned(),
        facts: facts(results),
        figures: figures(results),
        policies: tables::without_empty(tables::policies(results)),
        money: Some(money::policies(results)),
        levers: money::levers(results),
        series: aggregate(&series::series(results), POINTS_MAX),
        sections: sections(results),
        jobs: jobs::jobs(results),
        jobs_beyond: jobs_beyond(results),
        dearest: decisions.into_iter().map(|d| d.shown).collect(),
        slots: Some(slots::slots(results, costliest)),
        variants: tables::variants(results),
        promises: tables::promises(results),
        regions: tables::regions(results),
        tariff: Some(tables::bill(results)),
        pools: tables::pools(results),
        curtailed_runs: tables::curtailed_runs(results),
        incidents: tables::incidents(results).map(tables::without_empty),
        notes: notes(results),
    }
}

/// What the run left and why, and who forecast what.
fn sections(results: &Results) -> Vec<Section> {
    let split = tables::split(results).map(|table| Section {
        id: "split",
        title: "What was left of G".to_owned(),
        lead: format!(
            "and why: {} with one part of the future known after the other",
            results.main_policy()
        ),
        table,
    });
    let summary = results.summary();
    let breakeven = tables::breakeven(&summary.breakeven, &summary.currency, tables::Shown::Mean);
    let breakeven = breakeven.map(|table| Section {
        id: "breakeven",
        title: "Break-even of miners".to_owned(),
        lead: "the price of power above which hashing loses money, and what it is made of"
            .to_owned(),
        table,
    });
    let forecasters = tables::forecasters(results).map(|table| Section {
        id: "forecasts",
        title: "Forecasts".to_owned(),
        lead: "by series".to_owned(),
        table,
    });
    let repairs = tables::repairs(results).map(|table| Section {
        id: "repairs",
        title: "Repairs".to_owned(),
        lead: "what was changed of each policy's choices so that the site's rules hold".to_owned(),
        table: tables::without_empty(table),
    });
    (split.into_iter())
        .chain(breakeven)
        .chain(forecasters)
        .chain(repairs)
        .collect()
}

fn facts(results: &Results) -> Vec<Fact> {
    let summary = results.summary();
    let fact = |label: &str, value: String| Fact {
        label: label.to_owned(),
        value,
    };
    let step = results.study.scenario.step.get() as f64 / 60.0;
    vec![
        fact("seed", summary.seed.to_string()),
        fact("from", summary.start.clone()),
        fact("to", summary.end.clone()),
        fact(
            "steps",
            format!("{} of {step} min", thousands(summary.steps as f64, 0)),
        ),
        fact(
            "connection",
            format!("{} MW", thousands(summary.usable_mw, 1)),
        ),
        fact(
            "jobs submitted",
            thousands(jobs_submitted(results) as f64, 0),
        ),
        fact("Swingload", results.version.clone()),
    ]
}

fn figures(results: &Results) -> Vec<Figure> {
    let summary = results.summary();
    let Some(main) = results.policy(results.main_policy()) else {
        return Vec::new();
    };
    let currency = &summary.currency;
    let figure = |label: &str, value: f64, unit: &str, decimals: u8, note: String| Figure {
        label: label.to_owned(),
        value,
        unit: unit.to_owned(),
        decimals,
        note,
    };
    let mut figures = vec![figure(
        "Value",
        main.value,
        currency,
        0,
        format!("{} per MW-year", thousands(main.value_per_mw_year, 0)),
    )];
    if let (Some(gain), Some(pct), Some(left)) = (&summary.gain, main.gain_pct, main.left_pct) {
        let note = format!(
            "of G, the {} {currency} from asap to the proven bound; at most {left:.1} % of G is left",
            thousands(gain.gainable, 0)
        );
        figures.push(figure("Gain", pct, "%", 1, note));
    }
    if summary.baseline != results.main_policy() {
        let against = format!(
            "{} against {}",
            signed(main.levers.total, currency),
            summary.baseline
        );
        figures.push(figure(
            "Ahead of the baseline",
            main.levers.total,
            currency,
            0,
            against,
        ));
    }
    figures.push(figure(
        "Energy price",
        results.energy_price(main).unwrap_or(f64::NAN),
        &format!("{currency}/MWh"),
        2,
        format!(
            "time-weighted mean {} of {}, both without charges; {} with them; what could be exported counts as its export would pay",
            thousands(main.prices.time_weighted, 2),
            results.reference_name(),
            thousands(main.prices.effective.unwrap_or(f64::NAN), 2)
        ),
    ));
    if !main.pools.is_empty() {
        let note = main.mining.as_ref().and_then(|m| m.cost_per_bitcoin);
        let note = note.map_or(String::new(), |cost| {
            format!("{} {currency} per BTC", thousands(cost, 0))
        });
        figures.push(figure(
            "Hashing uptime",
            tables::uptime(results.main()),
            "%",
            1,
            note,
        ));
    }
    let jobs = &main.jobs;
    // Of nothing finished no share is on time.
    if jobs.submitted > jobs.open {
        let share = 100.0 * jobs.on_time as f64 / (jobs.submitted - jobs.open) as f64;
        let note = format!(
            "{} late, {} unmet, {} open",
            jobs.late, jobs.unmet, jobs.open
        );
        figures.push(figure("Jobs on time", share, "%", 1, note));
    }
    figures.truncate(6);
    figures
}

/// Jobs released within the run; the same for every policy.
fn jobs_submitted(results: &Results) -> usize {
    let run = results.main();
    run.jobs.iter().filter(|job| job.submitted).count()
}

fn jobs_beyond(results: &Results) -> usize {
    results.study.jobs.len() - jobs_submitted(results)
}

fn signed(amount: f64, currency: &str) -> String {
    let sign = if amount < 0.0 { "" } else { "+" };
    format!("{sign}{} {currency}", thousands(amount, 0))
}

fn notes(results: &Results) -> Vec<String> {
    let summary = results.summary();
    let mut notes = results.remarks();
    notes.push(format!(
        "The forecast band is the scenario's own model, issued at the start of each local day; \
         run {} to {}.",
        summary.start,
        timestamp(results.study.truth.grid.end_s(summary.steps.max(1) - 1)),
    ));
    notes
}

//! What was left of G by cause, and who forecast what.

use swingload_simulator::Part;
use swingload_simulator::results::{FallbackSummary, SplitSummary};

use super::column;
use crate::Results;
use crate::html::{Cell, Table};
use crate::words::thousands;

/// What a part of the future is called, and what knowing it means.
fn words(part: Part) -> (&'static str, &'static str) {
    match part {
        Part::Prices => ("price error", "prices of energy"),
        Part::Surplus => ("surplus error", "power of supply blocks"),
        Part::OtherSeries => ("error of other series", "hash revenue, load, temperature"),
        Part::Arrivals => ("unknown arrivals", "jobs before their release"),
        Part::CoincidentPeaks => (
            "unknown coincident peaks",
            "which intervals are the grid's peaks",
        ),
        Part::Calls => ("unknown calls", "when programmes are called"),
    }
}

/// One row per cause of what was left of G; `None` when no split was asked for.
pub(crate) fn split(results: &Results) -> Option<Table> {
    let summary = results.summary();
    let SplitSummary {
        policy,
        left,
        left_pct,
        parts,
        planning,
        planning_pct,
    } = summary.split.as_ref()?;
    let gain = summary.gain.as_ref()?;
    let columns = vec![
        column("left by", "", 0, ""),
        column("known from here on", "", 0, "Beyond the rows above."),
        column(
            "value",
            &summary.currency,
            0,
            "Of the run that knows this and all above.",
        ),
        column(
            "worth",
            &summary.currency,
            0,
            "What that knowledge added to the row above.",
        ),
        column("share", "% of G", 1, "The same in % of G."),
    ];
    let own = gain.bound - left;
    let mut rows = vec![vec![
        Cell::from(format!("({policy} as it is)")),
        Cell::Empty,
        own.into(),
        Cell::Empty,
        Cell::Empty,
    ]];
    rows.extend(parts.iter().map(|part| {
        let (cause, known) = words(part.part);
        vec![
            Cell::from(cause),
            known.into(),
            part.value.into(),
            part.amount.into(),
            part.amount_pct.into(),
        ]
    }));
    rows.push(vec![
        Cell::from("planning"),
        "nothing more: the proven bound".into(),
        gain.bound.into(),
        (*planning).into(),
        (*planning_pct).into(),
    ]);
    rows.push(vec![
        Cell::from("all that was left"),
        Cell::Empty,
        Cell::Empty,
        (*left).into(),
        (*left_pct).into(),
    ]);
    let highlight = Some(rows.len() - 1);
    Some(Table {
        columns,
        rows,
        highlight,
        note: "Each row is a run of its own that knows one thing more; the last value is the \
               proven bound. Sizes depend on this order. Planning is what knowledge does not \
               close: planner, horizon, faults and delays, slack of the bound."
            .to_owned(),
    })
}

/// One row per series: its forecaster.
pub(crate) fn forecasters(results: &Results) -> Option<Table> {
    let all = &results.summary().forecasters;
    let run = results.summary().policies.get(results.main_policy());
    let stood_in = |series: &str| {
        let of_series = run?.fallbacks.iter().filter(|f| f.series == series);
        let share = |f: &FallbackSummary| {
            let steps = results.summary().steps.max(1) as f64;
            format!(
                "{} {} %",
                f.fallback,
                thousands(100.0 * f.steps as f64 / steps, 1)
            )
        };
        let all: Vec<String> = of_series.map(share).collect();
        (!all.is_empty()).then(|| all.join(", "))
    };
    let row = |(name, f): (&String, &swingload_simulator::results::ForecasterSummary)| {
        let reads = f.published.iter().chain(&f.inputs);
        let reads: Vec<&str> = reads.map(String::as_str).collect();
        vec![
            Cell::from(name.as_str()),
            f.model.as_str().into(),
            (!reads.is_empty()).then(|| reads.join(", ")).into(),
            stood_in(name).into(),
        ]
    };
    (!all.is_empty()).then(|| Table {
        columns: vec![
            column("series", "", 0, ""),
            column("forecast by", "", 0, "The model that issues it."),
            column("reads", "", 0, "Published forecasts and other inputs."),
            column(
                "stood in, of all steps",
                "",
                0,
                "What stood in for the model in decisions, or what of its data could not be used, and in how many.",
            ),
        ],
        rows: all.iter().map(row).collect(),
        highlight: None,
        note: "Jobs are known from their release on; none is expected before.".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use crate::html::Cell;
    use crate::testing::{SITE, input};
    use swingload_model::series::{Observation, Series};
    use swingload_simulator::simulate;

    #[test]
    fn the_rows_of_the_split_add_up() {
        let mut input = input(SITE, &[20.0, 300.0, 20.0, 20.0], &["swingload", "oracle"]);
        input.scenario.policies.split = true;
        input.scenario.forecast.model = Some("seasonal_naive_day".to_owned());
        // Prices are known when their hour is over.
        let price = &input.series["price"];
        let late = price.observations().iter().map(|o| Observation {
            known_at: o.end,
            ..*o
        });
        let late = Series::new("price", price.unit.clone(), late.collect()).expect("valid");
        input.series.insert("price".to_owned(), late);
        let study = simulate(&input, &|_| {}).expect("a study");
        let results = crate::Results {
            input,
            study,
            variants: Vec::new(),
            notes: Vec::new(),
            version: "0".to_owned(),
        };
        let table = super::split(&results).expect("asked for");
        let worth: Vec<f64> = table.rows[1..]
            .iter()
            .map(|row| match row[3] {
                Cell::Number(number) => number,
                _ => panic!("no number in {row:?}"),
            })
            .collect();
        let (total, parts) = worth.split_last().expect("rows");
        assert!(*total > 0.0, "the spike was not foreseen: {worth:?}");
        assert!(
            parts[0] > 0.5 * total,
            "prices were what it lacked: {worth:?}"
        );
        let sum: f64 = parts.iter().sum();
        assert!((sum - total).abs() < 1e-6, "{worth:?}");
        let forecasters = super::forecasters(&results).expect("series");
        assert_eq!(forecasters.rows.len(), 3, "{:?}", forecasters.rows);
    }
}

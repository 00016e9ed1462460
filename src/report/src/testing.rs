//! A small run for tests: one pool of miners on one connection.

use swingload_model::time::Seconds;
use swingload_simulator::{StudyInput, simulate};
pub(crate) use swingload_worlds::MINERS as SITE;
use swingload_worlds::{scenario, series_of, study_series};

use crate::Results;

/// The site run by `policies` with these prices, one per hour from the start.
pub(crate) fn results(site: &str, price: &[f64], policies: &[&str]) -> Results {
    let input = input(site, price, policies);
    let study = simulate(&input, &|_| {}).expect("a study");
    Results {
        input,
        study,
        variants: Vec::new(),
        notes: Vec::new(),
        version: "0".to_owned(),
    }
}

/// What [`results`] runs: plans look a day ahead.
pub(crate) fn input(site: &str, price: &[f64], policies: &[&str]) -> StudyInput {
    input_ahead(site, price, policies, 24)
}

/// The same with plans that look so many hours ahead.
pub(crate) fn input_ahead(
    site: &str,
    price: &[f64],
    policies: &[&str],
    ahead_h: u32,
) -> StudyInput {
    let start = "2026-03-02T00:00:00Z";
    let mut scenario = scenario(site, start, price.len() as i64, 60, policies);
    let ahead = Seconds::from_hours(f64::from(ahead_h));
    scenario.horizon.stretches = vec![(ahead, Seconds::new(3600))];
    let mut series = study_series(&scenario, &[40.0], &[2.0], &[200.0]);
    let known = |hour: i64| {
        let within = usize::try_from(hour).ok();
        within.and_then(|h| price.get(h)).copied().unwrap_or(40.0)
    };
    series.insert(
        "price".to_owned(),
        series_of(&scenario, "price", "USD/MWh", known),
    );
    StudyInput {
        scenario,
        series,
        jobs: Vec::new(),
    }
}

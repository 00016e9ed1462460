//! What was left of G, by what the policy did not know.

use swingload_model::series::{Observation, Series};

use super::support::{SITE, input, job, scenario};
use crate::{Part, Study, StudyInput, simulate};

const START: &str = "2026-03-02T06:00:00Z";

/// A day in which an evening is dear without notice: the day before was not.
fn world(model: &str) -> StudyInput {
    let site = SITE.replace("wake_s = 600\nwear_per_start = 0.1\n", "");
    let mut shape = scenario(&site, START, 24, 60, &["swingload", "oracle"]);
    shape.policies.split = true;
    shape.forecast.model = Some(model.to_owned());
    let start = shape.grid.start_s(0);
    let price: Vec<f64> = (0..96)
        .map(|h| if (34..38).contains(&h) { 900.0 } else { 30.0 })
        .collect();
    let surplus: Vec<f64> = (0..96).map(|h| f64::from(h * h % 7)).collect();
    let jobs = vec![
        job("early", start, 512, 4.0, 1.0, 20.0),
        job("late", start, 1024, 3.0, 9.5, 13.0),
        job("beyond", start, 64, 3.0, 26.0, 40.0),
    ];
    let mut input = input(shape, &price, &surplus, &[300.0], jobs);
    for series in input.series.values_mut() {
        let late = |o: &Observation| Observation {
            known_at: o.end,
            ..*o
        };
        let observations = series.observations().iter().map(late).collect();
        let (name, unit) = (series.name.clone(), series.unit.clone());
        *series = Series::new(name, unit, observations).expect("as valid as before");
    }
    input
}

fn run(input: &StudyInput) -> Study {
    simulate(input, &|_| {}).expect("runs")
}

#[test]
fn the_parts_add_up_to_what_was_left() {
    let study = run(&world("seasonal_naive_day"));
    let (split, gain) = (study.summary.split.as_ref(), study.summary.gain.as_ref());
    let (split, gain) = (split.expect("asked for"), gain.expect("an oracle ran"));
    let parts: Vec<Part> = split.parts.iter().map(|p| p.part).collect();
    assert_eq!(parts, Part::ALL);
    let sum: f64 = split.parts.iter().map(|p| p.amount).sum::<f64>() + split.planning;
    assert!((sum - split.left).abs() < 1e-9, "{split:?}");
    let own = study.summary.policies["swingload"].value;
    assert!((split.left - (gain.bound - own)).abs() < 1e-9, "{split:?}");
    assert!(split.parts[0].amount > 0.0, "the dear evening: {split:?}");
    assert!(split.planning >= 0.0, "above the bound: {split:?}");
    // The runs that were told more are no policies of the report.
    assert_eq!(study.summary.order, ["swingload", "oracle"]);
    assert_eq!(study.informed.len(), 4);
}

#[test]
fn a_job_that_is_told_beforehand_is_planned_for() {
    let mut input = world("perfect");
    // Known prices leave only jobs to be told of. The early one would wait for the hours in
    // which the late one will need the whole pool.
    let until = input.jobs[1].release + 4 * 3600;
    for job in &mut input.jobs[..2] {
        (job.deadline, job.latest) = (until, until);
    }
    input.series.insert("price".to_owned(), {
        let cheap = (0..96).map(|h| if h % 24 > 9 && h % 24 < 14 { 5.0 } else { 60.0 });
        let cheap: Vec<f64> = cheap.collect();
        super::support::series(&input.scenario, "price", "USD/MWh", &cheap)
    });
    let study = run(&input);
    assert_eq!(
        study.informed.len(),
        1,
        "prices are known: {:?}",
        study.informed
    );
    let split = study.summary.split.expect("asked for");
    let arrivals = &split.parts[3];
    assert_eq!(arrivals.part, Part::Arrivals);
    assert!(
        split.parts[..3].iter().all(|p| p.amount == 0.0),
        "{split:?}"
    );
    assert!(arrivals.amount > 0.0, "{split:?}");
    assert_eq!(study.summary.forecasters["price"].model, "perfect");
}

/// Telling a job early may not let it start early, nor count one that lies beyond the run.
#[test]
fn told_jobs_still_wait_for_their_release() {
    use crate::feed::Publications;
    use crate::run::closed_loop::ClosedLoop;
    use crate::run::knowledge::Knowledge;
    use crate::run::{Context, recorder};

    let input = world("seasonal_naive_day");
    let context = Context::new(&input.scenario, &input.series, &input.jobs).expect("covered");
    let publications = Publications::of(&context);
    let all = Knowledge::up_to(Part::Arrivals);
    let driver = ClosedLoop::new(&context, &publications, "swingload", all).expect("known");
    let faults = &input.scenario.faults;
    let run = recorder::run(&context, "swingload", faults, driver, &|_| {}).expect("money fits");
    for span in &run.spans {
        assert!(span.start >= context.jobs[span.job as usize].release);
    }
    assert!(!run.spans.is_empty());
    assert_eq!(run.incidents.commands_refused, 0);
    let submitted: Vec<bool> = run.jobs.iter().map(|job| job.submitted).collect();
    assert_eq!(submitted, [true, true, false]);
}

#[test]
fn each_series_belongs_to_one_part() {
    let input = world("persistence");
    let part = |name: &str| Part::of_series(&input.scenario, name);
    assert_eq!(part("price"), Some(Part::Prices));
    assert_eq!(part("surplus"), Some(Part::Surplus));
    assert_eq!(part("demand"), Some(Part::OtherSeries));
    assert_eq!(part("difficulty"), Some(Part::OtherSeries));
    assert_eq!(part("price_day_ahead"), None);
}

/// A site that bears coincident peaks and a programme, on flags of its own.
fn flagged() -> StudyInput {
    use swingload_model::site::tariff::{Programme, TariffLine};
    let mut input = world("persistence");
    let site = &mut input.scenario.site;
    site.tariff.lines.push(TariffLine::CoincidentPeak {
        id: "4cp".into(),
        per_kw_year: swingload_model::units::Money::from_units(60.0),
        intervals_per_year: 4,
        peaks: "flags".into(),
        probability: Some("chance".into()),
    });
    site.programmes.push(Programme {
        id: "reserve".into(),
        capacity_mw: 5.0,
        availability: swingload_model::site::Amount::Constant(10.0),
        calls: Some("calls".into()),
        firm_mw: 1.0,
        penalty_per_mwh: 400.0,
        months_per_year: 12,
    });
    let hourly = |values: &dyn Fn(usize) -> f64| -> Vec<f64> { (0..96).map(values).collect() };
    // A day lies before the run: hour 40 is its sixteenth. Four hours might be the peak.
    let rows = [
        ("flags", hourly(&|h| f64::from(u8::from(h == 42)))),
        (
            "chance",
            hourly(&|h| if (40..44).contains(&h) { 0.004 } else { 0.0 }),
        ),
        (
            "calls",
            hourly(&|h| f64::from(u8::from(h == 30 || h == 31))),
        ),
    ];
    for (name, values) in rows {
        let series = super::support::series(&input.scenario, name, "1", &values);
        // Known when it happens, but for the chance, which is published a day ahead.
        let known = |o: &Observation| Observation {
            known_at: if name == "chance" {
                o.start - 86_400
            } else {
                o.start
            },
            ..*o
        };
        let observations = series.observations().iter().map(known).collect();
        let series = Series::new(name, series.unit.clone(), observations).expect("valid");
        input.series.insert(name.to_owned(), series);
    }
    input.scenario.forecast.model = Some("perfect".into());
    input
}

#[test]
fn peaks_and_calls_are_parts_of_their_own() {
    let mut input = flagged();
    assert_eq!(
        Part::of_series(&input.scenario, "flags"),
        Some(Part::CoincidentPeaks)
    );
    assert_eq!(
        Part::of_series(&input.scenario, "chance"),
        Some(Part::OtherSeries)
    );
    assert_eq!(Part::of_series(&input.scenario, "calls"), Some(Part::Calls));
    // All but the calls is known beforehand; whether the peak is, the parts are about.
    let own = swingload_model::scenario::file::SeriesForecastFile {
        model: "persistence".into(),
        published: None,
        inputs: vec![],
    };
    input.scenario.forecast.series.insert("calls".into(), own);
    let study = run(&input);
    let told: Vec<Part> = study.informed.iter().map(|run| run.part).collect();
    assert_eq!(told, [Part::Arrivals, Part::CoincidentPeaks, Part::Calls]);
    let split = study.summary.split.as_ref().expect("asked for");
    let peaks = split.parts[4].amount;
    // A chance of 0.4 % keeps everything running at 60,000 / 4 per MW and peak.
    let line = |study: &Study| {
        let run = study.run("swingload").expect("ran");
        -run.ledger
            .total(crate::ledger::LineKind::CoincidentPeak)
            .as_units()
    };
    let charged = line(&study);
    assert!(charged > 15_000.0, "it did not know: {charged}");
    assert!(
        peaks > 0.5 * charged,
        "knowing the hour saves most of {charged}: {split:?}"
    );
    let calls = &split.parts[5];
    assert_eq!(calls.part, Part::Calls);
    assert!(
        split.planning < 0.1 * charged && split.planning >= 0.0,
        "planning is none of either: {split:?}"
    );
    let sum: f64 = split.parts.iter().map(|p| p.amount).sum::<f64>() + split.planning;
    assert!((sum - split.left).abs() < 1e-6, "{split:?}");
}

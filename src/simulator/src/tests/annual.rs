//! A year's value: each line of the bill by its own period.

use swingload_model::site::Amount;
use swingload_model::site::tariff::{Programme, TariffLine};
use swingload_model::units::Money;

use super::support::{SITE, input, scenario, series};
use crate::ledger::LineKind;
use crate::results::{AnnualBasis, Summary, value_per_year};
use crate::run::{Study, StudyInput, simulate};

/// `hours` from a local midnight in Chicago at which a month begins, with peaks at these hours.
fn world(start: &str, hours: i64, peaks: &[usize]) -> StudyInput {
    let mut shape = scenario(SITE, start, hours, 60, &["always_on"]);
    shape.site.tariff.lines.push(TariffLine::CoincidentPeak {
        id: "4cp".into(),
        per_kw_year: Money::from_units(60.0),
        intervals_per_year: 4,
        peaks: "flags".into(),
        probability: None,
    });
    let mut input = input(shape, &[40.0], &[0.0], &[100.0], vec![]);
    // Series begin a day before the run.
    let all = 24 * 4 + hours as usize;
    let flags: Vec<f64> = (0..all)
        .map(|h| f64::from(u8::from(h >= 24 && peaks.contains(&(h - 24)))))
        .collect();
    let flags = series(&input.scenario, "flags", "1", &flags);
    input.series.insert("flags".into(), flags);
    input
}

fn run(input: &StudyInput) -> Study {
    simulate(input, &|_| {}).expect("runs")
}

fn policy(study: &Study) -> &Summary {
    &study.summary.policies["always_on"]
}

fn of(study: &Study, kind: LineKind) -> f64 {
    policy(study).by_kind.get(&kind).copied().unwrap_or(0.0)
}

/// The year's value when demand charges, peaks and programmes are taken so many times, and
/// all else by time.
fn year(study: &Study, demand: f64, peaks: f64, programmes: f64) -> f64 {
    let own = [
        (of(study, LineKind::Demand), demand),
        (of(study, LineKind::CoincidentPeak), peaks),
        (
            of(study, LineKind::Availability) + of(study, LineKind::CallPenalty),
            programmes,
        ),
    ];
    let rest = policy(study).value - own.iter().map(|(amount, _)| amount).sum::<f64>();
    rest * 8760.0 / study.summary.hours + own.iter().map(|(a, times)| a * times).sum::<f64>()
}

#[test]
fn a_month_with_one_of_four_peaks_bears_four_of_it_in_a_year() {
    // July in Chicago.
    let study = run(&world("2026-07-01T05:00:00Z", 31 * 24, &[400]));
    assert!(of(&study, LineKind::CoincidentPeak) < -60_000.0 / 4.0);
    assert!(of(&study, LineKind::Demand) < 0.0);
    let expected = year(&study, 12.0, 4.0, 0.0);
    let got = policy(&study).value_per_year;
    assert!((got - expected).abs() < 1e-3, "{got}, not {expected}");
    assert_eq!(value_per_year(&study, "always_on"), Some(got), "and in NPV");
    let mw = study.summary.usable_mw;
    assert!((policy(&study).value_per_mw_year - got / mw).abs() < 1e-9);
    let basis: Vec<_> = (study.summary.annualised.iter())
        .map(|line| (line.id.as_str(), line.by, line.times))
        .collect();
    assert_eq!(
        basis,
        [
            ("peak", AnnualBasis::Months, 12.0),
            ("4cp", AnnualBasis::PeakIntervals, 4.0)
        ]
    );
}

#[test]
fn two_months_and_two_peaks_and_a_part_of_a_month() {
    // July and August: twelve over two months, four over two peaks.
    let study = run(&world("2026-07-01T05:00:00Z", 62 * 24, &[400, 900]));
    let expected = year(&study, 6.0, 2.0, 0.0);
    let got = policy(&study).value_per_year;
    assert!((got - expected).abs() < 1e-3, "{got}, not {expected}");
    // A week of July is charged for 7 of 31 days, and no peak lies in it.
    let study = run(&world("2026-07-01T05:00:00Z", 7 * 24, &[]));
    let expected = year(&study, 12.0 * 31.0 / 7.0, 0.0, 0.0);
    let got = policy(&study).value_per_year;
    assert!((got - expected).abs() < 1e-3, "{got}, not {expected}");
    let peaks = &study.summary.annualised[1];
    assert_eq!((peaks.in_run, peaks.times), (0.0, 0.0), "it is left out");
    // The last week of it bears all of July.
    let study = run(&world("2026-07-25T05:00:00Z", 7 * 24, &[]));
    let expected = year(&study, 12.0, 0.0, 0.0);
    let got = policy(&study).value_per_year;
    assert!((got - expected).abs() < 1e-3, "{got}, not {expected}");
}

/// A day of the site's zone lies on two of UTC's.
#[test]
fn days_of_a_season_are_the_sites() {
    let mut input = world("2026-07-01T05:00:00Z", 5 * 24, &[]);
    // Series begin a day before the run; what is paid is paid on its second day.
    let hours = 24 * 5 + 24 * 4;
    let paid: Vec<f64> = (0..hours)
        .map(|h| f64::from(u8::from((48..72).contains(&h))))
        .collect();
    let paid = series(&input.scenario, "paid", "USD/MWh", &paid);
    input.series.insert("paid".into(), paid);
    input.scenario.site.programmes = vec![Programme {
        id: "summer".into(),
        capacity_mw: 5.0,
        availability: Amount::Series {
            series: "paid".into(),
            scale: 10.0,
        },
        calls: None,
        firm_mw: 1.0,
        penalty_per_mwh: 400.0,
        months_per_year: 4,
    }];
    let study = run(&input);
    let line = study
        .summary
        .annualised
        .iter()
        .find(|l| l.kind == LineKind::Availability);
    let line = line.expect("a season");
    assert_eq!((line.by, line.in_run), (AnnualBasis::SeasonDays, 1.0));
    // Four months are a third of 365 days.
    assert!((line.times - 365.0 / 3.0).abs() < 1e-9, "{line:?}");
}

/// Without an availability payment a run that is called lies in the season.
#[test]
fn penalties_of_a_programme_that_pays_nothing_are_not_lost() {
    let mut input = world("2026-07-01T05:00:00Z", 10 * 24, &[]);
    let called: Vec<f64> = (0..24 * 14).map(|h| f64::from(u8::from(h == 40))).collect();
    let called = series(&input.scenario, "calls", "1", &called);
    input.series.insert("calls".into(), called);
    input.scenario.site.programmes = vec![Programme {
        id: "emergency".into(),
        capacity_mw: 5.0,
        availability: Amount::Constant(0.0),
        calls: Some("calls".into()),
        firm_mw: 0.1,
        penalty_per_mwh: 400.0,
        months_per_year: 4,
    }];
    let study = run(&input);
    let penalty = of(&study, LineKind::CallPenalty);
    assert!(penalty < -100.0, "{penalty}");
    let season = 365.0 / 3.0 / 10.0;
    let demand = 12.0 * 31.0 / 10.0;
    let expected = year(&study, demand, 0.0, season);
    let got = policy(&study).value_per_year;
    assert!((got - expected).abs() < 1e-3, "{got}, not {expected}");
}

#[test]
fn a_programme_pays_in_its_season_alone() {
    let mut input = world("2026-07-01T05:00:00Z", 30 * 24, &[]);
    let programme = |months_per_year: u32| Programme {
        id: "summer".into(),
        capacity_mw: 5.0,
        availability: Amount::Constant(10.0),
        calls: None,
        firm_mw: 1.0,
        penalty_per_mwh: 400.0,
        months_per_year,
    };
    input.scenario.site.programmes = vec![programme(4)];
    let study = run(&input);
    assert!((of(&study, LineKind::Availability) - 36_000.0).abs() < 1e-6);
    // Four months are a third of 365 days; thirty of them were run.
    let season = 365.0 / 3.0 / 30.0;
    let demand = 12.0 * 31.0 / 30.0;
    let expected = year(&study, demand, 0.0, season);
    let got = policy(&study).value_per_year;
    assert!((got - expected).abs() < 1e-3, "{got}, not {expected}");
    input.scenario.site.programmes = vec![programme(12)];
    let all_year = run(&input);
    let more = policy(&all_year).value_per_year - got;
    let by_hand = 36_000.0 * (8760.0 / 720.0 - season);
    assert!((more - by_hand).abs() < 1e-3, "{more}, not {by_hand}");
}

//! Nothing saturates or wraps: what is plausible is counted, and what cannot be counted is
//! an error that names its input.

use proptest::prelude::*;
use swingload_model::plausible::{Place, Quantity};
use swingload_model::units::{JOULES_PER_MWH, Money};

use super::support::{SITE, input, job, lines, scenario, series};
use crate::ledger::{Ledger, LineKind};
use crate::run::{Error, Study, StudyInput, simulate};

const START: &str = "2026-03-01T06:00:00Z";

/// What money is made from.
#[derive(Debug, Clone, Copy)]
struct World {
    price: f64,
    btc: f64,
    difficulty: f64,
    gpu_hour: f64,
}

/// Six hours of the site with miners always on; a large one has 9,000 MW of them.
fn study(world: World, large: bool) -> StudyInput {
    let site = SITE.replace(
        "price_per_mwh = 3\n",
        "price_per_mwh = { series = \"price\" }\n",
    );
    let site = if large {
        let (rating, count) = ("rating_mw = 10000\n", "count = 2500000\n");
        site.replace("rating_mw = 12\n", rating)
            .replace("rating_mw = 7\n", rating)
            .replace("available_mw = 12\n", "available_mw = 10000\n")
            .replace("count = 1600\n", count)
    } else {
        site
    };
    let scenario = scenario(&site, START, 6, 60, &["always_on", "asap"]);
    let mut job = job("one", scenario.grid.start_s(0), 8, 2.0, 0.0, 4.0);
    job.value = Money::from_units(world.gpu_hour);
    let mut study = input(scenario, &[world.price], &[1.0], &[100.0], vec![job]);
    for (name, unit, value) in [
        ("btc", "USD/BTC", world.btc),
        ("difficulty", "difficulty", world.difficulty),
    ] {
        let flat = series(&study.scenario, name, unit, &[value]);
        study.series.insert(name.to_owned(), flat);
    }
    study
}

/// Money of the policy equals what floating point makes of its inputs: nothing was cut off.
fn is_whole(study: &Study, world: World) {
    let run = study.run("always_on").expect("it ran");
    let lines = lines(run);
    let near = |line: &str, expected: f64| {
        let found = lines[line] as f64 / 1e6;
        let far = (found - expected).abs() > 1e-6 * expected.abs() + 1.0;
        assert!(!far, "{line}: {found}, and {expected} is right");
    };
    let mwh = |k: usize| run.supply_energy[k].iter().sum::<i64>() as f64 / JOULES_PER_MWH as f64;
    near("Energy grid", -mwh(1) * world.price);
    let terahashes: f64 = run.pools[0].terahashes;
    let hashprice = study.truth.mining.as_ref().expect("mining").hashprice[0];
    near("Mining s21", terahashes / 86_400_000.0 * hashprice * 0.98);
    let sum: i128 = lines.values().map(|v| i128::from(*v)).sum();
    assert_eq!(i128::from(run.ledger.value().get()), sum);
}

fn within(what: Quantity, at: i64) -> std::ops::RangeInclusive<f64> {
    let place = Place {
        currency: "USD",
        at: Some(at),
        ..Place::default()
    };
    let (low, high) = what.limits(place);
    low..=high
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Any input within its plausible range, on the largest site.
    #[test]
    fn what_is_plausible_is_counted(
        price in within(Quantity::EnergyPrice, 1_772_344_800),
        btc in within(Quantity::BitcoinPrice, 1_772_344_800),
        difficulty in within(Quantity::Difficulty, 1_772_344_800),
        gpu_hour in 0.0..=100.0f64,
        large in any::<bool>(),
    ) {
        let world = World { price, btc, difficulty, gpu_hour };
        let done = simulate(&study(world, large), &|_| {}).expect("counted");
        is_whole(&done, world);
    }

    /// Inputs of any size: counted exactly, or refused with the input's name; no panic, and
    /// no figure that was cut off.
    #[test]
    fn what_cannot_be_counted_names_its_input(
        price in (-1i32..=1, 0.0..20.0f64),
        btc in 0.0..15.0f64,
        difficulty in 0.0..16.0f64,
        gpu_hour in 0.0..6.0f64,
        large in any::<bool>(),
    ) {
        let world = World {
            price: f64::from(price.0) * libm::pow(10.0, price.1),
            btc: libm::pow(10.0, btc),
            difficulty: libm::pow(10.0, difficulty),
            gpu_hour: libm::pow(10.0, gpu_hour),
        };
        match simulate(&study(world, large), &|_| {}) {
            Ok(done) => is_whole(&done, world),
            Err(Error::Beyond(beyond)) => {
                prop_assert_eq!(beyond.name, "data.price");
                prop_assert!(world.price.abs() > 1e9);
            }
            Err(Error::TooMuch(found)) => {
                let first = found.causes.first().expect("an input");
                let inputs = ["data.price", "data.difficulty", "data.btc"];
                prop_assert!(inputs.contains(&first.name.as_str()), "{:?}", found);
                prop_assert!(!first.value.is_empty() && !found.at.is_empty());
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}

#[test]
fn a_difficulty_of_one_is_named_with_its_line_and_step() {
    let world = World {
        price: 40.0,
        btc: 60_000.0,
        difficulty: 1.0,
        gpu_hour: 1.0,
    };
    let error = simulate(&study(world, false), &|_| {}).expect_err("too much money");
    let Error::TooMuch(found) = &error else {
        panic!("{error}");
    };
    assert_eq!(
        found.causes[0].name, "data.difficulty",
        "the doubtful one first"
    );
    assert_eq!(found.causes[0].value, "1 difficulty");
    assert_eq!(
        (found.line.as_str(), found.kind.as_str()),
        ("s21", "mining")
    );
    assert_eq!(found.at, "2026-03-01T06:00:00Z");
    assert!(error.to_string().contains("9.2e12 USD"), "{error}");
}

/// Money passes what is counted in a later step for a policy that mines with fewer machines:
/// which of the two is told hangs on the order of policies, not on threads and not on steps.
#[test]
fn the_first_policy_that_fails_is_told_on_any_number_of_threads() {
    let world = World {
        price: 40.0,
        btc: 60_000.0,
        difficulty: 8_000.0,
        gpu_hour: 1.0,
    };
    let failure = |order: [&str; 3], threads: usize| {
        let mut input = study(world, false);
        input.scenario.policies.run = order.map(String::from).to_vec();
        input.scenario.policies.static_split_mining_mw = Some(2.0);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let run = || simulate(&input, &|_| {}).expect_err("too much money");
        pool.expect("threads").install(run)
    };
    let alone = |policy| failure([policy; 3], 1);
    let step = |policy| match alone(policy) {
        Error::TooMuch(found) => found.at.clone(),
        other => panic!("{policy}: {other}"),
    };
    let (early, late) = (step("always_on"), step("static_split"));
    assert!(early < late, "they fail at {early} and {late}");
    for threads in [1, 2, 3] {
        for first in ["always_on", "static_split"] {
            let order = match first {
                "always_on" => ["always_on", "breakeven", "static_split"],
                _ => ["static_split", "breakeven", "always_on"],
            };
            assert_eq!(
                failure(order, threads),
                alone(first),
                "{order:?} on {threads}"
            );
        }
    }
}

#[test]
fn jobs_and_scales_beyond_all_counting_are_named() {
    let plain = World {
        price: 40.0,
        btc: 60_000.0,
        difficulty: 1e14,
        gpu_hour: 1.0,
    };
    let mut large = study(plain, false);
    large.jobs[0].work = i64::MAX / 8;
    large.jobs[0].value = Money::from_units(1e6);
    let error = simulate(&large, &|_| {})
        .expect_err("no such job")
        .to_string();
    assert!(error.contains("terms.value_per_gpu_h"), "{error}");
    let mut scaled = study(plain, false);
    scaled.scenario.site.supply[1].price = swingload_model::site::Amount::Series {
        series: "price".into(),
        scale: 1e9,
    };
    let Err(Error::Beyond(beyond)) = simulate(&scaled, &|_| {}) else {
        panic!("it is counted");
    };
    assert_eq!(beyond.name, "data.price");
    assert!(
        beyond.problem.contains("grid.price_per_mwh"),
        "{}",
        beyond.problem
    );
}

/// The ledger keeps the first amount that does not fit, whatever its sign, and nothing after it.
#[test]
fn the_ledger_refuses_what_does_not_fit_in_sum() {
    let mut ledger = Ledger::new(2);
    let (mined, paid) = (
        ledger.line("mined", LineKind::Mining),
        ledger.line("paid", LineKind::Energy),
    );
    let half = Money::new(i64::MAX / 2);
    ledger.book(mined, 0, half);
    ledger.book(paid, 0, -half);
    assert_eq!(ledger.overflow(), None);
    assert_eq!(ledger.value(), Money::ZERO);
    // Their sum fits, their sizes do not: a sum of one sign would wrap.
    ledger.book(paid, 1, Money::new(-2));
    let overflow = ledger.overflow().expect("full");
    assert_eq!((overflow.line, overflow.t), (paid, 1));
    ledger.book(mined, 1, Money::new(1));
    assert_eq!(ledger.total(LineKind::Mining), half, "void after it");
}

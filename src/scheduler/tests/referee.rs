//! The planner against HiGHS on random small problems: 60, and 500 among the long tests.
//! Needs `--features highs`.
#![cfg(feature = "highs")]

mod common;
#[path = "referee/families.rs"]
mod families;

use families::{FAMILIES, Family, Then};
use swingload_scheduler::bound::Prices;
use swingload_scheduler::check::check;
use swingload_scheduler::inputs::{PlanInputs, RampInput};
use swingload_scheduler::plan::{Budget, Planned, WarmStart, plan, plan_from, plan_in_loop};
use swingload_scheduler::referee::{self, Error, Refereed, Settings};
use swingload_scheduler::schedule::Room;

/// Problems of every run.
const FEW: u64 = 60;
/// Problems of the long tests.
const MANY: u64 = 500;
/// Share of problems that must be within 0.1 % of the optimum's value.
const REACHED: f64 = 0.78;
/// Share of the problems that every family must bind in.
const BINDING: f64 = 0.3;
/// Steps of the short local search that shows what a family holds down.
const SHORT: usize = 15_000;
/// Rounding of the solver, relative.
const ROUNDING: f64 = 1e-6;

/// One problem with both answers.
struct Case {
    seed: u64,
    inputs: PlanInputs,
    planned: Planned,
    optimum: Refereed,
}

impl Case {
    fn new(seed: u64) -> Self {
        let inputs = common::instance(seed);
        let planned = plan(&inputs, Budget::STUDY);
        let optimum = referee::solve(
            &inputs,
            Settings {
                time_limit: 20.0,
                gap: 1e-5,
            },
        )
        .unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        Self {
            seed,
            inputs,
            planned,
            optimum,
        }
    }

    /// What the planner leaves, as a share of the optimum's value.
    fn lost(&self) -> f64 {
        (self.optimum.bound - self.planned.value()) / self.optimum.bound.abs()
    }
}

/// Whether the optimum is another one without the family, proven by a plan that is worth
/// more than the optimum, or by a bound below it.
fn binds(case: &Case, family: &Family) -> bool {
    let mut rest = case.inputs.clone();
    (family.without)(&mut rest);
    let room = 1e-5 * case.optimum.value.abs();
    match family.then {
        Then::Rises => {
            let budget = Budget {
                bound: 0,
                asap: false,
                polish: SHORT,
                ..Budget::STUDY
            };
            let above = case.optimum.bound + room;
            let start = WarmStart {
                runs: Some(case.optimum.schedule.jobs.clone()),
                ..WarmStart::default()
            };
            case.optimum.evaluated(&rest).value > above
                || plan_from(&rest, budget, start).value() > above
        }
        Then::Falls => {
            let below = case.optimum.value - room;
            let budget = Budget {
                polish: 0,
                asap: false,
                ..Budget::STUDY
            };
            let coarse = Settings {
                time_limit: 5.0,
                gap: 1e-3,
            };
            plan(&rest, budget).bound < below
                || family.is_used(&case.optimum.schedule)
                    && referee::solve(&rest, coarse).is_ok_and(|r| r.bound < below)
        }
    }
}

/// Whether the referee finds a plan worth more than the optimum where the family is taken out.
fn rises(case: &Case, family: &Family) -> bool {
    let mut rest = case.inputs.clone();
    (family.without)(&mut rest);
    let coarse = Settings {
        time_limit: 5.0,
        gap: 1e-4,
    };
    let above = case.optimum.bound + 1e-5 * case.optimum.value.abs();
    family.then == Then::Rises
        && referee::solve(&rest, coarse).is_ok_and(|found| found.value > above)
}

/// A plan of a closed loop whose bound begins at prices of nobody's plan.
fn followed(inputs: &PlanInputs, prices: Prices) -> Planned {
    let start = WarmStart {
        prices: Some(prices),
        ..WarmStart::default()
    };
    plan_in_loop(inputs, start, true, &mut Room::default())
}

#[test]
fn only_limits_that_cannot_be_kept_are_exceeded() {
    let settings = |time_limit| Settings {
        time_limit,
        gap: 1e-6,
    };
    let mut inputs = common::instance(3);
    let early = referee::solve(&inputs, settings(0.0));
    assert!(matches!(early, Err(Error::OutOfTime(_))), "{early:?}");
    let kept = referee::solve(&inputs, settings(60.0)).expect("the problem is small");
    assert!(!kept.relaxed);
    // A ramp from far above what all loads together could draw.
    inputs.ramps = vec![RampInput {
        node: 0,
        up: 0.1,
        down: 0.1,
        initial: Some(1000.0),
    }];
    let broken = referee::solve(&inputs, settings(60.0)).expect("excess is an answer");
    assert!(broken.relaxed);
}

#[test]
fn the_planner_stays_between_its_bound_and_the_optimum() {
    let cases: Vec<Case> = (0..FEW).map(Case::new).collect();
    let wrong = faults(&cases);
    assert!(
        wrong.is_empty(),
        "{} faults:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    let (reached, worst) = nearness(&cases);
    assert!(reached >= REACHED, "{worst}");
}

mod soak {
    use super::*;

    #[test]
    #[ignore = "soak: ./test --long"]
    fn the_planner_stays_between_its_bound_and_the_optimum_on_many_problems() {
        let cases: Vec<Case> = (0..MANY).map(Case::new).collect();
        let wrong = faults(&cases);
        let (reached, worst) = nearness(&cases);
        let (shares, bound) = shares_bound(&cases);
        let report = format!("{worst}\n{bound}");
        println!("{report}");
        assert!(
            wrong.is_empty(),
            "{} faults:\n{}\n{report}",
            wrong.len(),
            wrong.join("\n")
        );
        for (name, share) in shares {
            assert!(
                share >= BINDING,
                "{name}: only {share} of the problems are bound by it\n{report}"
            );
        }
        assert!(reached >= REACHED, "{report}");
    }
}

/// What cannot be: values above the optimum, bounds below it, plans that break their own rules.
fn faults(cases: &[Case]) -> Vec<String> {
    let mut wrong = Vec::new();
    for case in cases {
        let (value, bound, optimum) = (case.planned.value(), case.planned.bound, &case.optimum);
        let room = ROUNDING * optimum.value.abs().max(1.0);
        if value > optimum.bound + room {
            wrong.push(format!(
                "seed {}: value {value} above the optimum {}",
                case.seed, optimum.bound
            ));
        }
        if bound < optimum.value - room {
            wrong.push(format!(
                "seed {}: bound {bound} below the optimum {}",
                case.seed, optimum.value
            ));
        }
        let priced = common::bound_at(&case.inputs, &common::prices(case.seed, &case.inputs));
        if priced < optimum.value - room {
            wrong.push(format!(
                "seed {}: bound {priced} at drawn prices below the optimum {}",
                case.seed, optimum.value
            ));
        }
        let followed = followed(&case.inputs, common::prices(case.seed, &case.inputs));
        if followed.bound < optimum.value - room || followed.value() > optimum.bound + room {
            wrong.push(format!(
                "seed {}: a plan that follows has value {} and bound {}, the optimum {}",
                case.seed,
                followed.value(),
                followed.bound,
                optimum.value
            ));
        }
        let again = optimum.evaluated(&case.inputs).value;
        if (again - optimum.value).abs() > room {
            wrong.push(format!(
                "seed {}: the optimum of {} is worth {again} to the planner",
                case.seed, optimum.value
            ));
        }
        wrong.extend(
            check(&case.inputs, &case.planned)
                .iter()
                .map(|v| format!("seed {}: {v}", case.seed)),
        );
    }
    wrong
}

/// Share of the problems within 0.1 % of the optimum, and the worst of them in words.
fn nearness(cases: &[Case]) -> (f64, String) {
    let mut losses: Vec<(f64, u64)> = cases.iter().map(|c| (c.lost(), c.seed)).collect();
    losses.sort_by(|a, b| a.0.total_cmp(&b.0));
    let within =
        |share: f64| losses.iter().filter(|l| l.0 <= share).count() as f64 / losses.len() as f64;
    let worst: Vec<String> = losses
        .iter()
        .rev()
        .take(20)
        .map(|(l, seed)| format!("{seed}: {:.3} %", 100.0 * l))
        .collect();
    let worst = format!(
        "within 0.1 %: {:.3}, within 0.5 %: {:.3}; worst by seed: {}",
        within(0.001),
        within(0.005),
        worst.join(", ")
    );
    (within(0.001), worst)
}

/// Share of the problems that each family of limits binds in, and the same in words.
fn shares_bound(cases: &[Case]) -> (Vec<(&'static str, f64)>, String) {
    let mut report = String::new();
    let mut shares = Vec::new();
    for family in &FAMILIES {
        // Enough is enough: the share is of all problems, those not looked at counted as free.
        let needed = (BINDING * cases.len() as f64).ceil() as usize;
        let (mut found, mut open) = (0, Vec::new());
        for case in cases {
            match found < needed && binds(case, family) {
                true => found += 1,
                false => open.push(case),
            }
        }
        // What the planner does not prove the referee may.
        let by_plans = found;
        for case in open {
            found += usize::from(found < needed && rises(case, family));
        }
        report += &format!(
            "{found} bound by {}, {by_plans} of them proven by plans\n",
            family.name
        );
        shares.push((family.name, found as f64 / cases.len() as f64));
    }
    (shares, report)
}

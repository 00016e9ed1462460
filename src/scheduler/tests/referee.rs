//! The planner against HiGHS on 200 random small problems. Needs `--features highs`.
#![cfg(feature = "highs")]

mod common;

use swingload_scheduler::check::check;
use swingload_scheduler::inputs::{Gangs, PlanInputs, RampInput};
use swingload_scheduler::plan::{Budget, Planned, plan};
use swingload_scheduler::referee::{self, Error, Refereed, Settings};

/// Problems.
const INSTANCES: u64 = 200;
/// Share of problems that must be within half a per cent of the optimum's value.
const REACHED: f64 = 0.95;
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
                gap: 1e-6,
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

/// A family of constraints taken out of a problem.
type Without = fn(&mut PlanInputs);

const FAMILIES: [(&str, Without); 5] = [
    ("on/off", without_on_off),
    ("ramps", |p| p.ramps.clear()),
    ("floors", without_floors),
    ("node limits", without_limits),
    ("windows and gangs", without_gangs),
];

fn without_on_off(inputs: &mut PlanInputs) {
    for pool in &mut inputs.pools {
        (
            pool.min_on,
            pool.min_off,
            pool.start_cost,
            pool.wake,
            pool.starts_per_day,
        ) = (0.0, 0.0, 0.0, 0.0, None);
    }
}

fn without_floors(inputs: &mut PlanInputs) {
    for tier in inputs.stacks.iter_mut().flat_map(|s| &mut s.tiers) {
        for (value, penalty) in tier.value.iter_mut().zip(&mut tier.penalty) {
            *value -= *penalty;
            *penalty = 0.0;
        }
    }
    // Tiers fall in value, whatever is promised.
    for stack in &mut inputs.stacks {
        stack
            .tiers
            .sort_by(|a, b| b.value[0].total_cmp(&a.value[0]));
    }
}

fn without_limits(inputs: &mut PlanInputs) {
    for node in &mut inputs.nodes {
        node.limit.fill(1000.0);
        node.export = 1000.0;
    }
}

fn without_gangs(inputs: &mut PlanInputs) {
    let steps = inputs.steps();
    for job in &mut inputs.jobs {
        let most = job.gangs.max();
        (job.first, job.end, job.gangs) = (0, steps, Gangs::Divisible(most));
        (job.restart, job.min_run) = (0.0, 0.0);
        job.after.clear();
    }
}

/// Whether the optimum rises without the family: a plan of the rest that is worth more proves it.
fn binds(case: &Case, without: Without) -> bool {
    let mut rest = case.inputs.clone();
    without(&mut rest);
    let budget = Budget {
        bound: 0,
        asap: false,
        polish: 0,
        ..Budget::STUDY
    };
    plan(&rest, budget).value() > case.optimum.bound + 1e-5 * case.optimum.bound.abs()
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
    let cases: Vec<Case> = (0..INSTANCES).map(Case::new).collect();
    let mut wrong = Vec::new();
    for case in &cases {
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
        // Under a demand charge the planner's arithmetic needs its caps, which the optimum has not.
        let again = optimum.evaluated(&case.inputs).value;
        if case.inputs.demand.is_empty() && (again - optimum.value).abs() > room {
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
    let mut report = format!(
        "within 0.1 %: {:.3}, within 0.5 %: {:.3}; worst by seed: {}\n",
        within(0.001),
        within(0.005),
        worst.join(", ")
    );
    let mut shares = Vec::new();
    for (name, without) in FAMILIES {
        let share = cases.iter().filter(|c| binds(c, without)).count() as f64 / cases.len() as f64;
        report += &format!("{name} bind in {share:.3}\n");
        shares.push((name, share));
    }
    println!("{report}");
    assert!(
        wrong.is_empty(),
        "{} faults:\n{}\n{report}",
        wrong.len(),
        wrong.join("\n")
    );
    for (name, share) in shares {
        assert!(
            share >= 0.3,
            "{name} bind in {share} of the problems only\n{report}"
        );
    }
    assert!(within(0.005) >= REACHED, "{report}");
}

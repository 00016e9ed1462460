//! The full instance: every family of constraints binds in it, and its plan keeps them all.

#[path = "../benches/full/mod.rs"]
mod full;

use full::jobs::new_job;
use full::{Shape, instance};
use swingload_scheduler::check::check;
use swingload_scheduler::inputs::{Gangs, JobInput, PlanInputs, PoolInput};
use swingload_scheduler::plan::{Budget, plan};

/// A tenth of the site, with fewer jobs.
const SMALL: Shape = Shape {
    seed: 6,
    size: 0.1,
    jobs: 600,
    steps: 288,
    minutes: 5,
};

const SHORT: Budget = Budget {
    rounds: 2,
    polish: 0,
    ..Budget::STUDY
};

type Family = (&'static str, fn(&mut PlanInputs));

/// What each family is without its limits.
const FAMILIES: &[Family] = &[
    ("limit of the interconnect", |i| widen(i, "interconnect")),
    ("import of the sites", |i| widen(i, "site")),
    ("export of the sites", |i| {
        i.nodes.iter_mut().for_each(|n| n.export *= 10.0);
    }),
    ("feeders", |i| widen(i, "feeder")),
    ("halls", |i| widen(i, "air hall")),
    ("GPUs of a pool", |i| {
        widen(i, "gpus");
        widen(i, "chilled hall");
    }),
    ("marginal PUE", |i| {
        i.nodes.iter_mut().for_each(|n| n.factor.fill(1.0));
    }),
    ("shortest time on", |i| pools(i, |p| p.min_on = 0.0)),
    ("shortest time off", |i| pools(i, |p| p.min_off = 0.0)),
    ("cost of a start", |i| pools(i, |p| p.start_cost = 0.0)),
    ("waking", |i| pools(i, |p| p.wake = 0.0)),
    ("starts per day", |i| pools(i, |p| p.starts_per_day = None)),
    ("lowest setting", |i| {
        pools(i, |p| {
            let (mw, ph) = p.points[0];
            p.points.insert(0, (0.2 * mw, 0.21 * ph));
        });
    }),
    ("whole gangs", |i| {
        jobs(i, |j| {
            j.gangs = Gangs::Divisible(j.gangs.max());
            (j.restart, j.min_run, j.running) = (0.0, 0.0, 0);
        });
    }),
    ("shortest run", |i| jobs(i, |j| j.min_run = 0.0)),
    ("restart", |i| jobs(i, |j| j.restart = 0.0)),
    ("lateness", |i| jobs(i, |j| j.deadline = i64::MAX)),
    ("windows", |i| {
        let end = i.steps();
        jobs(i, |j| j.end = end);
    }),
    ("dependencies", |i| jobs(i, |j| j.after.clear())),
    ("penalty of unmet work", |i| jobs(i, |j| j.unmet = 0.0)),
    ("ramps up", |i| {
        i.ramps.iter_mut().for_each(|r| r.up *= 50.0)
    }),
    ("ramps down", |i| {
        i.ramps.iter_mut().for_each(|r| r.down *= 50.0);
    }),
    ("demand charge", |i| i.demand.clear()),
    ("coincident peak", |i| {
        // 120 a MWh on the candidate steps, from 17 to 18 o'clock.
        let grid = i.grid.clone();
        for supply in i.supplies.iter_mut().filter(|s| s.node == 0) {
            for (t, cost) in supply.cost.iter_mut().enumerate() {
                let hour = grid.start_s(t).rem_euclid(86_400) / 3600;
                *cost -= if hour == 17 { 120.0 } else { 0.0 };
            }
        }
    }),
    ("commitments and floors", |i| {
        for tier in i.stacks.iter_mut().flat_map(|s| &mut s.tiers) {
            if tier.must_serve && tier.penalty[0] > 0.0 {
                tier.mw.fill(0.0);
            }
        }
    }),
];

fn widen(inputs: &mut PlanInputs, id: &str) {
    let nodes = inputs.nodes.iter_mut().filter(|n| n.id.starts_with(id));
    nodes.for_each(|n| n.limit.iter_mut().for_each(|l| *l *= 10.0));
}

fn pools(inputs: &mut PlanInputs, change: impl Fn(&mut PoolInput)) {
    inputs.pools.iter_mut().for_each(change);
}

fn jobs(inputs: &mut PlanInputs, change: impl Fn(&mut JobInput)) {
    inputs.jobs.iter_mut().for_each(change);
}

#[test]
fn every_family_of_constraints_binds() {
    let inputs = instance(SMALL);
    let budget = Budget {
        bound: 0,
        asap: false,
        ..SHORT
    };
    let value = plan(&inputs, budget).value();
    let slack = FAMILIES.iter().filter_map(|(name, without)| {
        let mut free = inputs.clone();
        without(&mut free);
        let change = plan(&free, budget).value() - value;
        println!("{name}: {change:.1}");
        (change.abs() < 1e-7 * value.abs()).then_some(*name)
    });
    let slack: Vec<&str> = slack.collect();
    assert!(slack.is_empty(), "these change nothing: {slack:?}");
}

#[test]
fn the_checker_accepts_its_plan_and_the_bound_holds() {
    for seed in [1, 2] {
        let mut inputs = instance(Shape { seed, ..SMALL });
        let job = new_job(&inputs);
        inputs.jobs.push(job);
        let planned = plan(&inputs, SHORT);
        assert_eq!(check(&inputs, &planned), vec![], "seed {seed}");
        assert!(planned.evaluated.overload < 1e-6, "seed {seed}");
        assert!(planned.value() <= planned.bound, "seed {seed}");
        assert!(planned.asap <= planned.bound, "seed {seed}");
    }
}

#[test]
fn a_full_day_has_what_it_says() {
    let inputs = instance(Shape::day(1, 1.0));
    let feeders = inputs.nodes.iter().filter(|n| n.id.starts_with("feeder"));
    assert_eq!(feeders.count(), 40);
    assert_eq!(inputs.pools.len(), 60);
    let devices = inputs.pools.iter().flat_map(|p| &p.blocks);
    assert_eq!(devices.map(|b| b.devices).sum::<f64>(), 600_000.0);
    assert_eq!((inputs.jobs.len(), inputs.steps()), (10_000, 288));
    let mw = inputs.nodes[0].limit[0];
    assert!((1950.0..2050.0).contains(&mw), "{mw} MW");
    let below_zero = inputs.supplies.iter().flat_map(|s| &s.cost);
    assert!(
        below_zero.filter(|c| **c < 0.0).count() > 0,
        "no negative price"
    );
    let share = |holds: fn(&JobInput) -> bool| {
        inputs.jobs.iter().filter(|j| holds(j)).count() as f64 / inputs.jobs.len() as f64
    };
    assert!(
        share(|j| j.running > 0) > 0.01,
        "{}",
        share(|j| j.running > 0)
    );
    assert!(share(|j| !j.after.is_empty()) > 0.1);
    assert!(share(|j| matches!(j.gangs, Gangs::Divisible(_))) > 0.15);
}

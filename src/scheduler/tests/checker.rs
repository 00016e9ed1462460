//! The checker reports what is broken: for every rule, plans that break it.

#[allow(dead_code, reason = "not all that test binaries share is needed here")]
#[path = "common/small.rs"]
mod small;

use swingload_scheduler::check::{Rule, Violation, check, check_steps};
use swingload_scheduler::evaluate::StepOutcome;
use swingload_scheduler::inputs::{
    BlockState, DemandInput, Gangs, JobInput, NodeInput, PlanInputs, PoolInput, RampInput,
    SupplyInput,
};
use swingload_scheduler::plan::{Budget, Planned, plan};

const STEPS: usize = 8;

/// The cheap hours, in which miners and jobs run.
const CHEAP: std::ops::Range<usize> = 2..5;

/// A plan and all it is judged by, free to be tampered with.
#[derive(Clone)]
struct Case {
    inputs: PlanInputs,
    planned: Planned,
    steps: Vec<StepOutcome>,
}

impl Case {
    /// Eight hours of which three are cheap. At the site a service; at a feeder, which may
    /// export, wind, a block of miners and two jobs, the second behind the first.
    fn honest() -> Self {
        let inputs = PlanInputs {
            nodes: vec![node("site", None, 20.0), node("feeder", Some(0), 12.0)],
            supplies: vec![
                supply("grid", 0, 100.0, |t| {
                    if CHEAP.contains(&t) { 10.0 } else { 50.0 }
                }),
                supply("wind", 1, 1.0, |_| 5.0),
            ],
            stacks: vec![small::service(STEPS, &[(2.0, 90.0), (1.0, 20.0)], 0)],
            pools: vec![miners()],
            jobs: vec![
                job("first", Gangs::Sizes(vec![1000]), 2000.0, &[]),
                job("second", Gangs::Divisible(1000.0), 1000.0, &[0]),
            ],
            ramps: vec![RampInput {
                node: 0,
                up: 8.0,
                down: 8.0,
                initial: Some(2.0),
            }],
            demand: vec![DemandInput {
                id: "peak".into(),
                first: 0,
                end: STEPS,
                per_mw: 0.1,
                peak_so_far: 0.0,
            }],
            ..small::site(1.0, &[0.0; STEPS])
        };
        let planned = plan(&inputs, Budget::STUDY);
        let steps = planned.outcomes(&inputs);
        Self {
            inputs,
            planned,
            steps,
        }
    }

    fn found(&self) -> Vec<Violation> {
        check_steps(&self.inputs, &self.planned, &self.steps)
    }
}

fn node(id: &str, parent: Option<usize>, limit: f64) -> NodeInput {
    NodeInput {
        export: 2.0,
        ..small::node(id, parent, vec![limit; STEPS])
    }
}

fn supply(id: &str, node: usize, available: f64, cost: impl Fn(usize) -> f64) -> SupplyInput {
    small::supply(
        id,
        node,
        vec![available; STEPS],
        (0..STEPS).map(cost).collect(),
    )
}

/// A thousand miners of 2 or 4 kW, all at 4 kW in cheap hours.
fn miners() -> PoolInput {
    let mut pool = PoolInput {
        node: 1,
        points: vec![(0.002, 0.08), (0.004, 0.14)],
        revenue: vec![1.0; STEPS],
        min_on: 2.0,
        min_off: 1.0,
        start_cost: 0.001,
        wake: 0.1,
        starts_per_day: Some(1),
        ..small::miners(STEPS)
    };
    pool.blocks[0].devices = 1000.0;
    pool
}

/// GPUs of 1 kW, worth 500 a MWh until the end.
fn job(id: &str, gangs: Gangs, work: f64, after: &[usize]) -> JobInput {
    JobInput {
        id: id.into(),
        node: 1,
        gpu_mw: 0.001,
        min_run: if matches!(gangs, Gangs::Sizes(_)) {
            2.0
        } else {
            0.0
        },
        gangs,
        value: 0.5,
        deadline: STEPS as i64 * 3600,
        after: after.to_vec(),
        ..small::job(work, &[], STEPS)
    }
}

/// What was done to the plan, the step that breaks the rule, and by how much.
struct Tampering(&'static str, fn(&mut Case), Option<usize>, f64);

/// Plans that break a rule; a new rule does not compile without any.
fn breaking(rule: Rule) -> Vec<Tampering> {
    match rule {
        Rule::Shape => vec![
            Tampering(
                "a step is missing",
                |c| drop(c.steps.pop()),
                None,
                f64::INFINITY,
            ),
            Tampering(
                "power that is no number",
                |c| c.steps[3].supply[0] = f64::NAN,
                Some(3),
                f64::INFINITY,
            ),
            Tampering(
                "a path too short",
                |c| c.planned.schedule.on[0][0].truncate(3),
                None,
                f64::INFINITY,
            ),
            Tampering(
                "a value that is no number",
                |c| c.planned.evaluated.value = f64::NAN,
                None,
                f64::INFINITY,
            ),
        ],
        Rule::Supply => vec![
            Tampering(
                "more than there is",
                |c| c.inputs.supplies[1].available[0] = 0.25,
                Some(0),
                0.75,
            ),
            Tampering(
                "less than nothing",
                |c| c.steps[1].supply[1] = -0.5,
                Some(1),
                0.5,
            ),
        ],
        Rule::Balance => vec![
            Tampering(
                "more than is drawn",
                |c| c.steps[4].supply[0] += 0.5,
                Some(4),
                0.5,
            ),
            Tampering(
                "less than is drawn",
                |c| c.steps[4].supply[0] -= 0.5,
                Some(4),
                0.5,
            ),
        ],
        Rule::NodeLimit => vec![
            // Miners and a job less the wind.
            Tampering(
                "import above the limit",
                |c| c.inputs.nodes[1].limit[3] = 3.0,
                Some(3),
                1.0,
            ),
            Tampering(
                "export above the limit",
                |c| c.inputs.nodes[1].export = 0.25,
                Some(0),
                0.75,
            ),
        ],
        Rule::RootLimit => vec![
            // Service, miners and a job: supply below the root leaves the loads what they are.
            Tampering(
                "load above the limit",
                |c| c.inputs.nodes[0].limit[3] = 7.0,
                Some(3),
                1.0,
            ),
        ],
        Rule::Tier => vec![
            Tampering(
                "more than is asked for",
                |c| c.steps[2].tiers[0][1] += 0.5,
                Some(2),
                0.5,
            ),
            Tampering(
                "less than nothing",
                |c| c.steps[6].tiers[0][1] = -0.5,
                Some(6),
                0.5,
            ),
        ],
        Rule::Setting => vec![
            Tampering(
                "above the highest",
                |c| c.steps[3].power.blocks[0][0] = 4.5,
                Some(3),
                0.5,
            ),
            Tampering(
                "below the lowest",
                |c| c.steps[3].power.blocks[0][0] = 1.5,
                Some(3),
                0.5,
            ),
            Tampering(
                "asleep and drawing",
                |c| c.steps[0].power.blocks[0][0] = 3.0,
                Some(0),
                3.0,
            ),
            Tampering(
                "shut by heat and drawing",
                |c| c.inputs.pools[0].scale[4] = 0.0,
                Some(4),
                4.0,
            ),
        ],
        Rule::MinimumTime => vec![
            Tampering(
                "stops too soon",
                |c| c.inputs.pools[0].min_on = 4.5,
                Some(5),
                1.5,
            ),
            Tampering(
                "starts too soon",
                |c| {
                    c.inputs.pools[0].min_off = 3.0;
                    c.inputs.pools[0].blocks[0].hours_in_state = 0.5;
                },
                Some(2),
                0.5,
            ),
            Tampering(
                "changes at once",
                |c| {
                    c.inputs.pools[0].blocks[0] = BlockState {
                        on: true,
                        hours_in_state: 0.5,
                        ..c.inputs.pools[0].blocks[0]
                    };
                },
                Some(0),
                1.5,
            ),
        ],
        Rule::Starts => vec![
            Tampering(
                "one was made before",
                |c| c.inputs.pools[0].blocks[0].starts_today = 1,
                Some(2),
                1.0,
            ),
            Tampering(
                "none is allowed",
                |c| c.inputs.pools[0].starts_per_day = Some(0),
                Some(2),
                1.0,
            ),
            Tampering(
                "two on one day",
                |c| c.planned.schedule.on[0][0][7] = true,
                Some(7),
                1.0,
            ),
        ],
        Rule::Window => vec![
            Tampering(
                "before its release",
                |c| c.inputs.jobs[0].first = 3,
                Some(2),
                1000.0,
            ),
            Tampering(
                "after its end",
                |c| c.inputs.jobs[0].end = 3,
                Some(3),
                1000.0,
            ),
            Tampering(
                "less than nothing",
                |c| c.steps[6].power.jobs[0] = -1.0,
                Some(6),
                1.0,
            ),
        ],
        Rule::Gang => vec![
            Tampering(
                "part of a gang before the work ends",
                |c| c.steps[2].power.jobs[0] = 700.0,
                Some(2),
                300.0,
            ),
            Tampering(
                "no such gang",
                |c| c.inputs.jobs[0].gangs = Gangs::Sizes(vec![600]),
                Some(2),
                400.0,
            ),
            Tampering(
                "more than all of it",
                |c| c.inputs.jobs[1].gangs = Gangs::Divisible(900.0),
                Some(4),
                100.0,
            ),
        ],
        Rule::Work => vec![
            Tampering(
                "more than there is",
                |c| c.inputs.jobs[0].work = 1500.0,
                Some(3),
                500.0,
            ),
            Tampering(
                "restarts not made up for",
                |c| {
                    c.inputs.jobs[1].work = 500.0;
                    c.inputs.jobs[1].restart = 0.25;
                },
                Some(4),
                250.0,
            ),
            Tampering(
                "more left for later than can be done",
                |c| c.planned.schedule.beyond[1] = 10.0,
                None,
                10.0,
            ),
            Tampering(
                "less than nothing left for later",
                |c| c.planned.schedule.beyond[0] = -5.0,
                None,
                5.0,
            ),
        ],
        Rule::MinimumRun => vec![
            Tampering(
                "stops half-way",
                |c| {
                    c.steps[3].power.jobs[0] = 0.0;
                    c.steps[6].power.jobs[0] = 1000.0;
                },
                Some(2),
                1.0,
            ),
            Tampering(
                "stopped at once",
                |c| {
                    (c.inputs.jobs[0].running, c.inputs.jobs[0].running_hours) = (1000, 0.5);
                },
                Some(0),
                1.5,
            ),
        ],
        Rule::Dependency => vec![
            Tampering(
                "beside what it waits for",
                |c| c.steps[3].power.jobs[1] = 100.0,
                Some(3),
                100.0,
            ),
            Tampering(
                "what it waits for is not done",
                |c| c.inputs.jobs[0].work = 2500.0,
                Some(4),
                1000.0,
            ),
        ],
        Rule::Ramp => vec![
            Tampering(
                "rises too fast",
                |c| c.inputs.ramps[0].up = 5.0,
                Some(2),
                1.0,
            ),
            Tampering(
                "falls too fast",
                |c| c.inputs.ramps[0].down = 4.5,
                Some(5),
                1.5,
            ),
            Tampering(
                "leaves where it was too fast",
                |c| c.inputs.ramps[0].initial = Some(15.0),
                Some(0),
                5.0,
            ),
        ],
        // Judged by `check_reasons`, and tampered with in `flips.rs`.
        Rule::Reason => Vec::new(),
        Rule::Value => vec![
            Tampering(
                "worth less than it says",
                |c| c.planned.evaluated.value += 1.0,
                None,
                1.0,
            ),
            Tampering(
                "worth more than it says",
                |c| c.planned.evaluated.value -= 1.0,
                None,
                1.0,
            ),
            Tampering(
                "a dearer supply",
                |c| c.inputs.supplies[0].cost[0] += 2.0,
                None,
                2.0,
            ),
            Tampering(
                "hashing that earns less",
                |c| c.inputs.pools[0].revenue[4] = 0.9,
                None,
                14.0,
            ),
            Tampering(
                "a start that costs more",
                |c| c.inputs.pools[0].start_cost += 0.01,
                None,
                10.0,
            ),
            Tampering(
                "a longer wake",
                |c| c.inputs.pools[0].wake += 0.1,
                None,
                8.0,
            ),
            Tampering(
                "work that earns less",
                |c| c.inputs.jobs[1].value -= 0.01,
                None,
                10.0,
            ),
            Tampering(
                "work that is late",
                |c| {
                    (c.inputs.jobs[1].deadline, c.inputs.jobs[1].late_per_hour) = (3 * 3600, 0.01);
                },
                None,
                10.0,
            ),
            Tampering(
                "a dearer peak",
                |c| c.inputs.demand[0].per_mw += 1.0,
                None,
                8.0,
            ),
            Tampering(
                "a penalty for what is not served",
                |c| c.inputs.stacks[0].tiers[1].penalty[0] = 3.0,
                None,
                3.0,
            ),
        ],
    }
}

const RULES: [Rule; 16] = [
    Rule::Shape,
    Rule::Supply,
    Rule::Balance,
    Rule::NodeLimit,
    Rule::RootLimit,
    Rule::Tier,
    Rule::Setting,
    Rule::MinimumTime,
    Rule::Starts,
    Rule::Window,
    Rule::Gang,
    Rule::Work,
    Rule::MinimumRun,
    Rule::Dependency,
    Rule::Ramp,
    Rule::Value,
];

#[test]
fn an_honest_plan_breaks_nothing() {
    let case = Case::honest();
    assert_eq!(case.found(), vec![]);
    assert_eq!(check(&case.inputs, &case.planned), vec![]);
    // The tamperings below rely on this course.
    for (t, step) in case.steps.iter().enumerate() {
        let gpus = [
            if (2..4).contains(&t) { 1000.0 } else { 0.0 },
            if t == 4 { 1000.0 } else { 0.0 },
        ];
        assert_eq!(step.power.jobs, gpus, "step {t}");
        assert_eq!(
            case.planned.schedule.on[0][0][t],
            CHEAP.contains(&t),
            "step {t}"
        );
    }
}

#[test]
fn each_rule_is_reported_where_it_is_broken() {
    let honest = Case::honest();
    for rule in RULES {
        for Tampering(how, tamper, step, amount) in breaking(rule) {
            let mut case = honest.clone();
            tamper(&mut case);
            let found = case.found();
            let hit = found.iter().any(|v| {
                let same = v.amount == amount || (v.amount - amount).abs() < 1e-6;
                v.rule == rule && v.step == step && same
            });
            assert!(
                hit,
                "{rule:?}, {how}: expected {step:?} by {amount}, found {found:#?}"
            );
        }
    }
}

#[test]
fn what_is_rounding_is_not_reported() {
    let mut case = Case::honest();
    for supply in &mut case.steps[3].supply {
        *supply += 1e-8;
    }
    case.planned.schedule.beyond[0] = -1e-9;
    case.planned.evaluated.value += 1e-9;
    assert_eq!(case.found(), vec![]);
}

//! The state machine against a world that obeys, forgets to answer, or lies.

pub(crate) mod world;

use proptest::prelude::*;
use swingload_model::units::Power;

use super::*;
use crate::event::BlockReport;
use world::{JobWords, START, STEP, World, job, site, site_of};

/// Plays one dispatch per step, the last one for ever.
struct Script(Vec<Dispatch>, usize);

impl Policy for Script {
    fn name(&self) -> &'static str {
        "script"
    }
    fn decide(&mut self, _: &View<'_>) -> Dispatch {
        let dispatch = self.0[self.1.min(self.0.len() - 1)].clone();
        self.1 += 1;
        dispatch
    }
}

pub(crate) fn script(dispatches: Vec<Dispatch>) -> Box<dyn Policy> {
    Box::new(Script(dispatches, 0))
}

/// All devices of the first `blocks` blocks of the pool "nimble", which has 125 in each.
pub(crate) fn nimble(blocks: usize) -> Dispatch {
    let block = |b| vec![if b < blocks { 125 } else { 0 }];
    Dispatch {
        pools: vec![vec![vec![0, 0]; 8], (0..8).map(block).collect()],
        services: vec![104],
        ..Dispatch::default()
    }
}

pub(crate) fn running(jobs: &[(usize, u32)]) -> Dispatch {
    Dispatch {
        jobs: jobs.to_vec(),
        ..nimble(0)
    }
}

#[test]
fn only_changes_are_commanded() {
    let mut world = World::new(site(""), script(vec![nimble(2), nimble(2), nimble(3)]));
    assert_eq!(world.step(50.0).len(), 3, "two blocks and the service");
    assert_eq!(world.step(50.0), []);
    let third = world.step(50.0);
    assert_eq!(third.len(), 1);
    assert_eq!((third[0].id, third[0].plan, third[0].epoch), (4, 3, 1));
    assert!(world.controller.incidents().is_empty());
}

#[test]
fn power_is_freed_before_it_is_taken() {
    let mut to = nimble(0);
    to.pools[0][0] = vec![0, 125];
    let mut world = World::new(site(""), script(vec![nimble(1), to]));
    world.step(50.0);
    let freed_first: Vec<Action> = world.step(50.0).into_iter().map(|c| c.action).collect();
    assert!(
        matches!(&freed_first[0], Action::SetBlock { pool: 1, block: 0, at_point } if at_point == &[0])
    );
    assert!(matches!(
        &freed_first[1],
        Action::SetBlock {
            pool: 0,
            block: 0,
            ..
        }
    ));
}

#[test]
fn a_lost_acknowledgement_is_repeated_until_one_comes() {
    let mut world = World::new(site(""), script(vec![nimble(1)]));
    world.begin(50.0, &mut |_| false);
    world.end(false);
    let again = world.begin(50.0, &mut |_| false);
    assert_eq!(again.len(), 2, "block and service, as before: {again:?}");
    world.end(false);
    let last = world.begin(50.0, &mut |_| true);
    assert_eq!(last.len(), 2);
    world.end(false);
    assert_eq!(world.begin(50.0, &mut |_| true), []);
    let block = &world.controller.state().pools[1].blocks[0];
    assert_eq!(
        (block.at_point[0], block.since),
        (125, START),
        "since it was first told"
    );
}

#[test]
fn a_late_acknowledgement_of_the_first_attempt_counts() {
    let mut world = World::new(site(""), script(vec![nimble(1)]));
    let first = world.begin(50.0, &mut |_| false);
    world.end(false);
    world.begin(50.0, &mut |_| false);
    for command in &first {
        let late = Event::Acknowledged {
            command: command.id,
            accepted: true,
        };
        world.controller.step(world.now, late);
    }
    world.end(false);
    assert_eq!(world.begin(50.0, &mut |_| true), []);
}

#[test]
fn telemetry_stands_in_for_an_acknowledgement() {
    let mut world = World::new(site(""), script(vec![nimble(1)]));
    world.begin(50.0, &mut |c| matches!(c.action, Action::SetService { .. }));
    world.end(true);
    assert_eq!(world.begin(50.0, &mut |_| true), []);
}

#[test]
fn a_refused_command_is_an_incident_and_tried_again() {
    let mut world = World::new(site(""), script(vec![nimble(1)]));
    let first = world.begin(50.0, &mut |c| matches!(c.action, Action::SetService { .. }));
    let refused = first
        .iter()
        .find(|c| matches!(c.action, Action::SetBlock { .. }))
        .unwrap()
        .id;
    world.controller.step(
        world.now,
        Event::Acknowledged {
            command: refused,
            accepted: false,
        },
    );
    world.end(false);
    assert_eq!(world.begin(50.0, &mut |_| true).len(), 1);
    let expected = Incident {
        at: START,
        kind: IncidentKind::CommandRefused { command: refused },
    };
    assert_eq!(world.controller.incidents(), [expected]);
}

#[test]
fn devices_in_doubt_count_at_nameplate() {
    // 3 MW of "steady" told to sleep, unheard; then "nimble" wants 3 MW of the hall.
    let mut on = nimble(0);
    on.pools[0] = vec![vec![0, 125]; 8];
    let mut world = World::new(site(""), script(vec![on, nimble(0), nimble(8)]));
    world.step(50.0);
    world.begin(50.0, &mut |_| false);
    world.end(false);
    world.begin(50.0, &mut |_| true);
    // 5 MW less overhead at a PUE of 1.05, sleeping devices, and 3 MW in doubt.
    let room = (5e6 - 50e3) / 1.05 - 2000.0 * 20.0 - 1000.0 * 2980.0;
    assert_eq!(world.awake(1), (room / 2980.0) as u32, "the rest gave way");
    let found = world.controller.incidents();
    assert!(
        found.iter().any(|i| matches!(
            i.kind,
            IncidentKind::LimitExceeded {
                node: 1,
                by_policy: false,
                ..
            }
        )),
        "{found:?}"
    );
}

#[test]
fn devices_that_lie_are_told_again_and_counted() {
    let mut world = World::new(site(""), script(vec![nimble(8), nimble(0)]));
    world.step(50.0);
    world.begin(50.0, &mut |_| true);
    world.machines.pools[1][3] = vec![10];
    world.end(true);
    assert_eq!(
        world.controller.state().pools[1].blocks[3].at_point,
        [10],
        "telemetry decides"
    );
    let again = world.begin(50.0, &mut |_| true);
    assert_eq!(again.len(), 1);
    assert!(
        matches!(&again[0].action, Action::SetBlock { pool: 1, block: 3, at_point } if at_point == &[0])
    );
}

#[test]
fn the_meter_overrules_what_devices_claim() {
    let mut world = World::new(site(""), script(vec![nimble(8)]));
    world.step(50.0);
    world.begin(50.0, &mut |_| true);
    let all = world.awake(1);
    world.now += STEP;
    // 2.5 MW that no set point explains.
    let node_power =
        (0..3).map(|n| Power::new(world.load(n) as i64 + if n < 2 { 2_500_000 } else { 0 }));
    let telemetry = Telemetry {
        node_power: node_power.collect(),
        ..Telemetry::default()
    };
    world
        .controller
        .step(world.now, Event::Telemetry(telemetry));
    world.begin(50.0, &mut |_| true);
    assert!(
        world.load(1) + 2.5e6 - 0.01 * 5e6 <= 5e6,
        "{} W",
        world.load(1)
    );
    assert!(world.awake(1) < all);
}

#[test]
fn a_dispatch_beyond_a_limit_is_cut_and_reported() {
    let mut greedy = nimble(8);
    greedy.pools[0] = vec![vec![0, 125]; 8];
    greedy.services = vec![1000];
    let mut world = World::new(site(""), script(vec![greedy]));
    world.step(50.0);
    world.assert_within_limits();
    assert_eq!(
        world.machines.services,
        [1000],
        "hashing gave way, inference did not"
    );
    let found = &world.controller.incidents()[0].kind;
    assert!(
        matches!(
            found,
            IncidentKind::LimitExceeded {
                by_policy: true,
                ..
            }
        ),
        "{found:?}"
    );
}

#[test]
fn impossible_set_points_are_corrected_and_reported() {
    let mut wrong = nimble(1);
    wrong.pools[1][0] = vec![500];
    wrong.jobs = vec![(7, 100)];
    let mut world = World::new(site(""), script(vec![wrong]));
    world.step(50.0);
    assert_eq!(world.machines.pools[1][0], [125]);
    let corrected = |i: &&Incident| matches!(i.kind, IncidentKind::Impossible(_));
    let corrected = world.controller.incidents().iter().filter(corrected);
    assert_eq!(corrected.count(), 2);
}

#[test]
fn no_job_starts_before_its_release_or_what_it_depends_on() {
    let all = running(&[(0, 100), (1, 100), (2, 100)]);
    let mut world = World::new(site(""), script(vec![all]));
    world.submit(job("first").hours(25));
    world.submit(job("second").after(&["first"]));
    world.submit(job("later").window(START + 2 * STEP, START + 86_400));
    let gpus = |world: &World| -> Vec<u32> { world.machines.jobs.iter().map(|j| j.0).collect() };
    world.begin(50.0, &mut |_| true);
    assert_eq!(gpus(&world), [100, 0, 0]);
    assert_eq!(world.controller.queue().len(), 2);
    world.end(true);
    world.step(50.0);
    world.begin(50.0, &mut |_| true);
    assert_eq!(gpus(&world), [100, 0, 100], "released at the third step");
    world.end(true);
    assert_eq!(world.controller.jobs()[0].finished, Some(START + 3 * STEP));
    world.begin(50.0, &mut |_| true);
    assert_eq!(gpus(&world), [0, 100, 100]);
    assert_eq!(world.controller.jobs()[1].since, START + 3 * STEP);
    assert_eq!(world.controller.open_jobs(), [1, 2]);
}

#[test]
fn circular_unknown_and_repeated_jobs_are_refused() {
    let mut world = World::new(site(""), script(vec![nimble(0)]));
    world.submit(job("a").after(&["a"]));
    world.submit(job("b").after(&["nobody"]));
    world.submit(job("c"));
    world.submit(job("c"));
    world.submit(job("d").after(&["b"]));
    world.submit(job("e").gangs(&[5000]));
    let why: Vec<JobRefusal> = world
        .controller
        .incidents()
        .iter()
        .map(|i| match &i.kind {
            IncidentKind::JobRefused { reason, .. } => reason.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        why[..4],
        [
            JobRefusal::Circular("a".into()),
            JobRefusal::UnknownDependency("nobody".into()),
            JobRefusal::Duplicate("c".into()),
            JobRefusal::FailedDependency("b".into()),
        ]
    );
    let JobRefusal::NeverRuns(work) = &why[4] else {
        panic!("{why:?}");
    };
    assert_eq!(
        (work.limit, work.needs),
        (swingload_model::job::Obstacle::Gpus, 5000.0)
    );
    assert!(
        why[4]
            .to_string()
            .starts_with("gang of 5000 needs 5000 GPUs of")
    );
    assert_eq!(world.controller.open_jobs(), [2]);
    assert_eq!(
        world.controller.jobs().len(),
        6,
        "what is refused is kept, too"
    );
}

/// The refusal tells which node is too small, and by how much.
#[test]
fn a_job_that_no_node_carries_is_refused_with_the_limit() {
    let narrow = "\n[[nodes]]\nid = \"narrow\"\nparent = \"root\"\nkind = \"feeder\"\n\
                  rating_mw = 0.1\n[[gpu_pools]]\nid = \"far\"\nnode = \"narrow\"\n\
                  model = \"H100\"\ncount = 64\nrunning_w = 2000\nidle_w = 0\n";
    let mut world = World::new(site(narrow), script(vec![nimble(0)]));
    let far = world.setup.site.gpu_pools.len() - 1;
    let mut large = job("large").gangs(&[64]);
    large.gpu_pool = far;
    world.submit(large);
    let [incident] = world.controller.incidents() else {
        panic!("{:?}", world.controller.incidents());
    };
    let IncidentKind::JobRefused { reason, .. } = &incident.kind else {
        panic!("{incident:?}");
    };
    let JobRefusal::NeverRuns(work) = reason else {
        panic!("{reason:?}");
    };
    assert_eq!(work.limit, swingload_model::job::Obstacle::Node);
    assert_eq!(work.of, "narrow");
    assert_eq!((work.needs, work.has), (0.128, 0.1));
    assert_eq!(
        reason.to_string(),
        "gang of 64 needs 0.128 MW behind feeder `narrow`, which carries 0.1 MW"
    );
}

#[test]
fn a_job_out_of_time_is_stopped_and_takes_its_dependents_along() {
    let mut world = World::new(site(""), script(vec![running(&[(0, 100)])]));
    world.submit(job("late").window(START, START + STEP));
    world.submit(job("next").after(&["late"]));
    world.step(50.0);
    let commands = world.step(50.0);
    assert_eq!(commands.len(), 1);
    assert_eq!(commands[0].action, Action::SetJob { job: 0, gpus: 0 });
    assert!(world.controller.jobs().iter().all(|j| j.failed));
    assert_eq!(world.step(50.0), []);
}

#[test]
fn a_job_on_its_way_out_keeps_its_power_until_its_checkpoint_is_written() {
    let mut to = nimble(8);
    to.pools[0] = vec![vec![0, 125]; 8];
    let mut world = World::new(
        site_of(&world::SITE.replacen("rating_mw = 10", "rating_mw = 6", 1)),
        script(vec![running(&[(0, 800)]), to]),
    );
    let mut job = job("big").gangs(&[800]);
    job.checkpoint_cost = swingload_model::Seconds::new(STEP / 2);
    job.notice = swingload_model::Seconds::new(STEP);
    world.submit(job);
    world.step(50.0);
    world.begin(50.0, &mut |_| true);
    // Half of 800 x 1.2 kW at a PUE of 1.2, as a mean over the step.
    let leaving = 0.5 * 800.0 * 1200.0 * 1.2;
    assert!(world.load(0) + leaving <= 6e6 + 1.0);
    assert!(world.load(0) + leaving > 5.99e6, "hashing takes the rest");
    world.end(true);
    world.begin(50.0, &mut |_| true);
    assert!(
        world.load(1) > 4.99e6,
        "and all its hall carries afterwards"
    );
}

#[test]
fn a_checkpoint_longer_than_a_step_keeps_its_power_in_each() {
    let mut to = nimble(8);
    to.pools[0] = vec![vec![0, 125]; 8];
    let mut world = World::new(
        site_of(&world::SITE.replacen("rating_mw = 10", "rating_mw = 6", 1)),
        script(vec![running(&[(0, 800)]), to]),
    );
    let mut job = job("big").gangs(&[800]);
    job.checkpoint_cost = swingload_model::Seconds::new(STEP * 3 / 2);
    job.notice = swingload_model::Seconds::new(STEP * 2);
    world.submit(job);
    world.step(50.0);
    for share in [1.0, 0.5] {
        world.begin(50.0, &mut |_| true);
        let writing = share * 800.0 * 1200.0 * 1.2;
        assert!(world.load(0) + writing <= 6e6 + 1.0, "{share} of the step");
        assert!(world.load(0) + writing > 5.99e6, "hashing takes the rest");
        world.end(true);
    }
    world.begin(50.0, &mut |_| true);
    assert!(world.load(1) > 4.99e6, "it is written");
}

#[test]
fn starts_are_counted_by_the_local_day() {
    let mut world = World::new(site(""), script(vec![nimble(1), nimble(0), nimble(1)]));
    for _ in 0..3 {
        world.step(50.0);
    }
    let starts = |w: &World| w.controller.state().pools[1].blocks[0].starts_today;
    assert_eq!(starts(&world), 2);
    assert_eq!(
        world.controller.state().pools[1].blocks[0].since,
        START + 2 * STEP
    );
    world.now = START + 86_400 - STEP;
    world.step(50.0);
    assert_eq!(starts(&world), 2, "five minutes to midnight in Texas");
    world.step(50.0);
    assert_eq!(starts(&world), 0);
}

#[test]
fn the_month_keeps_its_peak() {
    let mut world = World::new(site(""), script(vec![nimble(8), nimble(0)]));
    world.step(50.0);
    let peak = world.controller.state().month_peak;
    world.step(50.0);
    assert_eq!(world.controller.state().month_peak, peak);
    world.now = START + 28 * 86_400;
    world.step(50.0);
    let new = world.controller.state().month_peak;
    assert!(new < peak, "August begins anew: {new:?}");
}

#[test]
fn unusable_values_are_incidents() {
    let mut world = World::new(site(""), script(vec![nimble(0)]));
    world.publish("price", f64::NAN, START + STEP);
    assert!(matches!(
        world.controller.incidents()[0].kind,
        IncidentKind::BadObservation(_)
    ));
}

#[test]
fn an_unknown_reporter_changes_nothing() {
    let mut world = World::new(site(""), script(vec![nimble(0)]));
    let telemetry = Telemetry {
        pools: vec![
            vec![
                BlockReport {
                    at_point: vec![9],
                    available: 9
                };
                99
            ];
            99
        ],
        jobs: vec![JobReport {
            job: 5,
            work_left: 0,
            gpus: 0,
            finished: true,
        }],
        ..Telemetry::default()
    };
    world.controller.step(START, Event::Telemetry(telemetry));
    world.controller.step(
        START,
        Event::Acknowledged {
            command: 99,
            accepted: true,
        },
    );
    world.step(50.0);
    world.assert_within_limits();
}

#[test]
fn work_that_a_job_cannot_have_left_is_held_to_what_it_can() {
    let mut world = World::new(site(""), script(vec![nimble(0)]));
    let submitted = job("a");
    let all = submitted.work;
    world.controller.step(START, Event::JobSubmitted(submitted));
    let mut report = |work_left| {
        let telemetry = Telemetry {
            jobs: vec![JobReport {
                job: 0,
                work_left,
                gpus: 0,
                finished: false,
            }],
            ..Telemetry::default()
        };
        world.controller.step(START, Event::Telemetry(telemetry));
        let bad = |i: &&Incident| matches!(i.kind, IncidentKind::BadReport { job: 0, .. });
        let noted = world.controller.incidents().iter().filter(bad).count();
        (world.controller.jobs()[0].work_left, noted)
    };
    assert_eq!(report(i64::MAX), (all, 1));
    assert_eq!(report(all / 2), (all / 2, 1));
    assert_eq!(report(-1), (0, 2));
}

fn any_dispatch() -> impl Strategy<Value = Dispatch> {
    let steady = proptest::collection::vec(proptest::collection::vec(0_u32..200, 2), 8);
    let nimble = proptest::collection::vec(proptest::collection::vec(0_u32..200, 1), 8);
    let jobs = proptest::collection::vec(
        (0_usize..6, prop_oneof![Just(100_u32), Just(300), Just(7)]),
        0..6,
    );
    (steady, nimble, 0_u32..1500, 0_i64..6_000_000, jobs).prop_map(
        |(steady, nimble, service, hosting, jobs)| Dispatch {
            pools: vec![steady, nimble],
            services: vec![service],
            hosting: vec![Power::new(hosting)],
            jobs,
            ..Dispatch::default()
        },
    )
}

const HOSTING: &str = r#"
[[commitments]]
kind = "hosting"
id = "tenant"
node = "ai"
use = "inference"
power_mw = 1
price_per_mwh = 160
contracted_mw = 1
penalty_per_mwh = 500
"#;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever a policy says and whichever acknowledgements are lost, no limit is exceeded.
    #[test]
    fn no_limit_is_exceeded(dispatches in proptest::collection::vec(any_dispatch(), 1..6), lost in any::<u64>(), silent in any::<u8>()) {
        let steps = dispatches.len();
        let mut world = World::new(site(HOSTING), script(dispatches));
        for id in 0..6 {
            world.submit(job(&format!("j{id}")).gangs(&[100, 300]).hours(1000));
        }
        for step in 0..steps + 1 {
            world.begin(50.0, &mut |c| lost >> (c.id % 64) & 1 == 0);
            world.assert_within_limits();
            world.end(silent >> (step % 8) & 1 == 0);
        }
    }
}

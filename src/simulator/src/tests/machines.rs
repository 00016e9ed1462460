//! Miners wake, lie, fail and overheat; gangs restart and lose work.

use swingload_model::scenario::Faults;
use swingload_scheduler::event::Action;

use super::support::{SITE, input, job, lines, scenario, scripted};
use crate::world::World;

const START: &str = "2026-03-01T06:00:00Z";

/// All blocks of pool 0: `n` devices at the top point.
fn set_all(world: &mut World<'_>, n: u32, points: usize) {
    for block in 0..8 {
        let mut at_point = vec![0; points];
        at_point[points - 1] = n;
        assert!(world.apply(&Action::SetBlock {
            pool: 0,
            block,
            at_point
        }));
    }
}

#[test]
fn waking_draws_power_and_makes_no_hashes() {
    let study = input(
        scenario(SITE, START, 2, 60, &[]),
        &[40.0],
        &[2.0],
        &[0.0],
        vec![],
    );
    let pool = &study.scenario.site.pools[0];
    let points = pool.points.len();
    let top = *pool.points.last().expect("a point");
    let run = scripted(&study, &Faults::default(), |t, world| {
        if t == 0 {
            set_all(world, 200, points)
        }
    });
    let it = 1600 * top.power.get() * 3600;
    assert_eq!(
        run.load_energy[0],
        [it * 105 / 100, it * 105 / 100],
        "wake takes full power"
    );
    let full = 1600.0 * top.hashrate.get() / 1000.0;
    assert!(
        (f64::from(run.pools[0].hashrate[0]) - full * 5.0 / 6.0).abs() < 1e-3 * full,
        "ten minutes of sixty are lost"
    );
    assert!((f64::from(run.pools[0].hashrate[1]) - full).abs() < 1e-3 * full);
    assert_eq!(
        lines(&run)["Wear s21"],
        -160_000_000,
        "1,600 starts at 0.10"
    );
}

#[test]
fn lying_devices_keep_drawing_and_earning() {
    let study = input(
        scenario(SITE, START, 2, 60, &[]),
        &[40.0],
        &[2.0],
        &[0.0],
        vec![],
    );
    let points = study.scenario.site.pools[0].points.len();
    let faults = Faults {
        lying_share: 0.25,
        ..Faults::default()
    };
    let run = scripted(&study, &faults, |t, world| {
        set_all(world, if t == 0 { 200 } else { 0 }, points)
    });
    let (awake, lying) = (run.pools[0].awake[0], run.pools[0].awake[1]);
    assert_eq!(awake, 1600.0);
    assert!(
        (300.0..500.0).contains(&lying),
        "about a quarter lies: {lying}"
    );
    let share = run.load_energy[0][1] as f64 / run.load_energy[0][0] as f64;
    assert!(
        (share - f64::from(lying) / 1600.0).abs() < 1e-9,
        "each draws its full power"
    );
    assert!(run.pools[0].hashrate[1] > 0.0);
    assert!((run.incidents.lying_device_h - f64::from(lying)).abs() < 1e-6);
}

#[test]
fn devices_fail_and_come_back() {
    let study = input(
        scenario(SITE, START, 48, 60, &[]),
        &[40.0],
        &[2.0],
        &[0.0],
        vec![],
    );
    let points = study.scenario.site.pools[0].points.len();
    let faults = Faults {
        device_failures_per_day: 0.2,
        repair_h: 6.0,
        ..Faults::default()
    };
    let run = scripted(&study, &faults, |t, world| {
        if t == 0 {
            set_all(world, 200, points)
        }
    });
    assert!(run.incidents.device_failures > 100);
    // At rate r and repair time h about r x h / 24 = 5 % are away.
    let away = 1600.0 - run.pools[0].available[40];
    assert!((30.0..140.0).contains(&away), "{away}");
    assert_eq!(
        run.pools[0].awake[40], run.pools[0].available[40],
        "what answers hashes"
    );
}

#[test]
fn heat_shuts_devices_down() {
    let site = SITE
        .replace(
            "pool_fee = 0.02",
            "pool_fee = 0.02\nheat = { derate_above_c = 30, loss = 0.1, shutdown_above_c = 40 }",
        )
        .replace(
            "marginal_pue = 1.05 }",
            "marginal_pue = 1.05, temperature = \"price\" }",
        );
    // The series called price stands in for a temperature here.
    let parsed = swingload_model::site::Site::from_toml(
        "site.toml",
        &site,
        &[],
        &swingload_model::catalogue::Catalogue::embedded(),
    );
    let Ok(parsed) = parsed else {
        panic!("{:?}", parsed.err())
    };
    let mut study = input(
        scenario(SITE, START, 3, 60, &[]),
        &[25.0, 35.0, 45.0],
        &[2.0],
        &[0.0],
        vec![],
    );
    study.scenario.site.pools = parsed.pools;
    let points = study.scenario.site.pools[0].points.len();
    let run = scripted(&study, &Faults::default(), |t, world| {
        if t == 0 {
            set_all(world, 200, points)
        }
    });
    let rated = run.pools[0].hashrate[0] * 6.0 / 5.0;
    assert!(
        (run.pools[0].hashrate[1] / rated - 0.9).abs() < 1e-3,
        "a tenth is lost by heat"
    );
    assert_eq!(run.pools[0].awake[2], 0.0, "too hot to run");
}

#[test]
fn work_survives_a_stop_only_with_a_checkpoint() {
    let start = scenario(SITE, START, 6, 60, &[]).grid.start_s(0);
    let mut polite = job("polite", start, 100, 4.0, 0.0, 6.0);
    polite.checkpoint_interval = swingload_model::time::Seconds::new(7200);
    let mut abrupt = polite.clone();
    abrupt.id = "abrupt".into();
    abrupt.notice = swingload_model::time::Seconds::ZERO;
    let study = input(
        scenario(SITE, START, 6, 60, &[]),
        &[40.0],
        &[2.0],
        &[0.0],
        vec![polite, abrupt],
    );
    let run = scripted(&study, &Faults::default(), |t, world| {
        for job in 0..2 {
            let gpus = if t == 1 { 0 } else { 100 };
            assert!(world.apply(&Action::SetJob { job, gpus }) || t > 4);
        }
    });
    let (polite, abrupt) = (run.jobs[0], run.jobs[1]);
    // First hour: 300 s of restart, 3300 s of work.
    assert_eq!(polite.lost, 0);
    assert_eq!(
        abrupt.lost,
        100 * 3300,
        "nothing was written before the stop"
    );
    assert_eq!((polite.starts, abrupt.starts), (2, 2));
    assert_eq!(polite.finished, Some(start + 7200 + 300 + 14_400 - 3300));
    assert_eq!(abrupt.finished, None);
    // Second hour: the checkpoint's minute at running power, nothing of the other job.
    let gpu = &study.scenario.site.gpu_pools[0];
    let minute = 100 * gpu.running.get() * 60;
    assert_eq!(run.load_energy[2][1], minute * 12 / 10);
    assert_eq!(
        run.jobs[1].on_time,
        100 * (4 * 3600 - 300),
        "hours 3 to 6 after a second restart"
    );
}

#[test]
fn a_job_that_finishes_inside_a_step_frees_its_power() {
    let start = scenario(SITE, START, 2, 60, &[]).grid.start_s(0);
    let study = input(
        scenario(SITE, START, 2, 60, &[]),
        &[40.0],
        &[2.0],
        &[0.0],
        vec![job("short", start, 10, 0.25, 0.0, 2.0)],
    );
    let run = scripted(&study, &Faults::default(), |_, world| {
        let _ = world.apply(&Action::SetJob { job: 0, gpus: 10 });
    });
    let gpu = &study.scenario.site.gpu_pools[0];
    let busy = 10 * (900 + 300);
    assert_eq!(run.load_energy[2][0], busy * gpu.running.get() * 12 / 10);
    let idle = 1024 * 3600 - busy;
    assert_eq!(
        run.load_energy[4][0],
        idle * gpu.idle.get() * 12 / 10 + 80_000 * 3600,
        "the rest idles"
    );
    assert_eq!(run.jobs[0].finished, Some(start + 1200));
    assert_eq!(run.spans.len(), 1);
}

#[test]
fn jobs_keep_to_their_release_work_and_order() {
    let start = scenario(SITE, START, 6, 60, &[]).grid.start_s(0);
    let mut second = job("second", start, 10, 1.0, 0.0, 5.0);
    second.depends_on = vec!["first".into()];
    let study = input(
        scenario(SITE, START, 6, 60, &[]),
        &[40.0],
        &[2.0],
        &[0.0],
        vec![job("first", start, 10, 1.5, 0.0, 5.0), second],
    );
    let mut refused = 0;
    let run = scripted(&study, &Faults::default(), |_, world| {
        let _ = world.apply(&Action::SetJob { job: 0, gpus: 10 });
        refused += usize::from(!world.apply(&Action::SetJob { job: 1, gpus: 10 }));
        assert!(
            !world.apply(&Action::SetJob { job: 1, gpus: 7 }),
            "seven is no gang"
        );
        assert!(
            !world.apply(&Action::SetJob {
                job: 5000,
                gpus: 10
            }),
            "nobody knows it"
        );
    });
    assert!(refused >= 2, "the second waits for the first");
    let (first, second) = (run.spans[0], run.spans[1]);
    assert!(second.start >= first.end);
    for (job, outcome) in study.jobs.iter().zip(&run.jobs) {
        assert_eq!(outcome.on_time + outcome.late + outcome.left, job.work);
    }
}

#[test]
fn the_roots_rating_carries_all_load_whatever_feeds_it() {
    let site = SITE.replace("rating_mw = 12", "rating_mw = 5");
    let study = input(
        scenario(&site, START, 2, 60, &["always_on"]),
        &[40.0],
        &[9.0],
        &[0.0],
        vec![],
    );
    let points = study.scenario.site.pools[0].points.len();
    let run = scripted(&study, &Faults::default(), |_, world| {
        set_all(world, 200, points)
    });
    assert_eq!(
        run.supply_energy[1],
        [0, 0],
        "nothing comes through the meter"
    );
    let over = run.node_peak[0] - 5_000_000;
    assert!(over > 1_000_000, "six megawatts on a bus of five");
    assert_eq!(run.incidents.limit_exceeded_steps, 2);
    let mwh = 2.0 * over as f64 / 1e6;
    assert!((run.incidents.limit_exceeded_mwh - mwh).abs() < 1e-3);
    let kept = crate::run::simulate(&study, &|_| {}).expect("runs");
    let always_on = &kept.summary.policies["always_on"];
    assert_eq!(always_on.incidents.limit_exceeded_steps, 0);
    assert_eq!(always_on.nodes["poi"].hours_at_limit, 2.0);
}

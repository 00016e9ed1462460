//! Rule-based policies on a tiny site, through the controller.
//!
//! Hashing is worth 100 USD per PH/s and day: "steady" earns 0.08 PH x 100 / 24 h
//! at 1.98 kW above sleep, 160 USD per facility MWh for its lower setting, 81 for
//! the step from 2 to 3 kW and 133 at its rated point; "nimble" earns 186. A GPU-hour is
//! 1.44 facility kWh, so jobs at 2.5 USD are worth 1,736.

use std::collections::BTreeMap;

use swingload_model::site::Site;

use super::fit::{Fit, GiveWay};
use super::registry::policy;
use super::{Policy, View};
use crate::controller::IncidentKind;
use crate::controller::tally::Tally;
use crate::controller::tests::nimble;
use crate::controller::tests::world::{
    JobWords, SITE, START, STEP, World, job, setup, site, site_of,
};
use crate::dispatch::Dispatch;

fn world(name: &str, extra: &str) -> World {
    let site = site(extra);
    let found = policy(name).expect(name);
    assert_eq!(found.name(), name);
    World::new(site, found)
}

const NAMES: [&str; 6] = [
    "asap",
    "always_on",
    "breakeven",
    "strike",
    "quantile",
    "static_split",
];

/// No node over its limit, and the controller found nothing to correct.
fn assert_clean(world: &World, name: &str) {
    world.assert_within_limits();
    assert!(
        world.controller.incidents().is_empty(),
        "{name}: {:?}",
        world.controller.incidents()
    );
}

#[test]
fn asap_underclocks_before_it_stops() {
    let text = SITE.replacen("rating_mw = 5", "rating_mw = 5.6", 1);
    let mut world = World::new(site_of(&text), policy("asap").unwrap());
    world.step(50.0);
    assert_eq!(world.awake(1), 1000);
    assert_eq!(
        world.awake(0),
        1000,
        "the hall's 5.6 MW carry all at the lower setting"
    );
    assert_eq!(world.machines.services, [200]);
    let raised: u32 = world.machines.pools[0].iter().map(|b| b[1]).sum();
    assert!((1..1000).contains(&raised), "and some above it: {raised}");
    assert_clean(&world, "asap");
    for _ in 0..6 {
        world.step(100.0);
    }
    let at: Vec<u32> = world.machines.pools[0].iter().map(|b| b[1]).collect();
    assert_eq!(at, [0; 8], "the upper setting is worth 81");
    assert_eq!(world.awake(0), 1000);
    world.step(170.0);
    assert_eq!((world.awake(0), world.awake(1)), (0, 1000));
    assert_clean(&world, "asap");
}

#[test]
fn asap_takes_jobs_in_the_order_of_deadlines_gangs_whole() {
    let mut world = world("asap", "");
    world.submit(
        job("late")
            .gangs(&[500])
            .window(START, START + 80_000)
            .hours(5000),
    );
    world.submit(
        job("soon")
            .gangs(&[500])
            .window(START, START + 40_000)
            .hours(5000),
    );
    world.submit(
        job("small")
            .gangs(&[50, 100])
            .window(START, START + 86_400)
            .hours(5000),
    );
    world.step(50.0);
    let gpus: Vec<u32> = world.machines.jobs.iter().map(|j| j.0).collect();
    assert_eq!(
        gpus,
        [0, 500, 100],
        "800 GPUs are left beside inference: one gang of 500, not two"
    );
    assert_clean(&world, "asap");
}

#[test]
fn asap_runs_no_job_that_power_costs_more_than() {
    let mut world = world("asap", "");
    world.submit(job("cheap").worth(0.1).hours(5000));
    world.step(450.0);
    assert_eq!(
        world.machines.jobs[0].0, 0,
        "0.6 USD per 1.44 kWh is 417 USD/MWh"
    );
    world.step(400.0);
    assert_eq!(world.machines.jobs[0].0, 100);
    assert_eq!(world.awake(0) + world.awake(1), 0);
}

#[test]
fn a_running_job_is_not_displaced_by_an_earlier_deadline() {
    let mut world = world("asap", "");
    world.submit(job("first").gangs(&[700]).hours(5000));
    world.step(50.0);
    world.submit(
        job("urgent")
            .gangs(&[700])
            .window(START, START + 7200)
            .hours(500),
    );
    world.step(50.0);
    let gpus: Vec<u32> = world.machines.jobs.iter().map(|j| j.0).collect();
    assert_eq!(gpus, [700, 0]);
}

#[test]
fn always_on_ignores_the_price() {
    let mut world = world("always_on", "");
    world.submit(job("batch").gangs(&[100]));
    world.step(4000.0);
    assert_eq!(world.machines.services, [200]);
    assert_eq!(world.machines.jobs[0].0, 100);
    assert_eq!(world.awake(1), 1000);
    let (low, rated): (Vec<u32>, Vec<u32>) =
        world.machines.pools[0].iter().map(|b| (b[0], b[1])).unzip();
    assert_eq!(low.iter().sum::<u32>(), 0, "rated point only");
    let awake: u32 = rated.iter().sum();
    // (5 MW - 50 kW) / 1.05 less sleeping devices and "nimble", in devices of 2.98 kW.
    assert_eq!(awake, ((4.95e6 / 1.05 - 40e3 - 2.98e6) / 2980.0) as u32);
    assert_clean(&world, "always_on");
}

#[test]
fn breakeven_stops_each_model_at_its_own_price() {
    let mut world = world("breakeven", "");
    world.step(130.0);
    assert!(world.awake(0) > 0);
    assert_eq!(world.awake(1), 1000);
    for _ in 0..8 {
        world.step(140.0);
    }
    assert_eq!((world.awake(0), world.awake(1)), (0, 1000), "133 and 186");
    world.step(190.0);
    assert_eq!(world.awake(1), 0);
    assert_eq!(world.machines.services, [200]);
    assert_clean(&world, "breakeven");
}

#[test]
fn shortest_times_are_kept() {
    let mut world = world("breakeven", "");
    world.step(50.0);
    let start = world.awake(0);
    assert!(start > 0);
    for step in 1..6 {
        world.step(500.0);
        assert_eq!(world.awake(0), start, "30 minutes on, step {step}");
        assert_eq!(world.awake(1), 0, "no shortest time");
    }
    world.step(500.0);
    assert_eq!(world.awake(0), 0);
    for step in 1..4 {
        world.step(50.0);
        let never_ran = 375;
        assert_eq!(world.awake(0), never_ran, "20 minutes off, step {step}");
    }
    world.step(50.0);
    assert_eq!(world.awake(0), start);
}

#[test]
fn strike_learns_where_hashing_pays() {
    let mut world = world("strike", "");
    // Two days of prices before the first step: a dear quarter of each day.
    world.now = START - 2 * 86_400;
    world.publish_mining(START);
    for hour in 0..48 {
        world.publish(
            "price",
            if hour % 4 == 0 { 900.0 } else { 60.0 },
            world.now + 3600,
        );
        world.now += 3600;
    }
    world.step(60.0);
    assert_eq!(world.awake(1), 1000);
    for _ in 0..8 {
        world.step(900.0);
    }
    assert_eq!(world.awake(0) + world.awake(1), 0);
    assert_eq!(world.machines.services, [200], "jobs and inference run");
    for _ in 0..6 {
        world.step(60.0);
    }
    assert_eq!(world.awake(1), 1000, "after half an hour");
    assert_clean(&world, "strike");
}

#[test]
fn quantile_waits_for_cheap_hours() {
    let mut world = world("quantile", "");
    let mut at = START + STEP;
    for hour in 0..24 {
        let end = START + (hour + 1) * 3600;
        world.now = START;
        let price = if hour < 4 { 300.0 } else { 20.0 };
        let observation = swingload_model::series::Observation {
            start: at,
            end,
            value: price,
            known_at: START,
        };
        world.controller.step(
            START,
            crate::event::Event::Published {
                series: "price".into(),
                observation,
            },
        );
        at = end;
    }
    world.submit(job("patient").window(START, START + 20 * 3600));
    world.submit(job("urgent").window(START, START + 3600 + STEP));
    world.step(300.0);
    assert_eq!(world.awake(0) + world.awake(1), 0);
    let gpus: Vec<u32> = world.machines.jobs.iter().map(|j| j.0).collect();
    assert_eq!(gpus, [0, 100]);
    world.now = START + 4 * 3600;
    world.step(20.0);
    assert_eq!(world.awake(1), 1000);
    assert_eq!(world.machines.jobs[0].0, 100);
}

#[test]
fn static_split_keeps_each_side_within_its_share() {
    let site = site("");
    let mut own = (*setup(site)).clone();
    own.policies.static_split_mining_mw = Some(2.0);
    own.policies.static_split_ai_mw = Some(0.5);
    let mut world = World::with(own, policy("static_split").unwrap());
    world.submit(job("a").gangs(&[100]));
    world.submit(job("b").gangs(&[100]));
    world.step(900.0);
    let mining = f64::from(world.awake(0) + world.awake(1)) * 2.98e-3 * 1.05;
    assert!((1.99..=2.0).contains(&mining), "{mining} MW");
    // 200 GPUs of inference at 1.44 kW leave room for one gang of 100.
    let gpus: Vec<u32> = world.machines.jobs.iter().map(|j| j.0).collect();
    assert_eq!(gpus, [100, 0]);
}

#[test]
fn follow_surplus_hashes_on_surplus_alone() {
    let wind = r#"
[[supply]]
id = "wind"
kind = "surplus"
available_mw = 1.2
price_per_mwh = 5
"#;
    let mut world = world("follow_surplus", wind);
    world.step(-20.0);
    let mining = f64::from(world.awake(0) + world.awake(1)) * 2.98e-3 * 1.05;
    assert!((1.19..=1.2).contains(&mining), "{mining} MW");
    assert_eq!(world.machines.services, [200], "GPUs do not ask");
    let mut world = self::world("follow_surplus", "");
    world.step(-20.0);
    assert_eq!(
        world.awake(0) + world.awake(1),
        0,
        "free power of the grid is no surplus"
    );
}

const CALL: &str = r#"
[[programmes]]
id = "reserve"
capacity_mw = 3
availability_per_mw_h = 5
calls = "calls"
firm_mw = 1.5
penalty_per_mwh = 1000
"#;

#[test]
fn called_events_take_hashing_off() {
    for name in NAMES {
        let mut world = world(name, CALL);
        world.publish("calls", 0.0, START + STEP);
        world.step(20.0);
        assert!(world.load(0) > 3e6, "{name}");
        world.publish("calls", 1.0, START + 2 * STEP);
        world.step(20.0);
        assert!(world.load(0) <= 1.5e6, "{name}: {} W", world.load(0));
        assert_eq!(world.machines.services, [200], "{name}");
    }
}

#[test]
fn ramps_hold() {
    let text = SITE.replacen(
        "rating_mw = 10",
        "rating_mw = 10\nramp_up_kw_per_min = 100\nramp_down_kw_per_min = 200",
        1,
    );
    for name in NAMES {
        let site = site_of(&text);
        let mut world = World::new(site, policy(name).unwrap());
        let mut last = None;
        for step in 0..60 {
            world.step(if step < 35 { 20.0 } else { 800.0 });
            let load = world.load(0);
            if let Some(last) = last {
                assert!(
                    load <= last + 0.5e6 + 1.0,
                    "{name} rises from {last} to {load} W"
                );
                assert!(
                    load >= last - 1e6 - 1.0,
                    "{name} falls from {last} to {load} W"
                );
            }
            last = Some(load);
        }
        assert_clean(&world, name);
    }
}

#[test]
fn devices_that_must_stay_awake_are_the_last_to_give_way() {
    let text = SITE.replacen("rating_mw = 10", "rating_mw = 6", 1);
    for name in ["asap", "always_on", "breakeven", "strike", "quantile"] {
        let site = site_of(&text);
        let mut world = World::new(site, policy(name).unwrap());
        world.step(20.0);
        let steady = world.awake(0);
        assert!(steady > 400, "{name}: {steady}");
        // The gang displaces 0.7 MW: better miners, as these must stay awake for 30 minutes.
        world.submit(job("big").gangs(&[700]).hours(5000));
        world.step(20.0);
        assert_eq!(world.machines.jobs[0].0, 700, "{name}");
        assert_eq!(world.awake(0), steady, "{name}");
        assert_clean(&world, name);
    }
}

#[test]
fn hashing_makes_up_for_a_fall_that_is_too_fast() {
    let text = SITE.replacen(
        "rating_mw = 10",
        "rating_mw = 10\nramp_down_kw_per_min = 100",
        1,
    );
    for name in ["asap", "breakeven"] {
        let site = site_of(&text);
        let mut world = World::new(site, policy(name).unwrap());
        // Hashing is worth nothing at this price, and the job ends after two steps and a half.
        let mut big = job("big").gangs(&[800]).worth(9.0);
        big.work = 800 * STEP * 5 / 2;
        world.submit(big);
        let mut last = 0.0;
        for step in 0..8 {
            world.begin(900.0, &mut |_| true);
            let ended = if step == 2 { 0.5 * 800.0 * 1440.0 } else { 0.0 };
            let load = world.load(0) - ended;
            world.end(true);
            assert!(
                load >= last - 0.5e6 - 1.0,
                "{name} {step}: {last} to {load} W"
            );
            last = load;
        }
        assert!(last < 1e6, "{name} comes down in the end: {last} W");
    }
}

#[test]
fn hashing_climbs_for_a_gang_that_would_rise_too_fast() {
    let text = SITE.replacen(
        "rating_mw = 10",
        "rating_mw = 10\nramp_up_kw_per_min = 100",
        1,
    );
    let site = site_of(&text);
    let mut world = World::new(site, policy("asap").unwrap());
    world.step(900.0);
    world.submit(job("big").gangs(&[700]).worth(9.0).hours(5000));
    let mut last = world.load(0);
    for step in 0..12 {
        world.step(900.0);
        let load = world.load(0);
        assert!(load <= last + 0.5e6 + 1.0, "{step}: {last} to {load} W");
        last = load;
    }
    assert_eq!(
        world.machines.jobs[0].0, 700,
        "a rise of 1 MW, at 0.5 MW per step"
    );
    assert_eq!(world.awake(0) + world.awake(1), 0);
}

#[test]
fn only_surplus_is_used_where_the_rule_says_so() {
    let surplus = r#"
surplus_only = { quantile_pct = 10 }
"#;
    let more = r#"
[[supply]]
id = "wind"
kind = "surplus"
available_mw = 1.2
price_per_mwh = 5
"#;
    let text = format!("{surplus}{}{more}", SITE);
    for name in NAMES {
        let site = site_of(&text);
        let mut world = World::new(site, policy(name).unwrap());
        world.submit(job("batch"));
        world.step(1.0);
        // Overheads, idle watts and the floor of 104 GPUs may use the grid; all else must fit in 1.2 MW.
        let firm = 130e3 + 40e3 * 1.05 + 300e3 * 1.2 + 104.0 * 1200.0 * 1.2;
        assert!(
            world.load(0) <= firm + 1.2e6 + 1.0,
            "{name}: {} W",
            world.load(0)
        );
        assert!(
            world.load(0) > firm + 1.1e6,
            "{name} uses it: {} W",
            world.load(0)
        );
        assert!(world.machines.services[0] >= 104, "{name}");
    }
}

#[test]
fn a_tight_connection_serves_firm_load_first() {
    let text = SITE.replacen("rating_mw = 10", "rating_mw = 1.2", 1);
    for name in NAMES {
        let site = site_of(&text);
        let mut world = World::new(site, policy(name).unwrap());
        world.submit(job("batch"));
        for _ in 0..3 {
            world.step(20.0);
            assert!(world.machines.services[0] >= 104, "{name}");
            assert_clean(&world, name);
        }
        assert!(world.load(0) > 1.15e6, "{name} uses what is left");
    }
}

#[test]
fn steps_of_every_policy_are_within_limits() {
    for name in NAMES {
        let mut world = world(name, "");
        for k in 0..40_i64 {
            if k % 3 == 0 {
                let window = world.now + 3600 * (1 + k % 7);
                world.submit(
                    job(&format!("j{k}"))
                        .gangs(&[50, 200])
                        .window(world.now, window)
                        .hours(60),
                );
            }
            world.step([20.0, 90.0, 150.0, 400.0, -30.0][(k % 5) as usize]);
            world.assert_within_limits();
        }
        let odd =
            |i: &&crate::controller::Incident| !matches!(i.kind, IncidentKind::JobRefused { .. });
        assert_eq!(
            world.controller.incidents().iter().find(odd),
            None,
            "{name}"
        );
    }
}

/// What a plan chose in watts, in whole devices, replicas and gangs: nothing for the
/// controller to correct.
#[test]
fn whole_devices_replicas_and_gangs_of_a_plan_keep_every_limit() {
    let tight = [
        ("rating_mw = 10", "rating_mw = 3.1"),
        ("rating_mw = 4\n", "rating_mw = 0.9\n"),
        ("rating_mw = 5", "rating_mw = 2.7"),
    ];
    for (from, to) in tight {
        let site = site_of(&SITE.replacen(from, to, 1));
        let swingload = policy("swingload").unwrap();
        let mut world = World::new(site, swingload);
        for k in 0..16_i64 {
            if k % 4 == 0 {
                let window = world.now + 3600 * (1 + k % 7);
                world.submit(
                    job(&format!("j{k}"))
                        .gangs(&[50, 90, 200])
                        .window(world.now, window)
                        .hours(40),
                );
            }
            world.step([20.0, 90.0, 150.0, -30.0][(k % 4) as usize]);
            world.assert_within_limits();
        }
        let odd =
            |i: &&crate::controller::Incident| !matches!(i.kind, IncidentKind::JobRefused { .. });
        let incidents: Vec<_> = world.controller.incidents().iter().filter(odd).collect();
        assert!(incidents.is_empty(), "{to}: {incidents:?}");
    }
}

/// One dispatch per step, the last one for ever, repaired as those of policies are.
struct Repaired(Vec<Dispatch>, Fit);

impl Policy for Repaired {
    fn name(&self) -> &'static str {
        "repaired"
    }

    fn decide(&mut self, view: &View<'_>) -> Dispatch {
        let mut dispatch = self.0[0].clone();
        if self.0.len() > 1 {
            self.0.remove(0);
        }
        let mut supply = vec![0.0; view.setup.site.tree.len()];
        supply[0] = 20e6;
        let way = GiveWay {
            underclock: true,
            called: true,
            ai: true,
        };
        self.1.fit(view, &supply, way, &mut dispatch);
        dispatch
    }
}

/// What is repaired of a policy's choice is named by its rule and counted in watts; the
/// checker finds nothing left of it.
#[test]
fn what_is_repaired_is_counted_by_its_rule() {
    let run = |site: Site, course: Vec<Dispatch>| {
        let steps = course.len();
        let mut world = World::new(site, Box::new(Repaired(course, Fit::default())));
        world.publish("calls", 1.0, START + 3600);
        (0..steps).for_each(|_| {
            world.step(50.0);
        });
        let tally = world.controller.tally().clone();
        assert_eq!(tally.handed_out, BTreeMap::new(), "nothing is left to find");
        tally
    };
    let steady = |devices: u32| {
        let mut dispatch = nimble(0);
        dispatch.pools[0][0] = vec![devices, 0];
        dispatch
    };
    let mut greedy = nimble(8);
    greedy.pools[0] = vec![vec![0, 125]; 8];
    // 1.35 MW more than the hall carries: 1,000 devices set from 3 to 2 kW, 0.3 MW asleep, at a
    // marginal PUE of 1.05.
    let limit = run(site(""), vec![greedy]);
    let asleep = (300e3_f64 / (1980.0 * 1.05)).ceil() * 1980.0 * 1.05;
    let watts = 1_050e3 + asleep;
    assert!((limit.limit.watts_max - watts).abs() < 1e-6, "{limit:?}");
    assert!((limit.limit.joules - limit.limit.watts_max * 300.0).abs() < 1.0);
    let names = |tally: &Tally| {
        [
            tally.limit.steps,
            tally.called_event.steps,
            tally.ramp.steps,
            tally.shortest_time.steps,
        ]
    };
    assert_eq!(names(&limit), [1, 0, 0, 0]);
    // A block told to sleep after five minutes of thirty.
    let held = run(site(""), vec![steady(125), steady(0)]);
    assert_eq!(names(&held), [0, 0, 0, 1]);
    let watts = 125.0 * 1980.0 * 1.05;
    assert!(
        (held.shortest_time.watts_max - watts).abs() < 1e-6,
        "{held:?}"
    );
    // Five blocks of 0.39 MW within 0.5 MW a step.
    let ramps = "rating_mw = 10\nramp_up_kw_per_min = 100";
    let slow = site_of(&SITE.replacen("rating_mw = 10", ramps, 1));
    let slow = run(slow, vec![nimble(0), nimble(5)]);
    assert_eq!(names(&slow), [0, 0, 1, 0]);
    let excess = 5.0 * 125.0 * 2980.0 * 1.05 - 500e3;
    let whole = excess..excess + 2980.0 * 1.05;
    assert!(whole.contains(&slow.ramp.watts_max), "{slow:?}");
    // 3.96 MW under a call for 1.5.
    let called = run(site(CALL), vec![nimble(8)]);
    assert_eq!(names(&called), [0, 1, 0, 0]);
    assert!(called.called_event.watts_max > 2.0e6, "{called:?}");
}

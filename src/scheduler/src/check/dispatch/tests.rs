//! Faults of a policy, each found and counted: these fail where the checker does not run.

use swingload_model::Seconds;
use swingload_model::units::Power;

use super::DispatchRule::{Gang, Gpus, Limit, Ramp, SetPoint, ShortestTime};
use super::*;
use crate::controller::IncidentKind;
use crate::controller::tests::world::{JobWords, SITE, START, STEP, World, job, site, site_of};
use crate::controller::tests::{nimble, running, script};

/// Rules broken in the last step's dispatch: as handed out, as sent.
fn found(world: &World) -> (Vec<DispatchRule>, Vec<DispatchRule>) {
    let at = world.now - STEP;
    let of = |wanted: bool| {
        let last = world.controller.incidents().iter().filter(|i| i.at == at);
        last.filter_map(|i| match &i.kind {
            IncidentKind::Found { finding, sent } if *sent == wanted => Some(finding.rule),
            _ => None,
        })
        .collect()
    };
    (of(false), of(true))
}

/// Steps with a finding, as handed out and as sent.
fn counted(world: &World, rule: DispatchRule) -> (u64, u64) {
    let tally = world.controller.tally();
    let of = |counts: &std::collections::BTreeMap<DispatchRule, u64>| {
        counts.get(&rule).copied().unwrap_or(0)
    };
    (of(&tally.handed_out), of(&tally.sent))
}

#[test]
fn a_dispatch_that_keeps_the_rules_is_sent_without_a_word() {
    let mut world = World::new(site(""), script(vec![nimble(2), nimble(3)]));
    for _ in 0..3 {
        world.step(50.0);
        assert_eq!(found(&world), (vec![], vec![]));
    }
    assert_eq!(world.controller.tally(), &Default::default());
}

#[test]
fn an_overload_is_found_and_does_not_leave() {
    // 3 MW of each pool in a hall of 5 MW.
    let mut greedy = nimble(8);
    greedy.pools[0] = vec![vec![0, 125]; 8];
    let mut world = World::new(site(""), script(vec![greedy]));
    world.step(50.0);
    assert_eq!(found(&world), (vec![Limit], vec![]));
    assert_eq!(counted(&world, Limit), (1, 0));
    world.assert_within_limits();
    let excess = world
        .controller
        .incidents()
        .iter()
        .find_map(|i| match &i.kind {
            IncidentKind::Found { finding, .. } => Some(finding.excess),
            _ => None,
        });
    // 6 MW at a marginal PUE of 1.05 and 50 kW, less 5 MW.
    assert!(
        (excess.expect("found") - 1_350_000.0).abs() < 1.0,
        "{excess:?}"
    );
}

#[test]
fn a_root_carries_what_supply_below_it_feeds() {
    // 3.2 MW fed from within their region: nothing is imported, the root's bus is not spared.
    let own = r#"
[[nodes]]
id = "region"
parent = "root"
kind = "feeder"
rating_mw = 10

[[supply]]
id = "own"
kind = "surplus"
node = "region"
available_mw = 5
price_per_mwh = 1
"#;
    let text = SITE.replacen("rating_mw = 10", "rating_mw = 2", 1);
    let text = text.replacen("parent = \"root\"", "parent = \"region\"", 1);
    let mut world = World::new(site_of(&format!("{text}{own}")), script(vec![nimble(8)]));
    world.step(50.0);
    assert_eq!(found(&world), (vec![Limit], vec![]));
}

#[test]
fn a_load_that_moves_too_fast_is_found() {
    let ramps = "rating_mw = 10\nramp_up_kw_per_min = 200\nramp_down_kw_per_min = 100";
    let site = site_of(&SITE.replacen("rating_mw = 10", ramps, 1));
    let up = site.tree.node(0).ramp_up_per_minute.map(Power::get);
    assert_eq!(up, Some(200_000));
    // 0.4 MW a block: 1 MW up and 0.5 MW down are allowed in five minutes.
    let course = [0, 2, 5, 4, 2, 2].map(nimble).to_vec();
    let mut world = World::new(site, script(course));
    let rules: Vec<Vec<DispatchRule>> = (0..6)
        .map(|_| {
            world.step(50.0);
            found(&world).0
        })
        .collect();
    let none: Vec<DispatchRule> = Vec::new();
    // Nothing was metered before the first step.
    let expected = [
        none.clone(),
        none.clone(),
        vec![Ramp],
        none.clone(),
        vec![Ramp],
        none,
    ];
    assert_eq!(rules, expected, "rise of three blocks, fall of two");
    assert_eq!(counted(&world, Ramp), (2, 2), "no trimming slows a fall");
}

#[test]
fn a_gang_that_may_not_run_is_found_and_does_not_leave() {
    let wrong = [
        ("of another size", running(&[(0, 64)])),
        ("not released", running(&[(1, 100)])),
        ("that waits", running(&[(2, 100)])),
        ("of nobody", running(&[(7, 100)])),
        ("listed twice", running(&[(0, 100), (0, 100)])),
    ];
    for (what, dispatch) in wrong {
        let mut world = World::new(site(""), script(vec![dispatch]));
        world.submit(job("now"));
        world.submit(job("later").window(START + 86_400, START + 2 * 86_400));
        world.submit(job("second").after(&["now"]));
        world.step(50.0);
        let (handed_out, sent) = found(&world);
        assert!(handed_out.contains(&Gang), "a gang {what}: {handed_out:?}");
        assert_eq!(sent, [], "a gang {what}");
        assert_eq!(counted(&world, Gang), (1, 0), "a gang {what}");
    }
}

#[test]
fn more_gpus_than_installed_are_found_and_do_not_leave() {
    let dispatch = running(&[(0, 500), (1, 500)]);
    let mut world = World::new(site(""), script(vec![dispatch]));
    world.submit(job("a").gangs(&[500]));
    world.submit(job("b").gangs(&[500]));
    world.step(50.0);
    assert_eq!(found(&world), (vec![Gpus], vec![]), "1,104 of 1,000");
}

#[test]
fn switches_before_the_shortest_time_are_found() {
    let steady = |devices: u32| {
        let mut dispatch = nimble(0);
        dispatch.pools[0][0] = vec![devices, 0];
        dispatch
    };
    // On for 30 min and off for 20 min at least: four and five steps are, others are not.
    let course = [1, 1, 1, 0, 1, 0].map(|on| steady(on * 125)).to_vec();
    let mut world = World::new(site(""), script(course));
    let rules: Vec<usize> = (0..6)
        .map(|_| {
            world.step(50.0);
            found(&world)
                .0
                .iter()
                .filter(|r| **r == ShortestTime)
                .count()
        })
        .collect();
    assert_eq!(rules, [0, 0, 0, 1, 1, 1]);
    let kept: Vec<Dispatch> = [1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1]
        .map(|on| steady(on * 125))
        .to_vec();
    let steps = kept.len();
    let mut world = World::new(site(""), script(kept));
    (0..steps).for_each(|_| {
        world.step(50.0);
    });
    assert_eq!(counted(&world, ShortestTime), (0, 0), "after 30 and 20 min");
}

#[test]
fn starts_beyond_those_of_the_day_are_found() {
    let text = SITE.replacen(
        "count = 1000\npoints = [{ power_w = 3000",
        "count = 1000\nstarts_per_day = 1\npoints = [{ power_w = 3000",
        1,
    );
    let mut world = World::new(
        site_of(&text),
        script(vec![nimble(1), nimble(0), nimble(1)]),
    );
    for _ in 0..3 {
        world.step(50.0);
    }
    assert_eq!(counted(&world, ShortestTime), (1, 1));
}

#[test]
fn a_job_stopped_before_its_shortest_run_is_found() {
    let mut world = World::new(site(""), script(vec![running(&[(0, 100)]), nimble(0)]));
    let mut long = job("long");
    long.min_runtime = Seconds::new(3 * STEP);
    world.submit(long);
    world.step(50.0);
    assert_eq!(found(&world).0, []);
    world.step(50.0);
    assert_eq!(found(&world).0, [ShortestTime]);
}

#[test]
fn set_points_that_nothing_can_have_are_found_and_do_not_leave() {
    let mut wrong = nimble(1);
    wrong.pools[1][0] = vec![500];
    let mut world = World::new(site(""), script(vec![wrong]));
    world.step(50.0);
    assert_eq!(found(&world), (vec![SetPoint], vec![]), "125 answer");
    let mut short = nimble(1);
    short.pools.pop();
    let mut world = World::new(site(""), script(vec![short]));
    world.step(50.0);
    assert_eq!(found(&world), (vec![SetPoint], vec![]), "a pool has none");
}

#[test]
fn a_checkpoint_counts_until_it_is_written() {
    let mut to = nimble(8);
    to.pools[0] = vec![vec![125, 0]; 8];
    let text = SITE.replacen("rating_mw = 10", "rating_mw = 6.4", 1);
    let mut world = World::new(site_of(&text), script(vec![running(&[(0, 800)]), to]));
    let mut big = job("big").gangs(&[800]);
    big.checkpoint_cost = Seconds::new(STEP);
    big.notice = Seconds::new(STEP);
    world.submit(big);
    world.step(50.0);
    assert_eq!(found(&world).0, []);
    world.step(50.0);
    assert!(found(&world).0.contains(&Limit), "{:?}", found(&world));
    world.step(50.0);
    assert_eq!(found(&world).0, [Limit], "the hall alone is over");
}

//! A published plan says what was planned, in whole watts and with names.

use swingload_model::TimeGrid;
use swingload_model::plan::{Certificate, Engine, LimitKind, Plan, ReasonCode, Wait};
use swingload_model::units::{Money, Power};

use super::{Error, Occasion, publish, sha256};
use crate::build::{Built, build};
use crate::check::check;
use crate::controller::tests::world::{JobWords, START, job, setup, site};
use crate::evaluate::evaluate;
use crate::outlook::Outlook;
use crate::placement::Windows;
use crate::plan::{Budget, Planned, plan};
use crate::policy::Setup;
use crate::schedule::{Problem, Room};
use crate::state::{JobState, SiteState};

const STEPS: usize = 12;

/// Prices that rise and fall; other series stand still.
struct Prices;

impl Outlook for Prices {
    fn mean(&self, series: &str, grid: &TimeGrid) -> Vec<f64> {
        let value = |t: usize| match series {
            "btc" => 20_000.0,
            "difficulty" => 1e15 * 86_400.0 * 6.25 * 20_000.0 / (100.0 * 4_294_967_296.0),
            "chance" => 0.02,
            "peaks" => 0.0,
            _ => [40.0, 90.0, 260.0, -10.0][t % 4] + t as f64,
        };
        (0..grid.len()).map(value).collect()
    }

    fn quantile(&self, series: &str, grid: &TimeGrid, _pct: u8) -> Vec<f64> {
        self.mean(series, grid)
    }
}

struct World {
    setup: std::sync::Arc<Setup>,
    jobs: Vec<JobState>,
    built: Built,
    planned: Planned,
}

/// The tiny site with `extra`, planned for twelve hours.
fn world(extra: &str) -> World {
    let setup = setup(site(extra));
    let due = |id: &str, hours: i64| job(id).window(START, START + hours * 3600);
    let jobs = [
        due("urgent", 4).gangs(&[400, 800]).hours(1200),
        due("patient", 11).gangs(&[300]).hours(900).worth(1.0),
        due("hopeless", 2).gangs(&[100]).hours(900),
    ];
    let jobs: Vec<JobState> = jobs.into_iter().map(JobState::new).collect();
    let boundaries = (0..=STEPS as i64).map(|h| START + h * 3600).collect();
    let grid = TimeGrid::from_boundaries(boundaries).expect("rising");
    let state = SiteState::asleep(&setup.site, START);
    let built = build(&setup, &Prices, &state, &jobs, &[0, 1, 2], &grid);
    let planned = plan(&built.inputs, Budget::STUDY);
    World {
        setup,
        jobs,
        built,
        planned,
    }
}

impl World {
    fn occasion(&self) -> Occasion<'_> {
        Occasion {
            site: &self.setup.site,
            jobs: &self.jobs,
            number: 7,
            engine: Engine::Fast,
            flips: 0,
        }
    }

    fn plan(&self) -> Plan {
        publish(&self.occasion(), &self.built, &self.planned).expect("certified")
    }
}

/// Hosting, a ramp and a demand charge, so that every part of a plan has content.
const MORE: &str = r#"
[[commitments]]
kind = "hosting"
id = "tenant"
node = "ai"
use = "inference"
power_mw = 0.4
price_per_mwh = 200
penalty_per_mwh = 500
contracted_mw = 0.4

[[tariff]]
kind = "demand"
id = "peak"
per_kw_month = 8
"#;

#[test]
fn loads_add_up_to_supply_in_every_step() {
    for extra in ["", MORE] {
        let world = world(extra);
        assert_eq!(check(&world.built.inputs, &world.planned), []);
        let plan = world.plan();
        let outcomes = world.planned.outcomes(&world.built.inputs);
        for t in 0..STEPS {
            let loads: Power = plan.loads.iter().map(|l| l.watts[t]).sum();
            let supply: Power = plan.supply.iter().map(|s| s.watts[t]).sum();
            assert_eq!(loads, supply, "step {t}");
            let planned = outcomes[t].supply.iter().sum::<f64>() * 1e6;
            let rounded = planned - loads.get() as f64;
            let most = plan.loads.len() as f64;
            assert!((-1.0..=most).contains(&rounded), "{rounded} W of {planned}");
            for supply in &plan.supply {
                assert!(supply.watts[t] <= supply.available[t], "{}", supply.supply);
            }
        }
        for (load, used) in [("chat", 200), ("steady", 1000), ("training on gpus", 1000)] {
            let found = plan.loads.iter().find(|l| l.load == load).expect(load);
            assert_eq!(found.units.len(), STEPS);
            assert!(found.units.iter().all(|n| *n <= used), "{load}");
            let at_work = |t: usize| found.units[t] > 0;
            assert!(
                (0..STEPS).all(|t| at_work(t) == (found.watts[t].get() > 0)),
                "{load}"
            );
        }
    }
}

#[test]
fn the_certificate_is_the_planners() {
    let world = world(MORE);
    let (planned, constant) = (&world.planned, world.built.constant);
    let certificate = world.plan().certificate;
    let near = |money: Money, units: f64| (money.as_units() - units).abs() <= 1.1e-6;
    assert!(near(certificate.value, planned.value() + constant));
    assert!(near(certificate.bound, planned.bound + constant));
    assert!(near(certificate.asap, planned.asap + constant));
    assert!(certificate.bound.as_units() >= planned.bound + constant);
    let gainable = planned.bound - planned.asap;
    let gap = certificate.gap_pct.expect("there is something to gain");
    assert!((gap - 100.0 * (planned.bound - planned.value()) / gainable).abs() < 1e-8);
    assert!((gap + certificate.gain_pct.expect("as above") - 100.0).abs() < 1e-8);

    let uncertified = plan(&world.built.inputs, Budget::LOOP);
    let refused = publish(&world.occasion(), &world.built, &uncertified);
    assert_eq!(refused, Err(Error::NotCertified));
    let nothing = Certificate::new(5.0, 5.0, 5.0, 1.0).expect("numbers");
    assert_eq!((nothing.gain_pct, nothing.gap_pct), (None, None));
    assert_eq!(nothing.gap_of_value_pct, Some(0.0));
}

#[test]
fn the_same_inputs_give_the_same_bytes_and_others_another_hash() {
    let one = world(MORE);
    let (text, plan) = (one.plan().to_json(), one.plan());
    assert_eq!(text, world(MORE).plan().to_json());
    let back: Plan = serde_json::from_str(&text).expect("a plan");
    assert_eq!(back, plan, "nothing is lost in writing");
    let mut built = one.built.clone();
    assert_eq!(plan.inputs_sha256, sha256(&built));
    assert_eq!(plan.inputs_sha256.len(), 64);
    built.inputs.supplies[0].cost[3] += 1e-9;
    assert_ne!(plan.inputs_sha256, sha256(&built));
    let mut built = one.built;
    built.inputs.jobs[0].after.push(1);
    assert_ne!(plan.inputs_sha256, sha256(&built));
}

#[test]
fn jobs_run_in_whole_gangs_and_all_work_is_told() {
    let world = world("");
    let plan = world.plan();
    for (job, state) in plan.jobs.iter().zip(&world.jobs) {
        assert_eq!(
            (job.job.as_str(), job.gpu_pool.as_str()),
            (state.job.id.as_str(), "gpus")
        );
        let done: i64 = job.runs.iter().map(|run| run.gpu_seconds).sum();
        assert_eq!(
            done + job.later + job.missed,
            state.work_left,
            "{}",
            job.job
        );
        for run in &job.runs {
            assert!(state.job.gangs.contains(&run.gpus), "{run:?}");
            let seconds = 3600 * i64::from(run.to - run.from);
            assert!(run.gpu_seconds <= i64::from(run.gpus) * seconds, "{run:?}");
        }
    }
    assert_eq!(plan.jobs[0].missed, 0);
    assert!(plan.jobs[2].missed >= 700 * 3600, "two hours are not nine");
}

/// The plan wants a late job done earlier than its latest time: what is left then is not lost.
#[test]
fn work_behind_the_planned_steps_is_left_for_later() {
    let mut world = world("");
    world.built.inputs.jobs[2].end = 4;
    world.planned.schedule.jobs[2].clear();
    world.planned.schedule.beyond[2] = 0.0;
    let told = |world: &World| {
        let job = &world.plan().jobs[2];
        (job.later / 3600, job.missed / 3600)
    };
    assert_eq!(told(&world), (0, 900), "its latest time is over");
    world.jobs[2].job.latest = START + 7 * 3600;
    assert_eq!(told(&world), (300, 600), "three hours behind the fourth");
    world.jobs[2].job.latest = START + 86_400;
    assert_eq!(told(&world), (800, 100), "the horizon ends after twelve");
}

/// The worth of a limit is what the same jobs and paths earn with a little more of it.
#[test]
fn a_limits_worth_is_what_more_of_it_earns() {
    let world = world("");
    let plan = world.plan();
    let evaluated = |inputs: &_| {
        let problem = Problem::new(inputs);
        let windows = Windows::new(&problem);
        evaluate(
            &problem,
            &world.planned.schedule,
            &windows,
            &mut Room::default(),
        )
        .value
    };
    let inputs = &world.built.inputs;
    let mut tried = 0;
    for limit in plan.limits.iter().filter(|l| l.kind == LimitKind::Node) {
        let node = inputs
            .nodes
            .iter()
            .position(|n| n.id == limit.of)
            .expect("a node");
        for (step, worth) in limit.steps.iter().zip(&limit.worth_per_mw) {
            let (mut more, t) = (inputs.clone(), *step as usize);
            let little = 1e-4;
            more.nodes[node].limit[t] += little;
            let earned = (evaluated(&more) - evaluated(inputs)) / little;
            let worth = worth.as_units();
            assert!(
                (earned - worth).abs() < 1e-3 * worth,
                "{}: {earned} {worth}",
                limit.of
            );
            tried += 1;
        }
    }
    assert!(tried >= 3, "limits bind: {:?}", plan.limits);
}

#[test]
fn what_cannot_be_kept_is_told() {
    // Far more than the hall carries is promised to a tenant.
    let extra = MORE.replace("0.4", "6");
    let plan = world(&extra).plan();
    let tenant: Vec<_> = plan
        .shortfalls
        .iter()
        .filter(|s| s.of == "tenant")
        .collect();
    assert_eq!(tenant.len(), STEPS, "in every step");
    assert!(
        tenant
            .iter()
            .all(|s| s.missing > Power::from_megawatts(2.0)),
        "{tenant:?}"
    );
    assert_eq!(world("").plan().shortfalls, []);
}

/// Penalties are no names: two limits may have the same, and what lies beyond both pays both.
#[test]
fn broken_limits_are_told_by_name() {
    let limit = |id: &str, mw: f64| {
        format!(
            "[[commitments]]\nkind = \"power_limit\"\nid = \"{id}\"\nlimit_mw = {mw}\n\
             penalty_per_mwh = 10\n"
        )
    };
    let plan = world(&(limit("loose", 0.75) + &limit("tight", 0.5))).plan();
    let short = |of: &str, t: u32| {
        let mut all = plan.shortfalls.iter();
        let found = all.find(|s| s.of == of && s.step == t);
        found.map_or(Power::ZERO, |s| s.missing)
    };
    let mut beyond = 0;
    for t in 0..STEPS {
        let drawn: Power = plan.loads.iter().map(|l| l.watts[t]).sum();
        for (of, mw) in [("loose", 0.75), ("tight", 0.5)] {
            let over = (drawn - Power::from_megawatts(mw)).max(Power::ZERO);
            let (told, most) = (short(of, t as u32).get(), over.get() + 20);
            assert!((over.get()..=most).contains(&told), "{of} in {t}: {told} W");
            beyond += u32::from(told > 0);
        }
    }
    assert!(beyond >= 4, "{beyond} limits broken");
}

#[test]
fn reasons_and_prices_have_names() {
    let world = world("");
    let plan = world.plan();
    let names: Vec<&str> = plan.reasons.iter().map(|r| r.load.as_str()).collect();
    for name in ["steady", "nimble", "chat", "urgent", "patient", "hopeless"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    assert!(!plan.shed_ladder.is_empty());
    let flips = plan.reasons.iter().all(|r| r.flips.is_empty());
    assert!(flips, "they were not asked for");
    let asked = Occasion {
        flips: 1,
        ..world.occasion()
    };
    let asked = publish(&asked, &world.built, &world.planned).expect("certified");
    for (reason, plain) in asked.reasons.iter().zip(&plan.reasons) {
        let first = reason.load == "steady";
        assert_eq!(!reason.flips.is_empty(), first, "{}", reason.load);
        assert_eq!((reason.code, &reason.load), (plain.code, &plain.load));
    }
    let nodes: Vec<&str> = plan
        .marginal_values
        .iter()
        .map(|m| m.node.as_str())
        .collect();
    assert_eq!(nodes, ["root", "mining", "ai", "gpus"]);
    assert!(
        plan.marginal_values
            .iter()
            .all(|m| m.per_mwh.len() == STEPS)
    );
}

/// A price of 300 for a peak that comes once in fifty is told as such; what a deferred job
/// waits for is told with both prices; a job that can never run is missed from the start.
#[test]
fn prices_and_waiting_are_told_part_by_part() {
    let charges = "[[tariff]]\nkind = \"adder\"\nid = \"retail\"\nper_mwh = 4.5\n\
                   [[tariff]]\nkind = \"coincident_peak\"\nid = \"4cp\"\nper_kw_year = 60\n\
                   intervals_per_year = 4\npeaks = \"peaks\"\nprobability = \"chance\"\n";
    let mut world = world(charges);
    world
        .jobs
        .push(JobState::new(job("giant").gangs(&[1001]).hours(70)));
    let plan = world.plan();
    for reason in &plan.reasons {
        let Some(price) = reason.price_per_mwh else {
            continue;
        };
        let sum: f64 = reason.price_parts.iter().map(|p| p.per_mwh).sum();
        assert!((sum - price).abs() < 1e-4, "{sum} of {price}: {reason:?}");
    }
    let parts = || plan.reasons.iter().flat_map(|r| &r.price_parts);
    let of = |id: &str| parts().find(|p| p.of == id).expect("a part");
    assert_eq!(of("retail").per_mwh, 4.5);
    let peak = of("4cp");
    assert_eq!(
        (peak.chance, peak.if_peak_per_mwh),
        (Some(0.02), Some(15_000.0))
    );
    assert!((peak.per_mwh - 300.0).abs() < 1e-6);
    let waiting = |code| plan.reasons.iter().filter(move |r| r.code == code);
    for reason in waiting(ReasonCode::Deferred) {
        assert!(
            matches!(reason.wait, Some(Wait::CheaperPower { .. })),
            "{reason:?}"
        );
    }
    for reason in waiting(ReasonCode::NoGpus) {
        let Some(Wait::Gpus { asked, free, .. }) = reason.wait else {
            panic!("{reason:?}");
        };
        assert!(free < asked, "{reason:?}");
    }
    let giant = plan.jobs.iter().find(|j| j.job == "giant").expect("told");
    assert_eq!((giant.later, giant.missed), (0, 70 * 3600));
    assert!(
        plan.impossible
            .iter()
            .any(|w| w.job == "giant" && w.never_runs())
    );
}

#[test]
fn machines_that_may_not_stop_without_room_are_short_of_power() {
    let mut world = world("");
    let inputs = &mut world.built.inputs;
    let supplies = inputs.supplies.iter_mut();
    supplies.for_each(|supply| supply.available[0] = 0.0);
    let pool = &mut inputs.pools[0];
    pool.min_on = 1.0;
    for block in &mut pool.blocks {
        (block.on, block.hours_in_state) = (true, 0.0);
    }
    world.planned = plan(&world.built.inputs, Budget::STUDY);
    let overload = world.planned.evaluated.overload;
    assert!(overload > 0.01, "{overload}");
    let plan = world.plan();
    let of = format!("power of {}", world.built.inputs.nodes[0].id);
    let short = plan.shortfalls.iter().filter(|s| s.of == of);
    let short: Vec<(u32, f64)> = short.map(|s| (s.step, s.missing.as_megawatts())).collect();
    assert_eq!(short.len(), 1, "{short:?}");
    assert_eq!(short[0].0, 0);
    assert!(
        (short[0].1 - overload).abs() < 1e-5,
        "{short:?} of {overload}"
    );
}

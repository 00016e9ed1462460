//! Work open at the end is worth what could really be done of it.

use proptest::prelude::*;
use swingload_model::job::Job;
use swingload_model::scenario::Faults;
use swingload_model::time::Seconds;
use swingload_model::units::Money;
use swingload_scheduler::event::Action;

use super::support::{SITE, input, job, lines, scenario, scripted};
use crate::record::PolicyRun;
use crate::run::{Study, StudyInput, simulate};

const START: &str = "2026-03-01T06:00:00Z";

/// GPU-hours of the test site's pool.
const GPUS: f64 = 1024.0;

/// Cost of a GPU-hour at 40 per MWh, 5 of wires and the hall's PUE of 1.2.
fn cost(input: &StudyInput) -> f64 {
    let pool = &input.scenario.site.gpu_pools[0];
    (pool.running - pool.idle).as_megawatts() * 1.2 * 45.0
}

/// Four hours in which nothing runs unless `script` says so.
fn left_open(jobs: Vec<Job>) -> (StudyInput, PolicyRun) {
    let input = input(
        scenario(SITE, START, 4, 60, &[]),
        &[40.0],
        &[0.0],
        &[0.0],
        jobs,
    );
    let run = scripted(&input, &Faults::default(), |_, _| {});
    (input, run)
}

fn start() -> i64 {
    scenario(SITE, START, 4, 60, &[]).grid.start_s(0)
}

/// A job without restart.
fn plain(id: &str, gang: u32, hours: f64, deadline_h: f64) -> Job {
    let mut job = job(id, start(), gang, hours, 0.0, deadline_h);
    job.restart = Seconds::ZERO;
    job
}

fn worth(run: &PolicyRun) -> f64 {
    lines(run)
        .get("OpenWork open work on h100")
        .map_or(0.0, |micro| *micro as f64 / 1e6)
}

#[test]
fn a_job_with_room_is_worth_its_value_less_its_energy() {
    let (input, run) = left_open(vec![plain("one", 64, 6.0, 20.0)]);
    let expected = 64.0 * 6.0 * (1.5 - cost(&input));
    assert!((worth(&run) - expected).abs() < 1e-3, "{}", worth(&run));
    assert_eq!(run.open_work[0].done, run.open_work[0].left);
}

#[test]
fn a_backlog_is_worth_no_more_than_the_pool_can_do_in_time() {
    // Ten hours of the whole pool, three times over, by 14 hours after the start: 10 after
    // the end, and 2 more in which work is late.
    let jobs = (0..3).map(|k| plain(&format!("j{k}"), 1024, 10.0, 14.0));
    let (input, run) = left_open(jobs.collect());
    let on_time = GPUS * 10.0 * (1.5 - cost(&input));
    // The middle of either late hour stands for it.
    let late = GPUS * (2.0 * (1.5 - cost(&input)) - 0.1 * (0.5 + 1.5));
    assert!(
        (worth(&run) - on_time - late).abs() < 1e-2,
        "{} against {on_time} and {late}",
        worth(&run)
    );
    let done: Vec<i64> = run.open_work.iter().map(|one| one.done).collect();
    assert_eq!(done, [1024 * 36_000, 1024 * 7200, 0]);
}

#[test]
fn the_earliest_deadline_comes_first_and_a_gang_is_never_cut() {
    let mut later = plain("later", 600, 5.0, 16.0);
    let mut first = plain("first", 600, 4.0, 8.0);
    (first.latest, later.latest) = (first.deadline, later.deadline);
    // In the order of the list the later one comes first; both do not fit at once.
    let small = plain("small", 400, 12.0, 16.0);
    let (input, run) = left_open(vec![later, first, small]);
    let all = (600.0 * 9.0 + 400.0 * 12.0) * (1.5 - cost(&input));
    assert!((worth(&run) - all).abs() < 1e-2, "{}", worth(&run));
}

#[test]
fn a_job_that_had_to_start_small_grows_where_it_would_be_late() {
    // 896 of 1,024 GPUs are taken for four hours by what is due first, so the elastic one
    // starts on 128: 128 x 4 h of its 8 x 1,024 GPU-hours. On 128 the rest takes 60 h more, on
    // the whole pool 7.5 h, done by hour 11.5 of the 16 it has.
    let mut first = plain("first", 896, 4.0, 8.0);
    first.latest = first.deadline;
    let mut elastic = plain("elastic", 1024, 8.0, 20.0);
    elastic.gangs = vec![128, 1024];
    elastic.latest = elastic.deadline;
    let (input, run) = left_open(vec![first, elastic]);
    let done: Vec<i64> = run.open_work.iter().map(|one| one.done / 3600).collect();
    assert_eq!(done, [896 * 4, 1024 * 8]);
    let all = (896.0 * 4.0 + 1024.0 * 8.0) * (1.5 - cost(&input));
    assert!((worth(&run) - all).abs() < 1e-2, "{}", worth(&run));
}

/// A job that costs more than it earns is not begun, and leaves its GPUs to the next.
#[test]
fn a_job_that_would_lose_money_leaves_its_room_to_others() {
    // Due at the end: worth 1.5 in the first second after it and nothing half an hour on.
    let mut losing = plain("losing", 1024, 1.0, 4.0);
    losing.lateness_penalty = Money::from_units(3.0);
    losing.latest = losing.deadline + 3600;
    let mut next = plain("next", 1024, 1.0, 5.0);
    next.latest = next.deadline;
    let (input, run) = left_open(vec![losing, next]);
    let done: Vec<i64> = run.open_work.iter().map(|one| one.done / 3600).collect();
    assert_eq!(done, [0, 1024]);
    let expected = 1024.0 * (1.5 - cost(&input));
    assert!((worth(&run) - expected).abs() < 1e-2, "{}", worth(&run));
}

#[test]
fn promised_inference_and_power_limits_leave_the_backlog_less() {
    let jobs = || vec![plain("a", 512, 10.0, 12.0), plain("b", 512, 10.0, 12.0)];
    let with = |site: &str, demand: f64| {
        let shape = scenario(site, START, 4, 60, &[]);
        let input = input(shape, &[40.0], &[0.0], &[demand], jobs());
        scripted(&input, &Faults::default(), |_, _| {})
    };
    let done = |run: &PolicyRun| run.open_work.iter().map(|one| one.done).sum::<i64>() / 3600;
    assert_eq!(done(&with(SITE, 0.0)), 2 * 512 * 10);
    // Half of the demand is promised: 100 GPUs are not there for jobs, so one gang fits.
    assert_eq!(done(&with(SITE, 200.0)), 512 * 10);
    // A hall that carries its overheads and one and a half of the gangs.
    let shape = scenario(SITE, START, 4, 60, &[]);
    let pool = &shape.site.gpu_pools[0];
    let (idle, running) = (pool.idle.as_megawatts(), pool.running.as_megawatts());
    let mw = 0.08 + 1.2 * (GPUS * idle + 1.5 * 512.0 * (running - idle));
    let tight = SITE.replace("rating_mw = 4", &format!("rating_mw = {mw:.3}"));
    assert_eq!(done(&with(&tight, 0.0)), 512 * 10);
}

#[test]
fn what_waits_for_an_open_job_comes_after_it() {
    let first = plain("first", 64, 3.0, 30.0);
    let mut second = plain("second", 64, 2.0, 8.0);
    second.latest = second.deadline;
    second.depends_on = vec!["first".into()];
    let (_, run) = left_open(vec![first, second]);
    let done: Vec<i64> = run.open_work.iter().map(|one| one.done / 3600).collect();
    assert_eq!(done, [64 * 3, 64], "an hour of four is left for the second");
}

#[test]
fn a_start_is_paid_for_unless_the_job_runs() {
    let mut one = job("one", start(), 64, 6.0, 0.0, 20.0);
    one.restart = Seconds::new(1800);
    let study = input(
        scenario(SITE, START, 4, 60, &[]),
        &[40.0],
        &[0.0],
        &[0.0],
        vec![one],
    );
    let idle = scripted(&study, &Faults::default(), |_, _| {});
    let expected = 64.0 * (6.0 * 1.5 - 6.5 * cost(&study));
    assert!((worth(&idle) - expected).abs() < 1e-3, "{}", worth(&idle));
    let runs = scripted(&study, &Faults::default(), |t, world| {
        if t == 0 {
            let _ = world.apply(&Action::SetJob { job: 0, gpus: 64 });
        }
    });
    let left = f64::from(runs.open_work[0].left as u32) / 3600.0;
    assert!((left - 64.0 * 2.5).abs() < 1e-9);
    let expected = left * (1.5 - cost(&study));
    assert!((worth(&runs) - expected).abs() < 1e-3, "{}", worth(&runs));
}

#[test]
fn a_job_years_away_takes_no_more_than_it_can_do() {
    // Milliseconds typed for seconds: the work of a thousand days.
    let (input, run) = left_open(vec![plain("slip", 8, 24_000.0, 72_000.0)]);
    let most = 8.0 * 24_000.0 * (1.5 - cost(&input));
    assert!(worth(&run) <= most + 1e-3 && worth(&run) > 0.99 * most);
}

fn study(jobs: Vec<Job>, site: &str, price: &[f64]) -> Study {
    let names = ["always_on", "asap", "mining_only", "swingload", "oracle"];
    let shape = scenario(site, START, 12, 60, &names);
    simulate(&input(shape, price, &[2.0, 0.0], &[128.0], jobs), &|_| {}).expect("runs")
}

#[test]
fn g_counts_no_work_that_nobody_could_do() {
    // Forty hours of the whole pool arrive in half a day; less than a day is left after it.
    let jobs = (0..100).map(|k| {
        let mut one = job(
            &format!("j{k}"),
            start(),
            192,
            4.0,
            0.1 * f64::from(k),
            30.0,
        );
        one.latest = one.deadline;
        one
    });
    let study = study(jobs.collect(), SITE, &[30.0, 60.0]);
    let gain = study.summary.gain.expect("an oracle ran");
    // Everything that runs until the last deadline, at full value and no cost.
    let pool_hours = 30.0;
    let asap = &study.summary.policies["asap"];
    let jobs_at_most = GPUS * pool_hours * 1.5;
    let mining = asap.by_kind[&crate::ledger::LineKind::Mining];
    assert!(gain.bound < jobs_at_most + 1.3 * mining, "{gain:?}");
    // Nobody can do all of it, so nothing is gained by leaving it.
    assert!(gain.gainable < 0.2 * gain.bound, "{gain:?}");
    for (name, policy) in &study.summary.policies {
        assert!(
            policy.value <= gain.bound + 1e-6,
            "{name}: {}",
            policy.value
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_backlog_is_above_the_bound(
        price in prop::collection::vec(-40.0..200.0f64, 2..6),
        shapes in prop::collection::vec(
            (0.0..11.9f64, 0.2..30.0f64, 1.0..4.0f64, 0u32..5, 0i64..5400), 1..12,
        ),
        chained in any::<bool>(),
        ramp in prop::sample::select(vec![0u32, 40, 400]),
    ) {
        let jobs: Vec<Job> = shapes.iter().enumerate().map(|(k, (release, hours, slack, size, restart))| {
            let gang = 64 << size;
            let mut one = job(&format!("j{k}"), start(), gang, *hours, *release, release + hours * slack);
            if k % 3 == 0 && gang > 64 {
                one.gangs = vec![gang / 2, gang];
            }
            one.restart = Seconds::new(*restart);
            one.value = Money::from_units(0.4 + 0.3 * (k % 5) as f64);
            if chained && k > 0 && k % 2 == 1 {
                one.depends_on = vec![format!("j{}", k - 1)];
                one.release = one.release.max(start() + Seconds::from_hours(shapes[k - 1].0).get());
            }
            one
        }).collect();
        let site = match ramp {
            0 => SITE.to_owned(),
            kw => SITE.replace(
                "kind = \"interconnect\"\nrating_mw = 12",
                &format!("kind = \"interconnect\"\nrating_mw = 12\nramp_up_kw_per_min = {kw}\nramp_down_kw_per_min = {kw}"),
            ),
        };
        let study = study(jobs, &site, &price);
        let bound = study.summary.gain.clone().expect("a scale").bound;
        for (name, policy) in &study.summary.policies {
            prop_assert!(policy.value <= bound + 1e-6, "{} {} above {}", name, policy.value, bound);
        }
    }
}

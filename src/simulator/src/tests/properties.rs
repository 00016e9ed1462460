//! Every policy in closed loop, on a site with ramps, minimum times, and with faults:
//! energy and money add up, limits, ramps and shortest times hold, nobody passes the bound.

use proptest::prelude::*;
use swingload_model::scenario::Faults;
use swingload_model::series::{Observation, Series};
use swingload_model::time::Seconds;
use swingload_model::units::Money;

use super::support::{SITE, balance, input, job, scenario, series};
use crate::record::PolicyRun;
use crate::run::{Study, simulate};

const START: &str = "2026-03-01T06:00:00Z";
const POLICIES: [&str; 6] = [
    "always_on",
    "breakeven",
    "asap",
    "static_split",
    "swingload",
    "oracle",
];

/// The site with ratings that bind, halls whose PUE follows the weather, a ramp of its
/// connection, and miners with memory.
fn site(ramp_kw_per_min: u32, starts_per_day: Option<u32>) -> String {
    let ramp = format!(
        "ramp_up_kw_per_min = {ramp_kw_per_min}\nramp_down_kw_per_min = {ramp_kw_per_min}\n"
    );
    let starts = starts_per_day.map_or(String::new(), |n| format!("starts_per_day = {n}\n"));
    let pue = |pue: f64| {
        format!(
            "marginal_pue = {pue}, pue_per_degree_c = 0.006, threshold_c = 15, temperature = \"temperature\" }}"
        )
    };
    SITE.replace("rating_mw = 12\n\n", &format!("rating_mw = 6\n{ramp}\n"))
        .replace("rating_mw = 7\n", "rating_mw = 5.2\n")
        .replace("rating_mw = 4\n", "rating_mw = 1.2\n")
        .replace("marginal_pue = 1.05 }", &pue(1.05))
        .replace("marginal_pue = 1.2 }", &pue(1.2))
        .replace(
            "wake_s = 600\n",
            &format!("wake_s = 600\nmin_on_min = 90\nmin_off_min = 45\n{starts}"),
        )
}

/// What a world is drawn from.
#[derive(Debug, Clone)]
struct Draw {
    price: Vec<f64>,
    surplus: Vec<f64>,
    demand: Vec<f64>,
    windows: Vec<(f64, f64, f64)>,
    temperature: Vec<f64>,
    ramp: u32,
    starts_per_day: Option<u32>,
    /// Whether values are known only when they have happened.
    surprised: bool,
    faults: Option<Faults>,
}

fn draw() -> impl Strategy<Value = Draw> {
    let faults = prop::option::of((0.0..0.5f64, 0.0..0.3f64, 0.0..0.3f64, 0u32..3));
    (
        prop::collection::vec(-60.0..250.0f64, 3..9),
        prop::collection::vec(0.0..6.0f64, 1..4),
        prop::collection::vec(0.0..500.0f64, 1..4),
        prop::collection::vec((0.0..6.0f64, 0.5..4.0f64, 1.1..3.0f64), 0..5),
        prop::collection::vec(5.0..38.0f64, 2..6),
        prop::sample::select(vec![(20u32, None), (60, None), (500, Some(3))]),
        any::<bool>(),
        faults,
    )
        .prop_map(
            |(
                price,
                surplus,
                demand,
                windows,
                temperature,
                (ramp, starts_per_day),
                surprised,
                faults,
            )| Draw {
                price,
                surplus,
                demand,
                windows,
                temperature,
                ramp,
                starts_per_day,
                surprised,
                faults: faults.map(|(failing, lying, lost, delay)| Faults {
                    device_failures_per_day: failing,
                    repair_h: 2.0,
                    lying_share: lying,
                    ack_lost_share: lost,
                    ack_delay_steps: delay,
                }),
            },
        )
}

fn study(draw: &Draw) -> Study {
    study_of(draw, &POLICIES)
}

fn study_of(draw: &Draw, policies: &[&str]) -> Study {
    let shape = scenario(
        &site(draw.ramp, draw.starts_per_day),
        START,
        12,
        60,
        policies,
    );
    let start = shape.grid.start_s(0);
    let jobs = draw
        .windows
        .iter()
        .enumerate()
        .map(|(k, (release, hours, slack))| {
            let gang = 64 << (k % 3);
            let deadline = release + hours * slack;
            let mut job = job(&format!("j{k}"), start, gang, *hours, *release, deadline);
            job.min_runtime = Seconds::new(5400);
            job
        });
    let jobs = jobs.collect();
    let mut input = input(shape, &draw.price, &draw.surplus, &draw.demand, jobs);
    let temperature = series(&input.scenario, "temperature", "degC", &draw.temperature);
    input.series.insert("temperature".into(), temperature);
    if let Some(faults) = &draw.faults {
        input.scenario.faults = faults.clone();
    }
    if draw.surprised {
        input.scenario.forecast.model = Some("seasonal_naive_day".into());
        for series in input.series.values_mut() {
            let as_it_happens = series.observations().iter().map(|o| Observation {
                known_at: o.end,
                ..*o
            });
            let (name, unit) = (series.name.clone(), series.unit.clone());
            *series =
                Series::new(name, unit, as_it_happens.collect()).expect("as sorted as before");
        }
    }
    simulate(&input, &|_| {}).expect("runs")
}

/// Totals of a run are the sums of its parts, in joules and micro-units.
fn adds_up(study: &Study, run: &PolicyRun) -> Result<(), TestCaseError> {
    for (t, (uses, supply)) in balance(run).into_iter().enumerate() {
        prop_assert_eq!(uses, supply, "{} step {}", run.name, t);
    }
    let by_block: i64 = run.energy_by_supply_and_use.iter().flatten().sum();
    let drawn: i64 = run.supply_energy.iter().flatten().sum();
    prop_assert_eq!(by_block, drawn, "{} by block and use", run.name);
    let steps = run.carbon.len();
    let by_step: Money = (0..steps).map(|t| run.ledger.value_of_step(t)).sum();
    prop_assert_eq!(by_step, run.ledger.value(), "{}", run.name);
    for (job, outcome) in study.jobs.iter().zip(&run.jobs) {
        let work = outcome.on_time + outcome.late + outcome.left;
        prop_assert_eq!(work, job.work, "{} {}", run.name, job.id);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sums_hold_and_nobody_passes_the_bound(draw in draw()) {
        let study = study(&draw);
        let certificate = study.certificate.clone().expect("one");
        let bound = certificate.bound;
        prop_assert!(certificate.widened_for.is_empty(), "{:?}", certificate);
        for run in &study.runs {
            adds_up(&study, run)?;
            let value = run.ledger.value().as_units();
            let is_proven = value <= bound + 1e-6 || !run.incidents.kept_the_rules();
            prop_assert!(is_proven, "{} {} above {}", run.name, value, bound);
            // Machines that obey and forecasts that come true leave no excuse; the oracle
            // always has both.
            let of_plan = run.name == "oracle" && certificate.oracle_is == "oracle";
            if draw.faults.is_some() && !of_plan {
                continue;
            }
            let i = run.incidents;
            let never = (i.starts_beyond_limit, i.gpu_overcommitments);
            prop_assert_eq!(never, (0, 0), "{}", run.name);
            if draw.surprised && !of_plan {
                // An hour hotter than expected by all there is: PUE over the whole load.
                let most = 0.006 * (38.0 - 15.0) * 6.0 * i.limit_exceeded_steps as f64;
                prop_assert!(i.limit_exceeded_mwh <= most, "{}: {:?}", run.name, i);
                continue;
            }
            let kept = (
                i.limit_exceeded_steps,
                i.ramp_exceeded_steps,
                i.early_switches,
                i.short_runs,
            );
            prop_assert_eq!(kept, (0, 0, 0, 0), "{}", run.name);
        }
    }

    /// Whatever is listed, and whoever breaks limits, the scale is the same to the last bit.
    #[test]
    fn the_scale_does_not_depend_on_which_policies_are_listed(draw in draw()) {
        let (all, few) = (study(&draw), study_of(&draw, &["breakeven", "oracle"]));
        let scale = |study: &Study| {
            let gain = study.summary.gain.clone().expect("a scale");
            (gain.bound, gain.asap, gain.gainable)
        };
        prop_assert_eq!(scale(&all), scale(&few));
        let gain = all.summary.gain.clone().expect("a scale");
        for (name, policy) in &all.summary.policies {
            let is_outside = gain.outside.contains(name);
            prop_assert_eq!(is_outside, policy.value > gain.bound, "{}", name);
            prop_assert!(!is_outside || policy.gain_pct.is_none(), "{}", name);
        }
    }
}

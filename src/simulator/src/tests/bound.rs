//! Nobody passes the bound.

use proptest::prelude::*;

use super::support::{SITE, input, job, scenario};
use crate::run::simulate;

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_policy_is_above_the_bound(
        price in prop::collection::vec(-60.0..250.0f64, 3..9),
        surplus in prop::collection::vec(0.0..6.0f64, 1..4),
        demand in prop::collection::vec(0.0..500.0f64, 1..4),
        windows in prop::collection::vec((0.0..14.0f64, 1.0..9.0f64, 1.1..3.0f64), 0..6),
    ) {
        let names = ["always_on", "breakeven", "asap", "static_split", "swingload", "oracle"];
        let shape = scenario(SITE, "2026-03-01T06:00:00Z", 24, 60, &names);
        let start = shape.grid.start_s(0);
        let jobs = windows.iter().enumerate().map(|(k, (release, hours, slack))| job(&format!("j{k}"), start, 64 << (k % 3), *hours, *release, release + hours * slack));
        let study = simulate(&input(shape, &price, &surplus, &demand, jobs.collect()), &|_| {}).expect("runs");
        let gain = study.summary.gain.clone().expect("a scale");
        prop_assert!(gain.bound.is_finite());
        for (name, policy) in &study.summary.policies {
            prop_assert!(policy.value <= gain.bound + 1e-6, "{} {} above {}", name, policy.value, gain.bound);
        }
        prop_assert_eq!(study.run("oracle").expect("ran").incidents.limit_exceeded_steps, 0);
        prop_assert!(gain.oracle >= study.summary.policies["breakeven"].value);
    }
}

/// The site with a ramp of its connection that waking everything would break.
fn ramped(kw_per_min: u32) -> String {
    SITE.replace(
        "kind = \"interconnect\"\nrating_mw = 12",
        &format!("kind = \"interconnect\"\nrating_mw = 12\nramp_up_kw_per_min = {kw_per_min}\nramp_down_kw_per_min = {kw_per_min}"),
    )
}

/// Half a day at a ramp of so many kW per minute, with so many jobs to start at once.
fn ramped_study(ramp: u32, jobs: usize) -> crate::run::Study {
    let names = ["asap", "oracle"];
    let shape = scenario(&ramped(ramp), "2026-03-01T06:00:00Z", 12, 15, &names);
    let start = shape.grid.start_s(0);
    let jobs = (0..jobs).map(|k| job(&format!("j{k}"), start, 320, 1.0, 1.0, 9.0));
    let price = [20.0, 300.0, -40.0, 90.0];
    let surplus = [3.0, 0.0];
    let input = input(shape, &price, &surplus, &[400.0, 50.0], jobs.collect());
    simulate(&input, &|_| {}).expect("runs")
}

#[test]
fn a_ramp_is_kept_at_a_price() {
    let breaks = |study: &crate::run::Study, name: &str| {
        study.run(name).expect("ran").incidents.ramp_exceeded_steps
    };
    let (loose, tight) = (ramped_study(1000, 3), ramped_study(60, 3));
    for name in ["asap", "oracle"] {
        assert_eq!(breaks(&loose, name), 0, "{name}");
        assert_eq!(
            breaks(&tight, name),
            0,
            "{name}: three gangs would start at once"
        );
    }
    let realised = |study: &crate::run::Study| study.certificate.clone().expect("one").realised;
    assert!(
        realised(&tight) < 0.9 * realised(&loose),
        "{} is not below {}",
        realised(&tight),
        realised(&loose)
    );
    let certificate = tight.certificate.clone().expect("one");
    for policy in tight.summary.policies.values() {
        assert!(policy.value <= certificate.bound + 1e-6);
    }
    // Whole devices and replicas fit the ramp too.
    assert_eq!(breaks(&ramped_study(60, 0), "oracle"), 0);
}

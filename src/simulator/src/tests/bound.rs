//! Nobody passes the bound.

use proptest::prelude::*;

use super::support::{SITE, input, job, scenario};
use crate::run::simulate;

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_policy_is_above_the_bound(
        price in prop::collection::vec(-60.0..250.0f64, 3..9),
        surplus in prop::collection::vec(0.0..6.0f64, 1..4),
        demand in prop::collection::vec(0.0..500.0f64, 1..4),
        windows in prop::collection::vec((0.0..14.0f64, 1.0..9.0f64, 1.1..3.0f64), 0..6),
    ) {
        let names = ["always_on", "breakeven", "asap", "static_split", "oracle"];
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

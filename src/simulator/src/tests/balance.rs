//! Energy and money add up whatever is commanded.

use proptest::prelude::*;
use swingload_model::scenario::Faults;
use swingload_model::units::{Energy, EnergyPrice, Money};
use swingload_scheduler::event::Action;

use super::support::{SITE, balance, input, job, scenario, scripted};
use crate::ledger::LineKind;

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_step_balances(
        price in prop::collection::vec(-80.0..300.0f64, 1..9),
        surplus in prop::collection::vec(0.0..9.0f64, 1..5),
        demand in prop::collection::vec(0.0..600.0f64, 1..5),
        commands in prop::collection::vec((0u32..260, 0u32..900, 0u32..3), 12),
        step_min in prop::sample::select(vec![5i64, 15, 60]),
        faults in (0.0..0.5f64, 0.0..0.4f64),
    ) {
        let shape = scenario(SITE, "2026-10-31T06:00:00Z", 12, step_min, &[]);
        let start = shape.grid.start_s(0);
        let jobs = vec![job("a", start, 64, 1.2, 0.0, 3.0), job("b", start, 128, 2.7, 0.0, 8.0), job("c", start, 512, 0.4, 0.0, 1.0)];
        let study = input(shape, &price, &surplus, &demand, jobs);
        let points = study.scenario.site.pools[0].points.len();
        let faults = Faults { device_failures_per_day: faults.0, repair_h: 2.0, lying_share: faults.1, ..Faults::default() };
        let run = scripted(&study, &faults, |t, world| {
            let (awake, gpus, on) = commands[t % commands.len()];
            let mut at_point = vec![0; points];
            at_point[t % points] = awake;
            for block in 0..8 {
                let _ = world.apply(&Action::SetBlock { pool: 0, block, at_point: at_point.clone() });
            }
            let _ = world.apply(&Action::SetService { service: 0, gpus });
            for (job, gang) in [(0, 64), (1, 128), (2, 512)] {
                let _ = world.apply(&Action::SetJob { job, gpus: if on as usize == job { 0 } else { gang } });
            }
        });
        for (t, (uses, supply)) in balance(&run).into_iter().enumerate() {
            prop_assert_eq!(uses, supply, "step {}", t);
        }
        let by_block: i64 = run.energy_by_supply_and_use.iter().flatten().sum();
        prop_assert_eq!(by_block, run.supply_energy.iter().flatten().sum::<i64>(), "and by block and use");

        // Money: every step's lines add up to the total, and energy settles at its price to the micro-unit.
        let steps = run.carbon.len();
        let by_step: Money = (0..steps).map(|t| run.ledger.value_of_step(t)).sum();
        prop_assert_eq!(by_step, run.ledger.value());
        let grid = run.ledger.lines.iter().find(|l| l.kind == LineKind::Energy && l.id == "grid").expect("line");
        for t in 0..steps {
            let hour = (t as i64 * step_min / 60) as usize + 24;
            let owed = -(Energy::new(run.supply_energy[1][t]) * EnergyPrice::from_per_mwh(price[hour % price.len()]));
            prop_assert_eq!(grid.steps.get(t).copied().unwrap_or(0), owed.fit().expect("fits").get());
        }
        for (job, outcome) in study.jobs.iter().zip(&run.jobs) {
            prop_assert_eq!(outcome.on_time + outcome.late + outcome.left, job.work);
            prop_assert!(outcome.left >= 0 && outcome.on_time >= 0 && outcome.late >= 0);
        }
        for span in &run.spans {
            let job = &study.jobs[span.job as usize];
            prop_assert!(span.start >= job.release && span.end <= job.latest.max(span.start + 60));
        }
        let jobs_money: i64 = run.ledger.lines.iter().filter(|l| matches!(l.kind, LineKind::JobValue | LineKind::JobLateness | LineKind::JobLostWork)).map(|l| l.total.get()).sum();
        prop_assert_eq!(jobs_money, run.jobs.iter().map(|j| j.earned).sum::<i64>(), "jobs earn what the ledger says");
    }
}

use super::*;
use crate::check::check;
use crate::inputs::{PlanInputs, RampInput, small};

/// Miners with shortest times and gangs with starts that want the same dear and cheap hours.
fn site(seed: u64) -> PlanInputs {
    let price = |t: u64| ((t * 7 + seed * 13) % 11) as f64 * 9.0;
    let prices: Vec<f64> = (0..24).map(price).collect();
    let mut inputs = small::site(1.0, &prices);
    inputs.nodes[0].limit = vec![14.0; 24];
    let mut miners = small::miners(24);
    (miners.min_on, miners.min_off, miners.start_cost) = (3.0, 2.0, 4.0);
    miners.revenue = vec![55.0 + seed as f64; 24];
    miners.blocks = vec![miners.blocks[0]; 2];
    miners.blocks.iter_mut().for_each(|b| b.devices = 5.0);
    inputs.pools = vec![miners];
    for (j, sizes) in [[4, 8], [2, 6], [3, 5]].iter().enumerate() {
        let mut job = small::job(20.0 + j as f64, sizes, 24 - 3 * j);
        (job.id, job.value) = (format!("job {j}"), 60.0 + 5.0 * j as f64);
        (job.restart, job.min_run) = (0.5, 2.0);
        inputs.jobs.push(job);
    }
    if seed.is_multiple_of(2) {
        inputs.ramps = vec![RampInput {
            node: 0,
            up: 6.0,
            down: 6.0,
            initial: Some(0.0),
        }];
    }
    inputs
}

#[test]
fn more_work_gives_no_worse_plan_and_no_looser_bound() {
    for seed in 0..6 {
        let inputs = site(seed);
        let mut last = (f64::NEG_INFINITY, f64::INFINITY);
        for stages in 0..4 {
            let mut left = stages;
            let planned = plan_until(&inputs, &mut |_| {
                left -= 1;
                left >= 0
            });
            let found = (planned.value(), planned.bound);
            assert!(
                found.0 >= last.0,
                "seed {seed}: worth {found:?} after {last:?}"
            );
            assert!(
                found.1 <= last.1,
                "seed {seed}: bound {found:?} after {last:?}"
            );
            assert!(planned.bound.is_finite() && planned.asap.is_finite());
            assert!(found.0 <= found.1);
            if planned.evaluated.ramp_excess == 0.0 {
                assert_eq!(check(&inputs, &planned), vec![], "seed {seed}");
            }
            last = found;
        }
        let study = plan(&inputs, Budget::STUDY);
        assert!(last.0 >= study.value() - 1e-9 && last.1 <= study.bound + 1e-9);
    }
}

#[test]
fn it_ends_by_itself() {
    let mut inputs = small::site(1.0, &[50.0, 9.0, 9.0, 50.0]);
    inputs.jobs = vec![small::job(4.0, &[2], 4)];
    let mut asked = 0;
    let planned = plan_until(&inputs, &mut |_| {
        asked += 1;
        true
    });
    assert!(asked <= STAGES);
    assert!(planned.bound - planned.value() <= 1e-6);
}

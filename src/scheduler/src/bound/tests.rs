use super::Prices;
use super::gangs::Buyers;
use crate::inputs::small::{job, miners, site};
use crate::placement::Windows;
use crate::plan::{Budget, plan};
use crate::schedule::Problem;

#[test]
fn a_job_that_buys_draws_power_for_just_its_work() {
    let price = [10.0, 20.0, 30.0, 40.0];
    let mut inputs = site(1.0, &price);
    inputs.jobs.push(job(2.5, &[1], 4));
    let problem = Problem::new(&inputs);
    let prices = Prices {
        work: vec![0.0],
        power: Vec::new(),
        jobs: vec![price.to_vec()],
        ramp: Vec::new(),
        peak: Vec::new(),
    };
    let (mut worth, mut drawn) = (0.0, vec![vec![0.0; 4]]);
    let windows = Windows::new(&problem);
    Buyers::default().buy(&problem, &windows, &prices, &mut worth, &mut drawn);
    // At the third step's price its runs do two GPU-hours or three.
    let least = 2.5 * 100.0 - 10.0 - 20.0 - 0.5 * 30.0;
    assert!((worth - least).abs() < 1e-3, "worth {worth}, not {least}");
    let expected = [1.0, 1.0, 0.5, 0.0];
    for (found, expected) in drawn[0].iter().zip(expected) {
        assert!((found - expected).abs() < 1e-6, "it draws {:?}", drawn[0]);
    }
}

#[test]
fn what_gangs_are_kept_from_has_its_price() {
    // Four jobs of two hours, each GPU at work for another's loss, and hashing beside them.
    let mut inputs = site(1.0, &[5.0; 3]);
    inputs.nodes[0].limit = vec![2.0; 3];
    inputs.pools.push(miners(3));
    inputs.pools[0].blocks[0].devices = 1.0;
    inputs.pools[0].revenue = vec![20.0; 3];
    for value in [100.0, 90.0, 80.0, 70.0] {
        let mut short = job(2.0, &[1], 3);
        (short.value, short.restart) = (value, 0.01);
        inputs.jobs.push(short);
    }
    let planned = plan(&inputs, Budget::STUDY);
    // Six hours for the three best; what starts take off is all that may lie between.
    let best = 2.0 * (100.0 + 90.0 + 80.0) - 6.0 * 5.0;
    let (value, bound) = (planned.value(), planned.bound);
    assert!(value >= best - 0.02 * 270.0 && value <= best, "{value}");
    assert!(bound >= value && bound <= best + 0.01 * best, "{bound}");
}

#[test]
fn the_bound_holds_where_negative_prices_pay_for_starts() {
    // All work takes 0.3 h of a step; half an hour of starting draws power before it.
    let mut inputs = site(1.0, &[-100.0, -100.0]);
    let mut short = job(2.4, &[8], 2);
    (short.value, short.restart) = (2.0, 0.5);
    inputs.jobs.push(short);
    let planned = plan(&inputs, Budget::STUDY);
    let earned = 8.0 * 0.8 * 100.0 + 2.4 * 2.0;
    assert!(
        planned.value() >= earned - 1e-6,
        "the plan is paid for its start: {} of {earned}",
        planned.value()
    );
    assert!(
        planned.bound >= planned.value(),
        "bound {} below a plan worth {}",
        planned.bound,
        planned.value()
    );
}

#[test]
fn the_bound_holds_where_only_power_pays_for_a_start_and_late_work() {
    // The start takes the first step; in the second the work is worth nothing any more.
    let mut inputs = site(1.0, &[-30.0, -100.0]);
    let mut late = job(8.0, &[8], 2);
    (late.value, late.late_per_hour, late.deadline) = (5.0, 5.0, 0);
    (late.restart, late.unmet) = (1.0, 1.0);
    inputs.jobs.push(late);
    let planned = plan(&inputs, Budget::STUDY);
    assert!(
        planned.bound >= planned.value(),
        "bound {} below a plan worth {}",
        planned.bound,
        planned.value()
    );
}

#[test]
fn a_smaller_gang_that_runs_need_not_start() {
    // A start takes longer than the horizon: only the gang of two that runs can go on.
    let mut inputs = site(1.0, &[10.0; 3]);
    let mut long = job(20.0, &[1, 2, 4], 3);
    (long.running, long.running_hours, long.restart) = (2, 9.0, 5.0);
    inputs.jobs.push(long);
    let problem = Problem::new(&inputs);
    let prices = Prices {
        work: vec![0.0],
        power: Vec::new(),
        jobs: vec![vec![10.0; 3]],
        ramp: Vec::new(),
        peak: Vec::new(),
    };
    let (mut worth, mut drawn) = (0.0, vec![vec![0.0; 3]]);
    let windows = Windows::new(&problem);
    Buyers::default().buy(&problem, &windows, &prices, &mut worth, &mut drawn);
    let going_on = 6.0 * (100.0 - 10.0);
    assert!((worth - going_on).abs() < 1e-3, "worth {worth}");
    assert_eq!(drawn[0], [2.0; 3]);
    let planned = plan(&inputs, Budget::STUDY);
    assert!((planned.value() - going_on).abs() < 1e-6);
    assert!(planned.bound >= planned.value());
}

#[test]
fn starts_of_late_work_earn_nothing() {
    // Three hours of start and one of work, at 10 an hour; from the fifth hour's end on it is
    // worth nothing.
    let mut inputs = site(1.0, &[10.0; 12]);
    let mut late = job(1.0, &[1], 12);
    let start = inputs.grid.start_s(0);
    (late.restart, late.deadline, late.late_per_hour) = (3.0, start + 4 * 3600, 100.0);
    inputs.jobs.push(late);
    let problem = Problem::new(&inputs);
    let prices = Prices {
        work: vec![0.0],
        power: Vec::new(),
        jobs: vec![vec![10.0; 12]],
        ramp: Vec::new(),
        peak: Vec::new(),
    };
    let (mut worth, mut drawn) = (0.0, vec![vec![0.0; 12]]);
    let windows = Windows::new(&problem);
    Buyers::default().buy(&problem, &windows, &prices, &mut worth, &mut drawn);
    // Half of a run of two hours of work: its start is half paid for.
    let half = 0.5 * (2.0 * 100.0 - 5.0 * 10.0);
    assert!((worth - half).abs() < 1e-3, "worth {worth}, not {half}");
    // In a plan its one hour is worth 60: never more than its work less all its power.
    let planned = plan(&inputs, Budget::STUDY);
    let told = format!("{} of {}", planned.value(), planned.bound);
    assert!((planned.value() - 60.0).abs() < 1e-6, "{told}");
    assert!(planned.bound >= 60.0, "{told}");
}

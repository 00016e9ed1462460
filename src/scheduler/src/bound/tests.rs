use crate::inputs::small::{job, site};
use crate::plan::{Budget, plan};

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

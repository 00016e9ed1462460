use swingload_model::plan::ReasonCode;
use swingload_scheduler::dispatch::LoadRef;
use swingload_simulator::record::StepReason;

use super::decisions;
use crate::Results;
use crate::testing::{SITE, results};

/// The results with a reason of the pool in every step; its value is that of the last MWh.
fn with_reasons(mut results: Results, code: ReasonCode, value: f32) -> Results {
    let run = &mut results.study.runs[0];
    let reason = |step: usize| StepReason {
        step: step as u32,
        load: LoadRef::Pool(0),
        code,
        value,
        price: 0.0,
        runner_up: None,
        margin: 0.0,
    };
    run.reasons = (0..run.load_energy[0].len()).map(reason).collect();
    results
}

/// Revenue per MWh of the pool in the run's first step.
fn earned(results: &Results) -> f64 {
    let run = &results.study.runs[0];
    let line = run.ledger.lines.iter().find(|line| line.id == "s21");
    let money = line.expect("mining").steps[0] as f64 / 1e6;
    money / (run.load_energy[0][0] as f64 / 3.6e9)
}

#[test]
fn what_earned_more_than_it_cost_is_no_loss() {
    let run = results(SITE, &[80.0; 4], &["always_on"]);
    assert!(earned(&run) > 80.0, "{}", earned(&run));
    // The last MWh earned less than its price; all of them together did not.
    let run = with_reasons(run, ReasonCode::Marginal, 60.0);
    assert!(decisions(&run).is_empty());
}

#[test]
fn a_loss_is_the_cost_of_the_power_less_what_it_earned() {
    let run = results(SITE, &[80.0, 300.0, 300.0, 80.0], &["always_on"]);
    let run = with_reasons(run, ReasonCode::Marginal, 60.0);
    let dear = decisions(&run);
    assert_eq!(dear.len(), 1, "one stretch");
    assert_eq!(dear[0].step, 1);
    let mwh = run.study.runs[0].load_energy[0][1..3].iter().sum::<i64>() as f64 / 3.6e9;
    let lost = mwh * (300.0 - earned(&run));
    assert!(
        (dear[0].shown.cost - lost).abs() < 0.01,
        "{}",
        dear[0].shown.cost
    );
    assert!((dear[0].shown.price - 300.0).abs() < 1e-6);
}

#[test]
fn a_block_that_was_not_drawn_from_costs_nothing() {
    // The dear block is never needed: the cheap one feeds all.
    let site = SITE.replace(
        "[[pools]]",
        "[[supply]]\nid = \"own\"\nkind = \"generation\"\navailable_mw = 5\nprice_per_mwh = 20\n[[pools]]",
    );
    let run = with_reasons(
        results(&site, &[300.0; 3], &["always_on"]),
        ReasonCode::Marginal,
        60.0,
    );
    assert!(decisions(&run).is_empty());
}

#[test]
fn power_left_idle_is_worth_what_the_ledger_would_have_booked() {
    let on = results(SITE, &[40.0; 3], &["always_on"]);
    let left = earned(&on) - 40.0;
    let drawn = on.study.runs[0].load_energy[0].clone();
    let mwh = drawn.iter().sum::<i64>() as f64 / 3.6e9;
    // The same run with the pool asleep and its energy not bought.
    let mut off = with_reasons(on, ReasonCode::Unprofitable, 200.0);
    for t in 0..drawn.len() {
        off.study.runs[0].supply_energy[0][t] -= drawn[t];
        off.study.runs[0].load_energy[0][t] = 0;
    }
    let dear = decisions(&off);
    assert_eq!(dear.len(), 1);
    assert!(
        (dear[0].shown.cost - mwh * left).abs() < 0.01 * mwh * left,
        "{} for {}",
        dear[0].shown.cost,
        mwh * left
    );
}

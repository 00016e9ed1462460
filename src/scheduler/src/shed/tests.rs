//! Ladders of single steps that can be followed by hand.

use swingload_model::plan::{Response, ShedBy, ShedRung};

use super::{Gang, rungs};
use crate::inputs::small::{built, job, miners, service, site};
use crate::inputs::{PlanInputs, StackInput};
use crate::plan::{Budget, plan};

fn ladder(inputs: PlanInputs, gangs: &[Gang], hours: f64) -> Vec<ShedRung> {
    let built = built(inputs);
    let planned = plan(&built.inputs, Budget::LOOP);
    rungs(&built, &planned, gangs, hours).expect("costs fit")
}

/// How, MW, and cost per MWh of each rung.
fn told(rungs: &[ShedRung]) -> Vec<(ShedBy, f64, f64)> {
    let per_mwh = |r: &ShedRung| (r.cost_per_kwh.as_units() * 1e6).round() / 1e3;
    rungs
        .iter()
        .map(|r| (r.by, r.frees.as_megawatts(), per_mwh(r)))
        .collect()
}

const STAYS: Gang = Gang {
    stop_s: 60,
    lost: 0.0,
    cap: None,
};

#[test]
fn miners_are_underclocked_before_they_sleep_and_pay_for_their_next_start() {
    let mut inputs = site(1.0, &[50.0; 4]);
    let mut pool = miners(4);
    // The first MW of each earns 100, the second 80; a start costs 30.
    (pool.points, pool.start_cost) = (vec![(1.0, 1.0), (2.0, 1.8)], 30.0);
    pool.blocks[0].on = true;
    inputs.pools.push(pool);
    let once = [
        (ShedBy::Underclock, 10.0, 30.0),
        (ShedBy::Sleep, 10.0, 80.0),
    ];
    assert_eq!(told(&ladder(inputs.clone(), &[], 1.0)), once);
    // Over two hours the start weighs half.
    let twice = [
        (ShedBy::Underclock, 10.0, 30.0),
        (ShedBy::Sleep, 10.0, 65.0),
    ];
    assert_eq!(told(&ladder(inputs, &[], 2.0)), twice);
}

#[test]
fn what_is_dropped_first_saves_the_dearest_supply() {
    let mut inputs = site(1.0, &[50.0; 2]);
    inputs.supplies[0].available.fill(4.0);
    let mut cheap = inputs.supplies[0].clone();
    cheap.id = "wind".into();
    cheap.cost.fill(10.0);
    cheap.available.fill(6.0);
    inputs.supplies.push(cheap);
    inputs.pools.push(miners(2));
    inputs.pools[0].blocks[0].on = true;
    // 4 MW at 50 and 6 at 10 are 26 on average.
    let rungs = ladder(inputs, &[], 1.0);
    assert_eq!(told(&rungs), [(ShedBy::Sleep, 10.0, 74.0)]);
}

/// 2 MW that must be served and 3 that may be left out.
fn chat(inputs: &PlanInputs) -> StackInput {
    StackInput {
        id: "chat".into(),
        ..service(inputs.steps(), &[(2.0, 900.0), (3.0, 200.0)], 1)
    }
}

#[test]
fn response_times_come_before_cost_and_firm_load_last() {
    let mut inputs = site(1.0, &[50.0; 4]);
    inputs.stacks.push(chat(&inputs));
    inputs.pools.push(miners(4));
    inputs.pools[0].blocks[0].on = true;
    inputs.jobs.push(job(4.0, &[1], 4));
    let rungs = ladder(inputs, &[STAYS], 1.0);
    let classes: Vec<(Response, &str, i64)> = rungs
        .iter()
        .map(|r| (r.response, r.load.as_str(), r.response_s))
        .collect();
    assert_eq!(
        classes,
        [
            (Response::Seconds, "miners", 10),
            (Response::Cap, "chat", 30),
            (Response::Checkpoint, "job", 60),
            (Response::Firm, "chat", 60),
        ]
    );
}

#[test]
fn work_with_time_left_is_put_off_and_without_it_lost() {
    // Two hours of work; the last hour is 20 dearer than the first two.
    let mut inputs = site(1.0, &[50.0, 50.0, 70.0]);
    inputs.jobs.push(job(2.0, &[1], 3));
    let rungs = ladder(inputs.clone(), &[STAYS], 1.0);
    assert_eq!(told(&rungs), [(ShedBy::Suspend, 1.0, 20.0)]);
    assert_eq!(rungs[0].deferred_per_kwh.as_units(), 0.1, "all of its 100");
    inputs.jobs[0].end = 2;
    let rungs = ladder(inputs, &[STAYS], 1.0);
    assert_eq!(told(&rungs), [(ShedBy::Suspend, 1.0, 50.0)]);
    assert_eq!(rungs[0].deferred_per_kwh.as_units(), 0.0);
}

#[test]
fn gangs_are_capped_then_shrunk_then_suspended() {
    let mut inputs = site(1.0, &[50.0; 2]);
    inputs.jobs.push(job(16.0, &[4, 8], 2));
    let gang = Gang {
        stop_s: 45,
        lost: 0.5,
        cap: Some((0.25, 0.9)),
    };
    let rungs = ladder(inputs.clone(), &[gang], 1.0);
    // The cap gives 0.8 of 8 GPUs' work for 2 MW; half an hour of 4 GPUs is 100 for idling.
    assert_eq!(
        told(&rungs),
        [
            (ShedBy::Cap, 2.0, -10.0),
            (ShedBy::Shrink, 3.0, 103.333),
            (ShedBy::Suspend, 3.0, 103.333),
        ]
    );
    let classes = |rungs: &[ShedRung]| rungs.iter().map(|r| r.response).collect::<Vec<_>>();
    use Response::{Cap, Checkpoint};
    assert_eq!(classes(&rungs), [Cap, Cap, Checkpoint]);
    // With ten minutes' notice a smaller gang is no quick one.
    let slow = Gang {
        stop_s: 600,
        ..gang
    };
    assert_eq!(
        classes(&ladder(inputs, &[slow], 1.0)),
        [Cap, Checkpoint, Checkpoint]
    );
}

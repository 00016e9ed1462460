use super::*;
use crate::inputs::small;
use crate::plan::{Budget, plan, plan_in_loop};
use crate::schedule::Room;

/// The next plan of the loop.
fn next(inputs: &PlanInputs, carried: &Carried) -> Planned {
    plan_in_loop(inputs, carried.start(inputs), false, &mut Room::default())
}

#[test]
fn jobs_stand_where_the_last_plan_put_them_an_hour_on() {
    let mut inputs = small::site(1.0, &[50.0, 9.0, 9.0, 50.0, 50.0]);
    inputs.jobs = vec![small::job(4.0, &[2], 5)];
    let planned = plan(&inputs, Budget::LOOP);
    let carried = Carried::new(&inputs, &planned);
    let steps = |runs: &[Run]| runs.iter().map(|r| (r.step, r.gpus)).collect::<Vec<_>>();
    assert_eq!(steps(&planned.schedule.jobs[0]), [(1, 2.0), (2, 2.0)]);

    // Half-hour steps from the second hour on; half of the work has been done, and a job is new.
    let mut later = small::site(0.5, &[9.0; 6]);
    later.grid = swingload_model::TimeGrid::from_boundaries((2..=8).map(|k| k * 1800).collect())
        .expect("rising");
    later.jobs = vec![small::job(2.0, &[2], 6)];
    let runs = carried.start(&later).runs.expect("rows");
    assert_eq!(
        steps(&runs[0]),
        [(0, 2.0), (1, 2.0)],
        "no more than its work"
    );
    let followed = next(&later, &carried);
    assert_eq!(steps(&followed.schedule.jobs[0]), [(0, 2.0), (1, 2.0)]);

    later.nodes[0].limit = vec![1.0; 6];
    let start = carried.start(&later);
    assert_eq!(start.runs, Some(vec![vec![]]), "fewer GPUs than planned");
}

#[test]
fn jobs_that_wait_are_placed_anew() {
    let mut inputs = small::site(1.0, &[9.0; 6]);
    inputs.jobs = vec![small::job(4.0, &[2], 6), small::job(2.0, &[2], 6)];
    inputs.jobs[1].id = "second".into();
    inputs.jobs[1].after = vec![0];
    let planned = plan(&inputs, Budget::LOOP);
    assert_eq!(planned.schedule.jobs[1][0].step, 2);
    // The first has slipped by a step: it keeps the step the second was to begin in.
    let carried = Carried::new(&inputs, &planned);
    inputs.jobs[0].work = 6.0;
    let runs = carried.start(&inputs).runs.expect("rows");
    assert!(runs[1].is_empty());
    let followed = next(&inputs, &carried);
    assert_eq!(followed.schedule.jobs[0].len(), 3);
    assert_eq!(followed.schedule.jobs[1][0].step, 3);
}

#[test]
fn only_new_and_cut_off_jobs_are_placed_anew() {
    let mut inputs = small::site(1.0, &[50.0, 9.0, 9.0, 50.0, 50.0]);
    inputs.jobs = vec![small::job(2.0, &[2], 5), small::job(2.0, &[2], 5)];
    inputs.jobs[1].id = "second".into();
    inputs.jobs[1].first = 3;
    let planned = plan(&inputs, Budget::STUDY);
    let carried = Carried::new(&inputs, &planned);
    inputs.jobs.push(small::job(1.0, &[1], 5));
    inputs.jobs[2].id = "new".into();
    inputs.nodes[0].limit[3..].fill(1.0);
    let start = carried.start(&inputs);
    let kept: Vec<bool> = start.runs.iter().flatten().map(|r| !r.is_empty()).collect();
    assert_eq!(kept, [true, false, false], "the second no longer fits");
    assert_eq!(start.unpriced, [2]);
    assert!(start.prices.is_some_and(|prices| prices.work.len() == 3));
    let followed = next(&inputs, &carried);
    let steps =
        |j: usize| -> Vec<u32> { followed.schedule.jobs[j].iter().map(|r| r.step).collect() };
    assert_eq!(steps(0), [1], "it stays");
    assert_eq!(steps(1), [0; 0], "its GPUs are gone");
    assert_eq!(
        steps(2),
        [1],
        "the new one takes a cheap hour, with power for both"
    );
}

#[test]
fn a_start_takes_its_time_on_another_grid_too() {
    let mut inputs = small::site(0.5, &[9.0; 6]);
    inputs.jobs = vec![small::job(4.0, &[2], 6)];
    inputs.jobs[0].restart = 0.5;
    let planned = plan(&inputs, Budget::LOOP);
    assert_eq!(planned.schedule.jobs[0].len(), 5, "half an hour starts it");
    let carried = Carried::new(&inputs, &planned);
    let runs = carried.start(&inputs).runs.expect("rows");
    assert_eq!(runs, planned.schedule.jobs);
}

#[test]
fn prices_are_found_by_name_and_time() {
    let mut inputs = small::site(1.0, &[10.0, 20.0, 30.0]);
    inputs.pools = vec![small::miners(3)];
    inputs.jobs = vec![small::job(2.0, &[1], 3)];
    let mut planned = plan(&inputs, Budget::STUDY);
    let prices = planned.prices.as_mut().expect("it has a bound");
    (prices.work, prices.power) = (vec![500.0], vec![vec![10.0, 20.0, f64::INFINITY]]);
    prices.jobs = Vec::new();
    let carried = Carried::new(&inputs, &planned);
    // Half-hour steps from the second hour up to a day later.
    let mut later = small::site(0.5, &[9.0; 52]);
    later.grid = swingload_model::TimeGrid::from_boundaries((2..=54).map(|k| k * 1800).collect())
        .expect("rising");
    later.pools = vec![small::miners(52)];
    later.jobs = vec![small::job(1.0, &[1], 52)];
    let prices = carried.start(&later).prices.expect("the last step serves");
    assert_eq!(prices.power[0][1..4], [20.0, 100.0, 100.0]);
    assert_eq!(prices.power[0][49], 20.0, "a day after the second hour");
    later.grid = swingload_model::TimeGrid::from_boundaries((2..=54).map(|k| k * 120).collect())
        .expect("rising");
    let start = carried.start(&later);
    let prices = start.prices.expect("all hours are planned");
    assert_eq!(prices.work, [100.0], "no more than the work is worth");
    assert_eq!(prices.power[0][27], 10.0);
    assert_eq!(prices.power[0][28], 20.0, "the second hour");
}

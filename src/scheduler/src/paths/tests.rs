use super::*;
use crate::check::check;
use crate::inputs::small;
use crate::plan::plan;

/// Eight hours behind 10 MW: a gang of 10 GPUs of 1 MW with four hours of work that may not
/// stop before it is done, and miners that can.
fn site(price: f64) -> PlanInputs {
    let mut inputs = small::site(1.0, &[price; 8]);
    inputs.nodes[0].limit = vec![10.0; 8];
    inputs.jobs = vec![small::job(40.0, &[10], 8)];
    inputs.jobs[0].min_run = 4.0;
    inputs.pools = vec![small::miners(8)];
    inputs.pools[0].revenue = vec![60.0; 8];
    inputs
}

/// The same with a price of its own in the first four hours.
fn priced(first: f64, later: f64, value: f64) -> PlanInputs {
    let mut inputs = site(later);
    inputs.supplies[0].cost[..4].fill(first);
    inputs.jobs[0].value = value;
    inputs
}

fn gpus(planned: &Planned) -> f64 {
    let run = planned.schedule.jobs[0].first().filter(|r| r.step == 0);
    run.map_or(0.0, |r| r.gpus)
}

#[test]
fn a_gang_that_cannot_stop_waits_where_hashing_can() {
    // On the mean the gang earns 10 per MWh at once, and nothing later. But half the time
    // hashing earns 60, and half the time the gang loses 90 and cannot stop.
    let means = priced(100.0, 120.0, 110.0);
    let paths = [priced(0.0, 120.0, 110.0), priced(200.0, 120.0, 110.0)];
    let planned = plan(&means, Budget::STUDY);
    assert_eq!(gpus(&planned), 10.0, "the mean misleads");
    let chosen = on_paths(&means, planned.clone(), &paths);
    assert_eq!(gpus(&chosen.planned), 0.0);
    assert_eq!(chosen.candidates, 2);
    // Four hours of 10 MW: hashing at 60 on one path, nothing on the other.
    assert!((chosen.expected() - 0.5 * 4.0 * 10.0 * 60.0).abs() < 1e-6);
    assert!(
        (chosen.spread() - 1200.0).abs() < 1e-6,
        "{:?}",
        chosen.values
    );
    assert!((chosen.gained() - (1200.0 - 0.5 * 40.0 * 20.0)).abs() < 1e-6);
    assert!(chosen.planned.value() <= planned.bound);
    assert_eq!(check(&means, &chosen.planned), vec![]);
}

#[test]
fn a_gang_starts_where_waiting_could_cost_more() {
    // On the mean power is a little cheaper later. On one path it is far dearer then, and on
    // the other waiting saves less than it loses there.
    let means = priced(50.0, 49.0, 200.0);
    let paths = [priced(50.0, 150.0, 200.0), priced(50.0, -52.0, 200.0)];
    let mut chosen = Vec::new();
    for mut paths in [paths.to_vec(), paths[..1].to_vec()] {
        let mut means = means.clone();
        for inputs in paths.iter_mut().chain([&mut means]) {
            inputs.pools.clear();
        }
        let planned = plan(&means, Budget::STUDY);
        assert_eq!(gpus(&planned), 0.0);
        chosen.push(on_paths(&means, planned, &paths));
    }
    assert_eq!(gpus(&chosen[0].planned), 0.0, "the paths pay for waiting");
    assert_eq!(gpus(&chosen[1].planned), 10.0, "this one does not");
    // Begun a step later, its last hour falls into dear power.
    assert!((chosen[1].gained() - 10.0 * 100.0).abs() < 1e-6);
}

#[test]
fn a_start_costs_what_it_costs_in_a_plan() {
    let mut inputs = priced(10.0, 90.0, 200.0);
    inputs.pools[0].min_on = 2.0;
    (inputs.pools[0].start_cost, inputs.pools[0].wake) = (3.0, 0.5);
    inputs.jobs[0].restart = 1.0;
    inputs.nodes[0].limit = vec![20.0; 8];
    let planned = plan(&inputs, Budget::STUDY);
    let chosen = on_paths(&inputs, planned.clone(), &[inputs.clone()]);
    let value = planned.value();
    assert!(
        (chosen.expected() - value).abs() < 1e-6 * value,
        "{} and {value}",
        chosen.expected()
    );
}

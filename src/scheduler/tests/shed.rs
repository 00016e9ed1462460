//! Shed ladders of random plans: in order, complete, and no dearer than any other order.

#[allow(
    dead_code,
    reason = "prices and bounds of the shared problems are not needed here"
)]
mod common;

use swingload_model::plan::{Response, ShedRung};
use swingload_scheduler::build::Built;
use swingload_scheduler::inputs::PlanInputs;
use swingload_scheduler::plan::{Budget, Planned, plan};
use swingload_scheduler::shed::{Gang, rungs};

fn site(seed: u64) -> (Built, Planned) {
    let mut inputs = common::instance(seed);
    for (j, job) in inputs.jobs.iter_mut().enumerate() {
        job.first = j % 2;
    }
    let planned = plan(&inputs, Budget::LOOP);
    let built = common::small::built(inputs);
    (built, planned)
}

/// Gangs of every kind: with and without notice, some that can be capped.
fn gangs(inputs: &PlanInputs, seed: u64) -> Vec<Gang> {
    let gang = |j: usize| Gang {
        stop_s: [0, 120, 900][(j + seed as usize) % 3],
        lost: [0.0, 0.1, 0.5][j % 3],
        cap: [None, Some((0.3, 0.85))][(j + seed as usize) % 2],
    };
    (0..inputs.jobs.len()).map(gang).collect()
}

fn ladder(seed: u64) -> (Built, Planned, Vec<ShedRung>) {
    let (built, planned) = site(seed);
    let gangs = gangs(&built.inputs, seed);
    let rungs = rungs(&built, &planned, &gangs, 1.0).expect("costs fit");
    (built, planned, rungs)
}

/// Load of the first step, MW: all of it, and what need not be served.
fn load(inputs: &PlanInputs, planned: &Planned) -> (f64, f64) {
    let (mut all, mut flexible) = (0.0, 0.0);
    for (stack, served) in inputs.stacks.iter().zip(&planned.first.tiers) {
        for (tier, mw) in stack.tiers.iter().zip(served) {
            all += mw;
            flexible += if tier.must_serve { 0.0 } else { *mw };
        }
    }
    let pools: f64 = planned.first.power.blocks.iter().flatten().sum();
    let jobs: f64 = (inputs.jobs.iter().zip(&planned.first.power.jobs))
        .map(|(j, gpus)| gpus * j.gpu_mw * inputs.nodes[j.node].factor[0])
        .sum();
    (all + pools + jobs, flexible + pools + jobs)
}

#[test]
fn rungs_add_up_to_the_load_of_the_step() {
    let mut seen = 0;
    for seed in 80_000..80_400 {
        let (built, planned, rungs) = ladder(seed);
        let (all, flexible) = load(&built.inputs, &planned);
        let freed = |firm: bool| {
            let rungs = rungs
                .iter()
                .filter(|r| firm || r.response != Response::Firm);
            rungs.map(|r| r.frees.as_megawatts()).sum::<f64>()
        };
        // Less than a watt of every load is lost to rounding.
        let loads = built.inputs.stacks.len() + built.inputs.pools.len() + built.inputs.jobs.len();
        let near = |a: f64, b: f64| (b - 1e-6 * (loads + 1) as f64..b + 1e-6).contains(&a);
        assert!(near(freed(true), all), "{seed}: {} of {all}", freed(true));
        assert!(
            near(freed(false), flexible),
            "{seed}: {} of {flexible}",
            freed(false)
        );
        seen += rungs.len();
    }
    assert!(seen > 2000, "{seen} rungs");
}

/// What each rung's power earns per kWh, nothing saved: its cost and the dearest supply
/// still running when the ladder reaches it.
fn earned(inputs: &PlanInputs, planned: &Planned, rungs: &[ShedRung]) -> Vec<f64> {
    let mut supplies: Vec<(f64, f64)> = (inputs.supplies.iter().zip(&planned.first.supply))
        .map(|(s, mw)| (s.cost[0], *mw))
        .collect();
    supplies.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut earned = Vec::new();
    for rung in rungs {
        let (mut left, mut saved) = (rung.frees.as_megawatts(), 0.0);
        for (cost, mw) in &mut supplies {
            let part = left.min(*mw);
            (left, *mw, saved) = (left - part, *mw - part, saved + part * *cost);
        }
        let saved = saved / rung.frees.as_megawatts() / 1e3;
        earned.push(rung.cost_per_kwh.as_units() + saved);
    }
    earned
}

/// All orders of the rungs of `left` that keep each load's own order.
fn orders(
    rungs: &[ShedRung],
    left: &[usize],
    so_far: &mut Vec<usize>,
    each: &mut dyn FnMut(&[usize]),
) {
    if left.is_empty() {
        each(so_far);
        return;
    }
    for (at, rung) in left.iter().enumerate() {
        if left[..at]
            .iter()
            .any(|r| rungs[*r].load == rungs[*rung].load)
        {
            continue;
        }
        so_far.push(*rung);
        let rest: Vec<usize> = left.iter().copied().filter(|r| r != rung).collect();
        orders(rungs, &rest, so_far, each);
        so_far.pop();
    }
}

/// Cost of freeing `mw` in an order of rungs, the last one in part, per hour in thousands.
fn cost(rungs: &[ShedRung], earned: &[f64], order: &[usize], mw: f64) -> f64 {
    let (mut left, mut sum) = (mw, 0.0);
    for rung in order {
        let part = left.min(rungs[*rung].frees.as_megawatts());
        (left, sum) = (left - part, sum + part * earned[*rung]);
    }
    sum
}

#[test]
fn no_other_order_costs_less_within_a_response_time() {
    let (mut orders_seen, mut straight) = (0, 0);
    for seed in 81_000..81_400 {
        let (built, planned, rungs) = ladder(seed);
        assert!(rungs.is_sorted_by_key(|r| r.response), "{seed}: {rungs:?}");
        let earned = earned(&built.inputs, &planned, &rungs);
        for class in [
            Response::Seconds,
            Response::Cap,
            Response::Checkpoint,
            Response::Firm,
        ] {
            let own: Vec<usize> = (0..rungs.len())
                .filter(|r| rungs[*r].response == class)
                .collect();
            if own.len() < 2 || own.len() > 7 {
                continue;
            }
            // Where a load's own order puts a dear step before a cheap one, the ladder is
            // best as a whole, and need not be at every power.
            let rises = own.windows(2).all(|w| earned[w[0]] <= earned[w[1]] + 1e-6);
            straight += u32::from(rises);
            let total: f64 = own.iter().map(|r| rungs[*r].frees.as_megawatts()).sum();
            let of = |order: &[usize]| -> Vec<f64> {
                let part = |k: i32| cost(&rungs, &earned, order, total * f64::from(k) / 40.0);
                (0..=40).map(part).collect()
            };
            // Twice the area below the cost of freeing from nothing to all.
            let area = |order: &[usize]| {
                let (mut sum, mut at) = (0.0, 0.0);
                for rung in order {
                    let mw = rungs[*rung].frees.as_megawatts();
                    let more = mw * earned[*rung];
                    sum += mw * (2.0 * at + more);
                    at += more;
                }
                sum
            };
            let (best, whole) = (of(&own), area(&own));
            orders(&rungs, &own, &mut Vec::new(), &mut |order| {
                orders_seen += 1;
                let slack = 1e-4 * (1.0 + whole.abs());
                assert!(whole <= area(order) + slack, "{seed}: {rungs:?} {order:?}");
                let at_all = best.iter().zip(of(order)).all(|(a, b)| *a <= b + slack);
                assert!(at_all || !rises, "{seed}: {rungs:?} {order:?}");
            });
        }
    }
    println!("{orders_seen} orders, {straight} ladders rising throughout");
    assert!(
        orders_seen > 2000 && straight > 200,
        "{orders_seen}, {straight}"
    );
}

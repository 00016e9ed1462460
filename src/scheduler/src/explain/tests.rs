//! Codes and figures of single steps that can be followed by hand.

use swingload_model::plan::ReasonCode;
use swingload_model::site::Use;

use super::reasons;
use crate::build::{Built, PoolPlace};
use crate::dispatch::{DispatchReason, LoadRef};
use crate::inputs::small;
use crate::inputs::{BlockState, JobInput, PoolInput, RampInput, StackInput};
use crate::plan::{Budget, plan};

const STEPS: usize = 6;

/// Six hours at a site of 100 MW with as much power as it likes at these prices.
fn site(price: [f64; STEPS]) -> Built {
    let mut inputs = small::site(1.0, &price);
    inputs.nodes[0].limit = vec![100.0; STEPS];
    small::built(inputs)
}

impl Built {
    /// A service of `(MW, value)`.
    fn with_service(mut self, node: usize, tiers: &[(f64, f64)]) -> Self {
        self.service.push(self.inputs.stacks.len());
        self.push_stack(node, Use::Inference, tiers);
        self
    }

    /// Miners without memory.
    fn with_stack_of_miners(mut self, tiers: &[(f64, f64)], heat: f64) -> Self {
        self.pool.push(PoolPlace::Stack(self.inputs.stacks.len()));
        self.hashing.heat.push(vec![heat; STEPS]);
        self.push_stack(0, Use::Hashing, tiers);
        self
    }

    fn push_stack(&mut self, node: usize, used_for: Use, tiers: &[(f64, f64)]) {
        self.inputs.stacks.push(StackInput {
            id: format!("stack {}", self.inputs.stacks.len()),
            node,
            used_for,
            ..small::service(STEPS, tiers, 0)
        });
    }

    /// A thousand miners of 6, 8 or 10 kW that earn 100, then 60, then 20 per MWh.
    fn with_miners(mut self, node: usize, heat: f64) -> Self {
        self.pool.push(PoolPlace::Pool(self.inputs.pools.len()));
        self.hashing.heat.push(vec![heat; STEPS]);
        self.inputs.pools.push(PoolInput {
            id: format!("miners {}", self.inputs.pools.len()),
            node,
            points: vec![(0.006, 0.6), (0.008, 0.72), (0.01, 0.76)],
            revenue: vec![1.0; STEPS],
            blocks: vec![BlockState {
                devices: 1000.0,
                on: true,
                hours_in_state: f64::INFINITY,
                starts_today: 0,
            }],
            ..small::miners(STEPS)
        });
        self
    }

    /// A job of 1,000 GPUs of 1 kW for an hour, worth 500 a MWh.
    fn with_job(mut self, change: impl FnOnce(&mut JobInput)) -> Self {
        self.job.push(self.inputs.jobs.len());
        let mut job = JobInput {
            id: format!("job {}", self.inputs.jobs.len()),
            gpu_mw: 0.001,
            value: 0.5,
            deadline: self.inputs.grid.end_s(STEPS - 1),
            ..small::job(1000.0, &[1000], STEPS)
        };
        change(&mut job);
        self.inputs.jobs.push(job);
        self
    }

    fn with_node(mut self, limit: f64) -> Self {
        let id = format!("node {}", self.inputs.nodes.len());
        (self.inputs.nodes).push(small::node(&id, Some(0), vec![limit; STEPS]));
        self
    }

    fn with_ramp(mut self, up: f64, down: f64, initial: f64) -> Self {
        self.inputs.ramps.push(RampInput {
            node: 0,
            up,
            down,
            initial: Some(initial),
        });
        self
    }

    fn reason(&self, load: LoadRef) -> DispatchReason {
        let all = reasons(self, &plan(&self.inputs, Budget::LOOP));
        let mut of_load = all.iter().filter(|r| r.load == load);
        let found = of_load.next().expect("the load has a reason").clone();
        assert_eq!(of_load.next(), None, "one reason per load");
        found
    }
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6
}

#[test]
fn heat_is_told_from_what_is_left_out() {
    for (heat, code) in [(0.0, ReasonCode::Heat), (1.0, ReasonCode::NotEligible)] {
        let mut built = site([50.0; STEPS])
            .with_miners(0, heat)
            .with_stack_of_miners(&[(0.0, 100.0)], heat);
        built.inputs.pools[0].scale.fill(0.0);
        assert_eq!(built.reason(LoadRef::Pool(0)).code, code);
        assert_eq!(built.reason(LoadRef::Pool(1)).code, code);
    }
    // Earning nothing is no matter of heat.
    let mut poor = site([50.0; STEPS]).with_miners(0, 1.0);
    poor.inputs.pools[0].revenue.fill(0.0);
    assert_eq!(poor.reason(LoadRef::Pool(0)).code, ReasonCode::Unprofitable);
}

#[test]
fn underclocked_miners_are_worth_their_last_megawatt_hour() {
    // At 50 the step from 6 to 8 kW pays (60), that to 10 kW (20) does not.
    let built = site([50.0; STEPS]).with_miners(0, 1.0);
    let reason = built.reason(LoadRef::Pool(0));
    assert_eq!(reason.code, ReasonCode::Profitable);
    assert!(
        close(reason.value, 60.0) && close(reason.margin, 10.0),
        "{reason:?}"
    );
    // Where only the lowest setting pays, its whole power is at stake.
    let dear = site([80.0; STEPS]).with_miners(0, 1.0);
    let reason = dear.reason(LoadRef::Pool(0));
    assert!(
        close(reason.value, 100.0) && close(reason.margin, 20.0),
        "{reason:?}"
    );
}

#[test]
fn the_marginal_user_has_no_margin() {
    let built = site([10.0; STEPS])
        .with_node(7.0)
        .with_miners(1, 1.0)
        .with_service(0, &[(2.0, 90.0), (2.0, 5.0)]);
    let reason = built.reason(LoadRef::Pool(0));
    assert_eq!(reason.code, ReasonCode::Marginal);
    assert!(
        close(reason.value, 60.0) && close(reason.margin, 0.0),
        "{reason:?}"
    );
    let service = built.reason(LoadRef::Service(0));
    assert_eq!(service.code, ReasonCode::Profitable);
    assert!(close(service.margin, 80.0), "{service:?}");
    // Power that the miners' node cannot take is no loss of theirs.
    assert_eq!(service.runner_up, None);
}

#[test]
fn the_runner_up_is_who_would_take_the_power_next() {
    let built = site([50.0; STEPS])
        .with_service(0, &[(2.0, 90.0)])
        .with_service(0, &[(2.0, 40.0)]);
    let (runs, idle) = (
        built.reason(LoadRef::Service(0)),
        built.reason(LoadRef::Service(1)),
    );
    assert_eq!(runs.runner_up, Some(LoadRef::Service(1)));
    assert!(close(runs.margin, 40.0), "{runs:?}");
    assert_eq!(idle.code, ReasonCode::Unprofitable);
    assert_eq!(idle.runner_up, Some(LoadRef::Service(0)));
    assert!(close(idle.margin, 10.0), "{idle:?}");
}

#[test]
fn jobs_that_may_not_run_yet_are_not_deferred() {
    let built = site([50.0, 20.0, 90.0, 90.0, 30.0, 90.0])
        .with_job(|_| {})
        .with_job(|job| job.after = vec![0])
        .with_job(|job| job.first = 3)
        .with_job(|job| job.value = 0.01);
    let code = |j| built.reason(LoadRef::Job(j)).code;
    assert_eq!(code(0), ReasonCode::Deferred);
    assert_eq!(code(1), ReasonCode::WaitsForJob);
    assert_eq!(code(2), ReasonCode::NotReleased);
    assert_eq!(code(3), ReasonCode::Unprofitable);
}

#[test]
fn a_gang_too_large_for_what_is_left_waits_for_power() {
    let built = site([50.0; STEPS])
        .with_node(0.5)
        .with_job(|job| job.node = 1);
    assert_eq!(built.reason(LoadRef::Job(0)).code, ReasonCode::NoPower);
    let mut gpus = built;
    gpus.gpu_node.push(1);
    assert_eq!(gpus.reason(LoadRef::Job(0)).code, ReasonCode::NoGpus);
}

#[test]
fn power_that_is_used_up_leaves_no_room_and_no_margin() {
    let mut built = site([50.0; STEPS])
        .with_service(0, &[(5.0, 90.0)])
        .with_job(|job| job.end = 1);
    built.inputs.supplies[0].available.fill(1.0);
    let idle = built.reason(LoadRef::Service(0));
    assert_eq!(idle.code, ReasonCode::LimitBinding);
    let runs = built.reason(LoadRef::Job(0));
    assert_eq!(runs.code, ReasonCode::Profitable);
    assert_eq!((idle.margin, runs.margin), (0.0, 0.0));
}

#[test]
fn a_limit_below_the_root_is_named() {
    let built = site([50.0; STEPS])
        .with_node(1.0)
        .with_service(1, &[(1.0, 200.0)])
        .with_service(1, &[(1.0, 90.0)]);
    let idle = built.reason(LoadRef::Service(1));
    assert_eq!(idle.code, ReasonCode::LimitBinding);
    assert_eq!(idle.runner_up, Some(LoadRef::Service(0)));
    assert!(close(idle.margin, 110.0), "{idle:?}");
    assert!(built.reason(LoadRef::Service(0)).margin.abs() < 1e-6);
}

#[test]
fn a_ramp_that_holds_load_down_says_so_without_its_price() {
    let built = site([50.0; STEPS])
        .with_ramp(4.0, 4.0, 0.0)
        .with_service(0, &[(1.0, 7000.0), (9.0, 2000.0)])
        .with_service(0, &[(3.0, 90.0)])
        .with_service(0, &[(3.0, 20.0)]);
    let held = built.reason(LoadRef::Service(0));
    assert_eq!(held.code, ReasonCode::RampLimited);
    assert!(close(held.price, 50.0) && held.margin == 0.0, "{held:?}");
    assert_eq!(
        built.reason(LoadRef::Service(1)).code,
        ReasonCode::RampLimited,
        "it pays at 50 and waits behind the other"
    );
    let poor = built.reason(LoadRef::Service(2));
    assert_eq!(
        poor.code,
        ReasonCode::Unprofitable,
        "with or without a ramp"
    );
    assert!(close(poor.margin, 30.0), "{poor:?}");
}

#[test]
fn behind_a_full_connection_the_last_load_sets_the_price_under_a_ramp_too() {
    // The ramp binds later, when the price rises; now the connection is full.
    let mut built = site([50.0, 50.0, 80.0, 80.0, 80.0, 80.0])
        .with_ramp(1.0, 1.0, 10.0)
        .with_service(0, &[(8.0, 90.0)])
        .with_service(0, &[(4.0, 70.0)]);
    for limit in &mut built.inputs.nodes[0].limit {
        *limit = 10.0;
    }
    let (first, last) = (
        built.reason(LoadRef::Service(0)),
        built.reason(LoadRef::Service(1)),
    );
    assert_eq!(first.code, ReasonCode::Profitable);
    assert!(
        close(first.price, 70.0) && close(first.margin, 20.0),
        "{first:?}"
    );
    assert_eq!(last.code, ReasonCode::Marginal);
    assert!(close(last.margin, 0.0), "{last:?}");
}

#[test]
fn a_limit_below_a_ramp_leaves_its_marginal_user_no_margin_either() {
    let built = site([50.0, 50.0, 80.0, 80.0, 80.0, 80.0])
        .with_node(3.0)
        .with_ramp(1.0, 1.0, 11.0)
        .with_service(0, &[(8.0, 70.0)])
        .with_service(1, &[(5.0, 200.0)]);
    let limited = built.reason(LoadRef::Service(1));
    assert_eq!(limited.code, ReasonCode::Marginal);
    assert!(limited.margin == 0.0, "{limited:?}");
}

#[test]
fn a_ramp_that_holds_load_up_says_so_at_the_price_of_supply() {
    for local in [false, true] {
        let mut built = site([50.0; STEPS])
            .with_node(100.0)
            .with_ramp(4.0, 4.0, 10.0)
            .with_service(0, &[(2.0, 90.0)])
            .with_service(0, &[(8.0, 20.0)]);
        if local {
            // Supply below the root: the level is then held by a charge.
            built.inputs.supplies[0].node = 1;
            built.inputs.nodes[1].export = 100.0;
        }
        let held = built.reason(LoadRef::Service(1));
        assert_eq!(held.code, ReasonCode::RampLimited, "local {local}");
        assert!(close(held.price, 50.0) && held.margin == 0.0, "{held:?}");
        let pays = built.reason(LoadRef::Service(0));
        assert_eq!(pays.code, ReasonCode::Profitable, "local {local}");
        assert!(close(pays.margin, 40.0), "{pays:?}");
    }
}

#[test]
fn a_running_load_is_never_profitable_at_a_loss() {
    // Half an hour of a minimum of two has passed when the price rises.
    let mut built = site([300.0; STEPS]).with_miners(0, 1.0);
    let pool = &mut built.inputs.pools[0];
    (pool.min_on, pool.blocks[0].hours_in_state) = (2.0, 0.5);
    let reason = built.reason(LoadRef::Pool(0));
    assert_eq!(reason.code, ReasonCode::Committed);
    assert!(close(reason.margin, -200.0), "{reason:?}");
}

//! What no plan may break, one standard for all tests.

use swingload_scheduler::check::{Rule, Violation, check};
use swingload_scheduler::evaluate::Evaluated;
use swingload_scheduler::inputs::PlanInputs;
use swingload_scheduler::plan::Planned;

/// What a plan breaks that it does not itself report as impossible: reported excess over
/// ramps excuses ramps, up to that excess, and reported overload the balance and the limits
/// that fixed power was too much for. A job may stop early where no plan could carry it on.
pub(crate) fn faults(inputs: &PlanInputs, planned: &Planned) -> Vec<Violation> {
    let Evaluated {
        overload,
        ramp_excess,
        ..
    } = planned.evaluated;
    let mut found = check(inputs, planned);
    let over_ramps: f64 = (found.iter().filter(|v| v.rule == Rule::Ramp))
        .map(|v| v.amount)
        .sum();
    let ramps_told = over_ramps <= ramp_excess + 1e-6 * inputs.steps() as f64;
    found.retain(|v| match v.rule {
        Rule::Ramp => !ramps_told,
        Rule::Balance | Rule::NodeLimit | Rule::RootLimit => overload <= 1e-9,
        Rule::MinimumRun => !(0..inputs.jobs.len())
            .any(|j| v.what == inputs.jobs[j].id && finds_no_power(inputs, j)),
        _ => true,
    });
    found
}

/// Whether the blocks that may not stop leave job `j`, which may not either, too little power.
fn finds_no_power(inputs: &PlanInputs, j: usize) -> bool {
    let job = &inputs.jobs[j];
    let mut ran = 0.0;
    (0..inputs.steps()).any(|t| {
        let held = job.running > 0 && job.running_hours + ran < job.min_run - 1e-9;
        let above = std::iter::successors(Some(job.node), |n| inputs.nodes[*n].parent);
        let short = |node: usize| {
            let own = inputs
                .supplies
                .iter()
                .filter(|s| node > 0 && inputs.is_below(s.node, node));
            let most = inputs.nodes[node].limit[t] + own.map(|s| s.available[t]).sum::<f64>();
            let gang = f64::from(job.running) * job.gpu_mw * inputs.nodes[job.node].factor[t];
            let pools = inputs
                .pools
                .iter()
                .filter(|p| inputs.is_below(p.node, node));
            let blocks: f64 = pools
                .map(|pool| {
                    let stay = pool
                        .blocks
                        .iter()
                        .filter(|b| b.on && b.hours_in_state + ran < pool.min_on - 1e-9);
                    let devices: f64 = stay.map(|b| b.devices).sum();
                    devices * pool.scale[t] * pool.points[0].0 * inputs.nodes[pool.node].factor[t]
                })
                .sum();
            gang + blocks > most + 1e-9
        };
        let found = held && above.into_iter().any(short);
        ran += inputs.grid.hours(t);
        found
    })
}

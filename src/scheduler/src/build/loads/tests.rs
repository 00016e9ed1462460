use swingload_model::TimeGrid;

use super::super::tests::{Forecast, Foresight, connection};
use super::super::{Built, Windows, build, build_with};
use super::*;
use crate::controller::tests::world::{JobWords, START, job, setup, site, site_of};
use crate::outlook::Outlook;
use crate::plan::{Budget, plan};

const HOUR: i64 = 3600;

fn hours(first: i64, last: i64) -> TimeGrid {
    TimeGrid::from_boundaries((first..=last).map(|h| START + h * HOUR).collect()).expect("rising")
}

/// Miners that come two hours after the start, with memory and without; hashing earns
/// 139 USD per MWh, power costs 50.
fn installed_later() -> String {
    let pool = |id: &str, more: &str| {
        format!(
            r#"
[[pools]]
id = "{id}"
node = "connection"
model = "own"
count = 0
changes = [{{ from = "2022-07-04T07:00:00Z", count = 84 }}]
points = [{{ power_w = 3000, hashrate_th_per_s = 100 }}]
sleep_w = 0
{more}
"#
        )
    };
    let supply = r#"
[[supply]]
id = "grid"
kind = "grid"
available_mw = 10
price_per_mwh = 50
"#;
    let pools = [pool("steady", "min_on_min = 30"), pool("nimble", "")];
    format!("{}{supply}{}", connection(10.0), pools.concat())
}

fn built(text: &str, grid: &TimeGrid) -> Built {
    let setup = setup(site_of(text));
    let state = SiteState::asleep(&setup.site, grid.start_s(0));
    build_with(&setup, &Foresight, &state, &[], &[], grid, Windows::Touched)
}

#[test]
fn a_pool_installed_later_has_its_blocks_from_then_on() {
    let built = built(&installed_later(), &hours(0, 4));
    let pool = &built.inputs.pools[0];
    assert_eq!(pool.scale, [0.0, 0.0, 1.0, 1.0]);
    let devices: f64 = pool.blocks.iter().map(|b| b.devices).sum();
    assert!((devices - 84.0).abs() < 1e-9, "{devices} devices");
    let PoolPlace::Stack(nimble) = built.pool[1] else {
        panic!("no memory, no blocks");
    };
    let mw = &built.inputs.stacks[nimble].tiers[0].mw;
    assert!(mw[..2].iter().all(|mw| *mw == 0.0), "{mw:?}");
    assert!(mw[2..].iter().all(|mw| (mw - 0.252).abs() < 1e-9), "{mw:?}");
}

#[test]
fn the_bound_counts_what_is_installed_later() {
    let text = installed_later();
    let bound = plan(&built(&text, &hours(0, 4)).inputs, Budget::STUDY).bound;
    let after = plan(&built(&text, &hours(2, 4)).inputs, Budget::STUDY).value();
    assert!(after > 2.0 * 0.504 * 80.0, "both pools hash: {after}");
    assert!(bound >= after, "bound {bound}, yet {after} is earned");
}

/// Ids of the planned jobs, and what each waits for.
fn planned(jobs: &[JobState]) -> Vec<(String, Vec<usize>)> {
    let setup = setup(site(""));
    let state = SiteState::asleep(&setup.site, START);
    let open: Vec<usize> = (0..jobs.len()).filter(|j| jobs[*j].is_open()).collect();
    let built = build(&setup, &Foresight, &state, jobs, &open, &hours(0, 4));
    let ids: Vec<&str> = built.job.iter().map(|j| jobs[*j].job.id.as_str()).collect();
    let inputs = built.inputs.jobs;
    assert!(inputs.iter().map(|j| &j.id).eq(&ids), "positions in step");
    inputs.into_iter().map(|j| (j.id, j.after)).collect()
}

#[test]
fn a_job_whose_predecessor_is_not_planned_waits_with_it() {
    let day = START + 86_400;
    let mut jobs: Vec<JobState> = [
        job("distant").window(day, day + 86_400),
        job("behind").after(&["distant"]),
        job("last").after(&["behind", "free"]),
        job("free"),
        job("freed").after(&["finished"]),
        job("finished"),
        job("next").after(&["free", "finished"]),
    ]
    .map(JobState::new)
    .into();
    jobs[5].finished = Some(START);
    jobs[4].waits_for = 0;
    jobs[6].waits_for = 1;
    let none = Vec::new();
    let expected = [("free", none.clone()), ("freed", none), ("next", vec![0])];
    assert_eq!(
        planned(&jobs),
        expected.map(|(id, after)| (id.to_owned(), after))
    );
}

#[test]
fn the_next_step_is_kept_free_for_what_a_tenant_may_well_draw() {
    let tenant = r#"
[[commitments]]
kind = "hosting"
id = "tenant"
node = "ai"
use = "inference"
power_mw = { series = "draw" }
price_per_mwh = 160
contracted_mw = 3
penalty_per_mwh = 500
"#;
    let setup = setup(site(tenant));
    let state = SiteState::asleep(&setup.site, START);
    let draw = |outlook: &dyn Outlook| {
        let built = build(&setup, outlook, &state, &[], &[], &hours(0, 2));
        let stack = built.hosting[0].expect("hosting has a stack");
        let mw = built.inputs.stacks[stack].tiers[0].mw.clone();
        // Back to IT MW.
        mw.iter().map(|mw| (mw / 1.2 * 1e6).round() / 1e6).collect()
    };
    let told: Vec<f64> = draw(&Foresight);
    assert_eq!(told, [1.0, 1.0], "the truth needs no reserve");
    let told: Vec<f64> = draw(&Forecast);
    assert_eq!(told, [1.95, 1.0], "the 95th percentile, then the mean");
}

#[test]
fn a_late_job_is_not_put_off_to_its_last() {
    let mut late = job("late")
        .window(START, START + HOUR)
        .gangs(&[1, 2])
        .hours(8);
    late.latest = START + 100 * HOUR;
    let shortest = 4 * HOUR + late.restart.get() + late.checkpoint_cost.get();
    let due_at = |hours: i64, job: &Job| {
        due(
            &JobState::new(job.clone()),
            job.gang_max(),
            START + hours * HOUR,
        )
    };
    let given = shortest * 3 / 2 + 6 * HOUR;
    assert_eq!(
        due_at(0, &late),
        START + HOUR + given,
        "from its deadline on"
    );
    assert_eq!(due_at(10, &late), START + 10 * HOUR + given, "from now on");
    assert_eq!(
        due_at(95, &late),
        late.latest,
        "and never beyond its latest"
    );
    let mut behind = JobState::new(late.clone());
    behind.waits_for = 1;
    assert_eq!(
        due(&behind, late.gang_max(), START),
        late.latest,
        "another comes first"
    );
    // Beyond help it keeps what there is.
    assert_eq!(due_at(99, &late), late.latest);
    late.deadline = START + 100 * HOUR;
    assert_eq!(
        due_at(0, &late),
        START + 85 * HOUR,
        "on time, with a reserve"
    );
    let near = late.deadline - shortest - 60;
    let needed = due(&JobState::new(late.clone()), late.gang_max(), near);
    assert_eq!(needed, late.deadline, "the reserve is given up first");
}

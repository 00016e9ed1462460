//! What the site alone proves, and what it does not.

use swingload_model::job::{Job, Obstacle};
use swingload_model::site::{Amount, Site};

use super::{find, find_knowing, notes};
use crate::controller::tests::world::{JobWords, START, job, site_of};

/// 512 GPUs of 1.11 kW (0.1 idle) in a hall of 0.6 MW at a PUE of 1.25: 0.71 MW of gang.
fn text(change: (&str, &str)) -> String {
    let text = r#"
name = "One"
currency = "USD"
time_zone = "UTC"
nodes = [
  { id = "root", kind = "interconnect", rating_mw = 10 },
  { id = "ai", parent = "root", kind = "hall", rating_mw = 0.6, hall = { marginal_pue = 1.25, pue_per_degree_c = 0.01, threshold_c = 25, temperature = "warm" } },
]
supply = [{ id = "grid", kind = "grid", available_mw = 10, price_per_mwh = 40 }]
[[gpu_pools]]
id = "gpus"
node = "ai"
model = "own"
count = 512
running_w = 1110
idle_w = 100
"#;
    assert!(text.contains(change.0), "{}", change.0);
    text.replace(change.0, change.1)
}

fn site(change: (&str, &str)) -> Site {
    site_of(&text(change))
}

const SAME: (&str, &str) = ("", "");

fn gang(sizes: &[u32]) -> Job {
    job("large").gangs(sizes).hours(1000)
}

fn why(site: &Site, jobs: &[Job]) -> Vec<(usize, Obstacle, String)> {
    let told = find(site, jobs).into_iter();
    told.map(|(k, work)| (k, work.limit, work.why)).collect()
}

#[test]
fn a_gang_that_no_node_carries_is_told_with_its_figures() {
    let told = why(&site(SAME), &[gang(&[512])]);
    let said = "gang of 512 needs 0.71 MW behind hall `ai`, which carries 0.6 MW";
    assert_eq!(told, [(0, Obstacle::Node, said.to_owned())]);
    let found = &find(&site(SAME), &[gang(&[512])])[0].1;
    assert!((found.needs - 512.0 * 1.11e-3 * 1.25).abs() < 1e-9);
    assert_eq!(
        (found.gang, found.has, found.missed_gpu_h),
        (512, 0.6, 1000.0)
    );
    // A smaller gang that is allowed too makes it possible.
    assert_eq!(why(&site(SAME), &[gang(&[256, 512])]), []);
}

/// 400 GPUs take 400 x 1.01 kW, and 512 idle ones 0.1 kW each: 0.455 IT MW, 0.569 MW.
#[test]
fn idle_gpus_and_overheads_are_drawn_beside_the_gang() {
    assert_eq!(why(&site(SAME), &[gang(&[400])]), []);
    for change in [
        ("count = 512", "count = 800"),
        (
            "marginal_pue = 1.25",
            "fixed_overhead_kw = 40, marginal_pue = 1.25",
        ),
        ("marginal_pue = 1.25", "marginal_pue = 1.4"),
    ] {
        let told = why(&site(change), &[gang(&[400])]);
        assert_eq!(told.len(), 1, "{change:?}");
    }
}

#[test]
fn deratings_and_every_node_above_count() {
    let n_1 = ("rating_mw = 0.6", "rating_mw = 1.2, n_minus_1_factor = 0.5");
    let told = why(&site(n_1), &[gang(&[512])]);
    assert!(
        told[0].2.ends_with("hall `ai`, which carries 0.6 MW"),
        "{told:?}"
    );
    let narrow = ("rating_mw = 10 }", "rating_mw = 0.5 }");
    let told = why(&site(narrow), &[gang(&[400])]);
    assert!(
        told[0]
            .2
            .ends_with("interconnect `root`, which carries 0.5 MW"),
        "{told:?}"
    );
    let little = ("available_mw = 10", "available_mw = 0.3");
    let told = why(&site(little), &[gang(&[400])]);
    assert_eq!(told[0].1, Obstacle::Supply, "{told:?}");
    // Supply below a feeder comes on top of what it imports.
    let feeder = (
        "{ id = \"ai\", parent = \"root\",",
        "{ id = \"f\", parent = \"root\", kind = \"feeder\", rating_mw = 0.5 }, \
         { id = \"ai\", parent = \"f\",",
    );
    let told = why(&site(feeder), &[gang(&[400])]);
    assert!(
        told[0].2.ends_with("feeder `f`, which carries 0.5 MW"),
        "{told:?}"
    );
    let own = "supply = [{ id = \"own\", kind = \"generation\", node = \"f\", \
               available_mw = 0.2, price_per_mwh = 9 }, ";
    let fed = site_of(&text(feeder).replace("supply = [", own));
    assert_eq!(why(&fed, &[gang(&[400])]), []);
}

#[test]
fn more_gpus_than_are_ever_there_while_it_may_run() {
    let told = why(&site(SAME), &[gang(&[600])]);
    assert_eq!(
        told[0].2,
        "gang of 600 needs 600 GPUs of `gpus`, which has 512"
    );
}

/// A limit that can be exceeded for a penalty, or a series that nobody knows ahead, proves
/// nothing; what a series reached at most does.
#[test]
fn what_is_not_certain_proves_nothing() {
    let soft = (
        "[[gpu_pools]]",
        "[[commitments]]\nkind = \"power_limit\"\nid = \"cap\"\nlimit_mw = 0.1\n\
         penalty_per_mwh = 1000\n[[gpu_pools]]",
    );
    assert_eq!(why(&site(soft), &[gang(&[400])]), []);
    let series = ("available_mw = 10", "available_mw = { series = \"sun\" }");
    let site = site(series);
    assert_eq!(why(&site, &[gang(&[400])]), []);
    let most = |mw: f64| {
        let at_most = move |amount: &Amount, _, _| amount.series().map(|_| mw);
        find_knowing(&site, &[gang(&[400])], &at_most).len()
    };
    assert_eq!((most(0.3), most(0.6)), (1, 0));
}

#[test]
fn who_waits_for_the_impossible_never_runs_either() {
    let jobs = [
        job("third").gangs(&[1]).hours(1).after(&["second"]),
        job("first").gangs(&[512]).hours(1),
        job("second").gangs(&[1]).hours(1).after(&["first"]),
        job("free").gangs(&[1]).hours(1),
    ];
    let told = why(&site(SAME), &jobs);
    let told: Vec<(usize, Obstacle)> = told.into_iter().map(|(k, limit, _)| (k, limit)).collect();
    let waits = Obstacle::Dependency;
    assert_eq!(told, [(0, waits), (1, Obstacle::Node), (2, waits)]);
}

#[test]
fn a_window_too_short_misses_what_does_not_fit() {
    let short = job("short")
        .window(START, START + 2 * 3600)
        .gangs(&[100])
        .hours(900);
    let found = &find(&site(SAME), &[short])[0].1;
    assert_eq!((found.limit, found.missed_gpu_h), (Obstacle::Window, 700.0));
    assert!(!found.never_runs());
    let enough = job("enough")
        .window(START, START + 9 * 3600)
        .gangs(&[100])
        .hours(900);
    assert_eq!(find(&site(SAME), &[enough]), []);
}

/// What is never finished lets nothing start behind it, however much of it can be done.
#[test]
fn what_waits_for_work_that_cannot_be_finished_never_runs() {
    let short = job("short")
        .window(START, START + 3600)
        .gangs(&[100])
        .hours(900);
    let next = job("next").after(&["short"]).gangs(&[100]);
    let last = job("last").after(&["next"]).gangs(&[100]);
    let jobs = [last, next, short];
    let found = why(&site(SAME), &jobs);
    assert_eq!(found[2].1, Obstacle::Window, "{found:?}");
    let waits = |k: usize| (found[k].1, found[k].2.as_str());
    let of_next = "waits for short, which can never be finished";
    assert_eq!(waits(1), (Obstacle::Dependency, of_next));
    let of_last = "waits for next, which can never run";
    assert_eq!(waits(0), (Obstacle::Dependency, of_last));
}

#[test]
fn notes_name_the_largest_and_some_more() {
    let large = |id: &str, hours: i64| job(id).gangs(&[512]).hours(hours);
    let jobs = ["a", "b", "c", "d", "e"].map(|id| large(id, if id == "b" { 9 } else { 1 }));
    let all: Vec<_> = find(&site(SAME), &jobs)
        .into_iter()
        .map(|(_, w)| w)
        .collect();
    assert_eq!(
        notes(&all),
        [
            "job b can never run: gang of 512 needs 0.71 MW behind hall `ai`, which carries \
             0.6 MW; so are a, c, d and 1 more. 13 GPU-hours are left out of plans and bound, \
             and missed from the start."
        ]
    );
}

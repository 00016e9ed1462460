use swingload_model::job::Job;

use crate::tests::world;

const TRACE: &str = r#"
[[jobs]]
id = "train"
gpu_pool = "h100"
tenant = "lab"
[jobs.trace]
file = "jobs.csv"
time = { column = "at" }
duration_column = "s"
gpus_column = "gpus"
[jobs.terms]
value_per_gpu_h = { low = 1, high = 2 }
slack = { low = 2, high = 4 }
window_min_h = 3
unmet_penalty_share = 0.5
lateness_share_per_h = 0.1
late_h = 6
restart_s = 60
checkpoint_interval_min = 30
"#;

const ROWS: &str = "at,s,gpus,who\n2022-01-01T02:00:00.750Z,3600,8,a\n2022-01-01T01:00:00Z,7200,3,\n2022-01-02T00:00:00Z,100,1,b\n";

fn load(rows: &str, body: &str) -> (Vec<Job>, String) {
    let loaded = world()
        .file("jobs.csv", rows)
        .load(body)
        .unwrap_or_else(|f| panic!("{f}"));
    let notes: Vec<String> = loaded.notes.iter().map(ToString::to_string).collect();
    (loaded.jobs, notes.join("\n"))
}

fn refusal(rows: &str, body: &str) -> String {
    world().file("jobs.csv", rows).refusal(body)
}

#[test]
fn a_trace_becomes_jobs_with_terms() {
    let (jobs, _) = load(ROWS, TRACE);
    let ids: Vec<&str> = jobs.iter().map(|j| j.id.as_str()).collect();
    assert_eq!(ids, ["train-000001", "train-000002", "train-000003"]);
    let job = &jobs[1];
    // Submitted at 02:00:00.750: parts of a second are dropped.
    assert_eq!(
        (job.release, job.work, &job.gangs[..]),
        (1_641_002_400, 8 * 3600, &[8][..])
    );
    let value = job.value.as_units();
    assert!((1.0..=2.0).contains(&value));
    assert!((job.unmet_penalty.as_units() - 0.5 * value).abs() < 1e-6);
    assert!((job.lateness_penalty.as_units() - 0.1 * value).abs() < 1e-6);
    let window = job.deadline - job.release;
    assert!(
        (2 * 3660..=4 * 3660 + 1).contains(&window) || window == 3 * 3600,
        "{window}"
    );
    assert_eq!(job.latest, job.deadline + 6 * 3600);
    assert_eq!(jobs[2].deadline - jobs[2].release, 3 * 3600);
    assert_eq!(job.tenant, "lab");
}

#[test]
fn tenants_come_from_their_column_where_it_is_filled() {
    let (jobs, _) = load(
        ROWS,
        &TRACE.replace("gpus_column", "tenant_column = \"who\"\ngpus_column"),
    );
    let tenants: Vec<&str> = jobs.iter().map(|j| j.tenant.as_str()).collect();
    assert_eq!(tenants, ["lab", "a", "b"]);
}

#[test]
fn terms_do_not_depend_on_other_jobs() {
    let (few, _) = load(ROWS, TRACE);
    let (more, _) = load(&(ROWS.to_owned() + "2022-01-02T06:00:00Z,100,1,b\n"), TRACE);
    assert_eq!(few[..], more[..3]);
}

#[test]
fn elastic_jobs_run_on_parts_of_their_gang_and_chains_on_the_job_before() {
    let body = TRACE.to_owned() + "elastic_share = 1\nchained_share = 1\n";
    let (jobs, _) = load(ROWS, &body);
    let gangs: Vec<&[u32]> = jobs.iter().map(|j| &j.gangs[..]).collect();
    assert_eq!(gangs, [&[1, 3][..], &[2, 4, 8], &[1]]);
    assert!(jobs[0].depends_on.is_empty());
    assert_eq!(jobs[2].depends_on, ["train-000002"]);
}

#[test]
fn a_trace_is_moved_repeated_scaled_and_copied() {
    let early = ROWS.replace("2022-01-0", "2017-09-0");
    let lost = refusal(&early, TRACE);
    assert!(
        lost.contains(
            "no job is submitted inside the period; the trace runs from 2017-09-01T01:00:00Z"
        ),
        "{lost}"
    );
    let with = |more: &str| TRACE.replace("gpus_column", &format!("{more}\ngpus_column"));
    let (moved, notes) = load(&early, &with("align_start = true\ngpu_scale = 0.4"));
    assert_eq!(moved[0].release, 1_640_995_200);
    assert_eq!(
        moved.iter().map(|j| j.gang_max()).collect::<Vec<_>>(),
        [1, 3, 1]
    );
    assert!(notes.contains("jobs.train: moved by"), "{notes}");
    let (repeated, _) = load(&early, &with("align_start = true\nrepeat = true"));
    let starts: Vec<i64> = repeated
        .iter()
        .map(|j| (j.release - 1_640_995_200) / 3600)
        .collect();
    // The span of 23 hours is repeated every day; the third job of a day falls on 23 o'clock.
    assert_eq!(starts, [0, 1, 23, 24, 25, 47]);
    let (copied, _) = load(ROWS, &with("copies = 3"));
    assert_eq!(copied.len(), 9);
}

#[test]
fn jobs_without_work_are_left_out_and_noted() {
    let rows = ROWS.to_owned()
        + "2022-01-02T01:00:00Z,,1,b\n2022-01-02T01:00:00Z,0,1,b\n2022-01-02T01:00:00Z,9,0,b\n2023-01-02T01:00:00Z,9,1,b\n";
    let (jobs, notes) = load(&rows, TRACE);
    assert_eq!(jobs.len(), 3);
    for told in [
        "1 job without submit time",
        "2 jobs that need no GPU",
        "1 job submitted outside the period",
    ] {
        assert!(notes.contains(told), "{notes}");
    }
    let (_, notes) = load(
        ROWS,
        &TRACE.replace("gpus_column", "duration_min_s = 200\ngpus_column"),
    );
    assert!(
        notes.contains("1 job shorter than duration_min_s left out"),
        "{notes}"
    );
}

#[test]
fn jobs_larger_than_their_pool_are_refused_with_their_line() {
    let large = refusal(&ROWS.replace(",8,", ",513,"), TRACE);
    assert!(
        large.starts_with(
            "jobs.csv:2: gpus = 513 GPUs: the job is larger than the GPU pool `h100` of 512"
        ),
        "{large}"
    );
}

#[test]
fn nonsense_in_a_trace_is_refused_with_its_line() {
    let negative = refusal(&ROWS.replace("7200", "-7200"), TRACE);
    assert!(
        negative.starts_with("jobs.csv:3: s = -7200: is below zero"),
        "{negative}"
    );
    let text = refusal(&ROWS.replace("7200", "two hours"), TRACE);
    assert!(
        text.starts_with("jobs.csv:3: s = two hours: is no finite number"),
        "{text}"
    );
    let ends = TRACE.replace("duration_column = \"s\"", "end_column = \"end\"");
    let rows = "at,end,gpus\n2022-01-01T01:00:00Z,2022-01-01T00:00:00Z,1\n";
    let backwards = refusal(rows, &ends);
    assert!(
        backwards.starts_with("jobs.csv:2: end = -3600: the job ends before it is submitted"),
        "{backwards}"
    );
    let missing = refusal(ROWS, &TRACE.replace("\"gpus\"", "\"gpu\""));
    assert!(
        missing.contains("columns of the file: at, s, gpus, who"),
        "{missing}"
    );
}

const ARRIVALS: &str = r#"
[[jobs]]
id = "gen"
gpu_pool = "h100"
[jobs.synthetic]
per_day = 200
daily = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
duration_median_h = 4
duration_p90_h = 14
duration_max_h = 48
gpus = [8, 64]
weights = [3, 1]
[jobs.terms]
value_per_gpu_h = { low = 1, high = 2 }
slack = { low = 2, high = 4 }
"#;

#[test]
fn generated_jobs_keep_number_hours_and_run_times() {
    let world = world().period("2022-01-01T00:00:00Z", "2022-01-31T00:00:00Z");
    let jobs = world.load(ARRIVALS).expect("valid").jobs;
    assert!((jobs.len() as f64 - 6000.0).abs() < 250.0, "{}", jobs.len());
    assert!(jobs.iter().all(|j| j.release.rem_euclid(86_400) >= 43_200));
    let mut hours: Vec<f64> = jobs
        .iter()
        .map(|j| j.work as f64 / f64::from(j.gang_max()) / 3600.0)
        .collect();
    hours.sort_by(f64::total_cmp);
    let at = |share: f64| hours[(hours.len() as f64 * share) as usize];
    assert!((at(0.5) / 4.0 - 1.0).abs() < 0.1 && (at(0.9) / 14.0 - 1.0).abs() < 0.1);
    assert!(hours.last().is_some_and(|h| *h <= 48.001));
    let small = jobs.iter().filter(|j| j.gang_max() == 8).count() as f64 / jobs.len() as f64;
    assert!((small - 0.75).abs() < 0.03, "{small}");
    assert_eq!(jobs, world.load(ARRIVALS).expect("valid").jobs);
}

#[test]
fn parts_of_a_gpu_are_rounded_after_scaling_and_noted() {
    let rows = "at,s,gpus,who\n2022-01-01T02:00:00Z,3600,0.25,a\n2022-01-01T01:00:00Z,3600,0.5,\n";
    let (jobs, notes) = load(rows, TRACE);
    assert_eq!(jobs.iter().map(|j| j.work).sum::<i64>(), 2 * 3600);
    assert!(
        notes.contains(
            "2 jobs of 2 rounded to whole GPUs, which changes the work by +1.2 GPU-hours"
        ),
        "{notes}"
    );
    let scaled = TRACE.replace("gpus_column", "gpu_scale = 4\ngpus_column");
    let (jobs, notes) = load(rows, &scaled);
    let gangs: Vec<u32> = jobs.iter().map(|j| j.gangs[0]).collect();
    assert_eq!(gangs, [2, 1], "two quarters of a GPU at a scale of four");
    assert!(!notes.contains("rounded"), "{notes}");
}

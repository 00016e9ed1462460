//! Plans a full instance once as a study, then as a closed loop does: made afresh, and
//! following that after one changed price and after one new job; prints one JSON line.
//!
//! `full [--size S] [--seed N] [--jobs N] [--steps N] [--minutes M]`: size 1 is 2,000 MW,
//! 40 feeders, 60 pools of 10,000 devices and 10,000 jobs over 288 steps.

#[path = "../benches/full/mod.rs"]
mod full;
#[path = "../benches/full/measure.rs"]
mod measure;

use std::process::ExitCode;

use full::jobs::new_job;
use full::{Shape, instance};
use swingload_scheduler::carry::Carried;
use swingload_scheduler::inputs::PlanInputs;
use swingload_scheduler::plan::{Budget, Planned, plan, plan_in_loop};
use swingload_scheduler::schedule::Room;

fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!(
                "{problem}\nusage: full [--size S] [--seed N] [--jobs N] [--steps N] [--minutes M]"
            );
            ExitCode::from(2)
        }
    }
}

fn run(args: Vec<String>) -> Result<String, String> {
    let mut shape = Shape::day(1, 1.0);
    let mut jobs = None;
    let mut args = args.into_iter();
    while let Some(flag) = args.next() {
        let value = args.next().ok_or_else(|| format!("{flag} needs a value"))?;
        let wrong = || format!("{flag} {value}: not a number above 0");
        match flag.as_str() {
            "--size" => shape.size = number(&value).ok_or_else(wrong)?,
            "--seed" => shape.seed = value.parse().map_err(|_| wrong())?,
            "--jobs" => jobs = Some(number(&value).ok_or_else(wrong)? as usize),
            "--steps" => shape.steps = number(&value).ok_or_else(wrong)? as usize,
            "--minutes" => shape.minutes = number(&value).ok_or_else(wrong)? as i64,
            other => return Err(format!("unknown flag {other}")),
        }
    }
    shape.jobs = jobs.unwrap_or(Shape::day(shape.seed, shape.size).jobs);
    let mut inputs = instance(shape);
    let (cold, seconds) = measure::timed(|| plan(&inputs, Budget::STUDY));
    let gained = cold.bound - cold.asap;
    // All in percent of what can be gained over `asap` before anything changes.
    let gap = |bound: f64, p: &Planned| 100.0 * (bound - p.value()) / gained.max(1e-9);
    let carried = Carried::new(&inputs, &cold);
    let mut room = Room::default();
    let (afresh, afresh_seconds) = measure::timed(|| next(&inputs, &carried, true, &mut room));
    let carried = Carried::new(&inputs, &afresh);
    // A plan that follows has no bound: that of a plan made afresh of the same inputs serves.
    let mut follow = |inputs: &PlanInputs| {
        let (plan, seconds) = measure::timed(|| next(inputs, &carried, false, &mut room));
        let bound = next(inputs, &carried, true, &mut room).bound;
        (gap(bound, &plan), seconds)
    };
    let grid = inputs.supplies.len() - 1;
    let middle = inputs.steps() / 2;
    inputs.supplies[grid].cost[middle] += 25.0;
    let (price_gap, price_seconds) = follow(&inputs);
    inputs.supplies[grid].cost[middle] -= 25.0;
    let job = new_job(&inputs);
    inputs.jobs.push(job);
    let (job_gap, job_seconds) = follow(&inputs);
    Ok(format!(
        "{{\"value\":{:.2},\"bound\":{:.2},\"asap_value\":{:.2},\"gap_percent_of_g\":{:.3},\"ramp_excess\":{:.4},\"overload\":{:.4},\"cpu_seconds\":{seconds:.4},\"afresh_cpu_seconds\":{afresh_seconds:.4},\"afresh_gap\":{:.3},\"price_cpu_seconds\":{price_seconds:.4},\"price_gap\":{price_gap:.3},\"job_cpu_seconds\":{job_seconds:.4},\"job_gap\":{job_gap:.3},\"peak_rss_mb\":{:.1}}}",
        cold.value(),
        cold.bound,
        cold.asap,
        gap(cold.bound, &cold),
        cold.evaluated.ramp_excess,
        cold.evaluated.overload,
        gap(afresh.bound, &afresh),
        peak_rss_mb()
    ))
}

/// The next plan of a closed loop.
fn next(inputs: &PlanInputs, last: &Carried, afresh: bool, room: &mut Room) -> Planned {
    plan_in_loop(inputs, last.start(inputs), afresh, room)
}

fn number(text: &str) -> Option<f64> {
    text.parse()
        .ok()
        .filter(|n: &f64| *n > 0.0 && n.is_finite())
}

/// Largest resident memory so far, MB.
fn peak_rss_mb() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().strip_suffix("kB"))
        .and_then(|kb| kb.trim().parse::<f64>().ok())
        .unwrap_or(0.0)
        / 1024.0
}

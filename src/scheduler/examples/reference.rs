//! Plans a reference problem written by `bench/export.py` and prints one JSON line.
//!
//! `reference FILE [--blocks N] [--gap PERCENT_OF_G]`: maps the file to the planner's
//! inputs and calls the same `plan()` as `simulate`; solves nothing itself.
//! `--blocks N` splits each mining tier into N on/off blocks. `--gap` raises the
//! budget until the gap falls below so many percent of G, or nothing more is gained.

#[path = "../benches/full/measure.rs"]
mod measure;

use std::process::ExitCode;

use swingload_model::TimeGrid;
use swingload_model::site::Use;
use swingload_scheduler::inputs::{
    BlockState, Gangs, JobInput, NodeInput, PlanInputs, PoolInput, StackInput, SupplyInput,
    TierInput,
};
use swingload_scheduler::plan::{Budget, Planned, plan};

fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{problem}\nusage: reference FILE [--blocks N] [--gap PERCENT_OF_G]");
            ExitCode::from(2)
        }
    }
}

fn run(args: Vec<String>) -> Result<String, String> {
    let mut args = args.into_iter();
    let file = args.next().ok_or("no file given")?;
    let (mut blocks, mut gap) = (0, None);
    while let Some(flag) = args.next() {
        let value = args.next().ok_or_else(|| format!("{flag} needs a value"))?;
        match flag.as_str() {
            "--blocks" => {
                blocks = value
                    .parse()
                    .map_err(|_| format!("--blocks {value}: not a number"))?
            }
            "--gap" => {
                gap = Some(
                    value
                        .parse::<f64>()
                        .map_err(|_| format!("--gap {value}: not a number"))?,
                )
            }
            other => return Err(format!("unknown flag {other}")),
        }
    }
    let bytes = std::fs::read(&file).map_err(|e| format!("{file}: {e}"))?;
    let (planned, seconds) = measure::timed(|| Some(solve(&inputs(&bytes, blocks)?, gap)));
    let planned = planned.ok_or_else(|| format!("{file}: not a file of bench/export.py"))?;
    Ok(format!(
        "{{\"value\":{:.2},\"bound\":{:.2},\"asap_value\":{:.2},\"cpu_seconds\":{seconds:.4},\"peak_rss_mb\":{:.1}}}",
        planned.value(),
        planned.bound,
        planned.asap,
        peak_rss_mb()
    ))
}

/// One plan, or plans of growing budget until the gap is small enough.
fn solve(inputs: &PlanInputs, gap: Option<f64>) -> Planned {
    let mut best = plan(inputs, Budget::STUDY);
    let Some(wanted) = gap else { return best };
    let mut budget = Budget::STUDY;
    loop {
        let left = 100.0 * (best.bound - best.value()) / (best.bound - best.asap).max(1e-9);
        if left <= wanted || budget.bound > 5000 {
            return best;
        }
        budget = Budget {
            rounds: budget.rounds * 2,
            bound: budget.bound * 3,
            ..budget
        };
        let next = plan(inputs, budget);
        let gained = next.value() > best.value() || next.bound < best.bound;
        if !gained {
            return best;
        }
        let (value, bound) = (best.value().max(next.value()), best.bound.min(next.bound));
        best = if next.value() >= value { next } else { best };
        best.bound = bound;
    }
}

/// Reads the numbers of a file one after the other.
struct Numbers<'a>(std::slice::ChunksExact<'a, u8>);

impl Numbers<'_> {
    fn one(&mut self) -> Option<f64> {
        self.0
            .next()
            .map(|b| f64::from_le_bytes(b.try_into().expect("invariant: chunks of eight bytes")))
    }

    fn many(&mut self, count: usize) -> Option<Vec<f64>> {
        (0..count).map(|_| self.one()).collect()
    }
}

/// The file's layout is that of `bench/README.md`: T, dt, n, G, cs, C, VOLL, M, rk, vj, S, pi, D0, W, a, b, E, P, v, f.
fn inputs(bytes: &[u8], blocks: usize) -> Option<PlanInputs> {
    let mut n = Numbers(bytes.chunks_exact(8));
    let (steps, hours, jobs) = (n.one()? as usize, n.one()?, n.one()? as usize);
    let (grid_mw, surplus_cost, gpu_mw, voll) = (n.one()?, n.one()?, n.one()?, n.one()?);
    let (tier_mw, tier_value, inference_value) = (n.many(3)?, n.many(3)?, n.many(3)?);
    let (surplus, price, floor) = (n.many(steps)?, n.many(steps)?, n.many(steps)?);
    let wanted: Vec<Vec<f64>> = (0..3).map(|_| n.many(steps)).collect::<Option<_>>()?;
    let (first, end, work, power, value, fine) = (
        n.many(jobs)?,
        n.many(jobs)?,
        n.many(jobs)?,
        n.many(jobs)?,
        n.many(jobs)?,
        n.many(jobs)?,
    );

    let second = (hours * 3600.0).round() as i64;
    let grid = TimeGrid::from_boundaries((0..=steps as i64).map(|i| i * second).collect()).ok()?;
    let flat = |x: f64| vec![x; steps];
    let node = |id: &str, parent, limit: f64| NodeInput {
        id: id.into(),
        parent,
        limit: flat(limit),
        export: 0.0,
        factor: flat(1.0),
    };
    let tier = |mw: Vec<f64>, value: f64| TierInput {
        mw,
        value: flat(value),
        penalty: flat(0.0),
        must_serve: false,
    };
    let mut inference = vec![tier(floor, voll)];
    inference.extend(
        wanted
            .into_iter()
            .zip(&inference_value)
            .map(|(mw, v)| tier(mw, *v)),
    );
    let mut stacks = vec![StackInput {
        id: "inference".into(),
        node: 1,
        used_for: Use::Inference,
        tiers: inference,
    }];
    let mut pools = Vec::new();
    for (k, (mw, value)) in tier_mw.iter().zip(&tier_value).enumerate() {
        if blocks == 0 {
            let tiers = vec![tier(flat(*mw), *value)];
            stacks.push(StackInput {
                id: format!("tier {k}"),
                node: 0,
                used_for: Use::Hashing,
                tiers,
            });
        } else {
            // One device of the tier's MW / blocks; off, or 0.6 to 1 of its power.
            let size = mw / blocks as f64;
            let block = BlockState {
                devices: 1.0,
                on: false,
                hours_in_state: f64::INFINITY,
                starts_today: 0,
            };
            pools.push(PoolInput {
                id: format!("tier {k}"),
                node: 0,
                points: vec![(0.6 * size, 0.6 * size), (size, size)],
                revenue: flat(*value),
                adder: flat(0.0),
                scale: flat(1.0),
                min_on: 6.0 * hours,
                min_off: 3.0 * hours,
                start_cost: 2.0 * size,
                wake: 0.0,
                starts_per_day: None,
                day: Vec::new(),
                blocks: vec![block; blocks],
            });
        }
    }
    let job = |j: usize| JobInput {
        id: format!("job {j}"),
        node: 1,
        gpu_mw: 1.0,
        first: first[j] as usize,
        end: end[j] as usize,
        work: work[j],
        gangs: Gangs::Divisible(power[j]),
        value: value[j],
        deadline: i64::MAX,
        late_per_hour: 0.0,
        unmet: fine[j],
        restart: 0.0,
        min_run: 0.0,
        running: 0,
        running_hours: 0.0,
        after: Vec::new(),
        beyond: 0.0,
        beyond_cost: None,
    };
    let limit = 1e4;
    Some(PlanInputs {
        grid,
        nodes: vec![node("site", None, limit), node("gpus", Some(0), gpu_mw)],
        supplies: vec![
            SupplyInput {
                id: "surplus".into(),
                node: 0,
                available: surplus,
                cost: flat(surplus_cost),
            },
            SupplyInput {
                id: "grid".into(),
                node: 0,
                available: flat(grid_mw),
                cost: price,
            },
        ],
        stacks,
        pools,
        jobs: (0..jobs).map(job).collect(),
        job_adder: flat(0.0),
        ramps: Vec::new(),
        demand: Vec::new(),
    })
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

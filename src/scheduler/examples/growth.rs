//! How the time of a plan grows with its jobs and with its steps: a Markdown table.
//!
//! `growth [SIZE]`: a full instance of that size (default 0.1) with 1, 2, 4 and 8 times
//! the jobs of a day, and with 1, 2, 4 and 8 times its steps.

#[path = "../benches/full/mod.rs"]
#[expect(dead_code, reason = "no job is added here")]
mod full;
#[path = "../benches/full/measure.rs"]
mod measure;

use std::process::ExitCode;

use full::{Shape, instance};
use swingload_scheduler::plan::{Budget, plan};

fn main() -> ExitCode {
    let size = std::env::args()
        .nth(1)
        .map_or(Some(0.1), |text| text.parse().ok())
        .filter(|size: &f64| *size > 0.0 && size.is_finite());
    let Some(size) = size else {
        eprintln!("the size is a number above 0, 1 being 2,000 MW\nusage: growth [SIZE]");
        return ExitCode::from(2);
    };
    let day = Shape::day(1, size);
    println!("| jobs | steps | CPU s | gap, % of G |");
    println!("| ---: | ---: | ---: | ---: |");
    for times in [1, 2, 4, 8] {
        row(Shape {
            jobs: day.jobs * times,
            ..day
        });
    }
    for times in [2, 4, 8] {
        row(Shape {
            steps: day.steps * times,
            ..day
        });
    }
    ExitCode::SUCCESS
}

fn row(shape: Shape) {
    let inputs = instance(shape);
    let (planned, seconds) = measure::timed(|| plan(&inputs, Budget::STUDY));
    let gap = 100.0 * (planned.bound - planned.value()) / (planned.bound - planned.asap).max(1e-9);
    println!(
        "| {} | {} | {seconds:.2} | {gap:.1} |",
        shape.jobs, shape.steps
    );
}

//! Scratch.
#[path = "../benches/full/mod.rs"]
#[allow(dead_code, unused_imports)]
mod full;
use full::{Shape, instance};
use swingload_scheduler::plan::{Budget, plan};
fn main() {
    let a: Vec<String> = std::env::args().skip(1).collect();
    for set in a.iter().map(|s| s.split(',').collect::<Vec<_>>()) {
        let mut inputs = instance(Shape::day(1, 0.1));
        for x in &set {
            match *x {
                "ramp" => inputs.ramps.clear(),
                "demand" => inputs.demand.clear(),
                "mem" => {
                    for p in &mut inputs.pools {
                        p.min_on = 0.0;
                        p.min_off = 0.0;
                        p.start_cost = 0.0;
                        p.wake = 0.0;
                        p.starts_per_day = None;
                    }
                }
                "gang" => {
                    for j in &mut inputs.jobs {
                        j.gangs = swingload_scheduler::inputs::Gangs::Divisible(j.gangs.max());
                    }
                }
                "restart" => {
                    for j in &mut inputs.jobs {
                        j.restart = 0.0;
                    }
                }
                "minrun" => {
                    for j in &mut inputs.jobs {
                        j.min_run = 0.0;
                    }
                }
                "dep" => {
                    for j in &mut inputs.jobs {
                        j.after.clear();
                    }
                }
                "jobs" => inputs.jobs.clear(),
                _ => {}
            }
        }
        let p = plan(&inputs, Budget::STUDY);
        println!(
            "{set:?} value {:.0} bound {:.0} gap {:.0} over asap {:.0}",
            p.value(),
            p.bound,
            p.bound - p.value(),
            p.value() - p.asap
        );
    }
}

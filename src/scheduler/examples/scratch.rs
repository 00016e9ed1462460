#[path = "../benches/full/mod.rs"]
#[allow(dead_code)]
mod full;
use full::{Shape, instance};
use swingload_scheduler::inputs::*;
use swingload_scheduler::plan::{Budget, plan};
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let size: f64 = args[1].parse().unwrap();
    let mut shape = Shape::day(1, size);
    if let Some(j) = args.get(2) { shape.jobs = j.parse().unwrap(); }
    let mut cases: Vec<(&str, Box<dyn Fn(&mut PlanInputs)>)> = vec![
        ("all", Box::new(|_| {})),
        ("no ramps", Box::new(|i| i.ramps.clear())),
        ("no demand", Box::new(|i| i.demand.clear())),
        ("no ramps, demand", Box::new(|i| { i.demand.clear(); i.ramps.clear() })),
        ("+no jobs", Box::new(|i| { i.demand.clear(); i.ramps.clear(); i.jobs.clear() })),
        ("+no pools", Box::new(|i| { i.demand.clear(); i.ramps.clear(); i.pools.clear() })),
        ("no gangs etc", Box::new(|i| { for j in &mut i.jobs { j.gangs = Gangs::Divisible(j.gangs.max()); j.restart = 0.0; j.min_run = 0.0; j.after.clear(); j.running = 0; } })),
        ("no minimums", Box::new(|i| for p in &mut i.pools { p.min_on = 0.0; p.min_off = 0.0; p.start_cost = 0.0; p.wake = 0.0; p.starts_per_day = None })),
        ("no deps", Box::new(|i| for j in &mut i.jobs { j.after.clear() })),
        ("no restart", Box::new(|i| for j in &mut i.jobs { j.restart = 0.0; j.min_run = 0.0 })),
    ];
    if args.len() > 3 { cases.truncate(args[3].parse().unwrap()); }
    for (name, change) in cases {
        let mut inputs = instance(shape);
        change(&mut inputs);
        for (b, bound) in [("study", 40), ("bound 400", 400)] {
            let p = plan(&inputs, Budget { bound, ..Budget::STUDY });
            println!("{name:20} {b:10} value {:.0} bound-value {:.0} value-asap {:.0} excess {:.3} overload {:.3} caps {}", p.value(), p.bound - p.value(), p.value() - p.asap, p.evaluated.ramp_excess, p.evaluated.overload, p.caps.is_some());
        }
    }
}

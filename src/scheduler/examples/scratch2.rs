#[path = "../benches/full/mod.rs"]
#[allow(dead_code, unused_imports)]
mod full;
use full::{Shape, instance};
use swingload_scheduler::plan::{Budget, plan};
fn main() {
    let mut shape = Shape::day(1, 0.1);
    shape.jobs = 200;
    let inputs = instance(shape);
    let mut free = inputs.clone();
    free.ramps.clear();
    let b = Budget { bound: 0, asap: false, ..Budget::STUDY };
    let (p, q) = (plan(&inputs, b), plan(&free, b));
    for r in &inputs.ramps { println!("ramp {:?}", r); }
    let (po, qo) = (p.outcomes(&inputs), q.outcomes(&free));
    let load = |o: &swingload_scheduler::evaluate::StepOutcome, t: usize, site: usize| -> (f64, f64, f64) {
        let st: f64 = inputs.stacks.iter().enumerate().filter(|(_, s)| inputs.is_below(s.node, site)).map(|(i, _)| o.power.stacks[i]).sum();
        let bl: f64 = inputs.pools.iter().enumerate().filter(|(_, s)| inputs.is_below(s.node, site)).map(|(i, _)| o.power.blocks[i].iter().sum::<f64>()).sum();
        let jb: f64 = inputs.jobs.iter().enumerate().filter(|(_, s)| inputs.is_below(s.node, site)).map(|(i, j)| o.power.jobs[i] * j.gpu_mw * inputs.nodes[j.node].factor[t]).sum();
        (st, bl, jb)
    };
    for t in 0..288 {
        let g = &inputs.supplies[inputs.supplies.len() - 1];
        print!("{t} price {:.0}", g.cost[t]);
        for site in [1, 2] {
            let (a, b) = (load(&po[t], t, site), load(&qo[t], t, site));
            print!(" | site {site} lim {:.0} ramp {:.1} {:.1} {:.1} free {:.1} {:.1} {:.1} marg {:.0} {:.0}", inputs.nodes[site].limit[t], a.0, a.1, a.2, b.0, b.1, b.2, po[t].marginal[site], qo[t].marginal[site]);
        }
        println!();
    }
}

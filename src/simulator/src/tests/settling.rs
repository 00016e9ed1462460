//! Bills checked by hand.

use swingload_model::scenario::Faults;
use swingload_scheduler::event::Action;

use super::support::{SITE, input, job, lines, scenario, scripted};

const START: &str = "2026-03-01T06:00:00Z";

#[test]
fn an_idle_site_pays_for_its_overheads() {
    let study = input(
        scenario(SITE, START, 2, 60, &[]),
        &[40.0, -10.0],
        &[0.1],
        &[0.0],
        vec![],
    );
    let run = scripted(&study, &Faults::default(), |_, _| {});
    let site = &study.scenario.site;
    let mine = 1600 * site.pools[0].sleep.get() * 3600 * 105 / 100 + 50_000 * 3600;
    let ai = 1024 * site.gpu_pools[0].idle.get() * 3600 * 120 / 100 + 80_000 * 3600;
    let drawn = mine + ai;
    assert_eq!(run.load_energy[3][0] + run.load_energy[4][0], drawn);
    // Surplus at 9 (its export price) goes before the grid at 40, and after it at -10.
    assert_eq!(run.supply_energy[0], [360_000_000, 0]);
    assert_eq!(run.supply_energy[1], [drawn - 360_000_000, drawn]);
    let bill = lines(&run);
    // All of the 0.1 MW is used in the first hour, and exported at 9 in the second.
    assert_eq!(bill["Energy surplus"], -600_000, "0.2 MWh at 3");
    assert_eq!(bill["Export surplus"], 900_000, "0.1 MWh at 9");
    let mwh = |joules: i64| joules as f64 / 3.6e9;
    let grid = -40.0 * mwh(drawn - 360_000_000) + 10.0 * mwh(drawn);
    assert!((bill["Energy grid"] as f64 - grid * 1e6).abs() <= 1.0);
    assert!((bill["Adder wires"] as f64 + 5e6 * mwh(2 * drawn)).abs() <= 1.0);
}

#[test]
fn demand_is_charged_by_the_local_month_across_a_clock_change() {
    // 2026-04-01 begins in Chicago at 05:00 UTC (summer time since 8 March).
    let study = input(
        scenario(SITE, "2026-03-31T23:00:00Z", 12, 60, &[]),
        &[40.0],
        &[0.0],
        &[0.0],
        vec![],
    );
    let points = study.scenario.site.pools[0].points.len();
    let run = scripted(&study, &Faults::default(), |t, world| {
        let mut at_point = vec![0; points];
        at_point[points - 1] = if t == 5 || t == 6 { 200 } else { 0 };
        for block in 0..8 {
            let _ = world.apply(&Action::SetBlock {
                pool: 0,
                block,
                at_point: at_point.clone(),
            });
        }
    });
    let line = run
        .ledger
        .lines
        .iter()
        .find(|l| l.id == "peak")
        .expect("demand line");
    let peak_kw = run.node_peak[0] as f64 / 1000.0;
    let march: i64 = line.steps[..6].iter().sum();
    assert!(
        (march as f64 + 2e6 * peak_kw).abs() < 3e3,
        "all that is left of March bears March: {march}"
    );
    let april: i64 = line.steps[6..].iter().sum();
    // The run covers 6 of April's 720 local hours.
    assert!(
        (april as f64 + 2e6 * peak_kw * 6.0 / 720.0).abs() < 3e3,
        "{april}"
    );
    assert!(line.steps[5] < 0, "booked where the peak rises");
    assert_eq!(&line.steps[7..], [0, 0, 0, 0, 0]);
}

#[test]
fn inference_earns_by_actual_demand() {
    let study = input(
        scenario(SITE, START, 3, 60, &[]),
        &[40.0],
        &[0.0],
        &[200.0],
        vec![],
    );
    let run = scripted(&study, &Faults::default(), |t, world| {
        assert!(world.apply(&Action::SetService {
            service: 0,
            gpus: [0, 160, 800][t]
        }));
    });
    let step = |id: &str, kind: &str| {
        run.ledger
            .lines
            .iter()
            .find(|l| l.id == id && format!("{:?}", l.kind) == kind)
            .expect("line")
            .steps
            .clone()
    };
    assert_eq!(
        step("chat", "Inference"),
        [0, 330_000_000, 350_000_000],
        "floor of 100 at 3, the rest at 0.5, nothing beyond demand"
    );
    assert_eq!(step("chat", "InferencePenalty"), [-600_000_000, 0, 0]);
    assert_eq!(run.services[0], [0.0, 160.0, 200.0]);
}

#[test]
fn work_is_worth_less_late_and_costs_when_undone() {
    let start = scenario(SITE, START, 4, 60, &[]).grid.start_s(0);
    let mut late = job("late", start, 10, 2.0, 0.0, 1.0);
    late.restart = swingload_model::time::Seconds::ZERO;
    let undone = job("undone", start, 10, 1.0, 0.0, 0.5);
    let mut open = job("open", start, 10, 1.0, 0.0, 30.0);
    open.id = "open".into();
    let study = input(
        scenario(SITE, START, 4, 60, &[]),
        &[40.0],
        &[0.0],
        &[0.0],
        vec![late, undone, open],
    );
    let run = scripted(&study, &Faults::default(), |_, world| {
        let _ = world.apply(&Action::SetJob { job: 0, gpus: 10 });
    });
    let bill = lines(&run);
    assert_eq!(
        bill["JobValue jobs on h100"], 30_000_000,
        "20 GPU-hours at 1.5"
    );
    // The second hour is half an hour late on average: 10 GPU-hours x 0.1 x 0.5.
    assert_eq!(bill["JobLateness jobs on h100"], -500_000);
    assert_eq!(
        bill["JobUnmet jobs on h100"], -5_000_000,
        "10 GPU-hours at 0.5; open work costs nothing"
    );
    assert!(!run.jobs[2].closed);
}

#[test]
fn where_there_is_no_grid_hashing_is_shed_first() {
    let site = SITE
        .split("[[supply]]\nid = \"grid\"")
        .next()
        .expect("first part")
        .to_owned()
        + "[[tariff]]"
        + SITE.split_once("[[tariff]]").expect("tariffs").1;
    let study = input(
        scenario(&site, START, 2, 60, &[]),
        &[40.0],
        &[3.0, 0.2],
        &[100.0],
        vec![],
    );
    let points = study.scenario.site.pools[0].points.len();
    let run = scripted(&study, &Faults::default(), |_, world| {
        let mut at_point = vec![0; points];
        at_point[points - 1] = 200;
        for block in 0..8 {
            let _ = world.apply(&Action::SetBlock {
                pool: 0,
                block,
                at_point: at_point.clone(),
            });
        }
        let _ = world.apply(&Action::SetService {
            service: 0,
            gpus: 104,
        });
    });
    assert_eq!(
        run.supply_energy[0],
        [3_000_000 * 3600, 200_000 * 3600],
        "all there is, no more"
    );
    assert_eq!(
        run.services[0][0], 100.0,
        "inference is spared while hashing can give"
    );
    assert_eq!(run.load_energy[0][1], 0, "then there is none left");
    assert!(run.services[0][1] < 100.0);
    assert_eq!(run.incidents.shed_steps, 2);
    for (uses, supply) in super::support::balance(&run) {
        assert_eq!(uses, supply);
    }
}

#[test]
fn a_call_over_part_of_a_step_bears_that_part_of_the_penalty() {
    // The series called surplus stands in for calls here: a quarter of the hour, then all of it.
    let mut study = input(
        scenario(SITE, START, 2, 60, &[]),
        &[40.0],
        &[0.25, 1.0],
        &[0.0],
        vec![],
    );
    study
        .scenario
        .site
        .programmes
        .push(swingload_model::site::Programme {
            id: "reserve".into(),
            capacity_mw: 1.0,
            availability: swingload_model::site::Amount::Constant(10.0),
            calls: Some("surplus".into()),
            firm_mw: 0.0,
            penalty_per_mwh: 100.0,
            months_per_year: 12,
        });
    let run = scripted(&study, &Faults::default(), |_, _| {});
    let bill = lines(&run);
    assert_eq!(bill["Availability reserve"], 7_500_000);
    let mwh: Vec<f64> = (0..2)
        .map(|t| run.load_energy.iter().map(|l| l[t]).sum::<i64>() as f64 / 3.6e9)
        .collect();
    let owed = 100e6 * (0.25 * mwh[0] + mwh[1]);
    assert!((bill["CallPenalty reserve"] as f64 + owed).abs() <= 1.0);
}

#[test]
fn a_price_without_a_grid_is_that_of_the_dearest_block_in_use() {
    let price = |diesel: &str| {
        let block = format!(
            "[[supply]]\nid = \"diesel\"\nkind = \"generation\"\navailable_mw = 0\nprice_per_mwh = {diesel}\n"
        );
        let site = SITE.replace("kind = \"grid\"", "kind = \"generation\"");
        let site = site.replace(
            "[[tariff]]\nkind = \"adder\"",
            &(block + "[[tariff]]\nkind = \"adder\""),
        );
        let shape = scenario(&site, START, 6, 60, &["always_on"]);
        let start = shape.grid.start_s(0);
        let jobs = vec![job("open", start, 64, 9.0, 0.0, 30.0)];
        let study = input(shape, &[60.0], &[1.0], &[0.0], jobs);
        crate::run::simulate(&study, &|_| {}).expect("runs")
    };
    let (cheap, dear) = (price("60"), price("1500"));
    let of = |study: &crate::run::Study| study.summary.policies["always_on"].clone();
    assert_eq!(of(&cheap).prices.time_weighted, 60.0);
    assert_eq!(of(&dear).prices, of(&cheap).prices);
    assert_eq!(
        of(&dear).value,
        of(&cheap).value,
        "nothing was drawn from it"
    );
}

/// A supply without a limit is written as a large one; beyond what joules are counted in it
/// is refused by name.
#[test]
fn unlimited_supply_is_summed_without_overflow() {
    let run = |megawatts: f64| {
        let shape = scenario(SITE, START, 6, 60, &["always_on"]);
        let study = input(shape, &[60.0], &[megawatts], &[0.0], vec![]);
        crate::run::simulate(&study, &|_| {})
    };
    let study = run(1e7).expect("runs");
    let energy = &study.summary.policies["always_on"].energy;
    assert_eq!(energy.supply["surplus"].available_mwh, 6e7);
    let refused = run(1e9).expect_err("more than the world");
    let crate::run::Error::Beyond(beyond) = refused else {
        panic!("{refused}");
    };
    assert_eq!(beyond.name, "data.surplus");
}

#[test]
fn at_equal_cost_every_hall_takes_its_own_surplus() {
    let own = |id: &str, node: &str| {
        format!(
            "[[supply]]\nid = \"{id}\"\nnode = \"{node}\"\nkind = \"surplus\"\navailable_mw = 9\nprice_per_mwh = 3\n\n"
        )
    };
    let region = |id: &str| {
        format!(
            "[[nodes]]\nid = \"{id}\"\nparent = \"poi\"\nkind = \"region\"\nrating_mw = 12\nexport_mw = 12\n\n"
        )
    };
    let blocks = own("at-ai", "south") + &own("at-mine", "north") + "[[supply]]\nid = \"grid\"";
    let site = SITE
        .replace("[[supply]]\nid = \"grid\"", &blocks)
        .replace(
            "id = \"mine\"\nparent = \"poi\"",
            "id = \"mine\"\nparent = \"north\"",
        )
        .replace(
            "id = \"ai\"\nparent = \"poi\"",
            "id = \"ai\"\nparent = \"south\"",
        )
        .replacen(
            "[[supply]]",
            &(region("north") + &region("south") + "[[supply]]"),
            1,
        );
    let study = input(
        scenario(&site, START, 1, 60, &[]),
        &[40.0],
        &[0.0],
        &[0.0],
        vec![],
    );
    let points = study.scenario.site.pools[0].points.len();
    let run = scripted(&study, &Faults::default(), |_, world| {
        let mut at_point = vec![0; points];
        at_point[points - 1] = 200;
        for block in 0..8 {
            let at_point = at_point.clone();
            let _ = world.apply(&Action::SetBlock {
                pool: 0,
                block,
                at_point,
            });
        }
    });
    let at = |node: usize| -> i64 {
        let loads = crate::load::Loads::new(&study.scenario.site).all;
        let energy = loads
            .iter()
            .zip(&run.load_energy)
            .filter(|(l, _)| l.node == node);
        energy.map(|(_, e)| e[0]).sum()
    };
    let tree = &study.scenario.site.tree;
    let node = |id: &str| {
        (0..tree.len())
            .find(|n| tree.node(*n).id == id)
            .expect("node")
    };
    assert_eq!(
        run.supply_energy[1][0],
        at(node("ai")),
        "the first of the file"
    );
    assert_eq!(run.supply_energy[2][0], at(node("mine")));
}

#[test]
fn a_tenant_that_trains_may_draw_from_the_grid_under_the_surplus_rule() {
    let site = SITE.to_owned()
        + r#"
[surplus_only]
quantile_pct = 10

[[commitments]]
kind = "hosting"
id = "tenant"
node = "ai"
use = "training"
power_mw = 1
contracted_mw = 1
price_per_mwh = 200
penalty_per_mwh = 300
"#;
    let shape = scenario(&site, START, 4, 60, &["always_on"]);
    let study = input(shape, &[40.0], &[0.0], &[0.0], vec![]);
    let study = crate::run::simulate(&study, &|_| {}).expect("runs");
    let policy = &study.summary.policies["always_on"];
    assert!(policy.energy.by_use_mwh["training"] > 3.9, "it is served");
    assert_eq!(policy.energy.by_use_mwh["hashing"], 0.0);
    assert_eq!(policy.incidents.beyond_surplus_mwh, 0.0);
}

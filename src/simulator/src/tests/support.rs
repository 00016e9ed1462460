//! Worlds in a line: sites and scenarios from text, series from slices, scripted drivers.

use std::collections::BTreeMap;

use swingload_model::catalogue::Catalogue;
use swingload_model::job::Job;
use swingload_model::scenario::{Faults, Scenario};
use swingload_model::series::{Series, Unit};
use swingload_model::time::{Seconds, TimeGrid};
use swingload_model::units::Money;

use crate::after::After;
use crate::load::Loads;
use crate::record::{PolicyRun, StepReason};
use crate::run::recorder::{self, Driver};
use crate::run::{Context, StudyInput};
use crate::truth::Truth;
use crate::world::World;

/// A hall for miners and one for GPUs below one 12 MW connection, surplus and grid.
pub(crate) const SITE: &str = r#"
name = "test"
currency = "USD"
time_zone = "America/Chicago"

[[nodes]]
id = "poi"
kind = "interconnect"
rating_mw = 12

[[nodes]]
id = "mine"
parent = "poi"
kind = "hall"
rating_mw = 7
hall = { fixed_overhead_kw = 50, marginal_pue = 1.05 }

[[nodes]]
id = "ai"
parent = "poi"
kind = "hall"
rating_mw = 4
hall = { fixed_overhead_kw = 80, marginal_pue = 1.2 }

[[supply]]
id = "surplus"
kind = "surplus"
available_mw = { series = "surplus" }
price_per_mwh = 3
export_price_per_mwh = 9
carbon_g_per_kwh = 0

[[supply]]
id = "grid"
kind = "grid"
available_mw = 12
price_per_mwh = { series = "price" }
carbon_g_per_kwh = 400

[[tariff]]
kind = "adder"
id = "wires"
per_mwh = 5

[[tariff]]
kind = "demand"
id = "peak"
per_kw_month = 2

[[pools]]
id = "s21"
node = "mine"
model = "Antminer S21"
count = 1600
wake_s = 600
wear_per_start = 0.1
pool_fee = 0.02

[[gpu_pools]]
id = "h100"
node = "ai"
model = "H100"
count = 1024

[[services]]
id = "chat"
gpu_pool = "h100"
gpus_per_replica = 8
demand_gpus = { series = "demand" }
floor_gpus = { series = "demand", scale = 0.5 }
floor_value_per_gpu_h = 3.0
floor_penalty_per_gpu_h = 6.0
tiers = [{ share = 1.0, value_per_gpu_h = 0.5 }]
"#;

/// A scenario of the site over `hours` at `step_min`, running `policies`.
pub(crate) fn scenario(
    site: &str,
    start: &str,
    hours: i64,
    step_min: i64,
    policies: &[&str],
) -> Scenario {
    // A scenario needs a policy; scripts bring their own driver.
    let policies = if policies.is_empty() {
        &["always_on"]
    } else {
        policies
    };
    let from: jiff::Timestamp = start.parse().expect("instant");
    let end = from
        .checked_add(Seconds::from_hours(hours as f64).get().seconds())
        .expect("instant");
    let text = format!(
        r#"
title = "test"
description = "A small world."
site = "site.toml"
seed = 5
[period]
start = "{start}"
end = "{end}"
step_min = {step_min}
history_days = 1
[data.price]
unit = "USD/MWh"
constant = 40
publication = "start"
[data.surplus]
unit = "MW"
constant = 2
publication = "start"
[data.demand]
unit = "GPU"
constant = 200
publication = "start"
[data.temperature]
unit = "degC"
constant = 20
publication = "start"
[data.btc]
unit = "USD/BTC"
constant = 60000
publication = "start"
[data.difficulty]
unit = "difficulty"
constant = 9.0e13
publication = "start"
[mining]
btc_price = "btc"
difficulty = "difficulty"
[forecast]
model = "perfect"
[planning]
horizon = [{{ until_h = 24, step_min = {step_min} }}]
[policies]
run = {policies:?}
"#
    );
    let built = Scenario::from_toml(
        "scenario.toml",
        &text,
        "site.toml",
        site,
        &[],
        &Catalogue::embedded(),
    );
    built.unwrap_or_else(|error| panic!("{error}"))
}

use jiff::ToSpan;

/// Hourly values repeated over the scenario and a day before it.
pub(crate) fn series(scenario: &Scenario, name: &str, unit: &str, values: &[f64]) -> Series {
    let from = scenario.grid.start_s(0) - 86_400;
    let until = scenario.grid.end_s(scenario.grid.len() - 1) + 86_400 * 2;
    let hours = (until - from) / 3600;
    let grid =
        TimeGrid::from_boundaries((0..=hours).map(|h| from + h * 3600).collect()).expect("grid");
    let values: Vec<f64> = (0..hours as usize)
        .map(|h| values[h % values.len()])
        .collect();
    Series::from_steps(name, Unit::parse(unit).expect("unit"), &grid, &values).expect("series")
}

/// The scenario's input with these hourly prices, surplus MW and GPUs asked for.
pub(crate) fn input(
    scenario: Scenario,
    price: &[f64],
    surplus: &[f64],
    demand: &[f64],
    jobs: Vec<Job>,
) -> StudyInput {
    let rows = [
        ("price", "USD/MWh", price),
        ("surplus", "MW", surplus),
        ("demand", "GPU", demand),
        ("temperature", "degC", &[20.0]),
        ("btc", "USD/BTC", &[60_000.0]),
        ("difficulty", "difficulty", &[9.0e13]),
    ];
    let series = rows
        .iter()
        .map(|(name, unit, values)| ((*name).to_owned(), series(&scenario, name, unit, values)));
    StudyInput {
        series: series.collect(),
        scenario,
        jobs,
    }
}

/// A job of `gang` GPUs over `hours`, released and due so many hours after `start`.
pub(crate) fn job(
    id: &str,
    start: i64,
    gang: u32,
    hours: f64,
    release_h: f64,
    deadline_h: f64,
) -> Job {
    let after = |h: f64| start + Seconds::from_hours(h).get();
    Job {
        id: id.into(),
        tenant: "lab".into(),
        gpu_pool: 0,
        release: after(release_h),
        deadline: after(deadline_h),
        latest: after(deadline_h + 2.0),
        work: i64::from(gang) * Seconds::from_hours(hours).get(),
        gangs: vec![gang],
        value: Money::from_units(1.5),
        unmet_penalty: Money::from_units(0.5),
        lateness_penalty: Money::from_units(0.1),
        min_runtime: Seconds::ZERO,
        checkpoint_interval: Seconds::new(3600),
        checkpoint_cost: Seconds::new(60),
        restart: Seconds::new(300),
        notice: Seconds::new(300),
        tier: 0,
        depends_on: vec![],
    }
}

/// A driver that does what a closure says.
pub(crate) struct Script<F>(pub(crate) F);

impl<F: FnMut(usize, &mut World<'_>)> Driver for Script<F> {
    fn step(&mut self, t: usize, _: i64, _: i64, _: Option<&[i64]>, world: &mut World<'_>) {
        if t == 0 {
            (0..1000).for_each(|_| world.gpus.submit());
        }
        (self.0)(t, world);
    }

    fn reasons(&mut self, _: usize, _: &mut Vec<StepReason>) -> Option<f64> {
        None
    }

    fn incidents(&self) -> u64 {
        0
    }
}

/// Runs a script and returns what it left.
pub(crate) fn scripted(
    input: &StudyInput,
    faults: &Faults,
    script: impl FnMut(usize, &mut World<'_>),
) -> PolicyRun {
    let truth = Truth::new(&input.scenario, &input.series).expect("series cover the run");
    let loads = Loads::new(&input.scenario.site);
    let after = After::new(&input.scenario.site, &truth, &input.jobs);
    let context = Context {
        scenario: &input.scenario,
        series: &input.series,
        truth,
        after,
        loads,
        jobs: input.jobs.clone(),
        never_runs: vec![false; input.jobs.len()],
    };
    recorder::run(&context, "script", faults, Script(script), &|_| {}).expect("money fits")
}

/// Facility joules of all loads and all supplies in every step.
pub(crate) fn balance(run: &PolicyRun) -> Vec<(i64, i64)> {
    let steps = run.carbon.len();
    let sum = |columns: &[Vec<i64>], t: usize| columns.iter().map(|c| c[t]).sum::<i64>();
    (0..steps)
        .map(|t| (sum(&run.load_energy, t), sum(&run.supply_energy, t)))
        .collect()
}

/// Sum of a map's values of series by name; keeps tests short.
pub(crate) fn lines(run: &PolicyRun) -> BTreeMap<String, i64> {
    let mut all = BTreeMap::new();
    for line in &run.ledger.lines {
        *all.entry(format!("{:?} {}", line.kind, line.id))
            .or_insert(0) += line.total.get();
    }
    all
}

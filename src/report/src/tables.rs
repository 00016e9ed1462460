//! The tables of a run, for the terminal and the page alike.

mod breakeven;
mod split;

pub(crate) use breakeven::{Shown, breakeven};
pub(crate) use split::{forecasters, split};

use swingload_model::site::tree::NodeKind;
use swingload_model::units::JOULES_PER_MWH;
use swingload_simulator::PolicyRun;
use swingload_simulator::ledger::LineKind;
use swingload_simulator::load::LoadKind;
use swingload_simulator::results::{AnnualBasis, AnnualLine};
use swingload_simulator::results::{Levers, RunBin, Summary};

use crate::Results;
use crate::html::{Bin, Cell, Column, Histogram, Table};
use crate::words::{line_kind, thousands};

/// Name of a lever, its part of the money, and what it is.
type Lever = (&'static str, fn(&Levers) -> f64, &'static str);

/// The levers with what they are, in the order of the waterfall.
pub(crate) const LEVERS: [Lever; 6] = [
    (
        "break-even",
        |l| l.breakeven,
        "Stopping and starting miners at their break-even price.",
    ),
    (
        "under\u{ad}clocking",
        |l| l.underclocking,
        "Running miners below their top point.",
    ),
    (
        "shifting",
        |l| l.shifting,
        "Moving and choosing jobs, inference and hosting.",
    ),
    (
        "peaks",
        |l| l.peaks,
        "Avoiding demand charges, coincident peaks and power limits.",
    ),
    (
        "programmes",
        |l| l.programmes,
        "Programme payments less penalties.",
    ),
    (
        "surplus",
        |l| l.surplus,
        "Supply cheaper than the grid, and contracts.",
    ),
];

/// Share of the device-hours that answered in which devices were awake, %; NaN without miners.
pub(crate) fn uptime(run: &PolicyRun) -> f64 {
    let sum = |part: fn(&swingload_simulator::record::PoolColumns) -> i64| {
        run.pools.iter().map(part).sum::<i64>() as f64
    };
    100.0 * sum(|p| p.awake_s) / sum(|p| p.available_s)
}

/// One row per policy: money and operation side by side.
pub(crate) fn policies(results: &Results) -> Table {
    let mut table = money(results);
    let more = operation(results);
    table.columns.extend(more.columns.into_iter().skip(1));
    for (row, more) in table.rows.iter_mut().zip(more.rows) {
        row.extend(more.into_iter().skip(1));
    }
    if !more.note.is_empty() {
        table.note += &format!(" {}", more.note);
    }
    table
}

/// The table less the columns that hold nothing in any row.
pub(crate) fn without_empty(mut table: Table) -> Table {
    for c in (1..table.columns.len()).rev() {
        if table.rows.iter().all(|row| row[c] == Cell::Empty) {
            table.columns.remove(c);
            table.rows.iter_mut().for_each(|row| drop(row.remove(c)));
        }
    }
    table
}

/// One row per policy: what it earned, and what was left.
pub(crate) fn money(results: &Results) -> Table {
    let currency = &results.summary().currency;
    let columns = [
        column("policy", "", 0, ""),
        column("value", currency, 0, "All lines of the bill of the period."),
        column(
            "gain",
            "% of G",
            1,
            "(value - asap) / G, where G = proven bound - asap.",
        ),
        column(
            "left",
            "% of G",
            1,
            "(bound - value) / G: at most this much more is possible.",
        ),
        column(
            "plan gap",
            "% of value",
            2,
            "(bound - value) / |value|, both summed over its plans: each over its own horizon.",
        ),
        column(
            "per MW-year",
            currency,
            0,
            "Value per usable MW of the connection and year, each line by its own period.",
        ),
        column(
            "energy price",
            &format!("{currency}/MWh"),
            2,
            "Mean: blocks at their price, and what exporting would have earned of what was drawn instead; without charges.",
        ),
        column(
            "with charges",
            &format!("{currency}/MWh"),
            2,
            "The same with charges and taxes per MWh; without demand charges, peaks and contracts.",
        ),
    ];
    let rows = results.policies().map(|(name, p)| {
        vec![
            name.into(),
            p.value.into(),
            p.gain_pct.into(),
            p.left_pct.into(),
            p.plans.and_then(|plans| plans.gap_pct).into(),
            p.value_per_mw_year.into(),
            results.energy_price(p).into(),
            p.prices.effective.into(),
        ]
    });
    let time_weighted = results
        .policies()
        .next()
        .map_or(f64::NAN, |(_, p)| p.prices.time_weighted);
    let mut note = format!(
        "Time-weighted mean price of {}, without charges: {} {currency}/MWh.",
        results.reference_name(),
        thousands(time_weighted, 2)
    );
    if let Some(gain) = &results.summary().gain {
        note += &format!(
            " G is {} {currency}: the proven bound of {} less asap's {}.",
            thousands(gain.gainable, 0),
            thousands(gain.bound, 0),
            thousands(gain.asap, 0)
        );
    }
    note += &annualised(results);
    if results.policies().any(|(_, p)| p.plans.is_some()) {
        note += " Plan gap: what the certificates of its plans leave open, of the plans' own \
                 value, each over its horizon. No more could have been planned from the same \
                 forecasts; part of it is the bounds' own slack.";
    }
    table(results, columns.into(), rows.collect(), note)
}

/// How lines of the bill were annualised that are not by time; empty where all are.
fn annualised(results: &Results) -> String {
    let lines = &results.summary().annualised;
    let say = |line: &AnnualLine| {
        let what = match line.by {
            AnnualBasis::Months => "months charged",
            AnnualBasis::PeakIntervals => "peak intervals",
            AnnualBasis::SeasonDays => "days of its season",
        };
        let (year, run) = (thousands(line.in_year, 0), thousands(line.in_run, 2));
        match line.in_run > 0.0 {
            true => format!("{} by {year} / {run} {what}", line.id),
            false => format!(
                "{} not at all, since none of its {year} {what} lie in the run",
                line.id
            ),
        }
    };
    let mut said: Vec<String> = lines.iter().map(say).collect();
    // The payment and the penalty of a programme are one.
    said.dedup();
    match said.is_empty() {
        true => String::new(),
        false => format!(" Per MW-year counts {}; all else by time.", said.join(", ")),
    }
}

/// One row per policy: what machines and jobs did.
pub(crate) fn operation(results: &Results) -> Table {
    let columns = [
        column("policy", "", 0, ""),
        column("energy", "MWh", 0, "Facility energy drawn."),
        column(
            "hashing",
            "% of time",
            1,
            "Device-hours awake of those that answered.",
        ),
        column("GPU use", "%", 1, "GPU-hours at work of those installed."),
        column("jobs on time", "", 0, "Finished by their deadline."),
        column("late", "", 0, "Finished after their deadline."),
        column("unmet", "", 0, "Out of time with work left."),
        column(
            "emissions",
            "tCO2e",
            0,
            "Of the energy drawn; unknown where a source of it has no carbon intensity.",
        ),
    ];
    let rows = results.policies().map(|(name, p)| {
        let run = results.study.run(name);
        let jobs = |count: u64| (p.jobs.submitted > 0).then_some(count as f64);
        vec![
            name.into(),
            p.energy.total_mwh.into(),
            run.map(uptime).filter(|share| share.is_finite()).into(),
            gpu_use(p).into(),
            jobs(p.jobs.on_time).into(),
            jobs(p.jobs.late).into(),
            jobs(p.jobs.unmet).into(),
            p.emissions.map(|e| e.tonnes).into(),
        ]
    });
    let rows = rows.collect();
    let submitted = results.policies().map(|(_, p)| p.jobs.submitted).max();
    let note = match submitted.unwrap_or(0) {
        0 => String::new(),
        jobs => format!(
            "Jobs released in the run: {}; those neither on time, late nor unmet are open at its end.",
            thousands(jobs as f64, 0)
        ),
    };
    table(results, columns.into(), rows, note)
}

/// GPU-hours at work as a share of those installed, %; `None` without GPUs.
fn gpu_use(p: &Summary) -> Option<f64> {
    let busy: f64 = p.gpus.values().map(|g| g.busy_gpu_h).sum();
    let installed: f64 = p.gpus.values().map(|g| g.installed_gpu_h).sum();
    (installed > 0.0).then_some(100.0 * busy / installed)
}

/// One row per policy: where its difference to the baseline comes from.
pub(crate) fn levers(results: &Results) -> Table {
    let currency = &results.summary().currency;
    let mut columns = vec![column("policy", "", 0, "")];
    columns.extend(
        LEVERS
            .iter()
            .map(|(label, _, help)| column(label, currency, 0, help)),
    );
    columns.push(column("total", currency, 0, "Value less the baseline's."));
    let rows = results.policies().map(|(name, p)| {
        let mut row: Vec<Cell> = vec![name.into()];
        row.extend(
            LEVERS
                .iter()
                .map(|(_, part, _)| Cell::from(part(&p.levers))),
        );
        row.push(p.levers.total.into());
        row
    });
    let rows = rows.collect();
    table(results, columns, rows, String::new())
}

/// One row per line of the bill, of the main policy beside the baseline.
pub(crate) fn bill(results: &Results) -> Table {
    let summary = results.summary();
    let (main, base) = (results.main_policy(), summary.baseline.as_str());
    let mut columns = vec![
        column("line", "", 0, ""),
        column("what", "", 0, ""),
        column(main, &summary.currency, 0, "Positive when the site earns."),
    ];
    // The baseline always runs, but has a column only where it was asked for.
    let beside = base != main && results.policy(base).is_some();
    let compared = [Some(main), beside.then_some(base)];
    if beside {
        columns.push(column(base, &summary.currency, 0, "The baseline."));
    }
    let compared: Vec<&Summary> = compared
        .into_iter()
        .flatten()
        .filter_map(|name| results.policy(name))
        .collect();
    let mut keys = Vec::new();
    for line in compared.iter().flat_map(|p| &p.lines) {
        if !keys.contains(&(&line.id, line.kind)) {
            keys.push((&line.id, line.kind));
        }
    }
    let mut rows: Vec<Vec<Cell>> = keys
        .into_iter()
        .map(|(id, kind)| {
            let mut row = vec![Cell::from(id.as_str()), line_kind(kind).into()];
            row.extend(compared.iter().map(|p| {
                let line = p.lines.iter().find(|l| &l.id == id && l.kind == kind);
                Cell::from(line.map(|l| l.amount))
            }));
            row
        })
        .collect();
    let mut total = vec![Cell::from("value"), Cell::Empty];
    total.extend(compared.iter().map(|p| Cell::from(p.value)));
    rows.push(total);
    let highlight = Some(rows.len() - 1);
    Table {
        columns,
        rows,
        highlight,
        note: String::new(),
    }
}

/// Miner and GPU pools of the main policy; `None` for a site without any.
pub(crate) fn pools(results: &Results) -> Option<Table> {
    let main = results.policy(results.main_policy())?;
    let site = &results.study.scenario.site;
    let currency = &results.summary().currency;
    let columns = vec![
        column("pool", "", 0, ""),
        column("model", "", 0, ""),
        column("installed", "", 0, "Devices, at most."),
        column(
            "in use",
            "%",
            1,
            "Miners: device-hours awake. GPUs: GPU-hours at work.",
        ),
        column("starts", "per device", 1, "Starts per installed device."),
        column(
            "energy",
            "MWh",
            0,
            "Facility energy of awake miners, and of GPUs at work; idle ones are overhead.",
        ),
        column("hashrate", "PH/s", 1, "Mean of the period."),
        column(
            "revenue",
            currency,
            0,
            "Mining, pool fee and rejects off; jobs, lateness off; inference.",
        ),
    ];
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for pool in &site.pools {
        let Some(p) = main.pools.get(&pool.id) else {
            continue;
        };
        rows.push(vec![
            pool.id.as_str().into(),
            pool.model.as_str().into(),
            f64::from(pool.count.max()).into(),
            p.uptime_pct.into(),
            p.starts_per_device.into(),
            p.energy_mwh.into(),
            p.mean_hashrate_ph.into(),
            p.revenue.into(),
        ]);
    }
    for (g, pool) in site.gpu_pools.iter().enumerate() {
        let Some(p) = main.gpus.get(&pool.id) else {
            continue;
        };
        let (energy, revenue) = gpus(results, g);
        rows.push(vec![
            Cell::from(pool.id.as_str()),
            pool.model.as_str().into(),
            f64::from(pool.count.max()).into(),
            p.utilisation_pct.into(),
            Cell::Empty,
            energy.into(),
            Cell::Empty,
            revenue.into(),
        ]);
    }
    (!rows.is_empty()).then(|| Table {
        columns,
        rows,
        highlight: None,
        note: String::new(),
    })
}

/// Facility MWh of the GPUs at work in a pool, and what they earned, by the main policy.
fn gpus(results: &Results, pool: usize) -> (f64, f64) {
    let site = &results.study.scenario.site;
    let run = results.main();
    let served = |v: usize| site.services[v].gpu_pool == pool;
    let joules: i64 = results
        .study
        .loads
        .iter()
        .zip(&run.load_energy)
        .filter(|(load, _)| match load.kind {
            LoadKind::Training(g) => g == pool,
            LoadKind::Service(v) => served(v),
            _ => false,
        })
        .map(|(_, energy)| energy.iter().sum::<i64>())
        .sum();
    let jobs = format!("jobs on {}", site.gpu_pools[pool].id);
    let services = site.services.iter().enumerate();
    let services: Vec<&str> = services
        .filter(|(v, _)| served(*v))
        .map(|(_, s)| s.id.as_str())
        .collect();
    let revenue = run.ledger.lines.iter().filter(|line| match line.kind {
        LineKind::JobValue | LineKind::JobLateness => line.id == jobs,
        LineKind::Inference => services.contains(&line.id.as_str()),
        _ => false,
    });
    let revenue = revenue.map(|line| line.total.as_units()).sum();
    (joules as f64 / JOULES_PER_MWH as f64, revenue)
}

/// Regions of the main policy; `None` for a site with fewer than two.
pub(crate) fn regions(results: &Results) -> Option<Table> {
    let main = results.policy(results.main_policy())?;
    let currency = &results.summary().currency;
    let tree = &results.study.scenario.site.tree;
    let regions = tree
        .nodes()
        .skip(1)
        .filter(|node| node.kind == NodeKind::Region);
    let rows: Vec<Vec<Cell>> = regions
        .filter_map(|node| {
            let n = main.nodes.get(&node.id)?;
            let share = 100.0 * n.surplus_mwh / n.surplus_available_mwh;
            Some(vec![
                node.id.as_str().into(),
                n.energy_mwh.into(),
                n.surplus_mwh.into(),
                Some(share).filter(|s| s.is_finite()).into(),
                n.imported_mwh.into(),
                n.peak_mw.into(),
                n.hours_at_limit.into(),
                n.adders.into(),
                n.taxes.into(),
            ])
        })
        .collect();
    let columns = vec![
        column("region", "", 0, ""),
        column("energy", "MWh", 0, "Facility energy drawn in it."),
        column("surplus", "MWh", 0, "Drawn from its surplus."),
        column("of it", "%", 1, "Share of its surplus that was used."),
        column(
            "import",
            "MWh",
            0,
            "Came in from other regions or the grid.",
        ),
        column("peak", "MW", 1, "Highest mean power of a step."),
        column(
            "at limit",
            "h",
            0,
            "Hours in which its import stood at its limit.",
        ),
        column(
            "contributed",
            currency,
            0,
            "Charges above the blocks' own price: what the use pays towards capacity and wires.",
        ),
        column("taxes", currency, 0, ""),
    ];
    (rows.len() > 1).then(|| Table {
        columns,
        rows,
        highlight: None,
        note: String::new(),
    })
}

/// What was promised and what of it was kept, by the main policy; `None` for a site that
/// promised nothing.
pub(crate) fn promises(results: &Results) -> Option<Table> {
    let main = results.policy(results.main_policy())?;
    let currency = &results.summary().currency;
    let penalty = |id: &str, kind: LineKind| {
        let line = main.lines.iter().find(|l| l.id == id && l.kind == kind);
        line.map_or(0.0, |l| l.amount)
    };
    let hosting = main.hosting.iter().map(|(id, h)| {
        vec![
            id.as_str().into(),
            "hosting, IT MWh".into(),
            h.asked_mwh.into(),
            h.delivered_mwh.into(),
            h.asked_mwh.into(),
            h.missed_mwh.into(),
            penalty(id, LineKind::HostingPenalty).into(),
        ]
    });
    let services = main.services.iter().map(|(id, s)| {
        vec![
            id.as_str().into(),
            "inference, GPU-h".into(),
            s.demand_gpu_h.into(),
            s.served_gpu_h.into(),
            s.floor_gpu_h.into(),
            s.floor_missed_gpu_h.into(),
            penalty(id, LineKind::InferencePenalty).into(),
        ]
    });
    let rows: Vec<Vec<Cell>> = hosting.chain(services).collect();
    let columns = vec![
        column("promise", "", 0, ""),
        column("what", "", 0, ""),
        column("asked", "", 0, "By tenants, or demand for inference."),
        column("delivered", "", 0, ""),
        column(
            "promised",
            "",
            0,
            "Of what was asked: all of hosting, the floor of inference.",
        ),
        column("promised, missed", "", 1, "Promised and not delivered."),
        column("penalty", currency, 0, "For what was promised and missed."),
    ];
    let note = match main.services.is_empty() {
        true => String::new(),
        false => "Of inference only the floor is promised; demand above it is served where it \
                  is worth its power."
            .to_owned(),
    };
    (!rows.is_empty()).then_some(Table {
        columns,
        rows,
        highlight: None,
        note,
    })
}

/// What went wrong, one row for each policy that met something; `None` when none did.
pub(crate) fn incidents(results: &Results) -> Option<Table> {
    let count = |n: u64| (n > 0).then_some(n as f64);
    let amount = |mwh: f64| (mwh > 0.0).then_some(mwh);
    let rows: Vec<Vec<Cell>> = results
        .policies()
        .filter_map(|(name, p)| {
            let i = &p.incidents;
            let found = [
                count(i.limit_exceeded_steps),
                amount(i.limit_exceeded_mwh),
                count(i.ramp_exceeded_steps),
                amount(i.beyond_supply_mwh),
                amount(i.beyond_surplus_mwh),
                amount(i.shed_mwh),
                count(i.device_failures),
                count(i.commands_refused),
                count(i.early_switches),
                count(i.gpu_overcommitments),
                count(p.checks.handed_out.total()),
                count(p.checks.sent.total()),
            ];
            if found.iter().all(Option::is_none) {
                return None;
            }
            let mut row = vec![Cell::from(name)];
            row.extend(found.map(Cell::from));
            Some(row)
        })
        .collect();
    let columns = vec![
        column("policy", "", 0, ""),
        column("over limit", "steps", 0, "Node-steps above a node's limit."),
        column("over limit", "MWh", 2, "Energy above nodes' limits."),
        column("over ramp", "steps", 0, "Steps faster than a ramp limit."),
        column(
            "beyond supply",
            "MWh",
            2,
            "Drawn from the grid beyond what was available there.",
        ),
        column(
            "beyond surplus",
            "MWh",
            2,
            "Flexible load on other sources although the rule forbids it.",
        ),
        column("shed", "MWh", 2, "Load shed because supply fell short."),
        column("failures", "", 0, "Devices that failed."),
        column("refused", "", 0, "Commands the site refused."),
        column(
            "early switches",
            "",
            0,
            "Blocks switched before their minimum time was over.",
        ),
        column(
            "GPU over\u{ad}commit",
            "",
            0,
            "Gangs dropped for lack of GPUs.",
        ),
        column(
            "rules broken",
            "handed out",
            0,
            "Steps and rules that a policy's dispatch broke, as the independent checker found; \
             limits and impossible set points are put right before anything is sent.",
        ),
        column(
            "rules broken",
            "sent",
            0,
            "Steps and rules that the dispatch still broke as it was sent.",
        ),
    ];
    (!rows.is_empty()).then(|| {
        let highlight = rows
            .iter()
            .position(|row| row[0] == Cell::from(results.main_policy()));
        Table {
            columns,
            rows,
            highlight,
            note: broken_as_sent(results),
        }
    })
}

/// Names the rules that dispatches still broke as they were sent.
fn broken_as_sent(results: &Results) -> String {
    let broken = results.policies().filter_map(|(name, p)| {
        let rules = &p.checks.sent;
        let named = [
            ("limits", rules.limit),
            ("ramps", rules.ramp),
            ("GPUs", rules.gpus),
            ("shortest times", rules.shortest_time),
            ("gangs", rules.gang),
            ("set points", rules.set_point),
        ];
        let found = named.iter().filter(|(_, steps)| *steps > 0);
        let words: Vec<String> = found
            .map(|(rule, steps)| format!("{rule} {steps}"))
            .collect();
        (!words.is_empty()).then(|| format!("{name} {}", words.join(", ")))
    });
    match broken.collect::<Vec<_>>() {
        broken if broken.is_empty() => String::new(),
        broken => format!("Broken as sent, in steps: {}.", broken.join("; ")),
    }
}

/// What was changed of dispatches so that the site's rules hold, one row for each policy of which
/// something was; `None` where nothing was.
pub(crate) fn repairs(results: &Results) -> Option<Table> {
    let rows: Vec<Vec<Cell>> = results
        .policies()
        .filter_map(|(name, p)| {
            let r = &p.repairs;
            let all = [r.limit, r.called_event, r.ramp, r.shortest_time];
            if all.iter().all(|kind| kind.steps == 0) {
                return None;
            }
            let mut row = vec![Cell::from(name)];
            for kind in all {
                let some = |value: f64| (kind.steps > 0).then_some(value);
                row.extend([some(kind.steps as f64).into(), some(kind.mw_max).into()]);
            }
            Some(row)
        })
        .collect();
    let mut columns = vec![column("policy", "", 0, "")];
    for (label, help) in [
        ("limits", "Taken off for limits of nodes and for supply."),
        (
            "called events",
            "Taken off for called events and promised limits.",
        ),
        ("ramps", "Taken off or added for ramps."),
        ("shortest times", "Kept awake or asleep for shortest times."),
    ] {
        columns.push(column(label, "steps", 0, help));
        columns.push(column(label, "most MW", 2, help));
    }
    (!rows.is_empty()).then(|| Table {
        highlight: rows
            .iter()
            .position(|row| row[0] == Cell::from(results.main_policy())),
        columns,
        rows,
        note: "What a policy chose in watts is made of whole devices, replicas and gangs, which may \
               be a little more, or move a little faster, than its site allows: so much was changed \
               before the controller saw it."
            .into(),
    })
}

/// Variants by net present value; `None` for scenarios without any.
pub(crate) fn variants(results: &Results) -> Option<Table> {
    let currency = &results.summary().currency;
    let all = &results.variants;
    let best = (0..all.len()).max_by(|a, b| all[*a].npv.total_cmp(&all[*b].npv))?;
    let rows = all.iter().map(|v| {
        let last = v.eras.last().filter(|_| v.eras.len() > 1);
        vec![
            v.id.as_str().into(),
            v.title.as_str().into(),
            v.value_per_year.into(),
            last.map(|era| era.value_per_year).into(),
            v.capex.into(),
            v.npv.into(),
        ]
    });
    let mut note = format!(
        "Run with {}; discounted at {} % a year.",
        results.main_policy(),
        100.0 * results.study.scenario.discount_rate
    );
    let halvings = all.iter().map(|v| v.eras.len() - 1).max().unwrap_or(0);
    if halvings > 0 {
        note += " The block subsidy halves on its schedule: the years after each halving are run \
                 at the lower one, with price and difficulty of bitcoin as they are here.";
    }
    Some(Table {
        columns: vec![
            column("variant", "", 0, ""),
            column("what", "", 0, ""),
            column(
                "value a year",
                currency,
                0,
                "Of a year like the run's period.",
            ),
            column(
                "in the last",
                currency,
                0,
                "Of a year after the last halving counted.",
            ),
            column("capex", currency, 0, "Not discounted."),
            column("NPV", currency, 0, "Net present value at the run's start."),
        ],
        rows: rows.collect(),
        highlight: Some(best),
        note,
    })
}

/// How long mining of the main policy was curtailed at a stretch; `None` when it never was.
pub(crate) fn curtailed_runs(results: &Results) -> Option<Histogram> {
    let main = results.policy(results.main_policy())?;
    let runs: u64 = main.curtailed_runs.iter().map(|bin| bin.runs).sum();
    let hours: f64 = main.curtailed_runs.iter().map(|bin| bin.hours).sum();
    let bin = |bin: &RunBin| Bin {
        label: match bin.up_to_h {
            Some(end) => format!("{}–{}", length(bin.longer_than_h), length(end)),
            None => format!("over {}", length(bin.longer_than_h)),
        },
        count: bin.runs,
    };
    (runs > 0).then(|| Histogram {
        label: "Length of curtailed runs of miner pools".to_owned(),
        bins: main.curtailed_runs.iter().map(bin).collect(),
        note: format!(
            "{} runs, {} pool-hours; a pool is curtailed while less than half of it is awake.",
            thousands(runs as f64, 0),
            thousands(hours, 0)
        ),
    })
}

fn length(hours: f64) -> String {
    if hours > 0.0 && hours < 1.0 {
        format!("{:.0} min", hours * 60.0)
    } else {
        format!("{hours} h")
    }
}

fn column(label: &str, unit: &str, decimals: u8, help: &str) -> Column {
    Column {
        label: label.to_owned(),
        unit: unit.to_owned(),
        decimals,
        help: help.to_owned(),
    }
}

/// A table with one row per policy, the main one marked.
fn table(results: &Results, columns: Vec<Column>, rows: Vec<Vec<Cell>>, note: String) -> Table {
    let highlight = results
        .policies()
        .position(|(name, _)| name == results.main_policy());
    Table {
        columns,
        rows,
        highlight,
        note,
    }
}

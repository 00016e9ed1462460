//! The page of a plan, drawn by the report's own machinery.

use swingload_model::plan::{JobPlan, LoadPlan, Plan, Reason};

use super::clock::Clock;
use super::{Class, Planned, tables};
use crate::html::{
    Decision, Fact, Figure, Job, JobRun, Kind, Outcome, Payload, Section, Slots, StepSeries, Use,
    UseSeries, aggregate,
};
use crate::page::{POINTS_MAX, usage};
use crate::words::{CODES, phrase, sentence, thousands};

/// Jobs whose reasons the page lists.
const JOBS_MAX: usize = 200;

/// What the page shows.
pub(super) fn payload(planned: &Planned) -> Payload {
    let (plan, scenario) = (&planned.plan, &planned.scenario);
    Payload {
        kind: Kind::Plan,
        title: format!("Plan: {}", scenario.title),
        description: scenario.description.clone(),
        site: plan.site.clone(),
        currency: plan.currency.clone(),
        time_zone: plan.time_zone.clone(),
        policy: plan.engine.name().to_owned(),
        facts: facts(planned),
        figures: figures(planned),
        series: aggregate(&series(planned), POINTS_MAX),
        sections: sections(planned),
        jobs: plan
            .jobs
            .iter()
            .map(|job| self::job(planned, job))
            .collect(),
        slots: Some(slots(planned)),
        notes: notes(planned),
        ..Payload::default()
    }
}

fn facts(planned: &Planned) -> Vec<Fact> {
    let (plan, scenario) = (&planned.plan, &planned.scenario);
    let fact = |label: &str, value: String| Fact {
        label: label.to_owned(),
        value,
    };
    vec![
        fact("plan", plan.number.to_string()),
        fact("made for", plan.at.to_string()),
        fact("engine", plan.engine.name().to_owned()),
        fact(
            "steps",
            format!(
                "{} over {}",
                thousands(plan.grid.len() as f64, 0),
                hours(plan)
            ),
        ),
        fact("seed", scenario.seed.to_string()),
        fact("inputs, SHA-256", plan.inputs_sha256.clone()),
        fact("Swingload", planned.version.clone()),
    ]
}

fn figures(planned: &Planned) -> Vec<Figure> {
    let (plan, certificate) = (&planned.plan, &planned.plan.certificate);
    let currency = &plan.currency;
    let figure = |label: &str, value: f64, unit: &str, decimals: u8, note: String| Figure {
        label: label.to_owned(),
        value,
        unit: unit.to_owned(),
        decimals,
        note,
    };
    let money = |money: swingload_model::units::Money| thousands(money.as_units(), 0);
    let mut figures = vec![
        figure(
            "Value",
            certificate.value.as_units(),
            currency,
            0,
            format!("over {}", hours(plan)),
        ),
        figure(
            "Proven bound",
            certificate.bound.as_units(),
            currency,
            0,
            "no plan of these inputs is worth more".to_owned(),
        ),
        figure(
            "Gap",
            certificate.gap.as_units(),
            currency,
            0,
            match certificate.gap_pct {
                Some(gap) => format!(
                    "at most so much is left: {}; {} % of G, the {} {currency} from asap to the \
                     bound, {}",
                    of_value(certificate.gap_of_value_pct),
                    thousands(gap, 2),
                    money(certificate.gainable()),
                    of_value(certificate.gainable_of_value_pct),
                ),
                None => format!(
                    "{}; nothing can be gained: asap reaches the bound",
                    of_value(certificate.gap_of_value_pct)
                ),
            },
        ),
        figure(
            "Price now",
            planned.price(0).unwrap_or(f64::NAN),
            &format!("{currency}/MWh"),
            2,
            format!("{}, charges included", planned.price_name()),
        ),
        figure(
            "Marginal value now",
            planned.marginal(0, 0).unwrap_or(f64::NAN),
            &format!("{currency}/MWh"),
            2,
            format!("of one more MWh at {}", plan.marginal_values[0].node),
        ),
    ];
    let missed = plan.jobs.iter().filter(|job| job.missed > 0).count();
    let late = plan.jobs.iter().filter(|job| is_late(plan, job)).count();
    if !plan.jobs.is_empty() {
        let running = plan.jobs.iter().filter(|j| runs_at(j, 0)).count();
        figures.push(figure(
            "Jobs running now",
            running as f64,
            &format!("of {}", plan.jobs.len()),
            0,
            format!("{late} finish late, {missed} cannot finish"),
        ));
    }
    figures
}

/// A part of the value, in words.
pub(super) fn of_value(pct: Option<f64>) -> String {
    match pct {
        Some(pct) => format!("{} % of value", thousands(pct, 3)),
        None => "the value is nothing".to_owned(),
    }
}

fn runs_at(job: &JobPlan, t: u32) -> bool {
    job.runs.iter().any(|run| (run.from..run.to).contains(&t))
}

fn series(planned: &Planned) -> StepSeries {
    let grid = &planned.plan.grid;
    let steps = || 0..planned.steps();
    let root = planned.scenario.site.tree.node(0);
    let uses = [
        (Use::Hashing, swingload_model::site::Use::Hashing),
        (Use::Inference, swingload_model::site::Use::Inference),
        (Use::Training, swingload_model::site::Use::Training),
        (Use::Overhead, swingload_model::site::Use::Overhead),
    ];
    let loads = &planned.plan.loads;
    let uses = uses
        .into_iter()
        .filter(|(_, used)| loads.iter().any(|l| l.used_for == *used));
    let surplus: Vec<usize> = (0..planned.plan.supply.len())
        .filter(|k| {
            let block = &planned.scenario.site.supply[*k];
            block.kind == swingload_model::site::supply::SupplyKind::Surplus
        })
        .collect();
    StepSeries {
        starts: steps().map(|t| grid.start_s(t)).collect(),
        end: grid.end_s(planned.steps() - 1),
        limit: vec![root.usable().get(); planned.steps()],
        uses: uses
            .map(|(usage, used)| UseSeries {
                usage,
                watts: steps()
                    .map(|t| {
                        let here = loads.iter().filter(|l| l.used_for == used);
                        here.map(|l| l.watts[t].get()).sum()
                    })
                    .collect(),
            })
            .collect(),
        price: steps().map(|t| planned.price(t)).collect(),
        marginal: steps().map(|t| planned.marginal(0, t)).collect(),
        surplus: if surplus.is_empty() {
            Vec::new()
        } else {
            let available = |t: usize| {
                let blocks = surplus.iter().map(|k| &planned.plan.supply[*k]);
                Some(blocks.map(|s| s.available[t].get()).sum())
            };
            steps().map(available).collect()
        },
        ..StepSeries::default()
    }
}

fn sections(planned: &Planned) -> Vec<Section> {
    let section = |id, title: &str, lead: String, table| Section {
        id,
        title: title.to_owned(),
        lead,
        table,
    };
    let first = Clock::new(&planned.plan.time_zone).moment(planned.plan.grid.start_s(0));
    let (short, limits) = (tables::short(planned), tables::limits(planned));
    let (reasons, left_out) = tables::reasons(planned, JOBS_MAX, |code| phrase(code).to_owned());
    let missing = missing(planned, short.rows.is_empty());
    let bind = match limits.rows.is_empty() {
        true => "No limit binds.",
        false => "What holds the plan back, the dearest first.",
    };
    let mut why = format!(
        "What each load does in the first step, {first}, and why. {}",
        super::text::of_reasons(planned)
    );
    if left_out > 0 {
        why += &format!(" {left_out} more jobs are in plan.json.");
    }
    let mut all = vec![
        section("reasons", "Reasons", why, reasons),
        section("limits", "Binding limits", bind.to_owned(), limits),
        section("short", "Short", missing, short),
    ];
    let prices = tables::prices(planned);
    if !prices.rows.is_empty() {
        let lead = "The price of power that loads are held against, part by part.";
        let title = "What the price is made of";
        all.insert(1, section("prices", title, lead.to_owned(), prices));
    }
    let (waits, left_out) = tables::waits(planned, JOBS_MAX);
    if !waits.rows.is_empty() {
        let mut lead = "Jobs that do not run in the first step.".to_owned();
        if left_out > 0 {
            lead += &format!(" {left_out} more are in plan.json.");
        }
        all.insert(
            2.min(all.len()),
            section("waits", "What jobs wait for", lead, waits),
        );
    }
    let flips = tables::flips(planned);
    if !flips.rows.is_empty() {
        let lead = "The smallest changes, each made alone, that turn a decision of the first step.";
        all.insert(
            1,
            section("flips", "What would turn it", lead.to_owned(), flips),
        );
    }
    if let Some(breakeven) = tables::breakeven(planned) {
        let lead = "The price of power above which hashing loses money, and what it is made of.";
        all.push(section(
            "breakeven",
            "Break-even of miners",
            lead.to_owned(),
            breakeven,
        ));
    }
    if !planned.plan.shed_ladder.is_empty() {
        let lead = "What to drop in the first step, in order; costs of a shed of an hour.";
        all.push(section(
            "ladder",
            "Shed ladder",
            lead.to_owned(),
            tables::ladder(planned),
        ));
    }
    let lead = "The plan at a glance; every step is in plan.json.";
    all.push(section(
        "table",
        "Over time",
        lead.to_owned(),
        tables::over_time(planned),
    ));
    all
}

/// What is said of what is short.
pub(super) fn missing(planned: &Planned, none: bool) -> String {
    let mut said = match none {
        true => "Nothing is short.",
        false => {
            "Promises and needs the plan does not meet: it cannot, or breaking them costs less."
        }
    }
    .to_owned();
    let plan = &planned.plan;
    let late = plan.jobs.iter().filter(|job| is_late(plan, job)).count();
    if late > 0 {
        let jobs = if late == 1 { "job ends" } else { "jobs end" };
        said += &format!(" {late} {jobs} after the deadline, for less.");
    }
    said
}

/// Length of a plan in words, to a tenth of an hour.
pub(super) fn hours(plan: &Plan) -> String {
    let hours = plan.grid.span().as_hours();
    let decimals = usize::from(hours.fract() != 0.0);
    format!("{} h", thousands(hours, decimals))
}

/// Whether a job's work is all done, and some of it after its deadline.
pub(super) fn is_late(plan: &Plan, job: &JobPlan) -> bool {
    let ends = |run: &swingload_model::plan::JobRun| {
        let seconds = run.gpu_seconds / i64::from(run.gpus.max(1));
        plan.grid.start_s(run.from as usize) + seconds
    };
    let done = job.missed == 0 && job.later == 0;
    done && job
        .runs
        .last()
        .is_some_and(|last| ends(last) > job.deadline)
}

fn job(planned: &Planned, job: &JobPlan) -> Job {
    let grid = &planned.plan.grid;
    let pools = &planned.scenario.site.gpu_pools;
    let running = pools.iter().find(|p| p.id == job.gpu_pool);
    let watts = running.map_or(0, |p| p.running.get());
    let done: i64 = job.runs.iter().map(|run| run.gpu_seconds).sum();
    let runs: Vec<JobRun> = job
        .runs
        .iter()
        .map(|run| JobRun {
            start: grid.start_s(run.from as usize),
            end: grid.end_s(run.to as usize - 1),
            gpus: run.gpus,
            watts: watts * i64::from(run.gpus),
        })
        .collect();
    let outcome = match () {
        () if job.missed > 0 => Outcome::Missed,
        () if job.later > 0 => Outcome::Open,
        () if is_late(&planned.plan, job) => Outcome::Late,
        () => Outcome::OnTime,
    };
    let reason = planned.plan.reasons.iter().find(|r| r.load == job.job);
    Job {
        id: job.job.clone(),
        class: job.gpu_pool.clone(),
        usage: Use::Training,
        release: job.release,
        deadline: Some(job.deadline),
        value: job.value_per_gpu_h.as_units() * done as f64 / 3600.0,
        runs,
        outcome,
        note: reason.map_or(String::new(), |r| format!("Now: {}.", phrase(r.code))),
    }
}

/// Where the watts of every step go; reasons stand in the first.
fn slots(planned: &Planned) -> Slots {
    let (plan, site) = (&planned.plan, &planned.scenario.site);
    let starts = (0..planned.steps()).map(|t| plan.grid.start_s(t)).collect();
    let mut slots = Slots::new(starts, plan.grid.end_s(planned.steps() - 1));
    for code in CODES {
        slots.reason(code.name(), sentence(code));
    }
    slots.reason(
        "overhead",
        "Fixed overhead and idle watts, drawn whatever is decided.",
    );
    slots.reason("no_job", "No job is there that could run.");
    slots.reason("later", "Planned; reasons are told for the first step.");
    let mut nodes = vec![None; plan.marginal_values.len()];
    for load in &plan.loads {
        let at = site.tree.position(&load.node).unwrap_or(0);
        let node = *nodes[at].get_or_insert_with(|| {
            let price = (0..planned.steps()).map(|t| planned.marginal(at, t));
            slots.node(load.node.clone(), price.collect())
        });
        let line = slots.line(node, usage(load.used_for), load.load.clone());
        let reason = reason_of(planned, load);
        for t in 0..planned.steps() {
            let watts = load.watts[t].get();
            let code = match planned.class(load) {
                Class::Overhead => "overhead",
                _ if t > 0 => "later",
                Class::Training => reason.map_or("no_job", |r| r.code.name()),
                _ => reason.map_or("later", |r| r.code.name()),
            };
            let told = reason.filter(|_| t == 0);
            let decision = Decision {
                watts,
                reason: code,
                runner_up: told
                    .map(|r| r.runner_up.as_str())
                    .filter(|name| !name.is_empty()),
                margin: told.map(|r| r.margin_per_mwh),
                value: told.map(|r| r.value_per_mwh),
                held: told.and_then(|r| r.price_per_mwh),
            };
            slots.set(line, t, decision);
        }
    }
    slots
}

/// The reason of a load; for jobs of a GPU pool that of the running one with the smallest
/// margin, or where none runs of the most valuable.
fn reason_of<'a>(planned: &'a Planned, load: &LoadPlan) -> Option<&'a Reason> {
    let plan = &planned.plan;
    let own = plan.reasons.iter().find(|r| r.load == load.load);
    if own.is_some() {
        return own;
    }
    let pool = load.load.strip_prefix("training on ")?;
    let here = |running: bool| {
        let jobs = plan.jobs.iter();
        jobs.filter(move |j| j.gpu_pool == pool && runs_at(j, 0) == running)
            .filter_map(|job| plan.reasons.iter().find(|r| r.load == job.job))
    };
    let marginal = here(true).min_by(|a, b| a.margin_per_mwh.total_cmp(&b.margin_per_mwh));
    marginal.or_else(|| here(false).max_by(|a, b| a.value_per_mwh.total_cmp(&b.value_per_mwh)))
}

fn notes(planned: &Planned) -> Vec<String> {
    let mut notes = vec![
        "Made from what was published by then, and from the state that swingload's own run of \
         the scenario left: work done, machines, meter peaks. Prices and surplus are forecasts."
            .to_owned(),
    ];
    notes.extend(planned.plan.notes.iter().cloned());
    notes
}

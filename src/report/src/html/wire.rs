//! The payload as the page reads it: short JSON, columns packed.
//!
//! Keys are those of `assets/js/core.js`. Power columns count `unit` watts
//! (1 or 1,000), prices and margins hundredths of the currency per MWh, times
//! are an origin plus packed step lengths. Equal price columns are stored once.

use std::collections::BTreeMap;

use serde::Serialize;

use super::column::{Packed, hundredths, pack, pack_sparse};
use super::payload::{
    Band, DearDecision, Fact, Figure, Histogram, Job, Kind, Outcome, Payload, PolicyMoney, Section,
    StepSeries, Table, Use, Waterfall,
};
use super::slots::Slots;

/// Jobs sent to the page at most; the page says how many more there are.
const JOBS_MAX: usize = 400;

/// Sites above this get power in kilowatts: nobody reads the watts of a megawatt.
const KILOWATTS_FROM: i64 = 2_000_000;

#[derive(Serialize)]
struct Wire<'a> {
    version: u8,
    kind: Kind,
    title: &'a str,
    description: &'a str,
    site: &'a str,
    currency: &'a str,
    time_zone: &'a str,
    policy: &'a str,
    unit: i64,
    facts: &'a [Fact],
    figures: &'a [Figure],
    policies: &'a Table,
    money: &'a Option<PolicyMoney>,
    levers: &'a Option<Waterfall>,
    series: Series,
    sections: &'a [Section],
    jobs: Vec<WireJob<'a>>,
    jobs_total: usize,
    /// Jobs by outcome, those that are not sent counted.
    jobs_by_outcome: BTreeMap<Outcome, usize>,
    jobs_beyond: usize,
    dearest: &'a [DearDecision],
    slots: Option<WireSlots<'a>>,
    variants: &'a Option<Table>,
    promises: &'a Option<Table>,
    regions: &'a Option<Table>,
    tariff: &'a Option<Table>,
    pools: &'a Option<Table>,
    curtailed_runs: &'a Option<Histogram>,
    incidents: &'a Option<Table>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct Times {
    start: i64,
    lengths: Packed,
}

#[derive(Serialize)]
struct Series {
    times: Times,
    limit: Packed,
    uses: Vec<(Use, Packed)>,
    price: Packed,
    marginal: Option<Packed>,
    price_forecast: Option<[Packed; 3]>,
    surplus: Option<Packed>,
    surplus_forecast: Option<[Packed; 3]>,
}

#[derive(Serialize)]
struct WireJob<'a> {
    id: &'a str,
    class: &'a str,
    usage: Use,
    release: i64,
    deadline: Option<i64>,
    value: f64,
    /// Start, end, GPUs, units of power.
    runs: Vec<(i64, i64, u32, i64)>,
    outcome: Outcome,
    note: &'a str,
    /// Energy in Wh.
    energy: i64,
}

#[derive(Serialize)]
struct WireSlots<'a> {
    times: Times,
    prices: Vec<Packed>,
    /// Label and index of the price column.
    nodes: Vec<(&'a str, usize)>,
    /// Code and sentence.
    reasons: Vec<(&'a str, &'a str)>,
    runners_up: &'a [String],
    lines: Vec<WireLine<'a>>,
    /// First step, step after the last, and what was asked of the site.
    events: Vec<(usize, usize, &'a str)>,
    /// Label, hundredths per MWh, and of a coincident peak the charge if it is one.
    charges: Vec<(&'a str, Packed, Option<f64>)>,
}

#[derive(Serialize)]
struct WireLine<'a> {
    node: usize,
    usage: Use,
    label: &'a str,
    power: Packed,
    reason: Packed,
    runner_up: Packed,
    margin: Packed,
    value: Packed,
    held: Packed,
}

/// The payload as JSON.
pub(super) fn encode(payload: &Payload) -> String {
    let limit = payload.series.limit.iter().max().copied().unwrap_or(0);
    let unit = if limit >= KILOWATTS_FROM { 1000 } else { 1 };
    let wire = Wire {
        version: 1,
        kind: payload.kind,
        title: &payload.title,
        description: &payload.description,
        site: &payload.site,
        currency: &payload.currency,
        time_zone: &payload.time_zone,
        policy: &payload.policy,
        unit,
        facts: &payload.facts,
        figures: &payload.figures,
        policies: &payload.policies,
        money: &payload.money,
        levers: &payload.levers,
        series: encode_series(&payload.series, unit),
        sections: &payload.sections,
        jobs: largest_jobs(&payload.jobs, unit),
        jobs_total: payload.jobs.len(),
        jobs_by_outcome: payload
            .jobs
            .iter()
            .fold(BTreeMap::new(), |mut counts, job| {
                *counts.entry(job.outcome).or_default() += 1;
                counts
            }),
        jobs_beyond: payload.jobs_beyond,
        dearest: &payload.dearest,
        slots: payload
            .slots
            .as_ref()
            .map(|slots| encode_slots(slots, unit)),
        variants: &payload.variants,
        promises: &payload.promises,
        regions: &payload.regions,
        tariff: &payload.tariff,
        pools: &payload.pools,
        curtailed_runs: &payload.curtailed_runs,
        incidents: &payload.incidents,
        notes: &payload.notes,
    };
    serde_json::to_string(&wire).expect("invariant: plain structs with string keys serialise")
}

fn encode_series(series: &StepSeries, unit: i64) -> Series {
    let prices = |column: &Vec<Option<f64>>| pack_sparse(&hundredths(column));
    let powers = |column: &Vec<Option<f64>>| {
        let watts = column
            .iter()
            .map(|w| w.filter(|w| w.is_finite()).map(|w| w as i64));
        pack_sparse(
            &watts
                .map(|w| w.map(|w| scaled(w, unit)))
                .collect::<Vec<_>>(),
        )
    };
    let surplus: Vec<_> = series
        .surplus
        .iter()
        .map(|w| w.map(|w| scaled(w, unit)))
        .collect();
    Series {
        times: times(&series.starts, series.end),
        limit: power(&series.limit, unit),
        uses: series
            .uses
            .iter()
            .map(|s| (s.usage, power(&s.watts, unit)))
            .collect(),
        price: prices(&series.price),
        marginal: (!series.marginal.is_empty()).then(|| prices(&series.marginal)),
        price_forecast: series
            .price_forecast
            .as_ref()
            .map(|band| quantiles(band, prices)),
        surplus: (!surplus.is_empty()).then(|| pack_sparse(&surplus)),
        surplus_forecast: series
            .surplus_forecast
            .as_ref()
            .map(|band| quantiles(band, powers)),
    }
}

fn encode_slots(slots: &Slots, unit: i64) -> WireSlots<'_> {
    let mut distinct: Vec<&Vec<Option<f64>>> = Vec::new();
    let mut nodes = Vec::new();
    for node in &slots.nodes {
        let known = distinct.iter().position(|price| **price == node.price);
        let index = known.unwrap_or_else(|| {
            distinct.push(&node.price);
            distinct.len() - 1
        });
        nodes.push((node.label.as_str(), index));
    }
    let lines = slots.lines.iter().map(|line| WireLine {
        node: line.node,
        usage: line.usage,
        label: &line.label,
        power: power(&line.watts, unit),
        reason: pack(line.reason.iter().map(|&index| index as i64)),
        runner_up: pack(line.runner_up.iter().map(|&index| index as i64)),
        margin: pack_sparse(&hundredths(&line.margin)),
        value: pack_sparse(&hundredths(&line.value)),
        held: pack_sparse(&hundredths(&line.held)),
    });
    WireSlots {
        times: times(&slots.starts, slots.end),
        prices: distinct
            .iter()
            .map(|price| pack_sparse(&hundredths(price)))
            .collect(),
        nodes,
        reasons: slots
            .reasons
            .iter()
            .map(|r| (r.code.as_str(), r.text.as_str()))
            .collect(),
        runners_up: &slots.runners_up,
        lines: lines.collect(),
        events: slots
            .events
            .iter()
            .map(|e| (e.from, e.until, e.text.as_str()))
            .collect(),
        charges: slots
            .charges
            .iter()
            .map(|c| {
                (
                    c.label.as_str(),
                    pack_sparse(&hundredths(&c.per_mwh)),
                    c.if_peak,
                )
            })
            .collect(),
    }
}

/// Those that went wrong first, then those with most energy, so that a cut
/// never hides a broken promise; the page orders them for display.
fn largest_jobs(jobs: &[Job], unit: i64) -> Vec<WireJob<'_>> {
    let energy = |job: &Job| -> i64 {
        let joules = job
            .runs
            .iter()
            .map(|run| i128::from(run.watts) * i128::from(run.end - run.start));
        i64::try_from(joules.sum::<i128>() / 3600).unwrap_or(i64::MAX)
    };
    let mut order: Vec<(&Job, i64)> = jobs.iter().map(|job| (job, energy(job))).collect();
    order.sort_by_key(|(job, energy)| {
        let well = matches!(job.outcome, Outcome::OnTime | Outcome::Open);
        (well, std::cmp::Reverse(*energy), job.release)
    });
    let wrong_max = JOBS_MAX / 2;
    let wrong = order
        .iter()
        .take_while(|(job, _)| !matches!(job.outcome, Outcome::OnTime | Outcome::Open))
        .count();
    let skipped = wrong.saturating_sub(wrong_max);
    let kept = order[..wrong - skipped].iter().chain(&order[wrong..]);
    kept.take(JOBS_MAX)
        .map(|&(job, energy)| WireJob {
            id: &job.id,
            class: &job.class,
            usage: job.usage,
            release: job.release,
            deadline: job.deadline,
            value: job.value,
            runs: job
                .runs
                .iter()
                .map(|run| (run.start, run.end, run.gpus, scaled(run.watts, unit)))
                .collect(),
            outcome: job.outcome,
            note: &job.note,
            energy,
        })
        .collect()
}

fn times(starts: &[i64], end: i64) -> Times {
    let ends = starts.iter().skip(1).chain(std::iter::once(&end));
    Times {
        start: starts.first().copied().unwrap_or(end),
        lengths: pack(starts.iter().zip(ends).map(|(start, end)| end - start)),
    }
}

fn power(watts: &[i64], unit: i64) -> Packed {
    pack(watts.iter().map(|&w| scaled(w, unit)))
}

fn scaled(watts: i64, unit: i64) -> i64 {
    (watts + unit / 2).div_euclid(unit)
}

fn quantiles(band: &Band, pack: impl Fn(&Vec<Option<f64>>) -> Packed) -> [Packed; 3] {
    [&band.p10, &band.p50, &band.p90].map(pack)
}

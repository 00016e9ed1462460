//! What must hold before a run so that no joule and no micro-unit of it can overflow.
//!
//! ```text
//! |price|     <= 1e9 currency per MWh          sums of an own and a forgone price fit
//! |power|     <= 1e7 MW                        so do watts of every series
//! |carbon|    <= 1e6 g/kWh                     grams of the largest site's twenty years fit
//! PUE         <= 1000                          parts per billion of any energy fit
//! powers (W)  x longest step (s)  <= 2^63      joules there, allowed, contracted in a step
//! load (W)    x whole run (s)     <= 2^63      joules drawn fit, of a step, a load, the run
//! jobs' value + penalties         <= 2^63 / 4  what jobs earn, lose and earn again fits
//! ```
//! The first four hold for any input that is plausible, and for those that are allowed by
//! name; a test takes every input to its bound. Money is checked again when it is booked
//! ([`Ledger`](crate::ledger::Ledger)), because it is a product of what is bounded here.

use std::collections::BTreeMap;

use swingload_model::job::Job;
use swingload_model::scenario::Scenario;
use swingload_model::scenario::binding::Source;
use swingload_model::series::{Series, Unit};
use swingload_model::site::{Amount, Site};
use swingload_model::time::timestamp;

use crate::truth::{PARTS, Truth, watts};

/// Largest price, currency per MWh or per GPU-hour.
const PRICE_MAX: f64 = 1e9;
/// Largest power, MW.
const POWER_MAX: f64 = 1e7;
/// Largest carbon intensity, g/kWh.
const CARBON_MAX: f64 = 1e6;
/// Most GPUs asked for.
const GPUS_MAX: f64 = 1e9;
/// Largest marginal PUE.
const PUE_MAX: f64 = 1000.0;

/// An input with which joules or money could not be counted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{problem}")]
pub struct Beyond {
    /// File of the input, where it comes from one.
    pub file: String,
    /// Its name: `data.price`, `grid.price_per_mwh`, a job.
    pub name: String,
    /// Its value, with the unit.
    pub value: String,
    /// What is wrong, with the time.
    pub problem: String,
}

/// Most of a unit; infinite for what no energy or money is counted of.
fn most(unit: &Unit) -> f64 {
    match unit {
        Unit::PricePerMwh(_) | Unit::PricePerGpuHour(_) => PRICE_MAX,
        Unit::Megawatt => POWER_MAX,
        Unit::GramPerKwh => CARBON_MAX,
        Unit::Gpus => GPUS_MAX,
        _ => f64::INFINITY,
    }
}

/// Refuses amounts of the site beyond what can be counted, at any time they are known for.
///
/// # Errors
/// The first of them.
pub(crate) fn amounts(scenario: &Scenario, bound: &BTreeMap<String, Series>) -> Result<(), Beyond> {
    for (name, amount, unit) in scenario.site.amounts() {
        let most = most(&unit);
        let refuse = |file: String, name: String, value: f64, at: String| Beyond {
            file,
            name,
            value: format!("{value:e} {unit}"),
            problem: format!("is more{at} than energy and money are counted in, {most:e} {unit}"),
        };
        match amount {
            Amount::Constant(value) if value.is_nan() || value.abs() > most => {
                return Err(refuse(String::new(), name, *value, String::new()));
            }
            Amount::Constant(_) => {}
            Amount::Series { series, scale } => {
                let observations = bound.get(series).map_or(&[][..], Series::observations);
                let over = observations.iter().find(|o| {
                    let value = o.value * scale;
                    value.is_nan() || value.abs() > most
                });
                if let Some(o) = over {
                    let scaled = match *scale {
                        1.0 => String::new(),
                        scale => format!(" with the scale of {scale} in {name}"),
                    };
                    return Err(refuse(
                        file_of(scenario, series),
                        format!("data.{series}"),
                        o.value,
                        format!(" at {}{scaled}", timestamp(o.start)),
                    ));
                }
            }
        }
    }
    Ok(())
}

/// File a series is read from; empty for constants and generators.
pub(crate) fn file_of(scenario: &Scenario, series: &str) -> String {
    match scenario.data.get(series).map(|binding| &binding.source) {
        Some(Source::File(source)) => source.file.clone(),
        _ => String::new(),
    }
}

/// Parts per billion of a hall's marginal PUE.
///
/// # Errors
/// A PUE beyond what is counted.
pub(crate) fn pue_parts(scenario: &Scenario, hall: &str, pue: f64) -> Result<i64, Beyond> {
    swingload_model::units::whole(pue * PARTS as f64)
        .filter(|_| pue <= PUE_MAX)
        .ok_or_else(|| Beyond {
            file: String::new(),
            name: format!("{hall}.hall"),
            value: format!("{pue:e}"),
            problem: format!(
                "is more than the marginal PUE of any hall of `{}`, {PUE_MAX}",
                scenario.site.name
            ),
        })
}

/// Refuses sites and jobs whose joules or money could not be counted over the run.
///
/// # Errors
/// What contributes most to it.
pub(crate) fn sums(scenario: &Scenario, truth: &Truth, jobs: &[Job]) -> Result<(), Beyond> {
    powers(scenario, truth)?;
    loads(&scenario.site, truth)?;
    values(jobs)
}

/// Joules there, allowed or contracted in the longest step.
fn powers(scenario: &Scenario, truth: &Truth) -> Result<(), Beyond> {
    let (site, grid) = (&scenario.site, &truth.grid);
    let steps = || 0..grid.len();
    let longest = steps().map(|t| grid.duration(t).get()).max().unwrap_or(0);
    let most = |watts: &dyn Fn(usize) -> i64| steps().map(watts).max().unwrap_or(0);
    let mut all: Vec<(String, i128)> = Vec::new();
    let mut add = |name: String, watts: i64| all.push((name, i128::from(watts)));
    for (block, truth) in site.supply.iter().zip(&truth.supply) {
        add(
            format!("{}.available_mw", block.id),
            most(&|t| truth.available.at(t)),
        );
    }
    for contract in &site.contracts {
        let quantity = truth.amount(&contract.quantity_mw);
        add(
            format!("{}.quantity_mw", contract.id),
            most(&|t| watts(quantity.at(t))),
        );
    }
    for (commitment, asked) in site.commitments.iter().zip(&truth.committed) {
        add(
            format!("commitment {}", commitment.id),
            most(&|t| asked.at(t)),
        );
    }
    for (position, node) in site.tree.nodes().enumerate() {
        let limit = &truth.limit[position];
        add(format!("{}.rating_mw", node.id), most(&|t| limit.at(t)));
        add(format!("{}.export_mw", node.id), node.export.get());
    }
    if all.iter().map(|(_, w)| w).sum::<i128>() * i128::from(longest) <= i128::from(i64::MAX) {
        return Ok(());
    }
    let (name, largest) = all
        .into_iter()
        .max_by_key(|(_, watts)| *watts)
        .unwrap_or_default();
    Err(Beyond {
        file: String::new(),
        name,
        value: format!("{:e} MW", largest as f64 / 1e6),
        problem: format!("is more power than can be counted in joules over a step of {longest} s"),
    })
}

/// Joules of everything at full power over the whole run.
fn loads(site: &Site, truth: &Truth) -> Result<(), Beyond> {
    let grid = &truth.grid;
    let facility = |node: usize, it: i128| {
        let factor = (0..grid.len())
            .map(|t| truth.factor[node].at(t))
            .max()
            .unwrap_or(PARTS);
        it * i128::from(factor) / i128::from(PARTS) + 1
    };
    let miners = site.pools.iter().map(|p| {
        let top = p
            .points
            .last()
            .map_or(p.sleep, |point| point.power)
            .max(p.sleep);
        (
            format!("{}.count", p.id),
            facility(p.node, i128::from(top.get()) * i128::from(p.count.max())),
        )
    });
    let gpus = site.gpu_pools.iter().map(|g| {
        (
            format!("{}.count", g.id),
            facility(
                g.node,
                i128::from(g.running.get()) * i128::from(g.count.max()),
            ),
        )
    });
    let tenants = site.commitments.iter().enumerate().map(|(c, commitment)| {
        use swingload_model::site::commitment::CommitmentKind;
        let node = match &commitment.kind {
            CommitmentKind::Hosting { node, .. } => *node,
            CommitmentKind::PowerLimit { .. } => return (String::new(), 0),
        };
        let most = (0..grid.len())
            .map(|t| truth.committed[c].at(t))
            .max()
            .unwrap_or(0);
        (
            format!("{}.power_mw", commitment.id),
            facility(node, i128::from(most)),
        )
    });
    let halls = site.tree.nodes().filter_map(|node| {
        let fixed = node.hall.as_ref()?.fixed.get();
        Some((
            format!("{}.hall.fixed_overhead_kw", node.id),
            i128::from(fixed),
        ))
    });
    let all: Vec<(String, i128)> = miners.chain(gpus).chain(tenants).chain(halls).collect();
    let watts: i128 = all.iter().map(|(_, watts)| watts).sum();
    let span = i128::from(grid.span().get());
    if watts * span <= i128::from(i64::MAX) {
        return Ok(());
    }
    let (name, largest) = all
        .into_iter()
        .max_by_key(|(_, watts)| *watts)
        .unwrap_or_default();
    Err(Beyond {
        file: String::new(),
        name,
        value: format!("{:.0} MW", largest as f64 / 1e6),
        problem: format!(
            "makes the machines of the site {:.0} MW, more than can be counted in joules over {:.0} days",
            watts as f64 / 1e6,
            span as f64 / 86_400.0
        ),
    })
}

/// What all jobs could earn and cost, each up to four times over.
fn values(jobs: &[Job]) -> Result<(), Beyond> {
    let worth = |job: &Job| {
        let per_hour = i128::from(job.value.get()) + i128::from(job.unmet_penalty.get());
        per_hour * (i128::from(job.work) / 3600 + 1)
    };
    let total: i128 = jobs.iter().map(worth).sum();
    let work: i128 = jobs.iter().map(|job| i128::from(job.work)).sum();
    if total <= i128::from(i64::MAX / 4) && work <= i128::from(i64::MAX / 4) {
        return Ok(());
    }
    let Some(job) = jobs.iter().max_by_key(|job| (worth(job), job.work)) else {
        return Ok(());
    };
    Err(Beyond {
        file: String::new(),
        name: format!("job {}", job.id),
        value: format!("{:.0} GPU-hours", job.work as f64 / 3600.0),
        problem: format!(
            "is worth {:e} of the {:e} that all jobs are worth, more than money is counted in; see its source's terms.value_per_gpu_h",
            worth(job) as f64 / 1e6,
            total as f64 / 1e6
        ),
    })
}

//! Job traces.

use swingload_model::Diagnostics;
use swingload_model::scenario::JobSource;
use swingload_model::scenario::jobs::TraceFile;

use super::{Arrival, Pool};
use crate::clock::{Clock, SubSecond};
use crate::fault::{Faults, fault};
use crate::intervals::select;
use crate::note::{Notes, count, instant};
use crate::random::{stream, uniform};
use crate::table::{Column, Table};

const DAY: i64 = 86_400;

/// Jobs of the trace released inside the period, in no order.
///
/// Copies after the first start a seeded part of an hour later (stream
/// `jobs/ID/copies`, in the order of submission). A repeated trace starts again after
/// its span rounded up to whole days, so that jobs keep their hour of day.
///
/// # Errors
/// Missing columns, cells that are no time or number, ends before starts, jobs larger
/// than the pool.
pub(super) fn arrivals(
    source: &JobSource,
    trace: &TraceFile,
    table: &Table,
    seed: u64,
    pool: Pool,
    period: (i64, i64),
    notes: &mut Notes<'_>,
) -> Result<Vec<Arrival>, Diagnostics> {
    let mut jobs = rows(trace, table, notes)?;
    jobs.sort_by_key(|(_, job)| job.release);
    let jobs = whole_gpus(jobs, trace.gpu_scale, notes);
    let (Some(first), Some(last)) = (
        jobs.first().map(|j| j.release),
        jobs.last().map(|j| j.release),
    ) else {
        let help = format!("check jobs.{}.trace.filter and duration_min_s", source.id);
        return Err(fault(
            &table.file,
            None,
            "",
            "",
            "no job is left of the trace",
            help,
        )
        .into());
    };
    refuse_too_large(source, trace, table, &jobs, pool)?;
    let shift = if trace.align_start {
        period.0 - first
    } else {
        0
    };
    if shift != 0 {
        notes.push(format!(
            "moved by {:.2} days, from {} to {}",
            shift as f64 / DAY as f64,
            instant(first),
            instant(first + shift)
        ));
    }
    let span = (last - first + DAY) / DAY * DAY;
    let rounds = if trace.repeat {
        -(last + shift - period.0).div_euclid(span)
            ..=(period.1 - first - shift - 1).div_euclid(span)
    } else {
        0..=0
    };
    if trace.repeat {
        notes.push(format!(
            "a span of {} days, repeated {} over the period",
            span / DAY,
            count(rounds.clone().count(), "time")
        ));
    }
    let mut rng = stream(seed, &format!("jobs/{}/copies", source.id));
    let (mut all, mut outside) = (Vec::with_capacity(jobs.len()), 0);
    for round in rounds {
        for job in &jobs {
            for copy in 0..trace.copies.max(1) {
                let delay = if copy == 0 {
                    0
                } else {
                    (uniform(&mut rng) * 3600.0) as i64
                };
                let release = job.release + shift + round * span + delay;
                if (period.0..period.1).contains(&release) {
                    all.push(Arrival {
                        release,
                        ..job.clone()
                    });
                } else {
                    outside += 1;
                }
            }
        }
    }
    if all.is_empty() {
        return Err(fault(
            &table.file,
            None,
            &trace.time.column,
            "",
            format!(
                "no job is submitted inside the period; the trace runs from {} to {}",
                instant(first),
                instant(last)
            ),
            format!(
                "set jobs.{}.trace.align_start = true, or move the period",
                source.id
            ),
        )
        .into());
    }
    if outside > 0 && !trace.repeat {
        notes.push(format!(
            "{} submitted outside the period left out",
            count(outside, "job")
        ));
    }
    Ok(all)
}

/// Jobs with their GPUs times the factor, rounded to whole ones and at least one; what
/// rounding adds or takes is noted.
fn whole_gpus(jobs: Vec<(f64, Arrival)>, factor: f64, notes: &mut Notes<'_>) -> Vec<Arrival> {
    let (mut rounded, mut hours) = (0, 0.0);
    let whole = |(count, job): (f64, Arrival)| {
        let exact = count * factor;
        let gpus = exact.round().clamp(1.0, f64::from(u32::MAX));
        if (gpus - exact).abs() > 1e-6 * exact {
            rounded += 1;
            hours += (gpus - exact) * job.duration / 3600.0;
        }
        Arrival {
            gpus: gpus as u32,
            ..job
        }
    };
    let jobs: Vec<Arrival> = jobs.into_iter().map(whole).collect();
    if rounded > 0 {
        notes.push(format!(
            "{} of {} rounded to whole GPUs, which changes the work by {hours:+.1} GPU-hours",
            count(rounded, "job"),
            jobs.len()
        ));
    }
    jobs
}

/// The selected rows as jobs with the GPUs they ask for, at their own times; rows
/// without work are left out and noted.
fn rows(
    trace: &TraceFile,
    table: &Table,
    notes: &mut Notes<'_>,
) -> Result<Vec<(f64, Arrival)>, Diagnostics> {
    let subject = notes.subject.clone();
    let selected = select(table, trace.filter.as_ref(), &subject)?;
    let clock = Clock::new(&trace.time);
    let releases = clock.seconds(
        table,
        &trace.time.column,
        &selected,
        SubSecond::Floor,
        notes,
    )?;
    let ends = match &trace.end_column {
        Some(column) => Some(clock.seconds(table, column, &selected, SubSecond::Floor, notes)?),
        None => None,
    };
    let durations = optional(table, trace.duration_column.as_deref(), &subject)?;
    let gpus = optional(table, trace.gpus_column.as_deref(), &subject)?;
    let tenants = optional(table, trace.tenant_column.as_deref(), &subject)?;
    let mut faults = Faults::default();
    let mut jobs = Vec::with_capacity(selected.len());
    let (mut unknown, mut idle, mut short) = (0, 0, 0);
    for (index, row) in selected.iter().map(|row| *row as usize).enumerate() {
        let line = table.line(row);
        let mut refuse = |column: &str, value: String, problem: &str, help: &str| {
            faults.push(fault(&table.file, Some(line), column, value, problem, help));
            None
        };
        let mut number = |cells: Option<(&Column, &str)>| {
            let (cells, name) = cells?;
            match cells.number(row) {
                Ok(value) => value.filter(|v| {
                    *v >= 0.0
                        || refuse(
                            name,
                            v.to_string(),
                            "is below zero",
                            "correct the row, or leave the cell empty",
                        )
                        .is_some()
                }),
                Err(()) => refuse(
                    name,
                    cells.text(row).into(),
                    "is no finite number",
                    "correct the row, or leave the cell empty",
                ),
            }
        };
        let count = if gpus.is_some() {
            number(gpus)
        } else {
            Some(1.0)
        };
        let duration = match (&ends, releases[index]) {
            (Some(ends), Some(release)) => ends[index].map(|end| (end - release) as f64),
            _ => number(durations),
        };
        let (Some(release), Some(duration), Some(count)) = (releases[index], duration, count)
        else {
            unknown += 1;
            continue;
        };
        if duration < 0.0 {
            let name = trace.end_column.as_deref().unwrap_or("");
            refuse(
                name,
                duration.to_string(),
                "the job ends before it is submitted",
                "exchange the columns, or correct the row",
            );
        } else if duration == 0.0 || count == 0.0 {
            idle += 1;
        } else if duration < trace.duration_min_s {
            short += 1;
        } else {
            let job = Arrival {
                release,
                duration,
                gpus: 0,
                tenant: tenants
                    .map(|(cells, _)| cells.text(row).into_owned())
                    .filter(|t| !t.is_empty()),
                line,
            };
            jobs.push((count, job));
        }
    }
    faults.finish()?;
    for (number, why) in [
        (unknown, "without submit time, run time or GPUs left out"),
        (idle, "that need no GPU or no time left out"),
        (short, "shorter than duration_min_s left out"),
    ] {
        if number > 0 {
            notes.push(format!("{} {why}", count(number, "job")));
        }
    }
    Ok(jobs)
}

/// A column that a trace may do without.
fn optional<'a>(
    table: &'a Table,
    name: Option<&'a str>,
    subject: &str,
) -> Result<Option<(&'a Column, &'a str)>, Diagnostics> {
    let Some(name) = name else { return Ok(None) };
    Ok(Some((table.column(name, subject)?, name)))
}

/// Gangs run whole, so a job beyond the pool could never start.
fn refuse_too_large(
    source: &JobSource,
    trace: &TraceFile,
    table: &Table,
    jobs: &[Arrival],
    pool: Pool,
) -> Result<(), Diagnostics> {
    let mut faults = Faults::default();
    for job in jobs.iter().filter(|job| job.gpus > pool.gpus) {
        let column = trace.gpus_column.as_deref().unwrap_or("");
        let problem = format!(
            "the job is larger than the GPU pool `{}` of {}",
            source.gpu_pool, pool.gpus
        );
        let help = format!(
            "gangs run whole: enlarge the pool, lower jobs.{}.trace.gpu_scale, or leave such jobs out with a filter",
            source.id
        );
        faults.push(fault(
            &table.file,
            Some(job.line),
            column,
            format!("{} GPUs", job.gpus),
            problem,
            help,
        ));
    }
    faults.finish()
}

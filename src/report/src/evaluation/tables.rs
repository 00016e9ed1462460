//! The tables of an evaluation, for terminal and page alike.

use swingload_model::evaluation::result::{EvaluationResult, Group, ModelScores, Scores};

use crate::html::{Cell, Column, Table};

/// How models are named at the head of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heads {
    /// By their number in the table of scores: narrow.
    Numbers,
    /// By their names.
    Names,
}

fn column(label: impl Into<String>, unit: &str, decimals: u8) -> Column {
    Column {
        label: label.into(),
        unit: unit.to_owned(),
        decimals,
        ..Column::default()
    }
}

/// The model at the head of a row.
fn name(heads: Heads, number: usize, model: &ModelScores) -> Cell {
    match heads {
        Heads::Numbers => format!("{} {}", number + 1, model.id).into(),
        Heads::Names => model.id.as_str().into(),
    }
}

/// Models at the heads of columns, behind `first`.
fn heads<'a>(
    heads: Heads,
    models: impl Iterator<Item = (usize, &'a ModelScores)>,
    first: &str,
    unit: &str,
    decimals: u8,
) -> Vec<Column> {
    let mut columns = vec![column(first, "", 0)];
    columns.extend(models.map(|(number, model)| {
        let label = match heads {
            Heads::Numbers => (number + 1).to_string(),
            Heads::Names => model.id.clone(),
        };
        column(label, unit, decimals)
    }));
    columns
}

/// Digits after the point for errors of this size: three that count.
fn decimals(result: &EvaluationResult) -> u8 {
    let errors = result.models.iter().map(|m| m.all.mae);
    match errors.fold(0.0, f64::max) {
        most if most >= 100.0 => 1,
        most if most >= 1.0 => 3,
        _ => 4,
    }
}

/// One row per model.
pub(super) fn scores(result: &EvaluationResult, by: Heads) -> Table {
    let (unit, digits) = (result.unit.as_str(), decimals(result));
    // What is without a unit stands with the others' unit in the note.
    let columns = vec![
        column("model", "", 0),
        column("MAE", "", digits),
        column("rMAE", "", 3),
        column("RMSE", "", digits),
        column("bias", "", digits),
        column("pinball", "", digits),
        column("CRPS", "", digits),
        column("P10-P90", "%", 1),
        column("saving kept", "%", 1),
    ];
    let rows = result.models.iter().enumerate().map(|(number, model)| {
        let all = &model.all;
        vec![
            name(by, number, model),
            all.mae.into(),
            model.rmae.into(),
            all.rmse.into(),
            all.bias.into(),
            all.pinball.into(),
            all.crps.into(),
            all.p10_p90_pct.into(),
            model.saving_kept_pct.into(),
        ]
    });
    Table {
        columns,
        rows: rows.collect(),
        highlight: best(result),
        note: scores_note(result, unit),
    }
}

fn scores_note(result: &EvaluationResult, unit: &str) -> String {
    let mut note = format!(
        "Errors in {unit}, over the same {} steps of {} issues. rMAE: MAE over that of the \
         weekly naive forecast. P10-P90: share of the truths inside, 80 is right.",
        crate::thousands(result.steps as f64, 0),
        crate::thousands(result.issues as f64, 0),
    );
    if let Some(hours) = result.cheapest_hours {
        note += &format!(
            " Saving kept: by the {hours} hours with the lowest forecast, of what the cheapest \
             {hours} would have saved, over {} days forecast.",
            crate::thousands(result.cheapest_days as f64, 0)
        );
    }
    note
}

/// The model with the least mean absolute error. Yardsticks that are told the truth do not
/// count.
pub(super) fn best(result: &EvaluationResult) -> Option<usize> {
    least(result, |scores| Some(scores.mae))
}

/// The model with the least pinball loss, of those with quantiles.
pub(super) fn best_bands(result: &EvaluationResult) -> Option<usize> {
    least(result, |scores| scores.pinball)
}

fn least(result: &EvaluationResult, score: fn(&Scores) -> Option<f64>) -> Option<usize> {
    let real = result
        .models
        .iter()
        .enumerate()
        .filter(|(_, m)| m.model != "perfect");
    let scored = real.filter_map(|(i, m)| Some((i, score(&m.all)?)));
    scored.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(i, _)| i)
}

/// What of a group is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// Mean absolute error.
    Error,
    /// Mean pinball loss.
    Pinball,
    /// Coverage of P10 to P90.
    Coverage,
    /// Breaches of P10 where P90 is above zero.
    Breaches,
    /// Spikes whose P90 was a spike too, of all.
    Spikes,
}

impl Shown {
    pub(super) fn of(self, scores: &Scores) -> Option<f64> {
        match self {
            Self::Error => Some(scores.mae),
            Self::Pinball => scores.pinball,
            Self::Coverage => scores.p10_p90_pct,
            Self::Breaches => scores.p10_breached_pct,
            Self::Spikes => {
                let (seen, all) = (scores.spikes_seen?, scores.spikes?);
                (all > 0).then(|| 100.0 * seen as f64 / all as f64)
            }
        }
    }
}

/// One row per group, one column per model that has the figure anywhere.
pub(super) fn groups(
    result: &EvaluationResult,
    by: Heads,
    first: &str,
    shown: Shown,
    of: impl Fn(&ModelScores) -> &[Group],
) -> Table {
    let has = |model: &ModelScores| of(model).iter().any(|g| shown.of(&g.scores).is_some());
    let models: Vec<(usize, &ModelScores)> = result
        .models
        .iter()
        .enumerate()
        .filter(|(_, m)| has(m))
        .collect();
    let digits = match shown {
        Shown::Error | Shown::Pinball => decimals(result),
        _ => 1,
    };
    let mut columns = heads(by, models.iter().copied(), first, "", digits);
    columns.insert(1, column("steps", "", 0));
    let Some((_, any)) = models.first() else {
        return Table::default();
    };
    let rows = of(any).iter().enumerate().map(|(g, group)| {
        let count = match shown {
            Shown::Spikes => group.scores.spikes.unwrap_or(0),
            Shown::Breaches => group.scores.p90_positive.unwrap_or(0),
            _ => group.scores.steps,
        };
        let mut row: Vec<Cell> = vec![group.label.as_str().into(), (count as f64).into()];
        let figures = models
            .iter()
            .map(|(_, m)| shown.of(&of(m)[g].scores).into());
        row.extend(figures);
        row
    });
    Table {
        rows: rows.collect(),
        columns,
        ..Table::default()
    }
}

/// Share of truths at or below each quantile.
pub(super) fn reliability(result: &EvaluationResult, by: Heads) -> Table {
    let models = || {
        let all = result.models.iter().enumerate();
        all.filter(|(_, m)| !m.reliability.is_empty())
    };
    let Some((_, any)) = models().next() else {
        return Table::default();
    };
    let rows = any.reliability.iter().enumerate().map(|(k, level)| {
        let mut row: Vec<Cell> = vec![format!("P{}", level.level_pct).into()];
        row.extend(models().map(|(_, m)| Cell::from(m.reliability[k].observed_pct)));
        row
    });
    Table {
        columns: heads(by, models(), "quantile", "", 1),
        rows: rows.collect(),
        ..Table::default()
    }
}

/// One-sided p-values: row against column.
pub(super) fn tests(result: &EvaluationResult, by: Heads) -> Table {
    if result.models.len() < 2 {
        return Table::default();
    }
    let all = || result.models.iter().enumerate();
    let rows = all().map(|(number, model)| {
        let mut row = vec![name(by, number, model)];
        row.extend(result.models.iter().map(|other| {
            let test = model.diebold_mariano.iter().find(|t| t.against == other.id);
            Cell::from(test.and_then(|t| t.p_value))
        }));
        row
    });
    Table {
        columns: heads(by, all(), "better than", "", 3),
        rows: rows.collect(),
        note: "Diebold-Mariano on the mean absolute error of each day: chance of such a lead of \
               the row over the column if it were no better. Below 0.05 the row is better."
            .to_owned(),
        ..Table::default()
    }
}

/// Hours of the day in which the row is better than the column at 5 %.
pub(super) fn hourly_tests(result: &EvaluationResult, by: Heads) -> Table {
    if result.models.len() < 2 {
        return Table::default();
    }
    let all = || result.models.iter().enumerate();
    let rows = all().map(|(number, model)| {
        let mut row = vec![name(by, number, model)];
        row.extend(result.models.iter().map(|other| {
            let test = model.diebold_mariano.iter().find(|t| t.against == other.id);
            let count = test.map(|t| {
                let better = t
                    .by_hour
                    .iter()
                    .filter(|h| h.p_value.is_some_and(|p| p < 0.05));
                better.count() as f64
            });
            Cell::from(count)
        }));
        row
    });
    Table {
        columns: heads(by, all(), "better than", "", 0),
        rows: rows.collect(),
        note: "Hours of the day, of 24, in which a test of that hour alone has the row better \
               than the column at 5 %."
            .to_owned(),
        ..Table::default()
    }
}

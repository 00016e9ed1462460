//! The LASSO against what scikit-learn says of the same problems.
//!
//! `lasso/record.py` made `lasso/expected.json`, with coordinate descent for the
//! solutions, `lars_path` for the corners and `LassoLarsIC` for the penalty.

use std::collections::BTreeMap;

use serde_json::Value;
use swingload_forecast::lasso::{Choice, Columns, Gram, Knot, Noise, Workspace};

/// Largest difference, relative to the largest of the values compared.
const TOLERANCE: f64 = 1e-6;

/// SplitMix64, as numbers in [-1, 1).
fn uniforms(seed: u64, count: usize) -> Vec<f64> {
    let mut state = seed;
    (0..count)
        .map(|_| {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^= z >> 31;
            (z >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        })
        .collect()
}

/// The problem of that number, centred, and whether its columns are independent.
struct Problem {
    columns: Columns,
    gram: Gram,
    correlation: Vec<f64>,
    square: f64,
    target: Vec<f64>,
    is_unique: bool,
}

fn problem(k: usize) -> Problem {
    let rows = 20 + (k * 37) % 101;
    let size = 4 + (k * 23) % 57;
    let draws = uniforms(k as u64 + 1, rows * size + rows);
    let mut columns: Vec<Vec<f64>> = draws[..rows * size]
        .chunks(rows)
        .map(<[f64]>::to_vec)
        .collect();
    for j in 1..size {
        for row in 0..rows {
            columns[j][row] = 0.5 * columns[j][row] + 0.5 * columns[j - 1][row];
        }
    }
    if k % 11 == 3 {
        columns
            .iter_mut()
            .flatten()
            .for_each(|value| *value *= 1000.0);
    }
    if k % 7 == 2 {
        for day in 0..7 {
            columns.push(
                (0..rows)
                    .map(|row| f64::from(u8::from(row % 7 == day)))
                    .collect(),
            );
        }
    }
    let mut target: Vec<f64> = draws[rows * size..]
        .iter()
        .map(|value| 0.25 * value)
        .collect();
    for (j, column) in columns.iter().enumerate().step_by(5) {
        for (sum, value) in target.iter_mut().zip(column) {
            *sum += if (j / 5) % 2 == 0 {
                *value
            } else {
                -0.5 * value
            };
        }
    }
    let mean = target.iter().sum::<f64>() / rows as f64;
    target.iter_mut().for_each(|value| *value -= mean);
    let mut columns = Columns::new(rows, columns.concat());
    columns.centre();
    Problem {
        gram: Gram::new(&columns),
        correlation: columns.products(&target),
        square: target.iter().map(|value| value * value).sum(),
        is_unique: rows > columns.len() && k % 7 != 2,
        columns,
        target,
    }
}

fn expected() -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("lasso/expected.json")).expect("JSON");
    file["problems"].as_array().expect("an array").clone()
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn assert_near(got: f64, want: f64, scale: f64, what: &str) {
    let off = (got - want).abs();
    assert!(
        off <= TOLERANCE * scale.abs().max(1e-12),
        "{what}: {got} for {want}"
    );
}

#[test]
fn solutions_are_those_of_coordinate_descent() {
    let mut workspace = Workspace::default();
    for (k, record) in expected().iter().enumerate() {
        let problem = problem(k);
        for (i, solution) in record["solutions"]
            .as_array()
            .expect("an array")
            .iter()
            .enumerate()
        {
            let alpha = number(&solution["alpha"]);
            let got = workspace.at_alpha(&problem.gram, &problem.correlation, alpha);
            let what = format!("problem {k}, solution {i}");
            let want: BTreeMap<usize, f64> =
                (solution["coefficients"].as_object().expect("an object"))
                    .iter()
                    .map(|(column, value)| (column.parse().expect("a position"), number(value)))
                    .collect();
            let largest = want
                .values()
                .fold(0.0_f64, |most, value| most.max(value.abs()));
            // Dependent columns leave the coefficients open, but not the least objective.
            if problem.is_unique {
                for (column, value) in got.iter().enumerate() {
                    let want = want.get(&column).copied().unwrap_or(0.0);
                    assert_near(*value, want, largest, &format!("{what}, column {column}"));
                }
            }
            let mut residual = problem.target.clone();
            for (column, value) in got.iter().enumerate() {
                for (rest, x) in residual.iter_mut().zip(problem.columns.column(column)) {
                    *rest -= value * x;
                }
            }
            let squares: f64 = residual.iter().map(|value| value * value).sum();
            let weight: f64 = got.iter().map(|value| value.abs()).sum();
            let objective = squares / (2 * residual.len()) as f64 + alpha * weight;
            let least = number(&solution["objective"]);
            assert_near(objective, least, least, &format!("{what}, objective"));
        }
    }
}

#[test]
fn corners_are_those_of_lars_path() {
    let mut workspace = Workspace::default();
    for (k, record) in expected().iter().enumerate() {
        let problem = problem(k);
        let want: Vec<f64> = (record["alphas"].as_array().expect("an array"))
            .iter()
            .map(number)
            .collect();
        let mut got = Vec::new();
        workspace.follow(&problem.gram, &problem.correlation, 0.0, |knot: &Knot| {
            got.push(knot.alpha);
            got.len() < want.len()
        });
        assert_eq!(got.len(), want.len(), "problem {k}");
        for (i, (got, alpha)) in got.iter().zip(&want).enumerate() {
            assert_near(*got, *alpha, want[0], &format!("problem {k}, corner {i}"));
        }
    }
}

#[test]
fn the_penalty_is_that_of_lasso_lars_ic() {
    let mut workspace = Workspace::default();
    for (k, record) in expected().iter().enumerate() {
        let problem = problem(k);
        let mut choose = |noise| {
            let Problem {
                gram,
                correlation,
                square,
                ..
            } = &problem;
            Choice::by_aic(&mut workspace, gram, correlation, *square, noise).alpha
        };
        let largest = number(&record["alphas"][0]);
        let want = number(&record["aic_alpha"]);
        assert_near(
            choose(Noise::OfTarget),
            want,
            largest,
            &format!("problem {k}"),
        );
        if let Some(known) = record["least_squares"].as_object() {
            let got = choose(Noise::Given(number(&known["noise"])));
            assert_near(
                got,
                number(&known["alpha"]),
                largest,
                &format!("problem {k}, least squares"),
            );
        }
    }
}

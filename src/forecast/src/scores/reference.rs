//! Values recorded from scipy and scikit-learn by `tests/score_reference.py`.

const RECORDED: &str = include_str!("../../tests/score_reference.csv");

/// The values of one row.
pub(super) fn column(name: &str) -> Vec<f64> {
    let row = RECORDED.lines().find_map(|line| {
        let (known, values) = line.split_once(',')?;
        (known == name).then_some(values)
    });
    let values = row.expect("a recorded row").split(',');
    values.map(|v| v.parse().expect("a number")).collect()
}

/// The only value of a row.
pub(super) fn number(name: &str) -> f64 {
    column(name)[0]
}

/// The recorded quantiles, one array per truth.
pub(super) fn quantiles() -> Vec<[f64; 19]> {
    let by_level: Vec<Vec<f64>> = (1..20).map(|k| column(&format!("q{}", 5 * k))).collect();
    let count = by_level[0].len();
    (0..count)
        .map(|i| std::array::from_fn(|k| by_level[k][i]))
        .collect()
}

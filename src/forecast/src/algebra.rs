//! Dense linear algebra that the regressions share.

mod cholesky;

pub(crate) use cholesky::Cholesky;

/// Inner product, in eight sums so that the processor can work on them side by side.
/// Both are of one length.
pub(crate) fn dot(left: &[f64], right: &[f64]) -> f64 {
    debug_assert_eq!(left.len(), right.len(), "invariant: vectors of one length");
    let mut sums = [0.0; 8];
    let (left_chunks, left_rest) = left.as_chunks::<8>();
    let (right_chunks, right_rest) = right.as_chunks::<8>();
    for (a, b) in left_chunks.iter().zip(right_chunks) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = left_rest.iter().zip(right_rest).map(|(a, b)| a * b).sum();
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (b + f)) + ((c + g) + (d + h)) + rest
}

/// `target += factor * values`.
pub(crate) fn add_scaled(target: &mut [f64], factor: f64, values: &[f64]) {
    for (t, v) in target.iter_mut().zip(values) {
        *t += factor * v;
    }
}

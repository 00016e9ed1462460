//! One generator per purpose: one more draw for one purpose changes no other.

use rand_chacha::ChaCha8Rng;

/// The generator for `purpose` number `index` of a run.
pub(crate) fn generator(seed: u64, purpose: &str, index: usize) -> ChaCha8Rng {
    swingload_forecast::seed::generator(seed, purpose, index as i64)
}

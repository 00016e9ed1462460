//! Generators of random numbers derived by purpose, and the draws made from them.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// The generator of the run `seed` for the purpose `name`.
///
/// ChaCha8 keyed with SHA-256 of the seed's eight bytes (little endian) followed by
/// the name's UTF-8 bytes. The derivation is part of the format: changing it
/// changes every generated scenario. One more name changes nothing in another.
///
/// ```
/// use swingload_data::stream;
/// assert_eq!(stream(7, "price"), stream(7, "price"));
/// assert_ne!(stream(7, "price"), stream(7, "surplus"));
/// ```
pub fn stream(seed: u64, name: &str) -> ChaCha8Rng {
    let mut digest = Sha256::new();
    digest.update(seed.to_le_bytes());
    digest.update(name.as_bytes());
    ChaCha8Rng::from_seed(digest.finalize().into())
}

/// Uniform in `[0, 1)`, 53 bits.
pub(crate) fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Exponential with mean 1.
pub(crate) fn exponential(rng: &mut ChaCha8Rng) -> f64 {
    -libm::log(1.0 - uniform(rng))
}

/// Standard normal, by Box and Muller; two uniform draws each.
pub(crate) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let radius = libm::sqrt(2.0 * exponential(rng));
    radius * libm::cos(std::f64::consts::TAU * uniform(rng))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_derivation_never_changes() {
        let mut rng = stream(7, "price");
        assert_eq!(rng.next_u64(), FIRST_OF_PRICE);
    }

    /// First draw of `stream(7, "price")`; scenarios depend on it.
    const FIRST_OF_PRICE: u64 = 8_437_584_983_902_252_996;

    #[test]
    fn draws_have_their_moments() {
        let mut rng = stream(1, "moments");
        let mean =
            |draw: &mut dyn FnMut() -> f64| (0..20_000).map(|_| draw()).sum::<f64>() / 20_000.0;
        assert!((mean(&mut || uniform(&mut rng)) - 0.5).abs() < 0.01);
        assert!((mean(&mut || exponential(&mut rng)) - 1.0).abs() < 0.03);
        assert!(mean(&mut || normal(&mut rng)).abs() < 0.03);
        assert!((mean(&mut || libm::pow(normal(&mut rng), 2.0)) - 1.0).abs() < 0.05);
    }
}

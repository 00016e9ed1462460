//! Stable hashes: the same on every machine and in every version of the compiler.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// One round of SplitMix64: a bijection that spreads every bit over the word.
///
/// # Source
/// Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators".
pub fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// FNV-1a over bytes, 64 bits.
///
/// # Source
/// Fowler, Noll, Vo; RFC 9923.
pub(crate) fn hash_bytes(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The generator of one series' paths at one issue:
/// `ChaCha8::seed_from_u64(mix(mix(mix(seed) ^ fnv1a(series)) ^ issued_at))`.
///
/// A draw more in one series or issue changes no other.
pub fn generator(seed: u64, series: &str, issued_at: i64) -> ChaCha8Rng {
    let named = mix(mix(seed) ^ hash_bytes(series.as_bytes()));
    ChaCha8Rng::seed_from_u64(mix(named ^ issued_at as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::rand_core::Rng;

    #[test]
    fn hashes_match_their_published_values() {
        assert_eq!(hash_bytes(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash_bytes(b"foobar"), 0x8594_4171_f739_67e8);
        // First output of SplitMix64 seeded with 0.
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn generators_differ_by_seed_series_and_issue() {
        let first = |seed, series, at| generator(seed, series, at).next_u64();
        assert_eq!(first(1, "price", 0), first(1, "price", 0));
        assert_ne!(first(1, "price", 0), first(2, "price", 0));
        assert_ne!(first(1, "price", 0), first(1, "surplus", 0));
        assert_ne!(first(1, "price", 0), first(1, "price", 300));
    }
}

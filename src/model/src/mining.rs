//! What a hash earns: subsidy, halvings, hashprice, break-even.

use crate::units::Hashprice;

/// Hashes expected per block at difficulty 1.
///
/// # Source
/// Bitcoin protocol: expected hashes per block are difficulty x 2^32.
pub(crate) const HASHES_PER_DIFFICULTY: f64 = 4_294_967_296.0;

/// Block reward of the first 210,000 blocks, BTC.
const SUBSIDY_FIRST: f64 = 50.0;

/// Halvings so far: Unix second of the first block at the lower subsidy.
///
/// # Source
/// Header times of blocks 210000, 420000, 630000 and 840000.
const HALVINGS: [i64; 4] = [1_354_116_278, 1_468_082_773, 1_589_225_023, 1_713_571_767];

/// Seconds of 210,000 blocks at the protocol's ten minutes; for halvings to come.
const HALVING_INTERVAL_S: i64 = 210_000 * 600;

/// Block subsidy at Unix second `at`, BTC; halvings to come at ten minutes a block.
pub fn subsidy(at: i64) -> f64 {
    let past = HALVINGS.partition_point(|h| *h <= at);
    let ahead = if past == HALVINGS.len() {
        (at - HALVINGS[past - 1]) / HALVING_INTERVAL_S
    } else {
        0
    };
    SUBSIDY_FIRST / libm::exp2((past as i64 + ahead) as f64)
}

/// First Unix second after `at` from which the subsidy is half; halvings to come at ten
/// minutes a block.
pub fn next_halving(at: i64) -> i64 {
    let past = HALVINGS.partition_point(|h| *h <= at);
    HALVINGS.get(past).copied().unwrap_or_else(|| {
        let last = HALVINGS[HALVINGS.len() - 1];
        last + ((at - last) / HALVING_INTERVAL_S + 1) * HALVING_INTERVAL_S
    })
}

/// Expected revenue of 1 PH/s for a day.
///
/// `reward_btc` is subsidy plus fees per block, `btc_price` in currency per BTC.
/// `None` when an argument is not a positive finite number.
///
/// # Source
/// Blummer, Bitcoin mining calculations: 1e15 x 86400 x reward / (difficulty x 2^32) BTC.
pub fn hashprice(difficulty: f64, reward_btc: f64, btc_price: f64) -> Option<Hashprice> {
    let valid = difficulty > 0.0 && reward_btc >= 0.0 && btc_price >= 0.0;
    let btc = 1e15 * 86_400.0 * reward_btc / (difficulty * HASHES_PER_DIFFICULTY);
    Hashprice::new(btc * btc_price).filter(|_| valid)
}

/// What `ph_per_s` of hashrate at `megawatts` earn per MWh, before fees; zero without power.
///
/// # Source
/// Energy balance of a miner at constant efficiency.
pub fn hashing_per_mwh(hashprice: Hashprice, ph_per_s: f64, megawatts: f64) -> f64 {
    if megawatts > 0.0 {
        hashprice.get() / 24.0 * ph_per_s / megawatts
    } else {
        0.0
    }
}

/// Revenue of `terahashes` (10^12 hashes), in currency units.
pub fn revenue_of_terahashes(hashprice: Hashprice, terahashes: f64) -> f64 {
    // 1 PH/s for a day is 1000 TH/s x 86400 s.
    hashprice.get() * terahashes / (1000.0 * 86_400.0)
}

/// Factor on everyone's revenue per hash once `own_eh_per_s` of new hashrate has entered the difficulty.
///
/// # Source
/// Difficulty follows total hashrate at the next retargets, so revenue per hash
/// falls by network / (network + own).
pub fn difficulty_feedback(network_eh_per_s: f64, own_eh_per_s: f64) -> f64 {
    if network_eh_per_s <= 0.0 {
        1.0
    } else {
        network_eh_per_s / (network_eh_per_s + own_eh_per_s.max(0.0))
    }
}

/// Network hashrate implied by a difficulty at ten minutes a block, EH/s.
pub fn network_hashrate(difficulty: f64) -> f64 {
    difficulty * HASHES_PER_DIFFICULTY / 600.0 / 1e18
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_hashprices_are_met() {
        // ChainCatcher/CoinDesk: 38.2 USD/PH/day; CoinDesk, February 2026: about 35.
        let late_2025 = hashprice(152e12, 3.125 * 1.01, 91_000.0)
            .expect("valid")
            .get();
        assert!((late_2025 - 38.0).abs() < 0.1, "{late_2025}");
        let early_2026 = hashprice(125.86e12, 3.125 * 1.01, 69_000.0)
            .expect("valid")
            .get();
        assert!((early_2026 - 34.8).abs() < 0.1, "{early_2026}");
    }

    #[test]
    fn subsidies_halve() {
        assert_eq!(subsidy(1_300_000_000), 50.0);
        assert_eq!(subsidy(1_656_633_600), 6.25);
        assert_eq!(subsidy(1_713_571_766), 6.25);
        assert_eq!(subsidy(1_713_571_767), 3.125);
        assert_eq!(subsidy(1_713_571_767 + HALVING_INTERVAL_S), 1.5625);
    }

    #[test]
    fn the_next_halving_halves() {
        for at in [
            0,
            1_300_000_000,
            1_713_571_767,
            1_767_225_600,
            2_100_000_000,
        ] {
            let next = next_halving(at);
            assert!(next > at);
            assert_eq!(subsidy(next - 1), subsidy(at), "none before {next}");
            assert_eq!(subsidy(next), subsidy(at) / 2.0);
        }
        // 2028-04-16, where 210,000 blocks of ten minutes end.
        assert_eq!(next_halving(1_767_225_600), 1_839_571_767);
    }

    #[test]
    fn two_gigawatts_move_the_difficulty() {
        // 109 EH/s in a network of 1.1 ZH/s costs everyone about 9 %.
        assert!((difficulty_feedback(1100.0, 109.0) - 0.91).abs() < 0.005);
    }

    #[test]
    fn nonsense_has_no_hashprice() {
        assert!(hashprice(0.0, 3.1, 60_000.0).is_none());
        assert!(hashprice(1e12, f64::NAN, 60_000.0).is_none());
    }
}

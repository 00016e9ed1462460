//! Break-even of miners: the price of power above which hashing loses money.
//!
//! ```text
//! what hashes of a wall MWh earn        gross
//!   - pool fee and rejected shares      fees
//!   - power that cooling takes          cooling
//!   = price at the site's meter, all-in at_meter
//!   - charges per MWh on hashing        charges
//!   = price of the energy alone         energy
//! ```
//!
//! Prices are per MWh that a device draws. Asleep it still draws a little, so that a stop
//! saves less than that: it pays from a price that lies higher by the sleeping power's share.
//! A start's wear and the hashes lost while waking are no price of power; they say how long a
//! price must stay above break-even for a stop to pay.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::mining::hashing_per_mwh;
use crate::site::MinerPool;
use crate::units::Hashprice;

/// Break-even of a pool's operating points, now and over a period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PoolBreakeven {
    /// The miner pool.
    pub pool: String,
    /// Its operating points by rising power.
    pub points: Vec<PointBreakeven>,
    /// Wear of a start, currency per MW that is woken at the highest point, at the meter; a
    /// stop pays once price less break-even, over the hours of the stop, comes to more than
    /// this and what waking loses.
    pub wear_per_start_per_mw: f64,
    /// Hours of a start without hashing, at the power of the chosen point.
    pub wake_h: f64,
}

/// Break-even of one operating point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PointBreakeven {
    /// Wall power of one device, W.
    pub power_w: i64,
    /// Hashrate of one device, TH/s.
    pub hashrate_th_per_s: f64,
    /// J/TH at the wall.
    pub efficiency_j_per_th: f64,
    /// Of all that a device draws at this point, in the first step.
    pub now: BreakevenPrice,
    /// The same as a mean over the period's time in which heat lets devices run.
    pub mean: BreakevenPrice,
    /// Of running at this point rather than at the one below it, price at the meter in the
    /// first step, currency per MWh; null for the lowest. Above it devices are underclocked.
    pub next_watt_now_per_mwh: Option<f64>,
    /// The same as a mean.
    pub next_watt_mean_per_mwh: Option<f64>,
}

/// A break-even price and its parts, currency per MWh.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct BreakevenPrice {
    /// What hashing earns per MWh at the wall, before fees.
    pub gross_per_mwh: f64,
    /// Of it the mining pool's fee and rejected shares.
    pub fees_per_mwh: f64,
    /// Of it what the hall's cooling takes: power beyond the wall's at the marginal PUE.
    pub cooling_per_mwh: f64,
    /// What is left: the full price of power at the site's meter, charges included, above
    /// which hashing loses money.
    pub at_meter_per_mwh: f64,
    /// Charges and taxes per MWh on hashing; peaks and demand charges are none.
    pub charges_per_mwh: f64,
    /// Price of the energy alone above which hashing loses money: at the meter less charges.
    pub energy_per_mwh: f64,
}

/// What hashing meets in one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HashingStep {
    /// Length, h.
    pub hours: f64,
    /// Revenue of 1 PH/s for a day, before fees.
    pub hashprice: Hashprice,
    /// Share of the hashrate that heat leaves; zero in shutdown.
    pub heat: f64,
    /// Marginal PUE of the pool's hall.
    pub pue: f64,
    /// Charges and taxes on hashing, currency per facility MWh.
    pub charges: f64,
}

/// Break-even of all operating points of a pool over `steps`, of which the first is now.
pub fn breakeven(pool: &MinerPool, steps: &[HashingStep]) -> PoolBreakeven {
    let price = |mw: f64, ph: f64, step: &HashingStep| price(pool, mw, ph, step);
    let over = |mw: f64, ph: f64| {
        let running = || steps.iter().filter(|s| s.heat > 0.0);
        let hours: f64 = running().map(|s| s.hours).sum();
        let sum = running().fold(BreakevenPrice::default(), |sum, step| {
            sum.plus(&price(mw, ph, step), step.hours)
        });
        let now = steps
            .first()
            .map_or_else(BreakevenPrice::default, |s| price(mw, ph, s));
        let mean = if hours > 0.0 {
            BreakevenPrice::default().plus(&sum, 1.0 / hours)
        } else {
            BreakevenPrice::default()
        };
        (now, mean)
    };
    let mut below: Option<(f64, f64)> = None;
    let points = pool.points.iter().map(|point| {
        let mw = point.power.as_megawatts();
        let ph = point.hashrate.get() / 1000.0;
        let (now, mean) = over(mw, ph);
        let next = below.map(|(mw_below, ph_below)| over(mw - mw_below, ph - ph_below));
        below = Some((mw, ph));
        PointBreakeven {
            power_w: point.power.get(),
            hashrate_th_per_s: micro(point.hashrate.get()),
            efficiency_j_per_th: micro(point.power.get() as f64 / point.hashrate.get()),
            now,
            mean,
            next_watt_now_per_mwh: next.map(|(now, _)| now.at_meter_per_mwh),
            next_watt_mean_per_mwh: next.map(|(_, mean)| mean.at_meter_per_mwh),
        }
    });
    let points: Vec<PointBreakeven> = points.collect();
    let pue = steps.first().map_or(1.0, |s| s.pue);
    let rated = below.map_or(0.0, |(mw, _)| mw * pue);
    PoolBreakeven {
        pool: pool.id.clone(),
        points,
        wear_per_start_per_mw: if rated > 0.0 {
            micro(pool.wear_per_start.as_units() / rated)
        } else {
            0.0
        },
        wake_h: micro(pool.wake.as_hours()),
    }
}

/// Break-even of `ph` PH/s for `mw` MW (IT) of power in a step.
fn price(pool: &MinerPool, mw: f64, ph: f64, step: &HashingStep) -> BreakevenPrice {
    let gross = hashing_per_mwh(step.hashprice, ph * step.heat, mw);
    let net = gross * pool.keeps();
    let at_meter = net / step.pue;
    BreakevenPrice {
        gross_per_mwh: micro(gross),
        fees_per_mwh: micro(gross - net),
        cooling_per_mwh: micro(net - at_meter),
        at_meter_per_mwh: micro(at_meter),
        charges_per_mwh: micro(step.charges),
        energy_per_mwh: micro(at_meter - step.charges),
    }
}

/// To a millionth, so that it reads back as it was written.
fn micro(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

impl BreakevenPrice {
    /// Sum with `weight` times another.
    fn plus(self, other: &Self, weight: f64) -> Self {
        let add = |a: f64, b: f64| micro(a + weight * b);
        Self {
            gross_per_mwh: add(self.gross_per_mwh, other.gross_per_mwh),
            fees_per_mwh: add(self.fees_per_mwh, other.fees_per_mwh),
            cooling_per_mwh: add(self.cooling_per_mwh, other.cooling_per_mwh),
            at_meter_per_mwh: add(self.at_meter_per_mwh, other.at_meter_per_mwh),
            charges_per_mwh: add(self.charges_per_mwh, other.charges_per_mwh),
            energy_per_mwh: add(self.energy_per_mwh, other.energy_per_mwh),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;
    use crate::site::Site;

    fn pool(more: &str) -> MinerPool {
        let text = format!(
            "name = \"One\"\ncurrency = \"USD\"\ntime_zone = \"UTC\"\n\
             nodes = [{{ id = \"root\", kind = \"interconnect\", rating_mw = 10 }}]\n\
             supply = [{{ id = \"grid\", kind = \"grid\", available_mw = 10, price_per_mwh = 40 }}]\n\
             [[pools]]\nid = \"miners\"\nnode = \"root\"\nmodel = \"own\"\ncount = 10\n{more}"
        );
        let site = Site::from_toml("site.toml", &text, &[], &Catalogue::embedded());
        site.unwrap_or_else(|e| panic!("{e:?}")).pools.remove(0)
    }

    fn step(hours: f64, heat: f64, hashprice: f64) -> HashingStep {
        HashingStep {
            hours,
            hashprice: Hashprice::new(hashprice).expect("finite"),
            heat,
            pue: 1.25,
            charges: 4.5,
        }
    }

    /// 48 USD per PH/s and day are 2 an hour; 100 TH/s at 2 kW are 100 USD/MWh.
    #[test]
    fn every_part_of_a_break_even_price_is_told_apart() {
        let pool = pool(
            "points = [{ power_w = 1000, hashrate_th_per_s = 60 }, \
             { power_w = 2000, hashrate_th_per_s = 100 }]\nsleep_w = 10\npool_fee = 0.02\n\
             wear_per_start = 0.05\nwake_s = 360\n",
        );
        let told = breakeven(&pool, &[step(1.0, 1.0, 48.0), step(3.0, 1.0, 96.0)]);
        let top = &told.points[1];
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-5, "{a} {b}");
        near(top.now.gross_per_mwh, 100.0);
        near(top.now.fees_per_mwh, 2.0);
        near(top.now.cooling_per_mwh, 98.0 - 78.4);
        near(top.now.at_meter_per_mwh, 78.4);
        near(top.now.energy_per_mwh, 73.9);
        near(top.mean.at_meter_per_mwh, 78.4 * (1.0 + 3.0 * 2.0) / 4.0);
        // The lower point earns 60 TH/s for 1 kW, and the next kW 40 TH/s.
        near(told.points[0].now.at_meter_per_mwh, 120.0 * 0.98 / 1.25);
        assert_eq!(told.points[0].next_watt_now_per_mwh, None);
        near(
            top.next_watt_now_per_mwh.expect("a point below"),
            80.0 * 0.98 / 1.25,
        );
        near(told.wear_per_start_per_mw, 0.05 / (2e-3 * 1.25));
        near(told.wake_h, 0.1);
    }

    /// July 2024 in Texas: a hashprice of 49.72 USD, a pool fee of 2 %, a marginal PUE of 1.0434
    /// in the heat: 29.5 J/TH stop at 66.0 USD/MWh and 17.5 J/TH at 111.2.
    #[test]
    fn two_generations_of_miners_break_even_where_they_did() {
        for (watts, hashrate, expected) in [(3068, 104.0, 66.0), (3500, 200.0, 111.2)] {
            let pool = pool(&format!(
                "points = [{{ power_w = {watts}, hashrate_th_per_s = {hashrate:?} }}]\n\
                 pool_fee = 0.02\n"
            ));
            let step = HashingStep {
                pue: 1.0434,
                ..step(1.0, 1.0, 49.7155)
            };
            let told = &breakeven(&pool, &[step]).points[0].mean;
            assert!((told.at_meter_per_mwh - expected).abs() < 0.1, "{told:?}");
            let same = pool.breakeven_price(step.hashprice, step.pue);
            assert!(
                (told.at_meter_per_mwh - same).abs() < 1e-6,
                "one definition"
            );
            assert!((told.energy_per_mwh - (same - 4.5)).abs() < 1e-5);
        }
    }

    #[test]
    fn hours_of_shutdown_are_no_part_of_the_mean() {
        let pool = pool("points = [{ power_w = 2000, hashrate_th_per_s = 100 }]\nsleep_w = 0\n");
        let told = breakeven(&pool, &[step(1.0, 0.0, 48.0), step(1.0, 0.5, 48.0)]);
        assert_eq!(told.points[0].now.gross_per_mwh, 0.0);
        assert!((told.points[0].mean.gross_per_mwh - 50.0).abs() < 1e-6);
        assert_eq!(
            breakeven(&pool, &[]).points[0].mean,
            BreakevenPrice::default()
        );
    }
}

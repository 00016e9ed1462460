//! Miner pools, GPU pools and inference services.

use jiff::Timestamp;

use super::Amount;
use crate::mining::hashing_per_mwh;
use crate::time::Seconds;
use crate::units::{Hashprice, Hashrate, Money, Power};

/// One setting of a device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OperatingPoint {
    /// Wall power of one device.
    pub power: Power,
    /// Its hashrate there.
    pub hashrate: Hashrate,
    /// Whether the point is derived (P proportional to H^1.6) rather than published or measured.
    pub derived: bool,
}

/// Number of devices over time: each entry holds from its instant on.
#[derive(Debug, Clone, PartialEq)]
pub struct CountSchedule {
    /// `(from, count)`, sorted; the first entry holds from the beginning.
    pub entries: Vec<(Option<Timestamp>, u32)>,
}

impl CountSchedule {
    /// A count that never changes.
    pub fn constant(count: u32) -> Self {
        Self {
            entries: vec![(None, count)],
        }
    }

    /// Devices installed at Unix second `at`.
    pub fn at(&self, at: i64) -> u32 {
        let index = self
            .entries
            .partition_point(|(from, _)| from.is_none_or(|f| f.as_second() <= at));
        self.entries[..index].last().map_or(0, |(_, count)| *count)
    }

    /// Fewest and most devices installed between two Unix seconds, `to` exclusive.
    pub fn range(&self, from: i64, to: i64) -> (u32, u32) {
        let inside = |start: &&(Option<Timestamp>, u32)| {
            start
                .0
                .is_some_and(|s| s.as_second() > from && s.as_second() < to)
        };
        let later = self.entries.iter().filter(inside).map(|(_, count)| *count);
        let first = self.at(from);
        later.fold((first, first), |(least, most), count| {
            (least.min(count), most.max(count))
        })
    }

    /// Most devices ever installed.
    pub fn max(&self) -> u32 {
        self.entries
            .iter()
            .map(|(_, count)| *count)
            .max()
            .unwrap_or(0)
    }
}

/// Loss of hashrate by heat.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeatDerating {
    /// Above this outdoor temperature hashrate falls by `loss` at the same power, degC.
    pub derate_above_c: f64,
    /// Share of hashrate lost, 0 to 1.
    pub loss: f64,
    /// Above this temperature devices shut down, degC.
    pub shutdown_above_c: f64,
}

impl HeatDerating {
    /// Share of the hashrate left at an outdoor temperature; zero in shutdown.
    pub fn share_left(&self, outdoor_c: f64) -> f64 {
        match outdoor_c {
            c if c > self.shutdown_above_c => 0.0,
            c if c > self.derate_above_c => 1.0 - self.loss,
            _ => 1.0,
        }
    }
}

/// Identical ASICs of one model and firmware below one node.
#[derive(Debug, Clone, PartialEq)]
pub struct MinerPool {
    /// Stable name.
    pub id: String,
    /// Position of its node in the tree.
    pub node: usize,
    /// Catalogue name of the model.
    pub model: String,
    /// Devices installed.
    pub count: CountSchedule,
    /// Settings by rising power; at least one.
    pub points: Vec<OperatingPoint>,
    /// Power of a sleeping device.
    pub sleep: Power,
    /// Time from wake to full hashrate, drawing the chosen point's power without hashing.
    pub wake: Seconds,
    /// Shortest time awake.
    pub min_on: Seconds,
    /// Shortest time asleep.
    pub min_off: Seconds,
    /// Most starts of a device per calendar day of the site; `None` for no limit.
    pub starts_per_day: Option<u32>,
    /// Wear of one start of one device.
    pub wear_per_start: Money,
    /// Share of revenue kept by the mining pool, 0 to 1.
    pub pool_fee: f64,
    /// Share of work rejected, 0 to 1.
    pub reject_rate: f64,
    /// Behaviour in heat, with the temperature series of its hall.
    pub heat: Option<HeatDerating>,
    /// Series of outdoor temperature; `None` where the hall has none.
    pub temperature: Option<String>,
}

impl MinerPool {
    /// Share of its revenue that the site keeps: pool fee and rejected shares off.
    pub fn keeps(&self) -> f64 {
        (1.0 - self.pool_fee) * (1.0 - self.reject_rate)
    }

    /// Full price of power at the site's meter above which devices at the highest point
    /// lose money, currency per facility MWh; `pue` is the marginal PUE of the hall. [`breakeven`](crate::breakeven::breakeven) tells its parts.
    pub fn breakeven_price(&self, hashprice: Hashprice, pue: f64) -> f64 {
        let Some(point) = self.points.last() else {
            return 0.0;
        };
        let ph_per_s = point.hashrate.get() / 1000.0;
        let gross = hashing_per_mwh(hashprice, ph_per_s, point.power.as_megawatts());
        gross * self.keeps() / pue
    }
}

/// Identical GPUs below one node.
#[derive(Debug, Clone, PartialEq)]
pub struct GpuPool {
    /// Stable name.
    pub id: String,
    /// Position of its node in the tree.
    pub node: usize,
    /// Catalogue name of the GPU.
    pub model: String,
    /// GPUs installed.
    pub count: CountSchedule,
    /// IT power of a GPU at work, its share of host and network included.
    pub running: Power,
    /// Power and speed (0 to 1) under a power cap; `None` when not capped.
    pub capped: Option<(Power, f64)>,
    /// Power of a GPU without work: pausing frees running minus idle.
    pub idle: Power,
}

/// A step of value: up to `share` of the flexible demand is worth `value` per GPU-hour.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueTier {
    /// Share of demand above the floor, 0 to 1; shares of a service add up to 1.
    pub share: f64,
    /// Value per GPU-hour served.
    pub value: Amount,
}

/// Inference with a must-serve floor and value steps above it.
#[derive(Debug, Clone, PartialEq)]
pub struct InferenceService {
    /// Stable name.
    pub id: String,
    /// Position of its GPU pool in the site's list.
    pub gpu_pool: usize,
    /// GPUs of one replica.
    pub gpus_per_replica: u32,
    /// Demand, GPUs.
    pub demand: Amount,
    /// Must-serve part of demand, GPUs.
    pub floor: Amount,
    /// Price per GPU-hour of serving the floor.
    pub floor_value: Amount,
    /// Penalty per GPU-hour of floor not served, beyond the lost price.
    pub floor_penalty: f64,
    /// Value steps above the floor, falling.
    pub tiers: Vec<ValueTier>,
}

//! Miner pools and their operating points.

use super::Builder;
use crate::catalogue::{SLEEP_POWER_DEFAULT_W, point};
use crate::document::nearest;
use crate::plausible::{Doubt, Place, Quantity, show};
use crate::site::file::{PointFile, PoolFile};
use crate::site::fleet::{HeatDerating, MinerPool, OperatingPoint};
use crate::site::tree::PowerTree;
use crate::time::Seconds;
use crate::units::{Money, Power};

/// No miner draws less than this; written in kW, every one does.
const POWER_MIN_W: f64 = 100.0;

impl Builder<'_> {
    pub(super) fn pool(&mut self, i: usize, p: &PoolFile, tree: &PowerTree) -> MinerPool {
        let key = |field: &str| format!("pools[{i}].{field}");
        let node = self.node(&key("node"), &p.node, tree);
        let share_min = self.within(&key("power_share_min"), p.power_share_min, 0.05, 1.0);
        let (points, catalogue_sleep) = match self.catalogue.asic(&p.model) {
            Some(model) => (model.operating_points(share_min), model.sleep_w),
            None if p.points.is_some() => (Vec::new(), None),
            None => {
                let near = nearest(
                    &p.model,
                    self.catalogue.asics.iter().map(|m| m.model.as_str()),
                );
                self.fault(
                    &key("model"),
                    format!("`{}` is not in the ASIC catalogue", p.model),
                    format!("did you mean `{near}`? Or give `points` of your own"),
                );
                (Vec::new(), None)
            }
        };
        let mut points = match &p.points {
            Some(own) => self.own_points(&key("points"), own),
            None => points,
        };
        if !p.underclock {
            points = points.last().copied().into_iter().collect();
        }
        let sleep_w = p
            .sleep_w
            .or(catalogue_sleep)
            .unwrap_or(SLEEP_POWER_DEFAULT_W);
        let sleep_w = self.at_least(&key("sleep_w"), sleep_w, 0.0, "W");
        if points
            .first()
            // A point below the least power was refused as a slip of unit.
            .is_some_and(|lowest| {
                let lowest = lowest.power.get() as f64;
                lowest >= POWER_MIN_W && sleep_w >= lowest
            })
        {
            self.fault(
                &key("sleep_w"),
                "a sleeping device draws as much as a hashing one",
                "sleep power lies well below the lowest operating point",
            );
        }
        if self.at_least(&key("wake_s"), p.wake_s as f64, 0.0, "s") > 86_400.0 {
            self.fault(
                &key("wake_s"),
                "a device that takes more than a day to wake cannot follow any plan",
                "the value is in seconds",
            );
        }
        let temperature = tree
            .path_to_root(node)
            .iter()
            .find_map(|n| tree.node(*n).hall.as_ref())
            .and_then(|h| h.temperature.clone());
        let heat = p.heat.as_ref().map(|h| {
            if temperature.is_none() {
                self.fault(
                    &key("heat"),
                    "no hall above the pool has a temperature series",
                    "set `hall.temperature` at its hall, or remove `heat`",
                );
            }
            if h.shutdown_above_c < h.derate_above_c {
                self.fault(
                    &key("heat.shutdown_above_c"),
                    "lies below `derate_above_c`",
                    "devices derate first and shut down at a higher temperature",
                );
            }
            HeatDerating {
                derate_above_c: self.degrees(&key("heat.derate_above_c"), h.derate_above_c),
                loss: self.within(&key("heat.loss"), h.loss, 0.0, 1.0),
                shutdown_above_c: self.degrees(&key("heat.shutdown_above_c"), h.shutdown_above_c),
            }
        });
        if p.starts_per_day == Some(0) {
            self.fault(
                &key("starts_per_day"),
                "devices that may never start can never run",
                "give 1 or more, or remove the key for no limit",
            );
        }
        MinerPool {
            id: self.id(&key("id"), &p.id),
            node,
            model: p.model.clone(),
            count: self.counts(&format!("pools[{i}]"), p.count, &p.changes),
            points,
            sleep: Power::new(sleep_w.round() as i64),
            wake: Seconds::new(p.wake_s.max(0)),
            min_on: Seconds::from_minutes(self.at_least(
                &key("min_on_min"),
                p.min_on_min,
                0.0,
                "min",
            )),
            min_off: Seconds::from_minutes(self.at_least(
                &key("min_off_min"),
                p.min_off_min,
                0.0,
                "min",
            )),
            starts_per_day: p.starts_per_day,
            wear_per_start: Money::from_units(self.charge(
                &key("wear_per_start"),
                p.wear_per_start,
                Quantity::Wear,
            )),
            pool_fee: self.kept_share(&key("pool_fee"), p.pool_fee, Quantity::PoolFee),
            reject_rate: self.kept_share(&key("reject_rate"), p.reject_rate, Quantity::RejectRate),
            heat,
            temperature,
        }
    }

    /// Refuses a hashrate that no miner has at this power, unless it is allowed by name.
    fn efficiency(&mut self, path: &str, power: f64, hashrate: f64) {
        let name = self.document.name_of(path);
        let doubt = |hashrate: f64| Quantity::Efficiency.doubt(power / hashrate, Place::default());
        // Asked first: an allowance of a value that is plausible by now is no misspelt name.
        let allowed = self.allowed.allows(&name);
        let Some(found) = doubt(hashrate).filter(|_| !allowed) else {
            return;
        };
        let slips = [(1e3, "in PH/s"), (1e-3, "in GH/s")];
        let meant = slips
            .into_iter()
            .find(|(factor, _)| doubt(hashrate * factor).is_none());
        let found = Doubt {
            problem: format!("at {} W this {}", show(power), found.problem),
            slip: meant.map_or_else(String::new, |(factor, why)| {
                format!("did you mean {} ({why})?", show(hashrate * factor))
            }),
            ..found
        };
        let help = found.help(&name, self.document.file());
        self.fault(path, found.problem, help);
    }

    fn kept_share(&mut self, path: &str, share: f64, what: Quantity) -> f64 {
        let share = self.within(path, share, 0.0, 1.0);
        self.plausible(path, share, what)
    }

    fn own_points(&mut self, path: &str, own: &[PointFile]) -> Vec<OperatingPoint> {
        if own.is_empty() {
            self.fault(
                path,
                "a pool needs at least one operating point",
                "give power_w and hashrate_th_per_s of the rated point",
            );
        }
        let mut points = Vec::new();
        for (j, p) in own.iter().enumerate() {
            let power = self.at_least(&format!("{path}[{j}].power_w"), p.power_w, 1.0, "W");
            let hashrate = self.at_least(
                &format!("{path}[{j}].hashrate_th_per_s"),
                p.hashrate_th_per_s,
                0.001,
                "TH/s",
            );
            let path = format!("{path}[{j}].hashrate_th_per_s");
            if power >= POWER_MIN_W {
                self.efficiency(&path, power, hashrate);
            }
            points.push(point(power, hashrate, false));
        }
        if let Some(j) = own
            .iter()
            .position(|p| (1.0..POWER_MIN_W).contains(&p.power_w))
        {
            self.fault(
                &format!("{path}[{j}].power_w"),
                "no miner draws so little",
                format!(
                    "the value is in W: if this is kW, write {:.0}",
                    own[j].power_w * 1000.0
                ),
            );
        }
        if points
            .windows(2)
            .any(|w| w[1].power <= w[0].power || w[1].hashrate <= w[0].hashrate)
        {
            self.fault(
                path,
                "points must rise in power and in hashrate",
                "list them from the lowest to the highest",
            );
        }
        points
    }
}

//! Two price thresholds with a dwell time, tuned on past prices.

use super::myopic::mining::{PoolRule, Settings};
use super::myopic::price::{self, Past};
use super::myopic::{HASHING, Myopic, uncapped};
use super::{Policy, View};
use crate::dispatch::Dispatch;

/// Prices tried per threshold: quantiles of the preceding period.
const LEVELS: usize = 24;

/// A pool stops when the full grid price rises above `off_above`, and starts when it
/// falls to `on_below`, at least the dwell apart. Stopped, it still takes power
/// cheaper than `on_below`, such as surplus. Jobs and inference run as soon as there
/// is room, whatever power costs.
#[derive(Debug, Default)]
pub(crate) struct Strike {
    step: Myopic,
    /// Per pool; empty until the first step tunes them.
    switches: Vec<Switch>,
}

/// Thresholds and state of a pool.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Switch {
    thresholds: Thresholds,
    on: bool,
    since: i64,
}

/// Prices per facility MWh; `on_below <= off_above`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Thresholds {
    on_below: f64,
    off_above: f64,
}

impl Policy for Strike {
    fn name(&self) -> &'static str {
        "strike"
    }

    fn decide(&mut self, view: &View<'_>) -> Dispatch {
        let price = price::expected(view.setup, view.outlook, view.step)[0];
        if self.switches.is_empty() {
            self.switches = tuned(view, price);
        }
        let dwell = (view.setup.policies.strike_dwell_min * 60.0).round() as i64;
        for switch in &mut self.switches {
            switch.turn(price, view.now, dwell);
        }
        let rule = |switch: &Switch| PoolRule {
            settings: Settings::Rated,
            bid: Some(if switch.on {
                HASHING
            } else {
                switch.thresholds.on_below
            }),
        };
        let mining: Vec<PoolRule> = self.switches.iter().map(rule).collect();
        self.step.decide(view, &uncapped(&mining, true, &|_| true))
    }
}

impl Switch {
    /// Follows the price at Unix second `now`.
    fn turn(&mut self, price: f64, now: i64, dwell: i64) {
        let turns = if self.on {
            price > self.thresholds.off_above
        } else {
            price <= self.thresholds.on_below
        };
        if turns && now - self.since >= dwell {
            self.on = !self.on;
            self.since = now;
        }
    }
}

/// Thresholds that would have earned most over the tuning days before now.
fn tuned(view: &View<'_>, price: f64) -> Vec<Switch> {
    let days = view.setup.policies.strike_tuning_days;
    let stride = view.step.duration(0).get().max(300);
    let past = price::past(view, (days * 86_400.0).round() as i64, stride);
    let dwell = view.setup.policies.strike_dwell_min * 60.0;
    let dwell_steps = (dwell / stride as f64).ceil().max(1.0) as usize;
    let pools = view.setup.site.pools.iter().enumerate();
    pools
        .map(|(p, pool)| {
            let rated = pool.points.last().map_or(0.0, |o| o.power.as_megawatts());
            let start = Start {
                wear: pool.wear_per_start.as_units() / rated.max(1e-9),
                wake_h: pool.wake.as_hours(),
            };
            let thresholds = tune(&past, p, stride as f64 / 3600.0, dwell_steps, start);
            Switch {
                thresholds,
                on: price <= thresholds.off_above,
                since: i64::MIN / 2,
            }
        })
        .collect()
}

/// What a start costs per MW: wear, and energy without hashing.
#[derive(Debug, Clone, Copy)]
struct Start {
    wear: f64,
    wake_h: f64,
}

/// The pair of price quantiles with the highest simulated margin; the lowest of
/// equals, so that the choice is one. Without a past: never off.
fn tune(past: &[Past], p: usize, hours: f64, dwell: usize, start: Start) -> Thresholds {
    let mut prices: Vec<f64> = past.iter().map(|s| s.price).collect();
    prices.sort_by(f64::total_cmp);
    let level = |i: usize| prices[(i * (prices.len() - 1)) / (LEVELS - 1)];
    let mut levels: Vec<f64> = if prices.is_empty() {
        Vec::new()
    } else {
        (0..LEVELS).map(level).collect()
    };
    levels.dedup();
    let never_off = Thresholds {
        on_below: f64::MAX,
        off_above: f64::MAX,
    };
    let mut best = (never_off, margin(past, p, hours, dwell, start, never_off));
    for (i, off_above) in levels.iter().enumerate() {
        for on_below in &levels[..=i] {
            let thresholds = Thresholds {
                on_below: *on_below,
                off_above: *off_above,
            };
            let earned = margin(past, p, hours, dwell, start, thresholds);
            if earned > best.1 {
                best = (thresholds, earned);
            }
        }
    }
    best.0
}

/// Earned by one MW of pool `p` over the past under `thresholds`, currency.
fn margin(
    past: &[Past],
    p: usize,
    hours: f64,
    dwell: usize,
    start: Start,
    thresholds: Thresholds,
) -> f64 {
    let mut switch = Switch {
        thresholds,
        on: true,
        since: i64::MIN / 2,
    };
    let mut earned = 0.0;
    for (step, now) in past.iter().zip(0_i64..) {
        let was_on = switch.on;
        switch.turn(step.price, now, dwell as i64);
        if switch.on {
            let per_mwh = step.breakeven[p] - step.price;
            let woken = switch.on && !was_on;
            earned += per_mwh * hours;
            if woken {
                earned -= start.wear + step.breakeven[p] * start.wake_h.min(hours);
            }
        }
    }
    earned
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past(prices: &[f64], breakeven: f64) -> Vec<Past> {
        let step = |price: &f64| Past {
            price: *price,
            breakeven: vec![breakeven],
        };
        prices.iter().map(step).collect()
    }

    const FREE: Start = Start {
        wear: 0.0,
        wake_h: 0.0,
    };

    #[test]
    fn thresholds_part_profit_from_loss() {
        let prices: Vec<f64> = (0..240)
            .map(|h| if h % 24 < 4 { 200.0 } else { 30.0 })
            .collect();
        let found = tune(&past(&prices, 90.0), 0, 1.0, 1, FREE);
        assert_eq!(found.off_above, 30.0, "the level below which hashing pays");
        let dear_starts = Start {
            wear: 1e6,
            wake_h: 0.0,
        };
        let kept = tune(&past(&prices, 90.0), 0, 1.0, 1, dear_starts);
        assert_eq!(kept.off_above, f64::MAX, "starts dearer than the loss");
    }

    #[test]
    fn without_a_past_it_never_stops() {
        assert_eq!(tune(&[], 0, 1.0, 1, FREE).off_above, f64::MAX);
    }

    #[test]
    fn the_dwell_is_kept() {
        let thresholds = Thresholds {
            on_below: 50.0,
            off_above: 60.0,
        };
        let mut switch = Switch {
            thresholds,
            on: true,
            since: i64::MIN / 2,
        };
        switch.turn(70.0, 0, 1800);
        assert!(!switch.on);
        switch.turn(10.0, 1500, 1800);
        assert!(!switch.on, "too early");
        switch.turn(10.0, 1800, 1800);
        assert!(switch.on);
    }
}

//! Mining pools in one step: what they bid, and which devices wake.

use super::HASHING;
use crate::build::{Built, PoolPlace, hull_from_zero};
use crate::controller::guard;
use crate::controller::trim::Interruptible;
use crate::market::{Owner, Segment};
use crate::policy::View;

/// Share of its worth by which a pool outbids others of the same bid.
const TIE: f64 = 1e-6;

/// Settings devices may run at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) enum Settings {
    /// Every setting of the pool: devices are underclocked before any stops.
    All,
    /// The rated point only.
    Rated,
}

/// How a pool runs in a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::policy) struct PoolRule {
    /// Settings its devices may run at.
    pub(in crate::policy) settings: Settings,
    /// Price up to which it runs, currency per facility MWh; `None` for what hashing is worth.
    pub(in crate::policy) bid: Option<f64>,
}

impl PoolRule {
    /// At the rated point whatever power costs.
    pub(in crate::policy) const ALWAYS: Self = Self {
        settings: Settings::Rated,
        bid: Some(HASHING),
    };
    /// Where worth more than the power.
    pub(in crate::policy) const WORTH: Self = Self {
        settings: Settings::All,
        bid: None,
    };
}

/// A setting of one device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Setting {
    /// Position among the pool's operating points.
    point: usize,
    /// Facility MW above sleep.
    mw: f64,
    /// Value of the power above the setting below, currency per facility MWh.
    value: f64,
    /// The same at what hashing is worth, whatever the rule bids.
    worth: f64,
}

/// What a pool may do in the step.
#[derive(Debug, Clone)]
pub(in crate::policy) struct Offer {
    node: u32,
    /// Rising settings, values falling; empty when devices may not run.
    settings: Vec<Setting>,
    /// Devices that must stay awake.
    held: u32,
    /// Devices that may be awake or asleep.
    free: u32,
}

/// What a block may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Freedom {
    /// Awake, and not yet for its shortest time.
    HeldOn,
    /// Awake, may sleep.
    On,
    /// Asleep, may wake.
    Off,
    /// Asleep, and not yet for its shortest time, or out of starts for the day.
    HeldOff,
}

fn freedom(view: &View<'_>, p: usize, b: usize) -> Freedom {
    if view.state.pools[p].blocks[b].is_on() {
        match guard::block_interruptible(view, p, b) {
            Interruptible::LastResort => Freedom::HeldOn,
            _ => Freedom::On,
        }
    } else if guard::may_be_awake(view, p, b) {
        Freedom::Off
    } else {
        Freedom::HeldOff
    }
}

/// Offers of all pools by their rules; takes pools without memory out of the static stacks.
pub(super) fn offers(view: &View<'_>, built: &mut Built, rules: &[PoolRule]) -> Vec<Offer> {
    let site = &view.setup.site;
    let mut all = Vec::with_capacity(site.pools.len());
    for (p, pool) in site.pools.iter().enumerate() {
        let factor = built.inputs.nodes[pool.node].factor[0];
        let points: Vec<(f64, f64)> = pool
            .points
            .iter()
            .map(|o| ((o.power - pool.sleep).as_megawatts(), o.hashrate.get()))
            .collect();
        let hull = hull_from_zero(&points);
        let worths = worths(built, p, factor, &hull);
        let index = |mw: f64| points.iter().position(|o| o.0 == mw);
        let mut settings: Vec<Setting> = Vec::with_capacity(hull.len());
        for ((mw, _), worth) in hull.iter().zip(&worths) {
            settings.push(Setting {
                point: index(*mw).expect("invariant: the hull is made of the points"),
                mw: mw * factor,
                value: *worth,
                worth: *worth,
            });
        }
        if rules[p].settings == Settings::Rated {
            settings = rated(&settings).into_iter().collect();
        }
        if let Some(bid) = rules[p].bid {
            // Among equal bids the better miner comes first.
            settings
                .iter_mut()
                .for_each(|s| s.value = bid + TIE * s.worth);
        }
        let (mut held, mut free) = (0, 0);
        for (b, block) in view.state.pools[p].blocks.iter().enumerate() {
            match freedom(view, p, b) {
                Freedom::HeldOn => {
                    let awake = block.awake().min(block.available);
                    held += awake;
                    free += block.available - awake;
                }
                Freedom::On | Freedom::Off => free += block.available,
                Freedom::HeldOff => {}
            }
        }
        all.push(Offer {
            node: u32::try_from(pool.node).expect("invariant: nodes are few"),
            settings,
            held,
            free,
        });
    }
    all
}

/// Worth of the power of each setting of the hull above the one below, per facility
/// MWh; empty when devices may not run.
fn worths(built: &mut Built, p: usize, factor: f64, hull: &[(f64, f64)]) -> Vec<f64> {
    match built.pool[p] {
        PoolPlace::Stack(s) => {
            let tiers = &mut built.inputs.stacks[s].tiers;
            let runs = tiers.iter().any(|tier| tier.mw[0] > 0.0);
            let worths = tiers.iter().map(|tier| tier.value[0]).collect();
            tiers.iter_mut().for_each(|tier| tier.mw[0] = 0.0);
            if runs { worths } else { Vec::new() }
        }
        PoolPlace::Pool(m) => {
            let pool = &built.inputs.pools[m];
            if pool.scale[0] <= 0.0 {
                return Vec::new();
            }
            let mut below = (0.0, 0.0);
            let worth = hull.iter().map(|&(mw, th)| {
                let gain = (th - below.1) / 1000.0 * pool.revenue[0];
                let width = (mw - below.0) * factor;
                below = (mw, th);
                gain / width - pool.adder[0]
            });
            worth.collect()
        }
    }
}

/// The rated point as the only setting, at the mean worth of its power.
fn rated(settings: &[Setting]) -> Option<Setting> {
    let last = settings.last()?;
    let (mut below, mut sum) = (0.0, 0.0);
    for setting in settings {
        sum += (setting.mw - below) * setting.worth;
        below = setting.mw;
    }
    let worth = sum / last.mw;
    Some(Setting {
        value: worth,
        worth,
        ..*last
    })
}

/// Bids of all pools, at most `cap_mw` together, dearest first. With `held`, the
/// lowest setting of devices that must stay awake bids that; else its own value.
pub(super) fn segments(offers: &[Offer], cap_mw: f64, held: Option<f64>) -> Vec<Segment> {
    let mut all = Vec::new();
    for (p, offer) in offers.iter().enumerate() {
        let mut below = 0.0;
        let owner = Owner::Pool(u32::try_from(p).expect("invariant: pools are few"));
        for (i, setting) in offer.settings.iter().enumerate() {
            let width = setting.mw - below;
            below = setting.mw;
            let mut push = |devices: u32, slope: f64| {
                let width = width * f64::from(devices);
                if width > 0.0 {
                    all.push(Segment {
                        slope,
                        width,
                        node: offer.node,
                        owner,
                    });
                }
            };
            let kept = held
                .filter(|_| i == 0)
                .map_or(setting.value, |h| h.max(setting.value));
            push(offer.held, kept);
            push(offer.free, setting.value);
        }
    }
    if cap_mw.is_finite() {
        all.sort_by(|a, b| b.slope.total_cmp(&a.slope));
        let mut left = cap_mw.max(0.0);
        for segment in &mut all {
            segment.width = segment.width.min(left);
            left -= segment.width;
        }
        all.retain(|s| s.width > 0.0);
    }
    all
}

/// Remembers when devices of partly awake blocks were last woken.
#[derive(Debug, Clone, Default)]
pub(super) struct Fleet {
    woken_at: Vec<Vec<i64>>,
}

impl Fleet {
    /// Devices per pool, block and point that draw at most `mw` per pool.
    ///
    /// Blocks fill one after the other: those that must stay on, those that are on,
    /// then sleeping ones. Of a block that is partly awake for want of room, more
    /// devices wake only after the pool's shortest times, so that a limit that fluctuates
    /// slightly does not start devices at every step.
    pub(super) fn devices(
        &mut self,
        view: &View<'_>,
        offers: &[Offer],
        mw: &[f64],
    ) -> Vec<Vec<Vec<u32>>> {
        let pools = &view.state.pools;
        self.woken_at.resize(pools.len(), Vec::new());
        let mut all = Vec::with_capacity(pools.len());
        for (p, offer) in offers.iter().enumerate() {
            let blocks = &pools[p].blocks;
            self.woken_at[p].resize(blocks.len(), i64::MIN / 2);
            let awake = self.awake(view, p, offer, mw[p]);
            let total: u32 = awake.iter().sum();
            let mut at = levels(offer, total, mw[p], view.setup.site.pools[p].points.len());
            let mut block_points = Vec::with_capacity(blocks.len());
            for n in awake {
                block_points.push(take_highest(&mut at, n));
            }
            all.push(block_points);
        }
        all
    }

    /// Devices awake per block.
    fn awake(&mut self, view: &View<'_>, p: usize, offer: &Offer, mw: f64) -> Vec<u32> {
        let pool = &view.setup.site.pools[p];
        let blocks = &view.state.pools[p].blocks;
        let mut awake = vec![0; blocks.len()];
        let Some(lowest) = offer.settings.first().map(|s| s.mw).filter(|mw| *mw > 0.0) else {
            return awake;
        };
        let all = offer.held + offer.free;
        let mut left = ((mw / lowest + 1e-6).floor().max(0.0) as u32).min(all);
        let mut order: Vec<(Freedom, usize)> = blocks
            .iter()
            .enumerate()
            .map(|(b, _)| (freedom(view, p, b), b))
            .filter(|(freedom, _)| *freedom != Freedom::HeldOff)
            .collect();
        order.sort_unstable();
        let patience = pool.min_on.max(pool.min_off).get();
        for (_, b) in order {
            let before = blocks[b].awake();
            let mut n = blocks[b].available.min(left);
            if n > before && before > 0 && view.now - self.woken_at[p][b] < patience {
                n = before;
            }
            if n > before {
                self.woken_at[p][b] = view.now;
            }
            awake[b] = n;
            left -= n;
        }
        awake
    }
}

/// Devices at each of `points` operating points: `awake` of them within `mw`,
/// raised one setting after the other.
fn levels(offer: &Offer, awake: u32, mw: f64, points: usize) -> Vec<u32> {
    let mut at = vec![0; points];
    let Some(first) = offer.settings.first() else {
        return at;
    };
    at[first.point] = awake;
    let mut left = mw - f64::from(awake) * first.mw;
    for pair in offer.settings.windows(2) {
        let step = pair[1].mw - pair[0].mw;
        let below = at[pair[0].point];
        let raised = ((left / step + 1e-6).floor().max(0.0) as u32).min(below);
        at[pair[0].point] -= raised;
        at[pair[1].point] += raised;
        left -= f64::from(raised) * step;
    }
    at
}

/// Moves `n` devices out of `at`, highest points first.
fn take_highest(at: &mut [u32], n: u32) -> Vec<u32> {
    let mut taken = vec![0; at.len()];
    let mut room = n;
    for i in (0..at.len()).rev() {
        taken[i] = at[i].min(room);
        at[i] -= taken[i];
        room -= taken[i];
    }
    taken
}

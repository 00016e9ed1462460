//! Clearing a step whose supplies hang below sites of their own.
//!
//! The root's limit holds loads, a site's limits hold net import: together they do not nest.
//! Under a charge on all loads the greedy is exact (see [`super::level`]), and the charge at
//! which the loads just fit is sought. No charge changes the order of the loads, so limits of
//! nodes without supply below them cut the loads once, before the search; what is left knows
//! only its site, and one pass over it answers each charge.

use super::{CHARGE_MAX, Cleared, EPSILON_MW, Limits, Market, Owner, Workspace, is_better_under};

/// Most charges tried.
const CHARGES: usize = 200;

/// Distances from the last known charge at which others are tried, currency per MWh.
const REACHES: [f64; 4] = [0.3, 3.0, 30.0, CHARGE_MAX];

/// Rounding of a charge, relative.
const ROUNDING: f64 = 1e-9;

/// A supply, or what the limits within its site leave of a load.
#[derive(Debug, Clone, Copy)]
struct Item {
    slope: f64,
    width: f64,
    /// Number of its site; 0 is the root.
    site: u32,
    /// Position in the workspace.
    segment: u32,
}

/// Buffers of a search.
#[derive(Debug, Clone, Default)]
pub(super) struct Scratch {
    loads: Vec<Item>,
    supplies: Vec<Item>,
    sites: Vec<Site>,
    moved: Vec<Site>,
    /// Supply beyond fixed load and beyond what sites cannot export, MW: as much is served or shut.
    excess: f64,
    /// Fixed load, MW, and cost of all supply, currency per hour.
    fixed: f64,
    cost: f64,
    low: Corner,
    high: Corner,
    middle: Corner,
}

/// Power that the segments of a site may still take, MW.
#[derive(Debug, Clone, Copy, Default)]
struct Site {
    /// Supply that it cannot export: served or shut inside it, whatever the price.
    must: f64,
    /// What it may import beyond that.
    slack: f64,
}

/// The optimum at a charge, valued without it.
#[derive(Debug, Clone, Default)]
struct Corner {
    charge: f64,
    load: f64,
    value: f64,
    /// Of loads, then of supplies.
    taken: Vec<f64>,
}

impl Market {
    /// Clears the segments laid out in `work`; `None` where sites lie below sites, or where
    /// fixed power does not fit.
    pub(super) fn take_by_sites(
        &self,
        t: usize,
        fixed: &[f64],
        work: &mut Workspace,
    ) -> Option<Cleared> {
        if !self.tree.flat {
            return None;
        }
        let mut scratch = std::mem::take(&mut work.sites);
        let fits = self.condense(t, fixed, work, &mut scratch);
        let cleared = fits.then(|| {
            let limit = self.tree.limit[0][t];
            let share = scratch.search(limit, work.charge.get(t).copied());
            if let Some(charge) = scratch.charge(share) {
                // The next market of this step is much like this one.
                if work.charge.len() <= t {
                    work.charge.resize(t + 1, 0.0);
                }
                work.charge[t] = charge;
            }
            scratch.write(share, &mut work.taken);
            self.sum_up(fixed, work, 0.0, limit)
        });
        work.sites = scratch;
        cleared
    }

    /// Cuts all loads at the limits within their sites; false where fixed power exceeds any limit.
    fn condense(
        &self,
        t: usize,
        fixed: &[f64],
        work: &mut Workspace,
        scratch: &mut Scratch,
    ) -> bool {
        let tree = &self.tree;
        self.reset(t, fixed, Limits::Loads, work);
        let n = tree.parent.len();
        work.slack.clear();
        work.slack
            .extend((0..n).map(|node| tree.limit[node][t] - work.import[node]));
        scratch.fixed = fixed.iter().sum();
        let unfit = (1..n).any(|node| !tree.supplied[node] && work.slack[node] < 0.0);
        if unfit || scratch.fixed > tree.limit[0][t] {
            return false;
        }
        scratch.sites.clear();
        scratch.sites.push(Site::default());
        scratch.excess = -work.import[0];
        for &site in &tree.sites {
            let must = (-tree.export[site] - work.import[site]).max(0.0);
            let slack = work.slack[site] - must;
            if slack < 0.0 {
                return false;
            }
            scratch.excess -= must;
            scratch.sites.push(Site { must, slack });
        }
        if scratch.excess < 0.0 {
            return false;
        }
        scratch.loads.clear();
        scratch.supplies.clear();
        scratch.cost = 0.0;
        for (i, segment) in work.segments.iter().enumerate() {
            let node = segment.node as usize;
            let mut item = Item {
                slope: segment.slope,
                width: segment.width,
                site: tree.site[node],
                segment: i as u32,
            };
            if matches!(segment.owner, Owner::Supply(_)) {
                scratch.cost += segment.slope * segment.width;
                scratch.supplies.push(item);
                continue;
            }
            let first = work.tight[node] as usize;
            if first != 0 {
                let mut up = first;
                while up != 0 {
                    item.width = item.width.min(work.slack[up]);
                    up = work.tight[tree.parent[up]] as usize;
                }
                if item.width <= 0.0 {
                    continue;
                }
                let mut up = first;
                while up != 0 {
                    work.slack[up] -= item.width;
                    up = work.tight[tree.parent[up]] as usize;
                }
            }
            scratch.loads.push(item);
        }
        true
    }
}

impl Scratch {
    /// Finds the corners between which all load passes `limit`, from the `known` charge of an
    /// earlier market of the step on; returns the share of the way from the lower to the
    /// higher one.
    fn search(&mut self, limit: f64, known: Option<f64>) -> f64 {
        self.walk(0.0);
        if self.middle.load <= limit + EPSILON_MW {
            std::mem::swap(&mut self.low, &mut self.middle);
            return 0.0;
        }
        std::mem::swap(&mut self.high, &mut self.middle);
        let known = known.unwrap_or(0.0);
        let mut low = false;
        if known > 0.0 {
            // Mostly the load still passes its limit at the same charge.
            let rounding = ROUNDING * (1.0 + known);
            self.walk(known + rounding);
            low = self.keep(limit);
            if low {
                self.walk(known - rounding);
                if !self.keep(limit) {
                    return self.share(limit);
                }
            }
        }
        // Outwards from there until the limit lies between.
        if low {
            for reach in REACHES.iter().take_while(|reach| **reach < known) {
                self.walk(known - reach);
                if !self.keep(limit) {
                    break;
                }
            }
        } else {
            for reach in REACHES {
                self.walk(known + reach);
                low = self.keep(limit);
                if low {
                    break;
                }
            }
        }
        if !low {
            // Not even the highest charge brings the load below its limit.
            std::mem::swap(&mut self.low, &mut self.high);
            return 0.0;
        }
        for _ in 0..CHARGES {
            if self.high.load - self.low.load <= EPSILON_MW {
                break;
            }
            let slope = (self.high.value - self.low.value) / (self.high.load - self.low.load);
            self.walk(slope);
            if !self.middle.beats(&self.low, slope) {
                break;
            }
            self.keep(limit);
        }
        self.share(limit)
    }

    /// Replaces the corner on the same side of the limit by the one just found; returns
    /// whether that is the lower one.
    fn keep(&mut self, limit: f64) -> bool {
        let below = self.middle.load <= limit;
        let side = if below { &mut self.low } else { &mut self.high };
        std::mem::swap(side, &mut self.middle);
        below
    }

    fn share(&self, limit: f64) -> f64 {
        let width = self.high.load - self.low.load;
        match width > EPSILON_MW {
            true => ((limit - self.low.load) / width).clamp(0.0, 1.0),
            false => 0.0,
        }
    }

    /// The charge that holds the load at its limit, where one does.
    fn charge(&self, share: f64) -> Option<f64> {
        (share > 0.0).then_some(0.5 * (self.low.charge + self.high.charge))
    }

    /// What is taken between the corners.
    fn write(&self, share: f64, taken: &mut [f64]) {
        let items = self.loads.iter().chain(&self.supplies);
        for (i, item) in items.enumerate() {
            let low = self.low.taken[i];
            taken[item.segment as usize] = match share > 0.0 {
                true => low + share * (self.high.taken[i] - low),
                false => low,
            };
        }
    }

    /// The optimum at a charge on all loads, into `middle`.
    fn walk(&mut self, charge: f64) {
        let corner = &mut self.middle;
        let loads = self.loads.len();
        corner.charge = charge;
        corner.taken.clear();
        corner.taken.resize(loads + self.supplies.len(), 0.0);
        self.moved.clone_from(&self.sites);
        let musts = self.sites.iter().filter(|site| site.must > 0.0).count();
        let (mut room, mut open) = (self.excess, musts);
        let (mut load, mut value) = (self.fixed, -self.cost);
        let (mut i, mut j) = (0, 0);
        while room > 0.0 || open > 0 {
            let next = match (self.loads.get(i), self.supplies.get(j)) {
                (Some(load), Some(supply)) => load.slope - charge >= supply.slope,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => break,
            };
            let (item, at) = if next {
                i += 1;
                (self.loads[i - 1], i - 1)
            } else {
                j += 1;
                (self.supplies[j - 1], loads + j - 1)
            };
            let mut part = 0.0;
            let free = if item.site == 0 {
                item.width.min(room)
            } else {
                let site = &mut self.moved[item.site as usize];
                if site.must > 0.0 {
                    part = item.width.min(site.must);
                    site.must -= part;
                    open -= usize::from(site.must <= 0.0);
                }
                let free = (item.width - part).min(site.slack).min(room);
                site.slack -= free;
                free
            };
            room -= free;
            part += free;
            corner.taken[at] = part;
            value += item.slope * part;
            if next {
                load += part;
            }
        }
        (corner.load, corner.value) = (load, value);
    }
}

impl Corner {
    /// Whether this is better at a charge of `slope` than `other` by more than rounding.
    fn beats(&self, other: &Self, slope: f64) -> bool {
        is_better_under(slope, (self.load, self.value), (other.load, other.value))
    }
}

//! What a load's power earned and cost in a step, seen with the prices that came.
//!
//! Revenue is the ledger's own. Cost is what would have been saved without the load: the
//! dearest energy in use, charges per MWh, and the load's share of peak charges and
//! penalties of that step. Demand charges are left out: they belong to no single step.

use swingload_model::mining::revenue_of_terahashes;
use swingload_model::site::commitment::CommitmentKind;
use swingload_model::site::supply::SupplyKind;
use swingload_model::site::tariff::TariffLine;
use swingload_model::site::{MinerPool, Use};
use swingload_model::units::{Hashprice, JOULES_PER_MWH};
use swingload_simulator::column::Column;
use swingload_simulator::ledger::LineKind;
use swingload_simulator::load::{Load, LoadKind};

use crate::Results;

/// Looks back on the main policy's run.
pub(super) struct Hindsight<'a> {
    results: &'a Results,
    /// Charges per MWh on each use, in the order of `Use::ALL`.
    adders: [Column<f64>; 4],
    /// Quantity of each contract, MW.
    prepaid: Vec<Column<f64>>,
    /// Ledger lines of what each load earned.
    earned: Vec<Vec<usize>>,
    /// Ledger lines of peak charges and penalties on the whole site's load.
    shared: Vec<usize>,
    /// Most the site may draw without a higher demand charge, W; `None` without one.
    peak: Option<i64>,
}

/// Which energy of the supply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Used,
    Left,
}

/// An amount of energy with what it earns and costs, currency.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Balance {
    pub(super) joules: i64,
    pub(super) earned: f64,
    pub(super) cost: f64,
}

impl Balance {
    /// What it leaves, negative for a loss.
    pub(super) fn left(&self) -> f64 {
        self.earned - self.cost
    }
}

impl<'a> Hindsight<'a> {
    pub(super) fn new(results: &'a Results) -> Self {
        let study = &results.study;
        let ledger = &results.main().ledger;
        let lines = |wanted: &dyn Fn(&str, LineKind) -> bool| -> Vec<usize> {
            let all = ledger.lines.iter().enumerate();
            all.filter(|(_, l)| wanted(&l.id, l.kind) && !l.steps.is_empty())
                .map(|(k, _)| k)
                .collect()
        };
        let demand = |line: &TariffLine| matches!(line, TariffLine::Demand { .. });
        let site = &study.scenario.site;
        Self {
            results,
            adders: Use::ALL.map(|used_for| adders(results, used_for)),
            prepaid: site
                .contracts
                .iter()
                .map(|c| study.truth.amount(&c.quantity_mw))
                .collect(),
            earned: study
                .loads
                .iter()
                .map(|load| {
                    let (id, kinds) = revenue(results, load);
                    lines(&|line, kind| line == id && kinds.contains(&kind))
                })
                .collect(),
            shared: lines(&|_, kind| {
                use LineKind::{CallPenalty, CoincidentPeak, PowerLimit};
                matches!(kind, CallPenalty | CoincidentPeak | PowerLimit)
            }),
            peak: site
                .tariff
                .lines
                .iter()
                .any(demand)
                .then(|| results.main().node_peak[0]),
        }
    }

    /// What load `k` earned at step `t`, and what its power cost.
    pub(super) fn drawn(&self, k: usize, t: usize) -> Balance {
        let (load, run) = (&self.results.study.loads[k], self.results.main());
        let joules = run.load_energy[k][t];
        let booked = |lines: &[usize]| -> f64 {
            let steps = lines.iter().map(|l| run.ledger.lines[*l].steps[t]);
            steps.sum::<i64>() as f64 / 1e6
        };
        let site: i64 = run.load_energy.iter().map(|energy| energy[t]).sum();
        let share = joules as f64 / site.max(1) as f64;
        let (energy, _) = taken(&self.energy(load, t, Part::Used), joules);
        Balance {
            joules,
            earned: booked(&self.earned[k]),
            cost: energy + self.charges(load, t, joules) - share * booked(&self.shared),
        }
    }

    /// The best that an idle miner pool could have made of `room` joules at step `t`;
    /// `None` for other loads, which may have had no work.
    pub(super) fn missed(&self, k: usize, t: usize, room: i64) -> Option<Balance> {
        let study = &self.results.study;
        let load = &study.loads[k];
        let LoadKind::Pool(p) = load.kind else {
            return None;
        };
        let pool = &study.scenario.site.pools[p];
        let run = self.results.main();
        let seconds = study.truth.grid.duration(t).get();
        let devices = f64::from(run.pools[p].available[t]);
        let unused = self.energy(load, t, Part::Left);
        let best = pool.points.iter().map(|point| {
            let it = (devices * point.power.get() as f64) as i64 * seconds;
            let wish = study.truth.facility(load.node, t, it);
            let (energy, joules) = taken(&unused, wish.min(room));
            let share = joules as f64 / wish.max(1) as f64;
            let terahashes = share * devices * point.hashrate.get() * seconds as f64;
            Balance {
                joules,
                earned: self.hashing(pool, t, terahashes),
                cost: energy + self.charges(load, t, joules),
            }
        });
        best.filter(|b| b.joules > 0)
            .max_by(|a, b| a.left().total_cmp(&b.left()))
    }

    /// Joules the site left undrawn at step `t` that it could have used without passing a
    /// limit, a promise to a programme or the run's highest power; none in a peak of the grid.
    pub(super) fn room(&self, t: usize) -> i64 {
        let study = &self.results.study;
        let (site, truth) = (&study.scenario.site, &study.truth);
        if truth.peaks.iter().flatten().any(|peaks| peaks.at(t) > 0.0) {
            return 0;
        }
        let called = site.programmes.iter().filter(|programme| {
            let calls = programme.calls.as_ref().and_then(|name| truth.series(name));
            calls.is_some_and(|calls| calls[t] > 0.0)
        });
        let promised = site.commitments.iter().enumerate().filter(|(_, c)| {
            matches!(c.kind, CommitmentKind::PowerLimit { .. }) && c.binds(truth.grid.start_s(t))
        });
        let power = called
            .map(|programme| (programme.firm_mw * 1e6) as i64)
            .chain(promised.map(|(c, _)| truth.committed[c].at(t)))
            .chain(self.peak)
            .fold(self.results.room(t), i64::min);
        let run = self.results.main();
        let drawn: i64 = run.load_energy.iter().map(|energy| energy[t]).sum();
        (power * truth.grid.duration(t).get() - drawn).max(0)
    }

    /// Price, currency per MWh, and joules of the energy that may feed a load: what was
    /// used, dearest first, or what was left, cheapest first. What is paid for in any case
    /// costs nothing.
    fn energy(&self, load: &Load, t: usize, part: Part) -> Vec<(f64, i64)> {
        let study = &self.results.study;
        let (site, truth) = (&study.scenario.site, &study.truth);
        let flexible = matches!(load.kind, LoadKind::Pool(_) | LoadKind::Training(_));
        let surplus_only = flexible && site.surplus_only.is_some();
        let start = truth.grid.start_s(t);
        let seconds = truth.grid.duration(t).get();
        let mut all = Vec::new();
        for (k, block) in site.supply.iter().enumerate() {
            if surplus_only && block.kind != SupplyKind::Surplus {
                continue;
            }
            let contracts = site.contracts.iter().zip(&self.prepaid);
            let prepaid: i64 = contracts
                .filter(|(c, _)| c.supply == k && !c.resale && c.covers(start))
                .map(|(_, megawatts)| (megawatts.at(t) * 1e6) as i64 * seconds)
                .sum();
            let supply = &truth.supply[k];
            let used = self.results.main().supply_energy[k][t];
            // Prepaid energy is drawn first.
            let (joules, free) = match part {
                Part::Used => (used, prepaid.min(used)),
                Part::Left => {
                    let there = supply.available.at(t).saturating_mul(seconds);
                    let left = (there - used).max(0);
                    (left, (prepaid - used).clamp(0, left))
                }
            };
            let price = supply.price_at(t);
            all.extend([(0.0, free), (price, joules - free)]);
        }
        all.sort_by(|a, b| match part {
            Part::Used => b.0.total_cmp(&a.0),
            Part::Left => a.0.total_cmp(&b.0),
        });
        all
    }

    fn charges(&self, load: &Load, t: usize, joules: i64) -> f64 {
        let at = Use::ALL.iter().position(|u| *u == load.used_for);
        let per_mwh = self.adders[at.expect("invariant: all uses are listed")].at(t);
        per_mwh * mwh(joules)
    }

    /// Revenue of a pool's hashes at step `t`, as the ledger would book it.
    fn hashing(&self, pool: &MinerPool, t: usize, terahashes: f64) -> f64 {
        let market = self.results.study.truth.mining.as_ref();
        let hashprice = market.and_then(|m| Hashprice::new(m.hashprice[t]));
        let keep = pool.keeps();
        let answered = self.results.main().difficulty_share;
        hashprice.map_or(0.0, |price| {
            revenue_of_terahashes(price, terahashes) * keep * answered
        })
    }
}

fn mwh(joules: i64) -> f64 {
    joules as f64 / JOULES_PER_MWH as f64
}

/// Cost of up to `joules` from blocks in their order, and how much they hold.
fn taken(blocks: &[(f64, i64)], joules: i64) -> (f64, i64) {
    let (mut cost, mut left) = (0.0, joules);
    for (price, there) in blocks {
        let part = left.min(*there);
        cost += price * mwh(part);
        left -= part;
    }
    (cost, joules - left)
}

/// The ledger's lines in which a load's revenue stands: their name and kinds.
fn revenue(results: &Results, load: &Load) -> (String, &'static [LineKind]) {
    use LineKind::{Hosting, Inference, JobLateness, JobValue, Mining};
    match load.kind {
        LoadKind::Pool(_) => (load.id.clone(), &[Mining]),
        LoadKind::Service(_) => (load.id.clone(), &[Inference]),
        LoadKind::Hosting(_) => (load.id.clone(), &[Hosting]),
        LoadKind::Training(pool) => {
            let pool = &results.study.scenario.site.gpu_pools[pool].id;
            (format!("jobs on {pool}"), &[JobValue, JobLateness])
        }
        LoadKind::Overhead(_) => (String::new(), &[]),
    }
}

/// All charges per MWh on a use.
fn adders(results: &Results, used_for: Use) -> Column<f64> {
    let study = &results.study;
    let steps = study.truth.grid.len();
    let lines = study.scenario.site.tariff.lines.iter();
    lines
        .filter_map(|line| match line {
            TariffLine::Adder { per_mwh, uses, .. } if uses.contains(&used_for) => {
                Some(study.truth.amount(per_mwh))
            }
            _ => None,
        })
        .fold(Column::Constant(0.0), |sum, more| sum.plus(&more, steps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{SITE, results};

    /// Of 20 MW of the sun 4 can be exported at 400: a MWh drawn costs 80, not 400, and what is
    /// left of it would.
    #[test]
    fn energy_costs_the_exports_it_takes_the_place_of() {
        let grid = "kind = \"grid\"\navailable_mw = 5\nprice_per_mwh = { series = \"price\" }";
        let sun = "kind = \"surplus\"\navailable_mw = 20\nprice_per_mwh = 0\n\
                   export_price_per_mwh = { series = \"price\" }";
        let site = SITE
            .replace(grid, sun)
            .replace("rating_mw = 5", "rating_mw = 5\nexport_mw = 4");
        let results = results(&site, &[400.0; 3], &["always_on"]);
        assert_eq!(results.reference_price(results.main(), 0), 80.0);
        let hindsight = Hindsight::new(&results);
        let drawn = hindsight.drawn(0, 2);
        assert!(drawn.joules > 0, "{drawn:?}");
        assert!(
            (drawn.cost - 80.0 * mwh(drawn.joules)).abs() < 1e-6,
            "{drawn:?}"
        );
        let load = &results.study.loads[0];
        let left = hindsight.energy(load, 2, Part::Left);
        assert!(
            left.iter()
                .all(|(price, joules)| *price == 80.0 || *joules == 0),
            "{left:?}"
        );
    }
}

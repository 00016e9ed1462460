//! What really happens: every series the site needs, on the run's steps.
//!
//! Prices become integer micro-units per MWh, factors parts per billion and
//! availabilities joules here, once, so that the hot path adds integers.

use std::collections::BTreeMap;

use swingload_model::mining::{hashprice, network_hashrate, subsidy};
use swingload_model::scenario::{MiningMarket, Scenario};
use swingload_model::series::{Missing, Series};
use swingload_model::site::tariff::TariffLine;
use swingload_model::site::tree::RatedAt;
use swingload_model::site::{Amount, Site};
use swingload_model::time::TimeGrid;
use swingload_model::units::{EnergyPrice, Power, whole};

use crate::bounds::{self, Beyond};
use crate::column::Column;

/// One billion: factors are held in parts per billion.
pub(crate) const PARTS: i64 = 1_000_000_000;

/// Everything that happens to the site whatever is decided.
#[derive(Debug, Clone)]
pub struct Truth {
    /// Steps of the run.
    pub grid: TimeGrid,
    /// Facility watts per IT watt per node, parts per billion.
    pub factor: Vec<Column<i64>>,
    /// Most a node may import per step, W at the facility side; the root's is its usable rating.
    pub limit: Vec<Column<i64>>,
    /// Supply blocks.
    pub supply: Vec<SupplyTruth>,
    /// What a hash earns.
    pub mining: Option<MiningTruth>,
    /// Outdoor temperature per miner pool, degC; `None` where heat plays no part.
    pub heat: Vec<Option<Column<f64>>>,
    /// Per inference service: demand and floor, GPUs.
    pub demand: Vec<(Column<f64>, Column<f64>)>,
    /// Per commitment: IT power the tenant asks for, or the limit, W.
    pub committed: Vec<Column<i64>>,
    /// Per coincident-peak line of the tariff (in the order of lines), how many of the
    /// year's peak intervals fall into each step; `None` for other lines.
    pub peaks: Vec<Option<Column<f64>>>,
    series: BTreeMap<String, Vec<f64>>,
}

/// A supply block as it turns out.
#[derive(Debug, Clone)]
pub struct SupplyTruth {
    /// Available power, W.
    pub available: Column<i64>,
    /// Own price.
    pub price: Column<EnergyPrice>,
    /// What exporting a MWh earns above the own price; zero or more, and zero where it would
    /// be spilled instead.
    pub forgone: Column<EnergyPrice>,
    /// Most that can be exported at once, W.
    pub export_limit: i64,
    /// Emissions, mgCO2e/kWh.
    pub carbon: Column<i64>,
}

impl SupplyTruth {
    /// Price of a MWh at step `t`, own and forgone, currency: the mean over all there is, since
    /// what lies beyond the limit on exports forgoes nothing.
    pub fn price_at(&self, t: usize) -> f64 {
        let there = self.available.at(t);
        let exportable = match there > self.export_limit {
            true => self.export_limit.max(0) as f64 / there as f64,
            false => 1.0,
        };
        self.price.at(t).as_per_mwh() + exportable * self.forgone.at(t).as_per_mwh()
    }
}

/// What a hash earns, as it turns out.
#[derive(Debug, Clone)]
pub struct MiningTruth {
    /// Gross revenue of 1 PH/s for a day, currency.
    pub hashprice: Vec<f64>,
    /// Price of a bitcoin, currency.
    pub btc_price: Vec<f64>,
    /// Hashrate of the network implied by the difficulty, EH/s.
    pub network: Vec<f64>,
    /// Whether the site's own hashrate lowers everyone's revenue.
    pub feedback: bool,
}

/// Why series and site make no world.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Unfit {
    /// A series without a value.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// An input beyond what energy and money are counted in.
    #[error(transparent)]
    Beyond(#[from] Beyond),
}

impl Truth {
    /// Projects all series the scenario needs onto its steps.
    ///
    /// # Errors
    /// The first series, and second, without a value inside the period; an input beyond
    /// what energy and money are counted in.
    ///
    /// # Panics
    /// For a difficulty or bitcoin price that is not above zero: readers refuse them.
    pub fn new(scenario: &Scenario, series: &BTreeMap<String, Series>) -> Result<Self, Unfit> {
        let site = &scenario.site;
        let grid = &scenario.grid;
        let mut look = Look {
            grid,
            bound: series,
            found: BTreeMap::new(),
        };
        // After this every conversion to whole watts and millionths below fits.
        bounds::amounts(scenario, series)?;
        let factor = factors(scenario, &mut look)?;
        let limit = limits(site, &factor);
        let supply = site
            .supply
            .iter()
            .enumerate()
            .map(|(k, block)| -> Result<_, Missing> {
                let own = look.amount(&block.price)?;
                let forgone = match &block.export_price {
                    None => Column::Constant(EnergyPrice::ZERO),
                    Some(export) => above(&look.amount(export)?, &own, grid.len()),
                };
                let carbon = block
                    .carbon
                    .as_ref()
                    .map_or(Ok(Column::Constant(0.0)), |c| look.amount(c))?;
                Ok(SupplyTruth {
                    available: look.amount(&block.available_mw)?.map(watts),
                    price: own.map(EnergyPrice::from_per_mwh),
                    forgone,
                    export_limit: site.export_limit(k).get(),
                    carbon: carbon
                        .map(|g| whole(g * 1000.0).expect("invariant: carbon is bounded")),
                })
            });
        let supply = supply.collect::<Result<_, Missing>>()?;
        let mining = scenario
            .mining
            .as_ref()
            .map(|market| mining(market, &mut look))
            .transpose()?;
        let heat = site
            .pools
            .iter()
            .map(|pool| match (&pool.heat, &pool.temperature) {
                (Some(_), Some(name)) => Ok(Some(Column::Steps(look.series(name)?.clone()))),
                _ => Ok(None),
            });
        let heat = heat.collect::<Result<_, Missing>>()?;
        let demand = site
            .services
            .iter()
            .map(|service| Ok((look.amount(&service.demand)?, look.amount(&service.floor)?)));
        let demand = demand.collect::<Result<_, Missing>>()?;
        let committed = site.commitments.iter().map(|commitment| {
            use swingload_model::site::commitment::CommitmentKind::{Hosting, PowerLimit};
            match &commitment.kind {
                Hosting { power_mw, .. } => Ok(look.amount(power_mw)?.map(watts)),
                PowerLimit { limit_mw, .. } => Ok(look.amount(limit_mw)?.map(watts)),
            }
        });
        let committed = committed.collect::<Result<_, Missing>>()?;
        let peaks = site.tariff.lines.iter().map(|line| match line {
            TariffLine::CoincidentPeak { peaks, .. } => look.intervals(peaks).map(Some),
            _ => Ok(None),
        });
        let peaks = peaks.collect::<Result<_, Missing>>()?;
        look.rest(site)?;
        let series = look.found;
        Ok(Self {
            grid: grid.clone(),
            factor,
            limit,
            supply,
            mining,
            heat,
            demand,
            committed,
            peaks,
            series,
        })
    }

    /// An amount that was asked for when this was built, on the run's steps.
    ///
    /// # Panics
    /// For a series the site does not name.
    pub fn amount(&self, amount: &Amount) -> Column<f64> {
        match amount {
            Amount::Constant(value) => Column::Constant(*value),
            Amount::Series { series, scale } => {
                Column::Steps(self.series[series].iter().map(|v| v * scale).collect())
            }
        }
    }

    /// A series of the site on the run's steps.
    pub fn series(&self, name: &str) -> Option<&[f64]> {
        self.series.get(name).map(Vec::as_slice)
    }

    /// Facility joules of `it` joules at a node, rounded half to even.
    pub fn facility(&self, node: usize, t: usize, it: i64) -> i64 {
        let factor = self.factor[node].at(t);
        if factor == PARTS {
            it
        } else {
            swingload_model::units::divide_half_even(
                i128::from(it) * i128::from(factor),
                i128::from(PARTS),
            )
        }
    }
}

/// W from MW, never negative.
pub(crate) fn watts(mw: f64) -> i64 {
    Power::from_megawatts(mw).max(Power::ZERO).get()
}

/// How far `export` lies above `own`, zero where it does not.
fn above(export: &Column<f64>, own: &Column<f64>, steps: usize) -> Column<EnergyPrice> {
    let more =
        |e: f64, o: f64| EnergyPrice::from_per_mwh(e).get() - EnergyPrice::from_per_mwh(o).get();
    match (export, own) {
        (Column::Constant(e), Column::Constant(o)) => {
            Column::Constant(EnergyPrice::new(more(*e, *o).max(0)))
        }
        _ => Column::Steps(
            (0..steps)
                .map(|t| EnergyPrice::new(more(export.at(t), own.at(t)).max(0)))
                .collect(),
        ),
    }
}

/// Marginal PUE of the nearest hall at or above each node.
fn factors(scenario: &Scenario, look: &mut Look<'_>) -> Result<Vec<Column<i64>>, Unfit> {
    let site = &scenario.site;
    (0..site.tree.len())
        .map(|node| {
            let hall = site
                .tree
                .path_to_root(node)
                .into_iter()
                .find_map(|n| Some((&site.tree.node(n).id, site.tree.node(n).hall.as_ref()?)));
            Ok(match hall {
                None => Column::Constant(PARTS),
                Some((id, hall)) => {
                    let parts = |c| bounds::pue_parts(scenario, id, hall.marginal_pue(c));
                    match &hall.temperature {
                        None => Column::Constant(parts(None)?),
                        Some(name) => {
                            let degrees = look.series(name)?.iter();
                            Column::Steps(
                                degrees.map(|c| parts(Some(*c))).collect::<Result<_, _>>()?,
                            )
                        }
                    }
                }
            })
        })
        .collect()
}

/// Limits at the facility side: an IT rating is widened by its hall's overheads.
fn limits(site: &Site, factor: &[Column<i64>]) -> Vec<Column<i64>> {
    site.tree
        .nodes()
        .enumerate()
        .map(|(position, node)| {
            let usable = node.usable().get();
            let scaled = |fixed: i64| {
                factor[position].map(|f| {
                    let facility = i128::from(usable) * i128::from(f) / i128::from(PARTS);
                    i64::try_from(facility).expect("invariant: ratings and PUE are bounded") + fixed
                })
            };
            match (&node.hall, node.rated_at) {
                (Some(hall), RatedAt::It) => scaled(hall.fixed.get()),
                (None, _) => scaled(0),
                (Some(_), RatedAt::Interconnect) => Column::Constant(usable),
            }
        })
        .collect()
}

fn mining(market: &MiningMarket, look: &mut Look<'_>) -> Result<MiningTruth, Missing> {
    let btc_price = look.series(&market.btc_price)?.clone();
    let difficulty = look.series(&market.difficulty)?.clone();
    let fees = market
        .fees
        .as_ref()
        .map(|name| look.series(name).cloned())
        .transpose()?;
    let of_step = |t: usize| {
        let reward = subsidy(look.grid.start_s(t)) + fees.as_ref().map_or(0.0, |f| f[t]);
        hashprice(difficulty[t], reward, btc_price[t])
            .expect("invariant: readers refuse difficulties, bitcoin prices and fees no market has")
            .get()
    };
    let hashprice = (0..look.grid.len()).map(of_step).collect();
    let network = difficulty.iter().map(|d| network_hashrate(*d)).collect();
    Ok(MiningTruth {
        hashprice,
        btc_price,
        network,
        feedback: market.difficulty_feedback,
    })
}

struct Look<'a> {
    grid: &'a TimeGrid,
    bound: &'a BTreeMap<String, Series>,
    found: BTreeMap<String, Vec<f64>>,
}

impl Look<'_> {
    fn bound(&self, name: &str) -> Result<&Series, Missing> {
        self.bound.get(name).ok_or_else(|| Missing {
            name: name.to_owned(),
            at: self.grid.start_s(0),
        })
    }

    fn series(&mut self, name: &str) -> Result<&Vec<f64>, Missing> {
        if !self.found.contains_key(name) {
            let values = self.bound(name)?.on_grid(self.grid)?;
            self.found.insert(name.to_owned(), values);
        }
        Ok(&self.found[name])
    }

    fn amount(&mut self, amount: &Amount) -> Result<Column<f64>, Missing> {
        Ok(match amount {
            Amount::Constant(value) => Column::Constant(*value),
            Amount::Series { series, scale } => {
                Column::Steps(self.series(series)?.iter().map(|v| v * scale).collect())
            }
        })
    }

    /// How many flagged intervals of a flag series fall into each step; an interval is one
    /// observation, and one that spans several steps counts in each by its share.
    fn intervals(&mut self, name: &str) -> Result<Column<f64>, Missing> {
        let series = self.bound(name)?;
        let mut count = vec![0.0; self.grid.len()];
        let end = self.grid.end_s(self.grid.len() - 1);
        for flag in series
            .observations()
            .iter()
            .filter(|o| o.value != 0.0 && o.start < end)
        {
            let length = (flag.end - flag.start) as f64;
            let mut at = flag.start.max(self.grid.start_s(0));
            while at < flag.end.min(end) {
                let Some(t) = self.grid.step_at(at) else {
                    break;
                };
                let until = flag.end.min(self.grid.end_s(t));
                count[t] += flag.value * (until - at) as f64 / length;
                at = until;
            }
        }
        Ok(Column::Steps(count))
    }

    /// Series that settlement asks for by amount or name later.
    fn rest(&mut self, site: &Site) -> Result<(), Missing> {
        use swingload_model::site::commitment::CommitmentKind;
        let mut amounts: Vec<&Amount> = Vec::new();
        for contract in &site.contracts {
            amounts.extend([&contract.quantity_mw, &contract.price]);
        }
        for line in &site.tariff.lines {
            if let TariffLine::Adder { per_mwh, .. } = line {
                amounts.push(per_mwh);
            }
        }
        for programme in &site.programmes {
            amounts.push(&programme.availability);
            if let Some(calls) = &programme.calls {
                self.series(calls)?;
            }
        }
        for service in &site.services {
            amounts.push(&service.floor_value);
            amounts.extend(service.tiers.iter().map(|tier| &tier.value));
        }
        for commitment in &site.commitments {
            if let CommitmentKind::Hosting { price, .. } = &commitment.kind {
                amounts.push(price);
            }
        }
        for name in amounts.into_iter().filter_map(Amount::series) {
            self.series(name)?;
        }
        Ok(())
    }
}

//! Supply with its full marginal cost, demand charges, and money no decision changes.

#[cfg(test)]
mod tests;

use std::rc::Rc;

use jiff::tz::TimeZone;
use swingload_model::TimeGrid;
use swingload_model::plan::{PriceKind, PricePart};
use swingload_model::site::commitment::CommitmentKind;
use swingload_model::site::tariff::TariffLine;
use swingload_model::site::{Site, SupplyKind, Use};

use super::{LoadLimit, Look, SupplyPart};
use crate::inputs::{DemandInput, SupplyInput};
use crate::policy::Setup;
use crate::state::SiteState;

/// Adders per facility MWh on one use that do not fall on all uses (those are part of the supply's cost).
pub(super) fn adder(site: &Site, look: &Look<'_>, used_for: Use) -> Vec<f64> {
    sum_adders(site, look, |uses| {
        uses.contains(&used_for) && !falls_on_all(uses)
    })
}

/// All adders per facility MWh on one use.
pub(super) fn all_adders(site: &Site, look: &Look<'_>, used_for: Use) -> Vec<f64> {
    sum_adders(site, look, |uses| uses.contains(&used_for))
}

fn falls_on_all(uses: &[Use]) -> bool {
    Use::ALL.iter().all(|u| uses.contains(u))
}

fn sum_adders(site: &Site, look: &Look<'_>, counts: impl Fn(&[Use]) -> bool) -> Vec<f64> {
    let mut total = vec![0.0; look.grid.len()];
    for line in &site.tariff.lines {
        if let TariffLine::Adder { per_mwh, uses, .. } = line
            && counts(uses)
        {
            add(&mut total, &look.amount(per_mwh));
        }
    }
    total
}

fn add(total: &mut [f64], more: &[f64]) {
    total
        .iter_mut()
        .zip(more)
        .for_each(|(sum, value)| *sum += value);
}

/// What the part of a supply block is called that is beyond the limit on exports.
const BEYOND_EXPORT: &str = " (beyond export)";
/// What the part is called that a contract without resale delivers first.
const CONTRACT: &str = " (contract)";

impl SupplyInput {
    /// Whether it is the site's supply block of that id or was cut off it.
    pub fn is_part_of(&self, block: &str) -> bool {
        let rest = self.id.strip_prefix(block);
        rest.is_some_and(|rest| ["", BEYOND_EXPORT, CONTRACT].contains(&rest))
    }
}

/// Supply blocks, split where their marginal cost changes: what cannot be exported forgoes
/// nothing, take-or-pay without resale makes its quantity free, a penalised limit makes power
/// beyond it dearer. The second says of each part which block it is of, and which limits it
/// lies beyond.
pub(super) fn supplies(
    setup: &Setup,
    look: &Look<'_>,
    must_serve: &[f64],
    most_load: &[f64],
    limits: &[LoadLimit],
) -> (Vec<SupplyInput>, Vec<SupplyPart>) {
    let site = &setup.site;
    let mut common = sum_adders(site, look, falls_on_all);
    add(&mut common, &coincident_peaks(site, look));
    let (mut all, mut parts) = (Vec::new(), Vec::new());
    for (position, block) in site.supply.iter().enumerate() {
        let mut offer = |suffix: &str, available: Vec<f64>, cost: &[f64]| {
            let mut cost = cost.to_vec();
            add(&mut cost, &common);
            all.push(SupplyInput {
                id: format!("{}{suffix}", block.id),
                node: block.node,
                available,
                cost,
            });
            parts.push(SupplyPart {
                block: position,
                is_beyond_export: suffix == BEYOND_EXPORT,
                beyond: Vec::new(),
            });
        };
        let mut available: Vec<f64> = look
            .amount(&block.available_mw)
            .into_iter()
            .map(|mw| mw.max(0.0))
            .collect();
        if let Some(rule) = &site.surplus_only {
            match block.kind {
                SupplyKind::Surplus => {
                    available = look.amount_quantile(&block.available_mw, rule.quantile_pct)
                }
                SupplyKind::Grid | SupplyKind::Generation => available
                    .iter_mut()
                    .zip(must_serve)
                    .for_each(|(a, m)| *a = a.min(*m)),
            }
        }
        let mut cost = look.amount(&block.price);
        if let Some(export) = &block.export_price {
            // What could not be exported anyway forgoes nothing.
            let most = site.export_limit(position).as_megawatts();
            let spilled: Vec<f64> = available.iter().map(|mw| (mw - most).max(0.0)).collect();
            if spilled.iter().any(|mw| *mw > 0.0) {
                available
                    .iter_mut()
                    .zip(&spilled)
                    .for_each(|(a, s)| *a -= s);
                offer(BEYOND_EXPORT, spilled, &cost);
            }
            cost.iter_mut()
                .zip(look.amount(export))
                .for_each(|(own, forgone)| *own = own.max(forgone));
        }
        if let Some(paid) = lost_contract_energy(site, look, position) {
            let free: Vec<f64> = available
                .iter()
                .zip(&paid)
                .map(|(a, q)| a.min(*q))
                .collect();
            let free_cost = netted(look, &mut cost, &available, &free, most_load);
            available.iter_mut().zip(&free).for_each(|(a, f)| *a -= f);
            offer(CONTRACT, free, &free_cost);
        }
        offer("", available, &cost);
    }
    if site.surplus_only.is_some() && !look.outlook.is_truth() {
        share(&mut all, must_serve, |s| !is_surplus(site, s));
    }
    // What decides counts all supply; what bounds may count only what surely lies above a limit.
    let counts = |s: &SupplyInput| !look.outlook.is_truth() || s.node == 0;
    for (position, limit) in limits.iter().enumerate() {
        if limit.most.iter().all(|l| l.is_infinite()) {
            continue;
        }
        let penalty: Vec<f64> = limit.share.iter().map(|s| s * limit.penalty).collect();
        all = split_at(all, &limit.most, &penalty, counts);
        let mut above = parts.clone();
        above.iter_mut().for_each(|p| p.beyond.push(position));
        parts.extend(above);
    }
    (all, parts)
}

/// Cost per step of contract energy that is paid whether used or not, and in `cost` that of
/// the market's energy beside it.
///
/// It is delivered first. At a price of zero or more it is free at the margin. Below zero,
/// what is drawn of it is not bought: energy costs nothing up to the contract's quantity and
/// the price beyond it, which no rising merit order can say. Loads decide at the price, since
/// what is drawn beyond the contract is at the margin, and [`constant`] takes off what is not
/// bought. What bounds takes the straight line from nothing to the most that can be drawn,
/// which lies nowhere above the cost.
fn netted(
    look: &Look<'_>,
    cost: &mut [f64],
    available: &[f64],
    free: &[f64],
    most_load: &[f64],
) -> Vec<f64> {
    let mut free_cost = vec![0.0; free.len()];
    for t in 0..free.len() {
        if cost[t] >= 0.0 || free[t] <= 0.0 {
            continue;
        }
        if look.outlook.is_truth() {
            let most = available[t].min(most_load[t] * (1.0 + 1e-3));
            cost[t] *= 1.0 - (free[t] / most.max(1e-9)).min(1.0);
        }
        free_cost[t] = cost[t];
    }
    free_cost
}

/// Whether a supply input belongs to a surplus block.
fn is_surplus(site: &Site, input: &SupplyInput) -> bool {
    site.supply
        .iter()
        .any(|block| input.is_part_of(&block.id) && block.kind == SupplyKind::Surplus)
}

/// Leaves the supplies that count no more than `most` MW together, the cheapest first:
/// flexible load may not touch them, what must be served may.
///
/// Limits inside the tree can make the dearer one the one that is needed, so a bound does
/// without this.
fn share(supplies: &mut [SupplyInput], most: &[f64], counts: impl Fn(&SupplyInput) -> bool) {
    let mut order: Vec<usize> = (0..supplies.len())
        .filter(|s| counts(&supplies[*s]))
        .collect();
    for (t, most) in most.iter().enumerate() {
        order.sort_by(|a, b| supplies[*a].cost[t].total_cmp(&supplies[*b].cost[t]));
        let mut left = *most;
        for s in &order {
            let own = &mut supplies[*s].available[t];
            *own = own.min(left.max(0.0));
            left -= *own;
        }
    }
}

/// Quantity per step of contracts without resale on a supply: paid whether used or not.
fn lost_contract_energy(site: &Site, look: &Look<'_>, supply: usize) -> Option<Vec<f64>> {
    let mut total: Option<Vec<f64>> = None;
    for contract in site
        .contracts
        .iter()
        .filter(|c| c.supply == supply && !c.resale)
    {
        let quantity = look.amount(&contract.quantity_mw);
        let sum = total.get_or_insert_with(|| vec![0.0; look.grid.len()]);
        (0..look.grid.len())
            .filter(|t| contract.covers(look.grid.start_s(*t)))
            .for_each(|t| sum[t] += quantity[t].max(0.0));
    }
    total
}

/// Expected coincident-peak charge per MWh: probability x charge per kW spread over one interval.
fn coincident_peaks(site: &Site, look: &Look<'_>) -> Vec<f64> {
    let mut total = vec![0.0; look.grid.len()];
    for line in &site.tariff.lines {
        if let Some((chance, if_peak)) = peak_chance(line, look) {
            total
                .iter_mut()
                .zip(chance.iter())
                .for_each(|(sum, p)| *sum += p * if_peak);
        }
    }
    total
}

/// Charges on all uses in the first step, part by part.
pub(super) fn first(site: &Site, look: &Look<'_>) -> Vec<PricePart> {
    let mut all = Vec::new();
    for line in &site.tariff.lines {
        let part = |kind, per_mwh, chance, if_peak_per_mwh| PricePart {
            kind,
            of: line.id().to_owned(),
            per_mwh,
            chance,
            if_peak_per_mwh,
        };
        match line {
            TariffLine::Adder {
                per_mwh, uses, tax, ..
            } if falls_on_all(uses) => {
                let kind = match tax {
                    true => PriceKind::Tax,
                    false => PriceKind::Charge,
                };
                all.push(part(kind, look.amount(per_mwh)[0], None, None));
            }
            TariffLine::CoincidentPeak { .. } => {
                if let Some((chance, if_peak)) = peak_chance(line, look) {
                    let kind = PriceKind::CoincidentPeak;
                    let first = chance[0];
                    all.push(part(kind, first * if_peak, Some(first), Some(if_peak)));
                }
            }
            _ => {}
        }
    }
    all
}

/// Of a coincident-peak line the chance of a peak per step, as far as it is known, and the
/// charge of a peak per MWh: the run's step stands for the interval it falls on.
fn peak_chance(line: &TariffLine, look: &Look<'_>) -> Option<(Rc<Vec<f64>>, f64)> {
    let TariffLine::CoincidentPeak {
        per_kw_year,
        intervals_per_year,
        peaks,
        probability,
        ..
    } = line
    else {
        return None;
    };
    let known = if look.outlook.is_truth() {
        Some(peaks)
    } else {
        probability.as_ref()
    };
    let per_mw = per_kw_year.as_units() * 1000.0 / f64::from(*intervals_per_year);
    Some((look.series(known?), per_mw / look.grid.hours(0)))
}

/// Penalised limits on the site's load: accepted ones, and programmes while called.
pub(super) fn load_limits(site: &Site, look: &Look<'_>) -> Vec<LoadLimit> {
    let mut limits = Vec::new();
    for commitment in &site.commitments {
        if let CommitmentKind::PowerLimit {
            limit_mw,
            penalty_per_mwh,
        } = &commitment.kind
        {
            let mut most = look.amount(limit_mw);
            (0..most.len())
                .filter(|t| !commitment.binds(look.grid.start_s(*t)))
                .for_each(|t| most[t] = f64::INFINITY);
            limits.push(LoadLimit {
                id: commitment.id.clone(),
                share: vec![1.0; most.len()],
                most,
                penalty: *penalty_per_mwh,
            });
        }
    }
    for programme in &site.programmes {
        let Some(calls) = &programme.calls else {
            continue;
        };
        // A step called in part, or with a probability, bears that share of the penalty.
        let share = look.series(calls);
        let share: Vec<f64> = share.iter().map(|c| c.clamp(0.0, 1.0)).collect();
        let most = |share: &f64| match *share > 0.0 {
            true => programme.firm_mw,
            false => f64::INFINITY,
        };
        limits.push(LoadLimit {
            id: programme.id.clone(),
            most: share.iter().map(most).collect(),
            share,
            penalty: programme.penalty_per_mwh,
        });
    }
    limits
}

/// Power of the supplies that count beyond `limit`, in merit order, costs `penalty` more,
/// both per step.
///
/// Exact where all supply lies at the root. Supply inside the tree may not reach the load
/// and then takes up room it does not need, so that the penalty is too high; leaving it out
/// makes the penalty at most what it is. What lies below comes first, then the same
/// supplies again for what lies beyond.
fn split_at(
    supplies: Vec<SupplyInput>,
    limit: &[f64],
    penalty: &[f64],
    counts: impl Fn(&SupplyInput) -> bool,
) -> Vec<SupplyInput> {
    let mut below = supplies;
    let mut above: Vec<SupplyInput> = below
        .iter()
        .map(|s| SupplyInput {
            id: s.id.clone(),
            node: s.node,
            available: vec![0.0; limit.len()],
            cost: s.cost.iter().zip(penalty).map(|(c, p)| c + p).collect(),
        })
        .collect();
    for t in 0..limit.len() {
        let mut order: Vec<usize> = (0..below.len()).filter(|s| counts(&below[*s])).collect();
        order.sort_by(|a, b| below[*a].cost[t].total_cmp(&below[*b].cost[t]));
        let mut room = limit[t];
        for s in order {
            let inside = below[s].available[t].min(room.max(0.0));
            above[s].available[t] = below[s].available[t] - inside;
            below[s].available[t] = inside;
            room -= inside;
        }
    }
    below.extend(above);
    below
}

/// Local calendar day of each step, as days since the Unix epoch.
pub(super) fn local_days(site: &Site, grid: &TimeGrid) -> Vec<u32> {
    let zone = zone(site);
    let day = |t| {
        let offset = i64::from(zone.to_offset(grid.start(t)).seconds());
        u32::try_from((grid.start_s(t) + offset).div_euclid(86_400)).unwrap_or(0)
    };
    (0..grid.len()).map(day).collect()
}

fn zone(site: &Site) -> TimeZone {
    TimeZone::get(&site.time_zone)
        .expect("invariant: a site's time zone was checked when it was read")
}

/// Weight of a peak avoided on forecasts.
///
/// # Source
/// Measured on a month of `simulations/oman-green-data-city`, weekly horizons, against
/// `asap`: weight 1 loses 0.21 % of value, 0.6 loses 0.03 %, 0.3 gains 0.05 %; with
/// perfect forecasts 1 loses 0.05 %, 0.6 loses 0.02 %, 0.3 gains 0.05 %.
const SURE: f64 = 0.3;

/// Demand charges over the grid, one per calendar month it touches.
///
/// A charge is prorated by the part of the month's remaining time that the grid
/// covers: a week at a month's start bears a week of its charge. A plan on forecasts weighs
/// it less (`SURE`), for a peak it avoids may yet be set by what it did not foresee, or by
/// days it does not see.
pub(super) fn demand(site: &Site, state: &SiteState, look: &Look<'_>) -> Vec<DemandInput> {
    let grid = look.grid;
    let mut all = Vec::new();
    let lines = site.tariff.lines.iter().filter_map(|line| match line {
        TariffLine::Demand { id, per_kw_month } => Some((id, per_kw_month.as_units() * 1000.0)),
        _ => None,
    });
    let lines: Vec<_> = lines.collect();
    if lines.is_empty() {
        return all;
    }
    let zone = zone(site);
    let mut first = 0;
    while first < grid.len() {
        let local = grid.start(first).to_zoned(zone.clone());
        let month = local
            .first_of_month()
            .and_then(|first| first.start_of_day());
        let next = month.and_then(|first| first.checked_add(jiff::Span::new().months(1)));
        let month_end = next.map_or(i64::MAX, |z| z.timestamp().as_second());
        let end = grid
            .boundary_at_or_before(month_end)
            .max(first + 1)
            .min(grid.len());
        let left = (month_end - grid.start_s(first)) as f64;
        let covered = (grid.end_s(end - 1) - grid.start_s(first)) as f64;
        let share = (covered / left).min(1.0);
        let weight = match look.outlook.is_truth() {
            true => share,
            false => share * SURE,
        };
        for (id, per_mw) in &lines {
            all.push(DemandInput {
                id: (*id).clone(),
                first,
                end,
                per_mw: per_mw * weight,
                peak_so_far: if first == 0 {
                    state.month_peak.as_megawatts()
                } else {
                    0.0
                },
            });
        }
        first = end;
    }
    all
}

/// Money over the grid that no decision changes.
pub(super) fn constant(site: &Site, look: &Look<'_>) -> f64 {
    let hours = |t: usize| look.grid.hours(t);
    let mut total = 0.0;
    for programme in &site.programmes {
        let pay = look.amount(&programme.availability);
        let called = programme.calls.as_ref().map(|name| look.series(name));
        for t in 0..look.grid.len() {
            let free = 1.0 - called.as_ref().map_or(0.0, |c| c[t]);
            total += pay[t] * programme.capacity_mw * free * hours(t);
        }
    }
    for contract in &site.contracts {
        let quantity = look.amount(&contract.quantity_mw);
        let price = look.amount(&contract.price);
        let market = look.amount(&site.supply[contract.supply].price);
        for t in (0..look.grid.len()).filter(|t| contract.covers(look.grid.start_s(*t))) {
            let resold = match contract.resale {
                true => market[t],
                // Counted as bought in the plan, at a price below zero (`netted`).
                false if !look.outlook.is_truth() => market[t].min(0.0),
                false => 0.0,
            };
            total += quantity[t].max(0.0) * (resold - price[t]) * hours(t);
        }
    }
    for (position, block) in site.supply.iter().enumerate() {
        // As if all that can be were exported; what is used forgoes it.
        let Some(export) = &block.export_price else {
            continue;
        };
        let most = site.export_limit(position).as_megawatts();
        let (own, export) = (look.amount(&block.price), look.amount(export));
        let available = look.amount(&block.available_mw);
        for t in 0..look.grid.len() {
            total += (export[t] - own[t]).max(0.0) * available[t].clamp(0.0, most) * hours(t);
        }
    }
    for commitment in &site.commitments {
        let CommitmentKind::Hosting {
            power_mw,
            price,
            take_or_pay,
            take_or_pay_price,
            contracted_mw,
            ..
        } = &commitment.kind
        else {
            continue;
        };
        let (power, price) = (look.amount(power_mw), look.amount(price));
        for t in (0..look.grid.len()).filter(|t| commitment.binds(look.grid.start_s(*t))) {
            // What the tenant does not ask for is paid up to the take-or-pay share.
            let price = take_or_pay_price.unwrap_or(price[t]);
            total += (take_or_pay * contracted_mw - power[t]).max(0.0) * price * hours(t);
        }
    }
    total
}
